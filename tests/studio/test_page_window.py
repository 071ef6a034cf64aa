"""The window in a real browser: by mouse, keys and presets, on one page or for everybody; judged by the pixels that are seen."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studio_person import SIZE, Person, Studio

from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


def field(hot: int = 0) -> np.ndarray:
    """(H, W) uint16: from 1000 on the left to 3000 on the right."""
    pixels = np.broadcast_to(np.linspace(1000, 3000, SIZE[1]), SIZE).astype(np.uint16)
    if hot:
        pixels = pixels.copy()
        pixels[0, 0] = hot
    return pixels


@pytest.fixture
def deep(tmp_path) -> Iterator[Studio]:
    folder = tmp_path / "deep"
    folder.mkdir()
    for name, hot in (("a", 0), ("b", 60_000)):
        Image.fromarray(field(hot)).save(folder / f"{name}.png")
    studio = Studio(folder)
    studio.start()
    yield studio
    studio.kill()


@pytest.fixture
def viewer(browser, deep):
    context = browser.new_context()
    person = Person(context.new_page(), deep)
    yield person
    assert not person.errors
    context.close()


def gray(person: Person, x: int, y: int = 100) -> int:
    """The brightness of a pixel of the image that is shown, from 0 to 255."""
    person.until("!window.maskwright.painting()")
    return person.page.evaluate(
        "async ([x, y]) => (await window.maskwright.board.pixels({ x, y, w: 1, h: 1 })).data[0]", [x, y]
    )


def settled(person: Person, x: int, low: int, high: int) -> int:
    """Its brightness, once that lies between these."""
    for _ in range(600):
        found = gray(person, x)
        if low <= found <= high:
            return found
        person.page.wait_for_timeout(50)
    raise AssertionError(f"the pixel stays {found}, not {low} to {high}")


def panel(person: Person):
    return person.page.get_by_role("region", name="Window")


def window_of(studio: Studio):
    with Dataset.open(studio.folder, read_only=True) as dataset:
        return dataset.window


def test_the_same_scene_looks_the_same_in_both_images(viewer) -> None:
    person = viewer
    first = [gray(person, x) for x in (10, 100, 200, 310)]
    assert first[0] < 15
    assert first[3] > 240
    person.image(1)
    assert [gray(person, x) for x in (10, 100, 200, 310)] == first


def test_a_drag_on_the_image_adjusts_this_page_alone(viewer, browser) -> None:
    person = viewer
    before, seen = window_of(person.studio), gray(person, 80)
    person.page.keyboard.down("Control")
    person.drag((160, 100), (160, 40))  # upwards: brighter
    person.page.keyboard.up("Control")
    brighter = settled(person, 80, seen + 10, 255)
    assert len(person.segments()) == 0  # no tool heard of it
    assert window_of(person.studio) == before
    context = browser.new_context()
    other = Person(context.new_page(), person.studio)
    assert gray(other, 80) == seen
    person.image(1)
    assert gray(person, 80) == brighter  # it goes along to the next image
    # The mode does the same without a key, and Esc ends it.
    person.press("Shift+J")
    person.drag((160, 100), (60, 100))  # to the left: narrower
    settled(person, 300, 255, 255)
    assert len(person.segments(1)) == 0
    person.press("Escape")
    person.drag((60, 60), (160, 120))
    assert len(person.segments(1)) == 1
    context.close()


def test_a_window_is_saved_for_everybody_and_other_pages_follow(viewer, browser) -> None:
    person = viewer
    context = browser.new_context()
    other = Person(context.new_page(), person.studio)
    before, token = gray(other, 160), other.page.locator("nav img").first.get_attribute("src")
    person.press("j")
    own = panel(person)
    own.get_by_role("textbox", name="White").fill("1500")
    person.press("Enter")
    settled(person, 160, 255, 255)
    assert gray(other, 160) == before
    own.get_by_role("button", name="Save for everybody").click()
    person.until("document.querySelector('section.window .strong').disabled")
    window = window_of(person.studio)
    assert window.high == (1500.0,)
    assert window.origin.startswith("set by ")
    assert settled(other, 160, 255, 255)
    other.until(f"document.querySelector('nav img').getAttribute('src') !== '{token}'")
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert all(not len(sample.segments) for sample in dataset)
    context.close()


def test_presets_keys_and_reset(viewer) -> None:
    person = viewer
    before = gray(person, 100)
    person.press("j")
    own = panel(person)
    handle = own.get_by_role("slider", name="Black")
    handle.wait_for()
    person.until("document.activeElement?.dataset.handle === '0'")
    white = own.get_by_role("textbox", name="White").input_value()
    for _ in range(20):
        person.press("ArrowRight")
    darker = settled(person, 100, 0, before - 20)
    assert own.get_by_role("textbox", name="White").input_value() == white
    own.get_by_label("Preset").select_option("all of uint16")
    assert settled(person, 100, 0, 8) < darker
    assert own.get_by_role("textbox", name="White").input_value() == "65535"
    own.get_by_label("Preset").select_option("this image")
    values = [own.get_by_role("textbox", name=name).input_value() for name in ("Black", "White")]
    assert values == ["1000", "3000"]
    settled(person, 100, 75, 85)
    own.get_by_role("button", name="Reset").click()
    settled(person, 100, before, before)
    # What is not a number, or turns the window over, leaves it.
    own.get_by_role("textbox", name="Black").fill("dark")
    person.press("Enter")
    own.get_by_role("textbox", name="Black").fill("70000")
    person.press("Enter")
    assert own.get_by_role("textbox", name="Black").input_value() not in ("dark", "70000")
    assert gray(person, 100) == before
    own.get_by_role("button", name="Close").click()
    assert panel(person).count() == 0


def test_handles_are_dragged_and_the_pixel_is_told_in_its_own_numbers(viewer) -> None:
    person = viewer
    person.page.mouse.move(*person.at(100.5, 50.5))
    person.until("document.querySelector('.readout')?.textContent.includes('100, 50')")
    assert str(field()[50, 100]) in person.page.locator(".readout").inner_text()
    person.press("j")
    own = panel(person)
    box = own.locator(".histogram").bounding_box()
    before = int(own.get_by_role("textbox", name="White").input_value())
    mouse = person.page.mouse
    mouse.move(box["x"] + box["width"] - 3, box["y"] + 30)
    mouse.down()
    mouse.move(box["x"] + box["width"] / 2, box["y"] + 30, steps=10)
    mouse.up()
    after = int(own.get_by_role("textbox", name="White").input_value())
    assert abs(after - 2000) < 60 < before - after
    settled(person, 170, 255, 255)
    mouse.move(5, 5)
    person.until("document.querySelector('.readout').textContent === ''")
    box, board = (
        person.page.locator("section.window, button.window").bounding_box(),
        person.page.locator("canvas.board").bounding_box(),
    )
    assert box["x"] >= board["x"] + board["width"]  # beside the image, and not over it


def test_eight_bits_are_left_alone_until_somebody_asks(person) -> None:
    assert person.page.locator(".window, .readout").count() == 0
    before = person.page.locator("nav img").first.get_attribute("src")
    assert before == "/api/images/1/thumbnail"
    person.page.get_by_text("View", exact=True).click()
    person.page.locator(".menu [data-action=window]").click()
    own = panel(person)
    assert own.get_by_role("textbox", name="White").input_value() == "255"
    own.get_by_role("textbox", name="White").fill("100")
    person.press("Enter")
    settled(person, 100, 255, 255)  # the red disk
    assert window_of(person.studio) is None


def shown(person: Person, x: int, y: int) -> list[int]:
    """Red, green and blue of a pixel of the image that is shown."""
    gray(person, x, y)  # which waits for what is on its way
    return person.page.evaluate(
        "async ([x, y]) => [...(await window.maskwright.board.pixels({ x, y, w: 1, h: 1 })).data].slice(0, 3)", [x, y]
    )


def test_channels_are_chosen_by_name(person) -> None:
    red, green, _ = shown(person, 100, 110)  # in the red disk
    assert red > green + 80
    person.press("j")
    own = panel(person)
    own.get_by_label("blue", exact=True).select_option("red")
    person.until("window.maskwright.look().endsWith('channels=0%2C1%2C0')")
    swapped = shown(person, 100, 110)
    assert swapped[0] == swapped[2] > 200
    assert swapped[1] < 100
    own.get_by_label("one, in gray").check()
    person.until("window.maskwright.look().endsWith('channels=0')")
    single = shown(person, 100, 110)
    assert single[0] == single[1] == single[2] > 200
    own.get_by_label("gray", exact=True).select_option("green")
    person.until("window.maskwright.look().endsWith('channels=1')")
    other = shown(person, 100, 110)
    assert other[0] == other[1] == other[2] < 100
    person.page.mouse.move(*person.at(100.5, 110.5))
    person.until("/red: \\d+ · green: \\d+ · blue: \\d+/.test(document.querySelector('.readout')?.textContent)")
    own.get_by_role("button", name="Save for everybody").click()
    person.until("document.querySelector('section.window .strong').disabled")
    window = window_of(person.studio)
    assert window.channels == (1,)
    assert "percentiles" in window.origin
    assert own.get_by_role("button", name="Reset").is_disabled()


def test_eight_bits_among_deep_images_say_so(browser, deep) -> None:
    deep.kill()
    Image.fromarray(np.full((*SIZE, 3), 90, np.uint8)).save(Path(deep.folder) / "plain.png")
    deep.start()
    context = browser.new_context()
    person = Person(context.new_page(), deep)
    person.press("j")
    panel(person).get_by_role("textbox", name="White").fill("1500")
    person.press("Enter")
    person.image(2)
    assert gray(person, 100) == 90
    panel(person).get_by_text("shown as they are").wait_for()
    assert not person.errors
    context.close()
