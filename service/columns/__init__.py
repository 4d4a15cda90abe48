"""The record as columns: arrays with one element for each report, figure or scope.

A million figures take some tens of bytes each, and one pass over an array takes a few milliseconds.
Rows are only added at the end. What ends the validity of a row is a sequence number beside it, so
that one set of columns serves every state of the record.
"""
