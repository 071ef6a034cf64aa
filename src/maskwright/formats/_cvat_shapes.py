"""CVAT's shapes: an element of its XML, what it draws, and the element again.

Pixels are those of CVAT's own exports to masks ("Segmentation mask", "COCO"), which go through Datumaro: polygons,
boxes and turned boxes by pycocotools (`PolygonsToMasks`, `BoxesToMasks`, `RotatedBoxesToPolygons`), ellipses by
`cv2.ellipse` with centre and radii rounded to whole pixels (`EllipsesToMasks`), masks as they are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import F64, Size
from maskwright.core.mask import Mask
from maskwright.core.segments import Segments, Source
from maskwright.formats import _cv_ellipse
from maskwright.formats._coco_rings import checked_ring
from maskwright.formats._rules import RULES, parts_for
from maskwright.formats._runs import paste_row_major, to_row_major
from maskwright.formats._shapes import bridged, to_text, turned

#: Elements that have an area, those that have none, and image labels.
DRAWN = ("polygon", "mask", "box", "ellipse")
THIN = ("polyline", "points", "skeleton", "cuboid")
TAG = "tag"

#: Corners, and which of XML's attributes hold a shape's numbers.
_NUMBERS = {
    "box": ("xtl", "ytl", "xbr", "ybr"), "ellipse": ("cx", "cy", "rx", "ry"),
    "mask": ("left", "top", "width", "height"),
}  # fmt: skip
_KNOWN = {
    "label", "source", "occluded", "outside", "keyframe", "frame", "z_order", "group_id", "points", "rle", "rotation",
    *(name for names in _NUMBERS.values() for name in names),
}  # fmt: skip

_SOURCES: dict[str | None, Source] = {"manual": "human", "auto": "model", "semi-auto": "model", "file": "import"}
_BACK = {"human": "manual", "model": "auto", "import": "file"}


@dataclass(frozen=True)
class Shape:
    """One drawn element.

    kind: of `DRAWN`.  numbers: a polygon's x0, y0, x1, y1 …, else those of `_NUMBERS`.  turn: degrees clockwise.
    counts: of a mask, along the rows of its box.  own: what else the element says and segments have no place for.
    """

    kind: str
    numbers: tuple[float, ...]
    turn: float = 0
    counts: tuple[int, ...] = ()
    label: str = ""
    z_order: int = 0
    source: Source = "import"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)

    def drawing(self) -> dict[str, Any] | None:
        """As `core.drawn` has it; of a mask, None where it says nothing beyond its pixels."""
        own = {"cvat": dict(self.own)} if self.own else {}
        if self.kind == "polygon":
            return drawn.polygon([[list(self.numbers)]], "coco", **own)
        if self.kind == "box":
            return drawn.rectangle(self.numbers, "coco", turn=self.turn, **own)
        if self.kind == "ellipse":
            x, y, across, down = self.numbers
            return drawn.ellipse((x, y), (across, down), "fill", turn=self.turn, **own)
        return {"shape": "runs", "own": own} if own else None

    def box(self) -> list[float] | None:
        """xyxy, of a box that is not turned."""
        if self.kind != "box" or self.turn % 360:
            return None
        x0, y0, x1, y1 = self.numbers
        return [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]

    def ring(self) -> list[float] | None:
        """The corners of a polygon or a box, flat; None of other kinds. Raises ValueError for fewer than three."""
        if self.kind == "box":
            return checked_ring(_corners(self.numbers, self.turn).reshape(-1).tolist())
        return checked_ring(self.numbers) if self.kind == "polygon" else None

    def mask(self, size: Size) -> Mask:
        """The pixels. Raises ValueError for runs that do not fit, and as `ring` does."""
        if self.kind != "mask":
            return draw(self.drawing(), size)
        left, top, width, height = (int(number) for number in self.numbers)
        counts = list(self.counts)
        missing = width * height - sum(counts)
        if missing > 0:  # CVAT begins with an empty mask, so that zeros at the end need not be said
            counts += [missing] if len(counts) % 2 == 0 else [0, missing]
        return paste_row_major(np.array(counts, np.int64), (left, top, left + width, top + height), size)

    def between(self, other: "Shape", share: float) -> "Shape | None":
        """The shape on the straight way to another of its kind, 0 to 1; None where there is none.

        As CVAT's `TrackManager` has it for boxes and ellipses, which turn by the shorter way, and for polygons of as
        many points.
        """
        if self.kind != other.kind or self.kind == "mask" or len(self.numbers) != len(other.numbers):
            return None
        here, there = np.array(self.numbers), np.array(other.numbers)
        arc = (other.turn - self.turn + 180) % 360 - 180
        numbers = tuple((here + (there - here) * share).tolist())
        return replace(self, numbers=numbers, turn=(self.turn + arc * share) % 360)


def parse(element: Any, inherited: Mapping[str, str] | None = None) -> Shape:
    """An element of `DRAWN`. inherited: what a track states for its shapes. Raises ValueError, TypeError, KeyError."""
    stated = {**(inherited or {}), **element.attrib}
    kind = element.tag
    counts: tuple[int, ...] = ()
    if kind == "polygon":
        numbers = tuple(float(number) for pair in stated["points"].split(";") for number in _pair(pair))
    else:
        numbers = tuple(float(stated[name]) for name in _NUMBERS[kind])
    turn = float(stated.get("rotation") or 0)
    if not np.isfinite([*numbers, turn]).all():
        raise ValueError("a coordinate is not a finite number")
    if kind == "mask":
        counts = tuple(int(word) for word in stated["rle"].split(","))
    if kind == "ellipse" and min(numbers[2:]) < 0:
        raise ValueError(f"an ellipse has the radii {numbers[2]:g} and {numbers[3]:g}")
    attributes = {str(child.get("name")): _value(child.text or "") for child in element if child.tag == "attribute"}
    if stated.get("occluded") == "1":
        attributes["occluded"] = True
    if stated.get("group_id"):
        attributes["group_id"] = _value(stated["group_id"])
    word = stated.get("source")
    source = _SOURCES.get(word, "import")
    own: dict[str, Any] = {name: text for name, text in stated.items() if name not in _KNOWN}
    if word is not None and word != _BACK[source]:
        own["source"] = word
    z_order = int(stated.get("z_order") or 0)
    return Shape(kind, numbers, turn, counts, stated["label"], z_order, source, attributes, own)


def _pair(text: str) -> list[str]:
    found = text.split(",")
    if len(found) != 2:
        raise ValueError(f"a point is {text!r}")
    return found


def kept(element: Any) -> dict[str, Any]:
    """An element that is not a segment, whole, JSON-safe: its kind, its attributes, its values and its elements."""
    out: dict[str, Any] = {"kind": element.tag, **element.attrib}
    values = {str(child.get("name")): child.text or "" for child in element if child.tag == "attribute"}
    inner = [kept(child) for child in element if child.tag in (*DRAWN, *THIN)]
    return {**out, **({"attributes": values} if values else {}), **({"elements": inner} if inner else {})}


def restored(found: Any, indent: str = "  ") -> str:
    """The other way, as XML; nothing for what `kept` does not make."""
    if not isinstance(found, dict) or found.get("kind") not in (*DRAWN, *THIN, TAG):
        return ""
    stated = {name: text for name, text in found.items() if name not in ("kind", "attributes", "elements")}
    head = "".join(f" {name}={quoteattr(str(text))}" for name, text in stated.items() if str(name).isidentifier())
    values = found.get("attributes") or {}
    elements = found.get("elements")
    inner = "".join(restored(part, indent + " ") for part in (elements if isinstance(elements, list) else ()))
    inner += "".join(
        f"{indent} <attribute name={quoteattr(str(name))}>{escape(str(text))}</attribute>\n"
        for name, text in (values.items() if isinstance(values, dict) else ())
    )
    return f"{indent}<{found['kind']}{head}>\n{inner}{indent}</{found['kind']}>\n"


def draw(geometry: Any, size: Size) -> Mask:
    """What CVAT makes of one drawn shape. Raises ValueError, TypeError or KeyError for what it does not know."""
    kind = geometry["shape"]
    if kind == "polygon":
        return RULES["coco"].draw([geometry["parts"]], size)[0]
    turn = float(geometry.get("turn") or 0)
    if kind == "rectangle":
        return RULES["coco"].draw([[[_corners(geometry["box"], turn).reshape(-1).tolist()]]], size)[0]
    if kind == "ellipse":
        (x, y), (across, down) = geometry["centre"], geometry["radii"]
        # CVAT keeps the right and the upper end, in hundredths of a pixel.
        ends = float(f"{x + across:.2f}") - x, y - float(f"{y - down:.2f}")
        return _cv_ellipse.filled((round(x), round(y)), (round(ends[0]), round(ends[1])), turn, size)
    raise ValueError(f"a shape of kind {kind!r}")


def _corners(box: Any, turn: float) -> F64:
    """(4, 2) of a rectangle turned clockwise around its middle."""
    x0, y0, x1, y1 = (float(number) for number in box)
    return turned(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), turn)


@dataclass(frozen=True)
class Written:
    """How a segment is written. body: the element's attributes that say where it is.  lost: pixels that differ."""

    kind: str
    body: str
    as_drawn: bool
    lost: int = 0


