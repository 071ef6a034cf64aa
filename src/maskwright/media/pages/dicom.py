"""Frames of a DICOM file, in the unit that it states, such as Hounsfield's: rescaled, palettes and YBR made colours."""

from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.errors import FormatError
from maskwright.media.descriptions import GRAY, RGB, Description
from maskwright.registry import require

SUFFIXES = (".dcm", ".dicom")


def begins(head: bytes) -> bool:
    """Whether a file with these first bytes is DICOM."""
    return head[128:132] == b"DICM"


def shape(path: str) -> tuple[int, Size]:
    """(number of frames, (height, width))."""
    return _extent(_header(path))


def describe(path: str, page: int) -> Description:
    """What a frame is, from the header."""
    header = _header(path)
    number, size = _extent(header)
    kind = str(header.PhotometricInterpretation)
    if kind == "PALETTE COLOR":
        entries = header.RedPaletteColorLookupTableDescriptor
        dtype = "uint8" if entries[2] == 8 else "uint16"
        return Description(size, RGB, dtype, pages=number, notes=("a palette becomes red, green, blue",))
    if int(header.get("SamplesPerPixel", 1)) == 3:
        said = (f"{kind} becomes red, green, blue",) if kind.startswith("YBR") else ()
        return Description(size, RGB, _stored(header).name, pages=number, notes=said)
    notes: list[str] = []
    slope, shift = _scale(header, page)
    if (slope, shift) != (1, 0):
        unit = {"HU": "Hounsfield units"}.get(str(header.get("RescaleType", "")), "")
        unit = unit or ("Hounsfield units" if header.get("Modality") == "CT" else "the file's unit")
        notes.append(f"numbers are times {slope:g} plus {shift:g}, in {unit}")
    if "ModalityLUTSequence" in header:
        notes.append("numbers are those of the file's table of modality values")
    inverted = kind == "MONOCHROME1"
    if inverted:
        notes.append("MONOCHROME1: low values are shown bright; pixels keep the file's numbers")
    return Description(size, GRAY, _numbers(header, slope, shift).name, 1, number, tuple(notes), inverted)


def read(path: str, page: int) -> Array:
    """(H, W), or (H, W, 3) where there are colours."""
    pydicom = require("pydicom", f"reading {path}")
    header = pydicom.dcmread(path)
    if "PixelData" not in header and "FloatPixelData" not in header and "DoubleFloatPixelData" not in header:
        raise FormatError("holds no image")
    found = np.asarray(require("pydicom.pixels", f"reading {path}").pixel_array(header, index=page))
    if str(header.PhotometricInterpretation) == "PALETTE COLOR":
        coloured: Array = pydicom.pixels.apply_color_lut(found, header)[..., :3]
        return coloured
    if found.ndim == 3:
        return found
    if "ModalityLUTSequence" in header:
        return np.asarray(pydicom.pixels.apply_modality_lut(found, header))
    slope, shift = _scale(header, page)
    dtype = _numbers(header, slope, shift)
    if (slope, shift) == (1, 0):
        return found.astype(dtype, copy=False)
    if dtype.kind == "i":
        return (found.astype(np.int64) * int(slope) + int(shift)).astype(dtype)
    return (found.astype(np.float64) * slope + shift).astype(dtype)


def _header(path: str) -> Any:
    return require("pydicom", f"reading {path}").dcmread(path, stop_before_pixels=True)


def _extent(header: Any) -> tuple[int, Size]:
    if "Rows" not in header or "Columns" not in header:
        raise FormatError("holds no image")
    return int(header.get("NumberOfFrames", 1) or 1), (int(header.Rows), int(header.Columns))


def _scale(header: Any, page: int) -> tuple[float, float]:
    """Slope and intercept of a frame's numbers: of its own, of all frames, or of the file."""
    groups = [header]
    for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        frames = header.get(name)
        if frames:
            frame = frames[page if name.startswith("Per") and page < len(frames) else 0]
            groups += list(frame.get("PixelValueTransformationSequence") or [])
    slope, shift = 1.0, 0.0
    for group in groups:
        if "RescaleSlope" in group:
            slope, shift = float(group.RescaleSlope), float(group.get("RescaleIntercept", 0) or 0)
    return slope, shift


def _stored(header: Any) -> "np.dtype[Any]":
    bits = int(header.get("BitsAllocated", 16))
    if bits in (32, 64) and "BitsStored" not in header:
        return np.dtype(f"float{bits}")
    return np.dtype(f"{'int' if header.get('PixelRepresentation', 0) else 'uint'}{max(bits, 8)}")


def _numbers(header: Any, slope: float, shift: float) -> "np.dtype[Any]":
    """Of the frames when they are rescaled: whole while slope and intercept are, and wide enough."""
    stored = _stored(header)
    if "ModalityLUTSequence" in header:
        return np.dtype(np.uint16 if int(header.ModalityLUTSequence[0].LUTDescriptor[2]) > 8 else np.uint8)
    if (slope, shift) == (1, 0):
        return stored
    if stored.kind == "f" or not (slope.is_integer() and shift.is_integer()):
        return np.dtype(np.float64 if stored.itemsize == 8 else np.float32)
    bits = int(header.get("BitsStored", stored.itemsize * 8))
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if stored.kind == "i" else (0, 2**bits - 1)
    ends = sorted((low * slope + shift, high * slope + shift))
    return np.dtype(np.int16 if ends[0] >= -(2**15) and ends[1] < 2**15 else np.int32)
