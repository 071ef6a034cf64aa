"""All public sets by name: one TOML file each in entries/."""

import tomllib
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.sets.entry import TASKS, USES, PublicSet, entry

_ENTRIES = Path(__file__).parent / "entries"


def names() -> list[str]:
    """The names of all sets, sorted, such as "coco"; no file is read."""
    return sorted(file.stem for file in _ENTRIES.glob("*.toml"))


def load(name: str) -> PublicSet:
    """The set of this name, with hyphens or underscores, in any case.

    Raises UsageError for a name that no set has, with the nearest ones; FormatError for a broken description.
    """
    wanted = name.strip().lower().replace("_", "-")
    known = names()
    if wanted in known:
        return _loaded(wanted)
    near = list(dict.fromkeys([
        *(other for other in known if wanted and other.startswith(wanted)),
        *get_close_matches(wanted, known, n=3),
        *(other for other in known if wanted and wanted in other),
        *(other for other in known if get_close_matches(wanted, other.split("-"), n=1, cutoff=0.75)),
    ]))[:3]  # fmt: skip
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "See: maskwright data list"
    raise UsageError(f"there is no public set {name!r} in the list", todo=hint)


@cache
def _loaded(name: str) -> PublicSet:
    file = _ENTRIES / f"{name}.toml"
    return entry(name, tomllib.loads(file.read_text(encoding="utf-8")))


def find(*, task: str | None = None, use: str | None = None) -> list[PublicSet]:
    """All sets, sorted by name, or some of them.

    task: such as "semantic" or "video".  use: on what terms, of USES.  Raises UsageError for a task or terms that are
    not known.
    """
    for given, known, what in ((task, TASKS, "task"), (use, tuple(USES), "kind of licence")):
        if given is not None and given not in known:
            raise UsageError(f"there is no {what} {given!r}", needed=f"one of {', '.join(known)}")
    return [found for found in map(load, names()) if task in (None, *found.tasks) and use in (None, found.use)]
