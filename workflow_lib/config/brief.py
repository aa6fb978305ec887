"""Long values for `params`, which messages show as a digest.

Where a param has changed, Snakemake prints all of it, before and now, as the reason of the job: a
line of 50,000 characters for the whole config.
"""

import hashlib
from typing import Any

# Characters up to which a value is shown as it is: a reader sees what has changed.
_LONGEST = 300


class _Mapping(dict):
    """A mapping; pickled, as for scripts, it is a plain one."""

    def __repr__(self) -> str:
        return _digest(dict.__repr__(self), len(self))

    def __reduce__(self) -> tuple:
        return dict, (dict(self),)


class _Sequence(tuple):
    """A sequence (Snakemake makes plain lists of lists); pickled, as for scripts, a list."""

    def __repr__(self) -> str:
        return _digest(tuple.__repr__(self), len(self))

    def __reduce__(self) -> tuple:
        return list, (list(self),)


def _digest(text: str, n: int) -> str:
    # No angle brackets: the report shows params, and pages take those for markup.
    return f"({n} entries, sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]})"


def brief(value: Any) -> Any:
    """A value that compares as before, and that messages show in short.

    Parameters
    ----------
    value
        A mapping or a list whose text is long becomes one that is shown as its number of entries
        and a digest; any other value stays as it is.
    """
    if isinstance(value, dict | list) and len(repr(value)) > _LONGEST:
        return _Mapping(value) if isinstance(value, dict) else _Sequence(value)
    return value
