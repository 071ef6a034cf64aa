"""Gestures, second opinions and the work around them, below HTTP, in both databases."""

import threading

import numpy as np
import pytest

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, UsageError
from maskwright.labelling import assignments, gestures, own_labels, workflow
from maskwright.labelling.gestures import Operation, Piece
from maskwright.labelling.workflow import ObjectVerdict, Remark, Said, Verdict
from maskwright.store import Dataset

SIZE = (20, 30)


def mask(left: int) -> str:
    out = np.zeros((1, *SIZE), bool)
    out[0, 5:15, left : left + 8] = True
    return Masks.encode(out).compressed()[0].decode()


def drawn(name: str, segment: int, left: int, *, base: dict[int, int] | None = None, class_id: int = 1) -> Operation:
    piece = Piece(segment, class_id, mask(left))
    return Operation(f"operation-{name}", "brush", [piece], base=base or {}, effort={"seconds": 2, "clicks": 1})


@pytest.fixture
def dataset(place):
    classes = Classes([Class(1, "leaf", "thing"), Class(2, "stem", "stuff")])
    with Dataset.create(place, classes) as made:
        with made.edit("images") as edit:
            for k in range(5):
                edit.add(
                    Sample(
                        f"s{k}", ImageRef(f"s{k}.png", SIZE, video="v" if k > 2 else None, frame=k), Segments.none(SIZE)
                    )
                )
        yield made


def test_a_gesture_is_one_revision_once(dataset) -> None:
    before = dataset.revision
    first = gestures.apply(dataset, 1, drawn("a", 2**52, 3), author="ada")
    assert (first.revision, first.again) == (before + 1, False)
    again = gestures.apply(dataset, 1, drawn("a", 2**52, 3), author="ada")
    assert (again.revision, again.again) == (before + 1, True)
    assert dataset.revision == before + 1
    assert dataset.log(1)[0].author == "ada"
    stale = gestures.apply(dataset, 1, drawn("b", 2**52, 4), author="ben")
    assert stale.stale == (2**52,)
    assert gestures.last_change(dataset, 1) == first.revision
    moved = gestures.apply(dataset, 1, drawn("b", 2**52, 4, base={2**52: first.revision}), author="ben")
    assert moved.revision == before + 2
    assert [each["author"] for each in gestures.history(dataset, 1)] == ["ben", "ada"]
    assert not dataset.check()


@pytest.mark.parametrize("work", [gestures, own_labels])
def test_a_segment_that_others_moved_in_the_stack_is_not_stale(dataset, work) -> None:
    wrote = {segment: work.apply(dataset, 1, drawn(str(segment), segment, segment), author="ada").revision
             for segment in (7, 8, 9)}  # fmt: skip
    gone = Operation("operation-gone", "delete", [], remove=[7], base={7: wrote[7]})
    assert work.apply(dataset, 1, gone, author="ada").stale == ()
    mended = work.apply(dataset, 1, drawn("mended", 9, 3, base={9: wrote[9]}), author="ada")
    assert mended.stale == ()
    assert (
        work.apply(dataset, 1, Operation("operation-back", "undo", [Piece(7, 1, mask(7), z=0)]), author="ada").stale
        == ()
    )
    assert work.apply(dataset, 1, drawn("other", 9, 4, base={9: wrote[9]}), author="ada").stale == (9,)
    taken = Operation("operation-taken", "delete", [], remove=[8], base={8: wrote[8]})
    assert work.apply(dataset, 1, taken, author="ada").stale == ()
    assert not dataset.check()


