"""What was drawn, and boxes that were given: their form, and what a change of the mask leaves of them."""

import numpy as np
import pytest

from maskwright import Dataset, core
from maskwright.core import drawn
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.formats._rules import RULES, parts_for

SQUARE = [[2, 1, 6, 1, 6, 4, 2, 4]]


def segments(*, geometry: object, box: object = None) -> Segments:
    masks = RULES["edges"].draw([[SQUARE]], (8, 10))
    return Segments(masks, [1], more={"geometry": [geometry], "box": [box]})


def test_the_form_of_what_is_drawn() -> None:
    assert drawn.polygon([SQUARE], "coco") == {"shape": "polygon", "rule": "coco", "parts": [SQUARE]}
    told = drawn.rectangle([1, 2, 3.5, 4], "edges", turn=45, cvat={"z": 1})
    assert told == {
        "shape": "rectangle", "rule": "edges", "box": [1, 2, 3.5, 4], "turn": 45, "own": {"cvat": {"z": 1}},
    }  # fmt: skip
    assert drawn.own_of(told, "cvat") == {"z": 1}
    assert drawn.own_of(told, "via") is None and drawn.own_of(None, "via") is None and drawn.own_of(5, "via") is None
    assert drawn.ellipse((1, 2), (3, 4), "edges") == {
        "shape": "ellipse", "rule": "edges", "centre": [1, 2], "radii": [3, 4],
    }  # fmt: skip


def test_parts_of_several_polygons_are_the_parts_of_all() -> None:
    first, second = drawn.polygon([SQUARE], "coco"), drawn.polygon([[[0, 0, 1, 0, 1, 1]]], "coco")
    assert drawn.several([first]) == first
    assert drawn.parts_of(drawn.several([first, second])) == [SQUARE, [[0, 0, 1, 0, 1, 1]]]
    for other in (None, 5, {}, {"shape": "several"}, drawn.rectangle([0, 0, 1, 1], "edges"), {"shape": "polygon"}):
        assert drawn.parts_of(other) is None
    assert drawn.parts_of(drawn.several([first, drawn.rectangle([0, 0, 1, 1], "edges")])) is None


def test_parts_mean_the_same_under_a_rule_that_draws_the_same_pixels() -> None:
    with_whole_corners = segments(geometry=drawn.polygon([SQUARE], "coco"))
    assert parts_for(with_whole_corners, 0, "coco") == [SQUARE]
    assert parts_for(with_whole_corners, 0, "edges") == [SQUARE]
    slanted = [[0.5, 0, 1.5, 7.5, 6, 8.5]]
    masks = RULES["coco"].draw([[slanted]], (8, 10))
    assert masks != RULES["edges"].draw([[slanted]], (8, 10))
    other = Segments(masks, [1], more={"geometry": [drawn.polygon([slanted], "coco")]})
    assert parts_for(other, 0, "coco") == [slanted]
    assert parts_for(other, 0, "edges") is None


@pytest.mark.parametrize(
    ("ring", "same"), [([0.5, 0, 1.501, 7.499, 6, 8.5], True), ([0.723, 2.697, 4.329, 3.804, 3.629, 0.254], False)]
)
def test_a_program_that_keeps_few_decimals_must_draw_the_mask_of_those(ring: list[float], same: bool) -> None:
    """As Datumaro, which keeps two."""
    mask, rounded = RULES["coco"].draw([[[ring]], [[[round(value, 2) for value in ring]]]], (8, 10))
    assert (mask == rounded) == same
    found = Segments(mask.batch, [1], more={"geometry": [drawn.polygon([[ring]], "coco")]})
    assert parts_for(found, 0, "coco") == [[ring]]
    assert parts_for(found, 0, "coco", decimals=2) == ([[ring]] if same else None)


