"""Labels of another resolution than their image: refused with a command, scaled where that is asked for."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.core.masks import Masks
from maskwright.errors import FormatError
from maskwright.formats._scaling import nearest

SIZE = (40, 60)


def put(file: Path, pixels: np.ndarray, **options) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file, **options)


def labels(size: tuple[int, int]) -> np.ndarray:
    """0 and 1 and 2, by quarters of the image."""
    out = np.zeros(size, np.uint8)
    out[: size[0] // 2, : size[1] // 2] = 1
    out[size[0] // 2 :, size[1] // 2 :] = 2
    return out


def build(home: Path, size: tuple[int, int], values=labels, folder: str = "labels") -> None:
    for number in range(3):
        photo = np.random.default_rng(number).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
        put(home / "images" / f"{number}.png", photo)
        put(home / folder / f"{number}.png", values(size))


@pytest.mark.parametrize("size", [(20, 30), (80, 120), (10, 15), (39, 59)])
def test_the_refusal_is_a_command_that_works(tmp_path, size) -> None:
    home = tmp_path / "a set"
    build(home, size)
    with pytest.raises(FormatError, match=rf"the label is {size[0]} x {size[1]}; its image is 40 x 60") as refused:
        list(formats.read(home, "label-map", names=["none", "cat", "dog"], background=0).samples)
    command = refused.value.todo.partition("scale it: ")[2].partition("; or leave such")[0]
    words = shlex.split(command)
    assert words[:6] == ["maskwright", "import", str(home), "DATASET", "-f", "label-map"]
    options = dict(word.split("=", 1) for word in words[6:] if word != "-o")
    assert options == {"names": "none,cat,dog", "background": "0", "scale": "true"}
    reading = formats.read(home, "label-map", **options)
    for sample in reading.samples:
        whole = np.zeros(SIZE, np.uint8)
        sample.segments.masks.composite(sample.segments.class_ids, out=whole)
        assert (whole == nearest(labels(size), SIZE)).all()
    note = f"3 labels of {size[0]} x {size[1]} were scaled to the image's 40 x 60 (nearest neighbours)"
    assert note in reading.notes


def test_another_shape_is_refused_in_any_case(tmp_path) -> None:
    build(tmp_path, (20, 40))
    for scale in (False, True):
        with pytest.raises(FormatError, match="the label is 20 x 40; its image is 40 x 60") as refused:
            list(formats.read(tmp_path, "label-map", scale=scale).samples)
        assert "scale=true" not in str(refused.value)


def test_labels_of_the_right_size_are_as_they_are(tmp_path) -> None:
    build(tmp_path, SIZE)
    reading = formats.read(tmp_path, "label-map", scale=True)
    assert [sample.segments.masks.areas().tolist() for sample in reading.samples] == [[1200, 600, 600]] * 3
    assert not any("scaled" in note for note in reading.notes)


def test_objects_keep_their_numbers(tmp_path) -> None:
    build(tmp_path, (20, 30), lambda size: labels(size).astype(np.uint16) * 300, "instances")
    with pytest.raises(FormatError, match=r"-f instance-map -o scale=true"):
        list(formats.read(tmp_path, "instance-map").samples)
    reading = formats.read(tmp_path, "instance-map", scale=True)
    assert [sample.segments.ids.tolist() for sample in reading.samples] == [[300, 600]] * 3


def test_a_folder_a_class_and_a_turned_raster(tmp_path) -> None:
    for name, value in (("cat", 1), ("dog", 2)):
        build(
            tmp_path, (20, 30), lambda size, value=value: (labels(size) == value).view(np.uint8) * 255, f"masks/{name}"
        )
    reading = formats.read(tmp_path, "label-map", scale=True)
    assert [sample.segments.masks.areas().tolist() for sample in reading.samples] == [[600, 600]] * 3
    turned = tmp_path / "turned"
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in range(3):
        put(turned / f"images/{number}.jpg", np.zeros((*SIZE, 3), np.uint8), exif=exif)
        put(turned / f"labels/{number}.png", labels((20, 30)))
    reading = formats.read(turned, "label-map", scale=True)
    (first, *_) = list(reading.samples)
    assert first.image.size == (60, 40)
    whole = np.zeros(first.image.size, np.uint8)
    first.segments.masks.composite(first.segments.class_ids, out=whole)
    assert (whole == np.rot90(labels(SIZE), -1)).all()


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (40, 60), (81, 33)])
def test_scaling_is_that_of_masks(size) -> None:
    values = np.random.default_rng(3).integers(0, 2, (13, 17), dtype=np.uint8)
    assert (nearest(values, size) == Masks.encode(values[None].astype(bool)).resize(size).decode()[0]).all()
