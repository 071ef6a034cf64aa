"""What every format module offers, and what they share.

A format is a module with

    LOSES: frozenset[str]                        what the format cannot hold, of the words in CAUSES
    KEEPS: frozenset[str]                        further built-in columns that it holds, and "sequence" where it tells
                                                 which samples are frames or slices of one; none where it is missing
    sniff(path) -> float                         how sure it is that it can read this, 0 to 1
    read(path, **options) -> Reading
    losses(sample, classes, **options) -> list[Loss]   what writing this sample would lose, with these of its options
    write(samples, classes, folder, **options) -> notes or None   into an empty folder that appears when all is there;
                                                with `about=None`, it is given what was read of whole sets, see Reading

and may offer

    prepare(sample, classes, **options) -> rows   the dear part of what `write` makes of a sample alone: plain values
    write(…, ready=None)                          asks `ready(sample)` for them, or makes them where it is None

which processes then do, and which is not done again where a killed write is started again.
`losses` and `write` are missing where nobody writes the format.  A writer that brings images along has the option
`images`: copy, link or none; one without it writes labels only.  Every file that `write` makes comes from `new_file` or
`put_image`, which keep it in that folder.  Sets written here carry maskwright.json beside the
labels: classes whole and each sample's split, which many formats have no place for, but nothing of a segment.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import compress, repeat
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from maskwright import media, registry
from maskwright.core import drawn
from maskwright.core.arrays import I64
from maskwright.core.classes import Classes
from maskwright.core.columns import SAMPLE, SEGMENT
from maskwright.core.foreign import explained
from maskwright.core.masks import Masks
from maskwright.core.names import confined, shown
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.core.staging import left
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _listing
from maskwright.formats._aside import Broken
from maskwright.formats._json import load
from maskwright.formats._plausible import Finding, stop_on
from maskwright.media import IMAGE_SUFFIXES, pages, remote

if TYPE_CHECKING:
    from maskwright.formats._door import Candidate

#: What a format may lose. Grave ones stop a write unless they are allowed; the others are only reported.
CAUSES = {
    "shape": "the mask read back differs in some pixels",
    "overlap": "pixels that an upper segment covers",
    "instances": "segments of one class become one",
    "regions": "segments of one stuff class become one",
    "empty": "a segment without a pixel, or without one that is seen",
    "class": "a segment whose class the format has no place for",
    "classes": "which class a segment is of",
    "crowd": "the crowd flag",
    "score": "the score",
    "attributes": "attributes of the segment",
    "area": "the area a file stated, a polygon's, where it is not the pixel count",
    "ids": "the segment's id, which is renumbered",
    "order": "the z-order",
    "source": "who made the segment",
    "weight": "the sampling weight",
    "fields": "the sample's own fields",
    "split": "the split",
    "sequence": "the sequence that a sample belongs to, its spacing and orientation",
    "orientation": "how the image is turned, for programs that ignore the flag in its file",
}
#: Built-in columns beyond those words; a format that holds one has it in KEEPS.
_FURTHER = {column.name: column for column in (*SAMPLE, *SEGMENT) if column.path is None}
CAUSES |= {name: column.description for name, column in _FURTHER.items()}
MINOR = frozenset({"area", "ids", "split", "source", "weight", "fields", "order", "sequence", "orientation", *_FURTHER})


class Loss(NamedTuple):
    """One thing a write loses. segment: its id, None for the whole sample. pixels: how many are lost.

    A set may have millions, so that they are small, and made in no time.
    """

    key: str
    cause: str
    segment: int | None = None
    pixels: int = 0

    @property
    def grave(self) -> bool:
        """Whether this stops a write unless losses are allowed; the others are only reported."""
        return self.cause not in MINOR


@dataclass
class Reading:
    """Classes first, then samples one by one. total: how many will come. notes: what the user should know.

    about: what the files say of the whole set and no sample can say, by format, JSON-safe: {"coco": {"train": {"info":
    …, "licenses": …}}}.  A writer that has the argument `about` is given all of it back.
    broken: records that were left out because they cannot be read, where that was asked for; whole after the last
    sample.
    findings: what is implausible, grave ones first; whole after the last sample, with their texts among the notes.
    chosen: what was read, where and why, as `formats.read` chose it.
    elsewhere: folders of label files that a file leads to, inside of what is read or not; whole after the last sample.
    """

    classes: Classes
    samples: Iterator[Sample]
    total: int | None = None
    notes: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    chosen: "Candidate | None" = None
    elsewhere: set[Path] = field(default_factory=set)

    def plausible(self, *, file: object = None) -> Iterator[Sample]:
        """The samples, and behind the last one FormatError where something grave was found. file: for the error."""
        yield from self.samples
        if (found := stop_on(self.findings)) is not None:
            raise FormatError(found, file=file, todo="If it is meant so, go on with --force.")


class Sure(float):
    """How sure a format is of a path, 0 to 1, and why: `reasons`, in words such as "data.yaml names 80 classes"."""

    reasons: tuple[str, ...]

    def __new__(cls, value: float, *reasons: str) -> Self:
        made = super().__new__(cls, value)
        made.reasons = reasons
        return made


_SPLITS = {
    "train": "train", "training": "train", "trainval": "train", "val": "val", "valid": "val", "validation": "val",
    "dev": "val", "test": "test", "testing": "test",
}  # fmt: skip


def split_word(name: str) -> str | None:
    """The split that a folder's name says, such as train of stage1_train or val of val2017; None where it says none."""
    words = "".join(sign if sign.isalpha() else " " for sign in name.lower()).split()
    return next((_SPLITS[word] for word in words if word in _SPLITS), None)


