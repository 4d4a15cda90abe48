"""Layout of charts of ranges: positions and sizes are computed here, and templates draw them."""
