"""Ranks by importance, the best motif of each target, and the table of all rankings."""

import runpy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workflow_lib.data import dataset
from workflow_lib.data.dataset import n_in_part
from workflow_lib.errors import InputError
from workflow_lib.motif import Motif, read_meme, reverse_complement, write_meme
from workflow_lib.motifs import jaspar
from workflow_lib.motifs.ranking import COLUMNS, best_motifs, best_resembling, rank
from workflow_lib.tables import read_table, write_run_table

NAN = np.nan
FLAT = np.full((4, 3), 0.25)
SHARP = np.eye(4)[:, [0, 1, 2]]


def motifs(n, prefix="unit", flat=()):
    return [Motif(f"{prefix}{i}", "", FLAT if i in flat else SHARP, i) for i in range(n)]


def scores(values, part="validation", target="tf", prefix="unit"):
    """One row per motif."""
    return pd.DataFrame(
        {
            "motif": [f"{prefix}{i}" for i in range(len(values))],
            "part": part,
            "target": target,
            "metric": "auprc",
            "value": values,
            "n": 10,
            "n_positive": 5,
        }
    )


def importances(values, target="tf"):
    return pd.DataFrame({"unit": range(len(values)), "target": target, "importance": values})


def test_important_units_come_first_dead_ones_last_and_equal_ones_by_number():
    # Twelve units: sorted as text, unit10 would stand before unit2.
    importance = [1.0, NAN, 5, 2, 2, NAN, -3, 0, 2, 1, 5, 1]
    found = rank(scores(np.linspace(0.5, 0.6, 12)), importances(importance), motifs(12))
    assert list(found.columns) == list(COLUMNS)
    assert list(found["motif"]) == [f"unit{i}" for i in (2, 10, 3, 4, 8, 0, 9, 11, 7, 6, 1, 5)]
    assert list(found["rank"]) == list(range(1, 13))
    assert found["importance"].iloc[:2].tolist() == [5, 5]
    zero = rank(scores([0.5]), importances([-0.0]), motifs(1))
    assert not np.signbit(zero["importance"].item())  # a table would say -0.0


def test_sets_without_a_model_keep_their_order():
    of_set = [Motif(name, "", SHARP) for name in ("10-CCC", "2-AAA", "1-GGG")]
    table = scores([0.5, 0.9, 0.7]).assign(motif=["1-GGG", "2-AAA", "10-CCC"])
    found = rank(table, None, of_set)
    assert list(found["motif"]) == ["10-CCC", "2-AAA", "1-GGG"]
    assert found["importance"].isna().all()
    assert list(found["best"]) == [False, True, False]


def test_the_best_is_chosen_in_validation_and_of_equals_the_more_important():
    table = pd.concat([scores([0.6, 0.9, 0.9, 0.2]), scores([1, 0.1, 0.3, NAN], "test")])
    found = rank(table, importances([1, 2, 3, 4]), motifs(4)).set_index("motif")
    assert found.index[found["best"]].tolist() == ["unit2"]
    assert found.loc["unit2", ["validation", "test"]].tolist() == [0.9, 0.3]
    assert np.isnan(found.loc["unit3", "test"])


def test_targets_are_ranked_apart_and_keep_their_order():
    table = pd.concat([scores([0.2, 0.3], target="z"), scores([0.8, 0.7], target="a")])
    both = pd.concat([importances([1, 2], "z"), importances([1, 2], "a")])
    found = rank(table, both, motifs(2))
    assert list(found["target"]) == ["z", "z", "a", "a"]
    assert list(found["rank"]) == [1, 2, 1, 2]
    assert list(found["motif"][found["best"]]) == ["unit1", "unit0"]
    assert found["test"].isna().all()


def test_neither_a_flat_motif_nor_one_without_a_value_is_best(caplog):
    importance = importances([1, NAN, 1])
    found = rank(scores([0.2, 0.5, NAN]), importance, motifs(3, flat=[1]))
    assert list(found["motif"][found["best"]]) == ["unit0"]
    found = rank(scores([NAN, 0.5, NAN]), importance, motifs(3, flat=[1]))
    assert not found["best"].any()
    assert "no best motif for 1 targets: tf" in caplog.text


def test_a_motif_with_little_information_may_be_best():
    weak = np.full((4, 3), 0.25)
    weak[:2, 0] = 0.4, 0.1  # a sixth of a bit in all
    found = rank(scores([0.9, 0.5]), None, [Motif("unit0", "", weak), Motif("unit1", "", SHARP)])
    assert list(found["motif"][found["best"]]) == ["unit0"]


def test_no_motifs_give_an_empty_ranking():
    assert rank(scores([]), None, []).empty
    assert list(rank(scores([]), importances([]), [])) == list(COLUMNS)


def test_errors_name_the_motif():
    with pytest.raises(InputError, match="1 motifs that are not in the motif file.*'unit1'"):
        rank(scores([0.1, 0.2]), None, motifs(1))
    with pytest.raises(InputError, match="'unit0', target 'tf', part 'validation' occur twice"):
        rank(pd.concat([scores([0.1])] * 2), None, motifs(1))
    with pytest.raises(InputError, match="'streme0'.*wanted ids like 'unit7'"):
        rank(scores([0.1], prefix="streme"), importances([1]), motifs(1, "streme"))


