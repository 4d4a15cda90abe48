"""gunicorn: its worker class, graceful shutdown, log format and multiprocess metrics."""
