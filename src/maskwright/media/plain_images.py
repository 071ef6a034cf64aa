"""Images as Pillow opens them: what they are, and their pixels without a bit less than they have."""

import re
from typing import Any

import numpy as np

from maskwright.core.arrays import Array
from maskwright.errors import FormatError
from maskwright.media import colours, orientation
from maskwright.media.descriptions import GRAY, RGB, RGBA, Description
from maskwright.registry import require

_GRAY_ALPHA = ("gray", "alpha")
#: Pillow's modes: channels, numbers, and the mode that is read instead.
_MODES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "1": (GRAY, "uint8", "L"), "L": (GRAY, "uint8", ""), "LA": (_GRAY_ALPHA, "uint8", ""),
    "La": (_GRAY_ALPHA, "uint8", "LA"), "RGB": (RGB, "uint8", ""), "RGBA": (RGBA, "uint8", ""),
    "RGBa": (RGBA, "uint8", "RGBA"), "RGBX": (RGB, "uint8", "RGB"), "P": (RGB, "uint8", "RGB"),
    "PA": (RGBA, "uint8", "RGBA"), "CMYK": (RGB, "uint8", "RGB"), "YCbCr": (RGB, "uint8", "RGB"),
    "HSV": (RGB, "uint8", "RGB"), "LAB": (RGB, "uint8", "RGB"),
    "I;16": (GRAY, "uint16", ""), "I;16B": (GRAY, "uint16", ""), "I": (GRAY, "int32", ""), "F": (GRAY, "float32", ""),
}  # fmt: skip
#: Of deep images that Pillow would make eight bits of.
_DEEP = {1: GRAY, 2: _GRAY_ALPHA, 3: RGB, 4: RGBA}


def describe(opened: Any, file: Any) -> Description:
    """What an image is, as Pillow has opened it from `file`; nothing is decoded."""
    channels, dtype, _ = _mode(opened)
    deep = _deep_channels(opened, file)
    if deep:
        channels, dtype = _DEEP[deep], "uint16"
    turned = orientation.of(opened)
    size = orientation.shown_size((opened.height, opened.width), turned)
    return Description(size, channels, dtype, turned, getattr(opened, "n_frames", 1), _notes(opened, file, channels))


def decode(opened: Any, file: Any) -> tuple[Array, tuple[str, ...], int]:
    """(H, W, C) as stored, the channels' names, and the orientation."""
    turned = orientation.of(opened)
    if opened.mode == "RGB" and not opened.info.get("transparency") and not _deep_channels(opened, file):
        return np.array(opened), RGB, turned  # converting what is as it should be would copy it once more
    channels, dtype, other = _mode(opened)
    deep = _deep_channels(opened, file)
    if deep:
        return _deep(opened, file, deep), _DEEP[deep], turned
    if opened.mode == "I;16" and channels == _GRAY_ALPHA:
        gray = np.array(opened)
        clear = opened.info["transparency"]
        return np.stack([gray, np.where(gray == clear, 0, 65535).astype(np.uint16)], axis=-1), channels, turned
    if opened.mode == "CMYK":
        opened = colours.from_inks(opened, opened.info.get("icc_profile"))
    elif opened.mode == "LAB":
        opened = colours.from_lab(opened)
    elif other:
        opened = opened.convert(other)
    pixels = np.array(opened).astype(dtype, copy=False)
    return pixels if pixels.ndim == 3 else pixels[..., None], channels, turned


def _mode(opened: Any) -> tuple[tuple[str, ...], str, str]:
    channels, dtype, other = _MODES.get(opened.mode, (RGB, "uint8", "RGB"))
    if "transparency" in opened.info and opened.mode in ("1", "L", "RGB", "P", "I;16"):
        return (_GRAY_ALPHA, dtype, "LA") if channels == GRAY else (RGBA, dtype, "RGBA")
    return channels, dtype, other


