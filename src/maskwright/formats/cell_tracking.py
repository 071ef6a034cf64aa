"""Cell Tracking Challenge, read only: frames in 01/, and the outlines of cells in some of them in 01_GT/SEG/.

Layout: https://celltrackingchallenge.net/datasets, "Naming and file content conventions".  01/t000.tif is a frame, a
stack in 3D; 01_GT/SEG/man_seg000.tif or, of one slice, man_seg_000_007.tif numbers its cells; 01_ST/SEG has the silver
truth, 01_GT/TRA/man_track000.tif a marker a cell that keeps its number from frame to frame, man_track.txt a line a
track with its first and last frame and its parent, and 01_RES/mask000.tif the results of a program.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _listing
from maskwright.formats._aside import Aside, current
from maskwright.formats._contract import Reading
from maskwright.formats._plausible import Noted
from maskwright.formats._rasters import fitting, whole_numbers
from maskwright.formats._roles import split_of
from maskwright.media import Description, describe, pages

LOSES: frozenset[str] = frozenset()

_LABEL = re.compile(
    r"(?P<home>.*/)?(?P<sequence>\d{2,})_"
    r"(?:(?P<truth>GT|ST)/(?P<kind>SEG|TRA)/man_(?:seg|track)|(?P<results>RES)/mask)_?(?P<time>\d+)(?:_(?P<level>\d+))?\.tif"
)
_FRAME = re.compile(r"t(\d+)\.tif")
_KINDS = {"gold": ("GT", "SEG"), "silver": ("ST", "SEG"), "markers": ("GT", "TRA"), "results": ("RES", None)}


@dataclass(frozen=True)
class _Sequence:
    """home: what stands before its name in paths, "" or with a slash behind.  frames: by their number."""

    home: str
    name: str
    frames: dict[int, Path] = field(compare=False)

    @property
    def key(self) -> str:
        return f"{self.home}{self.name}"


@dataclass(frozen=True)
class _Label:
    """A page of a label file. level: the slice of the frame, None in 2D.  page: the page of the file."""

    sequence: _Sequence
    time: int
    file: Path
    level: int | None = None
    page: int = 0


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: 01/t000.tif with 01_GT/, 01_ST/ or 01_RES/."""
    if not path.is_dir():
        return 0.0
    return 0.95 if any(_sequences(path).values()) else 0.0


#: Number and slice of the frame, and the label file.
_File = tuple[int, int | None, Path]
#: The label files of a sequence by what they are, of `_KINDS`.
_Files = dict[tuple[str, str | None], list[_File]]


def _sequences(path: Path) -> dict[_Sequence, _Files]:
    """The label files of each sequence whose frames are there."""
    frames: dict[str, dict[int, Path]] = {}
    found: dict[tuple[str, str], _Files] = {}
    for file in _listing.current().of_kind(path, ".tif"):
        if not file.name.startswith(("t", "man_", "mask")):
            continue
        name = file.relative_to(path).as_posix()
        if frame := _FRAME.fullmatch(file.name):
            frames.setdefault(name.rpartition("/")[0], {})[int(frame[1])] = file
        elif label := _LABEL.fullmatch(name):
            kind = (label["truth"] or "RES", label["kind"])
            level = None if label["level"] is None else int(label["level"])
            own = found.setdefault((label["home"] or "", label["sequence"]), {})
            own.setdefault(kind, []).append((int(label["time"]), level, file))
    return {
        _Sequence(home, name, frames[f"{home}{name}"]): kinds
        for (home, name), kinds in sorted(found.items()) if f"{home}{name}" in frames
    }  # fmt: skip


