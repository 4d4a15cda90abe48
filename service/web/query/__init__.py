"""The query of a page: read from an address, written into links, found by words."""
