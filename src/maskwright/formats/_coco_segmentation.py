"""COCO's `segmentation`, `bbox` and `area` of annotations: what they draw, and how that is written back.

Polygons are drawn as pycocotools draws them (`COCO.annToRLE`, `mask.frPyObjects`): each ring alone, the union of all.
What an annotation says and its mask does not is kept beside it, by `core.drawn`: rings as polygons of rule coco, a box
alone as a rectangle of it, run lengths as runs; `own` has, under "coco", what is then written back as it was:

    bbox           as it was stated, where it is not the mask's own
    segmentation   of a box alone, [] or whatever empty thing stood there; missing where nothing did
    counts         of runs, as they were, where they are not as pycocotools writes them
    uncompressed   of runs, True where they were a list of numbers
"""

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import F64, Size
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _rules
from maskwright.formats._rule_fill import bounds
from maskwright.formats._shapes import FARTHEST

NAME = "coco"

#: The box of a mask without a pixel.
_NOTHING = [0, 0, 0, 0]

#: What notes say, after how many.
BOX_ONLY = "annotations have a box only and become rectangles"
FLAT = "annotations have a segmentation with a bracket too few: one ring, as it was read"
BYTES = "annotations have run lengths that are the text of Python's bytes, b'…'; they were read as the bytes"
DROPPED = "polygon rings have fewer than three points and were left out"


