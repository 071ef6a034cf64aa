"""Write the table of formats in docs/reference/formats.md from the code.

python scripts/format_matrix.py
"""

import inspect
import sys
from pathlib import Path

from maskwright import formats, registry

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "formats.md"
BEGIN, END = "<!-- table: python scripts/format_matrix.py -->", "<!-- end of table -->"


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


def page() -> str:
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.name} written\n")
