"""Make a motif set from known profiles, a user's file or a model's filters."""

import logging
from collections.abc import Sequence

from workflow_lib.config.names import nearest
from workflow_lib.errors import InputError
from workflow_lib.execution.job import recorded
from workflow_lib.motif import Motif, read_meme, write_meme

log = logging.getLogger("workflow_lib.motif_set")


def chosen(motifs: Sequence[Motif], profiles: Sequence[str], source: str) -> list[Motif]:
    """The motifs with these ids or names, in this order; a name selects all that have it."""
    found: dict[str, Motif] = {}
    for wanted in profiles:
        same = [m for m in motifs if m.id == wanted] or [m for m in motifs if m.name == wanted]
        if not same:
            names = [word for motif in motifs for word in (motif.id, motif.name) if word]
            raise InputError(
                f"{source}: none of its {len(motifs)} profiles has the id or name "
                f"{wanted!r}{nearest(wanted, names)}"
            )
        found |= {motif.id: motif for motif in same}
    return list(found.values())


def main(source: str, profiles: Sequence[str] | None, name: str, output: str) -> None:
    """Write the motifs of a MEME file with these ids or names; None = all, at least one."""
    motifs = read_meme(source)
    if not motifs:
        raise InputError(f"motif_sets.{name}: {source} has no motifs in it; wanted at least one")
    if profiles is not None:
        motifs = chosen(motifs, profiles, f"motif_sets.{name}: {source}")
    log.info("%d motifs of %s", len(motifs), source)
    write_meme(output, motifs)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            source=snakemake.input.motifs,
            profiles=snakemake.params.profiles,
            name=snakemake.wildcards.motif_set,
            output=snakemake.output.meme,
        )
