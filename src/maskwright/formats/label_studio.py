"""Label Studio JSON: tasks with polygons, rectangles, ellipses, brush and bit masks, in per cent of the image.

Layout: https://labelstud.io/guide/export, JSON and JSON-MIN.  Pixels: `_label_studio_regions`.  Regions are given back
as they were until their mask is changed, and keep their id, answers and meta then; what nobody drew is written as brush
masks, which hold holes and parts.  One annotation of each task is read, and the others are written again as they were.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlparse

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments, Source
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats import _label_studio_regions as regions
from maskwright.formats._aside import Aside
from maskwright.formats._coco_rings import drawn_together
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    usable_ids,
    write_about,
)  # fmt: skip
from maskwright.formats._json import Document
from maskwright.formats._label_studio_brush import brush_decode, brush_encode
from maskwright.formats._label_studio_config import Config
from maskwright.formats._label_studio_tasks import FIELD, Tasks, Told, beside, chosen, names_of, together
from maskwright.media import IMAGE_SUFFIXES, image_size

__all__ = ["KEEPS", "LOSES", "brush_decode", "brush_encode", "losses", "read", "sniff", "write"]

LOSES = frozenset({"empty", "crowd", "area", "weight", "fields", "shape"})
KEEPS = frozenset({"geometry", "box"})

Shapes = Literal["auto", "mask", "polygon"]


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a JSON of tasks with data and annotations.

    Raises FormatError for a JSON that cannot be read.
    """
    file = _file(path)
    if file is None:
        return 0.0
    document = Document(file)
    try:
        first = document.records()[0] if document.is_list else dict.fromkeys(document.keys())
    except IndexError:
        return 0.0
    if not isinstance(first, dict):
        return 0.0
    if "data" in first and {"annotations", "completions", "predictions"} & first.keys():
        return 0.9
    return 0.85 if document.is_list and {"annotation_id", "annotator"} <= first.keys() else 0.0


def _file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".json" else None
    found = [each_path for each_path in sorted(path.glob("*.json")) if each_path.name != "maskwright.json"]
    return found[0] if len(found) == 1 else None


def read(
    path: Path, *, images: str | None = None, predictions: bool = False, annotator: str | int | None = None
) -> Reading:  # fmt: skip
    """images: the folder of the images, found by the end of their URLs; searched for beside the JSON else.

    predictions: read the tasks' predictions, too, as segments made by a model.
    annotator: whose annotations are read, by number or e-mail; tasks that they have not annotated are left out.  Else,
    of several that were not cancelled, the one marked as ground truth counts, or the first; a note tells of the others.
    """
    file = _file(path)
    if file is None:
        raise FormatError("no JSON here", file=path, needed="one .json file of tasks")
    about = read_about(file.parent)
    tasks = Tasks(file)
    wanted = None if annotator is None else names_of(tasks, str(annotator))
    names: dict[str, None] = {}
    for found in _aside.readable(
        range(len(tasks)), lambda number: list(_regions_of(file, (number, tasks[number]), predictions, wanted, Told()))
    ):
        for group, _ in found:
            names.setdefault((regions.labels_of(group) or [regions.UNNAMED])[0])
    classes = about.classes if about else Classes(Class(k, name) for k, name in enumerate(sorted(names), 1))
    notes: list[str] = []

    told = Told()
    aside = _aside.current()

    def sample_of(number: int) -> Sample | None:
        sample = _sample(file, (number, tasks[number]), classes, images, predictions, wanted, told, aside)
        return None if sample is None else replace(sample, split=about.splits.get(sample.key) if about else None)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(range(len(tasks)), sample_of, lambda number: (file, f"task {number}"))
        notes.extend(told.notes(len(tasks), None if annotator is None else str(annotator)))

    return Reading(classes, samples(), len(tasks) if wanted is None else None, notes)


def _regions_of(
    file: Path, numbered: tuple[int, Any], predictions: bool, annotator: Collection[str] | None, told: Told
) -> Iterator[tuple[list[dict[str, Any]], Source]]:  # fmt: skip
    """The regions of a task that have an area."""
    for group, who, is_region in _groups(chosen(file, *numbered, predictions, annotator, told)[1]):
        if is_region:
            yield group, who


