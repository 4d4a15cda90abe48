#!/bin/sh
# Prints the range of each oblast and month, and the range of what is placed there.
set -eu
address='http://127.0.0.1:8000/v1/totals?place=example-country&outcomes=killed&by=place,month'
curl -fsS "$address" | jq -r '
  .parts[] | [.key, .key2, (.totals[0] | .low, .high, .placed.low, .placed.high, .text)] | @csv'
