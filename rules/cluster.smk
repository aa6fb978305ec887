"""Checks at the start of a run: jobs and results that a killed run has left.

Requires: nothing.
Provides: an error if jobs of an earlier run are in Slurm's queue; results of jobs whose end Snakemake
did not see are made again.
"""

from snakemake.settings.types import ExecMode

from workflow_lib.execution import slurm, unrecorded

# Only in the main process, not in the jobs that it starts.
if workflow.exec_mode == ExecMode.DEFAULT:
    if again := unrecorded.make_again():
        logger.warning(
            "made again, since snakemake was killed before it saw their jobs end: "
            + ", ".join(again)
        )


onstart:
    try:
        slurm.check_no_jobs_left(Path.cwd())
    except InputError as error:
        raise WorkflowError(str(error)) from None
    unrecorded.run_starts()


onsuccess:
    unrecorded.run_ends()


onerror:
    unrecorded.run_ends()
