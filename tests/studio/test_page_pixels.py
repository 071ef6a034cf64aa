"""Each tool of the page, to the pixel: the saved masks are those that the mouse's own path gives."""

import numpy as np
import pytest
from scipy import ndimage
from studio_person import SIZE, Person, scene
from studio_pixels import Pointer, grown, hanging_together, polygon, shrunk, stroke

from maskwright.core.masks import Masks

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]

RADIUS = 12
ZIGZAG = ((40, 40), (90, 75), (130, 38), (131, 110), (60, 120))


@pytest.fixture
def pointer(person) -> Pointer:
    return Pointer(person)


def drawn(person: Person) -> np.ndarray:
    """(N, H, W) bool, as the dataset has them."""
    return person.segments().masks.decode().astype(bool)


def click_all(person: Person, *points: tuple[float, float]) -> None:
    for point in points:
        person.click(*point)


def same(found: np.ndarray, wanted: np.ndarray) -> None:
    differing = int((found != wanted).sum())
    assert wanted.any()
    assert not differing, f"{differing} of {int(wanted.sum())} pixels differ"


def test_brush_and_eraser(person, pointer) -> None:
    person.drag(*ZIGZAG)
    first = stroke(pointer.dragged(), RADIUS)
    same(drawn(person)[0], first)
    person.press("]", "]")
    radius = person.page.evaluate("Number(document.querySelector('.tools input[type=range]').value)")
    assert radius > RADIUS
    person.press("e")
    person.drag((20, 90), (120, 95))
    same(drawn(person)[0], first & ~stroke(pointer.dragged(), radius))
    person.press("Escape", "b", "[", "[", "[", "[", "[", "[", "[", "[", "[", "[", "[", "[", "[", "[")
    pointer.took()
    person.click(250, 200)  # the smallest brush is a pixel
    (at,) = pointer.pressed()
    single = np.zeros(SIZE, bool)
    single[int(at[1]), int(at[0])] = True
    assert (drawn(person)[1] & single).any()
    assert drawn(person)[1].sum() <= 4


def test_lasso(person, pointer) -> None:
    person.press("l")
    person.drag((50, 50), (180, 60), (200, 160), (120, 100), (60, 170), (50, 50))
    same(drawn(person)[0], polygon(pointer.dragged()))
    person.press("Escape", "l")
    person.drag((220, 60), (300, 150), (300, 60), (220, 150), (220, 60))  # it crosses itself: even-odd
    same(drawn(person)[1], polygon(pointer.dragged()))


def test_polygon_with_a_hole(person, pointer) -> None:
    outer = ((40, 30), (200, 45), (220, 180), (60, 200))
    person.press("p")
    click_all(person, *outer)
    corners = pointer.pressed()
    click_all(person, outer[0])
    person.saved()
    inner = ((90, 80), (150, 85), (120, 150))
    pointer.took()
    for corner in inner:
        person.click(*corner, "Alt")
    hole = pointer.pressed()
    person.click(*inner[0], "Alt")
    same(drawn(person)[0], polygon(corners, hole))


def test_corners_change_what_they_sweep_alone(person, pointer) -> None:
    person.press("p")
    click_all(person, (40, 40), (140, 44), (150, 150), (50, 160), (40, 40))
    before = drawn(person)[0]
    person.press("y")
    rings = person.page.evaluate("window.maskwright.board.tool.rings.map((ring) => ring.map((at) => [at.x, at.y]))")
    ring = [tuple(at) for at in rings[0]]
    nearest = min(range(len(ring)), key=lambda at: abs(ring[at][0] - 140) + abs(ring[at][1] - 44))
    pointer.took()
    person.drag(ring[nearest], (190, 20))
    moved = [*ring[:nearest], pointer.dragged()[-1], *ring[nearest + 1 :]]
    was, now = polygon(ring), polygon(moved)
    same(drawn(person)[0], (before & ~(was & ~now)) | (now & ~was))


def test_scissors_lie_on_borders_to_a_pixel(person) -> None:
    person.press("g")
    for x, y in ((240, 80.5), (269.5, 120), (240, 159.5), (210.5, 120)):
        person.click(x, y)
        person.until("window.maskwright.board.tool.wire !== null")
        person.page.mouse.move(*person.at(x + 1, y + 1))
    person.press("Enter")
    found = drawn(person)[0]
    # Along the sides of the box the line lies on its border, to a pixel.
    _, _, box = scene(0)
    off = found != box
    assert not (off & ~(grown(box, 1.5) & ~shrunk(box, 1.5)) & ~_corners_of(box, 16)).any()


