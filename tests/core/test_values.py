"""What the shared types take and keep: whole numbers, read-only arrays, mappings of their own."""

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.core import geometry
from maskwright.core.classes import Class, Classes
from maskwright.core.drawn import stated_area
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments

SIZE = (3, 4)
DENSE = np.array([[[1, 1, 0, 0]] * 3, [[0, 0, 0, 1]] * 3], bool)
NOT_WHOLE = [
    1.7,
    1.0,
    float("nan"),
    True,
    np.bool_(True),
    "3",
    None,
    1j,
    Decimal(1),
    np.float64(2),
    2**63,
    -(2**63) - 1,
    2**70,
]


def segments(**columns: Any) -> Segments:
    return Segments(Masks.encode(DENSE), **{"class_ids": [1, 5], **columns})


def sample(**parts: Any) -> Sample:
    return Sample(**{"key": "a", "image": ImageRef("a.png", SIZE), "segments": segments(), **parts})


# -- whole numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", NOT_WHOLE, ids=repr)
@pytest.mark.parametrize("kind", [list, tuple, lambda pair: np.array(pair, object)], ids=["list", "tuple", "array"])
def test_ids_that_are_not_whole_numbers_are_refused(value: object, kind: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"a class id is .*whole number"):
        Class(value, "cat")  # type: ignore[arg-type]
    for column in ("class_ids", "ids"):
        with pytest.raises(ValueError, match=f"a value of {column} is .*whole number"):
            segments(**{column: kind([2, value])})
    if value is not None:
        with pytest.raises(ValueError, match=r"an image's frame is .*whole number"):
            ImageRef("a.png", SIZE, frame=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ["float32", "float64", "bool", "complex64", "U3", "datetime64[s]"])
def test_ids_of_arrays_of_other_types_are_refused(dtype: str) -> None:
    with pytest.raises(ValueError, match=r"a value of class_ids is .*not a whole number"):
        segments(class_ids=np.array([1, 5]).astype(dtype))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64])
def test_whole_numbers_of_numpy_are_ints(dtype: Any) -> None:
    assert type(Class(dtype(7), "cat").id) is int
    found = segments(class_ids=np.array([7, 9], dtype), ids=[dtype(3), 4])
    assert found.class_ids.dtype == found.ids.dtype == np.int64
    assert (found.class_ids.tolist(), found.ids.tolist()) == ([7, 9], [3, 4])
    assert json.dumps(Classes([Class(dtype(7), "cat", colour=(dtype(1), 2, 3))]).to_json())
    assert type(ImageRef("a.png", (dtype(3), dtype(4)), frame=dtype(2)).frame) is int


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=2, unique=True))
def test_every_id_of_64_bits_is_kept(ids: list[int]) -> None:
    assert segments(ids=ids).ids.tolist() == ids
    assert segments(class_ids=np.array(ids)).class_ids.tolist() == ids
    assert [Class(value, "a").id for value in ids] == ids


def test_a_tensor_has_whole_numbers_too() -> None:
    torch = pytest.importorskip("torch")
    assert segments(class_ids=torch.tensor([4, 2])).class_ids.tolist() == [4, 2]
    with pytest.raises(ValueError, match="class_ids"):
        segments(class_ids=torch.tensor([4.0, 2.5]))


