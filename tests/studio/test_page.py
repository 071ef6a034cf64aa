"""Real labelling in a real browser: mouse and keyboard, judged by the masks that were saved."""

import time

import numpy as np
import pytest
from studio_person import SIZE, Person, chromium, crash, iou, near_line, scene

from maskwright.core.masks import Masks

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


def test_brush_and_eraser(person) -> None:
    person.drag((60, 60), (160, 120))
    found = person.segments()
    assert len(found) == 1
    assert iou(found.masks, near_line((60, 60), (160, 120), 12)) > 0.97
    person.press("e")
    person.drag((110, 60), (110, 130))
    cut = near_line((60, 60), (160, 120), 12) & ~near_line((110, 60), (110, 130), 12)
    assert iou(person.segments().masks, cut) > 0.95
    person.press("Control+z")
    assert iou(person.segments().masks, near_line((60, 60), (160, 120), 12)) > 0.97
    person.press("Control+Shift+z")
    assert iou(person.segments().masks, cut) > 0.95
    assert set(person.segments().source) == {"human"}


def test_click_to_mask_and_corrections(person) -> None:
    _, disk, box = scene(0)
    person.press("c")
    person.ask(lambda: person.click(100, 110))
    person.press("Enter")
    found = person.segments()
    assert len(found) == 1
    assert iou(found.masks, disk) > 0.9
    person.press("q", "2", "x")
    person.ask(lambda: person.drag((205, 75), (275, 165)))
    person.press("Enter")
    found = person.segments()
    assert found.class_ids.tolist() == [1, 2]
    assert iou(found.masks, box) > 0.9
    # A click with Shift takes away.
    before = int(found.masks.areas()[1])
    person.press("Shift+K", "c")  # the chosen object is refined
    person.ask(lambda: person.click(240, 90, "Shift"))
    person.press("Enter")
    assert int(person.segments().masks.areas()[1]) < before
    # An answer that nobody keeps changes nothing.
    person.press("q")
    person.ask(lambda: person.click(100, 110))
    person.press("Escape")
    assert len(person.segments()) == 2


def test_polygon_with_a_hole_and_lasso(person) -> None:
    person.press("p")
    for point in ((40, 40), (140, 40), (140, 140), (40, 140)):
        person.click(*point)
    person.click(40, 40, "Shift")  # closed, whatever is held
    assert len(person.segments()) == 1
    for point in ((70, 70), (110, 70), (110, 110), (70, 110), (70, 70)):
        person.click(*point, "Alt")
    assert len(person.segments()) == 1
    truth = np.zeros(SIZE, bool)
    truth[40:140, 40:140] = True
    truth[70:110, 70:110] = False
    found = person.segments()
    assert iou(found.masks, truth) > 0.97
    assert not found.masks.decode()[0][90, 90]
    assert len(found.masks.polygons()[0].parts) == 1
    person.press("h")  # fill holes
    truth[70:110, 70:110] = True
    assert iou(person.segments().masks, truth) > 0.97
    person.press("q", "l")
    person.drag((200, 60), (280, 60), (280, 160), (200, 160), (201, 61))
    lasso = np.zeros(SIZE, bool)
    lasso[60:160, 200:280] = True
    assert iou(person.segments().masks, lasso) > 0.95


def test_split_merge_order_and_class(person) -> None:
    person.drag((60, 60), (100, 60))
    person.press("Shift+Q")
    person.drag((60, 160), (100, 160))  # the same object, in two parts
    assert len(person.segments()) == 1
    person.press("Shift+Q")
    whole = person.segments().masks.areas()[0]
    person.press("Shift+S")
    found = person.segments()
    assert len(found) == 2
    assert found.masks.areas().sum() == whole
    person.press("Shift+M")
    assert person.segments().masks.areas().tolist() == [whole]
    person.press("2")  # the class of what is drawn next
    assert person.segments().class_ids.tolist() == [1]
    person.press("Shift+2")
    assert person.segments().class_ids.tolist() == [2]
    person.press("1")
    person.drag((80, 40), (80, 180))
    first, second = person.segments().ids.tolist()
    person.press("PageDown")
    assert person.segments().ids.tolist() == [second, first]
    person.press("PageUp")
    assert person.segments().ids.tolist() == [first, second]
    person.press("Shift+X")  # what the other covers goes
    found = person.segments()
    assert not (found.masks[:1] & found.masks[1:]).areas().any()
    person.press("Delete")
    assert person.segments().ids.tolist() == [first]


def test_others_are_protected_when_asked(person) -> None:
    person.drag((60, 100), (200, 100))
    person.press("q", "2", "Shift+P")
    person.drag((130, 60), (130, 140))
    found = person.segments()
    assert len(found) == 2
    assert not (found.masks[:1] & found.masks[1:]).areas().any()


