"""The runs page in a real browser: what a run takes for what, and the way to its images."""

import numpy as np
import pytest
from studio_person import Person, scene

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.runs import Run, evaluate
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


@pytest.fixture
def reader(browser, studio):
    """A disk and a box in every image; a run that takes the box of two images for a disk, and loses a disk."""
    with Dataset.open(studio.folder) as dataset:
        predicted = []
        with dataset.edit("labels") as edit:
            for k in range(5):
                masks = Masks.encode(np.array(scene(k)[1:]))
                edit.put(f"p{k}", Segments(masks, [1, 2]))
                kinds = [1, 1] if k in (1, 3) else [1, 2]
                predicted.append(Segments(masks, kinds, scores=[0.9, 0.8])[k == 4 :])
        run = Run.start(dataset, "predict", {}, name="first")
        run.add_predictions(zip(dataset.numbers(), predicted, strict=True))
        run.finish()
        evaluate(dataset, run)
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    person.page.get_by_role("button", name="Runs").click()
    yield person
    assert not person.errors
    context.close()


def test_a_cell_of_the_confusion_opens_its_images(reader) -> None:
    page = reader.page
    table = page.get_by_role("region", name="What first takes for what")
    assert table.get_by_role("button", name="box → disk: 2 objects, 40.0 %").inner_text() == "40 %"
    table.get_by_role("button", name="Counts").click()
    assert table.get_by_role("button", name="box → disk: 2 objects").inner_text() == "2"
    assert table.get_by_role("button", name="disk → lost: 1 object, 20.0 %").inner_text() == "1"
    table.get_by_role("button", name="Pixels").click()
    table.get_by_role("button", name="disk → background").wait_for()
    page.reload()  # the address holds what is counted, and how it is said
    table.get_by_role("button", name="disk → background").wait_for()
    assert "of=pixels" in page.url
    assert "as=counts" in page.url
    table.get_by_role("button", name="Objects").click()
    table.get_by_role("button", name="box → disk").click()
    reader.until("document.querySelector('[data-found]')?.dataset.found === '2'")
    reader.until("![...document.querySelectorAll('.cell .key')].some((cell) => cell.textContent === '…')")
    assert page.locator(".cell .key").all_inner_texts() == ["p1", "p3"]
    page.go_back()
    judged = page.get_by_role("region", name="How sure first is of objects, and how right")
    judged.get_by_role("img", name="Precision, by recall: disk 5 objects, box 5 objects").wait_for()
    # of score 0.9 all four are right, of score 0.8 three of five: (4 * 0.1 + 5 * 0.2) / 9
    judged.get_by_role("img", name="expected calibration error 0.156").wait_for()
    table.get_by_role("button", name="box → disk").wait_for()
