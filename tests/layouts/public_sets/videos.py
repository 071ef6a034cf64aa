"""Sets of videos as frames."""

from pathlib import Path

import numpy as np

from public_sets.drawing import (
    SIZE,
    label_map,
    photo,
    put,
    put_palette,
    shapes,
    voc_palette,
    write,
    write_json,
    write_lines,
)
from public_sets.truth import TEST, TRAIN, VAL, Labels, Truth, layout, plain


@layout("DAVIS 2017", "https://davischallenge.org/davis2017/code.html", {"DAVIS-2017-trainval-480p.zip": (".",)})
def davis2017(root: Path) -> Truth:
    truth = Truth(names=plain(1, 2, 3), instances=True, classless=True, one_class=False)
    for seed, (name, split) in enumerate([("bear", TRAIN), ("boxing-fisheye", TRAIN), ("bike-packing", VAL)]):
        drawn = shapes(seed, 1 + seed)
        for frame in range(2):
            moved = [np.roll(shape.mask, frame, 1) for shape in drawn]
            values = np.zeros(SIZE, np.uint8)
            for number, mask in enumerate(moved, 1):
                values[mask] = number
            put(root / f"DAVIS/JPEGImages/480p/{name}/{frame:05d}.jpg", photo(seed))
            put_palette(root / f"DAVIS/Annotations/480p/{name}/{frame:05d}.png", values, voc_palette())
            here = f"DAVIS/JPEGImages/480p/{name}/{frame:05d}.jpg"
            truth.images[here] = Labels(SIZE, {"1": moved}, split)
    write_lines(root / "DAVIS/ImageSets/2017/train.txt", ["bear", "boxing-fisheye"])
    write_lines(root / "DAVIS/ImageSets/2017/val.txt", ["bike-packing"])
    write(root / "DAVIS/README.md", "DAVIS 2017\n")
    write(root / "DAVIS/SOURCES.md", "Sources\n")
    return truth


@layout("YouTube-VOS 2019", "https://youtube-vos.org/dataset/vos/")
def youtube_vos(root: Path) -> Truth:
    truth = Truth(instances=True)
    for split, name, kinds in [("train", "003234408d", ["penguin", "penguin"]), ("train", "0043f083b5", ["bus", "sedan"]), ("valid", "0062f687f1", ["ape", "ape"])]:  # fmt: skip
        drawn = shapes(len(kinds[0]), 2)
        frames = ["00000", "00005"]
        values = label_map(drawn, [1, 2])
        for frame in frames:
            put(root / f"{split}/JPEGImages/{name}/{frame}.jpg", photo(3))
            here = f"{split}/JPEGImages/{name}/{frame}.jpg"
            words = (split.replace("valid", "val"),)
            if split == "valid" and frame != frames[0]:  # of validation videos the first masks alone are public
                truth.images[here] = Labels(SIZE, split=words, known=False)
                continue
            put_palette(root / f"{split}/Annotations/{name}/{frame}.png", values, voc_palette())
            masks = {kind: [s.mask for s, other in zip(drawn, kinds, strict=True) if other == kind] for kind in kinds}
            truth.images[here] = Labels(SIZE, masks, words)
        objects = {str(index): {"category": kind, "frames": frames} for index, kind in enumerate(kinds, 1)}
        path = root / f"{split}/meta.json"
        import json

        whole = json.loads(path.read_text()) if path.exists() else {"videos": {}}
        whole["videos"][name] = {"objects": objects}
        write_json(path, whole)
    return truth


@layout("KITTI MOTS", "https://www.vision.rwth-aachen.de/page/mots (annotation format)")
def kitti_mots(root: Path) -> Truth:
    from pycocotools import mask as tool

    truth = Truth(
        names={"car": ("car", "1"), "pedestrian": ("pedestrian", "2"), "ignore": ("ignore", "10")},
        instances=True,
        optional=frozenset({"ignore"}),
    )
    for sequence in ("0000", "0002"):
        lines = []
        for frame in range(2):
            drawn = shapes(frame + int(sequence), 4)
            values = label_map(drawn, [1000, 1001, 2000, 10000], dtype=np.uint16)
            put(root / f"training/image_02/{sequence}/{frame:06d}.png", photo(frame))
            put(root / f"instances/{sequence}/{frame:06d}.png", values)
            for shape, number in zip(drawn, [1000, 1001, 2000, 10000], strict=True):
                rle = tool.encode(np.asfortranarray(shape.mask.astype(np.uint8)))["counts"].decode()
                lines.append(f"{frame} {number} {number // 1000} {SIZE[0]} {SIZE[1]} {rle}")
            masks = {"car": [drawn[0].mask, drawn[1].mask], "pedestrian": [drawn[2].mask], "ignore": [drawn[3].mask]}
            truth.images[f"training/image_02/{sequence}/{frame:06d}.png"] = Labels(SIZE, masks, TRAIN)
        write_lines(root / f"instances_txt/{sequence}.txt", lines)
    put(root / "testing/image_02/0000/000000.png", photo(8))
    truth.images["testing/image_02/0000/000000.png"] = Labels(SIZE, split=TEST, known=False)
    return truth
