"""MOTS: a text file a video, a line an object in a frame, run lengths in COCO's compressed string.

Layout: Voigtlaender et al., "MOTS: Multi-Object Tracking and Segmentation", CVPR 2019; lines are
"frame object class height width rle".  Classes are 1 car, 2 pedestrian and 10 ignored; an object's number is its class
* 1000 and its own.  Images, by number, lie in a folder of the video's name.  Sets written here say in maskwright.json
which sample a number is, so that frames without an object and names that are not numbers come back, too.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats._contract import (
    Loss,
    Reading,
    common_losses,
    image_files,
    new_file,
    object_numbers,
    put_image,
    read_about,
    renumbered,
    suffix_of,
    unique_keys,
    write_about,
)  # fmt: skip
from maskwright.media import image_size

KEEPS = frozenset({"sequence"})
LOSES = frozenset({"empty", "crowd", "score", "attributes", "area", "source", "weight", "fields"})

_NAMES = {1: "car", 2: "pedestrian"}
_IGNORED = 10


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: text files of six words a line."""
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
    found = {row[2] for each_frame in frames.values() for rows in each_frame.values() for row in rows}
    about = read_about(path if path.is_dir() else path.parent.parent)
    classes = about.classes if about else Classes(
        Class(item, "ignored", "stuff", "ignore") if item == _IGNORED else Class(item, _NAMES.get(item, str(item)))
        for item in sorted(found)
    )  # fmt: skip
    keys: dict[str, str] = about.more.get("keys", {}) if about else {}
    for place in keys:  # frames without an object have no line
        video, _, frame = place.rpartition("/")
        file = next((each_file for each_file in files if each_file.stem == video), None)
        if file is not None and frame.isdigit():
            frames[file].setdefault(int(frame), [])

    def samples() -> Iterator[Sample]:
        for file, by_frame in frames.items():
            files_by_number = _files_by_number(path, file, images)
            for frame in sorted(by_frame):
                rows = by_frame[frame]
                place = f"{file.stem}/{frame:06d}"
                image = files_by_number.get(frame, Path(file.stem) / f"{frame:06d}.png")
                size = rows[0][3] if rows else image_size(image)
                if any(row[3] != size for row in rows):
                    raise FormatError("lines of one frame differ in size", file=file, record=f"line {rows[0][0]}")
                wrong = [row for row in rows if row[2] not in classes]
                if wrong:
                    raise FormatError(f"has the unknown class {wrong[0][2]}", file=file, record=f"line {wrong[0][0]}")
                try:
                    masks = Masks.from_compressed([row[4] for row in rows], size)
                except ValueError as error:
                    raise FormatError(str(error), file=file, record=f"frame {frame}") from None
                ids = [row[1] for row in rows]
                if len(set(ids)) < len(ids):
                    raise FormatError("an object appears twice", file=file, record=f"frame {frame}")
                segments = Segments(masks, [row[2] for row in rows], ids=ids)
                reference = ImageRef(str(image), size, video=file.stem, frame=frame)
                key = keys.get(place, place)
                yield Sample(key, reference, segments, split=about.splits.get(key) if about else None)

    return Reading(classes, unique_keys(samples()), sum(len(each_frame) for each_frame in frames.values()))


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
            frame, each, class_id, height, width = (int(word) for word in words[:5])
            if abs(each) >= 2**63:
                raise FormatError(
                    f"has the object {each}", file=file, record=f"line {number}", needed="64 bits at most"
                )
            out.setdefault(frame, []).append((number, each, class_id, (height, width), words[5]))
        except (ValueError, IndexError):
            raise FormatError(
                f"{line[:40]!r} is not an object", file=file, record=f"line {number}",
                needed="frame object class height width rle",
            ) from None  # fmt: skip
    return out


def _files_by_number(path: Path, file: Path, images: str | None) -> dict[int, Path]:
    homes = [Path(images)] if images else [file.parent, file.parent.parent, file.parent.parent / "images",
                                           file.parent.parent / "training" / "image_02"]  # fmt: skip
    for home in homes:
        if (home / file.stem).is_dir():
            return {
                int(image_file.stem): image_file
                for image_file in image_files(home / file.stem)
                if image_file.stem.isdigit()
            }
    return {}


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    return common_losses(sample, LOSES) + renumbered(sample)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """instances_txt/<video>.txt and images in <video>/.  images: copy or link; frames without objects need them.

    The video is the key's folder; the frame its name where that is a number, else the next free one.
    """
    (folder / "instances_txt").mkdir()
    keys: dict[str, str] = {}
    texts: dict[str, Path] = {}
    homes: dict[str, str] = {}
    splits = {}
    for sample in unique_keys(samples):
        parent, name = Path(sample.key).parent.as_posix(), Path(sample.key).name
        video = "video" if parent == "." else parent.replace("/", "_")
        if homes.setdefault(video, parent) != parent:
            raise FormatError(
                f"two videos would be called {video!r}: those of the folders {homes[video]!r} and {parent!r}",
                todo="Rename one of the folders, or choose another format.",
            )
        number = int(name) if name.isascii() and name.isdigit() and len(name) < 10 else 1
        while f"{video}/{number:06d}" in keys:
            number += 1
        place = f"{video}/{number:06d}"
        keys[place], splits[sample.key] = sample.key, sample.split
        put_image(sample, folder, f"{place}{suffix_of(sample)}", images)
        segments = sample.segments
        height, width = segments.size
        objects = object_numbers(segments)
        if video not in texts:
            texts[video] = new_file(folder, f"instances_txt/{video}.txt")
        with open(texts[video], "a") as text:
            for row, string in enumerate(segments.masks.compressed()):
                if segments.masks[row].area():
                    numbers = (number, objects[row], segments.class_ids[row], height, width)
                    text.write(" ".join(str(int(each_number)) for each_number in numbers) + f" {string.decode()}\n")
    write_about(folder, "mots", classes, splits, keys=keys)
