"""Which channels a training set has, and how their numbers become those that a network learns from.

Eight bits of gray, or of red, green and blue, are scaled as every published encoder expects.  All other images are
measured: 0 and 1 are percentiles of the whole training set, mean and deviation exact sums over it.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import TypeVar

import numpy as np

from maskwright import media
from maskwright.compute.processors import processors
from maskwright.core.arrays import F64, Array
from maskwright.core.sample import ImageRef
from maskwright.errors import FormatError, UsageError
from maskwright.media import Description
from maskwright.media.windows import full_range
from maskwright.predict.checkpoint import EIGHT_BITS
from maskwright.predict.layout import COLOURED, COLOURS, Layout, by_place
from maskwright.store import View

HEADERS = 1000  # images at most whose headers are read
ALPHAS = 64  # of those with alpha, decoded
MEASURED = 200  # training images that are decoded to be measured
PERCENTILES = (0.1, 99.9)
VALUES = 1 << 24  # of all images and channels together that percentiles are taken of
KEPT = 1 << 28  # bytes of decoded images that are not read twice
THREADS = 8  # that decode and count, at most
LIVE = 1 << 30  # bytes that these work on at once
LEAST_STD = 0.05  # of numbers from 0 to 1; a channel that hardly varies is not blown up further

Found = TypeVar("Found")

#: What was found lately: plan, trials and training ask for the same.
_found: dict[tuple[object, ...], tuple[Layout, tuple[str, ...]]] = {}


def layout_of(
    view: View, train: Sequence[int], val: Sequence[int], wanted: tuple[str, ...] = ()
) -> tuple[Layout, tuple[str, ...]]:
    """The layout of the images, measured on the training samples; and notes on it for a person.

    train, val: sample numbers.  wanted: channels by name or number; all where it is empty.  Raises FormatError, naming
    the file, for an image among those looked at that is not like the others, and UsageError for channels that are not
    there.
    """
    key = (view.place, view.revision, tuple(train), tuple(val), wanted)
    if key not in _found:
        layout, notes = channels_of(_references(view, sorted({*train, *val}), HEADERS), wanted)
        if not layout.eight_bit_colours:
            drawn = _references(view, train, MEASURED)
            layout = measured(drawn, layout)
            notes.append(_said(layout, len(drawn), len(train)))
        while len(_found) >= 4:
            del _found[next(iter(_found))]
        _found[key] = layout, tuple(notes)
    return _found[key]


def _references(view: View, numbers: Sequence[int], most: int) -> list[ImageRef]:
    """Of samples drawn evenly."""
    places = np.unique(np.linspace(0, len(numbers) - 1, min(most, len(numbers))).astype(int))
    picked = [numbers[place] for place in places]
    return [sample.image for first in range(0, len(picked), 32) for sample in view.read(picked[first : first + 32])]


def channels_of(images: Sequence[ImageRef], wanted: tuple[str, ...] = ()) -> tuple[Layout, list[str]]:
    """The layout that these images share, not measured yet: deeper numbers are taken from 0 to 1; and notes.

    images: at least one.  wanted, errors: as in `layout_of`.
    """
    found = [media.describe(image) for image in images]
    deep = [description.dtype != "uint8" for description in found]
    if any(deep) and not all(deep):
        usual = sum(deep) * 2 >= len(deep)
        odd = deep.index(not usual)
        raise _unlike(images[odd], found[odd], found[deep.index(usual)])
    notes: list[str] = []
    if not any(deep) and all(description.channels in COLOURED for description in found):
        names, dtype = _coloured(images, found, notes, wanted), "uint8"
    else:
        names, dtype = _alike(images, found, notes)
        if "alpha" in names and not wanted:
            names = _without_alpha(images, found, names, notes)
    names = _wanted(names, wanted)
    if names == COLOURS and dtype == "uint8":
        return EIGHT_BITS, notes
    number = len(names)
    high = 255.0 if dtype == "uint8" else 1.0
    return Layout(names, dtype, (0.0,) * number, (high,) * number, (0.5,) * number, (0.5,) * number), notes


def _wanted(names: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    if not wanted:
        return names
    picked = []
    for word in wanted:
        if word not in names and not (word.isdecimal() and int(word) < len(names)):
            raise UsageError(f"the images have no channel {word!r}", needed=f"some of {', '.join(names)}")
        picked.append(word if word in names else names[int(word)])
    if len(set(picked)) != len(picked):
        raise UsageError(f"the channels {', '.join(wanted)} name one twice", needed="each channel once")
    return tuple(picked)


def _coloured(
    images: Sequence[ImageRef], found: Sequence[Description], notes: list[str], wanted: tuple[str, ...]
) -> tuple[str, ...]:
    """Red, green and blue; with alpha where all have it and it varies.  What is wanted may be less."""
    clear = [index for index, description in enumerate(found) if "alpha" in description.channels]
    whole = len(clear) == len(found)
    gray = all("gray" in description.channels for description in found)
    if wanted and wanted != COLOURS:
        return (("gray",) if gray else COLOURS) + (("alpha",) if whole else ())
    if not clear or wanted:
        return COLOURS
    looked, varies = _alpha_varies([images[index] for index in clear])
    if varies and whole:
        notes.append("alpha varies, and is learned from as a channel of its own")
        return (*COLOURS, "alpha")
    if varies:
        notes.append(
            f"alpha varies, but only {len(clear)} of the {len(found)} images looked at have it:"
            " what shows through is white, as it is displayed"
        )
    else:
        notes.append(f"alpha is opaque in all of the {looked} images looked at that have it, and left out")
    return COLOURS


def _alpha_varies(images: Sequence[ImageRef]) -> tuple[int, bool]:
    """-> images decoded, and whether anything shows through any of them."""
    places = np.unique(np.linspace(0, len(images) - 1, min(ALPHAS, len(images))).astype(int))
    for place in places:
        image = media.read(images[place])
        if "alpha" in image.channels:
            alpha = image.pixels[..., image.channels.index("alpha")]
            if bool((alpha < full_range(alpha.dtype)[1]).any()):
                return len(places), True
    return len(places), False


def _without_alpha(
    images: Sequence[ImageRef], found: Sequence[Description], names: tuple[str, ...], notes: list[str]
) -> tuple[str, ...]:
    """The names less alpha, where it is opaque or not everywhere."""
    clear = [image for image, description in zip(images, found, strict=True) if "alpha" in description.channels]
    looked, varies = _alpha_varies(clear)
    if varies and len(clear) == len(images):
        notes.append("alpha varies, and is learned from as a channel of its own")
        return names
    what = "varies, but only some of the images have it" if varies else f"is opaque in all of the {looked} looked at"
    notes.append(f"alpha {what}, and is left out")
    return tuple(name for name in names if name != "alpha")


def _alike(images: Sequence[ImageRef], found: Sequence[Description], notes: list[str]) -> tuple[tuple[str, ...], str]:
    """The channels that all images have, as most call them, and the type of their numbers."""
    usual = Counter(description.channels for description in found).most_common(1)[0][0]
    like = next(description for description in found if description.channels == usual)
    plain = tuple(name for name in usual if name != "alpha")
    for image, description in zip(images, found, strict=True):
        own = tuple(name for name in description.channels if name != "alpha")
        gray = own == ("gray",) and plain == COLOURS
        if set(own) != set(plain) and not by_place(own, plain) and not gray:
            raise _unlike(image, description, like)
    dtypes = sorted({description.dtype for description in found})
    kinds = {np.dtype(dtype).kind == "f" for dtype in dtypes}
    if len(kinds) > 1:
        notes.append(f"numbers of {', '.join(dtypes)} are taken as they are, on one scale")
    of_all = max(dtypes, key=lambda dtype: (np.dtype(dtype).kind == "f", np.dtype(dtype).itemsize))
    if any("alpha" in description.channels for description in found):
        return (*plain, "alpha"), of_all
    return plain, of_all


def _unlike(image: ImageRef, description: Description, usual: Description) -> FormatError:
    return FormatError(
        f"the image has {', '.join(description.channels)} of {description.dtype}", file=image.uri,
        needed=f"{', '.join(usual.channels)} of {usual.dtype}, as other images of the training have",
        todo="Train on images of one kind, or name channels that all have with --channels.",
    )  # fmt: skip


class _Drawn:
    """Images in the layout's channels, to be gone through twice; as many as fit are kept.

    Threads decode and count a few images ahead, at most `LIVE` bytes of them.
    """

    def __init__(self, images: Sequence[ImageRef], layout: Layout) -> None:
        self._images, self._layout = images, layout
        self._kept: dict[int, Array] = {}
        self._room = KEPT
        self._lock = Lock()
        largest = max((image.size[0] * image.size[1] for image in images), default=1) * len(layout.channels)
        # Counting works on numbers of eight bytes, a few times over.
        self._threads = max(1, min(processors(), THREADS, LIVE // (32 * largest)))

    def each(self, work: Callable[[Array], Found]) -> Iterator[Found]:
        """What `work` finds in each image, in their order."""
        with ThreadPoolExecutor(self._threads) as pool:
            waiting: deque[Future[Found]] = deque()
            try:
                for place in range(len(self._images)):
                    waiting.append(pool.submit(self._worked, work, place))
                    if len(waiting) > self._threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _worked(self, work: Callable[[Array], Found], place: int) -> Found:
        pixels = self._kept.get(place)
        if pixels is None:
            image = self._images[place]
            pixels = self._layout.pick(media.read(image), image.uri)
            with self._lock:
                if self._room >= pixels.nbytes:
                    self._room -= pixels.nbytes
                    self._kept[place] = pixels
        return work(pixels)


def measured(images: Sequence[ImageRef], layout: Layout) -> Layout:
    """The layout with 0, 1, mean and deviation of these images together.

    Bytes keep 0 and 255.  Of deeper numbers 0 and 1 are `PERCENTILES` of all values, evenly thinned; where these are
    one value, the least and the greatest.  Mean and deviation are sums over all pixels, cut to 0 … 1, so that a few
    wild values do not carry them.  What is not finite is left out.  Raises UsageError for a channel that has no finite
    value.
    """
    drawn = _Drawn(images, layout)
    if layout.dtype != "uint8":
        low, high = _limits(drawn, layout, len(images))
        layout = replace(layout, low=low, high=high)
    low_, high_ = np.array(layout.low), np.array(layout.high)

    def sums(pixels: Array) -> F64:
        """(channels, 3): how many values, their sum, and that of their squares."""
        found = np.zeros((pixels.shape[2], 3))
        for index in range(pixels.shape[2]):
            values = _finite(pixels[..., index])
            units: F64 = ((values.astype(np.float64) - low_[index]) / (high_[index] - low_[index])).clip(0, 1)
            found[index] = units.size, units.sum(), np.square(units).sum()
        return found

    total = np.zeros((len(layout.channels), 3))
    for found in drawn.each(sums):
        total += found
    number, first, second = total.T
    mean = first / number
    std = np.sqrt(np.maximum(second / number - mean**2, 0)).clip(LEAST_STD)
    return replace(layout, mean=tuple(mean.tolist()), std=tuple(std.tolist()))


def _finite(values: Array) -> Array:
    return values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()


def _limits(drawn: _Drawn, layout: Layout, images: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """By channel, what becomes 0 and 1."""
    most = max(1, VALUES // (max(1, images) * len(layout.channels)))
    held: list[list[Array]] = [[] for _ in layout.channels]
    least, greatest = np.full(len(held), np.inf), np.full(len(held), -np.inf)

    def extremes(pixels: Array) -> list[tuple[float, float, Array] | None]:
        """By channel the least value, the greatest, and some of all, where there is any."""
        by_channel = (_finite(pixels[..., index]) for index in range(pixels.shape[2]))
        return [
            # Every so many, an odd number: not the same columns in every row.
            (float(values.min()), float(values.max()), values[:: -(-values.size // most) | 1].copy())
            if values.size
            else None
            for values in by_channel
        ]

    for found in drawn.each(extremes):
        for index, channel in enumerate(found):
            if channel is not None:
                least[index] = min(least[index], channel[0])
                greatest[index] = max(greatest[index], channel[1])
                held[index].append(channel[2])
    limits = []
    for index, own in enumerate(held):
        if not own:
            raise UsageError(f"the channel {layout.channels[index]} has no finite value", needed="images to learn from")
        values = np.concatenate(own).astype(np.float64)
        low, high = (float(value) for value in np.percentile(values, PERCENTILES, method="nearest"))
        if low >= high:
            low, high = float(least[index]), float(greatest[index])
        limits.append((low, high if high > low else low + 1.0))
    return tuple(low for low, _ in limits), tuple(high for _, high in limits)


def _said(layout: Layout, drawn: int, training: int) -> str:
    parts = "; ".join(
        f"{name} {low:.6g} to {high:.6g}"
        for name, low, high in zip(layout.channels, layout.low, layout.high, strict=True)
    )
    if len(layout.channels) > 8:
        parts = f"{len(layout.channels)} channels"
    of = f"all {training}" if drawn == training else f"{drawn} of {training}, drawn evenly,"
    return f"images have numbers of {layout.dtype}, normalised by what {of} training images hold together: {parts}"
