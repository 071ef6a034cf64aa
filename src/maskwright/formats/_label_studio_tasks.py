"""Label Studio's tasks: of the whole export, of JSON-MIN, whose annotation of each counts, and the others beside it."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.core.names import shown
from maskwright.core.segments import Source
from maskwright.errors import FormatError
from maskwright.formats._json import Document
from maskwright.formats._label_studio_regions import UNNAMED, compact, unpacked
from maskwright.formats._plausible import Noted

FIELD = "label_studio"  # of a sample: its task, its annotation, and results that are not segments
#: What JSON-MIN says of an annotation beside its results, and how the whole export calls it.
_OF_ANNOTATION = {
    "annotation_id": "id", "annotator": "completed_by", "created_at": "created_at", "updated_at": "updated_at",
    "lead_time": "lead_time",
}  # fmt: skip


@dataclass
class Told:
    """What the notes say at the end."""

    others: int = 0
    unnamed: int = 0
    multiple: int = 0
    open: int = 0
    turned: int = 0
    cancelled: int = 0
    several: int = 0
    absent: int = 0
    predicted: int = 0
    read_of: dict[str, None] = field(default_factory=dict)
    left_of: dict[str, None] = field(default_factory=dict)

    def notes(self, tasks: int, annotator: str | None) -> list[str]:
        """One sentence for each thing that a reader should know."""
        found = {
            f"{self.others} results of other kinds, such as choices and key points, are not segments: they are in the "
            f"samples' field {FIELD}": self.others,
            f"{self.unnamed} regions have no label; they are called {UNNAMED}": self.unnamed,
            f"{self.multiple} regions have several labels; the first one counts": self.multiple,
            f"{self.open} polygons are not closed; they were filled, as Label Studio's export to COCO does": self.open,
            f"{self.turned} results were drawn while the image was turned on the screen (image_rotation); their "
            "numbers are of the image as it is, and were read so": self.turned,
            f"{self.cancelled} annotations were cancelled (skipped), and left out": self.cancelled,
            f"{self.predicted} tasks have predictions that were not read; -o predictions=yes does. They are in the "
            f"samples' field {FIELD} and are written again": self.predicted,
            f"{self.absent} tasks have no annotation by {annotator}, and were left out": self.absent,
            Noted(
                f"{self.several} tasks have several annotations, of which one was read (by {_some(self.read_of)}): "
                f"left out are those by {_some(self.left_of)}; -o annotator=NAME reads another's. What was not read is "
                f"in the samples' field {FIELD} and is written again",
                "second annotators",
                self.several,
            ): self.several,
            "the file holds no task": tasks == 0,
        }
        return [sentence for sentence, number in found.items() if number]


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:10]) + ", …" * (len(listed) > 10)


class Tasks:
    """The tasks of a file, parsed when they are asked for: of a list, of a single task, or of JSON-MIN's records."""

    def __init__(self, file: Path) -> None:
        document = Document(file)
        listed = document.records(None, ("id",)) if document.is_list else None
        self._records = [{key: document.value(key) for key in document.keys()}] if listed is None else listed  # noqa: SIM118
        first = self._records[0] if len(self._records) else None
        self._short = isinstance(first, dict) and "data" not in first and "annotation_id" in first
        self._places: list[list[int]] = [[place] for place in range(len(self._records))]
        if self._short and listed is not None:  # a record for each annotation: those of one task together
            together: dict[int, list[int]] = {}
            for place, number in enumerate(listed.integers("id").tolist()):
                together.setdefault(number if number > 0 else -place, []).append(place)
            self._places = list(together.values())

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Any:
        records = [self._records[place] for place in self._places[number]]
        return _whole(records) if self._short else records[0]

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        return ((number, self[number]) for number in range(len(self)))


def _whole(records: list[Any]) -> Any:
    """Records of JSON-MIN, of one task -> a task as the whole export has it."""
    if not all(isinstance(record, dict) for record in records):
        return records[0]
    out: dict[str, Any] = {"data": {}, "annotations": []}
    if "id" in records[0]:
        out["id"] = records[0]["id"]
    for record in records:
        results = []
        for name, value in record.items():
            if name == "id" or name in _OF_ANNOTATION:
                continue
            if isinstance(value, list) and value and all(_is_region(item) for item in value):
                results += [_result(name, item) for item in value]
            else:
                out["data"][name] = value
        said = {theirs: record[name] for name, theirs in _OF_ANNOTATION.items() if record.get(name) is not None}
        out["annotations"].append({**said, "result": results})
    return out


def _is_region(item: Any) -> bool:
    return isinstance(item, dict) and ("original_width" in item or any(key.endswith("labels") for key in item))


