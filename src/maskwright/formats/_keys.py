"""Keys on their way in and out: foreign ones are made good when read, and only good ones are written."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from maskwright.core.names import key_problem, safe_key, shown, told_apart
from maskwright.core.sample import Sample
from maskwright.errors import FormatError, UsageError
from maskwright.media import pages

#: The field of a sample that keeps the key a file gave it, where that could not be one.
ORIGINAL_KEY = "original_key"


class Incoming:
    """Samples as they are read -> the same with good keys, no two alike. Images stay where the file says they are."""

    def __init__(self) -> None:
        self._originals: dict[str, str] = {}
        self._changed = 0
        self._example = ""

    def fit(self, sample: Sample) -> Sample:
        """Raises FormatError for a key that is not text, and for two that are the same."""
        original = sample.key
        if not isinstance(original, str):
            raise FormatError(f"a sample's key is {shown(original)}", needed="text")
        key = original if key_problem(original) is None else safe_key(original)
        if self._originals.get(key, original) != original:
            key = told_apart(key, original)
        if key in self._originals:
            raise FormatError(f"two samples have the key {shown(original)!r}", todo="Rename one of the images.")
        self._originals[key] = original
        if key == original:
            return sample
        self._changed += 1
        self._example = self._example or f"{shown(original)!r} became {shown(key)!r}"
        return replace(sample, key=key, fields={**sample.fields, ORIGINAL_KEY: _storable(original)})

    def notes(self) -> list[str]:
        if not self._changed:
            return []
        return [
            f"{self._changed} keys could not stay, such as {self._example}; the field {ORIGINAL_KEY} has the old one"
        ]


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
        record = f"sample {shown(sample.key)!r}"
        if (wrong := key_problem(key)) is not None:
            raise FormatError(f"the key {wrong}", record=record, todo="Give the sample another key.")
        if split and (wrong := key_problem(split)) is not None:
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
