"""Masks of the same images by another person, as 2nd_manual of DRIVE or _2ndHO of CHASE_DB1, beside the first one's."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from maskwright.core.names import shown
from maskwright.core.plurals import many
from maskwright.formats._discovery import Kind, is_second
from maskwright.formats._plausible import Noted


@dataclass(frozen=True)
class Observer:
    """name: what the folder, or the end of file names, calls them.  files: masks by image.  command: reads them."""

    name: str
    files: dict[Path, Path]
    command: str

    def note(self) -> Noted:
        """That they are there, and how they are read."""
        first = next(iter(self.files.values()))
        text = (
            f"a second observer drew {many(len(self.files), 'image')} as well, such as {shown(first.name)}: "
            f"a dataset keeps those masks as the own labels of {self.name!r}, beside the first observer's, and a "
            f"conversion leaves them out; read them in place of the first with: {self.command}"
        )
        return Noted(text, "second annotators", len(self.files), shown(first.name))


def observers(kinds: Iterable[Kind], images: set[Path], root: Path) -> list[Observer]:
    """Those of kinds that were not chosen. images: of the kind that was.  root: the set's folder."""
    out = []
    for kind in kinds:
        if not is_second(kind.way):
            continue
        files = {image: label for leaf in kind.leaves for image, label in map(leaf.files, range(len(leaf.pairs)))}
        files = {image: label for image, label in files.items() if image in images}
        if files:
            name = kind.way.label.strip("_-. ") if kind.way.beside or not kind.way.right else kind.way.right[-1]
            command = f"maskwright import {shlex.quote(str(root))} DATASET -f label-map {kind.command()}"
            out.append(Observer(name, dict(sorted(files.items())), command))
    return out
