"""Sequences: what they take, and what they say of what they do not."""

import json
from typing import Any

import numpy as np
import pytest

import maskwright as mw
from maskwright.core import columns
from maskwright.core.sequence import AXES, Sequence


def test_a_sequence_keeps_its_own_values() -> None:
    fields = {"camera": "left", "times": [0.0, 0.2]}
    made = Sequence("street", "space", [np.float32(2.5), 1, 1], "RAS", fields)  # type: ignore[arg-type]
    fields["times"].append(9)  # type: ignore[attr-defined]
    assert made == Sequence("street", "space", (2.5, 1.0, 1.0), "RAS", {"camera": "left", "times": [0.0, 0.2]})
    assert made.spacing is not None
    assert {type(number) for number in made.spacing} == {float}
    assert Sequence("clip") == mw.core.Sequence("clip", "time", None, None, {})
    assert Sequence("clip", spacing=0.04).spacing == (0.04,)  # type: ignore[arg-type]


def test_json_holds_it() -> None:
    for made in (Sequence("clip"), Sequence("a", "space", (2.5, 1, 1), "RAS", {"dose": [3]})):
        written = json.loads(json.dumps(made.to_json()))
        assert Sequence.from_json(written) == made
    assert Sequence("clip").to_json() == {"name": "clip", "axis": "time"}
    with pytest.raises(ValueError, match="is not a sequence"):
        Sequence.from_json({"name": "clip", "colour": 1})


def test_its_parts_are_the_columns_of_sequences() -> None:
    assert tuple(column.name for column in columns.SEQUENCE) == tuple(Sequence.__dataclass_fields__)
    assert {column.name: column.values for column in columns.SEQUENCE}["axis"] == AXES


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": 3}, "a sequence: its name is 3, which is not text"),
        ({"name": ""}, "a sequence has an empty name"),
        ({"axis": "depth"}, "the sequence 'a': axis is 'depth'; it is one of time, space"),
        ({"spacing": (1, 2)}, "spacing is (1, 2); it is one finite number above 0, or three"),
        ({"spacing": (0, 1, 1)}, "spacing is (0, 1, 1)"),
        ({"spacing": (float("nan"),)}, "spacing is (nan,)"),
        ({"spacing": ("1",)}, "spacing is ('1',)"),
        ({"spacing": True}, "spacing is True"),
        ({"orientation": 1}, "the sequence 'a': orientation is 1, which is not text"),
        ({"fields": [1]}, "the sequence 'a': fields is [1], which is not a mapping"),
    ],
)
def test_other_values_are_refused_by_name(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        Sequence(**{"name": "a", **values})
    assert said in str(caught.value)
