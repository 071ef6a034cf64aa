"""The one reader of values that people write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from maskwright.core import typed
from maskwright.core.typed import Bare, Duration, Limits, Square
from maskwright.core.yaml_file import load_written
from maskwright.errors import FormatError, UsageError

MINUTES = Annotated[float | None, Duration, Limits(above=0)]
SIZE = Annotated[tuple[int, int], Square]


def read(value: Any, kind: Any) -> Any:
    return typed.read(value, kind, found="the setting x")


@pytest.mark.parametrize(("kind", "text", "value"), [
    (float, "1e-3", 0.001), (float, "5", 5.0), (float, " .5 ", 0.5), (int, "40", 40), (int, "1e3", 1000),
    (int, "2.0", 2), (MINUTES, "20m", 20.0), (MINUTES, "1h30m", 90.0), (MINUTES, "1h 30m", 90.0), (MINUTES, "90s", 1.5),
    (MINUTES, "1.5h", 90.0), (MINUTES, "7", 7.0), (MINUTES, "20 min", 20.0), (MINUTES, "none", None),
    (SIZE, "64x96", (64, 96)), (SIZE, "64×96", (64, 96)), (SIZE, "64,96", (64, 96)), (SIZE, "64 96", (64, 96)),
    (SIZE, "[64, 96]", (64, 96)), (SIZE, "(64, 96)", (64, 96)), (SIZE, "64", (64, 64)),
    *((bool, word, True) for word in ("yes", "Yes", "on", "true", "TRUE", "1")),
    *((bool, word, False) for word in ("no", "off", "false", "0")),
    (str, "no", "no"), (str, "5", "5"), (str, "'a b'", "a b"), (str | None, "none", None), (str | None, "", None),
    (Literal["same", "valid"], '"valid"', "valid"), (Literal[1, 2], "2", 2), (tuple[str, ...], "a, b", ("a", "b")),
    (tuple[str, ...], "a", ("a",)), (tuple[str, ...], "[]", ()), (Sequence[float] | None, "[1, 2]", (1.0, 2.0)),
    (Sequence[str] | None, "none", None), (Sequence[int | str], "21, cat", (21, "cat")), (list[int], "1,2", [1, 2]), (Path, "a/b", "a/b"),
    (Any, "5", 5), (Any, "1e-3", 0.001), (Any, "true", True), (Any, "no", "no"), (Any, "none", None), (Any, "'5'", "5"),
    (Any, "[1, 2]", [1, 2]), (Any, "(1, 2)", (1, 2)), (Any, "[a, 1]", ["a", 1]),
])  # fmt: skip
def test_text_is_taken_as_meant(kind: Any, text: str, value: Any) -> None:
    found = read(Bare(text), kind)
    assert found == value
    assert type(found) is type(value), "a plain value of Python"


@pytest.mark.parametrize(("kind", "given", "value"), [
    (int, np.int64(4), 4), (float, np.float32(0.5), 0.5), (float, 1, 1.0), (int, 2.0, 2), (bool, np.bool_(False), False),
    (SIZE, np.array([64, 96]), (64, 96)), (SIZE, [64, 96], (64, 96)), (SIZE, 64, (64, 64)), (MINUTES, None, None),
    (str, Path("a"), "a"), (dict[str, Any], {"a": "5", "b": Bare("5")}, {"a": "5", "b": 5}), (int | str, "x", "x"),
])  # fmt: skip
def test_values_of_python_and_numpy(kind: Any, given: Any, value: Any) -> None:
    found = read(given, kind)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("kind", "given", "needed"), [
    (int, "abc", "a whole number"), (int, 1.5, "a whole number"), (int, "1.5", "a whole number"),
    (int, True, "a whole number"), (int, None, "a whole number"), (float, "1,5", "a number"), (float, [1], "a number"),
    (float, float("inf"), "a finite number"), (float, ".inf", "a finite number"), (float, "nan", "a finite number"),
    (float, "1e999", "a finite number"), (MINUTES, "inf", "a finite number"), (MINUTES, "0m", "more than 0"),
    (MINUTES, "soon", "a time such as 20m, 1h30m or 90s, or a number of minutes, more than 0, or none"),
    (MINUTES, "1:30", "a time such as 20m"), (Annotated[int, Limits(least=1)], "0", "at least 1"),
    (Annotated[float, Limits(least=0, most=1)], "2", "from 0 to 1"),
    (Annotated[int, Limits(least=64, or_=(0,))], 5, "0, or at least 64"),
    (Annotated[float, Limits(least=0, below=1)], 1.0, "at least 0 and below 1"),
    (SIZE, "64x", "two whole numbers"), (SIZE, "1x2x3", "two whole numbers"), (SIZE, {"a": 1}, "two whole numbers"),
    (bool, "perhaps", "yes or no"), (bool, 2, "yes or no"), (str, 5, "text"), (str, None, "text"),
    (Literal["a", "b", "c"], "d", "a, b or c"), (typed.Device, "gpu", "cpu, cuda or cuda:NUMBER"),
    (dict[str, Any], 5, "names with values"), (tuple[int, ...], "1,a", "a list of whole numbers"),
])  # fmt: skip
def test_anything_else_is_one_sentence(kind: Any, given: Any, needed: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed.read(given, kind, found="the setting x", file="plan.yaml", record="line 3")
    assert str(caught.value).startswith(f"plan.yaml: line 3: the setting x is {given!r}; it must be {needed}")
    assert "\n" not in str(caught.value)


def test_long_values_are_cut_in_messages() -> None:
    with pytest.raises(UsageError) as caught:
        read("9" * 100_000, bool)
    assert len(str(caught.value)) < 200


def taker(image: int, *, count: int = 5, names: Sequence[str] = (), rate: "Unknown" = 1, kind: str = "a") -> None:  # type: ignore[name-defined]  # noqa: F821
    """Something that takes options."""


def test_options_are_read_by_the_annotations_of_who_takes_them() -> None:
    given = typed.pairs(["count=7", "names=a,b", "rate=1e-1", "kind=5"])
    assert typed.options(given, taker, "the thing", skip=("image",)) == {
        "count": 7, "names": ("a", "b"), "rate": 0.1, "kind": "5",
    }  # fmt: skip
    for wrong, said in (
        ({"cuont": 7}, "the thing has no option 'cuont'; it has count, names, rate, kind.\n  Did you mean 'count'?"),
        ({"image": 7}, "the thing has no option 'image'"),
        ({"count": Bare("many")}, "the option count of the thing is 'many'; it must be a whole number."),
    ):
        with pytest.raises(UsageError) as caught:
            typed.options(wrong, taker, "the thing", skip=("image",))
        assert str(caught.value).startswith(said)

    def open_(*, count: int = 5, **more: Any) -> None:
        """Takes all."""

    assert typed.options({"count": "6", "x": Bare("5")}, open_, "it") == {"count": 6, "x": 5}


@pytest.mark.parametrize(("texts", "said"), [
    (["a"], "has no value"), (["=5"], "has no name"), (["a=1", "a=2"], "a is given twice"),
    (["a-b=1", "a_b=2"], "a_b is given twice"),
])  # fmt: skip
def test_pairs_have_a_name_and_a_value_once(texts: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        typed.pairs(texts)


def test_yaml_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: no\nb: 'no'\n\nc: [1e-3, {d: ~}]\ne:\n")
    found = load_written(file)
    assert found == {"a": ("no", 1), "b": ("no", 2), "c": (["1e-3", {"d": None}], 4), "e": (None, 5)}
    assert isinstance(found["a"][0], Bare)
    assert not isinstance(found["b"][0], Bare)
    file.write_text("")
    assert load_written(file) == {}


@pytest.mark.parametrize(("text", "said"), [
    ("a: 1\nb: 2\na: 3", "line 3: 'a' is there twice, first in line 1"),
    ("c:\n  a: 1\n  a: 2", "line 3: 'a' is there twice, first in line 2"), ("- 1", "line 1: a sequence stands where"),
    ("[1]: 2", "a sequence stands where a name"), ("a: &a [*a]", "aliases unfold"), (":::\n\t", "not valid YAML"),
])  # fmt: skip
def test_yaml_that_cannot_be_meant(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    with pytest.raises(FormatError) as caught:
        load_written(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_with_options_in_brackets() -> None:
    assert typed.call("dice") == ("dice", {})
    assert typed.call(" my_loss ( gamma=1.5, weight=[1, 2], how=plain ) ") == (
        "my_loss", {"gamma": "1.5", "weight": "[1, 2]", "how": "plain"},
    )  # fmt: skip
    assert typed.call("crop(size=(32, 40), at=-1)") == ("crop", {"size": "(32, 40)", "at": "-1"})
    for wrong in ("", "dice(", "dice dice", "dice()()", "2", "dice)", "dice(a=[1)"):
        assert typed.call(wrong) is None, wrong
    for wrong in ("dice(1)", "dice(a=1, a=2)", "dice(**x)"):
        with pytest.raises(UsageError):
            typed.call(wrong)


def test_members_of_a_family_are_named_in_either_spelling() -> None:
    kind = Annotated[str, typed.Member("interactive.engines", ("any",))]
    assert typed.read("mobile_sam", kind, found="it") == "mobile-sam"
    assert typed.read("any", kind, found="it") == "any"
    with pytest.raises(UsageError, match=r"it is .sum.; it must be any, classical, .* or sam3"):
        typed.read("sum", kind, found="it")
