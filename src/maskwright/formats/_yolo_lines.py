"""Lines of YOLO's label files: a class number and a box or one ring, relative to the image's size.

Programs that draw them multiply by width and height and give whole points to cv2.fillPoly, which draws the outline too:
supervision's `_polygons_to_masks` rounds them first, Ultralytics' `polygon2mask` cuts them off.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from maskwright.core import drawn
from maskwright.core.arrays import F64, I64, Size
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon, rectangle
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _rule_fill
from maskwright.formats._aside import Aside
from maskwright.formats._yolo_sets import lines_of

Reading = Literal["cut", "round", "edges"]

#: Coordinates from -FAR to 1 + FAR are relative ones, a little outside the image; others are pixels or nonsense.
_FAR = 1.0

#: How far from the image, in its sizes, a line may reach before a note says so.
_A_LITTLE = 0.01

#: Half of what a number in 32 bits leaves open between 0.5 and 1: texts are often made of those.
_FLOAT32 = 2.0**-25


def read_lines(
    file: Path, size: Size, by_number: dict[int, int], rule: Reading, keypoints: int, told: Counter[str], aside: Aside
) -> Segments:
    """The segments of a file. keypoints: numbers after a box that are left out.  told: what is counted for the notes.

    Lines that cannot be read are put aside.
    """
    rows: list[tuple[list[float], bool]] = []
    class_ids, scores, attributes, rings = [], [], [], []
    found: list[_Line] = []
    for number, text in enumerate(lines_of(file), 1):
        words = (text.replace(",", " ") if "," in text else text).split()
        if not words:
            continue
        try:
            kind, *values = map(float, words)
        except ValueError:
            aside.put(FormatError(f"{text[:40]!r} is not made of numbers", file=file, record=f"line {number}"))
            continue
        found.append(_Line(number, words, kind, values))
    form = _form(found, keypoints)
    for line in found:
        try:
            class_id, values, score, track = _parsed(line, by_number, form, told)
        except FormatError as error:
            aside.put(error.at(file=file, record=f"line {line.number}"))
            continue
        box = len(values) == 4
        told["outside"] += not _is_inside(values)
        class_ids.append(class_id)
        scores.append(score)
        attributes.append({} if track is None else {"track": track})
        rows.append((values, box))
        if not box:
            rings.append(points_of(line.words[1 : 1 + len(values)], np.array(values), size, rule))
    if not rows:
        return Segments.none(size)
    boxes = [box_of(values, size) for values, box in rows if box]
    if 0 < len(boxes) < len(rows):
        told["mixed"] += len(boxes)
    masks = _masks(rings, boxes, size, rule)
    bare = masks.areas() == 0
    told["bare"] += int(np.count_nonzero(bare[: len(rings)]))
    told["thin"] += int(np.count_nonzero(bare[len(rings) :]))
    order = np.empty(len(rows), np.int64)
    order[[k for k, (_, box) in enumerate(rows) if not box]] = np.arange(len(rings))
    order[[k for k, (_, box) in enumerate(rows) if box]] = np.arange(len(rings), len(rows))
    following_ring, following_box = iter(rings), iter(boxes)
    geometry = []
    given: list[list[float] | None] = []
    for values, box in rows:
        if box:
            given.append(next(following_box))
            geometry.append(drawn.rectangle(given[-1] or [], "edges", yolo=values))
        else:
            given.append(None)
            flat = next(following_ring).reshape(-1).tolist()
            geometry.append(drawn.polygon([[flat]], "edges" if rule == "edges" else "fill", yolo=values))
    return Segments(
        masks[order], class_ids, scores=scores, attributes=attributes, more={"geometry": geometry, "box": given}
    )


def united(segments: Segments, class_ids: frozenset[int]) -> Segments:
    """The polygons of each of these classes as one segment, where its first one was."""
    places: dict[int, list[int]] = {}
    for row, class_id in enumerate(segments.class_ids.tolist()):
        if class_id in class_ids and segments.more["geometry"][row]["shape"] == "polygon":
            places.setdefault(class_id, []).append(row)
    several = {rows[0]: rows for rows in places.values() if len(rows) > 1}
    if not several:
        return segments
    leader = {row: rows[0] for rows in several.values() for row in rows}
    kept = [row for row in range(len(segments)) if leader.get(row, row) == row]
    place = {row: number for number, row in enumerate(kept)}
    masks = segments.masks.group_unions([place[leader.get(row, row)] for row in range(len(segments))], len(kept))
    geometry = list(segments.more["geometry"])
    for row, rows in several.items():
        parts = [part for other in rows for part in geometry[other]["parts"]]
        geometry[row] = drawn.polygon(parts, geometry[row]["rule"])
    rest = segments[kept]
    more = {**rest.more, "geometry": [geometry[row] for row in kept]}
    return rest.replace(masks=masks, more=more, ids=np.arange(1, len(kept) + 1))


class _Line(NamedTuple):
    """A line's number in the file, from 1, its words, the class number, and the numbers behind it."""

    number: int
    words: list[str]
    kind: float
    values: list[float]

    @property
    def ends_whole(self) -> bool:
        """Whether its last number is a whole one that is written without a point."""
        return self.words[-1].isdigit()


