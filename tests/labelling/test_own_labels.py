"""One person's own labels as a view: read, pinned, sent to other processes and exported in place of the shared ones."""

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from maskwright import formats
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, UsageError
from maskwright.labelling import incoming, own_labels
from maskwright.labelling.gestures import Operation, Piece
from maskwright.runs import Run, evaluate
from maskwright.store import Dataset, doctor, schema

SIZE = (20, 30)


def square(left: int) -> np.ndarray:
    out = np.zeros(SIZE, bool)
    out[5:15, left : left + 8] = True
    return out


def drawn(name: str, segment: int, left: int, *, base: dict[int, int] | None = None, class_id: int = 1) -> Operation:
    counts = Masks.encode(square(left)[None]).compressed()[0].decode()
    return Operation(f"operation-{name}", "brush", [Piece(segment, class_id, counts)], base=base or {})


@pytest.fixture
def dataset(place, tmp_path):
    classes = Classes([Class(1, "leaf", "thing"), Class(2, "stem", "stuff")])
    with Dataset.create(place, classes) as made:
        with made.edit("images") as edit:
            for k in range(4):
                image = tmp_path / f"s{k}.png"
                Image.new("RGB", SIZE[::-1], (9, 9, 9 * k)).save(image)
                shared = Segments(Masks.encode(square(2)[None]), [1])
                edit.add(Sample(f"s{k}", ImageRef(str(image), SIZE), shared, split=["train", "val"][k % 2]))
        yield made


@pytest.fixture
def labelled(dataset) -> list[int]:
    """Revisions: of Ada's first labels on s1, of the second, and of hers on s2; Ben has labels on s3."""
    first = own_labels.apply(dataset, 2, drawn("a", 7, 10), author="ada")
    second = own_labels.apply(dataset, 2, drawn("b", 7, 15, base={7: first.revision}), author="ada")
    third = own_labels.apply(dataset, 3, drawn("c", 8, 20, class_id=2), author="ada")
    own_labels.apply(dataset, 4, drawn("d", 9, 20), author="ben")
    return [first.revision, second.revision, third.revision]


def test_a_view_of_one_persons_labels(dataset, labelled) -> None:
    ada = own_labels.view(dataset, "ada")
    assert ada.keys() == ["s1", "s2"]
    assert np.array_equal(ada["s1"].segments.masks.decode()[0], square(15))
    assert ada["s1"].segments.column("annotator") == ("ada",)
    assert [sample.split for sample in ada] == ["val", "train"]
    assert ada.where("split = 'val'").keys() == ["s1"]
    areas = [(number, kind, area) for number, kind, area, _ in zip(*ada.class_areas(), strict=True)]
    assert areas == [
        (number, kind, mask.area())
        for number, sample in zip(ada.numbers(), ada, strict=True)
        for kind, mask in zip(sample.segments.class_ids, sample.segments.masks, strict=True)
    ]
    rows = [(row["name"], row["segments"], row["pixels"]) for row in ada.class_statistics()]
    assert rows == [("leaf", 1, 80), ("stem", 1, 80)]
    pinned = own_labels.view(dataset.at(labelled[0]), "ada")
    assert np.array_equal(pinned["s1"].segments.masks.decode()[0], square(10))
    assert pinned != own_labels.view(dataset.at(labelled[0]), "ada").where("split = 'val'")
    assert pinned != dataset.at(labelled[0])
    frozen = ada.frozen()
    own_labels.apply(dataset, 1, drawn("e", 7, 1), author="ada")
    assert (frozen.keys(), ada.keys()) == (["s1", "s2"], ["s0", "s1", "s2"])
    for again in (pickle.loads(pickle.dumps(pinned)), copy.deepcopy(pinned)):
        assert again == pinned
        assert [sample.key for sample in again] == ["s1"]
        assert again["s1"].segments == pinned["s1"].segments
        again.database.close()
    assert np.array_equal(dataset["s1"].segments.masks.decode()[0], square(2))
    with pytest.raises(UsageError, match="one of ada, ben"):
        own_labels.view(dataset, "cy")
    with pytest.raises(UsageError, match="nobody has"):
        own_labels.view(dataset.at(2), "ada")


def test_what_was_read_apart_is_not_taken_for_the_shared_labels(dataset, labelled) -> None:
    """An edit compares with the revision in which the shared labels were read, not with that of somebody's own."""
    read = dataset["s1"].segments
    with dataset.edit("theirs", author="cy") as edit:
        edit.set_segment("s1", 1, score=0.5)
    assert own_labels.view(dataset, "ada")["s1"].segments != read
    with dataset.edit("mine") as edit:
        edit.put("s1", read)  # this object wrote the revision in between
    assert dataset["s1"].segments == read


