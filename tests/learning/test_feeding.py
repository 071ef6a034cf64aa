"""Feeding a training: the same batches for any number of threads, cached within a limit, nothing left behind."""

import gc
import threading
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from maskwright import media, transforms
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.demo import build_demo_set
from maskwright.errors import FormatError, UsageError
from maskwright.predict.checkpoint import EIGHT_BITS
from maskwright.predict.layout import Layout
from maskwright.predict.predictor import image_batch
from maskwright.predict.tasks import semantic
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, data, feed, strengths
from maskwright.train.entering import Entry, Memory
from maskwright.train.feed import Feed
from maskwright.train.task import Task
from maskwright.transforms import colour, copy_paste

CPU = torch.device("cpu")
SETTINGS = Settings(batch_size=4, size=(64, 96), turn=True, flip_vertical=0.5)
DEEP = Layout(("a", "b", "c", "d", "e"), "uint16", (0.0,) * 5, (255.0,) * 5, (0.4, 0.5, 0.6, 0.5, 0.5), (0.2,) * 5)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feeding")
    classes, samples = build_demo_set(folder / "pictures", number=12, size=(80, 100))
    transfer.import_samples(folder / "dataset", classes, samples, "demo")
    with Dataset.open(folder / "dataset") as opened:
        yield opened


def source(dataset, task: str = "semantic", cache_mb: int = 64) -> data.Source:
    classes: Classes = semantic.learned(dataset.classes)[0] if task == "semantic" else dataset.classes
    return data.Source(dataset, Task(task, classes, objects=task != "semantic"), cache_mb)


def batches(given: data.Source, order: list[int], settings: Settings = SETTINGS, number: int = 3, **more) -> list:
    start = more.pop("start", 0)
    with Feed(given, settings, CPU, **more) as fed:
        return list(fed.epoch(order, number, start=start))


def flat(found: list) -> list:
    """All tensors of batches in order."""
    out = []
    for pixels, truth in found:
        out.append(pixels)
        parts = [truth] if not isinstance(truth, list) else [t for o in truth for t in (o.class_indices, o.masks)]
        out += parts
    return out


def same(first: list, second: list) -> bool:
    pairs = zip(flat(first), flat(second), strict=True)
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("task", ["semantic", "instance"])
@pytest.mark.parametrize("cache_mb", [0, 64])
def test_any_number_of_threads_gives_the_same_batches_to_the_bit(dataset, task: str, cache_mb: int) -> None:
    order = dataset.numbers()
    given = source(dataset, task, cache_mb)
    first = batches(given, order, replace(SETTINGS, workers=0))
    assert len(first) == 3
    assert first[0][0].shape == (4, 3, 64, 96)
    assert first[0][0].is_contiguous(memory_format=torch.channels_last)
    for workers in (1, 2, 5):
        assert same(first, batches(given, order, replace(SETTINGS, workers=workers))), workers
    assert not same(first, batches(given, order, number=4)), "every epoch draws anew"
    assert same(first[1:], batches(given, order, start=1)), "a run that goes on sees the rest"


@pytest.mark.parametrize("task", ["semantic", "instance"])
@pytest.mark.parametrize("strength", ["usual", "strong"])
def test_every_strength_is_decided_by_the_seed_alone(dataset, task: str, strength: str) -> None:
    order = dataset.numbers()
    given = source(dataset, task)
    settings = replace(SETTINGS, augmentation=strength, size=(64, 64))
    seen: set[int] = set()

    def watch(image, mask=None, masks=None):
        """Of albumentations' signature: any thread may come first, so that a list would have any order."""
        seen.add(hash(image.tobytes()))
        return {"image": image, "masks": masks}

    first = batches(given, order, replace(settings, workers=0))
    further = [transforms.adapted(watch)]
    for workers in (0, 1, 4):
        assert same(first, batches(given, order, replace(settings, workers=workers)))
        assert same(first, batches(given, order, replace(settings, workers=workers), further=further))
    assert len(seen) == 12, "what the function sees is the same for any number of threads"
    assert not same(first, batches(given, order, replace(settings, augmentation="light", workers=0)))
    share = batches(given, order, replace(settings, workers=2), rank=1, world=2)
    for (pixels, _), (own, _) in zip(first, share, strict=True):
        assert torch.equal(pixels[1::2], own)


