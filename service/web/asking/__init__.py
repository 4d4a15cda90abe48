"""What a reader asks: read from an address, written into links, found by words."""
