"""Samples as small images inside a page."""

import base64
import io
from collections.abc import Sequence

import numpy as np

from maskwright import media
from maskwright.core.arrays import U8
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import MaskwrightError
from maskwright.figures.comparison import comparison
from maskwright.figures.overlay import overlay
from maskwright.reports.page import Card, Named, Panel
from maskwright.store import View

#: The longer side of an image, in pixels.
SIDE = 420


def drawn(view: View, sample: Sample, note: str, *, side: int = SIDE) -> Card:
    """A sample with its labels over it; a sentence where its image cannot be read."""
    try:
        small, size = _small(view, sample, side)
        labels = _at(sample.segments, size)
        return Card(sample.key, note, [_panel("", overlay(small, labels, view.classes))])
    except (MaskwrightError, OSError) as error:
        return Card(sample.key, note, [], _first(error))


def compared(
    view: View, sample: Sample, found: Sequence[tuple[str, Segments]], note: str, *, side: int = SIDE
) -> Card:  # fmt: skip
    """Truth, then each prediction with its errors; a sentence where the image cannot be read.

    found: predictions by name; the name is left out of captions where there is one alone.
    """
    classes = view.classes
    try:
        small, size = _small(view, sample, side)
        truth = _at(sample.segments, size)
        panels = []
        for place, (name, segments) in enumerate(found):
            width = size[1]
            joined = comparison(small, truth, _at(segments, size), classes)
            whose = f" {name}" if len(found) > 1 else ""
            parts = (("truth", 0), (f"prediction{whose}", 1), (f"errors{whose}", 2))
            for caption, part in parts[1 if place else 0 :]:
                panels.append(_panel(caption, joined[:, part * width : (part + 1) * width]))
        return Card(sample.key, note, panels)
    except (MaskwrightError, OSError) as error:
        return Card(sample.key, note, [], _first(error))


def legend(classes: Classes) -> list[Named]:
    """Names of the classes that are drawn, with their colours."""
    colours = classes.colours().tolist()
    return [
        Named(class_.name, tuple(colours[classes.index_of(class_.id)])) for class_ in classes if class_.role != "ignore"
    ]


def _small(view: View, sample: Sample, side: int) -> tuple[U8, tuple[int, int]]:
    from PIL import Image

    pixels = media.read(sample.image).display(view.window)
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width, 1))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    if size != (height, width):
        pixels = np.asarray(Image.fromarray(pixels).resize(size[::-1], Image.Resampling.LANCZOS))
    return pixels, size


def _at(segments: Segments, size: tuple[int, int]) -> Segments:
    return segments if segments.size == size else segments.replace(masks=segments.masks.resize(size))


def _panel(caption: str, pixels: U8) -> Panel:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "WEBP", quality=82, method=4)
    address = f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}"
    return Panel(caption, address, pixels.shape[:2])


def _first(error: Exception) -> str:
    return f"It cannot be shown: {str(error).splitlines()[0]}"
