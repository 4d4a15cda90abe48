"""Wordings of figures: reading words as ranges by a published lexicon, writing ranges as words."""
