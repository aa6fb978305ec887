"""The programs of the MEME suite, looked for before any job starts."""

import re
import shutil
import subprocess  # noqa: TID251 - asks a program for its version
from collections.abc import Sequence
from functools import cache
from pathlib import Path

# STREME is part of the MEME suite since version 5; Tomtom's table is another one since then.
_VERSION = 5


def check_meme_suite(
    wildcards: object, output: Sequence[str], *, program: str, installed: bool = False
) -> str:
    """Refuse a job whose program is absent or too old; for `params`.

    A job whose results are there is let pass: a finished project may be looked at anywhere.

    Parameters
    ----------
    wildcards, output
        Of the job. (Snakemake does not record params that it makes of `output`.)
    program
        Its name on the PATH.
    installed
        Snakemake itself will install the program (`--sdm conda`).

    Raises
    ------
    SystemExit
        Names the program, what was found and how to get the right one. (Of any other error
        Snakemake would show a traceback.)
    """
    if not installed and not all(Path(path).exists() for path in output):
        _check(program)
    return program


@cache
def _check(program: str) -> None:
    place = shutil.which(program)
    found = f"{program} is not on the PATH" if place is None else _too_old(place)
    if found:
        instead = ""
        if program == "tomtom":
            instead = ", or choose 'program: memelite' under 'annotation' in the config"
        raise SystemExit(
            f"{found}; wanted {program} of the MEME suite, version {_VERSION} or newer: let "
            f"snakemake install it with '--sdm conda', or load your site's MEME suite{instead}"
        )


def _too_old(place: str) -> str:
    """What is wrong with a program's version, or ''; one that does not say it is let pass."""
    done = subprocess.run([place, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\b(\d+)\.\d+(?:\.\d+)*", done.stdout)
    if version and int(version[1]) < _VERSION:
        return f"{place} is of version {version[0]}"
    return ""