def _groups(found: Sequence[tuple[Any, Source]]) -> Iterator[tuple[list[dict[str, Any]], Source, bool]]:
    """Results of one id together, people's and models' apart, and whether they have an area."""
    makers: tuple[Source, ...] = ("human", "model")
    for maker in makers:
        for group in regions.grouped(result for result, who in found if who == maker):
            yield group, maker, regions.shaped(group) is not None


def _sample(
    file: Path, numbered: tuple[int, Any], classes: Classes, images: str | None, predictions: bool,
    annotator: Collection[str] | None, told: Told, aside: Aside,
) -> Sample | None:  # fmt: skip
    number, task = numbered
    record = f"task {task.get('id', number)}" if isinstance(task, dict) else f"task {number}"
    uri = _uri(file, task, images)
    if uri is None:
        raise FormatError("names no image", file=file, record=record)
    annotation, found = chosen(file, number, task, predictions, annotator, told)
    if annotator is not None and annotation is None:
        told.absent += 1
        return None
    size = _size(file, record, [result for result, _ in found]) or image_size(uri)
    named = {class_.name: class_.id for class_ in classes}
    rows: dict[str, list[Any]] = {name: [] for name in ("masks", "classes", "ids", "scores", "attributes", "source")}
    geometry, boxes, others, asides = [], [], [], []
    for position, (group, who, is_region) in enumerate(_groups(found)):
        where = f"{record} result {position}"
        if not is_region:
            others += group
            continue
        shape = regions.shaped(group) or {}
        labels = regions.labels_of(group)
        label = (labels or [regions.UNNAMED])[0]
        try:
            if label not in named:
                raise FormatError(f"has the unknown label {label!r}")
            mask, drawing, box = regions.placed(shape["value"], size)
            found_score = next((result["score"] for result in group if result.get("score") is not None), np.nan)
            score = float(found_score)
            own = dict(((shape.get("meta") or {}).get("maskwright")) or {})
            attributes = {**regions.answers_of(group), **(own.get("attributes") or {})}
        except FormatError as error:
            aside.put(error.at(file=file, record=where))
            continue
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
            aside.put(FormatError(f"cannot be read ({error})", file=file, record=where))
            continue
        rows["scores"].append(score)
        told.unnamed += not labels
        told.multiple += len(labels) > 1
        told.open += drawing["shape"] == "polygon" and shape["value"].get("closed") is False
        told.turned += bool(shape.get("image_rotation"))
        rows["masks"].append(mask)
        rows["classes"].append(named[label])
        rows["ids"].append(own.get("id"))
        rows["attributes"].append(attributes)
        rows["source"].append(own["source"] if own.get("source") in ("human", "model", "import") else who)
        ours = bool(own) and shape.get("from_name") == "brush" and len(group) == 1
        geometry.append(None if ours else {**drawing, "own": {regions.FORMAT: regions.packed(group)}})
        boxes.append(box)
        asides.append(regions.aside(group))
    told.others += len(others)
    segments = Segments(
        drawn_together(rows["masks"], size), rows["classes"], ids=usable_ids(rows["ids"]), scores=rows["scores"],
        attributes=rows["attributes"], source=rows["source"], more={"geometry": geometry, "box": boxes},
    )  # fmt: skip
    key = ((task.get("meta") or {}).get("maskwright") or {}).get("key") or Path(uri).with_suffix("").name
    fields = _kept(task, annotation, others, predictions)
    if fields:
        numbered_asides = zip(segments.ids.tolist(), asides, strict=True)
        fields[FIELD]["regions"] = {str(identity): said for identity, said in numbered_asides}
    return Sample(key, ImageRef(uri, size), segments, fields=fields)


def _size(file: Path, record: str, results: list[Any]) -> tuple[int, int] | None:
    """(height, width) as the first result states it that does."""
    for result in results:
        if isinstance(result, dict) and "original_height" in result and "original_width" in result:
            try:
                return int(result["original_height"]), int(result["original_width"])
            except (TypeError, ValueError):
                raise FormatError("states no size of its image", file=file, record=record) from None
    return None


