"""Pages of a TIFF file: depth and focus of a stack, times, or one image after another; channels belong to a page.

OME-TIFF and ImageJ say which of their planes are channels; in other files each directory is a page.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.errors import FormatError
from maskwright.media import colours, orientation, plain_images, tiff_segments
from maskwright.media.descriptions import RGB, Description, channel_names
from maskwright.registry import require

SUFFIXES = (".tif", ".tiff", ".btf")
_BEGINNINGS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WHITE_IS_ZERO, _RGB, _PALETTE, _INKS, _YCBCR, _LAB = 0, 2, 3, 5, 6, 8
#: Numbers of tags, and what extra samples are that are alpha, multiplied into the colours or not.
_ORIENTATION, _INK_SET, _BANDS, _NODATA, _PROFILE = 274, 332, 42112, 42113, 34675
_MULTIPLIED, _STRAIGHT = 1, 2


def begins(head: bytes) -> bool:
    """Whether a file with these first bytes is a TIFF."""
    return head[:4] in _BEGINNINGS


def shape(path: str) -> tuple[int, Size]:
    """(number of pages, (height, width) of the first), as stored."""
    with _opened(path) as tif:
        stack = _stack(tif)
        key = stack.planes(0)[0].keyframe
        return stack.pages, (key.imagelength, key.imagewidth)


def describe(path: str, page: int) -> Description:
    """What a page is, from the tags; one beyond the last as the last."""
    with _opened(path) as tif:
        stack = _stack(tif)
        planes = stack.planes(min(page, stack.pages - 1))
        found = _look(tif, planes).described(stack.pages)
        nodata = _nodata(planes[0].keyframe)
        if nodata is None:
            return found
        return replace(found, nodata=nodata, notes=(*found.notes, f"{nodata:g} stands for no data"))


def _nodata(key: Any) -> float | None:
    """The number that GDAL's tag says stands for nothing, where it is a number."""
    try:
        value = float(key.tags.valueof(_NODATA))
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def read(path: str, page: int, region: orientation.Region | None = None) -> Array:
    """(H, W), or (H, W, C) where there are channels, as stored: not turned. region: of that raster."""
    with _opened(path) as tif:
        stack = _stack(tif)
        planes = stack.planes(page)
        look = _look(tif, planes)
        if look.by_pillow:
            whole = _by_pillow(path, planes[0].index)
            found = whole if region is None else whole[region[1] : region[3], region[0] : region[2]]
        else:
            parts = [tiff_segments.pixels(plane, region) for plane in planes]
            found = look.convert(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1))
        return found[..., 0] if found.shape[-1] == 1 else found


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """The file as tifffile opens it; what that logs meanwhile is not shown.

    Raises FormatError for a file that is said to have further pages where it has ended.
    """
    import tifffile

    said: list[str] = []
    thread = threading.get_ident()

    def quiet(record: logging.LogRecord) -> bool:
        if record.thread == thread:
            said.append(record.getMessage())
        return record.thread != thread

    logger = logging.getLogger("tifffile")
    logger.addFilter(quiet)
    try:
        with tifffile.TiffFile(path) as tif:
            yield tif
    finally:
        logger.removeFilter(quiet)
    if any("invalid page offset" in text for text in said):
        raise FormatError("is cut off: further pages are said to be beyond its end")


@dataclass(frozen=True)
class _Stack:
    """Which planes of a file make which page. planes: of a page, one for each group of its channels."""

    pages: int
    planes: Callable[[int], list[Any]]
    channels: int = 1


def _stack(tif: Any) -> _Stack:
    if tif.is_ome or tif.is_imagej or tif.is_shaped or tif.is_lsm or tif.is_stk or tif.is_fluoview:
        found = [_of_series(series) for series in tif.series]
        if all(found) and len({stack.channels for stack in found if stack}) == 1:
            return _joined([stack for stack in found if stack])
    said = int((tif.imagej_metadata or {}).get("images", 1)) if tif.is_imagej else 1
    if said > len(tif.pages):
        raise FormatError(f"is cut off: says that it has {said} images")
    return _Stack(len(tif.pages), lambda page: [tif.pages[page]])


