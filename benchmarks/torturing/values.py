"""An edit as plain values: `perform` does it to a dataset, `follow` follows it on paper.

A sample on paper is a dictionary: split, weight, fields, and segments from the lowest to the highest.
Every edit writes one stamp into the first and into the last sample, each time into a field and into a segment's
attributes, so that a reader who finds two stamps has seen two revisions.
"""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments

SIZE = (48, 64)
SMALL = 40  # samples of a store
WIDE = 620  # of one that is read in more than one piece
FIRST = "s0000"
GESTURED = "s0001"
GESTURE = 50  # the segment that the studio draws and draws again
SHARED = ("s0002", "s0003", "s0004", "s0005")
OWN = {"w1": range(10, 16), "w2": range(16, 22), "victim": range(22, 28)}
IMPORTED = 4  # samples an import brings
KEPT = 3  # segments of the samples that edits touch
START = "filled"

Held = dict[str, Any]
Step = list[Any]


def key_of(number: int) -> str:
    return f"s{number:04}"


def classes() -> list[dict[str, Any]]:
    return Classes([Class(1, "cat"), Class(2, "dog"), Class(3, "grass", "stuff")]).to_json()


def rectangle(rng: random.Random) -> list[int]:
    """Run lengths of some rectangle."""
    top, left = rng.randrange(SIZE[0] - 8), rng.randrange(SIZE[1] - 8)
    dense = np.zeros(SIZE, bool)
    dense[top : top + rng.randrange(1, 9), left : left + rng.randrange(1, 9)] = True
    return [int(count) for count in Mask.encode(dense).counts]


def segment(number: int, rng: random.Random, **attributes: Any) -> Held:
    return {
        "id": number, "class_id": rng.randrange(1, 4), "score": rng.choice([None, round(rng.random(), 6)]),
        "is_crowd": False, "source": rng.choice(["human", "model", "import"]), "attributes": attributes,
        "counts": rectangle(rng),
    }  # fmt: skip


def sample_on_paper(rng: random.Random, segments: int = KEPT, **fields: Any) -> Held:
    held = [segment(number, rng) for number in range(1, segments + 1)]
    return {"split": rng.choice(["train", "val", None]), "weight": 1.0, "fields": fields, "segments": held}


def first_state(number: int, rng: random.Random) -> dict[str, Held]:
    """All samples of a new store."""
    state = {}
    for k in range(number):
        state[key_of(k)] = sample_on_paper(rng, KEPT if k < SMALL or k == number - 1 else 1)
    for key in (FIRST, key_of(number - 1)):
        state[key]["fields"] = {"stamp": START}
        state[key]["segments"][0]["attributes"] = {"stamp": START}
    return state


def stamped(stamp: str, last: str, steps: Sequence[Step]) -> list[Step]:
    """The steps of an edit between the two halves of its stamp."""

    def half(key: str) -> list[Step]:
        return [["segment", key, 1, {"attributes": {"stamp": stamp}}], ["fields", key, {"stamp": stamp}]]

    return [*half(FIRST), *steps, *half(last)]


# -- to and from the package's own types -------------------------------------------------------------------


def built(held: Sequence[Held]) -> Segments:
    return Segments(
        Masks.from_counts([row["counts"] for row in held], SIZE), [row["class_id"] for row in held],
        ids=[row["id"] for row in held], is_crowd=[row["is_crowd"] for row in held],
        scores=[float("nan") if row["score"] is None else row["score"] for row in held],
        source=[row["source"] for row in held], attributes=[row["attributes"] for row in held],
    )  # fmt: skip


def sample_of(key: str, held: Held, image: str) -> Sample:
    return Sample(
        key, ImageRef(image, SIZE), built(held["segments"]), split=held["split"], weight=held["weight"],
        fields=held["fields"],
    )  # fmt: skip


def on_paper(segments: Segments) -> list[Held]:
    return [
        {
            "id": int(number), "class_id": int(class_id), "score": None if score != score else float(score),
            "is_crowd": bool(crowd), "source": source, "attributes": dict(attributes),
            "counts": [int(count) for count in mask.counts],
        }
        for number, class_id, score, crowd, source, attributes, mask in zip(
            segments.ids, segments.class_ids, segments.scores, segments.is_crowd, segments.source,
            segments.attributes, segments.masks, strict=True,
        )
    ]  # fmt: skip


