"""MOTS: a text file a video, a line an object in a frame, run lengths in COCO's compressed string.

Layout: Voigtlaender et al., "MOTS: Multi-Object Tracking and Segmentation", CVPR 2019; lines are
"frame object class height width rle".  Classes are 1 car, 2 pedestrian and 10 ignored; an object's number is its class
* 1000 and its own.  Images, by number, lie in a folder of the video's name.  Sets written here say in maskwright.json
which sample a number is, so that frames without an object and names that are not numbers come back, too.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats._aside import Aside
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
    aside = _aside.current()
    frames: dict[Path, dict[int, list[_Row]]] = {}
    for file in files:
        with aside.record(file):
            frames[file] = _frames(file, aside)
    found = {row[2] for each_frame in frames.values() for rows in each_frame.values() for row in rows}
    about = read_about(path if path.is_dir() else path.parent.parent)
    classes = about.classes if about else Classes(
        Class(item, "ignored", "stuff", "ignore") if item == _IGNORED else Class(item, _NAMES.get(item, str(item)))
        for item in sorted(found)
    )  # fmt: skip
    keys: dict[str, str] = about.more.get("keys", {}) if about else {}
    for place in keys:  # frames without an object have no line
        video, _, frame = place.rpartition("/")
        of_video = next((listed for listed in frames if listed.stem == video), None)
        if of_video is not None and frame.isdigit():
            frames[of_video].setdefault(int(frame), [])

    def frames_of_files() -> Iterator[tuple[Path, dict[int, Path], int]]:
        for file, by_frame in frames.items():
            files_by_number = _files_by_number(path, file, images)
            yield from ((file, files_by_number, frame) for frame in sorted(by_frame))

    def sample_of(item: tuple[Path, dict[int, Path], int]) -> Sample:
        file, files_by_number, frame = item
        rows = frames[file][frame]
        place = f"{file.stem}/{frame:06d}"
        image = files_by_number.get(frame, Path(file.stem) / f"{frame:06d}.png")
        size = rows[0][3] if rows else image_size(image)
        if any(row[3] != size for row in rows):
            raise FormatError("lines of one frame differ in size", file=file, record=f"line {rows[0][0]}")
        for row in rows:
            if row[2] not in classes:
                aside.put(FormatError(f"has the unknown class {row[2]}", file=file, record=f"line {row[0]}"))
        rows = [row for row in rows if row[2] in classes]

        def segments_of(rows: Sequence[_Row]) -> Segments:
            try:
                masks = Masks.from_compressed([row[4] for row in rows], size)
            except ValueError as error:
                record = f"frame {frame}" if len(rows) > 1 else f"line {rows[0][0]}"
                raise FormatError(str(error), file=file, record=record) from None
            ids = [row[1] for row in rows]
            if len(set(ids)) < len(ids):
                raise FormatError("an object appears twice", file=file, record=f"frame {frame}")
            return Segments(masks, [row[2] for row in rows], ids=ids)

        segments = aside.parts(rows, segments_of, file, lambda row: f"line {row[0]}")
        reference = ImageRef(str(image), size, video=file.stem, frame=frame)
        key = keys.get(place, place)
        return Sample(key, reference, segments, split=about.splits.get(key) if about else None)

    samples = aside.samples(frames_of_files(), sample_of, lambda item: (item[0], f"frame {item[2]}"))
    return Reading(classes, samples, sum(len(each_frame) for each_frame in frames.values()))


_Row = tuple[int, int, int, tuple[int, int], str]  # line, object, class, size, string


def _frames(file: Path, aside: Aside) -> dict[int, list[_Row]]:
    """The rows of each frame; lines that are broken are put aside."""
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
                raise FormatError(f"has the object {each}", needed="64 bits at most")
            out.setdefault(frame, []).append((number, each, class_id, (height, width), words[5]))
        except FormatError as error:
            aside.put(error.at(file=file, record=f"line {number}"))
        except (ValueError, IndexError):
            aside.put(
                FormatError(
                    f"{line[:40]!r} is not an object", file=file, record=f"line {number}",
                    needed="frame object class height width rle",
                )
            )  # fmt: skip
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
