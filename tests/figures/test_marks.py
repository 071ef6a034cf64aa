"""Labels as a layer of their own."""

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.figures.marks import BORDER, INSIDE, marks

CLASSES = Classes([Class(1, "car", colour=(250, 0, 0))])


def test_boxes_are_drawn_around_what_is_drawn() -> None:
    dense = np.zeros((1, 8, 10), bool)
    dense[0, 1:7, 4] = dense[0, 3, 2:9] = True  # a cross
    segments = Segments(Masks.encode(dense), [1])
    plain = marks(segments, CLASSES, (8, 10))
    assert set(np.unique(plain[..., 3])) <= {0, INSIDE, BORDER}
    assert plain[1, 2, 3] == 0
    boxed = marks(segments, CLASSES, (8, 10), boxes=True)
    edge = np.zeros((8, 10), bool)
    edge[[1, 6], 2:9] = edge[1:7, [2, 8]] = True
    assert (boxed[edge] == (250, 0, 0, BORDER)).all()
    assert np.array_equal(boxed[~edge], plain[~edge])
    half = marks(segments, CLASSES, (4, 5), boxes=True)
    assert (half[[0, 3], 1:5, 3] == BORDER).all()
    assert (half[:, [1, 4], 3] == BORDER).all()
    assert not half[:, 0].any()
