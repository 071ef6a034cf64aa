"""Keys, splits and names of classes are never paths: what writers make of them lies in their folder, or is refused."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright import formats, media, registry
from maskwright.core.classes import Class, Classes
from maskwright.core.names import key_problem
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, MaskwrightError, UsageError

NAMES = formats.writers()
HOSTILE = {
    "up": "../../PWNED", "up inside": "a/../../../PWNED", "only up": "..", "here": ".", "empty": "", "twice": "a//PWNED",
    "backslashes": "..\\..\\PWNED", "drive": "C:\\PWNED", "NUL": "PWN\0ED", "line": "a\nPWNED", "long": "PWNED" * 1000,
    "one long part": "a/" + "PWNED" * 60 + "/b", "right to left": "PWNED\u202egnp", "half a pair": "PWNED\ud800",
    "absolute": "{tmp}/PWNED",
}  # fmt: skip


def hostile(name: str, tmp_path: Path) -> str:
    return HOSTILE[name].format(tmp=tmp_path) if name == "absolute" else HOSTILE[name]


def tree(folder: Path) -> dict[str, bytes | str | None]:
    """Everything below a folder, hidden or not: files with their bytes, links with where they lead, folders."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink()) if path.is_symlink()
        else path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }  # fmt: skip


def module_of(name: str):
    return registry.load("formats", name)


