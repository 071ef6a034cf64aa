"""What is implausible about a set, found while its samples pass: every kind has a name, and the grave ones stop."""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from filecmp import cmp
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maskwright.core.classes import Classes
from maskwright.core.names import shown
from maskwright.core.plurals import many
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.formats._alignment import Looking, Neighbours, Shift

if TYPE_CHECKING:
    from maskwright.formats._laying import Laying

#: The kinds that stop an import or a conversion: the labels are likely to be wrong, or there are none.
GRAVE = {
    "nothing found": "no image, or no segment in any of them",
    "most images missing": "more than half of the images are not where the labels say",
    "most sizes differ": "more than half of the images are not of the size that their labels state",
    "height and width exchanged": "images are as high as their labels say they are wide",
    "fractions as pixels": "most of what was drawn lies in the first pixels of the image's corner",
    "pixels as fractions": "most of what was drawn lies several image sizes away",
    "x and y exchanged": "points leave images in one direction, fit when exchanged, and none uses the longer side",
    "class beyond the names": "segments are of a number that no class has, as where numbers begin at 1 and names at 0",
    "shifted labels": "images change along borders that are some pixels from the masks', the same way in all",
    "labels of the neighbour": "masks outline what the image before or behind shows",
}
#: The kinds that are told: the set may be meant so.
TOLD = {
    "images missing": "some images are not where the labels say",
    "videos missing": "files of video whose frames are labelled and that are not there",
    "images at addresses": "images that are not here, and are read from the addresses that the labels name",
    "images unreadable": "files that are not images, or of a kind that cannot be read",
    "images cut short": "files that end too early",
    "pages left out": "files of several pages whose labels are of the first",
    "labels without an image": "files or rows of labels that no image belongs to",
    "images without labels": "images without a segment or a file of labels, where most have some",
    "sizes differ": "images that are not of the size that their labels state",
    "odd sizes": "a few images of another size than nine in ten",
    "outside the image": "what was drawn leaves the image by more than a little",
    "tracks left out": "tracks of a video that have no area",
    "second annotators": "images that several people labelled, of whom one is read as the labels",
    "classes never used": "declared classes without a segment",
    "classes without a name": "classes that are called by their number",
    "background as a class": "the background is one of the objects",
    "specks": "classes of a handful of pixels in the whole set",
    "doubled names": "classes whose names differ in case, spaces or composition of letters only",
    "doubled images": "one image under several names",
    "images in two splits": "one image under several names, in different splits",
    "doubled segments": "two segments of one class and image are the same pixels",
    "empty masks": "segments without a pixel",
    "single pixels": "many segments of one pixel",
    "whole images": "segments that cover all of their image",
    "inverted masks": "one class covers all but something in the middle of nearly every image",
    "crowds only": "every segment is a region of many objects",
    "unknown orientation": "images whose flag of rotation is not one of the eight",
}
KINDS = GRAVE | TOLD

