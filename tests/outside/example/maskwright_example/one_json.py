"""A set as one JSON file that points at its images where they are."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import Loss, Reading

LOSES: frozenset[str] = frozenset({"area"})
FILE = "one.json"


def sniff(path: Path) -> float:
    return 1.0 if (path / FILE).is_file() else 0.0


def read(path: Path) -> Reading:
    try:
        content = json.loads((path / FILE).read_text())
    except ValueError as error:
        raise FormatError(f"not readable as JSON ({error})", file=path / FILE) from None
    rows = content["samples"]

    def samples() -> Iterator[Sample]:
        for row in rows:
            yield _sample(row)

    return Reading(Classes.from_json(content["classes"]), samples(), total=len(rows))


def _sample(row: dict[str, Any]) -> Sample:
    size = (row["size"][0], row["size"][1])
    columns = row["segments"]
    scores = [float("nan") if score is None else score for score in columns["scores"]]
    segments = Segments(
        Masks.from_compressed([text.encode() for text in columns["masks"]], size), columns["class_ids"],
        ids=columns["ids"], is_crowd=columns["is_crowd"], scores=scores, source=columns["source"],
        attributes=columns["attributes"],
    )  # fmt: skip
    return Sample(
        row["key"],
        ImageRef(row["image"], size),
        segments,
        split=row["split"],
        weight=row["weight"],
        fields=row["fields"],
    )


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    return []


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, indent: int | None = None) -> list[str]:
    rows = [_row(sample) for sample in samples]
    (folder / FILE).write_text(json.dumps({"classes": classes.to_json(), "samples": rows}, indent=indent))
    return ["images stay where they are"]


def _row(sample: Sample) -> dict[str, Any]:
    segments = sample.segments
    return {
        "key": sample.key, "image": str(Path(sample.image.uri).resolve()), "size": list(sample.image.size),
        "split": sample.split, "weight": sample.weight, "fields": sample.fields,
        "segments": {
            "masks": [text.decode() for text in segments.masks.compressed()], "class_ids": segments.class_ids.tolist(),
            "ids": segments.ids.tolist(), "is_crowd": segments.is_crowd.tolist(),
            "scores": [None if score != score else score for score in segments.scores.tolist()],
            "source": list(segments.source), "attributes": [dict(given) for given in segments.attributes],
        },
    }  # fmt: skip
