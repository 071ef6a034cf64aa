"""What the files of label maps hold: numbers, colours or planes, and what all of a set say together.

A set is surveyed before it is read, because one file does not tell: whether gray is numbers of classes or a mask with
soft edges, whether planes are classes or objects.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import I64, Array, Bool
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats._rasters import Colour, load_array, opened, packed, unpacked, values_of, whole_numbers
from maskwright.formats._softness import BRIGHT, DARK, Softness
from maskwright.media import describe
from maskwright.registry import require

ARRAYS = (".npy", ".npz", ".mat")
_LOSSY = ("JPEG", "MPO")

#: Up to so far from each other are red, green and blue of what was gray before it became a JPEG.
_GRAY_SPREAD = 8
#: Edges are soft from so many values on that nowhere fill 2 x 2 pixels.
_LOOSE = 4


@dataclass
class Label:
    """One file. values: (H, W) integers, (H, W, 3) uint8 colours, or with `planes` (N, H, W) bool.

    palette: colours by index.  clear: indices that the palette says are seen through.  binary: of one bit.
    lossy: a JPEG, whose values are near what was saved.
    """

    values: Array
    palette: dict[int, Colour] = field(default_factory=dict)
    clear: frozenset[int] = frozenset()
    binary: bool = False
    lossy: bool = False
    planes: bool = False


def read_label(file: Path, image: Path) -> Label:
    """image: whose label it is; its size tells which axes of three are rows and columns.

    Raises FormatError for a file that is missing, broken, or holds no labels.
    """
    if file.suffix.lower() in ARRAYS:
        return _of_array(_mat(file) if file.suffix.lower() == ".mat" else load_array(file), file, image)
    with opened(file, "label map") as opened_image:
        values, palette = values_of(opened_image, file)
        lossy = opened_image.format in _LOSSY
        binary = opened_image.mode == "1"
        clear = opened_image.info.get("transparency") if opened_image.mode == "P" else None
    indices = [clear] if isinstance(clear, int) else [n for n, alpha in enumerate(clear or b"") if alpha == 0]
    if lossy and values.ndim == 3:
        if np.ptp(values, axis=2).max() > _GRAY_SPREAD:
            raise FormatError(
                "is a JPEG of colours, which are not what was saved", file=file, needed="colours that are exact",
                todo="Save the labels as PNG.",
            )  # fmt: skip
        values = np.ascontiguousarray(values[..., 1])
    return Label(values, palette, frozenset(indices), binary, lossy)


def mat_variables(file: Path, names: Sequence[str] | None = None) -> dict[str, Any]:
    """The variables of a MATLAB file. names: of those that are read, all where it is None.

    Raises FormatError; MissingExtraError without SciPy.
    """
    io = require("scipy.io", "reading .mat files")
    try:
        content = io.loadmat(file, variable_names=names)
    except Exception as error:  # noqa: BLE001 - what a broken file makes it raise is of many kinds
        raise FormatError(
            f"not a readable .mat file ({error})", file=file, todo="Save it from MATLAB with -v7, or as PNG."
        ) from None
    return {name: value for name, value in content.items() if not name.startswith("__")}


def _mat(file: Path) -> Array:
    """The only matrix of a MATLAB file, or the field Segmentation of its only variable.

    Raises FormatError; MissingExtraError without SciPy.
    """
    found = mat_variables(file)
    for value in list(found.values()):  # SBD keeps its matrix in a field of the one variable
        if len(found) == 1 and isinstance(value, np.ndarray) and "Segmentation" in (value.dtype.names or ()):
            found = {"Segmentation": np.asarray(value["Segmentation"].reshape(-1)[0])}
    plain = {
        name: value for name, value in found.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "buif" and value.ndim == 2 and value.size > 1
    }  # fmt: skip
    if len(plain) != 1:
        held = ", ".join(f"{name} ({_said(value)})" for name, value in found.items()) or "nothing"
        raise FormatError(f"holds {held}", file=file, needed="exactly one matrix of numbers")
    return np.ascontiguousarray(next(iter(plain.values())))


def _said(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return type(value).__name__
    return f"{'fields' if value.dtype.names else value.dtype} {'x'.join(map(str, value.shape))}"


def _of_array(values: Array, file: Path, image: Path) -> Label:
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[-1]):
        values = values[0] if values.shape[0] == 1 else values[..., 0]
    if values.dtype.kind not in "buif" or values.ndim not in (2, 3) or not values.size:
        raise FormatError(f"holds {values.dtype} of shape {values.shape}", file=file, needed="(H, W) numbers")
    if values.ndim == 3:
        return Label(_planes(values, file, image), planes=True)
    return Label(whole_numbers(np.ascontiguousarray(values), file), binary=values.dtype == np.bool_)


def _planes(values: Array, file: Path, image: Path) -> Bool:
    """(N, H, W) bool of an array of three axes, of which two are the image's."""
    about = describe(image)
    sizes = (about.size, about.stored_size)
    first, last = values.shape[1:] in sizes, values.shape[:2] in sizes
    if first == last:
        raise FormatError(
            f"holds {values.dtype} of shape {values.shape}", file=file,
            needed="(H, W) numbers, or a plane a class or object, (N, H, W) or (H, W, N), over the image's "
            f"{about.size[0]} x {about.size[1]} (height x width)",
        )  # fmt: skip
    planes = values if first else np.moveaxis(values, -1, 0)
    on = planes != 0
    if not (np.array_equal(planes, on) or np.array_equal(planes, on * np.uint8(255))):
        raise FormatError(
            f"holds {len(planes)} planes whose values are not only 0 and 1", file=file, needed="0 or 1 in every plane",
            todo="Of scores or probabilities save the place of the greatest: argmax over the planes.",
        )  # fmt: skip
    return np.ascontiguousarray(on)


