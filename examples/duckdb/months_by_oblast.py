"""Print the range of each oblast and month, and the range of what is placed there."""

import duckdb

# `row` is a word of SQL, so it needs quotation marks; so do `from` and `to`.
duckdb.sql("""
    SELECT key, key2, low, high, placed_low, placed_high, shape
    FROM 'totals.parquet'
    WHERE "row" = 'part'
    ORDER BY key, key2
""").show()
