"""The whole workflow, run by Snakemake on the mini project."""

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml
from figure_checks import check_pictures
from reproduce import compare, write_inputs
from running import planned, reasons, snakemake

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.interpret.sequence_selection import correctly_predicted_sequences
from workflow_lib.tables import read_table

pytestmark = pytest.mark.slow
RUN = "results/mini/tiny/seed0"


def test_every_declared_result_is_there(finished):
    for name in (
        "results/overview.html", "results/metrics.tsv", "results/mini/dataset.h5ad",
        f"{RUN}/model.safetensors", f"{RUN}/history.tsv", f"{RUN}/filters.meme",
        f"{RUN}/annotation.tsv", f"{RUN}/unit_importance.tsv", f"{RUN}/recovery.tsv",
        f"{RUN}/figures/filter_sheet.png", "results/mini/tiny/recovered_motifs.pdf",
        "results/mini_like/tiny/same_regions.png", f"{RUN}/apply/four.tsv",
        "results/mini/targets.tsv",
        f"{RUN}/interactions/pairwise_ism.h5", f"{RUN}/interactions/integrated_hessians.tsv",
        f"{RUN}/figures/pairwise_ism/interaction_map.png",
    ):  # fmt: skip
        assert (finished / name).stat().st_size > 0, name
    assert not list(finished.glob("results/**/training_state.pt"))
    assert not list(finished.glob("results/**/.writing-*"))


def test_every_folder_of_results_has_provenance_records(finished):
    folders = {path.parent for path in (finished / "results").rglob("*") if path.is_file()}
    for folder in folders - {path for path in folders if path.name == "provenance"}:
        made = [json.loads(p.read_text()) for p in (folder / "provenance").glob("*.json")]
        told = {path for record in made for path in record["outputs"]}
        there = {str(p.relative_to(finished)) for p in folder.iterdir() if p.is_file()}
        assert there <= told, folder
    record = json.loads((finished / RUN / "provenance/model.safetensors.json").read_text())
    assert (
        record["rule"] == "train" and record["seed"] == 0 and record["device"] == "cpu (1 threads)"
    )
    assert record["settings"]["settings"]["learning_rate"] == 0.01 and len(record["code"]) == 16
    for path, digest in (record["inputs"] | record["outputs"]).items():
        assert hashlib.sha256((finished / path).read_bytes()).hexdigest() == digest
    assert {"torch", "numpy", "python"} <= set(record["versions"]) and record["machine"]


def test_the_merged_config_makes_the_same_plan_in_any_folder(checkout, finished):
    assert str(finished) not in (finished / "results/config.yaml").read_text()
    again = snakemake(checkout, finished, "-n", config=finished / "results/config.yaml")
    assert set(planned(again)) <= {"overview", "all", "total"}


def test_a_second_run_does_nothing(checkout, finished):
    assert "Nothing to be done" in snakemake(checkout, finished, "-n").stdout


def test_switching_device_or_offline_repeats_nothing(checkout, finished):
    done = snakemake(checkout, finished, "-n", "--config", "device=auto", "offline=true")
    assert set(planned(done)) <= {"overview", "all", "total"}


def test_metrics_have_the_documented_columns_and_add_up(finished):
    metrics = pd.read_csv(finished / "results/metrics.tsv", sep="\t")
    assert list(metrics.columns) == [
        "dataset", "model", "seed", "split", "target", "metric", "value", "low", "high", "n",
        "n_positive", "note",
    ]  # fmt: skip
    auprc = metrics[(metrics.metric == "auprc") & (metrics.dataset == "mini") & (metrics.seed == 0)]
    per_target = auprc[auprc.target != "mean"]
    assert set(per_target.target) == {"red", "blue"}
    assert auprc[auprc.target == "mean"].value.item() == pytest.approx(
        per_target.value.mean(), abs=1e-5
    )
    assert (auprc.low <= auprc.value).all() and (auprc.value <= auprc.high).all()