def test_opinions_are_apart_and_follow_the_same_rules(dataset) -> None:
    before = dataset.revision
    first = own_labels.apply(dataset, 1, drawn("a", 7, 3), author="ada")
    other = own_labels.apply(dataset, 1, drawn("b", 7, 9), author="ben")
    assert (first.revision, other.revision, dataset.revision) == (before + 1, before + 2, before + 2)
    assert [revision.summary for revision in dataset.log(2)] == [{"opinions added": 1}] * 2
    assert own_labels.apply(dataset, 1, drawn("a", 7, 3), author="ada").again
    own, written = own_labels.read(dataset, 1, "ada")
    assert own.masks.compressed()[0].decode() == mask(3)
    assert written == {7: first.revision}
    assert own_labels.read(dataset, 1, "ben")[0].masks.compressed()[0].decode() == mask(9)
    assert len(own_labels.read(dataset, 2, "ada")[0]) == 0
    second = own_labels.apply(dataset, 1, drawn("c", 8, 15), author="ada")
    assert second.revision > first.revision
    assert own_labels.read(dataset, 1, "ada")[1] == {7: first.revision, 8: second.revision}
    assert own_labels.apply(dataset, 1, drawn("d", 7, 1), author="ada").stale == (7,)
    assert own_labels.apply(dataset, 1, drawn("e", 7, 1, base={7: first.revision}), author="ada").stale == ()
    with pytest.raises(DatasetError, match="does not declare"):
        own_labels.apply(dataset, 1, drawn("f", 9, 1, class_id=9), author="ada")
    with pytest.raises(UsageError, match="no image"):
        own_labels.apply(dataset, 99, drawn("g", 9, 1), author="ada")
    head = dataset.revision
    done = own_labels.apply(dataset, 1, Operation("operation-done", "state", said=Said("labelled")), author="ada")
    assert (workflow.of(dataset, 1).own_labels, workflow.of(dataset, 1).state) == (("ada",), None)
    own_labels.apply(dataset, 1, Operation("operation-open", "state", said=Said("open")), author="ada")
    assert workflow.of(dataset, 1).own_labels == ()
    assert (dataset.revision, done.revision, done.number) == (head, head, 1)
    assert dataset.read([1])[0].fields == {}
    assert len(dataset.read([1])[0].segments) == 0
    assert gestures.history(dataset, 1) == []
    gone = Operation("operation-gone", "delete", remove=[7, 8], base=own_labels.read(dataset, 1, "ada")[1])
    own_labels.apply(dataset, 1, gone, author="ada")
    assert len(own_labels.read(dataset, 1, "ada")[0]) == 0
    # Every revision says what they were in it.
    then = own_labels.read(dataset, 1, "ada", first.revision)
    assert (then[0].masks.compressed()[0].decode(), then[1]) == (mask(3), {7: first.revision})
    assert own_labels.read(dataset, 1, "ada", second.revision)[0].ids.tolist() == [7, 8]
    assert own_labels.annotators(dataset) == ["ben"]
    assert own_labels.annotators(dataset.at(second.revision)) == ["ada", "ben"]
    dataset.restore(second.revision)
    assert own_labels.read(dataset, 1, "ada")[0] == own_labels.read(dataset, 1, "ada", second.revision)[0]
    with dataset.edit("gone") as edit:
        edit.remove("s0")
    with pytest.raises(UsageError, match="no image"):
        own_labels.read(dataset, 1, "ada")
    assert own_labels.annotators(dataset) == []
    assert not dataset.check()


def test_people_at_once_lose_nothing_of_either(dataset) -> None:
    wrong: list[BaseException] = []

    def person(name: str, write) -> None:
        try:
            for k in range(6):
                done = write(dataset, 1, drawn(f"{name}-{k}", 100 * len(name) + k, k), author=name)
                assert not done.stale
        except BaseException as error:  # noqa: BLE001  a thread's error is seen nowhere else
            wrong.append(error)

    people = [("a", gestures.apply), ("bb", gestures.apply), ("ccc", own_labels.apply), ("dddd", own_labels.apply)]
    threads = [threading.Thread(target=person, args=each_person) for each_person in people]
    for thread in threads:
        thread.start()
    for each_thread in threads:
        each_thread.join()
    assert not wrong
    assert sorted(dataset.read([1])[0].segments.ids.tolist()) == [100 * n + k for n in (1, 2) for k in range(6)]
    for name in ("ccc", "dddd"):
        assert len(own_labels.read(dataset, 1, name)[0]) == 6
    assert not dataset.check()


