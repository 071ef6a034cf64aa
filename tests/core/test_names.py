"""Keys and names: what may stand where a path could be made of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.core.names import (
    check_name,
    confined,
    key_problem,
    name_problem,
    safe_key,
    shown,
    shown_place,
    told_apart,
)
from maskwright.errors import DatasetError, UsageError, redacted

BAD_KEYS = [
    "", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\\b", "a\0b", "a\nb", "e\u0301", "x" * 5000, "y" * 250,
    "\u202egnp", "\ud800", 5, None, ".hidden", "a/.b", "...", "a/ /b",
]  # fmt: skip


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_could_lead_elsewhere_is_refused_and_has_a_safe_neighbour(key: object) -> None:
    assert key_problem(key) is not None
    if isinstance(key, str):
        assert key_problem(safe_key(key)) is None


@given(st.text())
def test_every_text_has_a_safe_key_and_a_safe_key_stays(text: str) -> None:
    safe = safe_key(text)
    assert key_problem(safe) is None
    assert safe_key(safe) == safe
    if key_problem(text) is None:
        assert safe == text


@pytest.mark.parametrize("key", ["a", "with space", "sub/folder/x", "größe", "日本", "z.dots.in", "#1?100%"])
def test_keys_that_people_have_stay(key: str) -> None:
    assert key_problem(key) is None
    assert safe_key(key) == key


@pytest.mark.parametrize(
    "name", ["", "..", ".", "a/b", "a\\b", "../x", "/x", "last", "HEAD", "-x", " x", "a\tb", "x" * 500, 5]
)
def test_a_name_is_one_safe_word(name: object) -> None:
    assert name_problem(name) is not None
    with pytest.raises(UsageError, match="without slashes"):
        check_name(name, "a run's name")  # type: ignore[arg-type]


def test_a_good_name_stays_and_is_composed() -> None:
    assert check_name("unet-512 v2", "a run's name") == "unet-512 v2"
    assert check_name("e\u0301", "a run's name") == "\u00e9"


def test_confined_stays_below_its_folder_with_links_resolved(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    assert confined(tmp_path / "in", "a/b.png") == tmp_path / "in" / "a" / "b.png"
    assert confined(tmp_path / "in", "./a//b") == tmp_path / "in" / "a" / "b"
    for bad in ("../out/x", "/x", "a/../../x", "link/x", "a\0b", "", ".", "a\\b", "a\nb", "x" * 256, "y/" * 1500 + "y"):
        with pytest.raises(UsageError):
            confined(tmp_path / "in", bad)


@given(st.text(), st.text())
def test_keys_told_apart_are_good_and_differ(text: str, other: str) -> None:
    key = safe_key(text)
    apart = told_apart(key, text)
    assert key_problem(apart) is None
    assert apart != key
    assert (apart == told_apart(key, other)) == (text == other)


def test_long_keys_are_told_apart_too() -> None:
    for text in ("x" * 5000, "y" * 199, "ü" * 100, "/".join(["z" * 190] * 5), "/".join(["z" * 199] * 4 + ["z" * 195])):
        assert key_problem(told_apart(safe_key(text), text)) is None


def test_text_from_elsewhere_is_shown_on_one_line() -> None:
    assert shown("a\x1b[31mb\n") == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}"
    assert len(shown("x" * 1000)) == 80


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("postgresql://ann:geheim@db/set", "postgresql://ann:***@db/set"),
        ("at postgresql+psycopg://ann:ge/he?im@db/set: no", "at postgresql+psycopg://ann:***@db/set: no"),
        ("postgresql://ann:ge@heim@db/set?options=a@b", "postgresql://ann:***@db/set?options=a@b"),
        ("postgresql://ann:ge heim@db/set", "postgresql://ann:***@db/set"),
        ("postgresql:///set?password=geheim&user=ann", "postgresql:///set?password=***&user=ann"),
        ("connection failed: password='ge heim' host=x", "connection failed: password=*** host=x"),
        ("s3://AKIA:ge/heim@bucket", "s3://AKIA:***@bucket"),
        ("https://ann:geheim@files.example/a@2x.png", "https://ann:***@files.example/a@2x.png"),
        (str(Path("postgresql://ann:geheim@db/set")), "postgresql:/ann:***@db/set"),
        ("two: pg://a:geheim@h and pg://b:geheim@h", "two: pg://a:***@h and pg://b:***@h"),
    ],
)
def test_passwords_of_addresses_are_not_shown(text: str, shows: str) -> None:
    assert redacted(text) == shows
    assert "heim" not in shown_place(text)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann@db:5432/set", "http://127.0.0.1:8181/?token=1", "https://host:443/a@2x.png", "C:\\data\\x",
        "a@b.example", "ratio 1:2 = 0.5", "run a:b", "postgresql://h:5432/db?host=/tmp/x",
    ],
)  # fmt: skip
def test_what_holds_no_password_stays(text: str) -> None:
    assert redacted(text) == text


def test_errors_show_neither_passwords_nor_controls() -> None:
    secret = "postgresql://ann:geheim@db/set"
    error = DatasetError(f"no {secret}\x1b[2J\n\tat all", needed=secret, todo=f"open {secret}").at(
        file=secret, record="key \x9b31m\nmaskwright: done"
    )
    shows = str(error)
    assert "geheim" not in shows + repr(error) + repr(vars(error))
    assert [letter for letter in shows if letter != "\n" and not letter.isprintable()] == []
    odd = "\N{REPLACEMENT CHARACTER}"
    assert shows.splitlines() == [
        f"postgresql://ann:***@db/set: key {odd}31m{odd}maskwright: done: no postgresql://ann:***@db/set{odd}[2J at all; postgresql://ann:***@db/set.",
        "  open postgresql://ann:***@db/set",
    ]
