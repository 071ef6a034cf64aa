"""What files of many images say of their order: whether time or space orders them, how far apart they are.

Spacing is in mm from one image, row and column to the next, or in seconds from one image to the next.  Orientation
names where columns, rows and images go, such as "RAS": to the right, to the front, to the head.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.names import shown
from maskwright.core.sequence import Axis
from maskwright.errors import FormatError
from maskwright.media.pages import dicom, nifti, tiff
from maskwright.registry import require

#: Units of length in mm, as ImageJ, OME and NIfTI write them.
_MM = {
    "m": 1e3, "meter": 1e3, "cm": 10.0, "mm": 1.0, "um": 1e-3, "µm": 1e-3, "μm": 1e-3, "micron": 1e-3, "microns": 1e-3,
    "micrometer": 1e-3, "nm": 1e-6, "inch": 25.4, "in": 25.4,
}  # fmt: skip
#: Units of time in seconds.
_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "µs": 1e-6, "μs": 1e-6, "us": 1e-6, "min": 60.0, "h": 3600.0}
#: Slices whose distances differ by less than this share are evenly apart.
_EVEN = 0.01


@dataclass(frozen=True)
class Axes:
    """What is known of the order.

    spacing: one number or three, see above, or None.  order: numbers of the pages in their order.
    """

    axis: Axis = "space"
    spacing: tuple[float, ...] | None = None
    orientation: str | None = None
    order: Sequence[int] = ()
    notes: list[str] = field(default_factory=list)


def of(path: Path, number: int) -> Axes:
    """Of a file with this number of pages; in the file's order, and without spacing, where it says nothing.

    Raises FormatError where its header is broken.
    """
    name = path.name.lower()
    if name.endswith(tiff.SUFFIXES):
        return _tiff(path, number)
    if name.endswith(nifti.SUFFIXES):
        return _nifti(path, number)
    if name.endswith(dicom.SUFFIXES):
        return _frames(dicom_header(path), number)
    return Axes(order=range(number))


# ---------------------------------------------------------------------------------------------- TIFF


def _tiff(path: Path, number: int) -> Axes:
    from PIL import Image

    try:
        with Image.open(path) as opened:
            tags = dict(opened.tag_v2)  # type: ignore[attr-defined]
    except (OSError, ValueError, SyntaxError):  # a kind of TIFF that Pillow does not know
        return Axes(order=range(number))
    text = _utf8(str(tags.get(270, "")))
    if text.startswith("ImageJ="):
        return _imagej(dict(re.findall(r"^(\w+)=(.*?)\s*$", text, re.MULTILINE)), tags, number)
    if "OME" in text and text.lstrip().startswith("<"):
        return _ome(text, number)
    return Axes(order=range(number))


def _utf8(text: str) -> str:
    """A description as it is meant: Pillow takes its bytes for Latin-1, OME writes UTF-8."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _imagej(said: dict[str, str], tags: dict[int, Any], number: int) -> Axes:
    frames, slices = _count(said.get("frames")), _count(said.get("slices"))
    unit = said.get("unit", "").replace("\\u00B5", "µ").strip()
    mm = _MM.get(unit, 0.0)
    rows, columns = (mm / float(tags[tag]) if tags.get(tag) else 0.0 for tag in (283, 282))
    apart = abs(_number(said.get("spacing", "")))
    notes = [f"its unit of length is {shown(repr(unit), 20)}; no spacing is taken"] if apart and not mm else []
    return _stack(number, frames, slices, _number(said.get("finterval", "")), apart * mm, rows, columns, notes)


