"""Print what becomes of small copies of public sets that are read without any option, as a Markdown table.

python scripts/layout_table.py [--page | NAME …]

--page writes docs/reference/layouts.md, which a test holds to the list of what is read right.
The sets and what they hold are those of tests/layouts; how a reading is held against them says
tests/layouts/public_sets/comparison.py.  A name with ":packed" is the set as its archives.
"""

import os
import re
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/layouts"))

from public_sets import LAYOUTS
from public_sets.comparison import tried
from public_sets.drawing import pack

from maskwright import formats


def cell(text: str, held: str) -> str:
    """A reason in a cell of the table, without the folder that nobody else has and the list of all formats."""
    short = re.sub(r"one of ade20k\b[^.]*", "one of …", " ".join(text.replace(f"{held}/", "").split()))
    return short[:240].replace("|", "\\|")


PAGE = Path(__file__).parents[1] / "docs" / "reference" / "layouts.md"

HEAD = """# Layouts that are read as they are

Small copies of public sets and of what programs export, built from their own descriptions, are read without any option
and held against what they hold: every image, class name, split and pixel. `maskwright import FOLDER DATASET` takes
them as they were downloaded; `--dry-run` shows beforehand what it will do. The suite reads all of them. Where a row
says "refused" the message says what to do; none is read with other labels than it has. This page is written by
`python scripts/layout_table.py --page`.

"""


def shape(folder: Path, most: int = 6) -> str:
    """Where files lie and of which kinds they are."""
    found: Counter[str] = Counter()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            home = file.parent.relative_to(folder).as_posix()
            found[f"{'' if home == '.' else home + '/'}*{file.suffix}" if file.suffix else str(home)] += 1
    names = sorted(found)
    return ", ".join(f"`{name}`" for name in names[:most]) + (f" and {len(names) - most} more" * (len(names) > most))


def told(place: Path) -> tuple[str, str]:
    """The format that a place is read as, and what comes of it."""
    reading = formats.read(place)
    samples = list(reading.samples)
    classes = [class_.name for class_ in reading.classes if class_.role == "class"]
    splits = sorted({sample.split for sample in samples if sample.split})
    named = ", ".join(classes[:4]) + (f" and {len(classes) - 4} more" * (len(classes) > 4))
    told = f"{len(samples)} images, {sum(len(sample.segments) for sample in samples)} segments of {named}"
    return reading.chosen.format if reading.chosen else "", told + (f"; {', '.join(splits)}" if splits else "")


def write_page() -> None:
    rows = []
    for layout in LAYOUTS:
        with tempfile.TemporaryDirectory() as held:
            folder = Path(held) / layout.name
            folder.mkdir()
            truth = layout.build(folder)
            outcome = tried(folder, truth)
            archives = "-"
            if layout.archives:
                archives = tried(pack(folder, layout.archives, Path(held) / "packed"), truth).state
            read = told(folder) if outcome.state == "right" else ("-", f"{outcome.state}: {outcome.reasons[0]}")
            rows.append((layout.title, shape(folder), read[0], cell(read[1], held), archives.replace("right", "read")))
    number = sum(row[2] != "-" for row in rows)
    packed = [row[4] for row in rows if row[4] != "-"]
    said = f"{number} of {len(rows)} are read, {packed.count('read')} of {len(packed)} as downloaded archives.\n\n"
    table = "| set | files | read as | what comes in | archives |\n|---|---|---|---|---|\n"
    lines = (f"| {' | '.join(part.replace('|', chr(92) + '|') for part in row)} |\n" for row in rows)
    PAGE.write_text(HEAD + said + table + "".join(lines), encoding="utf-8")
    print(f"{PAGE.name} written: {said.strip()}")


def main(names: list[str]) -> None:
    if names == ["--page"]:
        write_page()
        return
    rows: list[tuple[str, str, str, str]] = []
    for layout in LAYOUTS:
        if names and layout.name not in names:
            continue
        with tempfile.TemporaryDirectory() as held:
            folder = Path(held) / layout.name
            folder.mkdir()
            truth = layout.build(folder)
            places = {"": folder}
            if layout.archives:
                places[":packed"] = pack(folder, layout.archives, Path(held) / "packed")
            for kind, place in places.items():
                outcome = tried(place, truth)
                rows.append((layout.title, layout.name + kind, outcome.state, cell("; ".join(outcome.reasons), held)))
    print("| set | name | read | why |\n|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    for kind, packed in (("folders", False), ("packed", True)):
        counted = Counter(state for _, name, state, _ in rows if name.endswith(":packed") is packed)
        said = ", ".join(f"{counted[state]} {state}" for state in ("right", "wrong", "refused"))
        print(f"\n{kind}: {sum(counted.values())}: {said}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1:])
