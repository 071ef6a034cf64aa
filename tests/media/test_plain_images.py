"""What Pillow opens: nothing of it is lost, and what is converted is said."""

import contextlib
import gzip
import struct
import zlib
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import image_kinds
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from maskwright import media
from maskwright.errors import FormatError, MaskwrightError, MissingExtraError, UsageError
from maskwright.media import pages

MISSING = {name for name in ("pydicom", "nibabel") if find_spec(name) is None}
RNG = np.random.default_rng(6)
COLOURS = np.kron(RNG.integers(0, 255, (5, 6, 3), dtype=np.uint8), np.ones((4, 4, 1), np.uint8))
LOSSLESS = [".png", ".bmp", ".dib", ".tga", ".ppm", ".gif", ".pcx", ".sgi", ".tif", ".jp2", ".webp", ".apng"]
LOSSY = [".jpg", ".jpeg", ".jfif", ".jpe", ".avif", ".mpo"]


def written(folder: Path, suffix: str) -> Path:
    file = folder / f"a{suffix}"
    how = {".webp": {"lossless": True}, ".apng": {"format": "PNG"}, ".avif": {"quality": 95}}.get(suffix, {})
    Image.fromarray(COLOURS).save(file, **how)
    return file


@pytest.mark.parametrize("suffix", [*LOSSLESS, *LOSSY])
def test_every_kind_that_pillow_writes(tmp_path, suffix) -> None:
    file = written(tmp_path, suffix)
    found, about = media.read(file), media.describe(file)
    with Image.open(file) as opened:
        assert np.array_equal(found.pixels, np.array(opened.convert("RGB")))
    if suffix in LOSSLESS and suffix != ".gif":
        assert np.array_equal(found.pixels, COLOURS)
    assert found.channels == about.channels == ("red", "green", "blue")
    assert (about.size, about.dtype) == (found.size, found.pixels.dtype.name) == ((20, 24), "uint8")
    assert suffix in media.IMAGE_SUFFIXES
    assert np.array_equal(media.read(file, region=(3, 4, 20, 19)).pixels, found.pixels[4:19, 3:20])


def test_an_icon_is_its_largest_image(tmp_path) -> None:
    Image.fromarray(np.kron(COLOURS[:20, :20], np.ones((4, 4, 1), np.uint8))).save(
        tmp_path / "a.ico", sizes=[(16, 16), (64, 64)]
    )
    assert media.read(tmp_path / "a.ico").size == media.image_size(tmp_path / "a.ico") == (64, 64)


def test_heic_comes_with_its_plugin(tmp_path, monkeypatch) -> None:
    file = tmp_path / "a.heic"
    file.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    import sys

    monkeypatch.setitem(sys.modules, "pi_heif", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"(?s)a\.heic.*pip install pi_heif"):
        media.read(file)
    monkeypatch.undo()
    pytest.importorskip("pi_heif")
    with pytest.raises(FormatError, match=r"a\.heic: not a readable image"):
        media.read(file)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(values: np.ndarray, kind: int, more: bytes = b"") -> bytes:
    """A PNG of sixteen bits as its specification has it. kind: 0 gray, 2 colours, 4 and 6 with alpha."""
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = [chunk(b"IHDR", header), more, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("kind", "channels"),
    [(0, ("gray",)), (2, ("red", "green", "blue")), (4, ("gray", "alpha")), (6, ("red", "green", "blue", "alpha"))],
)
def test_sixteen_bits_of_png(tmp_path, kind, channels) -> None:
    values = RNG.integers(0, 65535, (7, 9, len(channels)), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(png(values, kind))
    found, about = media.read(tmp_path / "a.png"), media.describe(tmp_path / "a.png")
    assert np.array_equal(found.pixels, values)
    assert found.channels == about.channels == channels
    assert about.dtype == found.pixels.dtype.name == "uint16"


def test_sixteen_bits_of_colour_need_a_package(tmp_path, monkeypatch) -> None:
    import sys

    (tmp_path / "a.png").write_bytes(png(RNG.integers(0, 65535, (7, 9, 3)), 2))
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match="PNG of sixteen bits and 3 channels needs the package 'cv2'"):
        media.read(tmp_path / "a.png")
    assert media.describe(tmp_path / "a.png").dtype == "uint16"


