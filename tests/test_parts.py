"""Which part of the split each step reads: without half of a part its results change, or do not."""

import re
import runpy

import numpy as np
import pandas as pd
import pytest
import torch
from test_published import AuthorsExplaiNN

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.data.dataset import PARTS
from workflow_lib.interpret import attribution_file
from workflow_lib.motif import Motif, write_meme
from workflow_lib.one_hot import one_hot
from workflow_lib.report.overview import describe_dataset
from workflow_lib.tables import read_table, write_run_table

LENGTH, UNITS = 20, 6
RUN = {"dataset": "whole", "model": "tiny", "seed": "0"}
CHOSEN = {"correct": "all", "correct_threshold": None}
# Of attributions and nullification.
MORE = CHOSEN | {
    "targets": ["*"], "most_sequences": None, "seed": 0, "both_strands": False, "n_references": 2,
    "largest_delta": 0.1, "replace": "zero", "filters": "all",
}  # fmt: skip


def sequences() -> dataset.anndata.AnnData:
    """Ninety random sequences with random labels; the three parts take turns."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (90, LENGTH)).astype(np.uint8)
    labels = rng.integers(0, 2, (90, 1)).astype(np.float32)
    data = dataset.build([f"s{i}" for i in range(90)], codes, labels, ["bound"])
    data.uns |= {"task": "binary", "source": "made up"}
    data.obs["split"] = pd.Categorical(PARTS * 30)
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Data sets, whole and without half of each part; a model, and motifs of its filters."""
    folder, data = tmp_path_factory.mktemp("parts"), sequences()
    parts, half = data.obs["split"].to_numpy(), np.arange(90) // 3 % 2 == 0
    kept = {"whole": parts != ""} | {part: ~(half & (parts == part)) for part in PARTS}
    kept |= {f"{name} but test": rows & (parts != "test") for name, rows in kept.items()}
    for name, rows in kept.items():
        (folder / name).mkdir()
        some = data[rows].copy()
        some.uns["dropped"] = {"left_out": int((~rows).sum())}
        dataset.save(some, folder / name / "dataset.h5ad")
    torch.manual_seed(0)
    sizes = {"filter_size": 4, "pool_size": 3, "pool_stride": 3, "fc_nodes": 4}
    net = models.build("explainn", length=LENGTH, n_targets=1, units=UNITS, **sizes).train()
    for _ in range(30):  # until batch norm has seen enough for the units to be active
        net(one_hot(data.obsm["sequence"]))
    known = {"target_names": ["bound"], "device": "cpu", "machine": "this one"}
    models.save(net, folder / "model", known)
    motifs = np.random.default_rng(1).dirichlet(np.ones(4), (UNITS, 4)).transpose(0, 2, 1)
    write_meme(folder / "meme", [Motif(f"unit{i}", "", motif) for i, motif in enumerate(motifs)])
    table = pd.DataFrame({"unit": range(UNITS), "activation_max": 1.0, "name": "", "q_value": 0.01})
    write_run_table(table, RUN, folder / "units")
    return folder


@pytest.fixture(scope="module")
def scripts(root):
    """The main functions of the scripts, by name."""
    return lambda name: runpy.run_path(str(root / "scripts" / f"{name}.py"))["main"]


# Each step gives its results by name, from a data set and the parts that it is told to read.


def filters(main, folder, data, splits):
    names = ("meme", "filters", "selection", "importance", "weights")
    outputs = {name: folder / f"filters.{name}" for name in names}
    settings = CHOSEN | {"splits": splits, "inclusive": True, "strands": "forward"}
    main("filters")(RUN, folder / "model", data, settings, "cpu", outputs)
    return {name: outputs[name].read_text() for name in names[:-1]}


def attribute(main, folder, data, splits):
    outputs = {"scores": folder / "saliency.h5", "summary": folder / "saliency.tsv"}
    settings = MORE | {"splits": splits}
    main("attribute")(RUN, folder / "model", data, "saliency", settings, "cpu", outputs)
    (group,) = attribution_file.read(outputs["scores"])
    assert group.scores.any()
    return {"scores": (list(group.ids), group.scores.tobytes()), "n": group.n}


