"""VGG Image Annotator: read as the programs that make masks of its files do, and given back as it was."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import maskwright as mw
from maskwright import formats, registry
from maskwright.core import drawn
from maskwright.errors import FormatError, UsageError

SIZE = (40, 60)


def region(name: str = "polygon", attributes: dict[str, Any] | None = None, **shape: Any) -> dict[str, Any]:
    if name in ("polygon", "polyline") and not shape:
        shape = {"all_points_x": [0, 20, 20, 0], "all_points_y": [0, 0, 10, 10]}
    return {
        "shape_attributes": {"name": name, **shape},
        "region_attributes": {"class": "b"} if attributes is None else attributes,
    }


def labelled(folder: Path, *regions: dict[str, Any], **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    Image.new("RGB", SIZE[::-1]).save(folder / "a.jpg")
    entry = {"filename": "a.jpg", "size": 123, "regions": list(regions), "file_attributes": {}, **more}
    (folder / "via_region_data.json").write_text(json.dumps({"a.jpg123": entry}))
    return folder


def only(folder: Path, **options: Any) -> tuple[Any, Any]:
    reading = formats.read(folder, "via", **options)
    (sample,) = reading.samples
    return reading, sample


def balloon(shape: dict[str, Any], size: tuple[int, int] = SIZE) -> np.ndarray:
    """As Mask R-CNN's balloon sample makes a mask of a region."""
    draw = pytest.importorskip("skimage.draw")
    out = np.zeros(size, bool)
    out[draw.polygon(shape["all_points_y"], shape["all_points_x"], size)] = True
    return out


def test_polygons_are_read_as_masks_are_made_of_them_or_along_their_edges(tmp_path) -> None:
    points = {"all_points_x": [3, 20, 11.5], "all_points_y": [2, 5, 30]}
    _, sample = only(labelled(tmp_path, region(**points)))
    assert np.array_equal(sample.segments.masks[0].decode(), balloon(points))
    _, edges = only(tmp_path, rule="edges")
    polygon = mw.Polygon([[list(zip(points["all_points_x"], points["all_points_y"], strict=True))]])
    assert edges.segments.masks[0] == mw.Mask.from_polygon(polygon, SIZE)
    with pytest.raises(UsageError, match="rule"):
        formats.read(tmp_path, rule="thumb")


UNTOUCHED = [
    region(all_points_x=[3, 20, 11.5], all_points_y=[2, 5, 30]),
    region("rect", x=5, y=6.5, width=10, height=4, attributes={"class": "a", "ripe": {"yes": True, "no": False}}),
    region("circle", cx=20, cy=20, r=7.25, attributes={"class": "b", "number": "5"}),
    region("ellipse", cx=30, cy=20, rx=9, ry=4, theta=0.5),
    region("polyline", all_points_x=[1, 9, 9, 1], all_points_y=[1, 1, 9, 1]),
]


def test_regions_that_nobody_changed_are_given_back(tmp_path) -> None:
    labelled(tmp_path / "set", *UNTOUCHED, file_attributes={"caption": "night", "stars": "3"})
    reading, sample = only(tmp_path / "set")
    assert sample.segments.column("box") == (None, [5, 6.5, 15, 10.5], None, None, None)
    assert [value["shape"] for value in sample.segments.column("geometry")] == [
        "polygon",
        "rectangle",
        "ellipse",
        "ellipse",
        "polygon",
    ]
    assert sample.segments.column("geometry")[3]["turn"] == pytest.approx(np.rad2deg(0.5))
    assert sample.fields == {"caption": "night", "stars": 3}
    lost = formats.write([sample], reading.classes, tmp_path / "out", "via", check=True)
    assert not lost
    (entry,) = json.loads((tmp_path / "out" / "via_region_data.json").read_bytes()).values()
    assert [row["shape_attributes"] for row in entry["regions"]] == [row["shape_attributes"] for row in UNTOUCHED]
    for row, before in zip(entry["regions"], UNTOUCHED, strict=True):
        assert row["region_attributes"].items() >= before["region_attributes"].items()
    assert entry["file_attributes"] == {"caption": "night", "stars": "3"}