def _joined(stacks: list[_Stack]) -> _Stack:
    """Stacks one after the other: positions of a microscope's table, say."""

    def planes(page: int) -> list[Any]:
        for stack in stacks:
            if page < stack.pages:
                return stack.planes(page)
            page -= stack.pages
        raise FormatError(f"has no page {page}")

    return stacks[0] if len(stacks) == 1 else _Stack(sum(stack.pages for stack in stacks), planes, stacks[0].channels)


def _of_series(series: Any) -> _Stack | None:
    """None for planes that are laid out in a way of their own."""
    own = series.keyframe.axes
    planes = len(series)
    if not series.axes.endswith(own) or not {"Y", "X"} <= set(own):
        return None
    axes, extent = series.axes[: -len(own)], series.shape[: len(series.axes) - len(own)]
    number = int(np.prod(extent))
    unlisted = number != planes
    if unlisted and (series.dataoffset is None or series.keyframe.bitspersample % 8):
        return None
    places = np.arange(number).reshape(extent)
    if "C" in axes:
        places = np.moveaxis(places, axes.index("C"), -1)
        places = places.reshape(-1, places.shape[-1])
    else:
        places = places.reshape(-1, 1)

    def plane(place: int) -> Any:
        return tiff_segments.Unlisted(series.keyframe, place) if unlisted else _plane(series, place)

    return _Stack(len(places), lambda page: [plane(place) for place in places[page]], places.shape[1])


def _plane(series: Any, place: int) -> Any:
    found = series[int(place)]
    if found is None:
        raise FormatError(f"lacks its plane {place}")
    return found


@dataclass(frozen=True)
class _Look:
    """What is made of a page's samples. convert: (H, W, C) as stored -> (H, W, C) as it is read."""

    size: Size
    channels: tuple[str, ...]
    dtype: str
    turned: int
    notes: tuple[str, ...] = ()
    convert: Callable[[Array], Array] = lambda samples: samples
    inverted: bool = False
    by_pillow: bool = False

    def described(self, pages: int) -> Description:
        size = orientation.shown_size(self.size, self.turned)
        return Description(size, self.channels, self.dtype, self.turned, pages, self.notes, self.inverted)


def _look(tif: Any, planes: list[Any]) -> _Look:
    key = planes[0].keyframe
    size = (key.imagelength, key.imagewidth)
    turned = key.tags.valueof(_ORIENTATION, 1)
    turned = int(turned) if turned in range(1, 9) else 1
    icc = key.tags.valueof(_PROFILE)
    if key.bitspersample < 8 or not tiff_segments.decodable(planes[0]) or _chroma_is_thinned(key):
        return _look_of_pillow(tif, planes[0], size, turned)
    if key.dtype is None or key.dtype.kind not in "iufb":
        raise FormatError(f"holds {key.dtype or f'{key.bitspersample} bits a sample'}", needed="whole or real numbers")
    dtype, number = key.dtype.newbyteorder("="), key.samplesperpixel * len(planes)
    if len(planes) > 1:
        return _Look(size, channel_names(number, _named(tif, number) or _numbers(number)), dtype.name, turned)
    kind, eight = key.photometric, dtype == np.uint8
    if kind == _PALETTE and key.colormap is not None and number == 1:
        colour_map = np.ascontiguousarray((np.asarray(key.colormap) >> 8).T.astype(np.uint8))
        return _Look(
            size,
            RGB,
            "uint8",
            turned,
            ("a palette becomes red, green, blue",),
            lambda samples: colour_map[samples[..., 0]],
        )
    if kind == _INKS and number == 4 and key.tags.valueof(_INK_SET, 1) == 1 and dtype.kind == "u":
        convert = (lambda samples: _through_pillow(samples, "CMYK", icc)) if eight else colours.deep_inks
        return _Look(size, RGB, dtype.name, turned, (colours.inks_note(icc if eight else None),), convert)
    if kind == _LAB and number == 3 and eight:
        note = "LAB becomes red, green, blue"
        return _Look(size, RGB, "uint8", turned, (note,), lambda samples: _through_pillow(samples, "LAB", None))
    return _of_samples(tif, key, size, turned, number, icc)


