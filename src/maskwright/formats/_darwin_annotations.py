"""One annotation of V7 Darwin: what it draws, by Darwin's own rule, and what it says beside."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import I64, Size
from maskwright.core.mask import Mask
from maskwright.core.names import shown
from maskwright.core.polygons import rectangle
from maskwright.errors import FormatError
from maskwright.formats._coco_segmentation import given_box
from maskwright.formats._rules import RULES
from maskwright.formats._shapes import ellipse

Rule = Literal["rounded", "edges"]

#: The kinds that have an area; a polygon has a `bounding_box` beside it, so that this one comes last.
AREAS = ("polygon", "complex_polygon", "ellipse", "mask", "bounding_box")
LAYER, TAG = "raster_layer", "tag"
#: What an annotation says beside its shape and is kept as it is.
_AS_THEY_ARE = ("attributes", "directional_vector", "measures")


def kind_of(body: Mapping[str, Any]) -> str | None:
    """Which of AREAS an annotation, or a frame of one, is; None for all others."""
    return next((kind for kind in AREAS if kind in body), None)


def frames_of(annotation: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """The frames that an annotation lists, each whole; empty for one of a still image.

    A frame of an annotation of key frames that says nothing of the shape has the shape of the frame before it.
    """
    listed = {**(annotation.get("frames") or {}), **(annotation.get("sections") or {})}
    out: dict[int, dict[str, Any]] = {}
    shape: dict[str, Any] = {}
    for number in sorted(listed, key=int):
        body = dict(listed[number])
        if (kind := kind_of(body) or (LAYER if LAYER in body else None)) is not None:
            shape = {name: body[name] for name in (kind, "bounding_box") if name in body}
        elif annotation.get("only_keyframes"):
            body = {**shape, **body}
        out[int(number)] = body
    return out


def unlisted(annotation: Mapping[str, Any], frames: Mapping[int, Any]) -> int:
    """So many frames of an annotation's ranges are not among those that it lists."""
    ranges = annotation.get("ranges") or annotation.get("segments") or []
    return sum(
        number not in frames
        for pair in ranges
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(end, int) for end in pair)
        for number in range(pair[0], min(pair[1], pair[0] + 100_000))
    )