def test_the_colour_that_stands_for_clear(tmp_path) -> None:
    values = RNG.integers(0, 65535, (7, 9, 3), dtype=np.uint16)
    for kind, clear in ((2, values[2, 3]), (0, values[2, 3, :1])):
        plane = values if kind == 2 else values[..., :1]
        file = tmp_path / f"{kind}.png"
        file.write_bytes(png(plane, kind, chunk(b"tRNS", clear.astype(">u2").tobytes())))
        found = media.read(file)
        assert found.channels[-1] == "alpha"
        assert np.array_equal(found.pixels[..., :-1], plane)
        assert np.argwhere(found.pixels[..., -1] == 0).tolist() == [[2, 3]]
        assert media.describe(file).notes == ("the colour that stands for clear becomes alpha",)
    palette = Image.new("P", (6, 5), 1)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((2, 2), 0)
    palette.save(tmp_path / "p.png", transparency=0)
    found = media.read(tmp_path / "p.png")
    assert np.array_equal(found.pixels, np.array(Image.open(tmp_path / "p.png").convert("RGBA")))
    assert media.describe(tmp_path / "p.png").notes == ("a palette becomes red, green, blue, alpha",)
    assert found.display()[2, 2].tolist() == [255, 255, 255]


@pytest.mark.parametrize("most", [65535, 4095])
@pytest.mark.parametrize("number", [1, 3])
def test_deep_pnm_keeps_its_numbers(tmp_path, most, number) -> None:
    values = RNG.integers(0, most + 1, (7, 9, number)).astype(np.uint16)
    head = f"P{5 if number == 1 else 6}\n# a comment\n9 7\n{most}\n".encode()
    file = tmp_path / "a.pnm"
    file.write_bytes(head + values.astype(">u2").tobytes())
    assert np.array_equal(media.read(file).pixels, values)
    assert media.describe(file).dtype == "uint16"
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(FormatError, match="cut off"):
        media.read(file)


def test_inks_become_colours_by_their_profile(tmp_path) -> None:
    inks = Image.fromarray(RNG.integers(0, 255, (8, 8, 4), dtype=np.uint8), "CMYK")
    inks.save(tmp_path / "a.jpg", quality=95)
    with Image.open(tmp_path / "a.jpg") as opened:
        assert np.array_equal(media.read(tmp_path / "a.jpg").pixels, np.array(opened.convert("RGB")))
    assert media.describe(tmp_path / "a.jpg").notes == ("CMYK becomes red, green and blue without a profile",)
    inks.save(tmp_path / "b.jpg", quality=95, icc_profile=b"nothing")
    assert media.read(tmp_path / "b.jpg").channels == ("red", "green", "blue")
    assert "'unnamed'" in media.describe(tmp_path / "b.jpg").notes[0]


def test_a_profile_of_inks_is_used(tmp_path, monkeypatch) -> None:
    """Pillow's own engine of colours is taken to be right: it is given the inks and the file's profile."""
    given = []

    def engine(image: Image.Image, source: object, target: object, outputMode: str) -> Image.Image:  # noqa: N803
        given.append((image.mode, source, outputMode))
        return Image.new("RGB", image.size, (1, 2, 3))

    monkeypatch.setattr(ImageCms, "ImageCmsProfile", lambda file: file.read() if isinstance(file, BytesIO) else file)
    monkeypatch.setattr(ImageCms, "profileToProfile", engine)
    Image.new("CMYK", (8, 9), (9, 9, 9, 9)).save(tmp_path / "a.jpg", icc_profile=b"press")
    Image.new("CMYK", (8, 9), (9, 9, 9, 9)).save(tmp_path / "a.tif", icc_profile=b"press")
    for name in ("a.jpg", "a.tif"):
        assert media.read(tmp_path / name).pixels[4, 4].tolist() == [1, 2, 3]
    assert given == [("CMYK", b"press", "RGB")] * 2


def test_a_profile_of_colours_is_said(tmp_path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=srgb)
    assert media.describe(tmp_path / "a.png").notes == ()
    Image.fromarray(COLOURS).save(tmp_path / "b.png", icc_profile=b"a broken one")
    assert media.describe(tmp_path / "b.png").notes == ("the colour profile 'unnamed' is not applied",)
    assert np.array_equal(media.read(tmp_path / "b.png").pixels, COLOURS)