def test_two_data_sets_are_compared_on_the_sequences_that_both_hold_out(finished):
    metrics = read_table(finished / "results/metrics.tsv")
    metrics = metrics[metrics["metric"] == "auprc"].set_index(["dataset", "target"])
    table = read_table(finished / "results/mini_like/tiny/comparison.tsv").set_index("target")
    for target in ("mean", "red", "blue"):
        # a: the one whose split is shared, b: the other.
        for side, name in (("auprc_a", "mini"), ("auprc_b", "mini_like")):
            assert table[side][target] == pytest.approx(metrics["value"][name, target], abs=1e-5)
        assert table["auprc_a"][target] != table["auprc_b"][target]
        gain = table["auprc_b"][target] - table["auprc_a"][target]
        assert table["difference"][target] == pytest.approx(gain, abs=1e-5)
    n_positive = metrics["n_positive"].loc["mini"]
    assert (table["n_positive"][["red", "blue"]] == n_positive[["red", "blue"]]).all()


def test_motifs_are_made_without_the_sequences_that_are_scored(finished):
    data = dataset.load(finished / "results/mini/dataset.h5ad")
    model = models.load(finished / RUN / "model.safetensors")
    told = read_table(finished / RUN / "selection.tsv").set_index("target")["n_selected"]

    def selected(*parts):
        given = dataset.part(data, *parts), {"correct": "exact_match"}
        X, chosen, _ = correctly_predicted_sequences(model, *given)
        return dict(zip(["any", *model.target_names], [len(X), *chosen.sum(axis=0)]))

    assert told.to_dict() == selected("train", "validation") != selected("train", "test")
    metrics = read_table(finished / RUN / "metrics.tsv")
    assert set(metrics["split"]) == {"test"}
    assert set(metrics["n"]) == {dataset.part_sizes(data)["test"]}


def test_the_data_set_is_plain_anndata(finished):
    data = anndata.read_h5ad(finished / "results/mini/dataset.h5ad")
    assert data.X.dtype == np.float32 and data.obsm["sequence"].dtype == np.uint8
    assert data.n_obs + sum(data.uns["dropped"].values()) == data.uns["n_read"] == 500
    other = anndata.read_h5ad(finished / "results/mini_like/dataset.h5ad")
    assert (other.obs["split"].astype(str) == data.obs["split"].astype(str)).all()


def test_the_model_file_is_self_contained(finished):
    model = models.load(finished / RUN / "model.safetensors")
    assert model.target_names == ["red", "blue"] and not model.training
    assert model.metadata["seed"] == 0 and model.metadata["settings"]["preset"] == "paper_methods"
    assert {"device", "versions", "data_digest", "code_digest", "task"} <= set(model.metadata)


def test_applied_predictions_are_tiled_and_add_up(finished):
    table = pd.read_csv(finished / RUN / "apply/four.tsv", sep="\t")
    assert list(table.columns) == [
        "dataset",
        "model",
        "seed",
        "id",
        "target",
        "logit",
        "prediction",
    ]
    assert list(table.id.unique()) == ["a", "b:0-60", "b:60-120", "b:90-150"]
    np.testing.assert_allclose(table.prediction, 1 / (1 + np.exp(-table.logit)), atol=1e-4)
    parts = pd.read_csv(finished / RUN / "apply/four.contributions.tsv.gz", sep="\t")
    sums = parts.drop(columns=["dataset", "model", "seed", "id", "target"]).sum(axis=1)
    np.testing.assert_allclose(sums, table.logit, atol=1e-3)


def test_only_the_recovery_rule_reads_the_planted_motifs(root):
    text = "".join(path.read_text() for path in (root / "rules").glob("*.smk"))
    assert text.count("truth_table") == 2 and len(re.findall(r'"[^"]*truth\.tsv', text)) == 2


def test_no_picture_is_taller_than_a_screen(finished):
    assert check_pictures(finished) >= 13


