"""Label maps: one image of class numbers for each image; indexed, gray (8 or 16 bits), colour-coded, TIFF or .npy.

Layouts: paired folders, such as images/ + labels/, image/ + label/, or train/ + trainannot/ (CamVid as SegNet published
it, whose classes and void are known); paired names, such as x.jpg + x_mask.png; folders named by a YAML file.
Colours are named by a palette file (label_colors.txt, class_dict.csv) or discovered.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.typed import Limits
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _aside, _class_folders, _class_names
from maskwright.formats._aside import Aside
from maskwright.formats._contract import (
    Loss,
    Reading,
    Ready,
    common_losses,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._declared import Asked, from_palette
from maskwright.formats._discovery import UndecidedError
from maskwright.formats._instances import Parted
from maskwright.formats._instances import split as split_segments
from maskwright.formats._label_files import survey
from maskwright.formats._marks import Several
from maskwright.formats._meanings import Meaning, is_named, labels_of, meant
from maskwright.formats._pairs import Layout, Pair, find
from maskwright.formats._rasters import palette_of, png
from maskwright.formats._scaling import Scaling, command_for
from maskwright.media import describe

LOSES = frozenset(
    {
        "overlap",
        "instances",
        "empty",
        "crowd",
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

#: From a layout that hardly fits to one that fits in every respect.
_SURE = (0.5, 0.78)


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: images and label maps that pair."""
    if not path.is_dir():
        return 0.0
    try:
        layout = find(path)
    except UndecidedError:
        return _SURE[0]  # reading it names both
    except FormatError:
        return 0.0
    least, most = _SURE
    if layout.pairs and "JPEGImages" in layout.pairs[0].image.parts:
        home = set(layout.pairs[0].label.parts)
        if "Annotations" in home:
            return 0.0  # frames and the objects in them, which are not classes
        if "SegmentationClass" in home:
            return least  # VOC's own, which knows more of it
    return least + (most - least) * layout.score if layout.pairs else 0.0


def read(
    path: Path,
    *,
    images: str | None = None,
    labels: str | None = None,
    palette: str | None = None,
    names: Sequence[str] | None = None,
    background: int | None = None,
    ignore: int | None = None,
    suffix: str | None = None,
    instances: Literal["components", "watershed"] | None = None,
    things: Sequence[int | str] | None = None,
    threshold: Annotated[int, Limits(least=0)] | None = None,
    planes: Literal["classes", "objects"] | None = None,
    scale: bool = False,
) -> Reading:
    """images, labels: the paired folders, below `path`, where they have other names.

    palette: a file naming colours, lines "name r g b" or "r g b name", or JSON {"name": [r, g, b]}.
    suffix: what label names add to their image's, such as _mask.  instances: components or watershed, to make every
    8-connected or every round part an instance; things: the classes this is done to, by name or value, else all.
    names: class names by comma, in the order of their values.  background, ignore: the values that mean so;
    255 is ignored when it is declared so, never by habit.  threshold: gray from this value on is one class, below it
    background; 0 takes every value as it is, though edges are soft.  planes: of arrays (N, H, W), whether a plane is a
    class or an object.  scale: whether labels of another resolution than their image, and of its shape, are scaled to
    it, by nearest neighbours.
    """
    layout = find(path, images, labels, suffix)
    if not layout.pairs:
        raise FormatError(
            "no image has a label beside it", file=path,
            needed="paired folders, such as images/ and labels/, or paired names, such as x.jpg and x_mask.png",
        )  # fmt: skip
    notes = layout.notes()
    about = read_about(path)
    splits: dict[str, str | None] = {}
    if about is not None:
        meaning, splits = Meaning(about.classes), about.splits
        unlabelled = about.more.get("unlabelled")
        meaning.hidden = {unlabelled} if unlabelled is not None else set()
    elif layout.classes:
        meaning = Meaning(_class_folders.classes_of(layout.classes), by_class=True)
        notes.append(f"a folder a class: {', '.join(layout.classes)}; pixels in none are background")
    else:
        first = next(labels_of(layout), None)
        table = None
        if palette is not None:
            table = _class_names.read_colours(Path(palette))
        elif names is None and layout.names is None:
            table = _class_names.find([path, *layout.homes])
        coded = threshold is None and first is not None and not first.planes and first.values.ndim == 3
        if table is not None and table.colours and (palette is not None or (coded and is_named(layout, table))):
            meaning = Meaning(*from_palette(table, background, ignore, notes))
            if palette is None:
                notes.append(f"names and colours are from {table.file.name}")
        else:
            layout.table = table
            found = survey([(label, pair.image) for pair in layout.pairs for label in (pair.label, *pair.more)], path)
            asked = Asked(names, background, ignore, threshold, planes)
            meaning = meant(found, asked, layout, notes, path)
    many = [pair.label for pair in layout.pairs if pair.more and meaning.from_ is None]
    if many:
        raise FormatError("is one of several label files of an image, and they are not masks of one class each",
                          file=many[0], needed="one label file an image")  # fmt: skip
    given = {
        "images": images, "labels": labels, "palette": palette, "names": names, "background": background,
        "ignore": ignore, "suffix": suffix, "instances": instances, "things": things, "threshold": threshold,
        "planes": planes,
    }  # fmt: skip
    scaling = Scaling(asked=scale, command=command_for("label-map", path, given))
    meaning.fit = scaling.fit
    classes = meaning.classes
    hidden = meaning.hidden | {class_.id for class_ in classes if class_.role == "background"}
    if any(pair.objects for pair in layout.pairs):
        parted_already = _with_objects(layout, meaning, hidden)
        scaling.forget()
        classes = Classes(replace(row, kind="thing") if row.id in parted_already else row for row in classes)
    cut: set[int] = set()
    if instances is not None:
        cut = _cut(classes, things)
        classes = Classes(replace(class_, kind="thing") if class_.id in cut else class_ for class_ in classes)
    elif things is not None:
        raise UsageError(
            f"things is {', '.join(map(str, things))}, but nothing is made instances",
            needed="-o instances=components or watershed with it",
        )

    parted = Parted(classes)
    aside = _aside.current()

    first_of = {pair.image: pair for pair in reversed(layout.pairs)}

    def checked(segments: Segments, file: Path) -> None:
        for value in segments.class_ids:
            if value not in classes:
                raise FormatError(f"has the undeclared value {value}", file=file, needed=f"declared are {classes}")

    def sample_of(pair: Pair) -> Sample:
        about_image = describe(pair.image)
        segments = meaning.segments(pair, about_image, hidden, aside)
        checked(segments, pair.label)
        if instances is not None:
            segments = split_segments(segments, cut, instances)
        elif meaning.planes is None and pair.objects is None:
            parted.look(segments)
        image = ImageRef(str(pair.image), about_image.size)
        own = {}
        for observer in layout.observers:
            if pair.image in observer.files and pair is first_of[pair.image]:
                other = replace(pair, label=observer.files[pair.image], more=[], objects=None)
                with aside.record(other.label):
                    drawn = meaning.segments(other, about_image, hidden, aside)
                    checked(drawn, other.label)
                    own[observer.name] = drawn if instances is None else split_segments(drawn, cut, instances)
        return Sample(pair.key, image, segments, split=splits.get(pair.key, pair.split), own_labels=own)

    def samples() -> Iterator[Sample]:
        state = Several((parted, scaling))
        yield from aside.samples(layout.pairs, sample_of, lambda pair: (pair.label, None), state=state)
        notes.extend([*scaling.notes(), *parted.notes()])

    return Reading(classes, samples(), len(layout.pairs), notes)


