"""Keys on their way in and out: one rule makes them of paths, foreign ones are made good, only good ones are written.

A key is the path without its suffix below the folder in which all images lie.  Equal ones are told apart by the split
before them, then by the suffix behind them, then by a number; the notes say so.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from maskwright.core.names import key_problem, safe_key, shown, told_apart
from maskwright.core.sample import Sample
from maskwright.errors import FormatError, UsageError
from maskwright.media import pages

#: The field of a sample that keeps the key a file gave it, where that could not be one.
ORIGINAL_KEY = "original_key"


#: A path that begins at the root of some machine: /home/…, C:\\…, \\\\server\\…
_ROOTED = re.compile(r"[A-Za-z]:[\\/]|[\\/]")


#: Most paths: words between slashes, and one suffix.
_PLAIN = re.compile(r"(?:[\w-]+/)*[\w-]+\.\w+")


class Place(NamedTuple):
    """Where an image is by the words of a file. name: a path or an address.  key: one that is known beforehand."""

    name: str
    split: str | None = None
    key: str | None = None


def plain_key(name: str) -> str:
    """A path without its suffix; of an address without the host."""
    if _PLAIN.fullmatch(name):
        return name.rpartition(".")[0]
    path = urlsplit(name).path.lstrip("/") if "://" in name else name
    return Path(path).with_suffix("").as_posix()


def moved(name: str) -> bool:
    """Whether the key of such a path depends on the other paths of its file, or is not simply what it says."""
    return bool(_ROOTED.match(name)) or name.replace("\\", "/").split("/")[0].lower() in (".", "images")


def keys_of(places: Sequence[Place]) -> tuple[list[str], list[str]]:
    """A key for each image, no two alike, and notes.

    Of paths that begin at the root of a machine, what all of these have in common is taken off; of the others, "./" and
    a first folder `images` that all of them have.  A key that is known stays.
    """
    names, notes = _below(places)
    keys = [place.key or _without_suffix(name) for name, place in zip(names, places, strict=True)]
    told = Counter[str]()
    example: dict[str, str] = {}
    for what, mark in _MARKS:
        for rows in _alike(keys):
            marked = [mark(keys[row], places[row]) for row in rows]
            if len({_composed(key) for key in marked}) > 1:
                told[what] += len(rows)
                example.setdefault(what, marked[0])
                for row, key in zip(rows, marked, strict=True):
                    keys[row] = key
    taken = set(keys)
    for rows in _alike(keys):
        numbers = free_numbers(keys[rows[0]], taken)
        for row in rows[1:]:
            keys[row] = next(numbers)
            told["a number behind them"] += 1
            example.setdefault("a number behind them", keys[row])
    notes += [
        f"{number} keys are those of others but for {what}, such as {shown(example[what])!r}"
        for what, number in told.items()
    ]
    cases = Counter(key.casefold() for key in taken)
    number = sum(times > 1 for times in cases.values())
    if number:
        first = next(key for key in keys if cases[key.casefold()] > 1)
        notes.append(f"{number} keys are others' but for capital letters, such as {shown(first)!r}, and stay")
    return keys, notes


def free_numbers(key: str, taken: Container[str]) -> Iterator[str]:
    """The key with each number from 2 behind it that is free when it is asked for."""
    return (found for number in count(2) if (found := f"{key}-{number}") not in taken)


def _of_split(key: str, place: Place) -> str:
    return f"{place.split}/{key}" if place.split else key


def _with_suffix(key: str, place: Place) -> str:
    return key + PurePosixPath(place.name).suffix


_MARKS = (("the split before them", _of_split), ("the suffix behind them", _with_suffix))


def _composed(key: str) -> str:
    return unicodedata.normalize("NFC", key)


def _alike(keys: Sequence[str]) -> list[list[int]]:
    """Rows of keys that are one when their letters are composed."""
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(_composed(key), []).append(row)
    return [alike for alike in rows.values() if len(alike) > 1]


def _without_suffix(name: str) -> str:
    try:
        return plain_key(name)
    except ValueError:  # what has no name, such as "."
        return name


def _below(places: Sequence[Place]) -> tuple[list[str], list[str]]:
    """Names below the folder in which all images lie, and a note."""
    names = [place.name for place in places]
    rooted = [row for row, place in enumerate(places) if place.key is None and _ROOTED.match(place.name)]
    others = [row for row, place in enumerate(places) if place.key is None and not _ROOTED.match(place.name)]
    notes = []
    if rooted:
        parts = [names[row].replace("\\", "/").split("/") for row in rooted]
        shared = 0
        for level in zip(*(own[:-1] for own in parts), strict=False):
            if len(set(level)) > 1:
                break
            shared += 1
        for row, own in zip(rooted, parts, strict=True):
            names[row] = "/".join(own[shared:])
        folder = "/".join(parts[0][:shared]) + "/"
        notes.append(f"{len(rooted)} images are named by paths of a machine; their keys begin below {shown(folder)!r}")
    for row in others:
        while names[row].startswith("./"):
            names[row] = names[row][2:]
    heads = {names[row].partition("/")[0].lower() if "/" in names[row] else "" for row in others}
    if heads == {"images"}:
        for row in others:
            names[row] = names[row].partition("/")[2]
    return names, notes


class Incoming:
    """Samples as they are read -> the same with good keys, no two alike. Images stay where the file says they are."""

    def __init__(self) -> None:
        self._originals: dict[str, str] = {}
        self._numbers: dict[str, Iterator[str]] = {}
        self._alike = 0
        self._alike_example = ""
        self._changed = 0
        self._example = ""

    def fit(self, sample: Sample) -> Sample:
        """Raises FormatError for a key that is not text."""
        original = sample.key
        if not isinstance(original, str):
            raise FormatError(f"a sample's key is {shown(original)}", needed="text")
        key = original if key_problem(original) is None else safe_key(original)
        if self._originals.get(key, original) != original:
            key = told_apart(key, original)
        if key in self._originals:
            return self._another(sample, key)
        self._originals[key] = original
        if key == original:
            return sample
        self._changed += 1
        self._example = self._example or f"{shown(original)!r} became {shown(key)!r}"
        return replace(sample, key=key, fields={**sample.fields, ORIGINAL_KEY: _storable(original)})

    def _another(self, sample: Sample, key: str) -> Sample:
        """A sample whose key is there already, under another one."""
        place = Place(pages.page_of(sample.image.uri)[0], sample.split)
        found = _of_split(key, place)
        if found in self._originals or key_problem(found) is not None:
            found = _with_suffix(found if key_problem(found) is None else key, place)
        if found in self._originals or key_problem(found) is not None:
            found = next(self._numbers.setdefault(key, free_numbers(key, self._originals)))
        self._originals[found] = sample.key
        self._alike += 1
        self._alike_example = self._alike_example or shown(found)
        return replace(sample, key=found)

    def original(self, key: str) -> str:
        """The key that a file gave the sample that has this one."""
        return self._originals[key]

    def told(self) -> list[Any]:
        """What notes say, JSON-safe."""
        return [self._changed, self._example, self._alike, self._alike_example]

    def restore(self, told: list[Any], keys: Iterable[tuple[str, str]]) -> None:
        """Be as it was when `told` said this. keys: of all samples that came, with those that files gave them."""
        self._changed, self._example, self._alike, self._alike_example = told
        self._originals.update(keys)

    def notes(self) -> list[str]:
        notes = []
        if self._changed:
            notes.append(
                f"{self._changed} keys could not stay, such as {self._example}; the field {ORIGINAL_KEY} has the old "
                "one"
            )
        if self._alike:
            notes.append(
                f"{self._alike} keys were there before and have the split, the suffix or a number with them, such as "
                f"{self._alike_example!r}"
            )
        return notes


def _storable(text: str) -> str:
    """Databases take neither halves of surrogate pairs nor NUL."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


