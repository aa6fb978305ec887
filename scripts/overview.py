"""Write the overview page: data sets, drop counts, models, devices, versions, config."""

import itertools
import json
from pathlib import Path
from typing import Any

import jinja2
import yaml

from workflow_lib.execution.job import recorded
from workflow_lib.files import atomic
from workflow_lib.report import overview


def main(
    datasets: tuple[list[str], list[str]],
    runs: dict[str, list[str]],
    metrics: str,
    config: dict[str, Any],
    template: str,
    outputs: dict[str, str],
) -> None:
    """Fill in the template, escaping all text, and write the merged config next to the page.

    `datasets`: those of the runs, and those that these are made from, for their warnings.
    """
    histories = {Path(path).parent: path for path in runs["histories"]}
    about = {name: entry.get("description", "") for name, entry in config["datasets"].items()}
    written_out = yaml.safe_dump(config, sort_keys=False, width=110)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.from_string(Path(template).read_text()).render(
        datasets=[
            overview.describe_dataset(path, about.get(Path(path).parent.name, ""))
            for path in datasets[0]
        ],
        runs=[
            overview.describe_run(path, histories.get(Path(path).parent)) for path in runs["models"]
        ],
        selections=[overview.describe_selection(path) for path in runs["selections"]],
        attributions=[overview.describe_attribution(path) for path in runs["attributions"]],
        warnings=overview.warnings_of(
            [*itertools.chain(*datasets), *itertools.chain(*runs.values())]
        ),
        means=overview.mean_metrics(metrics),
        config=written_out,
    )
    for path, text in ((outputs["page"], page), (outputs["config"], written_out)):
        with atomic(path) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            datasets=(list(snakemake.input.datasets), list(snakemake.input.bases)),
            runs={
                name: list(snakemake.input.get(name) or [])
                for name in ("models", "histories", "selections", "attributions")
            },
            metrics=snakemake.input.metrics,
            # Plain dicts: for a JSON config Snakemake uses a type that YAML cannot write.
            config=json.loads(json.dumps(snakemake.params.config)),
            template=snakemake.input.template,
            outputs=dict(snakemake.output.items()),
        )
