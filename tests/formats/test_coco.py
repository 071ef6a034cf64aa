"""COCO's own corners."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco

from maskwright import formats
from maskwright.core import drawn
from maskwright.core.mask import Mask
from maskwright.errors import FormatError
from maskwright.formats._coco_segmentation import exact_rings


def document(**changes):
    content = {
        "images": [{"id": 7, "file_name": "x.png", "height": 10, "width": 12, "license": 3}],
        "categories": [{"id": 2, "name": "a", "supercategory": "s"}],
        "annotations": [],
        "licenses": None,
    }
    return {**content, **changes}


def annotation(**changes):
    base = {"id": 1, "image_id": 7, "category_id": 2, "segmentation": [[1, 1, 6, 1, 6, 6]], "iscrowd": 0}
    return {**base, **changes}


def read(tmp_path, content, **options):
    file = tmp_path / "labels.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    reading = formats.read(file, "coco", **options)
    return reading, list(reading.samples)


def test_all_codings_of_one_mask_agree(tmp_path) -> None:
    ring = [1.0, 1.0, 6.5, 1.0, 6.0, 7.0]
    string = coco.frPyObjects([ring], 10, 12)[0]
    counts = Mask.from_compressed(string["counts"], (10, 12)).counts.tolist()
    content = document(
        annotations=[
            annotation(id=1, segmentation=[ring]),
            annotation(id=2, segmentation={"size": [10, 12], "counts": string["counts"].decode()}),
            annotation(id=3, segmentation={"size": [10, 12], "counts": counts}, iscrowd=1),
            {"id": 4, "image_id": 7, "category_id": 2, "segmentation": ring},
        ]
    )
    reading, (sample,) = read(tmp_path, content)
    masks = sample.segments.masks
    assert all(mask == masks[0] for mask in masks)
    assert sample.segments.is_crowd.tolist() == [False, False, True, False]
    assert sample.fields == {"coco": {"id": 7, "license": 3}}
    assert reading.classes[2].extra == {"supercategory": "s"}


def test_parts_are_one_segment_and_boxes_become_rectangles(tmp_path) -> None:
    parts = [[0, 0, 3, 0, 3, 3, 0, 3], [6, 6, 9, 6, 9, 9, 6, 9]]
    content = document(
        annotations=[annotation(segmentation=parts), {"id": 2, "image_id": 7, "category_id": 2, "bbox": [2, 3, 4, 5]}]
    )
    reading, (sample,) = read(tmp_path, content)
    assert sample.segments.masks.areas().tolist() == [18, 20]
    assert "box only" in reading.notes[0]


def test_a_stated_area_is_kept(tmp_path) -> None:
    _, (sample,) = read(tmp_path, document(annotations=[annotation(area=12.5)]))
    assert sample.segments.attributes == [{}]
    assert drawn.stated_area(sample.segments, 0) == 12.5
    formats.write(
        [sample], formats.read(tmp_path / "labels.json", "coco").classes, tmp_path / "out", "coco", images="none"
    )
    written = json.loads((tmp_path / "out" / "annotations" / "instances_default.json").read_text())
    assert written["annotations"][0]["area"] == 12.5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", "is a results file"),
        (document(images=None), "'images' is missing"),
        (document(annotations=[annotation(segmentation=[[1, 1, 2, 2]])]), r"annotation 1: polygon ring 0 has 2 points; a ring needs at least 3"),
        (document(annotations=[annotation(segmentation={"counts": [3], "size": [10, 12]})]), "sum to 3"),
        (document(annotations=[annotation(segmentation={"counts": "0", "size": [4, 4]})]), "its mask is"),
        (document(annotations=[annotation(category_id=9)]), "annotation 1: has the unknown category 9"),
        (document(annotations=[annotation(image_id=9)]), "annotation 1: belongs to image 9"),
        (document(annotations=[annotation(segmentation=[[1, 1, 2, 2, float("nan"), 3]])]), "not a finite number"),
        (document(annotations=[{"id": 5}]), "annotation 5: lacks"),
        (document(annotations=[annotation(segmentation=None)]), "neither a segmentation nor a bbox"),
        (document(categories=[{"id": 1}]), "category 0"),
        (document(images=[{"id": 7}]), "lacks its id or file_name"),
    ],
)  # fmt: skip
def test_every_mistake_names_its_record(tmp_path, content, words) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        read(tmp_path, content)
    assert "labels.json" in str(caught.value)


@pytest.mark.parametrize("size", [(0, 5), (-3, 5), (10**7, 10**7), (10**30, 5)])
def test_impossible_sizes_are_the_files_fault(tmp_path, size) -> None:
    content = document(images=[{"id": 7, "file_name": "x.png", "height": size[0], "width": size[1]}])
    with pytest.raises(FormatError, match="first sample"):
        read(tmp_path, content)


def test_ids_beyond_any_table_are_replaced(tmp_path) -> None:
    _, (sample,) = read(tmp_path, document(annotations=[annotation(id=2**70), annotation(id=True)]))
    assert sample.segments.ids.tolist() == [1, 2]


def test_degenerate_rings_can_be_dropped(tmp_path) -> None:
    content = document(annotations=[annotation(segmentation=[[1, 1, 2, 2], [1, 1, 6, 1, 6, 6]])])
    _, (sample,) = read(tmp_path, content, drop_degenerate=True)
    assert sample.segments.masks.areas()[0] > 0
    _, (sample,) = read(tmp_path, document(annotations=[annotation(image_id=9)]), drop_orphans=True)
    assert len(sample.segments) == 0


def test_polygons_only_where_they_are_exact() -> None:
    solid = np.zeros((12, 12), bool)
    solid[2:9, 3:8] = True
    assert exact_rings(Mask.encode(solid)) is not None
    ring = solid.copy()
    ring[4:6, 5] = False
    assert exact_rings(Mask.encode(ring)) is None
    assert exact_rings(Mask.empty((4, 4))) is None


@pytest.mark.real
def test_a_real_file_equals_pycocotools_and_survives(real, tmp_path) -> None:
    from pycocotools.coco import COCO

    reading = formats.read(real("coco_mini"))
    samples = list(reading.samples)
    file = next((real("coco_mini") / "annotations").glob("instances*.json"))
    theirs = COCO(str(file))
    assert sum(len(sample.segments) for sample in samples) == len(theirs.anns)
    for sample in samples:
        for i, identity in enumerate(sample.segments.ids):
            ann = theirs.anns[int(identity)]
            assert sample.segments.masks[i].compressed() == theirs.annToRLE(ann)["counts"]
            assert bool(ann["iscrowd"]) == bool(sample.segments.is_crowd[i])
    formats.write(samples, reading.classes, tmp_path / "out", "coco", images="none")
    back = list(formats.read(tmp_path / "out", "coco").samples)
    for before, after in zip(samples, back, strict=True):
        assert before.segments.masks == after.segments.masks
        assert before.segments.ids.tolist() == after.segments.ids.tolist()
        assert before.segments.attributes == after.segments.attributes


def test_an_image_by_its_address_has_a_key_without_the_host(tmp_path) -> None:
    image = {"id": 1, "file_name": "https://server:80/set/u00.png", "height": 4, "width": 5}
    content = {"images": [image], "annotations": [], "categories": [{"id": 1, "name": "a"}]}
    (tmp_path / "instances.json").write_text(json.dumps(content))
    (sample,) = formats.read(tmp_path, "coco").samples
    assert (sample.key, sample.image.uri) == ("set/u00", image["file_name"])


def test_labels_without_images_name_them_for_other_machines(tmp_path, make_samples, classes) -> None:
    samples = make_samples(2)
    formats.write(samples, classes, tmp_path / "out", "coco", images="none", allow_loss=True)
    for file in (tmp_path / "out").rglob("*.json"):
        for image in json.loads(file.read_text())["images"]:
            assert not Path(image["file_name"]).is_absolute()
    back = {sample.key: sample.image.uri for sample in formats.read(tmp_path / "out", "coco").samples}
    assert back == {sample.key: sample.image.uri for sample in samples}
