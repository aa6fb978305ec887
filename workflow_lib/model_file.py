"""What a model file says of itself, read without torch.

A model file is safetensors: the weights, and in its header all that is needed to build the network
again (`architecture`, `hyperparameters`, `length`, `n_targets`, `target_names`) and what is known
of its training; each value is JSON. `workflow_lib.models` writes and loads it.
"""

import json
import os

from safetensors import SafetensorError, safe_open

from workflow_lib.errors import InputError

_NEEDED = ("architecture", "hyperparameters", "length", "n_targets", "target_names")


def read_metadata(path: str | os.PathLike) -> dict[str, object]:
    """The header (metadata) of a model file.

    Raises
    ------
    InputError
        The file is missing or not a model file.
    """
    try:
        with safe_open(path, framework="np") as file:
            metadata = {key: json.loads(text) for key, text in (file.metadata() or {}).items()}
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such model file") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path}: not a model file, or a damaged one ({error})") from error
    missing = [key for key in _NEEDED if key not in metadata]
    if missing:
        raise InputError(
            f"{path}: not a model file of this workflow; its header lacks {missing[0]!r}"
        )
    return metadata
