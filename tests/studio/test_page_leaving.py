"""What is not finished when somebody goes on to another image, and where they come then."""

import numpy as np
import pytest
from studio_person import SIZE, Person, iou

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]


def toast(person: Person) -> str:
    return person.page.locator("[data-toast]").inner_text()


def at_image(person: Person, number: int) -> None:
    person.until(f"window.maskwright.number() === {number} && location.hash.split('?')[0] === '#{number}'")


def test_a_polygon_that_is_begun_stays_with_its_image(person) -> None:
    square = np.zeros(SIZE, bool)
    square[40:140, 40:140] = True
    person.press("p", "2")
    for corner in ((40, 40), (140, 40), (140, 140)):
        person.click(*corner)
    person.image(2)
    assert "Unfinished polygon kept on p0" in toast(person)
    person.press("b", "1")
    person.page.locator("[data-way='Go back']").click()
    at_image(person, 1)
    assert person.page.locator("[data-tool=polygon]").get_attribute("aria-pressed") == "true"
    person.page.go_back()  # to the third image
    at_image(person, 3)
    person.page.go_forward()
    at_image(person, 1)
    person.page.reload()
    person.ready()
    person.until("document.querySelector('[data-tool=polygon]').ariaPressed === 'true'")
    person.click(40, 140)
    person.press("Enter")
    found = person.segments()
    assert found.class_ids.tolist() == [2]
    assert iou(found.masks, square) > 0.99
    person.image(1)
    person.image(0)
    person.press("Enter")  # nothing is left of it: the image is finished
    at_image(person, 2)
    assert len(person.segments()) == 1


def test_enter_loses_no_corners(person) -> None:
    person.press("p")
    person.click(40, 40)
    person.click(140, 40)
    person.press("Enter")
    assert "needs more corners" in toast(person)
    at_image(person, 1)
    person.click(140, 140)
    person.press("Enter")
    assert len(person.segments()) == 1


def test_finish_goes_through_the_list_that_is_shown_and_says_when_all_is_done(person) -> None:
    person.page.get_by_role("searchbox", name="Name").fill("p")
    person.image(3)
    person.page.get_by_label("Show", exact=True).select_option("open")
    person.page.locator("canvas.board").focus()
    person.press("Enter")
    at_image(person, 5)
    person.press("Enter")  # around, to what is open before it
    at_image(person, 1)
    person.press("d")
    at_image(person, 2)
    person.press("Enter")
    at_image(person, 3)
    person.press("Enter")
    at_image(person, 1)
    person.press("Enter")
    person.until("document.querySelector('[data-toast]')?.innerText.includes('5 of 5 finished')")
    person.saved()
    at_image(person, 1)
    person.page.locator("[data-way=Export]").click()
    person.page.get_by_role("dialog", name="Export").wait_for()
    person.press("Escape")


def test_a_list_that_is_done_leads_to_what_is_open_elsewhere(person) -> None:
    person.page.get_by_role("searchbox", name="Name").fill("p3")
    person.until("document.querySelectorAll('nav li button').length === 1")
    person.page.locator("nav li button").click()
    at_image(person, 4)
    person.page.locator("canvas.board").focus()
    person.press("Enter")
    person.until("document.querySelector('[data-toast]')?.innerText.includes('1 of 5 finished')")
    person.page.locator("[data-way='Show the 4 open']").click()
    at_image(person, 5)
    assert person.page.get_by_label("Show", exact=True).input_value() == "open"
    person.press("Shift+R")
    person.page.get_by_label("Show", exact=True).select_option("review")
    person.page.locator("canvas.board").focus()
    person.press("Enter")
    assert "Nothing is left in “To review”" in toast(person)


def delayed(person: Person, milliseconds: int) -> None:
    """Answers of engines come so late."""

    def wait(route) -> None:
        person.page.wait_for_timeout(milliseconds)
        route.continue_()

    person.page.route("**/ask", wait)


