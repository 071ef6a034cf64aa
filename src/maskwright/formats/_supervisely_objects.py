"""Supervisely's objects: what their shapes draw, what is kept of them beside that, and the objects again.

Polygons, rectangles and turned boxes are drawn as Supervisely's SDK draws them (geometry/polygon.py, rectangle.py and
oriented_bbox.py, `_draw_impl`): points name pixels, a polygon is cv2.fillPoly of its exterior less cv2.fillPoly of its
interiors, both corners of a rectangle belong to it.  A turned box is cv2.fillPoly of its corners, which are rounded,
turned around the middle pixel and rounded again.
"""

import base64
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import Size
from maskwright.core.mask import Mask
from maskwright.core.polygons import rectangle
from maskwright.core.segments import Segments
from maskwright.formats._rasters import opened
from maskwright.formats._rules import RULES
from maskwright.formats._shapes import FARTHEST, from_text, to_text

FORMAT = "supervisely"

_RULE = "fill"
_SHAPE = ("geometryType", "points", "angle", "bitmap")
#: Keys of an object that a segment holds itself, and those of its shape.
_HELD = ("id", "classTitle", "tags", *_SHAPE)
_DRAWN = ("polygon", "rectangle", "oriented_bbox")
_LARGEST = 1 << 28  # bytes a packed bitmap may unpack to

Found = tuple[Mask, dict[str, Any], list[float] | None]


def shape(row: Mapping[str, Any], size: Size) -> Found | None:
    """The mask of an object, what was drawn, and its box where it is a rectangle; None where it has no area.

    Raises KeyError, TypeError, ValueError or zlib.error for a broken one, FormatError for a bitmap that does not hold
    an image.
    """
    own = {key: row[key] for key in _SHAPE if key in row}
    kind = row.get("geometryType")
    if kind == "bitmap" or "bitmap" in row:
        return _bitmap(row["bitmap"], size), {"shape": "runs"}, None
    if kind == "polygon":
        return _polygon(row["points"], size, own)
    if kind == "rectangle":
        return _rectangle(row["points"]["exterior"], size, own)
    if kind == "oriented_bbox":
        points = row["points"]  # older files have them as rectangles do
        return _turned_box(points["exterior"] if isinstance(points, dict) else points, row.get("angle"), size, own)
    return None


def _polygon(points: Mapping[str, Any], size: Size, own: dict[str, Any]) -> Found:
    exterior, *interiors = [
        [float(number) for point in ring for number in _pair(point)]
        for ring in (points["exterior"], *(points.get("interior") or []))
    ]
    draw = RULES[_RULE].draw
    mask = draw([[[exterior]]], size)[0]
    if not interiors:
        ring = [number for point in points["exterior"] for number in point]
        return mask, drawn.polygon([[ring]], _RULE, supervisely=own), None
    mask = mask - draw([[interiors]], size)[0]
    return mask, {"shape": "cleared", "rule": _RULE, "own": {FORMAT: own}}, None


def _rectangle(points: Any, size: Size, own: dict[str, Any]) -> Found:
    corners = _corners(points)
    (left, top), (right, bottom) = np.rint(corners).astype(int).tolist()
    box = [left, top, right + 1, bottom + 1]
    mask = Mask.from_polygon(rectangle(*box), size)
    return mask, drawn.rectangle(box, "edges", supervisely=own), [*corners[0].tolist(), *(corners[1] + 1).tolist()]


