"""A new project in a real browser: what it asks, the instructions beside the image, the guide, and pages with nothing on them."""

import pytest
from PIL import Image
from studio_person import Person, Studio, scene, visiting

from maskwright.core.classes import Class, Classes
from maskwright.labelling import instruction_images
from maskwright.labelling.project_task import task_of
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


def photos(folder, number: int = 2):
    folder.mkdir()
    for k in range(number):
        Image.fromarray(scene(k)[0]).save(folder / f"p{k}.png")
    return folder


@pytest.fixture
def newcomer(browser, tmp_path):
    """Somebody who has opened a folder of images for the first time."""
    with visiting(browser, photos(tmp_path / "photos"), fresh=True) as person:
        yield person


def step(person: Person) -> str:
    return person.page.locator(".guide").get_attribute("data-guide")


def test_a_new_project_asks_what_it_is_for(newcomer, tmp_path) -> None:
    person = newcomer
    dialog = person.page.get_by_role("dialog", name="A new project")
    person.until("document.activeElement?.value === 'object'")
    # The first name is chosen already: what is typed takes its place, and Enter goes on to the next.
    person.page.keyboard.type("disk")
    person.press("Enter")
    person.page.keyboard.type("ground")
    dialog.get_by_label("Kind").nth(1).select_option("stuff")
    dialog.get_by_text("Panoptic", exact=True).click()
    Image.fromarray(scene(7)[0]).save(tmp_path / "example.png")
    text = dialog.get_by_role("textbox", name="Instructions")
    text.click()
    person.page.keyboard.type("# Disks\n\nOutline *whole* disks.")
    dialog.locator("input[type=file]").set_input_files(tmp_path / "example.png")
    dialog.locator(".preview img").wait_for()
    dialog.get_by_role("button", name="Begin").click()
    dialog.wait_for(state="detached")
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert [(row.name, row.kind) for row in dataset.classes] == [("disk", "thing"), ("ground", "stuff")]
        assert task_of(dataset) == "panoptic"
        assert dataset.instructions.startswith("# Disks\n\nOutline *whole* disks.\n\n![example](")
    assert person.page.get_by_label("Mode").input_value() == "panoptic"
    told = person.page.get_by_role("region", name="Instructions")
    assert told.locator("em").inner_text() == "whole"
    person.until("document.querySelector('.told img').naturalWidth === 320")
    # It is asked once.
    person.page.reload()
    person.ready()
    person.page.get_by_role("region", name="Instructions").wait_for()
    assert person.page.get_by_role("dialog").count() == 0
    assert person.page.get_by_label("Mode").input_value() == "panoptic"


def test_later_is_later_and_all_can_be_changed(newcomer) -> None:
    person = newcomer
    person.page.get_by_role("button", name="Later").click()
    person.page.reload()
    person.ready()
    person.page.locator(".guide").wait_for()
    assert person.page.get_by_role("dialog").count() == 0
    person.page.get_by_role("button", name="Project").click()
    dialog = person.page.get_by_role("dialog", name="A new project")
    dialog.get_by_label("Name of the class").fill("")
    dialog.get_by_role("button", name="Begin").click()
    dialog.get_by_role("alert").wait_for()  # the class that is there cannot be without a name
    assert dialog.get_by_role("alert").inner_text().startswith("Class 1, which was “object”, has no name: type one")
    dialog.get_by_role("button", name="Add a class").click()
    assert "left out" in dialog.locator("[data-left-out]").inner_text()
    dialog.get_by_label("Name of the class").first.fill("cell")
    dialog.get_by_role("button", name="Begin").click()
    dialog.wait_for(state="detached")
    assert person.page.get_by_role("button", name="cell").count() == 1
    # Another person is told, and the page that is open hears of it.
    with Dataset.open(person.studio.folder) as dataset, dataset.edit("told") as edit:
        edit.set_instructions("Tails count.")
    told = person.page.get_by_role("region", name="Instructions")
    told.wait_for()
    # Closed, it stays closed; other instructions open it.
    told.get_by_role("button", name="Close").click()
    person.page.reload()
    person.ready()
    person.page.locator("button.told").wait_for()
    assert told.count() == 0
    with Dataset.open(person.studio.folder) as dataset, dataset.edit("told") as edit:
        edit.set_instructions("Tails do not count.")
    told.wait_for()
    person.page.locator("canvas.board").focus()
    person.press("F1")
    told.wait_for(state="detached")
    person.page.locator("button.told").click()
    assert "Tails do not count." in told.inner_text()


