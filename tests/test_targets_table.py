"""Tables of targets: order, groups and colours, from the file to the data set."""

import json
import re
import runpy

import matplotlib.colors
import numpy as np
import pytest
from running import planned, snakemake

from workflow_lib.config.targets_table import (
    COLORS,
    TargetRow,
    names_of_columns,
    read_targets_table,
)
from workflow_lib.data import dataset
from workflow_lib.data.subset import of_targets
from workflow_lib.data.targets import PALETTE, order_targets, targets
from workflow_lib.errors import InputError
from workflow_lib.tables import read_table

HEADER = "target\tgroup\tcolor\tcolumn\n"
TEXT = f"{HEADER}liver\tgut\tNavy\t1\n\nT cell+\tblood\t\t2\nB\tblood\t#0A0B0C\t0\r\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "cells.tsv"
    path.write_text(TEXT)
    return path


def make(names):
    rng = np.random.default_rng(0)
    X, codes = rng.random((5, len(names))), rng.integers(0, 4, (5, 6))
    return dataset.build([f"s{i}" for i in range(5)], codes, X, names, notes=["read"])


def test_rows_come_in_the_order_of_the_file(table):
    assert read_targets_table(table) == [
        TargetRow("liver", "gut", "navy", 1),
        TargetRow("T cell+", "blood", "", 2),
        TargetRow("B", "blood", "#0a0b0c", 0),
    ]
    assert names_of_columns(read_targets_table(table), table) == ["B", "liver", "T cell+"]
    table.write_text("target\nb\na\n")
    assert read_targets_table(table) == [TargetRow("b"), TargetRow("a")]


def test_every_colour_is_known_to_matplotlib_by_the_same_name():
    assert set(matplotlib.colors.CSS4_COLORS) == COLORS
    assert all(matplotlib.colors.is_color_like(color) for color in PALETTE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("name\tgroup\na\tb\n", "line 1: found the columns 'name', 'group'; wanted target"),
        ("target\tcolour\na\tred\n", "line 1: .*'colour' .did you mean 'color'.*wanted target"),
        ("target\ttarget\na\tb\n", "line 1: found the columns 'target', 'target'"),
        ("target\tgroup\n", "found a header and no rows"),
        ("target\tgroup\na\n", "line 2: found 1 cells, wanted 2"),
        ("target\tgroup\na\tb\tc\n", "line 2: found 3 cells, wanted 2"),
        ("target\tgroup\na\tb\n\na\tc\n", "line 4: the target 'a' occurs twice"),
        ("target\tgroup\n\tb\n", "line 2, target: found '', wanted a name"),
        ("target\tgroup\na\tb\x07c\n", "line 2, group: found 'b.x07c', wanted a name"),
        ("target\tcolor\na\tnavi\n", "line 2, color: found 'navi' .did you mean 'navy'.*#rrggbb"),
        ("target\tcolor\na\t#12345\n", "line 2, color: found '#12345'"),
        ("target\tcolor\na\t0.5\n", "line 2, color: found '0.5', wanted #rrggbb or a name"),
        ("target\tcolumn\na\t-1\n", "line 2, column: found '-1', wanted its number, counted from"),
        ("target\tcolumn\na\t1.0\n", "line 2, column: found '1.0'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(table, text, message):
    table.write_text(text)
    with pytest.raises(InputError, match=f"cells.tsv.*{message}"):
        read_targets_table(table)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["0", "", "2"], "found no column for the target 'T cell"),
        (["0", "2", "2"], "the column 2 for 'B', as 'T cell.' has; wanted each number from 0 to 2"),
        (["0", "1", "3"], "the column 3 for 'B'; wanted each number from 0 to 2 once, for 3"),
    ],
)
def test_columns_have_to_be_each_number_once(table, columns, message):
    rows = [row._replace(column=int(c) if c else None) for row, c in
            zip(read_targets_table(table), columns)]  # fmt: skip
    with pytest.raises(InputError, match=message):
        names_of_columns(rows, table)


