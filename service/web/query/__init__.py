"""The query of a page: parsed from an address, written into links; and the place search."""