def _corners_of(box: np.ndarray, reach: int) -> np.ndarray:
    """Squares about the corners of a box, where four clicks leave the way to the scissors."""
    rows, columns = np.nonzero(box.any(axis=1))[0], np.nonzero(box.any(axis=0))[0]
    out = np.zeros_like(box)
    for y in (rows[0], rows[-1]):
        for x in (columns[0], columns[-1]):
            out[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = True
    return out


@pytest.mark.parametrize(("key", "how"), [("c", "click"), ("x", "box"), ("k", "scribble")])
def test_what_an_engine_answered_is_what_is_saved(person, key, how) -> None:
    answers = []
    person.page.on("response", lambda answer: answers.append(answer.json()) if answer.url.endswith("/ask") else None)
    person.press(key)
    act = {
        "click": lambda: person.click(100, 110), "box": lambda: person.drag((48, 58), (152, 162)),
        "scribble": lambda: person.drag((75, 95), (100, 125), (125, 100)),
    }[how]  # fmt: skip
    person.ask(act)
    person.press("Enter")
    person.saved()
    found = person.segments().masks
    assert found.compressed()[0].decode() in [counts for answer in answers for counts in answer["counts"]]
    _, disk, _ = scene(0)
    assert float(found.iou(Masks.encode(disk[None])).max()) > 0.85


def test_wand_and_fill(person, pointer) -> None:
    image, _, box = scene(0)
    person.press("w")
    person.click(240, 120)
    ((x, y),) = pointer.pressed()
    seed = image[int(y), int(x)].astype(int)
    alike = np.abs(image.astype(int) - seed).sum(axis=2) <= 3 * 24
    wand = hanging_together(alike, (x, y))
    same(drawn(person)[0], wand)
    assert (wand & box).sum() > 0.95 * box.sum()
    person.press("Escape", "u")
    person.click(20, 20)
    ((x, y),) = pointer.pressed()
    same(drawn(person)[1], hanging_together(~wand, (x, y)))


def test_what_is_done_to_a_chosen_object(person, pointer) -> None:
    person.press("p")
    for ring, *held in (((40, 40), (140, 40), (140, 140), (40, 140)),), (((70, 70), (110, 72), (100, 110)), "Alt"):
        for corner in (*ring, ring[0]):
            person.click(*corner, *held)
        person.saved()
    person.press("Shift+Q", "b")
    person.drag((220, 60), (260, 90))  # a second part
    person.press("v")
    person.until("window.maskwright.scene().segments.length === 1")
    mask = drawn(person)[0]
    assert ndimage.label(mask, np.ones((3, 3)))[1] == 2
    assert ndimage.binary_fill_holes(mask).sum() > mask.sum()
    reach = max(1, round(RADIUS / 6))
    wanted = mask
    for key, becomes in (
        ("h", ndimage.binary_fill_holes),
        ("+", lambda mask: grown(mask, reach)),
        ("-", lambda mask: shrunk(mask, reach)),
        ("m", lambda mask: shrunk(grown(grown(shrunk(mask, reach), reach), reach), reach)),
        ("i", lambda mask: hanging_together_by_corners(mask)),
    ):
        wanted = becomes(wanted)
        person.press(key)
        same(drawn(person)[0], wanted)
    for _ in range(5):
        person.press("Control+z")
        person.saved()
    same(drawn(person)[0], mask)


def hanging_together_by_corners(mask: np.ndarray) -> np.ndarray:
    """The largest part."""
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    return labels == 1 + np.bincount(labels[mask])[1:].argmax()


def test_operations_of_two_objects(person, pointer) -> None:
    person.press("p")
    first = ((40, 40), (150, 50), (140, 140), (50, 150))
    click_all(person, *first)
    left = polygon(pointer.pressed())
    click_all(person, first[0])
    pointer.took()
    second = ((100, 90), (200, 100), (190, 200), (110, 190))
    click_all(person, *second)
    right = polygon(pointer.pressed())
    click_all(person, second[0])
    same(drawn(person), np.stack([left, right]))
    person.press("Shift+I")
    same(drawn(person)[1], left & right)
    person.press("Control+z", "Shift+X")
    same(drawn(person), np.stack([left, right & ~left]))
    person.press("Control+z", "Shift+M")
    found = drawn(person)
    assert len(found) == 1
    same(found[0], left | right)
    person.press("Shift+S")
    assert len(drawn(person)) == 1  # a single part stays an object


def test_modes_take_from_others_what_is_drawn(person, pointer) -> None:
    person.page.get_by_label("Mode").select_option("panoptic")
    person.press("b")
    person.drag((40, 60), (200, 60))
    first = stroke(pointer.dragged(), RADIUS)
    person.drag((100, 30), (110, 150))
    second = stroke(pointer.dragged(), RADIUS)
    same(drawn(person), np.stack([first & ~second, second]))
    person.press("2")
    person.page.get_by_label("Mode").select_option("semantic")
    person.drag((40, 200), (200, 190))
    third = stroke(pointer.dragged(), RADIUS)
    person.drag((60, 100), (60, 220))
    fourth = stroke(pointer.dragged(), RADIUS)
    assert person.segments().class_ids.tolist() == [1, 1, 2]
    same(drawn(person)[2], third | fourth)
    same(drawn(person)[0], first & ~second & ~(third | fourth))


def test_on_a_turned_and_enlarged_image(person, pointer) -> None:
    for _ in range(3):
        person.press("Shift+ArrowRight")
    person.page.mouse.move(*person.at(160, 120))
    person.page.mouse.wheel(0, -300)
    person.press("b")
    pointer.took()
    person.drag((140, 100), (180, 130), (150, 140))
    same(drawn(person)[0], stroke(pointer.dragged(), RADIUS))
