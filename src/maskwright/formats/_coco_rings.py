"""Many rings as pycocotools draws them, in one call."""

from collections.abc import Sequence

from maskwright.core.arrays import Size
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.formats._rules import RULES
from maskwright.formats._shapes import FARTHEST


def checked_ring(ring: Sequence[float]) -> list[float]:
    """A flat ring x0, y0, x1, y1 … that can be drawn. Raises ValueError for one of fewer than three points."""
    if len(ring) % 2 or len(ring) < 6:
        raise ValueError(f"a ring has {len(ring)} numbers; three points are six")
    if not all(-FARTHEST < number < FARTHEST for number in ring):
        raise ValueError("a coordinate is not a number of pixels")
    return list(ring)


def drawn_together(shapes: Sequence[Mask | list[float]], size: Size) -> Masks:
    """Masks as they are, and those of checked rings, in order."""
    rings = [shape for shape in shapes if not isinstance(shape, Mask)]
    found = iter(RULES["coco"].draw([[[ring]] for ring in rings], size))
    return Masks.stack([shape if isinstance(shape, Mask) else next(found) for shape in shapes], size)