def chosen(segments: Segments, row: int, shapes: str) -> Written:
    """The element for a segment. shapes: auto, mask or polygon; its mask is not empty."""
    mask = segments.masks[row]
    geometry = segments.more["geometry"][row] if "geometry" in segments.more else None
    if shapes != "mask" and (found := _as_drawn(segments, row, geometry)) is not None:
        return found
    if shapes == "polygon":
        ring = bridged(mask.polygon()).reshape(-1).tolist()
        lost = (RULES["coco"].draw([[[ring]]], segments.size)[0] ^ mask).area()
        return Written("polygon", _points(ring), False, lost)
    left, top, right, bottom = mask.box()
    counts = ", ".join(str(count) for count in to_row_major(mask.crop((left, top, right, bottom))).tolist())
    place = f'rle="{counts}" left="{left}" top="{top}" width="{right - left}" height="{bottom - top}"'
    return Written("mask", place, geometry is not None and geometry.get("shape") == "runs")


def _as_drawn(segments: Segments, row: int, geometry: Any) -> Written | None:
    """What was drawn, where CVAT has such a shape and it means these pixels to it."""
    if not isinstance(geometry, dict):
        return None
    kind = geometry.get("shape")
    if kind in ("rectangle", "ellipse"):
        own_rule = geometry.get("rule") == ("coco" if kind == "rectangle" else "fill")
        try:
            if not own_rule and draw(geometry, segments.size) != segments.masks[row]:
                return None
            turn = f' rotation="{_number(geometry["turn"])}"' if geometry.get("turn") else ""
            numbers = geometry["box"] if kind == "rectangle" else [*geometry["centre"], *geometry["radii"]]
            names = _NUMBERS["box" if kind == "rectangle" else "ellipse"]
            body = " ".join(f'{name}="{_number(value)}"' for name, value in zip(names, numbers, strict=True))
        except (ValueError, TypeError, KeyError):
            return None
        return Written("box" if kind == "rectangle" else "ellipse", body + turn, True)
    parts = parts_for(segments, row, "coco", decimals=None if drawn.own_of(geometry, "cvat") else 2)
    if parts is None or len(parts) != 1 or len(parts[0]) != 1:
        return None
    return Written("polygon", _points(parts[0][0]), True)