def test_the_report_is_one_file_with_methods_and_config(checkout, finished, tmp_path):
    snakemake(checkout, finished, "--report", str(tmp_path / "report.html"))
    page = (tmp_path / "report.html").read_text()
    for text in (
        "paper_methods",
        "Filters were turned into position weight matrices",
        "What was run",
    ):
        assert text in page
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://', page)


def test_the_overview_says_what_was_run_and_escapes_names(finished):
    page = (finished / "results/overview.html").read_text()
    for text in ("paper_methods", "learning rate 0.01", "torch 2.", "n_sequences: 500"):
        assert text in page
    # As a note of the data set, and in the config.
    assert page.count("*shown* as it stands &amp; no markup") == 2


def test_training_killed_in_the_workflow_ends_with_the_same_model(checkout, finished, tmp_path):
    whole = (finished / RUN / "model.safetensors").read_bytes()
    for name in ("dataset.h5ad", "labels.tsv.gz", "targets.tsv"):
        name = f"results/mini/{name}"
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(finished / name, tmp_path / name)
    state = tmp_path / RUN / "training_state.pt"
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(checkout / "Snakefile")]
    command += ["--configfile", str(checkout / "tests/mini/config.yaml"), "--cores", "1"]
    command += ["--directory", str(tmp_path), f"{RUN}/model.safetensors"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    while not state.exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (state.parent / ".writing-x-training_state.pt").write_bytes(b"half")
    snakemake(checkout, tmp_path, "--unlock")
    snakemake(checkout, tmp_path, f"{RUN}/model.safetensors", "--rerun-incomplete")
    log = (tmp_path / "logs/train/mini/tiny/seed0.log").read_text()
    assert "continued after epoch" in log
    assert (tmp_path / RUN / "model.safetensors").read_bytes() == whole
    assert [
        path.name for path in state.parent.iterdir() if path.name.startswith((".", "training"))
    ] == []


def test_the_slurm_profile_plans_from_a_checkout(checkout, tmp_path):
    command = [sys.executable, "-m", "snakemake", "--profile", "slurm", "-n"]
    command += ["--configfile", "config/demo.yaml", "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=checkout)
    assert done.returncode == 0, done.stderr
    assert planned(done)["train"] == 3


def test_the_slurm_profile_plans_with_its_commented_settings_too(checkout, tmp_path):
    text = (checkout / "slurm/config.yaml").read_text()
    # Activate the commented settings: a key and its indented lines.
    keys = r"(?:default-resources|set-resources|set-threads|group-components):"
    text = re.sub(
        rf"^# ({keys}\n(?:#   .*\n)+)",
        lambda m: re.sub(r"^# ", "", m[1], flags=re.M),
        text,
        flags=re.M,
    )
    profile = yaml.safe_load(text)
    assert profile["set-resources"]["train"]["gpu"] == 1 and profile["set-threads"] == {"train": 8}
    assert profile["default-resources"]["slurm_partition"] == "my_partition"
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile/config.yaml").write_text(text)
    command = [sys.executable, "-m", "snakemake", "--profile", str(tmp_path / "profile"), "-n"]
    command.append("results/mini_tf.red/tiny_gata/seed0/metrics.tsv")
    command += ["--configfile", "tests/mini/config.yaml", "tests/mini/figure_3.yaml"]
    command += ["--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=checkout)
    assert done.returncode == 0, done.stderr
    assert planned(done)["train"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rnus: []", "unknown key 'rnus' (did you mean 'runs'?)"),
        ("datasets: {'a;touch hacked': {}}", "'a;touch hacked' does not match"),
        ("figures: [figure_9z]", "no figure is called 'figure_9z'"),
        ("mirror: nowhere", "mirror: nowhere is not a folder"),
        ("mirror: .", "mirror: . holds no folder of a source; wanted SOURCE/FILE"),
        ("runs: [{datasets: [x], models: [tiny]}]", "unknown data set 'x'"),
    ],
)
def test_a_wrong_config_is_one_clear_error_before_anything_runs(checkout, tmp_path, text, message):
    (tmp_path / "wrong.yaml").write_text(text)
    done = snakemake(checkout, tmp_path, "--configfile", str(checkout / "tests/mini/config.yaml"),
                     str(tmp_path / "wrong.yaml"), check=False)  # fmt: skip
    assert done.returncode != 0 and message in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "results").exists()
    assert not list(tmp_path.rglob("hacked"))


def test_a_file_of_an_unknown_data_set_is_refused_with_the_nearest_name(checkout, tmp_path):
    done = snakemake(checkout, tmp_path, "-n", "results/mni/tiny/seed0/metrics.tsv", check=False)
    assert done.returncode and "Traceback" not in done.stdout + done.stderr
    (line,) = (line for line in done.stderr.splitlines() if "unknown data set" in line)
    # The config's own data sets before the catalogue's.
    wanted = "unknown data set 'mni' (did you mean 'mini'?); there are: mini_like, mini, "
    assert line.startswith(wanted) and re.search(r" and \d{3} more$", line)


def test_a_changed_key_is_no_page_of_text(checkout, finished, tmp_path):
    (tmp_path / "changed.yaml").write_text("instances: {strands: forward}")
    config = f"tests/mini/config.yaml {tmp_path / 'changed.yaml'}"
    done = snakemake(checkout, finished, "-n", "--nolock", config=config)
    assert planned(done) == {"overview": 1, "all": 1, "total": 2}
    (reason,) = (line for line in reasons(done) if "Params have changed" in line)
    # The merged config has 25,000 characters.
    assert len(reason) < 300 and reason.count("sha256") == 2


def test_offline_a_missing_file_is_named(checkout, tmp_path):
    wanted = "resources/downloads/jaspar/leaf_to_cluster.tab"
    # Before any job: it would come after hours of training.
    done = snakemake(checkout, tmp_path, wanted, "-n", "--config", "offline=true", check=False)
    assert done.returncode != 0 and "is not fetched yet, and there is no mirror" in done.stderr
    (tmp_path / "mirror/jaspar").mkdir(parents=True)
    given = ("-n", "--config", "offline=true", "mirror=mirror")
    done = snakemake(checkout, tmp_path, wanted, *given, check=False)
    assert done.returncode != 0 and f"mirror/{wanted[20:]} is not there" in done.stderr


def test_a_file_from_the_mirror_is_kept_when_the_mirror_is_gone(checkout, tmp_path):
    body, wanted = b"MA0001.1\t1\n", "resources/downloads/jaspar/leaf_to_cluster.tab"
    (tmp_path / "mirror/jaspar").mkdir(parents=True)
    (tmp_path / "mirror/jaspar/leaf_to_cluster.tab").write_bytes(body)
    digest = hashlib.sha256(body).hexdigest()
    entry = {"leaf_to_cluster.tab": {"url": "https://example.org/x", "sha256": digest}}
    config = yaml.safe_load((checkout / "tests/mini/config.yaml").read_text())
    config["sources"]["jaspar"] = {"files": entry}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    given = {"config": tmp_path / "config.yaml"}
    snakemake(checkout, tmp_path, wanted, "--config", "mirror=mirror", "offline=true", **given)
    assert (tmp_path / wanted).read_bytes() == body
    done = snakemake(checkout, tmp_path, wanted, "-n", "--config", "offline=true", **given)
    assert "Nothing to be done" in done.stdout


def test_a_mistake_in_a_users_table_is_reported(checkout, tmp_path):
    (tmp_path / "mine.tsv").write_text("id\tsequence\tt\na\tACGT\t2\n")
    entry = {"source": "mine", "parser": "table", "task": "binary", "split": {"method": "random"}}
    config = yaml.safe_load((checkout / "tests/mini/config.yaml").read_text())
    config["sources"]["mine"] = {"files": {"mine.tsv": {"path": "mine.tsv"}}}
    config["datasets"]["mine"] = entry
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    wanted = "results/mine/dataset.h5ad"
    done = snakemake(checkout, tmp_path, wanted, config=tmp_path / "config.yaml", check=False)
    assert "error: " in done.stderr and done.returncode != 0
    assert not (tmp_path / "results/mine/dataset.h5ad").exists()


ADDED = {
    "workflow_lib/parsers/letters.py": """
import numpy as np
from workflow_lib.data.dataset import build
def letters(files, n: int):
    codes = np.random.default_rng(0).integers(0, 4, (n, 40)).astype(np.uint8)
    return build([str(i) for i in range(n)], codes, (codes == 2).mean(1, keepdims=True), ["g"])
""",
    "workflow_lib/models/counter.py": """
import torch
from torch import nn
class Counter(nn.Module):
    def __init__(self, length: int, n_targets: int, scale: float = 1.0):
        super().__init__()
        self.length, self.n_targets, self.hyperparameters = length, n_targets, {"scale": scale}
        self.linear = nn.Linear(4, n_targets)
    def forward(self, X):
        return self.linear(X.mean(-1)) * self.hyperparameters["scale"]
""",
}


def test_a_parser_a_model_and_a_task_need_a_file_and_a_line_or_two_each(own_checkout, tmp_path):
    project, folder = own_checkout, tmp_path / "run"
    for name, text in ADDED.items():
        (project / name).write_text(text)
    lines = {
        "workflow_lib/parsers/__init__.py": (
            '"table": table,', '"table": table, "letters": letters,',
            "from workflow_lib.parsers.letters import letters\n",
        ),
        "workflow_lib/models/__init__.py": (
            '"explainn": ExplaiNN', '"counter": Counter, "explainn": ExplaiNN',
            "from workflow_lib.models.counter import Counter\n",
        ),
        "workflow_lib/data/tasks.py": (
            '"binary": Task', '"huge": Task(("mse",), False), "binary": Task', "",
        ),
        "workflow_lib/train/losses.py": (
            '"binary": Loss', '"huge": Loss(masked_mse, torch.nn.Identity()), "binary": Loss', "",
        ),
    }  # fmt: skip
    for name, (old, new, imported) in lines.items():
        text = (project / name).read_text()
        assert old in text
        text = text.replace(old, new, 1)
        if imported:
            text = text.replace("\nfrom workflow_lib", f"\n{imported}from workflow_lib", 1)
        (project / name).write_text(text)
    config = {
        "sources": {"nothing": {"files": {"x": {"path": "x"}}}},
        "datasets": {"g": {"source": "nothing", "parser": "letters", "options": {"n": 300},
                           "task": "huge", "split": {"method": "random"}}},
        "models": {"counter": {"architecture": "counter",
                               "training": {"learning_rate": 0.1, "max_epochs": 20}}},
        "runs": [{"datasets": ["g"], "models": ["counter"], "seeds": [0]}],
        "annotation": {"database": "jaspar2020_families"},
    }  # fmt: skip
    folder.mkdir()
    (folder / "x").write_text("nothing")
    (folder / "config.yaml").write_text(json.dumps(config))
    snakemake(project, folder, config=folder / "config.yaml")
    metrics = pd.read_csv(folder / "results/metrics.tsv", sep="\t")
    assert (metrics.metric == "mse").all() and metrics.value.iloc[0] < 0.01


def test_editing_code_makes_again_what_it_decides(own_checkout, finished):
    """Every script of this copy is newer than the results; that alone makes nothing again."""
    # Without `input`: the page's template is another file.
    triggers = ("-n", "--rerun-triggers", "mtime", "params", "software-env")

    def plan():
        return planned(snakemake(own_checkout, finished, *triggers))

    path = own_checkout / "workflow_lib/figures/performance.py"
    text = path.read_text()
    body = text.index('"""', text.index('"""', text.index("def loss_curves(")) + 3) + 3
    path.write_text(text + "\n\ndef unused() -> int:\n    return 1\n")
    assert plan() == {}
    path.write_text(f"{text[:body]}\n    assert True{text[body:]}")
    assert set(plan()) == {"loss_curves", "all", "total"}
    path = own_checkout / "workflow_lib/train/losses.py"
    path.write_text(path.read_text().replace("* resolved).sum()", "* resolved).sum() * 1", 1))
    assert plan()["train"] == 2


def test_results_that_a_killed_run_did_not_see_made_are_made_again(checkout, finished, tmp_path):
    folder, wanted = shutil.copytree(finished, tmp_path / "run"), "results/mini/dataset.h5ad"
    (folder / ".snakemake/run_started.txt").write_text("2000-01-01T00:00:00+00:00")
    note = base64.urlsafe_b64encode(wanted.encode()).decode()
    (folder / ".snakemake/metadata" / note).unlink()
    before = (folder / wanted).stat().st_mtime
    plan = snakemake(checkout, folder, wanted, "-n")
    assert "made again" in plan.stdout + plan.stderr
    assert (folder / wanted).stat().st_mtime == before
    done = snakemake(checkout, folder, wanted)
    assert (
        "made again" in done.stdout + done.stderr and "Preparing mini" in done.stdout + done.stderr
    )
    assert (folder / wanted).stat().st_mtime > before
    assert (folder / wanted).read_bytes() == (finished / wanted).read_bytes()


MODULE = """
configfile: "config.yaml"


module explainn:
    snakefile:
        "{snakefile}"
    config:
        config


use rule * from explainn
"""


def test_as_a_module_in_another_folder_it_makes_the_same(checkout, finished, tmp_path):
    (tmp_path / "Snakefile").write_text(MODULE.format(snakefile=checkout / "workflow/Snakefile"))
    # Its catalogue of data sets and models is that of the workflow, with what the config adds.
    shutil.copy(checkout / "tests/mini/config.yaml", tmp_path / "config.yaml")
    write_inputs(tmp_path)
    command = [sys.executable, "-m", "snakemake", "--directory", str(tmp_path), "--cores", "2"]
    plan = subprocess.run([*command, "-n"], capture_output=True, text=True, cwd=tmp_path)
    assert planned(plan)["train"] == 2 and planned(plan)["default"] == 1, plan.stderr
    # Without figures, which test_figures and the cluster's tests compare.
    done = subprocess.run(
        [*command, "results/overview.html", "interpretation"],
        capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts, differences = compare(finished / "results", tmp_path / "results")
    # A module's config replaces config/config.yaml: sections that nothing here uses are not in it.
    assert {line for line in differences if f"only in {finished}" not in line} <= {
        "config.yaml: differs (byte for byte)",
        "provenance/overview.html.json: differs (provenance without time and host)",
    }
    assert counts["byte for byte"] >= 30


def test_a_missing_source_is_named_also_where_its_data_set_is_there(checkout, tmp_path):
    config = {
        "sources": {"mine": {"files": {"t.tsv": {"path": "gone.tsv"}}}},
        "datasets": {"d": {"source": "mine", "parser": "table", "task": "binary",
                           "split": {"method": "random"}}},
        "runs": [{"datasets": ["d"], "models": ["explainn"], "seeds": [0]}],
        "annotation": {"database": "jaspar2020_families"},
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    (tmp_path / "results/d").mkdir(parents=True)
    for name in ("dataset.h5ad", "labels.tsv.gz", "targets.tsv"):  # of other options, perhaps
        (tmp_path / "results/d" / name).touch()
    given = {"config": tmp_path / "config.yaml", "check": False}
    for target in ("data", "results/d/explainn/seed0/model.safetensors"):
        done = snakemake(checkout, tmp_path, target, "-n", **given)
        assert done.returncode and "there is no file gone.tsv" in done.stdout + done.stderr
