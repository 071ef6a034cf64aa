"""What COCO's instance and panoptic files share: categories, images, and where their pictures lie."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import I64
from maskwright.core.classes import Class, Classes
from maskwright.errors import FormatError
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
    for position, one in enumerate(document.records("categories")):
        try:
            extra = {
                name: value for name, value in one.items() if name not in ("id", "name", "color", "isthing", "role")
            }
            colour = one.get("color")
            yield Class(
                int(one["id"]),
                str(one["name"]),
                "thing" if one.get("isthing", 1) else "stuff",
                one.get("role", "class"),
                tuple(colour) if isinstance(colour, list) and len(colour) == 3 else None,
                extra,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"cannot be read ({error!r})", file=file, record=f"category {position}") from None


def categories(classes: Classes) -> list[dict[str, Any]]:
    """Classes as COCO's categories; the role is a key of its own."""
    return [
        {
            **one.extra,
            "id": one.id,
            "name": one.name,
            "isthing": int(one.kind == "thing"),
            **({"role": one.role} if one.role != "class" else {}),
            **({"color": list(one.colour)} if one.colour else {}),
        }
        for one in classes
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
    short = file.stem.removeprefix("instances_")
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
    return [one[key] for one in records] if (numbers == NO_INTEGER).any() else numbers


def free_id(ids: set[int]) -> int:
    """An unused number, found fast: every number up to the count of used ones cannot be taken."""
    number = len(ids) + 1
    while number in ids:
        number += 1
    return number
