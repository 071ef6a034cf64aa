"""What lies at a place is found, chosen with reasons, and said."""

import os
import shlex

import pytest
from door_sets import LINE, coco, image, mask, text, via, voc_xml, yolo

from maskwright import formats, media
from maskwright.errors import FormatError
from maskwright.formats._label_signs import signs_of_labels
from maskwright.formats._listing import Listing, listing


def read(path, format=None, **options):
    reading = formats.read(path, format, **options)
    samples = list(reading.samples)
    for sample in samples:
        assert media.read(sample.image).display().shape == (*sample.image.size, 3)
    return reading, samples


def areas(samples) -> dict:
    return {sample.key: sample.segments.masks.areas().tolist() for sample in samples}


def test_a_place_comes_with_reasons(tmp_path) -> None:
    yolo(tmp_path / "set")
    (best, *others) = formats.find(tmp_path / "set")
    assert (best.format, best.path, best.parts, best.left_out) == ("yolo", tmp_path / "set", (), ())
    assert "data.yaml names 2 classes" in best.reasons
    assert "1 image file, 1 .txt file, 1 .yaml file" in best.reasons
    assert all(other.score < best.score for other in others)
    reading, samples = read(tmp_path / "set")
    assert reading.chosen == best
    assert not any("read from" in note for note in reading.notes)  # it is what was named
    assert [sample.split for sample in samples] == ["train"]


@pytest.mark.parametrize("wrapper", ["set", "download/data/set"])
def test_a_set_in_a_folder_of_its_own(tmp_path, wrapper) -> None:
    yolo(tmp_path / "x" / wrapper)
    text(tmp_path / "x" / "README.md", "hello")
    reading, samples = read(tmp_path / "x")
    assert reading.chosen.path == tmp_path / "x" / wrapper
    assert reading.notes[0].startswith(f"read from {tmp_path / 'x' / wrapper} as yolo: data.yaml names 2 classes")
    assert list(areas(samples)) == ["a"]


def test_what_is_too_deep_is_not_looked_for(tmp_path) -> None:
    yolo(tmp_path / "a" / "b" / "c" / "d" / "e")
    assert not [way for way in formats.find(tmp_path) if way.format == "yolo"]


@pytest.mark.parametrize("part", ["labels", "images", "labels/train", "images/train", "data.yaml", "classes.txt"])
def test_a_part_of_a_set_means_the_set(tmp_path, part) -> None:
    yolo(tmp_path / "set")
    text(tmp_path / "set" / "classes.txt", "cell\nwall\n")
    reading, samples = read(tmp_path / "set" / part)
    assert reading.chosen.format == "yolo"
    assert len(areas(samples)) == 1
    if part != "data.yaml":
        assert f"{part.split('/')[-1]} is a part of it" in reading.notes[0]


def test_the_folder_of_annotations_and_its_file_are_the_set(tmp_path) -> None:
    coco(tmp_path / "annotations" / "instances_train.json")
    image(tmp_path / "images" / "train" / "a.jpg")
    for part in (".", "annotations", "annotations/instances_train.json"):
        assert areas(read(tmp_path / part)[1]) == {"a": [200]}


def test_a_folder_that_is_no_part_is_not_looked_above(tmp_path) -> None:
    yolo(tmp_path / "set")
    image(tmp_path / "set" / "photos" / "x.jpg")
    reading, samples = read(tmp_path / "set" / "photos")
    assert reading.chosen.format == "unlabelled"
    assert [sample.key for sample in samples] == ["x"]


def test_two_sets_beside_each_other_are_refused_with_commands(tmp_path) -> None:
    yolo(tmp_path / "it's" / "one")
    coco(tmp_path / "it's" / "two" / "annotations" / "instances_train.json")
    image(tmp_path / "it's" / "two" / "images" / "a.jpg")
    with pytest.raises(FormatError, match="it holds 2 sets of labels") as caught:
        formats.choose(tmp_path / "it's")
    for way in formats.find(tmp_path / "it's"):
        assert way.command() in caught.value.todo
        words = shlex.split(way.command())
        assert words[:2] == ["maskwright", "import"]
        assert words[2] == str(way.path)
        assert words[3:] == ["DATASET", "-f", way.format]
        assert len(list(formats.read(words[2], words[5]).samples)) == 1
    best = formats.find(tmp_path / "it's")[0]
    home = tmp_path / "it's" / "one"
    others = f"1 images that lie elsewhere, such as {home / 'images/train/a.jpg'}, unless these labels name them"
    assert best.left_out == (f"{home}, which looks like yolo (0.77)", others)


