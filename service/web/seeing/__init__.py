"""The main page: the sentence, and what its pictures show."""
