"""TIFF of every depth and layout: what tifffile and Pillow read is what we read."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright import media
from maskwright.errors import FormatError
from maskwright.media import pages, tiff_segments

RNG = np.random.default_rng(5)
DEPTHS = ["uint8", "uint16", "uint32", "int8", "int16", "int32", "float16", "float32", "float64"]


def noise(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray:
    """Numbers over most of the type's range, with runs that a compression finds."""
    values = RNG.normal(0, 1, shape) if np.dtype(dtype).kind == "f" else RNG.integers(0, 120, shape)
    return np.repeat(values, 2, axis=-1 if len(shape) == 2 else -2).astype(dtype)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", DEPTHS)
def test_every_depth(tmp_path, dtype, order) -> None:
    file = tmp_path / "a.tif"
    values = noise((23, 20), dtype)
    tifffile.imwrite(file, values, byteorder=order)
    assert np.array_equal(tifffile.imread(file), values)
    found = media.read(file)
    assert found.pixels.dtype == np.dtype(dtype)
    assert found.channels == ("gray",)
    assert np.array_equal(found.pixels[..., 0], values)
    about = media.describe(file)
    assert (about.size, about.channels, about.dtype, about.pages) == ((23, 40), ("gray",), dtype, 1)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("number", [2, 4, 6])
def test_bands(tmp_path, number, planar) -> None:
    file = tmp_path / "bands.tif"
    values = noise((19, 15, number), "float32")
    stored = values if planar == "contig" else np.moveaxis(values, -1, 0)
    tifffile.imwrite(file, stored, photometric="minisblack", planarconfig=planar)
    found = media.read(file)
    assert np.array_equal(found.pixels, values)
    assert found.channels == tuple(map(str, range(number))) == media.describe(file).channels
    assert np.array_equal(media.read(file, region=(3, 2, 11, 17)).pixels, values[2:17, 3:11])


def test_extra_samples_are_alpha_only_where_the_file_says_so(tmp_path) -> None:
    values = noise((9, 8, 4))
    for kind, name in (("unassalpha", "alpha"), ("unspecified", "3")):
        file = tmp_path / f"{kind}.tif"
        tifffile.imwrite(file, values, photometric="rgb", extrasamples=[kind])
        assert media.read(file).channels == ("red", "green", "blue", name)
        assert np.array_equal(media.read(file).pixels, values)
    tifffile.imwrite(tmp_path / "five.tif", noise((9, 8, 5)), photometric="rgb", extrasamples=["unspecified"] * 2)
    assert media.describe(tmp_path / "five.tif").channels == ("red", "green", "blue", "3", "4")


def test_alpha_that_is_multiplied_in_is_divided_out(tmp_path) -> None:
    colours = np.full((4, 6, 4), 60, np.uint8)
    colours[..., 3] = 120
    colours[0, 0] = 0
    tifffile.imwrite(tmp_path / "a.tif", colours, photometric="rgb", extrasamples=["assocalpha"])
    found = media.read(tmp_path / "a.tif").pixels
    assert found[1, 1].tolist() == [128, 128, 128, 120]
    assert found[0, 0].tolist() == [0, 0, 0, 0]
    assert np.abs(found.astype(int) - np.array(Image.open(tmp_path / "a.tif").convert("RGBA"))).max() <= 1
    assert "divided" in media.describe(tmp_path / "a.tif").notes[0]


@pytest.mark.parametrize("own", [True, False], ids=["imagecodecs", "without it"])
@pytest.mark.parametrize("tile", [None, (32, 16)], ids=["strips", "tiles"])
@pytest.mark.parametrize("compression", ["lzw", "zstd", "deflate", "packbits"])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_compressions(tmp_path, monkeypatch, own, tile, compression, predictor, dtype) -> None:
    if predictor and compression == "packbits":
        pytest.skip("TIFF has no such thing")
    file = tmp_path / "a.tif"
    values = noise((70, 25, 3), dtype)
    tifffile.imwrite(
        file,
        values,
        photometric="rgb",
        compression=compression,
        predictor=predictor,
        tile=tile,
        rowsperstrip=None if tile else 16,
    )
    if not own and not (predictor and dtype == "float32"):
        known = tiff_segments.known
        monkeypatch.setattr(
            tiff_segments, "known", lambda page: page.keyframe.compression not in (5, 50000) and known(page)
        )
    assert np.array_equal(media.read(file).pixels, values)
    assert np.array_equal(media.read(file, region=(5, 14, 41, 53)).pixels, values[14:53, 5:41])
    assert np.array_equal(media.read(file, region=(49, 69, 50, 70)).pixels, values[69:, 49:])