def _ome(text: str, number: int) -> Axes:
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        found = fromstring(text).find(".//{*}Pixels")
    except (ParseError, ValueError):
        return Axes(order=range(number), notes=["its OME description cannot be read"])
    if found is None:
        return Axes(order=range(number))
    units = {axis: found.get(f"PhysicalSize{axis}Unit", "µm") for axis in "XYZ"}
    mm = {axis: _number(found.get(f"PhysicalSize{axis}", "")) * _MM.get(units[axis], 0.0) for axis in "XYZ"}
    unknown = sorted({unit for axis, unit in units.items() if unit not in _MM and found.get(f"PhysicalSize{axis}")})
    notes = [f"its unit of length is {shown(repr(unit), 20)}; no spacing is taken" for unit in unknown]
    seconds = _number(found.get("TimeIncrement", "")) * _SECONDS.get(found.get("TimeIncrementUnit", "s"), 0.0)
    frames, slices = _count(found.get("SizeT")), _count(found.get("SizeZ"))
    return _stack(number, frames, slices, seconds, mm["Z"], mm["Y"], mm["X"], notes)


def _stack(
    number: int, frames: int, slices: int, seconds: float, apart: float, rows: float, columns: float, notes: list[str]
) -> Axes:
    """Pages that are frames, or slices, or neither alone. Lengths in mm; 0 where they are not known."""
    if frames > 1 and slices <= 1 and frames == number:
        return Axes("time", (seconds,) if seconds > 0 else None, order=range(number), notes=notes)
    if max(frames, slices) != number and max(frames, slices) > 1:
        said = f"it holds {frames} times and {slices} slices in {number} pages, which are in the file's order"
        return Axes(order=range(number), notes=[*notes, said])
    return Axes("space", _lengths(apart, rows, columns), order=range(number), notes=notes)


def _lengths(apart: float, rows: float, columns: float) -> tuple[float, ...] | None:
    if not apart > 0:
        return None
    return (apart, rows, columns) if rows > 0 and columns > 0 else (apart,)


def _count(text: str | None) -> int:
    return int(text) if text and text.strip().isdecimal() else 1


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if np.isfinite(value) else 0.0


# ---------------------------------------------------------------------------------------------- NIfTI


def _nifti(path: Path, number: int) -> Axes:
    found = nifti.volume(str(path))
    header = found.header
    if len(found.shape) > 3 and found.shape[3] > 1:
        said = f"it holds {found.shape[3]} volumes of {found.shape[2]} slices, one after the other"
        return Axes(order=range(number), notes=[said])
    zooms = [float(zoom) for zoom in header.get_zooms()[:3]]
    unit, notes = header.get_xyzt_units()[0], []
    if unit == "unknown":
        notes.append("its unit of length is not said; it is taken for mm")
    mm = _MM.get(unit, 1.0)
    orientation = None
    if int(header["qform_code"]) > 0 or int(header["sform_code"]) > 0:
        codes = require("nibabel", f"reading {path}").aff2axcodes(found.affine)
        orientation = "".join(code or "?" for code in codes)
    spacing = _lengths(*(zoom * mm for zoom in reversed(zooms))) if len(zooms) == 3 else None
    return Axes("space", spacing, orientation, range(number), notes)


# ---------------------------------------------------------------------------------------------- DICOM


def dicom_header(path: Path) -> Any:
    """A DICOM file without its pixels. Raises FormatError for a broken one."""
    pydicom = require("pydicom", f"reading {path}")
    try:
        return pydicom.dcmread(path, stop_before_pixels=True)
    except (pydicom.errors.InvalidDicomError, OSError, ValueError, EOFError, KeyError) as error:
        raise FormatError(f"cannot be read ({shown(error, 120)})", file=path) from None


def _frames(header: Any, number: int) -> Axes:
    """Of a file of several frames."""
    shared = (list(header.get("SharedFunctionalGroupsSequence") or []) or [None])[0]
    groups = list(header.get("PerFrameFunctionalGroupsSequence") or [])
    if len(groups) == number > 1:
        places = [_Place.of(shared, group) for group in groups]
        if any(place.position is not None for place in places):
            return _along(places)
    milliseconds = _number(str(header.get("FrameTime", "")))
    rate = _number(str(header.get("CineRate", "") or header.get("RecommendedDisplayFrameRate", "")))
    if milliseconds > 0 or rate > 0:
        return Axes("time", (milliseconds / 1e3 if milliseconds > 0 else 1 / rate,), order=range(number))
    rows, columns = _pair(header.get("PixelSpacing"))
    apart = abs(_number(str(header.get("SpacingBetweenSlices", ""))))
    return Axes("space", _lengths(apart, rows, columns), order=range(number))


