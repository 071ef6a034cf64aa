"""Truth, prediction and error side by side."""

import numpy as np

from maskwright.core.arrays import U8
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.segments import Segments
from maskwright.figures.overlay import overlay

#: Colours of what was missed, of what is too much, and of another class.
MISSED, INVENTED, MISTAKEN = (230, 60, 60), (70, 110, 250), (240, 210, 60)


def comparison(image: U8, truth: Segments, found: Segments, classes: Classes) -> U8:
    """Truth, prediction and their difference side by side: (H, 3 W, 3) uint8.

    image: (H, W, 3) uint8 RGB.  truth, found: over it.  Where they differ, red is missed, blue too much, yellow another
    class; ignored pixels are not a difference.
    """
    wanted, given = (each.label_map(classes, dtype=np.int16, unlabelled=-1) for each in (truth, found))
    counts = wanted != IGNORE_INDEX
    error = (image * 0.4).astype(np.uint8)
    error[counts & (wanted >= 0) & (given < 0)] = MISSED
    error[counts & (wanted < 0) & (given >= 0)] = INVENTED
    error[counts & (wanted >= 0) & (given >= 0) & (wanted != given)] = MISTAKEN
    return np.concatenate([overlay(image, truth, classes), overlay(image, found, classes), error], axis=1)
