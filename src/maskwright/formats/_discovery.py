"""Which folders of a set hold images and which hold their labels, judged by names, pairs, numbers and what files hold.

Every folder is a candidate for both, with every other and with itself.  Two folders of one kind differ from their
partners in the same way: train/images from train/masks as val/images from val/masks.  Kinds are scored, the best is
chosen, and one that is nearly as good and says something else stops the choice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from maskwright.core.names import shown
from maskwright.errors import FormatError
from maskwright.formats import _listing
from maskwright.formats._columns import Column, columns, commonest, continued, learned, stem_of
from maskwright.formats._drawn import is_drawn
from maskwright.formats._looks import Look, look, same_areas
from maskwright.formats._objects_beside import says
from maskwright.formats._roles import (
    AGAINST_IMAGE,
    AGAINST_LABEL,
    IMAGE,
    LABEL,
    all_words,
    is_split,
    split_of,
    split_of_name,
    strength,
    without_split,
    words,
)  # fmt: skip
from maskwright.formats._tree import Folder, walk

#: A kind is chosen from this score on; one that is this near to the best stops the choice.
ENOUGH, NEAR = 0.55, 0.045
#: With more folders than this, partners are looked for among those alone whose paths differ in one name.
_MANY_FOLDERS = 60
#: So many kinds are looked into, so many files of each, and so many names tell whether two folders pair at all.
_LOOKED_INTO, _FILES, _NAMES = 6, 3, 24
#: Of so many neighbours the first that is not broken is looked at.
_TRIES = 8

IMAGE_KINDS = (".jpg", ".png", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".avif", ".heic", ".heif", ".jp2",
               ".dcm", ".npy", ".ppm", ".pgm", ".jfif", ".tga", ".mpo", ".btf", ".dib", ".pnm", ".ppm.gz", ".pgm.gz",
               ".pnm.gz")  # fmt: skip
LABEL_KINDS = (".png", ".tif", ".tiff", ".bmp", ".gif", ".npy", ".npz", ".mat", ".jpg", ".jpeg", ".ppm", ".pgm", ".pbm",
               ".ppm.gz", ".pgm.gz", ".pbm.gz")  # fmt: skip

Files = dict[str, str]


@dataclass
class Place:
    """A folder and the columns that its files make, as images and as labels."""

    folder: Folder

    @cached_property
    def labels(self) -> dict[Column, Files]:
        return columns(self.folder, LABEL_KINDS)

    @cached_property
    def by_kind(self) -> dict[Column, Files]:
        return columns(self.folder, IMAGE_KINDS)

    @cached_property
    def images(self) -> dict[Column, Files]:
        """Columns of images of any kind together."""
        out: dict[Column, Files] = {}
        for column, files in sorted(self.by_kind.items(), key=lambda item: item[0].kind != "lossy"):
            if column.kind != "array" or not out:
                own = out.setdefault(Column(column.before, column.behind, ""), {})
                for core, name in files.items():
                    own.setdefault(core, name)
        return out

    @cached_property
    def _suffixes(self) -> Counter[str]:
        return Counter(stem_of(name)[1] for name in self.folder.files)

    @cached_property
    def number_of_images(self) -> int:
        return sum(self._suffixes[suffix] for suffix in IMAGE_KINDS)

    @cached_property
    def number_of_labels(self) -> int:
        return sum(self._suffixes[suffix] for suffix in LABEL_KINDS)


@dataclass
class Leaf:
    """Two folders, perhaps the same, with the files of each that pair, by the name that they share."""

    images: Place
    labels: Place
    pairs: list[tuple[str, str, str]]
    size: int

    @property
    def first(self) -> tuple[Path, Path]:
        return self.files(0)

    def files(self, at: int) -> tuple[Path, Path]:
        """Image and label of the pair with this number."""
        _, image, label = self.pairs[at]
        return self.images.folder.path / image, self.labels.folder.path / label

    def look(self, at: int = 0) -> Look:
        """At the pair with this number, or, where that is broken, at the next of a few that is not."""
        places = ((at + step) % len(self.pairs) for step in range(min(_TRIES, len(self.pairs))))
        views = (look(label, image) for image, label in map(self.files, places))
        first = next(views)
        return next((view for view in views if not view.broken), first) if first.broken else first


@dataclass(frozen=True)
class Way:
    """How the two sides of a kind differ. left, right: the names of folders that only one side's paths have.

    image, label: what file names add on either side.  learned: by what rule that nobody knew, "" where none was needed.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    image: str = ""
    label: str = ""
    learned: str = ""
    beside: bool = False
    label_kind: str = ""


