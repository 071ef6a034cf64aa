"""Label maps, YOLO and bitmaps: layouts met in the wild."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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


def yolo(tmp_path, text, config="names: [cat, dog]\ntrain: images/train\n"):
    save(tmp_path / "images" / "train" / "a.png", np.zeros((10, 20, 3), np.uint8))
    (tmp_path / "labels" / "train").mkdir(parents=True, exist_ok=True)
    (tmp_path / "labels" / "train" / "a.txt").write_text(text)
    (tmp_path / "data.yaml").write_text(config)
    return list(formats.read(tmp_path).samples)


def test_yolo_polygons_and_boxes(tmp_path) -> None:
    (sample,) = yolo(tmp_path, "1 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n\n0 0.5 0.5 0.5 0.4\n")
    assert sample.segments.class_ids.tolist() == [1, 0]
    assert sample.segments.masks.boxes().tolist() == [[2, 1, 10, 5], [5, 3, 15, 7]]
    assert sample.segments.attributes == [{}, {"box": True}]
    assert (sample.key, sample.split) == ("a", "train")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 0.1 0.1 0.2\n", "line 1: has 3 coordinates"),
        ("0 0.1 0.1 0.2 0.2\n7 0 0 1 0 1 1\n", "line 2: has the unknown class 7"),
        ("cat 0.1\n", "line 1: 'cat 0.1' is not made of numbers"),
        ("0 nan 0 1 0 1 1\n", "not a finite number"),
    ],
)
def test_yolo_mistakes_name_their_line(tmp_path, text, words) -> None:
    with pytest.raises(FormatError, match=words):
        yolo(tmp_path, text)


def test_yolo_settings_that_cannot_be(tmp_path) -> None:
    for config, words in (
        ("names: {", "not valid YAML"),
        ("train: x\n", "lists no class names"),
        ("names: [a]\n", "lists no image"),
    ):
        with pytest.raises(FormatError, match=words):
            (tmp_path / "data.yaml").write_text(config)
            formats.read(tmp_path, "yolo")


def test_yolo_says_that_it_leaves_out_what_is_no_class(make_samples, classes) -> None:
    from dataclasses import replace

    sample = make_samples(1)[0]
    segments = Segments(sample.segments.masks[:1], [77])
    found = formats.losses([replace(sample, segments=segments, split="odd")], classes, "yolo")
    assert {(loss.cause, loss.segment, loss.grave) for loss in found} == {("class", 1, True), ("split", None, False)}


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
        list(formats.read(tmp_path).samples)


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


def test_yolo_boxes(make_samples, classes, tmp_path) -> None:
    samples = make_samples(6)
    notes: list[str] = []
    lost = formats.write(
        samples, classes, tmp_path / "out", "yolo", boxes=True, allow_loss=True, check=True, notes=notes
    )
    assert {loss.cause for loss in lost if loss.grave} == {"shape"}
    back = {sample.key: sample for sample in formats.read(tmp_path / "out").samples}
    for sample in samples:
        assert np.array_equal(back[sample.key].segments.masks.boxes(), sample.segments.masks.boxes())
        assert all(attribute == {"box": True} for attribute in back[sample.key].segments.attributes)


def test_a_writer_says_where_polygons_are_not_exact(classes, make_samples, tmp_path) -> None:
    from dataclasses import replace

    from maskwright.core.masks import Masks
    from maskwright.core.segments import Segments

    sample = make_samples(1)[0]
    ring = np.ones(sample.image.size, bool)
    ring[2, 2] = False
    sample = replace(sample, segments=Segments(Masks.encode(ring[None]), [1]))
    for name, words in (("coco", "run lengths"), ("labelme", "masks")):
        notes: list[str] = []
        formats.write([sample], classes, tmp_path / name, name, check=True, notes=notes)
        assert notes[0].startswith("1 ")
        assert words in notes[0]


@given(st.integers(0, 10**6), st.sampled_from([(7, 9), (480, 640), (2999, 4001), (333, 20011)]))
def test_outlines_as_text_never_lose_a_pixel(seed: int, size: tuple[int, int]) -> None:
    """The writer relies on it: relative coordinates in text, holes and parts by bridges, any size of image."""
    from maskwright.formats.yolo import ring_text

    rng = np.random.default_rng(seed)
    small = rng.random((int(rng.integers(1, 7)), int(rng.integers(1, 9)))) < 0.6
    small[0, 0] = True
    top, left = (int(rng.integers(0, side - part + 1)) for side, part in zip(size, small.shape, strict=True))
    mask = Mask.encode(small).paste(size, left=left, top=top)
    points = np.array([float(word) for word in ring_text(mask, *size).split()]).reshape(-1, 2)
    assert Mask.from_polygon(Polygon([[points * (size[1], size[0])]]), size) == mask
