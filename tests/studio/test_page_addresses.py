"""Addresses of the studio's pages, in a real browser."""

import pytest
import studio_person
from studio_person import Person

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]


def test_an_address_leads_to_an_image_or_to_a_page(person) -> None:
    page = person.page
    page.evaluate("location.hash = '#3'")
    page.reload()
    person.ready()
    person.until("location.hash === '#3'")
    assert page.locator("nav li button.chosen .key").inner_text() == "p2"
    assert page.get_by_role("dialog").count() == 0
    page.evaluate("location.hash = '#/work'")
    page.locator(".dialog [data-work=states]").wait_for()
    page.locator(".dialog .close").click()
    assert page.get_by_role("dialog").count() == 0
    person.image(1)
    page.evaluate("location.hash = '#/nowhere'")
    page.reload()
    person.ready()
    person.until("location.hash === '#1'")
    person.image(2)
    page.goto(person.studio.link)
    person.ready()
    person.until("location.hash === '#3'")  # where the person was last


def shown(person: Person) -> list[str]:
    return person.page.locator("nav li .key").all_inner_texts()


def test_the_list_is_the_same_after_a_reload_and_on_the_way_back(person) -> None:
    page = person.page
    person.image(1)
    page.get_by_label("Show", exact=True).select_option("open")
    page.get_by_role("searchbox", name="Name").fill("3")
    person.until("location.hash === '#2?show=open&name=3'")
    page.locator("nav li button").click()
    person.until("location.hash === '#4?show=open&name=3' && window.maskwright.number() === 4")
    page.get_by_role("searchbox", name="Name").fill("")
    person.until("location.hash === '#4?show=open'")
    page.reload()
    person.ready()
    person.until("window.maskwright.number() === 4")
    assert page.get_by_label("Show", exact=True).input_value() == "open"
    assert len(shown(person)) == 5
    page.go_back()
    person.until("location.hash === '#2?show=open&name=3' && window.maskwright.number() === 2")
    assert shown(person) == ["p3"]
    assert page.get_by_role("searchbox", name="Name").input_value() == "3"


def test_who_comes_back_to_a_studio_that_was_begun_anew_is_told_what_to_do(person, monkeypatch) -> None:
    page = person.page
    person.image(2)
    page.get_by_label("Show", exact=True).select_option("open")
    person.studio.kill()
    monkeypatch.setattr(studio_person, "TOKEN", "another-token-of-enough-letters")
    person.studio.start()
    page.locator("[data-shut]").wait_for()
    assert "Open the link that it printed" in page.locator("[data-shut]").inner_text()
    person.drag((60, 60), (120, 60))
    page.on("dialog", lambda asked: asked.accept())  # not all is sent yet
    page.reload()
    assert "Open the link" in page.locator("body").inner_text()
    assert "kept in this browser" in page.locator("body").inner_text()
    page.goto(person.studio.link_of(studio_person.TOKEN))
    person.ready()
    person.until("location.hash === '#3?show=open' && window.maskwright.number() === 3")
    assert len(person.segments(2)) == 1
    assert page.locator("[data-shut]").count() == 0