def test_loose_json_does_not_hide_the_sets_below(tmp_path) -> None:
    coco(tmp_path / "export.json", ("missing.jpg",))
    yolo(tmp_path / "yolo")
    with pytest.raises(FormatError, match="sets of labels"):
        formats.choose(tmp_path)
    assert formats.choose(tmp_path / "export.json").format == "coco"


def test_two_formats_that_are_as_sure_are_refused(tmp_path, monkeypatch) -> None:
    from maskwright.formats import voc

    yolo(tmp_path)
    monkeypatch.setattr(voc, "sniff", lambda path: 0.8)
    with pytest.raises(FormatError, match=r"it looks like voc and like yolo") as caught:
        formats.sniff(tmp_path)
    assert f"maskwright import {tmp_path} DATASET -f voc" in caught.value.todo
    assert f"maskwright import {tmp_path} DATASET -f yolo" in caught.value.todo


def test_folders_of_splits_are_one_set(tmp_path) -> None:
    for split, label in (("train", "cell"), ("val", "wall")):
        image(tmp_path / split / "a.jpg")
        via(tmp_path / split / "via_region_data.json", "a.jpg", label)
    reading, samples = read(tmp_path)
    assert reading.chosen.parts == (tmp_path / "train", tmp_path / "val")
    assert [(sample.key, sample.split) for sample in samples] == [("train/a", "train"), ("val/a", "val")]
    named = {class_.id: class_.name for class_ in reading.classes}
    assert [named[int(sample.segments.class_ids[0])] for sample in samples] == ["cell", "wall"]
    assert sorted(named.values()) == ["cell", "wall"]
    assert any("class ids differ between the parts" in note for note in reading.notes)


def test_splits_may_stand_above(tmp_path) -> None:
    for split in ("train", "val"):
        coco(tmp_path / split / "Annotations" / f"set_{split}.json")
        image(tmp_path / split / "images" / "a.jpg")
    reading, samples = read(tmp_path)
    assert [part.name for part in reading.chosen.parts] == ["Annotations", "Annotations"]
    assert [(sample.key, sample.split) for sample in samples] == [
        ("train/Annotations/a", "train"), ("val/Annotations/a", "val"),
    ]  # fmt: skip


def test_a_given_format_is_looked_for_as_well(tmp_path) -> None:
    yolo(tmp_path / "wrapper" / "set")
    reading, samples = read(tmp_path / "wrapper", "yolo")
    assert reading.chosen.path == tmp_path / "wrapper" / "set"
    assert list(areas(samples)) == ["a"]
    yolo(tmp_path / "wrapper" / "other")  # which of two is not guessed
    with pytest.raises(FormatError):
        read(tmp_path / "wrapper", "yolo")


def test_what_find_gave_can_be_read(tmp_path) -> None:
    yolo(tmp_path / "wrapper" / "set")
    (way, *_) = formats.find(tmp_path / "wrapper")
    assert areas(read(way)[1]) == areas(read(tmp_path / "wrapper")[1])


# -- Listing -----------------------------------------------------------------------------------------------


def test_links_are_followed_once(tmp_path) -> None:
    image(tmp_path / "far" / "a.jpg")
    (tmp_path / "set" / "deep").mkdir(parents=True)
    image(tmp_path / "set" / "own.jpg")
    (tmp_path / "set" / "one").symlink_to(tmp_path / "far")
    (tmp_path / "set" / "two").symlink_to(tmp_path / "far")
    (tmp_path / "set" / "deep" / "up").symlink_to(tmp_path / "set")
    (tmp_path / "set" / ".hidden.jpg").touch()
    found = [file.relative_to(tmp_path / "set").as_posix() for file in Listing().files(tmp_path / "set")]
    assert found == ["one/a.jpg", "own.jpg"]


def test_each_folder_is_listed_once(tmp_path, monkeypatch) -> None:
    yolo(tmp_path)
    text(tmp_path / "empty.txt", "")
    listed = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(str(path)) or scan(path))
    with listing() as kept:
        for _ in range(3):
            list(kept.folders(tmp_path))
            kept.files(tmp_path)
            kept.files(tmp_path / "images")
            kept.of_kind(tmp_path, ".txt")
            kept.of_stem(tmp_path / "images" / "train", "a")
    assert len(listed) == len(set(listed)) == 5


