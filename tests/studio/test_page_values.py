"""Values of objects and images in a real browser: set with mouse and keyboard, judged by what the dataset holds."""

from typing import Any

import pytest
from studio_person import Person, Studio

from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


@pytest.fixture
def columns(studio) -> Studio:
    """A studio whose dataset has columns of its own."""
    with Dataset.open(studio.folder) as dataset:
        dataset.columns.add("grade", "category", owner="segment", values=["good", "poor"])
        dataset.columns.add("depth", "number", owner="segment", unit="mm", low=0, high=10)
        dataset.columns.add("touches", "bool", owner="segment", description="whether it touches another")
        dataset.columns.add("temperature", "float", unit="°C", low=-10, high=50)
        dataset.columns.add("taken", "time")
    return studio


@pytest.fixture
def labeller(browser, columns):
    context = browser.new_context()
    person = Person(context.new_page(), columns)
    yield person
    assert not person.errors
    context.close()


def held(person: Person) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Fields of the first image and attributes of its segments, as another process reads them."""
    segments = person.segments()
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        return dict(dataset.read([1])[0].fields), [dict(attributes) for attributes in segments.attributes]


def of_object(person: Person):
    return person.page.get_by_role("region", name="Values of the object")


def of_image(person: Person):
    return person.page.get_by_role("region", name="Values of the image")


def said(person: Person) -> str:
    return person.page.locator(".message").inner_text()


def test_values_of_an_object_are_set_undone_and_refused_in_words(labeller) -> None:
    person = labeller
    assert of_object(person).count() == 0  # no object is chosen
    person.drag((60, 60), (160, 120))
    own = of_object(person)
    own.get_by_label("grade").select_option("poor")
    depth = own.get_by_label("depth mm")
    depth.click()
    person.page.keyboard.type("2.5")
    person.press("Tab")
    assert held(person) == ({}, [{"grade": "poor", "depth": 2.5}])
    # With keys alone, from the image: to the first value, on with Tab, and back.
    person.page.locator("canvas.board").focus()
    person.press("t")
    assert own.get_by_label("grade").evaluate("(control) => control === document.activeElement")
    person.press("Tab", "Tab")
    person.page.keyboard.type("yes")
    person.press("Escape")
    assert held(person)[1] == [{"grade": "poor", "depth": 2.5, "touches": True}]
    person.press("Control+z")
    assert held(person)[1] == [{"grade": "poor", "depth": 2.5}]
    assert own.get_by_label("touches").input_value() == ""
    # Letters that are typed are no tools, and Esc leaves what was there.
    depth.focus()
    person.press("Control+a", "7", "e", "Escape")
    assert person.page.locator("[data-tool=eraser]").get_attribute("aria-pressed") == "false"
    assert depth.input_value() == "2.5"
    # Out of range.
    depth.focus()
    person.press("Control+a", "9", "0", "Enter")
    assert said(person) == "depth stays as it was: 90 is not a number from 0 to 10"
    assert depth.input_value() == "2.5"
    assert held(person)[1] == [{"grade": "poor", "depth": 2.5}]
    # A step of the arrow keys is no gesture of its own: what is left counts.
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        before = dataset.revision
    depth.focus()
    person.press("ArrowUp", "ArrowUp", "ArrowUp", "Enter")
    assert held(person)[1] == [{"grade": "poor", "depth": 5.5}]
    assert said(person) == ""
    with Dataset.open(person.studio.folder, read_only=True) as dataset:
        assert dataset.revision == before + 1
    own.get_by_label("grade").select_option("")
    assert held(person)[1] == [{"depth": 5.5}]


def test_what_is_typed_belongs_to_the_object_that_was_chosen_then(labeller) -> None:
    person = labeller
    person.drag((60, 60), (120, 60))
    person.press("q")
    person.drag((60, 160), (120, 160))
    person.press("v")
    of_object(person).get_by_label("depth mm").click()
    person.page.keyboard.type("4")
    person.click(90, 60)  # the other object, with the value not left
    assert held(person)[1] == [{}, {"depth": 4.0}]
    assert of_object(person).get_by_label("depth mm").input_value() == ""


def test_values_of_an_image_are_set_undone_and_seen_by_others(labeller, browser) -> None:
    person = labeller
    own = of_image(person)
    temperature = own.get_by_label("temperature °C")
    temperature.click()
    person.page.keyboard.type("21")
    person.press("Enter")
    own.get_by_label("taken").fill("2024-05-01T12:30")
    person.press("Enter")
    assert held(person)[0] == {"temperature": 21.0, "taken": "2024-05-01T12:30:00.000000"}
    person.press("Control+z")
    assert held(person)[0] == {"temperature": 21.0}
    person.press("Control+Shift+z")
    assert held(person)[0] == {"temperature": 21.0, "taken": "2024-05-01T12:30:00.000000"}
    context = browser.new_context()
    other = Person(context.new_page(), person.studio)
    assert of_image(other).get_by_label("temperature °C").input_value() == "21"
    of_image(other).get_by_label("temperature °C").fill("")
    other.press("Enter")
    other.saved()
    person.until("document.querySelector('.values input[type=number]').value === ''")
    assert held(person)[0] == {"taken": "2024-05-01T12:30:00.000000"}
    context.close()
    temperature.fill("60")
    person.press("Enter")
    assert "60 is not a number from -10 to 50" in said(person)
    assert temperature.input_value() == ""
    # The image's own values are no part of the labels that somebody makes apart.
    person.press("Shift+W")
    person.page.get_by_label("These labels are shown and changed:").select_option("own")
    person.until("!document.querySelector('.values')")


def test_a_value_that_the_studio_refuses_is_given_up_and_the_old_one_is_there_again(labeller) -> None:
    person = labeller
    temperature = of_image(person).get_by_label("temperature °C")
    temperature.fill("10")
    person.press("Enter")
    person.saved()
    with Dataset.open(person.studio.folder) as dataset:  # the page does not know of it yet
        dataset.columns.drop("taken")
        dataset.columns.add("taken", "integer", low=0, high=5)
    of_image(person).get_by_label("taken").fill("2024-05-01")
    person.press("Enter")
    person.page.locator("[data-parked='1']").click()
    assert "'taken'" in person.page.locator("[data-refused]").inner_text()
    person.page.get_by_role("button", name="Give this change up").click()
    person.until("document.querySelectorAll('.values input')[1].max === '5'")  # it is of another kind meanwhile
    person.until("document.querySelectorAll('.values input')[1].value === ''")
    person.until("document.querySelectorAll('.values input')[0].value === '10'")
    assert held(person)[0] == {"temperature": 10.0}


def test_the_history_goes_back_to_values_too(labeller) -> None:
    person = labeller
    person.drag((60, 60), (160, 120))
    of_object(person).get_by_label("grade").select_option("good")
    of_image(person).get_by_label("temperature °C").fill("10")
    person.press("Enter")
    person.saved()
    of_object(person).get_by_label("grade").select_option("poor")
    of_image(person).get_by_label("temperature °C").fill("30")
    person.press("Enter")
    person.saved()
    person.press("Shift+Y")
    person.page.locator(".dialog li").nth(2).get_by_role("button", name="Look").click()
    person.page.locator("[data-shown]").get_by_role("button", name="Restore").click()
    person.until("!document.querySelector('[data-shown]')")
    assert held(person) == ({"temperature": 10.0}, [{"grade": "good"}])
    person.press("Control+z")
    assert held(person) == ({"temperature": 30.0}, [{"grade": "poor"}])


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
def test_what_is_needed_is_seen_without_scrolling(labeller, size) -> None:
    person = labeller
    person.page.set_viewport_size({"width": size[0], "height": size[1]})
    for k in range(4):
        person.press("q")
        person.drag((40, 40 + 40 * k), (120, 40 + 40 * k))
    person.saved()
    panel = person.page.locator("aside .above").bounding_box()
    for field in (*of_object(person).locator("input, select").all(), *of_image(person).locator("input").all()):
        box = field.bounding_box()
        assert box["y"] + box["height"] <= panel["y"] + panel["height"]
    for name in ("Finish, save, next", "Needs review", "Approve", "Reopen"):
        box = person.page.get_by_role("button", name=name).bounding_box()
        assert box["y"] + box["height"] <= size[1]
    for action in ("propagate", "review"):
        box = person.page.locator(f"[data-action={action}]").bounding_box()
        assert box["y"] + box["height"] <= size[1]
    # What is needed less often is behind one word, and at hand.
    edits = person.page.get_by_role("region", name="Edit the chosen object")
    if not edits.get_by_role("button", name="Crowd").is_visible():
        edits.get_by_text("More", exact=True).click()
    edits.get_by_role("button", name="Crowd").click()
    assert person.segments().is_crowd.tolist() == [False, False, False, True]


def test_what_cannot_be_set_is_shown_where_it_has_a_value(browser, studio) -> None:
    with Dataset.open(studio.folder) as dataset, dataset.edit("values that came in") as edit:
        key = dataset.read([1])[0].key
        edit.set_fields(key, {"camera": {"model": "A"}, "place": "yard"})
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    camera = of_image(person).get_by_label("camera")
    assert camera.input_value() == '{"model":"A"}'
    assert of_image(person).locator("input:not([readonly]), select").count() == 0
    person.image(1)
    person.until("!document.querySelector('.values')")  # the next image has none
    assert not person.errors
    context.close()
