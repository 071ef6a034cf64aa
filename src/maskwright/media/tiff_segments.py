"""Pixels of one page of a TIFF, all or a region of them: only the strips or tiles that the region touches are read.

Compressions that tifffile leaves to imagecodecs are decoded by Pillow, where it can.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.errors import FormatError
from maskwright.media.orientation import Region

#: A page that becomes more than this, and so many times the file, is not read: no compression of images does that.
MOST_BYTES, _MOST_TIMES = 2**30, 2000

_LZW, _JPEG, _ZSTD, _WEBP = 5, 7, 50000, 50001
_JPEG_2000 = (33003, 33004, 33005, 34712)


class Unlisted:
    """A plane that has no directory of its own in the file: its numbers follow those of the first one."""

    is_memmappable = True

    def __init__(self, first: Any, number: int) -> None:
        self.keyframe, self.parent, self.index = first.keyframe, first.parent, first.index
        length = int(np.prod(first.keyframe.shaped)) * first.keyframe.dtype.itemsize
        self.dataoffsets, self.databytecounts = [first.dataoffsets[0] + number * length], [length]


def known(page: Any) -> bool:
    """Whether tifffile itself decodes the page."""
    import tifffile

    try:
        if page.keyframe.compression != 1:
            tifffile.TIFF.DECOMPRESSORS[page.keyframe.compression]
        if page.keyframe.predictor != 1:
            tifffile.TIFF.UNPREDICTORS[page.keyframe.predictor]
    except KeyError:
        return False
    return page.keyframe.compression not in (_JPEG, *_JPEG_2000, _WEBP) or _has_imagecodecs()


def decodable(page: Any) -> bool:
    """Whether the page's strips or tiles are decoded here, by tifffile or by Pillow."""
    key = page.keyframe
    if known(page):
        return True
    if key.compression in (_LZW, _ZSTD):
        return key.bitspersample % 8 == 0 and key.predictor in (1, 2, 3)
    deep = key.bitspersample != 8 or key.samplesperpixel not in (1, 3)
    return not deep and key.compression in (_JPEG, *_JPEG_2000, _WEBP) and key.photometric in (0, 1, 2, 6)


def _has_imagecodecs() -> bool:
    from importlib.util import find_spec

    return find_spec("imagecodecs") is not None


def pixels(page: Any, region: Region | None) -> Array:
    """(H, W, C) as stored, samples of separate planes as channels.

    Raises FormatError for a page that is cut off.
    """
    key = page.keyframe
    separate, depth, height, width, samples = key.shaped
    if depth != 1:
        raise FormatError("has a page of several layers", needed="one image a page")
    complete(page)
    left, top, right, bottom = region or (0, 0, width, height)
    asked = separate * (right - left) * (bottom - top) * samples * key.dtype.itemsize
    if asked > MOST_BYTES and asked > _MOST_TIMES * page.parent.filehandle.size:
        raise FormatError(
            f"asks for {asked:,} bytes of memory, {_MOST_TIMES:,} times what it has itself",
            needed="a file that is not a bomb",
        )
    if page.is_memmappable and (region is not None or isinstance(page, Unlisted)):
        place = page.dataoffsets[0]
        whole = np.memmap(
            page.parent.filehandle.path,
            page.parent.byteorder + key.dtype.char,
            "r",
            place,
            (separate, height, width, samples),
        )
        found = np.array(whole[:, top:bottom, left:right])
    elif known(page) and region is None:
        found = page.asarray().reshape(separate, height, width, samples)
    else:
        found = _assembled(page, region or (0, 0, width, height))
    found = found.astype(found.dtype.newbyteorder("="), copy=False)
    return found[0] if separate == 1 else np.moveaxis(found[..., 0], 0, -1)


def complete(page: Any) -> None:
    """Raises FormatError where the file ends before its strips or tiles do."""
    ends = [offset + length for offset, length in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or max(ends) > page.parent.filehandle.size:
        raise FormatError("is cut off")


def _assembled(page: Any, region: Region) -> Array:
    key = page.keyframe
    separate, _, height, width, samples = key.shaped
    left, top, right, bottom = region
    out = np.full((separate, bottom - top, right - left, samples), key.nodata, key.dtype)
    fallback = not known(page)
    compression, photometric = key.compression, key.photometric
    if fallback:  # what Pillow has decoded is laid out by tifffile as if it had never been compressed
        key.compression = 1
        if compression == _JPEG:
            key.photometric, key.subsampling = 2, (1, 1)
    file = page.parent.filehandle
    for index in _touched(key, region):
        file.seek(page.dataoffsets[index])
        data = file.read(page.databytecounts[index])
        if not data:
            continue
        _, _, shape = key.decode(None, index)
        if fallback:
            length = int(np.prod(shape)) * key.dtype.itemsize
            data = _decoded(data, compression, photometric, length, key)
        segment, (sample, _, row, column, _), _ = key.decode(data, index, **_tables(key, compression))
        part = segment[0, : height - row, : width - column]
        above, before = max(top, row), max(left, column)
        below, behind = min(bottom, row + part.shape[0]), min(right, column + part.shape[1])
        out[sample, above - top : below - top, before - left : behind - left] = part[
            above - row : below - row, before - column : behind - column
        ]
    return out


def _tables(key: Any, compression: int) -> dict[str, Any]:
    return {"jpegtables": key.jpegtables} if compression == key.compression == _JPEG else {}


def _touched(key: Any, region: Region) -> Iterator[int]:
    """Numbers of the strips or tiles that a region touches."""
    separate, _, height, width, _ = key.shaped
    left, top, right, bottom = region
    rows = key.tilelength if key.is_tiled else min(key.rowsperstrip, height)
    columns = key.tilewidth if key.is_tiled else width
    down, across = -(-height // rows), -(-width // columns)
    for sample in range(separate):
        for row in range(top // rows, -(-bottom // rows)):
            for column in range(left // columns, -(-right // columns)):
                yield (sample * down + row) * across + column


def _decoded(data: bytes, compression: int, photometric: int, length: int, key: Any) -> bytes:
    """The bytes of one strip or tile, by Pillow."""
    from PIL import Image

    if compression in (_LZW, _ZSTD):
        data = _as_tiff(data, compression, length)
    elif compression == _JPEG:
        tables = key.jpegtables
        if tables:
            data = tables[:-2] + data[2:]
        if photometric == 2:  # says that colours are red, green and blue, which JPEG otherwise does not suppose
            data = data[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00" + data[2:]
    with Image.open(BytesIO(data)) as opened:
        return opened.tobytes()


def _as_tiff(data: bytes, compression: int, length: int) -> bytes:
    """A TIFF of one row of bytes, whose only strip is this one."""
    tags = [(256, 4, length), (257, 4, 1), (258, 3, 8), (259, 3, compression), (262, 3, 1), (273, 4, 122),
            (277, 3, 1), (278, 4, 1), (279, 4, len(data))]  # fmt: skip
    rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + rows + struct.pack("<I", 0) + data
