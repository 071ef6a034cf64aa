"""What training pays for taking images as they are: 8-bit colours beside another version, and deep images beside those.

    OMP_NUM_THREADS=1 python benchmarks/deep_images.py [SOURCE]

SOURCE: the `src` folder of another version, which is timed on the same 8-bit images.  Every image is decoded each time,
augmented and joined into batches; then the same with a step of the network.  Each side runs in a process of its own, in
turns; processor time, as other programs may be running; medians.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from timing import report

TURNS, BATCHES, SIZE = 5, 14, (320, 320)
KINDS = ("8 bits, red, green, blue", "16 bits, gray", "fractions, six bands")


def timed(kind: str) -> dict[str, float]:
    """Milliseconds of processor time an image, without and with the network, in this process."""
    import numpy as np
    import torch
    from PIL import Image

    from maskwright import build_demo_set, losses, models
    from maskwright.core.sample import ImageRef, Sample
    from maskwright.predict.tasks import semantic
    from maskwright.store import Dataset, transfer
    from maskwright.train import Settings, data
    from maskwright.train.task import Task

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        classes, samples = build_demo_set(Path(folder) / "images", number=32, size=SIZE)
        if kind != KINDS[0]:
            changed = []
            for place, sample in enumerate(samples):
                gray = np.asarray(Image.open(sample.image.uri).convert("L"))
                file = Path(folder) / "images" / f"deep{place}"
                if kind == KINDS[1]:
                    Image.fromarray(gray.astype(np.uint16) * 40).save(f"{file}.png")
                    uri = f"{file}.png"
                else:
                    np.save(f"{file}.npy", np.repeat(gray[..., None], 6, axis=2).astype(np.float32)[None] / 255)
                    uri = f"{file}.npy#page=0"
                changed.append(Sample(sample.key, ImageRef(uri, SIZE), sample.segments, split=sample.split))
            samples = changed
        transfer.import_samples(Path(folder) / "set", classes, samples, "made")
        with Dataset.open(Path(folder) / "set") as dataset:
            settings = Settings(size=(256, 256), cache_mb=0)
            learned, _ = semantic.learned(dataset.classes)
            numbers, _, _ = data.split_numbers(dataset, settings)
            layout = ()
            if kind != KINDS[0]:
                from maskwright.train.normalisation import layout_of

                layout = (layout_of(dataset, numbers, [])[0],)
            source = data.Source(dataset, Task("semantic", learned), 0, *layout)
            channels = len(layout[0].channels) if layout else 3
            model = models.build("lite", learned.num_classes, channels).to(memory_format=torch.channels_last).train()
            optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
            criterion = losses.parse(settings.loss)
            order = (data.epoch_order(numbers, dataset.weights(), settings, 0) * BATCHES)[
                : settings.batch_size * BATCHES
            ]
            found = {}
            for name, with_step in (("data", False), ("step", True)):
                began = 0.0
                stream = _stream(data, source, order, settings)
                for count, (images, targets) in enumerate(stream, 1):
                    if with_step:
                        loss = criterion(model(images).float(), targets)
                        optimizer.zero_grad()
                        loss.backward()
                        optimizer.step()
                    if count == 4:
                        began = time.process_time()
                found[name] = 1000 * (time.process_time() - began) / (settings.batch_size * (BATCHES - 4))
            return found


def _stream(data, source, order, settings):
    if hasattr(data, "batches"):  # of a version before this one
        return data.batches(source, order, settings, 0, rank=0, world=1)
    import torch

    from maskwright.train.feed import Feed

    return Feed(source, settings, torch.device("cpu")).epoch(order, 0)


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "timed":
        print(json.dumps(timed(sys.argv[2])))
        return
    own = str(Path(__file__).parents[1] / "src")
    sides = {("this version", kind): own for kind in KINDS}
    if len(sys.argv) > 1:
        sides = {("the other version", KINDS[0]): str(Path(sys.argv[1]).resolve()), **sides}
    times: dict[tuple[str, str], list[dict[str, float]]] = {side: [] for side in sides}
    for turn in range(TURNS):
        for side, source in list(sides.items())[:: 1 if turn % 2 else -1]:
            call = [sys.executable, __file__, "timed", side[1]]
            out = subprocess.run(
                call, env={**os.environ, "PYTHONPATH": source}, capture_output=True, text=True, check=True
            )
            times[side].append(json.loads(out.stdout.splitlines()[-1]))
    medians = {
        side: {name: statistics.median(turn[name] for turn in turns) for name in ("data", "step")}
        for side, turns in times.items()
    }
    first = next(iter(medians.values()))
    rows = [
        (
            version,
            kind,
            *(f"{found[name]:.2f}" for name in found),
            *(f"{found[name] / first[name]:.3f}" for name in found),
        )
        for (version, kind), found in medians.items()
    ]
    head = ("", "images", "decoded, augmented, joined", "and a step (ms an image)", "ratio", "ratio with a step")
    report("deep images", rows, head, {" ".join(side): found for side, found in medians.items()})


if __name__ == "__main__":
    main()
