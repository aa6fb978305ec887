"""Motif instances: their letters, places on both strands, contributions, order and file."""

import gzip
import runpy

import numpy as np
import pandas as pd
import pytest
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.interpret.filters import filter_matrices
from workflow_lib.interpret.instances import (
    COLUMNS,
    Options,
    instances,
    regions,
    unit_names,
    write_bed,
)
from workflow_lib.models.cnn1 import CNN1
from workflow_lib.models.explainn import ExplaiNN
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import reverse_complement

SIZE, LENGTH, UNITS = 8, 50, 5
NAMES = [f"unit{i}" for i in range(UNITS)]


def small_model(strands="forward"):
    torch.manual_seed(0)
    model = ExplaiNN(LENGTH, 3, UNITS, filter_size=SIZE, fc_nodes=4, strands=strands)
    with torch.no_grad():
        model.conv.weight.mul_(5)  # specific filters
        model.final.weight.normal_()
    model.target_names = ["a", "b", "c"]
    return model.eval()


def genome_data(n=60, seed=0, strand=True):
    """Overlapping regions of two chromosomes, some of them read from the other strand."""
    rng = np.random.default_rng(seed)
    genome = {c: rng.integers(0, 4, 500).astype(np.uint8) for c in ("chr10", "chr2")}
    obs = pd.DataFrame({"chrom": rng.choice(list(genome), n), "start": rng.integers(0, 450, n)})
    obs["end"] = obs["start"] + LENGTH
    codes = np.stack([genome[c][s : s + LENGTH] for c, s in zip(obs["chrom"], obs["start"])])
    if strand:
        obs["strand"] = rng.choice(["+", "-", "."], n)
        minus = (obs["strand"] == "-").to_numpy()
        codes[minus] = reverse_complement(codes[minus])
    ids = [f"s{i}" for i in rng.permutation(n)]
    data = dataset.build(ids, codes, np.ones((n, 3)), ["a", "b", "c"], obs=obs)
    data.obs["split"] = pd.Categorical(np.resize(["train", "validation", "test"], n))
    data.uns.update(task="binary", source="made", assembly="made")
    return data, genome


def found_in(data, model, maximum=None, **options):
    codes = data.obsm["sequence"]
    if maximum is None:
        maximum = filter_matrices(model, codes, strands="both").activation_max
    pieces = list(instances(model, codes, regions(data), maximum, NAMES, Options(**options)))
    return pd.concat(pieces, ignore_index=True)


def letters(genome, sites):
    """What stands at the sites, on their strands: codes (sites, SIZE)."""
    read = [genome[c][s:e] for c, s, e in zip(sites["chrom"], sites["start"], sites["end"])]
    codes = np.stack(read)
    minus = (sites["strand"] == "-").to_numpy()
    codes[minus] = reverse_complement(codes[minus])
    return codes


@pytest.mark.parametrize("inclusive", [True, False])
def test_letters_read_back_from_the_genome_are_the_filters_matrices(inclusive):
    (data, genome), model = genome_data(), small_model()
    wanted = filter_matrices(model, data.obsm["sequence"], inclusive=inclusive, strands="both")
    sites = found_in(data, model, inclusive=inclusive)
    assert set(sites["strand"]) == {"+", "-"}
    for unit in range(UNITS):
        of_unit = sites[sites["name"] == f"unit{unit}"]
        counts = one_hot(letters(genome, of_unit)).sum(dim=0).numpy()
        np.testing.assert_array_equal(counts, wanted.counts[unit])
        assert len(of_unit) == wanted.n_sites[unit]


def test_letters_at_a_site_activate_its_filter_as_said():
    (data, genome), model = genome_data(), small_model()
    sites = found_in(data, model)
    # A sequence of this one site and no more than the model needs, of which it is the start.
    padded = np.full((len(sites), LENGTH), 4, dtype=np.uint8)
    padded[:, :SIZE] = letters(genome, sites)
    with torch.no_grad():
        activations = model.activations(one_hot(padded))[:, :, 0].numpy()
    unit = sites["name"].str.removeprefix("unit").astype(int)
    again = activations[np.arange(len(sites)), unit]
    np.testing.assert_allclose(sites["activation"], again, rtol=1e-5)
    maximum = sites.groupby("name")["activation"].transform("max")
    assert (sites["activation"] >= 0.499 * maximum).all()
    expected = (1000 * sites["activation"] / maximum).round()
    assert (sites["score"] - expected).abs().max() <= 1
    assert (sites["score"].min() >= 499) and sites.groupby("name")["score"].max().eq(1000).all()


