"""Supervisely's projects: folders of datasets, and meta.json with the classes and tags of all of them.

The SDK reads `DATASET/img/NAME` and `DATASET/ann/NAME.json` without folders in them (`Dataset._read`); a dataset lies
in another one as `PARENT/datasets/CHILD` (`Project._read`).
"""

from pathlib import Path
from typing import Any

from maskwright.core.classes import Class, Classes
from maskwright.errors import FormatError
from maskwright.formats import _listing
from maskwright.formats._json import load
from maskwright.formats._shapes import hex_colour

SPLITS = ("train", "val", "test")

_LOOSE = "ds0"  # the dataset of keys without a folder and a split
_CHILDREN = "datasets"
#: Folders that the SDK never takes for datasets.
_RESERVED = ("img", "ann", "img_info", "meta", "seg", "blob", "blob-files", _CHILDREN)

Place = tuple[Path, str, str]


def places(path: Path) -> list[Place]:
    """Each annotation: its file, its dataset's folder ("." for the project's own) and the name of its image."""
    out = []
    found = (Path(folder) for folder, *_ in _listing.current().folders(path))
    for folder in sorted(place for place in found if place.name == "ann" and place != path):
        for file in sorted(folder.rglob("*.json")):
            home = next(parent for parent in file.parents if parent.name == "ann")
            if home == folder:
                name = file.relative_to(home).as_posix().removesuffix(".json")
                out.append((file, home.parent.relative_to(path).as_posix(), name))
    return out


def dataset_of(key: str, split: str | None) -> str:
    """The folder of the dataset that a sample is written to: `a/datasets/b` for the key a/b/x.

    Keys without a folder go to the dataset of their split.
    """
    folders = key.split("/")[:-1]
    if not folders:
        return split if split in SPLITS else _LOOSE
    if len(folders) % 2 and all(folder == _CHILDREN for folder in folders[1::2]):
        folders = folders[::2]
    return f"/{_CHILDREN}/".join(f"{folder}_" if folder in _RESERVED else folder for folder in folders)


def key_in(home: str, name: str) -> str:
    """The key that a dataset's folder and an image's name say, where the set says no other."""
    inner = Path(name).with_suffix("").as_posix()
    if home in (*SPLITS, _LOOSE):
        return inner
    folders = home.split("/")
    return "/".join([*(folder for place, folder in enumerate(folders) if not place % 2 or folder != _CHILDREN), inner])


def keys_of_others(found: list[Place], notes: list[str]) -> list[tuple[str, str | None]]:
    """Key and split of each annotation of a project that others wrote.

    The datasets train, val and test are splits, and no part of keys, unless keys would then be one.
    """
    inner = [(home, Path(name).with_suffix("").as_posix()) for _, home, name in found]
    keys = [name if home in (".", *SPLITS) else f"{home}/{name}" for home, name in inner]
    apart = [name if home == "." else f"{home}/{name}" for home, name in inner]
    if len(set(apart)) > len(set(keys)):
        keys = apart
        notes.append("datasets have images of the same name: keys begin with the dataset's, in train, val and test too")
    return [(key, home if home in SPLITS else None) for key, (home, _) in zip(keys, inner, strict=True)]


def read_meta(file: Path) -> tuple[Classes, dict[str, Any]]:
    """The classes, and what the project says of the whole set: rows of classes and tags by name, and the rest."""
    content = load(file)
    try:
        classes = Classes(
            Class(number, str(row["title"]), colour=hex_colour(row.get("color")))
            for number, row in enumerate(content["classes"], 1)
        )
        rows = {str(row["title"]): row for row in content["classes"]}
        tags = {str(row["name"]): row for row in content.get("tags") or []}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"cannot be read ({error!r})", file=file) from None
    project = {name: value for name, value in content.items() if name not in ("classes", "tags")}
    return classes, {"classes": rows, "tags": tags, "project": project}


class Meta:
    """meta.json as it is written.

    said: what was read of the whole set, as `read_meta` has it.  Objects are told to it as they are written.
    """

    def __init__(self, said: Any) -> None:
        said = said if isinstance(said, dict) else {}
        self._classes, self._tags, self._project = (_mapping(said.get(part)) for part in ("classes", "tags", "project"))
        self._shapes: dict[str, set[str]] = {}
        self._values: dict[str, set[str]] = {}
        #: Value types of the tags that were read, by name.
        self.kinds = {name: str(row.get("value_type")) for name, row in self._tags.items() if isinstance(row, dict)}

    def saw(self, objects: list[Any], tags: Any) -> None:
        """objects, tags: of an image, as they are written."""
        for row in objects:
            if isinstance(row, dict) and "classTitle" in row:
                self._shapes.setdefault(str(row["classTitle"]), set()).add(str(row.get("geometryType")))
        for listed in (tags, *(row.get("tags") for row in objects if isinstance(row, dict))):
            for tag in listed if isinstance(listed, list) else ():
                if isinstance(tag, dict) and "name" in tag:
                    name, value = str(tag["name"]), tag.get("value")
                    said = value if isinstance(value, str) and self.kinds.get(name) == _ONE_OF else _value_type(value)
                    self._values.setdefault(name, set()).add(said)

    def content(self, classes: Classes) -> dict[str, Any]:
        """Rows that were read, with what changed; classes that only shapes without an area have, behind the others."""
        indexed = [class_ for class_ in classes if class_.role != "ignore"]
        colours = {class_.id: tuple(row) for class_, row in zip(indexed, classes.colours().tolist(), strict=True)}
        rows = []
        for class_ in classes:
            row = _mapping(self._classes.get(class_.name))
            colour = "#{:02x}{:02x}{:02x}".format(*colours.get(class_.id, (0, 0, 0)))
            stays = class_.colour is not None and hex_colour(row.get("color")) == tuple(class_.colour)
            rows.append({
                **row, "title": class_.name, "shape": self._shape(class_.name, row.get("shape")),
                "color": row["color"] if stays else colour,
            })  # fmt: skip
        known = {class_.name for class_ in classes}
        for name in self._shapes.keys() - known:
            row = _mapping(self._classes.get(name))
            shape = self._shape(name, row.get("shape"))
            rows.append({"color": "#808080", **row, "title": name, "shape": shape})
        tags = [self._tag(name) for name in [*self._tags, *sorted(self._values.keys() - self._tags.keys())]]
        return {"classes": rows, "tags": tags, "projectType": "images", **self._project}

    def _shape(self, name: str, before: Any) -> str:
        """The shape that a class declares: the SDK refuses objects of another, unless it is any."""
        kinds = self._shapes.get(name, set())
        if isinstance(before, str) and (before == "any" or kinds <= {before, _ALSO.get(before, before)}):
            return before
        return "any" if len(kinds) > 1 else next(iter(kinds), "bitmap")

    def _tag(self, name: str) -> dict[str, Any]:
        """Of a tag that no project declared: the type that holds all its values."""
        row, values = _mapping(self._tags.get(name)), self._values.get(name, set())
        if not row:
            return {"name": name, "value_type": values.pop() if len(values) == 1 else _TEXT, "color": "#808080"}
        listed = row.get("values")
        if row.get("value_type") == _ONE_OF and isinstance(listed, list):
            return {**row, "values": listed + sorted(values.difference(map(str, listed)))}
        return row


_ONE_OF, _TEXT = "oneof_string", "any_string"
#: What lines are called by classes, and by objects.
_ALSO = {"polyline": "line"}


def _value_type(value: Any) -> str:
    if value is None:
        return "none"
    return "any_number" if isinstance(value, int | float) and not isinstance(value, bool) else _TEXT


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