def losses_of_segments(key: str, cause: str, ids: Iterable[int]) -> Iterator[Loss]:
    """One loss without pixels a segment; a set may have some for every one. ids: of segments."""
    return map(_LOSS, zip(repeat(key), repeat(cause), ids, repeat(0)))


#: Of four values at once.
_LOSS = partial(tuple.__new__, Loss)


def common_losses(sample: Sample, loses: frozenset[str], classes: Classes | None = None) -> list[Loss]:
    """The losses that need no knowledge of the format but its LOSES."""
    segments = sample.segments
    n, ids, attributes = len(segments), segments.ids, segments.attributes
    rows: dict[str, Callable[[], Iterable[Any]]] = {
        "empty": lambda: segments.masks.areas() == 0,
        "crowd": lambda: segments.is_crowd,
        "score": lambda: ~np.isnan(segments.scores),
        "attributes": lambda: [bool(row) and row.keys() != {"area"} for row in attributes],
        "area": lambda: map(_has_area, attributes, segments.column("geometry")),
        "ids": lambda: ids != np.arange(1, n + 1),
        "source": lambda: [source != "import" for source in segments.source],
    }
    numbers = ids.tolist()
    out: list[Loss] = []
    for cause, lost in rows.items():
        if cause in loses:
            out += losses_of_segments(sample.key, cause, compress(numbers, lost()))
    if "overlap" in loses:
        hidden = hidden_pixels(segments.masks)
        out += [Loss(sample.key, "overlap", int(ids[i]), int(hidden[i])) for i in np.flatnonzero(hidden)]
        if "empty" in loses:
            gone = (hidden == segments.masks.areas()) & (hidden > 0)
            out += [Loss(sample.key, "empty", int(ids[i])) for i in np.flatnonzero(gone)]
    if "instances" in loses:
        _, first = np.unique(segments.class_ids, return_index=True)
        out += [Loss(sample.key, "instances", int(ids[i])) for i in np.setdiff1d(np.arange(n), first)]
    if "classes" in loses:
        only = next((class_.id for class_ in classes if class_.role == "class"), None) if classes is not None else None
        out += [Loss(sample.key, "classes", int(ids[i])) for i in np.flatnonzero(segments.class_ids != only)]
    if "regions" in loses:
        class_ids, seen = segments.class_ids.tolist(), set[int]()
        known = Classes() if classes is None else classes
        stuff = {number for number in set(class_ids) if number in known and known[number].kind == "stuff"}
        for i, class_id in enumerate(class_ids if stuff else ()):
            if class_id in stuff and class_id in seen:
                out.append(Loss(sample.key, "regions", int(ids[i])))
            seen.add(class_id)
    if "order" in loses and (np.diff(ids if "classes" in loses else segments.class_ids) < 0).any():
        out.append(Loss(sample.key, "order"))
    of_sample = {"weight": sample.weight != 1, "fields": bool(sample.fields), "split": sample.split is not None}
    return out + [Loss(sample.key, cause) for cause, yes in of_sample.items() if yes and cause in loses]


