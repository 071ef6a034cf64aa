"""Tools and views of the page, with mouse, keyboard, fingers and pen, judged by the masks that were saved."""

import numpy as np
import pytest
from PIL import Image
from studio_person import SIZE, Person, iou, near_line, scene, visiting

from maskwright.core.masks import Masks

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


def square(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    out = np.zeros(SIZE, bool)
    out[y0:y1, x0:x1] = True
    return out


def draw_square(person: Person, x0: int, y0: int, x1: int, y1: int) -> None:
    person.press("p")
    for point in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)):
        person.click(*point)


def test_scissors_follow_the_edges(person) -> None:
    _, _, box = scene(0)  # 211 to 269, 81 to 159
    person.press("2", "g")
    # Four clicks near the middles of the sides: corners are the wire's.
    for x, y in ((240, 80.5), (269.5, 120), (240, 159.5), (210.5, 120)):
        person.click(x, y)
        person.until("window.maskwright.board.tool.wire !== null")  # it is laid
        person.page.mouse.move(*person.at(x + 1, y + 1))
    person.press("Enter")
    found = person.segments()
    assert found.class_ids.tolist() == [2]
    assert iou(found.masks, box) > 0.93
    straight = near_line((240, 80), (240, 160), 1)  # a diamond would cover half of it
    assert int(found.masks.areas()[0]) > 1.7 * 0.5 * 60 * 80
    assert (found.masks.decode()[0] & straight).sum() > 100


def test_corners_are_edited_afterwards(person) -> None:
    draw_square(person, 40, 40, 140, 140)
    person.press("y")
    person.drag((140, 40), (170, 40))
    truth = np.zeros(SIZE, bool)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    truth[(y > 40) & (y < 140) & (x > 40) & (x < 170 - 0.3 * (y - 40))] = True
    assert iou(person.segments().masks, truth) > 0.98
    person.drag((90, 140), (90, 180))  # an edge becomes a corner
    longer = truth | ((y >= 140) & (y < 180 - abs(x - 90) * 40 / 50))
    assert iou(person.segments().masks, longer) > 0.97
    person.click(90, 180, "Alt")  # and goes again
    assert iou(person.segments().masks, truth) > 0.98
    person.press("Control+z", "Control+z", "Control+z")
    assert iou(person.segments().masks, square(40, 40, 140, 140)) > 0.99


def test_only_what_a_moved_corner_sweeps_changes(person) -> None:
    """A ragged brush stroke keeps its every other pixel."""
    person.drag((60, 60), (200, 150))
    before = person.segments().masks.decode()[0]
    person.press("y")
    corner = person.page.evaluate("(() => { const t = window.maskwright.board.tool; return t.rings[0][0]; })()")
    person.drag((corner["x"], corner["y"]), (corner["x"] - 25, corner["y"] - 25))
    after = person.segments().masks.decode()[0]
    changed = before != after
    assert 20 < changed.sum() < 2500
    rows, columns = np.nonzero(changed)
    assert np.hypot(columns - corner["x"], rows - corner["y"]).max() < 110


def test_gaps_and_holes_are_filled(person) -> None:
    draw_square(person, 40, 40, 160, 160)
    person.press("e", "p")
    for k, point in enumerate(((80, 80), (120, 80), (120, 120), (80, 120), (80, 80))):
        person.click(*point, *(("Alt",) if k == 0 else ()))
    hole = square(40, 40, 160, 160) & ~square(80, 80, 120, 120)
    assert iou(person.segments().masks, hole) > 0.98
    person.press("q", "2", "u")
    person.click(100, 100)
    found = person.segments()
    assert found.class_ids.tolist() == [1, 2]
    assert iou(found.masks[1:], square(80, 80, 120, 120)) > 0.98
    assert not (found.masks[:1] & found.masks[1:]).areas().any()
    person.press("q", "1")
    person.click(250, 200)  # all that is left
    assert person.segments().masks.union().area() == SIZE[0] * SIZE[1]


