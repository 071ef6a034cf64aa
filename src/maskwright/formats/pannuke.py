"""PanNuke, read only: images.npy (N, H, W, 3) and masks.npy (N, H, W, 6), whose channels number nuclei of a kind each.

Layout: https://warwick.ac.uk/fac/cross_fac/tia/data/pannuke.  Files are "Fold 1/images/fold1/images.npy", types.npy
beside it with the tissue of each image, and "Fold 1/masks/fold1/masks.npy".  The sixth channel is the background.  Each
image is a sample named fold1/0000; its tissue is in the sample's field `pannuke`.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.foreign import explained
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _listing
from maskwright.formats._aside import Aside, current, readable
from maskwright.formats._contract import Reading, usable_ids
from maskwright.formats._pairs import alone
from maskwright.formats._rasters import whole_numbers
from maskwright.media import pages

LOSES: frozenset[str] = frozenset()

#: By channel; the last one is the background.
NAMES = ("Neoplastic", "Inflammatory", "Connective", "Dead", "Epithelial")
_CHANNELS = len(NAMES) + 1


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: images.npy with masks.npy of six channels."""
    try:
        pairs = _pairs(path)[0] if path.is_dir() else []
    except FormatError:
        return 0.0
    shapes = list(readable(pairs, lambda pair: _shape(pair[1])))
    return 0.95 if shapes and all(shape[3] == _CHANNELS for shape in shapes) else 0.0


def _pairs(path: Path) -> tuple[list[tuple[Path, Path]], list[str], list[str]]:
    """images.npy and masks.npy that belong together, and those of either that have no partner, by their paths."""
    files = _listing.current().of_kind(path, ".npy")
    images = [file for file in files if file.name == "images.npy"]
    masks = {file for file in files if file.name == "masks.npy"}
    pairs, lone = [], []
    for image in images:
        parts = ["masks" if part == "images" else part for part in image.relative_to(path).parts[:-1]]
        places = (path.joinpath(*parts, "masks.npy"), image.parent / "masks.npy")
        found = next((place for place in places if place in masks), None)
        if found is None:
            lone.append(image.relative_to(path).as_posix())
        else:
            pairs.append((image, found))
    rest = sorted(masks - {found for _, found in pairs})
    return pairs, lone, [file.relative_to(path).as_posix() for file in rest]


def read(path: Path, *, names: Sequence[str] | None = None) -> Reading:
    """names: of the five kinds of nuclei by comma, in the order of the channels."""
    pairs, lone_images, lone_masks = _pairs(path)
    if not pairs:
        raise FormatError(
            "no images.npy has a masks.npy", file=path,
            needed="images/fold1/images.npy and masks/fold1/masks.npy, or both in one folder",
        )  # fmt: skip
    called = list(names or NAMES)
    if len(called) != len(NAMES):
        raise FormatError(f"{len(called)} names are given", file=path, needed=f"{len(NAMES)}, one for each channel")
    rows = [Class(number, name, "thing") for number, name in enumerate(called)]
    classes = Classes([*rows, Class(len(rows), "Background", "stuff", "background")])
    notes = ["channels of masks.npy are " + ", ".join(called) + " and the background"] if names is None else []
    notes += alone(lone_images, lone_masks, "images.npy", "masks.npy")
    homes = [image.parent.name for image, _ in pairs]
    aside = current()
    numbers: dict[tuple[Path, Path], int] = {}
    for image, masks in pairs:
        with aside.record(masks, whole=True):
            own, other = _shape(image), _shape(masks)
            wanted = (*own[:3], _CHANNELS)
            if other != wanted:
                raise FormatError(f"is of shape {other}", needed=f"{wanted}, for images of shape {own}")
            numbers[image, masks] = own[0]

    def samples() -> Iterator[Sample]:
        for (image, masks), number in numbers.items():
            whole = homes.count(image.parent.name) > 1
            home = image.parent.relative_to(path).as_posix() if whole else image.parent.name
            sample_of = _reader(image, masks, home, _tissues(image, notes), aside)
            yield from aside.samples(range(number), sample_of)

    return Reading(classes, samples(), sum(numbers.values()), notes)


def _reader(
    image: Path, masks: Path, home: str, tissues: list[str] | None, aside: Aside
) -> Callable[[int], Sample]:  # fmt: skip
    """What reads one image of a file by its number. home: of its key.  aside: where broken channels are put."""

    def sample_of(page: int) -> Sample:
        fields = {"pannuke": {"tissue": tissues[page]}} if tissues else {}
        with explained(masks, f"image {page}"):
            channels = pages.read(masks, page)
        segments = _segments(channels, masks, page, aside)
        uri = f"{image}#page={page}"
        return Sample(f"{home}/{page:04d}", ImageRef(uri, segments.size), segments, fields=fields)

    return sample_of


def _shape(file: Path) -> tuple[int, int, int, int]:
    """(N, H, W, C) of a .npy file, from its header. Raises FormatError for one that is broken or holds no numbers."""
    about = pages.describe(file)
    return (about.pages, *about.stored_size, len(about.channels))


def _segments(channels: Array, file: Path, page: int, aside: Aside) -> Segments:
    """channels: (H, W, 6), each but the last one 0 or numbers of objects."""
    masks, class_ids, numbers = [], [], []
    for channel in range(_CHANNELS - 1):
        with aside.record(file, f"image {page}, channel {channel}"):
            values = whole_numbers(np.ascontiguousarray(channels[..., channel]), file)
            own, drawn = Masks.from_label_map(values, ignore=[0])
            masks.append(drawn)
            class_ids += [channel] * len(own)
            numbers += [int(number) for number in own]
    return Segments(Masks.concatenate(masks, channels.shape[:2]), class_ids, ids=usable_ids(numbers))


def _tissues(image: Path, notes: list[str]) -> list[str] | None:
    """The tissue of each image, from types.npy; None, with a note, where that cannot be read, or there is none."""
    file = image.parent / "types.npy"
    if not file.is_file():
        return None
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        notes.append(f"{shown(file, 300)} cannot be read ({shown(error, 100)}): images have no tissue")
        return None
    if found.dtype.kind not in "US" or found.shape != (_shape(image)[0],):
        notes.append(f"{shown(file, 300)} is not a word an image: images have no tissue")
        return None
    return [str(word.decode(errors="replace") if isinstance(word, bytes) else word) for word in found.tolist()]
