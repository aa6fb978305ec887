"""The rules that run STREME and Tomtom, and those that make motif sets, in the real workflow.

Stand-ins for the programs break off in the ways that programs do; the programs themselves run where
they are installed.
"""

import platform
import shutil

import numpy as np
import pytest
import yaml
from running import snakemake

from workflow_lib.data import dataset
from workflow_lib.execution import programs
from workflow_lib.motif import Motif, read_meme, write_meme
from workflow_lib.motifs.meme_suite import read_streme, read_tomtom
from workflow_lib.sequence import encode, read_fasta
from workflow_lib.tables import read_table

pytestmark = pytest.mark.slow

SITE = "TGTTTACATAGC"
FOUND = """STREME - stand-in
MEME version 5.5.8

ALPHABET= ACGT

Background letter frequencies
A 0.25 C 0.25 G 0.25 T 0.25
{motifs}
Stopped because maximum number of motifs reached.
FINALTIME:	1.00 seconds
"""
MOTIF = """
MOTIF 1-AC STREME-1
letter-probability matrix: alength= 4 w= 2 nsites= 7 S= 1.5e-012
 0.700000 0.100000 0.100000 0.100000
 0.000000 1.000000 0.000000 0.000000
"""
# What the stand-in does depends on how many motifs it is asked for.
STREME = """#!/bin/sh
here=$(dirname "$0")
while [ $# -gt 0 ]; do
    echo "$1" >>"$here/arguments"
    [ "$1" = --nmotifs ] && n=$2
    shift
done
case $n in
    1) head -n 8 "$here/found"; exit 1 ;;
    2) head -n 8 "$here/found" ;;
    3) ;;
    4) cat "$here/nothing" ;;
    5) cat "$here/found"; echo "some progress" >&2 ;;
esac
"""
# Breaks off with an error for seed 0, without one for seed 1, and is not to be called for seed 2.
TOMTOM = """#!/bin/sh
printf 'Query_ID\\tTarget_ID\\n'
case "$*" in
    */seed0/*) echo '# tomtom -text'; exit 1 ;;
    */seed1/*) printf 'unit0' ;;
    *) exit 1 ;;
esac
"""


@pytest.fixture
def folder(tmp_path):
    """A working folder with a data set: the bound sequences of `red` carry a site."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (300, 60)).astype(np.uint8)
    targets = np.stack([np.tile([1.0, 0.0], 150), rng.integers(0, 2, 300)], axis=1)
    targets[:20, 1] = np.nan
    for i in np.flatnonzero(targets[:, 0]):
        place = rng.integers(60 - len(SITE))
        codes[i, place : place + len(SITE)] = encode([SITE])[0]
    data = dataset.build([f"s{i}" for i in range(300)], codes, targets, ["red", "blue"])
    data.obs["split"] = np.repeat(["train", "validation", "test"], [200, 50, 50])
    data.uns |= {"task": "binary", "source": "made up", "assembly": ""}
    (tmp_path / "results" / "mini").mkdir(parents=True)
    dataset.save(data, tmp_path / "results" / "mini" / "dataset.h5ad")
    return tmp_path


def program(folder, monkeypatch, **scripts):
    """Put stand-ins for programs on the PATH, in place of what is there."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "found").write_text(FOUND.format(motifs=MOTIF))
    (programs / "nothing").write_text(FOUND.format(motifs=""))
    for name, text in scripts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return programs


def run(checkout, folder, sets, *targets, only, check=True):
    """Let the workflow make some motif sets, with the named rules only."""
    options = ["--keep-going", "--allowed-rules", *only, "--"]
    done = snakemake_on(checkout, folder, sets, *options, *targets)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def snakemake_on(checkout, folder, sets, *arguments):
    runs = [{"datasets": ["mini", "mini_like"], "models": ["tiny"], "seeds": [0, 1, 2]}]
    (folder / "sets.yaml").write_text(yaml.safe_dump({"motif_sets": sets, "runs": runs}))
    config = f"tests/mini/config.yaml {folder / 'sets.yaml'}"
    return snakemake(checkout, folder, *arguments, config=config, check=False)


def streme_sets(**nmotifs):
    return {name: {"streme": {"nmotifs": n, "target": "red"}} for name, n in nmotifs.items()}


def give_fasta(folder, *sets):
    """Sequences that are there already: their rule need not run."""
    for name in sets:
        place = folder / "results" / "mini" / "motifs" / name
        place.mkdir(parents=True)
        for kind in ("bound", "unbound"):
            (place / f"train.{kind}.fa").write_text(">a\nACGT\n")


STREME_RULES = ("sequences_to_fasta", "streme", "streme_motifs")


