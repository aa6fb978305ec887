"""Running scripts: logs, provenance records, digests of code, Slurm; no biology."""
