"""Records that cannot be read are set aside, or named together."""

import numpy as np
import pytest

from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.formats._aside import LOOKED_AT, NAMED, Aside, current, taking


def sample_of(number: int) -> Sample | None:
    if number % 3 == 0:
        raise FormatError("has no size", file=f"{number // 10}.json", record=f"image {number}")
    segments = Segments(Masks.encode(np.ones((1, 2, 2), bool)), [1])
    return None if number % 3 == 1 else Sample(str(number), ImageRef("a.png", (2, 2)), segments)


def test_what_is_broken_is_left_out_and_listed() -> None:
    aside = Aside(skip=True)
    assert [sample.key for sample in aside.samples(range(9), sample_of)] == ["2", "5", "8"]
    assert [str(broken) for broken in aside.broken] == [
        "0.json: image 0: has no size", "0.json: image 3: has no size", "0.json: image 6: has no size"
    ]  # fmt: skip


def test_a_single_one_is_its_own_error() -> None:
    with pytest.raises(FormatError) as caught:
        list(Aside().samples([3, 2], sample_of))
    assert str(caught.value) == "0.json: image 3: has no size.\n  Leave such records out with --skip-broken."


def test_ten_are_named_at_once_and_nothing_comes_behind_the_first() -> None:
    came: list[str] = []
    with pytest.raises(FormatError) as caught:
        came.extend(sample.key for sample in Aside().samples(range(1, 100), sample_of))
    assert came == ["2"]
    text = str(caught.value)
    assert text.startswith(
        "0.json: image 3: has no size.\n  10 or more records cannot be read, this one and:\n    image 6: has no size\n"
    )
    assert text.endswith("\n    3.json: image 30: has no size\n  Leave such records out with --skip-broken.")
    assert "33" not in text
    assert text.count("has no size") == NAMED


def test_parts_of_a_sample_break_alone_and_the_sample_once() -> None:
    def of_parts(aside: Aside, number: int) -> Sample | None:
        for part in range(3):
            with aside.record("a.json", f"part {part} of {number}"):
                if part == number:
                    raise ValueError("is not a number")
        return sample_of(2)

    skipping, strict = Aside(skip=True), Aside()
    assert len(list(skipping.samples([0, 1, 7], lambda number: of_parts(skipping, number)))) == 3
    assert [broken.record for broken in skipping.broken] == ["part 0 of 0", "part 1 of 1"]
    with pytest.raises(FormatError, match=r"(?s)part 0.*not a number.*2 records cannot be read.*part 1 of 1"):
        list(strict.samples([0, 1, 7], lambda number: of_parts(strict, number)))
    strict = Aside()
    with pytest.raises(FormatError, match="10 or more") as caught:
        list(strict.samples([0] * 50, lambda number: of_parts(strict, number)))
    assert str(caught.value).count("or more records") == 1


def test_looking_on_has_an_end() -> None:
    looked: list[int] = []

    def of_few(number: int) -> Sample | None:
        looked.append(number)
        return sample_of(0 if not number else 2)

    with pytest.raises(FormatError):
        list(Aside().samples(range(10 * LOOKED_AT), of_few))
    assert len(looked) == LOOKED_AT + 1


def test_wrong_calls_are_not_content() -> None:
    def wrong(number: int) -> Sample | None:
        raise UsageError("no such option")

    with pytest.raises(UsageError):
        list(Aside(skip=True).samples([1], wrong))


def test_a_reader_finds_where_to_put_them() -> None:
    aside = Aside(skip=True)
    with taking(aside):
        assert current() is aside
    assert current() is not aside
