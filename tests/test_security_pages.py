"""Text of the config and of data is shown in pages as text and never becomes HTML."""

import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import jinja2
import numpy as np
import pandas as pd
import pytest
import yaml
from docutils.core import publish_parts
from running import snakemake

from workflow_lib.motif import Motif, read_meme, write_meme

SCRIPT = "<script>alert(1)</script>"
OUT = "</script><img src=x onerror=alert(2)><!--<script> {x} {{ y }}"
BOLD = "<b>$\\bad$_x_1$</b> </script><img src=x onerror=alert(3)>"
LINK = "`a <javascript:alert(4)>`_ |b| :raw:`c` javascript:alert(5) *d"
# Text that the config may contain.
MARKED = "`a`_ |b| :raw:`c` javascript:alert(5) *d"
LONG = "$x_1$" + "c" * 200
PATH = 'it\'s; $(touch hacked) `touch hacked` "x" [1] '


class Elements(HTMLParser):
    """What a browser reads in a page: elements with their attributes, scripts, text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts, self.text, self._inside = [], {}, "", None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("id") if tag == "script" else None

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside:
            self.scripts[self._inside] = self.scripts.get(self._inside, "") + data
        else:
            self.text += data

    def tags(self):
        return {tag for tag, _ in self.found}

    def harmful(self):
        """Elements and attributes that could run something, or that came from a text."""
        return [
            (tag, name, value)
            for tag, attributes in self.found
            for name, value in (attributes or {"": ""}).items()
            if tag in ("img", "b", "i", "iframe", "object", "svg")
            or name.startswith("on")
            or "alert(" in (value or "")
        ]


def packed(page, name):
    """The value that a script of the report gives to a variable."""
    value = page.scripts[name].split("=", 1)[1]
    return json.JSONDecoder().raw_decode(value.strip())[0]


# --- captions -------------------------------------------------------------------------------------

NAMES = (
    "dataset",
    "model",
    "method",
    "unit_model",
    "filter_model",
    "baseline",
    "label_a",
    "label_b",
)


@pytest.mark.parametrize(
    "text", [SCRIPT, OUT, BOLD, LINK, LONG, "a\n\n.. raw:: html\n\n   <b>x</b>"]
)
def test_captions_show_any_text_literally(root, text):
    """As Snakemake renders them; `names` are those of the config, which the schema keeps plain."""
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    names = dict.fromkeys(NAMES, "a_name_") | {"others": ["one_", "two_"], "seed": 0}
    names |= {"other": "b_name_", "threshold": 0.75}
    database = dict.fromkeys(("release", "collection", "tax_group"), text)
    preset = {"learning_rate": 0.1, "batch_size": 2, "max_epochs": 3, "patience": None}
    config = {
        "preset": "p_", "presets": {"p_": preset}, "evaluation": {"draws": 1},
        "interpretation": {"inclusive": True, "splits": ["train"], "correct": "auto",
                           "strands": "both"},
        "annotation": {"database": "d_", "q_value": 0.1}, "motif_databases": {"d_": database},
        "figure_1": {"dataset": "a_", "other_models": ["o_", "p_*"], "target": text,
                     "negative_weight_targets": [text, "x_"]},
        "figure_2": {"dataset": "a_"}, "figure_4": {"dataset": "a_", "model": "o_", "seed": 0},
        "figure_6": {"dataset": "a_", "free_model": "o_", "frozen_model": "p_", "seed": 0},
        "datasets": {"a_": {"description": text}},
        "marginalisation": {"backgrounds": {"kind": "uniform", "n": 9, "quantiles": None},
                            "position": None},
    }  # fmt: skip
    # Params other than names are the text.
    params = type("Params", (SimpleNamespace,), {"__getattr__": lambda self, name: text})(**names)
    job = SimpleNamespace(wildcards=SimpleNamespace(**names), config=config, params=params)
    shown = 0
    for path in sorted((root / "resources" / "report").glob("*.rst")):
        caption = environment.from_string(path.read_text()).render(snakemake=job)
        page = Elements(publish_parts(caption, writer="html")["body"])
        assert not page.harmful(), path.name
        assert "problematic" not in str(page.found) + page.text, path.name
        assert "System Message" not in page.text, path.name
        links = [a["href"] for tag, a in page.found if tag == "a" and "href" in a]
        assert all(link.startswith("https://doi.org/") for link in links), path.name
        shown += " ".join(text.split()) in " ".join(page.text.split())
    assert shown == 7  # 1G, S1, 2, S2, 4D, 4E and the methods


# --- the real workflow ----------------------------------------------------------------------------


def hostile_config(root):
    """A config with hostile text, and with files of hostile names and contents.

    The config must not contain `<`; files may.
    """
    config = yaml.safe_load((root / "tests/mini/config.yaml").read_text())
    config["sources"] = {"mini": {"files": {"table.tsv": {"path": "table.tsv"}}}}
    config["datasets"] = {"mini": config["datasets"]["mini"] | {"description": MARKED}}
    config["datasets"]["one"] = {
        "from": "mini", "targets": [LONG], "task": "binary", "split": {"method": "random"},
        "description": LONG,
    }  # fmt: skip
    config["runs"] = [{"datasets": ["mini", "one"], "models": ["tiny"], "seeds": [0]}]
    config["interpretation"] = {"correct": "all"}
    config["motif_sets"] = {"mine": {"meme": f"{PATH}.meme"}}
    config["scanning"] = {
        "runs": [{"datasets": ["one"]}],
        "sets": [{"datasets": ["one"], "motif_sets": ["mine"]}],
    }
    config["apply"] = {"four": {"fasta": f"{PATH}.fa", "datasets": ["mini"]}}
    config["figure_1"] = {
        "dataset": "mini", "sweep": "tiny", "model": "tiny", "baseline_models": ["tiny"],
        "other_models": ["tiny"], "interpreted_models": ["tiny"], "nullified_model": "tiny",
        "target": MARKED, "negative_weight_targets": [MARKED, LONG],
    }  # fmt: skip
    shown = [{"assay": LONG, "dataset": "one", "methods": {MARKED: "mine"}}]
    assays = {"scored_on": "one", "profile": "MA0037.3", "shown": shown}
    config["figure_3"] = {
        "datasets": ["one"], "model": "tiny", "baseline_motif_set": "mine",
        "logos": {"one": "MA0037.3"}, "assays": assays,
    }  # fmt: skip
    config["figures"] = [
        "precision_recall", "figure_1g", "figure_s1", "figure_3f", "figure_3g",
    ]  # fmt: skip
    return config


@pytest.fixture(scope="module")
def pages(checkout, root, tmp_path_factory):
    """A folder in which the workflow has run with that config, with the report."""
    folder = tmp_path_factory.mktemp("hostile")
    write_meme(folder / f"{PATH}.meme", [Motif(SCRIPT, LINK, np.tile(np.eye(4), 2))])
    (folder / f"{PATH}.fa").write_text(f">{SCRIPT} {OUT}\n{'ACGT' * 15}\n")
    (folder / "config.yaml").write_text(yaml.safe_dump(hostile_config(root)))
    rng = np.random.default_rng(0)
    letters, sites = np.array(list("ACGT")), ("TGTTTAC", "AGATAAG", "GCGCATGCGC")
    rows = []
    for i in range(400):
        sequence, start = "".join(rng.choice(letters, 60)), rng.integers(0, 40)
        site = sites[i % 4] if i % 4 < 3 else ""
        sequence = sequence[:start] + site + sequence[start + len(site) :]
        rows.append((f"s{i}", sequence, *(int(i % 4 == j) for j in range(3))))
    table = pd.DataFrame(rows, columns=["id", "sequence", BOLD, MARKED, LONG])
    table.to_csv(folder / "table.tsv", sep="\t", index=False)
    given = {"config": folder / "config.yaml"}
    # The results of the other jobs are in no page.
    targets = ("results/overview.html", "results/mini/tiny/seed0/apply/four.tsv", "figures")
    snakemake(checkout, folder, *targets, **given)
    snakemake(checkout, folder, *targets, "--report", "results/report.html", **given)
    return folder


@pytest.mark.slow
def test_no_text_becomes_html_in_any_page(pages):
    made = sorted(path.name for path in pages.rglob("*.html"))
    assert made == ["overview.html", "report.html"]
    overview = Elements((pages / "results/overview.html").read_text())
    assert not overview.harmful() and "script" not in overview.tags()
    for text in (MARKED, LONG, f"{PATH}.meme"):
        assert re.sub(r"\s", "", text) in re.sub(r"[\s\\]|''", "", overview.text) or (
            re.sub(r"[\s\\']", "", text) in re.sub(r"[\s\\']", "", overview.text)
        )
    report = Elements((pages / "results/report.html").read_text())
    assert not report.harmful()
    # What the report's own scripts put into the page as HTML, and what they show as text.
    results = packed(report, "results")
    assert len(results) == 7
    captions = [entry["caption"] for entry in results.values()]
    for text in [*captions, packed(report, "workflow-desc")]:
        page = Elements(text)
        assert not page.harmful() and "script" not in page.tags()
        own = ("https://doi.org/", "javascript:app.show", "javascript:show_panel")
        assert all(a["href"].startswith(own) for tag, a in page.found if "href" in a)
    of_1g = Elements(results["results/figures/figure_1g.png"]["caption"])
    assert MARKED in of_1g.text
    assert "<" not in json.dumps([entry["job_properties"] for entry in results.values()])


@pytest.mark.slow
def test_hostile_names_are_drawn_and_hostile_paths_read_but_never_executed(pages):
    for name in ("figure_1g", "figure_s1", "figure_3g"):
        assert (pages / f"results/figures/{name}.pdf").read_bytes().startswith(b"%PDF"), name
    (motif,) = read_meme(pages / "results/one/motifs/mine.meme")
    assert motif.id == SCRIPT
    applied = (pages / "results/mini/tiny/seed0/apply/four.tsv").read_text().splitlines()
    assert applied[1].startswith(f"mini\ttiny\t0\t{SCRIPT}\t")
    assert not list(pages.rglob("hacked*"))
    names = {path.name for path in (pages / "results").rglob("*")}
    assert not any(re.search(r"[^A-Za-z0-9_.-]", name) for name in names), names
