"""Parsers: one function per source format, files and options in, a data set in memory out.

A parser takes `files` (mapping name -> path) and its options by keyword, and returns what
`workflow_lib.data.dataset.build` makes. Only parsers know the source formats.
"""

from collections.abc import Callable

import anndata

from workflow_lib.parsers.ai_tac import ai_tac
from workflow_lib.parsers.bed import bed
from workflow_lib.parsers.deepstarr import deepstarr
from workflow_lib.parsers.dhs_accessibility import dhs_accessibility
from workflow_lib.parsers.fasta import fasta
from workflow_lib.parsers.ht_selex import ht_selex
from workflow_lib.parsers.pbm import pbm
from workflow_lib.parsers.smile_seq import smile_seq
from workflow_lib.parsers.table import table
from workflow_lib.parsers.tf_binding_matrix import tf_binding_matrix

PARSERS: dict[str, Callable[..., anndata.AnnData]] = {
    "ai_tac": ai_tac,
    "bed": bed,
    "deepstarr": deepstarr,
    "dhs_accessibility": dhs_accessibility,
    "fasta": fasta,
    "ht_selex": ht_selex,
    "pbm": pbm,
    "smile_seq": smile_seq,
    "table": table,
    "tf_binding_matrix": tf_binding_matrix,
}