def test_numbers_that_mean_something_keep_their_curve_and_their_band(monkeypatch) -> None:
    """Strengths of measured images: no gamma, no JPEG; without random colours no dropped channels either."""
    specs = {
        (measured, coloured): " ".join(
            spec for spec, _, _ in strengths.pixels(Settings(augmentation="strong", colour=coloured), measured=measured)
        )
        for measured in (True, False)
        for coloured in (True, False)
    }
    assert "gamma" in specs[False, True]
    assert "jpeg" in specs[False, False]
    assert "gamma" not in specs[False, False] + specs[True, True] + specs[True, False]
    assert "jpeg" not in specs[True, True]
    assert "channel-drop" in specs[True, True]
    assert "channel-drop" not in specs[True, False]
    degrees = [spec for spec, _, _ in strengths.moving(Settings(augmentation="usual", turn=True))]
    assert degrees == ["rotate(degrees=180, chance=0.3)"]
    rng = np.random.default_rng(0)
    image, target = rng.random((80, 90, 6)).astype(np.float32), rng.integers(0, 3, (80, 90)).astype(np.uint8)
    settings = Settings(size=(64, 64), augmentation="strong", channels=tuple("abcdef"))
    for seed in range(20):
        again = []
        for _ in range(2):
            own = np.random.default_rng(seed)
            again.append(data.augmented(image, target, own, settings, another=lambda: (image[::-1], target[::-1])))
        assert again[0][0].dtype == np.float32
        assert again[0][0].shape == (64, 64, 6)
        assert set(np.unique(again[0][1])) <= {0, 1, 2, 255}
        assert all(np.array_equal(*pair) for pair in zip(*again, strict=True))


def test_ignored_regions_of_other_images_are_never_pasted() -> None:
    """To a transform they are crowds: they hide what is under them, and are no objects."""
    classes = Classes([Class(1, "cat", "thing"), Class(9, "blurred", "thing", "ignore")])
    dense = np.zeros((2, 8, 8), bool)
    dense[0, :4], dense[1, 2:4] = True, True
    truth = Segments(Masks.encode(dense), [1, 9])

    class Held:
        task = Task("instance", classes, objects=True)
        layout = EIGHT_BITS

        def kept(self, number, rows=None):
            return np.zeros((8, 8, 3), np.uint8), truth

    with Feed(Held(), replace(SETTINGS, workers=0), CPU) as fed:
        _, found = fed._another(feed._Epoch([1], 0, [0]), np.random.default_rng(0))
    assert found.is_crowd.tolist() == [False, True]
    ground = np.zeros((8, 8, 3), np.uint8), Segments.none((8, 8))
    for seed in range(6):
        pasted = copy_paste.apply(
            *ground, np.random.default_rng(seed), others=lambda: (ground[0], found), chance=1, area=(0, 1)
        )[1]
        assert pasted.class_ids.tolist() == [1]
        assert np.array_equal(pasted.masks.decode()[0], dense[0] & ~dense[1])


