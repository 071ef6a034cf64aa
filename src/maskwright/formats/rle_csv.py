"""Run lengths in a CSV, as Kaggle's competitions have them: a row an object, "start length start length …".

Usual is 1-based and column-major (DSB 2018, Airbus); Sartorius is row-major.  Any other coding is described by
options.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import checked_size
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    image_files,
    key_of,
    new_file,
    put_image,
    read_about,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.formats._runs import from_row_major, to_row_major
from maskwright.media import image_size

LOSES = frozenset({"empty", "crowd", "score", "attributes", "area", "ids", "source", "weight", "fields"})

_IMAGE_COLUMNS = ("ImageId", "image_id", "id", "Image", "image", "img", "filename", "rle_id")
_RLE_COLUMNS = ("EncodedPixels", "encoded_pixels", "annotation", "rle", "segmentation", "rle_mask", "mask")
_CLASS_COLUMNS = ("ClassId", "class", "label", "Class", "cell_type", "category", "class_name")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a CSV with a column of images and one of run lengths."""
    file = _file(path)
    if file is None:
        return 0.0
    try:
        with open(file, newline="") as text:
            header = next(csv.reader(text), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return 0.0
    return 0.85 if _first(header, _IMAGE_COLUMNS) and _first(header, _RLE_COLUMNS) else 0.0


def _file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".csv" else None
    found = sorted(path.glob("*.csv"))
    return next((item for item in found if "train" in item.name), found[0] if found else None)


def _first(header: Iterable[str], names: tuple[str, ...]) -> str | None:
    known = list(header)
    return next((name for name in names if name in known), None)


def read(
    path: Path,
    *,
    images: str | None = None,
    order: str | None = None,
    base: int = 1,
    second: str = "length",
    size: str | None = None,
    image_column: str | None = None,
    rle_column: str | None = None,
    class_column: str | None = None,
    class_name: str = "object",
) -> Reading:
    """images: the folder of the images; searched for beside the CSV when not given.

    order: column (the default) or row, along which pixels are numbered.
    base: the first pixel's number.  second: what the second
    number of a pair is: length, or end (the last pixel).  size: "height,width" where there are neither images nor
    columns named height and width.  image_column, rle_column, class_column: columns of other names.

    class_name: of all rows where no column says it.
    """
    file = _file(path)
    if file is None:
        raise FormatError("no CSV here", file=path)
    about = read_about(file.parent)
    order = order or str(about.more.get("order", "column") if about else "column")
    if order not in ("column", "row") or second not in ("length", "end"):
        raise FormatError(f"order {order!r} and second {second!r} are not known", file=file,
                          needed="order column or row, second length or end")  # fmt: skip
    fixed = _size_of(size, file) if size else None
    folder, by_name = _by_name(file, images)
    rows: dict[str, list[tuple[int, str, str]]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for number, row in _rows(file):
        columns = [
            given or _first(row, names)
            for given, names in (
                (image_column, _IMAGE_COLUMNS),
                (rle_column, _RLE_COLUMNS),
                (class_column, _CLASS_COLUMNS),
            )
        ]
        if columns[0] not in row or columns[1] not in row or (class_column and class_column not in row):
            raise FormatError(f"has the columns {', '.join(row)}", file=file,
                              needed="an image and a run-length column: -o image_column=… -o rle_column=…")  # fmt: skip
        name, kind = str(row[columns[0]] or ""), str(row.get(columns[2] or "") or "")
        joined = re.fullmatch(r"(.+\.(?:jpe?g|png|tiff?|bmp))_(\w+)", name, re.IGNORECASE)
        if joined and columns[2] is None:  # "x.jpg_3", as the steel and cloud competitions have it
            name, kind = joined[1], joined[2]
        rows.setdefault(name, []).append((number, str(row[columns[1]] or "").strip(), kind))
        if row.get("height") and row.get("width"):
            sizes.setdefault(name, _size_of(f"{row['height']},{row['width']}", file, number))
    classes = about.classes if about else _classes({kind for found in rows.values() for *_, kind in found}, class_name)
    ids = {class_.name: class_.id for class_ in classes} | {str(class_.id): class_.id for class_ in classes}
    only = next((class_.id for class_ in classes if class_.role == "class"), 1)

    def samples() -> Iterator[Sample]:
        for name, found in rows.items():
            image = by_name.get(name) or by_name.get(str(Path(name).with_suffix("")))
            own = fixed or sizes.get(name) or (image_size(image) if image else None)
            if own is None:
                raise FormatError(f"the size of {name!r} is not known", file=file, record=f"line {found[0][0]}",
                                  todo="Give the images with -o images=FOLDER, or -o size=height,width.")  # fmt: skip
            masks, class_ids = [], []
            for number, text, kind in found:
                if text in ("", "-1", "nan", "NaN"):
                    continue
                try:
                    masks.append(decode(text, own, order=order, base=base, second=second))
                except ValueError as error:
                    raise FormatError(str(error), file=file, record=f"line {number}") from None
                if kind and kind not in ids:
                    raise FormatError(f"has the unknown class {kind!r}", file=file, record=f"line {number}")
                class_ids.append(ids.get(kind, only))
            key = key_of(image, folder) if image else str(Path(name).with_suffix(""))
            uri = str(image) if image else name
            split = about.splits.get(key) if about else None
            yield Sample(key, ImageRef(uri, own), Segments(Masks.stack(masks, own), class_ids), split=split)

    notes = [] if by_name else ["no images found beside the CSV; name their folder with -o images=FOLDER"]
    return Reading(classes, unique_keys(samples()), len(rows), notes)


def _rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(1 << 30)
    try:
        with open(file, newline="", encoding="utf-8-sig") as text:
            reader = csv.DictReader(text, strict=True)
            for row in reader:
                if None in row or None in row.values():
                    raise FormatError("has another number of cells than the header", file=file,
                                      record=f"line {reader.line_num}")  # fmt: skip
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"cannot be read ({error})", file=file) from None


def _size_of(text: str, file: Path, line: int | None = None) -> tuple[int, int]:
    try:
        height, width = (int(float(word)) for word in text.split(","))
        return checked_size((height, width))
    except (ValueError, OverflowError):
        raise FormatError(f"{text!r} is not a size", file=file, record=f"line {line}" if line else None,
                          needed="height,width") from None  # fmt: skip


def _by_name(file: Path, images: str | None) -> tuple[Path, dict[str, Path]]:
    """The images' folder, and images by name with and without suffix, and by their place in it."""
    homes = (
        [Path(images)] if images else [file.parent / name for name in ("images", file.stem, "train", "train_images")]
    )
    home = next((each_home for each_home in homes if each_home.is_dir()), file.parent)
    out: dict[str, Path] = {}
    for image_file in image_files(home):
        inner = image_file.relative_to(home)
        for name in (image_file.name, image_file.stem, inner.as_posix(), inner.with_suffix("").as_posix()):
            out.setdefault(name, image_file)
    return home, out


def _classes(names: set[str], class_name: str) -> Classes:
    found = sorted(names - {""}, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))
    if not found:
        return Classes([Class(1, class_name)])
    numbered = all(name.isdigit() for name in found)
    return Classes(Class(int(name) if numbered else k, name) for k, name in enumerate(found, 1))


