"""Labels that come into a dataset whose classes have other ids, kinds and spellings."""

import json
from dataclasses import replace

import numpy as np
import pytest
from command_line import run
from PIL import Image

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.store import Dataset, import_samples

OWN = Classes(
    [Class(0, "ground", "stuff", "background"), Class(1, "car", colour=(1, 2, 3)), Class(2, "truck"), Class(5, "road", "stuff")]
)  # fmt: skip
THEIRS = Classes(
    [Class(1, "truck"), Class(2, "car"), Class(3, "road"), Class(5, "bus"), Class(8, "Car "), Class(9, "sky", "stuff"),
     Class(10, "background", "stuff", "background")]
)  # fmt: skip


def sample(key: str, classes: Classes) -> Sample:
    """One segment a class: a column of the image, in the order of the classes."""
    masks = Masks.encode(np.array([np.arange(8) == column for column in range(len(classes))])[:, None].repeat(4, 1))
    return Sample(key, ImageRef(f"{key}.png", (4, 8)), Segments(masks, [class_.id for class_ in classes]))


@pytest.fixture
def place(tmp_path):
    import_samples(tmp_path / "d", OWN, [sample("own", OWN)], "first", hash_images=False)
    return tmp_path / "d"


def taken_in(place, classes: Classes, **options) -> dict:
    return import_samples(place, classes, [sample("new", classes)], "second", hash_images=False, **options)


def test_classes_are_matched_by_name(place) -> None:
    done = taken_in(place, THEIRS, merge=True)
    with Dataset.open(place) as dataset:
        assert list(dataset.classes) == [
            *OWN, Class(11, "bus"), Class(8, "Car "), Class(9, "sky", "stuff")
        ]  # fmt: skip
        assert dataset["new"].segments.class_ids.tolist() == [2, 1, 5, 11, 8, 9, 0]
        assert dataset["new"].segments.masks == sample("new", THEIRS).segments.masks
        assert dataset["own"].segments.class_ids.tolist() == [0, 1, 2, 5]
        assert dataset.check() == []
    theirs = "'truck' (1 became 2), 'car' (2 became 1), 'road' (3 became 5), 'background' as 'ground' (10 became 0)"
    assert done["notes"] == [
        f"classes that are the dataset's, by name: {theirs}",
        "classes that are new in the dataset: 'bus' (5 became 11), 'Car ' (8), 'sky' (9)",
        "the dataset's classes stay as they are: 'road' stays stuff, though the labels say thing",
        "almost one name, and two classes: 'Car ' and 'car'; --map NEW=OLD makes them one",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (Class(2, "car"), "class 2 is 'truck' in the dataset and 'car' in the labels"),
        (Class(7, "car"), "class 'car' has the id 1 in the dataset and 7 in the labels"),
        (Class(7, "void", "stuff", "background"), "the background is 'ground' in the dataset and 'void' in the labels"),
    ],
)
def test_without_merging_two_meanings_are_refused_with_the_way_out(theirs, said, place) -> None:
    with pytest.raises(UsageError, match=f"(?s){said}.*--merge"):
        taken_in(place, Classes([theirs]))
    with Dataset.open(place) as dataset:
        assert (dataset.classes, dataset.revision, dataset.keys()) == (OWN, 2, ["own"])


def test_what_the_labels_say_otherwise_is_told_without_merging(place) -> None:
    done = taken_in(place, Classes([Class(5, "road", "thing", "ignore"), Class(6, "TRUCK")]))
    assert done["notes"] == [
        "the dataset's classes stay as they are: 'road' stays stuff, though the labels say ignore",
        "almost one name, and two classes: 'TRUCK' and 'truck'; --map NEW=OLD makes them one",
    ]
    with Dataset.open(place) as dataset:
        assert list(dataset.classes) == [*OWN, Class(6, "TRUCK")]


def test_the_same_classes_need_no_word(place) -> None:
    assert taken_in(place, OWN)["notes"] == []
    again = replace(sample("again", OWN), split="val")
    done = import_samples(place, OWN, [again], "third", hash_images=False, merge=True)
    assert done["notes"] == [
        "classes that are the dataset's, by name: 'ground' (0), 'car' (1), 'truck' (2), 'road' (5)"
    ]


def test_a_new_dataset_has_nothing_to_merge_with(tmp_path) -> None:
    done = taken_in(tmp_path / "new", OWN, merge=True)
    assert done["notes"] == ["the dataset is new, so that there was nothing to merge with"]


def test_a_key_that_is_there_is_refused_and_nothing_is_taken_in(place) -> None:
    with pytest.raises(UsageError, match="there is a sample 'own' already"):
        import_samples(place, THEIRS, [sample("own", THEIRS)], "x", hash_images=False, merge=True)
    with Dataset.open(place) as dataset:
        assert (dataset.classes, dataset.revision) == (OWN, 2)


def test_keys_that_are_there_are_counted(place) -> None:
    with Dataset.open(place) as dataset, dataset.edit("more") as edit:
        edit.add(sample("second", OWN))
    coming = [sample(key, THEIRS) for key in ("new", "own", "second")]
    with pytest.raises(UsageError, match="2 of 3 samples are there already, such as 'own'") as caught:
        import_samples(place, THEIRS, coming, "x", hash_images=False, merge=True)
    assert "a dataset of their own" in str(caught.value)
    with Dataset.open(place) as dataset:
        assert sorted(dataset.keys()) == ["own", "second"]


@pytest.mark.parametrize(
    ("asked", "near"), [("own", "train/own"), ("train/owm", "train/own"), ("val/own", "train/own")]
)
def test_a_key_that_is_not_there_names_the_nearest(tmp_path, asked, near) -> None:
    with Dataset.create(tmp_path / "keys", classes=OWN) as dataset:
        with dataset.edit("fill") as edit:
            for key in ("other/second", "train/own", "train/down"):
                edit.add(sample(key, OWN))
        with pytest.raises(UsageError, match=f"Did you mean '{near}'?"):
            dataset.number_of(asked)
        with pytest.raises(UsageError) as caught:
            dataset.number_of("zzzzzz")
    assert "Did you mean" not in str(caught.value)


def test_the_verb_merges_and_maps_what_is_almost_one_name(tmp_path, capsys) -> None:
    for name, kinds in (("first", ["cell", "mud"]), ("second", ["Cell", "mud", "cell"])):
        (tmp_path / name).mkdir()
        Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / name / f"{name}.png")
        note = {"image_id": 1, "segmentation": [[1, 1, 5, 1, 5, 5, 1, 5]], "bbox": [1, 1, 4, 4]}
        content = {
            "images": [{"id": 1, "file_name": f"{name}.png", "height": 9, "width": 9}],
            "categories": [{"id": k, "name": kind} for k, kind in enumerate(kinds)],
            "annotations": [{**note, "id": k, "category_id": k} for k in range(len(kinds))],
        }
        (tmp_path / name / "labels.json").write_text(json.dumps(content))
    assert run(capsys, "import", tmp_path / "first", tmp_path / "d")[0] == 0
    code, _, err = run(capsys, "import", tmp_path / "second", tmp_path / "d")
    assert code == 2
    assert "--merge" in err
    assert run(capsys, "import", tmp_path / "second", tmp_path / "d", "--merge", "--map", "Cell=cell")[0] == 0
    with Dataset.open(tmp_path / "d") as dataset:
        assert [kind.name for kind in dataset.classes] == ["cell", "mud"]
        assert sorted(dataset["second"].segments.class_ids.tolist()) == [0, 0, 1]
