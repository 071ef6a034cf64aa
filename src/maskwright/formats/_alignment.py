"""Whether labels lie on what their images show: edges of a few images are compared with the borders of their masks.

Along the border of a mask an image mostly changes. Where it changes more some pixels away, in all of them, or in the
image before or behind, the labels were shifted or belong to other images.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from maskwright.core.arrays import F32, I64, Size
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample

#: So many images are opened, and so few where those say clearly that all is well.
MOST, FEW = 12, 4
#: From so many pixels on labels count as shifted; they are sought up to so many pixels away.
LEAST, REACH = 6, 32
_STEP = 4

#: Border points of one image that are compared, in each of two directions, and how few of them say something.
_POINTS, _LEAST_POINTS = 600, 40
#: Every so many rows and columns of a label map are searched for borders.
_ROWS = 3
#: Images of longer sides are made smaller, by two or four; larger ones than so many pixels are not opened.
_SIDES, _LARGEST = (400, 2400), 50_000_000

#: Logarithms: by how much more an image changes at the right place than where the labels are, where that is clear;
#: how much more there than on the whole; and by how much less around a place where they lie well.
_BETTER, _CLEAR, _PEAK = 0.25, 0.35, 0.1
#: So large a part of the images has to say the same, and the mean of all to be so many of its own standard errors: of
#: shifts, of which there are hundreds, and of neighbours, of which there are two.
_AGREED, _OF_SHIFTS, _OF_NEIGHBOURS = 0.8, 4.0, 3.0
#: Images with a shorter side are not opened: in so few pixels some border lies on some edge by chance.
_SMALLEST = 96

_AROUND = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]


@dataclass(frozen=True)
class Shift:
    """What the labels outline lies (x, y) pixels from them. number: of images that were compared.  key: of one."""

    x: int
    y: int
    number: int
    key: str


@dataclass(frozen=True)
class Neighbours:
    """Labels outline what the image `places` further on shows, 1 or -1. number: of images.  key: of one; other: whose
    image its labels outline.
    """

    places: int
    number: int
    key: str
    other: str


@dataclass
class _Kept:
    """A sample that may be looked at. around: the images before (-1) and behind it (1), with their samples' keys."""

    key: str
    image: ImageRef
    masks: Masks
    around: dict[int, tuple[str, ImageRef]]


#: Border points (x, y) between pixels of one row, and between pixels of one column.
_Borders = tuple[I64, I64]


@dataclass
class _Gray:
    """values: (h, w) of an image, perhaps smaller than it is.  reach: pixels to each side that a change is taken over.
    usual: how much it changes on the whole.
    """

    values: F32
    reach: int
    usual: float


@dataclass
class _Looked:
    """One of them, with its borders and gray image. far: how much more the image changes at places around than on the
    whole, by (x, y); filled when asked.
    """

    kept: _Kept
    borders: _Borders
    gray: "_Gray"
    far: dict[tuple[int, int], float] = field(default_factory=dict)

    def at(self, place: tuple[int, int]) -> float:
        if place not in self.far:
            self.far[place] = _change(self.borders, self.kept.image.size, self.gray, place)
        return self.far[place]


