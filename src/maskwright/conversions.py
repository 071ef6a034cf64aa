"""Conversions people type into notebooks: mask, run lengths, polygons, box, bitmap; one or many, one call.

    from maskwright import conversions

    rle = conversions.mask_to_rle(array)              # {"size": [H, W], "counts": "…"}, as COCO has it
    array = conversions.rle_to_mask(rle)
    parts = conversions.mask_to_polygons(array)       # exact, with holes
    boxes = conversions.mask_to_box(stack, form="xywh", relative=True)

A mask is (H, W), a batch (N, H, W), or (H, W, N) with layout="hwn", bool or integer, NumPy or torch; what takes one
takes a batch, and gives a batch.  Run lengths are COCO's dicts, compressed or not.  Polygons are lists of parts, a part
is a list of rings (K, 2), the outer one first and then its holes, with corners at pixel edges.  Relative coordinates
are divided by width and height.  What is nearly right (a bracket too few, axes or width and height exchanged, relative
coordinates that are not said to be) is a ValueError that says so, never an empty mask.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np

from maskwright.core.arrays import F64, Array, Bool, Size, as_numpy, checked_size
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.nesting import brackets, depth
from maskwright.core.polygons import Polygon, as_ring
from maskwright.core.values import listed, numbers, whole_numbers
from maskwright.formats import rle_csv
from maskwright.formats._run_coding import Base, Order, Second

BoxForm = Literal["xyxy", "xywh", "cxcywh"]
Layout = Literal["nhw", "hwn"]
Rle = dict[str, Any]
Parts = list[list[F64]]

__all__ = [
    "box_to_mask", "mask_to_box", "mask_to_pairs", "mask_to_polygons", "mask_to_rle", "pairs_to_mask",
    "polygons_to_mask", "polygons_to_rle", "rle_to_box", "rle_to_mask", "rle_to_polygons",
]  # fmt: skip


#: A last axis of so many times fewer places than the others counts masks; so does one of up to so many, where each of
#: the others is at least a small image's side.
_FEWER, _CHANNELS, _SIDE = 8, 4, 16
#: Coordinates further from 0 … 1 than this are not relative, though some leave the image.
_RELATIVE_MOST = 2.0


def _masks(mask: object, layout: Layout | None = None) -> tuple[Masks, bool]:
    """The masks, and whether there was one only."""
    if layout is not None:
        _known("layout", layout, Layout)
    array = as_numpy(mask)
    if array.ndim == 2:
        return Masks.encode(array[None]), True
    if array.ndim != 3:
        raise ValueError(f"a mask is (H, W) and a batch (N, H, W), got {_described(mask, array)}")
    if layout == "hwn":
        array = np.moveaxis(array, -1, 0)
    elif layout is None and (
        0 < array.shape[2] * _FEWER <= min(array.shape[:2])
        or (0 < array.shape[2] <= _CHANNELS and min(array.shape[:2]) >= _SIDE)
    ):
        number, height, width = array.shape
        raise ValueError(
            f"the shape {array.shape} would be {number} masks of {height} x {width}; say layout='hwn' for (H, W, N), "
            "or layout='nhw' if it is so"
        )
    return (Masks.encode(array) if len(array) else Masks.empty((array.shape[1], array.shape[2]))), False


def _described(value: object, array: Array) -> str:
    return f"shape {array.shape}" if array.ndim else shown(repr(value), 40)


def _known(what: str, word: object, words: Any) -> None:
    known = get_args(words)
    if isinstance(word, bool) or word not in known:
        raise ValueError(f"{what} is {shown(repr(word), 40)}; it is {', '.join(map(str, known[:-1]))} or {known[-1]}")


def _batch(dense: Bool, single: bool, layout: Layout) -> Bool:
    _known("layout", layout, Layout)
    return dense[0] if single else dense if layout == "nhw" else np.moveaxis(dense, 0, -1)


def _from_rle(rle: Rle | Sequence[Rle]) -> tuple[Masks, bool]:
    single = isinstance(rle, Mapping)
    needed = "a dict with size and counts, or a list of such"
    rows: Sequence[Any] = [rle] if single else listed(rle, "run lengths", needed)
    if not rows:
        raise ValueError("no run lengths given; a batch of none has no size")
    for row in rows:
        if not isinstance(row, Mapping) or not {"size", "counts"} <= row.keys():
            keys = f"a dict with {shown(', '.join(map(str, row)), 40)} only" if row else "an empty dict"
            said = keys if isinstance(row, Mapping) else shown(repr(row), 40)
            raise ValueError(f"run lengths are {needed}, got {said}")
    sizes = {checked_size(as_numpy(row["size"]).tolist()) for row in rows}
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


def mask_to_rle(mask: object, *, compressed: bool = True, layout: Layout | None = None) -> Any:
    """COCO run lengths: a dict for (H, W), a list of dicts for (N, H, W).

    compressed: counts as COCO's string; else as a list of numbers, column-major, zeros first.  layout: of a batch, nhw
    for (N, H, W), or hwn for (H, W, N); (N, H, W) where it is not given.  Raises ValueError for other shapes, and
    without layout where the last axis is far shorter than the others, or up to 4 and they are 16 or more; TypeError
    for fractions.

    >>> mw.conversions.mask_to_rle(np.eye(2, dtype=bool), compressed=False)
    {'size': [2, 2], 'counts': [0, 1, 2, 1]}
    """
    return _to_rle(*_masks(mask, layout), compressed)


def rle_to_mask(rle: Rle | Sequence[Rle], *, out: Array | None = None, layout: Layout = "nhw") -> Bool:
    """(H, W) bool for a dict, (N, H, W) for a list, or (H, W, N) with layout="hwn".

    out: written into, if given, (N, H, W).  Raises ValueError for broken runs.
    """
    masks, single = _from_rle(rle)
    dense = masks.decode(out=None if out is None else out.reshape(len(masks), *masks.size))
    return _batch(dense, single, layout)


def mask_to_polygons(mask: object, *, relative: bool = False, coco: bool = False, layout: Layout | None = None) -> Any:
    """Exact outlines: parts for (H, W), a list of them for (N, H, W); an empty mask has no parts.

    coco: flat lists x0, y0, x1, y1 … of outer rings instead, which cannot say holes: raises ValueError where there
    are some.  layout: as in `mask_to_rle`.
    """
    return _to_polygons(*_masks(mask, layout), relative, coco)


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
    No parts are an empty mask.  Raises ValueError for a ring of fewer than three points, for a bracket too few or too
    many, for polygons outside the image, and for relative coordinates without `relative`, or others with it.
    """
    return _from_polygons(polygons, size, relative, coco).decode()