@dataclass
class Kind:
    """A way and the folders that differ by it. score: 0 to about 1, with the reasons for it."""

    way: Way
    leaves: list[Leaf] = field(default_factory=list)
    score: float = 0.0
    looks: list[Look] = field(default_factory=list)

    @property
    def number(self) -> int:
        return sum(len(leaf.pairs) for leaf in self.leaves)

    @property
    def of_labels(self) -> int:
        return sum(leaf.size for leaf in self.leaves)

    @cached_property
    def label_files(self) -> frozenset[Path]:
        return frozenset(leaf.first[1] for leaf in self.leaves)

    @cached_property
    def label_homes(self) -> frozenset[Path]:
        return frozenset(leaf.labels.folder.path for leaf in self.leaves)

    @cached_property
    def image_files(self) -> frozenset[Path]:
        return frozenset(leaf.first[0] for leaf in self.leaves)

    def place(self, side: str) -> str:
        """The folders of a side as a user reads them, with * for the split: "img_dir/*"."""
        homes = {
            "/".join(map(without_split, (leaf.images if side == "images" else leaf.labels).folder.parts)) or "."
            for leaf in self.leaves
        }
        first = min(homes)
        more = f" and {len(homes) - 1} more" if len(homes) > 1 else ""
        return f"{first.removesuffix('/.')}/{more}"

    def command(self) -> str:
        """Options that choose this kind."""
        images, labels = (
            _shared([tuple(map(without_split, getattr(leaf, side).folder.parts)) for leaf in self.leaves])
            for side in ("images", "labels")
        )
        suffix = f" -o suffix={self.way.label}" if self.way.beside and self.way.label and not self.way.image else ""
        return f'-o images="{images}" -o labels="{labels}"{suffix}'


class UndecidedError(FormatError):
    """Two layouts are nearly as good as one another."""


@dataclass
class Choice:
    """The best kind, the others, all folders below the root and those with images or labels.

    alike: kinds that hold a class each of the same images, the best among them first.
    objects: the kind that tells objects apart where the best says their classes.
    """

    root: Path
    folders: list[Folder]
    kind: Kind
    others: list[Kind]
    places: list[Place]
    alike: list[Kind]
    objects: Kind | None = None


