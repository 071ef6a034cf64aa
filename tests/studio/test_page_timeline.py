"""The frames of a video in a real browser: going through them, playing, and following objects from one of them."""

import numpy as np
import pytest
from PIL import Image
from studio_person import SIZE, Person, iou, scene, visiting

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.sequence import Sequence
from maskwright.labelling import workflow
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]

NUMBER = 12
STRIP = ".timeline > svg"
PRESSED_AT_THE_FOURTH = """new Promise((done) => {
    const look = setInterval(() => {
        if (window.maskwright.number() < 4) return;
        clearInterval(look);
        for (const kind of ["keydown", "keyup"])
            document.activeElement.dispatchEvent(
                new KeyboardEvent(kind, { key: " ", code: "Space", bubbles: true, cancelable: true }));
        done();
    }, 5);
})"""


def frame(k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """-> image, a red disk's mask, a yellow box's."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disk = (y - 90) ** 2 + (x - 60 - 8 * k) ** 2 < 36**2
    box = (abs(y - 190) < 25) & (abs(x - 240 + 8 * k) < 30)
    ground = np.kron(np.random.default_rng(0).integers(-20, 20, (24, 32, 1)), np.ones((10, 10, 1)))
    image = np.full((*SIZE, 3), (60, 130, 70)) + ground
    image[disk] = (200, 60, 50)
    image[box] = (230, 210, 60)
    return np.clip(image, 0, 255).astype(np.uint8), disk, box


@pytest.fixture
def film(browser, tmp_path):
    """A video of twelve frames, five a second, with a disk and a box on the third; and an image beside it."""
    home = tmp_path / "film"
    classes = Classes([Class(1, "disk", "thing"), Class(2, "box", "thing")])
    with Dataset.create(home, classes) as dataset, dataset.edit("frames") as edit:
        for k in range(NUMBER):
            Image.fromarray(frame(k)[0]).save(home / f"{k:03d}.png")
            image = ImageRef(str(home / f"{k:03d}.png"), SIZE, video="clip", frame=k)
            edit.add(Sample(f"clip/{k:03d}", image, Segments.none(SIZE)))
        Image.fromarray(scene(0)[0]).save(home / "alone.png")
        edit.add(Sample("alone", ImageRef(str(home / "alone.png"), SIZE), Segments.none(SIZE)))
        edit.add_sequence(Sequence("clip", "time", (0.2,)))
        both = Masks.encode(np.stack(frame(2)[1:]))
        edit.put("clip/002", Segments(both, [1, 2], ids=[5, 6], source="human"))
    with visiting(browser, home) as person:
        person.page.locator("canvas.board").focus()
        yield person


def place(person: Person) -> int:
    """Index of the frame that the strip shows as open."""
    return int(person.page.locator("[data-frame]").get_attribute("data-frame"))


def there(person: Person, index: int) -> None:
    """Until the frame is open."""
    person.until(
        f"window.maskwright.number() === {index + 1} && document.querySelector('[data-frame]').dataset.frame === '{index}'"
    )


def kinds(person: Person) -> str:
    """First letters of what the cells are."""
    return person.page.evaluate(
        f"[...document.querySelectorAll('{STRIP} rect:not(.drift, .here)')].map((cell) => cell.getAttribute('class')[0]).join('')"
    )


def test_frames_are_stepped_through_with_keys_buttons_and_the_strip(film) -> None:
    person = film
    assert kinds(person) == "nnlnnnnnnnnn"
    assert "Frame 1 of 12 · 0:00.0" in person.page.locator(".timeline").inner_text()
    person.press("ArrowRight", "ArrowRight", "ArrowRight")
    there(person, 3)
    assert "Frame 4 of 12 · 0:00.6" in person.page.locator(".timeline").inner_text()
    person.press("ArrowLeft")
    there(person, 2)
    assert len(person.page.evaluate("window.maskwright.scene().segments")) == 2
    person.page.get_by_role("button", name="Frame after", exact=True).click()
    there(person, 3)
    person.page.get_by_role("button", name="Labelled frame before").click()
    there(person, 2)
    person.page.locator("canvas.board").focus()
    person.press("ArrowLeft", "ArrowLeft", "Control+ArrowRight")
    there(person, 2)
    # A press on the strip, and a drag along it.
    box = person.page.locator(STRIP).bounding_box()

    def on(index: float) -> tuple[float, float]:
        return box["x"] + box["width"] * (index + 0.5) / NUMBER, box["y"] + 8

    person.page.mouse.click(*on(7))
    there(person, 7)
    person.page.mouse.move(*on(7))
    person.page.mouse.down()
    person.page.mouse.move(*on(10), steps=8)
    there(person, 10)
    person.page.mouse.move(*on(1), steps=8)
    person.page.mouse.up()
    there(person, 1)
    # With keys on the strip.
    person.press("End")
    there(person, 11)
    person.press("ArrowRight")
    person.page.wait_for_timeout(100)
    assert place(person) == 11
    person.press("Home")
    there(person, 0)
    # What is drawn is drawn on the frame that is shown.
    person.page.locator("canvas.board").focus()
    person.press("b")
    person.drag((60, 90), (80, 90))
    assert len(person.segments(0)) == 1
    assert kinds(person) == "lnlnnnnnnnnn"


def test_frames_are_seen_as_the_one_before(film) -> None:
    person = film
    box = person.page.locator("canvas.board").bounding_box()
    person.page.mouse.move(box["x"] + 200, box["y"] + 150)
    person.page.mouse.wheel(0, -400)
    view = "JSON.stringify([window.maskwright.board.view.scale, window.maskwright.board.view.toImage({x: 50, y: 50})])"
    before = person.page.evaluate(view)
    person.press("ArrowRight")
    there(person, 1)
    assert person.page.evaluate(view) == before
    person.image(12)  # another image is fitted into the window
    assert person.page.evaluate(view) != before
    assert person.page.locator(".timeline").count() == 0
    person.press("ArrowLeft")  # and where there is no video, arrows go from image to image
    there(person, 11)


def test_it_plays_and_stops(film) -> None:
    person = film
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url))
    length = person.page.evaluate("history.length")
    person.press(" ")
    person.until("document.querySelector('[data-action=play]').getAttribute('aria-pressed') === 'true'")
    # Pressed by the page itself: however slow this machine is, before the film ends.
    person.page.evaluate(PRESSED_AT_THE_FOURTH)
    person.until("document.querySelector('[data-action=play]').getAttribute('aria-pressed') === 'false'")
    person.page.wait_for_timeout(400)
    stopped = place(person)
    person.page.wait_for_timeout(400)
    assert place(person) == stopped < NUMBER - 1
    # Frames that only pass are not encoded, and the way back does not lead through each of them.
    encoded = {int(url.split("/")[-2]) for url in asked if url.endswith("/prepare")}
    assert encoded <= {2, stopped + 2}  # what follows the frame where it began, and where it stopped
    assert person.page.evaluate("history.length") == length
    # A frame is fetched before it is shown, and only once.
    pixels = [url for url in asked if "/pixels" in url]
    assert len(pixels) == len(set(pixels))
    # It ends with the last frame, and begins anew from there; a press on the image stops it.
    person.page.get_by_role("button", name="Play", exact=True).click()
    there(person, NUMBER - 1)
    person.until("document.querySelector('[data-action=play]').getAttribute('aria-pressed') === 'false'")
    person.page.locator("[data-action=play]").click()
    person.until("window.maskwright.number() < 6")
    person.press("v")
    person.click(10, 10)
    person.until("document.querySelector('[data-action=play]').getAttribute('aria-pressed') === 'false'")
    # Held to move the image, Space plays nothing.
    person.page.locator("canvas.board").focus()
    person.page.keyboard.down(" ")
    person.drag((100, 100), (120, 100))
    person.page.keyboard.up(" ")
    person.page.wait_for_timeout(300)
    assert person.page.locator("[data-action=play]").get_attribute("aria-pressed") == "false"


def test_the_chosen_object_or_all_are_followed_from_here(film) -> None:
    person = film
    follow = person.page.locator("[data-action=followHere]")
    assert follow.is_disabled()  # nothing is labelled on this frame
    person.press("Control+ArrowRight")
    there(person, 2)
    assert follow.inner_text() == "Follow all 2 objects from here"
    person.press("v")
    person.click(60 + 16, 90)
    assert follow.inner_text() == "Follow disk from here"
    follow.click()
    done = person.page.locator("[data-done=follow]")
    done.wait_for()
    assert "9 frames have suggestions" in done.inner_text()
    assert kinds(person)[:3] == "nnl"
    assert set(kinds(person)[3:]) <= {"s", "d"}
    person.press("ArrowRight")
    there(person, 3)
    person.page.locator(".suggestion").wait_for()
    assert "1 suggested" in person.page.locator(".suggestion").inner_text()
    person.press("a")
    found = person.segments(3)
    assert found.class_ids.tolist() == [1]
    assert iou(found.masks, frame(3)[1]) > 0.85
    assert kinds(person)[3] == "l"
    # The box as well, with the key: up to the next frame that is labelled there is nothing to do, and that is said.
    person.press("Control+ArrowLeft")
    there(person, 2)
    person.press("Escape", "Shift+Enter")
    person.page.locator(".timeline [role=alert]").wait_for()
    assert "is labelled already" in person.page.locator(".timeline [role=alert]").inner_text()
    # From further on: both, and backward.
    person.press("Control+ArrowRight")
    there(person, 3)
    person.page.get_by_text("More", exact=True).click()
    person.page.locator("[data-action=followBack]").click()
    person.page.locator(".timeline [role=alert]").wait_for()


def test_what_is_doubtful_shows_and_is_gone_to(film) -> None:
    person = film
    with Dataset.open(person.studio.folder) as dataset, dataset.database.writing() as connection:
        workflow.say(connection, 6, workflow.Said(state="review"), "ben")
    person.page.reload()
    person.ready()
    person.until(f"document.querySelectorAll('{STRIP} rect.doubtful').length === 1")
    assert kinds(person) == "nnlnndnnnnnn"
    assert "Frame 6: doubtful" in person.page.locator(f"{STRIP} title").nth(5).evaluate("(title) => title.textContent")


def test_following_can_be_stopped_and_keeps_what_it_has(film) -> None:
    person = film
    person.press("Control+ArrowRight")
    there(person, 2)
    person.page.locator("[data-action=followHere]").click()
    cancel = person.page.locator(".outcome").get_by_role("button", name="Cancel")
    cancel.or_(person.page.locator("[data-done=follow]")).first.wait_for()
    if cancel.count():
        cancel.click()
    person.until("!document.querySelector('.outcome progress')")
    person.until("!document.querySelector('[data-action=followHere]').disabled")


def test_a_video_with_many_frames_has_as_many_cells_as_fit(browser, tmp_path) -> None:
    home = tmp_path / "film"
    with Dataset.create(home, Classes([Class(1, "disk", "thing")])) as dataset, dataset.edit("frames") as edit:
        Image.fromarray(frame(0)[0]).save(home / "all.png")
        mask = Masks.encode(frame(0)[1][None])
        for k in range(2000):
            segments = Segments(mask, [1], source="human") if k == 1234 else Segments.none(SIZE)
            image = ImageRef(str(home / "all.png"), SIZE, video="clip", frame=k)
            edit.add(Sample(f"clip/{k:04d}", image, segments), hash_image=False)
    with visiting(browser, home) as person:
        cells = person.page.locator(f"{STRIP} rect:not(.drift, .here)").count()
        assert 200 < cells < 400
        assert kinds(person).count("l") == 1
        person.page.get_by_role("button", name="Labelled frame after").click()
        there(person, 1234)