@pytest.mark.parametrize("own", [True, False], ids=["imagecodecs", "without it"])
@pytest.mark.parametrize("kind", ["rgb", "rgb as such", "ycbcr", "gray"])
def test_jpeg_inside(tmp_path, monkeypatch, own, kind) -> None:
    values = np.kron(RNG.integers(0, 255, (5, 6, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))
    if kind == "gray":
        values = values[..., 0]
    file = tmp_path / "a.tif"
    how = {"outcolorspace": "rgb"} if kind == "rgb as such" else None
    if kind == "ycbcr":
        Image.fromarray(values).save(file, compression="jpeg", quality=95)
    else:
        tifffile.imwrite(
            file,
            values,
            compression="jpeg",
            photometric="minisblack" if kind == "gray" else "rgb",
            compressionargs=how,
            tile=(32, 32),
        )
    if not own:
        monkeypatch.setattr(tiff_segments, "_has_imagecodecs", lambda: False)
    found = media.read(file).pixels
    judge = np.array(Image.open(file)).reshape(found.shape)
    assert np.abs(found.astype(int) - judge).max() <= 2
    assert np.array_equal(media.read(file, region=(30, 5, 70, 60)).pixels, found[5:60, 30:70])


def test_a_compression_that_nobody_decodes_is_one_sentence(tmp_path, monkeypatch) -> None:
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, noise((20, 20, 3)), photometric="rgb", compression="lerc")
    assert media.read(file).pixels.dtype == np.uint16
    monkeypatch.setattr(tiff_segments, "known", lambda page: False)
    monkeypatch.setitem(__import__("sys").modules, "imagecodecs", None)
    with pytest.raises(media.images.MaskwrightError, match=r"(?s)imagecodecs.*maskwright\[geo\]"):
        media.read(file)


