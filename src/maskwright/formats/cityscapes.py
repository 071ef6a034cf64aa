"""Cityscapes: leftImg8bit images; gtFine labelIds, instanceIds and polygons.

Layout and label table: https://github.com/mcordts/cityscapesScripts.  An instance is label * 1000 + its number; a
label of a class with instances that stands alone is a group and becomes a crowd segment.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.polygons import Polygon
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    Loss,
    Reading,
    Ready,
    common_losses,
    image_beside,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._json import load
from maskwright.formats._rasters import palette_of, png, read_map
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


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with gtFine labels."""
    return 0.95 if path.is_dir() and next(_labels(path), None) is not None else 0.0


def _labels(path: Path) -> Iterator[Path]:
    for file in path.rglob("*_gt*_*.*"):
        if _NAME.fullmatch(file.name):
            yield file


def read(path: Path, *, source: str | None = None) -> Reading:
    """source: instanceIds, labelIds, labelTrainIds or polygons; else the first of these that an image has.

    From polygons, later ones hide earlier ones, as in the pixels; labels that end in "group" become crowds.
    """
    if source is not None and source not in _KINDS:
        raise FormatError(f"there is no source {source!r}", needed=f"one of {', '.join(_KINDS)}")
    found: dict[tuple[Path, str, str], dict[str, Path]] = {}
    for file in sorted(_labels(path)):
        name = _NAME.fullmatch(file.name)
        assert name is not None
        found.setdefault((file.parent, name[1], name[2]), {})[name[3]] = file
    if not found:
        raise FormatError("no *_gtFine_instanceIds.png or *_gtFine_labelIds.png here", file=path)
    about = read_about(path)
    classes = about.classes if about else classes_of_cityscapes()

    def samples() -> Iterator[Sample]:
        for (folder, stem, _), files in found.items():
            kind = source or next(each for each in _KINDS if each in files)
            if kind not in files:
                raise FormatError(f"the image {stem} has no {kind}", file=folder)
            image = _image(path, folder, stem)
            if image is None:
                raise FormatError("has no image in leftImg8bit", file=files[kind])
            about_image = describe(image)
            segments = _read_one(
                files[kind], kind, about_image, classes, about.more.get("unlabelled") if about else None
            )
            parts = folder.relative_to(path).parts
            home = parts[1:] if parts and parts[0].startswith("gt") else parts
            split = home[0] if home and home[0] in ("train", "val", "test", "train_extra") else None
            key = "/".join((*(home[1:] if split else home), stem))
            split = about.splits.get(key, split) if about else split
            yield Sample(key, ImageRef(str(image), segments.size), segments, split=split)

    return Reading(classes, unique_keys(samples()), len(found))


def _image(path: Path, folder: Path, stem: str) -> Path | None:
    parts = folder.relative_to(path).parts
    homes = [path / "leftImg8bit" / Path(*parts[1:]) if parts else path, folder]
    names = (f"{stem}_leftImg8bit", stem)
    return next((each for home in homes for name in names if (each := image_beside(home, name))), None)


def _read_one(file: Path, kind: str, image: Description, classes: Classes, unlabelled: int | None) -> Segments:
    if kind == "polygons":
        return _polygons(file, image, classes)
    values, masks = Masks.from_label_map(read_map(file, image), ignore=[] if unlabelled is None else [unlabelled])
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
    return Segments(masks[np.array(rows, np.int64)], class_ids, is_crowd=crowd)


