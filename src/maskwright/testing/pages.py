"""What every kind of file of many images promises."""

import abc
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

    name: the kind's.  exact: whether pages come back to the bit, which videos do not.  A class for one's own says how
    such a file is made: `make`.
    """

    name: str
    exact = True

    @abc.abstractmethod
    def make(self, folder: Path, images: list[Array]) -> Path:
        """Write these images, (H, W) or (H, W, 3) all alike, into a file with a suffix of the kind -> the file."""

    def images(self) -> list[Array]:
        """What the file is made of: three gray images of eight bits."""
        rng = np.random.default_rng(0)
        return list(rng.integers(0, 255, (3, 20, 31), dtype=np.uint8))

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
