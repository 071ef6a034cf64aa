"""From images of which none is labelled to accepted masks, by mouse and keyboard, judged by what the dataset holds."""

import json

import numpy as np
import pytest
from first_masks_scene import blobs
from PIL import Image
from studio_person import Person, iou, visiting

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.labelling import workflow
from maskwright.runs import Run, list_runs
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]

TWELVE = 12


def folder_of(tmp_path, number: int, *, blank: int = 0):
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(number):
        Image.fromarray(blobs(k)[0]).save(folder / f"p{k:02}.png")
    for k in range(blank):
        Image.fromarray(np.full((240, 320, 3), 70, np.uint8)).save(folder / f"z{k}.png")
    return folder


@pytest.fixture
def person(browser, tmp_path):
    with visiting(browser, folder_of(tmp_path, 3)) as somebody:
        yield somebody


def suggest(person: Person) -> str:
    """Suggest masks with what the dialog proposes -> the result's words."""
    person.press("Shift+U")
    person.page.locator("[data-action=begin]").click()
    done = person.page.locator("[role=dialog] [data-done=suggest]")
    done.wait_for()
    return done.inner_text()


def review(person: Person) -> None:
    person.page.locator("[role=dialog] [data-review]").click()
    person.page.wait_for_timeout(500)  # the most doubtful of the others opens, where there is one
    person.page.locator(".suggestion").wait_for()


def shown(person: Person) -> Masks:
    """What the page shows as suggested for the open image."""
    rows = person.page.evaluate(
        "() => fetch(`/api/images/${window.maskwright.number()}/suggestion`).then((answer) => answer.json())"
    )
    return Masks.from_compressed([segment["counts"] for segment in rows["objects"]], (240, 320))


def on_page(person: Person) -> Masks:
    """The objects of the open image as the page has them."""
    found = json.loads(person.hash())
    out = np.zeros((len(found), 240, 320), bool)
    for mask, (_, _, _, x, y, width, height, bits) in zip(out, found, strict=True):
        mask[y : y + height, x : x + width] = np.array([bit == "1" for bit in bits]).reshape(height, width)
    return Masks.encode(out)


def left(person: Person) -> int:
    return person.page.locator("[data-suggestion]").count()


def has_left(person: Person, number: int) -> None:
    """So many suggestions are shown, once the image that was opened is."""
    person.until(f"document.querySelectorAll('[data-suggestion]').length === {number}")


def test_from_twelve_unlabelled_images_to_accepted_masks(browser, tmp_path) -> None:
    with visiting(browser, folder_of(tmp_path, TWELVE)) as person:
        page = person.page
        fresh = page.locator("[data-action=suggest]")
        fresh.wait_for()  # the empty state's main action
        fresh.click()
        page.locator("[data-class]").select_option("2")
        page.locator("[data-action=begin]").click()
        done = page.locator("[role=dialog] [data-done=suggest]")
        done.wait_for()
        objects = sum(len(blobs(k)[1]) for k in range(TWELVE))
        assert f"{objects} objects suggested on {TWELVE} images." in done.inner_text()
        with Dataset.open(person.studio.folder, read_only=True) as dataset:
            assert not any(len(sample.segments) for sample in dataset)
        review(person)
        assert page.locator("[data-action=suggest]").count() == 0
        accepted: dict[int, Masks] = {}
        for _ in range(TWELVE):
            number = person.page.evaluate("window.maskwright.number()")
            assert number not in accepted
            offered = shown(person)
            page.locator("[data-action=accept]").click()
            person.saved()
            accepted[number] = on_page(person)
            assert accepted[number] == offered
            if len(accepted) < TWELVE:
                person.press("n")
                person.until(f"window.maskwright.number() !== {number}")
                page.locator(".suggestion").wait_for()
        assert "12 of 12 finished" in page.locator("nav .progress").inner_text()
        with Dataset.open(person.studio.folder, read_only=True) as dataset:
            for number, masks in accepted.items():
                found = dataset.read([number])[0].segments
                assert found.masks == masks
                assert found.masks.iou(Masks.encode(blobs(number - 1)[1])).max(axis=0).min() > 0.97
                assert set(found.class_ids.tolist()) == {2}
                assert set(found.source) == {"human"}
                assert all(attributes["accepted"] == "untouched" for attributes in found.attributes)
                assert workflow.of(dataset, number).state == "labelled"
        assert person.page.locator("nav li button").count() == 0  # nothing waits any more