def test_an_error_in_a_window_that_is_mixed_in_names_its_own_sample(dataset, monkeypatch) -> None:
    number = dataset.numbers()[7]
    sample = dataset.read([number])[0]
    given = source(dataset)
    read = given.kept

    def broken(wanted, rows=None):
        if wanted == number:
            raise FormatError("not a readable image", file=sample.image.uri)
        return read(wanted, rows)

    monkeypatch.setattr(given, "kept", broken)
    settings = replace(SETTINGS, workers=0, transforms=("mosaic(chance=1)",))
    with pytest.raises(FormatError, match=f"sample '{sample.key}': not a readable image"):
        for epoch in range(20):
            batches(given, [*[n for n in dataset.numbers() if n != number][:3], number], settings, number=epoch)


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_any_number_of_processes_sees_the_same_images(dataset, task: str) -> None:
    order = dataset.numbers()
    given = source(dataset, task)
    whole = batches(given, order)
    for rank in (0, 1):
        share = batches(given, order, rank=rank, world=2)
        for (pixels, truth), (own, own_truth) in zip(whole, share, strict=True):
            assert torch.equal(pixels[rank::2], own)
            assert same([(pixels[rank::2], truth[rank::2])], [(own, own_truth)])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_window_is_what_augmentation_and_prediction_make_of_it(dataset, workers: int) -> None:
    order = dataset.numbers()[:4]
    settings = replace(SETTINGS, workers=workers)
    given = source(dataset)
    [(pixels, truth)] = batches(given, order, settings)
    for place, number in enumerate(order):
        rng = np.random.default_rng([settings.seed, 3, place])
        window, target = data.augmented(*given.get(number), rng, settings)
        assert torch.equal(pixels[place], image_batch([window], EIGHT_BITS.mean, EIGHT_BITS.std)[0])
        assert np.array_equal(truth[place].numpy(), target)
        assert truth.dtype == torch.int64


SIX = tuple("abcdef")
UNITS = ((900.0,) * 6, (60_000.0,) * 6, (0.4,) * 6, (0.2,) * 6)


@pytest.mark.parametrize(
    "more", [{}, {"transforms": ("flip",)}, {"scale": (0.2, 0.4)}], ids=["plain", "further", "small"]
)
@pytest.mark.parametrize(
    ("dtype", "kept"),
    [("uint8", "uint8"), ("uint16", "uint16"), ("int16", "int16"), ("float32", "float32"), ("float64", "float32")],
)
def test_measured_numbers_are_kept_as_decoded_and_enter_as_before(dataset, monkeypatch, dtype, kept, more) -> None:
    order = dataset.numbers()[:4]
    layout = Layout(SIX, dtype, *UNITS)
    rng = np.random.default_rng(0)
    high = 256 if dtype == "uint8" else 30_000
    images = {
        sample.image.uri: media.Image(rng.integers(0, high, (80, 100, 6)).astype(dtype), SIX)
        for sample in dataset.read(order)
    }
    monkeypatch.setattr(data.media, "read", lambda image: images[image.uri])
    given = source(dataset)
    given.layout = layout
    room = given._room
    settings = replace(SETTINGS, workers=2, **more)
    found = [batches(given, order, settings) for _ in range(2)]
    assert same(*found), "decoded now and taken from the cache"
    pixels, _ = found[0][0]
    for place, sample in enumerate(dataset.read(order)):
        own = np.random.default_rng([settings.seed, 3, place])
        whole, truth = layout.units(images[sample.image.uri].pixels), given.task.truth(sample)  # all of it made float32
        window, _ = data.augmented(whole, truth, own, settings)
        window = (window - np.float32(0.4)) / np.float32(0.2)
        assert np.array_equal(pixels[place].numpy(), window.transpose(2, 0, 1)), "the same to the bit"
        assert np.array_equal(given.get(order[place])[0], whole)
    assert {str(image.dtype) for image, _ in given._kept.values()} == {kept}
    assert room - given._room == 4 * 80 * 100 * (6 * np.dtype(kept).itemsize + 1), "what the limit counts"


def test_the_next_epoch_begins_while_one_ends_and_is_what_it_would_be(dataset) -> None:
    order, later = dataset.numbers(), dataset.numbers()[::-1]
    given = source(dataset)
    settings = replace(SETTINGS, workers=2)
    with Feed(given, settings, CPU) as fed:
        first = list(fed.epoch(order, 0, then=lambda: later))
        assert fed._following is not None
        assert fed._following.begun
        second = list(fed.epoch(later, 1))
        assert (fed.batches, fed._following) == (6, None)
        assert fed.waited >= 0
        list(fed.epoch(order, 2, then=lambda: later))
        other = list(fed.epoch(order, 7))  # not what was begun
    assert same(first, batches(given, order, number=0))
    assert same(second, batches(given, later, number=1))
    assert same(other, batches(given, order, number=7))


