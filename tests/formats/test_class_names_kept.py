"""Which formats have a place for the names of classes: a set is read again without what maskwright says of itself."""

import csv

import pytest

from maskwright import formats
from maskwright.core.classes import Class, Classes

#: Of what is written, the names that come back: all of them, those of classes that neither are the background nor
#: ignored, those that a segment has, or none, where the format has no place for any.
PLACE = {
    "bitmaps": "none", "cityscapes": "none", "coco": "all", "coco-panoptic": "all", "cvat": "all", "datumaro": "all",
    "davis": "none", "geojson": "used", "instance-map": "none", "label-map": "all", "label-studio": "classes",
    "labelme": "all", "mots": "none", "nifti": "labels", "rle-csv": "none", "supervisely": "all", "via": "used",
    "voc": "classes", "yolo": "all", "youtube-vos": "used",
}  # fmt: skip


def test_every_writer_has_a_line() -> None:
    assert sorted(PLACE) == formats.writers()


@pytest.mark.parametrize("name", PLACE)
def test_names_come_back_where_the_format_has_a_place(name, make_samples, classes, tmp_path) -> None:
    samples = make_samples(3)
    formats.write(samples, classes, tmp_path / "out", name, allow_loss=True)
    for file in [*tmp_path.glob("out/maskwright.*")]:
        file.unlink()
    reading = formats.read(tmp_path / "out", name)
    found = {class_.name for class_ in reading.classes}
    plain = {class_.name for class_ in classes if class_.role == "class"}
    used = {classes[class_id].name for sample in samples for class_id in sample.segments.class_ids.tolist()}
    wanted = {
        "all": {class_.name for class_ in classes}, "classes": plain, "used": used & found, "none": set(),
        "labels": {class_.name for class_ in classes if class_.role != "background"},
    }[PLACE[name]]  # fmt: skip
    assert wanted == found & {class_.name for class_ in classes}
    if PLACE[name] == "used":
        assert {classes[class_id].name for class_id in samples[0].segments.visible().class_ids.tolist()} & found


def test_a_label_map_says_its_classes_by_value(make_samples, tmp_path) -> None:
    classes = Classes([Class(0, "ground", "stuff", "background"), Class(1, "cat"), Class(5, 'a, "dog"'), Class(9, "é")])
    formats.write(make_samples(2), classes, tmp_path / "out", "label-map", allow_loss=True)
    text = (tmp_path / "out" / "_classes.csv").read_text(encoding="utf-8")
    assert text.splitlines()[:3] == ["Pixel Value, Class", "0,ground", "1,cat"]
    rows = list(csv.reader(text.splitlines()))[1:]
    assert rows == [["0", "ground"], ["1", "cat"], ["5", 'a, "dog"'], ["9", "é"]]
    for file in tmp_path.glob("out/maskwright.*"):
        file.unlink()
    assert formats.sniff(tmp_path / "out") == "label-map"