def test_objects_are_judged_one_by_one_and_taken_back(person) -> None:
    suggest(person)
    review(person)
    page = person.page
    truth = blobs(page.evaluate("window.maskwright.number()") - 1)[1]
    number = page.evaluate("window.maskwright.number()") - 1
    has_left(person, len(truth))
    # An engine without weights orders what it finds, and gives no number to be believed.
    assert page.locator(".suggested .legend").inner_text() == "by outline"
    places = [str(k + 1) for k in range(len(truth))]
    assert page.locator("[data-suggestion] .number").all_inner_texts() == places
    assert "confidence" not in page.locator(".suggestion").inner_text()
    person.press("ArrowDown")
    assert page.locator("[data-suggestion] button.chosen").count() == 1
    person.press("ArrowRight")  # accept, and look at the next
    assert len(person.segments(number)) == 1
    has_left(person, len(truth) - 1)
    person.press("ArrowLeft")  # reject
    person.saved()
    has_left(person, len(truth) - 2)
    page.reload()
    person.ready()
    page.locator(".suggestion").wait_for()
    has_left(person, len(truth) - 2)  # what was rejected stays so
    person.press("Control+z")
    person.until(f"document.querySelectorAll('[data-suggestion]').length === {len(truth) - 1}")
    person.press("Control+z")
    person.until(f"document.querySelectorAll('[data-suggestion]').length === {len(truth)}")
    assert len(person.segments(number)) == 0
    person.press("v")
    y, x = (int(axis.mean()) for axis in np.nonzero(truth[0]))
    person.click(x, y)  # one click takes it
    assert iou(person.segments(number).masks, truth[0]) > 0.97
    y, x = (int(axis.mean()) for axis in np.nonzero(truth[1]))
    person.click(x, y, "Alt")  # and one with Alt drops it
    person.saved()
    has_left(person, len(truth) - 2)
    person.press("a")
    assert len(person.segments(number)) == len(truth) - 1
    assert page.locator(".suggestion").count() == 0
    person.press("Control+z")
    person.until("!!document.querySelector('.suggestion')")
    has_left(person, len(truth) - 2)
    assert len(person.segments(number)) == 1
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert workflow.of(dataset, number + 1).state is None


def test_what_is_less_sure_is_left_out(person) -> None:
    truth = blobs(0)[1]
    with Dataset.open(person.studio.folder) as dataset:
        run = Run.start(dataset, "predict", {}, name="predicting")
        run.add_predictions([(1, Segments(Masks.encode(truth), [1] * len(truth), scores=[0.2, 0.55, 0.9]))])
        run.finish("done")
    page = person.page
    person.press("Shift+U")
    page.locator("[data-source=run] input").check()
    page.locator("[data-action=begin]").click()
    page.locator("[role=dialog] [data-done=suggest]").wait_for()
    review(person)
    has_left(person, 3)
    page.get_by_label("Least score").fill("0.5")
    has_left(person, 2)
    assert "1 less sure" in page.locator(".suggested").inner_text()
    person.press("a")
    found = person.segments(0)
    assert found.scores.tolist() == pytest.approx([0.55, 0.9])
    assert found.masks == Masks.encode(truth[1:])
    assert "Accepted 2; 1 of less than 0.50 left out" in page.locator("[data-toast]").inner_text()
    page.locator("[data-toast] button").click()
    person.until("document.querySelectorAll('[data-suggestion]').length === 2")
    assert len(person.segments(0)) == 0


@pytest.mark.slow
def test_work_outlives_the_page_and_ends_in_a_result(browser, tmp_path) -> None:
    with visiting(browser, folder_of(tmp_path, 8, blank=1)) as person:
        page = person.page
        person.press("Shift+U")
        page.locator("[data-action=begin]").click()
        page.locator("[role=dialog] [data-running=suggest]").wait_for()
        page.reload()
        person.ready()
        done = page.locator("aside [data-done=suggest]")
        done.wait_for()
        assert "on 8 images. Nothing was found on 1 image." in done.inner_text()
        page.reload()
        person.ready()
        page.locator("aside [data-done=suggest]").wait_for()
        page.locator("aside [data-review]").click()
        page.locator(".suggestion").wait_for()
        assert page.locator("nav li button").count() == 8


def test_what_is_not_found_or_does_not_work_is_said(browser, tmp_path) -> None:
    with visiting(browser, folder_of(tmp_path, 1, blank=2)) as person:
        page = person.page
        (tmp_path / "photos" / "p00.png").write_bytes(b"no image")
        words = suggest(person)
        assert "No object was found. 1 image could not be worked on." in words
        assert "p00: " in words
        assert page.locator("[role=dialog] [data-review]").count() == 0
        page.get_by_role("button", name="Suggest something else").click()
        lacking = page.locator("[data-source=words]")
        assert "--weights sam3" in lacking.inner_text()
        assert lacking.locator("input").is_disabled()


