"""Before the first job: none of an earlier run may be left in Slurm's queue.

Requires: common.smk.
Provides: a check when a run starts (not in dry runs, nor within jobs).
"""

from workflow_lib import slurm


onstart:
    try:
        slurm.check_no_jobs_left(Path.cwd())
    except InputError as error:
        raise WorkflowError(str(error)) from None