def read_annotations(
    file: Path, annotations: list[dict[str, Any]], size: Size, *, drop_degenerate: bool, told: Counter[str]
) -> tuple[Masks, list[dict[str, Any] | None], list[list[float] | None]]:
    """The masks of an image's annotations, what was drawn, and the boxes that were given, xyxy; strings go through one
    call, polygons through another.

    told: counts what notes say.  Raises FormatError, naming the annotation.
    """
    strings: dict[int, str] = {}
    polygons: dict[int, list[list[float]]] = {}
    unlooked: list[int] = []  # those whose numbers are looked at together
    others: dict[int, Masks] = {}
    shapes: list[dict[str, Any] | None] = [None] * len(annotations)
    boxes: list[list[float] | None] = [None] * len(annotations)
    for position, annotation in enumerate(annotations):
        found = annotation.get("segmentation")
        try:
            if isinstance(found, dict):
                counts = _counts(found, size, told)
                shapes[position] = {"shape": "runs"}
                if isinstance(counts, str):
                    strings[position] = counts
                else:
                    others[position] = Masks.from_counts([counts], size)
                    _mark(shapes[position], uncompressed=True, **_unlike(counts, others[position]))
            elif isinstance(found, list) and found.count([]) < len(found):
                if _look_like_rings(found):
                    unlooked.append(position)
                    polygons[position] = found
                else:
                    polygons[position] = rings(found, drop_degenerate, told)
                shapes[position] = drawn.polygon([[ring] for ring in polygons[position]], "coco")
            elif found is not None and not isinstance(found, list):
                raise ValueError(f"its segmentation is a {type(found).__name__}")
            elif found is not None and annotation.get("bbox", _NOTHING) == _NOTHING:
                polygons[position] = []
                shapes[position] = drawn.polygon([], "coco")
            elif annotation.get("bbox") is not None:
                box = boxes[position] = given_box(annotation["bbox"])
                polygons[position] = [corners(box).tolist()]
                shape = drawn.rectangle(box, "coco", coco={"bbox": annotation["bbox"]})
                shapes[position] = shape
                if "segmentation" in annotation:
                    _mark(shape, segmentation=found)
                told[BOX_ONLY] += 1
            else:
                raise ValueError("it has neither a segmentation nor a bbox")
        except (ValueError, TypeError, KeyError) as error:
            raise _unreadable(error, file, annotation) from None
    if (points := _points(polygons.values())) is None:
        for position in unlooked:
            try:
                polygons[position] = rings(polygons[position], drop_degenerate, told)
            except ValueError as error:
                raise _unreadable(error, file, annotations[position]) from None
        points = np.concatenate([np.asarray(ring, np.float64) for found in polygons.values() for ring in found])
    masks = Masks.from_coco_points(
        points.reshape(-1, 2), bounds([len(ring) // 2 for found in polygons.values() for ring in found]),
        bounds([len(found) for found in polygons.values()]), size,
    )  # fmt: skip
    if strings or others:
        from_strings = _decoded(file, annotations, strings, size)
        for (position, text), wanted in zip(strings.items(), from_strings.compressed(), strict=True):
            if text.encode("latin-1", "replace") != wanted:
                _mark(shapes[position], counts=text)
        masks = Masks.concatenate([from_strings, masks, *others.values()], size)
        masks = masks[np.argsort([*strings, *polygons, *others])]
    _add_stated(file, annotations, masks, shapes)
    return masks, shapes, boxes


def _look_like_rings(found: list[Any]) -> bool:
    for ring in found:  # noqa: SIM110 - of every annotation, and a generator takes twice as long
        if type(ring) is not list or len(ring) < 6 or len(ring) % 2:
            return False
    return True


def _points(polygons: Iterable[list[list[float]]]) -> F64 | None:
    """All numbers of rings, one behind the other; None where one of them may be something else, or lies too far out."""
    try:
        found = np.array(list(chain.from_iterable(chain.from_iterable(polygons))))
    except (TypeError, ValueError):
        return None
    if found.size and (found.dtype.kind not in "if" or not np.abs(found).max() < FARTHEST):
        return None
    return found.astype(np.float64)


def _mark(shape: dict[str, Any] | None, **said: Any) -> None:
    """Keep what COCO says of a shape."""
    if shape is not None and said:
        shape.setdefault("own", {}).setdefault(NAME, {}).update(said)


def _counts(found: Mapping[str, Any], size: Size, told: Counter[str]) -> Any:
    """Run lengths that were checked for what they lie over: text, or whole numbers."""
    stated = found.get("size")
    if stated is not None and (not isinstance(stated, list) or stated != list(size)):
        swapped = isinstance(stated, list) and stated == list(size)[::-1]
        more = ": height and width are exchanged, and its runs may go by rows" if swapped else ""
        raise ValueError(f"its mask is {stated}, the image {list(size)} (height, width){more}")
    counts = found.get("counts")
    if isinstance(counts, str):
        if counts[:2] in ("b'", 'b"'):
            told[BYTES] += 1
            return bytes(ast.literal_eval(counts)).decode("latin-1")
        return counts
    if isinstance(counts, list):
        if set(map(type, counts)) <= {int}:
            return counts
        return [int(run) if isinstance(run, float) and run == run // 1 else run for run in counts]
    raise ValueError("its run lengths are neither a string nor a list")


def _unlike(counts: list[int], masks: Masks) -> dict[str, Any]:
    return {} if counts == masks.counts.tolist() else {"counts": counts}


def _decoded(file: Path, annotations: Sequence[Mapping[str, Any]], strings: Mapping[int, str], size: Size) -> Masks:
    if not strings:
        return Masks.empty(size)
    try:
        return Masks.from_compressed(strings.values(), size)
    except ValueError:
        for position, string in strings.items():
            try:
                Masks.from_compressed([string], size)
            except ValueError as error:
                raise _unreadable(error, file, annotations[position]) from None
        raise


def _unreadable(error: Exception, file: Path, annotation: Mapping[str, Any]) -> FormatError:
    said = str(error).removeprefix("mask 0: ").replace("the runs of mask 0", "its runs")
    todo = "Repair the file."
    if "polygon ring" in said:
        todo = "Drop broken rings with --option drop_degenerate=true, or repair the file."
    return FormatError(said, file=file, record=f"annotation {annotation.get('id')}", todo=todo)


def rings(found: list[Any], drop_degenerate: bool, told: Counter[str]) -> list[list[float]]:
    """The rings of one annotation, checked, as they were.

    Raises ValueError, saying which ring is wrong.
    """
    if isinstance(found[0], dict):
        raise ValueError("its segmentation is a list of run lengths, a bracket too many")  # noqa: TRY004
    if isinstance(found[0], int | float):
        told[FLAT] += 1
        found = [found]
    good = []
    for position, ring in enumerate(found):
        try:
            values = np.asarray(ring)
        except ValueError:
            values = np.zeros(0, object)
        if not isinstance(ring, list) or values.dtype.kind not in "if" or values.ndim != 1:
            if isinstance(ring, list) and ring and all(isinstance(point, list) for point in ring):
                raise ValueError(f"polygon ring {position} is a list of lists: a bracket too many, or pairs of x and y")
            if ring != []:
                raise ValueError(f"polygon ring {position} is not a list of numbers")
            values = np.zeros(0)
        if values.size % 2 or values.size < 6:
            if drop_degenerate:
                told[DROPPED] += 1
                continue
            raise ValueError(
                f"polygon ring {position} has {values.size / 2:g} points; a ring needs at least 3 (6 numbers)"
            )
        # Beyond this no image reaches, and COCO's walk along the outline would take for ever.
        if not np.abs(values).max() < FARTHEST:
            raise ValueError(f"polygon ring {position} has a coordinate that is not a finite number below ten million")
        good.append(ring)
    return good


def given_box(bbox: Any) -> list[float]:
    """bbox: left, top, width, height -> xyxy."""
    if not _is_box(bbox) or min(bbox[2:]) < 0 or max(map(abs, bbox)) >= FARTHEST:
        raise ValueError(f"its bbox is {str(bbox)[:80]}; it is left, top, width and height, four finite numbers")
    left, top, width, height = (float(value) for value in bbox)
    return [left, top, left + width, top + height]


def corners(box: Sequence[float]) -> F64:
    """The ring, (8,) float64, that pycocotools draws for a box. box: xyxy."""
    left, top, right, bottom = box
    return np.array([left, top, left, bottom, right, bottom, right, top], np.float64)


def xyxy(file: Path, annotation: Mapping[str, Any], box: Any) -> list[float]:
    """A box that was given beside a mask. Raises FormatError, naming the annotation."""
    if not _is_box(box) or box[0] > box[2] or box[1] > box[3]:
        raise _unreadable(ValueError(f"its box is {str(box)[:80]}; it is x0, y0, x1, y1"), file, annotation)
    return [float(value) for value in box]


def _is_box(bbox: Any) -> bool:
    if not isinstance(bbox, list) or len(bbox) != 4 or not _NUMBERS.issuperset(map(type, bbox)):
        return False
    whole = sum(bbox)
    return bool(whole - whole == 0)


def _is_finite(value: Any) -> bool:
    return type(value) in _NUMBERS and value - value == 0


#: Of JSON; True is not one.
_NUMBERS = frozenset({int, float})


def _add_stated(
    file: Path, annotations: Sequence[Mapping[str, Any]], masks: Masks, shapes: Sequence[dict[str, Any] | None]
) -> None:
    """Area and bbox of each annotation where they are not the mask's own; COCO's are those of the polygon."""
    areas, edges = masks.areas().tolist(), masks.boxes().tolist()
    rows = zip(annotations, areas, edges, shapes, strict=True)
    for row, (annotation, area, (left, top, right, bottom), shape) in enumerate(rows):
        if shape is None:
            continue
        stated, bbox = annotation.get("area"), annotation.get("bbox")
        if stated != area and _is_finite(stated):
            shape["area"] = stated
        if bbox == [left, top, right - left, bottom - top] or not _is_box(bbox):
            continue
        kind = shape["shape"]
        if kind == "runs" and _goes_by_rows(masks[[row]], (left, top, right, bottom), bbox):
            error = ValueError("its run lengths go by rows, as its bbox tells; COCO's go by columns")
            raise _unreadable(error, file, annotation)
        if kind != "rectangle":
            if "own" in shape:
                _mark(shape, bbox=bbox)
            else:
                shape["own"] = {NAME: {"bbox": bbox}}


def stated(masks: Masks, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any] | None]:
    """Area and bbox of masks that nothing was drawn for, where they are not the masks' own; None where they are."""
    out: list[dict[str, Any] | None] = []
    for row, area, (left, top, right, bottom) in zip(rows, masks.areas().tolist(), masks.boxes().tolist(), strict=True):
        shape: dict[str, Any] = {"shape": "runs"}
        if row.get("area") != area and _is_finite(row.get("area")):
            shape["area"] = row["area"]
        if row.get("bbox") != [left, top, right - left, bottom - top] and _is_box(row.get("bbox")):
            _mark(shape, bbox=row["bbox"])
        out.append(shape if len(shape) > 1 else None)
    return out


def _goes_by_rows(mask: Masks, edges: tuple[int, int, int, int], bbox: Any) -> bool:
    """Whether the stated box is, to a pixel, that of the same runs by rows, and not theirs by columns."""
    stated = [bbox[0], bbox[1], bbox[0] + bbox[2], bbox[1] + bbox[3]]
    if not mask.areas()[0] or _near(edges, stated):
        return False
    height, width = mask.size
    other = Masks.take_over((width, height), mask.counts, mask.offsets).transpose()
    return _near(other.boxes()[0].tolist(), stated)


def _near(edges: Iterable[float], stated: Iterable[float]) -> bool:
    return all(abs(edge - other) <= 1 for edge, other in zip(edges, stated, strict=True))


# -- out -------------------------------------------------------------------------------------------------------


def bbox(shape: Any, box: Sequence[float] | None, edges: Sequence[int]) -> Sequence[float]:
    """An annotation's `bbox`: as it was stated of what was drawn, else the box that was given, else the mask's own.

    box, edges: xyxy, given and of the mask.
    """
    stated = (drawn.own_of(shape, NAME) or {}).get("bbox")
    if stated is not None:
        return stated  # type: ignore[no-any-return]
    left, top, right, bottom = edges if box is None else box
    return [left, top, right - left, bottom - top]


#: In place of a segmentation: what was drawn is written as it stands, by `as_drawn`.
AS_DRAWN = None


def is_written_as_drawn(shape: Any) -> bool:
    """Whether it is a polygon, or a box alone, as COCO has them."""
    if not isinstance(shape, dict) or shape.get("rule") != "coco":
        return False
    alone = shape.get("shape") == "rectangle" and "bbox" in (drawn.own_of(shape, NAME) or {})
    return alone or (shape.get("shape") == "polygon" and isinstance(shape.get("parts"), list))


def as_drawn(shape: Mapping[str, Any]) -> dict[str, Any]:
    """The `segmentation` of what `is_written_as_drawn` is true of, as a part of its annotation."""
    if shape["shape"] == "polygon":
        return {"segmentation": [ring for part in shape["parts"] for ring in part]}
    own = drawn.own_of(shape, NAME)
    return {"segmentation": own["segmentation"]} if "segmentation" in own else {}


def segmentations(segments: Segments, *, polygons: bool) -> list[Any]:
    """The `segmentation` of every segment, AS_DRAWN for what was drawn as COCO has it.

    What other rules drew is written with the same points where they mean the same pixels; other masks as polygons
    where those are exact, or else as run lengths.  polygons: False for run lengths alone.
    """
    shapes = segments.column("geometry")
    out: list[Any] = [AS_DRAWN] * len(segments)
    rest = [row for row in range(len(segments)) if not (polygons and is_written_as_drawn(shapes[row]))]
    strings = segments.masks[rest].compressed() if rest else []
    for row, text in zip(rest, strings, strict=True):
        mask, shape = segments.masks[row], shapes[row]
        own = drawn.own_of(shape, NAME) or {} if drawn.is_runs(shape) else None
        if polygons and own is None:
            parts = _rules.parts_for(segments, row, "coco")
            out[row] = [ring for part in parts for ring in part] if parts is not None else None
            if out[row] is None and not segments.is_crowd[row]:
                out[row] = exact_rings(mask)
        if out[row] is None:
            own = own or {}
            counts = own.get("counts", mask.counts.tolist() if own.get("uncompressed") else text.decode())
            out[row] = {"size": list(mask.size), "counts": counts}
    return out


def undrawn(segments: Segments, *, polygons: bool) -> list[int]:
    """Ids of the segments that something was drawn for which is not written back."""
    return [
        int(segments.ids[row])
        for row, shape in enumerate(segments.column("geometry"))
        if shape is not None
        and not drawn.is_runs(shape)
        and not (polygons and (is_written_as_drawn(shape) or _rules.parts_for(segments, row, "coco") is not None))
    ]


def exact_rings(mask: Mask) -> list[list[float]] | None:
    """COCO polygons that rasterise to exactly this mask, or None where there are none, as with holes."""
    parts = _rules.RULES["coco"].outline(mask)
    return None if parts is None else [part[0] for part in parts]
