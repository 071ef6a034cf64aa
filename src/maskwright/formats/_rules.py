"""Pixel rules: which pixels a polygon's points mean, as the programs that read and write them draw it.

A rule draws parts, as `core.drawn` has them, and finds parts that it draws as a mask.  Points of a rule are in the
frame of its program: to `edges` the first pixel's corner is (0, 0), to one whose points name pixels its centre is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import Size
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon
from maskwright.formats import _rule_fill, _rule_pillow, _rule_skimage
from maskwright.formats._shapes import points_of

Parts = Sequence[Sequence[Sequence[float]]]


@dataclass(frozen=True)
class Rule:
    """draw: parts of many polygons, and the size -> their masks, one each; raises ValueError for a broken ring.

    outline: a mask -> parts that `draw` gives exactly that mask of, or None where there are none.
    """

    draw: Callable[[Sequence[Parts], Size], Masks]
    outline: Callable[[Mask], list[list[list[float]]] | None]


def parts_for(segments: Any, row: int, rule: str, *, decimals: int | None = None) -> list[list[list[float]]] | None:
    """The parts drawn for a segment where they mean its mask under `rule` too: drawn by it, or of the same pixels.

    decimals: so many the program keeps of a coordinate; the mask must be what is drawn of the rounded ones.  None where
    nothing was drawn, something else than polygons was, or it draws other pixels under this rule.
    """
    geometry = segments.more["geometry"][row] if "geometry" in segments.more else None
    parts = drawn.parts_of(geometry)
    if parts is None or geometry is None:
        return None
    kept = parts if decimals is None else [[np.round(ring, decimals).tolist() for ring in part] for part in parts]
    if _rules_of(geometry) == {rule} and kept == parts:
        return parts
    try:
        same = RULES[rule].draw([kept], segments.size)[0] == segments.masks[row]
    except (ValueError, TypeError):
        return None
    return parts if same else None


def _rules_of(geometry: Any) -> set[Any]:
    """By which rules the shapes of a geometry were drawn."""
    if geometry.get("shape") == "several":
        return set().union(*(_rules_of(shape) for shape in geometry["shapes"]))
    return {geometry.get("rule")}


def _edges_draw(polygons: Sequence[Parts], size: Size) -> Masks:
    return Masks.from_polygons([Polygon(parts) for parts in polygons], size)


def _edges_outline(mask: Mask) -> list[list[list[float]]]:
    return [[ring.reshape(-1).tolist() for ring in part] for part in mask.polygon().parts]


def _coco_draw(polygons: Sequence[Parts], size: Size) -> Masks:
    flat = [[points_of(ring).reshape(-1) for part in parts for ring in part] for parts in polygons]
    return Masks.from_coco_polygons(flat, size, tiny=True)


def _coco_outline(mask: Mask) -> list[list[list[float]]] | None:
    polygon = mask.polygon()
    if not polygon.parts or polygon.has_holes:
        return None
    rings = [part[0].astype(int).reshape(-1).tolist() for part in polygon.parts]
    same = Masks.from_coco_polygons([rings], mask.size, tiny=True)[0] == mask
    return [[ring] for ring in rings] if same else None


def _rounded_draw(polygons: Sequence[Parts], size: Size) -> Masks:
    return _rule_fill.draw([[[np.rint(ring).tolist() for ring in part] for part in parts] for parts in polygons], size)


#: edges: a pixel is in when its centre is, holes by even and odd, corners at pixel edges; what we draw ourselves, and
#: what a browser's canvas, GeoJSON and GDAL mean.  coco: pycocotools' rasterisation; a part is an outer ring alone.
#: fill: cv2.fillPoly, points cut off to whole ones that name pixels, the outline drawn; what YOLO's programs mean.
#: pillow: Pillow's ImageDraw: points name pixels and are cut off, the outline is drawn; a part is one ring.
#: rounded: as fill, of the nearest whole points; what V7's darwin-py means.
#: skimage: skimage.draw.polygon: points name pixels, and belong inside, on edges and on corners; a part is one ring.
RULES: dict[str, Rule] = {
    "coco": Rule(_coco_draw, _coco_outline),
    "edges": Rule(_edges_draw, _edges_outline),
    "fill": Rule(_rule_fill.draw, _rule_fill.outline),
    "pillow": Rule(_rule_pillow.draw, _rule_pillow.outline),
    "rounded": Rule(_rounded_draw, _rule_fill.outline),
    "skimage": Rule(_rule_skimage.draw, _rule_skimage.outline),
}
