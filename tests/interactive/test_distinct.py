"""Objects that stand out, told from pieces of the background: no label and no weights."""

import numpy as np
import pytest
from first_masks_scene import SIZE, blobs

from maskwright.core.masks import Masks
from maskwright.interactive import distinct, engines
from maskwright.interactive.distinct import outline_confidence


@pytest.mark.parametrize("k", range(4))
def test_objects_are_told_from_pieces_of_the_background(k) -> None:
    image, truth = blobs(k)
    found = distinct(image, engines.build("classical"))
    assert len(found) == len(truth)
    assert found.masks.iou(Masks.encode(truth)).max(axis=0).min() > 0.97
    assert not np.triu(found.masks.intersections(found.masks), 1).any()
    assert (np.diff(found.scores) <= 0).all()


def test_noise_and_flat_images_hold_no_object() -> None:
    engine = engines.build("classical")
    rng = np.random.default_rng(0)
    assert len(distinct(rng.integers(90, 110, (160, 200, 3)).astype(np.uint8), engine)) == 0
    assert len(distinct(np.full((160, 200, 3), 90, np.uint8), engine)) == 0


def test_the_faintest_part_of_the_outline_decides() -> None:
    image, truth = blobs(0)
    blob = truth[0]
    half = blob.copy()
    half[:, : blob.any(axis=0).argmax() + 24] = False  # it ends inside the blob, where nothing is to be seen
    background = ~truth.any(axis=0)
    rim = np.zeros(SIZE, bool)
    rim[100:102, 20:300] = True  # nowhere as wide as an object
    nothing = np.zeros(SIZE, bool)
    scores = outline_confidence(image, Masks.encode(np.array([blob, half, background, rim, nothing])))
    assert scores[0] > 0.8
    assert scores[1] < 0.2
    assert scores[2] < 0.2
    assert scores[3:].tolist() == [0, 0]
