"""The comparison of two folders of results finds what differs, and only that."""

import json
import shutil

import pandas as pd
import pytest
from matplotlib import pyplot as plt
from reproduce import compare

from workflow_lib.files import sha256_of
from workflow_lib.tables import write_table


@pytest.fixture
def results(tmp_path):
    """Two equal folders, but for measured times."""
    for name, seconds in (("one", 1.5), ("other", 2.5)):
        folder = tmp_path / name
        table = pd.DataFrame({"epoch": [1, 2], "loss": [0.5, 0.25], "seconds": seconds})
        write_table(table, folder / "history.tsv")
        write_table(table[["loss"]], folder / "sub/scores.tsv.gz")
        (folder / "model.safetensors").write_bytes(b"weights")
        plt.imsave(folder / "figure.png", [[0.0, 1.0]], vmax=1, metadata={"Software": name})
        outputs = {"results/history.tsv": sha256_of(folder / "history.tsv")}
        record = {"rule": "train", "code": "abc", "inputs": {"x": "1"}, "outputs": outputs,
                  "started": name, "seconds": seconds, "host": name}  # fmt: skip
        (folder / "provenance").mkdir()
        (folder / "provenance/history.tsv.json").write_text(json.dumps(record))
        (folder / "overview.html").write_text(name)
        (folder / ".hidden").mkdir()
        (folder / f".hidden/{name}").touch()
    return tmp_path / "one", tmp_path / "other"


def test_times_hosts_and_how_a_picture_is_stored_do_not_count(results):
    counts, differences = compare(*results)
    assert differences == []
    assert counts == {
        "byte for byte": 2,
        "tables without measured times": 1,
        "figures by pixels": 1,
        "provenance without time and host": 1,
        "left out: shows measured times": 1,
    }


def changed(folder, name):
    """Change one file a little."""
    path = folder / name
    if name == "figure.png":
        plt.imsave(path, [[0.0, 0.9]], vmax=1)
    elif name == "history.tsv":
        path.write_text(path.read_text().replace("0.25", "0.250"))
        record = path.parent / "provenance/history.tsv.json"
        told = json.loads(record.read_text())
        told["outputs"]["results/history.tsv"] = sha256_of(path)
        record.write_text(json.dumps(told))
    elif name == "provenance/history.tsv.json":
        path.write_text(path.read_text().replace("abc", "abd"))
    else:
        path.write_bytes(path.read_bytes() + b"\n")


@pytest.mark.parametrize(
    "name",
    [
        "figure.png",
        "history.tsv",
        "provenance/history.tsv.json",
        "model.safetensors",
        "sub/scores.tsv.gz",
    ],
)
def test_any_other_change_is_found(results, name):
    changed(results[1], name)
    _, [difference] = compare(*results)
    assert difference.startswith(f"{name}: differs")


@pytest.mark.parametrize("change", ["another result", "no result", "another name"])
def test_a_record_that_describes_another_result_is_found(results, change):
    path = results[1] / "history.tsv"
    if change == "another result":
        path.write_text(path.read_text().replace("2.5", "3.5"))
    elif change == "no result":
        for folder in results:
            (folder / "history.tsv").unlink()
    else:
        for folder in results:
            (folder / "provenance/history.tsv.json").rename(folder / "provenance/old.tsv.json")
    differences = compare(*results)[1]
    assert differences and all("provenance" in d and "does not describe" in d for d in differences)


def test_files_that_one_lacks_are_found(results):
    shutil.rmtree(results[0] / "sub")
    (results[1] / "model.safetensors").unlink()
    _, differences = compare(*results)
    assert sorted(differences) == [
        f"model.safetensors: only in {results[0]}",
        f"sub/scores.tsv.gz: only in {results[1]}",
    ]
