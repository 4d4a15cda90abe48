"""Looking after a record: proving its integrity, carrying it elsewhere."""
