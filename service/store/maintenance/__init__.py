"""Maintenance of a record: the integrity check, export and import."""