def test_export_of_one_persons_labels(dataset, labelled, tmp_path) -> None:
    ada = own_labels.view(dataset, "ada")
    formats.write(ada, dataset.classes, tmp_path / "ada", "coco", images="none", check=True)
    reading = formats.read(tmp_path / "ada", "coco")
    found = {sample.key: sample.segments for sample in reading.samples}
    assert sorted(found) == ["s1", "s2"]
    assert np.array_equal(found["s1"].masks.decode()[0], square(15))


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_and_runs_see_the_same_labels(dataset, labelled, workers, tmp_path) -> None:
    ada = own_labels.view(dataset, "ada")
    run = Run.start(ada, "predict", {}, name=f"with-{workers}", folder=tmp_path)
    run.add_predictions([(number, ada.read([number])[0].segments) for number in ada.numbers()])
    run.finish("done", {})
    with dataset.edit("later") as edit:
        edit.set("s1", weight=2.0)
    again = dataset.run(f"with-{workers}").view
    assert (again.annotator, again.keys()) == ("ada", ["s1", "s2"])
    assert again["s1"].segments == ada["s1"].segments
    assert evaluate(again, run, workers=workers)["mean_iou"] == 1.0
    assert evaluate(dataset, run)["mean_iou"] < 0.5


def test_export_by_the_command_line(dataset, labelled, tmp_path) -> None:
    def called(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "maskwright", "export", dataset.place, str(tmp_path / "out"), "-f", "coco"]
        return subprocess.run([*command, *more], capture_output=True, text=True)

    wrong = called("--annotator", "cy")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "one of ada, ben" in wrong.stderr
    assert not (tmp_path / "out").exists()
    done = called("--annotator", "ada", "--at", str(labelled[0]), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["samples"] == 1
    [sample] = formats.read(tmp_path / "out", "coco").samples
    assert np.array_equal(sample.segments.masks.decode()[0], square(10))


def test_damage_of_own_labels_is_found_and_not_shown(dataset, labelled) -> None:
    import sqlalchemy as sql

    table = schema.opinions
    living = table.c.removed == schema.ALIVE
    with dataset.database.writing() as connection:
        [row, *_] = connection.execute(sql.select(table.c.row).where(living, table.c.author == "ada")).scalars()
        connection.execute(table.update().where(table.c.row == row).values(score=0.5))
    for read in (lambda: own_labels.read(dataset, 2, "ada"), lambda: own_labels.view(dataset, "ada")["s1"]):
        with pytest.raises(DatasetError, match="not what was written"):
            read()
    assert [problem.row for problem in doctor.verify(dataset, images=False).problems] == [("opinions", row)]
    with dataset.database.writing() as connection:
        connection.execute(table.delete().where(table.c.row == row))
    assert dataset.check() == ["opinions: second opinions are not those that were written"]
    doctor.repair(dataset, doctor.verify(dataset, images=False))
    assert dataset.check() == []


def test_classes_of_own_labels_are_in_use(dataset, labelled) -> None:
    with pytest.raises(UsageError, match="still use the class with id 2"), dataset.edit("classes") as edit:
        edit.set_classes(Classes([Class(1, "leaf", "thing")]))
    before = dataset.revision
    with dataset.edit("merge") as edit:
        edit.merge_class(2, 1)
    assert dataset.log(1)[0].summary == {"classes removed": 1, "opinions changed": 1}
    assert own_labels.read(dataset, 3, "ada")[0].class_ids.tolist() == [1]
    assert own_labels.read(dataset, 3, "ada", before)[0].class_ids.tolist() == [2]
    assert dataset.check() == []


def test_labels_from_a_file_leave_what_is_known_of_the_others(dataset, tmp_path) -> None:
    counts = {"size": list(SIZE), "counts": [150, *[15] * (2 * 14 + 1), 600 - 150 - 15 * 29]}
    found = {
        "images": [{"id": 1, "file_name": "s0.png", "height": SIZE[0], "width": SIZE[1]}],
        "categories": [{"id": 5, "name": "leaf"}],
        "annotations": [{"id": 3, "image_id": 1, "category_id": 5, "iscrowd": 0, "segmentation": counts}],
    }
    (tmp_path / "labels.json").write_text(json.dumps(found))
    more = {"annotator": ["eve"], "geometry": [{"box": [2, 5, 10, 15]}]}
    with dataset.edit("drawn") as edit:
        edit.put("s0", edit.segments("s0").replace(more=more))
    report = incoming.add(dataset, tmp_path / "labels.json", name="labels.json", write=True, author="ada")
    assert (report.images, report.objects) == (1, 1)
    joined = dataset["s0"].segments
    assert joined.column("annotator") == ("eve", None)
    assert joined.column("geometry")[0] == {"box": [2, 5, 10, 15]}
    assert joined.column("geometry")[1]["shape"] == "runs", "how the file wrote its runs comes along"
    assert joined.ids.tolist() == [1, 2]
    parts = Segments(joined.masks, [1, 1], ids=[8, 9], more={"parent": [None, 8]})
    assert incoming._joined(joined, incoming._with_classes(parts, np.array([1, 2]))).column("parent") == (
        None, None, None, 3,
    )  # fmt: skip
