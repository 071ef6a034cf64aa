"""Cityscapes' polygons: painted one over another, as json2labelImg and json2instanceImg of its scripts do.

Objects of classes with instances are numbered in the order of the file; a label that ends in "group" is a region of
many.  What was painted is what is seen: a segment has the pixels that no later object covers.
"""

import math
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from maskwright.core import drawn
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.segments import Segments
from maskwright.formats import _rule_pillow
from maskwright.formats._rules import RULES, parts_for

RULE = "pillow"
_DRAW, _OUTLINE = RULES[RULE].draw, RULES[RULE].outline


def kept(objects: list[tuple[int, dict[str, Any]]], whole: bool) -> dict[str, Any]:
    """What is kept of the objects of a segment, as `core.drawn` has it. objects: with their places in the file.

    whole: it is one object of which nothing is covered, so that its polygon draws the segment's mask.
    """
    own = [{"at": at, "object": {key: value for key, value in row.items() if key != "label"}} for at, row in objects]
    if whole:
        return drawn.polygon([[ring_of(objects[0][1])]], RULE, cityscapes=own)
    return {"shape": "covered", "rule": RULE, "own": {"cityscapes": own}}


def ring_of(row: dict[str, Any]) -> list[float]:
    """Flat. Raises TypeError, KeyError or ValueError for what is not a list of pairs."""
    ring = [(x, y) for x, y in row["polygon"]]
    return [number for point in ring for number in point]


def known(classes: Classes, label: str) -> tuple[Class, bool] | None:
    """The class of a label, and whether it names a group of its objects; None for unknown labels."""
    names = {class_.name: class_ for class_ in classes}
    if label in names:
        return names[label], False
    found = names.get(label.removesuffix("group"))
    return (found, True) if found is not None else None


def is_numbered(segments: Segments, row: int, classes: Classes) -> bool:
    return classes[int(segments.class_ids[row])].kind == "thing" and not segments.is_crowd[row]


def scene(segments: Segments, classes: Classes, unlabelled: int) -> tuple[list[dict[str, Any]] | None, list[int]]:
    """Objects that, painted in their order, give these masks; and the rows of `segments` as they are numbered.

    segments: visible, none of the class `unlabelled`, which is that of the other pixels.  None where there is no such
    order, as for objects in parts that reach through each other.  Objects that the file had come as they were.
    """
    for given in (True, False):
        painted = _Painting(segments, classes, unlabelled).objects(given=given)
        if painted is not None:
            numbered = [row for row, _, _ in painted if row is not None and is_numbered(segments, row, classes)]
            rest = [row for row in range(len(segments)) if row not in set(numbered)]
            return [{"label": label, **told} for _, label, told in painted], numbered + rest
    return None, list(range(len(segments)))


#: The row of a segment, None for what is not labelled; its label; the object's other keys.
_Object = tuple[int | None, str, dict[str, Any]]


