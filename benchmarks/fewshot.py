"""Learning from 1, 2, 3, 5 and 10 labelled images: quality on up to 20 others, for engines that need no weights.

    OMP_NUM_THREADS=1 python benchmarks/fewshot.py ../shared/data [--engines forest network] [--numbers 1 3 10]

The labelled images are the first of a shuffled list, the same for every engine and number; the others never vary
either.  mean IoU over classes, sums over the set; F1 of things at IoU 0.5 where there are things.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from timing import report

from maskwright import fewshot, media
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.metrics import confusion

CAMVID = [
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "bicyclist",
    "void",
]


def sample(path: Path, segments: Segments) -> Sample:
    return Sample(path.stem, ImageRef(str(path), segments.size), segments)


def binary(path: Path, above: int = 127) -> np.ndarray:
    return np.array(Image.open(path).convert("L")) > above


def ground_and(name: str) -> Classes:
    return Classes([Class(0, "ground", "stuff", "background"), Class(1, name, "stuff")])


def of_mask(path: Path, mask: np.ndarray) -> Sample:
    return sample(path, Segments(Masks.encode(mask[None]), [1]))


def sets(data: Path) -> Iterator[tuple[str, Classes, list[Sample]]]:
    labels = sorted((data / "isbi2012/label").glob("*.png"))
    yield "isbi2012", ground_and("membrane"), [of_mask(data / "isbi2012/image" / p.name, ~binary(p)) for p in labels]
    found = []
    for folder in sorted((data / "dsb2018").glob("*/images")):
        masks = np.stack([binary(p, 0) for p in sorted((folder.parent / "masks").glob("*.png"))])
        found.append(sample(next(folder.glob("*.png")), Segments(Masks.encode(masks), [1] * len(masks))))
    nuclei = Classes([Class(0, "ground", "stuff", "background"), Class(1, "nucleus", "thing")])
    yield "dsb2018", nuclei, found
    photos = sorted((data / "chase_db1").glob("Image_*.jpg"))
    yield "chase_db1", ground_and("vessel"), [of_mask(p, binary(p.with_name(f"{p.stem}_1stHO.png"), 0)) for p in photos]
    kinds = [Class(k, name, "stuff", "ignore" if name == "void" else "class") for k, name in enumerate(CAMVID)]
    streets = [
        sample(p, Segments.from_label_map(np.array(Image.open(data / "camvid/valannot" / f"{p.stem}.png"))))
        for p in sorted((data / "camvid/val").glob("*.jpg"))
    ]
    yield "camvid val", Classes(kinds), streets
    things = [
        of_mask(next((data / "coco_mval/img").glob(f"{p.stem}.*")), binary(p))
        for p in sorted((data / "coco_mval/gt").glob("*.png"))
    ]
    names = [thing.key.rstrip("0123456789_").rstrip("0123456789") for thing in things]
    common = max(sorted(set(names)), key=names.count)
    yield (
        f"coco_mval {common}",
        ground_and(common),
        [t for t, name in zip(things, names, strict=True) if name == common],
    )


def scores(learner, classes: Classes, test: list[Sample]) -> dict[str, float]:
    kinds = classes.num_classes
    counts = np.zeros((kinds, kinds + 1), np.int64)
    hits = found = true = 0
    pixels, seconds = 0, 0.0
    for given in test:
        image = media.read(given.image).display()
        begun = time.perf_counter()
        guess = learner.predict(image).segments
        seconds += time.perf_counter() - begun
        pixels += image.shape[0] * image.shape[1]
        counts += confusion.update(guess.label_map(classes), given.segments.label_map(classes), num_classes=kinds)
        if any(class_.kind == "thing" for class_ in classes):
            hits += int((guess.masks.iou(given.segments.masks) > 0.5).any(axis=0).sum()) if len(guess) else 0
            found, true = found + len(guess), true + len(given.segments)
    out = {"mean_iou": float(confusion.compute(counts)["mean_iou"]), "s_a_megapixel": 1e6 * seconds / pixels}
    return out | ({"f1": 2 * hits / max(1, found + true)} if true else {})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--engines", nargs="+", default=["forest", "network"])
    parser.add_argument("--numbers", nargs="+", type=int, default=[1, 2, 3, 5, 10])
    parser.add_argument("--seconds", type=float, default=60, help="the network trains for so long")
    options = parser.parse_args()
    rows, figures = [], {}
    for name, classes, samples in sets(options.data):
        order = np.random.default_rng(0).permutation(len(samples))
        shuffled = [samples[k] for k in order]
        test = shuffled[10:30] or shuffled[5:]
        for engine in options.engines:
            for number in (n for n in options.numbers if n <= len(shuffled) - len(test)):
                learner = fewshot.learner(engine, **({"seconds": options.seconds} if engine == "network" else {}))
                begun = time.perf_counter()
                learner.fit(shuffled[:number], classes)
                found = {"fit_s": time.perf_counter() - begun, **scores(learner, classes, test)}
                figures[f"{name}: {engine}, {number}"] = found
                rows.append((name, engine, str(number), *(
                    f"{found[key]:.3f}" if key in found else "" for key in ("mean_iou", "f1", "fit_s", "s_a_megapixel")
                )))  # fmt: skip
                print(*rows[-1], flush=True)
    report("fewshot", rows, ("set", "engine", "labelled", "mean IoU", "F1", "s to fit", "s a megapixel"), figures)


if __name__ == "__main__":
    main()
