"""What COCO's instance and panoptic files share: categories, images, and where their files lie."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

import numpy as np

from maskwright.core.arrays import I64
from maskwright.core.classes import Class, Classes
from maskwright.errors import FormatError
from maskwright.formats._contract import new_file
from maskwright.formats._json import ABSENT, NO_INTEGER, Document, Records


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


def categories(classes: Classes) -> list[dict[str, Any]]:
    """Classes as COCO's categories; the role is a key of its own."""
    return [
        {
            **class_.extra,
            "id": class_.id,
            "name": class_.name,
            "isthing": int(class_.kind == "thing"),
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
    short = file.stem.removeprefix("instances_").removeprefix("panoptic_")
    names = ["", "images", short, f"images/{short}", "data"]
    candidates = [folder / name for folder in (file.parent, file.parent.parent) for name in names]
    return next((root for root in candidates if (root / first).is_file()), file.parent)


def identities(records: Records, key: str, what: str, file: Path) -> I64 | list[Any]:
    """The key's value in each record: whole numbers, or anything when one of them is something else."""
    numbers = records.integers(key)
    if (numbers == ABSENT).any():
        row = int(np.flatnonzero(numbers == ABSENT)[0])
        record = records[row]
        name = record.get("id", f"number {row}") if isinstance(record, dict) else f"number {row}"
        raise FormatError(f"lacks its {key}", file=file, record=f"{what} {name}")
    return [each_record[key] for each_record in records] if (numbers == NO_INTEGER).any() else numbers


def free_id(ids: set[int]) -> int:
    """An unused number, found fast: every number up to the count of used ones cannot be taken."""
    number = len(ids) + 1
    while number in ids:
        number += 1
    return number


class SplitFiles:
    """annotations/<prefix>_<split>.json for each split, written sample by sample.

    A document has three lists, and samples bring rows for two of them: annotations wait in a second file, which is
    joined to the first when all is there.
    """

    def __init__(self, folder: Path, prefix: str, classes: Classes) -> None:
        self.folder = folder / "annotations"
        self.folder.mkdir()
        self._prefix = prefix
        self._head = f'{{"categories": {json.dumps(categories(classes))},\n"images": ['
        self._files: dict[str, tuple[IO[str], IO[str]]] = {}
        self._rows: dict[str, list[int]] = {}
        self._image_ids: set[int] = set()

    def name_of(self, split: str | None) -> str:
        """The stem of the file that a split's samples go to."""
        return f"{self._prefix}_{(split or 'default').replace('/', '_')}"

    def image_id(self, wanted: object) -> int:
        """`wanted` where it is a free whole number, else another free one."""
        found = wanted if isinstance(wanted, int) and wanted not in self._image_ids else free_id(self._image_ids)
        self._image_ids.add(found)
        return found

    def add(self, split: str | None, image: dict[str, Any], annotations: Iterable[str]) -> None:
        name = self.name_of(split)
        if name not in self._files:
            first, second = (new_file(self.folder, f"{name}{suffix}") for suffix in (".json", ".part"))
            self._files[name] = (open(first, "w"), open(second, "w+"))  # noqa: SIM115 - closed in __exit__
            self._rows[name] = [0, 0]
            self._files[name][0].write(self._head)
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
            new_file(self.folder, f"{self.name_of(None)}.json").write_text(self._head + '],\n"annotations": []}\n')


def named_key(name: str) -> str:
    """A sample's key from the name of its image in a file: without the suffix, and of an address without the host."""
    path = urlsplit(name).path.lstrip("/") if "://" in name else name
    return Path(path).with_suffix("").as_posix()
