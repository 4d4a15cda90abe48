"""Attacks that must not stop the service: each is tried, bounded, against a real server."""
