"""Cityscapes: leftImg8bit images; gtFine labelIds, instanceIds and polygons.

Layout and label table: https://github.com/mcordts/cityscapesScripts.  An instance is label * 1000 + its number; a
label of a class with instances that stands alone is a group and becomes a crowd segment.  Polygons are painted as its
json2labelImg and json2instanceImg paint them: by Pillow, later ones over earlier ones, license plates not at all.
IDD has the same layout and polygons with classes of its own, by which it is known.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.drawn import own_of
from maskwright.core.foreign import explained
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _cityscapes, _idd, _listing, _rule_pillow
from maskwright.formats._aside import Aside
from maskwright.formats._contract import (
    Loss,
    Reading,
    Ready,
    common_losses,
    image_beside,
    image_files,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._json import load
from maskwright.formats._pairs import alone
from maskwright.formats._rasters import palette_of, png, read_map
from maskwright.formats._rules import RULES, parts_for
from maskwright.media import Description, describe

LOSES = frozenset(
    {
        "class",
        "overlap",
        "regions",
        "empty",
        "score",
        "attributes",
        "area",
        "ids",
        "order",
        "source",
        "weight",
        "fields",
    }
)
KEEPS = frozenset({"geometry"})

#: name, id, trainId, category, has instances, ignored in evaluation, colour
LABELS = (
    ("unlabeled", 0, 255, "void", 0, 1, (0, 0, 0)), ("ego vehicle", 1, 255, "void", 0, 1, (0, 0, 0)),
    ("rectification border", 2, 255, "void", 0, 1, (0, 0, 0)), ("out of roi", 3, 255, "void", 0, 1, (0, 0, 0)),
    ("static", 4, 255, "void", 0, 1, (0, 0, 0)), ("dynamic", 5, 255, "void", 0, 1, (111, 74, 0)),
    ("ground", 6, 255, "void", 0, 1, (81, 0, 81)), ("road", 7, 0, "flat", 0, 0, (128, 64, 128)),
    ("sidewalk", 8, 1, "flat", 0, 0, (244, 35, 232)), ("parking", 9, 255, "flat", 0, 1, (250, 170, 160)),
    ("rail track", 10, 255, "flat", 0, 1, (230, 150, 140)), ("building", 11, 2, "construction", 0, 0, (70, 70, 70)),
    ("wall", 12, 3, "construction", 0, 0, (102, 102, 156)), ("fence", 13, 4, "construction", 0, 0, (190, 153, 153)),
    ("guard rail", 14, 255, "construction", 0, 1, (180, 165, 180)),
    ("bridge", 15, 255, "construction", 0, 1, (150, 100, 100)),
    ("tunnel", 16, 255, "construction", 0, 1, (150, 120, 90)), ("pole", 17, 5, "object", 0, 0, (153, 153, 153)),
    ("polegroup", 18, 255, "object", 0, 1, (153, 153, 153)), ("traffic light", 19, 6, "object", 0, 0, (250, 170, 30)),
    ("traffic sign", 20, 7, "object", 0, 0, (220, 220, 0)), ("vegetation", 21, 8, "nature", 0, 0, (107, 142, 35)),
    ("terrain", 22, 9, "nature", 0, 0, (152, 251, 152)), ("sky", 23, 10, "sky", 0, 0, (70, 130, 180)),
    ("person", 24, 11, "human", 1, 0, (220, 20, 60)), ("rider", 25, 12, "human", 1, 0, (255, 0, 0)),
    ("car", 26, 13, "vehicle", 1, 0, (0, 0, 142)), ("truck", 27, 14, "vehicle", 1, 0, (0, 0, 70)),
    ("bus", 28, 15, "vehicle", 1, 0, (0, 60, 100)), ("caravan", 29, 255, "vehicle", 1, 1, (0, 0, 90)),
    ("trailer", 30, 255, "vehicle", 1, 1, (0, 0, 110)), ("train", 31, 16, "vehicle", 1, 0, (0, 80, 100)),
    ("motorcycle", 32, 17, "vehicle", 1, 0, (0, 0, 230)), ("bicycle", 33, 18, "vehicle", 1, 0, (119, 11, 32)),
    ("license plate", -1, -1, "vehicle", 0, 1, (0, 0, 142)),
)  # fmt: skip

_NAME = re.compile(r"(.+)_(gtFine|gtCoarse)_(instanceIds|labelIds|labelTrainIds|polygons)\.(png|json)")
_KINDS = ("instanceIds", "labelIds", "labelTrainIds", "polygons")


def classes_of_cityscapes() -> Classes:
    """The benchmark's 35 classes with ids, names, colours and train ids; those it does not score are ignored."""
    return Classes(
        Class(
            number, name, "thing" if instances else "stuff", "ignore" if ignored else "class", colour,
            {"trainId": train, "category": category},
        )
        for name, number, train, category, instances, ignored, colour in LABELS
    )  # fmt: skip