def test_what_changes_while_the_page_begins_is_heard_of(newcomer) -> None:
    person = newcomer
    person.page.get_by_role("button", name="Later").click()

    def late(route) -> None:
        """The project as it was, and an edit of another person before the page gets it."""
        answer = route.fetch()
        with Dataset.open(person.studio.folder) as dataset, dataset.edit("told") as edit:
            edit.set_instructions("Tails count.")
        route.fulfill(response=answer)

    person.page.route("**/api/project", late, times=1)
    person.page.reload()
    person.ready()
    told = person.page.get_by_role("region", name="Instructions")
    told.wait_for()
    assert "Tails count." in told.inner_text()


def test_instructions_cannot_do_anything_to_the_page(browser, studio) -> None:
    wicked = (
        "<img src=x onerror=\"document.title='gone'\">\n\n<script>document.title='gone'</script>\n\n"
        "[a link](javascript:document.title='gone') ![an image](https://example.org/a.png) ![b](../project)\n\n"
        "<style>main { display: none }</style>\n\n<form action=/api/look><button>press</button></form>"
    )
    with Dataset.open(studio.folder) as dataset, dataset.edit("told") as edit:
        edit.set_instructions(wicked)
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    person = Person(page, studio)
    told = page.get_by_role("region", name="Instructions")
    told.get_by_text("a link").click()
    assert told.locator("img, script, style, form, a, iframe").count() == 0
    assert "<script>" in told.inner_text()
    assert page.title() == "Maskwright studio"
    assert page.locator("main").is_visible()
    assert not [url for url in asked if "example.org" in url]
    assert not person.errors
    context.close()


def test_the_guide_goes_on_when_a_step_is_really_done(newcomer) -> None:
    person = newcomer
    person.page.get_by_role("button", name="Begin").click()
    person.page.get_by_role("dialog").wait_for(state="detached")
    assert step(person) == "class"
    person.page.locator(".classes button").first.click()
    assert step(person) == "outline"
    person.drag((60, 60), (160, 60))
    assert step(person) == "correct"
    person.page.reload()
    person.ready()
    person.page.locator(".guide").wait_for()
    assert step(person) == "correct"  # where it was
    person.press("v")
    person.click(100, 60)
    person.press("b")
    assert step(person) == "correct"  # choosing is no correction
    person.page.keyboard.down("Alt")
    person.drag((150, 60), (170, 60))
    person.page.keyboard.up("Alt")
    assert step(person) == "finish"
    person.page.get_by_role("button", name="Finish, save, next").click()
    person.until("location.hash === '#2'")
    assert step(person) == "done"
    assert person.page.locator(".guide li.done").count() == 4
    person.page.locator(".guide p button").click()
    person.page.reload()
    person.ready()
    assert person.page.locator(".guide").count() == 0
    # From the help it begins anew; what is undone is not done; and it can be closed at any time.
    person.page.locator("canvas.board").focus()
    person.press("?")
    person.page.get_by_role("button", name="Show the guide").click()
    assert step(person) == "class"
    person.press("1")
    person.drag((60, 60), (160, 60))
    assert step(person) == "correct"
    person.press("Control+z")
    assert step(person) == "correct"  # an outline of before stands; taking back is no correction
    person.page.get_by_role("button", name="Close the guide").click()
    person.page.reload()
    person.ready()
    assert person.page.locator(".guide").count() == 0


def test_the_guide_is_for_who_begins(browser, studio) -> None:
    studio.fresh = True  # its pages have never been open in this browser
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    person.drag((60, 60), (160, 60))
    person.saved()
    context.close()
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    person.page.wait_for_timeout(300)
    assert person.page.locator(".guide").count() == 0  # something is labelled already
    context.close()


def test_empty_places_have_the_button_that_helps(person) -> None:
    page = person.page
    # Nothing on the image.
    page.locator("[data-empty=objects]").get_by_role("button", name="Click on an object").click()
    assert page.locator("[data-tool=click]").get_attribute("aria-pressed") == "true"
    person.ask(lambda: person.click(100, 110))
    person.press("Enter", "Escape")
    assert len(person.segments()) == 1
    assert page.locator("[data-empty=objects]").count() == 0
    # Nothing found in the list.
    page.get_by_label("Name", exact=True).fill("zebra")
    page.locator("[data-empty=list]").get_by_role("button", name="Show all images").click()
    assert page.locator("nav li button").count() == 5
    page.get_by_label("Show").select_option("review")
    assert "waits for a review" in page.locator("[data-empty=list]").inner_text()
    page.get_by_role("button", name="Show all images").click()
    assert page.get_by_label("Show").input_value() == "all"
    # No history of an image that nobody touched.
    person.image(1)
    page.locator("canvas.board").focus()
    person.press("Shift+Y")
    page.locator("[data-empty=history] button").click()
    assert page.get_by_role("dialog").count() == 0
    assert page.locator("[data-tool=brush]").get_attribute("aria-pressed") == "true"


