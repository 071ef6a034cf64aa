"""The window of a dataset: measured over its images together, chosen by people, never of one image."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright import media
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, UsageError
from maskwright.media import measured_window, windows
from maskwright.media.windows import Window
from maskwright.store import Dataset, display, schema

SIZE = (24, 32)
KINDS = Classes([Class(1, "thing", "thing")])


def image(folder: Path, name: str, pixels: np.ndarray) -> Sample:
    path = folder / f"{name}.{'npy' if pixels.dtype == np.float32 else 'png'}"
    if path.suffix == ".npy":
        np.save(path, pixels)
    else:
        Image.fromarray(pixels).save(path)
    uri = f"{path}#page=0" if path.suffix == ".npy" else str(path)
    return Sample(name, ImageRef(uri, pixels.shape[:2]), Segments.none(pixels.shape[:2]))


def scene(hot: int = 0) -> np.ndarray:
    """A ramp of sixteen bits from 1000 to 3000, and one pixel that is far brighter."""
    ramp = np.linspace(1000, 3000, SIZE[0] * SIZE[1]).astype(np.uint16).reshape(SIZE)
    if hot:
        ramp[0, 0] = hot
    return ramp


on_both = pytest.mark.parametrize(
    "place", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def fill(dataset: Dataset, *samples: Sample) -> None:
    with dataset.edit("images") as edit:
        for sample in samples:
            edit.add(sample)


@on_both
def test_a_scene_looks_the_same_whatever_else_is_in_its_image(place, tmp_path) -> None:
    with Dataset.create(place, KINDS) as dataset:
        fill(dataset, image(tmp_path, "calm", scene()), image(tmp_path, "hot", scene(60_000)))
        window = dataset.window
        assert window is not None
        assert 1000 <= window.low[0] < 1030
        assert 2970 < window.high[0] <= 3000  # the hot pixel is one of 1,536
        calm, hot = (media.read(sample.image).display(window).astype(int) for sample in dataset)
        assert (calm[1:] == hot[1:]).all()
        assert calm.max() - calm.min() > 250
        # Its own views and revisions have no other.
        assert dataset.at("head~1").window == dataset.where("key = 'hot'").window == dataset.frozen().window == window


@on_both
def test_a_kept_window_stays_when_images_come(place, tmp_path) -> None:
    with Dataset.create(place, KINDS) as dataset:
        fill(dataset, image(tmp_path, "a", scene()))
        kept = dataset.keep_window()
        assert kept is not None
        fill(dataset, image(tmp_path, "b", (scene() * 10).astype(np.uint16)))
        assert dataset.window == kept
        assert dataset.keep_window() == kept
        dataset.set_window(None)
        assert dataset.window is not None
        assert dataset.window.high[0] > 25_000  # measured again, over both
    with Dataset.open(place) as again:
        again.set_window(Window((0,), (4095,), origin="twelve bits"))
    with Dataset.open(place, read_only=True) as other:
        assert other.window == Window((0,), (4095,), origin="twelve bits")
        with pytest.raises(DatasetError):
            other.set_window(None)
        with pytest.raises(DatasetError):
            other.keep_window()


@on_both
def test_a_window_without_a_dataset_that_can_be_written_is_measured(place, tmp_path) -> None:
    with Dataset.create(place, KINDS) as dataset:
        fill(dataset, image(tmp_path, "a", scene()))
    with Dataset.open(place, read_only=True) as dataset:
        assert dataset.window is not None
        assert "percentiles" in dataset.window.origin


def test_measuring_waits_until_images_come_or_go(tmp_path, monkeypatch) -> None:
    with Dataset.create(tmp_path / "set", KINDS) as dataset:
        fill(dataset, image(tmp_path, "a", scene()))
        first = dataset.window
        read: list[object] = []
        true = media.read
        monkeypatch.setattr(measured_window, "read", lambda *given: read.append(given) or true(*given))
        with dataset.edit("a class") as edit:
            edit.set_classes(Classes([*KINDS, Class(2, "other", "thing")]))
        assert dataset.window == first
        assert not read  # labels and classes changed, images did not
        fill(dataset, image(tmp_path, "b", (scene() * 2).astype(np.uint16)))
        assert dataset.window != first
        assert len(read) == 2
        with dataset.edit("gone") as edit:
            edit.remove("b")
        assert dataset.window == first


def test_eight_bits_among_deep_images_stay_as_they_are(tmp_path) -> None:
    plain = np.arange(SIZE[0] * SIZE[1] * 3).astype(np.uint8).reshape(*SIZE, 3)
    with Dataset.create(tmp_path / "set", KINDS) as dataset:
        fill(dataset, image(tmp_path, "plain", plain))
        assert dataset.window is None
        assert dataset.keep_window() is None
        assert not display.has_deep(dataset)
        fill(dataset, image(tmp_path, "deep", scene()))
        assert display.has_deep(dataset)
        assert (media.read(dataset["plain"].image).display(dataset.window) == plain).all()
        assert media.read(dataset["deep"].image).display(dataset.window).max() == 255
        dataset.set_window(Window((0,), (51,)))  # this one is meant for all
        shown = media.read(dataset["plain"].image).display(dataset.window)
        assert (shown == np.clip(plain.astype(int) * 5, 0, 255)).all()


def test_a_measured_window_displays_images_of_other_channels_too() -> None:
    colours = np.stack([scene(), scene() // 2, scene() // 4], axis=2), ("red", "green", "blue")
    gray = scene()[..., None], ("gray",)
    for images in ([colours, gray], [gray, colours]):
        window = windows.measured(images)
        assert window.channels == ()
        for pixels, names in images:
            assert media.Image(pixels, names).display(window).shape == (*SIZE, 3)


def test_a_window_over_chosen_channels_and_percentiles(tmp_path) -> None:
    with Dataset.create(tmp_path / "set", KINDS) as dataset:
        fill(dataset, image(tmp_path, "a", scene()))
        whole = display.over(dataset, (0, 100))
        assert (whole.low, whole.high, whole.eight_bits) == ((1000.0,), (3000.0,), False)
        for wrong in ((5, 5), (-1, 50), (0, 101)):
            with pytest.raises(UsageError, match="percentiles"):
                display.over(dataset, wrong)
        with pytest.raises(UsageError, match="channel 7"):
            display.over(dataset, channels=(7,))


def test_a_window_that_cannot_be_read_is_said(tmp_path) -> None:
    with Dataset.create(tmp_path / "set", KINDS) as dataset:
        for text in ("{", json.dumps({"low": [3], "high": [1]}), json.dumps({"colour": 3}), "[]"):
            with dataset.database.writing() as connection:
                connection.execute(schema.meta.delete().where(schema.meta.c.name == "window"))
                connection.execute(schema.meta.insert().values(name="window", value=text))
            with pytest.raises(DatasetError, match="window cannot be read"):
                _ = dataset.window
        found = display.wished(dataset, (1, 2))
        dataset.set_window(found)
        assert dataset.window == found
        dataset.set_window(None)
        assert dataset.window is None


def test_no_image_and_unreadable_images_have_no_window(tmp_path) -> None:
    with Dataset.create(tmp_path / "set", KINDS) as dataset:
        assert dataset.window is None
        assert dataset.keep_window() is None
        gone = image(tmp_path, "gone", scene())
        fill(dataset, gone)
        Path(gone.image.uri).unlink()
        assert dataset.window is None


@pytest.mark.parametrize(
    "window",
    [Window((1.5,), (2,)), Window((1, 2, 3), (4, 5, 6), (5, 3, 1), "mine"), Window((0,), (9,), (4,), eight_bits=False)],
)
def test_a_window_comes_back_as_it_was_written(window) -> None:
    assert Window.from_json(json.loads(json.dumps(window.to_json()))) == window
