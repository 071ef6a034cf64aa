"""PanNuke: a channel a kind of nucleus, read from arrays of all images."""

from pathlib import Path

import numpy as np
import pytest

from maskwright import formats, media
from maskwright.errors import FormatError

SIZE = (20, 30)


def fold(folder: Path, number: int, count: int = 3, dtype: type = np.float64) -> np.ndarray:
    """Writes a fold of `count` images -> its masks (N, H, W, 6)."""
    images, masks = np.zeros((count, *SIZE, 3), dtype), np.zeros((count, *SIZE, 6), dtype)
    for page in range(count):
        images[page] = 10 * page + number
        masks[page, 2:6, 2:6, 0], masks[page, 2:6, 10:14, 0], masks[page, 10:14, 5:9, 3] = 1, 5, 6
        masks[page, 3:5, 3:5, 4] = 9  # over another kind's nucleus
        masks[page, ..., 5] = ~masks[page, ..., :5].any(-1)
    for name, values in (("images", images), ("masks", masks)):
        home = folder / f"Fold {number}" / name / f"fold{number}"
        home.mkdir(parents=True)
        np.save(home / f"{name}.npy", values)
    np.save(
        folder / f"Fold {number}/images/fold{number}/types.npy", np.array([f"Colon_{page}" for page in range(count)])
    )
    return masks


def test_each_image_is_a_sample_and_each_number_a_nucleus(tmp_path) -> None:
    masks = {number: fold(tmp_path, number, 4 - number) for number in (1, 2)}
    reading = formats.read(tmp_path)
    samples = {sample.key: sample for sample in reading.samples}
    assert list(samples) == ["fold1/0000", "fold1/0001", "fold1/0002", "fold2/0000", "fold2/0001"]
    assert [(row.id, row.name, row.role) for row in reading.classes][3:] == [
        (3, "Dead", "class"), (4, "Epithelial", "class"), (5, "Background", "background"),
    ]  # fmt: skip
    for key, sample in samples.items():
        own = masks[int(key[4])][int(key[-1])]
        assert sample.segments.class_ids.tolist() == [0, 0, 3, 4]
        assert sample.segments.ids.tolist() == [1, 5, 6, 9]
        for class_id, number, mask in zip((0, 0, 3, 4), (1, 5, 6, 9), sample.segments.masks.decode(), strict=True):
            assert np.array_equal(mask, own[..., class_id] == number)
        assert sample.fields == {"pannuke": {"tissue": f"Colon_{int(key[-1])}"}}
        assert (media.read(sample.image).pixels == 10 * int(key[-1]) + int(key[4])).all()


def test_what_it_may_lack(tmp_path) -> None:
    fold(tmp_path, 1)
    fold(tmp_path, 2)
    (tmp_path / "Fold 2/masks/fold2/masks.npy").unlink()
    types = tmp_path / "Fold 1/images/fold1/types.npy"
    np.save(types, np.array(["Breast", None, 1], object), allow_pickle=True)
    reading = formats.read(tmp_path, names=["a", "b", "c", "d", "e"])
    assert [sample.fields for sample in reading.samples] == [{}] * 3
    assert [row.name for row in reading.classes] == ["a", "b", "c", "d", "e", "Background"]
    assert any(
        "1 images.npy has no masks.npy and was left out: Fold 2/images/fold2/images.npy" in n for n in reading.notes
    )
    assert any("types.npy cannot be read" in note for note in reading.notes)
    np.save(types, np.array(["Breast"]))
    reading = formats.read(tmp_path)
    assert len(list(reading.samples)) == 3
    assert any("types.npy is not a word an image" in note for note in reading.notes)
    types.unlink()
    with pytest.raises(FormatError, match="4 names are given"):
        formats.read(tmp_path, names=["a", "b", "c", "d"])
    with pytest.raises(FormatError, match=r"no images\.npy has a masks\.npy"):
        formats.read(tmp_path / "Fold 2", "pannuke")


def test_broken_arrays_are_named(tmp_path) -> None:
    masks = fold(tmp_path, 1)
    file = tmp_path / "Fold 1/masks/fold1/masks.npy"
    for values, told in ((masks[:2], r"is of shape \(2, 20, 30, 6\); \(3, 20, 30, 6\)"), (masks[..., 0], "shape")):
        np.save(file, values)
        with pytest.raises(FormatError, match=rf"masks\.npy: .*{told}"):
            formats.read(tmp_path, "pannuke")
    masks[1, 0, 0, 2] = 0.5
    np.save(file, masks)
    with pytest.raises(FormatError, match=r"masks\.npy: image 1, channel 2: "):
        list(formats.read(tmp_path).samples)
    reading = formats.read(tmp_path, skip_broken=True)
    whole = [set(sample.segments.class_ids.tolist()) for sample in reading.samples]
    assert whole[1] == whole[0] - {2}
    assert [(row.record, Path(row.file).name) for row in reading.broken] == [("image 1, channel 2", "masks.npy")]


def test_other_arrays_are_not_its_own(tmp_path) -> None:
    for channels in (1, 4, 7):
        home = tmp_path / str(channels)
        home.mkdir()
        np.save(home / "images.npy", np.zeros((3, *SIZE, 3), np.uint8))
        np.save(home / "masks.npy", np.zeros((3, *SIZE, channels), np.uint8))
        assert "pannuke" not in {found.format for found in formats.find(home)}
