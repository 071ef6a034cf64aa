"""Sequences of images where they lie: frames of a video, slices of a volume, pages of a file, images of a folder.

found = sequences.find("clip.mp4", every=5)
found.images[1].uri     # "clip.mp4#page=5"
found.images[1].frame   # 5, as in the source
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from maskwright.core import names
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef
from maskwright.core.sequence import Axis
from maskwright.errors import FormatError, MaskwrightError, UsageError
from maskwright.media import pages, remote, video_file, volume_axes
from maskwright.media.images import IMAGE_SUFFIXES, image_size
from maskwright.media.pages import dicom, video


@dataclass(frozen=True)
class SequenceOfImages:
    """Images in their order, and what is known of the order.

    name: the file's or the folder's, without suffix.  axis: "time" or "space", what orders them.
    images: of each its address and size, with `video`, the name, and `frame`, its index from 0 in the source.
    times: seconds of each image since the first one of the source, or None.
    spacing: mm from one of these images, row and column to the next, or seconds from one of these images to the next;
    None where it is not known or not even.  orientation: where columns, rows and images go, such as "RAS", or None.
    notes: what was found and is worth knowing, in words.
    """

    name: str
    axis: Axis
    images: list[ImageRef]
    times: tuple[float, ...] | None = None
    spacing: tuple[float, ...] | None = None
    orientation: str | None = None
    notes: tuple[str, ...] = ()


def is_sequence(path: str | Path) -> bool:
    """Whether a file is a video, or holds more than one image; False for folders and for what cannot be read.

    An address such as https://… is one when its name is a video's.
    """
    if remote.is_remote(str(path)):
        return urlsplit(str(path)).path.lower().endswith(video.SUFFIXES)
    path = Path(path)
    if not path.is_file():
        return False
    if path.name.lower().endswith(video.SUFFIXES):
        return True
    try:
        return pages.shape(path)[0] > 1
    except MaskwrightError:
        return False


def find(place: str | Path, *, every: int = 1) -> SequenceOfImages:
    """The sequence in a file of many images, in a folder of frames in natural order, or in a folder of DICOM slices.

    No pixel is decoded where headers say how many images there are.  every: keep each n-th; images are numbered as in
    the source.
    Raises FormatError where there is nothing to read, UsageError where `every` is less than 1.
    """
    if every < 1:
        raise UsageError(f"every is {every}", needed="1 or more")
    if remote.is_remote(str(place)):
        return _elsewhere(str(place), find(remote.local(place), every=every))
    path = Path(place)
    if path.is_dir():
        return _folder(path, every)
    number, size = pages.shape(path)
    if path.name.lower().endswith(video.SUFFIXES):
        return _video(path, every)
    axes = volume_axes.of(path, number)
    places = [(f"{path}#page={page}", size) for page in axes.order]
    return _sequence(_stem(path), axes, places, every)


def _elsewhere(uri: str, found: SequenceOfImages) -> SequenceOfImages:
    """A sequence that was read from a fetched file, by its address."""
    name = _stem(Path(urlsplit(uri).path))
    images = [
        replace(image, uri=f"{uri}#page={pages.page_of(image.uri)[1] or 0}", video=name) for image in found.images
    ]
    return replace(found, name=name, images=images)


def natural(files: Iterable[Path]) -> list[Path]:
    """Paths in the order people read their names: frame2 before frame10."""
    return sorted(files, key=lambda file: (names.natural(file.name), file.name))


def _video(path: Path, every: int) -> SequenceOfImages:
    clip = video_file.opened(path)
    name, times, interval = path.stem, clip.times, clip.interval
    kept = range(0, len(clip), every)
    return SequenceOfImages(
        name, "time", [ImageRef(f"{path}#page={page}", clip.size, video=name, frame=page) for page in kept],
        None if times is None else tuple(times[page] for page in kept),
        None if interval is None else (interval * every,), notes=clip.notes,
    )  # fmt: skip


def _folder(path: Path, every: int) -> SequenceOfImages:
    name = path.resolve().name
    files = [file for file in path.iterdir() if not file.name.startswith(".") and file.is_file()]
    slices = [file for file in files if _is_dicom(file)]
    frames = natural(file for file in files if file.name.lower().endswith(IMAGE_SUFFIXES) and file not in set(slices))
    if not frames and slices:
        return _series(path, name, natural(slices), every)
    if not frames:
        raise FormatError("the folder holds no image", file=path, needed=", ".join(IMAGE_SUFFIXES))
    left = [f"{len(slices)} DICOM files in the folder are left out"] if slices else []
    axes = volume_axes.Axes("time", order=range(len(frames)), notes=left)
    kept = set(range(0, len(frames), every))
    places = [(str(file), image_size(file) if number in kept else (1, 1)) for number, file in enumerate(frames)]
    return _sequence(name, axes, places, every)


def _is_dicom(file: Path) -> bool:
    if file.suffix:
        return file.name.lower().endswith((*dicom.SUFFIXES, ".ima"))
    with file.open("rb") as opened:
        return opened.read(132)[128:] == b"DICM"


def _series(path: Path, name: str, files: list[Path], every: int) -> SequenceOfImages:
    """A folder of DICOM slices along the volume."""
    headers = [(file, volume_axes.dicom_header(file)) for file in files]
    images = [(file, header) for file, header in headers if "Rows" in header and "Columns" in header]
    if not images:
        raise FormatError("none of the folder's DICOM files holds an image", file=path)
    several = next((file for file, header in images if int(header.get("NumberOfFrames", 1) or 1) > 1), None)
    if several is not None and len(images) > 1:
        raise FormatError("holds several frames beside other files", file=several, todo="Give the file by its name.")
    series = sorted({str(header.get("SeriesInstanceUID", "")) for _, header in images})
    if len(series) > 1:
        raise FormatError(
            f"the folder holds {len(series)} series of DICOM files", file=path,
            needed=f"one, such as {shown(series[0], 70)}", todo="Put each series into a folder of its own.",
        )  # fmt: skip
    first = images[0][1]
    size = int(first.Rows), int(first.Columns)
    for file, header in images:
        if (int(header.Rows), int(header.Columns)) != size:
            raise FormatError(
                f"the slice is {header.Rows} x {header.Columns}", file=file,
                needed=f"{size[0]} x {size[1]} (height x width), as {images[0][0].name}",
            )  # fmt: skip
    axes = volume_axes.slices([header for _, header in images])
    if len(images) < len(headers):
        axes.notes.append(f"{len(headers) - len(images)} DICOM files without an image are left out")
    places = [(f"{images[number][0]}#page=0", size) for number in axes.order]
    return _sequence(name, axes, places, every)


def _sequence(
    name: str, axes: volume_axes.Axes, places: list[tuple[str, tuple[int, int]]], every: int
) -> SequenceOfImages:
    """places: (address, size) of every image of the source, in its order."""
    images = [
        ImageRef(places[number][0], places[number][1], video=name, frame=number)
        for number in range(0, len(places), every)
    ]
    spacing = None if axes.spacing is None else (axes.spacing[0] * every, *axes.spacing[1:])
    times = None
    if axes.axis == "time" and axes.spacing is not None:
        times = tuple(number * axes.spacing[0] for number in range(0, len(places), every))
    return SequenceOfImages(name, axes.axis, images, times, spacing, axes.orientation, tuple(axes.notes))


def _stem(path: Path) -> str:
    """A file's name without ".tif", ".ome.tif" or ".nii.gz"."""
    stem = path.stem
    for inner in (".nii", ".ome"):
        if stem.lower().endswith(inner) and len(stem) > len(inner):
            return stem[: -len(inner)]
    return stem
