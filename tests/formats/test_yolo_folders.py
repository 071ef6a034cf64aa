"""YOLO's folders as people have them: each kind is read, or refused in one sentence that says what to do."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright import formats, media
from maskwright.core.sample import Sample
from maskwright.errors import FormatError

#: Pixels 0 … 30 across and 0 … 20 down of an image of 60 by 40: points name pixels.
LINE = "0 0 0 0.5 0 0.5 0.5 0 0.5\n"
AREA = 31 * 21


def made(home: Path, yaml: str | bytes | None, files: dict[str, str | bytes], *, images: list[str]) -> Path:
    for name in images:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), (90, 120, 30)).save(home / name)
    if yaml is not None:
        files = {"data.yaml": yaml, **files}
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return home


def usual(home: Path, yaml: str | bytes, text: str | bytes = LINE) -> Path:
    return made(home, yaml, {"labels/train/a.txt": text}, images=["images/train/a.jpg"])


def found(path: Path, format: str | None = None, **options: Any) -> tuple[list[Sample], list[str], list[str]]:
    """Samples, class names and notes; every image can be looked at."""
    reading = formats.read(path, format, plausible=False, **options)
    samples = list(reading.samples)
    assert all(media.read(sample.image).display().shape == (40, 60, 3) for sample in samples)
    return samples, [class_.name for class_ in reading.classes], reading.notes


def areas(samples: list[Sample]) -> dict[str, list[int]]:
    return {sample.key: sample.segments.masks.areas().tolist() for sample in samples}


NAME_THEM = "name them with --option names=a,b,… or in a file classes.txt, a name a line"
HEAD = "train: images/train\nnames: [cell]\n"


@pytest.mark.parametrize(
    "line", ["images/train/a.jpg", "./images/train/a.jpg", "data/images/train/a.jpg", "/content/set/images/train/a.jpg", r"C:\set\images\train\a.jpg"]
)  # fmt: skip
@pytest.mark.parametrize("home", ["", "."])
def test_a_list_of_images(tmp_path, line, home) -> None:
    path = usual(tmp_path / "set", f"{'path: .' if home else ''}\ntrain: train.txt\nnames:\n  0: cell\n")
    (path / "train.txt").write_text(f"{line}\n\nimages/train/gone.jpg\n")
    samples, names, notes = found(path)
    assert areas(samples) == {"a": [AREA]}
    assert (samples[0].split, names) == ("train", ["cell"])
    assert any(
        "1 of the 2 images that train.txt lists are not there, such as 'images/train/gone.jpg'" in note
        for note in notes
    )
    assert any("by their last parts" in note for note in notes) == (not line.startswith(("images", "./")))


def test_a_list_of_folders(tmp_path) -> None:
    yaml = "train: [images/train, images/extra]\nnames: [cell]\n"
    texts = {"labels/train/a.txt": LINE, "labels/extra/b.txt": LINE}
    path = made(tmp_path, yaml, texts, images=["images/train/a.jpg", "images/extra/b.jpg"])
    assert areas(found(path)[0]) == {"a": [AREA], "extra/b": [AREA]}


def test_folders_beside_the_file_named_from_above(tmp_path) -> None:
    yaml = "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['cell']\n"
    texts = {"train/labels/a.txt": LINE, "valid/labels/b.txt": LINE}
    samples, _, notes = found(made(tmp_path, yaml, texts, images=["train/images/a.jpg", "valid/images/b.jpg"]))
    assert areas(samples) == {"a": [AREA], "b": [AREA]}
    assert [sample.split for sample in samples] == ["train", "val"]
    assert notes == []


@pytest.mark.parametrize(
    ("key", "split"), [("valid", "val"), ("val", "val"), ("validation", "val"), ("minival", "minival")]
)
def test_names_of_splits(tmp_path, key, split) -> None:
    yaml = f"train: images/train\n{key}: images/{key}\ntest:\nnames: [cell]\n"
    texts = {"labels/train/a.txt": LINE, f"labels/{key}/b.txt": LINE}
    samples, _, _ = found(made(tmp_path, yaml, texts, images=["images/train/a.jpg", f"images/{key}/b.jpg"]))
    assert [(sample.key, sample.split) for sample in samples] == [("a", "train"), ("b", split)]


@pytest.mark.parametrize("name", ["classes.txt", "obj.names"])
def test_names_without_settings(tmp_path, name) -> None:
    path = made(tmp_path, None, {name: "\ufeffcell\r\nwall\r\n", "labels/a.txt": LINE}, images=["images/a.jpg"])
    samples, names, notes = found(path)
    assert formats.sniff(path) == "yolo"
    assert areas(samples) == {"a": [AREA]}
    assert (names, notes) == (["cell", "wall"], [])


def test_texts_beside_the_images(tmp_path) -> None:
    path = made(tmp_path, None, {"classes.txt": "cell\n", "a.txt": LINE}, images=["a.jpg"])
    assert formats.sniff(path) == "yolo"
    assert areas(found(path)[0]) == {"a": [AREA]}


@pytest.mark.parametrize("given", [".", "obj.data"])
def test_obj_data(tmp_path, given) -> None:
    texts = {
        "obj.names": "cell\n", "train.txt": "data/obj_train_data/a.jpg\n", "obj_train_data/a.txt": LINE,
        "obj.data": "classes = 1\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n",
    }  # fmt: skip
    path = made(tmp_path, None, texts, images=["obj_train_data/a.jpg"])
    assert formats.sniff(path / given) == "yolo"
    samples, names, _ = found(path / given)
    assert areas(samples) == {"obj_train_data/a": [AREA]}
    assert (samples[0].split, names) == ("train", ["cell"])


def test_folders_of_images_and_labels_alone(tmp_path) -> None:
    texts = {"labels/a.txt": LINE + "7" + LINE[1:], "labels/b.txt": ""}
    path = made(tmp_path, None, texts, images=["images/a.jpg", "images/b.jpg"])
    samples, names, notes = found(path)
    assert formats.sniff(path) == "yolo"
    assert areas(samples) == {"a": [AREA, AREA], "b": []}
    assert samples[0].segments.class_ids.tolist() == [0, 7]
    assert names == ["class_0", "class_7"]
    named = f"the classes; they are called by the numbers that the labels have: class_0, class_7; {NAME_THEM}"
    assert notes == [f"nothing names {named}"]


def test_labels_that_are_empty_or_missing(tmp_path) -> None:
    path = made(tmp_path, HEAD, {"labels/train/a.txt": "\n"}, images=["images/train/a.jpg", "images/train/b.jpg"])
    samples, _, notes = found(path)
    assert areas(samples) == {"a": [], "b": []}
    assert notes == ["1 images have no file of labels, and no segments"]
    (path / "data.yaml").write_text(f"{HEAD}skip_if_label_file_missing: true\n")
    assert areas(found(path)[0]) == {"a": []}


def test_boxes_and_polygons_mixed(tmp_path) -> None:
    samples, _, notes = found(usual(tmp_path, HEAD, "0 0.5 0.5 0.2 0.2\n" + LINE))
    segments = samples[0].segments
    assert segments.masks.areas().tolist() == [12 * 8, AREA]
    assert segments.more["box"][0] == pytest.approx([24, 16, 36, 24])
    assert segments.more["box"][1] is None
    assert notes == ["1 lines of five numbers among lines of polygons were read as boxes"]


def test_scores_and_tracks_at_the_end(tmp_path) -> None:
    text = LINE.strip() + " 0.87\n0 0.5 0.5 0.2 0.2 0.9\n0 0.5 0.5 0.2 0.2 12\n"
    samples, _, notes = found(usual(tmp_path, HEAD, text))
    segments = samples[0].segments
    assert segments.masks.areas().tolist() == [AREA, 96, 96]
    assert np.array_equal(segments.scores, [0.87, 0.9, np.nan], equal_nan=True)
    assert segments.attributes == [{}, {}, {"track": 12}]
    assert notes[1:] == [
        "2 lines end with a score",
        "1 lines end with a whole number, which is the attribute track",
    ]


def test_keypoints_behind_boxes(tmp_path) -> None:
    yaml = HEAD + "kpt_shape: [2, 3]\n"
    samples, _, notes = found(usual(tmp_path, yaml, "0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 1\n"))
    assert areas(samples) == {"a": [96]}
    assert notes == ["1 lines have keypoints after their box, which were left out"]
    (tmp_path / "data.yaml").write_text(HEAD + "kpt_shape: two\n")
    with pytest.raises(FormatError, match="its kpt_shape is two; two whole numbers"):
        formats.read(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + LINE.encode(), LINE.encode("utf-16"), LINE.replace("\n", "\r\n"), LINE.replace(" ", ","), LINE.replace(" ", ", "),
        LINE.replace(" ", "\t"), "0.0" + LINE[1:], "\n\n" + LINE + "\n",
    ],
)  # fmt: skip
def test_texts_of_every_make(tmp_path, text) -> None:
    samples, _, notes = found(usual(tmp_path, HEAD, text))
    assert areas(samples) == {"a": [AREA]}
    assert notes == []


@pytest.mark.parametrize(
    ("yaml", "names", "words"),
    [
        ("names: {0: cell}", ["cell"], None), ("names: {'0': cell}", ["cell"], None), ("names:\n- cell\n- wall", ["cell", "wall"], None),
        ("nc: 2", ["class_0", "class_1"], "data.yaml names no classes; they are called class_0 to class_1; " + NAME_THEM),
        ("names: [cell, cell]", ["cell", "cell (1)"], "classes 0 and 1 are both called 'cell'; 1 is 'cell (1)'"),
        ("names: [zelleü]", ["zelleü"], None), ("names: [1, yes]", ["1", "True"], None),
    ],
)  # fmt: skip
def test_names_in_any_form(tmp_path, yaml, names, words) -> None:
    _, read, notes = found(usual(tmp_path, f"train: images/train\n{yaml}\n"))
    assert read == names
    assert notes == ([words] if words else [])


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8-sig", []), ("latin-1", ["data.yaml is not UTF-8; it was read as Windows-1252 (latin-1)"])],
)
def test_encodings_of_settings(tmp_path, encoding, note) -> None:
    path = usual(tmp_path, HEAD.replace("cell", "zelleü").encode(encoding))
    assert formats.sniff(path) == "yolo"
    assert found(path)[1:] == (["zelleü"], note)


def test_paths_with_backslashes(tmp_path) -> None:
    assert areas(found(usual(tmp_path, "path: .\ntrain: images\\train\nnames: [cell]\n"))[0]) == {"a": [AREA]}


@pytest.mark.parametrize("root", ["/content/drive/MyDrive/set", "C:\\data\\set", "../datasets/set"])
def test_paths_of_another_machine(tmp_path, root) -> None:
    yaml = f"path: {root}\ntrain: {root}/images/train\nval: {root}/images/val\nnames: [cell]\n"
    samples, _, notes = found(usual(tmp_path / "here", yaml))
    assert areas(samples) == {"a": [AREA]}
    assert notes == [
        f"train: {f'{root}/images/train'!r} is not there; {tmp_path / 'here/images/train'} was read",
        f"the val folder {f'{root}/images/val'!r} is not there",
    ]


def test_a_root_of_another_machine_and_folders_below_it(tmp_path) -> None:
    assert areas(found(usual(tmp_path, f"path: /content/set\n{HEAD}"))[0]) == {"a": [AREA]}


def test_one_name_in_two_splits(tmp_path) -> None:
    yaml = "train: images/train\nval: images/val\nnames: [cell]\n"
    images = ["images/train/a.jpg", "images/train/b.jpg", "images/val/a.jpg"]
    texts = {"labels/train/a.txt": LINE, "labels/val/a.txt": LINE * 2}
    samples, _, _ = found(made(tmp_path, yaml, texts, images=images))
    assert areas(samples) == {"train/a": [AREA], "b": [], "val/a": [AREA, AREA]}


def test_one_name_with_two_suffixes(tmp_path) -> None:
    path = made(tmp_path, HEAD, {"labels/train/a.txt": LINE}, images=["images/train/a.jpg", "images/train/a.png"])
    assert areas(found(path)[0]) == {"a.jpg": [AREA], "a.png": [AREA]}


@pytest.mark.parametrize("whole", [True, False])
def test_links_to_folders(tmp_path, whole) -> None:
    made(tmp_path / "elsewhere", None, {}, images=["a.jpg"])
    path = made(
        tmp_path / "set",
        HEAD if whole else HEAD.replace("images/train", "images"),
        {"labels/train/a.txt": LINE},
        images=[],
    )
    (path / "images").mkdir()
    (path / "images" / "train").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "elsewhere")
    assert areas(found(path)[0]) == {"a": [AREA]}


def test_a_link_to_an_image(tmp_path) -> None:
    made(tmp_path / "elsewhere", None, {}, images=["x.jpg"])
    path = made(tmp_path / "set", HEAD, {"labels/train/a.txt": LINE}, images=[])
    (path / "images" / "train").mkdir(parents=True)
    (path / "images" / "train" / "a.jpg").symlink_to(tmp_path / "elsewhere" / "x.jpg")
    assert areas(found(path)[0]) == {"a": [AREA]}


def test_two_splits_of_one_folder(tmp_path) -> None:
    samples, _, notes = found(usual(tmp_path, "train: images/train\nval: images/train\nnames: [cell]\n"))
    assert areas(samples) == {"a": [AREA]}
    assert notes == ["1 images of val are images of train as well, and are read as those"]


def test_coordinates_a_little_outside(tmp_path) -> None:
    text = "0 -0.1 -0.1 1.2 -0.1 1.2 1.2 -0.1 1.2\n0 -0.005 0 1.005 0 1 1\n"
    samples, _, notes = found(usual(tmp_path, HEAD, text))
    assert areas(samples)["a"][0] == 60 * 40
    assert notes == ["1 lines leave the image by more than 1 % of its size, and their masks are cut at its edge"]
    text = "0 0.9 0.5 0.3 0.2\n0 0.9 0.5 0.21 0.2\n"
    samples, _, notes = found(usual(tmp_path, HEAD, text))
    assert samples[0].segments.masks.boxes()[0].tolist() == [45, 16, 60, 24]
    assert [note.split(" of")[0] for note in notes] == ["1 lines leave the image by more than 1 %"]


def test_an_image_that_is_broken_is_named(tmp_path) -> None:
    path = usual(tmp_path, HEAD)
    (path / "images/train/b.jpg").write_bytes(b"nope")
    with pytest.raises(FormatError, match=r"images/train/b\.jpg: not a readable image"):
        list(formats.read(path).samples)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 0.1 0.1 0.2\n", "line 1: has 3 coordinates; a box needs 4"),
        ("0 0.1 0.1 0.2 0.2\n3 0 0 1 0 1 1\n", "line 2: has the unknown class 3; a class with a name: 0 to 1.*Add its name to names"),
        ("0.5 0 0 1 0 1 1\n", "line 1: has the unknown class 0.5"), ("cat 0.1\n", "line 1: 'cat 0.1' is not made of numbers"),
        ("0 nan 0 1 0 1 1\n", "line 1: has a coordinate that is not a finite number"),
        ("0 0 0 30 0 30 20 0 20\n", "line 1: has the coordinate 30; coordinates relative to the image's width and height.*Divide pixels"),
        ("0 0 0 -40 0 1 1\n", "has the coordinate -40"), ("0 0.5 0.5 -0.2 0.2\n", "has a box of negative size"),
        ("0 0.5 0.5 0.2 0.2 1.5\n", "has 5 coordinates; an even number of them, and perhaps a score from 0 to 1"),
        (b"\xff\xfa\x00\x01", "not a text file"),
    ],
)  # fmt: skip
def test_mistakes_name_their_line(tmp_path, text, words) -> None:
    with pytest.raises(FormatError, match=f"(?s){words}"):
        found(usual(tmp_path, "names: [cell, wall]\ntrain: images/train\n", text), "yolo")


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("names: {", "not valid YAML"), ("train: x\n", "lists no class names"), ("names: [a]\n", "lists no image"), ("names: cat\n", "names is 'cat'"),
        ("names: [a]\ntrain: images/gone\n", "lists no image that is there; the train folder 'images/gone' is not there"),
        ("names: {a: b}\ntrain: x\n", "its class names cannot be read"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(tmp_path, yaml, words) -> None:
    (tmp_path / "data.yaml").write_text(yaml)
    with pytest.raises(FormatError, match=words):
        formats.read(tmp_path, "yolo")


def test_folders_that_hold_something_else(tmp_path) -> None:
    made(tmp_path, None, {"labels/a.txt": "a cat sits\n"}, images=["images/a.jpg"])
    with pytest.raises(FormatError, match="no format recognises this"):
        formats.sniff(tmp_path)
    (tmp_path / "labels" / "a.txt").unlink()
    with pytest.raises(FormatError, match=r"no data\.yaml here, and no image with a text of labels"):
        formats.read(tmp_path, "yolo")


def test_settings_of_something_else_are_passed_over(tmp_path) -> None:
    texts = {
        "classes.txt": "cell\n",
        "labels/a.txt": LINE,
        "tool.yaml": "a: 1\n",
        "b.yml": "{",
        "x.data": b"\xff\xfe\x00",
    }
    assert areas(found(made(tmp_path, None, texts, images=["images/a.jpg"]))[0]) == {"a": [AREA]}
    (tmp_path / "zoo.yaml").write_text("path: .\ntrain: images\nnames: [cat]\n")
    samples, names, _ = found(tmp_path)
    assert (samples[0].split, names) == ("train", ["cat"])


def test_a_relative_place(tmp_path, monkeypatch) -> None:
    usual(tmp_path / "set", f"path: .\n{HEAD}")
    monkeypatch.chdir(tmp_path)
    assert areas(found(Path("set"))[0]) == {"a": [AREA]}
    assert areas(found(Path(os.curdir) / "set" / "data.yaml")[0]) == {"a": [AREA]}


def test_boxes_without_a_pixel_are_told(tmp_path: Path) -> None:
    """A width of 0, as a program writes it that counts both edges in: the box stays, its mask is empty."""
    place = usual(tmp_path, "train: images/train\nnames: [cell]\n", "0 0.5 0.5 0 0.2\n0 0.5 0.5 0.2 0.2\n")
    (sample,), _, notes = found(place)
    assert sample.segments.masks.areas().tolist() == [0, 96]
    assert sample.segments.column("box")[0] == [30, 16, 30, 24]
    assert "1 boxes hold no pixel's centre, and their masks are empty" in notes


def test_polygons_without_a_pixel_are_told(tmp_path: Path) -> None:
    text = "0 1.1 0.1 1.2 0.1 1.2 0.3\n" + LINE
    samples, _, notes = found(usual(tmp_path, HEAD, text))
    assert areas(samples) == {"a": [0, AREA]}
    assert "1 polygons have no pixel in the image, and their masks are empty" in notes


BOX = "0 0.5 0.5 0.2 0.2"
RING = LINE.strip()
NAN = float("nan")


@pytest.mark.parametrize(
    ("lines", "scores", "tracks"),
    [
        # Boxes as a tracker writes them, with a score and without: the track 1 is one beside others.
        ([f"{BOX} 1", f"{BOX} 2"], [NAN, NAN], [1, 2]),
        ([f"{BOX} 1", f"{BOX} 1"], [1, 1], [None, None]),
        ([f"{BOX} 1", f"{BOX} 0.75", f"{BOX} 7"], [NAN, 0.75, NAN], [1, None, 7]),
        ([f"{BOX} 0.875 1", f"{BOX} 1 2"], [0.875, 1], [1, 2]),
        ([f"{BOX} 0.875 1"], [0.875], [1]),
        ([f"{RING} 1", f"{RING} 3"], [NAN, NAN], [1, 3]),
        ([f"{RING} 0.5 1", f"{RING} 0.25 12"], [0.5, 0.25], [1, 12]),
        ([f"{RING} 0.5 12"], [0.5], [12]),
        ([f"{BOX} 0.4 0.4 2 0.6 0.6 1 0.5 4", f"{BOX} 0.4 0.4 2 0.6 0.6 1 0.75 1"], [0.5, 0.75], [4, 1]),
        ([f"{BOX} 0.4 0.4 2 0.6 0.6 1 0.5"], [0.5], [None]),
    ],
)  # fmt: skip
def test_what_trackers_write(tmp_path, lines, scores, tracks) -> None:
    """Ultralytics' `save_txt`, with `save_conf` or without: the whole file tells what its lines end with."""
    pose = "0.4 0.4 2" in lines[0]
    yaml = HEAD + ("kpt_shape: [2, 3]\n" if pose else "")
    samples, _, notes = found(usual(tmp_path, yaml, "\n".join(lines)))
    segments = samples[0].segments
    assert areas(samples) == {"a": [AREA if RING in lines[0] else 96] * len(lines)}
    assert np.array_equal(segments.scores, scores, equal_nan=True)
    assert [row.get("track") for row in segments.attributes] == tracks
    number = sum(track is not None for track in tracks)
    assert (f"{number} lines end with a whole number, which is the attribute track" in notes) == bool(number)