def test_scores_stop_at_1000_where_the_maximum_was_exceeded():
    (data, _), model = genome_data(), small_model()
    maximum = filter_matrices(model, data.obsm["sequence"], strands="both").activation_max
    more = found_in(data, model, maximum=0.6 * maximum)
    assert len(more) > len(found_in(data, model, maximum=maximum))
    assert more["score"].max() == 1000 and (more["score"] == 1000).sum() > UNITS


@pytest.mark.parametrize("strands", ["forward", "shared"])
def test_contributions_of_all_units_and_the_bias_are_the_output(strands):
    (data, _), model = genome_data(strand=False), small_model(strands)
    # So low a maximum that every unit has sites on both strands of every sequence.
    sites = found_in(data, model, maximum=np.full(UNITS, 1e-6, np.float32), targets=["b"])
    assert set(sites["target"]) == {"b"}
    once = sites.drop_duplicates(["sequence", "strand", "name"])
    assert len(once) == 2 * UNITS * data.n_obs
    sums = once.groupby(["strand", "sequence"])["contribution"].sum()
    forward = data.obsm["sequence"]
    for strand, codes in (("+", forward), ("-", reverse_complement(forward))):
        with torch.no_grad():
            output = (model(one_hot(codes))[:, 1] - model.final.bias[1]).numpy()
        np.testing.assert_allclose(sums[strand].loc[data.obs_names], output, atol=1e-4)


def test_of_several_targets_the_one_with_the_largest_weight_is_named():
    (data, _), model = genome_data(), small_model()
    weights = model.output_weights().detach().numpy()
    assert (weights < 0).any()
    for chosen, of in ((None, [0, 1, 2]), (["a", "c"], [0, 2])):
        sites = found_in(data, model, targets=chosen)
        for unit, name in enumerate(NAMES):
            best = of[np.abs(weights[of, unit]).argmax()]
            of_unit = sites[sites["name"] == name]
            assert set(of_unit["target"]) == {model.target_names[best]}
            # Unit outputs are never negative.
            assert (of_unit["contribution"] * weights[best, unit] >= 0).all()


def test_sites_come_in_the_order_of_the_genome_whatever_the_batches():
    (data, _), model = genome_data(n=120), small_model()
    whole = found_in(data, model, batch_size=1000)
    order = whole.sort_values(["chrom", "start", "name", "strand", "sequence"]).index
    np.testing.assert_array_equal(order, whole.index)
    for size in (3, 17):
        pd.testing.assert_frame_equal(found_in(data, model, batch_size=size), whole, rtol=1e-4)
    shuffled = data[np.random.default_rng(3).permutation(data.n_obs)]
    pd.testing.assert_frame_equal(found_in(shuffled, model), whole, rtol=1e-4)


def test_sites_are_handed_out_as_soon_as_none_can_precede_them():
    (data, _), model = genome_data(n=200), small_model()
    maximum = filter_matrices(model, data.obsm["sequence"], strands="both").activation_max
    options = Options(batch_size=10)
    given = instances(model, data.obsm["sequence"], regions(data), maximum, NAMES, options)
    sizes = [len(piece) for piece in given]
    assert len(sizes) == 20 and max(sizes) < sum(sizes) / 5


def test_without_regions_a_sequence_is_its_own_chromosome():
    (data, _), model = genome_data(strand=False), small_model()
    sites_in_genome = found_in(data, model)
    data.obs = data.obs[["split"]]
    sites = found_in(data, model)
    assert (sites["chrom"] == sites["sequence"]).all()
    assert sites["start"].min() >= 0 and sites["end"].max() <= LENGTH
    genome = dict(zip(data.obs_names, data.obsm["sequence"]))
    wanted = filter_matrices(model, data.obsm["sequence"], strands="both")
    of_unit = sites[sites["name"] == "unit0"]
    counts = one_hot(letters(genome, of_unit)).sum(dim=0).numpy()
    np.testing.assert_array_equal(counts, wanted.counts[0])
    assert len(sites) == len(sites_in_genome)


