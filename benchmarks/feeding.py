"""What feeding a training costs, and whether the network waits for it; `python benchmarks/train.py --feed` prints it.

JPEGs of 640 x 480 made of photographs, windows of 512 x 512, the usual augmentations.  Where there is a GPU it is used.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timing import report

from maskwright import build_demo_set, losses, media, models
from maskwright.core.sample import ImageRef, Sample
from maskwright.predict.precision import chosen
from maskwright.predict.tasks import semantic
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, data
from maskwright.train.allocator import keep_memory
from maskwright.train.entering import Entry, Memory
from maskwright.train.feed import Feed
from maskwright.train.strengths import STRENGTHS
from maskwright.train.task import Task

IMAGES, SIZE = 64, (480, 640)
MODEL = "unet/resnet18"
WINDOWS = 150  # of each strength
SECONDS = 4.0  # of each measured way; steps take twice as long


@contextmanager
def photographs() -> Iterator[Dataset]:
    """A dataset of JPEGs as a camera writes them."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        classes, samples = build_demo_set(Path(folder) / "png", number=IMAGES, size=SIZE)
        changed = []
        for sample in samples:
            file = f"{folder}/{sample.key}.jpg"
            Image.open(sample.image.uri).save(file, quality=90)
            changed.append(Sample(sample.key, ImageRef(file, SIZE), sample.segments, split=sample.split))
        transfer.import_samples(Path(folder) / "set", classes, changed, "made")
        with Dataset.open(Path(folder) / "set") as dataset:
            yield dataset


def cpu_ms(call: Callable[[], object], turns: int = 60) -> float:
    """Median milliseconds of this process's CPU time."""
    call()
    times = []
    for _ in range(turns):
        begun = time.process_time()
        call()
        times.append(time.process_time() - begun)
    return 1000 * statistics.median(times)


def stages(source: data.Source, dataset: Dataset, settings: Settings, device: torch.device) -> dict[str, float]:
    """CPU milliseconds a window, by what they are spent on; in this thread."""
    numbers = dataset.numbers()
    turn = chain.from_iterable(repeat(numbers))
    rng = np.random.default_rng(0)
    view = dataset.frozen()
    samples = view.read(numbers)
    drawn = chain.from_iterable(repeat(samples))
    pairs = chain.from_iterable(repeat([source.get(number) for number in numbers[:8]]))
    windows = chain.from_iterable(repeat([data.moved(*next(pairs), rng, settings) for _ in range(8)]))
    entry = Entry(source.layout, device)
    memory = Memory(entry, 1, settings.size, objects=False)

    def enter() -> None:
        window, labels = next(windows)
        memory.put(0, window, data.colours(window, rng), labels)

    share = settings.batch_size
    found = {
        f"rows, {share} together": cpu_ms(lambda: view.read([next(turn) for _ in range(share)])) / share,
        "JPEG": cpu_ms(lambda: media.read(next(drawn).image)),
        "label map": cpu_ms(lambda: source.task.truth(next(drawn))),
        "window, scaled and turned": cpu_ms(lambda: data.moved(*next(pairs), rng, settings)),
        "bytes kept for the GPU" if entry.late else "colours and normalisation": cpu_ms(enter),
    }
    return {**found, "all of it": sum(found.values())}


def strengths(
    source: data.Source, dataset: Dataset, settings: Settings, device: torch.device, share: float
) -> dict[str, Any]:
    """CPU milliseconds of whole windows, one after the other, by how much they are changed: median and mean.

    share: of reading rows, a window's; not measured again.
    """
    view = dataset.frozen()
    numbers = dataset.numbers()
    entry = Entry(source.layout, device)
    memory = Memory(entry, 1, settings.size, objects=False)
    times: dict[str, list[float]] = {name: [] for name in STRENGTHS}
    for turn in range(WINDOWS):
        for name, spent in times.items():
            own = replace(settings, augmentation=name)
            rng = np.random.default_rng([turn])
            number = numbers[turn % len(numbers)]
            rows = dict(zip([number], view.read([number]), strict=True))
            begun = time.process_time()

            def another(rng=rng):
                return source.get(numbers[int(rng.integers(len(numbers)))])

            window, labels = data.augmented(*source.get(number, rows), rng, own, another=another)
            memory.put(0, window, None, labels)
            spent.append(share + 1000 * (time.process_time() - begun))
    return {name: (statistics.median(spent), statistics.mean(spent)) for name, spent in times.items()}


