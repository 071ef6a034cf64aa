"""A studio that runs, a browser, and somebody at its page."""

from collections.abc import Iterator

import pytest
from PIL import Image
from studio_person import Person, Studio, chromium, scene


@pytest.fixture
def studio(tmp_path) -> Iterator[Studio]:
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(5):
        Image.fromarray(scene(k)[0]).save(folder / f"p{k}.png")
    studio = Studio(folder)
    studio.start()
    yield studio
    studio.kill()


@pytest.fixture(scope="session")
def driver():
    playwright = pytest.importorskip("playwright.sync_api")
    from maskwright.studio.app import PAGE

    if not (PAGE / "index.html").is_file():
        pytest.skip("the studio's page is not built: cd web && npm install && npm run build")
    with playwright.sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(driver):
    chrome = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
    yield chrome
    chrome.close()


@pytest.fixture
def person(browser, studio):
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    yield person
    assert not person.errors
    context.close()
