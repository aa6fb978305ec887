"""`make mutation-check`: break the code that decides numbers, place by place, and run its tests.

    python tests/mutation_check.py [--seed 1] [--sample 20] [MODULE ...]

Cosmic Ray makes the mutants (`-` for `+`, `<=` for `<`, a number one larger ...). Of each module a
sample is tested, one mutant a place, each in a copy of the project. It is killed if a test fails or
does not end. Survivors are shown; with fewer than THRESHOLD killed the exit status is 1.
"""

import argparse
import ast
import difflib
import gc
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import NamedTuple

# Most are imported here only so that each fork has them: a tenth of the time of fresh processes.
import anndata  # noqa: F401
import cosmic_ray.cli
import hypothesis.strategies  # noqa: F401
import matplotlib.image  # noqa: F401
import memelite  # noqa: F401
import pytest
import sklearn.metrics  # noqa: F401
import torch  # noqa: F401

Process = multiprocessing.get_context("fork").Process
ROOT = Path(__file__).resolve().parent.parent
# The modules, and which test files look at them.
TESTS = {
    "train/losses.py": ["training", "tasks"],
    "train/metrics.py": ["evaluation"],
    "train/evaluation.py": ["evaluation"],
    "train/training.py": ["training"],
    "interpret/sequence_selection.py": ["interpret", "nullification", "tasks"],
    "interpret/filters.py": ["interpret", "instances"],
    "interpret/importance.py": ["interpret"],
    "motifs/ranking.py": ["ranking"],
    "motifs/tomtom.py": ["motif"],
    "data/gc_matching.py": ["gc_matching", "parser_fasta"],
}
THRESHOLD = 0.9
WORKERS = 2
# What is easily mistaken; not what fails wherever it is tried, such as `<<` for `+`.
OPERATORS = re.compile(
    "core/(AddNot|NumberReplacer|ZeroIterationForLoop|ExceptionReplacer|Replace(AndWithOr|OrWithAnd"
    "|TrueWithFalse|FalseWithTrue|BreakWithContinue|ContinueWithBreak|UnaryOperator_(USub_UAdd|"
    "Delete_Invert|Delete_Not)|BinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Pow_Mul"
    "|Mod_FloorDiv|BitAnd_BitOr|BitOr_BitAnd)|ComparisonOperator_(Eq_NotEq|NotEq_Eq|Lt_LtE|Lt_GtE"
    "|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt|Is_IsNot|IsNot_Is)))"
)
# Names of constants that decide how often something is said and how much is computed at once.
PACE = re.compile("PROGRESS|_CHUNK_BYTES|_AT_ONCE|_MANY")


class Mutant(NamedTuple):
    """A module (a key of TESTS), a change of it as Cosmic Ray names it, and where that begins."""

    module: str
    operator: str = ""
    occurrence: int = 0
    place: tuple[int, int] = (0, 0)


def mutants(modules: list[str], size: int, seed: int) -> list[Mutant]:
    """Up to `size` mutants of each module, drawn among the places that could change a result."""
    paths = {f"workflow_lib/{module}": module for module in modules}
    settings = f"[cosmic-ray]\nmodule-path = {json.dumps(list(paths))}\ntimeout = 1\n"
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/config.toml", f"{folder}/session.sqlite"]
        Path(files[0]).write_text(settings + 'excluded-modules = []\ntest-command = ""\n')
        subprocess.run(["cosmic-ray", "init", *files], cwd=ROOT, check=True)
        dump = subprocess.check_output(["cosmic-ray", "dump", files[1]], text=True)
    found = {module: [] for module in modules}
    noise = {path: no_results(ast.parse((ROOT / path).read_text())) for path in paths}
    for (item,) in (json.loads(line)[0]["mutations"] for line in dump.splitlines()):
        path, operator, place = item["module_path"], item["operator_name"], (*item["start_pos"],)
        if OPERATORS.fullmatch(operator) and not any(a <= place < b for a, b in noise[path]):
            mutant = Mutant(paths[path], operator, item["occurrence"], place)
            found[mutant.module].append(mutant)
    chosen = []
    for module, of_module in found.items():
        rng = random.Random(f"{seed} {module}")  # noqa: S311 - a sample, no secret
        at = {mutant.place: mutant for mutant in rng.sample(sorted(of_module), len(of_module))}
        chosen += rng.sample(list(at.values()), min(size, len(at)))
    return chosen


def no_results(tree: ast.Module) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """First and last place (line, column) of what changes no result.

    Types, decorators, texts of errors and of the log, what is done only to log, how often that is,
    and how much is computed at once.
    """
    nodes = []
    for node in ast.walk(tree):
        nodes += getattr(node, "decorator_list", [])
        nodes += [getattr(node, "annotation", None), getattr(node, "returns", None)]
        done = [*node.body, *node.orelse] if isinstance(node, ast.If) else [node]
        to_log = all(ast.unparse(statement).startswith("log.") for statement in done)
        pace = isinstance(node, ast.Assign) and PACE.search(ast.unparse(node))
        if isinstance(node, ast.arguments):
            defaults = zip(reversed(node.args), reversed(node.defaults))
            nodes += [default for name, default in defaults if name.arg == "batch_size"]
        if to_log or pace or isinstance(node, ast.Raise | ast.JoinedStr):
            nodes.append(node)
    nodes = [node for node in nodes if hasattr(node, "lineno")]
    return [((n.lineno, n.col_offset), (n.end_lineno, n.end_col_offset)) for n in nodes]


