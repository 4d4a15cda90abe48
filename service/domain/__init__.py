"""What figures, scopes, words, totals and caveats mean. It imports the standard library only."""