@dataclass
class Survey:
    """What all files of a set hold. values: integers, or colours where it is `coded`.

    pixels: how many have each colour.
    loose: those that nowhere fill 2 x 2 pixels.  counts: (256,) how many pixels have each gray value.
    clear: indices that every palette says are seen through.  lossy: how many files are JPEGs.
    planes: of each file of planes, how many.  one_hot: every pixel lies in exactly one plane.
    highest: the greatest value of each file whose values are all of 0 … that, or 1 … that; None where one has others.
    """

    values: set[Any] = field(default_factory=set)
    palette: dict[int, Colour] = field(default_factory=dict)
    coded: bool = False
    pixels: Counter[Colour] = field(default_factory=Counter)
    binary: bool = True
    loose: set[Any] = field(default_factory=set)
    counts: I64 = field(default_factory=lambda: np.zeros(256, np.int64))
    clear: frozenset[int] | None = None
    lossy: int = 0
    planes: list[int] = field(default_factory=list)
    one_hot: bool = True
    softness: Softness = field(default_factory=Softness)
    highest: list[int] | None = field(default_factory=list)

    @property
    def is_soft(self) -> bool:
        """Whether most values lie on borders only, as where an image was scaled or drawn smoothly."""
        loose = len(self.loose) >= _LOOSE and 2 * len(self.loose) > len(self.values)
        return loose or (not self.coded and (self.softness.is_black_and_white or self.softness.is_soft))

    @property
    def is_black_and_white(self) -> bool:
        """Whether all but the soft edges, or all but one in twenty pixels of JPEGs, is nearly black or nearly white."""
        dark, between, bright = self.counts[:64].sum(), self.counts[64:192].sum(), self.counts[192:].sum()
        if self.lossy:
            return bool(dark and bright and 20 * between <= dark + between + bright and between < min(dark, bright))
        solid = self.values - self.loose
        both = bool(solid) and min(solid) <= DARK and max(solid) >= BRIGHT
        return (both and all(value <= DARK or value >= BRIGHT for value in solid)) or (
            min(self.values) >= 0 and max(self.values) < 256 and self.softness.is_black_and_white
        )


def survey(pairs: Iterable[tuple[Path, Path]], folder: Path) -> Survey:
    """Goes through all (label, image) that can be read. folder: the set's, for messages.

    Raises FormatError where files do not agree, and where none can be read.
    """
    found = Survey()
    solid: set[Any] = set()
    indices = looked = False
    pairs = list(pairs)
    for file, label in _aside.readable(pairs, lambda pair: (pair[0], read_label(*pair))):
        looked = True
        if label.planes:
            found.planes.append(len(label.values))
            found.one_hot &= bool((label.values.sum(axis=0) == 1).all())
            continue
        values = packed(label.values) if label.values.ndim == 3 else label.values
        codes, counts = _counted(values)
        coded = label.values.ndim == 3
        if coded and all(code == (code & 255) * 0x010101 for code in codes):
            coded, values, codes = False, values & 255, [code & 255 for code in codes]  # gray saved as RGB is gray
            found.values |= set(codes)
            found.pixels.update({(code,) * 3: int(count) for code, count in zip(codes, counts, strict=True)})
        elif coded:
            found.coded = True
            found.values |= {unpacked(code) for code in codes}
            found.pixels.update({unpacked(code): int(count) for code, count in zip(codes, counts, strict=True)})
        else:
            indices = True
            found.values |= set(codes)
            found.palette |= {code: label.palette[code] for code in codes if code in label.palette}
        if not coded and codes[0] >= 0 and codes[-1] < 256:
            found.counts[codes] += counts
            found.softness.look(values, codes, counts)
        numbered = not coded and codes[0] in (0, 1) and codes[-1] - codes[0] + 1 == len(codes)
        found.highest = [*found.highest, codes[-1]] if numbered and found.highest is not None else None
        whole = _solid(values) if len(codes) > 2 else codes
        solid |= {unpacked(code) for code in whole} if coded else set(whole)
        found.binary &= label.binary
        found.lossy += label.lossy
        found.clear = label.clear if found.clear is None else found.clear & label.clear
        if len(found.values) > 4096:
            raise FormatError(f"more than {len(found.values)} different values", file=file,
                              needed="label maps, not photographs", todo="Are the two folders swapped?")  # fmt: skip
    if not looked:
        aside = _aside.current()
        for file, image in pairs:
            with aside.record(file):
                read_label(file, image)
        aside.end()
        raise aside.nothing_left(folder)
    if found.coded:
        if indices:
            raise FormatError("some labels are colour-coded and others are indices", file=folder)
        gray = {value: (value,) * 3 for value in found.values | solid if isinstance(value, int)}
        found.values = {gray.get(value, value) for value in found.values}
        solid = {gray.get(value, value) for value in solid}
    if found.planes and found.values:
        raise FormatError("some labels are planes and others are one number a pixel", file=folder)
    found.loose = found.values - solid
    return found


def _counted(values: Array) -> tuple[list[int], I64]:
    """The values there are, ascending, and how many pixels have each."""
    if values.dtype == np.uint8:
        every = np.bincount(values.reshape(-1), minlength=256)
        codes = np.flatnonzero(every)
        return codes.tolist(), every[codes]
    codes, counts = np.unique(values, return_counts=True)
    return [int(code) for code in codes], counts


def _solid(values: Array) -> list[int]:
    """The values that fill 2 x 2 pixels somewhere."""
    here = values[:-1, :-1]
    same = (here == values[1:, 1:]) & (here == values[:-1, 1:]) & (here == values[1:, :-1])
    return [int(value) for value in np.unique(here[same])]
