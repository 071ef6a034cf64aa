"""Aperio ImageScope, read only: an XML of regions for each image, as MoNuSeg and MoNuSAC have them.

Layout: x.xml beside x.tif, or in another folder of the set: Annotations/Annotation is a layer, Regions/Region an
object, Vertices/Vertex its points, in pixels from the image's corner.  A pixel is in when its centre is.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import Size
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _listing
from maskwright.formats._aside import Aside
from maskwright.formats._contract import Reading, Sure, key_of, split_word
from maskwright.formats._images_by_name import ImagesByName, common_folder
from maskwright.formats._rules import RULES
from maskwright.formats._xml import head_of, root_of
from maskwright.media import image_size

LOSES: frozenset[str] = frozenset()

_RULE = "edges"
_NUMBER_OF_CORNERS = 72  # of the polygon that stands for an ellipse
#: ImageScope's types of regions that have an area; rulers and arrows have none.
_FREEHAND, _RECTANGLE, _ELLIPSE = "0", "1", "2"
_LOOKED_INTO = 10
_UNNAMED = "object"


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: XML files of ImageScope with images of their names."""
    labels = _labels(path)
    if not labels:
        return 0.0
    images = ImagesByName(path, None)
    if all(images.of(label) is None for label in labels[:_LOOKED_INTO]):
        return 0.0
    return Sure(0.85, f"{len(labels)} XML files of Aperio ImageScope with images of their names")


def _labels(path: Path) -> list[Path]:
    """The XML files below a folder, where the first of them is ImageScope's."""
    files = _listing.current().of_kind(path, ".xml") if path.is_dir() else []
    return files if any(_is_ours(head_of(file)) for file in files[:_LOOKED_INTO]) else []


def _is_ours(head: bytes) -> bool:
    return b"<Annotations" in head and b"<Annotation " in head and b"<Regions" in head


def read(path: Path, *, images: str | None = None, class_name: str | None = None) -> Reading:
    """images: the folder of the images, below `path` or anywhere; all of the set's when not given.

    class_name: of all regions.  Else a region is of its layer's name, or of its description, or of its attribute's name
    as in MoNuSAC; object where a layer has none.  Negative regions are cut out of the layer's others.
    """
    labels = sorted(_listing.current().of_kind(path, ".xml"))
    if not labels:
        raise FormatError("no XML of ImageScope here", file=path)
    aside = _aside.current()
    found = ImagesByName(path, images)
    home = common_folder(labels)
    names = {class_name} if class_name else _names(labels)
    classes = Classes(Class(number, name, "thing") for number, name in enumerate(sorted(names), 1))
    ids = {class_.name: class_.id for class_ in classes}
    counts: Counter[str] = Counter()
    notes: list[str] = []
    if not class_name and _UNNAMED in names:
        notes.append(f"layers without a name are called {_UNNAMED}; call all of them so: -o class_name=NAME")

    def sample_of(label: Path) -> Sample:
        layers = _layers(label, aside)
        image = found.needed(label)
        size = image_size(image)
        segments = _segments(layers, size, ids, class_name, label, counts)
        split = next(filter(None, map(split_word, label.relative_to(path).parts[:-1])), None)
        return Sample(key_of(label, home), ImageRef(str(image), size), segments, split=split)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(labels, sample_of, lambda label: (label, None))
        notes.extend(f"{number} {what}" for what, number in counts.items())

    return Reading(classes, samples(), len(labels), notes)


@dataclass
class _Layer:
    """name: of its class.  regions: with their points, (N, 2); negative: which of them are cut out of the others."""

    name: str
    regions: list[tuple[dict[str, str], Any]] = field(default_factory=list)


def _names(labels: list[Path]) -> set[str]:
    """The classes of all files; broken ones are told when they are read."""
    found: set[str] = set()
    for label in labels:
        try:
            found |= {layer.name for layer in _layers(label, Aside(skip=True)) if layer.regions}
        except FormatError:
            continue
    return found or {_UNNAMED}


def _layers(label: Path, aside: Aside) -> list[_Layer]:
    """Raises FormatError for a file that is broken. aside: where regions are put whose points are not numbers."""
    out = []
    for layer in root_of(label, "Annotations").iter("Annotation"):
        out.append(_Layer(_name(layer)))
        for number, region in enumerate(layer.iter("Region"), 1):
            record = f"layer {layer.get('Id', len(out))}, region {region.get('Id', number)}"
            with aside.record(label, record):
                out[-1].regions.append((dict(region.attrib), _points(region)))
    return out


def _points(region: Any) -> list[tuple[float, float]]:
    """Raises FormatError for what is not a number."""
    try:
        points = [(float(vertex.get("X", "")), float(vertex.get("Y", ""))) for vertex in region.iter("Vertex")]
    except ValueError:
        points = [(np.nan, np.nan)]
    if not np.isfinite(points).all():
        raise FormatError("has a vertex whose X or Y is not a number")
    return points


def _name(layer: Any) -> str:
    """What a layer is called: by its own name, its description, or the name of its attribute."""
    said = [layer.get("Name", "")]
    for attribute in layer.findall("Attributes/Attribute"):
        name = attribute.get("Name", "")
        said.append(attribute.get("Value", "") if name in ("", "Description") else name)
    return next((name.strip() for name in said if name.strip()), _UNNAMED)


def _segments(
    layers: list[_Layer], size: Size, ids: dict[str, int], class_name: str | None, label: Path, counts: Counter[str]
) -> Segments:
    """counts: what is left out, in words, is added."""
    stacks: list[Masks] = []
    class_ids: list[int] = []
    geometry: list[dict[str, Any] | None] = []
    for layer in layers:
        rings: list[list[list[list[float]]]] = []
        holes: list[list[list[list[float]]]] = []
        for about, points in layer.regions:
            ring = _ring(about.get("Type", _FREEHAND), points)
            if ring is None:
                counts["regions have no area, as rulers and points have none, and were left out"] += 1
            else:
                (holes if about.get("NegativeROA") == "1" else rings).append([[ring]])
        try:
            masks = RULES[_RULE].draw(rings, size)
            kept: list[dict[str, Any] | None] = [drawn.polygon(parts, _RULE) for parts in rings]
            if holes:
                counts["negative regions were cut out of the others"] += len(holes)
                cut = Masks.stack([RULES[_RULE].draw(holes, size).union()] * len(rings), size)
                whole, masks = masks, masks - cut
                same = (whole.areas() == masks.areas()).tolist()
                kept = [shape if is_same else None for shape, is_same in zip(kept, same, strict=True)]
        except ValueError as error:
            raise FormatError(f"its regions cannot be drawn ({error})", file=label) from None
        stacks.append(masks)
        class_ids += [ids[class_name or layer.name]] * len(rings)
        geometry += kept
    return Segments(Masks.concatenate(stacks, size), class_ids, more={"geometry": geometry})


def _ring(kind: str, points: list[tuple[float, float]]) -> list[float] | None:
    """Flat, of a region of a type; None for one without an area."""
    if kind == _ELLIPSE and len(points) >= 2:
        (left, top), (right, bottom) = np.min(points, axis=0), np.max(points, axis=0)
        turns = np.linspace(0, 2 * np.pi, _NUMBER_OF_CORNERS, endpoint=False)
        across, down = (right - left) / 2, (bottom - top) / 2
        ring = np.stack([left + across * (1 + np.cos(turns)), top + down * (1 + np.sin(turns))], axis=1)
        return [float(number) for number in ring.reshape(-1)]
    if kind not in (_FREEHAND, _RECTANGLE) or len(points) < 3:
        return None
    return [number for point in points for number in point]
