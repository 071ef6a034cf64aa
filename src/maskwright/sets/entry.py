"""What is known of one public set, and reading that from its TOML file."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from maskwright.core.names import confined
from maskwright.errors import FormatError, UsageError

#: On what terms a set may be used -> what that means.
USES = {
    "free": "for any use, commercial use included, as its licence says",
    "labels-free": "labels for any use; the images are other people's, on terms of their own",
    "non-commercial": "for research, teaching or private use only",
    "terms": "after accepting terms or signing in, which only you can do",
    "unstated": "its publishers state no licence: ask them before you rely on it",
}

TASKS = ("semantic", "instance", "panoptic", "video", "volume", "parts", "boxes", "prompted")

#: Digests by name, and how many hexadecimal digits they have.
_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}

#: What stands in a command for the folder that holds the files, and for the dataset.
FOLDER, DATASET = "FOLDER", "DATASET"
#: And for the set's class names, with commas.
NAMES = "NAMES"


@dataclass(frozen=True, slots=True)
class SetFile:
    """One file of a set.

    address: http or https.  size: its exact bytes; None where nobody published them.  checksum: such as "sha256:…", or
    "".  to: an archive's content goes into this folder below the set's; another file becomes this file.  part: which
    part of the set it belongs to; every part needs a file of none.  inner: an archive's members that are archives, or
    end in .gz, are unpacked where they lie.  moves: (from, to) below `to`, for names that no reader pairs.
    """

    address: str
    size: int | None = None
    checksum: str = ""
    to: str = ""
    part: str = ""
    inner: bool = False
    moves: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The last part of the address's path."""
        return self.address.partition("?")[0].rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ImportCommand:
    """A command that imports a set, or part of it. text: with FOLDER, DATASET and NAMES where those are to
    stand.
    """

    text: str
    part: str = ""

    def filled(self, folder: str, dataset: str, names: Sequence[str] = ()) -> str:
        """The command to copy. names: of the classes."""
        places = {FOLDER: folder, DATASET: dataset, NAMES: ",".join(names)}
        return shlex.join(_word(word, places) for word in shlex.split(self.text))

    @property
    def format(self) -> str:
        """The format that it names; "" where the format is recognised."""
        words = shlex.split(self.text)
        return next((after for word, after in pairwise(words) if word in ("--format", "-f")), "")


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A public set.

    name: one word.  what: one sentence.  tasks: of TASKS.  images: how many are labelled.  splits: the same in words,
    by split, and what is counted where it is not images.  classes: how many.  class_names: where they are few.
    size: bytes of the whole download, about.  licence: its words.  use: of USES.  home: its page.  layout: how it lies
    in the folder.  files: what is fetched; none where that takes a person.  obtain: what that person does.
    commands: to import it, in order.  unread: what of it is not read, or why nothing is.  sources: public material
    that these facts were checked against.  unverified: fields that none of it confirmed.
    """

    name: str
    title: str
    what: str
    tasks: tuple[str, ...]
    licence: str
    use: str
    home: str
    layout: str
    sources: str
    images: int | None = None
    splits: str = ""
    classes: int | None = None
    class_names: tuple[str, ...] = ()
    size: int | None = None
    files: tuple[SetFile, ...] = ()
    obtain: str = ""
    commands: tuple[ImportCommand, ...] = ()
    unread: str = ""
    unverified: tuple[str, ...] = ()

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that its commands read, sorted."""
        return tuple(sorted({command.format for command in self.commands if command.format}))

    @property
    def parts(self) -> tuple[str, ...]:
        """What can be fetched without the rest, in the order of the files."""
        return tuple(dict.fromkeys(file.part for file in self.files if file.part))

    def chosen(self, parts: tuple[str, ...] = ()) -> "tuple[tuple[SetFile, ...], tuple[ImportCommand, ...]]":
        """Files and commands of these parts, and of none; all where no part is named. Raises UsageError."""
        for part in parts:
            if part not in self.parts:
                raise UsageError(
                    f"{self.name} has no part {part!r}",
                    needed=f"one of {', '.join(self.parts)}" if self.parts else "it comes whole: leave the part out",
                )
        wanted = ("", *(parts or self.parts))
        return (
            tuple(file for file in self.files if file.part in wanted),
            tuple(command for command in self.commands if command.part in wanted or not self.parts),
        )

    def import_commands(self, folder: str | None = None, parts: tuple[str, ...] = ()) -> list[str]:
        """Commands to copy. folder: where the files are; a folder of the set's name when not given.  parts: those that
        were fetched; all when none is named.
        """
        dataset = f"{self.name}-dataset"
        return [command.filled(folder or self.name, dataset, self.class_names) for command in self.chosen(parts)[1]]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values, `formats` and `parts` too."""
        return {
            **asdict(self), "tasks": list(self.tasks), "class_names": list(self.class_names),
            "files": [asdict(file) for file in self.files], "commands": [asdict(command) for command in self.commands],
            "unverified": list(self.unverified), "formats": list(self.formats), "parts": list(self.parts),
        }  # fmt: skip


def _word(word: str, places: Mapping[str, str]) -> str:
    for mark, place in places.items():
        head, found, tail = word.partition(mark)
        if found and head[-1:] in ("", "=", ",") and tail[:1] in ("", "/", "-"):
            return f"{head}{place}{tail}"
    return word


def entry(name: str, content: Mapping[str, Any]) -> PublicSet:
    """The set that a TOML file describes. Raises FormatError for a field that is missing, unknown or not as it must be.

    `import` is a list of commands, or of tables with text and part; `files` a list of tables.
    """
    try:
        return _checked(_read(name, dict(content)))
    except (TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"is not a description of a set ({error})", file=f"entries/{name}.toml") from None
    except UsageError as error:
        raise FormatError(error.found, file=f"entries/{name}.toml", needed=error.needed) from None


def _read(name: str, content: dict[str, Any]) -> PublicSet:
    commands = content.pop("import", [])
    known = {field.name for field in fields(PublicSet)} - {"name", "commands"}
    needed = {field.name for field in fields(PublicSet) if field.default is MISSING} - {"name"}
    if set(content) - known or needed - set(content):
        raise ValueError(f"unknown: {sorted(set(content) - known)}, missing: {sorted(needed - set(content))}")
    content["files"] = tuple(
        SetFile(**file | {"moves": tuple((before, after) for before, after in file.get("moves", ()))})
        for file in content.get("files", ())
    )
    content["commands"] = tuple(
        ImportCommand(command) if isinstance(command, str) else ImportCommand(**command) for command in commands
    )
    for several in ("tasks", "class_names", "unverified"):
        content[several] = tuple(content.get(several, ()))
    return PublicSet(name=name, **content)


def _checked(found: PublicSet) -> PublicSet:
    if found.use not in USES or not set(found.tasks) <= set(TASKS) or not found.tasks:
        raise ValueError(f"use {found.use!r}, tasks {found.tasks}")
    if bool(found.files) == bool(found.obtain):
        raise ValueError("files to fetch, or what a person does to obtain them: one of the two")
    if not found.commands and not found.unread:
        raise ValueError("no command imports it, and nothing says why")
    unknown = set(found.unverified) - {field.name for field in fields(PublicSet)}
    if unknown:
        raise ValueError(f"unverified names {sorted(unknown)}")
    if {command.part for command in found.commands} - {"", *found.parts}:
        raise ValueError("a command is of a part that no file has")
    if len({file.name for file in found.files}) < len(found.files):
        raise ValueError("two files have one name")
    for file in found.files:
        kind, _, digits = file.checksum.partition(":")
        if not file.address.startswith(("https://", "http://")) or not file.name:
            raise ValueError(f"the address {file.address!r}")
        if file.checksum and _DIGITS.get(kind) != len(digits):
            raise ValueError(f"the checksum {file.checksum!r}")
        for place in (file.to or "-", *(name for move in file.moves for name in move)):
            confined(Path("set"), place)
    return found
