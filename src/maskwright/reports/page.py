"""One HTML page: what its sections are made of, and the file that holds it all."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import __version__
from maskwright.core.staging import check_file
from maskwright.errors import UsageError
from maskwright.figures import drawing
from maskwright.registry import require
from maskwright.runs.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: How every report begins; such a file may be replaced.
BEGINS = b"<!doctype html>\n<!-- a report of Maskwright -->\n"

#: What a colour of a figure means on a page, which is light or dark.
_MEANINGS = {drawing.INK: "ink", drawing.QUIET: "quiet", drawing.RULE: "rule", drawing.PAPER: "none"} | {
    colour: f"series-{place}" for place, colour in enumerate(drawing.SERIES)
}
_COLOUR = re.compile("|".join(_MEANINGS))


@dataclass(frozen=True)
class Fact:
    """One large number or word. note: small, below it."""

    name: str
    value: Any
    note: str = ""


@dataclass(frozen=True)
class Named:
    """A class's name behind its colour, (r, g, b) 0 … 255."""

    name: str
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Moved:
    """A difference; None where it is not known. judged: above 0 is good news."""

    by: float | None
    judged: bool = True


@dataclass(frozen=True)
class Share:
    """A part of a whole, 0 … 1. None where there is not a whole."""

    of: float | None


@dataclass(frozen=True)
class Words:
    """A paragraph. warns: it stands out."""

    text: str
    warns: bool = False
    kind: str = field(default="words", init=False)


@dataclass(frozen=True)
class Command:
    """A line for a terminal."""

    text: str
    kind: str = field(default="command", init=False)


@dataclass(frozen=True)
class Table:
    """Rows of cells: text, whole numbers, floats (NaN and None are "–"), intervals as pairs, Named, Moved,
    Share.

    folded: it is opened by a press on its title.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    title: str = ""
    folded: bool = False
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Drawings:
    """Figures beside each other, as many as there is room for, each with what it shows in words."""

    figures: Sequence[tuple[str, "Figure"]]
    kind: str = field(default="drawings", init=False)


@dataclass(frozen=True)
class Panel:
    """An image. address: a data URI, None where it cannot be shown. size: (height, width)."""

    caption: str
    address: str | None
    size: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Card:
    """A sample: its panels side by side, below its name. problem: why there is none."""

    title: str
    note: str
    panels: Sequence[Panel]
    problem: str = ""


@dataclass(frozen=True)
class Cards:
    """Samples. across: each has a line of its own."""

    cards: Sequence[Card]
    across: bool = False
    kind: str = field(default="cards", init=False)


@dataclass(frozen=True)
class Legend:
    """What colours over images mean. label: before them."""

    names: Sequence[Named]
    label: str = ""
    kind: str = field(default="legend", init=False)


Block = Words | Command | Table | Drawings | Cards | Legend


@dataclass(frozen=True)
class Section:
    """What stands below a title of its own."""

    title: str
    blocks: Sequence[Block]


def page(kind: str, title: str, intro: str, facts: Sequence[Fact], sections: Sequence[Section]) -> str:
    """The whole page as text.  Words from outside are escaped, whatever they hold.

    kind: of report, over the title.  intro: a sentence below it.  Sections without a block are left out.
    Raises MissingExtraError without Jinja or Matplotlib.
    """
    require("jinja2", "a report")
    import jinja2

    surroundings = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    surroundings.filters |= {"cell": _cell, "said": _said, "inlined": _Inlined()}
    text = surroundings.get_template("report.html").render(
        kind=kind, title=title, intro=intro, facts=facts, version=__version__,
        sections=[section for section in sections if section.blocks],
    )  # fmt: skip
    return BEGINS.decode() + text


def check_report(file: str | Path) -> None:
    """Raises UsageError where a report may not be written: the name, the folder, or what is there already."""
    if Path(file).suffix.lower() not in (".html", ".htm"):
        raise UsageError("is not a name of a page", file=file, needed="a name that ends with .html")
    check_file(file, overwrite=True, begins=BEGINS)


def write_report(file: str | Path, text: str) -> int:
    """Write a page, whole or not at all -> its bytes. text: as `page` gives it. Raises as `check_report` does, and
    DatasetError where the system refuses.
    """
    check_report(file)
    write_whole(Path(file), text)
    return len(text.encode())


def _cell(value: Any) -> str:
    """What kind of cell a value has: a class of the style sheet."""
    if isinstance(value, Named):
        return "named"
    if isinstance(value, Moved):
        return "number moved" + ("" if not value.by or not value.judged else " better" if value.by > 0 else " worse")
    number = (
        value is None or isinstance(value, Share) or (isinstance(value, int | float) and not isinstance(value, bool))
    )
    return "number" if number or isinstance(value, tuple) else ""


def _said(value: Any) -> str:
    """A cell's value in words."""
    if isinstance(value, Moved):
        return "–" if value.by is None else f"{value.by:+.4f}".replace("-", "−")
    if isinstance(value, Share):
        return "–" if value.of is None else f"{value.of:.2%}"
    if isinstance(value, Named):
        return value.name
    if isinstance(value, tuple):
        return " to ".join(_said(edge) for edge in value)
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


class _Inlined:
    """Puts figures into a page: without addresses, with the page's colours, and names that no other figure has."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self, drawn: "Figure", caption: str) -> str:
        self._number += 1
        text = drawing.svg(drawn, letters=True)
        text = text[text.index("<svg") :]
        text = re.sub(r"\s*<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
        text = re.sub(r' xmlns(:xlink)?="[^"]*"| version="[^"]*"', "", text)
        text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>f{self._number}-", text).replace("xlink:href", "href")
        text = _COLOUR.sub(lambda found: f"var(--{_MEANINGS[found[0]]})", text)
        width = float(re.search(r'width="([\d.]+)pt"', text)[1])  # type: ignore[index]
        head = f'<svg role="img" aria-label="{html.escape(caption)}" style="max-width:{width * 4 / 3:.0f}px"'
        return re.sub(r'<svg( width="[^"]*"| height="[^"]*")*', lambda _: head, text, count=1)
