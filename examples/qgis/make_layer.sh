#!/bin/sh
# Writes oblasts.geojson: a point for each oblast, with the killed of February 2024 as columns.
set -eu
address='http://127.0.0.1:8000/v1/totals?place=example-country&outcomes=killed&by=place'
curl -fsS "$address&from=2024-02-01&to=2024-02-29&format=geojson" | jq '
  {type, features} | .features[].properties |= {
    key, name,
    low: .totals[0].low, high: .totals[0].high,
    placed_low: .totals[0].placed.low, placed_high: .totals[0].placed.high,
    text: .totals[0].text
  }' > oblasts.geojson
