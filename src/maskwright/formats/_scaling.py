"""Label images of another resolution than their image: taken to its size where that is asked for, or refused."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.core.plurals import many
from maskwright.errors import FormatError
from maskwright.formats._rasters import fitting
from maskwright.media import Description

#: Sides may be off by so much of what the scale would have them be, as odd sides are when they are halved.
_SLACK = 0.01
#: So many sizes are named.
_NAMED = 3


class Scaling:
    """Lays label images over their image, and counts those that were scaled for it.

    asked: whether those of the image's shape are scaled, by nearest neighbours.  command: what reads them so, for the
    refusal.
    """

    def __init__(self, *, asked: bool, command: str | None = None) -> None:
        self._asked, self._command = asked, command
        self._scaled: Counter[tuple[Size, Size]] = Counter()

    def fit(self, values: Array, image: Description, file: Path) -> Array:
        """As `fitting`; raises FormatError for values of another size that are not scaled."""
        size = (int(values.shape[0]), int(values.shape[1]))
        if size not in (image.size, image.stored_size):
            target = next((whole for whole in (image.size, image.stored_size) if alike(size, whole)), None)
            if target is not None and self._asked:
                self._scaled[size, target] += 1
                return fitting(nearest(values, target), image, file)
            if target is not None and self._command is not None:
                raise FormatError(
                    f"the label is {size[0]} x {size[1]}", file=file,
                    needed=f"its image is {target[0]} x {target[1]} (height x width)",
                    todo=f"If it shows the whole image at another resolution, scale it: {self._command}",
                )  # fmt: skip
        return fitting(values, image, file)

    def forget(self) -> None:
        """Count from nothing on."""
        self._scaled.clear()

    def told(self) -> Any:
        """What was scaled, JSON-safe."""
        return [[*sizes, number] for sizes, number in self._scaled.items()]

    def restore(self, told: Any) -> None:
        """Be as it was when `told` said this."""
        self._scaled = Counter({(tuple(own), tuple(whole)): number for own, whole, number in told})

    def notes(self) -> list[str]:
        """How many were scaled, for each size of the first few."""
        told = [
            f"{many(number, 'label')} of {own[0]} x {own[1]} {'was' if number == 1 else 'were'} scaled to the image's "
            f"{whole[0]} x {whole[1]} (nearest neighbours)"
            for (own, whole), number in self._scaled.most_common(_NAMED)
        ]
        rest = self._scaled.total() - sum(number for _, number in self._scaled.most_common(_NAMED))
        return told + ([f"{many(rest, 'label')} of other sizes were scaled as well"] if rest else [])


def alike(size: Sequence[int], whole: Size) -> bool:
    """Whether two sizes are of one shape."""
    if not all(size):
        return False
    down, across = whole[0] / size[0], whole[1] / size[1]
    return abs(down / across - 1) <= _SLACK


def nearest(values: Array, size: Size) -> Array:
    """By pixel centres, as `Masks.resize`: target t shows source floor((t + ½)·S/T). values: (H, W) or (H, W, C)."""
    rows, columns = (
        (2 * np.arange(side, dtype=np.int64) + 1) * own // (2 * side)
        for side, own in zip(size, values.shape[:2], strict=True)
    )
    out: Array = np.ascontiguousarray(values[rows[:, None], columns])
    return out


def command_for(format: str, path: Path, options: Mapping[str, Any]) -> str:
    """What imports a place as a format with labels scaled, to copy into a shell. options: what was given, None else."""
    words = ["maskwright import", shlex.quote(str(path)), "DATASET", "-f", format]
    for name, value in options.items():
        if value is not None:
            written = ",".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value
            words.append(f"-o {shlex.quote(f'{name}={written}')}")
    return " ".join([*words, "-o scale=true"])