# -- colours on the device


@pytest.mark.parametrize("layout", [EIGHT_BITS, DEEP], ids=["bytes", "numbers"])
def test_colours_of_a_batch_are_each_images_own_and_those_of_the_transform(layout: Layout) -> None:
    """The way of a GPU, computed here: within the one level that the transform rounds."""
    rng = np.random.default_rng(0)
    number = len(layout.channels)
    windows = rng.integers(0, 256, (6, 32, 48, number), np.uint8)
    if layout is DEEP:
        windows = windows.astype(np.float32) / 255
    changes = [data.colours(windows[0], rng) for _ in windows]
    assert len(set(changes)) == 6
    found = []
    for late in (True, False):
        memory = Memory(Entry(layout, CPU, late=late), 6, (32, 48), objects=False)
        for row, (window, change) in enumerate(zip(windows, changes, strict=True)):
            memory.put(row, window.copy(), change, np.full((32, 48), row, np.uint8))
        memory.send()
        pixels, truth = memory.take()
        assert truth.dtype == torch.int64
        assert truth[:, 0, 0].tolist() == list(range(6))
        assert pixels.is_contiguous(memory_format=torch.channels_last)
        found.append(pixels)
    std = torch.tensor(layout.std).view(1, -1, 1, 1)
    level = float(((found[0] - found[1]) * std).abs().max()) * 255
    assert level < (1 if layout is EIGHT_BITS else 1e-3)


def test_the_transform_is_what_is_written_of_it() -> None:
    rng = np.random.default_rng(1)
    for channels in (1, 3, 4, 6):
        image = rng.integers(0, 256, (20, 30, channels), np.uint8)
        change = colour.drawn(rng)
        exact = change[0] * image + change[1] * image.astype(float).mean(axis=2, keepdims=True) + change[2]
        assert np.abs(colour.changed(image, change) - exact.clip(0, 255)).max() < 1
        deep = colour.changed(image.astype(np.float32) / 255, change)
        assert np.allclose(deep, exact / 255, atol=1e-5)
    assert np.array_equal(colour.changed(image, colour.SAME), image)


def test_without_random_colours_both_ways_are_equal_to_the_bit() -> None:
    windows = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    found = []
    for late in (True, False):
        memory = Memory(Entry(EIGHT_BITS, CPU, late=late), 2, (32, 32), objects=False)
        for row, window in enumerate(windows):
            memory.put(row, window, None, np.zeros((32, 32), np.uint8))
        memory.send()
        found.append(memory.take()[0])
    assert torch.equal(*found)
    assert torch.equal(found[0], image_batch(list(windows), EIGHT_BITS.mean, EIGHT_BITS.std))


def test_further_transforms_see_windows_with_their_colours(dataset, monkeypatch) -> None:
    seen = []

    def watch(image, target, rng):
        seen.append(image.copy())
        return image, target

    monkeypatch.setattr(data, "_further", lambda specs: [("watch", watch)] if specs else [])
    order = dataset.numbers()[:4]
    given = source(dataset)
    plain, named = replace(SETTINGS, workers=0), replace(SETTINGS, workers=0, transforms=("watch",))
    assert same(batches(given, order, plain), batches(given, order, named))
    assert len(seen) == 4


# -- the cache


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_images_are_kept_as_bytes_and_within_the_limit(dataset, task: str, monkeypatch) -> None:
    decoded = []
    read = media.read
    monkeypatch.setattr(media, "read", lambda image, **more: decoded.append(image.uri) or read(image, **more))
    order = dataset.numbers()
    given = source(dataset, task)
    given._room = room = 120_000  # of twelve images of 24,000 bytes
    for _ in range(2):
        batches(given, order, replace(SETTINGS, workers=4))
    kept = given._kept
    assert 2 <= len(kept) < 12
    spent = sum(data._bytes_of(*pair) for pair in kept.values())
    assert spent == room - given._room <= room
    for image, truth in kept.values():
        assert image.dtype == np.uint8
        if task == "semantic":
            assert truth.dtype == np.uint8
        else:
            assert not any(truth.attributes)
            assert not truth.more
    assert len(decoded) == 12 + 12 - len(kept), "what is kept is decoded once"
    assert given.rows(list(kept)) == {}


