"""Facts of a dataset from which a training is planned."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.classes import Classes
from maskwright.errors import DatasetError
from maskwright.predict.layout import COLOURED, COLOURS
from maskwright.store import View

LOOKED_AT = 400  # samples at most
DECODED = 24  # of them decoded


@dataclass(frozen=True)
class Fingerprint:
    """What `looked_at` samples, drawn evenly, say of a dataset."""

    samples: int
    training: int
    validation: int
    looked_at: int
    height: float  # medians
    width: float
    largest: int  # longest side
    things: int  # classes
    stuff: int
    objects: float  # things an image, median
    object_side: float  # √area of things in pixels, median; 0 without
    melting: float  # share of things that touch another of their class: parts of a label map would melt them together
    overlapping: float  # share of things' pixels that lie under another thing
    unlabelled: float  # share of pixels under no segment
    imbalance: float  # pixels of the commonest class to those of the rarest
    rarest: float  # share of images that show the rarest class
    gray: bool  # three of four images have no colour

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def fingerprint(view: View, train: list[int], val: list[int]) -> Fingerprint:
    """train, val: sample numbers.  Raises DatasetError for a dataset without any segment."""
    numbers = sorted(set(train) | set(val))
    picked = [numbers[k] for k in np.unique(np.linspace(0, len(numbers) - 1, min(LOOKED_AT, len(numbers))).astype(int))]
    classes = view.classes
    plain = {class_.id: class_ for class_ in classes if class_.role == "class"}
    sides, objects, areas = [], [], []
    pixels = dict.fromkeys(plain, 0)
    images = dict.fromkeys(plain, 0)
    things = melted = covered = thing_pixels = open_pixels = all_pixels = 0
    for first in range(0, len(picked), 32):
        for sample in view.read(picked[first : first + 32]):
            segments = sample.segments
            sides.append(sample.image.size)
            all_pixels += int(np.prod(segments.size))
            open_pixels += int(np.prod(segments.size)) - int(segments.masks.union().area())
            own = segments.masks.areas()
            for kind, area in zip(segments.class_ids.tolist(), own.tolist(), strict=True):
                if kind in pixels:
                    pixels[kind] += area
            for kind in np.unique(segments.class_ids).tolist():
                if kind in images:
                    images[kind] += 1
            thing = np.array(
                [class_id in plain and plain[class_id].kind == "thing" for class_id in segments.class_ids.tolist()],
                bool,
            )
            mine = segments[thing & ~segments.is_crowd & (own > 0)]
            objects.append(len(mine))
            areas += mine.masks.areas().tolist()
            if len(mine):
                things += len(mine)
                melted += _melted(mine)
                thing_pixels += int(mine.masks.areas().sum())
                covered += int(mine.masks.areas().sum()) - int(mine.masks.union().area())
    if not any(pixels.values()):
        raise DatasetError("no sample has a segment of a class to learn", file=view.place, needed="labels to train on")
    shown = [pixel for pixel in pixels.values() if pixel]
    counted = [image for image in images.values() if image]
    return Fingerprint(
        samples=len(view), training=len(train), validation=len(val), looked_at=len(picked),
        height=float(np.median([side[0] for side in sides])), width=float(np.median([side[1] for side in sides])),
        largest=int(max(max(side) for side in sides)), things=_kinds(classes, "thing"), stuff=_kinds(classes, "stuff"),
        objects=float(np.median(objects)), object_side=float(np.median(np.sqrt(areas))) if areas else 0.0,
        melting=melted / things if things else 0.0, overlapping=covered / thing_pixels if thing_pixels else 0.0,
        unlabelled=open_pixels / all_pixels, imbalance=max(shown) / min(shown), rarest=min(counted) / len(picked),
        gray=_gray(view, picked),
    )  # fmt: skip


def _kinds(classes: Classes, kind: str) -> int:
    return sum(class_.kind == kind and class_.role == "class" for class_ in classes)


def _melted(things: Any) -> int:
    """How many things share a connected part with another of their class."""
    count = 0
    for kind in np.unique(things.class_ids):
        same = things[things.class_ids == kind]
        if len(same) < 2:
            continue
        parts, _ = same.masks.union().batch.components()
        touching = parts.intersections(same.masks) > 0  # (parts, things)
        count += int((touching[touching.sum(axis=1) > 1].any(axis=0)).sum())
    return count


def _gray(view: View, numbers: list[int]) -> bool:
    """True when three of four images have no colour: none of red, green and blue, or all alike."""
    few = [numbers[k] for k in np.unique(np.linspace(0, len(numbers) - 1, min(DECODED, len(numbers))).astype(int))]
    gray = 0
    for number in few:
        image = media.read(view.read([number])[0].image)
        if image.pixels.dtype == np.uint8 and image.channels in COLOURED:
            pixels = image.display()[::4, ::4].astype(np.int16)
            gray += int(np.abs(pixels - pixels[..., :1]).max()) <= 8
        else:
            gray += not set(COLOURS) <= set(image.channels)
    return gray >= 0.75 * len(few)
