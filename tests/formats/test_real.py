"""Other people's files, as they are."""

import json

import numpy as np
import pytest
from PIL import Image

from maskwright import formats, media
from maskwright.core.masks import Masks

pytestmark = pytest.mark.real


def load(path, format=None, **options):
    reading = formats.read(path, format, **options)
    samples = {sample.key.rsplit("/", 1)[-1]: sample for sample in reading.samples}
    return reading, samples


@pytest.mark.parametrize(
    ("place", "format", "samples", "segments"),
    [
        ("camvid", "label-map", 468, 5113),
        ("coco_mini", "coco", 80, 739),
        ("coco128/panoptic_segmentation", "coco-panoptic", 60, 742),
        ("coco128/instance_segmentation", "yolo", 60, 508),
        ("coco128/semantic_segmentation", "label-map", 60, 479),
        ("coco128/object_detection", "yolo", 60, 505),
        ("panopticapi_sample/sample_data", "coco-panoptic", 2, 50),
        ("dsb2018", "bitmaps", 36, 1104),
        ("davis2016", "davis", 110, 110),
        ("cutie_examples", "davis", 5, 6),
        ("sam2_examples", "segment-anything", 242, 1432),
        ("berkeley100", "label-map", 100, 105),
        ("chase_db1", "label-map", 28, 28),
        ("coco_eval_reference/lvis_val_100.json", "coco", 100, 977),
        ("labelme_examples/examples/instance_segmentation/data_annotated", "labelme", 3, 14),
        ("labelme_examples/examples/instance_segmentation/data_dataset_voc", "voc", 3, 14),
        ("labelme_examples/examples/bbox_detection/data_dataset_voc", "voc", 3, 9),
        ("labelme_examples/examples/primitives", "labelme", 1, 5),
    ],
)
def test_sets_import_as_they_are(real, place, format, samples, segments) -> None:
    path = real(place)
    assert formats.sniff(path) == format
    found = list(formats.read(path).samples)
    assert len(found) == samples
    assert sum(len(item.segments) for item in found) == segments
    assert all(item.segments.masks.areas().min(initial=1) > 0 for item in found if format != "yolo")


def test_panoptic_areas_are_those_the_file_states(real) -> None:
    file = real("coco128/panoptic_segmentation") / "annotations" / "panoptic_train2017.json"
    _, samples = load(file)
    stated = {
        annotation["file_name"].removesuffix(".png"): annotation["segments_info"]
        for annotation in json.loads(file.read_bytes())["annotations"]
    }
    for key, sample in samples.items():
        infos = stated[key]
        assert sample.segments.masks.areas().tolist() == [info["area"] for info in infos]
        assert sample.segments.ids.tolist() == [info["id"] for info in infos]
        boxes = [[x, y, x + w, y + h] for x, y, w, h in (info["bbox"] for info in infos)]
        assert sample.segments.masks.boxes().tolist() == boxes


def test_the_four_codings_of_coco128_agree(real) -> None:
    root = real("coco128")
    _, panoptic = load(root / "panoptic_segmentation")
    _, semantic = load(root / "semantic_segmentation")
    classes, instances = load(root / "instance_segmentation")
    boxes_of, detections = load(root / "object_detection")
    assert panoptic.keys() == semantic.keys() == instances.keys() == detections.keys()
    close = []
    for key, whole in panoptic.items():
        whole_map = whole.segments.masks.composite(whole.segments.class_ids)
        segments = semantic[key].segments
        assert np.array_equal(whole_map, segments.masks.composite(segments.class_ids)), key
        # The two YOLO sets list the same objects with other numbers; one's boxes are not quite the other's outlines.
        shapes, rectangles = instances[key].segments, detections[key].segments
        names = [classes.classes[int(c)].name for c in shapes.class_ids]
        others = [boxes_of.classes[int(c)].name for c in rectangles.class_ids]
        if sorted(names) != sorted(others):
            continue  # a few crowds stand in one of the two only
        for name in set(names):
            a = shapes.masks.boxes()[[n == name for n in names]]
            b = rectangles.masks.boxes()[[n == name for n in others]]
            away = np.abs(a[:, None] - b[None]).max(axis=2).min(axis=1)
            close += away.tolist()
    assert len(close) > 390
    assert np.median(close) <= 1
    assert np.mean(np.array(close) <= 3) > 0.93