@pytest.mark.parametrize(
    "lines",
    [
        ["0 0.1 0.1 0.5 0.1 0.5 1"],  # a triangle down to the edge: as a box it would leave the image
        ["0 0.4 0.5 0.6 0.7 0.5 1", "0 0.4 0.5 0.2 0.7 0.5 1"],  # no two tracks are alike
        ["0 0.4 0.5 0.6 0.7 0.5 1.0"],
        ["0 0.4 0.5 0.6 0.7 0.5 1", RING],
        [RING, "0 0 0 0.5 0 0.5 0.5 0 1"],
        ["0 0.5 0.5 0.9 0.1 1 0.5 1 0.9 0.5 1"],  # five points, of which two touch the edges, are not two keypoints
        ["0 0.4 0.4 0.6 0.4 0.6 0.7 1.0"],
    ],
)
def test_polygons_that_end_like_a_track_or_a_keypoint(tmp_path, lines) -> None:
    samples, _, _ = found(usual(tmp_path, HEAD, "\n".join(lines)))
    shapes = [shape["shape"] for shape in samples[0].segments.more["geometry"]]
    assert shapes == ["polygon"] * len(lines)
    assert all(row == {} for row in samples[0].segments.attributes)


@pytest.mark.parametrize(
    "lines",
    [
        [f"{BOX} 0.4 0.4 2 0.6 0.6 1 0 0 0", f"{BOX} 0.4 0.4 2 0.6 0.6 1 0 0 0"],
        [f"{BOX} 0.4 0.4 2 0.6 0.6 1"],
        [f"{BOX} 0.45 0.5 1"],
        [f"{BOX} 0.45 0.5 2.000000"],
        [BOX + " 0.4 0.45 1.000000" * 17],
    ],
)
def test_keypoints_that_no_setting_tells(tmp_path, lines) -> None:
    samples, _, notes = found(usual(tmp_path, HEAD, "\n".join(lines)))
    assert areas(samples) == {"a": [96] * len(lines)}
    assert notes == [f"{len(lines)} lines have keypoints after their box, which were left out"]


