"""What a file or a person drew: kept beside the mask that it draws, and given back unchanged as long as it draws it.

The column `geometry` of a segment holds a mapping as JSON has it:

    shape   polygon, rectangle, ellipse, several (`shapes`: a list of such mappings, united), or runs: run lengths
    rule    by whose pixel rule it draws the mask: a name of `formats._rules.RULES`; of shapes, not of runs
    parts   of a polygon: a list of parts, a part being a list of rings, the outer one first and then its holes; a ring
            is flat, x0, y0, x1, y1 …, in pixels, in numbers as they were written
    box     of a rectangle: x0, y0, x1, y1 in pixels
    centre, radii   of an ellipse: (x, y) and (along x, along y) in pixels
    turn    of a rectangle or an ellipse: degrees clockwise on the screen, around its middle; 0 where it is missing
    area    what was stated as the area of any of them, where that is not the pixel count: COCO's is the polygon's
    own     what only its own format understands, by the format's name, such as the numbers in its own units; a `bbox`
            among it is the box that the file stated beside what was drawn: left, top, width, height in pixels

Values of other forms are kept and given back by the store as they are; formats pass over what they do not know.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

Drawn = Mapping[str, Any]


def polygon(parts: Iterable[Sequence[Sequence[float]]], rule: str, **own: Any) -> dict[str, Any]:
    """Rings as they were written. parts: a list of flat rings a part.  own: by format, see above."""
    found = {"shape": "polygon", "rule": rule, "parts": [list(part) for part in parts]}
    return {**found, "own": own} if own else found


def rectangle(box: Sequence[float], rule: str, *, turn: float = 0, **own: Any) -> dict[str, Any]:
    """box: xyxy.  turn: degrees clockwise on the screen.  own: by format, see above."""
    found: dict[str, Any] = {"shape": "rectangle", "rule": rule, "box": list(box)}
    return {**found, **({"turn": turn} if turn else {}), **({"own": own} if own else {})}


def ellipse(
    centre: Sequence[float], radii: Sequence[float], rule: str, *, turn: float = 0, **own: Any
) -> dict[str, Any]:
    """centre: (x, y).  radii: along x and y before it is turned.  turn: as of `rectangle`.  own: by format."""
    found: dict[str, Any] = {"shape": "ellipse", "rule": rule, "centre": list(centre), "radii": list(radii)}
    return {**found, **({"turn": turn} if turn else {}), **({"own": own} if own else {})}


def several(shapes: Iterable[Drawn]) -> dict[str, Any]:
    """Shapes that are one segment together; what draws a single one is that one."""
    found = [dict(shape) for shape in shapes]
    return found[0] if len(found) == 1 else {"shape": "several", "shapes": found}


def own_of(drawn: object, format: str) -> Any:
    """What `own` keeps for a format, None where there is nothing."""
    own = drawn.get("own") if isinstance(drawn, dict) else None
    return own.get(format) if isinstance(own, dict) else None


def parts_of(drawn: object) -> list[list[list[float]]] | None:
    """The parts of a polygon, or of several that are all polygons; None of other shapes, and of what is not drawn."""
    if not isinstance(drawn, dict):
        return None
    if drawn.get("shape") == "several":
        found = [parts_of(shape) for shape in drawn.get("shapes") or [None]]
        return None if None in found else [part for parts in found for part in parts or []]
    parts = drawn.get("parts") if drawn.get("shape") == "polygon" else None
    return parts if isinstance(parts, list) else None


def is_runs(drawn: object) -> bool:
    """Whether nothing was drawn: the mask was given as run lengths."""
    return isinstance(drawn, dict) and drawn.get("shape") == "runs"


def stated_area(segments: Any, row: int) -> float | None:
    """The area that was stated for a segment and is not its pixel count; None where none was.

    It goes with what was drawn when the mask changes.  Labels that were stored before there was any geometry have it as
    the attribute `area`, which goes in the same way.
    """
    geometry = segments.more["geometry"][row] if "geometry" in segments.more else None
    return stated(geometry, segments.attributes[row])


def stated(geometry: object, attributes: Mapping[str, Any]) -> float | None:
    """The same of one segment's geometry and attributes."""
    area = geometry.get("area") if isinstance(geometry, dict) else None
    area = attributes.get("area") if area is None else area
    number = type(area) is float or (isinstance(area, int | float) and not isinstance(area, bool))
    return area if number else None


def stated_box(drawn: object) -> list[float] | None:
    """The box, xyxy in pixels, that a file stated beside what was drawn; None where it stated none.

    A box without a width or a height stands where a program had nothing to say, and is none.
    """
    own = drawn.get("own") if isinstance(drawn, dict) else None
    for said in own.values() if isinstance(own, dict) else ():
        bbox = said.get("bbox") if isinstance(said, dict) else None
        if not isinstance(bbox, list) or len(bbox) != 4:
            continue
        if not all(isinstance(side, int | float) and isfinite(side) for side in bbox):
            continue
        left, top, width, height = bbox
        if width > 0 and height > 0:
            return [left, top, left + width, top + height]
    return None
