"""Images without labels: what their folders say is kept."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.store import Dataset, transfer


def photos(folder: Path, number: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in range(number):
        pixels = np.random.default_rng([name, *str(folder.name).encode()]).integers(0, 255, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.jpg")


def test_folders_of_a_classification_are_said_and_kept(tmp_path) -> None:
    for split in ("train", "val"):
        photos(tmp_path / "pets" / split / "cats", 3)
        photos(tmp_path / "pets" / split / "dogs", 2)
    reading = formats.read(tmp_path / "pets")
    assert reading.chosen.format == "unlabelled"
    assert any(note.startswith("images lie in 2 folders: cats 6, dogs 4; these are not") for note in reading.notes)
    transfer.import_samples(tmp_path / "set", reading.classes, reading.samples, "import")
    with Dataset.open(tmp_path / "set") as dataset:
        found = {sample.key: (sample.split, sample.fields) for sample in dataset.where("fields.folder = 'cats'")}
        assert len(found) == 6
        assert found["val/cats/1"] == ("val", {"folder": "cats"})


@pytest.mark.parametrize("folders", [["images"], ["train", "val"], ["."]])
def test_folders_that_say_nothing_are_not_kept(tmp_path, folders) -> None:
    for folder in folders:
        photos(tmp_path / folder, 2)
    reading = formats.read(tmp_path)
    assert {len(sample.fields) for sample in reading.samples} == {0}
    assert not any("images lie in" in note for note in reading.notes)


def test_images_beside_folders_have_none(tmp_path) -> None:
    photos(tmp_path, 2)
    photos(tmp_path / "more" / "of them", 1)
    samples = list(formats.read(tmp_path, "unlabelled").samples)
    assert [sample.fields for sample in samples] == [{}, {}, {"folder": "more/of them"}]
