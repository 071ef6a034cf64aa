"""How the label page looks while one works: what moves, what covers what, and what is said."""

import numpy as np
import pytest
from studio_person import SIZE, Person, Studio, scene

from maskwright.core.masks import Masks

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]

PLACE = """(() => { const b = window.maskwright.board, box = b.canvas.getBoundingClientRect();
    return [box.x, box.y, box.width, box.height, b.view.x, b.view.y, b.view.scale]; })()"""


def place(person: Person) -> list[float]:
    """Where the image lies in the window."""
    return person.page.evaluate(PLACE)


def pixel(person: Person, x: float, y: float) -> list[int]:
    """What is seen at a place of the image, RGB."""
    return person.page.evaluate(
        """({x, y}) => { const b = window.maskwright.board; b.draw(); const p = b.view.toScreen({x, y});
            return [...b.canvas.getContext("2d").getImageData(p.x, p.y, 1, 1).data].slice(0, 3); }""",
        {"x": x, "y": y},
    )


def answer_with(person: Person, *masks: np.ndarray) -> None:
    """From here on every question gets these masks."""
    counts = [counts.decode() for counts in Masks.encode(np.stack(masks)).compressed()]
    told = {"counts": counts, "scores": [0.5] * len(counts), "several": False, "milliseconds": 1}
    person.page.route("**/ask", lambda route: route.fulfill(json={**told, "seq": route.request.post_data_json["seq"]}))


def toast(person: Person) -> str:
    return person.page.locator("[data-toast]").inner_text()


def test_no_message_moves_the_image(person) -> None:
    person.drag((60, 60), (160, 60))
    person.saved()
    before = place(person)
    person.press("Delete")
    person.page.locator("[data-toast] button").wait_for()
    assert place(person) == before
    person.press("c")
    person.ask(lambda: person.click(100, 110))  # asking, answered, with the threshold to be set
    assert place(person) == before
    person.press("Escape")
    assert place(person) == before
    # What was enlarged stays so when the window changes.
    person.page.mouse.move(*person.at(100, 110))
    person.page.mouse.wheel(0, -400)
    person.until(f"window.maskwright.board.view.scale > {1.05 * before[6]}")
    scale = place(person)[6]
    person.page.set_viewport_size({"width": 1300, "height": 700})
    person.until("window.maskwright.board.canvas.height < 600")
    assert place(person)[6] == scale


@pytest.mark.parametrize("size", [(1280, 800), pytest.param((1920, 1080), marks=pytest.mark.slow)])
def test_nothing_lies_over_what_is_labelled(browser, studio, size) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(studio.link)  # the first time in this browser: the guide comes
    for name in (".guide", ".fresh", "canvas.board"):
        page.locator(name).wait_for()
    over = """(name) => { const a = document.querySelector(name).getBoundingClientRect(), c = document.querySelector("canvas.board").getBoundingClientRect();
        return a.left < c.right && a.right > c.left && a.top < c.bottom && a.bottom > c.top; }"""
    assert not page.evaluate(over, ".guide")
    assert not page.evaluate(over, ".fresh")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    steps = "[...document.querySelectorAll('.guide li')].map((step) => [step.getBoundingClientRect().bottom, step.lastElementChild.getBoundingClientRect().bottom])"
    assert all(inner <= outer + 1 for outer, inner in page.evaluate(steps))
    page.locator(".fresh [data-action=suggest]").click()
    page.locator(".dialog .primary").last.click()
    page.locator(".dialog [data-review]").click()
    page.locator(".suggestion").wait_for()
    assert not page.evaluate(over, ".suggestion")
    context.close()


def test_an_answer_has_the_colour_of_the_class_it_gets(person) -> None:
    _, _, box = scene(0)
    answer_with(person, box)
    for key, name in (("1", "disk"), ("2", "box")):
        person.press(key, "c")
        plain = np.array(pixel(person, 240, 120), float)
        colour = np.array(
            person.page.evaluate(
                "(() => { const c = window.maskwright.board.tint(); return [c >> 16, c >> 8 & 255, c & 255]; })()"
            ),
            float,
        )
        person.ask(lambda: person.click(240, 120))
        seen = np.array(pixel(person, 235, 110), float)
        share = 120 / 255
        assert np.abs(seen - (share * colour + (1 - share) * plain)).max() < 30, name
        # A white rim in a dark line is seen on every ground.
        along = np.array([pixel(person, x, 120) for x in np.arange(209.5, 212.5, 0.1)])
        assert (along.min(axis=1) > 240).any()
        assert (along.max(axis=1) < 15).any()
        person.press("Escape")


def test_candidates_are_counted(person) -> None:
    _, disk, box = scene(0)
    answer_with(person, disk, box, disk | box)
    person.press("c")
    person.ask(lambda: person.click(240, 120))
    said = person.page.locator("[data-candidate]")
    assert said.inner_text() == "Candidate 1 of 3; Z: the next"
    person.press("z")
    assert said.inner_text() == "Candidate 2 of 3; Z: the next"
    person.press("z", "z", "z")
    assert said.get_attribute("data-candidate") == "2"
    person.press("Enter")
    person.until("!document.querySelector('[data-candidate]')")
    found = person.segments()
    assert int(found.masks.areas()[0]) == int(box.sum())


def test_an_engine_that_finds_nothing_or_has_one_answer_says_so(person) -> None:
    answer_with(person, np.zeros(SIZE, bool))
    person.press("x")
    person.ask(lambda: person.drag((205, 75), (275, 165)))
    assert "The engine finds nothing here. Draw the box closer round the object" in toast(person)
    person.press("Enter")
    assert "The engine finds nothing here." in toast(person)
    assert len(person.segments()) == 0
    person.page.unroute("**/ask")
    person.press("c")
    person.ask(lambda: person.click(240, 120))
    person.press("z")
    assert "only this candidate" in toast(person)