def _with_objects(layout: Layout, meaning: Meaning, hidden: set[int]) -> set[int]:
    """The classes of which an image holds several objects."""
    out: set[int] = set()
    told = [pair for pair in layout.pairs if pair.objects is not None]
    for found in _aside.readable(
        told, lambda pair: meaning.segments(pair, describe(pair.image), hidden, Aside(skip=True)).class_ids.tolist()
    ):
        out |= {class_id for class_id in found if found.count(class_id) > 1}
    roles = {class_.id: class_.role for class_ in meaning.classes}
    return {class_id for class_id in out if roles.get(class_id) == "class"}


def _cut(classes: Classes, things: Sequence[int | str] | None) -> set[int]:
    """The ids of the classes that become instances. Raises UsageError for one that is not there."""
    able = {class_.id: class_.name for class_ in classes if class_.role == "class"}
    if things is None:
        return set(able)
    found = set()
    for thing in things:
        by_name = {class_id for class_id, name in able.items() if name == str(thing)}
        own = by_name or ({thing} & able.keys() if isinstance(thing, int) else set())
        if not own:
            known = ", ".join(
                f"{class_id} {name}" if str(class_id) != name else name for class_id, name in able.items()
            )
            raise UsageError(f"things has {str(thing)!r}, which is not a class", needed=f"these can be cut: {known}")
        found |= own
    return found


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def prepare(sample: Sample, classes: Classes) -> bytes:
    """The PNG of a sample's labels."""
    unlabelled, deep = _values(classes)
    values = np.full(sample.image.size, unlabelled, np.uint16 if deep else np.uint8)
    sample.segments.masks.composite(sample.segments.class_ids, out=values)
    return png(values, palette_of(classes))


def _values(classes: Classes) -> tuple[int, bool]:
    """The value of pixels without a label, and whether values take 16 bits."""
    ids = [class_.id for class_ in classes]
    if min(ids, default=0) < 0 or max(ids, default=0) > 65535:
        raise FormatError("a class id is not in 0 … 65535", needed="label maps hold up to 16 bits")
    background = classes.background
    free = next(value for value in (255, *range(256), *range(65535, 255, -1)) if value not in ids)
    unlabelled = background.id if background is not None else free
    return unlabelled, max([*ids, unlabelled]) > 255


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", ready: Ready | None = None
) -> list[str]:
    """Indexed PNGs (16-bit gray when an id is above 255) in labels/, images in images/, classes in maskwright.json and,
    as other programs name them by value, in _classes.csv.

    ready: what gives a sample's rows in place of `prepare`.
    """
    unlabelled, _ = _values(classes)
    background = classes.background
    ready = ready or (lambda sample: prepare(sample, classes))
    splits = {}
    for sample in unique_keys(samples):
        put_image(sample, folder, f"images/{sample.key}{suffix_of(sample)}", images)
        new_file(folder, f"labels/{sample.key}.png").write_bytes(ready(sample))
        splits[sample.key] = sample.split
    rows = [("Pixel Value", " Class"), *((class_.id, class_.name) for class_ in classes)]
    with new_file(folder, "_classes.csv").open("w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows(rows)
    write_about(folder, "label-map", classes, splits, unlabelled=None if background is not None else unlabelled)
    return [f"pixels without a segment are {unlabelled}"] if background is None else []
