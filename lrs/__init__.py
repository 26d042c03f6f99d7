"""Sổ Học, a learning record store for xAPI 1.0.3 and 2.0."""
