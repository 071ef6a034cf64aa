"""COCO gives back what was read: polygons, boxes, areas, codings, ids, and what the file says of the whole set."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import run
from PIL import Image
from pycocotools import mask as pycoco
from pycocotools.coco import COCO

from maskwright import formats
from maskwright.core import drawn
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.store import Dataset, import_samples, snapshot

HEIGHT, WIDTH = SIZE = (40, 60)
RING = [3.5, 2, 20.25, 4, 18, 15.75, 4, 12]
SECOND = [30, 20, 40, 20, 40, 30]


def rle(top: int, left: int, bottom: int, right: int) -> dict[str, Any]:
    dense = np.zeros(SIZE, np.uint8, order="F")
    dense[top:bottom, left:right] = 1
    found = pycoco.encode(dense)
    return {"size": [HEIGHT, WIDTH], "counts": found["counts"].decode()}


def counts(top: int, left: int, bottom: int, right: int) -> dict[str, Any]:
    text = rle(top, left, bottom, right)["counts"]
    return {"size": [HEIGHT, WIDTH], "counts": Mask.from_compressed(text, SIZE).counts.tolist()}


def annotation(number: int, segmentation: Any = ..., image: int = 7, **more: Any) -> dict[str, Any]:
    found = {"id": number, "image_id": image, "category_id": 2, "iscrowd": 0, **more}
    return found if segmentation is ... else {**found, "segmentation": segmentation}


def document(*annotations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    image = {"file_name": "x.png", "height": HEIGHT, "width": WIDTH, "license": 3, "date": "2020", "id": 7}
    return {
        "info": {"year": 2020, "description": "cells"},
        "licenses": [{"id": 3, "name": "CC0"}],
        "images": [image],
        "annotations": list(annotations),
        "categories": [{"id": 2, "name": "a", "supercategory": "s", "synset": "a.n.01"}],
        "tiles": {"of": [4, 4]},
        **changes,
    }


def put(folder: Path, content: Any, name: str = "instances_train.json") -> Path:
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    (folder / "annotations" / name).write_text(json.dumps(content))
    return folder


def read(folder: Path, **options: Any) -> tuple[formats.Reading, list[Sample]]:
    reading = formats.read(folder, "coco", **options)
    return reading, list(reading.samples)


def again(folder: Path, content: Any, samples: list[Sample] | None = None, **options: Any) -> dict[str, Any]:
    """What is written of what was read."""
    reading, found = read(put(folder / "in", content))
    losses = formats.write(
        found if samples is None else samples, reading.classes, folder / "out", "coco", images="none",
        about=reading.about, **options,
    )  # fmt: skip
    assert not [loss for loss in losses if loss.cause in ("geometry", "box")]
    return json.loads((folder / "out/annotations/instances_train.json").read_text())


def stated(written: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """Of a written annotation what the source has, too."""
    return {name: written[name] for name in written if name in source or name == "segmentation"}


EVERY = document(
    annotation(11, [RING, SECOND], area=170.25, bbox=[3.5, 2, 36.5, 28], keypoints=[1, 2, 2], track="t1"),
    annotation(12, rle(3, 4, 9, 12), area=48, bbox=[4, 3, 8, 6]),
    annotation(13, counts(5, 5, 20, 30), iscrowd=1, area=375, bbox=[5, 5, 25, 15]),
    annotation(14, bbox=[2.1, 3.2, 10.3, 5], area=51.5),
    annotation(15, [], bbox=[1, 1, 4, 4], score=0.5),
    annotation(16, [[]], bbox=[0, 0, 2.5, 2]),
    annotation(17, [], area=0),
    annotation(18, [[1, 1, 9, 1, 9, 9, 1, 9]], iscrowd=1, attributes={"occluded": True, "truncated": False}),
    annotation(19, None, bbox=[5, 5, 3, 3]),
    annotation(20, {"size": [HEIGHT, WIDTH], "counts": [0, 0, 100, 20, 2280]}),
)


def test_every_form_of_an_annotation_comes_back(tmp_path: Path) -> None:
    written = again(tmp_path, EVERY)
    assert [stated(row, source) for row, source in zip(written["annotations"], EVERY["annotations"], strict=True)] == [
        *EVERY["annotations"]
    ]
    assert list(written["annotations"][0])[:7] == [
        "id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd"
    ]  # fmt: skip
    assert "segmentation" not in written["annotations"][3], "a box alone stays one"


def test_what_a_file_says_of_the_whole_set_comes_back(tmp_path: Path) -> None:
    written = again(tmp_path, EVERY)
    for key in ("info", "licenses", "categories", "tiles"):
        assert written[key] == EVERY[key]
    assert written.keys() == EVERY.keys()
    (image,) = written["images"]
    assert image.items() >= EVERY["images"][0].items()


def test_without_images_their_names_stay_and_they_are_found(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", EVERY)
    (folder / "images").mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(folder / "images/x.png")
    written = again(tmp_path, EVERY)
    assert written["images"][0]["file_name"] == "x.png"
    (back,) = read(tmp_path / "out")[1]
    assert Path(back.image.uri).samefile(folder / "images/x.png")
    (tmp_path / "out/images").mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "out/images/x.png")
    (back,) = read(tmp_path / "out")[1]
    assert Path(back.image.uri).samefile(tmp_path / "out/images/x.png"), "what lies beside comes first"


def test_an_images_own_keys_are_written_once(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", EVERY)
    (folder / "images").mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(folder / "images/x.png")
    reading, samples = read(folder)
    formats.write(samples, reading.classes, tmp_path / "out", "coco", about=reading.about)
    written = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())
    assert written["images"] == EVERY["images"], "nothing that COCO's own keys say is said again"
    back = list(formats.read(tmp_path / "out", "coco").samples)
    assert [(sample.key, sample.split, sample.fields) for sample in back] == [
        (sample.key, sample.split, sample.fields) for sample in samples
    ]


@pytest.mark.parametrize(
    ("key", "split", "fields"),
    [("other/name", "train", {}), ("x", "fold 1", {"a": 1}), ("x", None, {"coco": {"id": 9}, "a": [1]}),
     ("x", "validation", {"coco": {"id": 9, "file_name": "y"}}), ("x", "val", {"coco": 5}), ("x", "val", {"coco": {}})],
)  # fmt: skip
def test_keys_splits_and_fields_that_cocos_keys_cannot_say_come_back(tmp_path: Path, key, split, fields) -> None:
    sample = Sample(key, ImageRef("/nowhere/x.png", SIZE), Segments.none(SIZE), split=split, fields=fields)
    formats.write([sample], Classes([Class(1, "a")]), tmp_path / "out", "coco", images="none")
    (back,) = formats.read(tmp_path / "out", "coco").samples
    assert (back.key, back.split, back.fields) == (key, split, fields)


def test_the_masks_are_pycocotools(tmp_path: Path) -> None:
    _, (sample,) = read(put(tmp_path, EVERY))
    theirs = COCO(str(tmp_path / "annotations/instances_train.json"))
    for row, number in enumerate(sample.segments.ids.tolist()):
        found = theirs.anns[number]
        if number == 17:
            wanted = pycoco.encode(np.zeros(SIZE, np.uint8, order="F"))
        elif number in (14, 15, 16, 19):
            (wanted,) = pycoco.frPyObjects(np.array([found["bbox"]], np.float64), HEIGHT, WIDTH)
        else:
            wanted = theirs.annToRLE(found)
        assert np.array_equal(sample.segments.masks[row].decode(), pycoco.decode(wanted)), number


def test_what_was_drawn_is_geometry_and_a_box_alone_is_given(tmp_path: Path) -> None:
    _, (sample,) = read(put(tmp_path, EVERY))
    geometry, box = sample.segments.column("geometry"), sample.segments.column("box")
    assert geometry[0] == {
        "shape": "polygon", "rule": "coco", "parts": [[RING], [SECOND]], "area": 170.25,
        "own": {"coco": {"bbox": [3.5, 2, 36.5, 28]}},
    }  # fmt: skip
    assert geometry[1] == {"shape": "runs"}
    assert geometry[3]["shape"] == "rectangle"
    assert [row for row, given in enumerate(box) if given is not None] == [3, 4, 5, 8]
    assert box[3] == pytest.approx([2.1, 3.2, 12.4, 8.2])
    assert [drawn.stated_area(sample.segments, row) for row in range(3)] == [170.25, None, None]


def test_a_new_mask_has_its_own_box_and_area_and_a_given_box_stays(tmp_path: Path) -> None:
    other = Masks.encode(np.pad(np.ones((1, 6, 8), bool), ((0, 0), (10, 24), (20, 32))))[0]
    _, (sample,) = read(put(tmp_path / "in", EVERY))
    masks = Masks.stack([other if row in (0, 2, 3) else mask for row, mask in enumerate(sample.segments.masks)], SIZE)
    changed = sample.with_segments(sample.segments.with_masks(masks))
    written = again(tmp_path, EVERY, [changed])["annotations"]
    for row in (0, 2):
        assert (written[row]["area"], written[row]["bbox"]) == (48, [20, 10, 8, 6])
    assert written[3]["area"] == 48
    assert written[3]["bbox"] == pytest.approx([2.1, 3.2, 10.3, 5]), "a box that was given survives"
    assert pycoco.area(pycoco.merge(pycoco.frPyObjects(written[3]["segmentation"], HEIGHT, WIDTH))) == 48
    for row in (1, 4, 5, 6, 7, 8, 9):
        assert stated(written[row], EVERY["annotations"][row]) == EVERY["annotations"][row]
    _, (back,) = read(tmp_path / "out")
    assert back.segments.column("box") == sample.segments.column("box")


def test_an_area_that_is_an_attribute_is_written_as_the_area(tmp_path: Path) -> None:
    segments = Segments(Mask.encode(np.eye(*SIZE, dtype=bool)).batch, [1], attributes=[{"area": 12.5}])
    sample = Sample("x", ImageRef("/nowhere/x.png", SIZE), segments)
    formats.write([sample], Classes([Class(1, "a")]), tmp_path / "out", "coco", images="none")
    (written,) = json.loads((tmp_path / "out/annotations/instances_default.json").read_text())["annotations"]
    assert written["area"] == 12.5
    assert "attributes" not in written


def test_a_dataset_gives_back_what_was_not_edited(tmp_path: Path) -> None:
    reading = formats.read(put(tmp_path / "in", EVERY), "coco")
    import_samples(tmp_path / "d", reading.classes, reading.samples, "import", about=reading.about)
    other = Mask.encode(np.pad(np.ones((6, 8), bool), ((10, 24), (20, 32))))
    with Dataset.open(tmp_path / "d") as dataset:
        with dataset.edit("one mask") as edit:
            edit.set_segment("x", 11, mask=other)
        (sample,) = dataset
        assert sample.segments.column("geometry")[0] is None
        formats.write(dataset.where("split = 'train'"), dataset.classes, tmp_path / "out", "coco", images="none")
    written = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())
    first, *rest = written["annotations"]
    assert (first["area"], first["bbox"], first["keypoints"], first["track"]) == (
        48, [20, 10, 8, 6], [1, 2, 2], "t1"
    )  # fmt: skip
    assert pycoco.area(pycoco.merge(pycoco.frPyObjects(first["segmentation"], HEIGHT, WIDTH))) == 48
    assert [stated(row, source) for row, source in zip(rest, EVERY["annotations"][1:], strict=True)] == [
        *EVERY["annotations"][1:]
    ]
    assert (written["info"], written["licenses"], written["tiles"]) == tuple(
        EVERY[key] for key in ("info", "licenses", "tiles")
    )


def test_files_keep_what_each_of_them_says(tmp_path: Path) -> None:
    train = document(annotation(1, [RING]))
    val = document(
        annotation(1, [RING], image=8), info={"year": 1999}, images=[{**train["images"][0], "id": 8, "file_name": "y.png"}]
    )  # fmt: skip
    put(tmp_path / "in", val, "instances_val.json")
    again(tmp_path, train)
    written = {
        split: json.loads((tmp_path / f"out/annotations/instances_{split}.json").read_text())
        for split in ("train", "val")
    }
    assert written["train"]["info"] == train["info"]
    assert written["val"]["info"] == {"year": 1999}
    assert [image["id"] for image in written["val"]["images"]] == [8]


def test_what_the_only_file_says_is_said_of_other_splits_too(tmp_path: Path) -> None:
    reading, (sample,) = read(put(tmp_path / "in", EVERY))
    moved = replace(sample, split="fold")
    formats.write([moved], reading.classes, tmp_path / "out", "coco", images="none", about=reading.about)
    assert json.loads((tmp_path / "out/annotations/instances_fold.json").read_text())["info"] == EVERY["info"]


def test_two_files_of_one_split_that_differ_are_told(tmp_path: Path) -> None:
    put(tmp_path, document(annotation(1, [RING])), "instances_train_a.json")
    put(
        tmp_path, document(info={"year": 1999}, images=[{**EVERY["images"][0], "id": 8, "file_name": "y.png"}]),
        "instances_train_b.json",
    )  # fmt: skip
    reading, _ = read(tmp_path)
    assert reading.about["coco"]["train"]["info"] == EVERY["info"]
    assert any("instances_train_b.json: its 'info'" in note for note in reading.notes)


def test_a_second_import_keeps_what_was_said_first_and_tells(tmp_path: Path) -> None:
    for name, info in (("a", {"year": 1}), ("b", {"year": 2})):
        image = {**EVERY["images"][0], "file_name": f"{name}.png"}
        reading = formats.read(put(tmp_path / name, document(info=info, images=[image], **{name: name})), "coco")
        done = import_samples(tmp_path / "d", reading.classes, reading.samples, name, about=reading.about)
        assert any("another 'info' (coco, train)" in note for note in done["notes"]) == (name == "b")
    with Dataset.open(tmp_path / "d") as dataset:
        said = dataset.about["coco"]["train"]
        assert (said["info"], said["a"], said["b"]) == ({"year": 1}, "a", "b")
        assert dataset.at(1).about == dataset.about
        snapshot.write(dataset, tmp_path / "s.parquet")
        assert snapshot.about(tmp_path / "s.parquet") == dataset.about


def test_the_commands_carry_what_is_said(tmp_path: Path, capsys: Any) -> None:
    put(tmp_path / "in", EVERY)
    for words in (
        ("import", tmp_path / "in", tmp_path / "d", "--force"),
        ("export", tmp_path / "d", tmp_path / "exported", "-f", "coco", "--images", "none"),
        ("convert", tmp_path / "in", tmp_path / "converted", "--to", "coco", "--images", "none", "--force"),
    ):
        assert run(capsys, *words)[0] == 0
    for folder in ("exported", "converted"):
        written = json.loads((tmp_path / folder / "annotations/instances_train.json").read_text())
        assert (written["info"], written["tiles"]) == (EVERY["info"], EVERY["tiles"])


def test_what_other_rules_drew_is_written_where_it_means_the_same_pixels(tmp_path: Path) -> None:
    square = [4, 4, 20, 4, 20, 14, 4, 14]
    triangle = [4, 4, 21, 6, 8, 20]
    size = (40, 60)
    masks = [Mask.from_polygon(ring_of(ring), size) for ring in (square, triangle)]
    shapes = [drawn.polygon([[ring]], "edges") for ring in (square, triangle)]
    segments = Segments(Masks.stack(masks, size), [2, 2], more={"geometry": shapes})
    sample = Sample("x", ImageRef("/nowhere/x.png", size), segments, split="train")
    classes = Classes([Class(2, "a")])
    lost = formats.write([sample], classes, tmp_path / "out", "coco", images="none", allow_loss=True)
    assert [(loss.cause, loss.segment) for loss in lost] == [("geometry", 2)], "its pixels are others by COCO's rule"
    written = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())["annotations"]
    assert written[0]["segmentation"] == [square]
    theirs = COCO(str(tmp_path / "out/annotations/instances_train.json"))
    for mask, row in zip(masks, written, strict=True):
        assert np.array_equal(theirs.annToMask(row), mask.decode())


def ring_of(flat: list[float]) -> Any:
    from maskwright.core.polygons import Polygon

    return Polygon([[np.array(flat, float).reshape(-1, 2)]])


def test_run_lengths_alone_when_they_are_asked_for(tmp_path: Path) -> None:
    reading, samples = read(put(tmp_path / "in", document(annotation(1, [RING]))))
    lost = formats.losses(samples, reading.classes, "coco", segmentation="rle")
    assert [loss.cause for loss in lost] == ["geometry"]
    assert not [loss for loss in lost if loss.grave]
    assert "geometry" not in {loss.cause for loss in formats.losses(samples, reading.classes, "coco")}
    with pytest.raises(UsageError, match="auto or rle"):
        formats.write(samples, reading.classes, tmp_path / "out", "coco", segmentation="polygon")


def test_run_lengths_are_not_lost_where_others_write_masks(tmp_path: Path) -> None:
    reading, samples = read(put(tmp_path, document(annotation(1, rle(3, 4, 9, 12)), annotation(2, [RING], area=1.5))))
    lost = formats.losses(samples, reading.classes, "label-map")
    assert [loss.segment for loss in lost if loss.cause == "geometry"] == [2]
    assert [loss.segment for loss in lost if loss.cause == "area"] == [2]


# -- panoptic -----------------------------------------------------------------------------------------------------------


def panoptic(folder: Path) -> dict[str, Any]:
    """Two segments, of which one states an area and a box that are not its mask's."""
    pixels = np.zeros((*SIZE, 3), np.uint8)
    pixels[:10, :20, 0], pixels[20:30, 5:15, 1] = 9, 1
    (folder / "annotations/panoptic_train").mkdir(parents=True)
    Image.fromarray(pixels).save(folder / "annotations/panoptic_train/x.png")
    infos = [
        {
            "id": 9,
            "category_id": 2,
            "iscrowd": 0,
            "area": 200,
            "bbox": [0, 0, 20, 10],
            "note": "n",
            "attributes": {"a": 1},
        },
        {"id": 256, "category_id": 3, "iscrowd": 1, "area": 99.5, "bbox": [5, 20, 10.5, 10]},
    ]
    content = document(
        {"image_id": 7, "file_name": "x.png", "segments_info": infos, "reviewed": True},
        categories=[
            {"id": 2, "name": "a", "isthing": 1, "color": [1, 2, 3], "s": 5},
            {"id": 3, "name": "b", "isthing": 0},
        ],
    )
    put(folder, content, "panoptic_train.json")
    return content


