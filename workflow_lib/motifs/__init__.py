"""Motifs: known ones, those that programs find, and what is said of them."""