def test_two_channels_say_what_colours_say(real) -> None:
    root = real("panopticapi_sample")
    data = root / "sample_data"
    _, whole = load(data / "panoptic_examples.json")
    _, channels = load(
        data / "images_info_examples.json", "coco-panoptic", two_channel=str(data / "panoptic_examples_2ch_format"),
        categories=str(root / "panoptic_coco_categories.json"),
    )  # fmt: skip
    for key, sample in whole.items():
        other = channels[key].segments
        mine = {
            (int(c), tuple(m.counts)) for c, m in zip(sample.segments.class_ids, sample.segments.masks, strict=True)
        }
        theirs = {(int(c), tuple(m.counts)) for c, m in zip(other.class_ids, other.masks, strict=True)}
        assert mine == theirs
        assert media.read(sample.image).display().shape[:2] == sample.image.size


@pytest.mark.parametrize("task", ["instance_segmentation", "semantic_segmentation"])
def test_labelme_equals_its_own_export(real, task) -> None:
    root = real("labelme_examples") / "examples" / task
    reading, samples = load(root / "data_annotated")
    voc, exported = load(root / "data_dataset_voc")
    for key, sample in samples.items():
        kinds = np.asarray(Image.open(root / "data_dataset_voc" / "SegmentationClass" / f"{key}.png")).copy()
        names = {class_.id: class_.name for class_ in reading.classes}
        number = {class_.name: class_.id for class_ in voc.classes}
        values = [255 if names[int(c)] == "__ignore__" else number[names[int(c)]] for c in sample.segments.class_ids]
        drawn = sample.segments.masks.composite(values)
        # The export is some Pillow versions old; one pixel of 94,000 is drawn otherwise now.
        assert np.count_nonzero(drawn != kinds) <= 1, key
        if task == "instance_segmentation":
            visible = sample.segments.visible()
            mine = sorted(visible.masks.areas()[[names[int(c)] != "__ignore__" for c in visible.class_ids]].tolist())
            other = exported[key].segments
            theirs = other.masks.areas()[[voc.classes[int(c)].role == "class" for c in other.class_ids]]
            assert np.abs(np.array(mine) - sorted(theirs.tolist())).max() <= 1


def test_video_masks_are_the_pngs(real) -> None:
    root = real("davis2016")
    _, samples = load(root)
    assert {sample.image.video for sample in samples.values()} == {"dog", "horsejump-high"}
    for sample in list(formats.read(root).samples)[::10]:
        png = root / "Annotations" / "480p" / f"{sample.key}.png"
        assert np.array_equal(sample.segments.masks[0].decode(), np.asarray(Image.open(png)) > 0)
        assert f"{sample.image.frame:05d}" == png.stem


def test_masklets_are_those_pycocotools_decodes(real) -> None:
    from pycocotools import mask as coco

    file = real("sam2_examples") / "sav_000001_manual.json"
    content = json.loads(file.read_bytes())
    samples = list(formats.read(file).samples)
    for frame, sample in list(zip(content["masklet"], samples, strict=True))[::20]:
        areas = [int(area) for area in coco.area(frame)]
        assert sorted(sample.segments.masks.areas().tolist()) == sorted(area for area in areas if area)
        assert np.array_equal(
            sample.segments.masks.decode(),
            coco.decode([each for each, a in zip(frame, areas, strict=True) if a]).transpose(2, 0, 1),
        )


@pytest.mark.parametrize(
    "target", ["coco-panoptic", "voc", "cvat", "labelme", "label-studio", "datumaro", "rle-csv", "via"]
)
def test_real_instances_survive(real, target, tmp_path) -> None:
    """What is not lost comes back; overlaps are what the raster formats lose."""
    reading, _ = load(real("coco_mini"))
    samples = list(formats.read(real("coco_mini")).samples)[::8]
    formats.write(samples, reading.classes, tmp_path / "out", target, allow_loss=True)
    back = {sample.key: sample for sample in formats.read(tmp_path / "out").samples}
    for sample in samples:
        expected = sample.segments
        if target in ("coco-panoptic", "voc"):
            expected = expected.visible()
        expected = expected[expected.masks.areas() > 0]
        found = back[sample.key].segments
        assert found.masks == expected.masks
        assert found.class_ids.tolist() == expected.class_ids.tolist()
        assert Masks.concatenate([found.masks], found.size) == expected.masks