@pytest.mark.parametrize("seed", range(4))
def test_masks_are_made_of_what_we_write(make_samples, classes, tmp_path, seed) -> None:
    samples = make_samples(6, seed=seed)
    formats.write(samples, classes, tmp_path / "out", "via", check=True)
    entries = json.loads((tmp_path / "out" / "via_region_data.json").read_bytes()).values()
    regions = {Path(entry["filename"]).with_suffix("").as_posix(): entry["regions"] for entry in entries}
    for sample in samples:
        made = [balloon(row["shape_attributes"], sample.image.size) for row in regions[sample.key]]
        assert np.array_equal(np.array(made).reshape(-1, *sample.image.size), sample.segments.masks.decode())


def test_what_changed_or_means_other_pixels_is_drawn_anew(tmp_path) -> None:
    reading, sample = only(
        labelled(tmp_path / "set", region(), region("rect", x=5, y=6, width=10, height=4)), rule="edges"
    )
    segments = sample.segments
    more = {**segments.more, "geometry": [segments.column("geometry")[0], None]}
    masks = mw.Masks.stack([segments.masks[0], segments.masks[1].dilate(1)], SIZE)
    sample = replace(sample, segments=segments.replace(masks=masks, more=more))
    lost = formats.write([sample], reading.classes, tmp_path / "out", "via", check=True)
    assert [(loss.cause, loss.segment) for loss in lost] == [("geometry", 1), ("box", 2)]
    (entry,) = json.loads((tmp_path / "out" / "via_region_data.json").read_bytes()).values()
    assert [balloon(row["shape_attributes"]).sum() for row in entry["regions"]] == [200, 12 * 6]


def test_sets_that_were_written_along_edges_say_so_by_saying_nothing(tmp_path) -> None:
    labelled(tmp_path, region())
    about = {"format": "via", "classes": mw.Classes([mw.Class(1, "b")]).to_json(), "splits": {"a": None}}
    for more, area in (({}, 200), ({"rule": "edges"}, 200), ({"rule": "skimage"}, 231)):
        (tmp_path / "maskwright.json").write_text(json.dumps(about | more))
        assert only(tmp_path)[1].segments.masks.areas().tolist() == [area]
    (tmp_path / "maskwright.json").write_text(json.dumps(about | {"rule": "thumb"}))
    with pytest.raises(FormatError, match="rule 'thumb'"):
        only(tmp_path)


@pytest.mark.parametrize(
    ("rows", "options", "names", "note"),
    [
        ([{}], {}, ["object"], "1 regions have no attribute that names a class and are of the class 'object'"),
        ([{"a": "x", "b": "y"}], {}, ["object"], "1 regions have no attribute that names a class and are of the class 'object': -o attribute=NAME takes one of a, b"),
        ([{"class": "x"}, {"class": ""}], {}, ["object", "x"], "1 regions have no attribute that names a class and are of the class 'object'"),
        ([{"name": "x", "type": "y"}], {}, ["x"], "classes are named by name, not by type: -o attribute=NAME says otherwise"),
        ([{"name": "x", "type": "y"}], {"attribute": "type"}, ["y"], None),
        ([{"fruit": "x"}], {}, ["x"], None),
    ],
)  # fmt: skip
def test_what_names_the_class_is_told(tmp_path, rows, options, names, note) -> None:
    reading, _ = only(labelled(tmp_path, *(region(attributes=row) for row in rows)), **options)
    assert [class_.name for class_ in reading.classes] == names
    assert reading.notes == ([note] if note else [])


def test_an_open_line_is_left_out_with_a_note(tmp_path) -> None:
    reading, sample = only(labelled(tmp_path, region("polyline"), region()))
    assert len(sample.segments) == 1
    assert reading.notes == ["1 lines and points have no area and were left out"]


HEADER = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
ROW = '{name},123,"{{""caption"":""x""}}",1,{id},"{shape}","{{""class"":""b""}}"\n'
SQUARE = '{""name"":""polygon"",""all_points_x"":[0,20,20,0],""all_points_y"":[0,0,10,10]}'


