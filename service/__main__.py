"""``python -m service``: what its keeper does with the service from a terminal."""

from service.cli.commands import main

main()
