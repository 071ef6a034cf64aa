"""Labelme's shapes: what one of them draws, what is kept of it, and how a segment becomes shapes again."""

import base64
import io
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import F64, Size
from maskwright.core.classes import Classes
from maskwright.core.mask import Mask
from maskwright.core.polygons import Polygon
from maskwright.core.polygons import rectangle as corners
from maskwright.core.segments import Segments
from maskwright.formats import _rule_pillow
from maskwright.formats._rasters import opened
from maskwright.formats._rules import RULES, parts_for
from maskwright.formats._shapes import ellipse

RULE = "pillow"
FIELD = "labelme"  # of a sample: shapes that are not segments, with their places, and group_ids by segment id
_AREALESS = ("point", "points", "line", "linestrip")
#: polygon and oriented_rectangle are Labelme's, the others X-AnyLabeling's.
_POLYGONS = ("polygon", "oriented_rectangle", "rotation", "quadrilateral")
#: Keys that are not attributes: Labelme's own but flags and description, and ours.
_STRUCTURE = (
    "label", "points", "group_id", "shape_type", "mask", "maskwright", "maskwright_box", "maskwright_id",
    "maskwright_parts",
)  # fmt: skip


class LeftOutError(Exception):
    """A shape that is not a segment. kind: points and lines, too few points, or the name of an unknown kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def shape_of(row: dict[str, Any], size: Size, rule: str, at: int, *, first: bool) -> tuple[Mask, dict[str, Any], Any]:
    """What a shape draws, what is kept of it as `core.drawn` has it, and its box where it is a rectangle.

    at: its place in the file.  first: of its segment, whose attributes are this shape's.  Raises LeftOutError, and
    ValueError, TypeError, KeyError or FormatError for a broken one.
    """
    kind = row.get("shape_type") or "polygon"
    if kind in _AREALESS:
        raise LeftOutError("points and lines")
    if kind not in (*_POLYGONS, "rectangle", "circle", "mask"):
        raise LeftOutError(str(kind))
    points = np.asarray(row["points"], np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError("a coordinate is not a finite number")
    if kind == "rectangle" and len(points) == 4 and not _upright(points):
        kind = "polygon"
    held = _held(row) if first else ()
    own: dict[str, Any] = {"at": at, "row": {key: value for key, value in row.items() if key not in held}}
    if kind == "mask":
        return _bitmap(row, points, size), {"shape": "runs", "own": {"labelme": own}}, None
    if len(points) != 2 and (kind == "circle" or (kind == "rectangle" and len(points) != 4)):
        raise LeftOutError("too few points")
    if kind == "circle":
        (x, y), (px, py) = points.tolist()
        radius = math.hypot(px - x, py - y)
        around = (x - radius, y - radius, x + radius, y + radius)
        mask = _rule_pillow.ellipse(around, size) if rule == RULE else ellipse(x, y, radius, radius, size)
        return mask, drawn.ellipse((x, y), (radius, radius), rule, labelme=own), None
    if kind == "rectangle":
        box = [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]
        mask = _rule_pillow.rectangle(box, size) if rule == RULE else Mask.from_polygon(corners(*box), size)
        return mask, drawn.rectangle(box, rule, labelme=own), box
    if len(points) < 3:
        raise LeftOutError("too few points")
    del own["row"]["points"]
    ring = [number for point in row["points"] for number in point]
    mask = RULES[rule].draw([[[ring]]], size)[0] if rule == RULE else Mask.from_polygon(Polygon([[points]]), size)
    return mask, drawn.polygon([[ring]], rule, labelme=own), None


def _upright(points: F64) -> bool:
    """Four corners of a rectangle with sides along the axes, in their order."""
    sides = points - np.roll(points, 1, axis=0)
    return bool(((sides == 0).any(axis=1)).all() and (points[0] + points[2] == points[1] + points[3]).all())


def _bitmap(row: dict[str, Any], points: F64, size: Size) -> Mask:
    """As Labelme's shapes_to_label lays it: at the rounded corner, and no further than a second whole-numbered one."""
    with opened(base64.b64decode(row["mask"], validate=True), "mask") as image:
        pixels = np.asarray(image.convert("L")) > 0
    left, top = (round(value) for value in points[0].tolist())
    if len(points) > 1 and (points == np.trunc(points)).all():
        right, bottom = (int(value) for value in points[1])
        pixels = pixels[: max(bottom - top + 1, 0), : max(right - left + 1, 0)]
    if not pixels.size:
        return Mask.encode(np.zeros(size, bool))
    return Mask.encode(np.ascontiguousarray(pixels)).paste(size, left=left, top=top)


