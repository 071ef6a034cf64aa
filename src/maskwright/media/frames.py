"""The frames of a video: a folder of images, or a file."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from maskwright.core.arrays import U8, Size
from maskwright.errors import FormatError
from maskwright.media.images import IMAGE_SUFFIXES, image_size, read
from maskwright.registry import require


class Frames:
    """Frames by index, read when asked for; no more than one is in memory.

    A file is unpacked into PNG images first: `folder` if given, else a temporary one that `close` removes.
    """

    def __init__(self, paths: Sequence[Path], *, name: str, temporary: Any = None) -> None:
        self.paths = list(paths)
        self.name = name
        self._temporary = temporary
        self.size: Size = image_size(self.paths[0])

    @classmethod
    def open(cls, place: str | Path, *, folder: str | Path | None = None, every: int = 1) -> Self:
        """place: a folder of images in the order of their names, or a video file.  every: take each n-th frame.

        Raises FormatError when there is nothing to read.
        """
        path = Path(place)
        if path.is_dir():
            images = sorted(each_path for each_path in path.iterdir() if each_path.suffix.lower() in IMAGE_SUFFIXES)
            if not images:
                raise FormatError("the folder holds no image", file=path, needed=", ".join(IMAGE_SUFFIXES))
            return cls(images[::every], name=path.resolve().name)
        if not path.is_file():
            raise FormatError("there is no such video", file=path)
        temporary = None
        if folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="maskwright-frames-")
            folder = temporary.name
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        return cls(unpack(path, target, every=every), name=path.stem, temporary=temporary)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> U8:
        """(H, W, 3) uint8 RGB. Raises FormatError for a frame that is broken or of another size than the first."""
        return read(self.paths[index], expected=self.size).display()

    def __iter__(self) -> Iterator[U8]:
        return (self[index] for index in range(len(self)))

    def close(self) -> None:
        """Remove what was unpacked for this alone."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def unpack(video: Path, folder: Path, *, every: int = 1) -> list[Path]:
    """Each n-th frame of a video file as a PNG -> their paths. Raises FormatError for a file that is not a video."""
    av: Any = require("av", "reading video files")
    paths: list[Path] = []
    try:
        with av.open(str(video)) as container:
            for index, frame in enumerate(container.decode(video=0)):
                if index % every == 0:
                    path = folder / f"{index:06d}.png"
                    frame.to_image().save(path, compress_level=1)
                    paths.append(path)
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise FormatError(f"not a readable video ({str(error)[:120]})", file=video) from None
    if not paths:
        raise FormatError("the video holds no frame", file=video)
    return paths