#: So many images are remembered to find doubles among.
_REMEMBERED = 50_000
#: A class of fewer pixels, and of less than one in so many, is rather a slip of the hand than a class.
_SPECK, _SHARE = 10, 10_000
#: So many examples are named.
_EXAMPLES = 3
#: So far, in pixels and in sizes of the image, may a point lie outside.
_PIXELS_OUTSIDE, _SIZES_OUTSIDE = 2.0, 0.02
_UNNAMED = re.compile(r"(?:class|category|label|id)?[ _-]?(-?\d+)", re.IGNORECASE)
_BACKGROUND = {"background", "bg", "back ground", "hintergrund"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is implausible. kind: of KINDS.  grave: whether it stops an import or a conversion that is not forced.

    number: how many samples, segments, classes or files.  example: one of them, None where there is none.
    text: one sentence that says where, what was found, what is expected and what to do.
    """

    kind: str
    grave: bool
    number: int
    example: str | None
    text: str


class Noted(str):
    """A note of a reader that is a finding as well. kind, number, example: as of `Finding`."""

    __slots__ = ("example", "kind", "number")

    kind: str
    number: int
    example: str | None

    def __new__(cls, text: str, kind: str, number: int, example: str | None = None) -> Self:
        made = super().__new__(cls, text)
        made.kind, made.number, made.example = kind, number, example
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Noted, (str(self), self.kind, self.number, self.example)


def is_speck(pixels: int, every: int) -> bool:
    """Whether a class of so many pixels, of so many that a whole set has, is rather a slip of the hand."""
    return 0 < pixels < _SPECK and pixels * _SHARE < every


@dataclass
class Tally:
    """How many there were, and the first of them."""

    number: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str, number: int = 1) -> None:
        self.number += number
        if len(self.examples) < _EXAMPLES:
            self.examples.append(shown(example))

    def such_as(self) -> str:
        """The first of them with commas, and an ellipsis where there are more."""
        return ", ".join(self.examples) + (", …" if self.number > len(self.examples) else "")


class Watch:
    """Looks at samples as they pass and says afterwards what is implausible; holds counts and examples only.

    classes: what the set declares.  path: of the set, for the sentences.  labelled: whether it has labels at all.
    laying: what has looked at the same samples' image files.  named: whether the folder of images can be named.
    """

    def __init__(
        self, classes: Classes, path: str | Path, laying: "Laying", *, labelled: bool = True, named: bool = False
    ) -> None:
        self._classes = {class_.id: class_ for class_ in classes}
        self._place = shown(Path(path).name or path)
        self._labelled, self._named = labelled, named
        self._laying = laying
        self._samples = self._segments = self._crowds = self._drawn = 0
        self._used: Counter[int] = Counter()
        self._areas: Counter[int] = Counter()
        self._sizes: Counter[tuple[int, int]] = Counter()
        self._odd: dict[tuple[int, int], str] = {}
        self._tallies: dict[str, Tally] = {}
        self._as_is = 0
        self._complements = Tally()
        self._seen: dict[Any, tuple[str, str, str | None]] = {}
        self._looking = Looking()

    def see(self, sample: Sample, *, is_there: bool, fits: bool) -> None:
        """The next sample. is_there, fits: what `laying` said of it."""
        self._samples += 1
        self._note_size(sample)
        if is_there:
            self._note_image(sample)
        segments = sample.segments
        number = len(segments)
        if not number:
            self._tally("images without labels").add(sample.key)
        else:
            self._segments += number
            class_ids = segments.class_ids.tolist()
            self._used.update(class_ids)
            self._note_masks(sample, class_ids)
        if fits:
            self._looking.follow(sample)

    def _tally(self, kind: str) -> Tally:
        return self._tallies.setdefault(kind, Tally())

    def _note_size(self, sample: Sample) -> None:
        size = sample.image.size
        if size in self._sizes or len(self._sizes) < 1000:
            self._sizes[size] += 1
            self._odd.setdefault(size, sample.key)

    def _note_image(self, sample: Sample) -> None:
        """Doubles: the same file again, or one of the same name and the same bytes."""
        uri = sample.image.uri
        try:
            same = (os.path.basename(uri), os.path.getsize(uri))  # noqa: PTH119, PTH202 - asked for every image
        except (OSError, ValueError):
            same = (uri, -1)  # a page of a file
        first = self._seen.get(uri) or self._seen.get(same)
        if first is None:
            if len(self._seen) < 2 * _REMEMBERED:
                self._seen[uri] = self._seen[same] = (uri, sample.key, sample.split)
            return
        if first[0] != uri and not cmp(first[0], uri, shallow=False):
            return
        leaks = sample.split != first[2] and None not in (sample.split, first[2])
        where = f" ({first[2]} and {sample.split})" if leaks else ""
        self._tally("images in two splits" if leaks else "doubled images").add(f"{first[1]} and {sample.key}{where}")

    def _note_masks(self, sample: Sample, class_ids: list[int]) -> None:
        segments, (height, width) = sample.segments, sample.image.size
        areas = segments.masks.areas().tolist()
        boxes = segments.masks.boxes().tolist()
        if segments.is_crowd.any():
            self._crowds += int(np.count_nonzero(segments.is_crowd))
        if len(set(zip(class_ids, areas, strict=True))) < len(areas):
            self._note_doubles(sample, class_ids, areas)
        for class_id, area in zip(class_ids, areas, strict=True):
            self._areas[class_id] += area
        all_pixels, geometry = height * width, segments.more.get("geometry")
        for row, (area, (left, top, right, bottom)) in enumerate(zip(areas, boxes, strict=True)):
            if area <= 1 or area == all_pixels or (geometry is None and area <= 4):
                self._note_odd(sample, row, area)
            if (right > height) if width > height else (bottom > width):
                self._as_is += 1
            if geometry is not None and (left <= 0 or top <= 0 or right >= width or bottom >= height):
                self._note_drawn(sample, row, area, geometry[row])
        if len(areas) == 1 and 2 * areas[0] > all_pixels > areas[0] and boxes[0] == [0, 0, width, height]:
            self._complements.number += 1
            if len(self._complements.examples) < 12 and _covers_frame(segments):
                self._complements.examples.append(shown(sample.key))
        self._drawn += len(areas)

    def _note_odd(self, sample: Sample, row: int, area: int) -> None:
        segment = f"{sample.key} segment {sample.segments.ids[row]}"
        if area == 0:
            box = sample.segments.more.get("box")
            if box is None or box[row] is None:
                self._tally("empty masks").add(segment)
        elif area == 1 < sample.image.size[0] * sample.image.size[1]:
            self._tally("single pixels").add(segment)
        elif area > 4:
            self._tally("whole images").add(segment)

    def _note_doubles(self, sample: Sample, class_ids: list[int], areas: list[int]) -> None:
        masks = sample.segments.masks
        first: dict[tuple[int, int], int] = {}
        for row, known in enumerate(zip(class_ids, areas, strict=True)):
            if not known[1]:
                continue
            before = first.setdefault(known, row)
            if before != row and masks[[before]] == masks[[row]]:
                ids = sample.segments.ids
                self._tally("doubled segments").add(f"{sample.key} segments {ids[before]} and {ids[row]}")

    def _note_drawn(self, sample: Sample, row: int, area: int, drawn: Any) -> None:
        """What was drawn for a mask that touches the image's edge, or has no pixel."""
        found = _extent(drawn)
        if found is None:
            return
        height, width = sample.image.size
        left, top, right, bottom = found
        key = f"{sample.key} segment {sample.segments.ids[row]}"
        if area <= 4 and max(right, bottom) <= 1.01 and min(left, top) >= -0.01:
            self._tally("fractions as pixels").add(key)
            return
        if area <= 4 * max(1, height * width // 10_000) and right <= width / 90 and bottom <= height / 90:
            self._tally("fractions as pixels").add(key)
        far_x = _beyond(left, right, width)
        far_y = _beyond(top, bottom, height)
        if not far_x and not far_y:
            return
        self._tally("outside the image").add(key)
        if max(right / width, bottom / height) > 2:
            self._tally("pixels as fractions").add(key)
        if far_x != far_y and not _beyond(left, right, height) and not _beyond(top, bottom, width):
            self._tally("x and y exchanged").add(key)

    # -- afterwards -----------------------------------------------------------------------------------------

    def findings(self, notes: Iterable[str]) -> list[Finding]:
        """What was found, grave ones first. notes: of the reader; those that are `Noted` count."""
        out = [*self._of_images(), *self._of_masks(), *self._of_classes(), *self._of_places()]
        told = (note for note in notes if isinstance(note, Noted))
        out += [Finding(note.kind, note.kind in GRAVE, note.number, note.example, str(note)) for note in told]
        return sorted(out, key=lambda finding: not finding.grave)

    def _found(self, kind: str, number: int, example: str | None, text: str) -> Finding:
        return Finding(kind, kind in GRAVE, number, example, f"{self._place}: {text}")

    def _of_images(self) -> Iterator[Finding]:
        if self._labelled and not self._segments:
            found = f"{many(self._samples, 'image')} and no segment" if self._samples else "no image"
            yield self._found(
                "nothing found", self._samples, None,
                f"{found} found, where labelled images are expected; check that this is the right file or folder, and "
                "the format",
            )  # fmt: skip
        yield from self._of_files()
        bare = self._tallies.get("images without labels")
        if bare and self._segments and 2 * bare.number < self._samples:
            yield self._found(
                "images without labels", bare.number, bare.examples[0],
                f"{many(bare.number, 'image')} of {self._samples} {_have(bare.number)} no segment ({bare.such_as()}); "
                "an image without objects is one to learn from, one that nobody labelled is better left out",
            )  # fmt: skip
        (usual, most), *_ = [*self._sizes.most_common(1), ((0, 0), 0)]
        number = self._samples - most
        if number and most >= 9 * number:
            key = next(key for size, key in self._odd.items() if size != usual)
            yield self._found(
                "odd sizes", number, shown(key),
                f"{many(number, 'image')}, such as {shown(key)}, {_are(number)} not of the size of all others, "
                f"{usual[0]} x {usual[1]} (height x width); see whether "
                f"{'they belong' if number > 1 else 'it belongs'} here",
            )  # fmt: skip
        for kind, what in (("doubled images", ""), ("images in two splits", " in different splits")):
            if tally := self._tallies.get(kind):
                todo = "leave one of each out" if what else "see whether one of each is enough"
                yield self._found(
                    kind, tally.number, tally.examples[0],
                    f"{many(tally.number, 'image')} {_are(tally.number)} there under another name{what} as well "
                    f"({tally.such_as()}), where each is expected once; {todo}",
                )  # fmt: skip

    def _of_files(self) -> Iterator[Finding]:
        laying = self._laying
        missing, looked = laying.missing, laying.looked
        if missing.number:
            kind = "most images missing" if 2 * missing.number > looked else "images missing"
            yield self._found(
                kind, missing.number, missing.examples[0],
                f"{missing.number} of {many(looked, 'image')} {_are(missing.number)} not where the labels say "
                f"({missing.such_as()}); put {'them' if missing.number > 1 else 'it'} there"
                + (", or name their folder with -o images=FOLDER" if self._named else ""),
            )  # fmt: skip
        if laying.unreadable.number:
            yield self._found(
                "images unreadable", laying.unreadable.number, laying.unreadable.examples[0],
                f"{many(laying.unreadable.number, 'image')} cannot be read ({laying.unreadable.such_as()}); replace "
                "the file, or leave it out",
            )  # fmt: skip
        if laying.exchanged and 2 * laying.exchanged > laying.there:
            yield Finding("height and width exchanged", True, laying.exchanged, laying.amiss.examples[0],
                          self._exchanged())  # fmt: skip
        elif laying.amiss.number:
            kind = "most sizes differ" if 2 * laying.amiss.number > laying.there else "sizes differ"
            yield Finding(kind, kind in GRAVE, laying.amiss.number, laying.amiss.examples[0], laying.amiss_note())
        if laying.cut.number:
            yield Finding("images cut short", False, laying.cut.number, laying.cut.examples[0], laying.cut_note())
        if laying.paged.number:
            yield self._found(
                "pages left out", laying.paged.number, laying.paged.examples[0],
                f"{many(laying.paged.number, 'image')} {_are(laying.paged.number)} the first page of a file of several "
                f"({laying.paged.such_as()}), where one is expected; read stacks with their labels with -f stacks, or "
                "save the page that is meant alone",
            )  # fmt: skip
        if laying.flags.number:
            yield self._found(
                "unknown orientation", laying.flags.number, laying.flags.examples[0],
                f"{many(laying.flags.number, 'image')} {_have(laying.flags.number)} a flag of rotation that is not 1 "
                f"to 8 ({laying.flags.such_as()}), and {_are(laying.flags.number)} read as stored; see whether "
                f"{'they stand' if laying.flags.number > 1 else 'it stands'} upright",
            )  # fmt: skip

    def _exchanged(self) -> str:
        return f"{self._place}: {self._laying.amiss_note()}: height and width seem to be exchanged in the labels"

    def _of_masks(self) -> Iterator[Finding]:
        empty = self._tallies.get("empty masks")
        if empty:
            yield self._found(
                "empty masks", empty.number, empty.examples[0],
                f"{many(empty.number, 'segment')} of {self._segments} {_have(empty.number)} no pixel "
                f"({empty.such_as()}), where a mask is expected; draw them again, or leave them out",
            )  # fmt: skip
        pixels = self._tallies.get("single pixels")
        if pixels and pixels.number >= 3 and 10 * pixels.number >= self._segments:
            yield self._found(
                "single pixels", pixels.number, pixels.examples[0],
                f"{pixels.number} of {self._segments} segments are a single pixel ({pixels.such_as()}); check the "
                "scale of the coordinates, or filter specks out before",
            )  # fmt: skip
        whole = self._tallies.get("whole images")
        if whole:
            yield self._found(
                "whole images", whole.number, whole.examples[0],
                f"{many(whole.number, 'segment')} {'cover' if whole.number > 1 else 'covers'} all of the image "
                f"({whole.such_as()}), where something is expected around an object; see whether it is the background",
            )  # fmt: skip
        doubled = self._tallies.get("doubled segments")
        if doubled:
            yield self._found(
                "doubled segments", doubled.number, doubled.examples[0],
                f"{many(doubled.number, 'segment')} {_are(doubled.number)} the same pixels as another of the class in "
                f"that image ({doubled.such_as()}), where each object is expected once; leave one of them out",
            )  # fmt: skip
        if self._segments and self._crowds == self._segments:
            yield self._found(
                "crowds only", self._crowds, None,
                f"all {self._crowds} segments are regions of many objects (crowds), which are neither trained on nor "
                "scored; see whether the flag is meant",
            )  # fmt: skip
        frames = self._complements
        labelled = self._samples - self._tallies.get("images without labels", Tally()).number
        if (
            len(frames.examples) >= 3
            and 10 * len(frames.examples) >= 9 * min(labelled, 12)
            and (10 * frames.number >= 9 * labelled)
        ):
            yield self._found(
                "inverted masks", frames.number, frames.examples[0],
                f"the masks of {frames.number} images cover all but something in the middle "
                f"({', '.join(frames.examples[:_EXAMPLES])}), as where objects are 0 and the background is not; if so, "
                "invert the masks, or declare that class the background",
            )  # fmt: skip

    def _of_places(self) -> Iterator[Finding]:
        tallies = self._tallies
        far, tiny = tallies.get("pixels as fractions"), tallies.get("fractions as pixels")
        swapped, outside = tallies.get("x and y exchanged"), tallies.get("outside the image")
        if tiny and 2 * tiny.number > self._segments:
            yield self._found(
                "fractions as pixels", tiny.number, tiny.examples[0],
                f"{tiny.number} of {self._segments} segments lie in the first pixels of the corner "
                f"({tiny.such_as()}): coordinates seem to be fractions, where pixels are expected; multiply them by "
                "the image's size, or name the format that has fractions",
            )  # fmt: skip
        elif far and 2 * far.number > self._segments:
            yield self._found(
                "pixels as fractions", far.number, far.examples[0],
                f"{far.number} of {self._segments} segments reach several image sizes out of the image "
                f"({far.such_as()}): coordinates seem to be pixels, where fractions or per cents of the image's size "
                "are expected; divide them by it",
            )  # fmt: skip
        elif swapped and 20 * swapped.number >= self._segments and 10 * self._as_is <= swapped.number:
            yield self._found(
                "x and y exchanged", swapped.number, swapped.examples[0],
                f"{swapped.number} of {self._segments} segments leave the image in one direction and fit with x and y "
                f"exchanged ({swapped.such_as()}), and none uses the longer side; x is expected before y",
            )  # fmt: skip
        elif outside:
            yield self._found(
                "outside the image", outside.number, outside.examples[0],
                f"what was drawn for {many(outside.number, 'segment')} of {self._segments} leaves the image by more "
                f"than a little ({outside.such_as()}) and is cut at its edge; see whether the image is the one that "
                "was labelled",
            )  # fmt: skip
        match self._looking.found():
            case Shift(x, y, number, key):
                yield self._found(
                    "shifted labels", number, shown(key),
                    f"in all {number} images that were looked at, such as {shown(key)}, what the masks outline is "
                    f"about {_way(x, y)} from them, where borders of masks are expected on borders in the image; shift "
                    "the labels by that, and see whether images were cropped or padded",
                )  # fmt: skip
            case Neighbours(places, number, key, other):
                yield self._found(
                    "labels of the neighbour", number, shown(key),
                    f"in the {number} images that were looked at the masks outline what the image "
                    f"{'behind' if places > 0 else 'before'} shows, such as those of {shown(key)} the image of "
                    f"{shown(other)}, where each is expected to have its own; pair images and labels again",
                )  # fmt: skip

    def _of_classes(self) -> Iterator[Finding]:
        classes, used = self._classes, self._used
        if beyond := sorted(used.keys() - classes.keys()):
            number = sum(used[class_id] for class_id in beyond)
            first = min(classes, default=None)
            why = ""
            if first is not None and not used[first] and beyond == [max(classes) + 1]:
                why = f"; class {first} is never used, so that numbers seem to begin at {first + 1}"
            known = ", ".join(f"{low} to {high}" if low < high else f"{low}" for low, high in _stretches(classes))
            yield self._found(
                "class beyond the names", number, str(beyond[0]),
                f"{many(number, 'segment')} {_are(number)} of class {', '.join(map(str, beyond[:_EXAMPLES]))}, where "
                f"the classes are {known or 'none'}{why}; give the class a name, or renumber the labels",
            )  # fmt: skip
        own = [class_ for class_ in classes.values() if class_.role == "class"]
        unused = [class_ for class_ in own if not used[class_.id]]
        if unused and self._segments:
            yield self._found(
                "classes never used", len(unused), shown(unused[0].name),
                f"{len(unused)} of {len(own)} classes {_have(len(unused))} no segment "
                f"({_names(class_.name for class_ in unused)}), where each is expected to have some; leave them out, "
                "or find their labels",
            )  # fmt: skip
        numbered = [class_ for class_ in own if used[class_.id] and _is_number(class_.name, class_.id)]
        if numbered:
            yield self._found(
                "classes without a name", len(numbered), shown(numbered[0].name),
                f"{len(numbered)} of {len(own)} classes {_are(len(numbered))} called by "
                f"{'their' if len(numbered) > 1 else 'its'} number ({_names(class_.name for class_ in numbered)}), "
                "where names are expected; give names where the format has an option for them",
            )  # fmt: skip
        every = sum(number * height * width for (height, width), number in self._sizes.items())
        specks = [class_ for class_ in own if is_speck(self._areas[class_.id], every)]
        if specks:
            yield self._found(
                "specks", len(specks), shown(specks[0].name),
                f"{many(len(specks), 'class')} {_have(len(specks))} fewer than {_SPECK} "
                f"pixels in all images together ({_names(class_.name for class_ in specks)}), where areas are "
                "expected; these are likely slips of the hand: paint them over, or merge them into another class",
            )  # fmt: skip
        ground = [class_ for class_ in own if class_.name.strip(" _").casefold() in _BACKGROUND]
        if ground:
            number, name = used[ground[0].id], shown(ground[0].name)
            yield self._found(
                "background as a class", number, name,
                f"class {ground[0].id} {name!r} is one of the objects and has {many(number, 'segment')}, where the "
                "background is expected to be what no segment covers; leave the class out, or declare it background",
            )  # fmt: skip
        alike: dict[str, list[str]] = {}
        for class_ in classes.values():
            alike.setdefault(" ".join(unicodedata.normalize("NFC", class_.name).casefold().split()), []).append(
                class_.name
            )
        pairs = [names for names in alike.values() if len(names) > 1]
        if pairs:
            said = " and ".join(repr(shown(name)) for name in pairs[0])
            yield self._found(
                "doubled names", len(pairs), shown(pairs[0][0]),
                f"{many(len(pairs), 'name')} {_are(len(pairs))} there in several spellings, such as {said}, where one "
                "class is expected; make one class of them",
            )  # fmt: skip


def stop_on(findings: Iterable[Finding]) -> str | None:
    """The texts of the grave ones as one sentence, None where there are none."""
    grave = [f"{finding.kind}: {finding.text}" for finding in findings if finding.grave]
    return "; ".join(grave) or None


def _extent(drawn: Any) -> tuple[float, float, float, float] | None:
    """(left, top, right, bottom) of the points that were drawn; None where there are none."""
    if not isinstance(drawn, Mapping):
        return None
    if drawn.get("shape") == "several":
        boxes = [box for box in map(_extent, drawn.get("shapes") or ()) if box is not None]
        if not boxes:
            return None
        left, top, right, bottom = zip(*boxes, strict=True)
        return min(left), min(top), max(right), max(bottom)
    try:
        if drawn.get("shape") == "polygon":
            rings = [ring for part in drawn["parts"] for ring in part if ring]
            if not rings:
                return None
            return (
                min(min(ring[::2]) for ring in rings), min(min(ring[1::2]) for ring in rings),
                max(max(ring[::2]) for ring in rings), max(max(ring[1::2]) for ring in rings),
            )  # fmt: skip
        if drawn.get("shape") == "rectangle" and not drawn.get("turn") and len(drawn["box"]) == 4:
            left, top, right, bottom = drawn["box"]
            return left, top, right, bottom
    except (KeyError, TypeError, ValueError):
        return None
    return None


def _beyond(low: float, high: float, side: int) -> bool:
    """Whether a stretch leaves 0 … side by more than a little."""
    little = max(_PIXELS_OUTSIDE, _SIZES_OUTSIDE * side)
    return low < -little or high > side + little


def _covers_frame(segments: Segments) -> bool:
    """Whether the only mask covers the image's outermost rows and columns, but for a few pixels."""
    mask = segments.masks.decode()[0]
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return bool(edge.mean() >= 0.98)


def _stretches(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of up to eight stretches of numbers without a gap."""
    ordered = sorted(numbers)
    breaks = [0, *(k + 1 for k, (low, high) in enumerate(pairwise(ordered)) if high > low + 1), len(ordered)]
    yield from ((ordered[start], ordered[end - 1]) for start, end in pairwise(breaks[:9]) if end > start)


def _is_number(name: str, class_id: int) -> bool:
    found = _UNNAMED.fullmatch(name.strip())
    return found is not None and int(found[1]) == class_id


def _names(names: Iterable[str]) -> str:
    found = [shown(name, 40) for name in names]
    return ", ".join(found[:5]) + (", …" if len(found) > 5 else "")


def _way(x: int, y: int) -> str:
    """Pixels in words."""
    across = f"{abs(x)} pixels to the {'right' if x > 0 else 'left'}"
    down = f"{abs(y)} pixels {'down' if y > 0 else 'up'}"
    if abs(x) < 2 or abs(y) < 2:
        return across if abs(x) >= abs(y) else down
    return f"{across} and {down}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
