"""``python -m service``: the commands for operators."""

if __name__ == "__main__":  # Processes that a command starts import this module, too.
    from service.cli.commands import main

    main()
