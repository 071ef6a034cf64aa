"""MOTS, read only: a text file a video, a line an object in a frame, run lengths in COCO's compressed string.

Layout: Voigtlaender et al., "MOTS: Multi-Object Tracking and Segmentation", CVPR 2019; lines are
"frame object class height width rle".  Classes are 1 car, 2 pedestrian and 10 ignored; an object's number is its class
* 1000 and its own.  Pictures, by number, lie in a folder of the video's name.
"""

from collections.abc import Iterator
from pathlib import Path

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import Reading, image_files, unique_keys

LOSES: frozenset[str] = frozenset()

_NAMES = {1: "car", 2: "pedestrian"}
_IGNORED = 10


def sniff(path: Path) -> float:
    files = _files(path)
    if not files:
        return 0.0
    with open(files[0], errors="replace") as file:
        words = file.readline().split()
    return 0.9 if len(words) == 6 and all(word.isdigit() for word in words[:5]) else 0.0


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix == ".txt" else []
    return sorted([*path.glob("instances_txt/*.txt"), *path.glob("*.txt")])


def read(path: Path, *, images: str | None = None) -> Reading:
    """images: the folder of the videos' folders; searched for near the text when not given.

    Frames without an object are not in the text and are not read.
    """
    files = _files(path)
    if not files:
        raise FormatError("no text file here", file=path)
    frames = {file: _frames(file) for file in files}
    found = {row[2] for one in frames.values() for rows in one.values() for row in rows}
    classes = Classes(
        Class(one, "ignored", "stuff", "ignore") if one == _IGNORED else Class(one, _NAMES.get(one, str(one)))
        for one in sorted(found)
    )

    def samples() -> Iterator[Sample]:
        for file, by_frame in frames.items():
            pictures = _pictures(path, file, images)
            for frame in sorted(by_frame):
                rows = by_frame[frame]
                size = rows[0][3]
                if any(row[3] != size for row in rows):
                    raise FormatError("lines of one frame differ in size", file=file, record=f"line {rows[0][0]}")
                try:
                    masks = Masks.from_compressed([row[4] for row in rows], size)
                except ValueError as error:
                    raise FormatError(str(error), file=file, record=f"frame {frame}") from None
                ids = [row[1] for row in rows]
                if len(set(ids)) < len(ids):
                    raise FormatError("an object appears twice", file=file, record=f"frame {frame}")
                segments = Segments(masks, [row[2] for row in rows], ids=ids)
                image = pictures.get(frame, Path(file.stem) / f"{frame:06d}.png")
                reference = ImageRef(str(image), size, video=file.stem, frame=frame)
                yield Sample(f"{file.stem}/{frame:06d}", reference, segments)

    return Reading(classes, unique_keys(samples()), sum(len(one) for one in frames.values()))


_Row = tuple[int, int, int, tuple[int, int], str]  # line, object, class, size, string


def _frames(file: Path) -> dict[int, list[_Row]]:
    out: dict[int, list[_Row]] = {}
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read ({error})", file=file) from None
    for number, line in enumerate(lines, 1):
        words = line.split(" ")
        if not line.strip():
            continue
        try:
            frame, one, class_id, height, width = (int(word) for word in words[:5])
            if abs(one) >= 2**63:
                raise FormatError(f"has the object {one}", file=file, record=f"line {number}", needed="64 bits at most")
            out.setdefault(frame, []).append((number, one, class_id, (height, width), words[5]))
        except (ValueError, IndexError):
            raise FormatError(
                f"{line[:40]!r} is no object", file=file, record=f"line {number}",
                needed="frame object class height width rle",
            ) from None  # fmt: skip
    return out


def _pictures(path: Path, file: Path, images: str | None) -> dict[int, Path]:
    homes = [Path(images)] if images else [file.parent, file.parent.parent, file.parent.parent / "images",
                                           file.parent.parent / "training" / "image_02"]  # fmt: skip
    for home in homes:
        if (home / file.stem).is_dir():
            return {int(one.stem): one for one in image_files(home / file.stem) if one.stem.isdigit()}
    return {}