def test_only_a_whole_output_of_streme_counts(checkout, folder, monkeypatch):
    programs = program(folder, monkeypatch, streme=STREME)
    sets = streme_sets(crash=1, cut=2, empty=3, nothing=4, good=5)
    give_fasta(folder, "crash", "cut", "empty")
    sets["good"]["streme"] |= {"most_sequences": 30, "hofract": 0.1}
    targets = [f"results/mini/motifs/{name}.meme" for name in sets]
    done = run(checkout, folder, sets, *targets, only=STREME_RULES, check=False)
    assert done.returncode != 0
    motifs = folder / "results" / "mini" / "motifs"
    for name in ("crash", "cut", "empty"):
        assert not (motifs / f"{name}.meme").exists(), done.stdout + done.stderr
        left = {path.name for path in (motifs / name).iterdir()}
        assert left == {"train.bound.fa", "train.unbound.fa"}
    assert done.stderr.count("error: STREME's output is not whole") >= 2
    assert read_meme(motifs / "nothing.meme") == []
    assert len(read_table(motifs / "nothing.tsv")) == 0
    assert [motif.id for motif in read_meme(motifs / "good.meme")] == ["1-AC"]
    assert list(read_table(motifs / "good.tsv")["n_sites"]) == [7]
    machine = (motifs / "good" / "machine.txt").read_text().splitlines()
    assert len(machine) == 1 and machine[0].startswith(platform.system())
    assert (folder / "benchmarks" / "streme" / "mini" / "good.tsv").exists()
    assert "some progress" in (folder / "logs" / "streme" / "mini" / "good.log").read_text()
    # The sequences: of the training part, in the class that the labels say.
    for name, n in (("nothing", 100), ("good", 30)):
        for kind, rest in (("bound", 0), ("unbound", 1)):
            ids, _ = read_fasta(motifs / name / f"train.{kind}.fa")
            numbers = [int(i[1:]) for i in ids]
            assert len(numbers) == n and max(numbers) < 200
            assert {number % 2 for number in numbers} == {rest}
    arguments = (programs / "arguments").read_text()
    folder_of = "results/mini/motifs/good/train"
    asked = f"--p {folder_of}.bound.fa --n {folder_of}.unbound.fa --dna --hofract 0.1 --maxw 19"
    assert "\n".join(f"{asked} --nmotifs 5 --text".split()) in arguments


OF_VERSION_4 = "#!/bin/sh\necho 4.12.0\n"


@pytest.mark.parametrize("scripts", [{}, {"streme": OF_VERSION_4, "tomtom": OF_VERSION_4}])
def test_an_absent_or_old_program_is_named_before_anything_runs(
    checkout, folder, monkeypatch, scripts
):
    if shutil.which("streme", path="/usr/bin:/bin") or shutil.which("tomtom", path="/usr/bin:/bin"):
        pytest.skip("the MEME suite is installed in /usr/bin or /bin")
    program(folder, monkeypatch, **scripts)
    targets = {"streme": "results/mini/motifs/some/streme.txt"}
    targets["tomtom"] = "results/mini/tiny/seed0/tomtom.tsv"
    for name, target in targets.items():
        # These programs come late: the sequences and the model are not there yet.
        done = snakemake_on(checkout, folder, streme_sets(some=1), target)
        found = "4.12.0" if scripts else f"{name} is not on the PATH"
        said = done.stdout + done.stderr
        assert done.returncode and "Traceback" not in said and "InputFunctionException" not in said
        (line,) = (line for line in said.splitlines() if "the MEME suite, version 5" in line)
        assert found in line and name in line and "--sdm conda" in line
        assert ("memelite" in line) == (name == "tomtom")
        assert not (folder / target).exists() and not (folder / "logs").exists()


@pytest.mark.parametrize("version", ["5.5.8", "5.0.5-1", "", "4.12.0", None])
def test_programs_of_version_5_or_of_none_that_they_say_will_do(tmp_path, monkeypatch, version):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    programs._check.cache_clear()
    if version is not None:
        script = f"echo {version}" if version else "exit 1"
        (tmp_path / "streme").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "streme").chmod(0o755)

    def check(**options):
        output = [tmp_path / "streme.txt"]
        return programs.check_meme_suite(None, output, program="streme", **options)

    if version in ("4.12.0", None) and not shutil.which("streme", path="/usr/bin:/bin"):
        with pytest.raises(SystemExit, match="streme of the MEME suite, version 5 or newer"):
            check()
        assert check(installed=True) == "streme"
        (tmp_path / "streme.txt").touch()  # what is there already can be used without the program
    assert check() == "streme"
    programs._check.cache_clear()