def polygons_to_rle(
    polygons: Any, size: Size, *, relative: bool = False, coco: bool = False, compressed: bool = True
) -> Rle:
    """`polygons_to_mask`, as run lengths: relative and coco as there, compressed as in `mask_to_rle`."""
    rle: Rle = _to_rle(_from_polygons(polygons, size, relative, coco).batch, True, compressed)
    return rle


_PARTS = "a list of parts, a part a list of rings"
_RINGS = "a list of flat rings"


def _from_polygons(polygons: Any, size: Size, relative: bool, coco: bool) -> Mask:
    size = checked_size(size)
    if coco:
        rings = listed(polygons, "polygons", _RINGS)
        try:
            parts = [[as_ring(ring)] for ring in rings]
        except ValueError as error:
            amiss = brackets(rings, 2, f"COCO's polygons of a mask are {_RINGS}")
            raise ValueError(f"{error}{amiss}") from None
    else:
        parts = [list(part) for part in Polygon(listed(polygons, "polygons", _PARTS)).parts]
    if not parts:
        return Mask.empty(size)
    scale = _scale(np.concatenate([ring for part in parts for ring in part]), size, relative, "polygons")
    if coco:
        return Masks.from_coco_polygons([[(part[0] * scale).reshape(-1) for part in parts]], size, tiny=True)[0]
    return Mask.from_polygon(Polygon([[ring * scale for ring in part] for part in parts]), size)