def _shared(paths: Sequence[tuple[str, ...]]) -> str:
    shared: list[str] = []
    for names in zip(*paths, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "/".join(shared) or "."


def _places(root: Path) -> tuple[list[Folder], list[Place]]:
    """Several formats ask for them, one after the other."""
    folders = walk(root)
    return folders, list(map(Place, folders))


def discover(root: Path, images: tuple[str, ...] | None = None, labels: tuple[str, ...] | None = None) -> Choice | None:
    """The kind of pairs below a folder; None where nothing pairs.

    images, labels: folders below it that hold the one and the other, where that is known; * is any letters.  Raises
    UndecidedError, naming both, where two kinds are nearly as good as one another and their labels differ.
    """
    folders, every = _listing.current().once(("places", str(root)), lambda: _places(root))
    places = [place for place in every if place.number_of_images or place.number_of_labels]
    kinds: dict[Way, Kind] = {}
    for left, right in _partners(places, images, labels):
        for way, leaf in _leaves(left, right, named=images is not None or labels is not None):
            kinds.setdefault(way, Kind(way)).leaves.append(leaf)
    rated = []
    for kind in kinds.values():
        kind.score = _by_name(kind, named=images is not None or labels is not None)
        if kind.score > 0:
            rated.append(kind)
    rated = _apart(sorted(rated, key=lambda kind: (-kind.score, -kind.number, kind.way.left, kind.way.right)))
    for kind in rated[:_LOOKED_INTO]:
        kind.score += _by_looks(kind)
    looked = rated[:_LOOKED_INTO]
    if images is None and labels is None:
        looked = [kind for kind in looked if not _of_labels_alone(kind)]
    found = sorted(looked, key=lambda kind: (-kind.score, -kind.number))
    if not found or found[0].score < ENOUGH:
        return None
    best, objects = _with_objects(found[0], rated)
    alike = _alike(best, rated)
    used = [best, objects, *alike]
    if images is None and labels is None:
        _decided(root, best, [kind for kind in found if kind not in used])
    return Choice(root, folders, best, [kind for kind in rated if kind not in used], places, alike, objects)


def _of_labels_alone(kind: Kind) -> bool:
    """Whether both sides are label maps, and no name says that the one side holds images."""
    way = kind.way
    left, right = all_words([*way.left, way.image]), all_words([*way.right, way.label])
    # Of train/ and train_labels/, or of a.png and a_mask.png, the second name says which is which.
    plain = way.beside or all(name == "*" for name in way.left)
    if strength(left, IMAGE) or (plain and strength(right, LABEL) and not strength(left, LABEL)):
        return False
    if not kind.looks or not all(view.is_label for view in kind.looks):
        return False
    return all(is_drawn(leaf.first[0]) for leaf in kind.leaves[:_FILES])


def _with_objects(best: Kind, rated: list[Kind]) -> tuple[Kind, Kind | None]:
    """Of two kinds of the same images the one that says classes, and the one that tells objects apart.

    The best alone where it has no such partner.
    """
    said = says(best.way.right, best.way.label)
    if said is None:
        return best, None
    for other in rated:
        theirs = says(other.way.right, other.way.label)
        if theirs in (None, said) or other.way.left != best.way.left or other.way.beside != best.way.beside:
            continue
        classes, objects = (best, other) if said == "classes" else (other, best)
        if not classes.image_files <= objects.image_files or 2 * objects.number < classes.number:
            continue
        classes.looks, objects.looks = (
            kind.looks or [leaf.look() for leaf in kind.leaves[:_FILES]] for kind in (classes, objects)
        )
        if all(view.fits and view.is_label is not False for view in (*classes.looks, *objects.looks)):
            return classes, objects
    return best, None


def _partners(
    places: list[Place], images: tuple[str, ...] | None, labels: tuple[str, ...] | None
) -> Iterator[tuple[Place, Place]]:
    lefts = [place for place in places if images is None or _lies_in(place.folder.parts, images)]
    rights = [place for place in places if labels is None or _lies_in(place.folder.parts, labels)]
    if max(len(lefts), len(rights)) <= _MANY_FOLDERS:
        yield from ((left, right) for left in lefts for right in rights)
        return
    by_rest: dict[tuple[int, tuple[str, ...]], list[Place]] = defaultdict(list)
    for right in rights:
        for at in range(len(right.folder.parts)):
            parts = right.folder.parts
            by_rest[at, parts[:at] + parts[at + 1 :]].append(right)
    inside = {right.folder.parts for right in rights}
    for left in lefts:
        if left.folder.parts in inside:
            yield left, left
        for at in range(len(left.folder.parts)):
            parts = left.folder.parts
            others = by_rest[at, parts[:at] + parts[at + 1 :]]
            if len(others) <= _MANY_FOLDERS:
                yield from ((left, right) for right in others if right is not left)


def _lies_in(parts: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """wanted: names of folders, with * for any letters."""
    return len(parts) >= len(wanted) and all(map(fnmatchcase, parts, wanted))


def _differing(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that only one of two paths has, their splits taken as one."""
    first, other = tuple(map(without_split, left)), tuple(map(without_split, right))
    same = SequenceMatcher(None, first, other, autojunk=False).get_matching_blocks()
    mine = {block.a + step for block in same for step in range(block.size)}
    theirs = {block.b + step for block in same for step in range(block.size)}
    return (
        tuple(name for index, name in enumerate(first) if index not in mine),
        tuple(name for index, name in enumerate(other) if index not in theirs),
    )


def _leaves(left: Place, right: Place, *, named: bool) -> Iterator[tuple[Way, Leaf]]:
    """The ways in which files of two folders pair."""
    beside = left is right
    splits = {split for place in (left, right) if (split := split_of(place.folder.parts))}
    if len(splits) > 1:
        return
    ways = ((), ()) if beside else _differing(left.folder.parts, right.folder.parts)
    if not named and not beside and not (_can_be(ways) and _holds_images(left, ways)):
        return
    found = False
    columns_of_images = left.by_kind if beside else left.images
    for own, files in right.labels.items():
        for other, candidates in columns_of_images.items():
            if beside and not _apart_beside(other, own):
                continue
            if not _any_pair(files, candidates):
                continue
            pairs = [
                (core, candidates[core], name)
                for core, name in files.items() if core in candidates and (not beside or candidates[core] != name)
            ]  # fmt: skip
            if not pairs:
                continue
            size = len(files)
            found |= 2 * len(pairs) >= size
            way = Way(*ways, other.before + "…" + other.behind, own.before + "…" + own.behind, "", beside,
                      own.kind if beside else "")  # fmt: skip
            yield _plain(way), Leaf(left, right, pairs, size)
    if not found:
        yield from _by_learned_names(left, right, ways, beside=beside)


def _plain(way: Way) -> Way:
    """Without the mark between what stands before and behind where one of the two is nothing, and without splits."""
    plain = {side: without_split(getattr(way, side).strip("…")) for side in ("image", "label")}
    return Way(way.left, way.right, plain["image"], plain["label"], way.learned, way.beside, way.label_kind)


def _any_pair(files: Files, candidates: Files) -> bool:
    names = list(files)
    step = max(1, len(names) // _NAMES)
    return any(name in candidates for name in names[::step]) or (
        len(names) <= 4 * _NAMES and any(name in candidates for name in names)
    )


def _apart_beside(image: Column, label: Column) -> bool:
    """Whether two columns of one folder can be images and their labels: these add a word, or are of another kind."""
    if (image.before, image.behind) == (label.before, label.behind):
        return image.kind == "lossy" and label.kind != "lossy"
    said = words(label.before + label.behind)
    return strength(said, LABEL) > 0 and not strength(words(image.before + image.behind), LABEL)


def _can_be(ways: tuple[tuple[str, ...], tuple[str, ...]]) -> bool:
    """Whether names of folders do not say that the first holds labels or the second holds images."""
    left, right = all_words(ways[0]), all_words(ways[1])
    return not strength(left, LABEL) and (strength(right, LABEL) > 0 or not strength(right, IMAGE))


def _holds_images(place: Place, ways: tuple[tuple[str, ...], tuple[str, ...]]) -> bool:
    """Whether a folder is not one of several beside one another below a folder of labels, as a class each."""
    if strength(all_words(ways[0]), IMAGE) or strength(all_words(ways[1]), LABEL):
        return True
    said = (words(name) for name in reversed(place.folder.parts))
    return next((bool(strength(word, IMAGE)) for word in said if strength(word, LABEL) or strength(word, IMAGE)), True)


def _by_learned_names(
    left: Place, right: Place, ways: tuple[tuple[str, ...], tuple[str, ...]], *, beside: bool
) -> Iterator[tuple[Way, Leaf]]:
    whole = {column.kind: files for column, files in right.labels.items() if not column.before and not column.behind}
    images = next((files for column, files in left.images.items() if not column.before and not column.behind), {})
    for kind, labels in whole.items():
        going_on = continued(images, labels)
        for added in commonest(going_on, max(1, len(labels) // 4))[:4]:
            if beside and not strength(words(added), LABEL):
                continue
            pairs = [(core, images[core], name) for core, name in going_on[added].items() if images[core] != name]
            if pairs:
                yield (
                    Way(*ways, "", added, "names go on", beside, kind if beside else ""),
                    Leaf(left, right, pairs, len(pairs)),
                )
        if going_on or beside or (found := learned(images, labels)) is None:
            continue
        mine, theirs, rule = found
        pairs = [(core, mine[core], name) for core, name in theirs.items() if core in mine]
        if 5 * len(pairs) >= 4 * len(theirs):
            yield Way(*ways, "", "", rule), Leaf(left, right, pairs, len(theirs))


def _by_name(kind: Kind, *, named: bool) -> float:
    """The part of the score that names and numbers give."""
    way = kind.way
    right = all_words([*way.right, way.label])
    left = all_words([*way.left, way.image])
    label, image = strength(right, LABEL), strength(left, IMAGE)
    if not label:
        label = 0.9 if named else 0.25
    if not image:
        image = 0.8 if not way.left or all("*" in name for name in way.left) or named else 0.55
    of_images = sum(
        max(len(leaf.pairs), leaf.images.number_of_images - (leaf.size if way.beside else 0)) for leaf in kind.leaves
    )
    score = 0.35 * label + 0.25 * image
    score += 0.15 * kind.number / max(1, kind.of_labels) + 0.05 * kind.number / max(1, of_images)
    objects = {"instance", "instances", "inst", "object"} if "semantic" in right else set()
    score -= sum(AGAINST_LABEL.get(word, 0.0) for word in set(right) - objects)
    score -= 0.06 * ("train" in words(way.label) and "ids" in words(way.label)) + 0.1 * is_second(way)
    score -= sum(AGAINST_IMAGE.get(word, 0.0) for word in set(left))
    score -= 0.02 * max(0, len(way.left) + len(way.right) - 2)
    score -= 0.1 * bool(way.learned) * (way.learned != "names go on") + 0.01 * (bool(way.image) + bool(way.label))
    return score


def is_second(way: Way) -> bool:
    """Whether labels are another annotator's: 2nd_manual, _manual2, _2ndHO; vk of STARE, whose first is ah."""
    said = f"{'/'.join(way.right)}/{way.label}".lower()
    return any(word in said for word in ("2nd", "manual2", "observer2", "second")) or "vk" in words(said)


def _by_looks(kind: Kind) -> float:
    """The part of the score that what a handful of files hold gives."""
    pairs = [(leaf, 0) for leaf in kind.leaves[:: max(1, len(kind.leaves) // _FILES)]][:_FILES]
    leaf = kind.leaves[0]
    for at in (len(leaf.pairs) - 1, len(leaf.pairs) // 2):
        if len(pairs) < _FILES and at and (leaf, at) not in pairs:
            pairs.append((leaf, at))
    kind.looks = [leaf.look(at) for leaf, at in pairs]
    told = [view.is_label for view in kind.looks if view.is_label is not None]
    score = 0.2 * sum(told) / len(told) if told else 0.1
    if not all(view.fits for view in kind.looks):
        score -= 0.1 if all(view.is_alike for view in kind.looks) else 0.3
    unnamed = not strength(all_words([*kind.way.right, kind.way.label]), LABEL)
    if unnamed and told and all(told):
        images = [leaf.files(at)[0] for leaf, at in pairs]
        views = [look(image, image) for image in images]  # nothing else tells one from the other
        lossy = all(stem_of(image.name)[1] in (".jpg", ".jpeg") for image in images)
        if lossy or not all(view.is_label for view in views):
            score += 0.15
    seen = [view.values for view in kind.looks if view.values is not None and view.binary]
    if len(seen) >= 2 and all(same_areas(seen[0], other) for other in seen[1:]) and (seen[0] != 0).mean() > 0.4:
        score -= 0.1  # the same in every image, as a field of view is
    return score


def _apart(kinds: list[Kind]) -> list[Kind]:
    """Without kinds that pair the same files as a better one."""
    out: list[Kind] = []
    for kind in kinds:
        same = (
            other for other in out if other.label_files == kind.label_files and other.image_files == kind.image_files
        )
        if next(same, None) is None:
            out.append(kind)
    return out


def _alike(best: Kind, kinds: list[Kind]) -> list[Kind]:
    """Kinds of the same images whose labels lie beside the best one's, a folder a class; none where it is one."""
    way = best.way
    if not way.right or way.beside or not best.looks or not all(view.binary for view in best.looks):
        return []
    home = {leaf.labels.folder.parts[:-1] for leaf in best.leaves}
    if any(leaf.images.folder.parts[: len(parent)] == parent for parent in home for leaf in best.leaves):
        return []
    out = []
    for kind in kinds:
        if kind is best or kind.way.left != way.left or kind.way.right[:-1] != way.right[:-1] or kind.way.beside:
            continue
        if {leaf.labels.folder.parts[:-1] for leaf in kind.leaves} & home:
            kind.looks = kind.looks or [leaf.look() for leaf in kind.leaves[:_FILES]]
            if all(view.binary for view in kind.looks):
                out.append(kind)
    return [best, *out] if out else []


def _decided(root: Path, best: Kind, others: list[Kind]) -> None:
    """Raises UndecidedError for another kind that is nearly as good and says something else."""
    for other in others:
        if best.score - other.score >= NEAR or other.score < ENOUGH:
            continue
        if 2 * other.number < best.number or other.label_homes < best.label_homes or _say_the_same(best, other):
            continue
        raise UndecidedError(
            f"two layouts fit nearly alike: images in {shown(best.place('images'))} with labels in "
            f"{shown(best.place('labels'))}, and {shown(other.place('images'))} with {shown(other.place('labels'))}",
            file=root,
            todo=f"Choose one: -f label-map {best.command()}, or -f label-map {other.command()}.",
        )


def _say_the_same(best: Kind, other: Kind) -> bool:
    """Whether labels of two kinds divide the same images alike, or two are the same pairs of other folders."""
    if best.image_files != other.image_files:
        return False
    here = {leaf.first[0]: leaf.first[1] for leaf in best.leaves}
    for leaf in other.leaves[:_FILES]:
        image, label = leaf.first
        if image not in here:
            return False
        left, right = look(here[image], image).values, look(label, image).values
        if left is None or right is None or not same_areas(left, right):
            return False
    return True


def folders_of_key(kind: Kind, leaf: Leaf, shared: int) -> tuple[str, ...]:
    """The folders that a sample's key begins with: what both sides have, and the split; `shared` are left out."""
    left = leaf.images.folder.parts
    if kind.way.beside:
        return left[shared:]
    gone = list(kind.way.left)
    out: list[str] = []
    for at, name in enumerate(left):
        plain = without_split(name)
        if gone and plain == gone[0]:
            gone.pop(0)
            if "*" in plain:
                out.append(name if is_split(name) else split_of_name(name) or name)
        elif at >= shared:
            out.append(name)
    return tuple(out)


def shared_above(kind: Kind) -> int:
    """How many folders above the first that differs all images have in common, which no key needs."""
    paths = [leaf.images.folder.parts for leaf in kind.leaves]
    limit = min(map(len, paths))
    if not kind.way.beside:
        ends = [
            next((at for at, name in enumerate(path) if kind.way.left and without_split(name) == kind.way.left[0]), 0)
            for path in paths
        ]
        limit = min(ends)
    at = 0
    while at < limit and len({path[at] for path in paths}) == 1 and not split_of_name(paths[0][at]):
        at += 1
    return at