# -- other values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"class_ids": [1]}, r"class_ids has shape \(1,\)"), ({"class_ids": [[1], [5]]}, "class_ids has shape"),
        ({"scores": ["0.5", "x"]}, "a value of scores is '0.5'"), ({"scores": [True, False]}, "a value of scores is True"),
        ({"scores": [0.5]}, "scores has shape"), ({"is_crowd": ["no", "no"]}, "a value of is_crowd is 'no'"),
        ({"is_crowd": [0, 3]}, "a value of is_crowd is 3"), ({"is_crowd": [0.0, 0.5]}, "a value of is_crowd is 0.0"),
        ({"source": "nobody"}, "a value of source is 'nobody'"), ({"source": ["human"]}, "source has 1 values; 2 masks"),
        ({"attributes": [{}]}, "attributes has 1 values"), ({"attributes": [{}, 3]}, "a value of attributes is 3"),
        ({"ids": [4, 4]}, "same id"),
    ],
)  # fmt: skip
def test_columns_of_segments_say_what_is_wrong(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        segments(**wrong)
    with pytest.raises(TypeError, match="made of Masks"):
        Segments(DENSE, [1, 5])  # type: ignore[arg-type]


def test_columns_that_are_meant_are_taken() -> None:
    found = segments(scores=[None, 1], is_crowd=[0, 1], source=("human", "model"), attributes=({"a": 1}, {}))
    assert np.isnan(found.scores[0])
    assert (found.scores[1], found.is_crowd.tolist(), found.source) == (1.0, [False, True], ["human", "model"])


@pytest.mark.parametrize(
    "size",
    [(0, 4), (3, -1), (3.0, 4), (True, 4), ("3", "4"), (3,), (3, 4, 3), 3, None, (2**16, 2**16), (3, float("nan"))],
)
def test_a_size_is_two_whole_numbers_above_zero(size: Any) -> None:
    with pytest.raises(ValueError, match=r"'a.png': a size is \(height, width\)"):
        ImageRef("a.png", size)
    with pytest.raises(ValueError, match=r"a size is \(height, width\)"):
        Masks.empty(size)


def test_a_size_becomes_a_tuple_of_ints() -> None:
    size = ImageRef("a.png", [np.int64(3), 4]).size  # type: ignore[arg-type]
    assert size == (3, 4)
    assert [type(side) for side in size] == [int, int]
    assert sample(image=ImageRef("a.png", [3, 4])).image.size == SIZE  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ImageRef(7, SIZE), "uri is 7"), (lambda: ImageRef("a", SIZE, checksum=7), "checksum is 7"),
        (lambda: ImageRef("a", SIZE, video=7), "video is 7"),
        (lambda: sample(key=7), "a sample's key is 7"), (lambda: sample(image="a.png"), "a: image is a str"),
        (lambda: sample(segments=[]), "a: segments is a list"), (lambda: sample(split=3), "a: split is 3"),
        (lambda: sample(weight="1"), "a: weight is '1'"), (lambda: sample(weight=True), "a: weight is True"),
        (lambda: sample(weight=float("nan")), "a: weight is nan"), (lambda: sample(weight=-1), "a: weight is -1"),
        (lambda: sample(fields=[]), r"a: fields is \[\]"), (lambda: sample(image=ImageRef("a", (9, 9))), "size"),
        (lambda: Class(1, 7), "class 1: name is 7"), (lambda: Class(1, "a", "many"), "class 1: kind is 'many'"),
        (lambda: Class(1, "a", role=["x"]), "class 1: role is"), (lambda: Class(1, "a", extra=3), "class 1: extra is 3"),
        (lambda: Class(1, "a", colour=(1, 2)), "class 1: colour is"), (lambda: Class(1, "a", colour="red"), "colour"),
        (lambda: Class(1, "a", colour=(1, 2, 256)), "256.*three numbers"), (lambda: Class(1, "a", colour=(1, 2, True)), "True"),
        (lambda: Classes.from_json([{"id": 1.7, "name": "a"}]), "a class id is 1.7"),
    ],
)  # fmt: skip
def test_samples_images_and_classes_say_what_is_wrong(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_a_class_can_be_hashed() -> None:
    assert len({Class(1, "a", extra={"x": [1]}), Class(1, "a", extra={"x": [1]}), Class(1, "a")}) == 2


@pytest.mark.parametrize("points", [[1, 2], [[1, 2, 3]], [[[1, 2]]], [["1", "2"]], [[float("nan"), 1]], [[None, 1]]])
def test_points_and_boxes_have_their_shapes(points: Any) -> None:
    with pytest.raises(ValueError, match=r"points|finite"):
        Masks.encode(DENSE).contains(points)
    for call in (geometry.xyxy_to_xywh, geometry.xywh_to_xyxy):
        with pytest.raises(ValueError, match="last axis"):
            call(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="boxes"):
        geometry.box_iou(np.zeros((1, 8)), np.zeros((1, 4)))
    assert Masks.encode(DENSE).contains([]).shape == (2, 0)
    assert geometry.box_iou([], np.zeros((1, 4))).shape == (0, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Mask(SIZE, [5.5, 6.5]), "mask 0 is 5.5"), (lambda: Mask(SIZE, [5]), "sum to 5"),
        (lambda: Mask.from_counts(["a"], SIZE), "mask 0 is 'a'"), (lambda: Mask(SIZE, [-1, 13]), "-1"),
        (lambda: Masks(SIZE, [12, 12], [0, 1]), "offsets go from 0"), (lambda: Masks(SIZE, [12], [0, 2, 1]), "offsets"),
        (lambda: Masks(SIZE, [[12]], [0, 1]), "one axis"), (lambda: Masks(SIZE, [12.5], [0, 1]), "a value of counts"),
        (lambda: Masks(SIZE, [12, 11], [0, 1, 2]), "mask 1: the runs sum to 11"), (lambda: Mask.of(Masks.empty(SIZE)), "one"),
        (lambda: Polygon([[["0", "0", "1", "1", "2", "0"]]]), "polygon ring is '0'"),
        (lambda: Polygon([[np.zeros((2, 3))]]), r"shape \(2, 3\)"),
    ],
)  # fmt: skip
def test_masks_and_polygons_say_what_is_wrong(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_masks_made_from_counts_are_canonical() -> None:
    masks = Masks(SIZE, [12, 3, 0, 3, 6], [0, 1, 5])
    assert (masks.counts.tolist(), masks.offsets.tolist()) == ([12, 6, 6], [0, 1, 3])
    assert Mask(SIZE, masks.counts[:1]) == masks[0] == Mask.empty(SIZE)


# -- what is kept ------------------------------------------------------------------------------------------------------


def arrays() -> dict[str, np.ndarray]:
    """Every array that a shared type hands out, also of what operations and copies make."""
    masks = Masks.encode(DENSE)
    holder = segments(scores=np.array([0.5, 1]))
    found = {}
    made = {
        "encoded": masks, "empty": Masks.empty(SIZE, 2), "some": masks[::-1], "union": masks.union().batch,
        "both": masks & masks, "cut": masks.crop((0, 0, 2, 2)), "joined": Masks.concatenate([masks, masks], SIZE),
        "label map": Masks.from_label_map(np.eye(3, dtype=int))[1], "counts": Masks.from_counts([[12]], SIZE),
        "given": Masks(SIZE, [12], [0, 1]), "string": Masks.from_compressed(masks.compressed(), SIZE),
        "polygons": Masks.from_polygons(masks.polygons(), SIZE), "unpickled": pickle.loads(pickle.dumps(masks)),
        "copied": copy.deepcopy(masks), "grown": masks.dilate(1), "one": masks[0].batch, "in segments": holder.masks,
    }  # fmt: skip
    for name, value in made.items():
        found |= {f"{name}: counts": value.counts, f"{name}: offsets": value.offsets}
    found["one: counts"] = masks[0].counts
    for name, rows in {"made": holder, "chosen": holder[:1], "copied": copy.deepcopy(holder), "sent": pickle.loads(pickle.dumps(holder)),
                       "with masks": holder.with_masks(masks), "none": Segments.none(SIZE)}.items():  # fmt: skip
        found |= {f"{name}: {column}": getattr(rows, column) for column in ("class_ids", "ids", "scores", "is_crowd")}
    for name, polygon in {"outline": masks[0].polygon(), "given ring": Polygon([[np.array([[0.0, 0], [1, 0], [1, 1]])]]),
                          "sent ring": pickle.loads(pickle.dumps(masks[0].polygon()))}.items():  # fmt: skip
        found[name] = polygon.parts[0][0]
    return found


@pytest.mark.parametrize("name", sorted(arrays()))
def test_arrays_are_read_only(name: str) -> None:
    array = arrays()[name]
    for view in (array, array[:], array[::-1], array.reshape(-1), array.view()):
        assert not view.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            view[...] = 0


def test_changing_what_was_given_changes_nothing() -> None:
    counts, offsets = np.array([6, 6], np.uint32), np.array([0, 2], np.int64)
    ring, columns = np.array([[0.0, 0], [3, 0], [3, 3]]), {"class_ids": np.array([1, 5]), "ids": np.array([8, 9]),
                                                          "scores": np.array([0.5, 1]), "is_crowd": np.array([True, False])}  # fmt: skip
    masks, polygon, rows = Masks(SIZE, counts, offsets), Polygon([[ring]]), segments(**columns)
    view = columns["class_ids"][:]
    view.flags.writeable = False
    through_a_view = segments(class_ids=view)
    before = copy.deepcopy((masks, polygon, rows, through_a_view))
    for array in (counts, offsets, ring, *columns.values()):
        array[...] = 0
    assert (masks, polygon, rows, through_a_view) == before


def test_mappings_are_copies_down_to_their_lists() -> None:
    inner = {"list": [1, {"deep": [2]}]}
    rows = segments(attributes=[inner, {}])
    whole = sample(segments=rows, fields=inner)
    kind = Class(1, "a", extra=inner)
    classes = Classes([kind])
    inner["list"][1]["deep"].append(3)  # type: ignore[index, union-attr, call-overload]
    inner["more"] = [1]
    meant = {"list": [1, {"deep": [2]}]}
    assert rows.attributes == [meant, {}]
    assert (whole.fields, kind.extra) == (meant, meant)
    classes.to_json()[0]["extra"]["list"].clear()
    assert kind.extra == meant


def test_parts_are_not_shared() -> None:
    rows = segments()
    rows.attributes[0]["x"] = 1
    assert rows.attributes == [{"x": 1}, {}]
    some, other = rows[:1], rows.with_masks(rows.masks)
    some.attributes[0]["x"] = other.attributes[0]["x"] = 2
    assert rows.attributes[0] == {"x": 1}
    first = sample(fields={"list": []})
    second = replace(first, key="b")
    second.fields["list"].append(1)
    assert first.fields == {"list": []}
    assert sample().fields is not sample().fields


def test_mappings_that_hold_themselves_are_refused() -> None:
    endless: dict[str, Any] = {}
    endless["x"] = endless
    with pytest.raises(ValueError, match="nested too deeply"):
        sample(fields=endless)


def test_samples_are_picklable_and_their_mappings_json() -> None:
    whole = sample(fields={"a": [1, {"b": None}]}, segments=segments(attributes=[{"a": [1]}, {}]))
    assert pickle.loads(pickle.dumps(whole)) == whole == copy.deepcopy(whole)
    assert json.loads(json.dumps([whole.fields, whole.segments.attributes])) == [
        whole.fields,
        whole.segments.attributes,
    ]


# -- what was drawn --------------------------------------------------------------------------------------------------


def shapes() -> tuple[Segments, Masks]:
    """Two segments that were drawn, with stated areas and given boxes, and masks of which the second is another."""
    drawn = [{"shape": "polygon", "rule": "coco", "parts": [], "area": 7.5}, None]
    rows = segments(
        attributes=[{"a": 1}, {"area": 2.5, "b": 2}], more={"geometry": drawn, "box": [[0, 0, 2, 2], [1, 1, 2, 2]]}
    )
    dense = rows.masks.decode()
    dense[1] ^= True
    return rows, Masks.encode(dense)


def test_what_was_drawn_and_its_area_go_with_the_mask() -> None:
    rows, other = shapes()
    assert [stated_area(rows, row) for row in (0, 1)] == [7.5, 2.5]
    for changed in (rows.with_masks(other), rows.replace(masks=other), rows.replace(masks=other, ids=[4, 5])):
        assert changed.column("geometry") == (rows.more["geometry"][0], None)
        assert changed.attributes == [{"a": 1}, {"b": 2}]
        assert [stated_area(changed, row) for row in (0, 1)] == [7.5, None]
        assert changed.column("box") == rows.column("box")
    moved = rows.moved(other)
    assert moved.more == {}
    assert [stated_area(moved, row) for row in (0, 1)] == [None, None]
    larger = rows.with_masks(Masks.empty((9, 9), 2))
    assert (larger.more, larger.attributes) == ({}, [{"a": 1}, {"b": 2}])
    assert rows.replace(masks=other, more=rows.more).column("geometry") == rows.column("geometry"), "as it was said"
    with pytest.raises(ValueError, match="1 masks need"):
        rows.replace(masks=rows.masks[:1])


def test_values_that_nobody_else_has_are_not_copied() -> None:
    rows, _ = shapes()
    attributes, geometry = [{"a": 1}, {}], [{"shape": "runs"}, None]
    taken = Segments.take_over(
        rows.masks, [1, 2], attributes=attributes, more={"geometry": geometry, "box": [None] * 2}
    )
    assert taken.attributes[0] is attributes[0]
    assert taken.more["geometry"][0] is geometry[0]
    assert "box" not in taken.more, "it says nothing"
    assert taken[:1].more["geometry"][0] is geometry[0]
    assert taken == Segments(rows.masks, [1, 2], attributes=attributes, more={"geometry": geometry})
    with pytest.raises(ValueError, match="same id"):
        Segments.take_over(rows.masks, [1, 2], ids=[3, 3])
    with pytest.raises(ValueError, match="geometry has 1 values"):
        Segments.take_over(rows.masks, [1, 2], more={"geometry": geometry[:1]})
    with pytest.raises(ValueError, match="the value is"):
        rows.replace(more={"box": [[5, 0, 1, 1], None]})
