"""Nuclei in MATLAB files: Lizard's, with a class for each id, and HoVer-Net's, with a type for each number."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.errors import FormatError

savemat = pytest.importorskip("scipy.io").savemat

SIZE = (20, 30)


def photo(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", SIZE[::-1]).save(file)


def numbers(*values: int) -> np.ndarray:
    """(H, W): a rectangle a value."""
    out = np.zeros(SIZE, np.int32)
    for place, value in enumerate(values):
        out[3:9, 8 * place + 1 : 8 * place + 7] = value
    return out


def lizard(folder: Path, **more: dict[str, Any]) -> None:
    """Two images in folders of their own and their labels in a third. more: other variables, by image."""
    for number, name in ((1, "consep_1"), (2, "glas_3")):
        photo(folder / f"lizard_images{number}/Lizard_Images{number}/{name}.png")
        file = folder / f"lizard_labels/Lizard_Labels/Labels/{name}.mat"
        file.parent.mkdir(parents=True, exist_ok=True)
        held = {
            "inst_map": numbers(4, 2, 9), "id": np.array([[2], [4], [9]]), "class": np.array([[2], [2], [6]]),
            "bbox": np.ones((3, 4)), "centroid": np.ones((3, 2)),
        }  # fmt: skip
        savemat(file, held | more.get(name, {}))
    text = "Filename,Source,Split\nconsep_1,consep,1\nglas_3,glas,3\n"
    (folder / "lizard_labels/Lizard_Labels/info.csv").write_text(text)


def test_each_nucleus_has_the_class_of_its_row(tmp_path) -> None:
    lizard(tmp_path)
    reading = formats.read(tmp_path)
    samples = {sample.key: sample for sample in reading.samples}
    assert samples.keys() == {"consep_1", "glas_3"}
    for sample in samples.values():
        named = [reading.classes[class_id].name for class_id in sample.segments.class_ids.tolist()]
        assert dict(zip(sample.segments.ids.tolist(), named, strict=True)) == {
            2: "Epithelial", 4: "Epithelial", 9: "Connective tissue",
        }  # fmt: skip
        for number, mask in zip(sample.segments.ids.tolist(), sample.segments.masks.decode(), strict=True):
            assert np.array_equal(mask, numbers(4, 2, 9) == number)
    assert samples["glas_3"].fields == {"nuclei_mat": {"Source": "glas", "Split": "3"}}
    assert samples["glas_3"].split is None, "the split numbers a fold"
    assert len(reading.classes) == 6
    reading = formats.read(tmp_path, names=["round", "long"])
    assert [(row.id, row.name) for row in reading.classes] == [(2, "round"), (6, "long")]


def test_types_of_hover_net(tmp_path) -> None:
    """As CoNSeP: splits above, and overlays that are called as the images are."""
    for split in ("Train", "Test"):
        photo(tmp_path / split / "Images" / f"{split.lower()}_1.png")
        photo(tmp_path / split / "Overlay" / f"{split.lower()}_1.png")
        (tmp_path / split / "Labels").mkdir()
        held = {
            "inst_map": numbers(9, 4).astype(float), "type_map": numbers(3, 7), "inst_type": np.array([[7.0], [3.0]]),
            "inst_centroid": np.ones((2, 2)),
        }  # fmt: skip
        savemat(tmp_path / split / "Labels" / f"{split.lower()}_1.mat", held)
    reading = formats.read(tmp_path)
    samples = {sample.key: sample for sample in reading.samples}
    assert {key: sample.split for key, sample in samples.items()} == {"train_1": "train", "test_1": "test"}
    for sample in samples.values():
        assert Path(sample.image.uri).parent.name == "Images"
        assert dict(zip(sample.segments.ids.tolist(), sample.segments.class_ids.tolist(), strict=True)) == {4: 7, 9: 3}
    assert "classes [3, 7] found; name them with --option names=a,b,…" in reading.notes
    with pytest.raises(FormatError, match=r"the classes are \[3, 7\]; one name each, not 1"):
        formats.read(tmp_path, names=["a"])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"id": [[2], [4]]}, r"has 3 classes for 2 nuclei"),
        ({"id": [[2], [2], [9]]}, r"has 3 classes for 2 nuclei"),
        ({"id": [[2], [4], [8]]}, r"nucleus 9: has no class"),
        ({"class": "none"}, r"inst_map with id and class"),
        ({"class": [[1.5], [2], [3]]}, r"one whole number"),
        ({"inst_map": np.zeros((4, 4, 4))}, r"inst_map, a matrix"),
        ({"inst_map": np.zeros((4, 4))}, r"4 x 4"),
    ],
)
def test_what_does_not_agree_is_one_sentence(tmp_path, more, told) -> None:
    lizard(tmp_path, glas_3=more)
    with pytest.raises(FormatError, match=rf"glas_3\.mat(?s:.*){told}"):
        list(formats.read(tmp_path).samples)
    reading = formats.read(tmp_path, skip_broken=True)
    assert [sample.key for sample in reading.samples] == ["consep_1"]
    assert len(reading.broken) == 1


def test_what_has_no_partner_or_no_pixel_is_said(tmp_path) -> None:
    lizard(tmp_path, glas_3={"id": [[2], [4], [9], [11]], "class": [[1], [1], [1], [1]]})
    photo(tmp_path / "lizard_images2/Lizard_Images2/lone.png")
    (tmp_path / "lizard_images1/Lizard_Images1/consep_1.png").unlink()
    reading = formats.read(tmp_path)
    assert [sample.key for sample in reading.samples] == ["glas_3"]
    assert any("1 image has no label and was left out: lone" in note for note in reading.notes)
    assert any("1 label has no image" in note and "consep_1.mat" in note for note in reading.notes)
    assert any("1 nuclei have a class and no pixel" in note for note in reading.notes)


def test_the_folder_of_the_images_can_be_said(tmp_path) -> None:
    lizard(tmp_path)
    for home in ("one", "two"):
        photo(tmp_path / f"{home}/consep_1.png")
    (tmp_path / "lizard_images1/Lizard_Images1/consep_1.png").unlink()
    with pytest.raises(FormatError, match=r"consep_1\.mat: has the images (one|two)/consep_1\.png and (one|two)/"):
        list(formats.read(tmp_path).samples)
    for place in ("two", str(tmp_path / "two")):
        (sample,) = formats.read(tmp_path, images=place).samples
        assert Path(sample.image.uri) == tmp_path / "two/consep_1.png"
    with pytest.raises(FormatError, match=r"no \.mat file has an image of its name"):
        formats.read(tmp_path, images="lizard_labels")
