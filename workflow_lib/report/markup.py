"""Escaping texts of the config and of data sets, so that pages never take them for markup."""

import json
from typing import Any


def without_markup(value: Any) -> str:
    r"""Write a value as JSON in which no HTML can begin; `json.loads` gives the value back.

    Snakemake's report holds the params of its figures in a script element as they are: a text with
    `</script>` would end that element, and what follows would be a part of the page.

    Parameters
    ----------
    value
        What JSON can hold.

    Returns
    -------
    str
        ASCII, with `\u003c` for each `<`.
    """
    return json.dumps(value).replace("<", r"\u003c")
