"""Members of a family, several in one job: `group_size` of the config.

Requires: the rules that GROUPED names, included before.
Provides: for each of them and each group of data sets one rule that makes the same files.
"""

for GROUP in job_groups():

    rule:
        name:
            GROUP["name"]
        input:
            GROUP["input"],
        output:
            GROUP["output"],
        log:
            GROUP["log"],
            benchmarks=GROUP["benchmarks"],
        conda:
            "../envs/python.yaml"
        threads: GROUP["threads"]
        resources:
            **GROUP["resources"],
            device=config["device"],
        params:
            rule=GROUP["rule"],
            jobs=GROUP["jobs"],
        message:
            GROUP["message"]
        script:
            "../scripts/grouped.py"
