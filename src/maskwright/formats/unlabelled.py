"""Images without labels, read only: every image below a folder, or one image, is a sample without segments

Folders named train, val or test say the split; where images lie in several others, as those of a classification do, the
field `folder` has each one's.  Files of many images, such as videos and volumes, are sequences and are
left out: each is imported by itself.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from maskwright.core.classes import Class, Classes
from maskwright.core.names import shown
from maskwright.core.plurals import many as in_words
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _listing
from maskwright.formats._aside import current
from maskwright.formats._contract import Reading, Sure, image_files, key_of, split_word
from maskwright.formats._label_signs import signs_of_labels
from maskwright.formats._roles import is_split
from maskwright.media import image_size, is_image_file, sequences

#: Whether a set of it has segments, which its report of what is implausible asks.
LABELLED = False

#: The field of a sample that has its folder, and how many folders a note names.
FIELD, _NAMED = "folder", 12
#: Kinds of files that may hold many images, each of which is looked at.
_MANY = (".tif", ".tiff", ".btf", ".npy", ".nii", ".nii.gz", ".gif", ".apng", ".dcm", ".dicom", ".webp", ".avif")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: images and nothing that looks like labels."""
    if path.is_file():
        return Sure(0.15, "an image without labels") if is_image_file(path) else 0.0
    listing = _listing.current()
    if not any(is_image_file(suffix) for suffix in listing.kinds(path)) or signs_of_labels(path, listing):
        return 0.0
    return Sure(0.15, "nothing beside the images looks like labels")


def read(path: Path, *, classes: str | None = None) -> Reading:
    """classes: names with commas, for labels to come; one class, object, when not given."""
    names = [name.strip() for name in (classes or "object").split(",") if name.strip()]
    try:
        declared = Classes([Class(number, name, "thing") for number, name in enumerate(names, 1)])
    except ValueError as error:
        raise UsageError(str(error)) from None
    files = [path] if path.is_file() else image_files(path)
    if not files:
        raise FormatError("the folder holds no image", file=path)
    home = path.parent if path.is_file() else path
    aside = current()
    notes = [f"{len(files)} image{'s' * (len(files) != 1)} without labels: nothing here is read as labels"]
    folders = Counter(_folder(file, home) for file in files)
    apart = len(folders) > 1
    if apart:
        notes.append(_said(folders))

    def samples() -> Iterator[Sample]:
        many: list[Path] = []
        taken: set[str] = set()

        def sample_of(file: Path) -> Sample | None:
            if file.name.lower().endswith(_MANY) and sequences.is_sequence(file):
                many.append(file)
                return None
            size = image_size(file)
            key = key_of(file, home)
            key = key if key not in taken else file.relative_to(home).as_posix()  # a.png beside a.jpg
            taken.add(key)
            split = next(filter(None, map(split_word, file.relative_to(home).parts[:-1])), None)
            folder = _folder(file, home)
            fields = {FIELD: folder} if apart and folder else {}
            return Sample(key, ImageRef(str(file), size), Segments.none(size), split=split, fields=fields)

        yield from aside.samples(files, sample_of)
        if many:
            notes.append(
                f"{len(many)} files hold many images each and were left out, such as {shown(many[0], 300)}: import one "
                "by itself, as a sequence"
            )

    return Reading(declared, samples(), len(files), notes)


def _folder(file: Path, home: Path) -> str:
    """The folders that a file lies in, below `home`, without those that say a split alone; "" for none."""
    return "/".join(name for name in file.relative_to(home).parts[:-1] if not is_split(name))


def _said(folders: Counter[str]) -> str:
    """How many images lie in which folder, and where a sample has its own."""
    named = [f"{shown(name, 60)} {number}" for name, number in sorted(folders.items()) if name]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return (
        f"images lie in {in_words(len(named), 'folder')}: {', '.join(named[:_NAMED])}{more}; these are not classes of "
        f"segments, and stand in the field {FIELD} of each image"
    )
