"""Whole images through an engine, as samples: what `maskwright segment` does."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

from maskwright import media
from maskwright.compute import SetAside
from maskwright.core import typed
from maskwright.core.arrays import U8
from maskwright.core.classes import Class, Classes
from maskwright.core.names import confined, safe_key, told_apart
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.figures.overlay import overlay
from maskwright.interactive import engines
from maskwright.interactive.grid import Grid, everything
from maskwright.interactive.session import Session
from maskwright.media import IMAGE_SUFFIXES, Window

CLASSES = Classes([Class(1, "object", "thing")])

#: Of images of eight bits.
NO_WINDOWS: Mapping[str, Window] = MappingProxyType({})


def image_files(places: Sequence[str]) -> list[Path]:
    """Images and folders of images -> image files. Raises FormatError for what is neither."""
    out: list[Path] = []
    for place in map(Path, places):
        if place.is_dir():
            out += sorted(path for path in place.rglob("*") if media.is_image_file(path))
        elif place.is_file():
            out.append(place)
        else:
            raise FormatError("there is no such image", file=place)
    if not out:
        raise FormatError("there are no images", file=places[0], needed=", ".join(IMAGE_SUFFIXES))
    return out


def samples(
    paths: Iterable[Path], engine: str, options: Mapping[str, Any], asked: Mapping[str, Any] | None, *,
    grid: Mapping[str, Any] | None = None, windows: Mapping[str, Window] = NO_WINDOWS,
    broken: list[SetAside] | None = None,
) -> Iterator[Sample]:  # fmt: skip
    """asked: points ([x, y] or [x, y, label]), boxes and text, for every image; None for automatic mask generation.

    grid: fields of `Grid`.  windows: how images of each type of numbers are displayed to the engine.
    broken: images that cannot be read are set aside in it; without it the first ends this.
    Raises UsageError, ModelError, FormatError.
    """
    loaded = engines.build(engine, **options)
    whole = typed.options(grid or {}, Grid, "the grid")
    keys: set[str] = set()
    for number, path in enumerate(paths):
        key = safe_key(path.stem)
        if key in keys:
            key = safe_key(f"{path.resolve().parent.name}/{path.stem}")
        if key in keys:
            key = told_apart(key, str(path.resolve()))
        keys.add(key)
        try:
            image = _displayed(path, windows)
        except FormatError as error:
            if broken is None:
                raise
            broken.append(SetAside(number, key, str(error)))
            continue
        if asked is None:
            found = everything(image, loaded, Grid(**whole))
            masks, scores = found.masks[::-1], found.scores[::-1]  # the surest on top
        else:
            points = asked["points"] or None
            session = Session(image, loaded)
            answer = session.predict(
                None if points is None else [point[:2] for point in points],
                None if points is None else [point[2] if len(point) > 2 else 1 for point in points],
                asked["boxes"] or None, text=asked["text"],
            )  # fmt: skip
            shown = slice(None) if answer.several else slice(1)
            masks, scores = answer.masks[shown], answer.scores[shown]
        segments = Segments(masks, [1] * len(masks), scores=np.clip(scores, 0, 1), source="model")
        yield Sample(key, ImageRef(str(path), (image.shape[0], image.shape[1])), segments)


def _displayed(image: ImageRef | Path, windows: Mapping[str, Window]) -> U8:
    found = media.read(image)
    return found.display(windows.get(found.pixels.dtype.name))


def draw(found: Sequence[Sample], folder: str | Path, windows: Mapping[str, Window] = NO_WINDOWS) -> None:
    """Overlays as PNG files in the folder `overlays` of `folder`, a colour an object. windows: as in `samples`."""
    for sample in found:
        number = len(sample.segments)
        kinds = Classes([Class(k + 1, f"{k + 1}", "thing") for k in range(max(1, number))])
        each = Segments(sample.segments.masks, np.arange(1, number + 1))
        target = confined(Path(folder), f"overlays/{sample.key}.png")
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target):
            raise FormatError("is there already and would be overwritten", file=target)
        Image.fromarray(overlay(_displayed(sample.image, windows), each.visible(), kinds)).save(target)