def attributes_of(row: dict[str, Any]) -> dict[str, Any]:
    """flags and description where they say anything, keys that Labelme does not know, and what we keep aside."""
    out = {key: value for key, value in row.items() if _is_attribute(key, value)}
    return out | dict(row.get("maskwright") or {})


def _is_attribute(key: str, value: object) -> bool:
    """Whether an attribute can stand among Labelme's own keys, and is one there."""
    if key == "flags":
        return isinstance(value, dict) and bool(value)
    if key == "description":
        return isinstance(value, str) and bool(value)
    return key not in _STRUCTURE and value is not None


def _held(row: dict[str, Any]) -> set[str]:
    """Keys of a segment's first shape whose values the segment holds itself."""
    ours = {"maskwright", "maskwright_box", "maskwright_id"}
    return {"label"} | ours | {key for key, value in row.items() if _is_attribute(key, value)}


# -- and back ------------------------------------------------------------------------------------------------


def given_of(segments: Segments, i: int) -> list[tuple[float, dict[str, Any]]] | None:
    """What was drawn for a segment, as shapes with their places, where Labelme draws its mask of it; else None.

    Shapes that Labelme drew come as they were; polygons of other files where they give the same pixels.
    """
    geometry = segments.more["geometry"][i] if "geometry" in segments.more else None
    if not isinstance(geometry, dict):
        return None
    shapes = geometry.get("shapes") if geometry.get("shape") == "several" else [geometry]
    out = [_raw(shape) for shape in shapes] if isinstance(shapes, list) else [None]
    if None not in out:
        return [row for row in out if row is not None]
    parts = parts_for(segments, i, RULE)
    if not parts or any(len(part) != 1 or len(part[0]) < 6 for part in parts):
        return None
    return [(math.inf, polygon(part[0])) for part in parts]


def _raw(shape: object) -> tuple[float, dict[str, Any]] | None:
    own = drawn.own_of(shape, "labelme")
    if not isinstance(shape, dict) or not isinstance(own, dict) or not isinstance(own.get("row"), dict):
        return None
    if shape.get("shape") != "runs" and shape.get("rule") != RULE:
        return None
    at, row = own.get("at"), dict(own["row"])
    if shape.get("shape") == "polygon":
        row["points"] = _pairs(shape["parts"][0][0])
    return at if isinstance(at, int) else math.inf, row


def _pairs(ring: Sequence[float]) -> list[list[float]]:
    return [list(pair) for pair in zip(ring[::2], ring[1::2], strict=True)]


def polygon(ring: Sequence[float]) -> dict[str, Any]:
    """A shape as Labelme writes those of people. ring: flat."""
    return {"points": _pairs(ring), "shape_type": "polygon", "mask": None, "description": "", "flags": {}}


def rows_of(segments: Segments, i: int, classes: Classes, shapes: str) -> list[tuple[float, dict[str, Any]]]:
    """The shapes of a segment, with the places that they had in their file, inf for new ones. None of an empty mask.

    shapes: auto or mask.  New ones have no group_id yet.
    """
    mask = segments.masks[i]
    if not mask.area():
        return []
    rows = given_of(segments, i) if shapes == "auto" else None
    if rows is None:
        rows = [(math.inf, row) for row in _new(mask, shapes)]
    label = classes[int(segments.class_ids[i])].name
    own = {key: value for key, value in segments.attributes[i].items() if key != "area"}
    plain = {key: value for key, value in own.items() if _is_attribute(key, value)}
    aside = {key: value for key, value in own.items() if key not in plain}
    for number, (at, row) in enumerate(rows):
        row["label"] = label
        row.setdefault("shape_type", "polygon")  # Labelme asks for it, and for a label that is text
        if number == 0 or at == math.inf:
            row.update(plain | ({"maskwright": aside} if aside else {}))
    box = segments.column("box")[i]
    if box is not None and not _is_box(rows, box):
        rows[0][1]["maskwright_box"] = list(box)
    return rows