def test_lab_becomes_colours(tmp_path) -> None:
    lab = ImageCms.profileToProfile(
        Image.fromarray(COLOURS), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    lab.save(tmp_path / "a.tif")
    assert np.abs(media.read(tmp_path / "a.tif").pixels.astype(int) - COLOURS).max() <= 12
    assert media.describe(tmp_path / "a.tif").notes == ("LAB becomes red, green, blue",)


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_orientation(tmp_path, tag, suffix) -> None:
    exif = Image.Exif()
    exif[0x0112] = tag
    file = tmp_path / f"a{suffix}"
    Image.fromarray(COLOURS).save(file, exif=exif)
    with Image.open(file) as opened:
        judge = np.array(ImageOps.exif_transpose(opened).convert("RGB"))
    about = media.describe(file)
    assert np.array_equal(media.read(file).pixels, judge)
    assert (about.size, about.orientation, about.stored_size) == (judge.shape[:2], tag, (20, 24))
    assert np.array_equal(media.read(file, region=(2, 3, 18, 17)).pixels, judge[3:17, 2:18])


def test_regions_outside_are_refused(tmp_path) -> None:
    file = written(tmp_path, ".png")
    for region in ((0, 0, 25, 5), (-1, 0, 5, 5), (5, 5, 5, 9), (0, 9, 4, 3)):
        with pytest.raises(UsageError, match="within 20 x 24"):
            media.read(file, region=region)


def test_frames_of_animations(tmp_path) -> None:
    frames = [Image.fromarray(np.roll(COLOURS, 4 * step, axis=1)) for step in range(3)]
    for suffix, how in ((".gif", {}), (".webp", {"lossless": True})):
        file = tmp_path / f"a{suffix}"
        frames[0].save(file, save_all=True, append_images=frames[1:], **how)
        assert media.describe(file).pages == 3
        for page in range(3):
            with Image.open(file) as opened:
                opened.seek(page)
                assert np.array_equal(media.read(f"{file}#page={page}").pixels, np.array(opened.convert("RGB")))
        with pytest.raises(FormatError, match="has no page 3"):
            media.read(f"{file}#page=3")


def test_describing_decodes_nothing(tmp_path, monkeypatch) -> None:
    from PIL import ImageFile

    names = [written(tmp_path, suffix) for suffix in (".png", ".jpg", ".webp", ".bmp")]
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOURS).save(tmp_path / "t.png", exif=exif)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    for file in names:
        assert media.describe(file).size == (20, 24)
    assert media.describe(tmp_path / "t.png").size == (24, 20)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".bmp", ".tga"])
def test_a_file_that_is_cut_off_is_one_sentence(tmp_path, suffix) -> None:
    file = tmp_path / f"a{suffix}"
    out = BytesIO()
    Image.fromarray(RNG.integers(0, 255, (90, 90, 3), dtype=np.uint8)).save(
        out, {".jpg": "JPEG"}.get(suffix, suffix[1:].upper())
    )
    file.write_bytes(out.getvalue()[: out.tell() // 2])
    with pytest.raises(FormatError, match=rf"a{suffix}"):
        media.read(file)


def test_broken_files_are_one_sentence(tmp_path) -> None:
    """Any bytes put in or left out: never another error, whatever the library makes of them."""
    rng = np.random.default_rng(9)
    for kind in image_kinds.KINDS:
        if {".dcm": "pydicom", ".nii": "nibabel", ".gz": "nibabel"}.get(Path(kind.suffix).suffix, "") in MISSING:
            continue
        file = tmp_path / f"a{kind.suffix}"
        kind.write(file)
        raw = file.read_bytes()
        for attempt in range(6):
            changed = bytearray(raw)
            if attempt % 2:
                changed = changed[: rng.integers(0, len(raw))]
            else:
                for place in rng.integers(0, min(len(raw), 500), 3):
                    changed[place] = rng.integers(0, 256)
            file.write_bytes(changed)
            for work in (media.describe, media.read, pages.shape, lambda broken: media.read(f"{broken}#page=1")):
                with contextlib.suppress(MaskwrightError):
                    work(file)


def test_a_deep_png_that_is_cut_off_is_refused(tmp_path) -> None:
    whole = png(RNG.integers(0, 65535, (90, 90, 3)), 2)
    for share in (0.3, 0.7, 0.99):
        (tmp_path / "a.png").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(FormatError):
            media.read(tmp_path / "a.png")


def test_a_file_that_gzip_packed(tmp_path) -> None:
    """STARE's photographs are im0001.ppm.gz."""
    packed = gzip.compress(written(tmp_path, ".ppm").read_bytes())
    file = tmp_path / "im0001.ppm.gz"
    file.write_bytes(packed)
    assert np.array_equal(media.read(file).pixels, COLOURS)
    assert media.describe(file).size == (20, 24)
    for broken in (packed[: len(packed) // 2], packed[:60] + bytes(200), b"P6 24 20 255 ", gzip.compress(b"no image")):
        file.write_bytes(broken)
        with pytest.raises(FormatError, match=r"im0001\.ppm\.gz: .*cannot be read"):
            media.read(file)
