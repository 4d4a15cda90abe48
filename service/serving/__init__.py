"""gunicorn's business: its worker class, shutdown, log format and metrics of several processes."""
