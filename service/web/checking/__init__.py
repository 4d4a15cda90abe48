"""What a number rests on: its proof, and the reports with all that happened to them."""