def element(
    segments: Segments, row: int, written: Written, label: str, z_order: int, asides: Mapping[str, Any]
) -> str:  # fmt: skip
    """A segment as XML. asides: as of `own_of`."""
    extra = {name: value for name, value in segments.attributes[row].items() if name != "area"}
    own = own_of(segments, row, asides)
    hidden = int(extra.get("occluded") is True)
    group = extra.get("group_id")
    grouped = isinstance(group, int | str) and not isinstance(group, bool) and _value(_text(group)) == group
    source = own.get("source")
    if _SOURCES.get(source) != segments.source[row]:
        source = _BACK[segments.source[row]]
    inner = "".join(
        f"<attribute name={quoteattr(name)}>{escape(_text(value))}</attribute>"
        for name, value in extra.items()
        if not (name == "occluded" and hidden) and not (name == "group_id" and grouped)
    )
    more = f" group_id={quoteattr(_text(group))}" if grouped else ""
    more += "".join(
        f" {name}={quoteattr(str(text))}" for name, text in own.items() if name not in _KNOWN and name.isidentifier()
    )
    return (
        f'  <{written.kind} label={quoteattr(label)} source="{source}" occluded="{hidden}" {written.body} '
        f'z_order="{z_order}"{more}>{inner}</{written.kind}>\n'
    )


def own_of(segments: Segments, row: int, asides: Mapping[str, Any]) -> dict[str, Any]:
    """What only CVAT understands of a segment. asides: the same by segment id, for those whose mask is another."""
    geometry = segments.more["geometry"][row] if "geometry" in segments.more else None
    own = asides.get(str(int(segments.ids[row]))) if geometry is None else drawn.own_of(geometry, "cvat")
    return own if isinstance(own, dict) else {}


def _points(ring: Any) -> str:
    flat = list(ring)
    return 'points="' + ";".join(f"{_number(x)},{_number(y)}" for x, y in zip(flat[::2], flat[1::2], strict=True)) + '"'


def _number(value: float) -> str:
    """Shortest text of the same number."""
    return str(int(value)) if value == int(value) else repr(float(value))


def _value(text: str) -> Any:
    """What an attribute's text says: JSON where it is written as we write it, else the text."""
    try:
        value = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return text
    return value if to_text(value) == text else text


def _refused(word: str) -> None:
    raise ValueError(word)


def _text(value: Any) -> str:
    """The other way."""
    if isinstance(value, str) and _value(value) == value:
        return value
    return to_text(value)
