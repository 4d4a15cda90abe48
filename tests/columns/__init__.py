"""Tests of the record as columns."""