class _Form(NamedTuple):
    """What the lines of one file have behind their coordinates.

    keypoints: so many numbers after a box.  tracks: a whole number that stands alone behind them is a track, not a
    score.  both: each line ends with a score and a track.
    """

    keypoints: int
    tracks: bool
    both: bool

    def behind(self, values: list[float]) -> int:
        """How many numbers of a line, at its end, are a score or a track."""
        more = len(values) - 4 - self.keypoints
        if self.keypoints and 0 <= more <= 2:
            return more
        if self.both:
            return 2
        return 1 if len(values) >= 5 and len(values) % 2 else 0


def _form(lines: list[_Line], keypoints: int) -> _Form:
    """What the lines of a file end with: one line says too little, since a track of 1 looks like a score.

    Ultralytics' `Results.save_txt` writes a score where it was asked for, and then a track where it has one: they count
    from 1, and no two of an image are alike.  keypoints: as data.yaml says it, 0 where it says nothing.
    """
    keypoints = keypoints or _keypoints(lines)
    form = _Form(keypoints, tracks=False, both=not keypoints and _have_score_and_track(lines))
    alone = (line for line in lines if form.behind(line.values) == 1)
    return form._replace(tracks=any(line.ends_whole and line.values[-1] > 1 for line in alone))


def _have_score_and_track(lines: list[_Line]) -> bool:
    """Whether every line is a box or a ring, a score and a track.

    A box with a score and the track 1 looks like a triangle that ends at the image's lower edge: it is one where the
    box would leave the image.
    """
    for _, words, _, values in lines:
        usual = len(values) >= 6 and len(values) % 2 == 0 and words[-1].isdigit() and values[-1] >= 1
        if not usual or not 0 <= values[-2] <= 1 or min(values[:-2]) < -_FAR or max(values[:-2]) > 1 + _FAR:
            return False
    tracks = {line.values[-1] for line in lines}
    if not lines or len(tracks) < len(lines):
        return False
    return max(tracks) > 1 or all(len(line.values) == 6 and _is_box(line.values) for line in lines)


def _keypoints(lines: list[_Line]) -> int:
    """How many numbers follow the boxes of a file of poses, x, y and 0, 1 or 2 a keypoint; 0 where it is not one.

    Without a 2, two keypoints may as well be a polygon that touches the image's edges, and is read as one; and a
    single one that ends with 1.0 a triangle and its score.
    """
    length = len(lines[0].values) if lines else 0
    number, rest = divmod(length - 4, 3)
    if number < 1 or rest:
        return 0
    twos = False
    for line in lines:
        said = line.values[6::3]
        if len(line.values) != length or not {0, 1, 2}.issuperset(said) or not _is_box(line.values):
            return 0
        twos = twos or 2 in said
    clear = twos or number > 2 or (number == 1 and all(line.ends_whole for line in lines))
    return length - 4 if clear else 0


def _is_box(values: list[float]) -> bool:
    """Whether the first four numbers are a box that has a size and lies in the image."""
    return min(values[2:4]) > 0 and _is_inside(values[:4])


def _is_inside(values: list[float]) -> bool:
    """Whether a box, of four numbers, or a ring lies in the image, but for a little."""
    if len(values) == 4:
        values = box_of(values, (1, 1))
    return min(values) >= -_A_LITTLE and max(values) <= 1 + _A_LITTLE


