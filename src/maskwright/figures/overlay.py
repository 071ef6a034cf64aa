"""Labels drawn over an image."""

import numpy as np

from maskwright.core.arrays import U8
from maskwright.core.classes import Classes
from maskwright.core.segments import Segments


def overlay(image: U8, segments: Segments, classes: Classes, *, opacity: float = 0.45) -> U8:
    """(H, W, 3) uint8 with each segment tinted in its class's colour and outlined; ignored ones in gray.

    Things of one class are told apart by shades of its colour.  image: (H, W, 3) uint8 RGB.  opacity: of the tint, 0 …
    1.
    """
    out = image.astype(np.float32)
    colours = classes.colours().astype(np.float32)
    edges = segments.masks.boundary(max(1, round(min(segments.size) / 300)))
    for i, mask in enumerate(segments.masks):
        class_ = classes[int(segments.class_ids[i])]
        colour = np.full(3, 128, np.float32)
        if class_.role != "ignore":
            colour = colours[classes.index_of(class_.id)]
        if class_.kind == "thing":
            colour = np.clip(colour * (0.75 + 0.5 * (i * 0.618034 % 1)), 0, 255)
        left, top, right, bottom = mask.box()
        if right == left:
            continue
        window = out[top:bottom, left:right]
        inside = mask.decode(window=(left, top, right, bottom))
        window[inside] += opacity * (colour - window[inside])
        window[edges[i].decode(window=(left, top, right, bottom))] = colour
    return out.clip(0, 255).astype(np.uint8)
