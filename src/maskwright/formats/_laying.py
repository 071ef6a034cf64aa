"""Labels onto images as they are shown: a flag in the file may turn the raster that they were made on."""

from dataclasses import replace
from os.path import exists, isfile
from typing import Any

from maskwright import media
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._marks import Parts
from maskwright.formats._plausible import Tally
from maskwright.media import orientation, pages
from maskwright.media.endings import is_cut_short

#: What there is to tell, by attribute.
_REMEMBERED = (
    "_turned", "_shown", "_open", "looked", "there", "exchanged", "missing", "unreadable", "amiss", "cut", "flags",
    "paged",
)  # fmt: skip


class Laying:
    """Passes samples on as their images are shown, and remembers what to tell.

    The size that the labels state decides: those of the raster's size, where that is not the size shown, are turned
    with it.  Where both have one size, as for half a turn, labels lie as the image is shown, or on the raster as it is
    stored where `stored` says so; a note tells of them where the other labels of the set lay on the raster.
    looked: how many images are files on this machine, or should be.  there: how many of them can be read.  missing,
    unreadable, amiss, cut, flags, paged: those that are not there, cannot be read, are not of the size of their labels,
    end too early, have a flag that is none, and are the first page of a file of several.  exchanged: how many of
    another size are so because height and width are exchanged.  is_there, fits: whether the last sample's image can be
    read, and is of the size of its labels.
    ends: whether the ends of files are looked at, for those that are cut.
    """

    def __init__(self, *, stored: bool = False, ends: bool = True) -> None:
        self._stored, self._ends = stored, ends
        self._turned = 0
        self._shown = 0
        self._open = Tally()
        self.looked = self.there = self.exchanged = 0
        self.missing, self.unreadable, self.amiss = Tally(), Tally(), Tally()
        self.cut, self.flags, self.paged = Tally(), Tally(), Tally()
        self.is_there = self.fits = False

    def lay(self, sample: Sample) -> Sample:
        """The same sample where its image is elsewhere, missing, unreadable, or of the size of its labels."""
        image = sample.image
        self.is_there = self.fits = False
        if "://" in image.uri:
            return sample
        self.looked += 1
        file, page = pages.page_of(image.uri)
        if not (isfile(file) if page is None else exists(file)):  # noqa: PTH110, PTH113 - of a name that no file can have, a Path raises
            self.missing.add(sample.key)
            return sample
        if page is not None:
            return sample
        try:
            found = media.describe(image)
        except FormatError:
            self.unreadable.add(sample.key)
            return sample
        self.is_there = self.fits = True
        self.there += 1
        if self._ends and is_cut_short(image.uri):
            self.cut.add(sample.key)
        if orientation.UNKNOWN in found.notes:
            self.flags.add(sample.key)
        if found.pages > 1:
            self.paged.add(f"{sample.key}, of {found.pages}")
        if found.size == image.size:
            if found.orientation == 1:
                return sample
            if found.stored_size != image.size:
                self._shown += 1
                return sample
            if not self._stored:
                self._open.add(sample.key)
                return sample
        elif found.stored_size != image.size:
            self.fits = False
            self.exchanged += found.size == image.size[::-1]
            said = f"{shown(sample.key)} ({found.size[0]} x {found.size[1]}, labelled as {image.size[0]} x "
            self.amiss.add(f"{said}{image.size[1]})")
            return sample
        self._turned += 1
        segments = _turned_segments(sample.segments, found.orientation)
        own = {who: _turned_segments(drawn, found.orientation) for who, drawn in sample.own_labels.items()}
        return replace(sample, image=replace(image, size=found.size), segments=segments, own_labels=own)

    def told(self) -> Any:
        """What is remembered of the samples that came, JSON-safe."""
        return self._state.told()

    def restore(self, told: Any) -> None:
        """Be as it was when `told` said this."""
        self._state.restore(told)

    @property
    def _state(self) -> Parts:
        return Parts([self], _REMEMBERED)

    def notes(self) -> list[str]:
        """What was turned."""
        out = []
        if self._turned:
            out.append(
                f"the labels of {self._turned} image{'s' * (self._turned != 1)} lay on the raster as it is stored, and "
                "were turned with it to how the image is shown"
            )
        if self._open.number and self._turned and not self._shown:
            number = self._open.number
            out.append(
                f"{number} more image{'s are' if number != 1 else ' is'} turned without a change of size, such as "
                f"{self._open.examples[0]}: their labels were taken as the image is shown; if they lie on the raster "
                "as well, read them again with -o orientation=stored"
            )
        return out

    def amiss_note(self) -> str:
        """Which images are not of the size of their labels."""
        number = self.amiss.number
        return (
            f"{number} image{'s' * (number != 1)} cannot be read with their labels, which are of another size "
            f"(height x width): {self.amiss.such_as()}"
        )

    def cut_note(self) -> str:
        """Which images are cut short."""
        ends = f"{self.cut.number} image{'s end' if self.cut.number != 1 else ' ends'} too early"
        them = "them" if self.cut.number != 1 else "it"
        said = f"{ends} and cannot be read whole: {self.cut.such_as()}"
        return f"{said}; replace {them}, or leave {them} out with --skip-broken"


def _turned_segments(segments: Segments, how: int) -> Segments:
    """Masks and given boxes; what was drawn on the stored raster draws nothing on the other."""
    out = segments.moved(turned(segments.masks, how))
    back = orientation.back(how)  # to which the image as shown is the raster, and the raster the image
    boxes = [
        None if box is None else orientation.stored_region(tuple(box), out.size, back) for box in segments.column("box")
    ]
    return out.replace(more={**out.more, "box": boxes})


def turned(masks: Masks, how: int) -> Masks:
    """Masks of the stored raster, as the image is shown. how: 1 to 8, see `media.orientation`."""
    swap, rows, columns = orientation.moves(how)
    found = masks.transpose() if swap else masks
    if rows:
        found = found.flip(horizontal=False)
    return found.flip(horizontal=True) if columns else found
