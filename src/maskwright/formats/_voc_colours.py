"""The numbers that colours of VOC's PNGs stand for: by VOC's own palette, or by a table such as CVAT's labelmap.txt."""

from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Classes
from maskwright.errors import FormatError
from maskwright.formats import _class_names
from maskwright.formats._rasters import fitting, packed, read_raster, voc_palette
from maskwright.media import Description

BORDER = 255
#: Names of what is not a class, without underscores and in small letters: the numbers that VOC has for them.
FIXED = {"background": 0, "ignore": BORDER, "ignored": BORDER}
_SEVERAL = -1


def table_of(path: Path, palette: str | None) -> _class_names.Table | None:
    """The names and colours of a set: of the file `palette`, below `path` or anywhere, else of labelmap.txt.

    None where neither has a colour for every name.  Raises FormatError for a palette that is not there or broken.
    """
    file = path / "labelmap.txt"
    if palette is not None:
        file = path / palette if (path / palette).is_file() else Path(palette)
    elif not file.is_file():
        return None
    found = _class_names.read_colours(file)
    if found is not None and found.colours:
        return found
    if palette is None:
        return None
    raise FormatError("names no colours", file=file, needed="a name and a colour a line, as name:r,g,b::")


def numbers_of(table: _class_names.Table | None, classes: Classes) -> dict[int, int]:
    """The number of each packed colour; -1 for one that the table gives to several classes.

    table: None for VOC's palette; else its rows are classes of their names, or by their order from 1 where no class has
    their name.  What it does not name is as in VOC: black the background, and the border's colour void.
    """
    own = {int(code): number for number, code in enumerate(packed(voc_palette()[None])[0])}
    if table is None:
        return own
    by_name = {class_.name: class_.id for class_ in classes}
    named: dict[int, int] = {}
    plain = 0
    for name, (red, green, blue) in table.colours:
        fixed = FIXED.get(name.strip("_").lower())
        plain += fixed is None
        number = by_name.get(name, plain) if fixed is None else fixed
        code = red << 16 | green << 8 | blue
        named[code] = number if named.get(code, number) == number else _SEVERAL
    return {code: number for code, number in own.items() if number in (0, BORDER)} | named


def indices(file: Path, image: Description, numbers: dict[int, int], told: str) -> Array:
    """(H, W) numbers of a PNG of indices, or of colours that stand for them.

    numbers: by packed colour.  told: what has these colours, for the error.  Raises FormatError for another colour.
    """
    pixels = fitting(read_raster(file)[0], image, file)
    if pixels.ndim == 2:
        return pixels
    found, inverse = np.unique(packed(pixels), return_inverse=True)
    unknown = [int(code) for code in found if int(code) not in numbers]
    if unknown:
        raise FormatError(
            f"has the colour #{unknown[0]:06x}, which is not in {told}", file=file,
            todo="Name the colours with -o palette=FILE, a name and a colour a line: name:r,g,b::",
        )  # fmt: skip
    several = [int(code) for code in found if numbers[int(code)] == _SEVERAL]
    if several:
        raise FormatError(
            f"has the colour #{several[0]:06x}, which {told} gives to several classes", file=file,
            needed="a colour a class",
        )  # fmt: skip
    out: Array = np.array([numbers[int(code)] for code in found], np.int64)[inverse.reshape(image.size)]
    return out


def object_indices(file: Path, image: Description, numbers: dict[int, int]) -> tuple[Array, bool]:
    """(H, W) numbers of objects, 0 where there is none; and whether they are new.

    They are where colours are not those of `numbers`, VOC's: from 1 on by colour, black being none.
    """
    pixels = fitting(read_raster(file)[0], image, file)
    if pixels.ndim == 2:
        return pixels, False
    codes = packed(pixels)
    found = np.unique(codes)
    if all(int(code) in numbers for code in found):
        return indices(file, image, numbers, "VOC's palette"), False
    out: Array = np.where(codes == 0, 0, np.searchsorted(found, codes) + (found[0] != 0))
    return out, True