def _scale(points: F64, size: Size, relative: bool, what: str) -> F64:
    """(2,) what points (K, 2) are multiplied by. Raises ValueError for points that cannot be meant."""
    least, most = points.min(axis=0), points.max(axis=0)
    if relative and (most.max() > _RELATIVE_MOST or least.min() < 1 - _RELATIVE_MOST):
        raise ValueError(f"relative {what} go from 0 to 1, got {least.min():g} … {most.max():g}; say relative=False")
    if not relative and max(size) > _RELATIVE_MOST and least.min() >= 0 and most.max() <= 1 and (points % 1).any():
        raise ValueError(f"all coordinates of the {what} lie between 0 and 1; say relative=True")
    scale = np.array(size[::-1], np.float64) if relative else np.ones(2)
    least, most = least * scale, most * scale
    if (least >= size[::-1]).any() or (most <= 0).any():
        turned = (
            "" if (least >= size).any() or (most <= 0).any() else ", which is (height, width); they fit the other way"
        )
        raise ValueError(f"the {what} lie outside an image of size {size}{turned}")
    return scale


def mask_to_box(mask: object, *, form: BoxForm = "xyxy", relative: bool = False, layout: Layout | None = None) -> F64:
    """A tight box: (4,) for (H, W), (N, 4) for (N, H, W); zeros for an empty mask. The far edge is excluded.

    form: xyxy, xywh or cxcywh (centre, width, height).  relative: divided by the image's width and height.  layout: as
    in `mask_to_rle`.

    >>> array = np.zeros((4, 8), bool)
    >>> array[1:3, 2:6] = True
    >>> mw.conversions.mask_to_box(array, form="xywh").tolist()
    [2.0, 1.0, 4.0, 2.0]
    """
    return _to_box(*_masks(mask, layout), form, relative)


def rle_to_box(rle: Rle | Sequence[Rle], *, form: BoxForm = "xyxy", relative: bool = False) -> F64:
    """`mask_to_box` without the mask in between: (4,) for a dict, (N, 4) for a list. form, relative: as there."""
    return _to_box(*_from_rle(rle), form, relative)


def _to_box(masks: Masks, single: bool, form: BoxForm, relative: bool) -> F64:
    _known("form", form, BoxForm)
    boxes: F64 = masks.boxes().astype(np.float64)
    if form != "xyxy":
        boxes[:, 2:] -= boxes[:, :2]
    if form == "cxcywh":
        boxes[:, :2] += boxes[:, 2:] / 2
    if relative:
        height, width = masks.size
        boxes /= (width, height, width, height)
    return boxes[0] if single else boxes


