"""How pages, their files and their errors reach a browser."""
