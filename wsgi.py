"""The application for a WSGI server: ``gunicorn wsgi:app``."""

import sys

from service import create_app
from service.domain.errors import DomainError
from service.settings import SettingsError

try:
    app = create_app()
except (SettingsError, DomainError) as error:
    print(error, file=sys.stderr)
    # With 3 gunicorn stops; with 1 it would start workers again and again.
    raise SystemExit(3) from None