def read(
    path: Path, *, truth: Literal["gold", "silver", "markers", "results"] | None = None,
    frames: Literal["labelled", "all"] = "labelled", class_name: str = "cell",
) -> Reading:  # fmt: skip
    """truth: gold, what people outlined; silver, what programs agree on; markers, the small ones of the tracks; or
    results of a program; else gold, or silver where there is no gold.

    frames: labelled, or all: then frames without labels come without segments and with the field "unlabelled".
    class_name: what is outlined.  Of a frame in 3D each slice is a sample.  The attributes `track` and `parent` of a
    segment are those of the one marker that lies in it.
    """
    aside = current()
    sequences = _sequences(path)
    there = {name for name, kind in _KINDS.items() if any(kind in files for files in sequences.values())}
    chosen = truth or next((name for name in ("gold", "silver") if name in there), None)
    if chosen is None or chosen not in there:
        raise FormatError(
            f"has no {chosen or 'gold or silver'} labels" if sequences else "no 01/ with frames and 01_GT/ here",
            file=path, needed="01/t000.tif with 01_GT/SEG/man_seg000.tif",
            todo=f"Read {' or '.join(sorted(there))}, with -o truth={min(there)}." if there else None,
        )  # fmt: skip
    labels = [
        _Label(sequence, time, file, level)
        for sequence, files in sequences.items()
        for time, level, file in sorted(files.get(_KINDS[chosen], []), key=_place)
    ]  # fmt: skip
    lone = [label for label in labels if label.time not in label.sequence.frames]
    labels = [page for label in labels if label.time in label.sequence.frames for page in _pages(label)]
    labelled = {label.sequence.frames[label.time] for label in labels}
    bare = [
        _Label(sequence, time, file) for sequence in sequences for time, file in sorted(sequence.frames.items())
        if file not in labelled
    ]  # fmt: skip
    notes = _notes(chosen, there, [label.file.relative_to(path).as_posix() for label in bare], frames, truth)
    bare = [page for label in bare for page in _pages(label)] if frames == "all" else []
    if lone:
        text = f"{len(lone)} label files have no frame and were left out, such as {shown(lone[0].file.name)}"
        notes.append(Noted(text, "labels without an image", len(lone), shown(lone[0].file.name)))
    tracks = {
        sequence: _Tracks(path, sequence, files.get(_KINDS["markers"], []), aside, results=chosen == "results")
        for sequence, files in sequences.items()
    }

    def sample_of(label: _Label) -> Sample:
        image = label.sequence.frames[label.time]
        about = describe(image)
        values = _numbers(label.file, label.page, about, label.level)
        own, masks = Masks.from_label_map(values, ignore=[0])
        if chosen in ("markers", "results"):
            attributes = [tracks[label.sequence].of_track(number) for number in own.tolist()]
        else:
            attributes = tracks[label.sequence].attributes(label, about, masks, aside)
        segments = Segments(masks, [1] * len(own), ids=own, attributes=attributes)
        return _sample(label.sequence, label.time, image, about, label.level, segments)

    def bare_of(label: _Label) -> Sample:
        about = describe(label.file)
        none = Segments.none(about.size)
        return _sample(label.sequence, label.time, label.file, about, label.level, none, unlabelled=True)

    def samples() -> Iterator[Sample]:
        yield from aside.samples(labels, sample_of, lambda label: (label.file, None))
        yield from aside.samples(bare, bare_of, lambda label: (label.file, None))

    return Reading(Classes([Class(1, class_name, "thing")]), samples(), len(labels) + len(bare), notes)


def _place(found: _File) -> tuple[int, int]:
    return found[0], -1 if found[1] is None else found[1]


def _notes(chosen: str, there: set[str], bare: list[str], frames: str, truth: str | None) -> list[str]:
    notes = []
    others = sorted(there - {chosen})
    if truth is None and others:
        notes.append(f"the {chosen} truth is read; there are {', '.join(others)} too, as -o truth={others[0]}")
    if chosen == "gold":
        notes.append("gold truth outlines some cells of a frame only in most sets of the Challenge")
    if bare and frames == "labelled":
        said = f"{len(bare)} frames have no label and were left out, such as {shown(bare[0])}"
        note = f"{said}; -o frames=all reads them, too"
        notes.append(Noted(note, "images without labels", len(bare), shown(bare[0])))
    return notes