def test_words_find_objects_that_are_taken_or_not(person) -> None:
    """With an engine that takes words; its answer is made here."""
    _, disk, box = scene(0)
    counts = [counts.decode() for counts in Masks.encode(np.stack([disk, box])).compressed()]
    asked = []

    def project(route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"texts": ["sam3"]})

    def ask(route) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(json={"seq": 0, "counts": counts, "scores": [0.9, 0.8], "several": True, "milliseconds": 1})

    person.page.route("**/api/project", project)
    person.page.route("**/ask", ask)
    person.page.reload()
    person.ready()
    for take in (False, True):
        person.page.get_by_label("Find by words").fill("red things")
        person.page.get_by_label("Find by words").press("Enter")
        bar = person.page.locator("[data-shown='red things']")
        bar.wait_for()
        assert "2 found" in bar.inner_text()
        bar.get_by_role("button", name="Add them" if take else "Close").click()
        assert len(person.segments()) == 2 * take
    assert [(question["engine"], question["text"]) for question in asked] == [("sam3", "red things")] * 2
    assert iou(person.segments().masks[1:], box) == 1


def test_scribbles_are_prompts(person) -> None:
    _, disk, _ = scene(0)
    person.press("k")
    person.ask(lambda: person.drag((75, 95), (100, 125), (125, 100)))
    person.page.keyboard.down("Shift")
    person.ask(lambda: person.drag((20, 30), (20, 200)))
    person.page.keyboard.up("Shift")
    person.press("Enter")
    assert iou(person.segments().masks, disk) > 0.9


def test_the_threshold_widens_and_narrows_an_answer(person) -> None:
    person.press("c")
    person.ask(lambda: person.click(100, 110))
    area = "(() => { const b = window.maskwright.board.shown; return b ? b.area() : 0; })()"
    first = person.page.evaluate(area)
    slider = person.page.get_by_label("Threshold")
    for value, wider in (("5", True), ("95", False)):
        with person.page.expect_response(lambda answer: answer.url.endswith("/ask")):
            slider.fill(value)
        person.until("!window.maskwright.asking()")
        now = person.page.evaluate(area)
        assert now >= first if wider else now <= first
    narrow = person.page.evaluate(area)
    assert narrow < first
    person.press("Enter")
    assert int(person.segments().masks.areas()[0]) == narrow
    assert person.page.get_by_label("Threshold").is_disabled()  # it keeps its room: nothing moves


def test_one_class_a_pixel(person) -> None:
    person.page.get_by_label("Mode").select_option("semantic")
    person.drag((60, 60), (160, 60))
    person.press("2")
    person.drag((110, 30), (110, 150))
    person.press("1")
    person.drag((60, 180), (160, 180))  # the same class: the same object
    found = person.segments()
    assert found.class_ids.tolist() == [1, 2]
    assert not (found.masks[:1] & found.masks[1:]).areas().any()
    first = near_line((60, 60), (160, 60), 12) & ~near_line((110, 30), (110, 150), 12)
    assert iou(found.masks[:1], first | near_line((60, 180), (160, 180), 12)) > 0.95
    person.press("Control+z", "Control+z")
    assert iou(person.segments().masks, near_line((60, 60), (160, 60), 12)) > 0.97


def test_clicked_objects_of_a_class_become_one_where_a_class_is_one(person) -> None:
    _, disk, box = scene(0)
    person.page.get_by_label("Mode").select_option("semantic")
    person.page.locator("canvas.board").focus()
    person.press("c")
    person.ask(lambda: person.click(100, 110))
    person.press("Enter", "q")
    person.ask(lambda: person.click(240, 120))
    person.press("Enter")
    found = person.segments()
    assert len(found) == 1
    assert iou(found.masks, disk | box) > 0.9


def test_panoptic_things_are_many_and_share_no_pixel(person) -> None:
    person.page.get_by_label("Mode").select_option("panoptic")
    person.drag((60, 60), (160, 60))
    person.press("q")
    person.drag((110, 30), (110, 150))
    found = person.segments()
    assert found.class_ids.tolist() == [1, 1]
    assert not (found.masks[:1] & found.masks[1:]).areas().any()
    person.press("q")
    person.drag((50, 60), (170, 60))  # all of the first, a part of the second
    person.drag((50, 60), (170, 60))
    assert len(person.segments()) == 2


