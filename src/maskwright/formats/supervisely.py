"""Supervisely: meta.json, and in each dataset's folder img/ and ann/ with a JSON for each image.

Layout: https://docs.supervisely.com, "Supervisely JSON format".  A bitmap is a zlib-packed PNG of its box; what shapes
draw is told in `_supervisely_objects`, which folders and classes there are in `_supervisely_project`.  Shapes that
nobody changed are written as they were, everything else as bitmaps, which are exact; what a project says beside its
shapes comes back in both cases.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from maskwright.core import drawn
from maskwright.core.classes import Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats import _supervisely_objects as objects
from maskwright.formats import _supervisely_project as project
from maskwright.formats._aside import Aside
from maskwright.formats._contract import (
    About,
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
from maskwright.formats._json import load

LOSES = frozenset({"empty", "crowd", "score", "area", "source", "weight", "fields"})
KEEPS = frozenset({"geometry", "box"})

#: Of a sample: what its file says of the image (`image`), objects without an area (`shapes`), and by the ids of
#: segments what objects say beside their shape (`objects`).
_FIELD = objects.FORMAT


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with meta.json and ann/."""
    return 0.95 if path.is_dir() and (path / "meta.json").is_file() and project.places(path) else 0.0


def read(path: Path) -> Reading:
    """The dataset's folder becomes the split, or a part of the key.

    Lines, points and other shapes without an area are in the sample's field `supervisely`, with a note.
    """
    found = project.places(path)
    meta = path / "meta.json"
    if not found or not meta.is_file():
        raise FormatError("no meta.json with ann/ folders below it", file=path)
    about = read_about(path)
    known, said = project.read_meta(meta)
    classes = about.classes if about else known
    notes: list[str] = []
    keys = [_own_key(about, *place[1:]) for place in found] if about else project.keys_of_others(found, notes)

    thin = 0
    aside = _aside.current()

    def sample_of(item: tuple[tuple[Path, str, str], tuple[str, str | None]]) -> Sample:
        nonlocal thin
        (file, home, name), (key, split) = item
        content = load(file)
        try:
            size = (int(content["size"]["height"]), int(content["size"]["width"]))
            segments, fields = _segments(file, content["objects"], size, classes, aside)
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"cannot be read ({error!r})", file=file) from None
        image = {word: value for word, value in content.items() if word not in ("size", "objects")}
        image = {word: value for word, value in image.items() if _EMPTY.get(word) != value}
        fields |= {"image": image} if image else {}
        thin += len(fields.get("shapes", ()))
        place = ImageRef(str(path / home / "img" / name), size)
        return Sample(key, place, segments, split=split, fields={_FIELD: fields} if fields else {})

    def samples() -> Iterator[Sample]:
        yield from aside.samples(zip(found, keys, strict=True), sample_of, lambda item: (item[0][0], None))
        if thin:
            notes.append(f"{thin} lines, points and other shapes have no area: they are in the samples' field {_FIELD}")

    return Reading(classes, samples(), len(found), notes, {_FIELD: said})


#: What a file says of an image of which there is nothing to say.
_EMPTY: dict[str, Any] = {"description": "", "tags": []}


def _own_key(about: About, home: str, name: str) -> tuple[str, str | None]:
    """Key and split in a set that was written here."""
    further = about.more.get("keys")
    if isinstance(further, dict):
        key = further.get(f"{home}/{name}", project.key_in(home, name))
    else:  # sets without that word have one dataset, whose folders are the keys'
        key = Path(name).with_suffix("").as_posix()
    split = about.splits.get(key)
    return str(key).removeprefix("" if isinstance(further, dict) else f"{split}/"), split


