"""Files of published figures as reports: mappings, the rows of files, and what receives them."""
