"""Export: the record as tables, and the files that contain them."""
