"""Encoded images, kept so that the same image is not encoded twice."""

import hashlib
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from maskwright.core.arrays import U8
from maskwright.interactive.engines import Engine


class Embeddings:
    """By image and weights: the newest in memory up to a number of bytes, with a folder on disk behind it if wanted.

    What engines with a `key` encode is kept in half precision, and used so from the first time: an answer does not
    depend on whether its image was encoded just now.  Safe to use from several threads.
    """

    def __init__(self, *, megabytes: int = 512, folder: str | Path | None = None, folder_megabytes: int = 4096) -> None:
        self.limit = megabytes * 2**20
        self.folder = None if folder is None else Path(folder)
        self.folder_limit = folder_megabytes * 2**20
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, engine: Engine, image: U8) -> Any:
        """What `engine.encode(image)` gives, from memory or disk where it is there. image: (H, W, 3) uint8 RGB."""
        name = name_of(engine, image)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return _widened(self._kept[name])
        encoded = self._read(name) if engine.key else None
        if encoded is None:
            encoded = engine.encode(image)
            if engine.key:
                encoded = {key: _halved(array) for key, array in encoded.items()}
                self._write(name, encoded)
        with self._lock:
            self._kept[name] = encoded
            while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self.limit:
                self._kept.popitem(last=False)
        return _widened(encoded)

    def holds(self, engine: Engine, image: U8) -> bool:
        """Whether what the engine encodes of an image, (H, W, 3) uint8 RGB, is in memory or on disk already."""
        name = name_of(engine, image)
        return name in self._kept or (self.folder is not None and self._path(name).is_file())

    def _path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}.npz"

    def _read(self, name: str) -> dict[str, Any] | None:
        if self.folder is None:
            return None
        path = self._path(name)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
                found = dict(held.items())
            path.touch()
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None  # absent, or cut short by a crash: it is encoded again
        return found

    def _write(self, name: str, encoded: dict[str, Any]) -> None:
        if self.folder is None:
            return
        from tempfile import NamedTemporaryFile

        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
                np.savez(file, **encoded)
            Path(file.name).replace(self._path(name))
            files = sorted(self.folder.glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
            total = 0
            for each_file in files:
                total += each_file.stat().st_size
                if total > self.folder_limit:
                    each_file.unlink(missing_ok=True)
        except OSError:
            Path(file.name).unlink(missing_ok=True)  # a full disk costs time later, never the work now


def name_of(engine: Engine, image: U8) -> str:
    sha = hashlib.sha256(str(image.shape).encode())
    sha.update(np.ascontiguousarray(image).data)
    return f"{sha.hexdigest()[:32]}-{engine.key or id(engine)}"


def _halved(values: Any) -> Any:
    return values.astype(np.float16) if values.dtype == np.float32 else values


def _widened(encoded: Any) -> Any:
    if not isinstance(encoded, dict):
        return encoded
    return {key: array.astype(np.float32) if array.dtype == np.float16 else array for key, array in encoded.items()}


def _bytes(encoded: Any) -> int:
    return sum(array.nbytes for array in encoded.values()) if isinstance(encoded, dict) else int(encoded.nbytes)
