"""``python -m service``: the commands for operators."""

from service.cli.commands import main

main()
