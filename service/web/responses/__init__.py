"""Responses of the dashboard: headers, assets, error pages, streaming."""
