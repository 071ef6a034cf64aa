"""Classes called otherwise, chosen and left out: by hand-drawn masks, and by the three verbs alike."""

import json

import numpy as np
import pytest
from command_line import run
from PIL import Image

from maskwright import formats
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.formats import Reading
from maskwright.store import Dataset

#: What is drawn, a letter a class; "." has no segment.
DRAWN = [
    "cc..tt",
    "cc..tt",
    "rrrrgg",
    "rrrrgg",
]
CLASSES = Classes(
    [
        Class(0, "background", "stuff", "background"), Class(3, "car", colour=(9, 9, 9)), Class(7, "truck"),
        Class(8, "road", "stuff"), Class(9, "grass", "stuff"), Class(20, "void", "stuff", "ignore"), Class(30, "1"),
    ]
)  # fmt: skip
IDS = {"c": 3, "t": 7, "r": 8, "g": 9}


def region(letters: str) -> np.ndarray:
    return np.array([[letter in letters for letter in row] for row in DRAWN])


def sample(key: str = "a", letters: str = "ctrg", **columns) -> Sample:
    masks = Masks.encode(np.array([region(letter) for letter in letters]).reshape(-1, 4, 6))
    segments = Segments(masks, [IDS[letter] for letter in letters], **columns)
    return Sample(key, ImageRef("a.png", (4, 6)), segments)


def reading(*samples: Sample, classes: Classes = CLASSES) -> Reading:
    return Reading(classes, iter(samples), len(samples), ["read"])


def drawn(found: Sample, classes: Classes) -> dict[str, list[np.ndarray]]:
    out: dict[str, list[np.ndarray]] = {}
    for row, class_id in enumerate(found.segments.class_ids.tolist()):
        out.setdefault(classes[class_id].name, []).append(found.segments.masks[row : row + 1].decode()[0])
    return out


def same(found: dict[str, list[np.ndarray]], **wanted: list[str]) -> bool:
    return found.keys() == wanted.keys() and all(
        len(found[name]) == len(letters)
        and all(np.array_equal(mask, region(letter)) for mask, letter in zip(found[name], letters, strict=True))
        for name, letters in wanted.items()
    )


def test_nothing_chosen_is_the_same_reading() -> None:
    whole = reading(sample())
    assert formats.selected(whole) is whole


def test_several_become_one_that_is_new() -> None:
    chosen = formats.selected(reading(sample()), map={"car": "vehicle", "truck": "vehicle"})
    assert [(kind.id, kind.name) for kind in chosen.classes] == [
        (0, "background"), (3, "vehicle"), (8, "road"), (9, "grass"), (20, "void"), (30, "1")
    ]  # fmt: skip
    assert chosen.classes["vehicle"].colour == (9, 9, 9)
    (found,) = chosen.samples
    assert same(drawn(found, chosen.classes), vehicle=["c", "t"], road=["r"], grass=["g"])
    assert found.segments.ids.tolist() == [1, 2, 3, 4]
    assert chosen.notes == ["read", "classes by another name: 'car' is 'vehicle', 'truck' is 'vehicle'"]


def test_one_comes_to_another_that_is_there() -> None:
    chosen = formats.selected(reading(sample()), map={"car": "truck", "grass": "car"})
    assert [(kind.id, kind.name) for kind in chosen.classes if kind.id in IDS.values()] == [
        (7, "truck"), (8, "road"), (9, "car")
    ]  # fmt: skip
    (found,) = chosen.samples
    assert same(drawn(found, chosen.classes), truck=["c", "t"], road=["r"], car=["g"])


def test_two_change_places() -> None:
    chosen = formats.selected(reading(sample()), map={"car": "truck", "truck": "car"})
    (found,) = chosen.samples
    assert same(drawn(found, chosen.classes), truck=["c"], car=["t"], road=["r"], grass=["g"])


def test_a_number_is_an_id_where_no_name_is_that() -> None:
    chosen = formats.selected(reading(sample()), map={"3": "7", 1: "one"}, drop=[8])
    assert chosen.classes[30].name == "one", "the name comes before the id"
    (found,) = chosen.samples
    assert same(drawn(found, chosen.classes), truck=["c", "t"], grass=["g"])


def test_only_leaves_images_background_and_ignored() -> None:
    chosen = formats.selected(reading(sample("a"), sample("b", "rg")), only=["truck"])
    assert [kind.name for kind in chosen.classes] == ["background", "truck", "void"]
    first, second = chosen.samples
    assert same(drawn(first, chosen.classes), truck=["t"])
    assert (second.key, len(second.segments)) == ("b", 0)
    ended = "; 1 images have none left, and stay"
    assert chosen.notes == [
        "read",
        "the background and what is ignored stay: background, void",
        "5 segments were left out, of the classes 'car' (1), 'road' (2), 'grass' (2), '1' (0)" + ended,
    ]  # fmt: skip


