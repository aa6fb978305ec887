"""When a run starts: what a killed one has left, in Slurm's queue and among the results.

Requires: all rules, included before.
Provides: checks of Slurm's queue, and of results that Snakemake has not seen made.
"""

import sys

from snakemake.iocontainers import Wildcards
from snakemake.settings.types import ExecMode

from workflow_lib import slurm, unwatched


def given_now(name, wildcards):
    """What a rule would give its script for these wildcards (params); None if there is none."""
    datasets = CATALOGUE["datasets"]
    proxy = getattr(rules, name, None)
    if proxy is None or wildcards.get("dataset", next(iter(datasets))) not in datasets:
        return None
    try:
        return given(proxy.params, Wildcards(fromdict=wildcards))
    except (KeyError, TypeError, AttributeError):  # of a run that the config has no more
        return None


# Not within jobs. What the user forces is among the arguments: Snakemake knows its own settings only
# after it has read this.
if workflow.exec_mode == ExecMode.DEFAULT and "--unlock" not in sys.argv:
    try:
        unwatched.check(given_now, forced=sys.argv)
    except InputError as error:
        raise WorkflowError(str(error)) from None


onstart:
    try:
        slurm.check_no_jobs_left(Path.cwd())
    except InputError as error:
        raise WorkflowError(str(error)) from None
    unwatched.run_starts()


onsuccess:
    unwatched.run_ends()


onerror:
    unwatched.run_ends()
