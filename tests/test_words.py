"""Words of the house: one word for one thing in source, docs, messages and the page, and names that say what they name."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/maskwright"
#: Where words are looked at. Comments, docstrings, messages and docs; names too where the pattern is `ANYWHERE`.
TEXT = ("src/**/*.py", "docs/**/*.md", "README.md", "CONTRIBUTING.md", "web/src/**/*.ts", "web/src/**/*.tsx")
#: Where variables are looked at.
CODE = ("src/**/*.py", "tests/**/*.py", "scripts/*.py", "benchmarks/**/*.py", "examples/*.py", "web/src/**/*.ts", "web/src/**/*.tsx")  # fmt: skip

#: What to write instead -> what not to write.
WORDS = {
    "is not a, are not": r"(?<!there )\b(?:is|are|was|were|be|as) no (?!longer\b|more\b|less\b|other\b)",
    "is, will, is to": r"\bshall\b",
    "image": r"picture",
    "propagate": r"\bspread(?:s|ing)?\b",
    "plain": r"\bbare one\b",
}
#: Names of variables, functions and files are looked at, too.
ANYWHERE = {"image"}
#: Other senses: (what to write instead, file).
ALLOWED = {
    ("propagate", "src/maskwright/video/engines/classical.py"),  # an option: how far one colour speaks for others
    ("image", "src/maskwright/formats/_roles.py"),  # what people call their folders
}
#: Beginnings of paths that are not held to the words, and to names of variables.
ROOTS_NOT_YET: dict[str, tuple[str, ...]] = {"words": (), "one": ()}
#: In TypeScript: const one, (one) =>, (one: Row, …), one =>.
ONE_IN_TYPESCRIPT = re.compile(r"\b(?:const|let) one\b|\(one\b *[,):?]|, one\b *[,):?]|\bone *=>")


def files(patterns: tuple[str, ...], not_yet: tuple[str, ...]) -> list[str]:
    found = sorted({path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)})
    return [name for name in found if not name.startswith(not_yet) and name != "tests/test_words.py"]


def texts(name: str, content: str) -> Iterator[tuple[int, str]]:
    """(line, text without line breaks) of a Python file's comments and strings, or of another file's paragraphs."""
    if not name.endswith(".py"):
        line = 1
        for paragraph in content.split("\n\n"):
            yield line, " ".join(paragraph.split())
            line += paragraph.count("\n") + 2
        return
    comment, begin, end = "", 0, 0  # lines of comments that follow each other
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != end + 1:
                yield begin, comment
                comment, begin = "", token.start[0]
            comment, end = f"{comment} {token.string.strip('#: ')}", token.start[0]
        elif token.type in (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)):
            yield token.start[0], " ".join(token.string.split())
    yield begin, comment


def slips(name: str, content: str) -> list[str]:
    """What a file has of the words not to write, each with its place and what to write."""
    lines, spoken = list(enumerate(content.splitlines(), 1)), list(texts(name, content))
    return [
        f"{name}:{line}: {found[0]!r}; write: {instead}"
        for instead, pattern in WORDS.items()
        if (instead, name) not in ALLOWED
        for line, text in (lines if instead in ANYWHERE else spoken)
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


def ones(name: str, content: str) -> list[str]:
    """Variables and parameters called `one`, which says nothing of what they hold."""
    if not name.endswith(".py"):
        lines = enumerate(content.splitlines(), 1)
        return [f"{name}:{line}" for line, text in lines if ONE_IN_TYPESCRIPT.search(text)]
    return [
        f"{name}:{node.lineno}"
        for node in ast.walk(ast.parse(content))
        if (isinstance(node, ast.Name) and node.id == "one" and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.arg) and node.arg == "one")
    ]


@pytest.mark.parametrize("name", files(TEXT, ROOTS_NOT_YET["words"]))
def test_words(name: str) -> None:
    assert not slips(name, (ROOT / name).read_text())
    assert "picture" not in name.lower()


@pytest.mark.parametrize("name", files(CODE, ROOTS_NOT_YET["one"]) or [""])
def test_variables_say_what_they_hold(name: str) -> None:
    assert not name or not ones(name, (ROOT / name).read_text())


@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        ("a.py", '"""A file that is no image."""', 1),
        ("a.py", '"""A file that is\n    no image."""', 1),
        ("a.py", 'raise ValueError(f"{key!r} is no key")', 1),
        ("a.py", '"""There is no image; the old one is no longer there."""', 0),
        ("a.py", "x = 1  # it shall be two", 1),
        ("a.py", "# what is\n# no image", 1),
        ("a.md", "What is\nno image.", 1),
        ("a.py", "picture = 1", 1),
        ("a.py", "def real_pictures(): ...", 1),
        ("a.py", "spread = values.std()", 0),
        ("a.py", '"""Spread labels."""', 1),
        ("a.md", "Labels are no truth, and pictures shall spread.", 4),
        ("a.ts", 'const text = "Spread the labels";', 1),
    ],
)
def test_slips_are_found(name: str, content: str, number: int) -> None:
    assert len(slips(name, content)) == number


@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        ("a.py", "for one in rows: pass", 1),
        ("a.py", "key = [one for one in rows]", 1),
        ("a.py", "key = lambda one: one", 1),
        ("a.py", "def f(one, two): ...", 1),
        ("a.py", "with f() as one: pass", 1),
        ("a.py", "first = row.one", 0),
        ("a.ts", "rows.map((one) => one.id)", 1),
        ("a.ts", "for (const one of rows) {}", 1),
        ("a.ts", "// the same one; none", 0),
    ],
)
def test_variables_called_one_are_found(name: str, content: str, number: int) -> None:
    assert len(ones(name, content)) == number


def test_no_two_modules_of_one_name_mean_different_things() -> None:
    """Apart from verbs, routes, test classes and kinds of files, named for what they serve, and an engine's two uses."""
    named = defaultdict(list)
    for path in SOURCE.rglob("*.py"):
        module = path.parent if path.name == "__init__.py" else path
        where = module.relative_to(SOURCE).parts
        if where and where[0] not in ("cli", "testing") and where[:2] not in (("studio", "routes"), ("media", "pages")):
            named[module.stem].append("/".join(where))
    same = {name: places for name, places in named.items() if len(places) > 1}
    for name in ("kernels", "engines"):  # in each room the compiled loops, and the engines, of that room
        assert all(place.endswith(f"/{name}") for place in same.pop(name))
    assert not {
        name: places
        for name, places in same.items()
        if not all("/engines/" in place or place.startswith("models/") for place in places)
    }
