"""The engine for more than one machine: a PostgreSQL database."""