def test_drop_leaves_the_rest() -> None:
    chosen = formats.selected(reading(sample()), drop=["void", "car"])
    assert [kind.name for kind in chosen.classes] == ["background", "truck", "road", "grass", "1"]
    (found,) = chosen.samples
    assert same(drawn(found, chosen.classes), truck=["t"], road=["r"], grass=["g"])
    assert chosen.notes[-1] == "1 segments were left out, of the classes 'car' (1), 'void' (0)"


def test_only_and_drop_speak_of_classes_as_they_are_called() -> None:
    chosen = formats.selected(reading(sample()), map={"car": "vehicle"}, only=["vehicle"])
    (found,) = chosen.samples
    assert same(drawn(found, chosen.classes), vehicle=["c"])
    with pytest.raises(UsageError, match="class 'car' is called 'vehicle' by --map"):
        formats.selected(reading(sample()), map={"car": "vehicle"}, only=["car"])


def test_regions_of_stuff_that_becomes_one_are_one_segment() -> None:
    chosen = formats.selected(reading(sample()), map={"road": "ground", "grass": "ground"})
    (found,) = chosen.samples
    assert same(drawn(found, chosen.classes), car=["c"], truck=["t"], ground=["rg"])
    assert chosen.notes[-1] == "1 regions of classes that became one were joined to another of their image"
    said = sample(attributes=[{}, {}, {"wet": True}, {}])
    chosen = formats.selected(reading(said), map={"road": "ground", "grass": "ground"})
    assert same(drawn(next(chosen.samples), chosen.classes), car=["c"], truck=["t"], ground=["r", "g"])


def test_classes_of_another_kind_are_said() -> None:
    chosen = formats.selected(reading(sample()), map={"road": "car", "void": "car"})
    assert "class 'car' is thing; 'road' (stuff), 'void' (ignore) came to it" in chosen.notes
    (found,) = chosen.samples
    assert same(drawn(found, chosen.classes), car=["c", "r"], truck=["t"], grass=["g"])


def test_a_part_whose_whole_goes_is_a_part_of_nothing() -> None:
    parts = sample("a", "ctr", ids=[5, 6, 7], more={"parent": [None, 5, 6]})
    chosen = formats.selected(reading(parts), drop=["car"])
    (found,) = chosen.samples
    assert list(found.segments.column("parent")) == [None, 6]
    assert "1 segments were parts of one that was left out, and are parts of nothing" in chosen.notes


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"only": ["Car"]}, r"no class is called 'Car'.*Did you mean 'car'\?"),
        ({"drop": ["trcuk"]}, r"no class is called 'trcuk'.*Did you mean 'truck'\?"),
        ({"map": {"ROAD ": "x"}}, r"Did you mean 'road'\?"),
        ({"map": {"99": "x"}}, r"no class is called '99'"),
        ({"map": {"car": " "}}, "class 'car' gets no name"),
        ({"map": {"car": "a", 3: "b"}}, "class 'car' is mapped to 'a' and to 'b'"),
        ({"only": ["car"], "drop": ["car"]}, "class 'car' is chosen and left out"),
        ({"drop": ["car", "truck", "road", "grass", "1"]}, "no class is left"),
        ({"only": ["void"]}, "no class is left"),
    ],
)
def test_what_cannot_be_chosen(asked, said) -> None:
    with pytest.raises(UsageError, match=f"(?s){said}"):
        formats.selected(reading(sample()), **asked)


# -- the three verbs ----------------------------------------------------------------------------------------------------

NAMES = ["car", "truck", "a=b", "c,d"]


@pytest.fixture
def labels(tmp_path):
    """Two images: one with a square of each class, one with a car."""
    folder = tmp_path / "labels"
    folder.mkdir()
    for name in "xy":
        Image.fromarray(np.zeros((12, 40, 3), np.uint8)).save(folder / f"{name}.png")
    images = [{"id": k, "file_name": f"{name}.png", "height": 12, "width": 40} for k, name in enumerate("xy")]
    rings = [[x, 1, x + 8, 1, x + 8, 9, x, 9] for x in (0, 10, 20, 30)]
    notes = [
        {"id": k, "image_id": image, "category_id": kind, "segmentation": [rings[kind]], "bbox": [0, 0, 1, 1]}
        for k, (image, kind) in enumerate([(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)])
    ]
    kinds = [{"id": k, "name": name} for k, name in enumerate(NAMES)]
    (folder / "labels.json").write_text(json.dumps({"images": images, "annotations": notes, "categories": kinds}))
    return folder