class Looking:
    """Keeps a few samples from all over a set as they pass, with their neighbours' images, and compares them after.

    At most 2 x MOST are held, however many pass.
    """

    def __init__(self) -> None:
        self._kept: list[_Kept] = []
        self._every = 1
        self._number = 0
        self._before: tuple[str, ImageRef] | None = None

    def follow(self, sample: Sample) -> None:
        """sample: the next one, whose image is there."""
        here = (sample.key, sample.image)
        if self._kept and self._before is not None and self._kept[-1].key == self._before[0]:
            self._kept[-1].around[1] = here
        if self._number % self._every == 0 and (masks := _outlined(sample)) is not None:
            around = {} if self._before is None else {-1: self._before}
            self._kept.append(_Kept(sample.key, sample.image, masks, around))
            if len(self._kept) >= 2 * MOST:
                self._kept = self._kept[::2]
                self._every *= 2
        self._before = here
        self._number += 1

    def found(self) -> Shift | Neighbours | None:
        """None where labels lie on what the images show, and where that cannot be told."""
        looked: list[_Looked] = []
        for kept in self._chosen():
            if any(kept.image.uri == other.kept.image.uri for other in looked):
                continue
            borders = _borders(kept.masks)
            gray = None if borders is None else _gray(kept.image)
            if borders is None or gray is None:
                continue
            looked.append(_Looked(kept, borders, gray))
            if len(looked) == FEW and _peak(looked) > 2 * _PEAK:
                return None
        if len(looked) < FEW or _peak(looked) > 2 * _PEAK:
            return None
        return _shift(looked) or _neighbours(looked)

    def _chosen(self) -> Iterator[_Kept]:
        """Up to MOST of what was kept, the first few of them from all over the set."""
        number = min(MOST, len(self._kept))
        rows = [len(self._kept) * place // number for place in range(number)]
        for start in range(3):
            yield from (self._kept[row] for row in rows[start::3])


def _outlined(sample: Sample) -> Masks | None:
    """The masks that follow what is in the image: not of boxes."""
    segments = sample.segments
    drawn = segments.more.get("geometry") or (None,) * len(segments)
    rows = [row for row, shape in enumerate(drawn) if not isinstance(shape, dict) or shape.get("shape") != "rectangle"]
    return None if not rows else segments.masks if len(rows) == len(segments) else segments.masks[np.array(rows)]


def _mean(looked: list[_Looked], place: tuple[int, int]) -> float:
    return float(np.mean([image.at(place) for image in looked]))


def _peak(looked: list[_Looked], middle: tuple[int, int] = (0, 0)) -> float:
    """By how much more the images change along the borders, moved to `middle`, than along those 8 or 16 pixels away."""
    around = [(middle[0] + far * x, middle[1] + far * y) for far in (8, 16) for x, y in _AROUND]
    return _mean(looked, middle) - max(_mean(looked, place) for place in around)


def _agree(better: list[float], errors: float) -> bool:
    """better: by image, how much better another place is.  errors: of the mean, that it has to be."""
    mean, error = float(np.mean(better)), float(np.std(better)) / len(better) ** 0.5
    return mean >= max(_BETTER, errors * error) and float(np.mean(np.array(better) > 0)) >= _AGREED


def _shift(looked: list[_Looked]) -> Shift | None:
    steps = range(-REACH, REACH + 1, _STEP)
    places = [(x, y) for x in steps for y in steps]
    best = max(places, key=lambda place: _mean(looked, place))
    apart = [place for place in places if max(abs(place[0] - best[0]), abs(place[1] - best[1])) > 2 * _STEP]
    alone = _mean(looked, best) - max(_mean(looked, place) for place in apart)
    near = [(best[0] + x, best[1] + y) for x in range(1 - _STEP, _STEP) for y in range(1 - _STEP, _STEP)]
    best = max([best, *near], key=lambda place: _mean(looked, place))
    if max(abs(best[0]), abs(best[1])) < LEAST or _mean(looked, best) < _CLEAR or alone < 1.5 * _PEAK:
        return None
    if not _agree([image.at(best) - image.at((0, 0)) for image in looked], _OF_SHIFTS):
        return None
    return Shift(*best, len(looked), looked[0].kept.key)


def _neighbours(looked: list[_Looked]) -> Neighbours | None:
    for places in (1, -1):
        found, better = [], []
        for image in looked:
            other = image.kept.around.get(places)
            gray = None if other is None or other[1].uri == image.kept.image.uri else _gray(other[1])
            if gray is not None:
                found.append((image, _change(image.borders, image.kept.image.size, gray, (0, 0))))
                better.append(found[-1][1] - image.at((0, 0)))
        if len(found) >= FEW and _agree(better, _OF_NEIGHBOURS) and np.mean([change for _, change in found]) >= _CLEAR:
            kept = found[0][0].kept
            return Neighbours(places, len(found), kept.key, kept.around[places][0])
    return None


def _borders(masks: Masks) -> _Borders | None:
    """None where there are too few to tell."""
    if len(masks) > np.iinfo(np.uint16).max:
        return None
    numbers = masks.composite(np.arange(1, len(masks) + 1, dtype=np.uint16))
    rows, columns = numbers[::_ROWS], numbers[:, ::_ROWS]
    y, x = np.nonzero(rows[:, 1:] != rows[:, :-1])
    along_rows = np.stack([x + 1, y * _ROWS], axis=1)
    y, x = np.nonzero(columns[1:] != columns[:-1])
    along_columns = np.stack([x * _ROWS, y + 1], axis=1)
    if len(along_rows) + len(along_columns) < _LEAST_POINTS:
        return None
    few = [points[:: max(1, len(points) // _POINTS)] for points in (along_rows, along_columns)]
    return few[0], few[1]


def _gray(image: ImageRef) -> _Gray | None:
    """None of an image that is not plain, is too large or too small, or cannot be read."""
    from PIL import Image, ImageFilter

    side = max(image.size)
    if (
        min(image.size) < _SMALLEST
        or image.size[0] * image.size[1] > _LARGEST
        or "#page=" in image.uri
        or "://" in image.uri
    ):
        return None
    factor = 1 if side < _SIDES[0] else 2 if side < _SIDES[1] else 4
    try:
        with Image.open(image.uri) as opened:
            if opened.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"):
                return None
            width, height = opened.size
            opened.draft("L", (width // factor, height // factor))
            factor = max(1, factor * opened.width // width)
            gray = opened.convert("L")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    if factor > 1:
        gray = gray.reduce(factor)
    elif side < _SIDES[0]:
        gray = gray.filter(ImageFilter.BoxBlur(1))
    values, reach = np.asarray(gray, np.float32), 1 if side >= _SIDES[0] else 2
    few = values[::4]
    return _Gray(values, reach, float(np.abs(few[:, 2 * reach :] - few[:, : -2 * reach]).mean()))


def _change(borders: _Borders, size: Size, gray: _Gray, place: tuple[int, int]) -> float:
    """How much more an image changes along borders, moved by `place`, than on the whole: a logarithm.

    size: (height, width) of what the borders lie on; the image may be another, or smaller.
    """
    values, reach = gray.values, gray.reach
    height, width = values.shape
    total = number = 0.0
    for (right, down), points in zip(((reach, 0), (0, reach)), borders, strict=True):
        x = (points[:, 0] + place[0]) * width // size[1]
        y = (points[:, 1] + place[1]) * height // size[0]
        inside = (x >= reach) & (y >= reach) & (x < width - reach) & (y < height - reach)
        x, y = x[inside], y[inside]
        total += float(np.abs(values[y + down, x + right] - values[y - down, x - right]).sum())
        number += len(x)
    return float(np.log((total / number + 0.5) / (gray.usual + 0.5))) if number else 0.0
