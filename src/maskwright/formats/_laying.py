"""Labels onto images as they are shown: a flag in the file may turn the raster that they were made on."""

from dataclasses import replace
from pathlib import Path

from maskwright import media
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import Sample
from maskwright.errors import FormatError
from maskwright.media import orientation


class Laying:
    """Passes samples on as their images are shown, and remembers what to tell.

    The size that the labels state decides: those of the raster's size, where that is not the size shown, are turned
    with it.  Where both have one size, as for half a turn, labels lie as the image is shown, or on the raster as it is
    stored where `stored` says so; a note tells of them where the other labels of the set lay on the raster.
    """

    def __init__(self, *, stored: bool = False) -> None:
        self._stored = stored
        self._turned = 0
        self._shown = 0
        self._open: list[str] = []
        self._amiss: list[str] = []
        self._number = 0

    def lay(self, sample: Sample) -> Sample:
        """The same sample where its image is elsewhere, missing, unreadable, or of the size of its labels."""
        image = sample.image
        if "://" in image.uri or not Path(image.uri).is_file():
            return sample
        try:
            found = media.describe(image)
        except FormatError:
            return sample
        if found.size == image.size:
            if found.orientation == 1:
                return sample
            if found.stored_size != image.size:
                self._shown += 1
                return sample
            if not self._stored:
                self._open.append(shown(sample.key))
                return sample
        elif found.stored_size != image.size:
            self._number += 1
            if len(self._amiss) < 3:
                said = f"{shown(sample.key)} ({found.size[0]} x {found.size[1]}, labelled as {image.size[0]} x "
                self._amiss.append(f"{said}{image.size[1]})")
            return sample
        self._turned += 1
        segments = sample.segments.with_masks(turned(sample.segments.masks, found.orientation))
        return replace(sample, image=replace(image, size=found.size), segments=segments)

    def notes(self) -> list[str]:
        """What was turned, and which images are not of the size of their labels."""
        out = []
        if self._turned:
            out.append(
                f"the labels of {self._turned} image{'s' * (self._turned != 1)} lay on the raster as it is stored, and "
                "were turned with it to how the image is shown"
            )
        if self._open and self._turned and not self._shown:
            number = len(self._open)
            out.append(
                f"{number} more image{'s are' if number != 1 else ' is'} turned without a change of size, such as "
                f"{self._open[0]}: their labels were taken as the image is shown; if they lie on the raster as well, "
                "read them again with -o orientation=stored"
            )
        if self._number:
            more = ", …" if self._number > len(self._amiss) else ""
            out.append(
                f"{self._number} image{'s' * (self._number != 1)} cannot be read with their labels, which are of "
                f"another size (height x width): {', '.join(self._amiss)}{more}"
            )
        return out


def turned(masks: Masks, how: int) -> Masks:
    """Masks of the stored raster, as the image is shown. how: 1 to 8, see `media.orientation`."""
    swap, rows, columns = orientation.moves(how)
    found = masks.transpose() if swap else masks
    if rows:
        found = found.flip(horizontal=False)
    return found.flip(horizontal=True) if columns else found
