"""Genomes: their indexes are held against the file's content, whatever its time says."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from Bio.bgzf import BgzfWriter

from workflow_lib.data.fasta_index import block_starts, fits, make_fai, make_gzi, reader
from workflow_lib.data.genome import open_genome, sequences
from workflow_lib.errors import InputError


def letters(n, seed=0):
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), n))


GENOME = {"chr1": letters(70_001), "chr2": letters(120), "chr3": letters(7), "chrM": letters(61)}


def text(genome, width=60, end="\n", header="{} a title"):
    parts = []
    for name, sequence in genome.items():
        rows = [sequence[i : i + width] for i in range(0, len(sequence), width)]
        parts += [f">{header.format(name)}", *rows]
    return end.join(parts) + end


def write(path, content):
    if path.suffix == ".gz":
        with BgzfWriter(str(path)) as handle:
            handle.write(content.encode())
    else:
        path.write_bytes(content.encode())
    return path


def content(path):
    with open_genome(path) as genome:
        return {name: genome[name][:] for name in genome.keys()}


@pytest.mark.parametrize("name", ["g.fa", "g.fa.gz"])
@pytest.mark.parametrize(
    "form",
    [
        text(GENOME),
        text(GENOME, end="\r\n"),
        text(GENOME, width=10**6),
        text(GENOME, header="{}"),
        text(GENOME).rstrip("\n"),
        text(GENOME) + "\n\n",
        text(GENOME).replace(">", "\n\n>"),
        "\ufeff" + text(GENOME),
    ],
    ids=["plain", "crlf", "long lines", "no title", "no end", "blank end", "blank", "mark"],
)
def test_a_genome_is_read_in_every_form(tmp_path, name, form):
    path = write(tmp_path / name, form)
    assert content(path) == GENOME
    made = Path(f"{path}.fai").stat().st_mtime_ns
    assert fits(
        Path(f"{path}.fai").read_text(),
        reader(path, block_starts(path) if name.endswith("gz") else None),
    )
    assert content(path) == GENOME
    assert Path(f"{path}.fai").stat().st_mtime_ns == made  # used, not written again


@pytest.mark.parametrize("name", ["g.fa", "g.fa.gz"])
@pytest.mark.parametrize(
    "other",
    [
        GENOME | {"chr1": GENOME["chr1"][:-1]},
        GENOME | {"chr1": "A" + GENOME["chr1"]},
        GENOME | {"chr3": GENOME["chr3"] + "A"},
        GENOME | {"chrM": GENOME["chrM"][:-1]},
        GENOME | {"chr4": "ACGT"},
        {name: GENOME[name] for name in ("chr1", "chr2", "chr3")},
        {name: GENOME[name] for name in ("chr2", "chr1", "chr3", "chrM")},
        {{"chr3": "chr5"}.get(name, name): GENOME[name] for name in GENOME},
    ],
    ids=["shorter", "longer", "third", "last", "more", "fewer", "order", "name"],
)
def test_a_newer_index_of_another_genome_is_not_used(tmp_path, name, other, caplog):
    path = write(tmp_path / name, text(GENOME))
    content(path)
    write(path, text(other))
    os.utime(path, (1, 1))  # kept by tar, rsync -t, cp -p and mv: older than its index
    assert content(path) == other
    assert "is not the index of" in caplog.text
    assert Path(f"{path}.fai").read_text() == make_fai(path)


def test_a_chromosome_without_bases_is_no_reason_to_build_the_index_again(tmp_path, caplog):
    genome = {"none": "", **GENOME, "last": ""}
    path = write(tmp_path / "g.fa", text(genome))
    assert content(path) == content(path) == genome and "is not the index" not in caplog.text


def test_another_width_of_lines_is_noticed(tmp_path):
    path = write(tmp_path / "g.fa", text(GENOME))
    content(path)
    for width in (50, 70, 61, 59):
        write(path, text(GENOME, width=width))
        os.utime(path, (1, 1))
        assert content(path) == GENOME


def test_blocks_of_another_bgzip_file_are_not_used(tmp_path):
    path = write(tmp_path / "g.fa.gz", text(GENOME))
    content(path)
    first = Path(f"{path}.gzi").read_bytes()
    with BgzfWriter(str(path), compresslevel=1) as handle:  # the same letters, packed otherwise
        for start in range(0, len(text(GENOME)), 1000):
            handle.write(text(GENOME)[start : start + 1000].encode())
            handle.flush()
    os.utime(path, (1, 1))
    assert content(path) == GENOME
    assert Path(f"{path}.gzi").read_bytes() == make_gzi(block_starts(path)) != first


def test_the_indexes_are_those_of_pyfaidx(tmp_path):
    import pyfaidx

    for name in ("g.fa", "g.fa.gz"):
        path = write(tmp_path / name, text(GENOME))
        pyfaidx.Fasta(str(path)).close()
        assert Path(f"{path}.fai").read_text() == make_fai(path)
    assert Path(f"{path}.gzi").read_bytes() == make_gzi(block_starts(path))


def test_a_truncated_bgzip_file_is_refused(tmp_path):
    path = write(tmp_path / "g.fa.gz", text(GENOME))
    whole = path.read_bytes()
    for missing, message in ((40, "truncated or damaged"), (28, "end of a bgzip file is missing")):
        path.write_bytes(whole[:-missing])
        with pytest.raises(InputError, match=f"g.fa.gz.*{message}"):
            content(path)


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_damaged_bgzip_file_beside_its_index_is_refused(tmp_path, place):
    path = write(tmp_path / "g.fa.gz", text(GENOME))
    content(path)
    whole = bytearray(path.read_bytes())
    for i in range(int(len(whole) * place), int(len(whole) * place) + 20):
        whole[i] ^= 0xFF
    path.write_bytes(whole)
    windows = pd.DataFrame({"chrom": "chr1", "start": range(0, 70_000, 500)})
    with pytest.raises(InputError, match="g.fa.gz"), open_genome(path) as genome:
        sequences(genome, windows.assign(end=windows["start"] + 500))


def test_lines_of_other_lengths_within_a_chromosome_do_not_fit_an_index(tmp_path):
    path = write(tmp_path / "g.fa", text(GENOME))
    content(path)
    rows = path.read_text().split("\n")
    for i in range(1, 1100, 2):  # 61 and 59 bases in turn
        rows[i], rows[i + 1] = rows[i] + rows[i + 1][0], rows[i + 1][1:]
    path.write_text("\n".join(rows))
    with pytest.raises(InputError, match="line 4: it follows a line of another length"):
        content(path)
