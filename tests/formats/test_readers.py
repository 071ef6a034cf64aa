"""Other people's readers accept what we write."""

import contextlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.core.segments import Segments


@pytest.fixture
def pictures(make_samples, tmp_path):
    """Samples as cities and VOC want them: jpg pictures, one folder deep, no overlap."""
    out = []
    for number, sample in enumerate(make_samples(4, overlap=False)):
        path = tmp_path / "jpg" / "town" / f"p{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.open(sample.image.uri).save(path)
        image = replace(sample.image, uri=str(path))
        out.append(replace(sample, key=f"town/p{number}", image=image, split="train"))
    return out


def flat(samples):
    return [replace(sample, key=Path(sample.key).name) for sample in samples]


def quiet():
    return contextlib.redirect_stdout(io.StringIO())


def test_pycocotools_reads_coco(pictures, classes, tmp_path) -> None:
    from pycocotools.coco import COCO

    formats.write(pictures, classes, tmp_path / "out", "coco")
    with quiet():
        coco = COCO(str(tmp_path / "out" / "annotations" / "instances_train.json"))
    assert len(coco.imgs) == len(pictures)
    for image in coco.imgs.values():
        sample = next(each_image for each_image in pictures if image["file_name"].startswith(each_image.key))
        rows = coco.loadAnns(coco.getAnnIds(image["id"]))
        assert [coco.annToMask(row).astype(bool).tolist() for row in rows] == sample.segments.masks.decode().tolist()


def test_panoptic_pngs_follow_the_published_rule(pictures, classes, tmp_path) -> None:
    """panopticapi's rgb2id and its checks, as its documentation states them."""
    import json

    formats.write(pictures, classes, tmp_path / "out", "coco-panoptic")
    content = json.loads((tmp_path / "out" / "annotations" / "panoptic_train.json").read_bytes())
    categories = {category["id"] for category in content["categories"]}
    for row in content["annotations"]:
        rgb = np.asarray(Image.open(tmp_path / "out" / "annotations" / "panoptic_train" / row["file_name"])).astype(
            np.int64
        )
        ids = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]
        shown, areas = np.unique(ids[ids != 0], return_counts=True)
        stated = {info["id"]: info for info in row["segments_info"]}
        assert set(shown.tolist()) == stated.keys()
        assert all(info["category_id"] in categories for info in stated.values())
        assert all(stated[each]["area"] == area for each, area in zip(shown.tolist(), areas.tolist(), strict=True))


def test_torchvision_reads_voc(pictures, classes, tmp_path) -> None:
    from torchvision.datasets import VOCDetection, VOCSegmentation

    pictures = flat(pictures)
    formats.write(pictures, classes, tmp_path / "VOCdevkit" / "VOC2012", "voc", allow_loss=True)
    found = VOCSegmentation(str(tmp_path), image_set="train")
    assert len(found) == len(pictures)
    listed = (tmp_path / "VOCdevkit" / "VOC2012" / "class_names.txt").read_text().splitlines()
    for sample, (image, label) in zip(pictures, found, strict=True):
        assert image.size == sample.image.size[::-1]
        names = [classes[int(class_id)].name for class_id in sample.segments.class_ids]
        expected = sample.segments.masks.composite([listed.index(name) for name in names])
        assert np.array_equal(np.asarray(label), expected)
    sets = tmp_path / "VOCdevkit" / "VOC2012" / "ImageSets"
    (sets / "Segmentation").rename(sets / "Main")
    for sample, (_, about) in zip(pictures, VOCDetection(str(tmp_path), image_set="train"), strict=True):
        objects = about["annotation"].get("object", [])
        assert [each_object["name"] for each_object in objects] == [
            classes[int(c)].name for c in sample.segments.class_ids
        ]
        for each_object, box in zip(objects, sample.segments.masks.boxes().tolist(), strict=True):
            sides = [int(each_object["bndbox"][name]) for name in ("xmin", "ymin", "xmax", "ymax")]
            assert sides == [box[0] + 1, box[1] + 1, box[2], box[3]]


