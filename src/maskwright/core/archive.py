"""ZIP archives: a folder into one, and one into a folder that nothing in it can leave."""

import os
import stat
import zipfile
from pathlib import Path

from maskwright.core.names import confined, shown
from maskwright.errors import FormatError, UsageError

MOST_FILES = 20_000
MOST_BYTES = 2 * 2**30


def pack(folder: Path, archive: Path) -> None:
    """All files below a folder into a new archive, in the order of their names."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                inside = file.relative_to(folder).as_posix()
                out.write(confined(folder, inside), inside)


def unpack(archive: Path, folder: Path, *, name: str) -> None:
    """An archive from elsewhere into a folder, none of its members outside of it; name: of the archive in errors.

    Raises UsageError for more than MOST_FILES files or MOST_BYTES bytes, for members that lead elsewhere, are there
    twice or say less of themselves than they hold, and FormatError for what cannot be read; what was unpacked before
    stays for the caller to remove.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [member for member in packed.infolist() if not member.is_dir()]
            if len(members) > MOST_FILES or sum(member.file_size for member in members) > MOST_BYTES:
                raise UsageError(
                    "the archive is too large", file=name, needed=f"{MOST_FILES} files and {MOST_BYTES} bytes at most"
                )
            for member in members:
                target = _target(folder, member, name)
                with packed.open(member) as source, target.open("wb") as sink:
                    left = member.file_size
                    while chunk := source.read(min(2**20, left + 1)):
                        left -= len(chunk)
                        if left < 0:  # it says less of itself than it holds
                            raise UsageError(
                                f"the archive's member {shown(member.filename)!r} is not what it says", file=name
                            )
                        sink.write(chunk)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FormatError(f"the archive cannot be read ({error})", file=name) from None


def _target(out: Path, member: zipfile.ZipInfo, name: str) -> Path:
    """Where a member goes; its folders are made. Raises UsageError for one that leads elsewhere or is there twice."""
    called = f"the archive's member {shown(member.filename)!r}"
    if stat.S_ISLNK(member.external_attr >> 16):
        raise UsageError(f"{called} is a link and leads out of it", file=name)
    try:  # some programs write the other system's slashes
        target = confined(out, member.filename.replace("\\", "/"))
    except UsageError:
        raise UsageError(f"{called} leads out of it, or cannot be a file", file=name) from None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        taken = os.path.lexists(target)
    except (FileExistsError, NotADirectoryError):
        taken = True
    if taken:
        raise UsageError(f"{called} is there twice, or a file and a folder", file=name)
    return target
