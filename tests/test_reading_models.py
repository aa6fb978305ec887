"""What config/README.md says of reading a trained model from Python, run as it stands there."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from test_explainn import authors_layout

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.models.explainn import ExplaiNN
from workflow_lib.sequence import decode, read_fasta
from workflow_lib.tables import read_table
from workflow_lib.train.inference import predict

pytestmark = pytest.mark.slow
RUN = "results/mini/tiny/seed0"


@pytest.fixture(scope="module")
def lines(root):
    """The blocks of Python in the section."""
    text = (root / "config/README.md").read_text()
    section = text.split("Reading a trained model from Python\n")[1].split("\n### ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def folder(finished, tmp_path, monkeypatch):
    """A folder with the files that the lines read: the mini project's model and sequences."""
    (tmp_path / "results/my_peaks/explainn/seed0").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    shutil.copy(finished / RUN / "model.safetensors", tmp_path / "results/my_peaks/explainn/seed0")
    # The tiles to which the workflow has cut them.
    (a, b), texts = read_fasta(finished / "four.fa")
    tiles = {a: texts[0], **{f"{b}:{i}-{i + 60}": texts[1][i : i + 60] for i in (0, 60, 90)}}
    fasta = "".join(f">{name}\n{text.decode()}\n" for name, text in tiles.items())
    (tmp_path / "data/my_sequences.fa").write_text(fasta)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_lines_give_what_the_workflow_predicts(lines, folder, finished):
    known = {}
    exec(lines[0], known)  # noqa: S102 - our own documentation
    table = read_table(finished / RUN / "apply/four.tsv")
    wide = table.pivot(index="id", columns="target", values=["logit", "prediction"])
    names = known["model"].target_names
    for value, found in (("logit", "logits"), ("prediction", "probabilities")):
        expected = wide[value].loc[known["ids"], names].to_numpy()
        np.testing.assert_allclose(known[found].numpy(), expected, rtol=1e-5, atol=1e-6)
    # What the text below them says.
    model, codes = known["model"], known["codes"]
    assert np.allclose(predict(model, codes, both_strands=True), known["logits"], atol=1e-6)
    said = {"settings", "seed", "versions", "data_digest", "code_digest", "average_strands"}
    assert said <= set(model.metadata) and model.metadata["average_strands"]
    with torch.no_grad():
        X = known["one_hot"](codes)
        sums = model.units(X) @ model.output_weights().T + model.final.bias
    torch.testing.assert_close(sums, known["forward"])


def test_they_are_the_held_out_predictions_too(lines, folder, finished):
    """All sequences of the test part, from their text on."""
    data = dataset.load(finished / "results/mini/dataset.h5ad")
    data = data[data.obs["split"] == "test"]
    texts = decode(np.asarray(data.obsm["sequence"]))
    fasta = "".join(f">{name}\n{text}\n" for name, text in zip(data.obs_names, texts))
    (folder / "data/my_sequences.fa").write_text(fasta)
    known = {}
    exec(lines[0], known)  # noqa: S102 - our own documentation
    table = pd.read_csv(finished / RUN / "predictions.tsv.gz", sep="\t").set_index("id")
    expected = table.loc[known["ids"], known["model"].target_names].to_numpy()
    np.testing.assert_allclose(known["logits"].numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_published_checkpoint_is_read_as_the_lines_say(lines, folder):
    torch.manual_seed(0)
    theirs = ExplaiNN(60, 3, 4).eval()
    torch.save(authors_layout(theirs), folder / "data/authors_checkpoint.pth")
    known = {}
    exec("".join(lines), known)  # noqa: S102 - our own documentation
    found = known["published_probabilities"]
    assert found.shape == (len(known["ids"]), 3)
    torch.testing.assert_close(found, torch.sigmoid(theirs(known["one_hot"](known["codes"]))))
    assert isinstance(known["model"], models.MODELS["explainn"])
