"""Ways to split a data set into train, validation and test parts.

Each function takes the data set and its options and returns an array (n,) of part names. The split
belongs to the data set and has its own seed, independent of the seed of a training run.
"""

from collections.abc import Callable, Sequence

import anndata
import numpy as np
from sklearn.model_selection import train_test_split

from workflow_lib.config.limits import check_fractions
from workflow_lib.data.dataset import PARTS
from workflow_lib.errors import InputError


def random(
    data: anndata.AnnData,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    labels: np.ndarray | None = None,
) -> np.ndarray:
    """Random parts by scikit-learn, as in the paper (Methods, "Training, validation, and test").

    Parameters
    ----------
    data
        The data set.
    fractions
        Of train, validation and test; they sum to 1. A last fraction of 0 gives no test part.
    seed
        `random_state` of both calls of `train_test_split`: first the training part is taken off,
        then the rest is divided.
    labels
        Classes (n,) whose proportions all parts keep; see `stratified`.
    """
    train, validation, test = check_fractions(fractions)
    rows = np.arange(data.n_obs)
    try:
        kept, rest = train_test_split(
            rows, test_size=validation + test, random_state=seed, stratify=labels
        )
        held_out = [rest, rest[:0]]
        if test > 0:
            held_out = train_test_split(
                rest,
                test_size=test / (validation + test),
                random_state=seed,
                stratify=None if labels is None else labels[rest],
            )
    except ValueError as error:
        raise InputError(f"split: {data.n_obs} sequences cannot be split: {error}") from error
    parts = np.empty(data.n_obs, dtype=object)
    for name, chosen in zip(PARTS, (kept, *held_out), strict=True):
        parts[chosen] = name
    return parts


def stratified(
    data: anndata.AnnData, fractions: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0
) -> np.ndarray:
    """Random parts that keep the proportions of the classes.

    One target: its values are the classes; several: one-hot classes (exactly one 1 in each row).
    """
    labels = data.X
    if np.isnan(labels).any():
        raise InputError("split: stratified needs labels that are all resolved; found NaN")
    if labels.shape[1] > 1 and not (labels.sum(axis=1) == 1).all():
        raise InputError(
            f"split: stratified needs one target or one-hot classes; found {labels.shape[1]}"
        )
    classes = labels[:, 0] if labels.shape[1] == 1 else labels.argmax(axis=1)
    return random(data, fractions, seed, labels=classes)


def chromosome(
    data: anndata.AnnData, validation: Sequence[str], test: Sequence[str] = ()
) -> np.ndarray:
    """Whole chromosomes are held out; all others are for training."""
    if "chrom" not in data.obs:
        raise InputError("split: chromosome needs sequences with a chrom; this source gives none")
    both = set(validation) & set(test)
    if both:
        raise InputError(f"split: {sorted(both)} cannot be for validation and for test")
    chrom = data.obs["chrom"].astype(str).to_numpy()
    absent = set(validation) | set(test)
    absent -= set(chrom)
    if absent:
        raise InputError(
            f"split: no sequence lies on {sorted(absent)}; the data have {sorted(set(chrom))}"
        )
    return np.where(
        np.isin(chrom, list(test)),
        "test",
        np.where(np.isin(chrom, validation), "validation", "train"),
    ).astype(object)


def source(data: anndata.AnnData) -> np.ndarray:
    """The split that the source's own files give."""
    if "split" not in data.obs:
        raise InputError("split: source was asked for, but the source's files give no split")
    return data.obs["split"].astype(str).to_numpy(dtype=object)


def like(data: anndata.AnnData, other: anndata.AnnData) -> np.ndarray:
    """The held-out sequences of another data set, by id; all others are for training.

    Raises
    ------
    InputError
        Where a held-out sequence of the other data set is missing here: the two could then not be
        compared on the same sequences.
    """
    parts = other.obs["split"].astype(str)
    held_out = parts[parts != "train"]
    missing = held_out.index.difference(data.obs_names)
    if len(missing):
        raise InputError(
            f"split: {len(missing)} of the {len(held_out)} held-out sequences of the other data "
            f"set are not in this one, the first is {missing[0]!r}"
        )
    return held_out.reindex(data.obs_names).fillna("train").to_numpy(dtype=object)


SPLITS: dict[str, Callable[..., np.ndarray]] = {
    "random": random,
    "stratified": stratified,
    "chromosome": chromosome,
    "source": source,
    "like": like,
}
