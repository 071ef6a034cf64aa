"""What no format knows is told with the nearest thing that works, as a command to copy."""

import json
import shlex

import pytest
from door_sets import image, text, voc_xml

from maskwright import formats
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _nearest


def refused(path) -> FormatError:
    with pytest.raises(FormatError) as caught:
        formats.read(path)
    assert "ade20k, bitmaps" not in str(caught.value), "a list of all formats helps nobody"
    return caught.value


def test_an_empty_folder_is_an_error(tmp_path) -> None:
    assert refused(tmp_path).found == "no format recognises this: nothing is in it"
    (tmp_path / "deep" / "er").mkdir(parents=True)
    assert refused(tmp_path).found.endswith("nothing is in it")
    assert formats.find(tmp_path) == []


def test_a_table_of_ours(tmp_path) -> None:
    (tmp_path / "view.parquet").write_bytes(b"PAR1....PAR1")
    for place in (tmp_path, tmp_path / "view.parquet"):
        assert f"maskwright snapshot DATASET {tmp_path / 'view.parquet'} --read" in refused(place).todo


def test_videos(tmp_path) -> None:
    (tmp_path / "my clip.mp4").write_bytes(b"\0")
    command = f"maskwright import {shlex.quote(str(tmp_path / 'my clip.mp4'))} DATASET"
    for place in (tmp_path, tmp_path / "my clip.mp4"):
        error = refused(place)
        assert "video" in error.found
        assert command in error.todo


@pytest.mark.parametrize("name", ["best.pt", "model.safetensors", "x.ckpt", "net.onnx"])
def test_models(tmp_path, name) -> None:
    (tmp_path / name).write_bytes(b"\0" * 20)
    error = refused(tmp_path / name)
    assert error.found == "no format recognises this: it is a model's file, not labels"
    assert f"maskwright model show {tmp_path / name}" in error.todo


@pytest.mark.parametrize(
    ("name", "what"), [("x.rar", "archive of a kind"), ("x.tar.zst", "archive of a kind"), ("x.h5", "a .h5 container")]
)
def test_what_is_packed_in_other_ways(tmp_path, name, what) -> None:
    (tmp_path / name).write_bytes(b"\0" * 20)
    assert what in refused(tmp_path / name).found
    assert what in refused(tmp_path).found


def test_a_dataset(tmp_path) -> None:
    from maskwright import Dataset
    from maskwright.core.classes import Class, Classes

    Dataset.create(tmp_path / "a set", Classes([Class(1, "cell")])).close()
    error = refused(tmp_path / "a set")
    assert error.found == "is a dataset, not a format of labels"
    assert f"maskwright export {shlex.quote(str(tmp_path / 'a set'))} FOLDER -f coco" in error.todo


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("x.json", [{"DataRow ID": 1, "Label": {}}], "an old export of Labelbox"),
        ("x.json", {"metadata": {}, "instances": []}, "SuperAnnotate JSON"),
        ("x.json", {"version": 0, "tags": [], "shapes": [], "tracks": []}, "CVAT's JSON of a backup"),
        ("x.json", [{"jsonResponse": {}, "externalId": "a"}], "Kili JSON"),
    ],
)
def test_files_of_other_tools_say_what_would_be_read(tmp_path, name, content, what) -> None:
    file = text(tmp_path / "set" / name, json.dumps(content))
    assert refused(file).found == f"no format recognises this: it looks like {what}, which is not read"
    assert refused(file).todo.startswith("What would be read: ")
    image(tmp_path / "set" / "images" / "a.jpg")
    error = refused(tmp_path / "set")
    assert what in error.found
    assert f"maskwright import {tmp_path / 'set'} DATASET -f unlabelled" in error.todo


def test_a_file_that_is_nearly_coco_says_what_it_lacks(tmp_path) -> None:
    file = text(tmp_path / "x.json", json.dumps({"annotations": [], "categories": []}))
    error = refused(file)
    assert error.found == "no format recognises this: it looks like coco, but lacks images"
    assert f"maskwright import {file} DATASET -f coco" in error.todo
    other = text(tmp_path / "y.json", json.dumps({"foo": 1, "bar": 2}))
    assert "with the keys foo, bar" in refused(other).found


def test_results_name_their_truth(tmp_path) -> None:
    rows = [{"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [0, 0, 4, 4]}]
    file = text(tmp_path / "results.json", json.dumps(rows))
    error = refused(file)
    assert f"maskwright import {file} DATASET -f coco -o truth=INSTANCES.json" in error.todo
    truth = {"images": [{"id": 1, "file_name": "a.jpg", "width": 6, "height": 4}], "annotations": [],
             "categories": [{"id": 1, "name": "cell"}]}  # fmt: skip
    text(tmp_path / "val.json", json.dumps(truth))
    assert f"-o truth={tmp_path / 'val.json'}" in refused(file).todo
    text(tmp_path / "other.json", json.dumps(truth | {"images": [truth["images"][0] | {"id": 2}]}))
    assert f"-o truth={tmp_path / 'val.json'}" in refused(file).todo, "the one that lists the results' images"


def test_xml(tmp_path) -> None:
    file = voc_xml(tmp_path / "set" / "a.xml", "a.jpg")
    assert f"maskwright import {tmp_path / 'set'} DATASET -f voc" in refused(file).todo
    content = "<annotation><filename>a.jpg</filename><object><polygon><pt><x>1</x></pt></polygon></object></annotation>"
    error = refused(text(tmp_path / "mit" / "b.xml", content))
    assert "MIT's LabelMe" in error.found
    assert f"maskwright import {tmp_path / 'mit'} DATASET -f labelme-xml -o images=FOLDER" in error.todo
    content = '<Annotations><Annotation Id="1"><Regions></Regions></Annotation></Annotations>'
    error = refused(text(tmp_path / "slides" / "c.xml", content))
    assert "Aperio ImageScope" in error.found
    assert f"maskwright import {tmp_path / 'slides'} DATASET -f aperio -o images=FOLDER" in error.todo


def test_one_file_of_a_set_names_its_folder(tmp_path) -> None:
    file = text(tmp_path / "set" / "notes.rst", "x")
    assert f"maskwright import {tmp_path / 'set'} DATASET" in refused(file).todo
    assert "only 1 file (.rst)" in refused(tmp_path / "set").found


@pytest.mark.parametrize(
    ("name", "right"),
    [("yolov8", "yolo"), ("YOLO", "yolo"), ("coco-instances", "coco"), ("coco_json", "coco"), ("pascal_voc", "voc"),
     ("masks", "label-map"), ("lable-map", "label-map"), ("kaggle", "rle-csv"), ("images", "unlabelled"),
     ("labelstudio", "label-studio")],
)  # fmt: skip
def test_a_formats_name_with_a_slip(tmp_path, name, right) -> None:
    with pytest.raises(UsageError, match=f"Did you mean '{right}'") as caught:
        formats.read(tmp_path, name)
    assert f"maskwright import {tmp_path} DATASET -f {right}" in caught.value.todo
    with pytest.raises(UsageError, match=f"Did you mean '{right}'"):
        formats.write([], None, tmp_path / "out", name)


def test_aliases_are_of_formats_that_are_there() -> None:
    assert set(_nearest.ALIASES) <= set(formats.names())
    aliases = [alias for others in _nearest.ALIASES.values() for alias in others]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(formats.names())
    with pytest.raises(UsageError, match="There are: ade20k"):
        formats.read(".", "qqqqqqq")
