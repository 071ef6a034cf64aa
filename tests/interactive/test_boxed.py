"""What a box holds, found by the engine that needs no weights."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskwright.errors import UsageError
from maskwright.interactive import Session


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def dots(size: tuple[int, int], radius: float, seed: int = 0) -> tuple[np.ndarray, list[np.ndarray]]:
    """Bright disks of one kind on a dark ground -> image, their masks."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    image, masks = np.full((*size, 3), 30.0), []
    for row in range(1, 4):
        for column in range(1, 4):
            cy, cx = row * size[0] / 4, column * size[1] / 4
            masks.append(np.hypot(y - cy, x - cx) < radius)
            image[masks[-1]] = 150
    return (image + rng.normal(0, 8, image.shape)).clip(0, 255).astype(np.uint8), masks


def around(mask: np.ndarray, by: float) -> tuple[float, float, float, float]:
    """The box of a mask, wider by a share of its sides, in the image."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    wide, high = by * (np.ptp(columns) + 1), by * (np.ptp(rows) + 1)
    return (
        max(0.0, columns[0] - wide), max(0.0, rows[0] - high),
        min(mask.shape[1], columns[-1] + 1 + wide), min(mask.shape[0], rows[-1] + 1 + high),
    )  # fmt: skip


@pytest.mark.parametrize(("size", "radius"), [((240, 320), 9), ((1200, 1600), 12), ((1200, 1600), 90)])
@pytest.mark.parametrize("by", [0.0, 0.15])
def test_one_of_many_alike_is_found(size, radius, by) -> None:
    """Others like it lie outside the box, and the object can be small in the image."""
    image, masks = dots(size, radius)
    session = Session(image)
    for mask in masks[::4]:
        assert iou(session.predict(boxes=[around(mask, by)]).masks[0].decode(), mask) > 0.85


@given(st.integers(0, 10_000), st.sampled_from([(40, 60), (30, 900), (1, 7), (500, 3)]), st.booleans())
def test_a_box_that_holds_pixels_is_never_answered_with_nothing(seed: int, size, flat: bool) -> None:
    rng = np.random.default_rng(seed)
    image = np.full((*size, 3), 77, np.uint8) if flat else rng.integers(0, 255, (*size, 3), dtype=np.uint8)
    x = np.sort(rng.uniform(0, size[1], 2)) + np.array([0, 1e-3])
    y = np.sort(rng.uniform(0, size[0], 2)) + np.array([0, 1e-3])
    found = Session(image).predict(boxes=[[x[0], y[0], x[1], y[1]]]).masks[0].decode()
    assert found.any()
    rows, columns = np.nonzero(found)
    # In the box, to the pixel.
    assert columns.min() + 1 > x[0] - 0.1
    assert columns.max() < x[1] + 0.1
    assert rows.min() + 1 > y[0] - 0.1
    assert rows.max() < y[1] + 0.1


def test_boxes_come_together_and_clicks_correct_them() -> None:
    image, masks = dots((240, 320), 14)
    session = Session(image)
    both = session.predict(boxes=[around(masks[0], 0.1), around(masks[2], 0.1)])
    assert iou(both.masks[0].decode(), masks[0] | masks[2]) > 0.85
    image[masks[1]] = image[masks[1]] // (1, 1, 3)  # another colour
    session = Session(image)
    session.box(*around(masks[0] | masks[1], 0.05))
    answer = session.click(160.5, 60.5, on=False)  # the second of the two
    assert iou(answer.masks[0].decode(), masks[0]) > 0.8
    again = Session(image).predict([(160.5, 60.5)], [0], [around(masks[0] | masks[1], 0.05)])
    assert again.masks == answer.masks


def test_a_box_outside_the_image_is_refused() -> None:
    image, _ = dots((60, 80), 5)
    for box in ((-30, -30, -5, -5), (80, 0, 99, 60), (0, 60, 80, 70)):
        with pytest.raises(UsageError, match="lies outside"):
            Session(image).predict(boxes=[box])


def nuclei(folder: Path) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    for place in sorted(folder.iterdir())[:18]:
        if (place / "images").is_dir():
            image = np.array(Image.open(next((place / "images").iterdir())).convert("RGB"))
            chosen = sorted((place / "masks").iterdir())[:6]
            yield image, [np.array(Image.open(path).convert("L")) > 0 for path in chosen]


def photographs(folder: Path) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    images = {path.stem: path for path in (folder / "img").iterdir()}
    for path in sorted((folder / "gt").iterdir())[::4]:
        if path.stem in images:
            mask = np.array(Image.open(path).convert("L")) > 0
            yield np.array(Image.open(images[path.stem]).convert("RGB")), [mask]


@pytest.mark.real
@pytest.mark.parametrize(("name", "read", "least"), [("dsb2018", nuclei, 0.8), ("coco_mval", photographs, 0.78)])
def test_boxes_of_real_objects(real, name, read, least) -> None:
    """Boxes drawn a little too large by hand: a tenth of their sides."""
    found = []
    for image, masks in read(real(name)):
        session = Session(image)
        for mask in masks:
            answer = session.predict(boxes=[around(mask, 0.1)]).masks[0].decode()
            assert answer.any()
            found.append(iou(answer, mask))
    assert len(found) > 15
    assert np.mean(found) > least
