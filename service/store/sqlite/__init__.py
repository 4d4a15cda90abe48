"""The SQLite engine: a database file and the files beside it."""