def test_enter_before_the_answer_keeps_it_and_the_next_finishes(person) -> None:
    delayed(person, 600)
    person.press("x")
    person.drag((50, 60), (150, 160))
    person.press("Enter", "Enter", "2")
    assert "Kept as soon as the answer is here" in toast(person)
    person.until("document.querySelector('[data-toast]')?.innerText.includes('Kept as disk')")
    at_image(person, 1)
    person.drag((205, 75), (275, 165))
    person.page.get_by_role("button", name="Finish, save, next").click()
    person.until("document.querySelector('[data-toast]')?.innerText.includes('Kept as box')")
    at_image(person, 1)
    assert person.segments().class_ids.tolist() == [1, 2]
    person.page.locator("canvas.board").focus()
    person.press("Enter")
    at_image(person, 2)
    assert len(person.segments(0)) == 2


def test_an_answer_that_is_wanted_comes_to_its_image_whatever_is_done_meanwhile(person) -> None:
    delayed(person, 600)
    person.press("c")
    person.click(100, 110)
    person.press("Enter", "2")
    person.click(240, 120)  # a question of its own
    person.press("Enter")
    person.press("b", "d")
    at_image(person, 2)
    found = person.segments(0)
    assert found.class_ids.tolist() == [1, 2]
    assert person.page.locator("[data-tool=brush]").get_attribute("aria-pressed") == "true"
    person.press("c")
    person.click(100, 110)
    person.press("Enter", "Escape")  # dropped after all
    person.page.wait_for_timeout(1500)
    assert len(person.segments(1)) == 0


def test_another_tool_keeps_what_is_begun_and_says_so(person) -> None:
    person.press("c")
    person.ask(lambda: person.click(100, 110))
    person.press("b")
    assert "Kept as disk" in toast(person)
    person.page.locator("[data-toast] button").click()
    assert len(person.segments()) == 0
    person.press("Shift+R", "x")
    person.ask(lambda: person.drag((205, 75), (275, 165)))
    person.press("Shift+B")  # opened again: the answer stays open
    assert len(person.segments()) == 0
    person.press("Shift+R")
    assert "Kept as disk" in toast(person)
    assert len(person.segments()) == 1
    person.page.locator("[data-way=Undo]").click()
    assert len(person.segments()) == 0


def test_the_button_closes_a_polygon_and_finishes_in_one_go(person) -> None:
    finish = person.page.get_by_role("button", name="Finish, save, next")
    person.press("p")
    person.click(40, 40)
    person.click(140, 40)
    finish.click()
    assert "needs more corners" in toast(person)
    at_image(person, 1)
    person.click(140, 140)
    finish.click()
    at_image(person, 2)
    assert "Kept as disk" in toast(person)
    assert len(person.segments(0)) == 1
    person.page.locator("[data-way=Undo]").click()
    at_image(person, 1)
    person.until("!window.maskwright.turning()")
    assert len(person.segments(0)) == 0


def test_what_is_begun_is_said_on_its_own_image(person) -> None:
    person.press("p")
    person.click(40, 40)
    person.click(140, 40)
    hint = person.page.locator("[data-begun]")
    assert hint.inner_text() == "Unfinished polygon: Enter closes, Esc drops"
    person.image(1)
    assert "kept on p0" in toast(person)
    assert hint.count() == 0
    person.image(0)
    hint.wait_for()
    assert hint.inner_text() == "Unfinished polygon: Enter closes, Esc drops"
    person.page.reload()
    person.ready()
    hint.wait_for()
    person.press("Escape")
    hint.wait_for(state="detached")


def test_an_image_that_is_finished_with_nothing_on_it_is_named(person) -> None:
    person.press("Enter")
    at_image(person, 2)
    person.page.wait_for_timeout(300)
    assert "p0 finished with nothing on it" in toast(person)
    person.page.locator("[data-toast] button").click()
    at_image(person, 1)
    person.until("!window.maskwright.turning()")
    person.drag((60, 60), (120, 60))
    person.press("Enter")
    at_image(person, 2)
    assert person.page.locator("[data-toast]").count() == 0
