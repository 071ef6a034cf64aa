"""Label Studio JSON: tasks with polygons, rectangles, ellipses and brush masks, in per cent of the image.

Layout: https://labelstud.io/guide/export.  Brush masks have a coding of their own (kernels/brush.py); everything is
written as one, which holds holes and parts.  Human annotations and predictions are both read.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon, rectangle
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments, Source
from maskwright.errors import FormatError
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
from maskwright.formats._runs import to_row_major
from maskwright.formats._shapes import ellipse, turned
from maskwright.media import image_size

LOSES = frozenset({"empty", "crowd", "area", "weight", "fields"})

_LABELS = ("brushlabels", "polygonlabels", "rectanglelabels", "ellipselabels", "labels")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a JSON of tasks with data and annotations."""
    file = _file(path)
    if file is None:
        return 0.0
    try:
        document = Document(file)
        first = document.records()[0] if document.is_list else {}
    except (FormatError, IndexError):
        return 0.0
    return 0.9 if isinstance(first, dict) and "data" in first and {"annotations", "completions"} & first.keys() else 0.0


def _file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".json" else None
    found = [each_path for each_path in sorted(path.glob("*.json")) if each_path.name != "maskwright.json"]
    return found[0] if len(found) == 1 else None


def read(path: Path, *, images: str | None = None, predictions: bool = False) -> Reading:
    """images: the folder of the images, found by the end of their URLs; searched for beside the JSON else.

    predictions: read the tasks' predictions, too, as segments made by a model.  Of several annotations the first that
    was not cancelled counts.
    """
    file = _file(path)
    if file is None:
        raise FormatError("no JSON here", file=path, needed="one .json file of tasks")
    about = read_about(file.parent)
    tasks = Document(file).records()
    names: dict[str, None] = {}
    for number, task in enumerate(tasks):
        for each, _ in _results(file, number, task, predictions):
            if isinstance(each, dict) and (label := _label(each)) is not None:
                names.setdefault(label)
    classes = about.classes if about else Classes(Class(k, name) for k, name in enumerate(sorted(names), 1))
    notes: list[str] = []

    def samples() -> Iterator[Sample]:
        other = 0
        for number, task in enumerate(tasks):
            sample, left_out = _sample(file, number, task, classes, images, predictions)
            other += left_out
            split = about.splits.get(sample.key) if about else None
            yield Sample(sample.key, sample.image, sample.segments, split=split)
        if other:
            notes.append(f"{other} results of other kinds, such as choices and key points, were left out")

    return Reading(classes, unique_keys(samples()), len(tasks), notes)


def _results(file: Path, number: int, task: Any, predictions: bool) -> Iterator[tuple[Any, Source]]:
    try:
        done = [
            each for each in task.get("annotations") or task.get("completions") or [] if not each.get("was_cancelled")
        ]
        for each in done[:1]:
            for result in each["result"]:
                yield result, "human"
        for item in (task.get("predictions") or [])[:1] if predictions else []:
            for result in item["result"]:
                yield result, "model"
    except (AttributeError, KeyError, TypeError) as error:
        raise FormatError(f"is not a task ({error!r})", file=file, record=f"task {number}") from None


def _label(result: dict[str, Any]) -> str | None:
    value = result.get("value")
    if not isinstance(value, dict):
        return None
    for key in _LABELS:
        if isinstance(value.get(key), list) and value[key]:
            return str(value[key][0])
    return None


def _sample(
    file: Path, number: int, task: Any, classes: Classes, images: str | None, predictions: bool
) -> tuple[Sample, int]:
    record = f"task {task.get('id', number)}" if isinstance(task, dict) else f"task {number}"
    uri = _uri(file, task, images)
    if uri is None:
        raise FormatError("names no image", file=file, record=record)
    found = list(_results(file, number, task, predictions))
    size: tuple[int, int] | None = None
    for each, _ in found:
        if isinstance(each, dict) and "original_height" in each and "original_width" in each:
            size = (int(each["original_height"]), int(each["original_width"]))
            break
    size = size or image_size(uri)
    named = {class_.name: class_.id for class_ in classes}
    masks, class_ids, ids, scores, attributes, source = [], [], [], [], [], []
    other = 0
    for position, (item, who) in enumerate(found):
        where = f"{record} result {position}"
        label = _label(item) if isinstance(item, dict) else None
        if label is None:
            other += 1
            continue
        if label not in named:
            raise FormatError(f"has the unknown label {label!r}", file=file, record=where)
        try:
            mask = _mask(item["value"], size)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise FormatError(f"cannot be read ({error})", file=file, record=where) from None
        if mask is None:
            other += 1
            continue
        masks.append(mask)
        class_ids.append(named[label])
        own = (item.get("meta") or {}).get("maskwright") or {}
        ids.append(own.get("id"))
        scores.append(np.nan if item.get("score") is None else float(item["score"]))
        attributes.append(own.get("attributes") or {})
        source.append(own["source"] if own.get("source") in ("human", "model", "import") else who)
    segments = Segments(
        Masks.stack(masks, size), class_ids, ids=usable_ids(ids), scores=scores,
        attributes=attributes, source=source,
    )  # fmt: skip
    key = ((task.get("meta") or {}).get("maskwright") or {}).get("key") or Path(uri).with_suffix("").name
    return Sample(key, ImageRef(uri, size), segments), other


