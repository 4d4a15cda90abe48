"""Projections: from the events of the record to the tables for reading."""