def as_written(classes: Classes) -> tuple[Classes, dict[int, int]]:
    """The classes as the files number them, and that number of each by its id.

    A class that has a name of Cityscapes' has its number, which is all that its tools know.  Where there is one, the
    background is 0 and others keep numbers from 34 on that are free, or get such; else every class keeps its id.
    """
    known = {name: number for name, number, *_ in LABELS}
    value = {class_.id: known[class_.name] for class_ in classes if class_.name in known}
    if not value:
        return classes, {class_.id: class_.id for class_ in classes}
    taken = set(known.values())
    for class_ in classes:
        if class_.id in value:
            continue
        if class_.role == "background" and 0 not in value.values():
            value[class_.id] = 0
            continue
        free = (number for number in count(34) if number not in taken)
        value[class_.id] = class_.id if class_.id >= 0 and class_.id not in taken else next(free)
        taken.add(value[class_.id])
    return Classes(replace(class_, id=value[class_.id]) for class_ in classes), value


def _numbered(sample: Sample, classes: Classes) -> tuple[Sample, Classes]:
    """A sample and the classes as the files number them."""
    written, value = as_written(classes)
    ids = [value[class_id] for class_id in sample.segments.class_ids.tolist()]
    return replace(sample, segments=sample.segments.replace(class_ids=ids)), written


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with gtFine labels."""
    return 0.95 if path.is_dir() and next(_labels(path), None) is not None else 0.0


def _labels(path: Path) -> Iterator[Path]:
    yield from _listing.current().where(path, lambda name: "_gt" in name and _NAME.fullmatch(name) is not None)


def read(
    path: Path, *, source: Literal["instanceIds", "labelIds", "labelTrainIds", "polygons"] | None = None,
    table: Literal["cityscapes", "idd"] | None = None,
) -> Reading:  # fmt: skip
    """source: instanceIds, labelIds, labelTrainIds or polygons; else the first of these that an image has.

    From polygons, later ones hide earlier ones, as in the pixels; labels that end in "group" become crowds; license
    plates, which the pixels do not show, are left out with a note, as is what nothing is seen of.  Beside instanceIds,
    polygons that paint the same pixels are kept.
    table: whose classes they are, cityscapes or idd; else IDD's where polygons have a label that only IDD has.
    """
    found: dict[tuple[Path, str, str], dict[str, Path]] = {}
    for file in sorted(_labels(path)):
        name = _NAME.fullmatch(file.name)
        assert name is not None
        found.setdefault((file.parent, name[1], name[2]), {})[name[3]] = file
    if not found:
        raise FormatError("no *_gtFine_instanceIds.png or *_gtFine_labelIds.png here", file=path)
    about = read_about(path)
    notes: list[str] = []
    classes = about.classes if about else _classes_of(found, source, table, notes)
    given = classes
    with explained(path):
        own = (
            {int(number): int(class_id) for number, class_id in (about.more.get("values") or {}).items()}
            if about
            else {}
        )
        if own:
            number_of = {class_id: number for number, class_id in own.items()}
            classes = Classes(replace(class_, id=number_of[class_.id]) for class_ in given)
    unlabelled = about.more.get("unlabelled") if about else None
    used: set[Path] = set()

    unseen = {"license plates": 0, "objects": 0}
    aside = _aside.current()

    def sample_of(item: tuple[tuple[Path, str, str], dict[str, Path]]) -> Sample:
        (folder, stem, _), files = item
        kind: str = source or next(known for known in _KINDS if known in files)
        if kind not in files:
            raise FormatError(f"the image {stem} has no {kind}", file=folder)
        image = _image(path, folder, stem)
        if image is None:
            raise FormatError("has no image in leftImg8bit", file=files[kind])
        used.add(image)
        about_image = describe(image)
        if kind == "polygons":
            segments = _polygons(files[kind], about_image, classes, unlabelled, unseen, aside)
        else:
            segments = _read_one(files[kind], kind, about_image, classes, unlabelled, files.get("polygons"))
        home = _below(path, folder)
        split = home[0] if home and home[0] in ("train", "val", "test", "train_extra") else None
        key = "/".join((*(home[1:] if split else home), stem))
        split = about.splits.get(key, split) if about else split
        if own:
            segments = segments.replace(class_ids=[own[value] for value in segments.class_ids.tolist()])
        return Sample(key, ImageRef(str(image), segments.size), segments, split=split)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(found.items(), sample_of, lambda item: (item[0][0], f"the image {item[0][1]}"))
        words = {"license plates": "are not painted", "objects": "are covered whole"}
        notes.extend(f"{number} {what} {words[what]} and were left out" for what, number in unseen.items() if number)
        notes.extend(alone(_unlabelled_images(path, {folder for folder, *_ in found}, used), []))

    return Reading(given, samples(), len(found), notes)


def _classes_of(
    found: dict[tuple[Path, str, str], dict[str, Path]], source: str | None, table: str | None, notes: list[str]
) -> Classes:
    """The classes of a set that others made. source, table: as `read` has them."""
    own, other = classes_of_cityscapes(), _idd.classes_of_idd()
    if table is not None:
        return other if table == "idd" else own
    for files in found.values():
        if (source or next(each for each in _KINDS if each in files)) != "polygons" or "polygons" not in files:
            continue
        for label in sorted(_labels_in(files["polygons"])):
            if _cityscapes.known(own, label) is None and _cityscapes.known(other, label) is not None:
                notes.append(f"classes are IDD's, which has {label!r}; --option table=cityscapes takes Cityscapes'")
                return other
    return own


def _labels_in(file: Path) -> set[str]:
    """The labels of a file's objects; none where it is broken, which reading it says."""
    try:
        objects = load(file).get("objects") or []
    except FormatError:
        return set()
    return {str(row["label"]) for row in objects if isinstance(row, dict) and "label" in row}