def _uri(file: Path, task: Any, images: str | None) -> str | None:
    """The image on this machine: by the end of its URL, below the folder given or beside the JSON."""
    data = task.get("data") if isinstance(task, dict) else None
    if not isinstance(data, dict):
        return None
    url = next((each for key in ("image", "img", "url", *data) if isinstance(each := data.get(key), str)), None)
    if url is None:
        return None
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


def _mask(value: dict[str, Any], size: tuple[int, int]) -> Mask | None:
    """None for results that are not shape."""
    height, width = size
    scale = np.array([width, height]) / 100
    if "rle" in value:
        return brush_decode(value["rle"], size)
    if "points" in value:
        return Mask.from_polygon(Polygon([[np.asarray(value["points"], np.float64).reshape(-1, 2) * scale]]), size)
    turn = float(value.get("rotation") or 0)
    if "radiusX" in value:
        x, y = np.array([value["x"], value["y"]], np.float64) * scale
        rx, ry = np.array([value["radiusX"], value["radiusY"]], np.float64) * scale
        return ellipse(x, y, rx, ry, size, turn)
    if "width" in value and "height" in value:
        x, y = np.array([value["x"], value["y"]], np.float64) * scale
        w, h = np.array([value["width"], value["height"]], np.float64) * scale
        ring = rectangle(x, y, x + w, y + h).parts[0][0]
        # Rectangles turn around their top-left corner, not around their middle.
        ring = turned(np.concatenate([ring, 2 * ring[:1] - ring]), turn)[:4] if turn else ring
        return Mask.from_polygon(Polygon([[ring]]), size)
    return None


def brush_decode(stream: object, size: tuple[int, int]) -> Mask:
    """A mask from Label Studio's brush coding: whole numbers 0 … 255. Raises ValueError for a broken stream.

    stream: of whole numbers.
    """
    from maskwright.formats.kernels import brush

    data = np.asarray(stream, np.int64)
    if data.ndim != 1 or ((data < 0) | (data > 255)).any() or data.size < 7:
        raise ValueError("the brush stream is not a list of bytes")
    number = brush.bits(data.astype(np.uint8), 0, 32)
    pixels = size[0] * size[1]
    if number not in (pixels, 4 * pixels):
        raise ValueError(f"the brush stream holds {number} bytes; {size[0]} x {size[1]} needs {4 * pixels}")
    out = np.zeros(number, np.uint8)
    if not brush.decode(data.astype(np.uint8), out):
        raise ValueError("the brush stream is cut short or garbled")
    alpha = out.reshape(*size, -1)[..., -1]
    return Mask.encode(np.ascontiguousarray(alpha))


def brush_encode(mask: Mask) -> list[int]:
    """The other way, as Label Studio's own converter writes it: four equal bytes a pixel."""
    from maskwright.formats.kernels import brush

    lengths = to_row_major(mask)
    values = np.where(np.arange(lengths.size) % 2, 255, 0)
    keep = lengths > 0
    stream: list[int] = brush.encode(values[keep], lengths[keep], 4).tolist()
    return stream


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """tasks.json, images in images/, and label_config.xml for the project.  images: copy, link or none."""
    from xml.sax.saxutils import quoteattr

    splits = {}
    with open(new_file(folder, "tasks.json"), "w") as out:
        out.write("[")
        for number, sample in enumerate(unique_keys(samples)):
            name = sample.key + suffix_of(sample)
            put_image(sample, folder, f"images/{name}", images)
            task = {
                "id": number + 1,
                "data": {"image": f"images/{name}" if images != "none" else sample.image.uri},
                "meta": {"maskwright": {"key": sample.key}},
                "annotations": [{"result": list(_rows(sample.segments, classes)), "was_cancelled": False}],
            }
            out.write(",\n" * (number > 0) + json.dumps(task))
            splits[sample.key] = sample.split
        out.write("]\n")
    labels = "".join(f"    <Label value={quoteattr(class_.name)}/>\n" for class_ in classes)
    new_file(folder, "label_config.xml").write_text(
        '<View>\n  <Image name="image" value="$image"/>\n  <BrushLabels name="label" toName="image">\n'
        f"{labels}  </BrushLabels>\n</View>\n"
    )
    write_about(folder, "label-studio", classes, splits)


def _rows(segments: Segments, classes: Classes) -> Iterator[dict[str, Any]]:
    height, width = segments.size
    for i, mask in enumerate(segments.masks):
        if not mask.area():
            continue
        own: dict[str, Any] = {"id": int(segments.ids[i]), "source": segments.source[i]}
        attributes = {key: value for key, value in segments.attributes[i].items() if key != "area"}
        if attributes:
            own["attributes"] = attributes
        row = {
            "id": f"s{i}",
            "type": "brushlabels",
            "from_name": "label",
            "to_name": "image",
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "value": {
                "format": "rle",
                "rle": brush_encode(mask),
                "brushlabels": [classes[int(segments.class_ids[i])].name],
            },
            "meta": {"maskwright": own},
        }
        if segments.scores[i] == segments.scores[i]:
            row["score"] = float(segments.scores[i])
        yield row
