"""A mask's exact outline."""

import numpy as np

from maskwright.core.geometry import ring_area
from maskwright.core.mask import Mask
from maskwright.core.polygons import Polygon
from maskwright.core.values import sealed


def outline(mask: Mask) -> Polygon:
    """Rings along pixel edges: outer clockwise on the screen, holes the other way, corners only.

    Parts are 4-connected, so no two parts share an edge; a ring may touch itself at a corner where two
    of its pixels meet diagonally.  Works on the mask's own box, one dense crop at a time.
    """
    from maskwright.core.kernels import pieces, rings

    if mask.area() == 0:
        return Polygon()
    left, top, right, bottom = mask.box()
    cropped = mask.crop((left, top, right, bottom))
    padded = np.zeros((bottom - top + 2, right - left + 2), np.uint8)
    padded[1:-1, 1:-1] = cropped.decode()
    corners, offsets, pixels = rings.trace(padded)
    x, y0, _, piece_offsets = pieces.from_spans(*cropped.batch._spans, cropped.size[0])
    component, owner = pieces.components(x, y0, _, piece_offsets, False)
    # A ring's part is the component of the pixel below its first edge.
    piece = np.searchsorted(x * cropped.size[0] + y0, pixels[:, 0] * cropped.size[0] + pixels[:, 1], side="right") - 1
    points = corners + np.array([left, top])
    outer: list[list[np.ndarray]] = [[] for _ in owner]
    holes: list[list[np.ndarray]] = [[] for _ in owner]
    for r, part in enumerate(component[piece]):
        ring = sealed(points[offsets[r] : offsets[r + 1]].astype(np.float64))
        (outer if ring_area(ring) > 0 else holes)[part].append(ring)
    return Polygon([*outer[part], *holes[part]] for part in range(owner.size))