def _pages(label: _Label) -> list[_Label]:
    """One for each slice of its file; itself where the file's name says which slice it is of, and in 2D."""
    try:
        number = 1 if label.level is not None else pages.shape(label.file)[0]
    except FormatError:
        number = 1  # reading it says what is wrong
    if number == 1:
        return [label]
    return [_Label(label.sequence, label.time, label.file, page, page) for page in range(number)]


def _numbers(file: Path, page: int, about: Description, level: int | None) -> Array:
    """(H, W) numbers of a page of a label file. Raises FormatError where its frame has no such slice, or many."""
    if about.pages > 1 and level is None:
        raise FormatError("has one slice", file=file, needed=f"{about.pages}, as its frame")
    if level is not None and level >= about.pages:
        raise FormatError(f"is of the slice {level}", file=file, needed=f"0 to {about.pages - 1}, as its frame has")
    values = pages.read(file, page)
    if values.ndim != 2:
        raise FormatError("holds colours", file=file, needed="one number a pixel")
    return fitting(whole_numbers(values, file), about, file)


def _sample(
    sequence: _Sequence, time: int, image: Path, about: Description, level: int | None, segments: Segments,
    *, unlabelled: bool = False,
) -> Sample:  # fmt: skip
    frame = f"{sequence.key}/{image.stem}"
    where = ImageRef(str(image), about.size, video=sequence.key, frame=time)
    if level is not None:
        where = ImageRef(f"{image}#page={level}", about.size, video=frame, frame=level)
    key = frame if level is None else f"{frame}/{level:03d}"
    fields = {"unlabelled": True} if unlabelled else {}
    return Sample(key, where, segments, split=split_of(sequence.home.split("/")), fields=fields)


class _Tracks:
    """The markers of a sequence, and what man_track.txt, or of results res_track.txt, says of each track."""

    def __init__(
        self, path: Path, sequence: _Sequence, markers: list[_File], aside: Aside, *, results: bool
    ) -> None:  # fmt: skip
        self._files = {(time, level): file for time, level, file in markers}
        text = path / f"{sequence.key}_{'RES/res' if results else 'GT/TRA/man'}_track.txt"
        self._parents = _parents(text, aside) if text.is_file() else {}

    def of_track(self, number: int) -> dict[str, int]:
        parent = self._parents.get(number, 0)
        return {"track": number, **({"parent": parent} if parent else {})}

    def attributes(self, label: _Label, about: Description, masks: Masks, aside: Aside) -> list[dict[str, int]]:
        """Of each mask its track and that one's parent; nothing where no marker lies in it, or several do.

        aside: where a broken file of markers is put; masks have no track then.
        """
        file, page = self._files.get((label.time, label.level)), 0
        if file is None and label.level is not None:
            file, page = self._files.get((label.time, None)), label.level
        markers: Array | None = None
        if file is not None:
            with aside.record(file):
                markers = _numbers(file, page, about, label.level)
        if markers is None:
            return [{} for _ in range(len(masks))]
        out: list[dict[str, int]] = []
        for mask in masks:
            inside = np.unique(markers[mask.decode()])
            inside = inside[inside != 0]
            out.append(self.of_track(int(inside[0])) if len(inside) == 1 else {})
        return out


def _parents(file: Path, aside: Aside) -> dict[int, int]:
    """The parent of each track of man_track.txt, 0 for none. aside: where lines are put that are not tracks."""
    out = {}
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        with aside.record(file, f"line {number}"):
            if len(words) != 4 or not all(word.isascii() and word.isdigit() for word in words):
                raise FormatError(f"{shown(line, 40)!r} is not a track",
                                  needed="its number, its first and last frame, and its parent")  # fmt: skip
            out[int(words[0])] = int(words[3])
    return out
