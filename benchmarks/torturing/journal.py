"""The log outside the store: a file for each process, synced at each acknowledgement."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maskwright.errors import MaskwrightError


class Journal:
    """Lines of JSON, each written at once to the file's end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(self, kind: str, /, **values: Any) -> None:
        os.write(self._file, (json.dumps({"is": kind, **values}) + "\n").encode())

    def acknowledge(self, kind: str, /, **values: Any) -> None:
        self.note(kind, **values)
        os.fsync(self._file)

    def beside(self, name: str) -> "Journal":
        """A log of this one's child."""
        return Journal(self.path.with_name(f"{self.path.stem}-{name}.jsonl"))


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """What was noted; a killed process may leave half a line at the end."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def described(error: BaseException) -> dict[str, Any]:
    """known: an error that the package raises on purpose."""
    text = " ".join(str(error).split())[:300]
    return {"error": f"{type(error).__name__}: {text}", "known": isinstance(error, MaskwrightError)}