def test_label_the_rest_says_what_it_needs_before_it_is_pressed(person) -> None:
    page = person.page
    needs, button = page.locator("[data-needs]"), page.locator("[data-action=propagate]")
    needs.wait_for()
    assert needs.inner_text() == "2 finished images are needed, with disk and box on them."
    assert button.is_disabled()
    person.drag((60, 60), (61, 61))
    person.press("Enter")
    person.until("document.querySelector('[data-needs]').dataset.needs === '1'")
    assert needs.inner_text() == "1 more finished image is needed, with box on it."
    person.saved()
    person.press("2")
    person.drag((60, 60), (61, 61))
    person.press("Enter")
    person.until("document.querySelector('[data-needs]').dataset.needs === '0'")
    assert needs.inner_text() == "Learns from 2 finished images."
    button.click()
    page.locator("aside [data-done=propagate]").wait_for()
    assert "suggested on 1 image, learned from 2." in page.locator("aside [data-done=propagate]").inner_text()
    # What is said is what is there: finished meanwhile, nothing waits any more, and nothing is left to learn for.
    person.press("Enter")
    person.until("document.querySelector('[data-needs]').dataset.left === '0'")
    assert needs.inner_text() == "Nothing is left to label: every image has labels or is finished."
    assert button.is_disabled()
    done = page.locator("aside [data-done=propagate]")
    assert "Nothing of what was suggested waits any more." in done.inner_text()
    assert "suggested on" not in done.inner_text()
    person.saved()
    status, said = page.evaluate(
        """async () => {
            const answer = await fetch("/api/propagate", {method: "POST", headers: {"content-type": "application/json"},
              body: JSON.stringify({engine: "forest"})});
            return [answer.status, (await answer.json()).detail];
        }"""
    )
    assert status == 400
    assert "nothing is left to label" in said


def test_suggestions_of_another_run_take_the_place_of_those_before(person) -> None:
    suggest(person)
    person.press("Escape")
    before = shown(person)
    words = suggest(person)
    assert "3 images" in words
    assert shown(person) == before
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert [row["kind"] for row in list_runs(dataset)] == ["suggest", "suggest"]


def test_all_images_are_accepted_at_once_and_left_to_review(person) -> None:
    suggest(person)
    review(person)
    page = person.page
    page.locator("[data-action=acceptEverywhere]").click()
    person.until("document.querySelector('[data-toast]')?.innerText.includes('on 3 images')")
    person.saved()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        for k in range(3):
            found = dataset.read([k + 1])[0].segments
            assert found.masks.iou(Masks.encode(blobs(k)[1])).max(axis=0).min() > 0.97
            assert set(found.source) == {"model"}  # nobody has looked at them
            assert workflow.of(dataset, k + 1).state == "review"
    assert page.locator(".suggestion").count() == 0
    page.locator("[data-toast] button").click()  # all images at once
    page.locator("[data-toast]").get_by_text("Taken back: accepted on many images").wait_for()
    person.until("!!document.querySelector('.suggestion') && !window.maskwright.turning()")
    person.saved()
    assert reviewed(person) == []
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert workflow.judged(dataset) == set()
        assert [len(sample.segments) for sample in dataset.read([1, 2, 3])] == [0, 0, 0]
    page.reload()
    person.ready()
    person.press("Control+Shift+Z")
    page.locator("[data-toast]").get_by_text("Done again: accepted on many images").wait_for()
    assert reviewed(person) == [1, 2, 3]
    assert page.locator(".suggestion").count() == 0


def reviewed(person: Person) -> list[int]:
    person.saved()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        return [
            k for k in (1, 2, 3) if workflow.of(dataset, k).state == "review" and len(dataset.read([k])[0].segments)
        ]


@pytest.mark.slow
def test_images_that_were_changed_since_stay_when_the_others_are_taken_back(browser, person) -> None:
    suggest(person)
    review(person)
    person.page.locator("[data-action=acceptEverywhere]").click()
    person.until("document.querySelector('[data-toast]')?.innerText.includes('on 3 images')")
    person.saved()
    other = Person(browser.new_context().new_page(), person.studio)  # another browser, which has done nothing yet
    other.image(1)
    other.press("v")
    x, y = (int(value.mean()) for value in np.nonzero(blobs(1)[1][0])[::-1])
    other.click(x, y)
    other.press("Delete")
    other.saved()
    other.page.close()
    person.press("Control+z")
    said = person.page.locator("[data-toast]").get_by_text("Taken back: accepted on many images")
    said.wait_for()
    assert "1 of 3 images was changed since and stays as it is: p01" in said.inner_text()
    assert reviewed(person) == [2]
    person.press("Control+Shift+Z")
    person.page.locator("[data-toast]").get_by_text("Done again: accepted on many images").wait_for()
    assert reviewed(person) == [1, 2, 3]
    person.press("Control+z")
    person.page.locator("[data-toast]").get_by_text("Taken back: accepted on many images").wait_for()
    assert reviewed(person) == [2]


def test_all_images_are_rejected_at_once_and_taken_back_at_once(person) -> None:
    suggest(person)
    review(person)
    page = person.page
    assert page.locator(".suggestion").get_by_role("button", name="Reject all").count() == 1
    page.locator("[data-action=rejectEverywhere]").click()
    person.until("document.querySelector('[data-toast]')?.innerText.includes('Rejected')")
    person.saved()
    assert page.locator(".suggestion").count() == 0
    page.locator("[data-empty=list]").wait_for()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert len(workflow.judged(dataset)) == 3
    page.locator("[data-toast] button").click()
    person.until("document.querySelectorAll('nav li button').length === 3 && !window.maskwright.turning()")
    page.locator(".suggestion").wait_for()
    person.saved()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert workflow.judged(dataset) == set()
