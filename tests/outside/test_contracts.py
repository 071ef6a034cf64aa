"""Our own trackers, tasks, interactive engines and files of many images keep what their families promise to others."""

from pathlib import Path

import numpy as np
import pytest

from maskwright import registry, testing


class TestTensorBoard(testing.TrackerContract):
    name = "tensorboard"

    @pytest.fixture(autouse=True)
    def _needed(self) -> None:
        pytest.importorskip("tensorboard")
        pytest.importorskip("torch")

    def curve(self, folder: Path, name: str) -> list[tuple[int, float]]:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(folder / "tensorboard"))
        events.Reload()
        return [(event.step, event.value) for event in events.Scalars(name)]


class TestMLflow(testing.TrackerContract):
    name = "mlflow"

    @pytest.fixture(autouse=True)
    def _needed(self) -> None:
        pytest.importorskip("mlflow")


class TestClassical(testing.EngineContract):
    name = "classical"


@pytest.mark.parametrize("name", registry.names("predict.tasks"))
class TestEveryTask(testing.TaskContract):
    @pytest.fixture(autouse=True)
    def _named(self, name: str) -> None:
        self.name = name


class TestArrays(testing.PagesContract):
    name = "npy"
    dtypes = ("uint8", "uint16", "int32", "float32")
    channels = (1, 3, 6)

    def make(self, folder: Path, images: list[np.ndarray]) -> Path:
        np.save(folder / "stack.npy", np.stack(images))
        return folder / "stack.npy"


class TestTiff(testing.PagesContract):
    """Written by Pillow."""

    name = "tiff"
    dtypes = ("uint8", "uint16", "float32")

    def make(self, folder: Path, images: list[np.ndarray]) -> Path:
        from PIL import Image

        first, *rest = map(Image.fromarray, images)
        first.save(folder / "stack.tif", save_all=True, append_images=rest)
        return folder / "stack.tif"


class TestOmeTiff(testing.PagesContract):
    """Written by tifffile, channels as planes of their own."""

    name = "tiff"
    dtypes = ("uint8", "int16", "float64")
    channels = (1, 3, 5)

    def make(self, folder: Path, images: list[np.ndarray]) -> Path:
        import tifffile

        stack = np.stack(images) if images[0].ndim == 2 else np.moveaxis(np.stack(images), -1, 1)
        axes = "ZYX" if stack.ndim == 3 else "ZCYX"
        tifffile.imwrite(folder / "stack.ome.tif", stack, ome=True, metadata={"axes": axes}, photometric="minisblack")
        return folder / "stack.ome.tif"


class TestNifti(testing.PagesContract):
    name = "nifti"
    dtypes = ("uint8", "int16", "float32")

    def make(self, folder: Path, images: list[np.ndarray]) -> Path:
        nibabel = pytest.importorskip("nibabel")
        nibabel.save(nibabel.Nifti1Image(np.stack(images).T, np.eye(4)), folder / "stack.nii")
        return folder / "stack.nii"


class TestAnimations(testing.PagesContract):
    name = "animated"
    channels = (3,)

    def make(self, folder: Path, images: list[np.ndarray]) -> Path:
        from PIL import Image

        first, *rest = map(Image.fromarray, images)
        first.save(folder / "stack.webp", save_all=True, append_images=rest, lossless=True, exact=True)
        return folder / "stack.webp"


@pytest.mark.parametrize(
    ("contract", "name", "change", "test"),
    [
        (
            testing.EngineContract,
            "classical",
            "takes",
            "test_it_says_what_it_takes_and_under_which_name_it_may_be_kept",
        ),
        (testing.TaskContract, "semantic", "nothing", "test_scores_of_nothing_are_no_error"),
    ],
)
def test_a_contract_fails_where_a_member_breaks_it(contract, name, change, test, monkeypatch) -> None:
    kept = contract()
    kept.name = name
    if contract is testing.EngineContract:
        engine = registry.load("interactive.engines", name).load()
        engine.takes = frozenset({"smells"})
        with pytest.raises(AssertionError):
            getattr(kept, test)(engine)
    else:
        monkeypatch.setattr(kept.module, change, lambda classes: np.zeros((1, 2, 3)))
        with pytest.raises((AssertionError, IndexError, ValueError)):
            getattr(kept, test)()