def interactions(main, folder, data, splits):
    outputs = {"scores": folder / "pairs.h5", "pairs": folder / "pairs.tsv"}
    settings = CHOSEN | {"splits": splits, "targets": ["*"], "ids": None}
    settings |= {"most_sequences": 90, "most_pairs": 1}
    main("interactions")(RUN, folder / "model", data, "pairwise_ism", settings, "cpu", outputs)
    return {"pairs": read_table(outputs["pairs"]).to_csv()}


def attribution_examples(main, folder, data, splits):
    attribute(main, folder, data, splits)
    inputs = {"model": folder / "model", "dataset": data, "scores": folder / "saliency.h5"}
    settings = {"most_targets": 1, "most_examples": 90, "most_positions": LENGTH}
    main("attribution_examples")(RUN, inputs, settings, "cpu", folder / "examples.tsv")
    return {"examples": (folder / "examples.tsv").read_text()}


def nullification(main, folder, data, splits):
    given = (folder / "model", data, folder / "units", MORE | {"splits": splits})
    main("nullification")(RUN, *given, "cpu", folder / "nullification.tsv")
    table = read_table(folder / "nullification.tsv")
    assert table["impact"].any()
    return {"impacts": table.to_csv()}


def ablate(main, folder, data, splits):
    names = ("filters", "annotation")
    inputs = {"model": folder / "model", "dataset": data} | dict.fromkeys(names, folder / "units")
    settings = MORE | {"splits": splits, "draws": 2, "inclusive": True, "strands": "auto"}
    main("ablate")(RUN, inputs, settings, "cpu", folder / "ablation.tsv")
    table = read_table(folder / "ablation.tsv")
    assert table["effect"].any()
    return {"effects": table.to_csv()}


def marginalise(main, folder, data, splits):
    outputs = {"values": folder / "single.h5", "summary": folder / "single.tsv"}
    backgrounds = {"kind": "shuffled", "n": 20, "seed": 0, "quantiles": None}
    settings = {"splits": splits, "backgrounds": backgrounds, "motifs": {"word": "ACGT"},
                "targets": ["*"], "position": None, "both_strands": False, "sampled": False,
                "single": {"positions": 2}}  # fmt: skip
    inputs = {"model": folder / "model", "dataset": data}
    main("marginalise")(RUN, inputs, "single", settings, "cpu", outputs)
    table = read_table(outputs["summary"])
    assert table["effect"].any()
    return {"effects": table.to_csv()}


def instances(main, folder, data, splits):
    settings = {"splits": splits, "targets": None, "strands": "both", "inclusive": True}
    tables, output = (folder / "units", folder / "units"), folder / "instances.bed.gz"
    main("instances")(folder / "model", data, tables, settings, "cpu", output)
    return {"sites": pd.read_csv(output, sep="\t").to_csv()}


def sequences_to_fasta(main, folder, data, splits):
    given = (data, *splits, None, None, 0)
    main("sequences_to_fasta")(*given, folder / "bound.fa", folder / "unbound.fa")
    return {name: (folder / f"{name}.fa").read_text() for name in ("bound", "unbound")}


def scan(main, folder, data, splits):
    settings = {"splits": splits, "scoring": "log_probabilities", "floor": 1e-4}
    main("scan")(RUN, folder / "meme", data, settings, folder / "scan.tsv")
    return {part: rows.to_csv() for part, rows in read_table(folder / "scan.tsv").groupby("part")}


def score_assays(main, folder, data, _):
    entry = {"row": "assay", "column": "us", "kind": "explainn", "path": folder / "meme"}
    settings = {"scoring": "log_probabilities", "floor": 1e-4, "draws": 2, "scored_on": "toy"}
    main("score_assays")(data, [entry | {"motif": None}], settings, folder / "assays.tsv")
    return read_table(folder / "assays.tsv")[["value", "n", "scored_on"]].iloc[0].to_dict()


def predict(main, folder, data, _):
    main("predict")(RUN, folder / "model", data, "cpu", folder / "predictions.tsv.gz")
    return {"predictions": read_table(folder / "predictions.tsv.gz").to_csv()}


