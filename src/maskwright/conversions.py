"""Conversions people type into notebooks: mask, run lengths, polygons, box, bitmap; one or many, one call.

    from maskwright import conversions

    rle = conversions.mask_to_rle(array)              # {"size": [H, W], "counts": "…"}, as COCO has it
    array = conversions.rle_to_mask(rle)
    parts = conversions.mask_to_polygons(array)       # exact, with holes
    boxes = conversions.mask_to_box(stack, form="xywh", relative=True)

A mask is (H, W), a batch (N, H, W), bool or integer, NumPy or torch; what takes one takes a batch, and gives a batch.
Run lengths are COCO's dicts, compressed or not.  Polygons are lists of parts, a part is a list of rings (K, 2), the
outer one first and then its holes, with corners at pixel edges.  Relative coordinates are divided by width and height.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from maskwright.core.arrays import F64, Array, Bool, Size, as_numpy
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon
from maskwright.formats import rle_csv

BoxForm = Literal["xyxy", "xywh", "cxcywh"]
Rle = dict[str, Any]
Parts = list[list[F64]]

__all__ = [
    "box_to_mask", "mask_to_box", "mask_to_pairs", "mask_to_polygons", "mask_to_rle", "pairs_to_mask",
    "polygons_to_mask", "polygons_to_rle", "rle_to_box", "rle_to_mask", "rle_to_polygons",
]  # fmt: skip


def _masks(mask: object) -> tuple[Masks, bool]:
    """The masks, and whether there was one only."""
    array = as_numpy(mask)
    if array.ndim == 2:
        return Masks.encode(array[None]), True
    if array.ndim != 3:
        raise ValueError(f"a mask is (H, W) and a batch (N, H, W), got shape {array.shape}")
    return (Masks.encode(array) if len(array) else Masks.empty((array.shape[1], array.shape[2]))), False


def _from_rle(rle: Rle | Sequence[Rle]) -> tuple[Masks, bool]:
    single = isinstance(rle, dict)
    rows: Sequence[Rle] = [rle] if isinstance(rle, dict) else rle
    if not rows:
        raise ValueError("no run lengths given; a batch of none has no size")
    sizes = {(int(row["size"][0]), int(row["size"][1])) for row in rows}
    if len(sizes) > 1:
        raise ValueError(f"run lengths of one batch have one size, got {sorted(sizes)}")
    size = sizes.pop()
    parts = [
        Masks.from_compressed([row["counts"]], size)
        if isinstance(row["counts"], str | bytes)
        else Masks.from_counts([row["counts"]], size)
        for row in rows
    ]
    return Masks.concatenate(parts, size), single


def _to_rle(masks: Masks, single: bool, compressed: bool) -> Any:
    size = list(masks.size)
    if compressed:
        rows = [{"size": size, "counts": text.decode()} for text in masks.compressed()]
    else:
        rows = [{"size": size, "counts": mask.counts.tolist()} for mask in masks]
    return rows[0] if single else rows


def mask_to_rle(mask: object, *, compressed: bool = True) -> Any:
    """COCO run lengths: a dict for (H, W), a list of dicts for (N, H, W).

    compressed: counts as COCO's string; else as a list of numbers, column-major, zeros first.

    >>> mw.conversions.mask_to_rle(np.eye(2, dtype=bool), compressed=False)
    {'size': [2, 2], 'counts': [0, 1, 2, 1]}
    """
    return _to_rle(*_masks(mask), compressed)


def rle_to_mask(rle: Rle | Sequence[Rle], *, out: Array | None = None) -> Bool:
    """(H, W) bool for a dict, (N, H, W) for a list. out: written into, if given. Raises ValueError for broken runs."""
    masks, single = _from_rle(rle)
    dense = masks.decode(out=None if out is None else out.reshape(len(masks), *masks.size))
    return dense[0] if single else dense


def mask_to_polygons(mask: object, *, relative: bool = False, coco: bool = False) -> Any:
    """Exact outlines: parts for (H, W), a list of them for (N, H, W); an empty mask has no parts.

    coco: flat lists x0, y0, x1, y1 … of outer rings instead, which cannot say holes: raises ValueError where there
    are some.
    """
    return _to_polygons(*_masks(mask), relative, coco)


def rle_to_polygons(rle: Rle | Sequence[Rle], *, relative: bool = False, coco: bool = False) -> Any:
    """`mask_to_polygons` without the mask in between: relative and coco as there."""
    return _to_polygons(*_from_rle(rle), relative, coco)


def _to_polygons(masks: Masks, single: bool, relative: bool, coco: bool) -> Any:
    scale = np.array([masks.size[1], masks.size[0]], np.float64) if relative else np.ones(2)
    out: list[Any] = []
    for number, polygon in enumerate(masks.polygons()):
        if coco and polygon.has_holes:
            raise ValueError(f"mask {number} has holes, which COCO's polygons cannot say; use run lengths")
        parts = [[ring / scale for ring in part] for part in polygon.parts]
        out.append([part[0].reshape(-1).tolist() for part in parts] if coco else parts)
    return out[0] if single else out


def polygons_to_mask(polygons: Any, size: Size, *, relative: bool = False, coco: bool = False) -> Bool:
    """(H, W) bool of one mask's polygons: parts with holes, or with `coco` flat lists of outer rings.

    A pixel is in when its centre is inside; with `coco` it is COCO's own rasterisation, bit-equal to pycocotools.
    Raises ValueError for a ring of fewer than three points.
    """
    return _from_polygons(polygons, size, relative, coco).decode()


def polygons_to_rle(
    polygons: Any, size: Size, *, relative: bool = False, coco: bool = False, compressed: bool = True
) -> Rle:
    """`polygons_to_mask`, as run lengths: relative and coco as there, compressed as in `mask_to_rle`."""
    rle: Rle = _to_rle(_from_polygons(polygons, size, relative, coco).batch, True, compressed)
    return rle


def _from_polygons(polygons: Any, size: Size, relative: bool, coco: bool) -> Mask:
    scale = np.array([size[1], size[0]], np.float64) if relative else np.ones(2)
    if coco:
        rings = [(np.asarray(ring, np.float64).reshape(-1, 2) * scale).reshape(-1) for ring in polygons]
        if any(len(ring) < 6 for ring in rings):
            raise ValueError("a polygon ring needs at least 3 points (6 numbers)")
        return Masks.from_coco_polygons([rings], size)[0] if rings else Mask.empty(size)
    parts = [[np.asarray(ring, np.float64).reshape(-1, 2) * scale for ring in part] for part in polygons]
    return Mask.from_polygon(Polygon(parts), size)


def mask_to_box(mask: object, *, form: BoxForm = "xyxy", relative: bool = False) -> F64:
    """A tight box: (4,) for (H, W), (N, 4) for (N, H, W); zeros for an empty mask. The far edge is excluded.

    form: xyxy, xywh or cxcywh (centre, width, height).  relative: divided by the image's width and height.

    >>> array = np.zeros((4, 8), bool)
    >>> array[1:3, 2:6] = True
    >>> mw.conversions.mask_to_box(array, form="xywh").tolist()
    [2.0, 1.0, 4.0, 2.0]
    """
    return _to_box(*_masks(mask), form, relative)


def rle_to_box(rle: Rle | Sequence[Rle], *, form: BoxForm = "xyxy", relative: bool = False) -> F64:
    """`mask_to_box` without the mask in between: (4,) for a dict, (N, 4) for a list. form, relative: as there."""
    return _to_box(*_from_rle(rle), form, relative)


def _to_box(masks: Masks, single: bool, form: BoxForm, relative: bool) -> F64:
    boxes: F64 = masks.boxes().astype(np.float64)
    if form != "xyxy":
        boxes[:, 2:] -= boxes[:, :2]
    if form == "cxcywh":
        boxes[:, :2] += boxes[:, 2:] / 2
    if relative:
        height, width = masks.size
        boxes /= (width, height, width, height)
    return boxes[0] if single else boxes


def box_to_mask(box: object, size: Size, *, form: BoxForm = "xyxy", relative: bool = False) -> Bool:
    """A box (4,) -> (H, W), boxes (N, 4) -> (N, H, W): the pixels whose centres the box holds.

    form, relative: as in `mask_to_box`.
    """
    boxes = np.array(as_numpy(box), np.float64)
    single = boxes.ndim == 1
    boxes = boxes.reshape(-1, 4)
    if relative:
        boxes *= (size[1], size[0], size[1], size[0])
    if form == "cxcywh":
        boxes[:, :2] -= boxes[:, 2:] / 2
    if form != "xyxy":
        boxes[:, 2:] += boxes[:, :2]
    rows, columns = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    x0, y0, x1, y1 = boxes.T[:, :, None]
    inside: Bool = ((rows >= y0) & (rows < y1))[:, :, None] & ((columns >= x0) & (columns < x1))[:, None]
    return inside[0] if single else inside


def mask_to_pairs(mask: Any, *, order: str = "column", base: int = 1, second: str = "length") -> Any:
    """Kaggle's text "start length start length …" for (H, W), a list of them for (N, H, W); "" for an empty mask.

    order: in which pixels are numbered, column or row.  base: the number of the first pixel, 1 or 0.  second: what
    stands behind a start, the length or the (included) end.

    >>> mw.conversions.mask_to_pairs(np.array([[0, 1], [1, 1]]))
    '2 3'
    """
    masks, single = _masks(mask)
    texts = [rle_csv.encode(each_mask, order=order, base=base, second=second) for each_mask in masks]
    return texts[0] if single else texts


def pairs_to_mask(text: str, size: Size, *, order: str = "column", base: int = 1, second: str = "length") -> Bool:
    """Kaggle's text -> (H, W) bool; order, base and second as in `mask_to_pairs`. An empty text is an empty mask.

    Raises ValueError, saying which pair is wrong.
    """
    if not text.strip():
        return Mask.empty(size).decode()
    return rle_csv.decode(text, size, order=order, base=base, second=second).decode()
