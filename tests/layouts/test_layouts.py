"""Small copies of public sets are read without any option, and hold what their descriptions say."""

from dataclasses import replace

import numpy as np
import pytest
from public_sets import LAYOUTS
from public_sets.comparison import Found, Reading, differences, tried
from public_sets.drawing import pack
from public_sets.truth import Layout, Truth

#: What is not read right: the layout, with ":packed" as its archives: why.
NOT_YET: dict[str, str] = {}


def cases(packed: bool) -> list:
    """A parameter a layout, marked where it is on the list."""
    rows = []
    for layout in LAYOUTS:
        name = f"{layout.name}:packed" if packed else layout.name
        if not packed or layout.archives:
            marks = [pytest.mark.xfail(reason=NOT_YET[name], strict=True)] if name in NOT_YET else []
            rows.append(pytest.param(layout, id=name, marks=marks))
    return rows


@pytest.mark.parametrize("layout", cases(packed=False))
def test_it_is_read_right(layout: Layout, tmp_path) -> None:
    truth = layout.build(tmp_path)
    outcome = tried(tmp_path, truth)
    assert outcome.state == "right", "\n".join(outcome.reasons)


@pytest.mark.parametrize("layout", cases(packed=True))
def test_it_is_read_right_as_it_is_downloaded(layout: Layout, tmp_path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    truth = layout.build(folder)
    outcome = tried(pack(folder, layout.archives, tmp_path / "packed"), truth)
    assert outcome.state == "right", "\n".join(outcome.reasons)


def test_the_list_names_layouts() -> None:
    names = {layout.name for layout in LAYOUTS} | {f"{layout.name}:packed" for layout in LAYOUTS if layout.archives}
    assert set(NOT_YET) <= names
    assert len(LAYOUTS) == len({layout.name for layout in LAYOUTS})


def name_of(key: str, truth: Truth) -> str:
    """A right name of a class."""
    right = truth.names.get(key, (key,))
    return f"class {key}" if right is None else right[-1]


def perfect(truth: Truth) -> Reading:
    """What a reader without faults says."""
    found, keys = [], set()
    for path, labels in truth.images.items():
        keys |= set(labels.masks)
        masks = {name_of(key, truth): [mask for mask in drawn if mask.any()] for key, drawn in labels.masks.items()}
        held = {name: drawn for name, drawn in masks.items() if drawn} if labels.known else {}
        found.append(Found(f"/data/{path}", path, labels.size, next(iter(labels.split), None), held))
    for path, volume in truth.volumes.items():
        keys |= set(volume.masks)
        for level in range(volume.shape[2]):
            slices = {name_of(key, truth): [mask[..., level]] for key, mask in volume.masks.items()}
            held = {name: drawn for name, drawn in slices.items() if drawn[0].any()}
            split = next(iter(volume.split), None)
            found.append(Found(f"/data/{path}#page={level}", path, volume.shape[:2], split, held))
    return Reading(found, {name_of(key, truth): "class" for key in keys}, None)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_the_comparison_takes_what_is_right_and_sees_what_is_not(layout: Layout, tmp_path) -> None:
    truth = layout.build(tmp_path)
    assert not {path for path in truth.images if not (tmp_path / path.split("#")[0]).is_file()}
    assert not {path for path in (*truth.volumes, *truth.same) if not (tmp_path / path).is_file()}
    reading = perfect(truth)
    assert not differences(reading, truth)

    optional = {name_of(key, truth) for key in truth.optional}
    row = [row for row in reading.found if set(row.masks) - optional][-1]
    rest = [other for other in reading.found if other is not row]
    assert differences(replace(reading, found=rest), truth), "an image is missing"
    assert differences(replace(reading, found=[*reading.found, replace(row, uri="/data/x/y.png", key="y")]), truth)
    assert differences(replace(reading, found=[*rest, replace(row, masks={})]), truth), "labels are missing"
    moved = {name: [np.roll(mask, 3, 1) for mask in masks] for name, masks in row.masks.items()}
    assert differences(replace(reading, found=[*rest, replace(row, masks=moved)]), truth), "masks are shifted"
    joined = {name: [np.any(masks, 0)] for name, masks in row.masks.items()}
    if truth.instances and any(len(masks) > 1 for name, masks in row.masks.items() if name not in optional):
        assert differences(replace(reading, found=[*rest, replace(row, masks=joined)]), truth), "objects are merged"
