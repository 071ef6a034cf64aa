"""DICOM images with DICOM-SEG, read only: the segments of SEG files over the images they were drawn on.

DICOM PS3.3 A.51, read through highdicom.  A folder may hold several series; every image that a SEG file refers to is a
sample, and its class is the segment's label.
"""

from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside, _listing
from maskwright.formats._contract import Reading

LOSES: frozenset[str] = frozenset()

_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_SUFFIXES = (".dcm", ".dicom", "")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with a DICOM-SEG file; DICOM at least."""
    found = [file for file in _files(path) if _is_dicom(file)] if path.is_dir() else []
    if not found:
        return 0.0
    return 0.95 if any(_is_segmentation(file) for file in found) else 0.1


def _files(path: Path) -> list[Path]:
    listing = _listing.current()
    return sorted(file for suffix in _SUFFIXES for file in listing.of_kind(path, suffix))


def _is_dicom(file: Path) -> bool:
    with open(file, "rb") as raw:
        return raw.read(132)[128:] == b"DICM"


def _is_segmentation(file: Path) -> bool:
    """By the class that the file's beginning names."""
    with open(file, "rb") as raw:
        return f"{_SEGMENTATION}".encode() in raw.read(2048)


def read(path: Path) -> Reading:
    """Images of one frame each. Fractional segmentations count as foreground from one half on."""
    from maskwright.registry import require

    pydicom = require("pydicom", "reading DICOM")
    seg = require("highdicom.seg", "reading DICOM-SEG")
    images: dict[str, tuple[Path, ImageRef, list[float]]] = {}
    masks: list[tuple[Path, Any]] = []
    aside = _aside.current()
    for file in _files(path):
        if not _is_dicom(file):
            continue
        try:
            header = pydicom.dcmread(file, stop_before_pixels=True)
            if header.SOPClassUID == _SEGMENTATION:
                masks.append((file, seg.segread(file)))
            elif "Rows" in header:
                images[str(header.SOPInstanceUID)] = _image(file, header)
        except Exception as error:  # noqa: BLE001 - pydicom raises whatever a broken element makes it raise
            aside.put(FormatError(f"not readable DICOM ({error})", file=file))
    if not masks:
        aside.end()
        raise FormatError("no DICOM-SEG file here", file=path)
    names = sorted({_label(each) for _, found in masks for each in found.SegmentSequence})
    classes = Classes(Class(number, name) for number, name in enumerate(names, 1))
    drawn: dict[str, list[tuple[Path, Any]]] = {}
    for file, found in masks:
        for _, _, instance in found.get_source_image_uids():
            drawn.setdefault(str(instance), []).append((file, found))
    for instance in [name for name in drawn if name not in images]:
        aside.put(
            FormatError(
                f"was drawn on image {instance}, which is not here", file=drawn.pop(instance)[0][0],
                needed="the images beside the segmentation",
            )
        )  # fmt: skip

    def sample_of(item: tuple[str, list[tuple[Path, Any]]]) -> Sample:
        instance, files = item
        file, reference, spacing = images[instance]
        size = reference.size
        parts = [_segments(own, found, instance, size, classes) for own, found in files]
        stacked = Masks.concatenate([part for part, _ in parts], size)
        segments = Segments(stacked, [id_ for _, ids in parts for id_ in ids])
        fields = {"dicom": {"instance": instance, "spacing": spacing}}
        return Sample(file.relative_to(path).with_suffix("").as_posix(), reference, segments, fields=fields)

    samples = aside.samples(drawn.items(), sample_of, lambda item: (item[1][0][0], f"image {item[0]}"))
    return Reading(classes, samples, len(drawn))


def _image(file: Path, header: Any) -> tuple[Path, ImageRef, list[float]]:
    """The image and its pixel spacing, down and across, in millimetres."""
    frame = header.get("InstanceNumber")
    reference = ImageRef(
        f"{file}#page=0",
        (int(header.Rows), int(header.Columns)),
        video=str(header.get("SeriesInstanceUID")),
        frame=None if frame is None else int(frame),
    )
    return file, reference, [float(step) for step in header.get("PixelSpacing", [])]


def _label(segment: Any) -> str:
    return str(segment.SegmentLabel)


def _segments(
    file: Path, found: Any, instance: str, size: tuple[int, int], classes: Classes
) -> tuple[Masks, list[int]]:
    try:
        pixels = np.asarray(found.get_pixels_by_source_instance([instance], assert_missing_frames_are_empty=True))
    except Exception as error:  # noqa: BLE001 - see above
        raise FormatError(f"its frames cannot be read ({error})", file=file) from None
    dense = np.ascontiguousarray(np.moveaxis(pixels[0], -1, 0))
    if dense.shape[1:] != size:
        raise FormatError(f"its frames are {dense.shape[1:]}", file=file, needed=f"the image is {size}")
    masks = Masks.encode(dense >= 0.5 if dense.dtype.kind == "f" else dense > 0)
    there = np.flatnonzero(masks.areas())
    numbers = list(found.SegmentSequence)
    return masks[there], [classes[_label(numbers[row])].id for row in there.tolist()]