def run_tests(project: Path, mutant: Mutant) -> None:
    """Break a copy of the project and test it there; for a process of its own."""
    os.setsid()
    os.chdir(project)
    with open("log.txt", "w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    # Bytecode of the module before would pass for the mutant's: same size, same second.
    sys.dont_write_bytecode, sys.path[0] = True, str(project)
    if mutant.operator:
        change = [f"workflow_lib/{mutant.module}", mutant.operator, str(mutant.occurrence)]
        cosmic_ray.cli.main(["apply", *change])
    files = [f"tests/test_{name}.py" for name in TESTS[mutant.module]]
    options = "-x -q --assert=plain -p no:cacheprovider --basetemp=temporary -m".split()
    sys.exit(pytest.main([*options, "not slow", *files]))


def outcomes(waiting: list[Mutant], folder: Path) -> Iterator[tuple[Mutant, str, str]]:
    """Yield each mutant, `survived`, `killed` or `timed out`, and its diff, in the order of ending.

    A mutant without an operator is the module as it is: it has to survive, and sets the time limit.
    """
    hidden = shutil.ignore_patterns(".*", "__pycache__", "results", "downloads", "simulated")
    places = [folder / str(number) for number in range(WORKERS)]
    idle = [shutil.copytree(ROOT, place, ignore=hidden) for place in places]
    whole = {module: (places[0] / "workflow_lib" / module).read_text() for module in TESTS}
    running, limits = {}, dict.fromkeys(TESTS, 600.0)
    gc.freeze()
    try:
        while waiting or running:
            while waiting and idle:
                job = waiting.pop(0), idle.pop(), time.monotonic()
                running[start(job[1], job[0])] = job
            wait([process.sentinel for process in running], timeout=1)
            for process, (mutant, project, begun) in list(running.items()):
                late = (seconds := time.monotonic() - begun) > limits[mutant.module]
                if process.is_alive() and not late:
                    continue
                end(process)
                path = project / "workflow_lib" / mutant.module
                texts = [text.splitlines() for text in (whole[mutant.module], path.read_text())]
                diff = "\n".join([*difflib.unified_diff(*texts, n=0, lineterm="")][2:])
                if bool(diff) != bool(mutant.operator) or (process.exitcode and not diff):
                    sys.exit(f"{mutant}: {(project / 'log.txt').read_text()}")
                if not diff:
                    limits[mutant.module] = 30 + 5 * seconds
                path.write_text(whole[mutant.module])
                idle.append(running.pop(process)[1])
                became = "timed out" if late else "killed" if process.exitcode else "survived"
                yield mutant, became, diff
    finally:
        for process in running:
            end(process)


def start(project: Path, mutant: Mutant) -> Process:
    """Start `run_tests` in a process of its own."""
    process = Process(target=run_tests, args=(project, mutant), daemon=True)
    process.start()
    return process


def end(process: Process) -> None:
    """Kill a process, if it still runs, and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def main() -> int:
    """Test a sample of mutants, say what became of them and return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("modules", nargs="*", default=list(TESTS), metavar="MODULE")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=20, help="mutants of each module, at most")
    options = parser.parse_args()
    chosen = mutants(options.modules, options.sample, options.seed)
    begun, survivors, counts = time.monotonic(), [], {module: [0, 0] for module in options.modules}
    baselines = [Mutant(module) for module in options.modules]
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(outcomes(baselines + chosen, Path(folder))) as results,
    ):
        for mutant, became, diff in results:
            if not mutant.operator:
                continue
            counts[mutant.module][0] += became != "survived"
            counts[mutant.module][1] += 1
            where = f"workflow_lib/{mutant.module}:{mutant.place[0]}"
            if became == "survived":
                survivors.append(f"{where} {mutant.operator}\n{diff}\n")
            done, minutes = sum(n for _, n in counts.values()), (time.monotonic() - begun) / 60
            print(f"{done}/{len(chosen)} after {minutes:.1f} min: {where} {became}", flush=True)
    print(f"\nseed {options.seed}, {len(survivors)} survivors:\n", *survivors, sep="\n")
    all_killed, all_tested = counts["all"] = [sum(column) for column in zip(*counts.values())]
    for name, (killed, n) in counts.items():
        print(f"{name:32} {killed:4} of {n:4} killed {killed / max(n, 1):5.0%}")
    return int(all_killed < THRESHOLD * all_tested)


if __name__ == "__main__":
    sys.exit(main())