def _has_area(attributes: dict[str, Any], geometry: Any) -> bool:
    """Whether an area was stated, other than 0."""
    return "area" in attributes or bool(drawn.stated(geometry, attributes))


def further_losses(sample: Sample, keeps: Collection[str]) -> list[Loss]:
    """Built-in columns that `Sample.more` and `Segments.more` hold and the format does not. keeps: those it does.

    That a mask was given as run lengths says nothing that it does not say itself.
    """
    out = [Loss(sample.key, name) for name in sample.more if name not in keeps]
    for name, values in sample.segments.more.items():
        if name not in keeps:
            rows = zip(sample.segments.ids.tolist(), values, strict=True)
            default = _FURTHER[name].default
            out += [Loss(sample.key, name, own) for own, value in rows if value != default and not drawn.is_runs(value)]
    return out


#: What a writer asks for what `prepare` made of a sample.
Ready = Callable[[Sample], Any]


def bearing(function: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    """The writer's options that bear on one of its other functions."""
    return {name: value for name, value in options.items() if registry.takes(function, name, given=2)}


def losses_of(module: ModuleType, format: str, sample: Sample, classes: Classes, options: dict[str, Any]) -> list[Loss]:
    """options: the writer's."""
    with registry.naming("formats", format):
        own = list(module.losses(sample, classes, **bearing(module.losses, options)))
    keeps = getattr(module, "KEEPS", ())
    parted = [Loss(sample.key, "sequence")] if sample.image.video and "sequence" not in keeps else []
    return own + parted + further_losses(sample, keeps) + _flagged(sample, options)


def _flagged(sample: Sample, options: dict[str, Any]) -> list[Loss]:
    """Whether a file that is brought along as it is says how its image is turned."""
    place = sample.image.uri
    if options.get("images") == "none" or "://" in place or pages.page_of(place)[1] is not None:
        return []
    try:
        turned = media.describe(place).orientation != 1
    except FormatError:
        return []  # bringing it along says what is wrong, where it is brought along
    return [Loss(sample.key, "orientation")] if turned else []


def usable_ids(found: Sequence[Any]) -> list[int] | None:
    """The ids that a file states, or None, for new ones, where they are not whole numbers that tell segments apart."""
    if set(map(type, found)) != {int} or len(set(found)) < len(found):
        return None
    return list(found) if min(found) > -(2**63) and max(found) < 2**63 else None


def object_numbers(segments: Segments) -> list[int]:
    """What tells an object in all frames of its video: the attribute `track` where segments have one, else their ids.

    Ids as well where two segments of a frame would be one number.
    """
    ids = [int(identity) for identity in segments.ids]
    tracks = [attribute.get("track") for attribute in segments.attributes]
    numbers = [
        track if isinstance(track, int) and not isinstance(track, bool) else identity
        for track, identity in zip(tracks, ids, strict=True)
    ]
    return numbers if len(set(numbers)) == len(numbers) else ids


def renumbered(sample: Sample) -> list[Loss]:
    """Segments whose id is not their number in the video."""
    ids = sample.segments.ids.tolist()
    changed = [own for own, number in zip(ids, object_numbers(sample.segments), strict=True) if own != number]
    return [Loss(sample.key, "ids", own) for own in changed]


def hidden_pixels(masks: Masks) -> I64:
    """(N,) how many pixels of each mask later masks cover."""
    out = np.zeros(len(masks), np.int64)
    areas = masks.areas()
    if not len(masks) or masks.union().area() == areas.sum():
        return out  # nothing overlaps
    above = Masks.empty(masks.size, 1)
    for i in range(len(masks) - 1, -1, -1):
        own = masks[i : i + 1]
        out[i] = (own & above).areas()[0]
        above = above | own
    return out


ABOUT = "maskwright.json"
#: The same in folders of which other programs take every .json for a file of labels.
ABOUT_ASIDE = "maskwright.about"


def about_file(folder: Path) -> Path:
    """Where a set says of itself what its format has no place for; perhaps it is not there."""
    aside = folder / ABOUT_ASIDE
    return aside if aside.is_file() else folder / ABOUT


@dataclass
class About:
    """What maskwright.json says of a set that we wrote. splits: by sample key. more: what one format adds."""

    classes: Classes
    splits: dict[str, str | None]
    more: dict[str, Any]


def read_about(folder: Path) -> About | None:
    """None for sets that others wrote. Raises FormatError for a broken file."""
    file = about_file(folder)
    if not file.is_file():
        return None
    content = load(file)
    more = {name: value for name, value in content.items() if name not in ("classes", "splits", "format")}
    with explained(file):
        splits = content["splits"]
        if not isinstance(splits, dict) or not all(isinstance(split, str | None) for split in splits.values()):
            raise FormatError("its splits are not words by sample")
        return About(Classes.from_json(content["classes"]), splits, more)


def write_about(
    folder: Path, format: str, classes: Classes, splits: dict[str, str | None], *, name: str = ABOUT, **more: Any
) -> None:
    """more: what one format adds.  name: of the file."""
    content = {"format": format, "classes": classes.to_json(), **more, "splits": splits}
    new_file(folder, name).write_text(json.dumps(content, indent=1, ensure_ascii=False))


def about_format(path: Path) -> str | None:
    """The format that wrote this set, when it was ours."""
    try:
        return str(load(about_file(path))["format"])
    except (FormatError, KeyError):
        return None


def new_file(folder: Path, relative: str) -> Path:
    """A file that a writer is about to make: below `folder` with links resolved, its own folders there, itself not.

    Every file of every writer comes from here.  relative: may hold keys, splits and other text from elsewhere.  Raises
    FormatError for a path that leads out of the folder, and for one that is taken: two keys may differ and yet be
    one file by a format's rules.
    """
    try:
        target = confined(folder, relative)
    except UsageError as error:
        raise FormatError(f"{error.found}, and cannot be a file of this format", needed=error.needed) from None
    try:
        if not os.path.isdir(target.parent):  # noqa: PTH112 - asked for every file that is written
            target.parent.mkdir(parents=True, exist_ok=True)
        taken = os.path.lexists(target)
    except (FileExistsError, NotADirectoryError):
        taken = True
    if taken:
        raise FormatError(
            f"two things would be written to {shown(relative, 200)!r}", needed="a file of its own for each sample",
            todo="Rename one of the samples, or choose another format.",
        )  # fmt: skip
    return target


def image_files(folder: Path) -> list[Path]:
    """All images below a folder, sorted, hidden ones left out; links to folders elsewhere are followed."""
    return _listing.current().where(folder, media.is_image_file)


def key_of(path: Path, root: Path) -> str:
    """A sample's key: the path below `root` without its suffix, or both where gzip packed the file."""
    bare = path.relative_to(root).with_suffix("")
    return (bare.with_suffix("") if path.suffix.lower() == ".gz" else bare).as_posix()


def image_beside(folder: Path, key: str) -> Path | None:
    """The image folder/key, whatever its suffix; None where there is none."""
    home = (folder / key).parent
    name = Path(key).name
    if (listing := _listing.kept()) is not None:
        there = listing.of_stem(home, name)
        ways = (f"{name}{way}" for suffix in IMAGE_SUFFIXES for way in (suffix, suffix.upper()))
        return next((home / way for way in ways if way in there), None) if there else None
    for suffix in IMAGE_SUFFIXES:
        for found in (home / f"{name}{suffix}", home / f"{name}{suffix.upper()}"):
            if found.is_file():
                return found
    return None


def put_image(sample: Sample, folder: Path, relative: str, images: str) -> Path:
    """Bring a sample's image to `relative` below `folder`, as `new_file` has it. images: copy, link (symbolic) or none.

    A page of a larger file, and a file that gzip packed, becomes an image of its own, of the same numbers, whichever is
    asked for.  What a killed
    write of the same had copied is moved there, where the image is the same file as then.
    """
    if images == "none":
        return folder / relative
    if images not in ("copy", "link"):
        raise UsageError(f"images cannot be {images!r}", needed="copy, link or none")
    target = new_file(folder, relative)
    source, _ = pages.page_of(sample.image.uri)
    if _is_inside(sample.image.uri):
        _put_page(sample, target)
        return target
    if images == "link":
        target.symlink_to(Path(source).resolve())
        return target
    try:
        if "://" in sample.image.uri:
            shutil.copyfile(remote.local(sample.image.uri), target)
        elif (copied := left(folder, relative)) and _is_copy(copied, Path(source)):
            copied.rename(target)
        else:
            shutil.copyfile(source, target)
    except FileNotFoundError:
        raise FormatError(
            "the image is not there", file=source, record=f"sample {sample.key!r}",
            todo="Put it back, or write labels only with --images none.",
        ) from None  # fmt: skip
    return target


def _is_copy(file: Path, source: Path) -> bool:
    """Whole, and made of the source as it is: nothing changed that since, its name, rights and links included."""
    here, there = file.stat(), source.stat()
    return here.st_size == there.st_size and max(there.st_mtime_ns, there.st_ctime_ns) < here.st_mtime_ns


def _is_inside(uri: str) -> bool:
    """Whether an image is a page of a file, or packed in one."""
    source, page = pages.page_of(uri)
    return page is not None or source.lower().endswith(".gz")


def _put_page(sample: Sample, target: Path) -> None:
    """A page in its own numbers: a PNG where that holds them, else a TIFF, as `suffix_of` says."""
    image = media.read(sample.image)
    values = image.pixels[..., 0] if image.pixels.shape[2] == 1 else image.pixels
    if target.suffix == ".png":
        from PIL import Image

        Image.fromarray(values).save(target)
        return
    colours = image.channels[:3] == ("red", "green", "blue")
    more = image.pixels.shape[2] - (3 if colours else 1)
    registry.require("tifffile", f"writing {target.name}").imwrite(
        target, values, photometric="rgb" if colours else "minisblack",
        planarconfig="contig" if values.ndim == 3 else None,
        extrasamples=["unassalpha" if image.channels[-1] == "alpha" else "unspecified"] * more if more else None,
    )  # fmt: skip


#: Channels and numbers that a PNG holds and that other programs read from it.
_IN_PNG = {
    (("gray",), "uint8"), (("gray",), "uint16"), (("gray", "alpha"), "uint8"), (("red", "green", "blue"), "uint8"),
    (("red", "green", "blue", "alpha"), "uint8"),
}  # fmt: skip


def suffix_of(sample: Sample) -> str:
    """Of the image's file as it is written."""
    if _is_inside(sample.image.uri):
        found = media.describe(sample.image)
        return ".png" if (found.channels, found.dtype) in _IN_PNG else ".tif"
    return os.path.splitext(sample.image.uri)[1].lower() or ".png"  # noqa: PTH122 - a URI is not a path


def unique_keys(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Pass samples on; two with one key would overwrite each other."""
    seen = set()
    for sample in samples:
        if not isinstance(sample.key, str):
            raise FormatError(f"a sample's key is {shown(sample.key)}", needed="text")
        if sample.key in seen:
            raise FormatError(f"two samples have the key {shown(sample.key)!r}", todo="Rename one of the images.")
        seen.add(sample.key)
        yield sample
