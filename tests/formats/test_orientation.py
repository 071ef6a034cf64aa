"""Images that a flag turns: labels land on what they are of, whichever raster they were made on; judged by colour."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from maskwright import formats, media
from maskwright.core import drawn
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.formats._laying import Laying, turned
from maskwright.media import orientation

RED, GRAY = (220, 20, 30), (128, 128, 128)
#: (top, bottom, left, right) of the object on the stored raster, away from every middle.
TOP, BOTTOM, LEFT, RIGHT = 3, 9, 4, 22


def stored(square: bool = False) -> np.ndarray:
    pixels = np.full((30 if square else 20, 30, 3), GRAY, np.uint8)
    pixels[TOP:BOTTOM, LEFT:RIGHT] = RED
    return pixels


def photograph(file: Path, how: int, *, square: bool = False) -> np.ndarray:
    """A file with the flag -> (H, W) bool, where the object is as Pillow shows the image."""
    file.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[orientation.TAG] = how
    Image.fromarray(stored(square)).save(file, exif=exif)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    found: np.ndarray = (shown == RED).all(axis=2)
    return found


def rectangle(mask: np.ndarray) -> tuple[int, int, int, int]:
    """(left, top, right, bottom), the far edges excluded."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def corners(mask: np.ndarray) -> list[list[int]]:
    left, top, right, bottom = rectangle(mask)
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def coco(folder: Path, mask: np.ndarray) -> None:
    (height, width), flat = mask.shape, [number for point in corners(mask) for number in point]
    left, top, right, bottom = rectangle(mask)
    annotation = {
        "id": 1, "image_id": 1, "category_id": 1, "segmentation": [flat], "iscrowd": 0, "area": int(mask.sum()),
        "bbox": [left, top, right - left, bottom - top],
    }  # fmt: skip
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": height, "width": width}],
        "annotations": [annotation], "categories": [{"id": 1, "name": "thing"}],
    }  # fmt: skip
    (folder / "instances.json").write_text(json.dumps(content))


def labelme(folder: Path, mask: np.ndarray) -> None:
    left, top, right, bottom = rectangle(mask)
    points = [[left, top], [right - 1, top], [right - 1, bottom - 1], [left, bottom - 1]]  # they name pixels
    shape = {"label": "thing", "points": points, "shape_type": "polygon", "group_id": None, "flags": {}}
    content = {
        "version": "5", "flags": {}, "shapes": [shape], "imagePath": "a.png", "imageData": None,
        "imageHeight": mask.shape[0], "imageWidth": mask.shape[1],
    }  # fmt: skip
    (folder / "a.json").write_text(json.dumps(content))


def label_map(folder: Path, mask: np.ndarray) -> None:
    (folder / "masks").mkdir()
    Image.fromarray(mask.astype(np.uint8)).save(folder / "masks" / "a.png")


def voc_boxes(folder: Path, mask: np.ndarray) -> None:
    left, top, right, bottom = rectangle(mask)
    (folder / "Annotations").mkdir()
    (folder / "Annotations" / "a.xml").write_text(
        f"<annotation><size><width>{mask.shape[1]}</width><height>{mask.shape[0]}</height></size><object><name>dog</name>"
        f"<bndbox><xmin>{left + 1}</xmin><ymin>{top + 1}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox>"
        "</object></annotation>"
    )


def bitmaps(folder: Path, mask: np.ndarray) -> None:
    (folder / "a" / "masks").mkdir()
    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "a" / "masks" / "1.png")


KINDS: dict[str, tuple[str, Callable[[Path, np.ndarray], None]]] = {
    "coco": ("a.png", coco), "labelme": ("a.png", labelme), "label-map": ("images/a.png", label_map),
    "voc": ("JPEGImages/a.png", voc_boxes), "bitmaps": ("a/images/a.png", bitmaps),
}  # fmt: skip


def lands(folder: Path, format: str, truth: np.ndarray) -> list[str]:
    """The notes, when the only sample's mask is what is red in its image as it is shown."""
    reading = formats.read(folder, format)
    (sample,) = reading.samples
    pixels = media.read(sample.image).pixels
    red = (pixels == RED).all(axis=2)
    assert sample.image.size == red.shape
    assert np.array_equal(red, truth)
    nothing = [class_.id for class_ in reading.classes if class_.name == "0"]  # what a label map has elsewhere
    drawn = sample.segments[~np.isin(sample.segments.class_ids, nothing)]
    assert np.array_equal(drawn.masks.union().decode(), red)
    return reading.notes


@pytest.mark.parametrize("how", range(1, 9))
@pytest.mark.parametrize("format", KINDS)
def test_labels_made_on_the_image_as_shown(tmp_path: Path, format: str, how: int) -> None:
    name, write = KINDS[format]
    truth = photograph(tmp_path / name, how)
    write(tmp_path, truth)
    assert not [note for note in lands(tmp_path, format, truth) if "turned" in note]


@pytest.mark.parametrize("how", [5, 6, 7, 8])
@pytest.mark.parametrize("format", KINDS)
def test_labels_made_on_the_raster_are_turned_with_it(tmp_path: Path, format: str, how: int) -> None:
    name, write = KINDS[format]
    truth = photograph(tmp_path / name, how)
    write(tmp_path, (stored() == RED).all(axis=2))
    notes = lands(tmp_path, format, truth)
    if format in ("coco", "labelme", "voc"):
        assert [note for note in notes if "1 image lay on the raster as it is stored" in note]


