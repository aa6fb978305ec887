"""What stands around a script: its log, its record, the digest of its code, Slurm; no biology."""
