"""What the API and the dashboard share of HTTP. Neither of the two imports the other."""
