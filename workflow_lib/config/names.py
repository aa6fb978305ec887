"""Names in the config, looked up among the existing ones."""

import difflib
import fnmatch
from collections.abc import Iterable

from workflow_lib.errors import InputError


def nearest(name: str, names: Iterable[str]) -> str:
    """A hint at the nearest name for an error message, or ''."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def known(what: str, name: str, names: Iterable[str], place: str) -> None:
    """Raise unless a name is among the known ones."""
    names = list(names)
    if name not in names:
        raise InputError(
            f"config, {place}: unknown {what} {name!r}{nearest(name, names)}; "
            f"there are: {', '.join(sorted(names)[:20]) or 'none'}"
        )


def match(what: str, patterns: list[str], names: Iterable[str], place: str) -> list[str]:
    """Names that match the patterns (`*`, `?` as in a shell); each must match at least one."""
    names, found = list(names), {}
    for pattern in patterns:
        matching = fnmatch.filter(names, pattern)
        if not matching:
            known(what, pattern, names, place)
        found |= dict.fromkeys(matching)
    return list(found)
