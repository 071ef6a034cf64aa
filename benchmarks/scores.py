"""Do scores of suggestions say how good they are?  Rank correlation with IoU, both means, and the mean difference.

    OMP_NUM_THREADS=1 python benchmarks/scores.py ../shared/data

A learner on nuclei (DSB 2018), on which `OVERSURE` was chosen, and on streets (CamVid), on which it was not: the score,
and the mean probability inside an object, which it was before.  The engine without weights on nuclei and on photographs
(COCO).  IoU is with the best object of the class; of stuff, with all of it.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fewshot import sets
from maskwright import fewshot, formats, media
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import Sample
from maskwright.interactive import distinct, engines

EXAMPLES = 3
IMAGES = 12
Rows = list[tuple[float, ...]]


def best(mask: Masks, truth: Masks, whole: bool) -> float:
    if not len(truth):
        return 0.0
    if whole:
        truth = Masks.encode(truth.union().decode()[None])
    return float(mask.iou(truth).max())


def learned(classes: Classes, samples: list[Sample]) -> Iterator[tuple[float, float, float]]:
    """-> score, mean probability, IoU of each suggested object; two teams of examples."""
    for team in range(2):
        learner = fewshot.learner("forest", seed=team)
        learner.fit(samples[team * EXAMPLES : (team + 1) * EXAMPLES], classes)
        indexed = [declared for declared in learner.lessons.classes if declared.role != "ignore"]
        for sample in samples[2 * EXAMPLES : 2 * EXAMPLES + IMAGES]:
            probs = learner.probs(media.read(sample.image).display(None))
            found, merged = learner.lessons.segments(probs), learner.lessons.merged(probs)
            for row, class_id in enumerate(found.class_ids.tolist()):
                place = next(k for k, declared in enumerate(indexed) if declared.id == class_id)
                mask = found.masks[row : row + 1]
                truth = sample.segments.masks[np.flatnonzero(sample.segments.class_ids == class_id)]
                sure = float(merged[place][mask.decode()[0]].mean())
                yield float(found.scores[row]), sure, best(mask, truth, place not in learner.lessons.rimmed)


def seen(samples: list[Sample]) -> Iterator[tuple[float, float]]:
    """-> score and IoU of each object that the engine without weights finds."""
    engine = engines.build("classical")
    for sample in samples[:IMAGES]:
        found = distinct(media.read(sample.image).display(None), engine)
        truth = sample.segments.masks[np.flatnonzero(~sample.segments.is_crowd)]
        for row in range(len(found.masks)):
            yield float(found.scores[row]), best(found.masks[row : row + 1], truth, False)


def ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(float)


def tell(name: str, scores: np.ndarray, ious: np.ndarray) -> None:
    spearman = np.corrcoef(ranks(scores), ranks(ious))[0, 1]
    print(
        f"{name:44} {len(scores):5} objects  rank correlation {spearman:5.2f}  mean score {scores.mean():.2f}"
        f"  mean IoU {ious.mean():.2f}  mean difference {np.abs(scores - ious).mean():.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    known = {name: (classes, samples) for name, classes, samples in sets(data)}
    rng = np.random.default_rng(0)
    for name in ("dsb2018", "camvid val"):
        classes, samples = known[name]
        order = [samples[k] for k in rng.permutation(len(samples))]
        rows = np.array(list(learned(classes, order)))
        tell(f"forest, {name}: score", rows[:, 0], rows[:, 2])
        tell(f"forest, {name}: mean probability", rows[:, 1], rows[:, 2])
    photographs = list(formats.read(data / "coco_mini", "coco").samples)
    for name, some in (("dsb2018", known["dsb2018"][1]), ("COCO", photographs)):
        rows = np.array(list(seen(some)))
        tell(f"engine without weights, {name}", rows[:, 0], rows[:, 1])


if __name__ == "__main__":
    main()
