"""Training, prediction, evaluation."""