class Layers:
    """The raster layers of an image, and which mask is which number of them."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._numbers: dict[str, tuple[I64, int]] = {}

    def add(self, record: str, layer: Mapping[str, Any]) -> None:
        """Raises FormatError for one that does not cover the image. record: what it is called."""
        values = _values(layer, self._size, record)
        for name, number in layer["mask_annotation_ids_mapping"].items():
            self._numbers[str(name)] = values, int(number)

    def mask(self, name: Any) -> Mask | None:
        """Of the mask annotation with this id; None where no layer holds it."""
        if str(name) not in self._numbers:
            return None
        values, number = self._numbers[str(name)]
        return Mask.encode(values.reshape(self._size) == number)


def _values(layer: Mapping[str, Any], size: Size, record: str) -> I64:
    """(H x W,) of pairs of a number and how many pixels in a row are it, going by rows."""
    pairs = np.asarray(layer["dense_rle"])
    if pairs.ndim != 1 or pairs.size % 2 or (pairs.size and pairs.dtype.kind not in "iu"):
        raise FormatError("its dense_rle is not pairs of whole numbers", record=record)
    runs = pairs.astype(np.int64)[1::2]
    if (runs < 0).any() or runs.sum() != size[0] * size[1]:
        raise FormatError(
            f"its dense_rle is of {int(runs.sum())} pixels", record=record,
            needed=f"{size[0] * size[1]}, as the image is {size[0]} x {size[1]} (height x width)",
        )  # fmt: skip
    out: I64 = np.repeat(pairs.astype(np.int64)[::2], runs)
    return out


def shape_of(
    body: Mapping[str, Any], name: Any, size: Size, rule: Rule, layers: Layers
) -> tuple[Mask, dict[str, Any] | None, list[float] | None] | None:
    """The mask of an annotation of AREAS, what was drawn, and its box where one was given alone.

    name: the annotation's id.  None for a mask that no raster layer holds.
    """
    kind = kind_of(body)
    if kind == "mask":
        mask = layers.mask(name)
        return None if mask is None else (mask, None, None)
    if kind == "ellipse":
        said = body[kind]
        middle, radii = ([float(said[part][axis]) for axis in "xy"] for part in ("center", "radius"))
        turn = float(np.rad2deg(float(said.get("angle") or 0)))
        kept = drawn.ellipse(middle, radii, "edges", turn=turn, darwin=dict(said))
        return ellipse(middle[0], middle[1], radii[0], radii[1], size, turn), kept, None
    if kind == "bounding_box":
        box = given_box(_bbox(body[kind]))
        return Mask.from_polygon(rectangle(*box), size), drawn.rectangle(box, "edges"), box
    assert kind is not None
    part = _rings(body[kind])
    if not part:
        raise FormatError("has a polygon without a path of three points")
    own = {"darwin": {"bbox": stated}} if (stated := _stated(body)) else {}
    return RULES[rule].draw([[part]], size)[0], drawn.polygon([part], rule, **own), None


def _bbox(said: Mapping[str, Any]) -> list[float]:
    return [float(said[name]) for name in ("x", "y", "w", "h")]


def _stated(body: Mapping[str, Any]) -> list[float] | None:
    """The box beside a polygon as left, top, width, height; None where there is none that can be read."""
    said = body.get("bounding_box")
    try:
        return _bbox(said) if isinstance(said, dict) else None
    except (KeyError, TypeError, ValueError):
        return None


def _rings(said: Mapping[str, Any]) -> list[list[float]]:
    """All paths of a polygon, flat; they are filled by even and odd together.

    Version 2.0 has `paths`; 1.0 has a `path` of points, of lists of points in a complex polygon, and perhaps
    `additional_paths`.
    """
    found = said.get("paths")
    if not found:
        path = said.get("path") or []
        found = [path] if path and isinstance(path[0], dict) else list(path)
    every = [*found, *(said.get("additional_paths") or [])]
    return [[float(point[axis]) for point in path for axis in "xy"] for path in every if len(path) > 2]


def attributes_of(annotation: Mapping[str, Any], body: Mapping[str, Any], frame: int | None) -> dict[str, Any]:
    """What an annotation says beside its shape. body: the annotation, or its frame of this number."""
    both = {**annotation, **body}
    said: dict[str, Any] = {name: both[name] for name in _AS_THEY_ARE if both.get(name)}
    if both.get("id") is not None:
        said["annotation_id"] = str(both["id"])
    if isinstance(number := both.get("instance_id"), dict):
        said["instance_id"] = number.get("value")
    elif number is not None:
        said["instance_id"] = number
    if text := both.get("text"):
        said["text"] = text.get("text") if isinstance(text, dict) else text
    for role in ("annotators", "reviewers"):
        people = both.get(role)
        if isinstance(people, list) and people:
            said[role] = [who.get("email") or who.get("full_name") for who in people if isinstance(who, dict)]
    for name, value in _properties(annotation.get("properties"), frame or 0):
        said.setdefault(name, value)
    return said


def _properties(found: Any, frame: int) -> Iterator[tuple[str, Any]]:
    """Name and value of the properties of a frame and of all frames; several values of one are a list."""
    values: dict[str, list[Any]] = {}
    for row in found if isinstance(found, list) else ():
        if isinstance(row, dict) and row.get("frame_index") in (frame, "global", None) and row.get("value") is not None:
            values.setdefault(shown(str(row.get("name")), 200), []).append(row["value"])
    yield from ((name, several[0] if len(several) == 1 else several) for name, several in values.items())


def score_of(annotation: Mapping[str, Any], body: Mapping[str, Any]) -> float | None:
    """How sure the model was that made an annotation; NaN where it does not say, None where a person made it."""
    said = body.get("inference") or annotation.get("inference")
    if not isinstance(said, dict):
        return None
    sure = said.get("confidence")
    return float(sure) if isinstance(sure, int | float) and 0 <= sure <= 1 else np.nan