def _result(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """One value of JSON-MIN as a result."""
    sizes: dict[str, Any] = {key: item[key] for key in ("original_width", "original_height") if key in item}
    value = {key: found for key, found in item.items() if key not in sizes}
    kind = next((key for key in value if key.endswith("labels")), "polygon" if "points" in value else "rectangle")
    return {"type": kind, "from_name": name, "to_name": "image", **sizes, "value": value}


def chosen(
    file: Path, number: int, task: Any, predictions: bool, annotator: Collection[str] | None, told: Told
) -> tuple[dict[str, Any] | None, list[tuple[Any, Source]]]:  # fmt: skip
    """The annotation of a task that counts, and the results of it and of the predictions, with who made them.

    annotator: all names of the one whose annotations count; see `names_of`.
    """
    try:
        listed = task.get("annotations") or task.get("completions") or []
        done = [entry for entry in listed if not (entry.get("was_cancelled") or entry.get("skipped"))]
        told.cancelled += len(listed) - len(done)
        names = frozenset(annotator or ())
        own = done if annotator is None else [entry for entry in done if not names.isdisjoint(_names_of(entry))]
        best = next((entry for entry in own if entry.get("ground_truth")), own[0] if own else None)
        if annotator is None and (said := _written(task)) is not None:
            best = next((entry for entry in done if entry.get("id") == said), best)
        if annotator is None and len(done) > 1 and best is not None:
            told.several += 1
            told.read_of.setdefault(_names_of(best)[0])
            told.left_of.update(dict.fromkeys(_names_of(entry)[0] for entry in done if entry is not best))
        found: list[tuple[Any, Source]] = []
        if best is not None:
            found += [(result, "human") for result in best["result"]]
        predicted = task.get("predictions") or []
        if predictions:
            found += [(result, "model") for entry in predicted[:1] for result in entry["result"]]
        elif any(isinstance(entry, dict) and entry.get("result") for entry in predicted):
            told.predicted += 1
    except (AttributeError, KeyError, TypeError) as error:
        raise FormatError(f"is not a task ({error!r})", file=file, record=f"task {number}") from None
    return best, found


def names_of(tasks: Iterable[tuple[int, Any]], annotator: str) -> frozenset[str]:
    """What an annotator is called in any task: the number stands alone in one, beside the e-mail in another."""
    found = {annotator}
    for _, task in tasks:
        listed = (task.get("annotations") or task.get("completions")) if isinstance(task, dict) else None
        for entry in listed if isinstance(listed, list) else ():
            names = _names_of(entry) if isinstance(entry, dict) else []
            if annotator in names:
                found.update(names)
    return frozenset(found)


def _written(task: dict[str, Any]) -> Any:
    """The id of the annotation that was written here, where it is not the one that counts of itself."""
    meta = task.get("meta")
    own = meta.get("maskwright") if isinstance(meta, dict) else None
    return own.get("annotation") if isinstance(own, dict) else None


def beside(task: dict[str, Any], annotation: dict[str, Any] | None, predictions: bool) -> dict[str, Any]:
    """The annotations and predictions of a task that were not read, whole; JSON-safe, brush streams as text.

    place: where the annotation that was read stands among them; None where none was.
    """
    listed = task.get("annotations") or task.get("completions") or []
    place = next((number for number, entry in enumerate(listed) if entry is annotation), None)
    others = [_with_results(entry, compact) for entry in listed if entry is not annotation]
    predicted = [_with_results(entry, compact) for entry in (task.get("predictions") or [])[int(predictions) :]]
    out = {"annotations": others, "place": place} if others else {}
    return {**out, **({"predictions": predicted} if predicted else {})}


def _with_results(entry: Any, change: Callable[[Any], Any]) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get("result"), list):
        return entry
    return {**entry, "result": [change(result) for result in entry["result"]]}


def together(kept: dict[str, Any], own: dict[str, Any] | None) -> dict[str, Any]:
    """The annotations and predictions of a task, and which id `chosen` has to be told, under "marked".

    kept: the sample's field.  own: the annotation of the sample's segments; None where nobody made one.
    """
    others, place, predicted = kept.get("annotations"), kept.get("place"), kept.get("predictions")
    listed = [_with_results(entry, _loose) for entry in others] if isinstance(others, list) else []
    if own is not None:
        at = place if isinstance(place, int) and 0 <= place <= len(listed) else 0
        listed.insert(at, own)
    done = [entry for entry in listed if isinstance(entry, dict) and not entry.get("was_cancelled")]
    first = next((entry for entry in done if entry.get("ground_truth")), done[0] if done else None)
    out: dict[str, Any] = {"annotations": listed, "total_annotations": len(done)}
    out["predictions"] = [_with_results(entry, _loose) for entry in predicted] if isinstance(predicted, list) else []
    out["total_predictions"] = len(out["predictions"])
    marked = own is not None and first is not own and own.get("id") is not None
    return {**out, **({"marked": own["id"]} if own is not None and marked else {})}


def _loose(result: Any) -> Any:
    """A result as Label Studio has it, of what `compact` made."""
    return (unpacked([result]) or [result])[0]


def _names_of(annotation: dict[str, Any]) -> list[str]:
    """What its annotator may be called: e-mail and number; by the annotation's own number where it names nobody."""
    who = annotation.get("completed_by")
    found = [who.get("email"), who.get("id")] if isinstance(who, dict) else [who]
    return [shown(str(name)) for name in found if name is not None] or [f"annotation {annotation.get('id')}"]
