"""What `maskwright import --dry-run` shows: the ways to read a place, which one is chosen, what would come in."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from maskwright.cli.output import emit, plausibility, progress, table
from maskwright.core.plurals import many

if TYPE_CHECKING:
    from maskwright.formats import Candidate, Finding, Reading
    from maskwright.media.sequences import SequenceOfImages


def show(reading: "Reading", candidates: "list[Candidate]", as_json: bool) -> None:
    """Read everything, write nothing, and say what was found. candidates: all ways, the best first."""
    chosen = reading.chosen
    images = segments = 0
    splits: Counter[str] = Counter()
    of_class: Counter[int] = Counter()
    with progress("reading", reading.total, quiet=as_json) as follow:
        for sample in follow(reading.samples):
            images += 1
            segments += len(sample.segments)
            splits[sample.split or "none"] += 1
            of_class.update(sample.segments.class_ids.tolist())
    classes = [
        {
            "id": class_.id,
            "name": class_.name,
            "kind": class_.kind,
            "role": class_.role,
            "segments": of_class[class_.id],
        }
        for class_ in reading.classes
    ]
    findings = [asdict(finding) for finding in reading.findings]
    result: dict[str, Any] = {
        "dry_run": True, "format": None if chosen is None else chosen.format,
        "chosen": None if chosen is None else chosen.to_json(),
        "candidates": [candidate.to_json() for candidate in candidates], "images": images, "segments": segments,
        "classes": classes, "splits": dict(splits), "notes": list(reading.notes), "findings": findings,
        "broken": [str(record) for record in reading.broken],
    }  # fmt: skip
    emit(result, _lines(result, reading.findings), as_json)


def show_candidates(candidates: "list[Candidate]", as_json: bool) -> None:
    """The ways to read a place of which none can be chosen."""
    if not as_json:
        emit({}, _ways([candidate.to_json() for candidate in candidates]), as_json)


def show_sequence(found: "SequenceOfImages", as_json: bool) -> None:
    """What a video, a stack or a folder of frames would bring."""
    number = len(found.images)
    result = {
        "dry_run": True, "sequence": found.name, "axis": found.axis, "images": number, "segments": 0,
        "notes": list(found.notes),
    }  # fmt: skip
    lines = [f"a sequence along {found.axis}, {found.name!r}: {many(number, 'image')} without labels"]
    emit(result, [*lines, *(f"note: {note}" for note in found.notes), "nothing was written"], as_json)


def _ways(candidates: list[dict[str, Any]]) -> Iterator[str]:
    if candidates:
        rows = [[way["format"], f"{way['score']:.2f}", way["path"]] for way in candidates]
        yield "ways to read this, the best first:"
        yield from (f"  {line}" for line in table(rows, ["format", "score", "read from"]))


def _lines(result: dict[str, Any], findings: "Sequence[Finding]") -> Iterator[str]:
    yield from _ways(result["candidates"])
    yield from chosen_lines(result["chosen"])
    numbers = {"image": result["images"], "segment": result["segments"], "class": len(result["classes"])}
    yield ", ".join(many(number, word) for word, number in numbers.items())
    yield "splits: " + ", ".join(f"{split} {number}" for split, number in result["splits"].items())
    rows = [[row["id"], row["name"], row["kind"], row["role"], row["segments"]] for row in result["classes"][:_SHOWN]]
    yield from (f"  {line}" for line in table(rows, ["id", "class", "kind", "role", "segments"]))
    if len(result["classes"]) > _SHOWN:
        yield f"  and {len(result['classes']) - _SHOWN} more classes, which --json lists"
    yield from plausibility(result["notes"], findings)
    yield from (f"broken: {record}" for record in result["broken"][:_SHOWN])
    yield "nothing was written"


#: So many classes and broken records are shown.
_SHOWN = 40


def chosen_lines(chosen: dict[str, Any] | None) -> Iterator[str]:
    """What is read, where and why. chosen: as `Candidate.to_json` gives it."""
    if chosen is not None:
        place = f" in {chosen['path']}" if chosen["path"] else ""
        yield f"read as {chosen['format']}{place}: {'; '.join(chosen['reasons'])}"
