"""A studio that runs, a browser, and somebody at its page."""

from collections.abc import Iterator

import pytest
from PIL import Image
from studio_person import Person, Studio, chromium, picture


@pytest.fixture
def studio(tmp_path) -> Iterator[Studio]:
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(5):
        Image.fromarray(picture(k)[0]).save(folder / f"p{k}.png")
    one = Studio(folder)
    one.start()
    yield one
    one.kill()


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
    one = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
    yield one
    one.close()


@pytest.fixture
def person(browser, studio):
    context = browser.new_context()
    one = Person(context.new_page(), studio)
    yield one
    assert not one.errors
    context.close()