def _polygons(file: Path, image: Description, classes: Classes) -> Segments:
    """Of the size that the file states, which may be the raster's; else of the image's as it is shown."""
    content = load(file)
    stated = (content.get("imgHeight"), content.get("imgWidth"))
    size = image.stored_size if stated == image.stored_size else image.size
    polygons, class_ids, crowd = [], [], []
    for number, each in enumerate(content.get("objects") or []):
        record = f"object {number}"
        try:
            label = str(each["label"])
            if each.get("deleted"):
                continue
            group = label.endswith("group") and _known(classes, label) is None
            known = _known(classes, label.removesuffix("group") if group else label)
            if known is None:
                raise FormatError(f"has the unknown label {label!r}", file=file, record=record)
            # Points name pixels here, so that their centres lie half a pixel further.
            polygons.append(Polygon([[np.asarray(each["polygon"], np.float64).reshape(-1, 2) + 0.5]]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"cannot be read ({error})", file=file, record=record) from None
        class_ids.append(known.id)
        crowd.append(group)
    segments = Segments(Masks.from_polygons(polygons, size), class_ids, is_crowd=crowd).visible()
    return segments[segments.masks.areas() > 0]


def _known(classes: Classes, name: str) -> Class | None:
    try:
        return classes[name]
    except KeyError:
        return None


def _unlabelled(classes: Classes) -> int:
    """The label of pixels that no segment covers: the background, or Cityscapes' own 0, or one that is free."""
    if classes.background is not None:
        return classes.background.id
    if 0 not in classes or classes[0].role == "ignore":
        return 0
    return next(label for label in range(255, 0, -1) if label not in classes)


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    out = common_losses(sample, LOSES, classes)
    unlabelled = _unlabelled(classes)
    rows = np.flatnonzero(sample.segments.class_ids == unlabelled)
    out += [Loss(sample.key, "class", int(sample.segments.ids[row])) for row in rows]
    segments = sample.segments
    seen: set[int] = set()
    for row in range(len(segments)):
        class_ = classes[int(segments.class_ids[row])]
        if segments.is_crowd[row] and (class_.kind == "stuff" or class_.id in seen):
            out.append(Loss(sample.key, "crowd" if class_.kind == "stuff" else "regions", int(segments.ids[row])))
        if segments.is_crowd[row]:
            seen.add(class_.id)
    return out


def prepare(sample: Sample, classes: Classes) -> tuple[bytes, bytes, bytes]:
    """The PNGs labelIds, instanceIds and color of a sample. Raises FormatError for what 16 bits cannot number."""
    _check(classes)
    unlabelled = _unlabelled(classes)
    segments = sample.segments[sample.segments.class_ids != unlabelled].visible()
    count: dict[int, int] = {}
    values = []
    for row, class_id in enumerate(segments.class_ids.tolist()):
        thing = classes[class_id].kind == "thing" and not segments.is_crowd[row]
        number = count.get(class_id, 0)
        values.append(class_id * 1000 + number if thing else max(class_id, 0))
        count[class_id] = number + thing
        if number > 999:
            raise FormatError(f"{sample.key!r} has more than 1000 instances of class {class_id}")
    labels = np.full(sample.image.size, unlabelled, np.uint8)
    segments.masks.composite(np.maximum(segments.class_ids, 0), out=labels)
    instances = np.full(sample.image.size, unlabelled, np.uint16)
    segments.masks.composite(values, out=instances)
    return png(labels), png(instances), png(palette_of(classes)[labels])


def _check(classes: Classes) -> None:
    if any(not 0 <= class_.id < (66 if class_.kind == "thing" else 256) for class_ in classes if class_.id != -1):
        raise FormatError("a class id does not fit", needed="things 0 … 65 and stuff 0 … 255, for 16-bit instance maps")


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", ready: Ready | None = None
) -> None:
    """labelIds, instanceIds and color PNGs, in gtFine/<split>/; polygons are not written, they cannot hold holes.

    images: copy or link; the layout needs them.
    ready: what gives a sample's rows in place of `prepare`.
    """
    _check(classes)
    unlabelled = _unlabelled(classes)
    ready = ready or (lambda sample: prepare(sample, classes))
    splits = {}
    for sample in unique_keys(samples):
        split = sample.split or "train"
        name = Path(sample.key).name
        home = f"{split}/{Path(sample.key).parent.as_posix()}"
        put_image(sample, folder, f"leftImg8bit/{home}/{name}_leftImg8bit{suffix_of(sample)}", images)
        target = f"gtFine/{home}/{name}_gtFine"
        for what, content in zip(("labelIds", "instanceIds", "color"), ready(sample), strict=True):
            new_file(folder, f"{target}_{what}.png").write_bytes(content)
        splits[sample.key] = sample.split
    write_about(folder, "cityscapes", classes, splits, unlabelled=unlabelled)
