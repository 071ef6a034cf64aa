"""The map in a real browser: points that are drawn around, pressed and coloured, and the ways to other pages."""

import numpy as np
import pytest
from studio_person import Person, Studio, chromium, scene

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]

#: Three images at the left, two at the right.
PLACES = np.array([[-1, 0], [-1, 0.2], [-1, -0.2], [1, 0.1], [1, -0.1]], np.float32)


@pytest.fixture
def mapped(studio) -> Studio:
    with Dataset.open(studio.folder) as dataset:
        with dataset.edit("labels") as edit:
            for k in range(5):
                edit.put(f"p{k}", Segments(Masks.encode(np.array(scene(k)[1:])), [1, 2]))
        dataset.set_where("key in ('p0', 'p3')", {"split": "val"})
        numbers = dataset.numbers()
        dataset.vectors.write(
            "look", numbers, np.array([[1, 0.1 * k, 0] if k < 3 else [0, 0.1 * k, 1] for k in range(5)])
        )
        dataset.vectors.write("look_map", numbers, PLACES)
        ids = np.concatenate([sample.segments.ids for sample in dataset])
        places = np.array([[2 * (k % 2) - 1, k / 10] for k in range(10)], np.float32)
        dataset.vectors.write("part", np.repeat(numbers, 2), np.pad(places, ((0, 0), (0, 1))), segments=ids)
        dataset.vectors.write("part_map", np.repeat(numbers, 2), places, segments=ids)
    return studio


def opened(driver, studio: Studio, *flags: str):
    chrome = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox", *flags])
    context = chrome.new_context(viewport={"width": 1366, "height": 768})
    person = Person(context.new_page(), studio)
    person.page.get_by_role("button", name="Explore", exact=True).click()
    person.page.get_by_role("button", name="Map", exact=True).click()
    return chrome, person