#: What is asked for -> class -> how many segments.
ASKED = [
    (["--map", "car=vehicle", "--map", "truck=vehicle"], {"vehicle": 3, "a=b": 1, "c,d": 1}),
    (["--map", r"a\=b=b", "--map", "3=car"], {"car": 3, "truck": 1, "b": 1}),
    (["--only", r"truck,c\,d"], {"truck": 1, "c,d": 1}),
    (["--only", "truck", "--only", "car"], {"car": 2, "truck": 1}),
    (["--drop", "car"], {"truck": 1, "a=b": 1, "c,d": 1}),
    (["--map", "truck=car", "--only", "car,a=b", "--drop", "a=b"], None),
    (["--map", "truck=car", "--only", "car,a=b"], {"car": 3, "a=b": 1}),
]


@pytest.mark.parametrize("verb", ["import", "convert", "export"])
@pytest.mark.parametrize(("asked", "wanted"), ASKED)
def test_the_verbs_choose_alike(verb, asked, wanted, labels, tmp_path, capsys) -> None:
    if verb == "export":
        assert run(capsys, "import", labels, tmp_path / "whole")[0] == 0
    given = {
        "import": ["import", labels, tmp_path / "new"], "convert": ["convert", labels, tmp_path / "out", "--to", "coco"],
        "export": ["export", tmp_path / "whole", tmp_path / "out", "-f", "coco", "--check"],
    }[verb]  # fmt: skip
    code, out, err = run(capsys, *given, *asked, "--json")
    if wanted is None:
        assert code == 2
        assert "is chosen and left out" in out + err
        assert not (tmp_path / "out").exists() and not (tmp_path / "new").exists()
        return
    assert code == 0, err
    if verb == "import":
        with Dataset.open(tmp_path / "new") as dataset:
            classes, samples = dataset.classes, list(dataset)
    else:
        read = formats.read(tmp_path / "out")
        classes, samples = read.classes, list(read.samples)
    assert {kind.name for kind in classes} == set(wanted)
    counts = dict.fromkeys(wanted, 0)
    for found in samples:
        for class_id in found.segments.class_ids.tolist():
            counts[classes[class_id].name] += 1
    assert counts == wanted
    assert [found.key for found in samples] == ["x", "y"]
    if "--only" in asked or "--drop" in asked:
        assert any("segments were left out" in note for note in json.loads(out)["notes"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--only", "cra"], "Did you mean 'car'?"), (["--map", "car"], "is not two names"),
        (["--map", "a=b=c"], "is not two names"), (["--drop", "car,,truck"], "has an empty name"),
        (["--map", "car=x", "--map", "car=y"], "gives 'car' the names 'x' and 'y'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["import", "convert", "export"])
def test_the_verbs_refuse_alike(verb, asked, said, labels, tmp_path, capsys) -> None:
    assert run(capsys, "import", labels, tmp_path / "whole")[0] == 0
    given = {
        "import": ["import", labels, tmp_path / "new"], "convert": ["convert", labels, tmp_path / "out", "--to", "coco"],
        "export": ["export", tmp_path / "whole", tmp_path / "out", "-f", "coco"],
    }[verb]  # fmt: skip
    code, _, err = run(capsys, *given, *asked)
    assert code == 2
    assert said in err
    assert not (tmp_path / "out").exists() and not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", formats.writers())
def test_what_a_set_says_of_itself_brings_no_class_back(name, make_samples, classes, tmp_path, capsys) -> None:
    first, second = [class_.name for class_ in classes if class_.role == "class"][:2]
    formats.write(make_samples(2), classes, tmp_path / "labels", name, allow_loss=True)
    asked = ["--map", f"{first}=other", "--drop", second, "--allow-loss", "--check"]
    code, _, err = run(capsys, "convert", tmp_path / "labels", tmp_path / "out", "--format", name, "--to", name, *asked)
    if code and "no class is" in err:
        return  # it holds no names of classes
    assert code == 0, err
    names = {class_.name for class_ in formats.read(tmp_path / "out", name).classes}
    assert "other" in names
    assert not names & {first, second}


# -- names that are there twice -----------------------------------------------------------------------------------------


def twice(name: str, folder, given: list) -> None:
    """A set of one image whose classes 1, 2, … have these names and one square each."""
    image = {"id": 1, "file_name": "a.png", "height": 12, "width": 40}
    kinds = [{"id": k, "name": kind} for k, kind in enumerate(given, 1)]
    Image.fromarray(np.zeros((12, 40, 3), np.uint8)).save(folder / "a.png")
    if name == "coco":
        notes = [
            {"id": k, "image_id": 1, "category_id": k, "segmentation": [[10 * k, 1, 10 * k + 4, 1, 10 * k + 4, 5]]}
            for k in range(1, len(given) + 1)
        ]
        (folder / "labels.json").write_text(json.dumps({"images": [image], "annotations": notes, "categories": kinds}))
    elif name == "coco-panoptic":
        drawn_ids = np.zeros((12, 40, 3), np.uint8)
        drawn_ids[:, :, 0] = np.arange(40)[None] // 10 % (len(given) + 1)
        (folder / "panoptic").mkdir()
        Image.fromarray(drawn_ids).save(folder / "panoptic" / "a.png")
        rows = [{"id": k, "category_id": k, "iscrowd": 0, "area": 120} for k in range(1, len(given) + 1)]
        note = {"image_id": 1, "file_name": "a.png", "segments_info": rows}
        content = {"images": [image], "annotations": [note], "categories": kinds}
        (folder / "panoptic.json").write_text(json.dumps(content))
    else:
        (folder / "annotations").mkdir()
        (folder / "images" / "train").mkdir(parents=True)
        (folder / "a.png").rename(folder / "images" / "train" / "a.png")
        shapes = [
            {"id": k, "type": "polygon", "label_id": k, "points": [10 * k, 1, 10 * k + 4, 1, 10 * k + 4, 5]}
            for k in range(len(given))
        ]
        item = {"id": "a", "annotations": shapes, "image": {"path": "a.png", "size": [12, 40]}}
        head = {"info": {}, "categories": {"label": {"labels": [{"name": str(kind)} for kind in given]}}}
        (folder / "annotations" / "train.json").write_text(json.dumps({**head, "items": [item]}))


@pytest.mark.parametrize("name", ["coco", "coco-panoptic", "datumaro"])
def test_two_classes_of_one_name_are_two(name, tmp_path) -> None:
    twice(name, tmp_path, ["cell", "cell", 1] if name != "coco-panoptic" else ["cell", "cell", "1"])
    reading = formats.read(tmp_path, name)
    second = 1 if name == "datumaro" else 2
    assert [kind.name for kind in reading.classes] == ["cell", f"cell ({second})", "1"]
    (found,) = reading.samples
    assert sorted(reading.classes[class_id].name for class_id in found.segments.class_ids.tolist()) == [
        "1", "cell", f"cell ({second})"
    ]  # fmt: skip
    assert [note for note in reading.notes if "both called" in note] == [
        f"classes {second - 1} and {second} are both called 'cell'; {second} is 'cell ({second})'"
    ]


@pytest.mark.parametrize("name", ["coco", "coco-panoptic"])
@pytest.mark.parametrize(
    ("second", "said"), [({2: "cell"}, "category 2 is 'cell' here"), ({1: "mud"}, "category 1 is 'mud' here")]
)
def test_two_files_have_to_mean_the_same(name, second, said, tmp_path) -> None:
    (tmp_path / "annotations").mkdir()
    for split, kinds in (("train", {1: "cell"}), ("val", second)):
        image = {"id": 1, "file_name": f"{split}.png", "height": 12, "width": 40}
        rows = [{"id": k, "name": kind} for k, kind in kinds.items()]
        notes = [{"image_id": 1, "file_name": "a.png", "segments_info": []}] if name == "coco-panoptic" else []
        prefix = "panoptic" if name == "coco-panoptic" else "instances"
        content = {"images": [image], "annotations": notes, "categories": rows}
        (tmp_path / "annotations" / f"{prefix}_{split}.json").write_text(json.dumps(content))
    with pytest.raises(FormatError, match=f"{split}.json: {said}"):
        formats.read(tmp_path, name)


def test_a_number_and_its_text_are_one_name(tmp_path) -> None:
    twice("coco", tmp_path, ["1", 1, "1 (2)", "x", "x"])
    reading = formats.read(tmp_path, "coco")
    assert [kind.name for kind in reading.classes] == ["1", "1 (2) (2)", "1 (2)", "x", "x (5)"]
    (note,) = [note for note in reading.notes if "name of another" in note]
    assert note.startswith("2 classes have the name of another, such as: classes 1 and 2 are both called '1'")


def test_a_class_without_a_name_is_refused(tmp_path) -> None:
    for name in ("", "  ", None):
        twice("coco", tmp_path, ["cell", name])
        with pytest.raises(FormatError, match="category 2: has no name"):
            formats.read(tmp_path, "coco")