def _kept(
    task: dict[str, Any], annotation: dict[str, Any] | None, others: list[Any], predictions: bool
) -> dict[str, Any]:  # fmt: skip
    """The field of a sample: what its task and annotation say beside regions, and the annotations and predictions that
    were not read; nothing of what we wrote ourselves.
    """
    gone = ("annotations", "completions", "predictions")
    meta = task.get("meta")
    if isinstance(meta, dict) and "maskwright" in meta:
        found = meta["maskwright"].get("task") if isinstance(meta["maskwright"], dict) else None
        if not found:
            return {}
        task = {**task, "meta": {name: value for name, value in meta.items() if name != "maskwright"}}
        if not task["meta"]:
            del task["meta"]
    said = {name: value for name, value in task.items() if name not in gone}
    kept: dict[str, Any] = {"task": said, **beside(task, annotation, predictions)}
    if annotation is not None:
        kept["annotation"] = {name: value for name, value in annotation.items() if name != "result"}
    if others:
        kept["results"] = others
    return {FIELD: kept}


def _uri(file: Path, task: Any, images: str | None) -> str | None:
    """The image on this machine: by the end of its URL, below the folder given or beside the JSON."""
    key = _image_key(task.get("data") if isinstance(task, dict) else None)
    if key is None:
        return None
    url = task["data"][key]
    local = parse_qs(urlparse(url).query).get("d", [""])[0] or unquote(urlparse(url).path)
    parts = [part for part in local.split("/") if part not in ("", "..", ".")]
    homes = [Path(images)] if images else [file.parent, file.parent / "images", file.parent / "upload"]
    for home in homes:
        for first in range(len(parts)):
            if (home / Path(*parts[first:])).is_file():
                return str(home / Path(*parts[first:]))
        # Uploaded files get eight letters and a dash before their name.
        plain = parts[-1].split("-", 1)[-1] if parts else ""
        if plain and (home / plain).is_file():
            return str(home / plain)
    if "://" in url or Path(local).is_file():
        return url if "://" in url else local
    return str(homes[0] / Path(*parts)) if parts else None


def _image_key(data: Any) -> str | None:
    """Under which name the data of a task have the image: a usual one, else the first that ends as an image does, else
    the first text.
    """
    if not isinstance(data, dict):
        return None
    texts = [key for key in ("image", "img", "url", *data) if isinstance(data.get(key), str)]
    ending = [key for key in texts if unquote(data[key]).split("?d=")[-1].split("?")[0].lower().endswith(_SUFFIXES)]
    return next(iter((*ending, *texts)), None)


_SUFFIXES = tuple(IMAGE_SUFFIXES)