@pytest.fixture
def explorer(driver, mapped):
    chrome, person = opened(driver, mapped, "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
    found(person, 5)
    yield person
    assert not person.errors
    chrome.close()


def found(person: Person, number: int) -> None:
    person.until(f"document.querySelector('[data-points]')?.dataset.points === '{number}'")


def pixel(person: Person, x: float, y: float) -> tuple[float, float]:
    """Where a place of the map is on the page, when all of it is shown."""
    box = person.page.locator(".point-map canvas").last.bounding_box()
    scale = min(box["width"], box["height"]) / 2 * 0.94
    return box["x"] + box["width"] / 2 + x * scale, box["y"] + box["height"] / 2 - y * scale


def lasso(person: Person, left: float, low: float, right: float, high: float) -> None:
    mouse = person.page.mouse
    mouse.move(*pixel(person, left, low))
    mouse.down()
    for x, y in ((right, low), (right, high), (left, high), (left, low)):
        mouse.move(*pixel(person, x, y), steps=6)
    mouse.up()


def test_a_lasso_chooses_what_explore_shows(explorer) -> None:
    page = explorer.page
    page.get_by_role("button", name="Lasso", exact=True).click()
    lasso(explorer, 0.7, -0.4, 1.1, 0.4)
    explorer.until("document.querySelector('[data-picked]').dataset.picked === '2'")
    page.reload()  # the address holds the outline
    explorer.until("document.querySelector('[data-picked]')?.dataset.picked === '2'")
    assert "2 images chosen" in page.locator("[data-picked]").inner_text()
    page.locator("[data-action=explore]").click()
    explorer.until("document.querySelector('[data-found]')?.dataset.found === '2'")
    explorer.until("![...document.querySelectorAll('.cell .key')].some((cell) => cell.textContent === '…')")
    assert page.locator(".cell .key").all_inner_texts() == ["p3", "p4"]
    page.go_back()
    explorer.until("document.querySelector('[data-picked]')?.dataset.picked === '2'")
    page.get_by_role("button", name="Choose none").click()
    explorer.until("document.querySelector('[data-picked]').dataset.picked === '0'")


def test_points_have_the_colours_of_their_values(explorer) -> None:
    page = explorer.page
    page.get_by_label("Colour by").select_option(label="split")
    page.locator(".colours .word").first.wait_for()
    assert page.locator("ul.colours li").all_inner_texts() == ["val\n2"]
    assert page.locator("p.colours").inner_text() == "no value: 3"
    page.locator(".point-map canvas").last.focus()

    def colour(x: float, y: float) -> list[int]:
        """What is drawn there, read back from a screenshot."""
        import io

        from PIL import Image

        left, top = pixel(explorer, x, y)
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        return list(shot.getpixel((round(left), round(top))))

    def expected(name: str) -> list[int]:
        return page.evaluate(
            "(name) => { const probe = document.body.appendChild(document.createElement('i'));"
            " probe.style.color = `var(${name})`;"
            " const found = getComputedStyle(probe).color.match(/\\d+/g).map(Number); probe.remove(); return found }", name
        )  # fmt: skip

    for (x, y), name in (((-1, 0), "--map-0"), ((1, 0.1), "--map-0"), ((1, -0.1), "--map-none")):
        assert np.abs(np.subtract(colour(x, y), expected(name))).max() < 30, name
    page.get_by_label("Colour by").select_option(label="num_segments")
    page.locator(".gradient").wait_for()
    assert "by=sample+num_segments" in page.url


def test_a_press_shows_what_looks_alike(explorer) -> None:
    page = explorer.page
    page.mouse.move(*pixel(explorer, -1, 0))
    page.locator(".hovered img").wait_for()
    first = page.locator("[data-hovered]").get_attribute("data-hovered")
    page.mouse.down()
    page.mouse.up()
    explorer.until("document.querySelectorAll('[data-near]').length === 4")
    assert page.locator("[data-near] .key").all_inner_texts()[:2] == ["p1", "p2"]
    assert page.url.endswith(f"at={first}")
    page.locator("[data-near]").first.click()
    explorer.until("document.querySelector('[data-near] .key')?.textContent === 'p2'")
    page.reload()
    explorer.until("document.querySelector('[data-near] .key')?.textContent === 'p2'")
    page.locator("[data-action=label]").click()
    explorer.ready()
    explorer.until("location.hash === '#2'")


def test_a_map_of_segments_shows_them_closely(explorer) -> None:
    page = explorer.page
    page.locator("[data-map]").select_option(label="part, segments")
    found(explorer, 10)
    page.get_by_label("Colour by").select_option(label="class")
    page.locator(".colours .word").first.wait_for()
    assert sorted(page.locator("ul.colours li").all_inner_texts()) == ["box\n5", "disk\n5"]
    canvas = page.locator(".point-map canvas").last
    canvas.focus()
    page.keyboard.press("a")
    explorer.until("document.querySelector('[data-picked]').dataset.picked === '10'")
    assert "10 segments of 5 images chosen" in page.locator("[data-picked]").inner_text()
    page.keyboard.press("Enter")
    explorer.until("document.querySelectorAll('[data-near]').length === 9")
    explorer.until("[...document.querySelectorAll('.around .own img')].every((image) => image.naturalWidth > 0)")
    assert "/segments/" in page.locator(".around .own img").get_attribute("src")
    page.locator(".point-map canvas").last.focus()
    page.keyboard.press("Escape")
    explorer.until("document.querySelector('[data-picked]').dataset.picked === '0'")


def test_without_webgl_a_sentence_says_so(driver, mapped) -> None:
    chrome, person = opened(driver, mapped, "--disable-3d-apis")
    person.page.get_by_role("alert").filter(has_text="no WebGL 2").wait_for()
    chrome.close()


def test_without_a_map_the_page_says_how_one_is_made(person) -> None:
    person.page.get_by_role("button", name="Explore", exact=True).click()
    person.page.get_by_role("button", name="Map", exact=True).click()
    person.page.get_by_text("maskwright embed DATASET").wait_for()
