"""What a plan knows of the sequences' length, and models that need longer ones."""

import gzip

import pytest

from workflow_lib.config import registries
from workflow_lib.config.architecture import STEPS, positions, shortest_length
from workflow_lib.config.lengths import check_lengths, known_length, length_in_file
from workflow_lib.config.selection import Run
from workflow_lib.errors import InputError
from workflow_lib.models import MODELS, build

READS = "".join(f"@r{i}\n{'ACGTA' * 4}\n+\n{'I' * 20}\n" for i in range(9))


def defaults(architecture):
    names, _ = registries.parameters("model", architecture)
    wanted = [name for name in names if name not in ("length", "n_targets")]
    return {name: registries.default("model", architecture, name) for name in wanted}


@pytest.mark.parametrize("name", MODELS)
def test_the_shortest_length_of_each_model_is_that_at_which_it_can_be_built(name):
    assert set(STEPS) == set(MODELS)
    shortest = shortest_length(name, defaults(name))
    build(name, length=shortest, n_targets=1)
    with pytest.raises(InputError, match=f"at least {shortest} bp"):
        build(name, length=shortest - 1, n_targets=1)


@pytest.mark.parametrize(
    ("name", "content", "length"),
    [
        ("a.fa", ">a b\nACGT\nACG\n>b\nACGTACG\n", 7),
        ("a.fa", ">a\nACGTACG\n", None),  # may go on
        ("a.fa", "\n\n>a b\nACGT\n\nACG\n>b\nACGTACG\n", 7),
        ("a.fastq", "@x\nACG\n+\nIII\n" + READS, 20),
        ("a.fastq.gz", READS, 20),
        ("a.tsv", "id\tsequence\tt\ns1\tACGTAC\t1\ns2\tACGTAC\t0\n", 6),
        ("a.csv", "id,sequence,t\ns1,ACGTAC,1\n", 6),
        ("a.pbm", "1.5\tACGTACGT\n2.5\tACGTACGA\n", 8),
        ("a.txt", "nothing\nof the kind\n", None),
        ("a.fa", "", None),
    ],
)
def test_lengths_are_read_from_the_first_lines(tmp_path, name, content, length):
    path = tmp_path / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith("gz") else content.encode())
    assert length_in_file(path) == length
    assert length_in_file(tmp_path / "absent") is None


def test_a_model_that_needs_longer_sequences_is_refused_with_what_would_fit(tmp_path):
    path = tmp_path / "reads.fastq"
    path.write_text(READS)
    sources = {"s": {"files": {"r": {"path": str(path)}}}, "m": {"simulate": {"length": 60}}}
    datasets = {
        "reads": {"source": "s", "parser": "ht_selex", "options": {"cycles": {"r": 1}}},
        "clipped": {"source": "s", "parser": "smile_seq", "options": {"clip_left": 3,
                                                                      "clip_right": 2}},
        "peaks": {"source": "s", "parser": "bed", "options": {}},
        "given": {"source": "s", "parser": "table", "options": {"length": 33}},
        "child": {"from": "given", "source": "s"},
        "made": {"source": "m", "parser": "table"},
    }  # fmt: skip
    (tmp_path / "long.fa").write_text(">a\n" + 50 * "ACGT" + "\n>b\nA\n")
    sources["two"] = {"files": {"r": {"path": str(path)}, "l": {"path": str(tmp_path / "long.fa")}}}
    datasets["chosen"] = {"source": "two", "parser": "fasta", "files": ["l"]}
    datasets["bound"] = {"source": "two", "parser": "fasta", "options": {"bound": ["l"]}}
    found = {name: known_length(entry, datasets, sources) for name, entry in datasets.items()}
    wanted = {
        "reads": 20,
        "clipped": 15,
        "peaks": 200,
        "given": 33,
        "child": 33,
        "made": 60,
        "chosen": 200,
        "bound": 200,
    }
    assert found == wanted
    models = {
        "explainn": {"architecture": "explainn"},
        "short": {"architecture": "explainn", "hyperparameters": {"filter_size": 10,
                                                                  "pool_size": 3}},
        "deepcnn": {"architecture": "deepcnn"},
    }  # fmt: skip
    check_lengths([Run("reads", "short", 0), Run("peaks", "deepcnn", 0)], datasets, models, sources)
    with pytest.raises(InputError, match="models.explainn on reads: .*20 bp long.*25 bp") as said:
        check_lengths([Run("reads", "explainn", 0)], datasets, models, sources)
    assert "`hyperparameters: {filter_size: 10, pool_size: 3, pool_stride: 3}`" in str(said.value)
    fitting = defaults("explainn") | {"filter_size": 10, "pool_size": 3, "pool_stride": 3}
    assert positions("explainn", 20, fitting) >= 1
    with pytest.raises(InputError, match="deepcnn on reads.*explainn takes shorter ones"):
        check_lengths([Run("reads", "deepcnn", 0)], datasets, models, sources)