class Outgoing:
    """Samples as they are written: keys and splits composed (NFC), none of them a way out. Can be gone through again.

    spared: a folder that is going to be replaced, which must hold none of their images.  Going through it raises
    FormatError for a key or split that cannot be part of a path, UsageError for such an image.
    """

    def __init__(self, samples: Iterable[Sample], spared: Path | None = None) -> None:
        self.samples = samples
        self._spared = None if spared is None else spared.resolve()

    def __iter__(self) -> Iterator[Sample]:
        yield from map(self.fit, self.samples)

    def fit(self, sample: Sample) -> Sample:
        """One of them, as it is written."""
        key, split = sample.key, sample.split
        if isinstance(key, str):
            key = unicodedata.normalize("NFC", key)
        if isinstance(split, str):
            split = unicodedata.normalize("NFC", split)
        if (wrong := key_problem(key)) is not None:
            record = f"sample {shown(sample.key)!r}"
            raise FormatError(f"the key {wrong}", record=record, todo="Give the sample another key.")
        if split and (wrong := key_problem(split)) is not None:
            record = f"sample {shown(sample.key)!r}"
            raise FormatError(f"the split {shown(split)!r} {wrong}", record=record, todo="Give it another split.")
        if self._spared is not None:
            self._check_image(sample, self._spared)
        return sample if (key, split) == (sample.key, sample.split) else replace(sample, key=key, split=split)

    def without_samples(self) -> "Outgoing":
        """The rule alone, as another process can have it."""
        return Outgoing((), self._spared)

    def _check_image(self, sample: Sample, spared: Path) -> None:
        file = pages.page_of(sample.image.uri)[0]
        if "://" not in file and Path(file).resolve().is_relative_to(spared):
            raise UsageError(
                "is not overwritten: it holds the image of a sample", file=spared,
                record=f"sample {shown(sample.key)!r}", todo="Choose another folder.",
            )  # fmt: skip