def test_labels_that_no_image_has(tmp_path: Path) -> None:
    texts = {f"labels/train/{name}.txt": LINE for name in ("a", "b.1", "c", "gone")}
    texts |= {"labels/train/empty.txt": "", "labels/train/classes.txt": "cell\n", "labels/train/notes.txt": "hm\n"}
    images = [f"images/train/{name}.jpg" for name in ("a", "b.1", "c")]
    path = made(tmp_path / "set", "train: train.txt\nnames: [cell]\n", {**texts, "train.txt": "images/train/a.jpg\n"}, images=images)  # fmt: skip
    place = path / "labels/train/empty.txt"
    assert found(path)[2] == [f"2 files of labels have no image and were left out, such as {place}"]
    (path / "data.yaml").write_text(HEAD)
    assert len(found(path)[0]) == 3
    assert found(path)[2] == [f"2 files of labels have no image and were left out, such as {place}"]
    # Of a folder none of whose names fit, and of texts beside images.
    other = made(tmp_path / "other", HEAD, {"labels/train/x.txt": LINE}, images=["images/train/a.jpg"])
    assert any(str(other / "labels/train/x.txt") in note for note in found(other)[2])
    texts = {"a.txt": LINE, "x.txt": LINE, "train.txt": "a.jpg\n", "classes.txt": "cell\n"}
    beside = made(tmp_path / "beside", None, texts, images=["a.jpg"])
    notes = found(beside)[2]
    assert notes == [f"1 files of labels have no image and were left out, such as {beside / 'x.txt'}"]


