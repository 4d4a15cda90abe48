"""The web: the only room with Flask."""
