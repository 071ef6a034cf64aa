"""VGG Image Annotator: one JSON or CSV with regions, whose class is one of their attributes.

Layout: https://www.robots.ox.ac.uk/~vgg/software/via.  VIA makes no masks itself.  Polygons are read as the programs
that make them do, after Mask R-CNN's balloon sample: by skimage.draw.polygon.  Rectangles, circles and ellipses state
widths and radii and lie along the edges of pixels.  A region is one ring, so parts and holes are joined to it by
bridges that go and return along the same line, which vanish there.
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from maskwright.core import drawn
from maskwright.core.classes import Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.polygons import rectangle
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats._aside import Aside
from maskwright.formats._contract import (
    ABOUT,
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
from maskwright.formats._json import Document, Entries
from maskwright.formats._keys import Place, keys_of, plain_key
from maskwright.formats._rules import RULES, parts_for
from maskwright.formats._shapes import ellipse, from_text, named, to_text
from maskwright.media import image_size

LOSES = frozenset({"empty", "crowd", "score", "area", "source", "weight"})
KEEPS = frozenset({"geometry", "box"})

_RULE = "skimage"

_CLASS = ("class", "label", "name", "type", "category", "object_name")
_NAMELESS = "object"
_ID = "maskwright_id"
_OTHER = "maskwright:"  # before attributes whose names are taken
#: Of a project, beside its images: settings, the attributes with their options, the version.
_IMAGES, _LIST, _ATTRIBUTES = "_via_img_metadata", "_via_image_id_list", "_via_attributes"


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a JSON of entries with regions, or a CSV of regions.

    Raises FormatError for a JSON that cannot be read.
    """
    file = _file(path)
    if file is None:
        return 0.0
    if file.suffix.lower() == ".json":
        Document(file)
    try:
        entries = _entries(file)
        return 0.9 if len(entries) and _is_entry(next(iter(entries.items()))[1]) else 0.0
    except FormatError:
        return 0.0


def _file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() in (".json", ".csv") else None
    found = [path / "via_region_data.json", *sorted(path.glob("via*.json")), *sorted(path.glob("via*.csv"))]
    return next((item for item in found if item.is_file()), None)


def _entries(file: Path) -> "Entries | dict[str, dict[str, Any]]":
    """By key; a project file has them one level down. Raises FormatError for another kind of file."""
    if file.suffix.lower() == ".csv":
        return _table(file)
    document = Document(file)
    if document.is_list:
        raise FormatError("holds a list", file=file, needed="a VIA project or its exported JSON")
    return document.entries(_IMAGES if _IMAGES in document else None)


def _said(file: Path, attribute: str | None) -> dict[str, Any]:
    """What a file says of the whole set, as `Reading.about` has it: what a project says beside its images, the
    attribute that names the class.
    """
    out = {} if attribute is None else {"class": attribute}
    if file.suffix.lower() != ".csv" and _IMAGES in (document := Document(file)):
        keys = [key for key in document.keys() if key not in (_IMAGES, _LIST)]  # noqa: SIM118 - a document is not iterable
        out |= {key: document.value(key) for key in keys}
    return {"via": {"project": out}} if out else {}


_COLUMNS = ("filename", "file_size", "file_attributes", "region_shape_attributes", "region_attributes")


def _table(file: Path) -> dict[str, dict[str, Any]]:
    """VIA's CSV, a row a region, as its JSON has it; rows that are broken are put aside."""
    aside = _aside.current()
    out: dict[str, dict[str, Any]] = {}
    limit = csv.field_size_limit(sys.maxsize)
    try:
        with open(file, newline="", encoding="utf-8-sig") as lines:
            table = csv.DictReader(
                line.removeprefix("#")  # the first column of VIA 1 is #filename; other such lines are comments
                for line in lines
                if not line.startswith("#") or line.startswith("#filename")
            )
            if not set(_COLUMNS) <= set(table.fieldnames or ()):
                raise FormatError("is not VIA's CSV", file=file, needed=f"the columns {', '.join(_COLUMNS)}")
            for number, row in enumerate(table, 1):
                try:
                    shape, attributes, of_file = (
                        json.loads(row[name] or "{}") for name in _COLUMNS[3:] + _COLUMNS[2:3]
                    )
                except (ValueError, TypeError, RecursionError) as error:
                    aside.put(FormatError(f"is not JSON ({error})", file=file, record=f"row {number}"))
                    continue
                key = f"{row['filename']}{row['file_size']}"
                entry = out.setdefault(key, {"filename": row["filename"], "regions": [], "file_attributes": of_file})
                if shape:  # an image without regions is a row of its own
                    entry["regions"].append({"shape_attributes": shape, "region_attributes": attributes})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"cannot be read ({error})", file=file) from None
    finally:
        csv.field_size_limit(limit)
    return out