@pytest.mark.parametrize(
    "mode", ["semantic", *(pytest.param(mode, marks=pytest.mark.slow) for mode in ("instance", "panoptic"))]
)
def test_undo_and_redo_of_anything(person, mode) -> None:
    rng = np.random.default_rng(5)
    person.page.get_by_label("Mode").select_option(mode)
    person.page.locator("canvas.board").focus()
    hashes = [person.hash()]
    edits = ["+", "-", "m", "Shift+S", "Shift+M", "PageUp", "PageDown", "1", "2", "Shift+C", "Shift+I", "Shift+X"]
    for _ in range(24):
        kind = rng.integers(7)
        a, b, c = [(float(rng.uniform(30, 290)), float(rng.uniform(30, 210))) for _ in range(3)]
        if kind == 0:
            person.press("q")
        if kind <= 2:
            person.press("b")
            person.drag(a, b)
        elif kind == 3:
            person.press("e")
            person.drag(a, b)
        elif kind == 4:
            person.press(str(rng.choice(edits)))
        elif kind == 5:
            person.press("p")
            for point in (a, b, c):
                person.click(*point)
            person.press("Enter", "u")
            person.click(*b)
        else:
            person.press("v")
            person.click(*a)
            person.press(str(rng.choice(["Delete", "h", "i"])))
        now = person.hash()
        if now != hashes[-1]:
            hashes.append(now)
    assert len(hashes) > 8
    # A step of the list above may be two gestures: each state is met on the way, in order.
    way = [hashes[-1]]
    while person.page.evaluate("window.maskwright.canUndo()"):
        person.press("Control+z")
        way.append(person.hash())
    assert way[-1] == hashes[0]
    assert len(way) >= len(hashes)
    steps = iter(way)
    assert all(expected in steps for expected in reversed(hashes))
    for expected in reversed(way[:-1]):
        person.press("Control+Shift+z")
        assert person.hash() == expected
    person.saved()
    person.page.reload()
    person.ready()
    assert person.hash() == hashes[-1]


def test_labels_propagate_to_the_rest_and_are_accepted_with_one_key(person) -> None:
    for k in range(2):
        _, disk, box = scene(k)
        person.image(k)
        person.press("q", "1", "c")
        y, x = (int(v.mean()) for v in np.nonzero(disk))
        person.ask(lambda x=x, y=y: person.click(x, y))
        person.press("Enter", "q", "2", "x")
        person.ask(lambda: person.drag((205, 75), (275, 165)))
        person.press("Enter", "Enter")  # keep the answer; finish, save, next
        person.until(f"location.hash === '#{k + 2}'")
    person.saved()
    person.page.locator("[data-action=propagate]").click()
    person.page.wait_for_selector("[data-done=propagate]", timeout=60000)
    person.page.wait_for_selector(".suggestion")
    assert len(person.segments(2)) == 0  # no label yet
    person.press("v")
    person.click(118, 115)  # the disk alone, with one click
    found = person.segments(2)
    assert found.class_ids.tolist() == [1]
    assert found.attributes[0]["accepted"] == "untouched"
    person.press("Control+z")
    assert len(person.segments(2)) == 0
    person.press("Control+Shift+z", "a")  # and the rest of them
    found = person.segments(2)
    assert found.class_ids.tolist() == [1, 2]
    assert set(found.source) == {"human"}
    _, disk, box = scene(2)
    assert iou(found.masks[found.class_ids == 1], disk) > 0.85
    assert iou(found.masks[found.class_ids == 2], box) > 0.85
    assert all(attributes["accepted"] == "untouched" for attributes in found.attributes)
    person.press("n")  # the most doubtful image that is left
    person.page.wait_for_selector(".suggestion")
    person.press("r")
    person.saved()
    assert person.page.locator(".suggestion").count() == 0
    person.page.reload()
    person.ready()
    person.page.wait_for_timeout(400)
    assert person.page.locator(".suggestion").count() == 0  # rejected once is enough


def test_review_states_export_and_keys(person, tmp_path) -> None:
    person.drag((60, 60), (160, 120))
    person.press("Shift+R")
    person.saved()
    assert "needs review" in person.page.locator("nav li button").first.inner_text()
    person.press("Shift+A")
    person.saved()
    assert "approved" in person.page.locator("nav li button").first.inner_text()
    person.page.get_by_role("button", name="Export").click()
    with person.page.expect_download() as waiting:
        person.page.locator("a.button").click()
    waiting.value.save_as(tmp_path / "labels.zip")
    assert (tmp_path / "labels.zip").stat().st_size > 300
    person.press("Escape", "?")
    row = person.page.locator(".keys li", has_text="Eraser")
    row.get_by_role("button").click()
    person.press("z")
    assert row.inner_text().endswith("z")
    person.press("Escape", "z")
    assert person.page.locator("[data-tool=eraser]").get_attribute("aria-pressed") == "true"
    person.page.reload()
    person.ready()
    person.press("b", "z")
    assert person.page.locator("[data-tool=eraser]").get_attribute("aria-pressed") == "true"