def _top(path: Path, folder: Path) -> int | None:
    """Which of a folder's names below `path` is that of the labels, such as gtFine; None where none is."""
    names = folder.relative_to(path).parts
    first = 0 if names and names[0].startswith("gt") else None
    return next((place for place, name in enumerate(names) if name in ("gtFine", "gtCoarse")), first)


def _below(path: Path, folder: Path) -> tuple[str, ...]:
    """The names of folders below that of the labels, or below `path`."""
    names, top = folder.relative_to(path).parts, _top(path, folder)
    return names if top is None else names[top + 1 :]


def _unlabelled_images(path: Path, folders: set[Path], used: set[Path]) -> list[str]:
    """Images that lie where those of the labels do, and have none."""
    tops = {(folder, top) for folder in folders if (top := _top(path, folder)) is not None}
    homes = {path.joinpath(*folder.relative_to(path).parts[:top], "leftImg8bit") for folder, top in tops}
    lone = [image for home in sorted(homes) for image in image_files(home) if image not in used]
    return [image.relative_to(path).as_posix() for image in lone]


def _image(path: Path, folder: Path, stem: str) -> Path | None:
    parts, top = folder.relative_to(path).parts, _top(path, folder)
    homes = [path.joinpath(*parts[: top or 0], "leftImg8bit", *parts[(top or 0) + 1 :]) if parts else path, folder]
    names = (f"{stem}_leftImg8bit", stem)
    return next((each for home in homes for name in names if (each := image_beside(home, name))), None)


def _read_one(
    file: Path, kind: str, image: Description, classes: Classes, unlabelled: int | None, polygons: Path | None
) -> Segments:
    pixels = read_map(file, image)
    values, masks = Masks.from_label_map(pixels, ignore=[] if unlabelled is None else [unlabelled])
    if kind == "labelTrainIds":
        by_train = {class_.extra.get("trainId"): class_.id for class_ in classes if class_.role == "class"}
        keep = np.array([int(value) in by_train for value in values], bool)
        values, masks = np.array([by_train[int(value)] for value in values[keep]], np.int64), masks[keep]
    class_ids, crowd = [], []
    rows = []
    for row, value in enumerate(values.tolist()):
        class_id = value // 1000 if value >= 1000 else value
        if class_id not in classes:
            if class_id == 255 and kind == "labelIds":
                continue  # -1, the license plate, kept in eight bits
            raise FormatError(f"has the unknown label {class_id}", file=file)
        rows.append(row)
        class_ids.append(class_id)
        crowd.append(value < 1000 and kind == "instanceIds" and classes[class_id].kind == "thing")
    segments = Segments(masks[np.array(rows, np.int64)], class_ids, is_crowd=crowd)
    if kind != "instanceIds" or polygons is None:
        return segments
    return segments.replace(more={"geometry": _beside(polygons, classes, pixels, values[rows].tolist(), segments)})