def test_sixteen_bit_colours_never_lose_bits(tmp_path, monkeypatch) -> None:
    """Pillow reads eight of them."""
    values = RNG.integers(0, 65535, (20, 20, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", compression="lzw", predictor=True, byteorder=">")
    known = tiff_segments.known
    monkeypatch.setattr(tiff_segments, "known", lambda page: page.keyframe.compression != 5 and known(page))
    assert np.array_equal(media.read(tmp_path / "a.tif").pixels, values)


@pytest.mark.parametrize("tag", range(1, 9))
def test_the_orientation_tag(tmp_path, tag) -> None:
    file = tmp_path / "a.tif"
    values = noise((9, 7, 3), "uint8")
    tifffile.imwrite(file, values, photometric="rgb", extratags=[(274, 3, 1, tag, True)])
    shown = np.array(Image.open(file))
    about, found = media.describe(file), media.read(file)
    assert about.orientation == tag
    assert about.size == found.size == shown.shape[:2] == pages.shape(file)[1]
    assert about.stored_size == values.shape[:2]
    assert np.array_equal(found.pixels, shown)
    assert np.array_equal(pages.read(file, 0), shown)
    assert np.array_equal(media.read(f"{file}#page=0").pixels, shown)
    assert np.array_equal(media.read(file, region=(1, 2, 5, 6)).pixels, shown[2:6, 1:5])
    assert np.array_equal(media.read(file, expected=values.shape[:2]).pixels.sum(), values.sum())
    if shown.shape != values.shape:
        assert np.array_equal(media.read(file, expected=values.shape[:2]).pixels, values)


def test_pages_of_one_file(tmp_path) -> None:
    file = tmp_path / "a.tif"
    images = [noise((9, 10)), noise((5, 4, 3), "uint8"), noise((6, 6), "float32")]
    with tifffile.TiffWriter(file) as writer:
        for image in images:
            writer.write(image, metadata=None, photometric="rgb" if image.ndim == 3 else "minisblack")
    assert pages.shape(file) == (3, (9, 20))
    for page, image in enumerate(images):
        assert np.array_equal(pages.read(file, page), image)
        about = media.describe(f"{file}#page={page}")
        assert (about.size, about.dtype, about.pages) == (image.shape[:2], image.dtype.name, 3)
    with pytest.raises(FormatError, match="has no page 3"):
        pages.read(file, 3)


def test_channels_of_ome_are_channels_and_the_rest_are_pages(tmp_path) -> None:
    file = tmp_path / "a.ome.tif"
    values = noise((2, 3, 4, 9, 8))
    tifffile.imwrite(file, values, metadata={"axes": "TZCYX", "Channel": {"Name": ["DAPI", "GFP", "phase", "red"]}})
    assert pages.shape(file) == (6, values.shape[-2:])
    about = media.describe(file)
    assert about.channels == ("DAPI", "GFP", "phase", "red")
    assert about.pages == 6
    for page in range(6):
        judge = np.moveaxis(tifffile.imread(file).reshape(6, 4, 18, 8)[page], 0, -1)
        found = media.read(f"{file}#page={page}")
        assert np.array_equal(found.pixels, judge)
        assert found.channels == about.channels
        assert np.array_equal(media.read(f"{file}#page={page}", region=(2, 3, 7, 9)).pixels, judge[3:9, 2:7])
    unnamed = tmp_path / "b.ome.tif"
    tifffile.imwrite(unnamed, values[0, 0], metadata={"axes": "CYX"})
    assert media.describe(unnamed).channels == ("0", "1", "2", "3")


def test_stacks_of_imagej(tmp_path) -> None:
    file = tmp_path / "a.tif"
    values = noise((3, 2, 9, 8))
    tifffile.imwrite(file, values, imagej=True, metadata={"axes": "ZCYX"})
    assert pages.shape(file)[0] == 3
    found = media.read(f"{file}#page=2")
    assert np.array_equal(found.pixels, np.moveaxis(values[2], 0, -1))
    assert found.channels == ("0", "1")


def test_a_palette(tmp_path) -> None:
    file = tmp_path / "a.tif"
    opened = Image.new("P", (8, 9))
    opened.putpalette([10, 20, 30, 200, 100, 50])
    opened.putpixel((3, 4), 1)
    opened.save(file)
    assert np.array_equal(media.read(file).pixels, np.array(Image.open(file).convert("RGB")))
    assert media.describe(file).notes == ("a palette becomes red, green, blue",)


def test_one_bit(tmp_path) -> None:
    values = RNG.random((9, 13)) > 0.5
    for name, how in (("plain", {}), ("fax", {"compression": "group4"})):
        Image.fromarray(values).save(tmp_path / f"{name}.tif", **how)
        found = media.read(tmp_path / f"{name}.tif")
        assert np.array_equal(found.pixels[..., 0], np.where(values, 255, 0))
        assert found.pixels.dtype == np.uint8
        assert media.describe(tmp_path / f"{name}.tif").dtype == "uint8"


@pytest.mark.parametrize("tag", range(1, 9))
def test_the_orientation_of_what_pillow_decodes(tmp_path, tag) -> None:
    values = RNG.random((9, 13)) > 0.5
    Image.fromarray(values).save(tmp_path / "a.tif", compression="group4", tiffinfo={274: tag})
    with Image.open(tmp_path / "a.tif") as opened:
        judge = np.array(opened.convert("L"))
    assert np.array_equal(media.read(tmp_path / "a.tif").pixels[..., 0], judge)
    assert media.describe(tmp_path / "a.tif").size == judge.shape
    assert np.array_equal(media.read(tmp_path / "a.tif", region=(1, 2, 6, 8)).pixels[..., 0], judge[2:8, 1:6])


def test_white_that_is_zero_is_turned_round_for_display_alone(tmp_path) -> None:
    values = noise((9, 8), "uint8")
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
    found = media.read(tmp_path / "a.tif")
    assert np.array_equal(found.pixels[..., 0], values)
    assert np.array_equal(found.display()[..., 0], np.array(Image.open(tmp_path / "a.tif")))
    assert media.describe(tmp_path / "a.tif").inverted
    assert found.take(("red", "green", "blue")).inverted


def test_inks(tmp_path) -> None:
    values = RNG.integers(0, 255, (9, 8, 4), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="separated")
    assert np.array_equal(
        media.read(tmp_path / "a.tif").pixels, np.array(Image.fromarray(values, "CMYK").convert("RGB"))
    )
    assert "CMYK becomes red, green and blue without a profile" in media.describe(tmp_path / "a.tif").notes
    deep = values.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "b.tif", deep, photometric="separated")
    found = media.read(tmp_path / "b.tif").pixels
    assert found.dtype == np.uint16
    assert np.abs(found / 257 - media.read(tmp_path / "a.tif").pixels).max() <= 1.5


def test_only_the_tiles_of_a_region_are_read(tmp_path, monkeypatch) -> None:
    file = tmp_path / "a.tif"
    values = RNG.integers(0, 65535, (1000, 1200, 2), dtype=np.uint16)
    tifffile.imwrite(
        file, values, tile=(128, 128), compression="deflate", photometric="minisblack", planarconfig="contig"
    )
    read = []
    own = tifffile.FileHandle.read
    monkeypatch.setattr(tifffile.FileHandle, "read", lambda self, *size: read.append(size) or own(self, *size))
    before = len(read)
    part = media.read(file, region=(130, 250, 300, 400))
    tiles = [size for size in read[before:] if size and size[0] > 20_000]
    assert len(tiles) == 6  # two across, three down
    assert np.array_equal(part.pixels, values[250:400, 130:300])


@pytest.mark.parametrize("compression", [None, "deflate", "lzw"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_file_that_is_cut_off_is_refused(tmp_path, compression, share) -> None:
    file = tmp_path / "a.tif"
    tifffile.imwrite(
        file,
        RNG.integers(0, 65535, (64, 64, 3), dtype=np.uint16),
        photometric="rgb",
        compression=compression,
        rowsperstrip=8,
    )
    raw = file.read_bytes()
    file.write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(FormatError):
        media.read(file)


def test_numbers_that_are_no_image(tmp_path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 5), np.complex64))
    with pytest.raises(FormatError, match="complex64"):
        media.read(tmp_path / "a.tif")


def test_a_file_of_another_kind_under_the_name_of_a_tiff(tmp_path) -> None:
    values = noise((9, 8, 3), "uint8")
    Image.fromarray(values).save(tmp_path / "a.tif", "PNG")
    assert np.array_equal(media.read(tmp_path / "a.tif").pixels, values)
    tifffile.imwrite(tmp_path / "b.png", noise((9, 8), "float32"))
    assert media.describe(tmp_path / "b.png").dtype == "float32"


def test_bands_named_by_gdal(tmp_path) -> None:
    words = '<GDALMetadata><Item name="DESCRIPTION" sample="0" role="description">nir</Item>\n'
    words += '<Item name="DESCRIPTION" sample="1" role="description">swir</Item></GDALMetadata>'
    tifffile.imwrite(
        tmp_path / "a.tif",
        noise((9, 8, 2)),
        photometric="minisblack",
        planarconfig="contig",
        extratags=[(42112, 2, 0, words, True)],
    )
    assert media.read(tmp_path / "a.tif").channels == ("nir", "swir")


@pytest.mark.parametrize("imagej", [True, False])
def test_planes_without_a_directory_of_their_own(tmp_path, imagej) -> None:
    """ImageJ's way with stacks above four gigabytes."""
    file = tmp_path / "a.tif"
    values = noise((3, 2, 9, 8))
    how = {"imagej": True, "metadata": {"axes": "ZCYX"}} if imagej else {"photometric": "minisblack"}
    tifffile.imwrite(file, values, truncate=True, **how)
    with tifffile.TiffFile(file) as tif:
        assert len(tif.pages) == 1
    assert pages.shape(file) == (3 if imagej else 6, (18, 8))
    found = media.read(f"{file}#page=2")
    judge = np.moveaxis(values[2], 0, -1) if imagej else values[1, 0][..., None]
    assert np.array_equal(found.pixels, judge)
    assert np.array_equal(media.read(f"{file}#page=2", region=(1, 2, 5, 9)).pixels, judge[2:9, 1:5])
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(FormatError, match=r"cut off|has no page 2"):
        media.read(f"{file}#page={2 if imagej else 5}")


def test_positions_and_pyramids_of_ome(tmp_path) -> None:
    values = noise((2, 3, 32, 32))
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as writer:
        for position in values:
            writer.write(position, metadata={"axes": "CYX"}, subifds=1, tile=(16, 16), photometric="minisblack")
            writer.write(position[:, ::2, ::2], subfiletype=1, tile=(16, 16), photometric="minisblack")
    assert media.describe(tmp_path / "a.ome.tif").pages == 2
    for page, position in enumerate(values):
        assert np.array_equal(media.read(f"{tmp_path}/a.ome.tif#page={page}").pixels, np.moveaxis(position, 0, -1))


def test_a_small_file_that_asks_for_all_memory_is_refused(tmp_path) -> None:
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, np.zeros((64, 64), np.uint16), compression="deflate", tile=(16, 16), metadata=None)
    with tifffile.TiffFile(file, mode="r+") as tif:
        for name in ("ImageWidth", "ImageLength"):
            tif.pages[0].tags[name].overwrite(500_000)
    with pytest.raises(FormatError, match="asks for 500,000,000,000 bytes of memory"):
        media.read(file)


def test_jpeg_of_colours_whose_components_have_numbers(tmp_path, monkeypatch) -> None:
    """Only the TIFF says that they are red, green and blue."""
    values = np.kron(RNG.integers(0, 255, (2, 2, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))
    file = tmp_path / "a.tif"
    how = {"outcolorspace": "rgb"}
    tifffile.imwrite(file, values, compression="jpeg", photometric="rgb", compressionargs=how)
    raw = file.read_bytes()
    lettered, numbered = b"R\x11\x00G\x11\x00B\x11\x00", b"\x01\x11\x00\x02\x11\x00\x03\x11\x00"
    assert lettered in raw
    raw = (
        raw.replace(b"Adobe", b"Other")
        .replace(lettered, numbered)
        .replace(b"\x03R\x00G\x00B\x00", b"\x03\x01\x00\x02\x00\x03\x00")
    )
    file.write_bytes(raw)
    monkeypatch.setattr(tiff_segments, "_has_imagecodecs", lambda: False)
    assert np.abs(media.read(file).pixels.astype(int) - values).max() <= 4
