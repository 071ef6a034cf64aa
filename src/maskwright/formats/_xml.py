"""XML files of labels: their beginnings and their trees, without what is unsafe in XML."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from maskwright.errors import FormatError

_HEAD = 1 << 14


def head_of(file: Path) -> bytes:
    """The first 16 KiB of a file; empty where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(_HEAD)
    except OSError:
        return b""


def root_of(file: Path, tag: str) -> Any:
    """The root element. Raises FormatError, naming the file, for what is not XML, for entities and another root.

    tag: what the root is called.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import parse

    try:
        root = parse(file).getroot()
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError, OSError) as error:
        raise FormatError(f"not readable XML ({error})", file=file) from None
    if root is None or root.tag != tag:
        raise FormatError(f"its root is <{'' if root is None else root.tag}>", file=file, needed=f"<{tag}>")
    return root