def test_work_is_given_counted_and_merged(dataset) -> None:
    assert assignments.assign(dataset, "ada", count=3, author="me") == [1, 2, 3]  # images first, then a video's frames
    assert assignments.assign(dataset, "ben", count=9, author="me") == [4, 5]
    assert assignments.assign(dataset, None, numbers=[2], author="me") == [2]
    with pytest.raises(UsageError, match="no image"):
        assignments.assign(dataset, "ada", numbers=[77], author="me")
    gestures.apply(dataset, 1, drawn("a", 1, 3), author="ada")
    gestures.apply(dataset, 1, drawn("b", 2, 9, class_id=2), author="ada")
    own_labels.apply(dataset, 2, drawn("c", 3, 9), author="ben")
    gestures.apply(dataset, 1, Operation("operation-s", "state", said=Said("labelled")), author="ada")
    found = assignments.progress(dataset)
    assert found.states == {"labelled": 1, "open": 4}
    assert [(person.name, person.assigned, person.finished, person.gestures) for person in found.people] == [
        ("ada", 2, 1, 3),
        ("ben", 2, 0, 1),
    ]
    assert [(class_.class_id, class_.objects, class_.images) for class_ in found.classes] == [(1, 1, 1), (2, 1, 1)]
    with dataset.edit("merge") as edit:
        edit.set_segment("s0", 1, score=0.5)  # a row that this very edit has written
        assert edit.merge_class(1, 2) == 1
    assert [class_.name for class_ in dataset.classes] == ["stem"]
    assert dataset.read([1])[0].segments.class_ids.tolist() == [2, 2]
    assert own_labels.read(dataset, 2, "ben")[0].class_ids.tolist() == [2]
    assert dataset.at("head~1").read([1])[0].segments.class_ids.tolist() == [1, 2]
    with pytest.raises(UsageError, match="no class"), dataset.edit("merge") as edit:
        edit.merge_class(2, 1)
    assert not dataset.check()


def test_what_is_said_of_an_image_meanwhile_is_not_undone(dataset) -> None:
    """Fields are merged inside the edit, not written back as they were read before it."""
    rows = gestures.overview(dataset)
    gestures.apply(dataset, 1, Operation("operation-s", "fields", fields={"weather": "rain"}), author="ada")
    with dataset.edit("late") as edit:
        edit.set_fields(rows[0].key, {"place": "Oslo", "nothing": None})
    assert dataset.read([1])[0].fields == {"weather": "rain", "place": "Oslo"}


def test_what_is_said_is_no_revision_and_no_field_of_the_users(dataset) -> None:
    with dataset.edit("places") as edit:
        edit.set_fields("s0", {"state": "Bavaria", "assignee": 3, "opinions": {"of": "many"}})
    before = dataset.revision
    said = gestures.apply(dataset, 1, Operation("operation-1", "state", said=Said("review")), author="ada")
    assert (said.revision, said.number, said.again) == (before, 1, False)
    again = gestures.apply(dataset, 1, Operation("operation-1", "state", said=Said("review")), author="ada")
    assert (again.revision, again.number, again.again) == (before, 1, True)
    assert assignments.assign(dataset, "ben", numbers=[1, 2, 1], author="ada") == [1, 2, 1]
    assert (dataset.revision, gestures.last_change(dataset, 1)) == (before, before)
    assert workflow.of(dataset, 1) == workflow.Workflow("review", "ben", (), 2)
    assert workflow.of(dataset, 3) == workflow.Workflow()
    assert dataset["s0"].fields == {"state": "Bavaria", "assignee": 3, "opinions": {"of": "many"}}
    assert assignments.progress(dataset).states == {"review": 1, "open": 4}
    gestures.apply(dataset, 1, Operation("operation-2", "state", said=Said("open")), author="ada")
    assert workflow.of(dataset, 1).state is None
    with pytest.raises(UsageError, match="'done'"):
        gestures.apply(dataset, 1, Operation("operation-3", "state", said=Said("done")), author="ada")
    assert [row["kind"] for row in gestures.history(dataset, 1)] == ["state", "state"]
    assert not dataset.check()