def _segments(
    file: Path, rows: list[Any], size: tuple[int, int], classes: Classes, aside: Aside
) -> tuple[Segments, dict[str, Any]]:
    """The segments of an image, and what its field has of objects. Those that cannot be read are put aside."""
    named = {class_.name: class_.id for class_ in classes}
    masks: list[Mask] = []
    class_ids, ids, attributes, beside, thin = [], [], [], [], []
    more: dict[str, list[Any]] = {"geometry": [], "box": []}
    for number, row in enumerate(rows):
        with aside.record(file, f"object {number}"):
            try:
                title = row["classTitle"]
                found = objects.shape(row, size)
                own = objects.attributes(row)
                said = objects.beside(row)
            except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
                raise FormatError(f"cannot be read ({error})") from None
            if title not in named:
                raise FormatError(f"has the unknown class {title!r}")
            if found is None:
                thin.append(row)
                continue
            mask, geometry, box = found
            masks.append(mask)
            more["geometry"].append(geometry)
            more["box"].append(box)
            class_ids.append(named[title])
            ids.append(row.get("id"))
            attributes.append(own)
            beside.append(said)
    stacked = Masks.stack(masks, size)
    segments = Segments(stacked, class_ids, ids=usable_ids(ids), attributes=attributes, more=more)
    of_objects = {str(number): said for number, said in zip(segments.ids.tolist(), beside, strict=True) if said}
    return segments, {**({"shapes": thin} if thin else {}), **({"objects": of_objects} if of_objects else {})}


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    own = {name: value for name, value in sample.fields.items() if name != _FIELD}
    out = common_losses(replace(sample, fields=own), LOSES)
    for row, identity in enumerate(sample.segments.ids.tolist()):
        shape = objects.own_shape(sample.segments, row)
        geometry = sample.segments.column("geometry")[row]
        if shape is None and geometry is not None and not drawn.is_runs(geometry):
            out.append(Loss(sample.key, "geometry", identity))
        if sample.segments.column("box")[row] is not None and (shape or {}).get("geometryType") != "rectangle":
            out.append(Loss(sample.key, "box", identity))
    return out


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy",
    about: Mapping[str, Any] | None = None,
) -> list[str]:  # fmt: skip
    """DATASET/img/ and DATASET/ann/: the first folder of a key is its dataset, further ones are datasets in it.

    Keys without a folder are in the dataset of their split, or in ds0.  Attributes become tags.  images: copy, link or
    none.  about: what was read of the whole set, see `Reading`: ids, tags and settings are written back.
    """
    splits: dict[str, str | None] = {}
    keys: dict[str, str] = {}
    taken: set[str] = set()
    misfits: set[str] = set()
    nested = 0
    meta = project.Meta((about or {}).get(_FIELD))
    for sample in unique_keys(samples):
        name = sample.key.rpartition("/")[2] + suffix_of(sample)
        home = project.dataset_of(sample.key, sample.split)
        while f"{home}/{name}" in taken:
            home += "_"
        taken.add(f"{home}/{name}")
        nested += "/" in home
        if project.key_in(home, name) != sample.key:
            keys[f"{home}/{name}"] = sample.key
        put_image(sample, folder, f"{home}/img/{name}", images)
        target = new_file(folder, f"{home}/ann/{name}.json")
        kept = _part(sample.fields.get(_FIELD), dict)
        names = [classes[int(class_id)].name for class_id in sample.segments.class_ids]
        rows = list(objects.rows(sample.segments, names, _part(kept.get("objects"), dict), meta.kinds, misfits))
        rows += _part(kept.get("shapes"), list)
        height, width = sample.image.size
        image = {**_EMPTY, "size": {"height": height, "width": width}, **_part(kept.get("image"), dict)}
        target.write_text(json.dumps({**image, "objects": rows}, ensure_ascii=False), encoding="utf-8")
        meta.saw(rows, image["tags"])
        splits[sample.key] = sample.split
    text = json.dumps(meta.content(classes), ensure_ascii=False, indent=1)
    new_file(folder, "meta.json").write_text(text, encoding="utf-8")
    write_about(folder, "supervisely", classes, splits, keys=keys)
    notes = [f"the tag {name!r} has values that its type does not hold: they are text" for name in sorted(misfits)]
    if nested:
        notes.append(f"{nested} keys have several folders: they are in datasets of datasets, as in a/datasets/b/img")
    return notes


def _part(value: Any, kind: type) -> Any:
    return value if isinstance(value, kind) else kind()
