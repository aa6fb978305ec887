"""Data sets: what is made of parsed sources, up to the file that training reads."""
