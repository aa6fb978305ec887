"""What a trained model has learned: filters as motifs, importance of units, attributions."""