def test_names_are_cut_where_they_are_alike_and_told_whole(browser, tmp_path) -> None:
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir()
    names = [f"slide_of_the_fourteenth_of_march_well_{k:04d}" for k in range(3)]
    for name in names:
        Image.fromarray(scene(0)[0]).save(folder / f"{name}.png")
    long = "a_class_whose_name_is_longer_than_any_panel_can_show"
    studio = Studio(folder, classes=f"disk,{long}")
    studio.start()
    context = browser.new_context()
    try:
        person = Person(context.new_page(), studio, size=(1280, 800))
        rows = person.page.locator("nav li button")
        assert [rows.nth(k).get_attribute("title") for k in range(3)] == names
        ends = person.page.locator("nav .cut > :last-child")
        for k in range(3):
            row, end = rows.nth(k).bounding_box(), ends.nth(k).bounding_box()
            assert end["x"] + end["width"] <= row["x"] + row["width"]
            assert ends.nth(k).inner_text().endswith(f"{k:04d}")
        button = person.page.locator(".classes button").nth(1)
        assert button.get_attribute("title") == long
        assert person.page.evaluate(
            "document.querySelector('aside .above').scrollWidth <= document.querySelector('aside .above').clientWidth"
        )
        chooser = person.page.locator("select.filter")
        for name in ("suggested", "twice"):
            chooser.select_option(name)
            assert chooser.evaluate("(select) => select.scrollWidth <= select.clientWidth + 1")
        for tool in person.page.locator("[data-tool]").all():
            tool.click()
            hint = person.page.locator(".bar > .hint")
            assert hint.evaluate("(hint) => hint.scrollHeight <= hint.clientHeight + 1"), hint.inner_text()
    finally:
        context.close()
        studio.kill()


def test_label_the_rest_says_how_far_it_is_and_what_it_made(person) -> None:
    job = {"id": "a-job", "kind": "propagate", "status": "running", "done": 1, "total": 5, "words": "", "result": {}}
    told: dict[str, object] = {"words": "Learning from 2 finished images"}
    person.page.route("**/api/jobs", lambda route: route.fulfill(json=job | told))
    person.page.route("**/api/jobs/*", lambda route: route.fulfill(json=job | told))
    person.page.reload()
    person.ready()
    running = person.page.locator("[data-running=propagate]")
    running.wait_for()
    assert "Learning from 2 finished images: 1 of 5" in running.inner_text()
    told |= {"words": "", "done": 3}
    person.until("document.querySelector('[data-running=propagate]').innerText.includes('Labelling the rest: 3 of 5')")
    why = "No mask was made: every image is finished, or has labels already."
    told |= {"status": "done", "words": why, "result": {"images": 0, "objects": 0, "suggested": 0}}
    done = person.page.locator("[data-done=propagate]")
    done.wait_for()
    assert done.inner_text() == why
    assert person.page.locator("[data-review]").count() == 0  # there is nothing to review
    # Its place closes, and stays closed.
    person.page.locator(".propagate summary").click()
    person.page.reload()
    person.ready()
    assert not person.page.locator("[data-action=propagate]").is_visible()
    person.page.locator(".propagate summary").click()
    assert person.page.locator("[data-action=propagate]").is_visible()


def test_losses_are_told_by_their_gravity(person) -> None:
    def loss(cause: str, number: int, pixels: int = 0) -> dict:
        return {"cause": cause, "words": f"the {cause}", "number": number, "pixels": pixels, "key": "p1"}

    told = {"format": "coco", "grave": [], "minor": [loss("ids", 3)], "file": "labels-coco.zip"}
    person.page.route("**/api/export/*", lambda route: route.fulfill(json=told))
    person.page.get_by_role("button", name="Export").click()
    dialog = person.page.get_by_role("dialog")
    link = dialog.get_by_role("link")
    link.wait_for()
    assert link.inner_text() == "Download labels-coco.zip"
    assert "folder for downloads" in dialog.inner_text()
    assert "None of them is finished yet" in dialog.inner_text()
    assert "allow_loss" not in link.get_attribute("href")
    dialog.get_by_text("no mask is changed by it").click()
    assert "the numbers of 3 objects: they get new ones; the first on p1" in dialog.inner_text()
    told |= {"grave": [loss("shape", 2, 40), loss("smell", 1)], "file": "labels-yolo.zip"}
    dialog.get_by_role("combobox").select_option("yolo")
    dialog.locator("[data-grave='2']").wait_for()
    assert link.inner_text() == "Download labels-yolo.zip without that"
    assert link.get_attribute("href").endswith("?allow_loss=true")
    assert "the exact outline of 2 objects, 40 pixels in all; the first on p1" in dialog.inner_text()
    assert "the smell (1); the first on p1" in dialog.inner_text()


def test_every_format_that_can_be_exported_is_explained(person) -> None:
    formats = person.page.evaluate("() => fetch('/api/project').then((answer) => answer.json())")["formats"]
    person.page.get_by_role("button", name="Export").click()
    dialog = person.page.get_by_role("dialog")
    offered = dialog.locator("option")
    assert sorted(option.get_attribute("value") for option in offered.all()) == sorted(formats)
    assert dialog.locator("optgroup[label='Others']").count() == 0
    for name in formats:
        dialog.get_by_role("combobox").select_option(name)
        dialog.locator(f"[data-format='{name}']").wait_for()
        assert dialog.get_by_role("combobox").evaluate("(e) => e.selectedOptions[0].innerText") != name
