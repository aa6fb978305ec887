"""Call Tomtom once, so that numba compiles it and keeps the result beside the installed package."""

import numpy as np

from workflow_lib.motif import Motif
from workflow_lib.motifs.tomtom import tomtom

if __name__ == "__main__":
    matrices = np.random.default_rng(0).dirichlet(np.ones(4), size=(30, 10)).transpose(0, 2, 1)
    motifs = [Motif(f"motif{i}", "", matrix, 10) for i, matrix in enumerate(matrices)]
    print(f"{len(tomtom(motifs[:3], motifs, 1))} pairs")
