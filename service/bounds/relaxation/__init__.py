"""Sound and close totals of large records, in which a few wide figures tie nearly all together."""