def test_a_class_that_is_looked_for_in_vain_is_added(browser, tmp_path) -> None:
    home = photos(tmp_path / "photos")
    with Dataset.create(home, Classes([Class(k, f"kind {k}") for k in range(1, 8)])):
        pass
    with visiting(browser, home) as person:
        person.press("/")
        person.page.keyboard.type("zebra")
        person.page.get_by_role("button", name="Add “zebra”").click()
        person.until("document.querySelector('.classes button.chosen')?.innerText.includes('zebra')")
        person.drag((60, 60), (160, 60))
        assert person.segments().class_ids.tolist() == [8]


def test_without_classes_the_project_is_asked_for_some(browser, tmp_path) -> None:
    home = photos(tmp_path / "photos")
    with Dataset.create(home, Classes([])):
        pass
    with visiting(browser, home) as person:
        person.page.locator("[data-empty=classes]").get_by_role("button", name="Add classes").click()
        dialog = person.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Add a class").click()
        person.page.keyboard.type("cell")
        dialog.locator("[data-action=setup]").click()
        dialog.wait_for(state="detached")
        person.press("1")
        person.drag((60, 60), (160, 60))
        assert person.segments().class_ids.tolist() == [1]


def test_images_are_looked_for_again(browser, tmp_path) -> None:
    home = tmp_path / "set"
    with Dataset.create(home, Classes([Class(1, "disk", "thing")])):
        pass
    studio = Studio(home)
    studio.start()
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(studio.link)
    empty = page.locator("[data-empty=images]")
    empty.get_by_role("button", name="Look again").click()
    empty.get_by_text("There are still none.").wait_for()
    Image.fromarray(scene(0)[0]).save(home / "new.png")
    empty.get_by_role("button", name="Look again").click()
    page.locator("nav li button[aria-current=true]").wait_for()
    empty.wait_for(state="detached")
    assert page.evaluate("window.maskwright.scene().width") == 320
    # Also where there are some: what came since is taken in, and said.
    toast = page.locator("[data-toast]")
    page.locator("[data-action=look]").click()
    toast.get_by_text("There are no new images.").wait_for()
    Image.fromarray(scene(1)[0]).save(home / "newer.png")
    page.locator("[data-action=look]").click()
    toast.get_by_text("Took in 1 image.").wait_for()
    assert page.locator("nav li button").count() == 2
    context.close()
    studio.kill()


def test_keys_in_a_text_field_are_the_fields_own(person) -> None:
    person.drag((60, 60), (160, 60))
    person.saved()
    search = person.page.get_by_label("Name", exact=True)
    search.click()
    person.page.keyboard.type("p1")
    person.press("Control+z")
    assert search.input_value() != "p1"
    person.press("Control+Shift+z")
    assert search.input_value() == "p1"
    comment = person.page.get_by_label("Comment on this object")
    comment.click()
    person.page.keyboard.type("a tail")
    person.press("Control+z")
    assert comment.input_value() != "a tail"
    person.press("Control+a", "Delete")
    assert len(person.segments()) == 1  # nothing was taken back, and nothing deleted
    # In the field of a dialog as well.
    person.page.get_by_role("button", name="Project").click()
    text = person.page.get_by_role("textbox", name="Instructions")
    text.click()
    person.page.keyboard.type("whole cells")
    person.press("Control+z")
    assert text.input_value() != "whole cells"
    person.press("Escape")
    person.page.locator("canvas.board").focus()
    person.press("Control+z")
    assert len(person.segments()) == 0


def test_images_of_the_instructions_open_by_themselves(browser, studio, tmp_path) -> None:
    Image.fromarray(scene(7)[0]).save(tmp_path / "example.png")
    with Dataset.open(studio.folder) as dataset:
        name = instruction_images.add(dataset, (tmp_path / "example.png").read_bytes())
        with dataset.edit("told") as edit:
            edit.set_instructions(f"![a good one]({name})")
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    with context.expect_page() as opened:
        person.page.get_by_alt_text("a good one").click()
    assert opened.value.url.endswith(f"/api/instructions/images/{name}")
    context.close()
