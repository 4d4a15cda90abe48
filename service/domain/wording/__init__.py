"""The words of figures: read into ranges by a published lexicon, and ranges written as words."""
