"""Damaged files of every format: a clean error or a reading, nothing else, and nothing left behind."""

import io
import json
import subprocess
import sys
import zlib
from base64 import b64encode
from pathlib import Path

import damaged_sets
import numpy as np
import pytest
from damage import png_size
from PIL import Image

from maskwright import formats
from maskwright.core import foreign
from maskwright.core.classes import Class, Classes
from maskwright.core.yaml_file import load_yaml
from maskwright.errors import FormatError, UsageError

MODELS = ("safetensors", "pth", "onnx", "database")


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    return damaged_sets.build(tmp_path_factory.mktemp("whole"), lambda name: name not in MODELS)


def test_every_format_and_its_variants_read_whole(targets, tmp_path) -> None:
    assert {name.split(" ")[0] for name in targets} == {*formats.names(), "snapshot"}
    for name, target in targets.items():
        damaged_sets.laid(target, tmp_path / name)
        if name == "segment-anything video":
            assert list(formats.read(tmp_path / name).samples)  # its video is not there
            continue
        for seed in range(3):
            target.door(tmp_path / name, np.random.default_rng(seed))


def test_a_few_damaged_files_of_each_kind(targets, tmp_path) -> None:
    """The same cases as `benchmarks/damaged_files.py --seed 5` tries first."""
    bad = []
    kinds = set()
    for name, target in targets.items():
        for number in range(4):
            outcome = damaged_sets.tried(target, 5, number, tmp_path / name)
            kinds.add(outcome.kind)
            if outcome.kind in ("traceback", "half"):
                bad.append(f"{name}:5:{number} {outcome.text[-300:]}")
    assert not bad, "\n".join(bad)
    assert kinds == {"read", "clean"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_damaged_files_in_processes_of_their_own() -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "damaged_files.py"
    done = subprocess.run(
        [sys.executable, str(script), "--seed", "9", "--number", "2000"], capture_output=True, text=True
    )
    figures = json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"benchmark"')))
    bad = [name for name in json.loads(done.stdout.splitlines()[-1])["bad"] if not name.startswith("database")]
    assert figures["read"] + figures["clean"] > 1900, done.stdout[-3000:]
    assert not bad, done.stdout[-3000:]


def test_the_judge_sees_tracebacks_and_what_is_left(targets, tmp_path) -> None:
    """A door that breaks, and one that leaves something, are told from a clean error."""
    from dataclasses import replace

    def breaks(home, random) -> None:
        raise TypeError("x")

    def litters(home, random) -> None:
        (home / ".stage").mkdir()
        raise FormatError("no")

    whole = targets["yolo lines"]
    for door, kind in ((breaks, "traceback"), (litters, "half")):
        outcome = damaged_sets.tried(replace(whole, door=door), 1, 1, tmp_path / kind)
        assert outcome.kind == kind


def test_an_import_that_fails_leaves_nothing(targets, tmp_path) -> None:
    damaged_sets.laid(targets["coco polygons"], tmp_path / "set")
    file = tmp_path / "set" / "annotations" / "instances_train.json"
    content = json.loads(file.read_bytes())
    content["annotations"][2]["category_id"] = {"a": 1}
    file.write_text(json.dumps(content))
    for into_new in (True, False):
        with pytest.raises(FormatError, match="annotation 3: has the unknown category"):
            damaged_sets._import(tmp_path / "set", "coco", into_new=into_new)


# -- what the content causes, and what a slip causes ----------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: json.loads("{}")["a"], lambda: json.loads("5")["a"], lambda: json.loads("[]").a, lambda: json.loads("null").keys(), lambda: int([]), lambda: dict(5), lambda: json.loads("[1]")[7],
        lambda: float("x"), lambda: np.asarray([2**70], np.int64), lambda: json.loads("[" * 100_000), lambda: Path("a" * 5000).read_bytes(),
        lambda: np.zeros(1 << 60),
    ],
)  # fmt: skip
def test_errors_of_the_content_become_sentences(call) -> None:
    with (
        pytest.raises(FormatError, match=r"^x\.json: row 3: cannot be read \(.+\)\.$") as caught,
        foreign.explained("x.json", "row 3"),
    ):
        call()
    assert caught.value.__cause__ is not None
    assert len(str(caught.value)) < 400


def _slip(a: int) -> int:
    return a


def _raised(kind: type[Exception]) -> None:
    raise kind


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: Classes().nonsense, AttributeError), (lambda: np.nonsense, AttributeError), (lambda: _slip(), TypeError),
        (lambda: _slip(1, b=2), TypeError), (lambda: _raised(NameError), NameError), (lambda: _raised(AssertionError), AssertionError),
    ],
)  # fmt: skip
def test_slips_of_the_code_stay_what_they_are(call, kind) -> None:
    with pytest.raises(kind), foreign.explained("x.json"):
        call()