def _is_entry(each: object) -> bool:
    return isinstance(each, dict) and "filename" in each and "regions" in each


def _entry(file: Path, entries: Entries | dict[str, dict[str, Any]], key: str) -> dict[str, Any]:
    entry: dict[str, Any] = entries[key]
    if not _is_entry(entry):
        raise FormatError("lacks its filename or regions", file=file, record=f"image {key!r}")
    return entry


def read(
    path: Path, *, images: str | None = None, attribute: str | None = None,
    rule: Literal["skimage", "edges"] | None = None,
) -> Reading:  # fmt: skip
    """images: the images' folder, else the file's own or images/ in it.

    attribute: the region attribute that names the class; else the first of class, label, name, type, … that appears.
    rule: of polygons; skimage, their points name pixels; or edges, a pixel belongs when its centre lies inside.  Else
    skimage, or what a set that was written here says of itself.
    Lines and points have no area and are left out, with a note.
    """
    file = _file(path)
    if file is None:
        raise FormatError("no via_region_data.json or via*.csv here", file=path)
    entries = _entries(file)
    about = read_about(file.parent)
    meant = rule or (about.more.get("rule", "edges") if about else _RULE)
    if meant not in (_RULE, "edges"):
        raise FormatError(f"names the rule {meant!r}", file=file.parent / ABOUT, needed="skimage or edges")

    def regions() -> Iterator[dict[str, Any]]:
        for entry in _aside.readable(entries, lambda key: _entry(file, entries, key)):
            yield from (region for region in _rows_of(entry) if _is_region(region))

    appearing = {name for region in regions() for name in region["region_attributes"]}
    own = about.more.get("class") if about else None
    known = attribute or (own if isinstance(own, str) else next((name for name in _CLASS if name in appearing), None))
    if known is None and len(appearing) == 1:
        known = next(iter(appearing))
    classes = about.classes if about else named(_class_of(region, known) for region in regions())
    notes: list[str] = []
    others = sorted(name for name in appearing if name in _CLASS and name != known)
    if others and not attribute and own is None:
        notes.append(f"classes are named by {known}, not by {', '.join(others)}: -o attribute=NAME says otherwise")

    rows = _aside.tried(entries, lambda key: entries[key])
    names = [str(row.get("filename")) if isinstance(row, dict) else "" for row in rows]
    keys, of_keys = keys_of([Place(name, None, plain_key(name) if about and name else None) for name in names])
    notes += of_keys

    counts = {"thin": 0, "nameless": 0}
    aside = _aside.current()

    def sample_of(item: tuple[str, str]) -> Sample:
        place, key = item
        entry = _entry(file, entries, place)
        name = str(entry["filename"])
        homes = [Path(images)] if images else [file.parent, file.parent / "images"]
        uri = next((str(home / name) for home in homes if (home / name).is_file()), str(homes[0] / name))
        size = image_size(uri)
        segments = _segments(file, place, entry, size, classes, known, meant, counts, aside)
        split = about.splits.get(key) if about else None
        return Sample(key, ImageRef(uri, size), segments, split=split, fields=_fields(entry))

    def samples() -> Iterator[Sample]:
        items = zip(entries, keys, strict=True)
        yield from aside.samples(items, sample_of, lambda item: (file, f"image {item[0]!r}"))
        if counts["nameless"]:
            notes.append(
                f"{counts['nameless']} regions have no attribute that names a class and are of the class {_NAMELESS!r}"
                + (
                    f": -o attribute=NAME takes one of {', '.join(sorted(appearing))}"
                    if appearing and not known
                    else ""
                )
            )
        if counts["thin"]:
            notes.append(f"{counts['thin']} lines and points have no area and were left out")

    return Reading(classes, samples(), len(entries), notes, _said(file, known))


