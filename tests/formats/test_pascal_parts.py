"""Pascal Parts: objects and their parts from MATLAB structures, linked to each other."""

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from maskwright import formats
from maskwright.errors import FormatError

SIZE = (8, 12)


def area(top, bottom, left, right) -> np.ndarray:
    out = np.zeros(SIZE, np.uint8)
    out[top:bottom, left:right] = 1
    return out


def structures(rows, names) -> np.ndarray:
    return np.array(rows, dtype=[(name, object) for name in names]).reshape(1, -1)


def thing(kind, index, mask, parts=()) -> tuple:
    held = structures(list(parts), ["part_name", "mask"]) if parts else np.zeros((0, 0))
    return (kind, index, mask, held)


def put(root, name, things, **options) -> None:
    objects = structures(things, ["class", "class_ind", "mask", "parts"])
    (root / "Annotations_Part").mkdir(exist_ok=True, parents=True)
    savemat(root / f"Annotations_Part/{name}.mat", {"anno": {"imname": name, "objects": objects}}, **options)
    images = root / "VOCdevkit/VOC2010/JPEGImages"
    images.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(images / f"{name}.jpg")


DOG = thing("dog", 12, area(0, 4, 0, 6), [("head", area(0, 2, 0, 6)), ("muzzle", area(0, 1, 0, 2))])
PERSON = thing("person", 15, area(4, 8, 6, 12), [("head", area(4, 5, 6, 12))])
TABLE = thing("table", 11, area(6, 8, 0, 3))


@pytest.mark.parametrize("compressed", [False, True])
def test_parts_stand_behind_their_object_and_name_it(tmp_path, compressed) -> None:
    put(tmp_path, "a", [DOG, PERSON, TABLE], do_compression=compressed)
    put(tmp_path, "b", [TABLE], do_compression=compressed)
    reading = formats.read(tmp_path)
    assert reading.chosen.format == "pascal-parts"
    first, second = reading.samples
    assert {class_.id: class_.name for class_ in reading.classes} == {
        11: "table", 12: "dog", 15: "person", 21: "dog head", 22: "dog muzzle", 23: "person head",
    }  # fmt: skip
    assert first.segments.class_ids.tolist() == [12, 21, 22, 15, 23, 11]
    assert first.segments.ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert list(first.segments.more["parent"]) == [None, 1, 1, None, 4, None]
    assert first.segments.masks.areas().tolist() == [24, 12, 2, 24, 6, 6]
    assert second.segments.masks.areas().tolist() == [6]
    assert any("dog head" in note for note in reading.notes)


def test_objects_alone(tmp_path) -> None:
    put(tmp_path, "a", [DOG, PERSON])
    reading = formats.read(tmp_path, parts=False)
    (sample,) = reading.samples
    assert [class_.name for class_ in reading.classes] == ["dog", "person"]
    assert len(sample.segments) == 2
    assert "parent" not in sample.segments.more


def test_what_has_no_pixel_is_left_out(tmp_path) -> None:
    put(tmp_path, "a", [thing("dog", 12, area(0, 4, 0, 6), [("tail", area(0, 0, 0, 0))]), TABLE])
    reading = formats.read(tmp_path)
    (sample,) = reading.samples
    assert sample.segments.masks.areas().tolist() == [24, 6]
    assert any(note.startswith("1 objects or parts without a pixel") for note in reading.notes)


def test_broken_files_and_missing_images_are_named(tmp_path) -> None:
    put(tmp_path, "a", [DOG])
    put(tmp_path, "b", [thing("dog", 12, np.ones((3, 3), np.uint8))])
    with pytest.raises(FormatError, match=r"b\.mat: object 1: the label is 3 x 3"):
        list(formats.read(tmp_path).samples)
    savemat(tmp_path / "Annotations_Part/b.mat", {"anno": {"objects": {"class": "dog"}}})
    savemat(tmp_path / "Annotations_Part/c.mat", {"other": 1})
    (tmp_path / "Annotations_Part/d.mat").write_bytes(b"MATLAB 7.3 MAT-file" + bytes(600))
    put(tmp_path, "e", [DOG])
    (tmp_path / "VOCdevkit/VOC2010/JPEGImages/e.jpg").unlink()
    reading = formats.read(tmp_path, skip_broken=True)
    assert [(sample.key, len(sample.segments) > 0) for sample in reading.samples] == [("a", True), ("b", False)]
    told = {broken.file.rpartition("/")[2]: broken.reason for broken in reading.broken}
    assert sorted(told) == ["b.mat", "c.mat", "d.mat", "e.mat"]
    assert "KeyError: 'class_ind'" in told["b.mat"]
    assert "anno.objects with class" in told["c.mat"]
    assert "not a .mat file" in told["d.mat"]
    assert "no image of its name" in told["e.mat"]


def test_other_matrices_are_not_taken(tmp_path) -> None:
    put(tmp_path, "a", [DOG])
    savemat(tmp_path / "Annotations_Part/a.mat", {"LabelMap": np.zeros(SIZE, np.uint8)})
    assert "pascal-parts" not in [candidate.format for candidate in formats.find(tmp_path)]
