"""Print the range of each oblast and month, and the range of what is placed there."""

from urllib.request import urlopen

import polars as pl

ADDRESS = "http://127.0.0.1:8000/v1/totals?place=example-country&outcomes=killed&by=place,month"
totals = pl.read_csv(urlopen(ADDRESS + "&format=csv").read(), try_parse_dates=True)
parts = totals.filter(pl.col("row") == "part")
with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=100):
    print(parts.select("key", "from", "low", "high", "placed_low", "placed_high", "shape"))
