"""Proved formulas as NumPy functions; imports symbolic, never the reverse."""
