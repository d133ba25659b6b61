"""A rolling deploy of every Service at once, under load."""