def test_exported_labels_are_dropped_in_again(person, tmp_path) -> None:
    person.drag((60, 60), (160, 120))
    before = person.segments()
    person.page.get_by_role("button", name="Export").click()
    with person.page.expect_download() as waiting:
        person.page.locator("a.button").click()
    waiting.value.save_as(tmp_path / "labels.zip")
    person.press("Escape", "Delete")
    assert len(person.segments()) == 0
    person.page.get_by_role("button", name="Import").click()
    person.page.locator(".drop input").set_input_files(tmp_path / "labels.zip")
    person.page.get_by_role("button", name="Add them").click()
    person.page.wait_for_selector("[data-import=written]")
    assert person.segments().masks == before.masks


def test_the_history_of_an_image_is_stepped_through_and_restored(person) -> None:
    person.drag((60, 60), (160, 120))
    before = person.segments()
    person.press("q")
    person.drag((60, 160), (160, 200))
    person.press("e")
    person.drag((110, 140), (110, 220))
    assert len(person.segments()) == 2
    person.press("Shift+Y")
    person.page.locator(".dialog li").first.get_by_role("button", name="Look").click()
    bar = person.page.locator("[data-shown]")
    assert "2 objects" in bar.inner_text()
    for _ in range(2):
        now = bar.get_attribute("data-shown")
        person.page.get_by_title("Before", exact=True).click()
        person.until(f"document.querySelector('[data-shown]').dataset.shown !== '{now}'")
    assert "1 object" in bar.inner_text()
    assert "1 objects" not in bar.inner_text()
    assert person.page.get_by_title("Before", exact=True).is_disabled()
    assert len(person.segments()) == 2  # looking changes nothing
    bar.get_by_role("button", name="Restore").click()
    person.until("!document.querySelector('[data-shown]')")
    assert person.segments().masks == before.masks
    person.press("Control+z")
    assert len(person.segments()) == 2


def test_offline_killed_and_back_nothing_is_lost(driver, studio, tmp_path) -> None:
    """The server dies, work goes on, the browser dies too; both come back."""

    profile = tmp_path / "profile"

    def launch():
        return driver.chromium.launch_persistent_context(profile, executable_path=chromium(), args=["--no-sandbox"])

    context = launch()
    person = Person(context.new_page(), studio)
    person.drag((60, 60), (120, 60))
    person.saved()
    studio.kill()
    person.press("q")
    person.drag((60, 120), (120, 120))
    person.press("q")
    person.drag((60, 180), (120, 180))
    person.until("document.querySelector('.status').dataset.state === 'offline'")
    assert "(2)" in person.page.locator(".status").inner_text()
    drawn = person.hash()
    person.until("window.maskwright.sync().kept === 2")  # in the browser's own database
    crash(profile)
    studio.start()
    context = launch()
    again = Person(context.new_page(), studio)
    again.saved()
    again.page.wait_for_timeout(200)
    again.page.reload()
    again.ready()
    assert again.hash() == drawn
    assert len(again.segments()) == 3
    context.close()


def test_the_network_drops_and_comes_back(person) -> None:
    person.page.context.set_offline(True)
    person.drag((60, 60), (120, 60))
    person.until("document.querySelector('.status').dataset.state === 'offline'")
    person.press("e")
    person.drag((90, 40), (90, 80))
    person.page.locator("nav li button").nth(1).click()
    person.until(
        "document.querySelector('.message').textContent.startsWith('The studio does not answer; what you draw is kept')"
    )
    assert person.page.locator(".status").inner_text() == "Offline (2)"
    assert person.page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('.message'))")
    person.page.context.set_offline(False)
    person.until("document.querySelector('.message').textContent === ''")
    assert len(person.segments()) == 1
    person.until("document.querySelector('.status').dataset.state === 'saved'")
    cut = near_line((60, 60), (120, 60), 12) & ~near_line((90, 40), (90, 80), 12)
    assert iou(person.segments().masks, cut) > 0.93


def in_conflict(context, studio) -> tuple[Person, Masks]:
    """A page that has changed an object without knowing what another tab made of it -> the page, and the other's masks."""
    first = Person(context.new_page(), studio)
    first.drag((60, 60), (120, 60))
    first.saved()
    second = Person(context.new_page(), studio)
    second.press("v")
    second.click(90, 60)
    second.press("b", "Shift+Q")
    second.drag((60, 60), (60, 120))
    theirs = second.segments().masks
    first.press("Shift+Q")
    first.drag((120, 60), (120, 120))
    return first, theirs