def box_to_mask(
    box: object, size: Size, *, form: BoxForm = "xyxy", relative: bool = False, layout: Layout = "nhw"
) -> Bool:
    """A box (4,) -> (H, W), boxes (N, 4) -> (N, H, W): the pixels whose centres the box holds.

    form, relative: as in `mask_to_box`.  layout: hwn gives (H, W, N).  Raises ValueError for a box that ends before it
    begins, one outside the image, and for relative boxes without `relative`, or others with it.
    """
    size = checked_size(size)
    _known("form", form, BoxForm)
    boxes = np.array(numbers(box, "a box"))
    single = boxes.ndim == 1
    if boxes.shape[-1:] != (4,) or boxes.ndim > 2:
        raise ValueError(f"a box is (4,) and boxes are (N, 4), got {_described(box, boxes)}")
    boxes = boxes.reshape(-1, 4)
    if form == "cxcywh":
        boxes[:, :2] -= boxes[:, 2:] / 2
    if form != "xyxy":
        boxes[:, 2:] += boxes[:, :2]
    if not (boxes[:, 2:] >= boxes[:, :2]).all():
        row = boxes[int(np.argmin((boxes[:, 2:] >= boxes[:, :2]).all(axis=1)))]
        raise ValueError(f"a box is {row.tolist()} as xyxy, which ends before it begins; is its form {form}?")
    held = boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]
    for row in held:
        _scale(row.reshape(2, 2), size, relative, "boxes")
    if relative:
        boxes *= (size[1], size[0], size[1], size[0])
    rows, columns = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    x0, y0, x1, y1 = boxes.T[:, :, None]
    inside: Bool = ((rows >= y0) & (rows < y1))[:, :, None] & ((columns >= x0) & (columns < x1))[:, None]
    return _batch(inside, single, layout)


def mask_to_pairs(
    mask: Any, *, order: Order = "column", base: Base = 1, second: Second = "length", layout: Layout | None = None
) -> Any:
    """Kaggle's text "start length start length …" for (H, W), a list of them for (N, H, W); "" for an empty mask.

    order: in which pixels are numbered, column or row.  base: the number of the first pixel, 1 or 0.  second: what
    stands behind a start: the length, the end (the last pixel), or the stop (the pixel behind it).  layout: as in
    `mask_to_rle`.

    >>> mw.conversions.mask_to_pairs(np.array([[0, 1], [1, 1]]))
    '2 3'
    """
    _check_coding(order, base, second)
    masks, single = _masks(mask, layout)
    texts = [rle_csv.encode(each_mask, order=order, base=base, second=second) for each_mask in masks]
    return texts[0] if single else texts


def pairs_to_mask(
    pairs: Any, size: Size, *, order: Order = "column", base: Base = 1, second: Second = "length",
    layout: Layout = "nhw",
) -> Bool:  # fmt: skip
    """Kaggle's pairs -> (H, W) bool, or of a list of texts or of arrays (N, H, W), or (H, W, N) with layout="hwn".

    pairs: text, a flat list of whole numbers, or (K, 2); none, or an empty text, are an empty mask.  order, base and
    second as in `mask_to_pairs`.  Raises ValueError, saying which pair is wrong.

    >>> mw.conversions.pairs_to_mask([[2, 3]], (2, 2)).astype(int)
    array([[0, 1],
           [1, 1]])
    """
    size = checked_size(size)
    _check_coding(order, base, second)
    batch = isinstance(pairs, list | tuple) and (not pairs or isinstance(pairs[0], str) or depth(pairs)[0] > 2)
    masks = [
        rle_csv.decode(_pairs_text(row), size, order=order, base=base, second=second)
        for row in (pairs if batch else [pairs])
    ]
    return _batch(Masks.stack(masks, size).decode(), not batch, layout)


def _pairs_text(pairs: object) -> str:
    if isinstance(pairs, str):
        return pairs
    if pairs is None or isinstance(pairs, bytes | Mapping):
        raise ValueError(f"pairs are {shown(repr(pairs), 40)}; they are text, a list of numbers or (K, 2)")
    found = as_numpy(pairs)
    if found.ndim not in (1, 2) or (found.ndim == 2 and found.shape[1] != 2 and found.size):
        raise ValueError(f"pairs are text, a list of numbers or (K, 2), got {_described(pairs, found)}")
    numbers_ = found.reshape(-1)
    if numbers_.dtype.kind == "f" and (numbers_ % 1 == 0).all():
        numbers_ = numbers_.astype(np.int64)
    return " ".join(map(str, whole_numbers(numbers_, "pairs").tolist()))


def _check_coding(order: object, base: object, second: object) -> None:
    for name, word, known in (("order", order, Order), ("base", base, Base), ("second", second, Second)):
        _known(name, word, known)
