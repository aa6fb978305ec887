"""Motifs: known profiles, discovery programs, comparison, scanning and ranking."""