def _beside(file: Path, classes: Classes, pixels: Any, values: list[int], segments: Segments) -> list[Any]:
    """What the polygons beside an instance map drew, of each of its values; None where that is something else."""
    strict = Aside()
    try:
        objects = _objects(file, classes, strict)
        strict.end()
    except FormatError:
        return [None] * len(values)
    numbers: dict[int, int] = {}
    own: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    rings, painted = [], []
    for at, row, class_, group in objects:
        value = class_.id
        if class_.kind == "thing" and not group:
            value = class_.id * 1000 + numbers.get(class_.id, 0)
            numbers[class_.id] = numbers.get(class_.id, 0) + 1
        if value >= 0:
            rings.append(_cityscapes.ring_of(row))
            painted.append(value)
            own.setdefault(value, []).append((at, row))
    canvas = _rule_pillow.paint(rings, painted, segments.size, -1)
    wrong = (canvas != pixels) & (canvas >= 0) | ((canvas < 0) & np.isin(pixels, list(own)))
    bent = {*canvas[wrong].tolist(), *pixels[wrong].tolist()} if wrong.any() else set()
    out: list[Any] = []
    for number, value in enumerate(values):
        found = own.get(value)
        if found is None or value in bent:
            out.append(None)
            continue
        whole = len(found) == 1 and value >= 1000 and _draws(found[0][1], segments, number)
        out.append(_cityscapes.kept(found, whole))
    return out


def _draws(row: dict[str, Any], segments: Segments, number: int) -> bool:
    ring = _cityscapes.ring_of(row)
    return RULES[_cityscapes.RULE].draw([[[ring]]], segments.size)[0] == segments.masks[number]


def _objects(file: Path, classes: Classes, aside: Aside) -> list[tuple[int, dict[str, Any], Class, bool]]:
    """Place, object, class and whether it is a group, of each that is not deleted. Broken ones are put aside."""
    out = []
    for number, row in enumerate(load(file).get("objects") or []):
        with aside.record(file, f"object {number}"):
            try:
                label = str(row["label"])
                if row.get("deleted"):
                    continue
                RULES[_cityscapes.RULE].draw([[[_cityscapes.ring_of(row)]]], (1, 1))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise FormatError(f"cannot be read ({error})") from None
            found = _cityscapes.known(classes, label)
            if found is None:
                raise FormatError(f"has the unknown label {label!r}")
            out.append((number, row, *found))
    return out


def _polygons(
    file: Path, image: Description, classes: Classes, unlabelled: int | None, unseen: dict[str, int], aside: Aside
) -> Segments:
    """Of the size that the file states, which may be the raster's; else of the image's as it is shown."""
    content = load(file)
    stated = (content.get("imgHeight"), content.get("imgWidth"))
    size = image.stored_size if stated == image.stored_size else image.size
    objects = _objects(file, classes, aside)
    unseen["license plates"] += sum(class_.id < 0 for _, _, class_, _ in objects)
    objects = [found for found in objects if found[2].id >= 0]
    masks = RULES[_cityscapes.RULE].draw([[[_cityscapes.ring_of(row)]] for _, row, _, _ in objects], size)
    segments = Segments(
        masks, [class_.id for _, _, class_, _ in objects], is_crowd=[group for _, _, _, group in objects]
    ).visible()
    areas, whole = segments.masks.areas(), masks.areas()
    seen = [number for number, area in enumerate(areas) if area and objects[number][2].id != unlabelled]
    unseen["objects"] += int((areas == 0).sum())
    geometry = [_cityscapes.kept([objects[number][:2]], areas[number] == whole[number]) for number in seen]
    return segments[np.array(seen, np.int64)].replace(more={"geometry": geometry})