def test_values_follow_their_targets_into_the_tables_order(table):
    data = make(["B", "T cell+", "liver"])
    before = data.to_df().copy()
    order_targets(data, read_targets_table(table), table)
    assert list(data.var_names) == ["liver", "T cell+", "B"]
    for name in before:
        np.testing.assert_array_equal(data.to_df()[name], before[name])
    assert list(data.var["group"]) == ["gut", "blood", "blood"]
    # A target without a colour takes its group's.
    assert list(data.var["color"]) == ["navy", "#0a0b0c", "#0a0b0c"]
    assert data.uns["notes"][0] == "read" and "3 targets in 2 groups" in data.uns["notes"][1]
    assert str(table.parent) not in " ".join(data.uns["notes"])
    assert targets(data.var).to_dict("list") == {
        "target": ["liver", "T cell+", "B"], "group": ["gut", "blood", "blood"],
        "color": ["navy", "#0a0b0c", "#0a0b0c"],
    }  # fmt: skip


def test_rows_of_other_targets_are_left_out_and_counted(table):
    data = make(["liver"])
    order_targets(data, read_targets_table(table), table)
    assert list(data.var_names) == ["liver"]
    assert "2 rows of targets the data set does not have: T cell+, B" in data.uns["notes"][-1]


def test_a_target_without_a_row_is_named(table):
    with pytest.raises(InputError, match="cells.tsv: found no row for the target 'livr' .did you"):
        order_targets(make(["B", "livr", "T cell+", "x"]), read_targets_table(table), table)


def test_groups_without_colours_take_them_from_the_palette():
    rows = [TargetRow(f"t{i}", f"g{i // 2}") for i in range(6)] + [TargetRow("alone")]
    data = make([row.target for row in rows])
    order_targets(data, rows, "t.tsv")
    first = PALETTE[:3]
    assert list(data.var["color"]) == [first[0]] * 2 + [first[1]] * 2 + [first[2]] * 2 + [""]
    many = [TargetRow(f"t{i}", f"g{i}") for i in range(12)]
    data = make([row.target for row in many])
    order_targets(data, many, "t.tsv")
    assert "12 groups share 9 colours" in data.uns["notes"][-1]


def test_groups_and_colours_are_handed_down_and_kept_in_the_file(table, tmp_path):
    data = make(["B", "T cell+", "liver"])
    order_targets(data, read_targets_table(table), table)
    data.obs["split"] = ["train"] * 3 + ["validation", "test"]
    data.uns |= {"task": "regression", "source": "mine"}
    dataset.save(data, tmp_path / "d.h5ad")
    read = dataset.load(tmp_path / "d.h5ad")
    made = of_targets(read, ["B", "liver"], "d")
    assert targets(made.var).to_numpy().tolist() == [
        ["B", "blood", "#0a0b0c"], ["liver", "gut", "navy"],
    ]  # fmt: skip
    assert targets(make(["B"]).var).to_numpy().tolist() == [["B", "", ""]]


