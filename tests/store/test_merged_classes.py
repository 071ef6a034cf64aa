"""Merging classes is taken back from the history: what it moved has its class again, what was changed since stays."""

import numpy as np
import pytest

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.store import Dataset

SIZE = (6, 8)
CELL, LEAF, ROOT = (
    Class(1, "cell", "thing"),
    Class(2, "leaf", "stuff", colour=(1, 2, 3), extra={"supercategory": "plant"}),
    Class(3, "root"),
)


def segments(*class_ids: int) -> Segments:
    bits = np.zeros((len(class_ids), *SIZE), bool)
    for k in range(len(class_ids)):
        bits[k, : k + 1, k:] = True
    return Segments(Masks.encode(bits), list(class_ids), ids=[10 + k for k in range(len(class_ids))])


@pytest.fixture
def merged(place: str):
    """A dataset in which LEAF became ROOT, and the revision of that."""
    with Dataset.create(place, Classes([CELL, LEAF, ROOT])) as dataset:
        with dataset.edit("add") as edit:
            for key in ("a", "b"):
                drawn = segments(2, 1, 2, 3)
                edit.add(
                    Sample(key, ImageRef(f"{key}.png", SIZE), drawn, own_labels={"ada": segments(2)}), hash_image=False
                )
        with dataset.edit("merge") as edit:
            assert edit.merge_class(2, 3) == 4
        yield dataset, dataset.revision


def classes_of(dataset: Dataset, key: str) -> dict[int, int]:
    found = dataset.read([dataset.number_of(key)])[0].segments
    return dict(zip(found.ids.tolist(), found.class_ids.tolist(), strict=True))


def test_everything_is_as_it_was(merged) -> None:
    dataset, revision = merged
    with dataset.edit("take back") as edit:
        done = edit.take_back_merge(revision)
    assert (done.objects, done.stayed, done.stayed_on) == (6, 0, ())
    assert list(dataset.classes) == [CELL, LEAF, ROOT]
    assert [dataset.at(revision - 1).read([k])[0].segments == dataset.read([k])[0].segments for k in (1, 2)] == [
        True,
        True,
    ]
    assert dataset.check() == []


def test_what_was_changed_since_stays_and_is_named(merged) -> None:
    dataset, revision = merged
    with dataset.edit("change") as edit:
        edit.set_segment("a", 10, score=0.5)
        edit.set_segment("b", 10, score=0.5)
        edit.remove_segment("b", 12)
        edit.put_opinion("b", segments(1), author="ada")
    with dataset.edit("change back, and put something below all") as edit:
        edit.set_segment("b", 10, score=float("nan"))
        now = edit.segments("a")
        edit.put("a", now[[1, 0, 2, 3]])
    with dataset.edit("others' classes") as edit:
        edit.set_classes(Classes([ROOT, Class(9, "bark"), CELL]))
    with dataset.edit("take back") as edit:
        done = edit.take_back_merge(revision)
    assert (done.objects, done.stayed, done.stayed_on) == (3, 2, ("a", "b"))
    assert [declared.name for declared in dataset.classes] == ["root", "bark", "cell", "leaf"]
    assert dataset.classes[2] == LEAF
    assert classes_of(dataset, "a") == {10: 3, 11: 1, 12: 2, 13: 3}
    assert classes_of(dataset, "b") == {10: 2, 11: 1, 13: 3}
    assert dataset.check() == []


def test_a_class_that_took_its_place_is_named_and_nothing_is_done(merged) -> None:
    dataset, revision = merged
    for taken, said in ((Class(2, "other"), "the id of the class 'leaf'"), (Class(7, "leaf"), "the name of the class")):
        with dataset.edit("classes") as edit:
            edit.set_classes(Classes([CELL, ROOT, taken]))
        before = dataset.revision
        with pytest.raises(UsageError, match=f"(?s){said}.*{taken.name}"), dataset.edit("take back") as edit:
            edit.take_back_merge(revision)
        assert dataset.revision == before
    with pytest.raises(UsageError, match="merged no class"), dataset.edit("take back") as edit:
        edit.take_back_merge(1)
