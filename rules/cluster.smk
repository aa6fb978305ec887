"""When a run starts: what a killed one has left, in Slurm's queue and among the results.

Requires: nothing.
Provides: a check of Slurm's queue; results that Snakemake has not seen made are made again.
"""

from snakemake.settings.types import ExecMode

from workflow_lib.execution import slurm, unrecorded

# Not within the jobs of a run.
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