def test_best_motifs_are_called_after_their_targets():
    table = pd.concat([scores([0.2, 0.3], target="alpha cells"), scores([0.9, 0.3], target="b")])
    found = best_motifs(rank(table, None, motifs(2)), motifs(2))
    assert [(m.id, m.name, m.n_sites) for m in found] == [
        ("alpha_cells", "unit1", 1),
        ("b", "unit0", 0),
    ]


@pytest.fixture
def script(root):
    return lambda name: runpy.run_path(str(root / "scripts" / f"{name}.py"))["main"]


def data_set(path, n_train):
    n = n_train + 6
    codes = np.random.default_rng(0).integers(0, 4, (n, 20)).astype(np.uint8)
    data = dataset.build([f"s{i}" for i in range(n)], codes, np.ones((n, 1)), ["tf"])
    data.obs["split"] = pd.Categorical(["train"] * n_train + ["validation", "test"] * 3)
    data.uns.update(task="binary", source="made", assembly="")
    dataset.save(data, path)


def test_the_size_of_a_part_is_read_from_the_file(tmp_path):
    data_set(tmp_path / "d.h5ad", 11)
    assert n_in_part(tmp_path / "d.h5ad", "train") == 11
    assert n_in_part(tmp_path / "d.h5ad", "test") == 3
    (tmp_path / "x.h5ad").write_text("no")
    with pytest.raises(InputError, match="x.h5ad: not a readable data set"):
        n_in_part(tmp_path / "x.h5ad", "train")


def test_from_scores_to_the_table_of_all_rankings(script, tmp_path):
    # A target called NA is a target, and `007` is no number.
    runs = [
        {"dataset": "a", "model": "tiny", "seed": "0"},
        {"dataset": "b", "motif_set": "streme"},
        {"dataset": "b", "motif_set": "007"},
    ]
    write_meme(tmp_path / "m.meme", motifs(2))
    rankings = []
    for number, run in enumerate(runs):
        files = {name: tmp_path / f"{number}.{name}" for name in ("scores", "importance")}
        write_run_table(scores([0.2, 0.75], target="NA"), run, files["scores"])
        write_run_table(importances([1, NAN], "NA"), run, files["importance"])
        outputs = {name: str(tmp_path / f"{number}.{name}") for name in ("ranking", "best")}
        importance = files["importance"] if "model" in run else None
        script("rank_motifs")(run, files["scores"], tmp_path / "m.meme", importance, outputs)
        assert [(m.id, m.name) for m in read_meme(outputs["best"])] == [("NA", "unit1")]
        ranking = read_table(outputs["ranking"], dtype=str)
        assert list(ranking) == [*run, *COLUMNS]
        assert ranking[list(run)].to_dict("records") == [run, run]
        rankings.append(outputs["ranking"])
    # A model learned from the training part of its data set, STREME from what was written for it.
    data_set(tmp_path / "a.h5ad", 4)
    (tmp_path / "bound.fa").write_text(">s1\nACGT\n>s2\nAC\nGT\n")
    (tmp_path / "unbound.fa").write_text(">s3\nACGT\n")
    learned_from = [["a.h5ad"], ["bound.fa", "unbound.fa"], []]
    sequences = [[str(tmp_path / name) for name in names] for names in learned_from]
    script("collect_motif_scores")(rankings, sequences, tmp_path / "all.tsv")
    table = read_table(tmp_path / "all.tsv", dtype={"method": str, "target": str})
    assert list(table) == ["dataset", "method", "seed", "n_train", *COLUMNS]
    assert list(table["dataset"]) == ["a"] * 2 + ["b"] * 4
    assert list(table["method"]) == ["tiny"] * 2 + ["streme"] * 2 + ["007"] * 2
    assert list(table["n_train"][:4]) == [4, 4, 3, 3] and table["n_train"][4:].isna().all()
    assert table["seed"].isna().sum() == 4 and list(table["seed"][:2]) == [0, 0]
    assert list(table["motif"][:2]) == ["unit0", "unit1"]
    assert list(table["best"][:2]) == [False, True]


def test_a_tfs_own_motif_is_chosen_before_a_better_partner():
    known = jaspar.profiles()[0]
    of = {motif.id: motif for motif in known}
    motifs = [
        replace(of["MA0148.4"], id="unit0"),  # FOXA1, which predicts better
        replace(of["MA0007.3"], id="unit1"),  # AR
        replace(reverse_complement(of["MA0007.3"]), id="unit2"),
    ]
    ranking = pd.DataFrame(
        {
            "motif": ["unit0", "unit1", "unit2"],
            "validation": [0.9, 0.6, 0.7],
            "test": [0.9, 0.8, 0.5],
            "best": [True, False, False],
        }
    )
    assert best_resembling(motifs, ranking, "MA0007.3", known, 0.05).name == "unit2"
    assert (
        best_resembling(motifs, ranking, "MA0139.1", known, 0.05).name == "unit0"
    )  # nothing like CTCF
    assert best_resembling([], ranking, "MA0007.3", known, 0.05) is None
