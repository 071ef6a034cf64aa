"""One object with what is around it, small: what a list of objects shows."""

import numpy as np

from maskwright.core.arrays import I64, U8
from maskwright.core.masks import Masks

#: How much around the object is shown, of its longer side, and in pixels at least.
AROUND, LEAST = 0.3, 8


def surroundings(masks: Masks) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part of the image that is shown with an object, within the image.

    masks: of the one object.
    """
    left, top, right, bottom = masks.boxes()[0].tolist()
    more = max(LEAST, round(AROUND * max(right - left, bottom - top)))
    height, width = masks.size
    return max(0, left - more), max(0, top - more), min(width, right + more), min(height, bottom + more)


def cut_out(pixels: U8, masks: Masks, part: tuple[int, int, int, int], colour: I64, longest: int = 160) -> U8:
    """(h, w, 3) a part of an image with an object's outline, its longer side `longest` pixels at most.

    pixels: (H, W, 3) or (H, W), the part itself.  masks: of the one object over the whole image.  part: as
    `surroundings` says it.  colour: (3,) of the outline.
    """
    import PIL.Image

    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    shown = PIL.Image.fromarray(pixels).convert("RGB").resize(size[::-1], PIL.Image.Resampling.BOX)
    out = np.array(shown)
    out[masks.crop(part).resize(size).boundary(1)[0].decode()] = colour
    return out