def _notes(opened: Any, file: Any, channels: tuple[str, ...]) -> tuple[str, ...]:
    notes = []
    icc = opened.info.get("icc_profile")
    if opened.mode == "CMYK":
        notes.append(colours.inks_note(icc))
    elif opened.mode in ("P", "PA"):
        notes.append(f"a palette becomes {', '.join(channels)}")
    elif opened.mode in ("YCbCr", "HSV", "LAB"):
        notes.append(f"{opened.mode} becomes {', '.join(channels)}")
    elif opened.mode in ("La", "RGBa"):
        notes.append("alpha is divided out of the colours")
    if opened.mode != "P" and channels[-1] == "alpha" and "transparency" in opened.info:
        notes.append("the colour that stands for clear becomes alpha")
    if opened.mode != "CMYK":
        notes += colours.profile_note(icc)
    if opened.format in ("AVIF", "HEIF") and (bits := _bits(file)) > 8:
        notes.append(f"{bits} bits become 8, all that its reader gives")
    if orientation.stated(opened) not in range(9):
        notes.append(orientation.UNKNOWN)
    return tuple(notes)


def _deep_channels(opened: Any, file: Any) -> int:
    """How many channels of sixteen bits the file has where Pillow would read eight; 0 where it reads all there is."""
    if opened.format == "PNG" and opened.mode not in ("1", "L", "P", "I", "I;16"):
        raw = str(opened.tile[0][3]) if opened.tile else ""
        number = {"LA;16B": 2, "RGB;16B": 3, "RGBA;16B": 4}.get(raw, 0)
        return 4 if number == 3 and "transparency" in opened.info else number
    if opened.format == "PPM" and opened.mode in ("RGB", "I"):
        about = _pnm(file)
        return about[3] if about[2] > 255 else 0
    if opened.format == "JPEG2000":
        number, bits = _jpeg_2000(file)
        return number if bits > 8 and number > 1 else 0
    if opened.format == "SGI" and any(";16" in str(tile[3]) for tile in opened.tile):
        raise FormatError("has sixteen bits, of which its reader gives eight", needed="a TIFF or PNG of it")
    return 0


def _deep(opened: Any, file: Any, number: int) -> Array:
    if opened.format == "PPM":
        return _deep_pnm(file)
    cv2 = require("cv2", f"reading {opened.format} of sixteen bits and {number} channels")
    file.seek(0)
    found = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16:
        raise FormatError("cannot be decoded")
    if number == 2:
        return np.ascontiguousarray(found[..., [0, -1]])
    return np.ascontiguousarray(found[..., [2, 1, 0, 3][:number]])


def _head(file: Any, length: int) -> bytes:
    place = file.tell()
    file.seek(0)
    found: bytes = file.read(length)
    file.seek(place)
    return found


def _bits(file: Any) -> int:
    """Of an AVIF or HEIF, from its configuration of AV1 or HEVC."""
    head = _head(file, 16384)
    place = head.find(b"av1C")
    if 0 <= place < len(head) - 6:
        flags = head[place + 6]
        return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    place = head.find(b"pixi")
    return max(head[place + 9 : place + 9 + head[place + 8]], default=8) if 0 <= place < len(head) - 12 else 8


def _jpeg_2000(file: Any) -> tuple[int, int]:
    """(channels, most bits of one) from the SIZ marker."""
    head = _head(file, 65536)
    place = head.find(b"\xff\x4f\xff\x51")
    if place < 0 or len(head) < place + 42:
        return 0, 8
    number = int.from_bytes(head[place + 40 : place + 42], "big")
    depths = head[place + 42 : place + 42 + 3 * number : 3]
    return number, max(((depth & 0x7F) + 1 for depth in depths), default=8)


def _pnm(file: Any) -> tuple[int, int, int, int, int]:
    """(width, height, most, channels, where the pixels begin) of a binary PGM or PPM; most is 255 for others."""
    head = _head(file, 4096)
    found = re.match(rb"P([56])" + rb"(?:\s|#[^\n]*\n)+(\d+)" * 3 + rb"\s", head)
    if found is None:
        return 0, 0, 255, 0, 0
    return int(found[2]), int(found[3]), int(found[4]), 1 if found[1] == b"5" else 3, found.end()


def _deep_pnm(file: Any) -> Array:
    """(H, W, C) as the file has them; Pillow would scale them to the whole range."""
    width, height, _, number, begin = _pnm(file)
    file.seek(begin)
    wanted = width * height * number * 2
    raw = file.read(wanted)
    if len(raw) < wanted:
        raise FormatError("is cut off", needed=f"{wanted:,} bytes of pixels, not {len(raw):,}")
    return np.frombuffer(raw, ">u2").reshape(height, width, number).astype(np.uint16)