def _fields(entry: dict[str, Any]) -> dict[str, Any]:
    """An image's own attributes."""
    found = entry.get("file_attributes")
    return {name: _value(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _value(value: Any) -> Any:
    return from_text(value) if isinstance(value, str) else value


def _told(value: Any) -> Any:
    """A value as VIA has it: text, or which boxes are ticked."""
    ticked = isinstance(value, dict) and all(isinstance(item, bool) for item in value.values())
    return value if ticked else to_text(value)


def _rows_of(entry: dict[str, Any]) -> list[Any]:
    found = entry["regions"]  # a list since VIA 2, an object by number before
    return found if isinstance(found, list) else list(found.values()) if isinstance(found, dict) else [None]


def _is_region(row: Any) -> bool:
    """Whether it has a shape and, from then on, attributes."""
    return (
        isinstance(row, dict)
        and isinstance(row.get("shape_attributes"), dict)
        and isinstance(row.setdefault("region_attributes", {}), dict)
    )


def _class_of(region: dict[str, Any], attribute: str | None) -> str:
    value = region["region_attributes"].get(attribute, "") if attribute else ""
    if isinstance(value, dict):  # a check box: the ticked ones
        value = ",".join(name for name, on in value.items() if on)
    return str(value).strip() or _NAMELESS


def _segments(
    file: Path,
    key: str,
    entry: dict[str, Any],
    size: tuple[int, int],
    classes: Classes,
    attribute: str | None,
    rule: str,
    counts: dict[str, int],
    aside: Aside,
) -> Segments:
    """counts: regions without an area (thin) and without a class (nameless). Broken ones are put aside."""
    by_name = {class_.name: class_.id for class_ in classes}
    masks, class_ids, ids, attributes = [], [], [], []
    more: dict[str, list[Any]] = {"geometry": [], "box": []}
    for number, row in enumerate(_rows_of(entry)):
        with aside.record(file, f"{key} region {number}"):
            if not _is_region(row):
                raise FormatError("is not a region")
            name = _class_of(row, attribute)
            counts["nameless"] += name == _NAMELESS
            try:
                found = _shape(row["shape_attributes"], size, rule)
            except (KeyError, TypeError, ValueError) as error:
                raise FormatError(f"cannot be read ({error})") from None
            if name not in by_name:
                raise FormatError(f"has the unknown class {name!r}")
            if found is None:
                counts["thin"] += 1
                continue
            masks.append(found[0])
            more["geometry"].append(found[1])
            more["box"].append(found[2])
            class_ids.append(by_name[name])
            extra = {name: _value(value) for name, value in row["region_attributes"].items()}
            ids.append(extra.pop(_ID, None))
            attributes.append({k.removeprefix(_OTHER): v for k, v in extra.items() if k != attribute})
    stacked = Masks.stack(masks, size)
    return Segments(stacked, class_ids, ids=usable_ids(ids), attributes=attributes, more=more)


def _shape(
    shape: dict[str, Any], size: tuple[int, int], rule: str
) -> tuple[Mask, dict[str, Any], list[float] | None] | None:
    """The mask of a region, what is kept of it, and its box where it is a rectangle; None where it has no area."""
    kind = shape["name"]
    if kind in ("polygon", "polyline") and len(shape["all_points_x"]) > 2:
        points = list(zip(shape["all_points_x"], shape["all_points_y"], strict=True))
        if kind == "polygon" or points[0] == points[-1]:
            own = {name: value for name, value in shape.items() if name not in ("all_points_x", "all_points_y")}
            ring = [number for point in points for number in point]
            mask = RULES[rule].draw([[[ring]]], size)[0]
            return mask, drawn.polygon([[ring]], rule, via=own), None
    if kind == "rect":
        left, top = float(shape["x"]), float(shape["y"])
        box = [left, top, left + float(shape["width"]), top + float(shape["height"])]
        if box[2] < left or box[3] < top:
            raise ValueError("a rectangle has a negative side")
        return Mask.from_polygon(rectangle(*box), size), drawn.rectangle(box, "edges", via=dict(shape)), box
    if kind in ("circle", "ellipse"):
        x, y = float(shape["cx"]), float(shape["cy"])
        rx, ry = (float(shape[name]) for name in (("r", "r") if kind == "circle" else ("rx", "ry")))
        turn = float(np.rad2deg(float(shape.get("theta") or 0))) if kind == "ellipse" else 0.0
        kept = drawn.ellipse((x, y), (rx, ry), "edges", turn=turn, via=dict(shape))
        return ellipse(x, y, rx, ry, size, turn), kept, None
    return None


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    out = common_losses(sample, LOSES)
    segments = sample.segments
    for row, identity in enumerate(segments.ids.tolist()):
        given = _given(segments, row)
        if given is None and segments.column("geometry")[row] is not None:
            out.append(Loss(sample.key, "geometry", identity))
        if segments.column("box")[row] is not None and (given or {}).get("name") != "rect":
            out.append(Loss(sample.key, "box", identity))
    return out


def _given(segments: Segments, row: int) -> dict[str, Any] | None:
    """What was drawn for a segment, as VIA has it, where that means its mask; else None."""
    geometry = segments.column("geometry")[row]
    own = drawn.own_of(geometry, "via")
    if isinstance(own, dict) and geometry.get("shape") in ("rectangle", "ellipse"):
        return own
    parts = parts_for(segments, row, _RULE)
    if not parts or len(parts) != 1 or len(parts[0]) != 1:
        return None
    return (own if isinstance(own, dict) else {"name": "polygon"}) | _points(parts[0][0])


def _points(ring: Sequence[float]) -> dict[str, Any]:
    return {"all_points_x": list(ring[::2]), "all_points_y": list(ring[1::2])}


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy",
    about: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """via_region_data.json, or via_project.json where a project was read; images in images/.

    images: copy, link or none; the size of each file is part of its record's name.  about: what was read of the whole
    set, see `Reading`: the settings and attributes of a project, and the attribute that names the class, else `class`.
    """
    said = (about or {}).get("via")
    said = said.get("project") if isinstance(said, dict) else None
    said = said if isinstance(said, dict) else {}
    attribute = said.get("class")
    attribute = attribute if isinstance(attribute, str) and attribute != _ID else "class"
    project = {name: value for name, value in said.items() if name.startswith("_via_")}
    ticked = _is_check_box(project, attribute)
    splits: dict[str, str | None] = {}
    listed: list[str] = []
    used: set[str] = set()
    with open(new_file(folder, "via_project.json" if project else "via_region_data.json"), "w") as out:
        out.write(f'{{"{_IMAGES}": {{' if project else "{")
        for number, sample in enumerate(unique_keys(samples)):
            name = sample.key + suffix_of(sample)
            placed = put_image(sample, folder, f"images/{name}", images)
            size = _bytes(Path(sample.image.uri) if images == "none" else placed)
            entry = {
                "filename": name,
                "size": size,
                "regions": list(_rows(sample.segments, classes, attribute, ticked)),
                "file_attributes": {name: _told(value) for name, value in sample.fields.items()},
            }
            out.write(",\n" * (number > 0) + f"{json.dumps(f'{name}{size}')}: {json.dumps(entry)}")
            splits[sample.key] = sample.split
            if project:
                listed.append(f"{name}{size}")
                used.update(classes[int(class_id)].name for class_id in sample.segments.class_ids)
        out.write("}")
        if project:
            known = _with_options(project, attribute, used)
            beside = {**known, _LIST: listed}.items()
            out.writelines(f",\n{json.dumps(key)}: {json.dumps(value)}" for key, value in beside)
            out.write("}")
        out.write("\n")
    write_about(folder, "via", classes, splits, rule=_RULE, **{"class": attribute})


def _bytes(file: Path) -> int:
    """How many it has; -1, as VIA has it of images at addresses, where there is none."""
    try:
        return file.stat().st_size
    except OSError:
        return -1


def _declared(project: Mapping[str, Any], attribute: str) -> dict[str, Any]:
    """What a project declares of a region's attribute; empty where it does not."""
    regions = project[_ATTRIBUTES].get("region") if isinstance(project.get(_ATTRIBUTES), dict) else None
    found = regions.get(attribute) if isinstance(regions, dict) else None
    return found if isinstance(found, dict) else {}


def _is_check_box(project: Mapping[str, Any], attribute: str) -> bool:
    return _declared(project, attribute).get("type") == "checkbox"


def _with_options(project: dict[str, Any], attribute: str, used: set[str]) -> dict[str, Any]:
    """A project whose class attribute has an option for each class that is used, where it has options at all."""
    declared = _declared(project, attribute)
    options = declared.get("options")
    options = options if isinstance(options, dict) else {}
    names = {part for name in used for part in (name.split(",") if declared.get("type") == "checkbox" else [name])}
    missing = sorted(names - {*options, _NAMELESS}) if options else []
    if not missing:
        return project
    regions = project[_ATTRIBUTES]["region"]
    more = {**declared, "options": {**options, **dict.fromkeys(missing, "")}}
    return {**project, _ATTRIBUTES: {**project[_ATTRIBUTES], "region": {**regions, attribute: more}}}


def _rows(segments: Segments, classes: Classes, attribute: str, ticked: bool) -> Iterator[dict[str, Any]]:
    """attribute: it names the class; ticked: in a check box."""
    for i, mask in enumerate(segments.masks):
        if not mask.area():
            continue
        given = _given(segments, i)
        if given is None:
            ((ring,),) = RULES[_RULE].outline(mask) or [[[]]]
            whole = all(number == int(number) for number in ring)
            given = {"name": "polygon", **_points([int(number) if whole else number for number in ring])}
        extra = {
            _OTHER * (key in (attribute, _ID) or key.startswith(_OTHER)) + key: _told(value)
            for key, value in segments.attributes[i].items()
            if key != "area"
        }
        name = classes[int(segments.class_ids[i])].name
        yield {
            "shape_attributes": given,
            "region_attributes": {
                attribute: dict.fromkeys(name.split(","), True) if ticked else name,
                _ID: str(segments.ids[i]),
                **extra,
            },
        }