def decode(text: str, size: tuple[int, int], *, order: str = "column", base: int = 1, second: str = "length") -> Mask:
    """One mask from "start length start length …". Raises ValueError, saying which pair is wrong.

    text: the pairs.  order, base, second: as in `conversions.mask_to_pairs`.
    """
    words = re.split(r"[\s,]+", text.strip())
    try:
        numbers = np.array([int(word) for word in words], np.int64)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not made of whole numbers") from None
    if numbers.size % 2:
        raise ValueError(f"there are {numbers.size} numbers; run lengths come in pairs")
    starts = numbers[::2] - base
    ends = starts + numbers[1::2] if second == "length" else numbers[1::2] - base + 1
    area = size[0] * size[1]
    wrong = np.flatnonzero((starts < 0) | (ends < starts) | (ends > area))
    if wrong.size:
        k = int(wrong[0])
        raise ValueError(
            f"pair {k + 1} ({numbers[2 * k]} {numbers[2 * k + 1]}) leaves the image of {size[0]} x {size[1]}"
        )
    by_start = np.argsort(starts, kind="stable")
    starts, ends = starts[by_start], ends[by_start]
    if (starts[1:] < ends[:-1]).any():
        raise ValueError("two runs overlap")
    counts = np.diff(np.concatenate([[0], np.stack([starts, ends], axis=1).reshape(-1), [area]]))
    return Mask.from_counts(counts, size) if order == "column" else from_row_major(counts, size)


def encode(mask: Mask, *, order: str = "column", base: int = 1, second: str = "length") -> str:
    """One mask as "start length start length …"; an empty mask is an empty text. order, base, second: as in
    `conversions.mask_to_pairs`.
    """
    counts = (mask.counts if order == "column" else to_row_major(mask)).astype(np.int64)
    ends = np.cumsum(counts)
    starts, stops = ends[0:-1:2] + base, ends[1::2] + base
    pairs = np.stack([starts, stops - starts if second == "length" else stops - 1], axis=1)
    return " ".join(str(number) for number in pairs.reshape(-1).tolist())


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", order: str = "column"
) -> None:
    """train.csv with ImageId, EncodedPixels, ClassId, height, width; images in images/.  order: column or row."""
    if order not in ("column", "row"):
        raise UsageError(f"order cannot be {order!r}", needed="column or row")
    splits = {}
    with open(new_file(folder, "train.csv"), "w", newline="", encoding="utf-8") as text:
        table = csv.writer(text)
        table.writerow(["ImageId", "EncodedPixels", "ClassId", "height", "width"])
        for sample in unique_keys(samples):
            put_image(sample, folder, f"images/{sample.key}{suffix_of(sample)}", images)
            name = sample.key + suffix_of(sample)
            count = 0
            for mask, class_id in zip(sample.segments.masks, sample.segments.class_ids, strict=True):
                if mask.area():
                    table.writerow([name, encode(mask, order=order), int(class_id), *sample.image.size])
                    count += 1
            if not count:
                table.writerow([name, "", "", *sample.image.size])
            splits[sample.key] = sample.split
    write_about(folder, "rle-csv", classes, splits, order=order)
