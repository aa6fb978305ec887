"""Checks at the start of a run: jobs and results that a killed run has left.

Requires: nothing.
Provides: an error if jobs of an earlier run are in Slurm's queue; results of jobs whose end Snakemake
did not see are made again.
"""

import sys

from snakemake.settings.types import ExecMode

from workflow_lib.execution import slurm, unrecorded

# What only looks at results changes none of them.
PLANS = r"-[A-Za-z]*n[A-Za-z]*|--dry-?run|--lint|--report|--summary|--detailed-summary|-S|-D"
# Only in the main process, not in the jobs that it starts.
if workflow.exec_mode == ExecMode.DEFAULT:
    only_say = any(re.fullmatch(PLANS, argument) for argument in sys.argv)
    if again := unrecorded.make_again(only_say):
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


# Not onerror: after Ctrl-C a job may have ended that Snakemake did not see end.
onsuccess:
    unrecorded.run_ends()