@pytest.mark.parametrize(("choice", "number"), [("Keep mine", 1), ("Take theirs", 1), ("Keep both", 2)])
def test_two_tabs_on_one_object_ask_instead_of_losing(browser, studio, choice, number) -> None:
    context = browser.new_context()
    first, theirs = in_conflict(context, studio)
    dialog = first.page.get_by_role("dialog")
    dialog.wait_for()
    assert first.state() == "conflict"
    mine = near_line((60, 60), (120, 60), 12) | near_line((120, 60), (120, 120), 12)
    dialog.get_by_role("button", name=choice).click()
    first.until("document.querySelector('.status').dataset.state === 'saved'")
    found = first.segments()
    assert len(found) == number
    if choice != "Take theirs":
        assert iou(found.masks, mine) > 0.95
    if choice != "Keep mine":
        assert theirs.iou(found.masks).max() == 1
    context.close()


@pytest.mark.parametrize(
    "deleted", ["theirs", *(pytest.param(what, marks=pytest.mark.slow) for what in ("nothing", "mine"))]
)
def test_theirs_taken_is_a_command_that_is_taken_back(browser, studio, deleted) -> None:
    context = browser.new_context()
    first = Person(context.new_page(), studio)
    first.drag((60, 60), (120, 60))
    drawn = first.segments().masks
    second = Person(context.new_page(), studio)
    second.press("v")
    second.click(90, 60)
    if deleted == "theirs":
        second.press("Delete")
    else:
        second.press("b", "Shift+Q")
        second.drag((60, 60), (60, 120))
    theirs = second.segments().masks
    if deleted == "mine":
        first.press("Delete")
    else:
        first.press("Shift+Q")
        first.drag((120, 60), (120, 120))
    mine = first.page.evaluate("window.maskwright.scene().segments.map((t) => t.bits.area())")
    dialog = first.page.get_by_role("dialog")
    dialog.locator("[data-conflict]").wait_for()
    assert "Undo puts it in the place of theirs" in dialog.inner_text()
    dialog.get_by_role("button", name="Take theirs").click()
    first.page.locator("[data-toast]").get_by_text("Theirs is taken; Undo puts yours in its place").wait_for()
    assert first.segments().masks == theirs
    first.image(1)
    first.page.reload()
    first.ready()
    first.press("Control+z")
    first.until("!window.maskwright.turning() && location.hash.startsWith('#1')")
    assert first.segments().masks.areas().tolist() == mine
    first.press("Control+Shift+Z")
    assert first.segments().masks == theirs
    first.press("Control+z", "Control+z")  # and what was done before that
    assert first.segments().masks == drawn
    context.close()


def test_both_kept_is_a_command_that_is_taken_back(browser, studio) -> None:
    context = browser.new_context()
    first, theirs = in_conflict(context, studio)
    dialog = first.page.get_by_role("dialog")
    dialog.locator("[data-conflict]").wait_for()
    words = dialog.inner_text()
    assert "in another tab of yours" in words
    assert "disk, " in words
    assert f"{int(theirs.areas()[0]):,} px" in words
    dialog.get_by_role("button", name="Keep both").click()
    first.until("document.querySelector('.status').dataset.state === 'saved'")
    assert len(first.segments()) == 2
    first.page.keyboard.press("Control+z")
    left = first.segments()
    assert len(left) == 1
    assert theirs.iou(left.masks).max() == 1
    first.page.keyboard.press("Control+Shift+Z")
    assert len(first.segments()) == 2
    first.image(1)
    first.page.reload()
    first.ready()
    first.page.keyboard.press("Control+z")
    first.until("!window.maskwright.turning() && location.hash.startsWith('#1')")
    left = first.segments()
    assert len(left) == 1
    assert theirs.iou(left.masks).max() == 1
    context.close()


def test_a_change_kept_over_anothers_gives_that_back(browser, studio) -> None:
    context = browser.new_context()
    first, theirs = in_conflict(context, studio)
    first.page.get_by_role("dialog").get_by_role("button", name="Keep mine").click()
    first.until("document.querySelector('.status').dataset.state === 'saved'")
    assert theirs.iou(first.segments().masks).max() < 1
    first.page.keyboard.press("Control+z")
    assert theirs.iou(first.segments().masks).max() == 1
    context.close()


def test_names_from_people_are_text_in_the_page(person) -> None:
    person.page.evaluate(
        """async () => {
            const rows = (await (await fetch("/api/project")).json()).classes;
            rows[0].name = "<img src=x onerror='window.hacked=1'>";
            await fetch("/api/classes", {method: "PUT", headers: {"content-type": "application/json"},
              body: JSON.stringify({classes: rows})});
        }"""
    )
    person.page.reload()
    person.ready()
    time.sleep(0.3)
    assert person.page.evaluate("window.hacked") is None
    assert "<img src=x" in person.page.locator(".classes").inner_text()