class _Painting:
    def __init__(self, segments: Segments, classes: Classes, unlabelled: int) -> None:
        self._segments = segments
        self._rows = [row for row, area in enumerate(segments.masks.areas()) if area]
        # Pixels by what they are painted as: each numbered object is one of its own, regions of a class are alike.
        regions = {unlabelled: 0}
        self._paint: list[int] = []
        self._row_of: dict[int, int | None] = {0: None}
        for row, class_id in enumerate(segments.class_ids.tolist()):
            paint = row + 1 if is_numbered(segments, row, classes) else regions.setdefault(class_id, row + 1)
            self._paint.append(paint)
            self._row_of.setdefault(paint, row)
        self._labels = [
            classes[class_id].name + "group" * bool(crowd)
            for class_id, crowd in zip(segments.class_ids.tolist(), segments.is_crowd, strict=True)
        ]
        self._nothing = classes[unlabelled].name if unlabelled in classes else "unlabeled"
        self._numbered = [row for row in self._rows if is_numbered(segments, row, classes)]
        self._target = segments.masks.composite(self._paint).astype(np.int64)

    def objects(self, *, given: bool) -> list[_Object] | None:
        """given: with those that the file had."""
        own = {row: self._own(row) for row in self._rows} if given else {}
        raw: list[tuple[float, int, _Object]] = [
            (at, row, (row, self._labels[row], told)) for row, found in own.items() for at, told in found
        ]
        new = [row for row in self._rows if not own.get(row)]
        below: list[_Object] = []
        bridged: dict[int, tuple[list[float], Mask]] = {}
        above: list[_Object] = []
        for row in new:
            parts = parts_for(self._segments, row, RULE) if given else None
            rings = [part[0] for part in parts or () if len(part) == 1]
            if rings and len(rings) == len(parts or ()) and (len(rings) == 1 or row not in self._numbered):
                raw += [(math.inf, row, self._object(row, ring)) for ring in rings]
                continue
            filled = [piece.fill_holes() for piece in self._segments.masks[row].components()]
            filled.sort(key=lambda piece: -piece.area())
            rings = [ring for piece in filled for (ring,) in _OUTLINE(piece) or ()]
            if row not in self._numbered:
                below += [self._object(row, ring) for ring in rings]
                continue
            ring = _joined(rings)
            mask = _DRAW([[[ring]]], self._segments.size)[0]
            if mask == self._segments.masks[row]:
                above.append(self._object(row, ring))
            else:
                bridged[row] = ring, mask
        order = self._order(bridged)
        if order is None:
            return None
        below.sort(key=lambda found: -_DRAW([[[_flat(found)]]], self._segments.size).areas()[0])
        objects = [found for _, _, found in sorted(raw, key=lambda found: found[:2])]
        for row in order:
            ring, mask = bridged[row]
            covered = self._covered(row, mask)
            place = next((at for at, (other, *_) in enumerate(objects) if other in covered), len(objects))
            objects.insert(place, self._object(row, ring))
        return self._repaired([*below, *objects, *above])

    def _own(self, row: int) -> list[tuple[int, dict[str, Any]]]:
        """The objects of the file, with their places; none where they are not what the format wrote."""
        geometry = self._segments.column("geometry")[row]
        own = drawn.own_of(geometry, "cityscapes")
        try:
            found = [(int(part["at"]), dict(part["object"])) for part in own or ()]
            return found if all(len(ring_of(told)) >= 4 for _, told in found) else []
        except (TypeError, KeyError, ValueError):
            return []

    def _object(self, row: int | None, ring: list[float]) -> _Object:
        label = self._nothing if row is None else self._labels[row]
        return row, label, {"polygon": [list(pair) for pair in zip(ring[::2], ring[1::2], strict=True)]}

    def _order(self, bridged: dict[int, tuple[list[float], Mask]]) -> list[int] | None:
        """Numbered objects so that none covers an earlier one's pixels."""
        before: dict[int, set[int]] = {row: set() for row in bridged}
        for row, (_, mask) in bridged.items():
            for other in self._covered(row, mask) & bridged.keys():
                before[other].add(row)
        try:
            return list(TopologicalSorter(before).static_order())
        except CycleError:
            return None

    def _covered(self, row: int, mask: Mask) -> set[int]:
        """Other numbered objects of which the mask that is painted for a row has a pixel."""
        found = {self._row_of[value] for value in np.unique(self._target[mask.decode()]).tolist()}
        return {other for other in self._numbered if other in found and other != row}

    def _repaired(self, objects: list[_Object]) -> list[_Object] | None:
        """With regions painted again where something else covers them; None where that is a numbered object."""
        paints = [0 if row is None else self._paint[row] for row, _, _ in objects]
        canvas = _rule_pillow.paint([_flat(found) for found in objects], paints, self._segments.size, 0)
        wrong = canvas != self._target
        for value in np.unique(self._target[wrong]).tolist():
            row = self._row_of[value]
            if row is not None and row in self._numbered:
                return None
            for piece in _without_holes(Mask.encode(wrong & (self._target == value))):
                objects += [self._object(row, ring) for (ring,) in _OUTLINE(piece) or ()]
        return objects


def _flat(found: _Object) -> list[float]:
    return ring_of(found[2])


def _joined(rings: list[list[float]]) -> list[float]:
    """Rings as one: from the first one's first point to each other ring, around it and back."""
    first, *others = rings
    out = list(first)
    for ring in others:
        out += [*first[:2], *ring, *ring[:2]]
    return [*out, *first[:2]] if others else out


def _without_holes(mask: Mask) -> list[Mask]:
    """Pieces of a mask that have no holes: halves of those that have some."""
    if mask.fill_holes() == mask:
        return [mask]
    left, top, right, bottom = mask.box()
    if right - left > bottom - top:
        halves = (left, top, (left + right) // 2, bottom), ((left + right) // 2, top, right, bottom)
    else:
        halves = (left, top, right, (top + bottom) // 2), (left, (top + bottom) // 2, right, bottom)
    parts = [mask.crop(box).paste(mask.size, left=box[0], top=box[1]) for box in halves]
    return [piece for part in parts for piece in _without_holes(part)]