@pytest.mark.skipif(not shutil.which("streme"), reason="the program streme is not on the PATH")
def test_streme_finds_the_planted_site(checkout, folder):
    targets = ["results/mini/motifs/some.meme", "results/mini/motifs/some.tsv"]
    run(checkout, folder, streme_sets(some=2), *targets, only=STREME_RULES)
    found = read_streme(folder / "results" / "mini" / "motifs" / "some" / "streme.txt")
    first = read_meme(folder / targets[0])[0]
    assert first.n_sites >= 90 and len(found.motifs) == 2
    letters = "".join("ACGT"[i] for i in first.probabilities.argmax(axis=0))
    turned = "".join("ACGT"[3 - i] for i in first.probabilities.argmax(axis=0)[::-1])
    assert SITE[1:-1] in letters or SITE[1:-1] in turned


# --- Tomtom ---------------------------------------------------------------------------------------


def make_filters(folder, motifs, seed=0):
    """Filters of a run, and sixty known motifs; return these."""
    rng = np.random.default_rng(1)
    known = [
        Motif(f"MA{i:04}.1", "", rng.dirichlet(np.full(4, 0.2), 5 + i % 9).T) for i in range(60)
    ]
    write_meme(folder / "results" / "motifs" / "jaspar2020_families.meme", known)
    write_meme(folder / "results" / "mini" / "tiny" / f"seed{seed}" / "filters.meme", motifs)
    return known


def test_only_a_whole_output_of_tomtom_counts(checkout, folder, monkeypatch):
    program(folder, monkeypatch, tomtom=TOMTOM)
    for seed in range(3):
        make_filters(folder, [Motif("unit0", "", np.eye(4))][: seed < 2], seed)
    crash, cut, without = (f"results/mini/tiny/seed{seed}/tomtom.tsv" for seed in range(3))
    done = run(checkout, folder, {}, crash, cut, without, only=["tomtom"], check=False)
    assert done.returncode != 0
    assert not (folder / crash).exists() and not (folder / cut).exists()
    assert "error: Tomtom's output is not whole" in done.stderr
    # Without motifs the program, which would refuse, is not called.
    assert len(read_tomtom(folder / without)) == 0


@pytest.mark.skipif(not shutil.which("tomtom"), reason="the program tomtom is not on the PATH")
def test_tomtom_names_a_known_motif(checkout, folder):
    known = make_filters(folder, [])
    queries = [
        Motif("unit3", "", known[8].probabilities),
        Motif("unit5", "", np.full((4, 9), 0.25)),
    ]
    queries += [Motif("unit9", "", known[17].probabilities[::-1, ::-1])]
    write_meme(folder / "results" / "mini" / "tiny" / "seed0" / "filters.meme", queries)
    path = "results/mini/tiny/seed0/tomtom.tsv"
    run(checkout, folder, {}, path, only=["tomtom"])
    best = read_tomtom(folder / path, queries).drop_duplicates("unit")
    assert list(best["unit"]) == [3, 9] and list(best["profile"]) == [known[8].id, known[17].id]
    assert list(best["orientation"]) == ["+", "-"] and list(best["offset"]) == [0, 0]


# --- motif sets that exist already ----------------------------------------------------------------


def test_motif_sets_from_elsewhere(checkout, folder):
    filters = [Motif(f"unit{i}", "", np.eye(4)) for i in range(3)]
    known = make_filters(folder, filters)
    write_meme(folder / "my own.meme", [Motif("mine", "", np.eye(4))])
    database = {"database": "jaspar2020_families"}
    sets = {
        "known": database | {"profiles": ["MA0007.1", "MA0002.1"]},
        "typo": database | {"profiles": ["MA0007.7"]},
        "mine": {"meme": "my own.meme"},
        "learned": {"of": {"dataset": "mini", "model": "tiny", "seed": 0}},
    }
    targets = [f"results/mini_like/motifs/{name}.meme" for name in sets]
    done = run(checkout, folder, sets, *targets, only=["motif_set"], check=False)
    assert done.returncode != 0 and "did you mean 'MA0007.1'?" in done.stderr, done.stderr
    made = {path.stem: read_meme(path) for path in (folder / targets[0]).parent.glob("*.meme")}
    assert sorted(made) == ["known", "learned", "mine"]
    assert [m.id for m in made["known"]] == ["MA0007.1", "MA0002.1"]
    assert np.allclose(made["known"][0].probabilities, known[7].probabilities, atol=1e-5)
    assert [m.id for m in made["mine"]] == ["mine"]
    assert [m.id for m in made["learned"]] == ["unit0", "unit1", "unit2"]