def test_what_two_objects_share_and_one_alone(person) -> None:
    draw_square(person, 40, 40, 120, 120)
    person.press("q")
    draw_square(person, 80, 80, 160, 160)
    person.press("Shift+V")
    shown = "[...new Set(window.maskwright.scene().top)].sort().join()"
    assert person.page.evaluate(shown) == "0,2"
    person.press("Shift+V")
    assert person.page.evaluate(shown) == "0,1,2"
    person.press("Shift+I")
    found = person.segments()
    assert iou(found.masks[1:], square(80, 80, 120, 120)) > 0.99
    assert iou(found.masks[:1], square(40, 40, 120, 120)) > 0.99


def test_corners_snap_to_borders(person) -> None:
    draw_square(person, 40, 40, 120, 120)
    person.press("q", "2", "Shift+N", "p")
    for point in ((121.5, 41), (318.5, 38.5), (318, 121), (118.6, 121.3)):
        person.click(*point)
    person.press("Enter")
    found = person.segments()
    assert not (found.masks[:1] & found.masks[1:]).areas().any()
    columns = np.nonzero(found.masks.decode()[1])[1]
    assert columns.max() == SIZE[1] - 1  # to the image's edge
    together = found.masks.decode().any(axis=0)
    assert together[45:115, 40:300].all()  # without a gap


def test_drawing_on_a_turned_image(person) -> None:
    for _ in range(5):
        person.press("Shift+ArrowRight")
    person.press("f")
    assert person.page.evaluate("window.maskwright.board.view.angle") == 75
    person.drag((60, 60), (200, 140))
    assert iou(person.segments().masks, near_line((60, 60), (200, 140), 12)) > 0.97
    person.press("Shift+ArrowUp", "q")
    assert person.page.evaluate("window.maskwright.board.view.angle") == 0
    person.drag((60, 200), (200, 200))
    assert iou(person.segments().masks[1:], near_line((60, 200), (200, 200), 12)) > 0.97


def colour_at(person: Person, x: float, y: float) -> list[int]:
    place = person.page.evaluate("(at) => window.maskwright.board.view.toScreen(at)", {"x": x, "y": y})
    return person.page.evaluate(
        """({x, y}) => [...document.querySelector("canvas.board").getContext("2d").getImageData(x, y, 1, 1).data]""",
        {"x": round(place["x"]), "y": round(place["y"])},
    )


def seen(person: Person, x: float, y: float, right) -> None:
    """Wait until the colour there is right."""
    for _ in range(600):
        now = colour_at(person, x, y)
        if right(now):
            return
        person.page.wait_for_timeout(100)
    raise AssertionError(now)


def test_brightness_contrast_grid_and_opacity_change_what_is_seen_only(person) -> None:
    before = colour_at(person, 100, 110)
    person.page.get_by_text("View", exact=True).click()
    person.page.get_by_label("Contrast").fill("200")
    seen(person, 100, 110, lambda now: now[0] > before[0] and now[2] < before[2])
    person.page.get_by_label("Contrast").fill("100")
    seen(person, 100, 110, lambda now: now == before)
    for _ in range(3):
        person.page.mouse.wheel(0, -400)
    person.press("Shift+G")
    assert person.page.evaluate("window.maskwright.board.grid")
    assert len(person.segments()) == 0