def seen(sample: Sample) -> Held:
    return {
        "split": sample.split, "weight": sample.weight, "fields": dict(sample.fields),
        "segments": on_paper(sample.segments),
    }  # fmt: skip


# -- doing and following -----------------------------------------------------------------------------------


def perform(edit: Any, step: Step, image: str) -> None:
    """One step inside an edit of the dataset."""
    match step:
        case ["fields", key, changes]:
            edit.set_fields(key, changes)
        case ["set", key, values]:
            edit.set(key, **values)
        case ["segment", key, number, values]:
            rest = {name: value for name, value in values.items() if name != "counts"}
            mask = Mask.from_counts(values["counts"], SIZE) if "counts" in values else None
            edit.set_segment(key, number, mask=mask, **rest)
        case ["put", key, held]:
            edit.put(key, built(held))
        case ["drop", key, number]:
            edit.remove_segment(key, number)
        case ["add", key, held]:
            edit.add(sample_of(key, held, image))
        case ["remove", key]:
            edit.remove(key)
        case ["classes", definitions]:
            edit.set_classes(Classes.from_json(definitions))
        case ["restore", revision]:
            edit.restore(revision)
        case _:
            raise ValueError(step)


class Paper:
    """What a dataset holds after each revision, by what was written into it."""

    def __init__(self, state: dict[str, Held]) -> None:
        self.state = state
        self.classes = classes()
        self.kept: dict[int, tuple[dict[str, Held], list[dict[str, Any]]]] = {}

    def keep(self, revision: int) -> None:
        """Samples are replaced and never changed, so that keeping a state costs little."""
        self.kept[revision] = (dict(self.state), self.classes)

    def follow(self, step: Step) -> set[str] | None:
        """-> keys of the samples that it touches; None for all of them."""
        match step:
            case ["fields", key, changes]:
                fields = {**self.state[key]["fields"], **changes}
                self._change(key, fields={name: value for name, value in fields.items() if value is not None})
            case ["set", key, values]:
                self._change(key, **values)
            case ["segment", key, number, values]:
                held = self.state[key]["segments"]
                self._change(key, segments=[{**row, **values} if row["id"] == number else row for row in held])
            case ["put", key, held]:
                self._change(key, segments=held)
            case ["drop", key, number]:
                self._change(key, segments=[row for row in self.state[key]["segments"] if row["id"] != number])
            case ["gesture", key, drawn, fields]:
                held = self.state[key]["segments"]
                there = any(row["id"] == drawn["id"] for row in held)
                rows = [drawn if row["id"] == drawn["id"] else row for row in held]
                merged = {**self.state[key]["fields"], **fields}
                self._change(key, segments=rows if there else [*rows, drawn], fields=merged)
            case ["add", key, held]:
                self.state[key] = held
            case ["remove", key]:
                self.state.pop(key, None)
            case ["classes", definitions]:
                self.classes = definitions
                return set()
            case ["restore", revision]:
                state, self.classes = self.kept.get(revision, ({}, self.classes))
                self.state = dict(state)
                return None
        return {step[1]}

    def _change(self, key: str, **values: Any) -> None:
        self.state[key] = {**self.state[key], **values}


def mixture(samples: Sequence[Sample], last: str) -> tuple[str | None, str | None]:
    """-> the stamp that the samples bear, and what shows that they are of two revisions, if anything does."""
    by_key = {sample.key: sample for sample in samples}
    stamps = []
    for key in (FIRST, last):
        if key not in by_key:
            return None, f"{key} is not there among {len(samples)} samples"
        segments = by_key[key].segments
        stamps.append(by_key[key].fields.get("stamp"))
        stamps += [segments.attributes[k].get("stamp") for k in range(len(segments)) if int(segments.ids[k]) == 1]
    if len(stamps) != 4 or len(set(stamps)) > 1:
        return None, f"stamps {stamps}"
    gestured = by_key[GESTURED]
    drawn = [row.get("pair") for row in gestured.segments.attributes if "pair" in row]
    if drawn != [value for name, value in gestured.fields.items() if name == "pair"]:
        return None, f"of the gesture {gestured.fields.get('pair')} the object says {drawn}"
    imports = Counter(sample.fields["import"] for sample in samples if "import" in sample.fields)
    for stamp, number in imports.items():
        if number != IMPORTED:
            return None, f"{number} of {IMPORTED} samples of the import {stamp}"
    return str(stamps[0]), None
