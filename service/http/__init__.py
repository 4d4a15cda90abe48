"""What the API and the dashboard share of HTTP: neither of the two imports the other."""