def _turned_box(points: Any, angle: Any, size: Size, own: dict[str, Any]) -> Found:
    (left, top), (right, bottom) = np.rint(_corners(points)).astype(int).tolist()
    turn = float(angle or 0)
    if not np.isfinite(turn):
        raise ValueError(f"its angle is {turn}")
    middle = np.array([(left + right) // 2, (top + bottom) // 2])
    ring = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) - middle
    cos, sin = np.cos(turn), np.sin(turn)
    ring = np.rint(np.c_[ring[:, 0] * cos - ring[:, 1] * sin, ring[:, 0] * sin + ring[:, 1] * cos] + middle)
    mask = RULES[_RULE].draw([[[ring.reshape(-1).tolist()]]], size)[0]
    degrees = float(np.rad2deg(turn))
    return mask, drawn.rectangle([left, top, right, bottom], _RULE, turn=degrees, supervisely=own), None


def _corners(points: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(2, 2): the upper left and the lower right corner."""
    corners = np.array([_pair(point) for point in points], np.float64)
    if len(corners) != 2 or not (np.abs(corners) < FARTHEST).all():
        raise ValueError(f"a rectangle has {len(corners)} usable corners")
    return np.sort(corners, axis=0)


def _pair(point: Any) -> tuple[float, float]:
    x, y = point
    return x, y


def _bitmap(bitmap: Mapping[str, Any], size: Size) -> Mask:
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(base64.b64decode(bitmap["data"], validate=True), _LARGEST)
    if unpacker.unconsumed_tail:
        raise ValueError("its bitmap unpacks to more than 256 MB")
    with opened(raw, "bitmap") as image:
        has_alpha = "A" in image.mode or image.mode == "P"
        inside = np.asarray(image.convert("RGBA"))[..., 3] > 0 if has_alpha else np.asarray(image.convert("L")) > 0
    left, top = (int(value) for value in bitmap["origin"])
    return Mask.encode(np.ascontiguousarray(inside)).paste(size, left=left, top=top)


def own_shape(segments: Segments, row: int) -> dict[str, Any] | None:
    """What was drawn of a segment, as Supervisely has it; None where that is not known, and of bitmaps."""
    own = drawn.own_of(segments.column("geometry")[row], FORMAT)
    return own if isinstance(own, dict) and own.get("geometryType") in _DRAWN and "points" in own else None


def attributes(row: Mapping[str, Any]) -> dict[str, Any]:
    """The tags of an object by name. Raises KeyError, TypeError or AttributeError for broken ones."""
    return {str(tag["name"]): _value(tag.get("value")) for tag in row.get("tags") or []}


def _value(value: Any) -> Any:
    return from_text(value) if isinstance(value, str) else value


def beside(row: Mapping[str, Any]) -> dict[str, Any]:
    """What an object says that is neither its shape nor what a segment holds: its class id, login, tags' ids …

    more: its other keys.  tags: where they say more than names and text.  class: the name of its class, of which
    `classId` speaks.  Empty where there is nothing.
    """
    more = {key: value for key, value in row.items() if key not in _HELD}
    tags = list(row.get("tags") or [])
    plain = len({str(tag["name"]) for tag in tags}) == len(tags) and all(map(_is_plain, tags))
    found = {**({"more": more} if more else {}), **({} if plain else {"tags": tags})}
    return {"class": row["classTitle"], **found} if found else {}


def _is_plain(tag: Mapping[str, Any]) -> bool:
    value = tag.get("value")
    return tag.keys() == {"name", "value"} and isinstance(value, str) and to_text(from_text(value)) == value


def tags_of(said: Mapping[str, Any], before: Any, kinds: Mapping[str, str], misfits: set[str]) -> list[dict[str, Any]]:
    """The tags of a segment.

    said: its attributes.  before: its tags as they were read.  kinds: value types by the names of tags.  misfits: names
    of tags whose type does not hold a value are added, which is written as text.
    """
    before = [tag for tag in before if isinstance(tag, dict) and "name" in tag] if isinstance(before, list) else []
    last = {str(tag["name"]): place for place, tag in enumerate(before)}
    out = []
    for place, tag in enumerate(before):
        name = str(tag["name"])
        if name not in said:
            continue
        same = place != last[name] or _same(_value(tag.get("value")), said[name])
        out.append(tag if same else {**tag, "value": _told(name, said[name], kinds, misfits)})
    new = [name for name in said if name not in last and name != "area"]
    return out + [{"name": name, "value": _told(name, said[name], kinds, misfits)} for name in new]


def _same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and bool(old == new)


def _told(name: str, value: Any, kinds: Mapping[str, str], misfits: set[str]) -> Any:
    kind = kinds.get(name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (kind == "any_number" and number) or (kind == "none" and value is None):
        return value
    if kind in ("any_number", "none"):
        misfits.add(name)
    return to_text(value)


def rows(
    segments: Segments, names: Sequence[str], kept: Mapping[str, Any], kinds: Mapping[str, str], misfits: set[str]
) -> Iterator[dict[str, Any]]:
    """The objects of segments that have a pixel: shapes as they were drawn, else as bitmaps.

    names: of their classes.  kept: by id, as `beside` has it.  kinds, misfits: as of `tags_of`.
    """
    for row, mask in enumerate(segments.masks):
        if not mask.area():
            continue
        identity = int(segments.ids[row])
        known = kept.get(str(identity))
        known = known if isinstance(known, dict) else {}
        more = known.get("more")
        more = dict(more) if isinstance(more, dict) else {}
        if known.get("class") != names[row]:
            more.pop("classId", None)
        yield {
            **more, **(own_shape(segments, row) or _packed(mask)), "id": identity, "classTitle": names[row],
            "tags": tags_of(segments.attributes[row], known.get("tags"), kinds, misfits),
        }  # fmt: skip


def _packed(mask: Mask) -> dict[str, Any]:
    from PIL import Image

    left, top, right, bottom = mask.box()
    png = io.BytesIO()
    Image.fromarray(mask.crop((left, top, right, bottom)).decode()).save(png, "PNG")
    data = base64.b64encode(zlib.compress(png.getvalue())).decode()
    return {"geometryType": "bitmap", "bitmap": {"data": data, "origin": [left, top]}}
