"""The runs page in a real browser: a training planned, begun, watched, stopped and gone on with, by mouse."""

import os

import pytest

pytest.importorskip("torch")
from small_trainings import SMALL, end_all, made, status, until
from studio_person import Person, Studio

from maskwright.runs import launching
from maskwright.store import Dataset

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="processes that can be told apart"),
    pytest.mark.timeout(500),
]


@pytest.fixture
def trainer(browser, tmp_path):
    """Somebody at the runs page of a dataset without runs."""
    studio = Studio(made(tmp_path), classes="")
    studio.start()
    context = browser.new_context()
    person = Person(context.new_page(), studio)
    person.page.evaluate("location.hash = '#/runs'")
    person.page.get_by_text("There are no runs yet").wait_for()
    yield person
    assert not person.errors
    context.close()
    studio.kill()
    with Dataset.open(studio.folder) as dataset:
        end_all(dataset)


def test_a_training_is_begun_watched_stopped_and_gone_on_with(trainer) -> None:
    page = trainer.page
    page.get_by_role("button", name="Train …").click()
    page.get_by_label("Name").fill("a/b")
    page.get_by_label("Further settings").fill("--lr fast")
    page.get_by_role("button", name="Show the plan").click()
    page.locator("[data-wrong='lines']", has_text="lr").wait_for()
    assert "name" in page.locator("[data-wrong='name']").inner_text()
    assert page.locator("input[name='name']").get_attribute("aria-invalid") == "true"
    # Where something is wrong nothing is begun.
    page.get_by_role("button", name="Start the training").click()
    page.locator("[data-wrong='lines']").wait_for()
    page.get_by_label("Name").fill("mine")
    page.get_by_label("Epochs").fill("100000")
    page.get_by_label("Model").fill("lite")
    page.get_by_label("Further settings").fill(SMALL)
    page.get_by_role("button", name="Show the plan").click()
    assert "100000" in page.locator("[data-setting='epochs']").inner_text()
    page.get_by_role("button", name="Start the training").click()
    page.locator("[data-run='mine']").wait_for()
    assert page.get_by_role("dialog").count() == 0
    trainer.until("!!document.querySelector('[data-run=mine] .state.running')", 240)
    trainer.until("document.querySelectorAll('.charts figure').length > 0")
    page.locator(".printed", has_text="the plan is in").wait_for()
    # The studio ends; the training does not. Another studio shows it and stops it.
    trainer.studio.kill()
    trainer.studio.start()
    page.goto(trainer.studio.link)
    page.evaluate("location.hash = '#/runs?run=mine'")
    page.locator("[data-run='mine'] .state.running").wait_for()
    page.locator("[data-action='stop']").click()
    page.locator("[data-run='mine'] .state.interrupted").wait_for()
    with Dataset.open(trainer.studio.folder) as dataset:
        assert status(dataset, "mine") == "interrupted"
        until(dataset, lambda: not launching.launched(dataset)["mine"].going)
        page.locator(".process").get_by_label("Minutes").fill("3s")
        page.locator("[data-action='resume']").click()
        page.locator("[data-run='mine'] .state:is(.starting, .running)").wait_for()
        until(dataset, lambda: status(dataset, "mine") == "done")
    page.locator("[data-run='mine'] .state.done").wait_for()
    page.get_by_role("heading", name="Scores").wait_for()