def test_files_are_sorted_as_paths_are(tmp_path) -> None:
    for name in ("a/z.jpg", "a.jpg", "a-b/x.jpg", "B.jpg", "a/b/c.jpg"):
        image(tmp_path / name)
    kept = Listing()
    assert kept.files(tmp_path) == sorted(file for file in tmp_path.rglob("*") if file.is_file())
    assert kept.files(tmp_path / "a") == sorted(file for file in (tmp_path / "a").rglob("*") if file.is_file())
    assert kept.of_stem(tmp_path, "a") == ["a.jpg"]


# -- Images without labels ---------------------------------------------------------------------------------


def test_images_without_labels_are_samples(tmp_path) -> None:
    for name in ("train/a.jpg", "val/a.jpg", "b.png"):
        image(tmp_path / "photos" / name)
    text(tmp_path / "photos" / "README.txt", "mine")
    reading, samples = read(tmp_path / "photos")
    assert reading.chosen.format == "unlabelled"
    assert [(sample.key, sample.split) for sample in samples] == [
        ("b", None), ("train/a", "train"), ("val/a", "val"),
    ]  # fmt: skip
    assert all(not len(sample.segments) for sample in samples)
    assert reading.classes.names == ["object"]
    assert "3 images without labels: nothing here is read as labels" in reading.notes
    reading, samples = read(tmp_path / "photos" / "b.png", classes="cell, wall")
    assert reading.classes.names == ["cell", "wall"]
    assert [sample.key for sample in samples] == ["b"]
    image(tmp_path / "photos" / "b.jpg")  # two of one name may be an image and its label
    assert list(areas(read(tmp_path / "photos", "unlabelled")[1])) == ["b", "b.png", "train/a", "val/a"]


def test_a_file_of_many_images_is_left_out_and_named(tmp_path) -> None:
    from PIL import Image

    image(tmp_path / "a.jpg")
    pages = [Image.new("L", (6, 4), value) for value in (1, 2)]
    pages[0].save(tmp_path / "z.tif", save_all=True, append_images=pages[1:])
    reading, samples = read(tmp_path, "unlabelled")
    assert [sample.key for sample in samples] == ["a"]
    assert any("1 files hold many images each and were left out" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("make", "sign"),
    [
        (lambda home: text(home / "x.json", "{}"), "1 .json file"),
        (lambda home: mask(home / "ground truth" / "zz.png"), "1 image in ground truth/"),
        (lambda home: image(home / "zz_mask.jpg"), "1 image named like masks"),
        (lambda home: image(home / "other" / "a.jpg"), "1 image with the name of another"),
        (lambda home: image(home / "a.png"), "1 image with the name of another"),
        (lambda home: mask(home / "layer" / "q.png"), "images of a few values, as masks have them, 2 of 4"),
    ],
)
def test_what_may_be_labels_is_never_taken_for_images(tmp_path, make, sign) -> None:
    image(tmp_path / "a.jpg")
    image(tmp_path / "b.jpg")
    assert formats.sniff(tmp_path) == "unlabelled"
    make(tmp_path)
    assert sign in signs_of_labels(tmp_path, Listing())
    with pytest.raises(FormatError, match="no format recognises this") as caught:
        formats.sniff(tmp_path)
    assert f"maskwright import {tmp_path} DATASET -f unlabelled" in caught.value.todo
    assert len(list(formats.read(tmp_path, "unlabelled").samples)) >= 2


def test_names_that_are_alike_in_splits_are_no_sign(tmp_path) -> None:
    image(tmp_path / "train" / "0001.jpg")
    image(tmp_path / "val2017" / "0001.jpg")
    assert signs_of_labels(tmp_path, Listing()) == []


# -- Layouts that need a format's own eye ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("xml", "picture"),
    [("a.xml", "a.jpg"), ("Annotations/a.xml", "images/a.jpg"), ("annotations/a.xml", "imgs/a.jpg"),
     ("labels/x.xml", "images/a.jpg"), ("annotations/train/a.xml", "images/train/a.jpg")],
)  # fmt: skip
def test_voc_xml_beside_its_images(tmp_path, xml, picture) -> None:
    voc_xml(tmp_path / xml, "a.jpg")
    image(tmp_path / picture)
    reading, (sample,) = read(tmp_path)
    assert reading.chosen.format == "voc"
    assert sample.segments.masks.areas().tolist() == [200]
    assert reading.classes[int(sample.segments.class_ids[0])].name == "cell"
    assert sample.split == ("train" if "train" in xml else None)