def _of_samples(tif: Any, key: Any, size: Size, turned: int, number: int, icc: bytes | None) -> _Look:
    """Gray, colours or bands as they are, with what the further samples are said to be."""
    dtype = key.dtype.newbyteorder("=")
    plain = 3 if key.photometric in (_RGB, _YCBCR) else 1
    extra = [int(sample) for sample in key.extrasamples]
    names = RGB[:number] if plain == 3 else ("gray",) if number - len(extra) == 1 and extra else ()
    alpha = number - len(names) == len(extra) == 1 and extra[0] in (_MULTIPLIED, _STRAIGHT) and bool(names)
    notes = [] if key.photometric != _RGB else list(colours.profile_note(icc))
    named = _named(tif, number)
    if named:
        names = named
    elif alpha:
        names = (*names, "alpha")
    elif plain == 3:
        names = (*names, *map(str, range(3, number)))
    else:
        names = ("gray",) if number == 1 else _numbers(number)
    look = _Look(size, channel_names(number, names), dtype.name, turned, inverted=key.photometric == _WHITE_IS_ZERO)
    if look.inverted:
        notes.append("low values are shown bright, as the file says; pixels keep its numbers")
    convert = look.convert
    if alpha and extra[0] == _MULTIPLIED and dtype.kind == "u" and names[-1] == "alpha":
        notes.append("alpha is divided out of the colours")
        convert = colours.straight
    return _Look(size, look.channels, dtype.name, turned, tuple(notes), convert, look.inverted)


def _numbers(number: int) -> tuple[str, ...]:
    return tuple(map(str, range(number)))


def _named(tif: Any, number: int) -> tuple[str, ...]:
    """Names of the channels, from OME's or GDAL's words; () where they say none for all."""
    if tif.is_ome:
        found = _ome_names(tif.ome_metadata)
    else:
        text = str(tif.pages[0].tags.valueof(_BANDS, ""))
        bands = re.findall(r'<Item name="DESCRIPTION" sample="(\d+)" role="description">([^<]*)</Item>', text)
        found = tuple(name for _, name in sorted(bands, key=lambda band: int(band[0])))
    return found if len(found) == number and all(found) and len(set(found)) == number else ()


def _ome_names(text: str) -> tuple[str, ...]:
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(text)
    except ParseError:
        return ()
    image = next((part for part in root.iter() if part.tag.endswith("}Pixels") or part.tag == "Pixels"), None)
    channels = [part for part in image if part.tag.rpartition("}")[2] == "Channel"] if image is not None else []
    return tuple(str(channel.get("Name") or "") for channel in channels)


def _chroma_is_thinned(key: Any) -> bool:
    """Whether colours are luma and chroma that no decoder of a compression turns into red, green and blue."""
    return key.photometric == _YCBCR and key.compression in (1, 5, 8, 32773, 32946)


def _through_pillow(samples: Array, mode: str, icc: bytes | None) -> Array:
    from PIL import Image

    height, width = samples.shape[:2]
    opened = Image.frombytes(mode, (width, height), np.ascontiguousarray(samples).tobytes())
    return np.array(colours.from_inks(opened, icc) if mode == "CMYK" else colours.from_lab(opened))


def _look_of_pillow(tif: Any, page: Any, size: Size, turned: int) -> _Look:
    from PIL import Image, UnidentifiedImageError

    path = tif.filehandle.path
    try:
        with Image.open(path) as opened:
            opened.seek(page.index)
            found = plain_images.describe(opened, None)
            crushed = page.keyframe.bitspersample > 8 and found.dtype == "uint8"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        crushed, found = True, None
    if crushed or found is None:
        what = f"{page.keyframe.bitspersample} bits a sample in compression {int(page.keyframe.compression)}"
        require("imagecodecs", f"reading a TIFF of {what}")
        raise FormatError(f"has {what}", needed="a kind that tifffile or Pillow decodes")
    return _Look(size, found.channels, found.dtype, turned, found.notes, by_pillow=True)


def _by_pillow(path: str, number: int) -> Array:
    """(H, W, C) as stored; Pillow turns TIFFs, which is undone."""
    from PIL import Image

    with Image.open(path) as file:
        opened: Any = file
        opened.seek(number)
        turned = opened.tag_v2.get(_ORIENTATION, 1)
        pixels, _, _ = plain_images.decode(opened, None)
    return orientation.apply(pixels, orientation.back(turned))
