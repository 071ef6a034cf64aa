"""Run lengths in a CSV, as Kaggle's competitions have them: a row an object, "start length start length …".

Usual is 1-based and column-major (DSB 2018, Airbus); Sartorius and UW-Madison are row-major.  What a table does not say
is decided by its numbers, and said, or asked for.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from maskwright.core.arrays import I64, Size, checked_size
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.typed import Example
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _aside
from maskwright.formats._aside import Aside
from maskwright.formats._contract import (
    Loss,
    Reading,
    Sure,
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
from maskwright.formats._json import load
from maskwright.formats._pairs import alone
from maskwright.formats._run_coding import Base, Coding, Order, Second, Starts, decide
from maskwright.formats._runs import from_row_major, to_row_major
from maskwright.media import describe, image_size

LOSES = frozenset({"empty", "crowd", "score", "attributes", "area", "ids", "source", "weight", "fields"})

_IMAGE_COLUMNS = ("ImageId", "image_id", "id", "Image", "image", "img", "filename", "rle_id", "Image_Label",
                  "ImageId_ClassId")  # fmt: skip
_RLE_COLUMNS = ("EncodedPixels", "encoded_pixels", "annotation", "rle", "segmentation", "rle_mask", "mask", "encoding")
_CLASS_COLUMNS = ("ClassId", "class", "label", "Class", "cell_type", "category", "class_name")
#: Of Severstal's table, which has no row for an image without a defect.
_STEEL = {"ImageId", "ClassId", "EncodedPixels"}
_SIZE_COLUMNS = (("height", "width"), ("Height", "Width"), ("img_height", "img_width"), ("image_height", "image_width"))

#: What may stand between cells, and what notes call it; the first of several that a header allows.
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
#: How many rows, from all of the table, decide its coding.
_DECIDING = 400


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a CSV with a column of images and one of run lengths."""
    file = _file(path)
    if file is None:
        return 0.0
    try:
        with open(file, newline="", encoding="utf-8-sig") as text:
            line = text.readline()
        header = [name.strip() for name in next(csv.reader([line], delimiter=_separator(line)), [])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return 0.0
    columns = [_first(header, _IMAGE_COLUMNS), _first(header, _RLE_COLUMNS)]
    return Sure(0.8, f"{file.name} has the columns {columns[0]} and {columns[1]}") if all(columns) else 0.0


def _file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".csv" else None
    found = sorted(path.glob("*.csv"))
    return next((item for item in found if "train" in item.name), found[0] if found else None)


def _separator(header: str) -> str:
    """What stands between the cells of a table, by its first line: a comma, a semicolon or a tab."""
    return max(_SEPARATORS, key=lambda separator: len(next(csv.reader([header], delimiter=separator), [])))


def _first(header: Iterable[str], names: tuple[str, ...]) -> str | None:
    known = list(header)
    return next((name for name in names if name in known), None)


def read(
    path: Path,
    *,
    images: str | None = None,
    order: Order | None = None,
    base: Base | None = None,
    second: Second | None = None,
    starts: Starts | None = None,
    size: Annotated[tuple[int, int], Example("520,704")] | None = None,
    image_column: str | None = None,
    rle_column: str | None = None,
    class_column: str | None = None,
    class_name: str = "object",
) -> Reading:
    """images: the folder of the images; searched for beside the CSV when not given.

    order: column or row, along which pixels are numbered.  base: the first pixel's number, 1 or 0.  second: what the
    second number of a pair is: length, end (the last pixel) or stop (the pixel behind it).  starts: absolute, or
    relative, the pixels between the end of the run before and the start, as SIIM-ACR has them.  What is not given is
    decided by the numbers, and said.  size: "height,width" where there are neither images nor columns named height and
    width.  image_column, rle_column, class_column: columns of other names.

    class_name: of all rows where no column says it.
    """
    file = _file(path)
    if file is None:
        raise FormatError("no CSV here", file=path)
    about = read_about(file.parent)
    if about is not None:
        order = order or ("row" if about.more.get("order") == "row" else "column")
        base, second, starts = 1 if base is None else base, second or "length", starts or "absolute"
    try:
        fixed = None if size is None else checked_size(size)
    except ValueError as error:
        raise UsageError(str(error), needed="size=height,width") from None
    rows: dict[str, list[tuple[int, str, str]]] = {}
    stated: dict[str, Size] = {}
    names: tuple[str, str] = ("", "")
    header: list[str] = []
    notes: list[str] = []
    aside = _aside.current()
    for number, row in _rows(file, notes, aside):
        header = header or list(row)
        columns = [
            given or _first(row, known)
            for given, known in (
                (image_column, _IMAGE_COLUMNS),
                (rle_column, _RLE_COLUMNS),
                (class_column, _CLASS_COLUMNS),
            )
        ]
        if columns[0] not in row or columns[1] not in row or (class_column and class_column not in row):
            raise FormatError(f"has the columns {', '.join(row)}", file=file,
                              needed="an image and a run-length column: -o image_column=… -o rle_column=…")  # fmt: skip
        names = (str(columns[0]), str(columns[1]))
        name, kind = str(row[columns[0]] or ""), str(row[columns[2]] or "") if columns[2] else ""
        joined = re.fullmatch(r"(.+\.(?:jpe?g|png|tiff?|bmp))_(\w+)", name, re.IGNORECASE)
        if joined and columns[2] is None:  # "x.jpg_3", as the steel and cloud competitions have it
            name, kind = joined[1], joined[2]
        with aside.record(file, f"line {number}"):
            for high, wide in _SIZE_COLUMNS:
                if row.get(high) and row.get(wide):
                    stated.setdefault(name, _size_of(f"{row[high]},{row[wide]}", file, number))
            rows.setdefault(name, []).append((number, str(row[columns[1]] or "").strip(), kind))
    folder, by_name = _by_name(file, images, rows)
    if set(header) == _STEEL and not rows.keys().isdisjoint(by_name):
        there = {by_name[name] for name in rows if name in by_name}
        bare = sorted({image.name for image in by_name.values() if image not in there})
        rows |= {name: [(1, "", "")] for name in bare}
        if bare:
            notes.append(f"{len(bare)} images have no row, as Severstal's without a defect, and are without objects")
    sizes = _Sizes(file, fixed, stated, by_name)
    if by_name:
        rows = _with_images(rows, sizes, folder, by_name, notes, file)
    coding, decided = _decided(rows, sizes, order, base, second, starts, names, file)
    notes += decided
    if not by_name:
        notes.append("no images found beside the CSV; name their folder with -o images=FOLDER")
    kinds = {kind for found in rows.values() for *_, kind in found}
    classes = about.classes if about else _classes(kinds, class_name, _described(file, notes))
    ids = {class_.name: class_.id for class_ in classes} | {str(class_.id): class_.id for class_ in classes}
    only = next((class_.id for class_ in classes if class_.role == "class"), 1)

    def sample_of(item: tuple[str, list[tuple[int, str, str]]]) -> Sample:
        name, found = item
        image = sizes.image(name)
        own = sizes.of(name, found[0][0])
        masks, class_ids = [], []
        for number, text, kind in found:
            if text in _EMPTY:
                continue
            try:
                if kind and kind not in ids:
                    raise FormatError(f"has the unknown class {kind!r}")
                masks.append(_mask(numbers_of(text), own, coding))
                class_ids.append(ids.get(kind, only))
            except FormatError as error:
                aside.put(error.at(file=file, record=f"line {number}"))
            except ValueError as error:
                aside.put(FormatError(str(error), file=file, record=f"line {number}"))
        key = key_of(image, folder) if image else str(Path(name).with_suffix(""))
        uri = str(image) if image else name
        split = about.splits.get(key) if about else None
        return Sample(key, ImageRef(uri, own), Segments(Masks.stack(masks, own), class_ids), split=split)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(rows.items(), sample_of, lambda item: (file, f"line {item[1][0][0]}"))
        notes.extend(sizes.notes())

    return Reading(classes, samples(), len(rows), notes)


_EMPTY = ("", "-1", "nan", "NaN")


class _Sizes:
    """Sizes of the images that the rows are of: of the option, else of the columns, else of the images."""

    def __init__(self, file: Path, fixed: Size | None, stated: dict[str, Size], by_name: dict[str, Path]) -> None:
        self._file, self._fixed, self._stated, self._by_name = file, fixed, stated, by_name
        self._exchanged: set[str] = set()
        self._known: dict[str, Size] = {}

    def image(self, name: str) -> Path | None:
        return self._by_name.get(name) or self._by_name.get(str(Path(name).with_suffix("")))

    def are_stated(self, name: str) -> bool:
        """Whether an option or the table says an image's size."""
        return self._fixed is not None or name in self._stated

    def of(self, name: str, line: int) -> Size:
        """(height, width) of an image. line: where the table names it.

        Height and width that are exchanged, as the image shows, are put right.  Raises FormatError where nothing
        states a size, and for an option that the image contradicts.
        """
        if name not in self._known:
            self._known[name] = self._found(name, line)
        return self._known[name]

    def _found(self, name: str, line: int) -> Size:
        image = self.image(name)
        own = self._fixed or self._stated.get(name)
        if own is None and image is None:
            raise FormatError(f"the size of {name!r} is not known", file=self._file, record=f"line {line}",
                              todo="Give the images with -o images=FOLDER, or -o size=height,width.")  # fmt: skip
        if own is None:
            return image_size(image)  # type: ignore[arg-type]
        if image is None or own[0] == own[1]:
            return own
        about = describe(image)
        if own in (about.size, about.stored_size) or own[::-1] not in (about.size, about.stored_size):
            return own
        if self._fixed:
            raise FormatError(
                f"{name!r} is {own[1]} x {own[0]} (height x width), not {own[0]} x {own[1]}", file=self._file,
                record=f"line {line}", todo=f"Say -o size={own[1]},{own[0]}.",
            )  # fmt: skip
        self._exchanged.add(name)
        return own[::-1]

    def notes(self) -> list[str]:
        number = len(self._exchanged)
        plural = "s" * (number != 1)
        return [f"height and width of {number} image{plural} are exchanged in the table, and were put right"] * (
            number > 0
        )


def _with_images(
    rows: dict[str, list[tuple[int, str, str]]], sizes: _Sizes, folder: Path, by_name: dict[str, Path],
    notes: list[str], file: Path,
) -> dict[str, list[tuple[int, str, str]]]:  # fmt: skip
    """The rows whose images are there; what has no partner is told in the notes.

    All rows where no image of the table is there and their sizes are known.  Raises FormatError where they are not.
    """
    used = {name: image for name in rows if (image := sizes.image(name)) is not None}
    lost = [name for name in rows if name not in used]
    if rows and not used:
        if not all(sizes.are_stated(name) for name in rows):
            raise FormatError(
                f"none of the {len(rows)} images that it names is in {shown(folder.name)}, such as {shown(lost[0])}",
                file=file, record=f"line {rows[lost[0]][0][0]}",
                todo="Name their folder with -o images=FOLDER, or give -o size=height,width.",
            )  # fmt: skip
        notes.append(f"none of the images is in {shown(folder.name)}; name their folder with -o images=FOLDER")
        return rows
    if lost:
        where = f"not in {shown(folder.name)}"
        first = f"{shown(lost[0])} (line {rows[lost[0]][0][0]})"
        notes.append(
            f"1 image of the table is {where} and was left out: {first}"
            if len(lost) == 1
            else f"{len(lost)} images of the table are {where} and were left out, such as {first}"
        )
    unnamed = [key_of(image, folder) for image in sorted(set(by_name.values()) - set(used.values()))]
    notes += alone(unnamed, [], label="row in the table")
    return {name: found for name, found in rows.items() if name in used}


def _decided(
    rows: dict[str, list[tuple[int, str, str]]], sizes: _Sizes, order: Order | None, base: Base | None,
    second: Second | None, starts: Starts | None, columns: tuple[str, str], file: Path,
) -> tuple[Coding, list[str]]:  # fmt: skip
    """By rows from all of the table; broken ones are left to be named when they are read."""
    if order and base is not None and second and (starts or second != "length"):
        return Coding(order, base, second, starts or "absolute"), []
    drawn = [(name, number, text) for name, found in rows.items() for number, text, _ in found if text not in _EMPTY]
    deciding = []
    for name, number, text in drawn[:: max(1, len(drawn) // _DECIDING)]:
        try:
            deciding.append((numbers_of(text), sizes.of(name, number)))
        except (ValueError, FormatError):
            continue
    try:
        return decide(deciding, order=order, base=base, second=second, starts=starts, columns=columns)
    except FormatError as error:
        raise error.at(file=file) from None


def _rows(file: Path, notes: list[str], aside: Aside) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers and rows, by column; another separator than a comma is told in the notes.

    Rows of another length are put aside.
    """
    csv.field_size_limit(1 << 30)
    try:
        with open(file, newline="", encoding="utf-8-sig") as text:
            separator = _separator(text.readline())
            text.seek(0)
            if separator != ",":
                notes.append(f"{_SEPARATORS[separator]} stand between the cells of the table")
            reader = csv.DictReader(text, strict=True, delimiter=separator)
            reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
            for row in reader:
                if None in row or None in row.values():
                    aside.put(
                        FormatError(
                            "has another number of cells than the header", file=file, record=f"line {reader.line_num}"
                        )
                    )  # fmt: skip
                    continue
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


def _by_name(file: Path, images: str | None, names: Iterable[str]) -> tuple[Path, dict[str, Path]]:
    """The images' folder, and images by name with and without suffix, and by their place in it.

    names: those that the table has; of the folders beside it the first that holds one of them is the images'.
    """
    homes = (
        [Path(images)] if images else [file.parent / name for name in ("images", file.stem, "train", "train_images")]
    )
    wanted = set(names)
    found = [(home, _names(home)) for home in homes if home.is_dir()] or [(file.parent, _names(file.parent))]
    return next(((home, named) for home, named in found if not wanted.isdisjoint(named)), found[0])


def _names(home: Path) -> dict[str, Path]:
    """Images below a folder by their names; those of UW-Madison by their scan's folder, too: case1_day2_slice_0003."""
    out: dict[str, Path] = {}
    for image_file in image_files(home):
        inner = image_file.relative_to(home)
        for name in (image_file.name, image_file.stem, inner.as_posix(), inner.with_suffix("").as_posix()):
            out.setdefault(name, image_file)
        slice_ = re.match(r"slice_\d+", image_file.name)
        if slice_ and image_file.parent.name == "scans":
            out.setdefault(f"{image_file.parent.parent.name}_{slice_[0]}", image_file)
    return out


def _described(file: Path, notes: list[str]) -> dict[int, str]:
    """Names of classes by their numbers, as iMaterialist's label_descriptions.json has them; empty without it."""
    beside = file.with_name("label_descriptions.json")
    if not beside.is_file():
        return {}
    try:
        names = {int(row["id"]): str(row["name"]) for row in load(beside)["categories"]}
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"its categories cannot be read ({error!r})", file=beside) from None
    notes.append(f"names of classes are from {beside.name}")
    return names


def _classes(names: set[str], class_name: str, described: dict[int, str]) -> Classes:
    """Of the names in the table; numbers are called as `described` says."""
    found = sorted(names - {""}, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))
    if not found:
        return Classes([Class(1, class_name)])
    numbered = all(name.isdigit() for name in found)
    if numbered and {int(name) for name in found} <= described.keys():
        return Classes(Class(int(name), described[int(name)]) for name in found)
    return Classes(Class(int(name) if numbered else k, name) for k, name in enumerate(found, 1))


def decode(text: str, size: Size, *, order: Order = "column", base: Base = 1, second: Second = "length") -> Mask:
    """One mask from "start length start length …". Raises ValueError, saying which pair is wrong.

    text: the pairs.  order, base, second: as in `conversions.mask_to_pairs`.
    """
    return _mask(numbers_of(text), size, Coding(order, base, second))


def numbers_of(text: str) -> I64:
    """(2 K,) the numbers of a text of pairs. Raises ValueError for other words, and where one has no partner."""
    words = re.split(r"[\s,]+", text.strip()) if text.strip() else []
    try:
        numbers = np.array([int(word) for word in words], np.int64)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is not made of whole numbers") from None
    if numbers.size % 2:
        raise ValueError(f"there are {numbers.size} numbers; run lengths come in pairs")
    return numbers


def _mask(numbers: I64, size: Size, coding: Coding) -> Mask:
    if not numbers.size:
        return Mask.empty(size)
    starts, ends = coding.spans(numbers)
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
    return Mask.from_counts(counts, size) if coding.order == "column" else from_row_major(counts, size)


def encode(mask: Mask, *, order: Order = "column", base: Base = 1, second: Second = "length") -> str:
    """One mask as "start length start length …"; an empty mask is an empty text. order, base, second: as in
    `conversions.mask_to_pairs`.
    """
    counts = (mask.counts if order == "column" else to_row_major(mask)).astype(np.int64)
    ends = np.cumsum(counts)
    starts, stops = ends[0:-1:2] + base, ends[1::2] + base
    seconds = {"length": stops - starts, "end": stops - 1, "stop": stops}
    pairs = np.stack([starts, seconds[second]], axis=1)
    return " ".join(str(number) for number in pairs.reshape(-1).tolist())


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES)


def write(
    samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy", order: Order = "column"
) -> None:
    """train.csv with ImageId, EncodedPixels, ClassId, height, width; images in images/.  order: column or row."""
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
