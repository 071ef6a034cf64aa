"""What was done on the page is taken back where it was done, and nothing is drawn over what was there unasked."""

import numpy as np
import pytest
from PIL import Image
from studio_person import SIZE, Person, iou, near_line, scene, visiting

from maskwright.labelling import workflow
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]

FIRST, SECOND = ((60, 60), (120, 60)), ((60, 150), (120, 150))


def stroke(line: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
    return near_line(*line, 12)


def underway(person: Person) -> str:
    return person.page.locator("[data-underway]").inner_text()


def toast(person: Person) -> str:
    return person.page.locator("[data-toast]").inner_text()


def test_each_stroke_is_an_object_unless_it_is_added_or_taken_away(person) -> None:
    person.drag(*FIRST)
    person.drag(*SECOND)
    found = person.segments()
    assert len(found) == 2
    assert underway(person) == "New disk"
    person.press("Shift+Q")
    assert underway(person).startswith("Adding to disk")
    assert person.page.locator("[data-action=addTo]").get_attribute("aria-pressed") == "true"
    person.drag((120, 150), (120, 200))
    assert len(person.segments()) == 2
    assert iou(person.segments().masks, stroke(SECOND) | near_line((120, 150), (120, 200), 12)) > 0.98
    person.press("Shift+E")
    assert underway(person).startswith("Taking from disk")
    person.drag((120, 180), (120, 220))
    assert (
        iou(
            person.segments().masks,
            (stroke(SECOND) | near_line((120, 150), (120, 200), 12)) & ~near_line((120, 180), (120, 220), 12),
        )
        > 0.97
    )
    person.press("Escape")
    assert underway(person) == "New disk"
    person.drag((200, 200), (240, 200))
    assert len(person.segments()) == 3
    person.page.keyboard.down("Shift")  # for one stroke alone
    person.drag((240, 200), (280, 200))
    person.page.keyboard.up("Shift")
    assert len(person.segments()) == 3
    person.page.locator("[data-action=newObject]").click()
    person.drag((240, 220), (280, 220))
    assert len(person.segments()) == 4


def test_a_digit_chooses_what_comes_next_and_with_shift_changes_what_is_chosen(person) -> None:
    person.drag(*FIRST)
    person.press("2")
    assert person.segments().class_ids.tolist() == [1]
    person.drag(*SECOND)
    assert person.segments().class_ids.tolist() == [1, 2]
    person.press("Shift+1")
    assert person.segments().class_ids.tolist() == [1, 1]
    person.page.locator("[data-reclass]").select_option("2")
    assert person.segments().class_ids.tolist() == [1, 2]


def test_the_engine_changes_no_object_that_it_was_not_asked_to_refine(person) -> None:
    person.drag((60, 60), (120, 60))
    drawn = person.segments().masks
    person.press("c")
    person.ask(lambda: person.click(100, 110))
    person.press("Enter")
    found = person.segments()
    assert len(found) == 2
    assert found.masks[:1] == drawn
    person.press("Shift+K")
    assert underway(person).startswith("Refining disk")
    person.ask(lambda: person.click(100, 60, "Shift"))
    person.press("Enter")
    assert len(person.segments()) == 2
    assert person.segments().masks[:1] == drawn


def test_what_is_lost_is_named_and_taken_back_with_one_press(person) -> None:
    person.drag(*FIRST)
    pixels = int(person.segments().masks.areas()[0])
    person.press("Delete")
    assert f"Deleted: disk ({pixels:,} px) is gone" in toast(person)
    assert len(person.segments()) == 0
    person.page.locator("[data-toast] button").click()
    assert person.segments().masks.areas().tolist() == [pixels]
    person.press("Escape", "e")
    person.drag((90, 40), (90, 80))  # nothing is chosen: what lies under it
    assert "Erased: disk lost" in toast(person)
    person.press("Escape")
    person.drag((250, 200), (280, 200))
    assert "no object to take this from" in person.page.locator(".message").inner_text()
    person.page.get_by_label("Mode").select_option("panoptic")
    person.press("b")
    person.drag((100, 40), (100, 80))
    assert "disk lost" in toast(person)


def test_enter_finishes_the_image_that_was_just_chosen_in_the_list(person) -> None:
    person.image(2)
    person.press("Enter")
    person.until("location.hash === '#4' && !window.maskwright.turning()")
    person.saved()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert workflow.of(dataset, 3).state == "labelled"


def test_undo_opens_the_image_that_it_concerns(person) -> None:
    person.drag(*FIRST)
    person.image(1)
    person.drag(*SECOND)
    person.image(2)
    person.press("Control+z")
    person.until("location.hash === '#2' && !window.maskwright.turning()")
    assert len(person.segments(1)) == 0
    assert "on p1" in toast(person)
    person.press("Control+z")
    person.until("location.hash === '#1' && !window.maskwright.turning()")
    assert len(person.segments(0)) == 0
    person.press("Control+Shift+Z", "Control+Shift+Z")
    person.until("location.hash === '#2' && !window.maskwright.turning()")
    assert iou(person.segments(0).masks, stroke(FIRST)) > 0.99
    assert iou(person.segments(1).masks, stroke(SECOND)) > 0.99


def test_undo_outlives_the_page(person) -> None:
    person.drag(*FIRST)
    person.drag(*SECOND)
    person.saved()
    person.page.reload()
    person.ready()
    person.press("Control+z")
    person.until("window.maskwright.scene().segments.length === 1")
    assert iou(person.segments().masks, stroke(FIRST)) > 0.99
    person.page.reload()
    person.ready()
    person.press("Control+Shift+Z")
    person.until("window.maskwright.scene().segments.length === 2")
    person.press("Control+z", "Control+z")
    assert len(person.segments()) == 0
    person.press("Control+z")
    person.until("document.querySelector('[data-toast]')?.innerText.includes('nothing to take back')")


def test_two_tabs_take_back_what_is_their_own_first(browser, studio) -> None:
    context = browser.new_context()
    first = Person(context.new_page(), studio)
    first.drag(*FIRST)
    first.saved()
    second = Person(context.new_page(), studio)
    second.drag(*SECOND)
    second.saved()
    first.press("Control+z")
    first.until("window.maskwright.sync().waiting === 0 && !window.maskwright.turning()")
    assert iou(second.segments().masks, stroke(SECOND)) > 0.99
    assert len(second.segments()) == 1
    third = Person(context.new_page(), studio)  # has done nothing: what was done last anywhere
    third.press("Control+z")
    third.until("window.maskwright.scene().segments.length === 0")
    assert len(third.segments()) == 0
    third.press("Control+Shift+Z")
    assert len(third.segments()) == 1
    context.close()


def test_what_somebody_else_changed_since_stays(browser, studio) -> None:
    first = Person(browser.new_context().new_page(), studio)
    first.drag(*FIRST)
    first.saved()
    second = Person(browser.new_context().new_page(), studio)
    second.press("v")
    second.click(90, 60)
    second.press("Shift+2")
    assert second.segments().class_ids.tolist() == [2]
    first.until("window.maskwright.scene().segments[0].classId === 2", 30)
    first.press("Control+z")
    first.until("document.querySelector('[data-toast]')?.innerText.includes('changed since')")
    assert second.segments().class_ids.tolist() == [2]


def test_how_far_an_image_is_is_taken_back_too(person) -> None:
    person.drag(*FIRST)
    person.press("Shift+R")
    person.saved()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert workflow.of(dataset, 1).state == "review"
    person.press("Control+z")
    person.saved()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert workflow.of(dataset, 1).state is None
    assert len(person.segments()) == 1
    person.press("Control+z")
    assert len(person.segments()) == 0


def test_while_a_shape_is_drawn_its_last_corner_is_taken_back(person) -> None:
    person.drag(*FIRST)
    person.press("p")
    for corner in ((40, 120), (140, 120), (250, 230), (140, 220)):
        person.click(*corner)
    person.press("Control+z", "Backspace")
    person.click(140, 220)
    person.click(40, 220)
    person.press("Enter")
    assert len(person.segments()) == 2
    square = np.zeros(SIZE, bool)
    square[120:220, 40:140] = True
    assert iou(person.segments().masks, square) > 0.99
    person.press("c")
    person.ask(lambda: person.click(100, 110))
    person.ask(lambda: person.click(10, 10))
    person.ask(lambda: person.press("Backspace"))
    person.press("Backspace")  # the first point as well: nothing is asked
    person.press("Enter")
    assert len(person.segments()) == 2


def test_nothing_is_done_behind_a_dialog_and_focus_comes_back(person) -> None:
    person.drag(*FIRST)
    opener = person.page.get_by_role("button", name="Export", exact=True)
    opener.focus()
    person.press("Enter")
    dialog = person.page.get_by_role("dialog")
    dialog.wait_for()
    person.press("Delete", "2", "Control+z", "q", "Shift+R")
    for _ in range(12):
        person.press("Tab")
        assert person.page.evaluate("document.querySelector('[role=dialog]').contains(document.activeElement)")
    person.press("Escape")
    dialog.wait_for(state="detached")
    assert opener.evaluate("(element) => element === document.activeElement")
    assert len(person.segments()) == 1
    before = person.page.evaluate("document.activeElement.outerHTML")
    person.press("Tab")
    assert person.page.evaluate("document.activeElement.outerHTML") != before


def test_the_browser_goes_back_to_the_image_before(person) -> None:
    person.image(1)
    person.image(3)
    person.page.go_back()
    person.until("location.hash === '#2' && window.maskwright.number() === 2")
    person.page.go_forward()
    person.until("location.hash === '#4' && window.maskwright.number() === 4")


def test_what_is_refused_holds_up_nothing_and_can_be_mended(person) -> None:
    refused = {"on": True}

    def refusing(route) -> None:
        if refused["on"] and '"kind":"brush"' in (route.request.post_data or ""):
            route.fulfill(status=422, json={"detail": "p0: class 1 is not declared"})
        else:
            route.continue_()

    person.page.route("**/operations?*", refusing)
    person.drag(*FIRST)
    person.press("l")
    person.drag((200, 40), (260, 40), (260, 100), (200, 100))
    assert len(person.segments()) == 1  # what came behind it
    person.page.locator("[data-parked='1']").click()
    row = person.page.locator("[data-refused]")
    assert "class 1 is not declared" in row.inner_text()
    row.get_by_role("button", name="Try again").click()
    person.page.wait_for_timeout(300)
    assert row.count() == 1
    refused["on"] = False
    row.get_by_role("button", name="Try again").click()
    row.wait_for(state="detached")
    assert len(person.segments()) == 2
    assert iou(person.segments().masks, stroke(FIRST)) > 0.99


def test_a_studio_that_is_begun_anew_is_waited_for(person) -> None:
    person.studio.kill()
    person.drag(*FIRST)
    person.until("document.querySelector('.status').dataset.state === 'offline'")
    person.studio.start()
    person.saved()
    assert len(person.segments()) == 1


def test_classes_and_people_that_come_are_there_within_seconds(browser, studio, person) -> None:
    put = """() => fetch("/api/project").then((answer) => answer.json()).then(({classes}) => fetch("/api/classes", {method: "PUT",
        headers: {"content-type": "application/json"}, body: JSON.stringify({classes: [...classes, {id: 9, name: "ring", kind: "thing",
        role: "class", colour: null}]})})).then((answer) => answer.status)"""
    person.until("window.maskwright.number() === 1")
    person.page.wait_for_timeout(500)
    other = Person(browser.new_context().new_page(), studio)
    assert other.page.evaluate(put) == 200
    person.until("document.querySelector('.classes').innerText.includes('ring')", 15)


def names(person: Person) -> list[str]:
    person.saved()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        return [declared.name for declared in dataset.classes]


def edit_class(person: Person, name: str, colour: str) -> None:
    """Rename the first class and paint it, and add one more."""
    page = person.page
    page.get_by_role("button", name="Edit classes").click()
    row = page.locator("[role=dialog] [data-class='1']")
    row.get_by_label("Name of the class").fill(name)
    row.locator("input[type=color]").fill(colour)
    page.locator("[role=dialog]").get_by_role("button", name="Add", exact=True).click()
    page.locator("[role=dialog]").get_by_role("button", name="Save", exact=True).click()
    page.locator("[role=dialog]").wait_for(state="detached")


def test_changes_of_the_classes_are_taken_back_in_their_turn(person) -> None:
    person.drag(*FIRST)
    edit_class(person, "circle", "#ff0000")
    person.press("3")
    person.drag(*SECOND)
    assert names(person) == ["circle", "box", "class 3"]
    person.image(1)
    person.page.reload()
    person.ready()
    person.press("Control+z")  # the object of the new class
    person.until("location.hash === '#1' && !window.maskwright.turning()")
    assert len(person.segments()) == 1
    person.press("Control+z")
    person.until("document.querySelector('[data-toast]')?.innerText.includes('classes changed')")
    assert names(person) == ["disk", "box"]
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert dataset.classes[1].colour != (255, 0, 0)
    person.press("Control+Shift+Z", "Control+Shift+Z")
    person.until("window.maskwright.scene().segments.length === 2 && !window.maskwright.turning()")
    assert names(person) == ["circle", "box", "class 3"]
    assert person.segments().class_ids.tolist() == [1, 3]


def test_a_dialog_hears_keys_although_what_had_the_focus_went(person) -> None:
    page = person.page
    page.get_by_role("button", name="Edit classes").click()
    page.locator("[role=dialog]").wait_for()
    inside = "document.querySelector('[role=dialog]').contains(document.activeElement)"
    person.until(inside)
    page.evaluate("document.activeElement.blur()")
    person.press("Tab")
    assert page.evaluate(inside)
    page.evaluate("document.activeElement.blur()")
    person.press("Escape")
    page.locator("[role=dialog]").wait_for(state="detached")


def merge_box_into_disk(person: Person) -> None:
    page = person.page
    page.get_by_role("button", name="Edit classes").click()
    page.locator("[role=dialog] [data-class='2']").get_by_label("merge into …").select_option("1")
    page.locator("[data-effect=merge]").get_by_role("button", name="Merge", exact=True).click()
    person.until("document.querySelectorAll('[role=dialog] [data-class]').length === 1")
    person.press("Escape")
    page.locator("[role=dialog]").wait_for(state="detached")


def test_merging_classes_is_taken_back_on_all_images(browser, studio) -> None:
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    person.drag(*FIRST)
    person.press("2")
    person.drag(*SECOND)
    person.image(1)
    person.drag(*FIRST)
    person.drag(*SECOND)
    person.saved()
    with Dataset.open(studio.folder, read_only=True) as dataset:
        before, revision = dataset.classes, dataset.revision
    merge_box_into_disk(person)
    assert "box is disk now" in toast(person)
    assert (person.segments(0).class_ids.tolist(), person.segments(1).class_ids.tolist()) == ([1, 1], [1, 1])
    person.page.reload()
    person.ready()
    person.press("Control+z")
    person.page.locator("[data-toast]").get_by_text("Taken back: classes merged").wait_for()
    assert (person.segments(0).class_ids.tolist(), person.segments(1).class_ids.tolist()) == ([1, 2], [2, 2])
    with Dataset.open(studio.folder, read_only=True) as dataset:
        assert list(dataset.classes) == list(before)
        assert dataset.revision == revision + 2
    assert person.page.locator(".classes").get_by_text("box").count() == 1
    person.press("Control+Shift+Z")
    person.page.locator("[data-toast]").get_by_text("Done again: classes merged").wait_for()
    other = Person(context.new_page(), studio)  # another tab, which has done nothing itself
    other.image(0)
    other.press("v")
    other.click(90, 150)
    other.press("e")
    other.drag((110, 130), (110, 170))
    other.saved()
    person.press("Control+z")
    said = person.page.locator("[data-toast]").get_by_text("Taken back: classes merged")
    said.wait_for()
    assert "1 object was changed since and stays as it is, on p0" in said.inner_text()
    assert (person.segments(0).class_ids.tolist(), person.segments(1).class_ids.tolist()) == ([1, 1], [2, 2])
    person.press("Control+z")  # what came before is taken back as ever
    person.until("window.maskwright.scene().segments.length === 1 && !window.maskwright.turning()")
    assert person.segments(1).class_ids.tolist() == [2]
    assert not other.errors
    assert not person.errors
    context.close()


def test_a_class_that_somebody_uses_meanwhile_stays(browser, studio) -> None:
    first = Person(browser.new_context().new_page(), studio)
    edit_class(first, "circle", "#ff0000")
    second = Person(browser.new_context().new_page(), studio)
    second.press("3")
    second.drag(*FIRST)
    assert second.segments().class_ids.tolist() == [3]
    first.press("Control+z")
    first.until("document.querySelector('[data-toast]')?.innerText.includes('still use the class')")
    assert names(first) == ["circle", "box", "class 3"]


def test_undo_goes_on_from_a_list_that_has_the_focus_and_not_from_a_field_of_text(person) -> None:
    person.drag(*FIRST)
    person.page.get_by_label("Mode").focus()
    person.press("Control+z")
    assert len(person.segments()) == 0
    person.press("Control+Shift+Z")
    assert len(person.segments()) == 1
    person.page.get_by_role("searchbox", name="Name").fill("p")
    person.press("Control+z")  # the field's own
    assert len(person.segments()) == 1


def test_what_lies_on_protected_objects_alone_is_said_and_can_be_drawn_over_them(person) -> None:
    person.press("l")
    person.drag((40, 40), (160, 40), (160, 160), (40, 160))
    person.page.get_by_label("Protect other objects").check()
    person.press("b", "2")
    person.drag((80, 80), (120, 80))
    assert "Nothing drawn: all of it lies on disk, which is protected" in toast(person)
    assert len(person.segments()) == 1
    person.press("1")  # it stays of the class that it was drawn with
    person.page.locator("[data-way='Draw over it']").click()
    found = person.segments()
    assert found.class_ids.tolist() == [1, 2]
    assert iou(found.masks, near_line((80, 80), (120, 80), 12)) > 0.98
    person.press("Control+z")
    assert len(person.segments()) == 1
    person.drag((240, 200), (280, 200))
    person.page.keyboard.down("Shift")
    person.drag((80, 100), (120, 100))
    person.page.keyboard.up("Shift")
    assert "Nothing drawn" in toast(person)
    person.press("x")
    person.ask(lambda: person.drag((60, 70), (140, 150)))
    person.press("Enter")
    assert "Nothing drawn" in toast(person)
    assert len(person.segments()) == 2


def pixels_like(person: Person, colour: tuple[int, int, int], x: float, y: float) -> int:
    """How many pixels of the board around a place of the image have a colour."""
    return person.page.evaluate(
        """([x, y, colour]) => new Promise((done) => {
            const { board } = window.maskwright;
            board.redraw();
            requestAnimationFrame(() => requestAnimationFrame(() => {
                const at = board.view.toScreen({x, y});
                const { data } = board.canvas.getContext("2d").getImageData(Math.round(at.x) - 8, Math.round(at.y) - 8, 16, 16);
                let found = 0;
                for (let k = 0; k < data.length; k += 4) found += colour.every((value, c) => Math.abs(data[k + c] - value) < 6);
                done(found);
            }));
        })""",
        [x, y, list(colour)],
    )


def test_lines_have_the_colour_of_what_they_draw_and_the_bar_says_what_is_taken_away(person) -> None:
    person.press("l")
    person.drag((40, 40), (200, 40), (200, 200), (40, 200))
    project = """() => fetch("/api/project").then((answer) => answer.json())"""
    colour = person.page.evaluate(project)["classes"][0]["colour"] or (0x33, 0x88, 0xFF)
    person.press("p", "Escape")
    person.click(20, 220)
    person.click(180, 220)
    assert pixels_like(person, colour, 100, 220) > 16
    assert underway(person) == "New disk"
    person.press("Escape", "v")
    person.click(100, 110)
    person.press("p")
    person.click(80, 80, "Alt")
    person.click(160, 80)
    assert pixels_like(person, colour, 120, 80) == 0
    assert pixels_like(person, (255, 255, 255), 120, 80) > 16
    assert underway(person).startswith("Taking from disk")
    person.press("Escape", "e")
    person.until("document.querySelector('[data-underway]').dataset.underway === 'subtract'")
    person.press("b")
    person.until("document.querySelector('[data-underway]').dataset.underway === 'new'")


def test_what_was_done_is_named_as_it_was_done(person) -> None:
    page = person.page
    person.press("x")
    person.ask(lambda: person.drag((50, 60), (150, 160)))
    person.press("Enter")
    person.saved()
    person.press("Enter")
    person.saved()
    person.press("Control+z")
    page.locator("[data-toast]").get_by_text("Taken back: finished").wait_for()
    person.saved()
    person.press("Control+z")
    page.locator("[data-toast]").get_by_text("Taken back: found in a box").wait_for()
    person.saved()
    page.get_by_role("button", name="History", exact=True).click()
    rows = page.get_by_role("dialog").locator("b[data-kind]")
    rows.first.wait_for()
    assert [text for text in rows.all_inner_texts() if text != "Undo"] == ["Finished", "Found in a box"]


def test_names_of_a_series_and_confidences_are_seen_whole(browser, tmp_path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    for k in (25, 30):
        Image.fromarray(scene(k % 5)[0]).save(folder / f"{k:012}.png")
    with visiting(browser, folder) as person:
        person.press("Shift+U")
        person.page.locator("[data-action=begin]").click()
        person.page.locator("[role=dialog] [data-done=suggest]").wait_for()
        person.press("Escape")
        for row in person.page.locator("nav li button").all():
            name, state = row.locator(".key span").last, row.locator(".state")
            assert name.inner_text().endswith(("25", "30"))
            for part in (name, state):
                assert part.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1 || e.clientWidth === 0")
            assert name.evaluate(
                "(e) => e.getBoundingClientRect().right <= e.closest('button').getBoundingClientRect().right"
            )
            assert state.inner_text().startswith("? 0.")
            assert state.get_attribute("title").startswith("confidence 0.")