def labels(_, __, data, ___):
    return {"labels": dataset.labels(dataset.load(data)).to_csv()}


def train(main, folder, data, _):
    model = {"architecture": "explainn", "hyperparameters": {"units": 2, "filter_size": 4}}
    outputs = {"model": str(folder / "trained"), "history": str(folder / "history")}
    settings = {"max_epochs": 1, "batch_size": 20}
    main("train")(RUN, {"dataset": data}, model, settings, "", "cpu", outputs)
    (folder / "training_state.pt").unlink()
    net, losses = models.load(folder / "trained"), read_table(folder / "history")
    # After one epoch the weights are those of the training part, whatever the validation part says.
    weights = [value.tolist() for value in net.state_dict().values()]
    return {"weights": weights, "digest": net.metadata["data_digest"]} | losses[
        ["train_loss", "validation_loss"]
    ].iloc[0].to_dict()


def import_model(main, folder, data, _):
    torch.save(AuthorsExplaiNN(UNITS, LENGTH, 1, 4).state_dict(), folder / "published.pth")
    published = {"file": "published.pth", "format": "explainn"}
    model = {"architecture": "explainn", "published": published}
    given = (folder / "published.pth", model, "", folder / "imported")
    torch.manual_seed(0)
    main("import_model")(RUN, data, *given)
    net = models.load(folder / "imported")
    return {"shape": net.final.weight.shape, "length": net.length, "targets": net.target_names}


def sanity_checks(main, folder, data, splits):
    # The attributions are those of the whole data set, however much of it is read here.
    attribute(main, folder, folder / "whole/dataset.h5ad", splits)
    inputs = {"model": folder / "model", "dataset": data, "scores": folder / "saliency.h5"}
    limits = {"most_targets": 1, "most_sequences": None}
    main("sanity_checks")(RUN, inputs, {}, limits, "cpu", folder / "checks.tsv")
    return {"random weights": read_table(folder / "checks.tsv")["correlation"].item()}


def collect_times(main, folder, data, _):
    pd.DataFrame({"s": [3.0], "cpu_time": [5.0]}).to_csv(folder / "times", sep="\t", index=False)
    made = folder / "model.safetensors"
    made.write_bytes((folder / "model").read_bytes())
    entry = {"dataset": "d", "method": "m", "seed": "0", "step": "train", "made_by": str(made)}
    entry |= {"benchmark": folder / "times", "record": "none", "sequences": [str(data)]}
    main("collect_times")([entry], folder / "times.tsv")
    return {"n_train": read_table(folder / "times.tsv")["n_train"].item()}


def collect_motif_scores(main, folder, data, _):
    ranking = pd.DataFrame({"motif": ["unit0"]})
    write_run_table(ranking, RUN | {"dataset": data.parent.name}, folder / "ranking.tsv")
    main("collect_motif_scores")([folder / "ranking.tsv"], [[str(data)]], folder / "rankings.tsv")
    return {"n_train": read_table(folder / "rankings.tsv")["n_train"].item()}


def align_motifs(main, folder, data, _):
    entry = {"row": "TF", "column": "us", "motif": "unit0", "path": folder / "meme"}
    entry |= {"profile": "unit1", "sequences": [str(data)]}
    outputs = {name: folder / f"aligned.{name}" for name in ("meme", "table")}
    main("align_motifs")([entry], folder / "meme", "known", 0.05, outputs)
    return {"n_train": read_table(outputs["table"]).set_index("column").loc["us", "n_train"]}


def same_regions(main, folder, data, _):
    # Without a target there is little to draw, but the table is the same.
    mean = pd.DataFrame({"target": ["mean"], "difference": np.nan})
    write_run_table(mean, RUN, folder / "comparison")
    outputs = {kind: str(folder / f"same.{kind}") for kind in ("pdf", "png", "tsv")}
    both = (folder / "whole/dataset.h5ad", data)
    main("figures/same_regions")(folder / "comparison", ("a", "b"), both, outputs)
    return read_table(outputs["tsv"])[["n_train_a", "n_train_b"]].iloc[0].to_dict()