@pytest.mark.parametrize("start", ["", "\ufeff", "# exported by VIA\n", "#"])
def test_a_csv_says_what_the_json_says(tmp_path, start) -> None:
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", SIZE[::-1]).save(tmp_path / name)
    rows = [ROW.format(name="a.jpg", id=k, shape=SQUARE) for k in range(2)] + ['b.jpg,9,"{}",0,0,"{}","{}"\n']
    (tmp_path / "via_export.csv").write_text(start + HEADER + "".join(rows), encoding="utf-8")
    assert formats.sniff(tmp_path) == formats.sniff(tmp_path / "via_export.csv") == "via"
    first, second = formats.read(tmp_path).samples
    assert first.segments.masks.areas().tolist() == [231, 231]
    assert (len(second.segments), first.fields, second.fields) == (0, {"caption": "x"}, {})


@pytest.mark.parametrize("text", ["a,b\n1,2\n", HEADER + 'a.jpg,1,"{",1,0,"{}","{}"\n', "", b"\xff\xfe\xff"])
def test_csvs_that_are_not_vias_are_named(tmp_path, text) -> None:
    (tmp_path / "via.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FormatError, match=r"via\.csv"):
        only(tmp_path)


@pytest.mark.parametrize(
    "row",
    [region(all_points_x=[1, "x", 2], all_points_y=[1, 2, 3]), region(all_points_x=[1, 2, 3], all_points_y=[1, 2]),
     region("rect", x=1, y=1, width=-4, height=2), region("rect", x=1), region("circle", cx=1, cy=1, r=-1),
     region(all_points_x=[1, 1e12, 2], all_points_y=[1, 2, 3])],
)  # fmt: skip
def test_broken_regions_are_named(tmp_path, row) -> None:
    with pytest.raises(FormatError, match=r"a\.jpg123 region 0"):
        only(labelled(tmp_path, row))


def test_polygons_of_other_files_are_given_where_they_mean_the_same(tmp_path) -> None:
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "a.png")
    ring = [2.5, 2.5, 9.5, 2.5, 9.5, 9.5, 2.5, 9.5]
    mask = formats._rules.RULES["skimage"].draw([[[ring]]], SIZE)
    segments = mw.Segments(mask, [1], more={"geometry": [drawn.polygon([[ring]], "coco")]})
    sample = mw.Sample("a", mw.ImageRef(str(tmp_path / "a.png"), SIZE), segments)
    assert not formats.write([sample], mw.Classes([mw.Class(1, "b")]), tmp_path / "out", "via", check=True)
    (entry,) = json.loads((tmp_path / "out" / "via_region_data.json").read_bytes()).values()
    assert entry["regions"][0]["shape_attributes"]["all_points_x"] == ring[::2]


ATTRIBUTES = {
    "region": {
        "type": {"type": "dropdown", "description": "", "options": {"bird": "", "cat": ""}, "default_options": {}},
        "quality": {"type": "checkbox", "description": "", "options": {"good": "", "frontal": ""}, "default_options": {}},
    },
    "file": {"caption": {"type": "text"}},
}  # fmt: skip