def test_the_forward_strand_alone_has_the_sites_of_that_strand():
    (data, _), model = genome_data(strand=False), small_model()
    maximum = filter_matrices(model, data.obsm["sequence"], strands="both").activation_max
    both = found_in(data, model, maximum)
    forward = found_in(data, model, maximum, strands="forward")
    assert set(forward["strand"]) == {"+"}
    wanted = both[both["strand"] == "+"].reset_index(drop=True)
    pd.testing.assert_frame_equal(forward, wanted, rtol=1e-4)


def test_dead_units_have_no_sites_and_no_sequences_give_none():
    (data, _), model = genome_data(), small_model()
    dead = np.array([0, -np.inf, 0, 0, 0], dtype=np.float32)
    assert found_in(data, model, maximum=dead).empty
    none = data[[]]
    assert not list(instances(model, none.obsm["sequence"], regions(none), dead, NAMES))


def test_names_are_those_of_the_best_known_motif():
    annotation = pd.DataFrame(
        {"unit": [2, 2, 0], "name": ["CTCF", "CTCFL", "MAX:: MYC"], "q_value": [0.01, 0.02, 0.03]}
    )
    assert unit_names(3, annotation) == ["unit0_MAX::_MYC", "unit1", "unit2_CTCF"]
    assert unit_names(1, annotation.head(0)) == ["unit0"]


def test_errors_say_what_is_wanted():
    (data, _), model = genome_data(), small_model()
    with pytest.raises(InputError, match="no units"):
        found_in(data, CNN1(LENGTH, 3, filters=UNITS, filter_size=SIZE))
    with pytest.raises(InputError, match="maxima of 3 units and names of 5 for a model of 5"):
        found_in(data, model, maximum=np.ones(3, np.float32))
    with pytest.raises(InputError, match="no target 'd'"):
        found_in(data, model, targets=["d"])
    data.obs["end"] += 1
    with pytest.raises(InputError, match=rf"wanted one of {LENGTH} bp"):
        regions(data)
    data.obs["end"] -= 1
    data.obs["strand"] = "x"
    with pytest.raises(InputError, match="strand: found 'x'"):
        regions(data)


def test_the_script_writes_bed_that_is_equal_each_time(root, tmp_path):
    (data, genome), model = genome_data(), small_model()
    models.save(model, tmp_path / "model", {})
    dataset.save(data, tmp_path / "d.h5ad")
    part = dataset.part(data, "validation", "test")
    wanted = filter_matrices(model, part.obsm["sequence"], strands="both")
    filters = pd.DataFrame({"unit": range(UNITS), "activation_max": wanted.activation_max})
    filters.to_csv(tmp_path / "filters.tsv", sep="\t", index=False, float_format="%.9g")
    (tmp_path / "annotation.tsv").write_text("unit\tname\tq_value\n1\tNA\t0.01\n")
    main = runpy.run_path(str(root / "scripts" / "instances.py"))["main"]
    settings = {"splits": ["validation", "test"], "targets": None, "strands": "both"}
    tables = (tmp_path / "filters.tsv", tmp_path / "annotation.tsv")
    for name in ("a.bed.gz", "b.bed.gz"):
        main(
            tmp_path / "model", tmp_path / "d.h5ad", tables, settings | {"inclusive": True}, "cpu",
            tmp_path / name,
        )  # fmt: skip
    assert (tmp_path / "a.bed.gz").read_bytes() == (tmp_path / "b.bed.gz").read_bytes()
    with gzip.open(tmp_path / "a.bed.gz", "rt") as handle:
        assert handle.readline() == "#" + "\t".join(COLUMNS) + "\n"
        table = pd.read_csv(handle, sep="\t", names=COLUMNS, keep_default_na=False)
    assert len(table) == wanted.n_sites.sum()
    assert set(table["name"]) <= {"unit0", "unit1_NA", "unit2", "unit3", "unit4"}
    assert set(table["sequence"]) <= set(part.obs_names)
    assert table["score"].between(500, 1000).all()
    counts = one_hot(letters(genome, table[table["name"] == "unit1_NA"])).sum(dim=0).numpy()
    np.testing.assert_array_equal(counts, wanted.counts[1])


def test_no_instances_are_a_header(tmp_path):
    assert write_bed([], tmp_path / "none.bed.gz") == 0
    with gzip.open(tmp_path / "none.bed.gz", "rt") as handle:
        assert handle.read() == "#" + "\t".join(COLUMNS) + "\n"