def test_nothing_is_kept_where_nothing_may_be(dataset) -> None:
    given = source(dataset, cache_mb=0)
    batches(given, dataset.numbers())
    assert given._kept == {}


# -- what goes wrong


def threads() -> list[str]:
    gc.collect()
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("maskwright-feed")]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_an_error_is_itself_and_names_its_sample(dataset, workers: int, monkeypatch) -> None:
    number = dataset.numbers()[5]
    sample = dataset.read([number])[0]
    read = media.read

    def broken(image, **more):
        if image.uri == sample.image.uri:
            raise FormatError("not a readable image", file=image.uri)
        return read(image, **more)

    monkeypatch.setattr(media, "read", broken)
    with pytest.raises(FormatError, match=rf"{sample.image.uri}: sample '{sample.key}': not a readable image"):
        batches(source(dataset), dataset.numbers(), replace(SETTINGS, workers=workers))
    assert threads() == []


@pytest.mark.parametrize("workers", [0, 2])
def test_a_slip_in_a_transform_is_itself_and_names_its_sample(dataset, workers: int, monkeypatch) -> None:
    key = dataset.read(dataset.numbers()[:1])[0].key
    given = source(dataset)
    list(map(given.get, dataset.numbers()))  # kept: the dataset is not asked again

    def bad(*_):
        raise ValueError("slip")

    monkeypatch.setattr(data, "moved", bad)
    settings = replace(SETTINGS, workers=workers)
    with pytest.raises(ValueError, match="slip") as caught:
        batches(given, dataset.numbers()[:1] * 4, settings)
    assert caught.value.__notes__ == [f"in sample {key!r}, as it was prepared for training"]
    monkeypatch.undo()
    monkeypatch.setattr(transforms, "parse", lambda spec: bad)
    data._further.cache_clear()
    with pytest.raises(UsageError, match=rf"sample {key!r}: the transform 'mine' ends in ValueError"):
        batches(given, dataset.numbers()[:1] * 4, replace(settings, transforms=("mine",)))
    data._further.cache_clear()
    assert threads() == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_no_thread_is_left_when_the_loop_ends_early(dataset, error) -> None:
    settings = replace(SETTINGS, workers=3)
    with pytest.raises(error), Feed(source(dataset), settings, CPU) as fed:
        for _ in fed.epoch(dataset.numbers(), 0, then=dataset.numbers):
            assert threads()
            raise error
    assert threads() == []
    with Feed(source(dataset), settings, CPU) as fed:
        for _ in fed.epoch(dataset.numbers(), 0):
            break
        assert len(list(fed.epoch(dataset.numbers(), 1))) == 3
    assert threads() == []


# -- how many


@pytest.mark.parametrize(("processors", "here", "device", "found"), [
    (16, "", "cuda", 15), (32, "", "cuda", 16), (16, "4", "cuda", 3), (1, "", "cuda", 1),
    (16, "", "cpu", 4), (8, "", "cpu", 1), (16, "2", "cpu", 1),
])  # fmt: skip
def test_threads_are_a_share_of_the_processors(
    processors: int, here: str, device: str, found: int, monkeypatch
) -> None:
    monkeypatch.setattr(feed, "processors", lambda: processors)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 12)
    monkeypatch.setenv(feed.HERE, here)
    assert feed.workers_of(Settings(), torch.device(device), 1) == found
    assert feed.workers_of(Settings(workers=7), torch.device(device), 1) == 7
    monkeypatch.delenv(feed.HERE)
    assert feed.workers_of(Settings(), torch.device("cuda"), 2) == max(1, min(16, processors // 2 - 1))
