"""Write the tables of formats and of what is implausible in docs/reference/formats.md from the code.

python scripts/format_matrix.py
"""

import inspect
import sys
from pathlib import Path

from maskwright import formats, registry
from maskwright.formats._plausible import GRAVE

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "formats.md"
BEGIN, END = "<!-- table: python scripts/format_matrix.py -->", "<!-- end of table -->"
BEGIN_KINDS, END_KINDS = "<!-- kinds: python scripts/format_matrix.py -->", "<!-- end of kinds -->"


def options(function: object) -> str:
    """Keyword-only parameters with their defaults."""
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    named = [
        class_ for class_ in parameters if class_.kind is inspect.Parameter.KEYWORD_ONLY and class_.name != "images"
    ]
    return ", ".join(f"`{each.name}`" for each in named)


def table() -> str:
    rows = ["| name | what | reads | writes | options when reading | cannot hold |", "|---|---|---|---|---|---|"]
    for name in formats.names():
        module = registry.load("formats", name)
        what = (module.__doc__ or "").split("\n\n")[0].strip().replace("\n", " ").replace("|", "\\|").rstrip(".")
        writes = hasattr(module, "write")
        lost = ", ".join(sorted(module.LOSES)) if writes else ""
        rows.append(f"| `{name}` | {what} | yes | {'yes' if writes else 'no'} | {options(module.read)} | {lost} |")
    causes = ["", "The words in the last column:", ""]
    causes += [f"- **{cause}**: {meaning}" for cause, meaning in formats.CAUSES.items()]
    return "\n".join([*rows, *causes])


def kinds() -> str:
    rows = ["| kind | what | stops |", "|---|---|---|"]
    rows += [f"| {kind} | {what} | {'yes' if kind in GRAVE else 'no'} |" for kind, what in formats.KINDS.items()]
    return "\n".join(rows)


def page() -> str:
    text = PAGE.read_text()
    for begin, end, made in ((BEGIN, END, table()), (BEGIN_KINDS, END_KINDS, kinds())):
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}\n{made}\n{end}{after}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.name} written\n")