@pytest.fixture
def sample(tmp_path) -> Sample:
    (tmp_path / "pictures").mkdir()
    picture = tmp_path / "pictures" / "p.png"
    Image.fromarray(np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3)).save(picture)
    values = np.zeros((12, 10), np.int64)
    values[2:6, 3:7] = 1
    values[8:, :4] = 5
    return Sample("good", ImageRef(str(picture), (12, 10)), Segments.from_label_map(values, ignore=[0]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("images", ["copy", "link", "none"])
def test_hostile_keys_are_refused_before_anything_is_written(name, images, sample, classes, tmp_path) -> None:
    before = tree(tmp_path)
    for kind in HOSTILE:
        samples = [sample, replace(sample, key=hostile(kind, tmp_path))]
        with pytest.raises(FormatError, match="the key") as raised:
            formats.write(samples, classes, tmp_path / "deep" / "out", name, allow_loss=True, images=images)
        assert len(str(raised.value)) < 600, "what is shown of a key is bounded"
        assert str(raised.value).isprintable() or "\n  " in str(raised.value)
        assert tree(tmp_path) == before, kind
    number = replace(sample)
    object.__setattr__(number, "key", 5)  # which no sample can be made with
    with pytest.raises(FormatError, match="the key is a int"):
        formats.write([number], classes, tmp_path / "out", name, allow_loss=True, images=images)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("images", ["copy", "link", "none"])
def test_no_writer_makes_a_file_outside_its_folder(name, images, sample, classes, tmp_path) -> None:
    """The writers alone, without the check in front of them."""
    stage = tmp_path / "x" / "a" / "out"
    for kind in HOSTILE:
        before = tree(tmp_path)
        stage.mkdir(parents=True)
        try:
            module_of(name).write([replace(sample, key=hostile(kind, tmp_path))], classes, stage, images=images)
        except (MaskwrightError, OSError, ValueError):
            pass  # some formats cannot do without pictures, and Pillow not without a suffix
        shutil.rmtree(stage)
        stage.parent.rmdir()
        stage.parent.parent.rmdir()
        assert tree(tmp_path) == before, kind


@pytest.mark.parametrize("name", NAMES)
def test_no_writer_follows_a_link_out_of_its_folder(name, sample, classes, tmp_path) -> None:
    module_of(name).write([sample], classes, made(tmp_path / "plain"), images="copy")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("mine")
    for path in sorted((tmp_path / "plain").rglob("*")):
        stage = made(tmp_path / "out")
        link = stage / path.relative_to(tmp_path / "plain")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(tmp_path / "outside" if path.is_dir() else tmp_path / "outside" / "file")
        before = tree(tmp_path / "outside")
        with pytest.raises((MaskwrightError, FileExistsError)):
            module_of(name).write([sample], classes, stage, images="copy")
        assert tree(tmp_path / "outside") == before, path
        shutil.rmtree(stage)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_linked_picture_is_no_way_out(name, sample, classes, tmp_path) -> None:
    """A picture that is a folder elsewhere, and a key that leads through the link to it."""
    (tmp_path / "pictures" / "folder.png").mkdir()
    first = replace(sample, key="a", image=replace(sample.image, uri=str(tmp_path / "pictures" / "folder.png")))
    before = tree(tmp_path)
    samples = [first, replace(sample, key="a.png/PWNED"), replace(sample, key="a/images/a.png/PWNED")]
    try:
        formats.write(samples, classes, tmp_path / "out", name, allow_loss=True, images="link")
    except MaskwrightError:
        assert tree(tmp_path) == before
    else:
        shutil.rmtree(tmp_path / "out")
        assert tree(tmp_path) == before


@pytest.mark.parametrize("name", NAMES)
def test_hostile_splits_are_refused(name, sample, classes, tmp_path) -> None:
    before = tree(tmp_path)
    for kind in HOSTILE:
        split = hostile(kind, tmp_path)
        if not split:
            continue
        with pytest.raises(FormatError, match="the split"):
            formats.write([replace(sample, split=split)], classes, tmp_path / "x" / "out", name, allow_loss=True)
        assert tree(tmp_path) == before, kind
        stage = made(tmp_path / "alone")
        try:
            module_of(name).write([replace(sample, split=split)], classes, stage)
        except (MaskwrightError, AttributeError, TypeError, UnicodeEncodeError):
            pass
        shutil.rmtree(stage)
        assert tree(tmp_path) == before, kind


@pytest.mark.parametrize("name", NAMES)
def test_names_of_classes_are_no_paths(name, sample, tmp_path) -> None:
    wicked = [hostile(kind, tmp_path) for kind in ("up", "absolute", "backslashes", "drive", "long")]
    classes = Classes(Class(number, text, "thing") for number, text in zip((1, 5, 6, 7, 8), wicked, strict=True))
    before = tree(tmp_path)
    formats.write([sample], classes, tmp_path / "out", name, allow_loss=True)
    shutil.rmtree(tmp_path / "out")
    assert tree(tmp_path) == before


#: Keys and splits that are one file by the rules of some format.
NEIGHBOURS = [
    [("a", None), ("a_masks", None)], [("a/b/1", None), ("a_b/1", None)], [("a", None), ("a.png/b", None)],
    [("maskwright", None), ("labels", None)], [("video/1", None), ("1", None)], [("x/1", None), ("x/01", None)],
    [("a", None), ("a/images/b", None)], [("a", None), ("a/masks/b", None)], [("c", "a/b"), ("b/c", "a")],
    [("instances_txt/x", None), ("x/1", None)], [("A", None), ("a", None)], [("a", "x/y"), ("b", "x_y")],
    [("a", "default"), ("b", None)],
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("images", ["copy", "link"])
def test_two_samples_are_two_or_told(name, images, sample, classes, tmp_path) -> None:
    """Neither writes over the other, nor, through a link, over a picture."""
    before = tree(tmp_path)
    for pair in NEIGHBOURS:
        samples = [replace(sample, key=key, split=split) for key, split in pair]
        ordered = samples if images == "copy" else samples[::-1]
        try:
            formats.write(ordered, classes, tmp_path / "out", name, allow_loss=True, check=True, images=images)
        except FormatError:
            assert tree(tmp_path) == before, pair
            continue
        assert {each_sample.key for each_sample in formats.read(tmp_path / "out", name).samples} == {
            key for key, _ in pair
        }
        shutil.rmtree(tmp_path / "out")
        assert tree(tmp_path) == before, pair


def test_a_linked_picture_is_not_written_over(sample, classes, tmp_path) -> None:
    """The label of `a` and the picture of `a_masks` have one name there, and the picture is a link to the original."""
    before = tree(tmp_path)
    samples = [replace(sample, key=key) for key in ("a_masks", "a")]
    with pytest.raises(FormatError, match=r"two things would be written to 'a_masks.png'"):
        formats.write(samples, classes, tmp_path / "out", "instance-map", allow_loss=True, images="link")
    assert tree(tmp_path) == before


def test_two_videos_of_one_name_are_told(sample, classes, tmp_path) -> None:
    samples = [replace(sample, key=key) for key in ("a/b/1", "a_b/2")]
    with pytest.raises(FormatError, match="two videos would be called 'a_b'"):
        formats.write(samples, classes, tmp_path / "out", "mots", allow_loss=True)


@pytest.mark.parametrize("name", NAMES)
def test_one_letter_has_one_form(name, sample, classes, tmp_path) -> None:
    """A key whose letters are not composed is written as the composed one, and comes back so."""
    formats.write([replace(sample, key="cafe\u0301")], classes, tmp_path / "out", name, allow_loss=True, check=True)
    assert [each_sample.key for each_sample in formats.read(tmp_path / "out", name).samples] == ["caf\u00e9"]


# -- reading ------------------------------------------------------------------------------------------------------------


def renamed(source: Path, target: Path, text: str) -> None:
    """A set whose only sample `good` is called otherwise, in the names of files and in what they hold."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source).as_posix().replace("good", text)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes()
        if path.suffix in (".json", ".csv", ".txt", ".xml", ".geojson"):
            inside = json.dumps(text, ensure_ascii=False)[1:-1] if path.suffix in (".json", ".geojson") else text
            inside = inside.replace("\t", "&#9;") if path.suffix == ".xml" else inside
            data = data.replace(b"good", inside.encode())
        place.write_bytes(data)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("text", "key"), [("go\\od", "go/od"), ("e\u0301", "\u00e9"), ("a\tb", "a_b"), ("y" * 230, "")]
)
def test_foreign_keys_are_made_good_and_kept(name, text, key, sample, classes, tmp_path) -> None:
    """Pictures are found by the name that the file gives; the note says what became of it."""
    if (name, text) in (("labelme", "go\\od"), ("label-studio", "a\tb")):
        pytest.skip("the format itself reads another name there: Windows' slashes, and no tabs in addresses")
    if len(text) > 200 and name in ("cityscapes", "supervisely", "instance-map", "nifti", "bitmaps"):
        text = text[:210]
    formats.write([sample], classes, tmp_path / "good", name, allow_loss=True)
    renamed(tmp_path / "good", tmp_path / "foreign", text)
    reading = formats.read(tmp_path / "foreign", name)
    (found,) = reading.samples
    assert key_problem(found.key) is None
    assert media.read(found.image).display().shape == (12, 10, 3)
    assert len(found.segments) in (1, 2)
    assert key in found.key
    assert found.fields["original_key"].endswith(text)
    (note,) = [note for note in reading.notes if "original_key" in note]
    assert note.startswith("1 keys could not stay, such as '")
    assert len(note) < 400
    formats.write([found], reading.classes, tmp_path / "again", name, allow_loss=True, check=True)


def coco(name: str) -> tuple[str, str]:
    image = {"id": 1, "file_name": name, "height": 12, "width": 10}
    note = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 3, 3], "segmentation": [[1, 1, 4, 1, 4, 4, 1, 4]]}
    return "labels.json", json.dumps(
        {"images": [image], "categories": [{"id": 1, "name": "cat"}], "annotations": [note]}
    )


def cvat(name: str) -> tuple[str, str]:
    return "annotations.xml", (
        "<annotations><meta><task><labels><label><name>cat</name></label></labels></task></meta>"
        f'<image id="0" name="{name}" width="10" height="12"><polygon label="cat" points="1,1;4,1;4,4"/></image>'
        "</annotations>"
    )


def datumaro(name: str) -> tuple[str, str]:
    item = {"id": name.removesuffix(".png"), "annotations": [], "image": {"path": name, "size": [12, 10]}}
    head = {"categories": {"label": {"labels": [{"name": "cat"}]}}, "infos": {}}
    return "annotations/train.json", json.dumps({**head, "items": [item]})


def via(name: str) -> tuple[str, str]:
    return "via_region_data.json", json.dumps({"x": {"filename": name, "size": 1, "regions": []}})


def rle_csv(name: str) -> tuple[str, str]:
    return "train.csv", f"ImageId,EncodedPixels,ClassId,height,width\n{name},1 3,1,12,10\n"


def panoptic(name: str) -> tuple[str, str]:
    return "panoptic.json", json.dumps(
        {"images": [{"id": 1, "file_name": name, "height": 12, "width": 10}], "categories": [{"id": 1, "name": "cat"}],
         "annotations": [{"image_id": 1, "file_name": "empty.png", "segments_info": []}]}
    )  # fmt: skip


FOREIGN = {"coco": coco, "coco-panoptic": panoptic, "cvat": cvat, "datumaro": datumaro, "via": via, "rle-csv": rle_csv}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_name_that_leads_elsewhere_is_read_there_and_never_written(name, sample, classes, tmp_path) -> None:
    made_by: Callable[[str], tuple[str, str]] = FOREIGN[name]
    home = tmp_path / "set" / "deep"
    file, text = made_by("../../x.png")
    (home / file).parent.mkdir(parents=True)
    (home / file).write_text(text)
    Image.fromarray(np.zeros((12, 10), np.uint8)).save(home / "empty.png")
    base = home / "images" / "train" if name == "datumaro" else home
    base.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sample.image.uri, (base / "../../x.png").resolve())
    before = tree(tmp_path)
    reading = formats.read(home, name)
    (found,) = reading.samples
    assert found.key == "x"
    assert found.fields["original_key"] == "../../x"
    (note,) = [note for note in reading.notes if "became" in note]
    assert "'../../x' became 'x'" in note
    for target in NAMES:
        images = "none" if name == "rle-csv" else "copy"  # its table does not lead to pictures elsewhere
        try:
            formats.write([found], reading.classes, tmp_path / "out", target, allow_loss=True, images=images)
        except (FormatError, FileNotFoundError):
            assert images == "none"
        else:
            shutil.rmtree(tmp_path / "out")
        assert tree(tmp_path) == before, target


def test_keys_that_become_the_same_are_told_apart(sample, tmp_path) -> None:
    names = ["x.png", "../x.png", "../../x.png", "..\\x.png", "y.png"]
    images = [{"id": k, "file_name": name, "height": 12, "width": 10} for k, name in enumerate(names)]
    content = {"images": images, "categories": [{"id": 1, "name": "cat"}], "annotations": []}
    (tmp_path / "labels.json").write_text(json.dumps(content))
    reading = formats.read(tmp_path / "labels.json", "coco", plausible=False)
    found = list(reading.samples)
    keys = [item.key for item in found]
    assert len(set(keys)) == 5
    assert keys[0] == "x" and keys[4] == "y"
    assert all(key.startswith("x-") for key in keys[1:4])
    assert [item.fields.get("original_key") for item in found] == [None, "../x", "../../x", "..\\x", None]
    assert reading.notes == [
        f"3 keys could not stay, such as '../x' became '{keys[1]}'; the field original_key has the old one"
    ]
    assert [each_sample.key for each_sample in formats.read(tmp_path / "labels.json", "coco").samples] == keys, (
        "the same every time"
    )


@pytest.mark.parametrize("name", ["a" * 5000 + ".png", "a\0b.png", "a\ud800.png", ["list"], {"a": 1}, 7])
def test_names_that_no_file_can_have_give_a_sentence(name, tmp_path) -> None:
    image = {"id": 1, "file_name": name if isinstance(name, str) else "x.png", "height": 12, "width": 10}
    if not isinstance(name, str):
        image["maskwright"] = {"key": name}
    content = {"images": [image], "categories": [{"id": 1, "name": "cat"}], "annotations": []}
    (tmp_path / "labels.json").write_text(json.dumps(content))
    try:
        reading = formats.read(tmp_path / "labels.json", "coco")
        (found,) = reading.samples
    except FormatError as error:
        assert "labels.json" in str(error)
        assert len(str(error)) < 600
    else:
        assert key_problem(found.key) is None
        json.dumps(dict(found.fields)).encode()
        assert "\0" not in found.fields["original_key"]


# -- overwriting --------------------------------------------------------------------------------------------------------


def test_overwriting_needs_to_be_said_and_keeps_the_old_until_the_new_is_whole(make_samples, classes, tmp_path) -> None:
    samples = make_samples(3)
    formats.write(samples[:1], classes, tmp_path / "out", "coco")
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="--overwrite"):
        formats.write(samples, classes, tmp_path / "out", "coco")
    Path(samples[2].image.uri).rename(tmp_path / "away.png")
    with pytest.raises(FormatError, match="not there"):
        formats.write(samples, classes, tmp_path / "out", "coco", overwrite=True)
    (tmp_path / "away.png").rename(samples[2].image.uri)
    assert tree(tmp_path) == before
    formats.write(samples, classes, tmp_path / "out", "yolo", overwrite=True, allow_loss=True)
    assert formats.sniff(tmp_path / "out") == "yolo"
    assert not (tmp_path / "out" / "annotations").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_folder_with_pictures_of_the_samples_is_not_overwritten(make_samples, classes, tmp_path) -> None:
    formats.write(make_samples(2), classes, tmp_path / "out", "coco")
    reading = formats.read(tmp_path / "out")
    found = list(reading.samples)
    before = tree(tmp_path)
    for images in ("copy", "link", "none"):
        with pytest.raises(UsageError, match="the image of a sample"):
            formats.write(found, reading.classes, tmp_path / "out", "coco", overwrite=True, images=images)
        assert tree(tmp_path) == before
