"""The embedded engine: an SQLite file, and what lies beside it."""
