"""Label maps, YOLO and bitmaps: layouts met in the wild."""

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.core.mask import Mask
from maskwright.core.polygons import Polygon
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._shapes import bridged


def save(path, array, palette=None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    if palette:
        image.putpalette(palette)
    image.save(path)


PICTURE = np.zeros((4, 6, 3), np.uint8)
LABELS = np.array([[0, 0, 1, 1, 2, 2]] * 4, np.uint8)


@pytest.mark.parametrize(
    "folders", [("images", "masks"), ("image", "label"), ("train", "trainannot"), ("train/images", "train/labels")]
)
@pytest.mark.parametrize("kind", ["gray", "indexed", "deep"])
def test_paired_folders_of_indices(tmp_path, folders, kind) -> None:
    save(tmp_path / folders[0] / "a.png", PICTURE)
    labels = LABELS.astype(np.uint16) if kind == "deep" else LABELS
    save(tmp_path / folders[1] / "a.png", labels, [9, 8, 7, 0, 0, 255, 1, 1, 1] if kind == "indexed" else None)
    assert formats.sniff(tmp_path) == "label-map"
    reading = formats.read(tmp_path, names="sky,road,car", ignore=None)
    (sample,) = reading.samples
    assert sample.segments.class_ids.tolist() == [0, 1, 2]
    assert sample.segments.masks.areas().tolist() == [8, 8, 8]
    assert [class_.name for class_ in reading.classes] == ["sky", "road", "car"]
    assert reading.classes[1].colour == ((0, 0, 255) if kind == "indexed" else None)
    assert sample.split == ("train" if folders[0].startswith("train") else None)


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_by_palette_file_or_discovered(tmp_path, channels) -> None:
    colours = np.array([[10, 20, 30, 255], [200, 0, 0, 255], [0, 0, 250, 255]], np.uint8)
    save(tmp_path / "images" / "a.png", PICTURE)
    save(tmp_path / "labels" / "a.png", colours[LABELS][..., :channels])
    reading = formats.read(tmp_path)
    assert [class_.name for class_ in reading.classes] == ["#0000fa", "#0a141e", "#c80000"]
    palette = tmp_path / "palette.txt"
    palette.write_text("# name r g b\nsky 10 20 30\nred car 200 0 0\n0 0 250 sea\n")
    reading = formats.read(tmp_path, palette=str(palette), ignore=2)
    (sample,) = reading.samples
    assert [(class_.name, class_.role) for class_ in reading.classes] == [
        ("sky", "class"),
        ("red car", "class"),
        ("sea", "ignore"),
    ]
    assert sample.segments.masks.areas().tolist() == [8, 8, 8]
    palette.write_text("sky 10 20 30\n")
    with pytest.raises(FormatError, match="which the palette does not name"):
        list(formats.read(tmp_path, palette=str(palette)).samples)


def test_gray_saved_as_rgb_is_gray(tmp_path) -> None:
    save(tmp_path / "images" / "a.png", PICTURE)
    save(tmp_path / "labels" / "a.png", np.repeat(LABELS[..., None], 3, axis=2))
    reading = formats.read(tmp_path)
    assert [class_.id for class_ in reading.classes] == [0, 1, 2]
    assert next(iter(reading.samples)).segments.masks.areas().tolist() == [8, 8, 8]


def test_background_is_declared_by_the_user(tmp_path) -> None:
    save(tmp_path / "images" / "a.png", PICTURE)
    save(tmp_path / "labels" / "a.png", LABELS)
    reading = formats.read(tmp_path, background=0, ignore=2)
    (sample,) = reading.samples
    assert sample.segments.class_ids.tolist() == [1, 2]
    assert sample.segments.label_map(reading.classes)[0].tolist() == [0, 0, 1, 1, 255, 255]


@pytest.mark.parametrize(
    ("label", "options", "words"),
    [
        (np.zeros((5, 6), np.uint8), {}, "its image is 4 x 6"),
        (LABELS, {"names": "a,b"}, "one name each, not 2"),
    ],
)
def test_wrong_label_maps_are_named(tmp_path, label, options, words) -> None:
    save(tmp_path / "images" / "a.png", PICTURE)
    save(tmp_path / "labels" / "a.png", label)
    with pytest.raises(FormatError, match=words):
        list(formats.read(tmp_path, **options).samples)


def test_a_bridged_ring_keeps_holes_and_parts() -> None:
    dense = np.zeros((20, 20), bool)
    dense[2:9, 2:9] = dense[12:18, 10:19] = True
    dense[4:6, 4:7] = dense[14, 12] = False
    mask = Mask.encode(dense)
    assert mask.polygon().has_holes
    assert Mask.from_polygon(Polygon([[bridged(mask.polygon())]]), mask.size) == mask


def test_bitmaps_of_the_wrong_size(tmp_path) -> None:
    save(tmp_path / "x" / "images" / "x.png", PICTURE)
    save(tmp_path / "x" / "masks" / "1.png", LABELS[:2])
    with pytest.raises(FormatError, match="its image is"):
        list(formats.read(tmp_path).samples)
    save(tmp_path / "x" / "masks" / "1.png", LABELS)
    save(tmp_path / "x" / "images" / "y.png", PICTURE)
    with pytest.raises(FormatError, match="exactly one"):
        list(formats.read(tmp_path, "bitmaps").samples)


@pytest.mark.real
def test_real_camvid(real) -> None:
    reading = formats.read(real("camvid"))
    assert formats.sniff(real("camvid")) == "label-map"
    samples = list(reading.samples)
    assert [sum(each_sample.split == split for each_sample in samples) for split in ("train", "val")] == [367, 101]
    assert reading.classes.num_classes == 11
    assert reading.classes.ignored_ids == [11]
    label = np.array(Image.open(real("camvid") / "valannot" / "0016E5_07959.png"))
    sample = next(each_sample for each_sample in samples if each_sample.key == "val/0016E5_07959")
    expected = np.where(label == 11, 255, label)
    assert np.array_equal(sample.segments.label_map(reading.classes), expected)


@pytest.mark.real
def test_real_nuclei_membranes_and_yolo(real) -> None:
    samples = list(formats.read(real("dsb2018")).samples)
    assert len(samples) == 36
    masks = sum(1 for _ in real("dsb2018").glob("*/masks/*.png"))
    assert sum(len(sample.segments) for sample in samples) == masks
    reading = formats.read(real("isbi2012"), names="membrane,cell")
    assert len(list(reading.samples)) == 24
    assert reading.classes.names == ["membrane", "cell"]
    samples = list(formats.read(real("coco128") / "instance_segmentation").samples)
    assert len(samples) == 60
    lines = sum(
        len(file.read_text().splitlines()) for file in (real("coco128") / "instance_segmentation/labels").rglob("*.txt")
    )
    assert sum(len(sample.segments) for sample in samples) == lines


def test_a_writer_says_where_polygons_are_not_exact(classes, make_samples, tmp_path) -> None:
    from dataclasses import replace

    from maskwright.core.masks import Masks

    sample = make_samples(1)[0]
    ring = np.ones(sample.image.size, bool)
    ring[2, 2] = False
    sample = replace(sample, segments=Segments(Masks.encode(ring[None]), [1]))
    for name, words in (("coco", "run lengths"), ("labelme", "masks")):
        notes: list[str] = []
        formats.write([sample], classes, tmp_path / name, name, check=True, notes=notes)
        assert notes[0].startswith("1 ")
        assert words in notes[0]
