"""What every kind of file of many images promises."""

import abc
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from maskwright import media, registry
from maskwright.core.arrays import Array
from maskwright.errors import FormatError
from maskwright.media import pages


class PagesContract(abc.ABC):
    """A kind of file of many images, whose pages are images of a dataset.

    name: the kind's.  exact: whether pages come back to the bit, which videos do not.  dtypes: NumPy's names of the
    numbers that such files hold.  channels: of their images; 1 is gray.  A class for one's own says how such a file is
    made: `make`.
    """

    name: str
    exact = True
    dtypes: tuple[str, ...] = ("uint8",)
    channels: tuple[int, ...] = (1,)

    @abc.abstractmethod
    def make(self, folder: Path, images: list[Array]) -> Path:
        """Write these images, (H, W) or (H, W, C) all alike, into a file with a suffix of the kind -> the file."""

    def images(self, dtype: str = "", channels: int = 0) -> list[Array]:
        """What the file is made of: three images of one of `dtypes` and `channels`; of the first ones if not said."""
        rng = np.random.default_rng(0)
        number = channels or self.channels[0]
        extent = (3, 20, 31) if number == 1 else (3, 20, 31, number)
        return list(rng.integers(0, 127, extent).astype(dtype or self.dtypes[0]))

    @property
    def module(self) -> ModuleType:
        return registry.load("media.pages", self.name)

    def test_its_suffixes_are_small_and_begin_with_a_dot(self) -> None:
        assert self.module.SUFFIXES
        assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in self.module.SUFFIXES)

    def test_pages_come_back_as_they_were(self, tmp_path: Path) -> None:
        images = self.images()
        file = self.make(tmp_path, images)
        assert file.name.endswith(self.module.SUFFIXES)
        number, size = pages.shape(file)
        assert size == images[0].shape[:2]
        assert number == len(images)
        for page in reversed(range(number)):
            found = pages.read(file, page)
            assert found.shape[:2] == size
            if self.exact:
                assert np.array_equal(found, images[page])
            assert media.image_size(f"{file}#page={page}") == size

    def _every(self, folder: Path) -> Iterator[tuple[str, Path, list[Array]]]:
        """Of each depth and number of channels: NumPy's name of the numbers, the file, and what it was made of."""
        for dtype in self.dtypes:
            for channels in self.channels:
                own = folder / f"{dtype}-{channels}"
                own.mkdir()
                images = self.images(dtype, channels)
                yield dtype, self.make(own, images), images

    def test_every_depth_and_channel_comes_back(self, tmp_path: Path) -> None:
        for dtype, file, images in self._every(tmp_path):
            for page, image in enumerate(images):
                found = media.read(f"{file}#page={page}")
                assert found.pixels.ndim == 3
                assert len(found.channels) == found.pixels.shape[2]
                if self.exact:
                    assert found.pixels.dtype == np.dtype(dtype)
                    assert np.array_equal(found.pixels.reshape(image.shape), image)

    def test_what_is_described_is_what_is_read(self, tmp_path: Path) -> None:
        for _, file, images in self._every(tmp_path):
            for page in range(len(images)):
                found, about = media.read(f"{file}#page={page}"), media.describe(f"{file}#page={page}")
                assert about.size == found.size
                assert about.channels == found.channels
                assert about.dtype == found.pixels.dtype.name
                assert about.pages == len(images)

    def test_a_region_is_that_part_of_the_page(self, tmp_path: Path) -> None:
        file = self.make(tmp_path, self.images())
        for page in range(3):
            whole = pages.read(file, page)
            assert np.array_equal(pages.read(file, page, region=(3, 5, 20, 14)), whole[5:14, 3:20])
            assert np.array_equal(
                media.read(f"{file}#page={page}", region=(0, 19, 31, 20)).pixels.reshape(whole[19:].shape), whole[19:]
            )

    def test_the_plain_file_is_its_first_page(self, tmp_path: Path) -> None:
        file = self.make(tmp_path, self.images())
        if self.exact:
            assert np.array_equal(media.read(file).pixels, media.read(f"{file}#page=0").pixels)

    def test_a_file_that_is_elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fsspec = pytest.importorskip("fsspec")
        monkeypatch.setenv("MASKWRIGHT_CACHE", str(tmp_path / "cache"))
        file = self.make(tmp_path, self.images())
        store = fsspec.filesystem("memory")
        store.pipe_file(f"/contract/{file.name}", file.read_bytes())
        try:
            uri = f"memory://contract/{file.name}"
            assert pages.shape(uri) == pages.shape(file)
            assert np.array_equal(pages.read(uri, 1), pages.read(file, 1))
            assert media.describe(f"{uri}#page=1") == media.describe(f"{file}#page=1")
        finally:
            store.rm_file(f"/contract/{file.name}")

    def test_a_page_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        file = self.make(tmp_path, self.images())
        with pytest.raises(FormatError):
            pages.read(file, 1000)

    @pytest.mark.parametrize("share", [0.0, 0.3])
    def test_a_file_that_is_cut_off_is_one_sentence(self, tmp_path: Path, share: float) -> None:
        file = self.make(tmp_path, self.images())
        raw = file.read_bytes()
        file.write_bytes(raw[: int(share * len(raw))])
        with pytest.raises(FormatError):
            _read_all(file)


def _read_all(file: Path) -> list[Array]:
    return [pages.read(file, page) for page in range(pages.shape(file)[0])]
