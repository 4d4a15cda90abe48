"""What each page shows, computed before a template writes it."""
