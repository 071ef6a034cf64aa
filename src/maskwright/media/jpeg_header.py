"""What the header of a JPEG without any surprise says, read here: sets of many images wait for little else."""

from maskwright.core.arrays import Size

#: So many bytes are looked into.
LENGTH = 8192
#: Larger ones are Pillow's to judge, which refuses what only pretends to be an image.
_MOST = 2**26
#: Frames of 8 bits: baseline, extended and progressive.
_FRAMES = (0xC0, 0xC1, 0xC2)
#: Tables, restarts, comments and JFIF's own segment. Others may say how the image is turned or coloured.
_PLAIN = (0xDB, 0xC4, 0xDD, 0xFE, 0xE0)
#: A colour profile in one piece.
_PROFILE, _WHOLE = 0xE2, b"ICC_PROFILE\0\x01\x01"


def plain(head: bytes) -> tuple[Size, int, bytes | None] | None:
    """(height, width), the number of channels, 1 or 3, and the colour profile; None where Pillow has to be asked.

    head: the first `LENGTH` bytes of the file.
    """
    if head[:2] != b"\xff\xd8":
        return None
    at, profile = 2, None
    while at + 10 <= len(head):
        if head[at] != 0xFF:
            return None
        kind, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if kind in _FRAMES:
            height, width = int.from_bytes(head[at + 5 : at + 7], "big"), int.from_bytes(head[at + 7 : at + 9], "big")
            known = head[at + 4] == 8 and head[at + 9] in (1, 3) and 0 < height * width <= _MOST
            return ((height, width), head[at + 9], profile) if known else None
        if kind == _PROFILE and profile is None and head[at + 4 : at + 18] == _WHOLE:
            profile = head[at + 18 : at + 2 + length]
        elif kind not in _PLAIN or length < 2:
            return None
        at += 2 + length
    return None
