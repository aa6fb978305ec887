"""Plots, one module per kind; they read tables and compute nothing else."""
