"""Images a second of the trainer against a bare PyTorch loop with the same model, windows and batches.

    OMP_NUM_THREADS=2 python benchmarks/train.py [model ...]
    python benchmarks/train.py --feed                          what feeding costs, and whether the network waits for it

The bare loop is a script as one writes it: cross-entropy and a one-hot Dice, forward, backward, AdamW, our batches made
ahead; no averaged weights, no clipped gradients, no schedule, no record.  The third column gives it our loss and our
way with memory.  Each side runs in a process of its own, in turns; medians over the turns of the median step.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import feeding
import torch
from timing import report
from torch.nn import functional

from maskwright import build_demo_set, losses, models
from maskwright.predict.precision import chosen
from maskwright.predict.tasks import semantic
from maskwright.runs import Run
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, data, fit
from maskwright.train.allocator import keep_memory
from maskwright.train.feed import Feed
from maskwright.train.task import Task

STEPS, TURNS = 25, 3


def usual_loss(logits, target):
    """What a script has: cross-entropy, and Dice over one-hot targets."""
    valid = (target != 255).unsqueeze(1)
    hot = functional.one_hot(target.clamp(max=logits.shape[1] - 1), logits.shape[1]).permute(0, 3, 1, 2) * valid
    probs = logits.softmax(1) * valid
    inside = (probs * hot).sum((0, 2, 3))
    dice = 1 - ((2 * inside + 1) / (probs.sum((0, 2, 3)) + hot.sum((0, 2, 3)) + 1)).mean()
    return functional.cross_entropy(logits, target, ignore_index=255) + 0.5 * dice


def bare(dataset, settings, criterion) -> float:
    classes, _ = semantic.learned(dataset.classes)
    source = data.Source(dataset, Task("semantic", classes), settings.cache_mb)
    numbers, _, _ = data.split_numbers(dataset, settings)
    model = models.build(settings.model, classes.num_classes, **settings.config)
    model = model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(model.parameters(), settings.lr)
    precision = chosen("auto", torch.device("cpu"))
    weights = dataset.weights()
    marks = []
    epoch = 0
    feed = Feed(source, settings, torch.device("cpu"))
    while len(marks) <= STEPS:
        order = data.epoch_order(numbers, weights, settings, epoch)
        epoch += 1
        for images, targets in feed.epoch(order, epoch):
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                logits = model(images)
            loss = criterion(logits.float(), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            marks.append(time.perf_counter())
            if len(marks) > STEPS:
                break
    feed.close()
    return speed(marks, settings)


def trainer(dataset, settings, name) -> float:
    marks = []

    class Enough(Exception):  # noqa: N818
        pass

    def follow(_, numbers) -> None:
        if "step" in numbers:
            marks.append(time.perf_counter())
        if len(marks) > STEPS:
            raise Enough

    run = Run.start(dataset, "train", {}, name=name)
    try:
        fit(run.view, settings, run, report=follow)
    except Enough:
        run.discard()
    return speed(marks, settings)


def speed(marks, settings) -> float:
    """From the median step: an evaluation in between is not a step."""
    steps = [b - a for a, b in pairwise(marks[5:])]
    return settings.batch_size / statistics.median(steps)


SIDES = ("trainer", "bare", "bare, our loss and memory")


def timed(side: str, model: str) -> float:
    """Images a second of one side, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        classes, samples = build_demo_set(Path(folder) / "images", number=80, size=(320, 320))
        transfer.import_samples(Path(folder) / "set", classes, samples, "made")
        with Dataset.open(Path(folder) / "set") as dataset:
            settings = Settings(model=model, epochs=1000, evaluations=1, overlays=0)
            if side == "trainer":
                return trainer(dataset, settings, "run")
            if side == "bare":
                return bare(dataset, settings, usual_loss)
            keep_memory()
            return bare(dataset, settings, losses.parse(settings.loss))


def main() -> None:
    if {"-h", "--help"} & {*sys.argv[1:]}:
        print(__doc__)
        return
    if sys.argv[1:] == ["--feed"]:
        feeding.main()
        return
    if len(sys.argv) == 3 and sys.argv[1] in SIDES:
        print(timed(*sys.argv[1:]))
        return
    rows, figures = [], {}
    for model in sys.argv[1:] or ["lite"]:
        found: dict[str, list[float]] = {side: [] for side in SIDES}
        for _ in range(TURNS):
            for side in SIDES:
                command = [sys.executable, __file__, side, model]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                found[side].append(float(said.splitlines()[-1]))
        middle = {side: statistics.median(values) for side, values in found.items()}
        rows.append((model, *(f"{middle[side] / middle['bare']:.2f}" for side in SIDES)))
        figures[model] = {side: round(value, 2) for side, value in middle.items()}
    report(
        f"images a second over the bare loop's, {torch.get_num_threads()} threads, windows of 256, batches of 8", rows,
        ("model", *SIDES), figures,
    )  # fmt: skip


if __name__ == "__main__":
    main()
