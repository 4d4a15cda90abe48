"""Print the range of each oblast and month, and the range of what is placed there."""

import pandas as pd

ADDRESS = "http://127.0.0.1:8000/v1/totals?place=example-country&outcomes=killed&by=place,month"
totals = pd.read_csv(ADDRESS + "&format=csv", dtype_backend="numpy_nullable")
parts = totals[totals["row"] == "part"].set_index(["key", "key2"])
print(parts[["low", "high", "placed_low", "placed_high", "shape"]].to_string())
