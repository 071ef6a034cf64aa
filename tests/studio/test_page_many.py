"""An image of a thousand objects: all are shown, listed, chosen and kept, and what is drawn among them is one more."""

import numpy as np
import pytest
from PIL import Image
from studio_person import visiting

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]

SIDE, NUMBER = 640, 1000
SIZE = (SIDE, SIDE)


def squares() -> Masks:
    """(1000) squares of 12 pixels in 25 rows of 40."""
    square = Masks.encode(np.ones((1, 12, 12), bool))
    places = [(16 * (k % 40) + 2, 25 * (k // 40) + 6) for k in range(NUMBER)]
    return Masks.concatenate([square.paste(SIZE, left=left, top=top) for left, top in places], SIZE)


def test_a_thousand_objects_are_worked_on(browser, tmp_path) -> None:
    Image.fromarray(np.full((*SIZE, 3), 90, np.uint8)).save(tmp_path / "many.png")
    classes = Classes([Class(1, "disk", "thing"), Class(2, "box", "thing")])
    folder = tmp_path / "set"
    with Dataset.create(folder, classes) as dataset, dataset.edit("made") as edit:
        segments = Segments(squares(), np.ones(NUMBER, np.int64))
        edit.add(Sample("many", ImageRef(str(tmp_path / "many.png"), SIZE), segments))
    with visiting(browser, folder) as person:
        person.until(f"window.maskwright.scene().segments.length === {NUMBER}")
        before = person.segments()
        listed = person.page.locator("[data-object]")
        assert listed.count() == 400
        person.page.locator("[data-more]").click()
        person.until(f"document.querySelectorAll('[data-object]').length === {NUMBER}")
        person.press("v")
        person.click(16 * 20 + 8, 25 * 12 + 12)
        person.press("Shift+2")
        found = person.segments()
        assert found.masks == before.masks
        assert found.class_ids.tolist() == [2 if k == 12 * 40 + 20 else 1 for k in range(NUMBER)]
        person.press("Escape", "b", "[", "[", "[")
        person.drag((30, 30), (600, 600))
        found = person.segments()
        assert len(found) == NUMBER + 1
        assert found.masks[:NUMBER] == before.masks
        person.press("Control+z", "Control+z")
        found = person.segments()
        assert (found.masks, found.class_ids.tolist()) == (before.masks, [1] * NUMBER)
