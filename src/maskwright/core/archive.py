"""Archives: which names are theirs, what is in them, member by member, and a folder into one.

What ends in .zip is a ZIP.  Everything else is a tar, read in one pass, and its first bytes say what packs it.
"""

import bz2
import gzip
import io
import lzma
import posixpath
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Self

from maskwright.core.names import confined, shown
from maskwright.errors import FormatError

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")

#: What systems lay beside people's files, in small letters; macOS adds files called ._NAME.
LITTER = frozenset({"__macosx", ".ds_store", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin"})

#: Bytes that are read at a time, that a link's target may have, and that the header of a member may have.
_PIECE, _LINK, _HEADER = 2**20, 4096, 2**20
_FIRST_BYTES = {b"\x1f\x8b": gzip.GzipFile, b"BZh": bz2.BZ2File, b"\xfd7zXZ\0": lzma.LZMAFile}
_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, tarfile.TarError, NotImplementedError, RuntimeError, EOFError, OSError,
    ValueError, OverflowError, LookupError, struct.error, zlib.error, lzma.LZMAError,
)  # fmt: skip


def is_archive(name: str) -> bool:
    """Whether a file's name says that it is an archive."""
    return name.lower().endswith(ENDINGS)


def without_ending(name: str) -> str:
    """An archive's name without what says that it is one: "set" of "set.tar.gz"; a name that is nothing else stays."""
    ending = max((end for end in ENDINGS if name.lower().endswith(end)), key=len, default="")
    return name[: len(name) - len(ending)] or name


def is_litter(path: str) -> bool:
    """Whether a path, with slashes, is what a system keeps beside people's files, or lies in a folder of such."""
    parts = path.lower().split("/")
    return parts[-1].startswith("._") or not LITTER.isdisjoint(parts)


def pack(folder: Path, archive: Path) -> None:
    """All files below a folder into a new ZIP archive, in the order of their names."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                inside = file.relative_to(folder).as_posix()
                out.write(confined(folder, inside), inside)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive. name: its path, with slashes.  size: in bytes, as the archive says.

    link: where it is a link, the path in the archive that it leads to.  called: the archive, in messages.
    """

    name: str
    size: int
    called: object
    link: str | None = None
    open: Callable[[], IO[bytes] | None] = lambda: None

    def pieces(self) -> Iterator[bytes]:
        """Its content, to be asked for before the next member is. Raises FormatError where it is not `size` bytes."""
        left = self.size
        with readable(self.called):
            source = self.open()
            if source is None:
                raise EOFError(f"{shown(self.name)!r} holds nothing that can be read")
        with source:
            while True:
                with readable(self.called):
                    piece = source.read(min(_PIECE, left + 1))
                    left -= len(piece)
                    if not piece and left:
                        raise EOFError(f"{shown(self.name)!r} ends {left:,} bytes early")
                if left < 0:
                    raise refused(self.called, self.name, "holds more than it says")
                if not piece:
                    return
                yield piece


@dataclass(slots=True)
class Contents:
    """What an archive holds, without litter. files, size: how many files, and their bytes as the archive says; None
    where only reading all of it tells.  left_out: how many files were passed over as litter so far.
    """

    members: Iterator[Member]
    files: int | None = None
    size: int | None = None
    left_out: int = 0


@contextmanager
def opened(archive: Path, called: object = None) -> Iterator[Contents]:
    """What an archive holds, as long as it is open; folders are not members. called: the archive, in messages.

    Raises FormatError, also while members are asked for: for what is broken or encrypted, and for a member that is a
    link out of the archive, or neither a file nor a folder.
    """
    called = archive if called is None else called
    kind = _zipped if archive.name.lower().endswith(".zip") else _tarred
    with ExitStack() as stack:
        with readable(called):
            contents = stack.enter_context(kind(archive, called))
        contents.members = _each(contents.members, called)
        yield contents


def names(archive: Path) -> set[str]:
    """The paths of all members, with slashes, without litter. Raises what `opened` raises."""
    with opened(archive) as contents:
        return {member.name for member in contents.members}


def refused(called: object, name: str, why: str) -> FormatError:
    """The error for a member that is not unpacked."""
    return FormatError(
        f"the archive's member {shown(name)!r} {why}", file=called, needed="files inside of the archive's own folder",
        todo="Where you trust the archive, unpack it yourself, and use the folder.",
    )  # fmt: skip


@contextmanager
def readable(called: object) -> Iterator[None]:
    """Whatever is raised because an archive is broken becomes a FormatError."""
    try:
        yield
    except _BROKEN as error:
        raise FormatError(
            f"the archive cannot be read ({shown(str(error) or type(error).__name__, 200)})", file=called,
            todo="Remove it and get it again, or repair it.",
        ) from None  # fmt: skip


def _each(members: Iterator[Member], called: object) -> Iterator[Member]:
    while True:
        with readable(called):
            member = next(members, None)
        if member is None:
            return
        yield member


@contextmanager
def _zipped(archive: Path, called: object) -> Iterator[Contents]:
    with zipfile.ZipFile(archive) as packed:
        found = [(_path(info.filename), info) for info in packed.infolist()]
        files = [(name, info) for name, info in found if not name.endswith("/")]
        wanted = [(name, info) for name, info in files if not is_litter(name)]
        if any(info.flag_bits & 1 for _, info in wanted):
            raise FormatError(
                "the archive is encrypted", file=called, todo="Unpack it with its password, and use the folder."
            )

        def members() -> Iterator[Member]:
            for name, info in wanted:
                size, link = info.file_size, None
                if stat.S_ISLNK(info.external_attr >> 16):
                    if size > _LINK:
                        raise refused(called, name, "is a link that leads out of it")
                    size, link = 0, _linked(called, name, packed.read(info).decode(), posixpath.dirname(name))
                yield Member(name, size, called, link, partial(packed.open, info))

        size = sum(info.file_size for _, info in wanted)
        yield Contents(members(), len(wanted), size, len(files) - len(wanted))


@contextmanager
def _tarred(archive: Path, called: object) -> Iterator[Contents]:
    with archive.open("rb") as raw:
        first = raw.read(6)
    opener = next((opener for begins, opener in _FIRST_BYTES.items() if first.startswith(begins)), io.FileIO)
    with (
        opener(archive) as stream,
        tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as packed,
    ):
        contents = Contents(iter(()))

        def members() -> Iterator[Member]:
            while (info := packed.next()) is not None:
                packed.members = []  # type: ignore[attr-defined] # which it would keep, and there may be millions
                name = _path(info.name)
                if info.isdir() or name.endswith("/"):
                    continue
                if is_litter(name):
                    contents.left_out += 1
                elif info.isreg():
                    yield Member(name, info.size, called, None, partial(packed.extractfile, info))
                elif info.issym() or info.islnk():
                    home = posixpath.dirname(name) if info.issym() else ""
                    yield Member(name, 0, called, _linked(called, name, info.linkname, home))
                else:
                    raise refused(called, name, "is neither a file nor a folder")
            while stream.read(_PIECE):  # its checksum stands at the end
                pass

        contents.members = members()
        yield contents


class _Header(tarfile.TarInfo):
    """A tar's header. One that is broken or missing is an error, and not the archive's end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str | None, errors: str) -> Self:
        try:
            header = super().frombuf(buf, encoding, errors)  # type: ignore[arg-type]
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):  # the mark at the end
                raise
            raise tarfile.ReadError(str(error) if buf else "it ends early") from None
        if header.size < 0 or (header.type in _OF_NEXT and header.size > _HEADER):
            raise tarfile.ReadError(f"a header of {header.size:,} bytes")
        return header


#: Kinds of headers whose content tells of the next member.
_OF_NEXT = (
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
)  # fmt: skip


def _path(name: str) -> str:
    """A member's path with slashes, as some programs do not write it, and without a dot before it."""
    name = name.replace("\\", "/")
    while name.startswith("./"):
        name = name[2:]
    return name


def _linked(called: object, name: str, target: str, home: str) -> str:
    """The path in the archive that a link in its folder `home` leads to. Raises FormatError for one that leads out."""
    path = posixpath.normpath(posixpath.join(home, target.replace("\\", "/")))
    if path.startswith("/") or path.split("/")[0] == "..":
        raise refused(called, name, "is a link that leads out of it")
    return path