@pytest.fixture
def large(browser, tmp_path):
    """An image of 20 megapixels: it comes in tiles."""
    y, x = np.mgrid[:4000, :5000]
    image = np.stack([x // 20, y // 16, np.full_like(x, 90)], axis=2).astype(np.uint8)
    image[1000:1200, 3000:3300] = (250, 240, 20)
    (tmp_path / "photos").mkdir()
    Image.fromarray(image).save(tmp_path / "photos" / "large.tif", compression="tiff_lzw")
    with visiting(browser, tmp_path / "photos") as person:
        yield person


def test_a_large_image_is_seen_and_labelled_in_tiles(large) -> None:
    person = large
    person.until("window.maskwright.board.image.held.size > 1")
    yellow = lambda now: abs(np.array(now[:3]) - (250, 240, 20)).max() < 35  # noqa: E731
    seen(person, 3150, 1100, yellow)
    # Close up: tiles of the image's own size.
    place = person.at(3150, 1100)
    person.page.mouse.move(*place)
    for _ in range(12):
        person.page.mouse.wheel(0, -120)
    person.until("[...window.maskwright.board.image.held.keys()].some((name) => name.startsWith('0/'))")
    person.until("window.maskwright.board.image.coming.size === 0")
    seen(person, 3190.5, 1110.5, yellow)
    # The overview goes where it is pressed, and draws nothing.
    person.press("w")
    person.page.mouse.click(*person.at(3150, 1100))
    person.until("window.maskwright.sync().revision > 0 && window.maskwright.sync().waiting === 0")
    found = person.segments()
    truth = np.zeros((4000, 5000), bool)
    truth[1000:1200, 3000:3300] = True
    assert iou(found.masks, truth) > 0.97
    before = person.page.evaluate("({...window.maskwright.board.view})")
    small = person.page.locator("canvas.overview")
    box, board = small.bounding_box(), person.page.locator("canvas.board").bounding_box()
    assert box["x"] + box["width"] <= board["x"]  # beside the image, and not over it
    small.click(position={"x": 20, "y": box["height"] - 20})
    after = person.page.evaluate("({...window.maskwright.board.view})")
    assert (before["x"], before["y"]) != (after["x"], after["y"])
    assert len(person.segments()) == 1


def test_fingers_zoom_and_a_pen_draws(browser, studio) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 1024, "height": 768})
    person = Person(context.new_page(), studio, size=(1024, 768))
    driver = context.new_cdp_session(person.page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(places)]
        driver.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    # One finger draws.
    a, b = person.at(60, 60), person.at(160, 60)
    touch("touchStart", a)
    for t in np.linspace(0, 1, 8):
        touch("touchMove", (a[0] + t * (b[0] - a[0]), a[1]))
    touch("touchEnd")
    assert iou(person.segments().masks, near_line((60, 60), (160, 60), 12)) > 0.95
    # Two zoom about what lies between them, and draw nothing.
    before = person.page.evaluate("window.maskwright.board.view.scale")
    x, y = person.at(160, 120)
    touch("touchStart", (x - 40, y), (x + 40, y))
    for d in (50, 60, 70, 80):
        touch("touchMove", (x - d, y), (x + d, y))
    touch("touchEnd")
    assert person.page.evaluate("window.maskwright.board.view.scale") == pytest.approx(2 * before, rel=0.05)
    assert np.allclose(person.at(160, 120), (x, y), atol=3)
    assert len(person.segments()) == 1
    # What was begun stays: a polygon, zoomed between its corners.
    person.press("q", "2", "p")
    for corner in ((120, 100), (200, 100)):
        touch("touchStart", person.at(*corner))
        touch("touchEnd")
    touch("touchStart", (x - 80, y))
    touch("touchStart", (x - 80, y), (x + 80, y))
    for d in (70, 60, 50):
        touch("touchMove", (x - d, y), (x + d, y))
    touch("touchEnd")
    for corner in ((200, 150), (120, 150), (120, 100)):
        touch("touchStart", person.at(*corner))
        touch("touchEnd")
    found = person.segments()
    assert found.class_ids.tolist() == [1, 2]
    assert iou(found.masks[1:], square(120, 100, 200, 150)) > 0.95
    person.press("Control+z", "b", "1")
    # Once a pen has drawn, a hand that rests only moves the image.
    pen = lambda kind, at: driver.send(  # noqa: E731
        "Input.dispatchMouseEvent",
        {"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1, "pointerType": "pen"},
    )
    person.press("q")
    pen("mousePressed", person.at(140, 150))
    pen("mouseMoved", person.at(180, 150))
    pen("mouseReleased", person.at(180, 150))
    assert len(person.segments()) == 2
    held = person.at(160, 120)
    touch("touchStart", (x, y))
    touch("touchMove", (x + 30, y + 10))
    touch("touchEnd")
    assert np.allclose(person.at(160, 120), (held[0] + 30, held[1] + 10), atol=2)
    assert len(person.segments()) == 2
    context.close()


@pytest.mark.parametrize("size", [(1366, 768), (1024, 768), (1920, 1080)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_fits_and_has_a_name(browser, studio, size, scheme) -> None:
    context = browser.new_context(color_scheme=scheme)
    person = Person(context.new_page(), studio, size=size)
    canvas = person.page.locator("canvas.board").bounding_box()
    assert canvas["width"] * canvas["height"] > 0.38 * size[0] * size[1]
    assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert person.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    nameless = """[...document.querySelectorAll("button, input, select, a, canvas, svg[role]")].filter((element) =>
        !(element.getAttribute("aria-label") || element.title || element.textContent.trim() || element.labels?.length)).map((element) => element.outerHTML)"""
    assert person.page.evaluate(nameless) == []
    for name in ("Work", "History", "Import", "Export", "Keys", "Edit classes"):
        person.page.get_by_role("button", name=name, exact=True).click()
        dialog = person.page.get_by_role("dialog")
        dialog.wait_for()
        box = dialog.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
        assert box["y"] + box["height"] <= size[1]
        assert person.page.evaluate(nameless) == []
        dialog.get_by_role("button", name="Close").click()
    # Text and ground differ enough to be read (WCAG: 4.5).
    contrast = """(() => {
        const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
        const light = (c) => { const [r, g, b] = c.map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const seen = (element) => { const own = getComputedStyle(element).backgroundColor;
          return /, 0\\)$|transparent/.test(own) ? seen(element.parentElement) : own; };
        return [...document.querySelectorAll("aside *, header *, nav *")].filter((element) => element.textContent.trim() && !element.disabled).map((element) => {
          const own = light(rgb(getComputedStyle(element).color));
          const ground = light(rgb(seen(element)));
          return (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05); }).reduce((a, b) => Math.min(a, b), 99);
      })()"""
    assert person.page.evaluate(contrast) > 4.5
    context.close()


def test_a_long_refusal_pushes_no_panel_over_another(person) -> None:
    rows = [{"id": k, "name": f"class {k}", "kind": "thing", "role": "class", "colour": None} for k in range(1, 13)]
    put = """(classes) => fetch("/api/classes", {method: "PUT", headers: {"content-type": "application/json"},
        body: JSON.stringify({classes})}).then((answer) => answer.status)"""
    assert person.page.evaluate(put, rows) == 200
    person.page.reload()
    person.ready()
    words = "p0: the segment 7 cannot be written; " + "what is needed is said at length, " * 30 + "and so on."
    refusing = lambda route: route.fulfill(status=422, json={"detail": words})  # noqa: E731
    person.page.route("**/operations?*", refusing)
    person.drag((60, 60), (160, 60))
    person.page.locator("[data-parked='1']").wait_for()
    person.page.get_by_label("Comment on this object").wait_for()
    assert person.page.locator("header").bounding_box()["height"] < 768 / 8
    assert person.page.evaluate("""(() => {
        const bottoms = [...document.querySelectorAll("aside .above > section")].map((section) => [section.getBoundingClientRect(),
          Math.max(...[...section.children].map((part) => part.getBoundingClientRect().bottom))]);
        return bottoms.slice(1).every(([box], k) => bottoms[k][1] <= box.top + 1);
      })()""")
    person.page.locator("[data-parked='1']").click()
    assert words in person.page.locator("[data-refused]").inner_text()
    person.page.get_by_role("button", name="Give this change up").click()
    person.page.locator("[data-refused]").wait_for(state="detached")
    person.until("document.querySelector('nav li .state').innerText.startsWith('0 ')")  # the list forgets it too
