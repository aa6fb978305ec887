"""The library behind the workflow: sequences in, trained interpretable models and their motifs out."""