@pytest.mark.parametrize("how", range(1, 9))
def test_yolo_states_no_size_and_means_the_image_as_shown(tmp_path: Path, how: int) -> None:
    truth = photograph(tmp_path / "images" / "train" / "a.png", how)
    left, top, right, bottom = rectangle(truth)
    points = np.array([[left, top], [right - 1, top], [right - 1, bottom - 1], [left, bottom - 1]]) / truth.shape[::-1]
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "a.txt").write_text("0 " + " ".join(f"{number:.6f}" for number in points.ravel()))
    (tmp_path / "data.yaml").write_text("path: .\ntrain: images/train\nnames: [thing]\n")
    lands(tmp_path, "yolo", truth)


def test_a_square_image_is_taken_as_it_is_shown(tmp_path: Path) -> None:
    truth = photograph(tmp_path / "a.png", 6, square=True)
    coco(tmp_path, truth)
    lands(tmp_path, "coco", truth)


@pytest.mark.parametrize("how", [2, 3, 4])
@pytest.mark.parametrize("format", ["coco", "labelme", "label-map"])
def test_a_set_that_is_stored_is_read_so_when_asked(tmp_path: Path, format: str, how: int) -> None:
    name, write = KINDS[format]
    truth = photograph(tmp_path / name, how)
    write(tmp_path, (stored() == RED).all(axis=2))
    reading = formats.read(tmp_path, format, orientation="stored")
    (sample,) = reading.samples
    drawn = sample.segments[sample.segments.masks.areas() < 200]
    assert np.array_equal(drawn.masks.union().decode(), truth)
    with pytest.raises(UsageError, match="orientation is"):
        formats.read(tmp_path, format, orientation="sideways")


def test_that_a_set_is_likely_stored_is_told(tmp_path: Path) -> None:
    on_raster = (stored() == RED).all(axis=2)
    for name, how in (("a", 6), ("b", 3), ("c", 1)):
        photograph(tmp_path / f"{name}.png", how)
        labelme(tmp_path, on_raster)
        content = json.loads((tmp_path / "a.json").read_text()) | {"imagePath": f"{name}.png"}
        (tmp_path / "a.json").unlink()
        (tmp_path / f"{name}.txt").write_text(json.dumps(content))
    for file in tmp_path.glob("*.txt"):
        file.rename(file.with_suffix(".json"))
    reading = formats.read(tmp_path, "labelme")
    list(reading.samples)
    assert [note for note in reading.notes if note.startswith("1 more image is turned") and "such as b" in note]


def test_an_image_of_another_size_than_its_labels_is_named(tmp_path: Path) -> None:
    photograph(tmp_path / "a.png", 6)
    coco(tmp_path, np.pad((stored() == RED).all(axis=2), ((0, 5), (0, 0))))
    reading = formats.read(tmp_path, "coco")
    list(reading.samples)
    assert [note for note in reading.notes if "a (30 x 20, labelled as 25 x 30)" in note]


@pytest.mark.parametrize("how", range(1, 9))
def test_what_is_written_lands_where_other_programs_show_it(tmp_path: Path, how: int) -> None:
    cv2 = pytest.importorskip("cv2")
    truth = photograph(tmp_path / "in" / "a.png", how)
    coco(tmp_path / "in", truth)
    reading = formats.read(tmp_path / "in")
    lost = formats.write(list(reading.samples), reading.classes, tmp_path / "out", "yolo", allow_loss=True)
    assert [loss.cause for loss in lost if loss.cause == "orientation"] == ["orientation"] * (how != 1)
    (image,) = (path for path in (tmp_path / "out").rglob("*.png"))
    (label,) = (path for path in (tmp_path / "out").rglob("a.txt"))
    shown = cv2.imread(str(image))  # turned by the flag, as YOLO's own loader reads it
    points = np.array(label.read_text().split()[1:], float).reshape(-1, 2) * shown.shape[1::-1]
    left, top, right, bottom = rectangle((shown[..., ::-1] == RED).all(axis=2))
    assert points.min(axis=0) == pytest.approx([left, top], abs=1)
    assert points.max(axis=0) == pytest.approx([right, bottom], abs=1)


@pytest.mark.parametrize("how", range(1, 9))
def test_masks_turn_as_pixels_do(how: int) -> None:
    dense = np.random.default_rng(how).random((5, 7, 4)) < 0.4
    dense[4] = False
    found = turned(Masks.encode(dense), how).decode()
    expected = np.stack([orientation.apply(mask, how) for mask in dense])
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("how", range(2, 9))
def test_given_boxes_turn_with_the_masks_and_what_was_drawn_goes(tmp_path: Path, how: int) -> None:
    photograph(tmp_path / "a.png", how)
    box = [LEFT, TOP, RIGHT, BOTTOM]
    dense = np.zeros((1, 20, 30), bool)
    dense[0, TOP:BOTTOM, LEFT:RIGHT] = True
    more = {"box": [box], "geometry": [drawn.rectangle(box, "edges")]}
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), (20, 30)), Segments(Masks.encode(dense), [1], more=more))
    found = Laying(stored=True).lay(sample).segments
    assert found.column("box")[0] == found.masks.boxes()[0].tolist() != box
    assert found.column("geometry") == (None,)
