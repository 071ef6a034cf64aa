"""Shapes, images and files, drawn small; nothing here is Maskwright's."""

import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

SIZE = (32, 48)


@dataclass(frozen=True)
class Shape:
    """An L: a rectangle without its lower right corner, so that turned and mirrored masks are seen.

    corners: six (x, y), whole pixels from the upper left corner of the image.  mask: (H, W) bool.
    """

    corners: tuple[tuple[int, int], ...]
    mask: np.ndarray

    @property
    def xywh(self) -> list[int]:
        columns, rows = zip(*self.corners, strict=True)
        return [min(columns), min(rows), max(columns) - min(columns), max(rows) - min(rows)]


def shapes(seed: int, count: int, size: tuple[int, int] = SIZE) -> list[Shape]:
    """Up to six shapes that do not touch, in the cells of a 2 × 3 grid."""
    rng = np.random.default_rng(seed)
    height, width = size[0] // 2, size[1] // 3
    out = []
    for cell in rng.permutation(6)[:count]:
        top, left = cell // 3 * height + rng.integers(1, 4), cell % 3 * width + rng.integers(1, 4)
        bottom, right = (cell // 3 + 1) * height - rng.integers(1, 3), (cell % 3 + 1) * width - rng.integers(1, 3)
        middle, centre = bottom - rng.integers(3, 5), right - rng.integers(3, 6)
        corners = ((left, top), (right, top), (right, middle), (centre, middle), (centre, bottom), (left, bottom))
        mask = np.zeros(size, bool)
        mask[top:middle, left:right] = mask[middle:bottom, left:centre] = True
        out.append(Shape(tuple((int(x), int(y)) for x, y in corners), mask))
    return out


def label_map(drawn: Sequence[Shape], values: Sequence[int], ground: int = 0, dtype: Any = np.uint8) -> np.ndarray:
    """(H, W): the value of the shape at each pixel, `ground` elsewhere."""
    out = np.full(drawn[0].mask.shape, ground, dtype)
    for shape, value in zip(drawn, values, strict=False):
        out[shape.mask] = value
    return out


def scene(seed: int, values: Sequence[int], ground: int = 0, dtype: Any = np.uint8) -> np.ndarray:
    """A label map of as many shapes as there are values."""
    return label_map(shapes(seed, len(values)), values, ground, dtype)


def photo(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(H, W, 3) uint8, smooth and not gray."""
    coarse = np.random.default_rng(seed + 7919).integers(20, 235, (4, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC))


def place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def put(path: Path, pixels: np.ndarray, **options: Any) -> None:
    """An image file by its suffix; TIFF by tifffile, the rest by Pillow. bool: 0 and 255."""
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * 255
    if path.suffix.lower() in (".tif", ".tiff"):
        kind = "rgb" if pixels.ndim == 3 and pixels.shape[-1] in (3, 4) else "minisblack"
        tifffile.imwrite(place(path), pixels, photometric=kind, **options)
    else:
        if path.suffix.lower() in (".jpg", ".jpeg"):
            options = {"format": "JPEG", "quality": 95, **options}
        Image.fromarray(pixels).save(place(path), **options)


def photos(root: Path, seeds: Mapping[str, int], size: tuple[int, int] = SIZE) -> None:
    for name, seed in seeds.items():
        put(root / name, photo(seed, size))


def put_palette(path: Path, values: np.ndarray, palette: Sequence[Sequence[int]]) -> None:
    """An indexed file: the values as indices, the palette's colours behind them."""
    image = Image.fromarray(values.astype(np.uint8)).convert("L")
    indexed = Image.new("P", image.size)
    indexed.putdata(list(values.astype(np.uint8).ravel().tolist()))
    indexed.putpalette([int(part) for colour in palette for part in colour])
    indexed.save(place(path))


def put_jpeg_mask(path: Path, mask: np.ndarray) -> None:
    """White on black with the losses of a JPEG; half is between them."""
    put(path, np.repeat(mask.astype(np.uint8)[..., None] * 255, 3, -1), quality=90)
    again = np.asarray(Image.open(path).convert("L"))
    assert np.array_equal(again > 127, mask)
    assert len(np.unique(again)) > 2


def voc_palette() -> list[tuple[int, int, int]]:
    """The 256 colours of VOC: the bits of the index, dealt to red, green and blue from the top."""
    out = []
    for index in range(256):
        colour, rest = [0, 0, 0], index
        for bit in range(7, -1, -1):
            for channel in range(3):
                colour[channel] |= (rest >> channel & 1) << bit
            rest >>= 3
        out.append((colour[0], colour[1], colour[2]))
    return out


def coloured(values: np.ndarray, colours: Mapping[int, Sequence[int]]) -> np.ndarray:
    """(H, W, 3) uint8: the colour of each value."""
    out = np.zeros((*values.shape, 3), np.uint8)
    for value, colour in colours.items():
        out[values == value] = colour
    return out


def write(path: Path, content: str, **options: Any) -> None:
    place(path).write_text(content, encoding="utf-8", **options)


def write_lines(path: Path, lines: Sequence[str]) -> None:
    write(path, "".join(f"{line}\n" for line in lines))


def write_json(path: Path, content: Any) -> None:
    write(path, json.dumps(content))


def hidden_twin(path: Path) -> None:
    """What macOS lays beside a file on foreign discs."""
    place(path.with_name(f"._{path.name}")).write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X        " + bytes(64))


def pairs(mask: np.ndarray, order: str = "F") -> str:
    """Kaggle's run lengths: start and length, counted from 1, column by column, or row by row for order C."""
    flat = np.concatenate([[0], mask.ravel(order=order).astype(np.int8), [0]])  # type: ignore[call-overload]
    ends = np.flatnonzero(np.diff(flat)) + 1
    return " ".join(f"{start} {stop - start}" for start, stop in zip(ends[::2], ends[1::2], strict=True))


def counts(mask: np.ndarray) -> dict[str, Any]:
    """COCO's run lengths, uncompressed."""
    flat = np.concatenate([[0], mask.ravel(order="F").astype(np.int8), [2]])
    ends = np.flatnonzero(np.diff(flat))
    return {"counts": np.diff(np.concatenate([[0], ends])).tolist(), "size": list(mask.shape)}


def flat(shape: Shape) -> list[int]:
    """x, y, x, y, … of a shape's corners."""
    return [number for corner in shape.corners for number in corner]


def coco(
    files: Mapping[str, tuple[int, Sequence[tuple[Shape, int]]]], categories: Sequence[Mapping[str, Any]], **more: Any
) -> dict[str, Any]:
    """COCO instances: files: an image's id and its shapes with their category ids, by file name."""
    rows: list[dict[str, Any]] = []
    for number, drawn in files.values():
        for shape, category in drawn:
            rows.append(
                {
                    "id": len(rows) + 1 + 100 * number,
                    "image_id": number,
                    "category_id": category,
                    "segmentation": [flat(shape)],
                    "area": float(shape.mask.sum()),
                    "bbox": shape.xywh,
                    "iscrowd": 0,
                }
            )
    images = [
        {"id": number, "file_name": name, "height": SIZE[0], "width": SIZE[1], "license": 1}
        for name, (number, _) in files.items()
    ]
    info = {"description": "", "version": "1.0", "year": 2017, "contributor": "", "date_created": "2017/09/01"}
    licenses = [{"id": 1, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"}]
    whole = {"info": info, "licenses": licenses, "images": images, "annotations": rows, "categories": list(categories)}
    return {**whole, **more}


def pack(folder: Path, archives: Mapping[str, Sequence[str]], target: Path) -> Path:
    """The folder as it is downloaded: the archive, or a folder with the archives where there are several."""
    target.mkdir(parents=True, exist_ok=True)
    for name, inside in archives.items():
        tops = sorted(folder.iterdir()) if list(inside) == ["."] else [folder / top for top in inside]
        files = sorted(path for top in tops for path in ([top] if top.is_file() else top.rglob("*")) if path.is_file())
        members = [(path, path.relative_to(folder).as_posix()) for path in files]
        if name.endswith(".zip"):
            with zipfile.ZipFile(target / name, "w") as archive:
                for path, member in members:
                    archive.write(path, member)
        else:
            with tarfile.open(target / name, "w:gz" if name.endswith(("gz",)) else "w") as archive:
                for path, member in members:
                    archive.add(path, member)
    return target / next(iter(archives)) if len(archives) == 1 else target
