"""A number that stands for nothing: kept in the pixels, and left out wherever they are counted."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from maskwright import media
from maskwright.core.sample import ImageRef
from maskwright.media import windows

NODATA = 42113


@pytest.fixture
def tile(tmp_path: Path):
    def make(dtype: str, nothing: float) -> tuple[Path, np.ndarray]:
        values = np.random.default_rng(0).uniform(10, 20, (16, 20, 3)).astype(dtype)
        values[:4, :5] = nothing
        file = tmp_path / f"{dtype}.tif"
        text = f"{nothing:g}"
        tifffile.imwrite(file, values, photometric="minisblack", planarconfig="contig",
                         extratags=[(NODATA, 2, len(text) + 1, text, True)])  # fmt: skip
        return file, values

    return make


@pytest.mark.parametrize(("dtype", "nothing"), [("float32", -9999), ("int16", -9999), ("uint16", 0), ("uint8", 0)])
def test_pixels_are_as_the_file_has_them_and_nothing_is_known_as_such(tile, dtype: str, nothing: float) -> None:
    file, values = tile(dtype, nothing)
    about, image = media.describe(file), media.read(file)
    assert about.nodata == image.nodata == nothing
    assert f"{nothing:g} stands for no data" in about.notes
    assert np.array_equal(image.pixels, values)
    assert np.array_equal(np.isnan(image.known), values == nothing)
    assert np.array_equal(image.known[5:], values[5:])


def test_a_window_does_not_count_it_and_shows_it_black(tile) -> None:
    file, _ = tile("int16", -9999)
    window = media.window_over([file])
    assert window is not None
    assert min(window.low) >= 10
    shown = media.read(file).display(window)
    assert not shown[:4, :5].any()
    assert shown[8:].mean() > 60


def test_learning_does_not_count_it_either(tile) -> None:
    pytest.importorskip("torch")
    from maskwright.train import normalisation

    file, values = tile("float32", -9999)
    image = ImageRef(str(file), values.shape[:2])
    layout = normalisation.measured([image], normalisation.channels_of([image])[0])
    assert min(layout.low) >= 10
    units = layout.units(layout.pick(media.read(file)))
    assert np.isfinite(units).all()
    assert np.allclose(units[:4, :5], np.array(layout.mean), atol=1e-5)


def test_no_tag_no_nothing(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full((4, 4), -9999, np.int16))
    image = media.read(tmp_path / "a.tif")
    assert image.nodata is None
    assert image.known is image.pixels
    assert windows.full_range(image.pixels.dtype) == (-32768, 32767)
