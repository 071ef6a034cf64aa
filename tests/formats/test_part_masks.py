"""A mask a part: CelebAMask-HQ, and other sets whose masks are called as an image and a part."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.errors import FormatError

SIZE = (20, 30)


def put(file: Path, pixels: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)


def mask(left: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    out = np.zeros((*size, 3), np.uint8)
    out[2:12, left : left + 8] = 255
    return out


def faces(folder: Path, numbers: tuple[int, ...] = (0, 7, 2001)) -> None:
    """Images twice as large as their masks; the eye lies in the skin."""
    for number in numbers:
        put(folder / f"CelebA-HQ-img/{number}.jpg", np.zeros((40, 60, 3), np.uint8))
        for part, left in (("skin", 3), ("l_eye", 5), ("hair", 20)):
            pixels = mask(left) if part != "l_eye" else mask(left) * (np.arange(SIZE[0]) < 6)[:, None, None]
            put(folder / f"CelebAMask-HQ-mask-anno/{number // 2000}/{number:05d}_{part}.png", pixels.astype(np.uint8))


def test_every_file_is_a_part_of_its_image(tmp_path) -> None:
    faces(tmp_path / "CelebAMask-HQ")
    reading = formats.read(tmp_path)
    samples = list(reading.samples)
    assert [sample.key for sample in samples] == ["0", "7", "2001"]
    assert [(row.id, row.name, row.role) for row in reading.classes] == [
        (0, "background", "background"), (1, "skin", "class"), (4, "l_eye", "class"), (13, "hair", "class"),
    ]  # fmt: skip
    for sample in samples:
        assert sample.segments.class_ids.tolist() == [1, 4, 13]
        skin, eye, hair = sample.segments.masks.decode()
        assert np.array_equal(skin, (mask(3)[..., 0] > 0).repeat(2, 0).repeat(2, 1))
        assert np.array_equal(hair, (mask(20)[..., 0] > 0).repeat(2, 0).repeat(2, 1))
        assert eye.sum() == 4 * 4 * 6 + 4 * 4 * 2
        assert not (eye & hair).any()
    assert "9 labels of 20 x 30 were scaled to the image's 40 x 60 (nearest neighbours)" in reading.notes


def test_what_has_no_partner_is_said(tmp_path) -> None:
    faces(tmp_path)
    put(tmp_path / "CelebA-HQ-img/8.jpg", np.zeros((40, 60, 3), np.uint8))
    put(tmp_path / "CelebAMask-HQ-mask-anno/0/00009_hat.png", mask(3))
    reading = formats.read(tmp_path)
    assert len(list(reading.samples)) == 3
    assert any("1 image has no label and was left out: CelebA-HQ-img/8.jpg" in note for note in reading.notes)
    assert any("1 label has no image" in note and "00009_hat.png" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (mask(3, (20, 40)), "20 x 40"),
        (np.arange(600, dtype=np.uint8).reshape(SIZE) % 9, "holds 9 values"),
        (None, "not a readable label map"),
    ],
)
def test_a_broken_mask_is_named(tmp_path, pixels, told) -> None:
    faces(tmp_path)
    file = tmp_path / "CelebAMask-HQ-mask-anno/0/00007_skin.png"
    file.write_bytes(b"no image") if pixels is None else put(file, pixels)
    with pytest.raises(FormatError, match=rf"00007_skin\.png(?s:.*){told}"):
        list(formats.read(tmp_path).samples)
    reading = formats.read(tmp_path, skip_broken=True)
    parts = {sample.key: len(sample.segments) for sample in reading.samples}
    assert parts["7"] == parts["0"] - 1
    assert [Path(entry.file).name for entry in reading.broken] == ["00007_skin.png"]


def test_masks_of_other_names(tmp_path) -> None:
    for name in ("leaf_1", "leaf_2"):
        put(tmp_path / f"photos/{name}.png", np.zeros((*SIZE, 3), np.uint8))
        for part, left in (("upper_side", 3), ("stem", 15)):
            put(tmp_path / f"drawn/{name}_{part}.png", mask(left))
    reading = formats.read(tmp_path, "part-masks", images="photos", labels="drawn")
    assert [row.name for row in reading.classes] == ["background", "stem", "upper_side"]
    assert [sample.segments.class_ids.tolist() for sample in reading.samples] == [[1, 2], [1, 2]]
    put(tmp_path / "copies/leaf_1.png", np.zeros((*SIZE, 3), np.uint8))
    put(tmp_path / "copies/leaf_2.png", np.zeros((*SIZE, 3), np.uint8))
    with pytest.raises(FormatError, match="masks are called after the images of copies and photos alike"):
        formats.read(tmp_path, "part-masks", labels="drawn")
    with pytest.raises(FormatError, match="no mask is called as an image and a part"):
        formats.read(tmp_path / "photos", "part-masks")


def test_suffixes_of_masks_are_no_parts(tmp_path) -> None:
    for number in range(3):
        put(tmp_path / f"images/{number:05d}.jpg", np.zeros((*SIZE, 3), np.uint8))
        put(tmp_path / f"masks/{number:05d}_mask.png", mask(3 + number))
        put(tmp_path / f"masks/{number:05d}_skin.png", mask(3 + number))
    assert "part-masks" not in {found.format for found in formats.find(tmp_path)}