def test_panoptic_files_come_back(tmp_path: Path) -> None:
    content = panoptic(tmp_path / "in")
    reading = formats.read(tmp_path / "in", "coco-panoptic")
    samples = list(reading.samples)
    assert drawn.stated_area(samples[0].segments, 1) == 99.5
    import_samples(tmp_path / "d", reading.classes, samples, "import", about=reading.about)
    formats.write(samples, reading.classes, tmp_path / "out", "coco-panoptic", images="none", about=reading.about)
    with Dataset.open(tmp_path / "d") as dataset:
        formats.write(dataset, dataset.classes, tmp_path / "stored", "coco-panoptic", images="none")
    for folder in ("out", "stored"):
        written = json.loads((tmp_path / folder / "annotations/panoptic_train.json").read_text())
        (image,) = written.pop("images")
        assert {**image, "file_name": "x.png"}.items() >= content["images"][0].items()
        assert written == {key: value for key, value in content.items() if key != "images"}


def test_a_panoptic_mask_that_is_covered_has_its_own_area(tmp_path: Path) -> None:
    panoptic(tmp_path / "in")
    reading = formats.read(tmp_path / "in", "coco-panoptic")
    (sample,) = reading.samples
    masks = Masks.concatenate([sample.segments.masks, Mask.encode(np.eye(*SIZE, k=-16, dtype=bool)).batch], SIZE)
    own = sample.segments
    more = {"geometry": [*own.column("geometry"), None]}
    covered = Segments(masks, [2, 3, 2], ids=[9, 256, 1], attributes=[*own.attributes, {"id": 5}], more=more)
    formats.write(
        [sample.with_segments(covered)],
        reading.classes,
        tmp_path / "out",
        "coco-panoptic",
        images="none",
        allow_loss=True,
    )
    written = json.loads((tmp_path / "out/annotations/panoptic_train.json").read_text())
    infos = written["annotations"][0]["segments_info"]
    assert [(info["area"], info["bbox"]) for info in infos] == [
        (200, [0, 0, 20, 10]),
        (91, [5, 20, 10, 10]),
        (24, [0, 16, 24, 24]),
    ]
    (back,) = formats.read(tmp_path / "out", "coco-panoptic").samples
    assert [row for row in back.segments.attributes if "id" in row] == [{"id": 5}]


