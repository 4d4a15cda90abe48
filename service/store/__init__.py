"""The record on disk: the only room with SQL."""
