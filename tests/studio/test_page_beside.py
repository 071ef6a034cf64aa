"""One image twice in a real browser: under its labels and under a run, moved and zoomed together."""

import numpy as np
import pytest
from studio_person import SIZE, Person, scene

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.runs import Run
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


@pytest.fixture
def looker(browser, studio):
    """A disk and a box on every image; a run that found the disks, and on the second image nothing."""
    with Dataset.open(studio.folder) as dataset:
        with dataset.edit("labels") as edit:
            for k in range(5):
                edit.put(f"p{k}", Segments(Masks.encode(np.array(scene(k)[1:])), [1, 2]))
        run = Run.start(dataset, "predict", {}, name="first")
        disks = [Segments(Masks.encode(scene(k)[1][None]), [1], scores=[0.75]) for k in range(5)]
        run.add_predictions(zip(dataset.numbers(), [disks[0], Segments.none(SIZE), *disks[2:]], strict=True))
        run.finish()
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    person.page.get_by_role("button", name="Explore").click()
    yield person
    assert not person.errors
    context.close()


def test_an_image_is_shown_under_labels_and_a_run_and_both_sides_move_alike(looker) -> None:
    page = looker.page
    page.locator(".cell", has_text="p0").click()
    page.get_by_role("button", name="Side by side").click()
    right = page.get_by_role("region", name="Right")
    right.get_by_text("1 matched, 1 lost, 0 invented").wait_for()
    assert sorted(right.locator(".judged").all_inner_texts()) == ["0.75 · 1.00", "lost"]
    assert page.get_by_label("Left").locator("option:checked").inner_text() == "Labels"
    pane = right.locator(".pane")
    box = pane.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.mouse.wheel(0, -400)
    looker.until("document.querySelectorAll('.moved')[0].style.transform.includes('scale(2.7')")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    left, other = page.locator(".moved").evaluate_all("(parts) => parts.map((part) => part.style.transform)")
    assert left == other != ""
    page.keyboard.press("0")
    looker.until("document.querySelectorAll('.moved')[0].style.transform.includes('scale(1)')")
    page.keyboard.press("ArrowRight")
    right.get_by_text("0 matched, 2 lost, 0 invented").wait_for()
    assert "image=2" in page.url
    page.reload()  # the address holds the image and both sides
    page.get_by_role("region", name="Right").get_by_text("0 matched, 2 lost").wait_for()
    page.get_by_role("button", name="Open").click()
    looker.until("location.hash.startsWith('#2')")
