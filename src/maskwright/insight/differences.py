"""What is different between two revisions, sample by sample: what a person looks at before going back."""

from dataclasses import dataclass
from typing import Any, Literal

from maskwright.core.names import shown
from maskwright.store import Change, Dataset


@dataclass
class ChangedSample:
    """number: lasting.  what: whether the sample itself came, went, or stayed.  added, removed, changed: segments.

    pixels: in which they differ, together.  values: name, old and new value of the sample's columns that differ.
    """

    number: int
    key: str
    what: Literal["added", "removed", "changed"] = "changed"
    added: int = 0
    removed: int = 0
    changed: int = 0
    pixels: int = 0
    values: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True)
class Differences:
    """samples: those that differ, most pixels first.  others: sentences on classes, columns and sequences."""

    samples: tuple[ChangedSample, ...]
    others: tuple[str, ...]


def differences(dataset: Dataset, old: int | str, new: int | str) -> Differences:
    """From one revision to another, sample by sample.

    old, new: a number, a tag, "head" or "head~N".  Raises UsageError for one that is not there.
    """
    changes = dataset.diff(old, new)
    keys = {change.key for change in changes if change.kind in ("sample", "segment")}
    numbers: dict[str, int] = {}
    for revision in (old, new):
        view = dataset.at(revision)
        numbers |= {key: number for key, number in zip(view.keys(), view.numbers(), strict=True) if key in keys}
    found: dict[str, ChangedSample] = {}
    others = []
    for change in changes:
        if change.kind not in ("sample", "segment"):
            others.append(_sentence(change))
            continue
        sample = found.setdefault(change.key, ChangedSample(numbers[change.key], change.key))
        if change.kind == "sample":
            sample.what, sample.values = change.what, change.values
        else:
            setattr(sample, change.what, getattr(sample, change.what) + 1)
            sample.pixels += change.pixels or 0
    ordered = sorted(found.values(), key=lambda sample: (-sample.pixels, sample.key))
    return Differences(tuple(ordered), tuple(others))


def _sentence(change: Change) -> str:
    told = ", ".join(f"{name} {shown(before, 40)} -> {shown(after, 40)}" for name, before, after in change.values[:4])
    return f"{change.kind} {shown(change.key)} {change.what}" + (f": {told}" if told else "")
