"""The PostgreSQL engine, for services on more than one machine."""