def _parsed(
    line: _Line, by_number: dict[int, int], form: _Form, told: Counter[str]
) -> tuple[int, list[float], float, int | None]:
    """-> class id, coordinates (four of a box, at least six of a ring), score or NaN, track or None."""
    _, _, kind, values = line
    if not np.isfinite([kind, *values]).all():
        raise FormatError("has a coordinate that is not a finite number")
    if kind not in by_number:
        numbers = sorted(by_number)
        raise FormatError(
            f"has the unknown class {kind:g}",
            needed="a class with a name: "
            + (f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"),
            todo="Add its name to names in data.yaml, or take the line out.",
        )
    score, track = float("nan"), None
    end = len(values) - form.behind(values)
    values, behind = values[:end], values[end:]
    if behind and line.ends_whole and (form.tracks or len(behind) == 2):
        track = int(behind.pop())
        told["tracks"] += 1
    if len(behind) == 1 and 0 <= behind[0] <= 1:
        score = behind[0]
        told["scores"] += 1
    elif behind:
        raise FormatError(
            f"has {len(line.values)} coordinates", needed="an even number of them, and perhaps a score from 0 to 1"
        )
    if form.keypoints and len(values) == 4 + form.keypoints:
        told["keypoints"] += 1
        values = values[:4]
    if len(values) < 4:
        raise FormatError(
            f"has {len(values)} coordinates", needed="a box needs 4, a polygon an even number of at least 6"
        )
    low, high = min(values), max(values)
    if low < -_FAR or high > 1 + _FAR:
        raise FormatError(
            f"has the coordinate {high if high > 1 + _FAR else low:g}",
            needed="coordinates relative to the image's width and height, from 0 to 1",
            todo="Divide pixels by the image's size.",
        )
    if len(values) == 4 and min(values[2:]) < 0:
        raise FormatError("has a box of negative size", needed="middle x and y, width, height")
    return by_number[int(kind)], values, score, track


def points_of(words: list[str], values: F64, size: Size, rule: Reading) -> Any:
    """A ring's points (K, 2): whole ones that name pixels, int64; along pixel edges, float64, for the rule `edges`.

    Scripts divide whole pixels by the size and print a few digits.  What is within the precision of such a text of a
    whole pixel is that pixel, since cutting it off would lose one; anything else is cut off, or rounded.
    words: the numbers as they were written; of their digits after the point, the precision.
    """
    points = values.reshape(-1, 2) * (size[1], size[0])
    if rule == "edges":
        return points
    nearest = np.rint(points)
    if rule == "round":
        return nearest.astype(np.int64)
    long = [word for word, value in zip(words, values, strict=True) if abs(value) >= 0.1] or words
    error = max(0.5 * 10.0 ** -_decimals(long), _FLOAT32) * max(size) + 1e-9
    return np.where(np.abs(points - nearest) <= error, nearest, np.trunc(points)).astype(np.int64)


def _decimals(words: list[str]) -> int:
    """Most digits after the point that one of the numbers has as it is written."""
    text = " ".join(words)
    if "e" not in text and "E" not in text:
        return max(len(word.partition(".")[2]) for word in words)
    parts = [word.lower().partition("e") for word in words]
    return max(len(mantissa.partition(".")[2]) - int(power or 0) for mantissa, _, power in parts)


def box_of(values: list[float], size: Size) -> list[float]:
    """Middle, width and height, relative -> xyxy in pixels."""
    x, y, w, h = values
    return [(x - w / 2) * size[1], (y - h / 2) * size[0], (x + w / 2) * size[1], (y + h / 2) * size[0]]


def _masks(rings: list[Any], boxes: list[list[float]], size: Size, rule: Reading) -> Masks:
    """Of all rings, and of all boxes after them."""
    if rule == "edges":
        polygons = Masks.from_polygons([Polygon([[ring]]) for ring in rings], size)
    else:
        points = np.concatenate(rings) if rings else np.zeros((0, 2), np.int64)
        each = np.arange(len(rings) + 1)
        polygons = _rule_fill.drawn(points, _rule_fill.bounds([len(ring) for ring in rings]), each, each, size)
    return Masks.concatenate([polygons, rectangles(boxes, size)], size) if boxes else polygons


def rectangles(boxes: list[list[float]], size: Size) -> Masks:
    """The masks of boxes, xyxy: pixels whose centres are inside."""
    return Masks.from_polygons([Polygon() if box[0] >= box[2] else rectangle(*box) for box in boxes], size)


# -- the other way ------------------------------------------------------------------------------------------


def digits_for(size: Size) -> int:
    """Digits after the point that place a coordinate within a two-thousandth of a pixel."""
    return len(str(max(size) - 1)) + 3


def numbers_text(values: list[float]) -> str:
    """Numbers as short as they can be and still be those numbers."""
    return " ".join(map(repr, map(float, values)))


def untouched(geometry: Any, size: Size) -> list[float] | None:
    """The numbers of a line that was read, where the usual reading of them gives what was drawn; None elsewhere."""
    values = drawn.own_of(geometry, "yolo")
    if values is None or not isinstance(values, list) or not all(isinstance(value, int | float) for value in values):
        return None
    if len(values) == 4:
        same = geometry.get("shape") == "rectangle" and geometry.get("box") == box_of(values, size)
        return values if same else None
    if geometry.get("rule") != "fill" or len(values) % 2 or len(values) < 6:
        return None
    found = points_of([*map(repr, values)], np.array(values, np.float64), size, "cut").reshape(-1).tolist()
    return values if geometry.get("parts") == [[found]] else None


def inside(ring: list[float], size: Size) -> I64 | None:
    """A ring's points cut off to whole pixels, (K, 2); None where one is outside the image."""
    points = np.trunc(np.asarray(ring, np.float64)).astype(np.int64).reshape(-1, 2)
    good = ((points >= 0) & (points < (size[1], size[0]))).all()
    return points if good else None


def relative_box(box: Sequence[float], size: Size) -> list[float]:
    """xyxy in pixels -> middle, width and height, relative, to nine digits after the point."""
    left, top, right, bottom = box
    height, width = size
    sides = (left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width, (bottom - top) / height
    return [round(side, 9) for side in sides]