# -- what is nearly right ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (annotation(1, [[[3, 2], [20, 4], [18, 15]]]), "ring 0 is a list of lists: a bracket too many"),
        (annotation(1, [rle(3, 4, 9, 12)]), "a list of run lengths, a bracket too many"),
        (annotation(1, {**rle(3, 4, 9, 12), "size": [WIDTH, HEIGHT]}), "height and width are exchanged"),
        (annotation(1, {"size": [HEIGHT, WIDTH], "counts": Mask.encode(
            np.pad(np.ones((9, 6), bool), ((4, 47), (3, 31)))).counts.tolist()}, bbox=[4, 3, 9, 6]),
         "its run lengths go by rows, as its bbox tells"),
        (annotation(1, "[[1, 2]]"), "its segmentation is a str"),
        (annotation(1, bbox=[1, 2, -3, 4]), "its bbox is"),
        (annotation(1, bbox=[1, 2, 3]), "its bbox is"),
        (annotation(1, bbox=[1, 2, float("inf"), 4]), "its bbox is"),
        (annotation(1, bbox=5), "its bbox is"),
        (annotation(1, [RING], maskwright={"box": [5, 5, 1, 1]}), "its box is"),
        (annotation(1, {"size": [HEIGHT, WIDTH], "counts": [0.5, 2399.5]}), "not a whole number"),
        (annotation(1, [RING], category_id="b"), "the unknown category b"),
        (annotation(1, [RING], category_id=[2]), "the unknown category"),
    ],
)  # fmt: skip
def test_near_misses_are_one_sentence(tmp_path: Path, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        read(put(tmp_path, document(wrong)))
    assert "annotation 1" in str(caught.value)
    assert "instances_train.json" in str(caught.value)


def test_what_is_read_in_spite_of_its_form_is_told(tmp_path: Path) -> None:
    text = rle(3, 4, 9, 12)["counts"]
    content = document(
        annotation(1, RING), annotation(2, {"size": [HEIGHT, WIDTH], "counts": str(text.encode())}),
        annotation(3, {"size": [HEIGHT, WIDTH], "counts": [100.0, 20.0, 2280.0]}),
        annotation("q", [RING], category_id="2"),
    )  # fmt: skip
    reading, (sample,) = read(put(tmp_path / "in", content))
    assert sample.segments.masks[1].compressed().decode() == text
    assert sample.segments.masks[0] == sample.segments.masks[3]
    assert sample.segments.masks.areas()[2] == 20
    for words in ("a bracket too few", "Python's bytes", "new ids"):
        assert any(words in note for note in reading.notes), words
    written = again(tmp_path, content)["annotations"]
    assert written[0]["segmentation"] == [RING], "as pycocotools reads it"
    assert written[1]["segmentation"]["counts"] == text
    assert written[3]["id"] == "q"


def test_words_and_whole_floats_are_ids_of_images(tmp_path: Path) -> None:
    image = EVERY["images"][0]
    content = document(
        {**annotation(1, [RING]), "image_id": 1}, {**annotation(2, [RING]), "image_id": "x"},
        images=[{**image, "id": 1.0}, {**image, "id": "x", "file_name": "y.png"}],
    )  # fmt: skip
    _, samples = read(put(tmp_path / "in", content))
    assert [len(sample.segments) for sample in samples] == [1, 1]
    written = again(tmp_path, content)
    assert written["images"][1]["id"] == "x"
    assert written["annotations"][1]["image_id"] == "x"


def test_a_category_without_a_name_is_refused(tmp_path: Path) -> None:
    for name in (None, " "):
        with pytest.raises(FormatError, match="category 2: has no name"):
            read(put(tmp_path, document(categories=[{"id": 2, "name": name}])))


def test_images_of_one_name_but_for_the_suffix_are_two(tmp_path: Path) -> None:
    image = EVERY["images"][0]
    content = document(images=[image, {**image, "id": 8, "file_name": "x.jpg"}])
    reading, samples = read(put(tmp_path, content))
    assert [sample.key for sample in samples] == ["x.png", "x.jpg"]
    assert any("but for the suffix" in note for note in reading.notes)


# -- where images are --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "file"),
    [("train\\x.png", "images/train/x.png"), ("C:\\set\\images\\x.png", "images/x.png"), ("/home/bob/x.png", "images/x.png"),
     ("x.png", "images/x.PNG"), ("caf\u00e9.png", "images/cafe\u0301.png")],
)  # fmt: skip
def test_images_are_found_where_another_machine_put_them(tmp_path: Path, name: str, file: str) -> None:
    put(tmp_path, document(images=[{**EVERY["images"][0], "file_name": name}]))
    place = tmp_path / file
    place.parent.mkdir(parents=True)
    place.touch()
    _, (sample,) = read(tmp_path)
    assert sample.image.uri == str(place)


