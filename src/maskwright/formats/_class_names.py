"""Names of classes from files that lie beside labels, by value or by colour.

Known are _classes.csv (Roboflow), class_dict.csv and its like (name, r, g, b), label_colors.txt (CamVid), labelmap.txt
(CVAT), classes.txt, labels.txt and codes.txt (a name a line, or "1: name"), dataset.json (nnU-Net, Decathlon),
classes.json (Supervisely) and objectInfo150.txt (ADE20K).
"""

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.errors import FormatError
from maskwright.formats._rasters import Colour

#: In the order in which they are looked for.
_COLOURS = ("label_colors.txt", "class_dict.csv", "palette.txt", "palette.json", "color_palette.txt", "labelmap.txt",
            "label_class_dict.csv", "class_dict_seg.csv", "classes.json", "label_colours.txt")  # fmt: skip
_VALUES = ("_classes.csv", "dataset.json", "objectInfo150.txt")
_LINES = ("classes.txt", "labels.txt", "codes.txt", "class_names.txt", "label_names.txt")
_NUMBERED = re.compile(r"\s*(\d+)\s*[:,;\t ]\s*(\S.*)")
#: What files call pixels that nobody gave a class.
_IGNORED = frozenset({"void", "unlabeled", "unlabelled", "ignore", "ignored", "unknown"})


def says_ignored(name: str) -> bool:
    """Whether a class is called as what is left out of learning and of scores: void, unlabeled, ignore or unknown."""
    return name.strip("_ ").lower() in _IGNORED


@dataclass
class Table:
    """file: where it stands.  rows: (name, colour) in the file's order, colours None where it has none.

    values: names by value, where the file says values.
    """

    file: Path
    rows: list[tuple[str, Colour | None]] = field(default_factory=list)
    values: dict[int, str] | None = None

    @property
    def colours(self) -> list[tuple[str, Colour]]:
        """The rows that have a colour; empty where one has none."""
        found = [(name, colour) for name, colour in self.rows if colour is not None]
        return found if len(found) == len(self.rows) else []

    def by_value(self, values: Iterable[int]) -> dict[int, str] | None:
        """Names of the values there are: as the file says, or by the rows' order from 0 on; None where some have none.

        A name a line may count from 1 on, where the last would else be missing: 0 is then the background.  Rows
        with colours name gray, too, by the colour that it is, where the order does not reach.
        """
        wanted = set(values)
        names = self.values if self.values is not None else {n: name for n, (name, _) in enumerate(self.rows)}
        gray = {colour[0]: name for name, colour in self.colours if len(set(colour)) == 1}
        if wanted <= gray.keys() and not wanted <= names.keys():
            return {value: gray[value] for value in sorted(wanted)}
        numbers = wanted - {255}
        if numbers <= names.keys():
            return names
        if self.values and min(self.values) == 1 and numbers - {0} <= names.keys():
            return {0: "background", **names}
        if not self.values and not self.colours and numbers and max(numbers) == len(self.rows) and min(numbers) >= 0:
            return {0: "background", **{n: name for n, (name, _) in enumerate(self.rows, 1)}}
        return None


def find(homes: Iterable[Path]) -> Table | None:
    """The first table in these folders, looked through from the last to the first.

    Raises FormatError for a file of such a name that is broken.
    """
    folders = list(homes)
    for names, read in ((_VALUES, _valued), (_COLOURS, read_colours), (_LINES, _lined)):
        for folder in reversed(folders):
            for name in names:
                file = folder / name
                if file.is_file() and (found := read(file)) is not None:
                    return found
    return None


def _valued(file: Path) -> Table | None:
    text = _text(file)
    values: dict[int, str] = {}
    if file.suffix == ".json":
        try:
            labels = json.loads(text)["labels"].items()
        except (ValueError, KeyError, TypeError, AttributeError):
            return None  # another program's
        for left, right in labels:
            value, name = (left, right) if str(left).isdigit() else (right, left)
            if not isinstance(value, int | str) or not str(value).isdigit():
                return None  # a region of several values
            values[int(value)] = str(name)
    elif file.suffix == ".txt":
        rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
        if not all((row.get("Idx") or "").isdigit() and row.get("Name") for row in rows):
            return None
        values = {int(row["Idx"]): row["Name"] for row in rows}
    else:
        for row in csv.reader(text.splitlines()[1:]):
            if len(row) < 2 or not row[0].strip().isdigit():
                return None
            values[int(row[0])] = row[1].strip()
    return Table(file, values=values) if values else None


def _lined(file: Path) -> Table | None:
    lines = [line.strip() for line in _text(file).splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return None
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    if all(numbered):
        return Table(file, values={int(found[1]): found[2].strip() for found in numbered if found})
    return Table(file, [(line, None) for line in lines]) if len(set(lines)) == len(lines) else None


def read_colours(file: Path) -> Table | None:
    """Names with colours, of any of the files that have them. Raises FormatError for a line that has no colour."""
    text = _text(file)
    if file.name == "labelmap.txt":
        return _of_cvat(file, text)
    if file.suffix == ".json":
        return _of_json(file, text)
    rows: list[tuple[str, Colour | None]] = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.replace(",", " ").split()
        if not parts or line.startswith("#") or (number == 1 and not any(word.isdigit() for word in parts)):
            continue  # a comment, or the header of a CSV
        numbers = [int(word) for word in parts if word.isdigit()]
        name = " ".join(word for word in parts if not word.isdigit())
        if len(numbers) != 3 or not name:
            raise FormatError(f"{line!r} is not a colour", file=file, record=f"line {number}", needed="name r g b")
        rows.append((name, (numbers[0], numbers[1], numbers[2])))
    return Table(file, rows) if rows else None


def _of_cvat(file: Path, text: str) -> Table | None:
    """Lines "name:r,g,b:parts:actions"."""
    rows: list[tuple[str, Colour | None]] = []
    for line in text.splitlines():
        cells = line.split(":")
        numbers = cells[1].split(",") if len(cells) > 1 else []
        if not line.strip() or line.startswith("#"):
            continue
        if len(numbers) != 3 or not all(number.strip().isdigit() for number in numbers):
            return None
        rows.append((cells[0].strip(), (int(numbers[0]), int(numbers[1]), int(numbers[2]))))
    return Table(file, rows) if rows else None


def _of_json(file: Path, text: str) -> Table | None:
    """{"name": [r, g, b], …}, or {"classes": [{"title": …, "color": "#rrggbb"}, …]}."""
    try:
        content: Any = json.loads(text)
        if "classes" in content:
            rows = [(str(row["title"]), _hex(row["color"])) for row in content["classes"]]
        else:
            rows = [(str(name), (int(c[0]), int(c[1]), int(c[2]))) for name, c in content.items()]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        if file.name == "classes.json":
            return None
        raise FormatError(f"the palette cannot be read ({error})", file=file) from None
    return Table(file, [*rows]) if rows else None


def _hex(text: str) -> Colour:
    found = re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", text)
    if found is None:
        raise ValueError(f"{text!r} is not a colour")
    return int(found[1], 16), int(found[2], 16), int(found[3], 16)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise FormatError(f"the palette cannot be read ({error})", file=file) from None
