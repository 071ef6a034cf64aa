"""Augmentations of image and label together, one module each.

    apply(image, target, rng, **settings) -> image, target

image: (H, W, 3) uint8 RGB.  target: (H, W) uint8 class indices, or Segments, which move as run
lengths.  rng: numpy Generator; the same state gives the same result.  Labels are only ever moved, never blended.
"""

from maskwright import registry


def names() -> list[str]:
    return registry.names("transforms")
