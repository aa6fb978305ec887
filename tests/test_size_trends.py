"""Figures 3C, 3D and 3F: what the tables hold, and that everything drawn can be read."""

import itertools
import runpy

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from test_motif_performance import many, run_script

from workflow_lib.figures.assay_bars import assay_bars, assay_table
from workflow_lib.figures.motif_pairs import pairs_table
from workflow_lib.figures.size_trends import (
    difference_by_size,
    size_axis,
    size_table,
    times_by_size,
    times_table,
)
from workflow_lib.figures.style import new_figure, style
from workflow_lib.tables import read_table


def pairs(sizes, differences) -> pd.DataFrame:
    """Pairs in order; a missing difference is a data set that STREME lacks."""
    d = np.asarray(differences, dtype=float)
    names = [f"TF{i}" for i in range(len(d))]
    table = pd.DataFrame({"dataset": names, "target": "bound", "name": names, "n_train_y": sizes})
    table = table.assign(n_train_x=sizes, n_motifs_x=20, n_motifs_y=100)
    table = table.assign(model="explainn", compared="streme", x=0.5, y=0.5 + d, difference=d)
    return table.assign(lacks=np.where(np.isnan(d), "test score of streme", ""), metric="auprc")


# 3C


def test_few_data_sets_have_no_trend():
    table = size_table(pairs([300, 100, 200], [0.1, -0.1, np.nan]))
    assert table["n_train_y"].tolist() == [100, 300, 200]  # what is not drawn stands last
    assert table["trend"].isna().all() and table["rho"].isna().all()
    assert "Spearman" not in check_texts(difference_by_size(table))


def test_the_trend_is_a_running_median_and_a_rank_correlation():
    sizes = 10 ** np.arange(1, 11)[::-1]
    differences = np.array([9, 8, 7, 6, 5, 4, 3, 2, 1, 0.0])
    differences[4] = 100  # one far value does not move a median
    table = size_table(pairs(sizes, differences))
    assert table["n_train_y"].is_monotonic_increasing and (table["window"] == 5).all()
    assert table["trend"].tolist() == [1, 1.5, 2, 3, 4, 6, 7, 8, 7.5, 8]
    ranks = np.array([1, 2, 3, 4, 5, 10, 6, 7, 8, 9])
    rho = np.corrcoef(np.arange(10), ranks)[0, 1]
    np.testing.assert_allclose(table["rho"], rho)
    written = check_texts(difference_by_size(table))
    assert f"running median of 5; Spearman's ρ {rho:+.2f}" in written


def test_equal_sizes_have_no_correlation():
    table = size_table(pairs([500] * 12, np.linspace(-0.1, 0.1, 12)))
    assert table["rho"].isna().all()
    assert "ρ not defined" in check_texts(difference_by_size(table))


def test_a_ring_lies_where_the_other_tool_saw_another_number():
    table = pairs([100, 5000, 70_000], [0.1, -0.1, 0.2])
    same = difference_by_size(size_table(table))
    assert len(same.axes[0].collections) == 1 and "saw" not in check_texts(same)
    # As many for the smallest, fewer for the next, an unknown number (known motifs) for the last.
    figure = difference_by_size(size_table(table.assign(n_train_x=[100, 4000, np.nan])))
    [ring] = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    np.testing.assert_allclose(ring.get_xydata(), [[4000, -0.1]])
    [segment] = figure.axes[0].collections[0].get_segments()
    np.testing.assert_allclose(segment, [[4000, -0.1], [5000, -0.1]])
    written = check_texts(figure)
    assert "at the number that explainn saw" in written
    assert "at the number that streme saw" in written
    assert "training sequences that a tool saw" in written


def test_data_sets_of_unknown_size_are_counted():
    table = size_table(pairs([100, np.nan, 300], [0.1, 0.2, np.nan]))
    assert table["lacks"].tolist() == ["", "test score of streme", "number of sequences"]
    written = " ".join(check_texts(difference_by_size(table)).split())
    assert "1 data set: explainn better in 1" in written
    assert "1 without number of sequences" in written
    assert "1 without test score of streme" in written


