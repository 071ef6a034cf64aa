"""Archives into a folder that nothing in them can leave: honest members only, within limits, and room on the disk."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from maskwright.core.archive import Contents, Member, opened, refused
from maskwright.core.names import confined, shown
from maskwright.core.progress import Progress, silent
from maskwright.errors import FormatError, UsageError

#: Bytes that stay free on the disk.
SPARE = 100_000_000
#: After so many bytes the disk is asked again how much room it has.
_ASKED = 2**26


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold at most; None for no limit. files: their number.  size: bytes, of all of them.

    ratio: so many times its own size, where that is more than `ratio_from` bytes.
    """

    files: int | None = None
    size: int | None = None
    ratio: int | None = None
    ratio_from: int = 2**30


@dataclass(slots=True)
class Unpacked:
    """What came out of an archive. files: their number.  size: their bytes.  left_out: how many were litter."""

    files: int = 0
    size: int = 0
    left_out: int = 0


NO_LIMITS = Limits()


def unpack(
    archive: Path, folder: Path, *, limits: Limits = NO_LIMITS, name: str | None = None, progress: Progress = silent
) -> Unpacked:
    """An archive's files into a folder, which may hold other files already.

    What systems lay beside files (._NAME, .DS_Store, __MACOSX, Thumbs.db, …) is left out.  A link to a file of the
    archive becomes a copy of it.  name: of the archive in messages, instead of its path.  Raises FormatError, naming
    archive and member, for what cannot be read or is encrypted, for a member that leads out of the folder, by its name
    or as a link, is neither a file nor a folder, is there twice or holds more than it says, for more than `limits`, and
    for more than the disk has room for; what was unpacked before stays for the caller to remove.
    """
    called = archive if name is None else name
    with opened(archive, called) as contents:
        growing = _Growing(archive, called, folder, limits, contents)
        links: dict[str, Member] = {}
        with progress(f"unpacking {Path(called).name}, files", contents.files) as follow:
            for member in follow(contents.members):
                if member.link is None:
                    growing.write(member)
                elif links.setdefault(member.name, member) is not member:
                    raise refused(called, member.name, _TWICE)
        for member in links.values():  # what they lead to may come behind them
            growing.copy(member, _end_of(member, links))
        growing.done.left_out = contents.left_out
    return growing.done


def room(folder: Path) -> int:
    """Bytes that may be written to a folder's disk."""
    return shutil.disk_usage(folder).free - SPARE


def in_bytes(number: float) -> str:
    """A number of bytes as people read it: "10 bytes", "4.0 MiB"."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            break
        number /= 1024
    return f"{number:.0f} bytes" if unit == "bytes" else f"{number:,.1f} {unit}"


_TWICE = "is there twice, or a file and a folder"


def _end_of(member: Member, links: dict[str, Member]) -> str:
    """What a link of links leads to in the end; its own name for one that leads back to itself."""
    seen = {member.name}
    path = member.link or ""
    while path in links and path not in seen:
        seen.add(path)
        path = links[path].link or ""
    return path


class _Growing:
    """A folder into which an archive is unpacked, and how much of it is there."""

    def __init__(self, archive: Path, called: object, folder: Path, limits: Limits, contents: Contents) -> None:
        self.called, self.folder, self.limits = called, folder, limits
        self.packed = max(1, archive.stat().st_size)
        self.done = Unpacked()
        self._made: set[Path] = set()
        self._free = 0
        folder.mkdir(parents=True, exist_ok=True)
        if contents.files is not None and contents.size is not None:
            self._check(contents.files, contents.size, "")
            self._check_room("", contents.size)

    def write(self, member: Member) -> None:
        target = self._target(member.name)
        self._grow(member, member.size)
        try:
            sink = target.open("xb")
        except FileExistsError:
            raise refused(self.called, member.name, _TWICE) from None
        with sink:
            for piece in member.pieces():
                sink.write(piece)

    def copy(self, member: Member, path: str) -> None:
        """What lies at a path in the archive, for a link to it."""
        target = self._target(member.name)
        if target.exists():
            raise refused(self.called, member.name, _TWICE)
        try:
            source = confined(self.folder, path)
            found = source.is_file() and not source.is_symlink()
        except UsageError:
            found = False
        if not found:
            raise refused(self.called, member.name, "is a link to what is not in it")
        self._grow(member, source.stat().st_size)
        shutil.copyfile(source, target)

    def _target(self, name: str) -> Path:
        """Where a member goes; its folders are made."""
        try:
            target = confined(self.folder, name)
        except UsageError:
            raise refused(self.called, name, "leads out of it, or cannot be a file") from None
        if target.parent not in self._made:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise refused(self.called, name, _TWICE) from None
            self._made.add(target.parent)
        return target

    def _grow(self, member: Member, size: int) -> None:
        """One file more."""
        self.done.files += 1
        self.done.size += size
        self._check(self.done.files, self.done.size, " or more")
        self._check_room(f"'s member {shown(member.name)!r}", size)
        self._free -= size

    def _check(self, files: int, size: int, more: str) -> None:
        limits = self.limits
        if limits.files is not None and files > limits.files:
            raise FormatError(
                f"the archive holds {files} files{more}", file=self.called, needed=f"{limits.files} at most"
            )
        if limits.size is not None and size > limits.size:
            raise FormatError(
                f"the archive holds {in_bytes(size)}{more}", file=self.called, needed=f"{in_bytes(limits.size)} at most"
            )
        if limits.ratio is not None and size > limits.ratio_from and size > limits.ratio * self.packed:
            raise FormatError(
                f"the archive's {in_bytes(self.packed)} become {in_bytes(size)}{more}, which no set of images does",
                file=self.called, needed=f"{limits.ratio} times its size at most",
                todo="Where you trust the archive, unpack it yourself, and use the folder.",
            )  # fmt: skip

    def _check_room(self, what: str, size: int) -> None:
        if size > self._free:
            free = room(self.folder)
            if size > free:
                raise FormatError(
                    f"the archive{what} holds {in_bytes(size)}, and the disk has room for {in_bytes(max(free, 0))}",
                    file=self.called, todo="Make room, or move the archive to a larger disk.",
                )  # fmt: skip
            self._free = min(free, max(size, _ASKED))
