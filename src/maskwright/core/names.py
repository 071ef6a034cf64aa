"""Keys and names: what may stand where a path could be made of it, and the one way from either to a place on disk.

A key names a sample: a relative path without suffix, such as "train/0001".  A name is one word that people give: of a
run, a sweep, a tag, an author, a saved view.  Neither ever is a path; `confined` is how a file is put below a folder.
"""

import hashlib
import os
import re
import unicodedata
from pathlib import Path, PurePosixPath

from maskwright.errors import CONTROL, UsageError, plain

#: Bytes of a key, of one of its parts, and of a name, in UTF-8. File systems take 255 a part; suffixes need some.
LONGEST_KEY, LONGEST_PART, LONGEST_NAME = 1000, 200, 120

#: Bytes of a file's path below a folder, and of one of its parts.
LONGEST_PATH, LONGEST_FILE = 2000, 255

_DIGITS = re.compile(r"([0-9]+)")

#: Words that commands understand in place of a run's name or a tag.
RESERVED = frozenset({"last", "head", "all", "none"})


def key_problem(key: object) -> str | None:
    """What is wrong with a sample's key, in a few words; None for a good key."""
    if not isinstance(key, str):
        return f"is a {type(key).__name__}, not text"
    if (wrong := _text_problem(key, LONGEST_KEY)) is not None:
        return wrong
    if "\\" in key:
        return "holds a backslash"
    if unicodedata.normalize("NFC", key) != key:
        return "is not in Unicode's composed form (NFC)"
    if key.startswith("/"):
        return "is an absolute path"
    for part in key.split("/"):
        if part in ("", ".", ".."):
            return f"has the part {part!r}"
        if part.startswith(".") or not part.strip():
            return f"has the part {part!r}, which readers of folders do not see"
        if len(part.encode()) > LONGEST_PART:
            return f"has a part of {len(part.encode())} bytes, more than {LONGEST_PART}"
    return None


def name_problem(name: object) -> str | None:
    """What is wrong with a name, in a few words; None for a good name."""
    if not isinstance(name, str):
        return f"is a {type(name).__name__}, not text"
    if (wrong := _text_problem(name, LONGEST_NAME)) is not None:
        return wrong
    if set(name) & set("/\\"):
        return "holds a slash"
    if name.startswith((".", "-")) or name != name.strip():
        return "begins with a dot, a dash or a space, or ends with a space"
    if name.lower() in RESERVED:
        return "is a reserved word"
    return None


def check_name(name: str, what: str) -> str:
    """The name itself, composed (NFC). Raises UsageError for one that is not a safe single word; what: a run's name."""
    composed = unicodedata.normalize("NFC", name) if isinstance(name, str) else name
    if (wrong := name_problem(composed)) is not None:
        raise UsageError(
            f"{what} {shown(name)!r} {wrong}",
            needed=f"at most {LONGEST_NAME} bytes, without slashes, none of {', '.join(sorted(RESERVED))}",
        )
    return composed


def safe_key(text: str) -> str:
    """The nearest good key; a good key stays as it is.

    Backslashes become slashes, parts that lead elsewhere go, control characters become "_", what is too long is cut and
    told apart by a hash.
    """
    composed = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode()).replace("\\", "/")
    parts = []
    for part in composed.split("/"):
        kept = CONTROL.sub("_", part)
        if kept not in ("", ".", ".."):
            hidden = kept.startswith(".") or not kept.strip()
            parts.append(_cut(f"_{kept[1:]}" if hidden else kept, LONGEST_PART))
    whole = "/".join(parts) or "unnamed"
    return _cut(whole.replace("/", "_"), LONGEST_PART) if len(whole.encode()) > LONGEST_KEY else whole


def told_apart(key: str, original: str) -> str:
    """Another good key for `original`, where `key`, which it would get, is taken: `key` with a hash of it behind."""
    mark = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    if len(key.encode()) + 9 > LONGEST_KEY:
        key = key.replace("/", "_")
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}{name.encode()[: LONGEST_PART - 9].decode(errors='ignore')}-{mark}"


def folded(name: str) -> str:
    """What names that people take for one have in common: in one case, composed, one space for spaces, "_" and "-"."""
    plain_name = unicodedata.normalize("NFKC", name).casefold().replace("_", " ").replace("-", " ")
    return " ".join(plain_name.split())


def natural(text: str) -> list[tuple[int, str]]:
    """What texts are sorted by where people name them: frame2 before frame10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(text)]


def confined(folder: Path, relative: str | PurePosixPath) -> Path:
    """`folder / relative`, sure to lie below `folder` with links resolved; nothing is made.

    Raises UsageError for a path that is absolute or leads out of it, and for one that no file system takes.
    """
    text = str(relative)
    inside = PurePosixPath(text)
    native = inside if os.name == "posix" else Path(text)
    if inside.is_absolute() or native.drive or native.root or ".." in inside.parts or not inside.parts:
        raise UsageError(f"{shown(text)!r} does not lie below the folder", file=folder, needed="a relative path")
    if (wrong := _file_problem(text, inside)) is not None:
        raise UsageError(f"{shown(text)!r} {wrong}", file=folder, needed="a path that can be a file's everywhere")
    target = folder / inside
    if _through_a_link(folder, inside) and not target.parent.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{shown(text)!r} leads out of the folder through a link", file=folder)
    return target


def _through_a_link(folder: Path, inside: PurePosixPath) -> bool:
    """Whether a folder on the way from `folder` to a path below it is a link; without one nothing leads out."""
    place = os.fspath(folder)
    for part in inside.parts[:-1]:  # asked for every file that is written
        place = os.path.join(place, part)  # noqa: PTH118
        if os.path.islink(place):  # noqa: PTH114
            return True
    return False


def _file_problem(text: str, inside: PurePosixPath) -> str | None:
    if (wrong := _text_problem(text, LONGEST_PATH)) is not None:
        return wrong
    if "\\" in text:
        return "holds a backslash"
    longest = max(len(os.fsencode(part)) for part in inside.parts)
    return f"has a part of {longest} bytes, more than {LONGEST_FILE}" if longest > LONGEST_FILE else None


def shown(text: object, most: int = 80) -> str:
    """Text from elsewhere as it can be shown: on one line, without control characters, not endless."""
    words = plain(text)
    return words if len(words) <= most else words[: most - 1] + "…"


def shown_place(place: object) -> str:
    """Where a dataset is, as it can be shown: a folder as it is, an address without its password."""
    return plain(place)


def _text_problem(text: str, longest: int) -> str | None:
    if not text:
        return "is empty"
    control = CONTROL.search(text)
    if control is not None:
        return f"holds the control character U+{ord(control[0]):04X}"
    length = len(text.encode())
    return f"has {length} bytes, more than {longest}" if length > longest else None


def _cut(text: str, most: int) -> str:
    if len(text.encode()) <= most:
        return text
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return text.encode()[: most - 9].decode(errors="ignore") + "-" + mark
