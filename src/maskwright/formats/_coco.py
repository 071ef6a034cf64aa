"""What COCO's instance and panoptic files share: categories, images, what they say of the whole set, and where their
files lie.
"""

import json
import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from maskwright.core.arrays import I64
from maskwright.core.classes import Class, Classes
from maskwright.core.names import shown
from maskwright.core.plurals import many
from maskwright.core.sample import Sample
from maskwright.errors import FormatError
from maskwright.formats import _listing
from maskwright.formats._algebra import apart
from maskwright.formats._aside import Aside
from maskwright.formats._contract import new_file, split_word, suffix_of
from maskwright.formats._json import ABSENT, NO_INTEGER, Document, Records
from maskwright.formats._keys import Place, moved, plain_key
from maskwright.formats._plausible import Noted


def split_of(file: Path) -> str | None:
    """train, val or test, from a name such as instances_train2017.json or a folder such as valid/."""
    for name in (file.stem.lower(), file.parent.name.lower()):
        for split in ("train", "val", "test"):
            if split in name:
                return split
        if name == file.stem.lower() and not name.startswith("_annotations"):
            break  # only Roboflow's export names its splits by folder
    return None


def read_classes(file: Path, document: Document) -> Iterator[Class]:
    for position, record in enumerate(document.records("categories")):
        try:
            extra = {
                name: value for name, value in record.items() if name not in ("id", "name", "color", "isthing", "role")
            }
            colour = record.get("color")
            if record["name"] is None or not str(record["name"]).strip():
                raise FormatError("has no name", file=file, record=f"category {record.get('id', position)}")
            yield Class(
                int(record["id"]),
                str(record["name"]),
                "thing" if record.get("isthing", 1) else "stuff",
                record.get("role", "class"),
                tuple(colour) if isinstance(colour, list) and len(colour) == 3 else None,
                extra,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"cannot be read ({error!r})", file=file, record=f"category {position}") from None


def classes_together(parts: Iterable[tuple[Path, Document]]) -> tuple[Classes, list[str]]:
    """The classes of several files, which have to mean the same, and notes on names that one file has twice.

    parts: each file whose categories count, and what it holds.
    """
    merged: dict[int, Class] = {}
    for file, document in parts:
        own = list(read_classes(file, document))
        before = {kind.name: kind.id for kind in merged.values()}
        for kind in own:
            if kind.id not in merged and kind.name in before:
                raise FormatError(
                    f"category {kind.id} is {kind.name!r} here", file=file,
                    needed=f"the id that it has in the file before, {before[kind.name]}",
                    todo="Read the files one by one, and bring them together with import --merge.",
                )  # fmt: skip
        for kind in own:
            if merged.setdefault(kind.id, kind) != kind:
                raise FormatError(
                    f"category {kind.id} is {kind.name!r} here", file=file, needed=f"{merged[kind.id].name!r}"
                )
    return apart(merged.values())


def categories(classes: Classes, *, kinds: bool) -> list[dict[str, Any]]:
    """Classes as COCO's categories; the role is a key of its own.

    kinds: whether `isthing` tells things from stuff; without it all are things.
    """
    return [
        {
            **class_.extra,
            "id": class_.id,
            "name": class_.name,
            **({"isthing": int(class_.kind == "thing")} if kinds else {}),
            **({"role": class_.role} if class_.role != "class" else {}),
            **({"color": list(class_.colour)} if class_.colour else {}),
        }
        for class_ in classes
    ]


def file_name(image: object) -> str | None:
    """LVIS gives no file name but a URL whose last two parts are one."""
    if not isinstance(image, dict):
        return None
    name, url = image.get("file_name"), image.get("coco_url")
    if name is None and isinstance(url, str):
        return "/".join(url.split("/")[-2:])
    return name if isinstance(name, str) else None


def image_root(file: Path, first: str, images: str | None) -> Path:
    if images is not None:
        return Path(images)
    return next((root for root in _roots(file) if (root / first).is_file()), file.parent)


def _roots(file: Path) -> list[Path]:
    """Folders where the images of a file may lie."""
    short = file.stem.removeprefix("instances_").removeprefix("panoptic_")
    names = ["", "images", short, f"images/{short}", "data"]
    return [folder / name for folder in (file.parent, file.parent.parent) for name in names]


