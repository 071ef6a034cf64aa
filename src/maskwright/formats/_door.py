"""What a place holds: every format is asked about it and about what lies around, and the best answer is chosen.

The place itself is asked about first, then the folders below it, a few levels down, and then what it is a part of.
Candidates come with reasons in words and with what they leave out; two that are near each other are refused with both
as commands, and one choice is never made silently.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from maskwright import registry
from maskwright.core.foreign import caused_by_content, explained
from maskwright.core.names import shown
from maskwright.errors import FormatError
from maskwright.formats import _archives, _listing
from maskwright.formats._contract import about_format, split_word
from maskwright.formats._drawn import all_drawn
from maskwright.formats._listing import Listing
from maskwright.formats._roles import LABEL, strength, words
from maskwright.media import is_image_file

#: From here on an answer is of labels that can be read; images without any are below it.
LEAST = 0.3
#: With an answer as good as this the folders below are not asked about.
SURE = 0.75
#: The format of images without labels, which is asked where no other is sure.
UNLABELLED = "unlabelled"
#: Scores that are as near as this do not decide: of one place, of places in one another, and of places apart.
NEAR, NEAR_NESTED, NEAR_APART = 0.02, 0.1, 0.45
#: So much less for each level down and up; so many levels down, and so many folders.
_DOWN, _UP, _LEVELS, _MOST = 0.03, 0.1, 4, 200

#: Folders that are parts of a set, which lies above them.
PARTS = frozenset({
    "annotations", "ann", "labels", "label", "masks", "images", "image", "img", "imgs", "jpegimages", "imagesets",
    "segmentationclass", "segmentationobject", "gtfine", "gtcoarse", "leftimg8bit", "ann_dir", "img_dir", "imagestr",
    "labelstr", "obj_train_data",
})  # fmt: skip
#: Files that say something of a set and are not labels themselves.
_FILES = frozenset({
    "classes.txt", "obj.names", "train.txt", "val.txt", "test.txt", "trainval.txt", "labels.txt", "labelmap.txt",
    "class_names.txt", "meta.json", "config.json", "dataset.json", "maskwright.json", "label_config.xml",
    "_classes.csv", "class_dict.csv",
})  # fmt: skip
#: Ends of files by which a folder may be a set of its own.
_SETTINGS = (".yaml", ".yml", ".json", ".data")


@dataclass(frozen=True)
class Candidate:
    """One way to read a place.

    format: its name.  path: the file or folder that it is read from, which may lie below or above the place, or be an
    unpacked archive.  options: what it is read with.  score: how sure the format is, 0 to 1, a little less for each
    level away.  reasons: in words.  left_out: what else is there and would not be read, in words.
    parts: where the set is several folders of splits, each read alone: these, below `path`.
    """

    format: str
    path: Path
    score: float
    reasons: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Path, ...] = ()

    def command(self, dataset: str = "DATASET") -> str:
        """What imports this into a dataset, to copy into a shell."""
        given = [f"-o {shlex.quote(f'{name}={value}')}" for name, value in self.options.items()]
        return " ".join(["maskwright import", shlex.quote(str(self.path)), dataset, "-f", self.format, *given])

    def notes(self, given: Path) -> list[str]:
        """What is worth saying of the choice: that another place than the given one is read, and what is left out."""
        return self.place_notes(given) + [f"left out: {what}" for what in self.left_out]

    def place_notes(self, given: Path) -> list[str]:
        """That another place than the given one is read, or several, and why; else nothing."""
        if self.path == given and not self.parts:
            return []
        return [f"read from {shown(self.path, 300)} as {self.format}: {'; '.join(self.reasons)}"]

    def to_json(self) -> dict[str, Any]:
        """As a machine reads it."""
        return {
            "format": self.format, "path": str(self.path), "score": round(self.score, 3),
            "reasons": list(self.reasons), "left_out": list(self.left_out), "options": dict(self.options),
            "parts": [str(part) for part in self.parts], "command": self.command(),
        }  # fmt: skip


def find(path: str | Path) -> list[Candidate]:
    """Every way to read a place, the best first; empty where no format knows it.

    An archive, and a folder that holds nothing but archives, is unpacked beside itself first.  A hundred thousand
    files are listed once, and a handful opened.  Raises FormatError for a place that is not there, for a dataset and
    for an archive that cannot be unpacked.
    """
    return _found(path, [])[0]


def _found(path: str | Path, problems: list[FormatError]) -> tuple[list[Candidate], Path]:
    """The ways to read a place, and the place itself or where it was unpacked to.

    problems: what formats say of files that are broken is appended.
    """
    place, said = _archives.opened(there(path))
    if (place / "maskwright.db").is_file():
        raise FormatError(
            "is a dataset, not a format of labels", file=place,
            todo=f"Write it in one with: maskwright export {shlex.quote(str(place))} FOLDER -f coco",
        )  # fmt: skip
    with _listing.listing() as listing:
        found = _around(place, listing, problems)
        if not _labelled(found) and (inner := _archives.inside(place, listing)):
            place, more = _archives.opened_all(place, inner)
            said = [*said, *more]
            found = _around(place, listing, problems)
        found = [_with_left_out(candidate, found, place, listing) for candidate in found]
    return [replace(candidate, reasons=(*candidate.reasons, *said)) for candidate in found], place


def there(path: str | Path) -> Path:
    """The path, where something is. Raises FormatError where nothing is."""
    place = Path(path)
    with explained(shown(path)):
        exists = place.exists()
    if not exists:
        raise FormatError("there is no such file or folder", file=shown(path))
    return place


def _labelled(found: list[Candidate]) -> bool:
    return any(candidate.score >= LEAST for candidate in found)


def _around(place: Path, listing: Listing, problems: list[FormatError]) -> list[Candidate]:
    found = _asked(place, listing, problems)
    if not _labelled(found):
        found += _above(place, listing, problems)
        if _labelled(found):
            return sorted(found, key=lambda candidate: -candidate.score)
    if not any(candidate.score >= SURE for candidate in found) and place.is_dir():
        found += _together(list(_below(place, listing, list(found))))
    elif place.is_dir():
        found += _sets_inside(place, listing)
    return sorted(found, key=lambda candidate: -candidate.score)


def _asked(place: Path, listing: Listing, problems: list[FormatError], away: float = 0.0) -> list[Candidate]:
    """What the formats say of one place. away: how much less it counts."""
    ours = registry.canonical(about_format(place) or "") if place.is_dir() else ""
    if ours in registry.names("formats"):
        return [Candidate(ours, place, 1.0 - away, (f"it was written by Maskwright, as {ours}",))]
    out: list[Candidate] = []
    names = registry.names("formats")
    for name in [*(name for name in names if name != UNLABELLED), UNLABELLED]:
        if name == UNLABELLED and (away or _labelled(out)):
            break
        sure = _sure(name, place, problems)
        if sure > 0:
            reasons = (*getattr(sure, "reasons", ()), *_counted(place, listing))
            out.append(Candidate(name, place, max(sure - away, 0.01), reasons or (_described(name),)))
    return out


def _sure(name: str, place: Path, problems: list[FormatError]) -> float:
    """How sure the format is, 0 to 1; a file that breaks its look is not its own, and is added to `problems`.

    A format of another distribution whose look is broken itself is set aside.
    """
    try:
        sure = registry.load("formats", name).sniff(place)
        if not 0 < float(sure) <= 1:
            return float(float(sure) > 0)
    except FormatError as error:
        problems.append(error)
        return 0.0
    except Exception as error:
        if caused_by_content(error):
            return 0.0
        if name not in registry.outside("formats"):
            raise
        registry.set_aside("formats", name, f"raises {type(error).__name__} when its sniff is asked ({error})")
        return 0.0
    return sure  # type: ignore[no-any-return]


def _described(name: str) -> str:
    """What the format looks for, as its `sniff` says it."""
    text = " ".join((registry.load("formats", name).sniff.__doc__ or "").split())
    what = text.partition(", 0 to 1: ")[2].partition(". ")[0].rstrip(".")
    return what or f"{name} says so"


def _counted(place: Path, listing: Listing) -> Iterator[str]:
    """How much of what is there, by the ends of names."""
    if place.is_file():
        return
    numbers: dict[str, int] = {}
    for suffix, number in listing.kinds(place).items():
        kind = "image files" if is_image_file(suffix) else f"{suffix} files" if suffix else "other files"
        numbers[kind] = numbers.get(kind, 0) + number
    most = sorted(numbers, key=lambda kind: (kind != "image files", -numbers[kind], kind))[:3]
    if most:
        yield ", ".join(f"{numbers[kind]} {kind if numbers[kind] > 1 else kind[:-1]}" for kind in most)


def _below(place: Path, listing: Listing, above: list[Candidate]) -> Iterator[Candidate]:
    """The best of the folders below, each format once a branch, and again only where it is much surer farther down.

    above: what the formats say of the place itself.
    """
    asked = [candidate for candidate in above if candidate.score >= LEAST]
    sure: list[str] = []  # branches that need not be asked farther down
    number = 0
    for folder, _, _ in listing.folders(place):
        level = len(Path(folder).relative_to(place).parts)
        if level > _LEVELS or number >= _MOST:
            return
        if not level or any(folder.startswith(f"{branch}/") for branch in sure):
            continue
        number += 1
        for candidate in _asked(Path(folder), listing, [], _DOWN * level):
            known = [other for other in asked if other.format == candidate.format and _nested(other.path, Path(folder))]
            if candidate.score >= max([LEAST, *(other.score + NEAR_NESTED for other in known)]):
                asked.append(candidate)
                yield candidate
                if candidate.score + _DOWN * level >= SURE:
                    sure.append(folder)


def _sets_inside(place: Path, listing: Listing) -> list[Candidate]:
    """Sets in the folders of a place that hold settings or labels of their own, where they are of several formats.

    One set may be there once as each: a place that can be read whole is not all that is in it.
    """
    found = []
    for name in listing.inside(place)[0]:
        folder = place / name
        own = any(file.endswith(_SETTINGS) for file in listing.inside(folder)[1])
        if not own or name.lower() in PARTS or split_word(name):
            continue
        ways = [way for way in _asked(folder, listing, [], _DOWN) if way.score + _DOWN >= SURE]
        found += sorted(ways, key=lambda way: -way.score)[:1]
    return found if len({way.format for way in found}) > 1 else []


def _together(found: list[Candidate]) -> list[Candidate]:
    """Folders whose paths differ in the word for a split alone are one set, and become one candidate."""
    groups: dict[tuple[str, Path, str], list[Candidate]] = {}
    for candidate in found:
        home, below = candidate.path.parent, ""
        for parent in (candidate.path, *candidate.path.parents[:2]):
            if split_word(parent.name):
                home, below = parent.parent, candidate.path.relative_to(parent).as_posix()
                break
        groups.setdefault((candidate.format, home, below), []).append(candidate)
    out = []
    for (name, home, below), members in groups.items():
        if len(members) > 1 and below:
            parts = tuple(member.path for member in members)
            named = ", ".join(part.relative_to(home).as_posix() for part in parts)
            score = max(member.score for member in members)
            reasons = (f"{named} are each {name}, and parts of one set", *members[0].reasons)
            out.append(Candidate(name, home, score, reasons, parts=parts))
        else:
            out += members
    return out


def _above(place: Path, listing: Listing, problems: list[FormatError]) -> list[Candidate]:
    """What the place is a part of, where its name says that it is one, or it holds label maps and no image."""
    absolute = place.absolute()
    is_part = absolute.name.lower() in (_FILES if place.is_file() else PARTS)
    if not is_part and (place.is_dir() or place.suffix.lower() in (".xml", ".txt", ".json")):
        is_part = absolute.parent.name.lower() in PARTS
    if is_part:
        homes = list(_homes(absolute))
    elif place.is_dir() and all_drawn(absolute, listing):
        lines = zip((absolute, *absolute.parents), absolute.parents[:3], strict=False)
        homes = [
            (level, home) for level, (part, home) in enumerate(lines, 1)
            if strength(words(part.name), LABEL) and all_drawn(part, listing)
        ]  # fmt: skip
    else:
        return []
    why = f"{place.name} is a part of it" + ", and holds label maps alone" * (not is_part)
    for level, home in homes:
        found = [candidate for candidate in _asked(home, listing, problems, _UP * level) if candidate.score >= LEAST]
        if found:
            return [replace(candidate, reasons=(why, *candidate.reasons)) for candidate in found]
    return []


def _homes(part: Path) -> Iterator[tuple[int, Path]]:
    """The folders above a part of a set that may be the whole set, each with how many levels up it is."""
    for level, home in enumerate(part.parents[:3], 1):
        yield level, home
        if home.name.lower() not in PARTS and not split_word(home.name):
            return


def _with_left_out(candidate: Candidate, found: list[Candidate], place: Path, listing: Listing) -> Candidate:
    """With what else is there and would not be read."""
    homes = candidate.parts or (candidate.path,)
    told = [
        f"{other.path}, which looks like {other.format} ({other.score:.2f})"
        for other in found
        if other.score >= LEAST and not any(_nested(other.path, home) for home in homes)
    ][:5]
    if place.is_dir() and not any(place.is_relative_to(home) for home in homes):
        outside = [
            file for file in listing.files(place)
            if is_image_file(file) and not any(file.is_relative_to(home) for home in homes)
        ]  # fmt: skip
        if outside:
            told.append(
                f"{len(outside)} images that lie elsewhere, such as {shown(outside[0], 300)}, unless these labels name "
                "them"
            )
    return replace(candidate, left_out=tuple(told))


def holds_labels(path: str | Path) -> bool:
    """Whether labels are at a place that can be read, or are broken or packed so that reading them says why not."""
    problems: list[FormatError] = []
    try:
        return _labelled(_found(path, problems)[0]) or bool(problems)
    except FormatError:
        return True


def choose(path: str | Path, refuse: Callable[[str | Path, Path, list[FormatError]], FormatError]) -> Candidate:
    """The best way to read a place. refuse: makes the error where no format knows it.

    Raises FormatError there, and where two ways are near each other, with both as commands.
    """
    problems: list[FormatError] = []
    found, place = _found(path, problems)
    found = [candidate for candidate in found if candidate.score >= LEAST or candidate.format == UNLABELLED]
    if not found:
        raise refuse(path, place, problems)
    best = found[0]
    rivals = [other for other in found[1:] if other.score >= LEAST and _rivals(best, other)]
    if rivals:
        raise _several(path, [best, *rivals])
    return best


def _several(path: str | Path, ways: list[Candidate]) -> FormatError:
    """Two or more ways to read a place, with a command for each."""
    if len({way.path for way in ways}) > 1:
        told = f"it holds {len(ways)} sets of labels: " + ", ".join(f"{way.path} ({way.format})" for way in ways[:6])
    else:
        told = "it looks " + " and ".join(dict.fromkeys(f"like {way.format}" for way in ways))
    todo = "Choose one with --format: " + "; or ".join(way.command() for way in ways[:6])
    return FormatError(told, file=path, todo=todo)


def named(path: str | Path, name: str, *, looking: bool) -> Candidate:
    """A place to be read as one format: itself, an unpacked archive, or the only place below or above that looks so.

    looking: whether other places are looked at, where the place itself does not look like that format.  Raises
    FormatError, with a command for each, where there are several of these.
    """
    place, said = _archives.opened(there(path))
    itself = Candidate(name, place, 1.0, ("the format was given", *said))
    if not looking or _sure(name, place, []) > 0:
        return itself
    try:
        others = [candidate for candidate in find(path) if candidate.format == name and candidate.score >= LEAST]
    except FormatError:
        return itself
    if not others and place.is_dir():
        with _listing.listing() as listing:
            others = [candidate for candidate in _below(place, listing, []) if candidate.format == name]
        others = _together(others)
    if len(others) > 1:
        raise _several(path, others)
    return replace(others[0], left_out=()) if others else itself


def _rivals(best: Candidate, other: Candidate) -> bool:
    """Whether nothing decides between two: as sure of one place, or nearly as sure of places that lie apart."""
    near = NEAR if best.path == other.path else NEAR_NESTED if _nested(best.path, other.path) else NEAR_APART
    return best.score - other.score <= near + 1e-9


def _nested(first: Path, second: Path) -> bool:
    return first.is_relative_to(second) or second.is_relative_to(first)