def test_voc_images_may_lie_elsewhere(tmp_path) -> None:
    voc_xml(tmp_path / "set" / "Annotations" / "a.xml", "a.jpg")
    image(tmp_path / "photos" / "a.jpg")
    with pytest.raises(FormatError, match="-o images=FOLDER"):
        list(formats.read(tmp_path / "set", "voc").samples)
    (sample,) = read(tmp_path / "set", "voc", images=str(tmp_path / "photos"))[1]
    assert sample.segments.masks.areas().tolist() == [200]


def test_yolo_images_may_lie_elsewhere(tmp_path) -> None:
    text(tmp_path / "set" / "labels" / "train" / "a.txt", LINE)
    text(tmp_path / "set" / "classes.txt", "cell\n")
    image(tmp_path / "photos" / "train" / "a.jpg")
    (sample,) = read(tmp_path / "set", "yolo", images=str(tmp_path / "photos"))[1]
    assert (sample.key, sample.split) == ("a", "train")
    assert len(sample.segments) == 1
    with pytest.raises(FormatError, match="no such folder of images"):
        read(tmp_path / "set", "yolo", images="nowhere")


def test_darknet_and_a_set_one_level_down(tmp_path) -> None:
    home = tmp_path / "download"
    text(home / "darknet" / "obj.names", "cell\n")
    text(home / "darknet" / "obj.data", "classes = 1\ntrain = data/train.txt\nnames = data/obj.names\n")
    text(home / "darknet" / "train.txt", "data/obj_train_data/a.jpg\n")
    text(home / "darknet" / "obj_train_data" / "a.txt", LINE)
    image(home / "darknet" / "obj_train_data" / "a.jpg")
    for place in (home, home / "darknet", home / "darknet" / "obj_train_data", home / "darknet" / "obj.names"):
        reading, samples = read(place)
        assert reading.chosen.format == "yolo", place
        assert len(samples) == 1


@pytest.mark.parametrize("picture", ["images/train2017/a.jpg", "pool/x/a.jpg"])
def test_coco_images_lie_somewhere_near(tmp_path, picture) -> None:
    coco(tmp_path / "annotations" / "set_train.json")
    image(tmp_path / picture)
    reading, (sample,) = read(tmp_path)
    assert sample.image.uri == str(tmp_path / picture)
    assert any("images were found in" in note for note in reading.notes)


def test_coco_images_of_one_name_are_told_apart_by_the_split_alone(tmp_path) -> None:
    coco(tmp_path / "annotations" / "set_train.json")
    image(tmp_path / "pool" / "training" / "a.jpg")
    image(tmp_path / "pool" / "validation" / "a.jpg", 10)
    (sample,) = read(tmp_path)[1]
    assert sample.image.uri == str(tmp_path / "pool" / "training" / "a.jpg")
    image(tmp_path / "more" / "training" / "a.jpg")
    (sample,) = formats.read(tmp_path).samples
    assert not os.path.exists(sample.image.uri)  # noqa: PTH110 - which of two is not guessed


def test_a_folder_of_images_and_masks_is_one_image_only_where_it_says_so(tmp_path) -> None:
    for split in ("train", "val"):
        image(tmp_path / split / "images" / "a.jpg")
        mask(tmp_path / split / "masks" / "a.png")
    assert formats.sniff(tmp_path) == "label-map"
    image(tmp_path / "cells" / "x" / "images" / "x.png")
    mask(tmp_path / "cells" / "x" / "masks" / "1.png")
    assert formats.sniff(tmp_path / "cells") == "bitmaps"


def test_isaid_is_read_from_its_coco_files(tmp_path) -> None:
    for split in ("train", "val"):
        coco(tmp_path / split / "Annotations" / f"iSAID_{split}.json")
        image(tmp_path / split / "images" / "images" / "a.jpg")
        mask(tmp_path / split / "Semantic_masks" / "images" / "a_instance_color_RGB.png")
        mask(tmp_path / split / "Instance_masks" / "images" / "a_instance_id_RGB.png")
    reading, samples = read(tmp_path)
    assert reading.chosen.format == "coco"
    assert sorted(sample.split for sample in samples) == ["train", "val"]
    assert "Instance_masks, Semantic_masks hold the same objects as colours and were left out" in reading.notes