@dataclass(frozen=True)
class _Place:
    """Where a slice lies. position: (3,) mm.  directions: (2, 3), where columns and rows go.  pixel: mm between rows,
    and between columns.  number: of the instance.
    """

    position: np.ndarray[Any, Any] | None
    directions: np.ndarray[Any, Any] | None
    pixel: tuple[float, float]
    number: int

    @classmethod
    def of(cls, *groups: Any) -> "_Place":
        """Of a file's header, or of the groups that hold for a frame, the frame's own last."""
        found: dict[str, Any] = {}
        for group in groups:
            for name, holder in (
                ("ImagePositionPatient", "PlanePositionSequence"), ("PixelSpacing", "PixelMeasuresSequence"),
                ("ImageOrientationPatient", "PlaneOrientationSequence"), ("InstanceNumber", ""),
            ):  # fmt: skip
                inner = list(group.get(holder) or []) if group is not None and holder else []
                for part in (group, *inner):
                    if part is not None and part.get(name) is not None:
                        found[name] = part.get(name)
        position, directions = found.get("ImagePositionPatient"), found.get("ImageOrientationPatient")
        return cls(
            np.array([float(value) for value in position]) if position is not None and len(position) == 3 else None,
            np.array([float(value) for value in directions]).reshape(2, 3)
            if directions is not None and len(directions) == 6
            else None,
            _pair(found.get("PixelSpacing")),
            int(found.get("InstanceNumber") or 0),
        )


def slices(headers: Sequence[Any]) -> Axes:
    """Of a series of DICOM files, one slice each. order: numbers of the headers along the volume."""
    return _along([_Place.of(header) for header in headers])


def _along(places: list[_Place]) -> Axes:
    """Slices in the order of their positions along the normal of their plane, and how far they are apart."""
    positions = [place.position for place in places if place.position is not None]
    directions = [place.directions for place in places if place.directions is not None]
    if len(positions) < len(places) or len(directions) < len(places):
        order = sorted(range(len(places)), key=lambda number: (places[number].number, number))
        return Axes(order=order, notes=["not every slice says where it lies; they are in the order of their numbers"])
    first = directions[0]
    if any(not np.allclose(first, other, atol=1e-3) for other in directions):
        order = sorted(range(len(places)), key=lambda number: (places[number].number, number))
        return Axes(order=order, notes=["its slices are not parallel; they are in the order of their numbers"])
    normal = np.cross(first[0], first[1])
    along = [float(normal @ position) for position in positions]
    order = sorted(range(len(places)), key=lambda number: (along[number], places[number].number, number))
    orientation = "".join(_letter(direction) for direction in (first[0], first[1], normal))
    steps = np.diff([along[number] for number in order])
    notes, apart = [], 0.0
    if len(steps) and steps.min() < 1e-3:
        notes.append("several slices lie at one position")
    elif len(steps) and steps.max() - steps.min() > _EVEN * steps.mean():
        notes.append(f"its slices are {steps.min():.4g} to {steps.max():.4g} mm apart, not evenly; is one missing?")
    elif len(steps):
        apart = round(float(steps.mean()), 6)
    return Axes("space", _lengths(apart, *places[0].pixel), orientation, order, notes)


def _letter(direction: np.ndarray[Any, Any]) -> str:
    """Where a direction of DICOM's patient (to the left, to the back, to the head) goes, most of all."""
    axis = int(np.abs(direction).argmax())
    return ("LPS" if direction[axis] > 0 else "RAI")[axis]


def _pair(value: Any) -> tuple[float, float]:
    if value is None or len(value) != 2:
        return 0.0, 0.0
    return float(value[0]), float(value[1])