def alone(source: data.Source, order: list[int], settings: Settings, device: torch.device) -> tuple[float, float]:
    """Images a second of the feed with nobody who works, and CPU milliseconds an image."""
    images, number = 0, 0
    with Feed(source, settings, device) as feed:
        list(feed.epoch(order[: 4 * settings.batch_size], 0))  # warm
        begun, spent = time.perf_counter(), time.process_time()
        while time.perf_counter() - begun < SECONDS:
            number += 1
            for pixels, _ in feed.epoch(order, number):
                images += len(pixels)
                if time.perf_counter() - begun > SECONDS:
                    break
        _wait(device)
        seconds, spent = time.perf_counter() - begun, time.process_time() - spent
    return images / seconds, 1000 * spent / images


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def steps(
    dataset, source, order: list[int], settings: Settings, device: torch.device, *, fed: bool
) -> dict[str, float]:
    """Images a second of training steps, and the share of the time in which they wait for images.

    fed: whether batches come from the feed; else one batch is used again and again, which is what the network alone
    can do.
    """
    torch.manual_seed(0)
    model = models.build(settings.model, source.task.classes.num_classes).to(device)
    model = model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(model.parameters(), settings.lr)
    criterion = losses.parse(settings.loss)
    precision = chosen("auto", device)
    warm, least = (3, 4) if device.type == "cuda" else (1, 3)
    with Feed(source, settings, device) as feed:
        given = chain.from_iterable(feed.epoch(order, number, then=lambda: order) for number in range(10**6))
        batch = next(given)
        begun, waited, number = 0.0, 0.0, -warm
        while number < least or time.perf_counter() - begun < 2 * SECONDS:
            if number == 0:
                _wait(device)
                begun, waited = time.perf_counter(), feed.waited
            images, labels = next(given) if fed else batch
            with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
                logits = model(images)
            loss = criterion(logits.float(), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            number += 1
        _wait(device)
        seconds = time.perf_counter() - begun
    return {"images": number * settings.batch_size / seconds, "waits": (feed.waited - waited) / seconds if fed else 0.0}


def main() -> None:
    keep_memory()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    gpu = device.type == "cuda"
    cpus = len(os.sched_getaffinity(0))
    settings = Settings(model=MODEL, size=(512, 512), batch_size=32 if gpu else 8, cache_mb=0)
    with photographs() as dataset:
        learned, _ = semantic.learned(dataset.classes)

        def source(cache_mb: int) -> data.Source:
            return data.Source(dataset.frozen(), Task("semantic", learned), cache_mb)

        order = (dataset.numbers() * 64)[: 64 * settings.batch_size]
        found = stages(source(0), dataset, settings, device)
        report(
            "feeding, CPU milliseconds a window of 512 x 512 from a JPEG of 640 x 480, median",
            [(name, f"{value:.2f}") for name, value in found.items()], ("what", "ms"), found,
        )  # fmt: skip
        spent = strengths(source(0), dataset, settings, device, next(iter(found.values())))
        report(
            "a whole window by --augmentation, CPU milliseconds",
            [(name, *(f"{value:.2f}" for value in pair)) for name, pair in spent.items()],
            ("strength", "median", "mean"), {name: pair[0] for name, pair in spent.items()},
        )  # fmt: skip
        counts = [0, *(count for count in (1, 2, 4, 8, 12, 15, 16, 24, 32) if count <= max(2, cpus))]
        rows, figures = [], {}
        for count in counts:
            plain = alone(source(0), order, replace(settings, workers=count), device)
            kept = source(4096)
            list(map(kept.get, dataset.numbers()))
            cached = alone(kept, order, replace(settings, workers=count), device)
            rows.append((str(count), *(f"{value:.1f}" for value in (*plain, *cached))))
            figures[str(count)] = {"decoded": plain[0], "cached": cached[0]}
        header = ("threads", "images/s, decoded", "CPU ms", "images/s, cached", "CPU ms")
        report(f"feeding alone, {cpus} processors, to {device.type}", rows, header, figures)

        settings = settings if gpu else replace(settings, batch_size=2)
        rows, figures = [], {}
        most = steps(dataset, source(0), order, settings, device, fed=False)["images"]
        for name, cache in (("decoded", 0), ("cached", 4096)):
            for count in (0, 1, None) if gpu else (0, None):
                own = replace(settings, workers=count)
                own_source = source(cache)
                if cache:
                    list(map(own_source.get, dataset.numbers()))
                now = steps(dataset, own_source, order, own, device, fed=True)
                label = "by itself" if count is None else str(count)
                rows.append((
                    f"{name}, {label}", f"{now['images']:.1f}", f"{now['images'] / most:.2f}", f"{now['waits']:.1%}",
                ))  # fmt: skip
                figures[f"{name} {label}"] = now
        report(
            f"steps of {MODEL}, batches of {settings.batch_size}, on {device.type}: {most:.1f} images/s with one batch"
            " used again and again", rows, ("threads", "images/s", "of that", "waits"), figures,
        )  # fmt: skip
