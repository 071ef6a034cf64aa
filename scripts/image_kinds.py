"""Write the table of kinds of images in docs/reference/images.md: a small file of each is written and read back.

python scripts/image_kinds.py

The files are written by Pillow, tifffile, OpenCV, pydicom, nibabel and NumPy, not by Maskwright.  A further column is a
function in COLUMNS, or in LEARNED where it takes seconds, from a kind, its file and the numbers that were written to
what stands in the cell.
"""

import gzip
import io
import re
import struct
import sys
import tempfile
import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from maskwright import formats, media
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import MaskwrightError
from maskwright.media import pages

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "images.md"
BEGIN, END = "<!-- table: python scripts/image_kinds.py -->", "<!-- end of table -->"
SIZE = (20, 24)


@dataclass(frozen=True)
class Kind:
    """One row. write: makes the file at a path -> what reading must give, (H, W, C), or (N, H, W, C) of pages.

    exact: whether to the bit; else within 2 of 255, as decoders of JPEG differ.
    """

    name: str
    suffix: str
    write: Callable[[Path], np.ndarray]
    exact: bool = True


def numbers(dtype: str, channels: int, *more: int) -> np.ndarray:
    """(…, H, W, C) over most of the type's range, in blocks that a lossy kind can hold."""
    rng = np.random.default_rng(channels)
    kind = np.dtype(dtype)
    coarse = (*more, SIZE[0] // 4, SIZE[1] // 4, channels)
    if kind.kind == "f":
        values = rng.normal(0, 1, coarse)
    else:
        limits = np.iinfo(kind)
        values = rng.integers(limits.min // 2, limits.max, coarse, dtype=np.int64)
    return np.repeat(np.repeat(values, 4, axis=-3), 4, axis=-2).astype(kind)


def by_pillow(dtype: str, channels: int, **how: Any) -> Callable[[Path], np.ndarray]:
    def write(path: Path) -> np.ndarray:
        values = numbers(dtype, channels)
        Image.fromarray(values[..., 0] if channels == 1 else values).save(path, **how)
        return values

    return write


def lossy(channels: int, **how: Any) -> Callable[[Path], np.ndarray]:
    """Judged by Pillow's own reading."""

    def write(path: Path) -> np.ndarray:
        by_pillow("uint8", channels, **how)(path)
        with Image.open(path) as opened:
            return np.array(opened).reshape(*SIZE, channels)

    return write


def by_mode(mode: str, **how: Any) -> Callable[[Path], np.ndarray]:
    """Judged by Pillow's own conversion."""

    def write(path: Path) -> np.ndarray:
        source = Image.fromarray(numbers("uint8", 3))
        source.convert(mode).save(path, **how)
        with Image.open(path) as opened:
            return np.array(opened.convert("RGB"))

    return write


def one_bit(path: Path) -> np.ndarray:
    values = numbers("uint8", 1) > 100
    Image.fromarray(values[..., 0]).save(path)
    return np.where(values, 255, 0).astype(np.uint8)


def deep_png(kind: int, channels: int) -> Callable[[Path], np.ndarray]:
    """As the specification has it: no row filter, big-endian."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    def write(path: Path) -> np.ndarray:
        values = numbers("uint16", channels)
        header = struct.pack(">IIBBBBB", SIZE[1], SIZE[0], 16, kind, 0, 0, 0)
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
        parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
        return values

    return write


def by_tifffile(dtype: str, channels: int, **how: Any) -> Callable[[Path], np.ndarray]:
    def write(path: Path) -> np.ndarray:
        values = numbers(dtype, channels)
        planar = how.get("planarconfig") == "separate"
        stored = values[..., 0] if channels == 1 else np.moveaxis(values, -1, 0) if planar else values
        usual = {"photometric": "minisblack", **({} if channels == 1 else {"planarconfig": "contig"})}
        tifffile.imwrite(path, stored, **{**usual, **how})
        return values

    return write


def stack(axes: str, dtype: str, channels: int, **how: Any) -> Callable[[Path], np.ndarray]:
    """Three pages."""

    def write(path: Path) -> np.ndarray:
        values = numbers(dtype, channels, 3)
        stored = np.moveaxis(values, -1, 1) if "C" in axes else values[..., 0]
        tifffile.imwrite(path, stored, photometric="minisblack", metadata={"axes": axes}, **how)
        return values

    return write


def turned(path: Path) -> np.ndarray:
    values = numbers("uint8", 3)
    tifffile.imwrite(path, values, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    return np.rot90(values, -1)


def turned_by_exif(path: Path) -> np.ndarray:
    values = numbers("uint8", 3)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(values).save(path, exif=exif)
    with Image.open(path) as opened:
        return np.rot90(np.array(opened), -1)


def animation(path: Path) -> np.ndarray:
    values = numbers("uint8", 3, 3)
    first, *rest = map(Image.fromarray, values)
    first.save(path, save_all=True, append_images=rest, **({"lossless": True} if path.suffix == ".webp" else {}))
    with Image.open(path) as opened:
        frames = []
        for page in range(3):
            opened.seek(page)
            frames.append(np.array(opened.convert("RGB")))
    return np.stack(frames)


def pnm(channels: int) -> Callable[[Path], np.ndarray]:
    def write(path: Path) -> np.ndarray:
        values = numbers("uint16", channels)
        path.write_bytes(
            f"P{5 if channels == 1 else 6}\n{SIZE[1]} {SIZE[0]}\n65535\n".encode() + values.astype(">u2").tobytes()
        )
        return values

    return write


def array(dtype: str, channels: int, *more: int) -> Callable[[Path], np.ndarray]:
    def write(path: Path) -> np.ndarray:
        values = numbers(dtype, channels, *more)
        np.save(path, values[..., 0] if channels == 1 else values)
        return values

    return write


def nifti(dtype: str, slope: float = 1) -> Callable[[Path], np.ndarray]:
    def write(path: Path) -> np.ndarray:
        import nibabel

        values = numbers(dtype, 1, 3)
        volume = nibabel.Nifti1Image(values[..., 0].T, np.eye(4))
        volume.header.set_slope_inter(slope, 0)
        nibabel.save(volume, path)
        return np.asarray(nibabel.load(path).dataobj).T[..., None]

    return write


def dicom(kind: str, dtype: str, slope: str = "1", shift: str = "0") -> Callable[[Path], np.ndarray]:
    def write(path: Path) -> np.ndarray:
        import pydicom

        channels = 1 if kind.startswith("MONO") else 3
        values = numbers(dtype, channels) // (16 if dtype.endswith("16") else 1)
        data = pydicom.Dataset()
        data.file_meta = pydicom.dataset.FileMetaDataset()
        data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = pydicom.uid.CTImageStorage
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = pydicom.uid.generate_uid()
        data.Modality, (data.Rows, data.Columns) = "CT", SIZE
        data.SamplesPerPixel, data.PhotometricInterpretation = channels, kind
        if channels == 3:
            data.PlanarConfiguration = 0
        data.BitsAllocated = values.itemsize * 8
        data.BitsStored = 12 if values.itemsize == 2 else 8
        data.HighBit, data.PixelRepresentation = data.BitsStored - 1, 0
        data.RescaleSlope, data.RescaleIntercept = slope, shift
        data.PixelData = values.tobytes()
        data.save_as(path, enforce_file_format=True)
        if channels == 3:
            return np.asarray(pydicom.pixels.pixel_array(path))
        return np.asarray(pydicom.pixels.apply_rescale(values, data)).astype(dtype if shift == "0" else "int16")

    return write


def gzipped(path: Path) -> np.ndarray:
    values = numbers("uint8", 3)
    packed = io.BytesIO()
    Image.fromarray(values).save(packed, format="PPM")
    path.write_bytes(gzip.compress(packed.getvalue()))
    return values


KINDS = (
    Kind("JPEG", ".jpg", lossy(3)),
    Kind("JPEG, gray", ".jpg", lossy(1)),
    Kind("JPEG, CMYK", ".jpg", by_mode("CMYK", quality=95)),
    Kind("JPEG, turned by EXIF", ".jpg", turned_by_exif),
    Kind("PNG", ".png", by_pillow("uint8", 3)),
    Kind("PNG, gray", ".png", by_pillow("uint8", 1)),
    Kind("PNG, 1 bit", ".png", one_bit),
    Kind("PNG, alpha", ".png", by_pillow("uint8", 4)),
    Kind("PNG, gray and alpha", ".png", by_pillow("uint8", 2)),
    Kind("PNG, palette", ".png", by_mode("P")),
    Kind("PNG, deep gray", ".png", deep_png(0, 1)),
    Kind("PNG, deep colours", ".png", deep_png(2, 3)),
    Kind("PNG, deep gray and alpha", ".png", deep_png(4, 2)),
    Kind("PNG, deep colours and alpha", ".png", deep_png(6, 4)),
    *(Kind(f"TIFF, {dtype}", ".tif", by_tifffile(dtype, 1)) for dtype in (
        "uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64")),
    Kind("TIFF, 1 bit", ".tif", one_bit),
    Kind("TIFF, palette", ".tif", by_mode("P")),
    Kind("TIFF, CMYK", ".tif", by_mode("CMYK")),
    Kind("TIFF, deep colours", ".tif", by_tifffile("uint16", 3, photometric="rgb")),
    Kind("TIFF, colours and alpha", ".tif", by_tifffile("uint16", 4, photometric="rgb", extrasamples=["unassalpha"])),
    Kind("TIFF, colours and another band", ".tif", by_tifffile(
        "uint16", 4, photometric="rgb", extrasamples=["unspecified"])),
    Kind("TIFF, six bands", ".tif", by_tifffile("float32", 6)),
    Kind("TIFF, six bands in planes", ".tif", by_tifffile("float32", 6, planarconfig="separate")),
    Kind("TIFF, tiles, LZW", ".tif", by_tifffile(
        "uint16", 3, photometric="rgb", compression="lzw", predictor=True, tile=(16, 16))),
    Kind("TIFF, deflate", ".tif", by_tifffile("float32", 1, compression="deflate", predictor=True)),
    Kind("TIFF, Zstandard", ".tif", by_tifffile("uint16", 1, compression="zstd")),
    Kind("TIFF, JPEG inside", ".tif", lossy(3, compression="jpeg", quality=95), exact=False),
    Kind("TIFF, orientation tag", ".tif", turned),
    Kind("TIFF, stack", ".tif", stack("ZYX", "uint16", 1)),
    Kind("OME-TIFF, channels and depth", ".ome.tif", stack("ZCYX", "uint16", 4, ome=True)),
    Kind("ImageJ, channels and depth", ".tif", stack("ZCYX", "uint16", 2, imagej=True)),
    Kind("GIF, animated", ".gif", animation),
    Kind("WebP", ".webp", by_pillow("uint8", 3, lossless=True)),
    Kind("WebP, animated", ".webp", animation),
    Kind("AVIF", ".avif", lossy(3)),
    Kind("JPEG 2000", ".jp2", by_pillow("uint8", 3)),
    Kind("JPEG 2000, deep gray", ".jp2", by_pillow("uint16", 1)),
    Kind("PPM", ".ppm", by_pillow("uint8", 3)),
    Kind("PPM, deep", ".ppm", pnm(3)),
    Kind("PGM, deep", ".pgm", pnm(1)),
    Kind("PPM, packed by gzip", ".ppm.gz", gzipped),
    Kind("BMP", ".bmp", by_pillow("uint8", 3)),
    Kind("TGA", ".tga", by_pillow("uint8", 4)),
    Kind("DICOM, CT", ".dcm", dicom("MONOCHROME2", "uint16", "1", "-1024")),
    Kind("DICOM, MONOCHROME1", ".dcm", dicom("MONOCHROME1", "uint8")),
    Kind("DICOM, YBR", ".dcm", dicom("YBR_FULL", "uint8")),
    Kind("NIfTI", ".nii.gz", nifti("int16")),
    Kind("NIfTI, scaled", ".nii", nifti("int16", 0.5)),
    Kind("NumPy, (H, W)", ".npy", array("float32", 1)),
    Kind("NumPy, (H, W, C)", ".npy", array("uint16", 5)),
    Kind("NumPy, (N, H, W)", ".npy", array("uint16", 1, 3)),
)  # fmt: skip


def same(found: np.ndarray, wanted: np.ndarray, *, exact: bool) -> bool:
    """Whether what was read is what was written."""
    if found.shape != wanted.shape:
        return False
    if exact:
        return found.dtype == wanted.dtype and np.array_equal(found, wanted)
    return int(np.abs(found.astype(int) - wanted).max()) <= 2


def planes(wanted: np.ndarray) -> list[np.ndarray]:
    """What was written, by page: (H, W, C)."""
    if wanted.ndim == 2:
        return [wanted[..., None]]
    return list(wanted) if wanted.ndim == 4 else [wanted]


def reads(kind: Kind, file: Path, wanted: np.ndarray) -> str:
    return "yes" if same(media.read(file).pixels, planes(wanted)[0], exact=kind.exact) else "wrong"


def describes(kind: Kind, file: Path, wanted: np.ndarray) -> str:
    about, found = media.describe(file), media.read(file)
    agree = about.size == found.size and about.channels == found.channels and about.dtype == found.pixels.dtype.name
    return "yes" if agree and about.pages == len(planes(wanted)) else "wrong"


def region(kind: Kind, file: Path, wanted: np.ndarray) -> str:
    part, whole = media.read(file, region=(3, 4, 17, 15)).pixels, media.read(file).pixels
    return "yes" if np.array_equal(part, whole[4:15, 3:17]) else "wrong"


def by_page(kind: Kind, file: Path, wanted: np.ndarray) -> str:
    every = planes(wanted)
    if len(every) == 1:
        return ""
    good = all(
        same(media.read(f"{file}#page={page}").pixels, image, exact=kind.exact) for page, image in enumerate(every)
    )
    return f"{len(every)}" if good and pages.shape(file)[0] == len(every) else "wrong"


def shows(kind: Kind, file: Path, wanted: np.ndarray) -> str:
    shown = media.read(file).display()
    return "yes" if shown.dtype == np.uint8 and shown.shape == (*media.image_size(file), 3) else "wrong"


def labelled(file: Path, wanted: np.ndarray) -> tuple[Classes, list[Sample]]:
    """The image twice, to train and to validate on, with its left half labelled."""
    uri = f"{file}#page=1" if len(planes(wanted)) > 1 else str(file)
    size = media.image_size(uri)
    mask = np.zeros(size, bool)
    mask[:, : size[1] // 2] = True
    segments = Segments(Mask.encode(mask).batch, [1])
    samples = [Sample(name, ImageRef(uri, size), segments, split=name) for name in ("train", "val")]
    return Classes([Class(0, "ground", "stuff", "background"), Class(1, "half", "stuff")]), samples


def exports(kind: Kind, file: Path, wanted: np.ndarray) -> str:
    """To COCO and back: every number of the image is in the file that is written, judged by `reads`' own measure."""
    classes, samples = labelled(file, wanted)
    lost = formats.write(samples[:1], classes, file.parent / "out", "coco", allow_loss=True)
    (back,) = formats.read(file.parent / "out").samples
    every = planes(wanted)
    good = same(media.read(back.image).pixels, every[1 if len(every) > 1 else 0], exact=kind.exact)
    good = good and np.array_equal(back.segments.masks.areas(), samples[0].segments.masks.areas())
    return "yes" if good and not any(loss.grave for loss in lost) else "wrong"


def trains(kind: Kind, file: Path, wanted: np.ndarray) -> str:
    """An epoch of the smallest network, which keeps numbers for validation."""
    from maskwright.runs import Run
    from maskwright.store import Dataset
    from maskwright.train import Settings, fit

    classes, samples = labelled(file, wanted)
    with Dataset.create(file.parent / "set", classes) as dataset:
        with dataset.edit("both") as edit:
            for sample in samples:
                edit.add(sample)
        settings = Settings(epochs=1, batch_size=2, size=(64, 64), overlays=0, device="cpu", model="lite")
        run = Run.start(dataset, "train", settings.to_json(), name="kind")
        scores = fit(run.view, settings, run)
    return "yes" if np.isfinite(scores["mean_iou"]) else "wrong"


def predicts(kind: Kind, file: Path, wanted: np.ndarray) -> str:
    """What `trains` trained answers segments of exactly the image's size."""
    from maskwright.predict import Predictor

    (weights,) = (file.parent / "set" / "runs").rglob("best.safetensors")
    _, samples = labelled(file, wanted)
    found = Predictor.load(weights, device="cpu").predict(samples[0].image.uri)
    return "yes" if found.size == samples[0].image.size else "wrong"


#: Head of the column -> what stands in it.
COLUMNS: Mapping[str, Callable[[Kind, Path, np.ndarray], str]] = {
    "reads": reads, "describes": describes, "region": region, "pages": by_page, "shows": shows, "exports": exports,
}  # fmt: skip
#: The same, of columns that take seconds for each kind.
LEARNED: Mapping[str, Callable[[Kind, Path, np.ndarray], str]] = {"trains": trains, "predicts": predicts}


def row(kind: Kind, folder: Path, *, learned: bool) -> list[str]:
    """A kind's cells; what fails is a sentence in its cell."""
    file = folder / f"a{kind.suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the writers' own
        wanted = kind.write(file)
    about = media.describe(file)
    cells = [kind.name, f"`{kind.suffix}`", about.dtype, ", ".join(about.channels)]
    for fill in (*COLUMNS.values(), *(LEARNED.values() if learned else ())):
        try:
            cells.append(fill(kind, file, wanted))
        except MaskwrightError as error:
            cells.append(str(error).replace(str(folder), "").splitlines()[0])
    return [*cells, "; ".join(about.notes)]


def table(*, learned: bool = True) -> list[list[str]]:
    """The head and a row a kind. learned: with the columns that take seconds."""
    rows = [["kind", "suffix", "numbers", "channels", *COLUMNS, *(LEARNED if learned else ()), "notes"]]
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append([cell.replace("|", "\\|") for cell in row(kind, Path(folder), learned=learned)])
    return rows


def written() -> list[list[str]]:
    """The table as the page has it."""
    text = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def page() -> str:
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    head, *rows = table()
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    lines.insert(1, "|" + "---|" * len(head))
    return f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.name} written\n")