def _is_box(rows: list[tuple[float, dict[str, Any]]], box: Sequence[float]) -> bool:
    """Whether the only shape is a rectangle that gives this box back."""
    if len(rows) != 1 or rows[0][1].get("shape_type") != "rectangle":
        return False
    points = np.asarray(rows[0][1]["points"], np.float64)
    return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()] == list(box)


def _new(mask: Mask, shapes: str) -> Iterator[dict[str, Any]]:
    parts = RULES[RULE].outline(mask) if shapes == "auto" else None
    if parts is not None:
        yield from (polygon(part[0]) for part in parts)
        return
    from PIL import Image

    left, top, right, bottom = mask.box()
    png = io.BytesIO()
    Image.fromarray(mask.crop((left, top, right, bottom)).decode()).save(png, "PNG")
    points = [[left, top], [right - 1, bottom - 1]]
    text = base64.b64encode(png.getvalue()).decode()
    yield {"points": points, "shape_type": "mask", "mask": text, "description": "", "flags": {}}


Rows = list[tuple[int, float, dict[str, Any]]]


def grouped(rows: Rows, segments: Segments, kept: Any) -> None:
    """Gives the shapes group_ids that join the parts of a segment, and no two segments of one label.

    rows: segment, place and shape, in the order of the segments.  kept: the sample's field.  A segment keeps the group
    that it had in a file; else it has one where it has several shapes, whose first says so (maskwright_parts).
    """
    found = kept.get("group_ids") if isinstance(kept, dict) else None
    stated = found if isinstance(found, dict) else {}
    taken = {str(row.get("group_id")) for _, _, row in rows} | {str(group) for group in stated.values()}
    of_segment: dict[int, list[dict[str, Any]]] = {}
    for i, at, row in rows:
        if at == math.inf:
            row.setdefault("group_id", stated.get(str(int(segments.ids[i]))))
        of_segment.setdefault(i, []).append(row)
    seen: set[tuple[str, Any]] = set()
    for i, shapes in of_segment.items():
        groups = {group_of(row, place) for place, row in enumerate(shapes)}
        joined = shapes[0].get("group_id") is not None
        if len(groups) > 1 or (joined and groups & seen):
            number = int(segments.ids[i])
            while str(number) in taken:
                number += 1
            taken.add(str(number))
            for row in shapes:
                row["group_id"] = number
            shapes[0]["maskwright_parts"] = True
        if shapes[0].get("group_id") is not None:
            seen.add(group_of(shapes[0], 0))


def placed(rows: Rows, kept: Any) -> Rows:
    """Gives new shapes places: those that the segment's old ones left free, else right behind the segment before."""
    taken = {at for _, at, _ in rows} | {at for at, _ in _others(kept)}
    first: dict[int, float] = {}
    for i, at, _ in rows:
        first[i] = min(at, first.get(i, math.inf))
    last = -1.0
    for i, stated in first.items():
        if stated == math.inf:
            free = math.floor(last) + 1.0
            while free in taken:
                free += 1
            after = min((place for k, place in first.items() if k > i and place < math.inf), default=math.inf)
            first[i] = free if free < after else (last + after) / 2
            taken.add(first[i])
        last = first[i]
    return [(i, first[i] if at == math.inf else at, row) for i, at, row in rows]


def with_others(rows: list[dict[str, Any]], kept: Any) -> list[dict[str, Any]]:
    """Shapes with those between them that are not segments. kept: the sample's field."""
    out = list(rows)
    for at, row in _others(kept):
        out.insert(at, dict(row))
    return out


def _others(kept: Any) -> list[tuple[int, dict[str, Any]]]:
    found = kept.get("left_out") if isinstance(kept, dict) else None
    listed = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    return sorted(
        ((entry["at"], entry["row"]) for entry in listed
         if isinstance(entry.get("at"), int) and isinstance(entry.get("row"), dict)), key=lambda other: other[0],
    )  # fmt: skip


def group_of(row: dict[str, Any], place: int) -> tuple[str, Any]:
    """What shapes of one segment have in common: label and group_id, or their own place where they have none."""
    group = row.get("group_id")
    if group is None:
        return str(row["label"]), ("alone", place)
    return str(row["label"]), group if isinstance(group, int | str) else json.dumps(group)
