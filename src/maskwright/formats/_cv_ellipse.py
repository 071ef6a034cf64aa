"""Ellipses as OpenCV fills them, which CVAT's exports do: bit-equal to `cv2.ellipse(…, thickness=-1)`.

OpenCV (`EllipseEx`, `ellipse2Poly` and `FillConvexPoly` of imgproc/src/drawing.cpp) makes of an ellipse a polygon of at
most 73 corners, five degrees apart or more, on a grid of 1/65536 of a pixel, draws that polygon's edges as lines and
fills the rows between them.  Coordinates name pixels.
"""

import numpy as np

from maskwright.core.arrays import F64, I64, Bool, Size
from maskwright.core.mask import Mask

_BITS = 16
_ONE = 1 << _BITS
_HALF = _ONE >> 1


def filled(centre: tuple[int, int], radii: tuple[int, int], degrees: float, size: Size) -> Mask:
    """The pixels of an ellipse. centre: the pixel (x, y).  radii: in pixels, along its own axes.

    degrees: clockwise on the screen; whole ones count.  Raises ValueError for a radius or a centre beyond a million.
    """
    if max(abs(number) for number in (*centre, *radii)) > 1_000_000:
        raise ValueError(f"an ellipse around {centre} with the radii {radii}")
    dense = np.zeros(size, bool)
    points = _corners(centre, radii, int(np.rint(degrees)))
    for start, end in zip(np.roll(points, 1, axis=0).tolist(), points.tolist(), strict=True):
        _line(dense, start, end)
    if len(points) > 2:
        _rows(dense, points)
    return Mask.encode(dense)


def _corners(centre: tuple[int, int], radii: tuple[int, int], degrees: int) -> I64:
    """(K, 2) x and y in 1/65536 of a pixel, K >= 2; none is the one before it."""
    across, down = (abs(radius) for radius in radii)
    longest = max(across, down)
    step = 90 if longest < 3 else 30 if longest < 10 else 18 if longest < 15 else 5
    at = np.minimum(np.arange(0, 360 + step, step), 360)
    x, y = across * _ONE * _sine(90 - at), down * _ONE * _sine(at)
    cosine, sine = _sine(np.array(90 - degrees)), _sine(np.array(degrees))
    exact = np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1) + np.array(centre) * _ONE
    points = np.rint(exact).astype(np.int64)
    points = points[np.r_[True, (np.diff(points, axis=0) != 0).any(axis=1)]]
    return points if len(points) > 1 else np.repeat(points, 2, axis=0)


def _sine(degrees: I64) -> F64:
    """As OpenCV's table has it: seven decimals, in single precision."""
    found: F64 = np.round(np.sin(np.deg2rad(degrees % 360)), 7).astype(np.float32).astype(np.float64)
    return found


def _line(dense: Bool, start: list[int], end: list[int]) -> None:
    """One pixel a step along the longer direction, and the pixel of the end."""
    cut = _clipped(start, end, dense.shape)
    if cut is None:
        return
    start, end = cut
    along = int(abs(end[0] - start[0]) <= abs(end[1] - start[1]))  # 0: along x
    low, high = (start, end) if start[along] <= end[along] else (end, start)
    length, rise = high[along] - low[along], high[1 - along] - low[1 - along]
    slope = int(np.fix((rise << _BITS) / (length | 1))) if length else 0
    steps = np.arange((length >> _BITS) + 1)
    main = ((low[along] + _HALF) >> _BITS) + steps
    other = (low[1 - along] + _HALF + slope * steps) >> _BITS
    x, y = (main, other) if along == 0 else (other, main)
    x = np.append(x, (high[0] + _HALF) >> _BITS)
    y = np.append(y, (high[1] + _HALF) >> _BITS)
    there = (x >= 0) & (y >= 0) & (x < dense.shape[1]) & (y < dense.shape[0])
    dense[y[there], x[there]] = True


def _clipped(start: list[int], end: list[int], size: tuple[int, ...]) -> list[list[int]] | None:
    """What of a line lies in the image, by Cohen and Sutherland, y first; None where nothing does."""
    ends = [list(start), list(end)]
    for axis in (1, 0):
        most = (size[1 - axis] << _BITS) - 1
        sides = [(point[axis] > most) - (point[axis] < 0) for point in ends]
        if sides[0] * sides[1] > 0:
            return None
        for place, side in enumerate(sides):
            if side:
                point, other = ends[place], ends[1 - place]
                edge = most if side > 0 else 0
                share = float(edge - point[axis]) * (other[1 - axis] - point[1 - axis]) / (other[axis] - point[axis])
                point[1 - axis] += int(share)
                point[axis] = edge
    return ends


def _rows(dense: Bool, points: I64) -> None:
    """Fill between the two chains that lead from the topmost corner to the lowest."""
    height, width = dense.shape
    rows = (points[:, 1] + _HALF) >> _BITS
    top = int(points[:, 1].argmin())
    first, last = int(rows[top]), int(rows.max())
    chains = [_chain(points, rows, top, turn, last) for turn in (1, -1)]
    left, right = np.minimum(*chains), np.maximum(*chains)
    for y in range(max(first, 0), min(last, height - 1) + 1):
        x0, x1 = (int(side[y - first] + _HALF) >> _BITS for side in (left, right))
        if x1 >= 0 and x0 < width:
            dense[y, max(x0, 0) : x1 + 1] = True


def _chain(points: I64, rows: I64, top: int, turn: int, last: int) -> I64:
    """x of a chain in each row from the topmost corner's to the last, in 1/65536 of a pixel."""
    out = np.zeros(last - int(rows[top]) + 1, np.int64)
    at, row = top, int(rows[top])
    start = row
    out[:] = points[top, 0]
    for _ in range(len(points)):
        following = (at + turn) % len(points)
        end = int(rows[following])
        if end > row:
            x0, x1, height = int(points[at, 0]), int(points[following, 0]), end - row
            slope = int(np.fix(((x1 - x0) * 2 + height) / (2 * height)))
            out[row - start : end - start + 1] = x0 + slope * np.arange(height + 1)
            row = end
        if row >= last:
            break
        at = following
    return out