def test_an_address_stands_for_an_image_that_is_not_here(tmp_path: Path) -> None:
    url = "http://images.example/val2017/x.png"
    for image in ({"coco_url": url}, {"coco_url": url, "file_name": "other.png"}):
        put(tmp_path, document(images=[{"id": 7, "height": HEIGHT, "width": WIDTH, **image}]))
        reading, (sample,) = read(tmp_path)
        assert sample.image.uri == url
        assert any("1 image is not here" in note for note in reading.notes)
    (tmp_path / "images").mkdir()
    (tmp_path / "images/x.png").touch()
    reading, (sample,) = read(tmp_path, images=str(tmp_path / "images"))
    assert sample.image.uri == str(tmp_path / "images/x.png")
    put(tmp_path, document(images=[{"id": 7, "height": HEIGHT, "width": WIDTH, "coco_url": url}]))
    _, (sample,) = read(tmp_path, images=str(tmp_path / "images"))
    assert (sample.key, sample.image.uri) == ("val2017/x", str(tmp_path / "images/x.png"))


# -- what is asked for -------------------------------------------------------------------------------------------------


def test_some_images_or_classes_alone(tmp_path: Path) -> None:
    image = EVERY["images"][0]
    content = document(
        annotation(1, [RING]), annotation(2, [SECOND], category_id=5), annotation(3, [[1, 1]], image=8),
        images=[image, {**image, "id": 8, "file_name": "dir/y.png"}],
        categories=[{"id": 2, "name": "a"}, {"id": 5, "name": "b"}],
    )  # fmt: skip
    put(tmp_path, content)
    for name in ("x", "x.png"):
        reading, (sample,) = read(tmp_path, only_images=name)
        assert (reading.total, sample.segments.ids.tolist()) == (1, [1, 2]), "the broken ring of another is not read"
    _, (sample,) = read(tmp_path, only_classes=["b"])
    assert (sample.key, sample.segments.ids.tolist()) == ("x", [2])
    with pytest.raises(UsageError, match="no image is called 'z'"):
        read(tmp_path, only_images="x,z")
    with pytest.raises(UsageError, match="no class is called 'c'"):
        read(tmp_path, only_classes="c")


@pytest.mark.real
def test_a_real_file_comes_back_in_its_size(real: Any, tmp_path: Path) -> None:
    (file,) = (real("coco_mini") / "annotations").glob("*.json")
    reading, samples = read(real("coco_mini"))
    formats.write(samples, reading.classes, tmp_path / "out", "coco", about=reading.about)
    (made,) = (tmp_path / "out/annotations").glob("*.json")
    before, after = json.loads(file.read_text()), json.loads(made.read_text())
    assert made.stat().st_size <= 1.1 * file.stat().st_size
    for key in before:
        if key in ("images", "annotations"):
            known = {row["id"]: row for row in before[key]}
            assert {row["id"]: row for row in after[key]} == known
        else:
            assert after[key] == before[key]
    assert [image["id"] for image in after["images"]] == [image["id"] for image in before["images"]]