def test_torchvision_reads_cityscapes(pictures, classes, tmp_path) -> None:
    from torchvision.datasets import Cityscapes

    pictures = [
        replace(each_image, image=replace(each_image.image, uri=str(Path(each_image.image.uri).with_suffix(".png"))))
        for each_image in pictures
    ]
    for each_image in pictures:
        Image.open(Path(each_image.image.uri).with_suffix(".jpg")).save(each_image.image.uri)
    formats.write(pictures, classes, tmp_path / "out", "cityscapes", allow_loss=True)
    found = Cityscapes(str(tmp_path / "out"), split="train", target_type=["instance", "semantic"])
    assert len(found) == len(pictures)
    by_size = {tuple(each_image.image.size): each_image for each_image in pictures}
    for image, (instances, labels) in found:
        sample = by_size[image.size[::-1]]
        expected = sample.segments.masks.composite(sample.segments.class_ids)
        assert np.array_equal(np.asarray(labels), expected)
        values = np.asarray(instances)
        things = [int(class_id) for class_id in sample.segments.class_ids if classes[int(class_id)].kind == "thing"]
        assert sorted(value // 1000 for value in np.unique(values) if value >= 1000) == sorted(things)


@pytest.mark.parametrize("format", ["coco", "yolo"])
def test_supervision_reads_ours(pictures, classes, tmp_path, format) -> None:
    sv = pytest.importorskip("supervision")

    pictures = flat(pictures)
    out = tmp_path / "out"
    lost = formats.write(pictures, classes, out, format, allow_loss=True)
    if format == "coco":
        found = sv.DetectionDataset.from_coco(
            str(out / "images"), str(out / "annotations" / "instances_train.json"), force_masks=True
        )
    else:
        found = sv.DetectionDataset.from_yolo(
            str(out / "images" / "train"), str(out / "labels" / "train"), str(out / "data.yaml"), force_masks=True
        )
    if format == "yolo":  # a region of stuff is a line a part
        things = {class_.id for class_ in classes if class_.kind == "thing"}
        names = {class_.name for class_ in classes if class_.kind == "thing"}
        kept = [np.isin(sample.segments.class_ids, list(things)) for sample in pictures]
        pictures = [
            replace(sample, segments=sample.segments[rows]) for sample, rows in zip(pictures, kept, strict=True)
        ]
        found = [
            (
                path,
                image,
                detections[np.isin(detections.data["class_name"], list(names))] if len(detections) else detections,
            )
            for path, image, detections in found
        ]
    by_name = {sample.key: sample for sample in pictures}
    lost = {(loss.key, loss.segment): loss.pixels for loss in lost if loss.cause == "shape"}
    exact, pixels, wrong = 0, 0, 0
    for path, _, detections in found:
        sample = by_name[Path(path).stem]
        assert len(detections) == len(sample.segments)
        rows = zip(detections.mask if len(detections) else [], sample.segments.masks, sample.segments.ids, strict=True)
        for mask, own, identity in rows:
            difference = int((mask.astype(bool) != own.decode()).sum())
            if format == "yolo":
                assert difference == lost.get((sample.key, int(identity)), 0)
            exact += difference == 0
            wrong += difference
            pixels += own.area()
    # Its rasteriser draws outlines, too: of COCO, run lengths come through whole.
    assert wrong < (0.25 if format == "coco" else 0.1) * pixels
    assert exact > 0


def test_ultralytics_rules_hold_for_yolo(pictures, classes, tmp_path) -> None:
    """What its own check asks: a whole class number below nc, an even number of coordinates, all within 0 … 1."""
    import yaml

    formats.write(pictures, classes, tmp_path / "out", "yolo", allow_loss=True)
    names = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())["names"]
    assert list(names) == list(range(len(names)))
    for file in (tmp_path / "out" / "labels").rglob("*.txt"):
        for line in file.read_text().splitlines():
            kind, *numbers = line.split()
            assert int(kind) in names
            assert len(numbers) >= 6
            assert len(numbers) % 2 == 0
            assert all(0 <= float(number) <= 1 for number in numbers)


def test_semantic_only_sets_have_every_pixel(classes, make_samples, tmp_path) -> None:
    """A set of stuff goes through Cityscapes, VOC and label maps alike."""
    samples = []
    for sample in make_samples(3, overlap=False):
        segments = Segments.from_label_map(sample.segments.masks.composite(sample.segments.class_ids), ignore=[0])
        samples.append(replace(sample, segments=segments))
    for name in ("label-map", "cityscapes", "voc"):
        formats.write(samples, classes, tmp_path / name, name, allow_loss=True, check=True)
        for sample in formats.read(tmp_path / name).samples:
            before = next(each_sample for each_sample in samples if each_sample.key == sample.key)
            mine = before.segments.masks.composite(before.segments.class_ids)
            assert np.array_equal(sample.segments.masks.composite(sample.segments.class_ids), mine)


def test_cityscapes_scripts_count_our_instances(make_samples, tmp_path) -> None:
    found = pytest.importorskip(
        "cityscapesscripts.evaluation.instances2dict", reason="cityscapesScripts is not installed"
    )
    from maskwright.formats.cityscapes import classes_of_cityscapes

    classes = classes_of_cityscapes()
    samples = []
    for sample in make_samples(4, overlap=False):
        ids = [[26, 24, 23][k % 3] for k in range(len(sample.segments))]
        samples.append(replace(sample, segments=Segments(sample.segments.masks, ids)))
    formats.write(samples, classes, tmp_path / "out", "cityscapes", allow_loss=True, check=True)
    files = {
        file.name.removesuffix("_gtFine_instanceIds.png"): str(file)
        for file in (tmp_path / "out").rglob("*instanceIds.png")
    }
    with quiet():
        counted = found.instances2dict(list(files.values()), verbose=False)
    for sample in samples:
        theirs = counted[str(Path(files[Path(sample.key).name]).resolve())]
        for name, number in (("car", 26), ("person", 24)):
            own = sample.segments.masks.areas()[sample.segments.class_ids == number]
            assert sorted(each_name["pixelCount"] for each_name in theirs[name]) == sorted(own.tolist())


def test_labelme_opens_ours(pictures, classes, tmp_path) -> None:
    labelme = pytest.importorskip("labelme", reason="labelme is GPL and brings Qt; install it beside to run this")
    formats.write(pictures, classes, tmp_path / "out", "labelme")
    for sample in pictures:
        shapes = labelme.LabelFile(str(tmp_path / "out" / f"{sample.key}.json")).shapes
        assert {shape["label"] for shape in shapes} == {classes[int(c)].name for c in sample.segments.class_ids}