@pytest.mark.parametrize("with_table", [True, False])
def test_a_prepared_data_set_says_what_its_targets_are(root, table, tmp_path, with_table):
    rng, lines = np.random.default_rng(0), ["id\tsequence\tB\tliver\tT cell+"]
    for i in range(60):
        lines.append(f"s{i}\t{''.join(rng.choice(list('ACGT'), 8))}\t{i}\t{i + 0.5}\t-{i}")
    (tmp_path / "t.tsv").write_text("\n".join(lines) + "\n")
    entry = {"source": "mine", "parser": "table", "task": "regression"}
    names = {"dataset": "dataset.h5ad", "labels": "labels.tsv.gz", "targets": "targets.tsv"}
    outputs = {key: str(tmp_path / name) for key, name in names.items()}
    main = runpy.run_path(str(root / "scripts/prepare.py"))["main"]
    others = {"table": str(table)} if with_table else {}
    entry |= {"split": {"method": "random"}}
    main("mine", {"t.tsv": str(tmp_path / "t.tsv")}, others, entry, outputs)
    write = runpy.run_path(str(root / "scripts/targets.py"))["main"]
    write(outputs["dataset"], others.get("table"), outputs["targets"])
    told = read_table(outputs["targets"]).fillna("").to_numpy().tolist()
    data = dataset.load(outputs["dataset"])
    if with_table:
        blood = "#0a0b0c"
        assert told == [
            ["liver", "gut", "navy"],
            ["T cell+", "blood", blood],
            ["B", "blood", blood],
        ]
        assert list(read_table(outputs["labels"]))[2:] == ["liver", "T cell+", "B"]
        # Another colour, and the data set stays as it is.
        table.write_text(re.sub("(?i)navy", "teal", table.read_text()))
        write(outputs["dataset"], str(table), outputs["targets"])
        assert read_table(outputs["targets"])["color"].tolist() == ["teal", blood, blood]
        assert data.var["color"].iloc[0] == "navy"
    else:
        assert told == [["B", "", ""], ["liver", "", ""], ["T cell+", "", ""]]
    number = int(data.obs_names[3][1:])
    assert data.to_df().iloc[3].to_dict() == {
        "B": number, "liver": number + 0.5, "T cell+": -number,
    }  # fmt: skip


@pytest.mark.slow
def test_a_plan_reads_the_table_of_the_user_or_of_the_catalogue(checkout, tmp_path):
    path = tmp_path / "config.yaml"

    def plan(table, **entry):
        given = {"targets_table": table} if table else {}
        config = {
            "datasets": {"blood_atac": given | entry},
            "runs": [{"datasets": ["blood_atac"], "models": ["explainn"], "seeds": [0]}],
        }
        path.write_text(json.dumps(config))
        done = snakemake(checkout, tmp_path, "data", "-n", "-p", config=path, check=False)
        return done.returncode, done.stdout + done.stderr

    # The catalogue's own, from a folder that is not the clone.
    code, said = plan(None)
    assert code == 0 and "Preparing blood_atac" in said and not (tmp_path / "resources").exists()
    code, said = plan("cells.tsv")
    assert code and "blood_atac.targets_table: there is no file cells.tsv" in said
    (tmp_path / "cells.tsv").write_text("target\tcolor\na\tnavi\n")
    code, said = plan("cells.tsv")
    assert code and "line 2, color: found 'navi' (did you mean 'navy'?)" in said
    (tmp_path / "cells.tsv").write_text("target\tcolor\na\tnavy\n")
    code, said = plan("cells.tsv")
    assert code and "found no column for the target 'a'" in said
    (tmp_path / "cells.tsv").write_text("target\tcolumn\na\t0\n")
    assert plan("cells.tsv")[0] == 0


@pytest.mark.slow
def test_files_of_a_second_source_are_fetched_or_missed_like_others(checkout, tmp_path):
    name = "matrix2d.BJ.ReMap+UniBind.less-sparse.npz"
    mirror = tmp_path / "mirror"
    for place in (f"dhs_accessibility/{name}", "tf_binding/sequences.200bp.chr21.fa.gz"):
        (mirror / place).parent.mkdir(parents=True)
        (mirror / place).write_text("x")
    entry = {"files": [name], "files_from": {"tf_binding": ["*.chr21.fa.gz"]}}
    config = {
        "datasets": {"dhs_accessibility": entry},
        "runs": [{"datasets": ["dhs_accessibility"], "models": ["explainn"], "seeds": [0]}],
        "mirror": str(mirror), "offline": True,
    }  # fmt: skip
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(config))
    done = snakemake(checkout, tmp_path, "data", "-n", config=path)
    assert planned(done)["download"] == 2 and planned(done)["prepare"] == 1
    entry["files_from"]["tf_binding"] = ["*.chr2[12].fa.gz"]
    path.write_text(json.dumps(config))
    done = snakemake(checkout, tmp_path, "data", "-n", config=path, check=False)
    said = done.stdout + done.stderr
    assert done.returncode and "sequences.200bp.chr22.fa.gz is not fetched yet" in said
