"""Data sets: from parsed sources to the file that training reads."""
