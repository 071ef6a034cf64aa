"""Traces of lossy compression; the labels stay."""

import numpy as np

from maskwright.core.arrays import Array
from maskwright.registry import require
from maskwright.transforms._moves import Target


def apply(
    image: Array, target: Target, rng: np.random.Generator, *, quality: tuple[int, int] = (40, 90),
    chance: float = 0.5,
) -> tuple[Array, Target]:  # fmt: skip
    """The image as a JPEG file gives it back; the target stays as it is.

    image: (H, W, C).  target: (H, W) uint8 class indices, or `Segments`.  rng: the same state gives the same result.
    quality: range of the quality, 1 … 100.  chance: 0 … 1, that anything is done.

    JPEG has eight bits of gray, or of red, green and blue: any other image stays as it is.
    """
    if rng.random() >= chance:
        return image, target
    wanted = int(rng.integers(quality[0], quality[1] + 1))
    if image.dtype != np.uint8 or image.shape[2] not in (1, 3):
        return image, target
    cv2 = require("cv2", "the augmentation jpeg")
    coloured = image.shape[2] == 3
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if coloured else np.ascontiguousarray(image)
    _, written = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, wanted])
    read: Array = cv2.imdecode(written, cv2.IMREAD_COLOR if coloured else cv2.IMREAD_GRAYSCALE)
    return cv2.cvtColor(read, cv2.COLOR_BGR2RGB) if coloured else read[..., None], target
