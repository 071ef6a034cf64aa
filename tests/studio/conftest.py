"""A studio that runs, a browser, and somebody at its page."""

from collections.abc import Iterator

import pytest
from PIL import Image
from studio_person import Person, Studio, scene


@pytest.fixture
def studio(tmp_path) -> Iterator[Studio]:
    from maskwright.studio.app import PAGE

    if not (PAGE / "index.html").is_file():
        pytest.skip("the studio's page is not built: cd web && npm install && npm run build")
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(5):
        Image.fromarray(scene(k)[0]).save(folder / f"p{k}.png")
    studio = Studio(folder)
    studio.start()
    yield studio
    studio.kill()


@pytest.fixture
def person(browser, studio):
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    yield person
    assert not person.errors
    context.close()
