"""Examples of attributions: which sequences, which stretch, and how high their letters are."""

import numpy as np
import pandas as pd
import pytest
import torch
from figure_checks import check_texts
from matplotlib.path import Path
from test_robustness import load_script, outputs
from torch import nn

from workflow_lib.data import dataset
from workflow_lib.figures.attribution_tracks import attribution_tracks
from workflow_lib.interpret.attribution_examples import (
    COLUMNS,
    Options,
    examples,
    strongest_stretch,
)
from workflow_lib.interpret.attribution_file import Group
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import decode
from workflow_lib.tables import write_run_table

LENGTH, NAMES = 30, ["a", "b", "c"]
LONG = "a_target_with_a_long_name " * 5  # 130 letters


class Linear(nn.Module):
    """Each base adds its weight to each output."""

    def __init__(self) -> None:
        super().__init__()
        weights = torch.randn(len(NAMES), 4, LENGTH, generator=torch.Generator().manual_seed(0))
        self.weights = nn.Parameter(weights)

    def forward(self, X):
        return torch.einsum("nal,tal->nt", X, self.weights)


def made(task="binary", n=40):
    """A model, a data set, and the attributions of all but target b, exact ones."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (n, LENGTH)).astype(np.uint8)
    codes[:, 3] = 4
    obs = pd.DataFrame({"chrom": "chr1", "start": np.arange(n), "end": np.arange(n) + LENGTH})
    labels = rng.integers(0, 2, (n, 3)).astype(float)
    labels[:, 2] = np.nan
    data = dataset.build([f"s{i}" for i in range(n)], codes, labels, NAMES, obs=obs)
    data.uns["task"] = task
    model = Linear()
    groups = []
    for number, name in enumerate(NAMES):
        rows = rng.permutation(n)[: 0 if name == "b" else 15]
        scores = np.repeat(model.weights[number][None].detach().numpy(), len(rows), axis=0)
        ids = [f"s{i}" for i in rows]
        groups.append(Group(number, name, n, 20, ids, codes[rows], scores, np.zeros(len(rows))))
    return model, data, groups


def test_the_stretch_has_the_largest_sum():
    rng = np.random.default_rng(0)
    for length, size in [(50, 7), (50, 49), (8, 1)]:
        values = rng.normal(0, 1, length)
        sums = [np.abs(values[i : i + size]).sum() for i in range(length - size + 1)]
        assert strongest_stretch(values, size) == (np.argmax(sums), np.argmax(sums) + size)
    assert strongest_stretch(np.ones(5), 5) == strongest_stretch(np.ones(5), 250) == (0, 5)
    assert strongest_stretch(np.ones(9), 4) == (0, 4)


@pytest.mark.parametrize("task", ["binary", "cross_entropy", "regression"])
def test_the_attributed_sequences_with_the_highest_outputs_are_taken(task):
    model, data, groups = made(task)
    table = examples(model, data, groups, Options(9, 2, 250, False))
    assert list(table) == list(COLUMNS) and list(dict.fromkeys(table["target"])) == ["a", "c"]
    outputs = model(one_hot(data.obsm["sequence"])).detach().double()
    ranked = outputs.log_softmax(1) if task == "cross_entropy" else outputs
    made_of = {"binary": outputs.sigmoid(), "regression": outputs}
    predictions = made_of.get(task, outputs.softmax(1)).numpy()
    for group in (groups[0], groups[2]):
        rows = [int(name[1:]) for name in group.ids]
        best = sorted(rows, key=lambda i: -ranked[i, group.number])[:2]
        shown = table[table["target"] == group.target]
        assert list(dict.fromkeys(shown["id"])) == [f"s{i}" for i in best]
        for number, row in enumerate(best, start=1):
            one = shown[shown["example"] == number]
            assert one["region"].unique() == [f"chr1:{row}-{row + LENGTH}"]
            assert "".join(one["base"]) == decode(data.obsm["sequence"][row : row + 1])[0]
            assert one["position"].tolist() == list(range(LENGTH)) and (one["length"] == 30).all()
            # For a linear model the contributions add up to the output.
            assert one["contribution"].sum() == pytest.approx(one["output"].iloc[0], abs=1e-4)
            assert one["output"].iloc[0] == pytest.approx(float(outputs[row, group.number]), 1e-4)
            wanted = predictions[row, group.number]
            assert one["prediction"].iloc[0] == pytest.approx(wanted, 1e-3)
            label = data.X[row, group.number]
            np.testing.assert_equal(one["label"].to_numpy(), np.full(LENGTH, label, float))


def test_only_as_many_as_asked_for_and_a_stretch_of_long_ones():
    model, data, groups = made()
    table = examples(model, data, groups, Options(1, 3, 10, False))
    assert table.groupby("target")["id"].nunique().to_dict() == {"a": 3} and len(table) == 30
    assert all(np.diff(rows["position"]).tolist() == [1] * 9 for _, rows in table.groupby("id"))
    none = examples(model, data, groups[1:2], Options(9, 2, 250, False))
    assert none.empty and list(none) == list(COLUMNS)


def test_both_strands_are_predicted_where_they_were_attributed():
    model, data, groups = made()
    both = examples(model, data, groups[:1], Options(1, 1, 250, True)).iloc[0]
    codes = data.obsm["sequence"][[int(both["id"][1:])]]
    mean = (model(one_hot(codes)) + model(one_hot(codes).flip(1, 2))) / 2
    assert both["output"] == pytest.approx(float(mean[0, 0].detach()), 1e-4)


# The figure


def track(target="a", length=60, example=1, **values) -> pd.DataFrame:
    rng = np.random.default_rng(length + example)
    shown = min(length, 250)
    row = {
        "target": target, "example": example, "id": f"s{example}", "region": np.nan,
        "length": length, "label": 1.0, "output": 2.5, "prediction": 0.924,
        "position": np.arange(length - shown, length), "base": rng.choice(list("ACGTN"), shown),
        "contribution": rng.normal(0, 1, shown),
    }  # fmt: skip
    return pd.DataFrame(row | values)


def drawn(table: pd.DataFrame, task="binary", n_used=15, also=()) -> tuple[list, str]:
    names = [*dict.fromkeys(table["target"]), *also]
    summary = pd.DataFrame({"target": names, "n_used": n_used})
    figures = attribution_tracks(table, summary, "Attributions by ism: x on y, seed 0", task)
    for figure in figures:
        width, height = figure.get_size_inches()
        assert height <= 1.2501 * width
    return figures, "\n".join(check_texts(figure) for figure in figures)


def extents(ax) -> dict[int, tuple[float, float]]:
    """Position -> the lowest and highest point of its letter."""
    paths = [letter.get_path() for letter in ax.patches]
    points = np.concatenate([p.vertices[p.codes != Path.CLOSEPOLY] for p in paths])
    places = pd.DataFrame(points, columns=["x", "y"])
    found = places.groupby(places["x"].round().astype(int))["y"].agg(["min", "max"])
    return {at: (low, high) for at, low, high in found.itertuples()}


@pytest.mark.parametrize("length", [1, 60, 125, 126, 250, 1000])
def test_letters_are_as_high_as_the_contributions(length):
    table = track(length=length).assign(base=lambda t: t["base"].replace("N", "A"))
    (figure,), said = drawn(table)
    assert len(figure.axes) == (1 if length <= 125 else 2)
    found = {at: ends for ax in figure.axes for at, ends in extents(ax).items()}
    assert sorted(found) == (table["position"] + 1).tolist()
    for at, value in zip(table["position"] + 1, table["contribution"]):
        # A letter's outline may reach a little beyond the letter.
        assert found[at] == pytest.approx((min(value, 0), max(value, 0)), abs=0.2 * abs(value))
    for ax in figure.axes:
        assert ax.get_ylim()[0] < min(0, table["contribution"].min())
        assert ax.get_ylim()[1] > max(0, table["contribution"].max())
        assert [line.get_ydata()[0] for line in ax.lines] == [0]
        assert ax.get_position().x1 < 1
    assert ("positions 751 to 1,000 of 1,000" in said) == (length == 1000)


def test_what_is_said_of_values_and_of_labels():
    known = track(label=-1.25, output=-0.5, id="chr1:5-65", region="chr1:5-65(-)")
    table = pd.concat([known, track(example=2, label=np.nan, region="chr2:7-67(+)")])
    _, said = drawn(table, "regression", 1500)
    first = "no. 1 of 1,500 sequences by output: model output −0.5, measured −1.25"
    assert f"chr1:5-65\n{first}" in said
    assert "s2, chr2:7-67(+)\nno. 2 of 1,500 sequences by output: model output 2.5, not" in said
    assert "contribution to the model output" in said and "logit" not in said
    _, said = drawn(table, also=["b"])
    assert "predicted probability 0.924 (logit −0.5), label -1" in said.replace("−1", "-1")
    assert "label unresolved" in said and "contribution to the logit" in said
    assert "1 of 2 targets" in " ".join(said.split())


def test_many_examples_with_long_names_on_pages_that_fit():
    parts = [
        track(f"{i} {LONG}", 1000, example, id=LONG.replace(" ", "") * 3, region=f"{LONG}:1-1001")
        for i in range(12)
        for example in (1, 2)
    ]
    figures, said = drawn(pd.concat(parts), n_used=500, also=["other"] * 3)
    assert len(figures) > 4 and "12 of 15 targets" in " ".join(said.split())
    assert "".join(said.split()).count("".join(LONG.split())) >= 24
    assert sum(len(figure.axes) for figure in figures) == 48


@pytest.mark.parametrize(
    "values", [0.0, np.nan, np.inf, 1e-30, 1e30, -1.0, np.r_[np.nan, np.linspace(-1, 5, 59)]]
)
def test_ugly_contributions_are_drawn(values):
    (figure,), said = drawn(track(contribution=values, base="N"))
    (figure,), said = drawn(track(contribution=values))
    assert ("not finite" in said) == (not np.isfinite(values).all())
    assert figure.axes[0].get_ylim()[0] < 0 < figure.axes[0].get_ylim()[1]


def test_no_example_is_a_picture_that_says_so():
    summary = pd.DataFrame({"target": ["a"], "n_used": [0]})
    (figure,) = attribution_tracks(track().iloc[:0], summary, f"Attributions {LONG}", "binary")
    assert "no target has attributed sequences" in " ".join(check_texts(figure).split())


def test_the_script_reads_what_the_steps_write(root, tmp_path):
    model, data, groups = made()
    run = {"dataset": "tfs", "model": "linear", "seed": "0", "method": "ism"}
    paths = {name: str(tmp_path / name) for name in ("examples", "summary")}
    summary = pd.DataFrame({"target": NAMES, "n_used": [15, 0, 15]})
    write_run_table(summary, run, paths["summary"])
    script = load_script(root, "figures/attribution_tracks")
    for given in (groups, groups[1:2]):
        table = examples(model, data, given, Options(9, 2, 250, False))
        write_run_table(table, run, paths["examples"], float_format="%.6g")
        script.main(**paths, about=("title", "binary"), **outputs(tmp_path))
        assert len(pd.read_csv(tmp_path / "figure.tsv", sep="\t")) == len(table)