def test_a_reader_with_a_slip_is_not_excused(tmp_path, targets, monkeypatch) -> None:
    from maskwright.formats import yolo

    damaged_sets.laid(targets["yolo lines"], tmp_path / "set")
    monkeypatch.setattr(yolo, "_segments", lambda file: None)
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        list(formats.read(tmp_path / "set", "yolo").samples)
    monkeypatch.setattr(yolo, "read", lambda path: yolo.nonsense)
    with pytest.raises(AttributeError):
        formats.read(tmp_path / "set", "yolo")


# -- kinds of damage -----------------------------------------------------------------------------------------

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 12)
)


@pytest.mark.parametrize(
    "text",
    [BOMB, "a: &a [*a]", "a: &a {<<: *a}", BOMB + "\nnames: *a11"],
)  # fmt: skip
def test_aliases_that_unfold_without_end(text, tmp_path) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(FormatError, match=r"aliases unfold|not valid YAML"):
        load_yaml(tmp_path / "data.yaml")


@pytest.mark.parametrize(
    "text",
    ["a: !!python/object/apply:os.getcwd []", "a: !!timestamp x", "a: !!int x", "a: 2001-99-99", "? [a]\n: b", "a: " + "[" * 5000, "5", "- a"],
)  # fmt: skip
def test_yaml_of_other_kinds(text, tmp_path) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(FormatError, match=r"data\.yaml: (not valid YAML|holds no settings)"):
        load_yaml(tmp_path / "data.yaml")


def test_ordinary_aliases_and_a_mark_are_read(tmp_path) -> None:
    (tmp_path / "data.yaml").write_bytes(b"\xef\xbb\xbfa: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]\n")
    assert load_yaml(tmp_path / "data.yaml") == {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": [{"x": 1}, {"x": 1}]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"id": 2**63}, "64 bits"), ({"id": -(2**70)}, "64 bits"), ({"name": None}, "not text"), ({"kind": "many"}, "thing, stuff"),
        ({"role": "king"}, "class, background, ignore"), ({"colour": (1, 2)}, "three numbers"), ({"colour": (1, 2, 300)}, "0 to 255"),
        ({"colour": ("a", 0, 0)}, "three numbers"),
    ],
)  # fmt: skip
def test_classes_that_no_table_holds(values, message) -> None:
    with pytest.raises(ValueError, match=message):
        Class(**{"id": 1, "name": "a", **values})


@pytest.mark.parametrize(
    "content", ["[" * 100_000 + "]" * 100_000, '{"splits": 5, "classes": []}', '{"splits": {"a": 5}, "classes": []}', '{"classes": 1e400}', "[]", ""]
)  # fmt: skip
def test_what_a_set_says_of_itself_is_broken(content, tmp_path, targets) -> None:
    damaged_sets.laid(targets["voc"], tmp_path / "set")
    (tmp_path / "set" / "maskwright.json").write_text(content)
    with pytest.raises(FormatError, match=r"maskwright\.json"):
        formats.read(tmp_path / "set", "voc")
    assert formats.sniff(tmp_path / "set") == "voc"


def test_datumaro_labels_that_are_not_declared(tmp_path, targets) -> None:
    damaged_sets.laid(targets["datumaro"], tmp_path / "set")
    file = tmp_path / "set" / "annotations" / "train.json"
    for other in (tmp_path / "set" / "annotations").glob("*.json"):
        other.write_text(other.read_text().replace('"name": "dog"', '"name": "wolf"'))
    with pytest.raises(FormatError, match=r"train\.json: categories: has the label 'wolf', which maskwright\.json"):
        formats.read(tmp_path / "set", "datumaro")
    (tmp_path / "set" / "maskwright.json").unlink()
    file.write_text(file.read_text().replace('"name": "wolf"', '"name": "cat"'))
    for other in (tmp_path / "set" / "annotations").glob("*.json"):
        other.write_text(other.read_text().replace('"name": "wolf"', '"name": "cat"'))
    reading = formats.read(tmp_path / "set", "datumaro")
    assert [kind.name for kind in reading.classes][:2] == ["cat", "cat (1)"]
    assert "classes 0 and 1 are both called 'cat'; 1 is 'cat (1)'" in reading.notes


def huge_png() -> bytes:
    """A picture whose header says 2,147,483,647 x 2,147,483,647 pixels."""
    out = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(out, "PNG")

    class Largest:
        def __init__(self) -> None:
            self.side = -1

        def integers(self, count: int) -> int:
            if count == 2:
                self.side += 1
                return self.side
            return 5

    random = Largest()
    return png_size(png_size(out.getvalue(), random), random)


