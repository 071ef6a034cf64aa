"""Records of a JSON list: the same one by one, again, and together with their neighbours."""

import json

import pytest

from maskwright.errors import FormatError
from maskwright.formats._json import Document


def records(tmp_path, text: str):
    file = tmp_path / "a.json"
    file.write_text(text)
    return Document(file).records()


def test_every_record_is_its_own_however_often_it_is_asked_for(tmp_path) -> None:
    made = [{"id": number, "ring": [number, 1.5, None], "name": "a,b]["} for number in range(200)] + [None, 7, [3]]
    found = records(tmp_path, json.dumps(made))
    for _ in range(3):
        for number in (5, 6, 5, 199, 0, 202, 200, 201, 64, 63, 65):
            record = found[number]
            assert record == made[number]
            if isinstance(record, dict):
                record["ring"].clear()
    assert list(found) == made
    assert found[-1] == [3]
    with pytest.raises(IndexError):
        found[203]


def test_a_broken_record_does_not_break_its_neighbours(tmp_path) -> None:
    found = records(tmp_path, '[{"id": 1}, {"id": 2, "x": 1..5}, {"id": 3}]')
    assert [found[0], found[2], found[0], found[2]] == [{"id": 1}, {"id": 3}, {"id": 1}, {"id": 3}]
    with pytest.raises(FormatError, match="not valid JSON"):
        found[1]
