"""All published weights that are known here, by name: tables in entries/, a file a publisher.

Adding weights is adding a table.
"""

import tomllib
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from maskwright.errors import ModelError
from maskwright.weights.publication import Published, entry

_ENTRIES = Path(__file__).parent / "entries"


@cache
def every() -> tuple[Published, ...]:
    """All of them: those of packages first, then by file and in its order."""
    found = [
        entry(table, f"entries/{file.name}")
        for file in sorted(_ENTRIES.glob("*.toml"))
        for table in tomllib.loads(file.read_text(encoding="utf-8"))["weights"]
    ]
    return tuple(sorted(found, key=lambda published: not published.package))


def names() -> list[str]:
    """The names of all of them, sorted."""
    return sorted(published.name for published in every())


def load(name: str) -> Published:
    """The weights of this name. Raises ModelError for one that nothing has, with the nearest ones."""
    for published in every():
        if published.name == name:
            return published
    near = get_close_matches(name, names(), n=3)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "See: maskwright model list"
    raise ModelError(f"there are no weights {name!r} in the catalogue", todo=hint)


def find(*, encoder: str | None = None, network: str | None = None, engine: str | None = None) -> list[Published]:
    """Those for an encoder, a network or an engine; all where nothing is said.

    encoder: as models here call it, such as "resnet18" or "tu-resnet18".  network: such as "maskrcnn" or
    "maskrcnn/resnet50".  engine: "FAMILY/NAME".
    """
    return [
        published
        for published in every()
        if encoder is None or encoder in published.encoders
        if network is None or network in (published.network, published.network.partition("/")[0])
        if engine is None or engine in published.engines
    ]


def told(found: list[Published]) -> dict[str, str]:
    """What their publishers call them -> licence and what they are: the WEIGHTS of models and engines."""
    return {published.place: f"{published.licence}; {_words(published)}" for published in found}


def _words(published: Published) -> str:
    return published.what + (f", {size_text(published.size)}" if published.size else "")


def size_text(size: int) -> str:
    """As people say it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