#: Images are looked for in so many folders, so many levels below the file's, or below the one around `annotations`.
_FOLDERS, _LEVELS = 300, 3


def _near(file: Path, name: str, apart: Path | None) -> Path | None:
    """The folder near a file that an image's name begins in, where one alone does, or one alone of the file's split.

    apart: a folder of something else, whose files may have the images' names.
    """
    home = file.absolute().parent
    if home.name.lower() in ("annotations", "annotation", "labels", "label", "json", "ann"):
        home = home.parent
    folders = (Path(folder) for folder, *_ in islice(_listing.current().folders(home), _FOLDERS))
    found = [
        folder for folder in folders
        if len(folder.relative_to(home).parts) <= _LEVELS
        and apart not in (folder, *folder.parents) and (folder / name).is_file()
    ]  # fmt: skip
    if len(found) > 1:
        split = split_of(file)
        found = [folder for folder in found if split and split_word(folder.name) == split]
    return found[0] if len(found) == 1 else None


class Places:
    """Where the images of one file are.

    A name is looked for as it stands, then as another machine may have meant it: with backslashes, below other folders,
    its suffix in the other case, its accents otherwise composed.  What is not there at all is where its `coco_url`
    says, if it has one.  images: the only folder that is looked in, where one is given.  root: where names begin, if
    that is known.  apart: a folder of something else, such as labels.
    """

    def __init__(self, file: Path, images: str | None, root: Path | None = None, apart: Path | None = None) -> None:
        self._file, self._images, self._root = file, images, root
        self._apart = None if apart is None else apart.absolute()
        self._tries = 5  # of names that are nowhere; then no more are looked for
        self.addressed, self._address = 0, ""
        self._found: set[str] = set()

    def uri(self, image: Mapping[str, Any], name: str) -> str:
        """name: as `file_name` gives it."""
        if "://" in name:
            return name
        root = self._root = self._root or image_root(self._file, name, self._images)
        place = f"{root / name}"
        if os.path.isfile(place):  # noqa: PTH113 - one for each image
            return place
        found = self._elsewhere(name)
        if found is not None:
            return str(found)
        own = image.get(MARK)
        if isinstance(own, Mapping) and isinstance(own.get("uri"), str):
            return str(own["uri"])
        url = image.get("coco_url")
        if not isinstance(url, str) or "://" not in url:
            return place
        for last in (2, 1):
            beside = root / "/".join(url.split("/")[-last:])
            if beside.is_file():
                return str(beside)
        self._address = self._address or url
        self.addressed += 1
        return url

    def _elsewhere(self, name: str) -> Path | None:
        if not self._tries:
            return None
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        roots = [Path(self._images)] if self._images is not None else _roots(self._file)
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            stem, suffix = os.path.splitext(tail)  # noqa: PTH122 - of a name, not of a file
            forms = [tail, stem + suffix.lower(), stem + suffix.upper()]
            forms += [unicodedata.normalize(form, tail) for form in ("NFC", "NFD")]
            for root in roots:
                for form in forms:
                    if (root / form).is_file():
                        return root / form
        if self._images is None:
            for start in range(len(parts)):
                if (home := _near(self._file, "/".join(parts[start:]), self._apart)) is not None:
                    if not start:
                        self._root = home
                    self._found.add(str(home))
                    return home / "/".join(parts[start:])
        self._tries -= 1
        return None

    def told(self) -> Any:
        """What was found so far, as of `_marks.State`."""
        root = None if self._root is None else str(self._root)
        return [root, self._tries, self.addressed, self._address, sorted(self._found)]

    def restore(self, told: Any) -> None:
        """Be as it was when `told` said this."""
        root, self._tries, self.addressed, self._address, found = told
        self._root, self._found = None if root is None else Path(root), set(found)

    def notes(self) -> list[str]:
        """Where images are that do not lie where their names say, each note with the file's name before it."""
        told = [f"{self._file.name}: images were found in {home}" for home in sorted(self._found)]
        if not self.addressed:
            return told
        number = f"{many(self.addressed, 'image')} {'are' if self.addressed > 1 else 'is'}"
        said = (
            f"{self._file.name}: {number} not here and read from addresses (coco_url), such as "
            f"{shown(self._address, 200)}; put the images beside the JSON, or name their folder with -o images=FOLDER, "
            "to read them without a network"
        )
        return [*told, Noted(said, "images at addresses", self.addressed, self._address)]


