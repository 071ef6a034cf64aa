"""Images a second of prediction one by one against batches with reading and finishing beside the network.

    python benchmarks/predict.py [--device cuda] [--images 64] [--turns 3] [--batch-size N] [model ...]

Images are JPEG files, 480 x 640; weights are random, as speed does not depend on them, and instance networks find what
they find.  "one by one" reads, predicts and finishes each image in turn with `predict`; "batches" is `predict_many`.
"evaluation" counts pixels as a training does, one by one with NumPy from probabilities as a script has it, and in
batches.  The sides take turns; medians.  Memory is the most that the process (and the GPU) ever held.
"""

import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timing import report

from maskwright import media, models
from maskwright.core.classes import Class, Classes
from maskwright.metrics import confusion
from maskwright.predict import ModelInfo, Predictor
from maskwright.predict.answers import Asked
from maskwright.predict.batch_size import BatchSize
from maskwright.predict.precision import name_of

SIZE = (480, 640)
CONFIGS = {"maskrcnn/resnet18": {"norm": "group"}}


def files_of(folder: Path, number: int) -> list[Path]:
    rng = np.random.default_rng(0)
    files = []
    for k in range(number):
        small = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
        files.append(folder / f"{k}.jpg")
        small.resize(SIZE[::-1], Image.Resampling.BICUBIC).save(files[-1], quality=92)
    return files


def predictor_of(spec: str, device: str | None) -> Predictor:
    name, _, encoder = spec.partition("/")
    instance = "semantic" not in models.tasks_of(spec)
    classes = Classes([Class(k, f"c{k}", "thing" if instance or k < 2 else "stuff") for k in range(11)])
    config = dict(CONFIGS.get(spec, {}))
    if name == "maskrcnn":
        spec, config = name, {**config, "encoder": encoder}
    torch.manual_seed(0)
    network = models.build(spec, 11, **config)
    task = "instance" if instance else "semantic"
    window = SIZE if instance else None
    return Predictor(network, ModelInfo(spec, classes.to_json(), config, task=task, window=window), device=device)


def one_by_one(predictor: Predictor, files: list[Path]) -> int:
    return sum(len(predictor.predict(file)) for file in files)


def in_batches(predictor: Predictor, files: list[Path], batch_size: int | None) -> int:
    return sum(map(len, predictor.predict_many(files, batch_size=batch_size, note=print)))


def judged_alone(predictor: Predictor, files: list[Path], truth: np.ndarray) -> int:
    total = 0
    for file in files:
        labels = predictor.probs(media.read(file).display()).argmax(0).astype(np.uint8)
        total = total + confusion.update(labels, truth, num_classes=11)
    return int(total.sum())


def judged_in_batches(predictor: Predictor, files: list[Path], truth: np.ndarray, batch_size: int | None) -> int:
    def judge(answer, target):
        if answer.labels.is_cuda:
            return confusion.update_on_device(answer.labels, target, num_classes=11)
        return confusion.update(answer.label_map(), target, num_classes=11)

    size = BatchSize(predictor.device, batch_size)
    found = predictor.answers_of(files, lambda file: (file, truth), judge, Asked(sure=False), batch_size=size)
    return int(sum(found).sum())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", default=["unet/resnet18", "maskrcnn/resnet18"])
    parser.add_argument("--device")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--batch-size", type=int)
    given = parser.parse_args()
    truth = np.random.default_rng(1).integers(0, 11, (12, 16)).astype(np.uint8).repeat(40, 0).repeat(40, 1)
    rows, figures = [], {}
    with tempfile.TemporaryDirectory() as folder:
        files = files_of(Path(folder), given.images)
        for spec in given.models:
            predictor = predictor_of(spec, given.device)
            pairs = {
                "predict": (
                    lambda some, p=predictor: one_by_one(p, some),
                    lambda some, p=predictor: in_batches(p, some, given.batch_size),
                )
            }
            if predictor.answers == "logits":
                pairs["evaluation"] = (
                    lambda some, p=predictor: judged_alone(p, some, truth),
                    lambda some, p=predictor: judged_in_batches(p, some, truth, given.batch_size),
                )
            for work, sides in pairs.items():
                walls, cpus, answers = ([], []), ([], []), [side(files[:4]) for side in sides]
                if work == "evaluation":
                    assert answers[0] == answers[1]
                for _ in range(given.turns):
                    for side, call in enumerate(sides):
                        wall, cpu = time.perf_counter(), time.process_time()
                        call(files)
                        cpus[side].append((time.process_time() - cpu) / len(files))
                        walls[side].append((time.perf_counter() - wall) / len(files))
                alone, batches = (1 / statistics.median(side) for side in walls)
                busy = [min(side) * 1000 for side in cpus]
                rows.append(
                    (spec, work, f"{alone:.1f}", f"{batches:.1f}", f"{batches / alone:.2f}", f"{busy[0]:.0f}",
                     f"{busy[1]:.0f}")
                )  # fmt: skip
                figures[f"{spec} {work}"] = {
                    "alone": round(alone, 2), "batches": round(batches, 2), "cpu ms": [round(each, 1) for each in busy],
                }  # fmt: skip
    figures["peak MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if torch.cuda.is_available():
        figures["peak MiB on the GPU"] = torch.cuda.max_memory_allocated() // 2**20
    report(
        f"images a second on {name_of(given.device)}, {SIZE[0]} x {SIZE[1]}, {torch.get_num_threads()} threads", rows,
        ("model", "work", "one by one", "batches", "times", "ms CPU an image", "batches"), figures,
    )  # fmt: skip


if __name__ == "__main__":
    main()