def test_names_are_given(tmp_path: Path) -> None:
    bare = made(tmp_path / "bare", None, {"labels/a.txt": LINE}, images=["images/a.jpg"])
    assert found(bare, names=["cell", "wall"])[1:] == (["cell", "wall"], [])
    assert found(bare, names="cell,wall")[1] == ["cell", "wall"]
    counted = usual(tmp_path / "counted", "train: images/train\nnc: 3\n")
    assert found(counted, names=["cell", "wall"])[1:] == (["cell", "wall"], [])
    # They stand in place of those that the set has, and do not change how it is drawn.
    own = "maskwright: [{id: 4, name: dog, kind: thing, role: class}]\n"
    named = usual(tmp_path / "named", f"train: images/train\nnames: [dog]\n{own}")
    samples, names, notes = found(named, names=["cell"])
    assert (names, notes, areas(samples)) == (["cell"], [], {"a": [30 * 20]})
    with pytest.raises(FormatError, match="unknown class 0"):
        found(usual(tmp_path / "none", "train: images/train\nnames: {1: cell}\n"))
    (tmp_path / "none/data.yaml").write_text("train: images/train\n")
    with pytest.raises(
        FormatError, match=r"(?s)lists no class names.*Name them with --option names=a,b,… or in a file"
    ):
        found(tmp_path / "none", "yolo")