@pytest.mark.parametrize("n, name", [(1, "TF"), (3, "A_VERY_LONG_NAME_"), (35, "TF"), (163, "TF")])
def test_everything_on_the_differences_can_be_read(n, name):
    scores, datasets = many(n, name, 5)
    table = size_table(pairs_table(scores, "explainn", 0, "streme", datasets))
    figure = difference_by_size(table)
    written = check_texts(figure)
    drawn = table[table["lacks"] == ""]
    dots = figure.axes[0].collections[-1].get_offsets()
    np.testing.assert_allclose(dots, drawn[["n_train_y", "difference"]])
    assert ("running median" in written) == (n >= 10)
    long = table.assign(model="explainn_with_a_rather_long_name.units100", compared="streme_v5.5.8")
    check_texts(difference_by_size(long))


def test_nothing_to_compare_says_why():
    empty = size_table(pairs_table(many(3)[0], "explainn", 0, None, []))
    assert "No motif set was chosen" in check_texts(difference_by_size(empty))
    table = size_table(pairs([1, 2], [np.nan, np.nan]))
    assert "Nothing to compare: 2 without test score of streme" in check_texts(
        difference_by_size(table)
    )


@pytest.mark.parametrize(
    "sizes", [[1], [1414], [3000], [300_000], [8_000_000], [999, 1001], [10, 10**7], [700, 10**5]]
)
@style()
def test_the_axis_of_sizes_can_be_read(sizes):
    figure = new_figure(89, 60)
    ax = figure.add_axes((0.25, 0.3, 0.7, 0.6))
    size_axis(ax, np.array(sizes, dtype=float))
    check_texts(figure)
    labels = [text.get_text() for text in ax.get_xticklabels()]
    assert len(labels) >= 2 and all(labels)
    assert [float(label.replace(",", "")) for label in labels] == ax.get_xticks().tolist()


# 3D


