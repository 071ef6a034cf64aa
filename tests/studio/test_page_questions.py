"""What people ask of their data, answered by mouse alone; each answer says how many presses it takes at most."""

import numpy as np
import pytest
from studio_person import SIZE, Person, scene

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.runs import Run, evaluate
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]

COUNTING = "window.presses = 0; window.addEventListener('pointerdown', () => (window.presses += 1), true);"


@pytest.fixture
def asker(browser, studio):
    """A disk and a box on each of five images. The run `old` finds all; `new` loses the box of p1 and p3, calls that of
    p2 a disk, and finds something on p4 where nothing is.
    """
    with Dataset.open(studio.folder) as dataset:
        with dataset.edit("labels") as edit:
            for k in range(5):
                edit.put(f"p{k}", Segments(Masks.encode(np.array(scene(k)[1:])), [1, 2]))
        corner = np.zeros(SIZE, bool)
        corner[:20, :20] = True
        for name in ("old", "new"):
            found = []
            for k in range(5):
                _, disk, box = scene(k)
                masks, kinds = [disk, box], [1, 2]
                if name == "new" and k in (1, 3):
                    masks, kinds = [disk], [1]
                if name == "new" and k == 2:
                    kinds = [1, 1]
                if name == "new" and k == 4:
                    masks, kinds = [disk, box, corner], [1, 2, 2]
                found.append(Segments(Masks.encode(np.array(masks)), kinds, scores=[0.9, 0.8, 0.7][: len(kinds)]))
            run = Run.start(dataset, "predict", {}, name=name)
            run.add_predictions(zip(dataset.numbers(), found, strict=True))
            run.finish()
            evaluate(dataset, run)
    context = browser.new_context()
    context.add_init_script(COUNTING)
    person = Person(context.new_page(), studio)
    person.page.get_by_role("button", name="Explore").click()
    left(person, 5)
    yield person
    assert not person.errors
    context.close()


def left(person: Person, number: int) -> None:
    person.until(f"document.querySelector('[data-found]')?.dataset.found === '{number}'")


def keys(person: Person) -> list[str]:
    person.until("![...document.querySelectorAll('.cell .key')].some((cell) => cell.textContent === '…')")
    return sorted(person.page.locator(".cell .key").all_inner_texts())


def presses(person: Person, at_most: int) -> None:
    """No more than so many since the last time."""
    taken = person.page.evaluate("window.presses")
    person.page.evaluate("window.presses = 0")
    assert taken <= at_most, f"{taken} presses"


def column(person: Person, name: str):
    """A column's bars, opened."""
    found = person.page.locator(f'[data-column="{name}"]')
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


def sweep(person: Person, name: str, begin: float, end: float) -> None:
    """Over a part of a column's bars, in shares of their width."""
    place = column(person, name).locator(".u-over")
    place.scroll_into_view_if_needed()
    person.page.wait_for_timeout(300)
    box = place.bounding_box()
    y = box["y"] + box["height"] / 2
    person.page.mouse.move(box["x"] + begin * box["width"], y)
    person.page.mouse.down()
    person.page.mouse.move(box["x"] + end * box["width"], y, steps=5)
    person.page.mouse.up()


def test_of_images_and_objects(asker) -> None:
    page = asker.page
    page.evaluate("window.presses = 0")

    # 1. On which images has the new run lost something?
    sweep(asker, "sample run('new').lost", 0.55, 0.95)
    left(asker, 3)
    assert keys(asker) == ["p1", "p2", "p3"]
    presses(asker, 2)

    # 2. And which of these has it lost altogether, with nothing found in the object's place?
    sweep(asker, "sample run('new').invented", 0.05, 0.45)
    left(asker, 2)
    assert keys(asker) == ["p1", "p3"]
    presses(asker, 2)
    page.get_by_role("button", name="Show all", exact=True).click()
    left(asker, 5)
    presses(asker, 1)

    # 3. Which boxes did the new run lose and the old one find?
    column(asker, "segment class").locator("[data-word=box]").click()
    column(asker, "segment run('new').matched").locator("[data-word=no]").click()
    column(asker, "segment run('old').matched").locator("[data-word=yes]").click()
    page.locator("[data-of=objects]").click()
    asker.until("document.querySelector('[data-objects]')?.dataset.objects === '3'")
    presses(asker, 6)

    # 4. Show me the last of them on its image.
    page.locator(".sheet .all [role=row]").last.dblclick()
    asker.until("location.hash.startsWith('#4')")
    presses(asker, 2)
    page.go_back()
    asker.until("document.querySelector('[data-objects]')?.dataset.objects === '3'")

    # 5. Put their images into another split.
    page.locator("[data-of=images]").click()
    left(asker, 3)
    page.get_by_role("button", name="Pick all shown").click()
    page.locator("[data-action=change]").click()
    page.get_by_label("Value").fill("val")  # a word has no button
    page.get_by_role("button", name="Show what changes").click()
    page.locator("[data-changes='3']").wait_for()
    page.get_by_role("button", name="Change 3 images").click()
    page.locator("[data-column='sample split'] [data-word=val]").wait_for()
    presses(asker, 6)
    with Dataset.open(asker.studio.folder) as dataset:
        assert sorted(dataset.where("split = 'val'").keys()) == ["p1", "p2", "p3"]

    # 6. What did that change?
    page.locator("[data-page=history]").click()
    page.locator("[data-different='3']").wait_for()
    presses(asker, 2)


def test_of_runs(asker) -> None:
    page = asker.page
    page.evaluate("window.presses = 0")

    # 7. Which class got worse?
    page.locator("[data-page=runs]").click()
    page.locator("[data-run=old] button").first.click()
    page.locator("[data-run=new] input").click()
    row = page.get_by_role("region", name="By class").locator("[data-score=box]")
    row.locator(".removed").wait_for()
    presses(asker, 3)

    # 8. What does the new run take boxes for, and where?
    table = page.get_by_role("region", name="What new takes for what")
    table.get_by_role("button", name="box → disk").click()
    left(asker, 1)
    assert keys(asker) == ["p2"]
    presses(asker, 1)
    page.go_back()

    # 9. Where has it lost boxes?
    table.get_by_role("button", name="box → lost").click()
    left(asker, 2)
    assert keys(asker) == ["p1", "p3"]
    presses(asker, 1)
    page.go_back()

    # 10. Which images got worse, the worst first?
    page.get_by_role("button", name="Images that got worse").click()
    left(asker, 5)
    asker.until("![...document.querySelectorAll('.cell .key')].some((cell) => cell.textContent === '…')")
    assert page.locator(".cell .key").first.inner_text() in ("p1", "p2", "p3")
    presses(asker, 1)

    # 11. How does one of them look under both?
    page.locator(".cell").first.click()
    page.locator("[data-action=beside]").click()
    page.get_by_role("region", name="Left").get_by_role("combobox").select_option("old")
    page.get_by_role("region", name="Left").get_by_text("2 matched, 0 lost").wait_for()
    page.get_by_role("region", name="Right").get_by_text("1 lost").wait_for()
    presses(asker, 3)

    # 12. Give me the numbers of both for a slide.
    page.locator("[data-page=runs]").click()
    section = page.get_by_role("region", name="Scores")
    section.locator("summary").first.click()
    with page.expect_download() as download:
        section.locator("[data-save=csv]").click()
    assert download.value.suggested_filename == "scores-old-new.csv"
    presses(asker, 3)