def overview(_, __, data, ___):
    found = describe_dataset(str(data))
    return {name: found["parts"][name] for name in PARTS} | {"kept": found["kept"]}


# The parts that each step is told to read; the scored one where it is told nothing. Each result is
# to depend on just these.
TOLD = [
    *((step, ["train", "validation"]) for step in (filters, attribute, nullification, instances)),
    *((step, ["test"]) for step in (filters, attribute, nullification, instances)),
    *((step, ["train", "validation"]) for step in (ablate, marginalise, interactions)),
    *((step, ["test"]) for step in (ablate, marginalise, interactions)),
    *((step, None) for step in (attribute, attribution_examples, nullification)),
    *((step, None) for step in (ablate, interactions)),
    *((step, None) for step in (predict, labels, score_assays)),
    *((sequences_to_fasta, [part]) for part in PARTS),
]
# The other steps: the parts that each of their results depends on.
FIXED = [
    (scan, ["validation", "test"], {part: {part} for part in ("validation", "test")}),
    (scan, ["train"], {"train": {"train"}}),
    (train, None, {"weights": {"train"}, "train_loss": {"train"},
                   "validation_loss": {"train", "validation"}, "digest": {"train", "validation"}}),
    (import_model, None, {"shape": set(), "length": set(), "targets": set()}),
    (sanity_checks, ["test"], {"random weights": {"train"}}),
    (collect_times, None, {"n_train": {"train"}}),
    (collect_motif_scores, None, {"n_train": {"train"}}),
    (align_motifs, None, {"n_train": {"train"}}),
    (same_regions, None, {"n_train_a": set(), "n_train_b": {"train"}}),
    (overview, None, {part: {part} for part in PARTS} | {"kept": set(PARTS)}),
]  # fmt: skip


def parts_read(step, scripts, folder, splits, but="") -> dict[str, set[str]]:
    """The parts without half of which each result of a step is another one."""

    def run(name):
        return step(scripts, folder, folder / f"{name}{but}" / "dataset.h5ad", splits)

    whole, of = run("whole"), {part: run(part) for part in PARTS}
    return {key: {part for part in PARTS if of[part][key] != whole[key]} for key in whole}


@pytest.mark.parametrize(("step", "splits"), TOLD)
def test_a_step_reads_the_parts_that_it_is_told_to_and_by_default_the_scored_one(
    scripts, folder, step, splits
):
    found = parts_read(step, scripts, folder, splits)
    told = {name: set(splits or ["test"]) for name in found}
    if step is score_assays:
        told["scored_on"] = set()
    assert found == told and found


@pytest.mark.parametrize("splits", [["train"], ["train", "validation"], ["validation", "test"]])
def test_filters_that_are_read_from_the_scored_sequences_are_warned_of(
    scripts, folder, caplog, splits
):
    filters(scripts, folder, folder / "whole/dataset.h5ad", splits)
    assert ("read from the test part" in caplog.text) == ("test" in splits)


@pytest.mark.parametrize("step", [attribute, nullification, predict, labels, score_assays])
def test_without_a_test_part_the_validation_part_is_the_scored_one(scripts, folder, step):
    found = parts_read(step, scripts, folder, None, but=" but test")
    assert found.pop("scored_on", set()) == set()
    assert found == dict.fromkeys(found, {"validation"}) and found


@pytest.mark.filterwarnings("ignore:tomtom was given 12 target motifs")
@pytest.mark.parametrize(("step", "splits", "wanted"), FIXED)
def test_each_result_depends_on_its_own_parts(scripts, folder, step, splits, wanted):
    assert parts_read(step, scripts, folder, splits) == wanted


def test_no_script_that_reads_a_data_set_is_forgotten(root):
    tried = {step.__name__ for step, *_ in (*TOLD, *FIXED)}
    reads = re.compile(r"dataset\.load\(|n_in_part\(|n_training_sequences\(|describe_dataset\(")
    found = {p.stem for p in (root / "scripts").rglob("*.py") if reads.search(p.read_text())}
    # `prepare` makes data sets: the labels that it writes are tried.
    assert found - {"prepare"} == tried - {"labels"}