@pytest.mark.parametrize(
    "geometry",
    [None, {}, {"shape": "polygon"}, {"shape": "polygon", "rule": "other", "parts": [[[1]]]}, [1], "text",
     {"shape": "several", "shapes": [5]}],
)  # fmt: skip
def test_what_is_not_known_has_no_parts(geometry: object) -> None:
    assert parts_for(segments(geometry=geometry), 0, "coco") is None


@pytest.mark.parametrize("rule", sorted(RULES))
def test_outlines_of_a_rule_draw_the_mask(rule: str) -> None:
    rng = np.random.default_rng(3)
    drawable = 0
    for _ in range(60):
        dense = rng.random((9, 11)) < rng.choice([0.1, 0.5, 0.9])
        mask = Masks.encode(dense[None])[0]
        parts = RULES[rule].outline(mask)
        if parts is not None:
            drawable += 1
            assert RULES[rule].draw([parts], mask.size)[0] == mask
    assert drawable


@pytest.mark.parametrize("rule", sorted(RULES))
def test_many_polygons_are_drawn_as_they_are_alone(rule: str) -> None:
    many = [[SQUARE], [[[0, 0, 3, 0, 3, 3]], [[5, 5, 8, 5, 8, 7]]], [[[1, 1, 9, 1, 9, 6, 1, 6]]]]
    together = RULES[rule].draw(many, (8, 10))
    assert len(together) == 3
    for parts, mask in zip(many, together, strict=True):
        assert RULES[rule].draw([parts], (8, 10))[0] == mask
    assert len(RULES[rule].draw([], (8, 10))) == 0


def test_a_given_box_stays_when_the_mask_changes(tmp_path) -> None:
    found = segments(geometry=drawn.rectangle([2, 1, 6, 4], "edges"), box=[2, 1, 6, 4])
    dataset = Dataset.create(tmp_path / "set", Classes([Class(1, "cell")]))
    with dataset.edit("import") as edit:
        edit.add(Sample("a", ImageRef(str(tmp_path / "a.png"), (8, 10)), found))
    other = Masks.encode(np.eye(8, 10, dtype=bool)[None])[0]
    with dataset.edit("an engine's mask") as edit:
        edit.set_segment("a", 1, mask=other)
    back = dataset["a"].segments
    assert back.masks[0] == other
    assert (back.column("geometry"), back.column("box")) == ((None,), ([2, 1, 6, 4],))


def test_what_lies_elsewhere_loses_both() -> None:
    found = segments(geometry=drawn.polygon([SQUARE], "edges"), box=[2, 1, 6, 4])
    assert set(found.with_masks(found.masks).more) == {"geometry", "box"}, "it draws the same mask"
    assert set(found.with_masks(found.masks.flip(horizontal=True)).more) == {"box"}
    assert not found.moved(found.masks.flip(horizontal=True)).more
    assert not found.with_masks(found.masks.resize((16, 20))).more


def test_a_box_is_four_numbers_in_order() -> None:
    with pytest.raises(ValueError, match="box"):
        segments(geometry=None, box=[5, 5, 1, 1])
    assert core.box_iou(np.array([segments(geometry=None, box=(0, 0, 2, 2)).column("box")[0]]), [[0, 0, 2, 2]])[0] == 1


def test_a_box_that_was_stated() -> None:
    told = drawn.polygon([SQUARE], "coco", via={"z": 1}, coco={"bbox": [1.5, 2, 3, 4]})
    assert drawn.stated_box(told) == [1.5, 2, 4.5, 6]
    for bbox in (
        None,
        [],
        [0, 0, 0, 0],
        [1, 2, 3, 0],
        [1, 2, 3, "4"],
        [1, 2, 3, float("nan")],
        [1, 2, float("inf"), 4],
    ):
        assert drawn.stated_box(drawn.polygon([SQUARE], "coco", coco={"bbox": bbox})) is None
    assert drawn.stated_box(drawn.rectangle([1, 2, 3, 4], "coco")) is None
    assert drawn.stated_box(None) is None and drawn.stated_box(5) is None and drawn.stated_box({"own": 5}) is None