def test_settings_one_folder_above_are_told(tmp_path: Path, monkeypatch) -> None:
    yaml = "train: train/images\nnames: [cell]\n"
    made(tmp_path / "set", yaml, {"train/labels/a.txt": LINE}, images=["train/images/a.jpg"])
    said = f"{tmp_path / 'set/data.yaml'} was not read, and may name classes and splits: give its folder to read all"
    assert said in found(tmp_path / "set/train")[2]
    monkeypatch.chdir(tmp_path / "set/train")
    assert said in found(Path())[2]
    assert found(tmp_path / "set")[2] == []
    (tmp_path / "set/data.yaml").write_text("a: 1\n")
    assert [note.split(";")[0] for note in found(tmp_path / "set/train")[2]] == ["nothing names the classes"]


def test_a_number_of_classes_that_is_another_is_told(tmp_path: Path) -> None:
    for number, notes in ((3, ["data.yaml says nc: 3, and has 1 names, which were taken"]), (1, []), ("x", [])):
        _, names, told = found(usual(tmp_path, f"{HEAD}nc: {number}\n"))
        assert (names, told) == (["cell"], notes)


def test_names_that_come_again_are_one_note(tmp_path: Path) -> None:
    _, names, notes = found(usual(tmp_path, f"train: images/train\nnames: {['cell'] * 80}\n"))
    assert (len(set(names)), names[-1]) == (80, "cell (79)")
    assert notes == [
        "79 classes have the name of another, such as: classes 0 and 1 are both called 'cell'; 1 is 'cell (1)'"
    ]
