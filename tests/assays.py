"""Small files in the formats of real assays, of one TF whose motif is known."""

import gzip
from pathlib import Path

import numpy as np

from workflow_lib.motif import Motif

LETTERS = np.array(list("ACGT"))
LINKER = "GTCTGTGTTCCGTTGTCCGTGCTG"


def with_sites(
    rng: np.random.Generator, motif: Motif, n: int, length: int, share: float
) -> tuple[list[str], np.ndarray]:
    """Random DNA of which a share carries a site drawn from the motif; and which ones do."""
    codes = rng.integers(0, 4, (n, length))
    bound = rng.random(n) < share
    for i in np.flatnonzero(bound):
        site = [rng.choice(4, p=column / column.sum()) for column in motif.probabilities.T]
        site = site if rng.random() < 0.5 else [3 - letter for letter in site[::-1]]
        start = rng.integers(0, length - motif.width + 1)
        codes[i, start : start + motif.width] = site
    return ["".join(LETTERS[row]) for row in codes], bound


def write_fastq(path: Path, reads: list[str]) -> None:
    """Reads as the archives give them out, gzipped."""
    records = (f"@run.{i}\n{read}\n+\n{'I' * len(read)}\n" for i, read in enumerate(reads, 1))
    path.write_bytes(gzip.compress("".join(records).encode(), mtime=0))


def write_assays(folder: Path, motif: Motif, n: int = 1500, seed: int = 0) -> None:
    """HT-SELEX (cycle1 ... cycle4), SMiLE-seq (smile) and two microarrays (array1, array2)."""
    rng = np.random.default_rng(seed)
    for cycle, share in enumerate((0.02, 0.15, 0.45, 0.85), start=1):
        reads, _ = with_sites(rng, motif, n, 20, share)
        write_fastq(folder / f"cycle{cycle}.fastq.gz", reads)
    inserts, _ = with_sites(rng, motif, n, 30, 0.8)
    left, right = ("".join(LETTERS[rng.integers(0, 4, size)]) for size in (7, 64))
    write_fastq(folder / "smile.fastq.gz", [left + insert + right for insert in inserts])
    for array in (1, 2):
        probes, bound = with_sites(rng, motif, n, 36, 0.4)
        intensity = np.exp(7 + rng.normal(0, 0.4, n) + 2 * bound)
        lines = (f"{value:.2f}\t{probe}{LINKER}" for value, probe in zip(intensity, probes))
        (folder / f"array{array}_deBruijn.txt").write_text("\n".join(lines) + "\n")
