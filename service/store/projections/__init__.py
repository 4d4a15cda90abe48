"""Projections: functions that apply events to the tables for reading."""
