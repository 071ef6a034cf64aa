"""Whether an image's file ends too early, told by its last bytes; nothing is decoded where those are as they should."""

import os
from typing import BinaryIO

#: So much of the end is looked at: some cameras put a few bytes behind the image.
_TAIL = 4096


def is_cut_short(path: str) -> bool:
    """Of a PNG, JPEG, GIF or BMP file on this machine; False for other kinds, and for one that cannot be opened.

    Two short reads of a file whose end is there; one whose end is not found is decoded, and decides.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(16)
            length = os.fstat(file.fileno()).st_size
            return _seems_cut(file, head, length) and not _decodes(path)
    except OSError:
        return False


def _seems_cut(file: BinaryIO, head: bytes, length: int) -> bool:
    if head[:2] == b"BM":
        return int.from_bytes(head[2:6], "little") > length
    ends = {b"\x89PNG": b"IEND", b"\xff\xd8": b"\xff\xd9", b"GIF8": b"\x3b"}
    end = next((end for begin, end in ends.items() if head.startswith(begin)), None)
    if end is None:
        return False
    file.seek(max(0, length - _TAIL))
    tail = file.read().rstrip(b"\0")
    return end not in tail if end != b"\x3b" else not tail.endswith(end)


def _decodes(path: str) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    return True
