"""Names in the config, looked up among the existing ones."""

import difflib
import fnmatch
from collections.abc import Iterable

from workflow_lib.errors import InputError

# How many names a message lists.
_SHOWN = 20
# Words of the config that were renamed: a config of before is told the new one.
RENAMED = {
    "interpret_on": ("splits",),
    "parts": ("splits",),
    "optional_parts": ("optional_splits",),
    "all_targets": ("exact_match",),
    "bound_target": ("true_positive",),
    "baselines": ("baseline_models",),
    "compared": ("other_models", "baseline_motif_set"),
    "interpreted": ("interpreted_models",),
    "nullified": ("nullified_model",),
    "negative": ("negative_weight_targets",),
    "database": ("motif_database",),
}


def nearest(name: str, names: Iterable[str]) -> str:
    """Words that suggest the new or the nearest name, or ''."""
    names = list(names)
    renamed = [new for new in RENAMED.get(name, ()) if new in names]
    if renamed:
        return f" (it is called {renamed[0]!r} now)"
    close = difflib.get_close_matches(name, names, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def unknown(what: str, name: str, names: Iterable[str]) -> str:
    """Words for a name that is none of those that exist, which are in the config's order."""
    names = list(names)
    # Of many the last come first: the user's own entries follow the catalogue's hundreds.
    shown = sorted(names) if len(names) <= _SHOWN else names[: -_SHOWN - 1 : -1]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return (
        f"unknown {what} {name!r}{nearest(name, names)}; "
        f"there are: {', '.join(shown) or 'none'}{more}"
    )


def known(what: str, name: str, names: Iterable[str], place: str) -> None:
    """Raise unless a name is among the known ones."""
    names = list(names)
    if name not in names:
        raise InputError(f"config, {place}: {unknown(what, name, names)}")


def match(what: str, patterns: list[str], names: Iterable[str], place: str) -> list[str]:
    """Names that match the patterns (`*`, `?` as in a shell); each must match at least one."""
    names, found = list(names), {}
    for pattern in patterns:
        matching = fnmatch.filter(names, pattern)
        if not matching:
            known(what, pattern, names, place)
        found |= dict.fromkeys(matching)
    return list(found)