def test_pictures_that_say_they_are_huge(tmp_path, targets) -> None:
    damaged_sets.laid(targets["bitmaps"], tmp_path / "bitmaps")
    next((tmp_path / "bitmaps" / "a" / "masks").iterdir()).write_bytes(huge_png())
    shapes = [{"label": "p", "shape_type": "mask", "points": [[0, 0], [3, 3]], "mask": b64encode(huge_png()).decode()}]
    damaged_sets.laid(targets["labelme shapes"], tmp_path / "labelme")
    (tmp_path / "labelme" / "x.json").write_text(json.dumps({"shapes": shapes, "imagePath": "x.png"}))
    row = {
        "classTitle": "a",
        "geometryType": "bitmap",
        "bitmap": {"data": b64encode(zlib.compress(huge_png())).decode(), "origin": [0, 0]},
    }
    damaged_sets.laid(targets["supervisely shapes"], tmp_path / "supervisely")
    (tmp_path / "supervisely" / "train" / "ann" / "x.png.json").write_text(
        json.dumps({"size": {"height": 20, "width": 30}, "objects": [row]})
    )
    damaged_sets.laid(targets["voc"], tmp_path / "voc")
    (tmp_path / "voc" / "SegmentationClass" / "a.png").write_bytes(huge_png())
    for name in ("bitmaps", "labelme", "supervisely", "voc"):
        with pytest.raises(FormatError, match=r"not a readable (mask|bitmap|label map)"):
            list(formats.read(tmp_path / name, name).samples)


@pytest.mark.parametrize("name", ["a" * 5000 + ".png", "\0.png", "a/" * 3000 + "x.png"])
def test_names_that_no_file_has(name, tmp_path, targets) -> None:
    for target, file, key in (
        ("coco polygons", "annotations/instances_train.json", "images"),
        ("via shapes", "via_project.json", None),
    ):
        home = tmp_path / target
        damaged_sets.laid(targets[target], home)
        content = json.loads((home / file).read_bytes())
        if key:
            content[key][0]["file_name"] = name
            del content[key][0]["height"]
        else:
            content["_via_img_metadata"]["x.png9"]["filename"] = name
        (home / file).write_text(json.dumps(content))
        with pytest.raises(FormatError) as caught:
            list(formats.read(home, target.split(" ")[0]).samples)
        assert "\0" not in caught.value.found
    with pytest.raises((FormatError, UsageError)):
        formats.read(tmp_path / name)


def test_arrays_beside_pictures_in_folders_are_no_video(tmp_path, targets) -> None:
    damaged_sets.laid(targets["label-map arrays"], tmp_path / "set")
    assert formats.sniff(tmp_path / "set") == "label-map"


@pytest.mark.parametrize("own", [{"fields": True}, {"fields": [1]}, {"split": 5}, {"split": ["train"]}])
def test_what_a_picture_says_of_its_sample_is_of_another_kind(own, tmp_path, targets) -> None:
    damaged_sets.laid(targets["coco polygons"], tmp_path / "set")
    file = tmp_path / "set" / "annotations" / "instances_train.json"
    content = json.loads(file.read_bytes())
    content["images"][0]["maskwright"] = own
    file.write_text(json.dumps(content))
    with pytest.raises(
        FormatError, match=r"the first sample: cannot be read \(x: (fields is .* not a mapping|split is .* not text)\)"
    ):
        list(formats.read(tmp_path / "set", "coco").samples)


@pytest.mark.parametrize(
    "header", ["{", "{'descr': ", "{'descr': 5}", "(", "'", "{'descr': '<f8', 'fortran_order': 2, 'shape': x}"]
)
def test_array_headers_that_are_no_text_of_python(header, tmp_path, targets) -> None:
    damaged_sets.laid(targets["instance-map array"], tmp_path / "set")
    whole = (tmp_path / "set" / "x_masks.npy").read_bytes()
    (tmp_path / "set" / "x_masks.npy").write_bytes(whole[:10] + header.ljust(118).encode() + whole[128:])
    with pytest.raises(FormatError, match=r"x_masks\.npy: not a readable array"):
        list(formats.read(tmp_path / "set", "instance-map").samples)


def test_label_studio_with_an_unknown_author(tmp_path, targets) -> None:
    damaged_sets.laid(targets["label-studio shapes"], tmp_path / "set")
    tasks = json.loads((tmp_path / "set" / "tasks.json").read_bytes())
    for result in tasks[0]["annotations"][0]["result"]:
        result["meta"] = {"maskwright": {"source": ["x"]}}
    (tmp_path / "set" / "tasks.json").write_text(json.dumps(tasks))
    (sample,) = formats.read(tmp_path / "set", "label-studio").samples
    assert sample.segments.source == ["human"] * 3
