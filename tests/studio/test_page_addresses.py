"""Addresses of the studio's pages, in a real browser."""


def test_an_address_leads_to_an_image_or_to_a_page(person) -> None:
    page = person.page
    page.evaluate("location.hash = '#3'")
    page.reload()
    person.ready()
    person.until("location.hash === '#3'")
    assert page.locator("nav li button.chosen .key").inner_text() == "p2"
    assert page.get_by_role("dialog").count() == 0
    page.evaluate("location.hash = '#/team'")
    page.locator("[data-work=states]").wait_for()
    page.locator(".dialog .close").click()
    assert page.get_by_role("dialog").count() == 0
    person.image(1)
    page.evaluate("location.hash = '#/nowhere'")
    page.reload()
    person.ready()
    person.until("location.hash === '#1'")
