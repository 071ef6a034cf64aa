"""Draw the rooms of the package into docs/explanation/architecture.md; a test holds the two together."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "maskwright"
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
BEGIN, END = "<!-- rooms: python scripts/rooms.py -->\n", "<!-- end of rooms -->\n"

#: From the top down. A room may import rooms of lower layers only, and none beside it.
LAYERS = (
    ("cli", "testing"),
    ("studio",),
    ("demo", "diagnostics"),
    ("integrations",),
    ("video",),
    ("fewshot",),
    ("train", "interactive", "reports"),
    ("predict", "labelling", "insight"),
    ("runs", "conversions"),
    ("formats", "models", "losses", "metrics", "transforms", "figures"),
    ("compute", "weights", "sets"),
    ("store",),
    ("media",),
    ("core",),
    ("registry",),
    ("errors",),
)


def rank() -> dict[str, int]:
    """Room -> its layer, counted from the bottom."""
    return {room: place for place, layer in enumerate(reversed(LAYERS)) for room in layer}


def imports(path: Path) -> list[tuple[str, bool]]:
    """(module, inside a function) of every import that runs; those for type checkers alone do not."""
    tree = ast.parse(path.read_text())
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    lazy = {inner for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for inner in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, node in lazy) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(f"{node.module}.{alias.name}", node in lazy) for alias in node.names]
    return found


def files(room: str) -> list[Path]:
    """A room's modules."""
    folder = SOURCE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def purpose(room: str) -> str:
    """The first sentence of the room's docstring."""
    said = ast.get_docstring(
        ast.parse(next(path for path in files(room) if path.stem in (room, "__init__")).read_text())
    )
    first = " ".join((said or "").split("\n\n", 1)[0].split())
    return first.split(". ", 1)[0].rstrip(".").replace("|", "\\|")


def known(room: str) -> list[str]:
    """The rooms that this one imports, the highest first."""
    places = rank()
    found = {
        module.split(".")[1] for path in files(room) for module, _ in imports(path) if module.startswith("maskwright.")
    }
    return sorted((found & set(places)) - {room}, key=lambda other: (-places[other], other))


def drawing() -> str:
    width = max(len("  ".join(layer)) for layer in LAYERS)
    rows = "\n".join(f"{'  '.join(layer):^{width}}".rstrip() for layer in LAYERS)
    table = ["| room | what it is for | imports |", "|---|---|---|"]
    table += [f"| `{room}` | {purpose(room)} | {', '.join(known(room)) or '-'} |" for layer in LAYERS for room in layer]
    return f"{BEGIN}\n```\n{rows}\n```\n\n" + "\n".join(table) + f"\n\n{END}"


def page() -> str:
    """The page with the drawing as it is today."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    return before + drawing() + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page())
