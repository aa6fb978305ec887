"""The library behind the workflow: sequences in, interpretable models and their motifs out."""
