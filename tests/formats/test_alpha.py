"""Label images with transparency: what alpha hides is not labelled, and what is half seen is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.core.sample import Sample
from maskwright.errors import FormatError

SIZE = (8, 10)


def label_map(folder: Path, values: np.ndarray) -> list[Sample]:
    (folder / "images").mkdir()
    (folder / "masks").mkdir()
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(folder / "images" / "a.png")
    Image.fromarray(values).save(folder / "masks" / "a.png")
    return list(formats.read(folder, "label-map").samples)


def colours(alpha: int) -> np.ndarray:
    """Red everywhere, seen in three columns."""
    values = np.zeros((*SIZE, 4), np.uint8)
    values[..., 0] = 255
    values[:, 2:5, 3] = alpha
    return values


@pytest.mark.parametrize("alpha", [255, 90])
def test_what_alpha_hides_is_black(tmp_path: Path, alpha: int) -> None:
    (sample,) = label_map(tmp_path, colours(alpha))
    assert sample.segments.masks.areas().tolist() == [24]  # the rest is background


def test_one_degree_of_alpha_hides_nothing(tmp_path: Path) -> None:
    values = colours(90)
    values[..., 3] = 90
    (sample,) = label_map(tmp_path, values)
    assert sample.segments.masks.areas().tolist() == [80]


def test_half_seen_labels_are_refused(tmp_path: Path) -> None:
    values = colours(255)
    values[:, 5, 3] = 40
    with pytest.raises(FormatError, match="3 degrees of transparency"):
        label_map(tmp_path, values)


def test_indices_with_alpha(tmp_path: Path) -> None:
    values = np.full((*SIZE, 2), 3, np.uint8)
    values[..., 1] = 0
    values[:4, :, 1] = 255
    (sample,) = label_map(tmp_path, values)
    assert sorted(zip(sample.segments.class_ids.tolist(), sample.segments.masks.areas().tolist(), strict=True)) == [
        (0, 40), (3, 40)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((255, 255, 255), 24), ((0, 0, 0), 24), ((200, 0, 0), 24)],
)
def test_bitmaps_with_alpha(tmp_path: Path, colour: tuple[int, int, int], expected: int) -> None:
    (tmp_path / "a" / "images").mkdir(parents=True)
    (tmp_path / "a" / "masks").mkdir()
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / "a" / "images" / "a.png")
    values = np.zeros((*SIZE, 4), np.uint8)
    values[:, 2:5] = (*colour, 255)
    Image.fromarray(values).save(tmp_path / "a" / "masks" / "1.png")
    (sample,) = formats.read(tmp_path, "bitmaps").samples
    assert sample.segments.masks.areas().tolist() == [expected]
