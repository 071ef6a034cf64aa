"""OpenCV as scripts use it: cv2.fillPoly over a polygon whose points name pixels, cv2.imread of label images.

YOLO is drawn in three ways: coordinates rounded, coordinates cut off (`astype(int32)`), and as Ultralytics loads a set:
in float32, with points put between those of the file (its resample_segments), then cut off (its polygon2mask).
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from judging import Found, Objects, Truth, label_maps, main


def size_of(image: Path) -> tuple[int, int]:
    return cv2.imread(str(image), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION).shape[:2]


def drawn(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """points: (K, 2) whole numbers.  Returns (H, W) bool."""
    out = np.zeros(size, np.uint8)
    cv2.fillPoly(out, [points.astype(np.int32)], 1)
    return out.astype(bool)


def box(numbers: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels whose centre lies in a box of middle, width and height, relative."""
    middle, side = numbers.astype(np.float64).reshape(2, 2) * size[::-1]
    left, top = np.ceil(middle - side / 2 - 0.5).clip(0).astype(int)
    right, bottom = np.ceil(middle + side / 2 - 0.5).clip(0).astype(int)
    out = np.zeros(size, bool)
    out[top:bottom, left:right] = True
    return out


def rounded(ring: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.round(ring.astype(np.float64) * size[::-1])


def cut(ring: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.trunc(ring.astype(np.float64) * size[::-1])


def as_ultralytics(ring: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What 1000 points, or the file's own where it has more, along the closed ring become."""
    closed = np.concatenate([ring, ring[:1]]).astype(np.float32)
    own = np.arange(len(closed))
    between = np.linspace(0, len(closed) - 1, max(1000, len(closed)) - len(closed))
    places = np.sort(np.concatenate([own, between]))
    points = np.stack([np.interp(places, own, closed[:, axis]) for axis in (0, 1)], axis=1).astype(np.float32)
    points *= np.array(size[::-1], np.float32)
    return np.trunc(points)


def yolo(points_of: Callable[[np.ndarray, tuple[int, int]], np.ndarray]) -> Callable[[Path], Found]:
    """A reader of data.yaml's splits, labels beside images, of lines with polygons."""

    def read(folder: Path) -> Found:
        import yaml

        config = yaml.safe_load((folder / "data.yaml").read_text())
        names = config["names"]
        for home in dict.fromkeys(config[split] for split in ("train", "val", "test") if split in config):
            images = folder / home  # sets of one split name it as both
            for image in sorted(images.rglob("*")):
                if not image.is_file():
                    continue
                inner = image.relative_to(images).with_suffix("")
                labels = folder / "labels" / images.name / f"{inner}.txt"
                size = size_of(image)
                rows = [line.split() for line in labels.read_text().splitlines()] if labels.is_file() else []
                found = []
                for row in rows:
                    numbers = np.array(row[1:], np.float32 if len(row) > 5 else np.float64)
                    points = None if len(numbers) == 4 else points_of(numbers.reshape(-1, 2), size)
                    found.append((names[int(row[0])], box(numbers, size) if points is None else drawn(points, size)))
                yield inner.as_posix(), Objects.of(found, size)

    return read


def joined(mask: np.ndarray) -> np.ndarray | None:
    """One ring through all outer contours of a mask, each joined to the others where they are nearest, there and back.

    None where no contour has three points, as scripts leave such objects out.
    """
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    rings = sorted((ring.reshape(-1, 2) for ring in found if len(ring) >= 3), key=len, reverse=True)
    if not rings:
        return None
    whole = rings[0]
    for ring in rings[1:]:
        away = ((whole[:, None] - ring[None]) ** 2).sum(axis=2)
        here, there = np.unravel_index(away.argmin(), away.shape)
        turned = np.roll(ring, -there, axis=0)
        whole = np.concatenate([whole[: here + 1], turned, turned[:1], whole[here:]])
    return whole


def write_yolo(truth: Truth, folder: Path) -> None:
    """As most scripts do: points of cv2.findContours over the image's size, outer contours alone."""
    import yaml

    for home in ("images/train", "labels/train"):
        (folder / home).mkdir(parents=True)
    for key, image, objects in truth:
        shutil.copy(image, folder / "images/train")
        height, width = objects.size
        lines = []
        for name, mask in objects:
            ring = joined(mask)
            if ring is not None:
                numbers = " ".join(f"{x / width:.6f} {y / height:.6f}" for x, y in ring)
                lines.append(f"{truth.classes.index(name)} {numbers}\n")
        (folder / f"labels/train/{key}.txt").write_text("".join(lines))
    about = {"path": ".", "train": "images/train", "names": dict(enumerate(truth.classes))}
    (folder / "data.yaml").write_text(yaml.safe_dump(about, sort_keys=False))


def read_label_map(folder: Path) -> Found:
    """Indexed PNGs come as their palette's colours, and are told by them; gray ones by value."""
    about = folder / "maskwright.json"
    if about.is_file():
        classes = json.loads(about.read_text())["classes"]
    else:
        names = json.loads((folder / "classes.json").read_text())
        classes = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    for file in sorted((folder / "labels").rglob("*.png")):
        values = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        found = []
        for class_ in classes:
            wanted = class_["id"] if values.ndim == 2 else np.array(class_["colour"][::-1])
            mask = values == wanted if values.ndim == 2 else (values == wanted).all(axis=2)
            if mask.any() and class_.get("role", "class") == "class":
                found.append((class_["name"], mask))
        yield file.relative_to(folder / "labels").with_suffix("").as_posix(), Objects.of(found, values.shape[:2])


def write_label_map(truth: Truth, folder: Path) -> None:
    """Gray PNGs, value 0 for what is not labelled."""
    for key, values in label_maps(truth, folder):
        cv2.imwrite(str(folder / f"labels/{key}.png"), values)


READS = {
    "yolo": yolo(rounded), "yolo-cut": yolo(cut), "yolo-ultralytics": yolo(as_ultralytics),
    "label-map": read_label_map,
}  # fmt: skip
WRITES = {"yolo": write_yolo, "yolo-cut": write_yolo, "label-map": write_label_map}

if __name__ == "__main__":
    main(READS, WRITES)