def _unlabelled(classes: Classes) -> int:
    """The label of pixels that no segment covers: the background, or Cityscapes' own 0, or one that is free."""
    if classes.background is not None:
        return classes.background.id
    if 0 not in classes or classes[0].role == "ignore":
        return 0
    return next(label for label in range(255, 0, -1) if label not in classes)


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    sample, classes = _numbered(sample, classes)
    out = common_losses(sample, LOSES, classes)
    segments = sample.segments
    rows = np.flatnonzero((segments.class_ids == _unlabelled(classes)) | (segments.class_ids < 0))
    out += [Loss(sample.key, "class", int(segments.ids[row])) for row in rows]
    for row, geometry in enumerate(segments.column("geometry")):
        if geometry is not None and own_of(geometry, "cityscapes") is None:
            parts = parts_for(segments, row, _cityscapes.RULE)
            if not parts or len(parts) > 1 or len(parts[0]) > 1:
                out.append(Loss(sample.key, "geometry", int(segments.ids[row])))
    seen: set[int] = set()
    for row in range(len(segments)):
        class_ = classes[int(segments.class_ids[row])]
        if segments.is_crowd[row] and (class_.kind == "stuff" or class_.id in seen):
            out.append(Loss(sample.key, "crowd" if class_.kind == "stuff" else "regions", int(segments.ids[row])))
        if segments.is_crowd[row]:
            seen.add(class_.id)
    return out


def prepare(sample: Sample, classes: Classes) -> tuple[bytes, bytes, bytes, list[dict[str, Any]] | None]:
    """The PNGs labelIds, instanceIds and color of a sample, and its polygons, None where none paint these pixels.

    Raises FormatError for what 16 bits cannot number.
    """
    sample, classes = _numbered(sample, classes)
    _check(classes)
    unlabelled = _unlabelled(classes)
    held = (sample.segments.class_ids != unlabelled) & (sample.segments.class_ids >= 0)
    segments = sample.segments[held]
    covered, segments = segments, segments.visible()
    # What was drawn is left out of masks that changed; an object that is covered is still that object.
    segments = segments.replace(more={**segments.more, "geometry": covered.column("geometry")})
    objects, order = _cityscapes.scene(segments, classes, unlabelled)
    numbers: dict[int, int] = {}
    values = [0] * len(segments)
    for row in order:
        class_id = int(segments.class_ids[row])
        number = numbers.get(class_id, 0)
        thing = _cityscapes.is_numbered(segments, row, classes) and segments.masks.areas()[row] > 0
        values[row] = class_id * 1000 + number if thing else class_id
        numbers[class_id] = number + thing
        if number > 999:
            raise FormatError(f"{sample.key!r} has more than 1000 instances of class {class_id}")
    labels = np.full(sample.image.size, unlabelled, np.uint8)
    segments.masks.composite(segments.class_ids, out=labels)
    instances = np.full(sample.image.size, unlabelled, np.uint16)
    segments.masks.composite(values, out=instances)
    return png(labels), png(instances), png(palette_of(classes)[labels]), objects


def _check(classes: Classes) -> None:
    if any(not 0 <= class_.id < (66 if class_.kind == "thing" else 256) for class_ in classes if class_.id != -1):
        raise FormatError("a class id does not fit", needed="things 0 … 65 and stuff 0 … 255, for 16-bit instance maps")


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", ready: Ready | None = None
) -> list[str]:
    """labelIds, instanceIds and color PNGs, and polygons that paint the same, in gtFine/<split>/.

    Polygons are painted one over another, which gives holes and parts: those of the file where they still paint what
    is seen, new ones along the outermost pixels elsewhere.  images: copy or link; the layout needs them.
    ready: what gives a sample's rows in place of `prepare`.
    """
    written, value = as_written(classes)
    _check(written)
    unlabelled = _unlabelled(written)
    ready = ready or (lambda sample: prepare(sample, classes))
    splits = {}
    without = []
    for sample in unique_keys(samples):
        split = sample.split or "train"
        name = Path(sample.key).name
        home = f"{split}/{Path(sample.key).parent.as_posix()}"
        put_image(sample, folder, f"leftImg8bit/{home}/{name}_leftImg8bit{suffix_of(sample)}", images)
        target = f"gtFine/{home}/{name}_gtFine"
        *maps, objects = ready(sample)
        for what, content in zip(("labelIds", "instanceIds", "color"), maps, strict=True):
            new_file(folder, f"{target}_{what}.png").write_bytes(content)
        if objects is not None:
            height, width = sample.image.size
            told = {"imgHeight": height, "imgWidth": width, "objects": objects}
            new_file(folder, f"{target}_polygons.json").write_text(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            without.append(sample.key)
        splits[sample.key] = sample.split
    values = {str(number): class_id for class_id, number in value.items()}
    write_about(folder, "cityscapes", classes, splits, unlabelled=unlabelled, values=values)
    if without:
        number = f"{len(without)} image{'s have' if len(without) != 1 else ' has'}"
        return [f"{number} no polygons, such as {without[0]}: objects in parts reach through each other"]
    return []
