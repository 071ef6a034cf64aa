"""Conditions that nobody writes by hand: the right answer, or one sentence that says what is wrong with them."""

import pytest

from maskwright.errors import UsageError
from maskwright.store import Dataset, conditions


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    import damaged_sets

    home = tmp_path_factory.mktemp("set")
    damaged_sets._database(home / "set", damaged_sets.samples(home / "pictures"))
    with Dataset.open(home / "set") as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("area < 99999999999999999999999", 2), ("area > 99999999999999999999999", 0), ("area >= -99999999999999999999999", 2),
        ("area = 9223372036854775808", 0), ("area != 9223372036854775808", 2), ("area < 9223372036854775807", 2),
        ("area > -9223372036854775808", 2), ("num_segments in (2, 99999999999999999999)", 1), ("area < 1" + "0" * 5000, 2),
        ("area < 1e400", 2), ("score > -1e400", 2), ("is_crowd = true", 1),
        ("not " * 500 + "split = 'val'", 2), ("not " * 501 + "split = 'val'", 1), ("not " * 30_001 + "split = 'val'", 1),
        ("(" * conditions.DEEPEST + "split = 'val'" + ")" * conditions.DEEPEST, 2), ("not (split = 'val') and not not area > 0", 1),
        (" or ".join(["area > 0"] * conditions.MOST), 2), (" and ".join(["area > 0"] * conditions.MOST), 2), ("key = '" + "a" * 100_000 + "'", 0),
        ("split in (" + ", ".join(["'val'"] * 5000) + ")", 2),
    ],
)  # fmt: skip
def test_the_right_answer(dataset, text, number) -> None:
    view = dataset.where(text)
    assert len(view) == number
    assert len(list(view)) == number


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(" * 500 + "split = 'val'" + ")" * 500, "at character 31: more than 30 brackets"), ("(" * 50_000, "more than 30 brackets"),
        (" or ".join(["area > 0"] * 5000), "more than 400 comparisons"), ("key = 'a\0b'", "at character 9: a character that no text"),
        ("class = '\ud800'", "at character 10: a character"), ("fields.x\0 = 1", "a character that no text"),
        ("is_crowd = 99999999999999999999", "'is_crowd' is true or false, and 1e[+]20 is a number"),
        ("not not not", "expected a column, found 'the end'"), ("area < " + "9" * 9 + "x" * 100_000, "did not expect"),
    ],
)  # fmt: skip
def test_one_sentence(dataset, text, message) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        dataset.where(text)
    assert len(str(caught.value)) < 1000
    assert "\0" not in str(caught.value)
