"""Headers of JPEGs are read here as Pillow reads them, or left to it."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from maskwright import media
from maskwright.media import images, jpeg_header, plain_images

PIXELS = np.random.default_rng(0).integers(0, 255, (37, 53, 3), np.uint8)


def jpeg(mode: str = "RGB", **more) -> bytes:
    out = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(out, "JPEG", **more)
    return out.getvalue()


def exif(flag: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = flag
    return found


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
PLAIN = {
    "plain": jpeg(), "gray": jpeg("L"), "progressive": jpeg(progressive=True), "comment": jpeg(comment=b"by hand"),
    "restarts": jpeg(restart_marker_rows=1), "sampled": jpeg(subsampling=2), "srgb": jpeg(icc_profile=SRGB),
    "profile": jpeg(icc_profile=LAB),
}  # fmt: skip
ASKED = {
    "turned": jpeg(exif=exif(6)), "flagged": jpeg(exif=exif(1)), "inks": jpeg("CMYK"),
    "profile in pieces": jpeg(icc_profile=SRGB + bytes(70_000)), "xmp": jpeg(xmp=b"<x/>"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*PLAIN, *ASKED])
def test_a_description_is_pillows(tmp_path, name) -> None:
    file = tmp_path / "a.jpg"
    content = {**PLAIN, **ASKED}[name]
    file.write_bytes(content)
    assert (jpeg_header.plain(content[: jpeg_header.LENGTH]) is None) == (name in ASKED)
    with file.open("rb") as opened:
        wanted = images._by_pillow(str(file), opened, content[:132], plain_images.describe)
    assert media.describe(file) == wanted


@pytest.mark.parametrize("name", PLAIN)
def test_headers_that_end_anywhere_are_left_to_pillow(name) -> None:
    content = PLAIN[name]
    begins = max(content.find(bytes([0xFF, kind])) for kind in (0xC0, 0xC2))
    for length in range(begins + 9):
        assert jpeg_header.plain(content[:length]) is None


def test_bytes_that_are_something_else_are_left_to_pillow() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(jpeg()[:700])
        content[int(rng.integers(2, 160))] = int(rng.integers(256))
        found = jpeg_header.plain(bytes(content))
        try:
            with Image.open(io.BytesIO(bytes(content))) as opened:
                wanted = (opened.height, opened.width)
        except (OSError, SyntaxError, ValueError):
            continue
        assert found is None or found[0] == wanted
    assert jpeg_header.plain(b"") is None
    assert jpeg_header.plain(b"\x89PNG") is None
