"""Somebody who has read nothing labels nuclei, with the mouse and the digits alone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studio_person import Person, chromium, crash, visiting
from studio_pixels import Pointer, polygon, stroke

from maskwright.core.masks import Masks
from maskwright.labelling import workflow
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]

SIZE = (360, 480)
CLASSES = "round,long"
ROUND, LONG = 1, 2


def nuclei(number: int) -> tuple[np.ndarray, list[tuple[int, list[tuple[float, float]]]]]:
    """-> an image of twenty nuclei, and of each its class and the corners of its outline."""
    rng = np.random.default_rng(number)
    image = np.full((*SIZE, 3), (235, 205, 225)) + rng.integers(-8, 9, (*SIZE, 3))
    out = []
    for place in range(20):
        row, column = divmod(place, 5)
        kind = LONG if (row + column) % 2 else ROUND
        x, y = 48 + 96 * column + rng.uniform(-10, 10), 45 + 90 * row + rng.uniform(-8, 8)
        wide, high = (34, 13) if kind == LONG else (22, 21)
        turn = rng.uniform(-0.4, 0.4)
        angles = np.linspace(0, 2 * np.pi, 9)[:-1]
        across, down = wide * np.cos(angles), high * np.sin(angles)
        ring = [(x + a * np.cos(turn) - d * np.sin(turn), y + a * np.sin(turn) + d * np.cos(turn))
                for a, d in zip(across, down, strict=True)]  # fmt: skip
        colour = (70, 60, 150) if kind == ROUND else (150, 50, 90)
        image[polygon(ring, size=SIZE)] = np.array(colour) + rng.integers(-12, 13, 3)
        out.append((kind, ring))
    return np.clip(image, 0, 255).astype(np.uint8), out


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "slides"
    folder.mkdir()
    for number in range(3):
        Image.fromarray(nuclei(number)[0]).save(folder / f"slide{number}.png")
    return folder


def outline_all(person: Person, pointer: Pointer, number: int) -> np.ndarray:
    """Outline each nucleus of an image -> (20, H, W) bool, what the mouse drew."""
    drawn = []
    for kind, ring in nuclei(number)[1]:
        person.press(str(kind))
        pointer.took()
        for point in ring:
            person.click(*point)
        drawn.append(polygon(pointer.pressed(), size=SIZE))
        person.click(*ring[0])
    return np.stack(drawn)


def press(person: Person, name: str) -> None:
    person.page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.slow
def test_forty_nuclei_outlined_and_a_third_image_suggested(browser, folder) -> None:
    with visiting(browser, folder, CLASSES) as person:
        pointer = Pointer(person)
        answers = []
        person.page.on(
            "response", lambda got: answers.append(got.json()) if got.url.endswith("/3/suggestion") else None
        )
        person.page.locator("[data-tool=polygon]").click()
        first = outline_all(person, pointer, 0)
        person.page.locator("[data-tool=brush]").click()
        person.drag((200, 20), (300, 340))  # a mistake across them
        person.image(1)
        person.page.locator("[data-action=undo]").click()
        person.until("location.hash === '#1' && !window.maskwright.turning()")
        person.saved()
        person.page.locator("[data-tool=polygon]").click()
        person.page.locator("[data-object]").first.wait_for()
        press(person, "Finish, save, next")
        person.until("location.hash === '#2' && !window.maskwright.turning()")
        second = outline_all(person, pointer, 1)
        press(person, "Finish, save, next")
        person.until("location.hash === '#3' && !window.maskwright.turning()")

        for number, drawn in ((0, first), (1, second)):
            found = person.segments(number)
            assert found.class_ids.tolist() == [kind for kind, _ in nuclei(number)[1]]
            assert np.array_equal(found.masks.decode().astype(bool), drawn)

        assert len(person.segments(2)) == 0
        person.page.locator("[data-action=propagate]").click()
        person.page.locator("[data-done=propagate]").wait_for()
        person.page.locator(".suggestion").wait_for()
        offered = sorted(answers[-1]["objects"], key=lambda row: row["counts"])
        assert offered
        assert len(person.segments(2)) == 0  # no label before it is accepted
        person.page.locator(".suggestion").get_by_role("button", name="Accept").click()
        found = person.segments(2)
        kept = zip(found.masks.compressed(), found.class_ids.tolist(), strict=True)
        assert sorted((counts.decode(), kind) for counts, kind in kept) == [
            (row["counts"], row["class_id"]) for row in offered
        ]
        truth = nuclei(2)[1]
        overlap = found.masks.iou(Masks.encode(np.stack([polygon(ring, size=SIZE) for _, ring in truth])))
        best = overlap.argmax(axis=0)
        right = [found.class_ids[row] == kind for row, (kind, _) in zip(best, truth, strict=True)]
        assert (overlap.max(axis=0) > 0.6).sum() >= 18
        assert sum(right) >= 18
        press(person, "Finish, save, next")
        person.saved()
        with Dataset.open(folder.parent / "slides", read_only=True) as dataset:
            assert [workflow.of(dataset, number).state for number in (1, 2, 3)] == ["labelled"] * 3


def test_a_browser_that_dies_in_mid_stroke_keeps_all_that_was_finished(driver, studio, tmp_path) -> None:
    profile = tmp_path / "profile"

    def launch():
        return driver.chromium.launch_persistent_context(profile, executable_path=chromium(), args=["--no-sandbox"])

    context = launch()
    person = Person(context.new_page(), studio)
    pointer = Pointer(person)
    person.drag((60, 60), (120, 60))
    finished = pointer.dragged()
    person.saved()
    person.page.mouse.move(*person.at(60, 150))
    person.page.mouse.down()
    person.page.mouse.move(*person.at(120, 150), steps=5)
    crash(profile)
    context = launch()
    again = Person(context.new_page(), studio)
    found = again.segments()
    assert len(found) == 1
    assert np.array_equal(found.masks.decode()[0].astype(bool), stroke(finished, 12))
    again.drag((60, 150), (120, 150))  # it goes on
    assert len(again.segments()) == 2
    again.press("Control+z", "Control+z")  # and what the other browser did is taken back
    again.saved()
    assert len(again.segments()) == 0
    context.close()