def losses(sample: Sample, classes: Classes, *, shapes: Shapes = "auto") -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written. shapes: as of `write`."""
    own = {name: value for name, value in sample.fields.items() if name != FIELD}
    found = common_losses(replace(sample, fields=own), LOSES)
    segments = sample.segments
    for row in range(len(segments)):
        number = int(segments.ids[row])
        written: list[dict[str, Any]] = []
        as_drawn = False
        if segments.masks[row].area():
            label = classes[int(segments.class_ids[row])].name
            written, as_drawn, lost = regions.of_segment(segments, row, label, shapes)
            if lost:
                found.append(Loss(sample.key, "shape", number, lost))
        boxed = as_drawn and any("width" in (result.get("value") or {}) for result in written)
        for name in KEEPS & segments.more.keys():
            if segments.more[name][row] is not None and not (as_drawn and (name == "geometry" or boxed)):
                found.append(Loss(sample.key, name, number))
    return found


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", shapes: Shapes = "auto"
) -> None:  # fmt: skip
    """tasks.json, images in images/, and label_config.xml for the project.  images: copy, link or none.

    shapes: auto, what was drawn as it was drawn where Label Studio has such a shape, and brush masks else; mask, brush
    masks alone; polygon, what was drawn or an outline, with bridges between parts and to holes, whose pixels may
    differ, which the report tells.
    """
    splits = {}
    config = Config(classes)
    with open(new_file(folder, "tasks.json"), "w") as out:
        out.write("[")
        for number, sample in enumerate(unique_keys(samples)):
            name = sample.key + suffix_of(sample)
            put_image(sample, folder, f"images/{name}", images)
            task = _task(sample, number, classes, shapes, None if images == "none" else f"images/{name}")
            data_key = _image_key(task["data"]) or "image"
            for entry in (*task["annotations"], *task.get("predictions", ())):
                for result in entry["result"] if isinstance(entry, dict) else ():
                    config.add(result, data_key)
            out.write(",\n" * (number > 0) + json.dumps(task))
            splits[sample.key] = sample.split
        out.write("]\n")
    new_file(folder, "label_config.xml").write_text(config.text(), encoding="utf-8")
    write_about(folder, "label-studio", classes, splits)


def _task(sample: Sample, number: int, classes: Classes, shapes: Shapes, image: str | None) -> dict[str, Any]:
    """image: where it was put; None where it stays."""
    kept = sample.fields.get(FIELD)
    kept = kept if isinstance(kept, dict) else {}
    task, annotation, others = kept.get("task"), kept.get("annotation"), kept.get("results")
    task = dict(task) if isinstance(task, dict) else {}
    data = dict(task["data"]) if isinstance(task.get("data"), dict) else {}
    key = _image_key(data) or "image"
    if image is not None or key not in data:
        data[key] = image or sample.image.uri
    meta = task["meta"] if isinstance(task.get("meta"), dict) else {}
    said = {"key": sample.key, **({"task": True} if task else {})}
    asides = kept.get("regions")
    results = list(_rows(sample.segments, classes, shapes, asides if isinstance(asides, dict) else {}))
    there = {result["id"] for result in results}
    gone = regions.identities(asides) - there
    listed = [
        result
        for result in (others if isinstance(others, list) else [])
        if not {result.get("from_id"), result.get("to_id")} & gone
    ]
    own = None
    if results or listed or isinstance(annotation, dict) or not task:
        said_of = annotation if isinstance(annotation, dict) else {}
        own = {"was_cancelled": False, **said_of, "result": results + listed}
    every = together(kept, own)
    said |= {"annotation": every.pop("marked")} if "marked" in every else {}
    counted = {name: every[name] for name in ("total_annotations", "total_predictions") if name in task}
    predicted = {"predictions": every["predictions"]} if every["predictions"] else {}
    return {
        "id": number + 1, **task, **counted, "data": data, "meta": {**meta, "maskwright": said},
        "annotations": every["annotations"], **predicted,
    }  # fmt: skip


def _rows(
    segments: Segments, classes: Classes, shapes: Shapes, asides: dict[str, Any]
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """asides: by segment id, what regions said beside what was drawn; see `regions.aside`."""
    rows = [row for row, area in enumerate(segments.masks.areas()) if area]
    numbered = segments.ids[rows].tolist() != list(range(1, len(rows) + 1))
    made = []
    for row in rows:
        results, _, _ = regions.of_segment(segments, row, classes[int(segments.class_ids[row])].name, shapes)
        new = len(results) == 1 and "id" not in results[0]
        made.append(regions.restored(results, asides.get(str(int(segments.ids[row])))) if new else results)
    taken = {result.get("id") for results in made for result in results}
    used: set[Any] = set()
    for row, results in zip(rows, made, strict=True):
        attributes = {key: value for key, value in segments.attributes[row].items() if key != "area"}
        answers = regions.answers_of(results)
        changed = {name for name, value in answers.items() if name not in attributes or attributes[name] != value}
        current = [result for result in results if result.get("from_name") not in changed]
        extra = {name: value for name, value in attributes.items() if name in changed or name not in answers}
        shape = regions.shaped(current) or {}
        own: dict[str, Any] = {}
        if numbered:
            own["id"] = int(segments.ids[row])
        if shape.get("from_name") == "brush" or segments.source[row] != "human":
            own["source"] = segments.source[row]
        if extra:
            own["attributes"] = extra
        identity = shape.get("id")
        if identity is None or identity in used:  # an annotation begins as a copy of a prediction, ids and all
            identity = next(
                name for name in (f"s{row}", *(f"s{row}-{k}" for k in range(len(taken) + 1))) if name not in taken
            )
            taken.add(identity)
        used.add(identity)
        for result in current:
            written = {**result, "id": identity} if "id" in result else {"id": identity, **result}
            if result is shape:
                meta = result.get("meta") if isinstance(result.get("meta"), dict) else {}
                if own:
                    written["meta"] = {**(meta or {}), "maskwright": own}
                score = segments.scores[row]
                if score == score:
                    written["score"] = float(score)
                else:
                    written.pop("score", None)
            yield written