def test_comments_and_verdicts_are_kept_beside_the_labels(dataset) -> None:
    remark = lambda name, text: Operation(f"operation-{name}", "comment", said=Said(comment=Remark(7, text)))  # noqa: E731
    before = dataset.revision
    gestures.apply(dataset, 1, remark("a", "an ear is missing"), author="ada")
    own_labels.apply(dataset, 1, remark("b", "I doubt it"), author="ben")
    texts = lambda **more: [(said.author, said.text) for said in workflow.comments(dataset, 1, **more)]  # noqa: E731
    assert texts() == [("ada", "an ear is missing")]
    assert texts(opinion="ben") == [("ben", "I doubt it")]
    gestures.apply(dataset, 1, remark("c", "both are"), author="cy")
    assert texts() == [("cy", "both are")]
    assert gestures.apply(dataset, 1, remark("d", ""), author="ada").number == 4
    assert texts() == []
    assert texts(opinion="ben") == [("ben", "I doubt it")]
    verdict = Operation("operation-e", "reject", said=Said(suggestion=Verdict("a-run", "rejected")))
    assert gestures.apply(dataset, 1, verdict, author="ada").number == 5
    assert workflow.judged(dataset) == {("a-run", 1)}
    single = Operation("operation-o", "reject one", said=Said(objects=ObjectVerdict("b_run", (3, 12), "rejected")))
    assert gestures.apply(dataset, 1, single, author="ada").number == 7
    assert workflow.rejected_objects(dataset, "b_run", 1) == [3, 12]
    for other, number in (("bXrun", 1), ("b", 1), ("b_run", 2)):
        assert workflow.rejected_objects(dataset, other, number) == []
    back = Operation("operation-p", "undo", said=Said(objects=ObjectVerdict("b_run", (3,), "open")))
    gestures.apply(dataset, 1, back, author="ada")
    assert workflow.rejected_objects(dataset, "b_run", 1) == [12]
    with pytest.raises(UsageError, match="control"):
        gestures.apply(dataset, 1, remark("f", "a\0b"), author="ada")
    assert gestures.apply(dataset, 1, remark("f", "ab"), author="ada").again is False
    assert dataset.revision == before
    assert not dataset.check()


def test_people_have_roles(dataset) -> None:
    workflow.join(dataset, ["ben", "ada"])
    workflow.set_role(dataset, "ada", "owner")
    workflow.join(dataset, ["ada", "cy"])
    assert workflow.roles(dataset) == {"ada": "owner", "ben": "annotator", "cy": "annotator"}
    with pytest.raises(UsageError, match="boss"):
        workflow.set_role(dataset, "ben", "boss")
    gestures.apply(dataset, 1, drawn("a", 1, 3), author="ada")
    gestures.apply(dataset, 1, drawn("b", 2, 3), author="dee")
    assert [(person.name, person.role) for person in assignments.progress(dataset).people] == [
        ("ada", "owner"), ("dee", None),
    ]  # fmt: skip


def test_who_draws_is_the_annotator_and_what_nobody_touches_keeps_its_columns(dataset) -> None:
    masks = Masks.from_compressed([mask(left) for left in (1, 4, 7, 10)], SIZE)
    more = {
        "annotator": ["eve", "eve", None, "eve"],
        "parent": [None, 1, 2, 3],
        "geometry": [{"n": k} for k in range(4)],
    }
    areas = [{"area": 5.5}, {"area": 6.5}, {"area": 7.5}, {"area": 8.5, "b": 1}]
    with dataset.edit("parts") as edit:
        edit.put("s0", Segments(masks, [1] * 4, attributes=areas, more=more))
    base = gestures.revisions_of(dataset, 1)
    pieces = [
        Piece(2, 1, mask(4), z=3, attributes=areas[1]), Piece(3, 2, mask(7), attributes=areas[2]),
        Piece(4, 1, mask(11), attributes=areas[3]), Piece(9, 1, mask(2), source="model", attributes={"area": 1.5}),
    ]  # fmt: skip
    done = Operation("operation-a", "brush", pieces, remove=[1], base=base)
    assert not gestures.apply(dataset, 1, done, author="ada").stale
    found = dataset["s0"].segments
    rows = dict(zip(found.ids.tolist(), zip(*map(found.column, more), strict=True), strict=True))
    assert rows == {
        2: ("eve", None, {"n": 1}),  # moved in the stack alone; the whole that it was a part of is gone
        3: ("ada", 2, {"n": 2}),  # another class
        4: ("ada", 3, None),  # drawn anew
        9: (None, None, None),
    }
    said = dict(zip(found.ids.tolist(), found.attributes, strict=True))
    assert said == {2: areas[1], 3: areas[2], 4: {"b": 1}, 9: {"area": 1.5}}, (
        "the area of an old mask is not the new one's"
    )