#: Keys of an image that a sample has elsewhere; all others are in its field `coco`.
_IMAGE_KEYS = {"file_name", "height", "width", "maskwright"}


def read_image(image: Mapping[str, Any], split: str | None) -> tuple[str | None, dict[str, Any]]:
    """An image's split and fields; `place_of` tells its key, and `write_image` is the way back.

    split: of its file.  The key `maskwright` says what COCO's own keys cannot: a key or
    a split that the names do not tell, and other fields; with `coco` beside those that COCO's keys make one of them.
    """
    own = image.get("maskwright")
    own = own if isinstance(own, dict) else {}
    fields = own.get("fields", {})
    if "fields" not in own or (own.get("coco") and isinstance(fields, dict)):
        fields = {**fields}
        fields["coco"] = {key: value for key, value in image.items() if key not in _IMAGE_KEYS}
    if not isinstance(own.get("key") or "", str):
        raise FormatError(f"a sample's key is {shown(own['key'])}", needed="text")
    return own.get("split", split), fields


#: In a sample's field `coco`, beside the keys of the image's record: what its annotations have that is nowhere else.
MARK = "maskwright"


def write_image(
    sample: Sample, files: "SplitFiles", images: str, mark: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An image's record. images: the writer's option.  mark: what a reader will put under MARK, where it does.

    Without images their names are the same, and what stands beside says where they are.
    """
    coco = sample.fields.get("coco")
    name = sample.key + suffix_of(sample)
    known = dict(coco) if isinstance(coco, Mapping) else {}
    marked = known.pop(MARK, None)
    image_id = files.image_id(known.get("id"))
    height, width = sample.image.size
    row = {**known, "id": image_id, "file_name": name, "height": height, "width": width}
    own: dict[str, Any] = {"uri": sample.image.uri} if images == "none" else {}
    if plain_key(name) != sample.key or moved(name):
        own["key"] = sample.key
    if split_of(files.folder / f"{files.name_of(sample.split)}.json") != sample.split:
        own["split"] = sample.split
    told = isinstance(coco, Mapping) and known == {key: row[key] for key in row if key not in _IMAGE_KEYS}
    told = told and marked == mark
    others = {key: value for key, value in sample.fields.items() if not (told and key == "coco")}
    if others or not told:
        own |= {"fields": others, **({"coco": True} if told else {})}
    return {**row, **({"maskwright": own} if own else {})}


#: Longer ones are not kept: what is said of a whole set is in memory, and in the dataset's tables.
_LONGEST = 16 * 2**20


def said_of(document: Document) -> tuple[dict[str, Any], list[str]]:
    """What a file says beside images, annotations and categories, such as info and licenses, and notes on that."""
    found, notes = {}, []
    for key in document.keys():  # noqa: SIM118 - not a mapping
        if key in ("images", "annotations", "categories"):
            continue
        if document.length(key) > _LONGEST:
            notes.append(f"its {key!r} is longer than {_LONGEST >> 20} MiB and is not kept")
        else:
            found[key] = document.value(key)
    return found, notes


def said_together(format: str, parts: Iterable[tuple[Path, dict[str, Any]]]) -> tuple[dict[str, Any], list[str]]:
    """`Reading.about` of several files, by split; where two of one split differ the first is kept, which notes say."""
    found: dict[str, dict[str, Any]] = {}
    notes = []
    for file, said in parts:
        of_split = found.setdefault(split_of(file) or "default", {})
        differ = [key for key, value in said.items() if of_split.setdefault(key, value) != value]
        notes += [f"{file.name}: its {key!r} is not that of the file before, which is kept" for key in differ]
    found = {split: said for split, said in found.items() if said}
    return ({format: found} if found else {}), notes


def identities(records: Records, key: str, what: str, file: Path, aside: Aside) -> I64 | list[Any]:
    """The key's value in each record: whole numbers, or anything when one of them is something else.

    Records without it are put aside, and have ABSENT or None.
    """
    numbers = records.integers(key)
    for row in np.flatnonzero(numbers == ABSENT).tolist():
        record = records[row]
        name = record.get("id", f"number {row}") if isinstance(record, dict) else f"number {row}"
        aside.put(FormatError(f"lacks its {key}", file=file, record=f"{what} {name}"))
    if not (numbers == NO_INTEGER).any():
        return numbers
    return [record.get(key) if isinstance(record, dict) else None for record in records]


def place_of(image: object, split: str | None) -> Place:
    """Where an image's record says that it is, for `_keys.keys_of`. split: of its file."""
    name = file_name(image)
    own = image.get("maskwright") if isinstance(image, dict) else None
    own = own if isinstance(own, dict) else {}
    key, stated = own.get("key"), own.get("split", split)
    return Place(
        name or "", stated if isinstance(stated, str) else split, key if isinstance(key, str) and key else None
    )


def free_id(ids: Collection[int | str]) -> int:
    """An unused number, found fast: every number up to the count of used ones cannot be taken."""
    number = len(ids) + 1
    while number in ids:
        number += 1
    return number


class SplitFiles:
    """annotations/<prefix>_<split>.json for each split, written sample by sample.

    A document has three lists, and samples bring rows for two of them: annotations wait in a second file, which is
    joined to the first when all is there.  kinds: as of `categories`.  about: by split, what else a file says; where
    that of one split is known alone, every file says it.
    """

    def __init__(
        self, folder: Path, prefix: str, classes: Classes, *, kinds: bool, about: Mapping[str, Any] | None = None
    ) -> None:
        self.folder = folder / "annotations"
        self.folder.mkdir()
        self._prefix = prefix
        self._categories = json.dumps(categories(classes, kinds=kinds))
        self._about = about or {}
        self._files: dict[str, tuple[IO[str], IO[str]]] = {}
        self._rows: dict[str, list[int]] = {}
        self._image_ids: set[int | str] = set()

    def name_of(self, split: str | None) -> str:
        """The stem of the file that a split's samples go to."""
        return f"{self._prefix}_{(split or 'default').replace('/', '_')}"

    def _head(self, split: str | None) -> str:
        said = self._about.get((split or "default").replace("/", "_"))
        if said is None and len(self._about) == 1:
            (said,) = self._about.values()
        said = {key: value for key, value in (said or {}).items() if key not in ("images", "annotations", "categories")}
        before = f"{json.dumps(said)[1:-1]},\n" if said else ""
        return f'{{{before}"categories": {self._categories},\n"images": ['

    def image_id(self, wanted: object) -> int | str:
        """`wanted` where it is a whole number or text and free, else a free number."""
        good = isinstance(wanted, int | str) and not isinstance(wanted, bool) and wanted not in self._image_ids
        found = wanted if good else free_id(self._image_ids)
        self._image_ids.add(found)  # type: ignore[arg-type]
        return found  # type: ignore[return-value]

    def add(self, split: str | None, image: dict[str, Any], annotations: Iterable[str]) -> None:
        name = self.name_of(split)
        if name not in self._files:
            first, second = (new_file(self.folder, f"{name}{suffix}") for suffix in (".json", ".part"))
            self._files[name] = (open(first, "w"), open(second, "w+"))  # noqa: SIM115 - closed in __exit__
            self._rows[name] = [0, 0]
            self._files[name][0].write(self._head(split))
        document, later = self._files[name]
        rows = self._rows[name]
        document.write(",\n" * (rows[0] > 0) + json.dumps(image))
        rows[0] += 1
        for line in annotations:
            later.write(",\n" * (rows[1] > 0) + line)
            rows[1] += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for name, (document, later) in self._files.items():
            with document, later:
                if kind is None:
                    document.write('],\n"annotations": [')
                    later.seek(0)
                    while block := later.read(1 << 20):
                        document.write(block)
                    document.write("]}\n")
            (self.folder / f"{name}.part").unlink()
        if kind is None and not self._files:
            whole = self._head(None) + '],\n"annotations": []}\n'
            new_file(self.folder, f"{self.name_of(None)}.json").write_text(whole)