def project(folder: Path, *regions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A project file of VIA 2 in a folder."""
    file = labelled(folder, *regions) / "via_region_data.json"
    size = (folder / "a.jpg").stat().st_size
    (entry,) = json.loads(file.read_bytes()).values()
    file.unlink()
    content = {
        "_via_settings": {"ui": {"annotation_editor_height": 25}, "project": {"name": "p"}},
        "_via_img_metadata": {f"a.jpg{size}": {**entry, "size": size}},
        "_via_attributes": ATTRIBUTES, "_via_data_format_version": "2.0.10", "_via_image_id_list": [f"a.jpg{size}"],
    }  # fmt: skip
    (folder / "via_project_2May2024.json").write_text(json.dumps(content | more))
    return content | more


def test_a_project_comes_back_with_its_attributes_and_empty_check_boxes(tmp_path) -> None:
    rows = [
        region(attributes={"type": "cat", "quality": {}, "label": "x"}),
        region(attributes={"type": "bird", "quality": {"good": True}}),
    ]
    before = project(tmp_path / "set", *rows)
    reading, sample = only(tmp_path / "set", attribute="type")
    assert sample.segments.attributes[0] == {"quality": {}, "label": "x"}
    formats.write([sample], reading.classes, tmp_path / "out", "via", check=True, about=reading.about)
    after = json.loads((tmp_path / "out" / "via_project.json").read_bytes())
    (entry,) = after["_via_img_metadata"].values()
    for row in entry["regions"]:
        del row["region_attributes"]["maskwright_id"]
    assert after == before
    _, back = only(tmp_path / "out")
    assert back.segments.attributes == sample.segments.attributes, "label is an attribute there too"


def test_a_new_class_is_an_option_of_its_attribute(tmp_path) -> None:
    project(tmp_path / "set", region(attributes={"type": "cat"}))
    reading, sample = only(tmp_path / "set")
    dog = mw.Classes([mw.Class(1, "dog")])
    formats.write([sample], dog, tmp_path / "out", "via", about=reading.about)
    after = json.loads((tmp_path / "out" / "via_project.json").read_bytes())
    (entry,) = after["_via_img_metadata"].values()
    assert entry["regions"][0]["region_attributes"]["type"] == "dog"
    assert after["_via_attributes"]["region"]["type"]["options"] == {"bird": "", "cat": "", "dog": ""}


def test_a_class_in_a_check_box_stays_in_it(tmp_path) -> None:
    box = {"region": {"kind": {"type": "checkbox", "options": {"a": "", "b": ""}}}}
    project(tmp_path / "set", region(attributes={"kind": {"a": True, "b": True}}), _via_attributes=box)
    reading, sample = only(tmp_path / "set")
    assert [class_.name for class_ in reading.classes] == ["a,b"]
    formats.write([sample], reading.classes, tmp_path / "out", "via", check=True, about=reading.about)
    after = json.loads((tmp_path / "out" / "via_project.json").read_bytes())
    (entry,) = after["_via_img_metadata"].values()
    assert entry["regions"][0]["region_attributes"]["kind"] == {"a": True, "b": True}
    assert after["_via_attributes"] == box


def test_the_class_attribute_of_exports_keeps_its_name(tmp_path) -> None:
    labelled(tmp_path / "set", region(attributes={"fruit": "apple"}))
    reading, sample = only(tmp_path / "set")
    formats.write([sample], reading.classes, tmp_path / "out", "via", check=True, about=reading.about)
    (entry,) = json.loads((tmp_path / "out" / "via_region_data.json").read_bytes()).values()
    assert entry["regions"][0]["region_attributes"] == {"fruit": "apple", "maskwright_id": "1"}
    formats.write([sample], reading.classes, tmp_path / "plain", "via", check=True)
    (entry,) = json.loads((tmp_path / "plain" / "via_region_data.json").read_bytes()).values()
    assert entry["regions"][0]["region_attributes"] == {"class": "apple", "maskwright_id": "1"}


@pytest.mark.parametrize("text", [b'{"a": {"filename": "a.jpg", "reg', "{}".encode("utf-16")])
def test_a_file_that_cannot_be_read_is_named(text, tmp_path) -> None:
    (tmp_path / "via_region_data.json").write_bytes(text)
    with pytest.raises(FormatError, match=r"via_region_data\.json"):
        registry.load("formats", "via").sniff(tmp_path)
    (tmp_path / "via_region_data.json").write_text("[]")
    assert registry.load("formats", "via").sniff(tmp_path) == 0


def test_labels_alone_state_the_size_of_the_file_that_they_are_of(make_samples, classes, tmp_path) -> None:
    """VIA names a record with its image's size; of images at addresses it has -1."""
    here, gone = make_samples(2)
    gone = replace(gone, image=replace(gone.image, uri="https://elsewhere.example/b.png"))
    formats.write([here, gone], classes, tmp_path / "out", "via", allow_loss=True, images="none")
    written = json.loads((tmp_path / "out" / "via_region_data.json").read_text())
    assert [entry["size"] for entry in written.values()] == [Path(here.image.uri).stat().st_size, -1]
    assert all(key == f"{entry['filename']}{entry['size']}" for key, entry in written.items())
