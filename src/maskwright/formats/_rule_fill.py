"""The rule `fill`: cv2.fillPoly, which YOLO's programs draw with; points name pixels, and the outline is drawn too.

Bit-equal to OpenCV 4.14 and 5.0 for whole points; earlier releases of 4 draw edges that leave the image with other
slopes.  Points that are not whole are cut off, as an array of int32 cuts them off.  A part is one call: its rings fill
what lies in an odd number of them.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from maskwright.core.arrays import I64, Size
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks

#: Points farther away than this are refused; cv2.fillPoly itself fails at 2 ** 31.
FAR = 10**6


def draw(polygons: Sequence[Sequence[Sequence[Sequence[float]]]], size: Size) -> Masks:
    """parts of many polygons -> their masks. Raises ValueError for a ring that is not pairs of numbers up to FAR."""
    rings = [np.asarray(ring, np.float64).reshape(-1) for parts in polygons for part in parts for ring in part]
    for ring in rings:
        if not ring.size or ring.size % 2 or not (np.abs(ring) <= FAR).all():
            raise ValueError(f"a ring has {ring.size} numbers" if ring.size % 2 else "a ring has no usable points")
    points = np.concatenate(rings).astype(np.int64).reshape(-1, 2) if rings else np.zeros((0, 2), np.int64)
    return drawn(
        points, bounds([ring.size // 2 for ring in rings]), bounds([len(part) for parts in polygons for part in parts]),
        bounds([len(parts) for parts in polygons]), size,
    )  # fmt: skip


def drawn(points: I64, rings: I64, parts: I64, polygons: I64, size: Size) -> Masks:
    """The same of flat arrays: (K, 2) whole points, where rings, parts and polygons begin, each with its end."""
    from maskwright.core.kernels import spans
    from maskwright.formats.kernels import filled

    height, width = size
    toggles, of_part = filled.toggles(points, rings, parts, height, width)
    # Each part has an even number of toggles, so that those of all parts pair up at once; none is left empty.
    starts, ends = toggles[::2], toggles[1::2]
    of_mask = of_part[polygons] // 2
    if (np.diff(polygons) > 1).any():
        owner = np.repeat(np.arange(polygons.size - 1), np.diff(of_mask))
        order = np.argsort(owner * (height * width + 1) + starts, kind="stable")
        starts, ends = starts[order], ends[order]
    return Masks.take_over(size, *spans.to_counts(starts, ends, of_mask, height * width))


def bounds(numbers: Sequence[int]) -> I64:
    """Where each of a row of pieces begins, and the end. numbers: how long they are."""
    return np.fromiter(accumulate(numbers, initial=0), np.int64, len(numbers) + 1)


def outline(mask: Mask) -> list[list[list[float]]]:
    """The mask's contours; rings of one or two points repeat the last until there are three."""
    from maskwright.formats.kernels import contours

    points, rings, parts, _ = contours.contours(*mask.batch._spans, mask.size[0])
    flat = [closed(points[rings[r] : rings[r + 1]].tolist()) for r in range(rings.size - 1)]
    return [flat[parts[p] : parts[p + 1]] for p in range(parts.size - 1)]


def closed(ring: list[list[int]]) -> list[float]:
    """(x, y) of a ring as flat numbers, at least three points."""
    return [float(number) for point in [*ring, *ring[-1:] * (3 - len(ring))] for number in point]
