"""The history page in a real browser: what a revision changed, a name for it, and going back."""

import numpy as np
import pytest
from studio_person import Person, Studio, scene

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


@pytest.fixture
def edited(studio) -> Studio:
    """Five images; two revisions of labels of the first two."""
    with Dataset.open(studio.folder) as dataset:
        with dataset.edit("disks", author="ann") as edit:
            for k in range(2):
                edit.put(f"p{k}", Segments(Masks.encode(np.array(scene(k)[1:2])), [1]))
        with dataset.edit("boxes", author="Bob") as edit:
            for k in range(2):
                edit.put(f"p{k}", Segments(Masks.encode(np.array(scene(k)[1:])), [1, 2]))
    return studio


@pytest.fixture
def reader(browser, edited):
    context = browser.new_context()
    person = Person(context.new_page(), edited)
    person.page.evaluate("location.hash = '#/history'")
    person.page.locator("[data-revision]").first.wait_for()
    yield person
    assert not person.errors
    context.close()


def shows(person: Person, number: int) -> None:
    person.until(f"document.querySelector('[data-different]')?.dataset.different === '{number}'")


def test_what_a_revision_changed_is_shown_image_by_image(reader) -> None:
    page = reader.page
    shows(reader, 2)
    box = page.locator(".differences [data-image]").first
    assert "+1" in box.inner_text()
    reader.until("[...document.querySelectorAll('.differences img')].every((image) => image.naturalWidth > 0)")
    page.locator("[data-revision]").nth(1).get_by_role("button").click()
    reader.until("document.querySelectorAll('[data-revision]')[1].classList.contains('chosen')")
    shows(reader, 2)
    # With Shift another one is what it is compared with; the address holds both.
    page.locator("[data-revision]").first.get_by_role("button").click(modifiers=["Shift"])
    reader.until("location.hash.includes('against=')")
    shows(reader, 2)
    page.reload()
    shows(reader, 2)
    assert page.locator(".revisions .against").count() == 1
    box.click()
    reader.ready()
    reader.until("window.maskwright.number() === 1")


def test_a_revision_gets_a_name_and_is_gone_back_to(reader) -> None:
    page = reader.page
    page.locator("[data-revision]").nth(1).get_by_role("button").click()
    shows(reader, 2)
    page.get_by_label("A name for it").fill("disks-only")
    page.get_by_role("button", name="Name it").click()
    page.locator(".tag", has_text="disks-only").wait_for()
    page.get_by_role("button", name="Go back to it").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back to it").click()
    reader.until("document.querySelectorAll('[data-revision]')[0].innerText.includes('restore')")
    shows(reader, 2)
    with Dataset.open(reader.studio.folder, read_only=True) as dataset:
        assert [len(dataset[f"p{k}"].segments) for k in range(2)] == [1, 1]
        assert dataset.tags() == {"disks-only": dataset.revision - 2}
        assert dataset.diff("disks-only", "head") == []