def runs(datasets, cpu=1.0, most=None, compared=True, seeds=(0, 1), machine="Linux x86_64, CPU"):
    """Times of all steps: train 10 s, filters 3 s, STREME n / 100 s."""
    rows = []
    for i, (dataset, seed) in enumerate(itertools.product(datasets, seeds)):
        n = 1000 * (i // len(seeds) + 1)
        for step, wall in (("train", 10.0), ("filters", 3.0)):
            wall += 100 * seed
            where = (2, "cuda (GPU of a long name)", machine)
            rows.append((dataset, "explainn", seed, step, n, wall, wall * cpu, *where))
    for i, dataset in enumerate(datasets if compared else []):
        n = min(1000 * (i + 1), most or np.inf)
        where = (1, "cpu", f"Linux x86_64, CPU of kind {i % 5}")
        rows.append((dataset, "streme", np.nan, "streme", n, n / 100, n / 100, *where))
    columns = ["dataset", "method", "seed", "step", "n_train", "wall_s", "cpu_s"]
    return pd.DataFrame(rows, columns=[*columns, "threads", "device", "machine"])


def test_a_time_is_the_sum_over_the_steps_of_one_seed():
    times = pd.concat([runs(["a", "b"]), runs(["c"])])
    other = times[times["step"] == "train"].assign(step="evaluate")
    table = times_table(pd.concat([times, other]), "explainn", 0, "streme", ["a", "b"])
    assert table["dataset"].tolist() == ["a", "b", "a", "b"]
    assert table["method"].tolist() == ["explainn", "explainn", "streme", "streme"]
    assert table["wall_s"].tolist() == [13, 13, 10, 20] and table["lacks"].eq("").all()
    assert table["n_train"].tolist() == [1000, 2000, 1000, 2000]
    first = table.iloc[0]
    assert first["steps"] == "train + filters" and first["threads"] == "2"
    assert first["device"] == "cuda (GPU of a long name)"
    assert times_table(times, "explainn", 1, None, ["a"])["wall_s"].tolist() == [213]


def test_a_time_without_one_of_its_steps_is_not_drawn():
    times = runs(["a", "b", "c", "d"], seeds=(0,))
    gone = (times["dataset"] == "a") & (times["step"] == "filters")
    no_time = (times["dataset"] == "b") & (times["step"] == "train")
    no_size = (times["dataset"] == "c") & (times["method"] == "streme")
    times["wall_s"] = times["wall_s"].where(~no_time)
    times["n_train"] = times["n_train"].where(~no_size)
    times = times[~gone]
    table = times_table(times, "explainn", 0, "streme", ["a", "b", "c", "d", "e"])
    steps = "train, filters"
    assert table["lacks"].tolist() == ["filters", "train", "", "", steps] + [
        "", "", "n_train", "", "streme",
    ]  # fmt: skip
    figure = times_by_size(table)
    written = check_texts(figure)
    assert "1 not drawn of explainn; not recorded: filters" in written
    assert [len(dots.get_offsets()) for dots in figure.axes[0].collections] == [2, 3]


def test_ratios_compare_equal_numbers_of_sequences():
    names = [f"d{i}" for i in range(70)]
    # With two threads ExplaiNN's CPU time is almost twice its wall time, which is what counts.
    table = times_table(runs(names, 1.9, most=60_000), "explainn", 0, "streme", names)
    written = check_texts(times_by_size(table))
    # STREME takes 10 to 600 s, ExplaiNN 13 s; ten data sets were cut to 60,000 sequences.
    ratio = np.arange(10, 601, 10) / 13
    assert f"streme / explainn, wall time: median {np.median(ratio):.3g} (n = 60)" in written
    assert f"from 50,000 sequences {np.median(ratio[49:]):.3g} (n = 11)" in " ".join(
        written.split()
    )
    assert "10 data sets: other numbers of sequences" in written


@pytest.mark.parametrize(
    "n, cpu, compared",
    [(1, 1.0, True), (3, 1.9, True), (35, 1.0, False), (163, 1.9, True), (35, np.nan, None)],
)
def test_everything_on_the_times_can_be_read(n, cpu, compared):
    names = [f"family.TF{i}" for i in range(n)]
    times = runs(names, cpu, compared=bool(compared), seeds=(0,))
    table = times_table(times, "explainn", 0, "streme" if compared is not None else None, names)
    figure = times_by_size(table)
    written = " ".join(check_texts(figure).split())
    assert len(figure.axes) == 1 + (cpu == 1.9)
    for ax, column in zip(figure.axes, ("wall_s", "cpu_s"), strict=False):
        assert column[:3] == ax.get_ylabel()[:3].lower()
        dots = ax.collections[0].get_offsets()[:, 1]
        np.testing.assert_allclose(dots, table.loc[table["method"] == "explainn", column])
    assert f"explainn (train + filters), {n} data set" in written
    assert "cuda (GPU of a long name), threads 2, Linux x86_64, CPU" in written
    assert ("No other tool was chosen" in written) == (compared is None)
    assert (f"{n} not drawn of streme; not recorded: streme" in written) == (compared is False)
    if n > 5 and compared:
        assert "and 2 more" in written  # machines


def test_unknown_devices_and_no_times_say_so():
    times = runs(["a"]).assign(device=np.nan, machine=np.nan, threads=np.nan)
    figure = times_by_size(times_table(times, "explainn", 0, None, ["a"]))
    assert "device not recorded, machine not recorded" in " ".join(check_texts(figure).split())
    table = times_table(times.iloc[:0], "explainn", 0, "streme", ["a"])
    assert "No data set has the times of all steps" in check_texts(times_by_size(table))
    assert times_table(times, "explainn", 0, "streme", []).empty


# 3F

ASSAYS = {"ChIP-seq": "STREME", "HT-SELEX": "Autoseed", "PBM": "S&W", "SMiLE-seq": "HMM"}


def assays(names=ASSAYS, interval=0.02) -> pd.DataFrame:
    """Two methods on each assay, the other one first."""
    rows = []
    for i, (assay, method) in enumerate(names.items()):
        for kind, who in (("other", method), ("explainn", "explainn")):
            value = 0.6 + 0.3 * i / len(names) + 0.02 * (kind == "other")
            ends = (value - interval, value + interval)
            rows.append((assay, who, kind, "unit3", value, *ends, 12_345, 6000, "test part", 0.5))
    columns = ["assay", "method", "kind", "motif", "value", "low", "high", "n", "n_positive"]
    return pd.DataFrame(rows, columns=[*columns, "scored_on", "base_rate"])


def test_assays_keep_their_order_and_explainn_stands_first():
    scores = assays().iloc[[0, 1, 6, 7, 2]]
    table = assay_table(scores)
    assert table["assay"].tolist() == ["ChIP-seq"] * 2 + ["SMiLE-seq"] * 2 + ["HT-SELEX"]
    assert table["method"].tolist() == ["explainn", "STREME", "explainn", "HMM", "Autoseed"]
    assert table["group"].tolist() == [0, 0, 1, 1, 2] and table["place"].tolist() == [0, 1, 0, 1, 0]
    twice = pd.concat([scores.head(2), scores.head(2).assign(scored_on="another assay")])
    assert assay_table(twice)["group"].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "names, interval",
    [
        (ASSAYS, 0.02),
        ({"ChIP-seq": "STREME"}, np.nan),
        ({"AN ASSAY WITH A LONG NAME": "a_method_that_has_a_name_of_more_than_forty letters"}, 0.1),
        ({f"ASSAY {i}": "A_METHOD" for i in range(8)}, 0.02),
    ],
)
def test_everything_on_the_assays_can_be_read(names, interval):
    figure = assay_bars(assay_table(assays(names, interval)))
    written = check_texts(figure)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert len(heights) == 2 * len(names) and heights[0] == pytest.approx(0.6)
    assert ("bootstrap interval" in written) == np.isfinite(interval)
    assert "n = 12,345" in written and "base rate" in written
    assert all(method[:12] in written for method in names.values())


