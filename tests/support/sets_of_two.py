"""Sets of formats that are read only, built of samples with a cat and a dog each, as their tools lay them out."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from maskwright.core.sample import Sample

NAMES = ("cat", "dog")


def _masks(sample: Sample) -> Any:
    """(2, H, W) bool."""
    return sample.segments.masks.decode()


def _pixels(sample: Sample) -> Any:
    return np.asarray(Image.open(sample.image.uri))


def _numbered(sample: Sample) -> Any:
    """(H, W) uint16: 1 where the cat is, 2 where the dog is."""
    cat, dog = _masks(sample)
    return (cat + 2 * dog).astype(np.uint16)


def _save(values: Any, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(file)


def pannuke(held: list[Sample], home: Path) -> None:
    for name in ("images", "masks"):
        (home / name / "fold1").mkdir(parents=True)
    masks = []
    for sample in held:
        cat, dog = _masks(sample)
        empty = np.zeros_like(cat)
        masks.append(np.stack([cat, dog, empty, empty, empty, ~(cat | dog)], axis=-1))
    np.save(home / "images" / "fold1" / "images.npy", np.stack([_pixels(sample) for sample in held]).astype(np.float64))
    np.save(home / "masks" / "fold1" / "masks.npy", np.stack(masks).astype(np.float64))


def nuclei_mat(held: list[Sample], home: Path) -> None:
    from scipy.io import savemat

    (home / "Labels").mkdir(parents=True)
    for sample in held:
        _save(_pixels(sample), home / "Images" / f"{sample.key}.png")
        rows = {"inst_map": _numbered(sample).astype(np.int32), "id": [[1], [2]], "class": [[2], [3]]}
        savemat(home / "Labels" / f"{sample.key}.mat", rows)


def cell_tracking(held: list[Sample], home: Path) -> None:
    """With markers, and a line a track."""
    for number, sample in enumerate(held):
        _save(_pixels(sample)[..., 0], home / "01" / f"t{number:03d}.tif")
        _save(_numbered(sample), home / "01_GT" / "SEG" / f"man_seg{number:03d}.tif")
        _save(_numbered(sample), home / "01_GT" / "TRA" / f"man_track{number:03d}.tif")
    (home / "01_GT" / "TRA" / "man_track.txt").write_text("1 0 13 0\n2 0 13 1\n")


def part_masks(held: list[Sample], home: Path) -> None:
    for number, sample in enumerate(held):
        _save(_pixels(sample), home / "CelebA-HQ-img" / f"{number}.jpg")
        for name, mask in zip(("skin", "hair"), _masks(sample), strict=True):
            _save(mask.view(np.uint8) * 255, home / "CelebAMask-HQ-mask-anno" / "0" / f"{number:05d}_{name}.png")


def _corners(sample: Sample) -> list[list[tuple[int, int]]]:
    """Of the two rectangles."""
    boxes = sample.segments.masks.boxes().tolist()
    return [[(left, top), (right, top), (right, bottom), (left, bottom)] for left, top, right, bottom in boxes]


def aperio(held: list[Sample], home: Path) -> None:
    (home / "Annotations").mkdir(parents=True)
    for sample in held:
        _save(_pixels(sample), home / "Tissue Images" / f"{sample.key}.tif")
        layers = ""
        for number, (name, corners) in enumerate(zip(NAMES, _corners(sample), strict=True), 1):
            points = "".join(f'<Vertex X="{x}.0" Y="{y}.0" Z="0"/>' for x, y in corners)
            layers += (
                f'<Annotation Id="{number}" Name="{name}"><Attributes/><Regions><Region Id="1" Type="0" NegativeROA="0">'
                f"<Vertices>{points}</Vertices></Region></Regions></Annotation>"
            )
        (home / "Annotations" / f"{sample.key}.xml").write_text(f"<Annotations>{layers}</Annotations>")


def labelme_xml(held: list[Sample], home: Path) -> None:
    (home / "Annotations" / "street").mkdir(parents=True)
    for sample in held:
        _save(_pixels(sample), home / "Images" / "street" / f"{sample.key}.jpg")
        objects = ""
        for number, (name, corners) in enumerate(zip(NAMES, _corners(sample), strict=True)):
            points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in corners)
            objects += (
                f"<object><name>{name}</name><deleted>0</deleted><id>{number}</id><polygon>{points}</polygon></object>"
            )
        text = f"<annotation><filename>{sample.key}.jpg</filename>{objects}</annotation>"
        (home / "Annotations" / "street" / f"{sample.key}.xml").write_text(text)


def pascal_parts(held: list[Sample], home: Path) -> None:
    (home / "Annotations_Part").mkdir(parents=True)
    for sample in held:
        _save(_pixels(sample), home / "JPEGImages" / f"{sample.key}.jpg")
        put_objects(home / "Annotations_Part" / f"{sample.key}.mat", [(8, "cat"), (12, "dog")], list(_masks(sample)))


def put_objects(file: Path, kinds: list[tuple[int, str]], masks: list[Any]) -> None:
    """Write Pascal Parts' structure of objects without parts."""
    from scipy.io import savemat

    none = np.zeros(0, dtype=[("part_name", object), ("mask", object)])
    rows = np.zeros(len(kinds), dtype=[(name, object) for name in ("class", "class_ind", "mask", "parts")])
    for place, ((number, name), mask) in enumerate(zip(kinds, masks, strict=True)):
        rows[place] = (name, number, mask.view(np.uint8) if isinstance(mask, np.ndarray) else mask, none)
    savemat(file, {"anno": {"imname": file.stem, "objects": rows}})