def test_missing_scores_on_assays():
    scores = assays().iloc[1:]  # STREME's bar is absent
    scores = scores.assign(value=scores["value"].where(scores["method"] != "HMM"))
    scores.loc[scores["method"] == "HMM", ["low", "high"]] = np.nan
    figure = assay_bars(assay_table(scores.assign(base_rate=np.nan, n=np.nan, scored_on=np.nan)))
    written = check_texts(figure)
    assert "STREME" not in written and "no score" in written and "base rate" not in written
    nothing = assay_table(scores.assign(value=np.nan))
    assert "No PWM of any assay" in check_texts(assay_bars(nothing))
    assert "No PWM of any assay" in check_texts(assay_bars(assay_table(scores.iloc[:0])))


# The scripts


def test_times_are_read_from_the_benchmarks_and_sizes_from_what_was_read(root, tmp_path):
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    rest = "0:00:12\t1\t2\t3\t4\t5\t6\t7"
    (tmp_path / "benchmark.tsv").write_text(f"{head}12.5\t{rest}\t40.25\n")
    (tmp_path / "bound.fa").write_text(">a\nACGT\nAC\n>b\nACGT\n")
    (tmp_path / "unbound.fa").write_text(">c\nACGT\n")
    (tmp_path / "machine.txt").write_text("Linux x86_64, a CPU\n")
    files = [str(tmp_path / f"{name}.fa") for name in ("bound", "unbound")]
    entry = {"dataset": "a", "method": "streme", "seed": "", "step": "streme", "record": ""}
    entry |= {"benchmark": tmp_path / "benchmark.tsv", "sequences": files}
    entry |= {"made_by": str(tmp_path / "machine.txt")}
    main = runpy.run_path(str(root / "scripts/collect_times.py"))["main"]
    main([entry], tmp_path / "times.tsv")
    (row,) = read_table(tmp_path / "times.tsv").to_dict("records")
    assert (row["wall_s"], row["cpu_s"], row["n_train"], row["threads"]) == (12.5, 40.25, 3, 1)
    assert (row["device"], row["machine"]) == ("cpu", "Linux x86_64, a CPU")


def test_the_scripts_read_times_and_assays(root, tmp_path):
    runs(["a.NA", "a.B"]).to_csv(tmp_path / "times.tsv", sep="\t", index=False)
    assays().to_csv(tmp_path / "assays.tsv", sep="\t", index=False)
    about = {"model": "explainn", "seed": 0, "baseline": "streme", "datasets": ["a.NA", "a.B"]}
    table = run_script(root, "figure_3d", tmp_path, times=str(tmp_path / "times.tsv"), **about)
    assert table["wall_s"].tolist() == [13, 13, 10, 20]
    table = run_script(root, "figure_3f", tmp_path, scores=str(tmp_path / "assays.tsv"))
    assert table["method"].tolist()[:2] == ["explainn", "STREME"]
