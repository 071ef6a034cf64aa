"""The tour: from a folder of labels to a report, through every room."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from maskwright import formats, media
from maskwright.core.classes import Classes
from maskwright.demo import report
from maskwright.demo.demo_set import build_demo_set
from maskwright.demo.savings import SECONDS_A_CLICK, Saved, propagate
from maskwright.errors import UsageError
from maskwright.figures.overlay import overlay
from maskwright.registry import require
from maskwright.runs import Run
from maskwright.runs.evaluation import evaluate
from maskwright.runs.record import curves, sample_metrics
from maskwright.store import Dataset, transfer

WORST = 4


def tour(
    folder: str | Path, *, images: int = 60, minutes: float = 1.0, seed: int = 0,
    say: Callable[[str], object] = print,
) -> dict[str, Any]:  # fmt: skip
    """Everything in one new folder -> the figures, and where the report is. Raises UsageError when it is not empty."""
    home = Path(folder)
    if home.exists() and any(home.iterdir()):
        raise UsageError(
            "the folder for the demo is not empty", file=home, todo="Name a new folder: maskwright demo FOLDER"
        )
    require("torch", "the demo")
    require("skimage", "the demo")
    from maskwright.train import Settings, fit

    began = time.monotonic()
    classes, samples = build_demo_set(home / "images", number=images, seed=seed)
    formats.write(samples, classes, home / "labels", "coco")
    instances = sum(len(sample.segments) for sample in samples)
    say(f"made      {images} images with {instances} segments, as COCO JSON in {home / 'labels'}")

    reading = formats.read(home / "labels")
    done = transfer.import_samples(home / "dataset", reading.classes, reading.samples, "import the demo labels")
    dataset = Dataset.open(home / "dataset")
    dataset.tag("v1")
    say(f"imported  {done['samples']} samples as revision {done['revision']}, tagged v1")

    saved = propagate(home / "propagated", classes, samples)
    say(
        f"propagated labels from {saved.examples} images to {saved.images} in {saved.seconds:.0f} s, mean IoU "
        f"{saved.mean_iou:.3f}: {saved.right} of {saved.segments} segments need no touch; {saved.clicks} clicks "
        f"instead of {saved.clicks_alone}, {saved.minutes_saved:.0f} minutes saved at {SECONDS_A_CLICK:g} s a click"
    )

    settings = Settings(minutes=minutes, size=(160, 160), scale=(0.7, 1.3), evaluations=4, ema=0.99, lr=3e-3, seed=seed)
    run = Run.start(dataset, "train", settings.to_json(), name="demo")
    scores = fit(run.view, settings, run)
    say(f"trained   {settings.model} for {minutes:g} minutes, best mean IoU on val {scores['mean_iou']:.3f}")

    found = evaluate(dataset.where("split = 'val'"), run)
    run.finish(scores={**scores, "evaluation": found})
    say(f"evaluated {found['samples']} samples: mean IoU {found['mean_iou']:.3f}, mask AP {found['mask']['AP']:.3f}")

    own = sample_metrics(dataset, run.id, "mean_iou")
    worst = sorted((value, number) for number, value in own.items() if value == value)[:WORST]
    keys = [dataset.read([number])[0].key for _, number in worst]
    say(f"worst     {', '.join(f'{key} ({value:.2f})' for key, (value, _) in zip(keys, worst, strict=True))}")

    lost = formats.write(dataset, dataset.classes, home / "yolo", "yolo", allow_loss=True)
    grave = [loss for loss in lost if loss.grave]
    minor = len(lost) - len(grave)
    say(f"exported  to YOLO in {home / 'yolo'}: {len(grave)} things lost, {minor} renumbered or left out")

    path = home / "report.html"
    report.write(path, _page(dataset, run, found, worst, formats.summary(lost), saved))
    dataset.close()
    seconds = time.monotonic() - began
    say(f"done      in {seconds:.0f} s")
    return {
        "report": str(path),
        "mean_iou": found["mean_iou"],
        "mask_ap": found["mask"]["AP"],
        "losses": len(grave),
        "propagated": asdict(saved),
        "seconds": round(seconds, 1),
    }


def _page(
    dataset: Dataset, run: Run, found: dict[str, Any], worst: list[tuple[float, int]], lost: list[str], saved: Saved
) -> str:
    classes: Classes = dataset.classes
    compared = []
    for value, number in worst:
        sample = dataset.read([number])[0]
        pred = run.predictions([(number, sample)])[0]
        pixels = media.read(sample.image).display()
        compared.append(
            "<div class=row>"
            + report.image(pixels, f"{sample.key}, mean IoU {value:.3f}")
            + report.image(overlay(pixels, sample.segments.visible(), classes), "truth")
            + report.image(overlay(pixels, pred, classes), "prediction")
            + "</div>"
        )
    rows = [(name, found[name]) for name in ("mean_iou", "mean_dice", "pixel_accuracy", "class_accuracy")]
    rows += [(f"mask {name}", found["mask"][name]) for name in ("AP", "AP50", "AR100")]
    drawn = "".join(
        report.curve(name, points) for name, points in curves(dataset, run.id).items() if name != "train/lr"
    )
    history = [
        f"revision {revision.id}: {revision.message}" + (f" [{', '.join(revision.tags)}]" if revision.tags else "")
        for revision in dataset.log()
    ]
    missing = {name: float("nan") if value is None else value for name, value in found["classes"].items()}
    return report.page(
        "Maskwright demo",
        f"Run {run.id} on revision {found['revision']}, {found['samples']} validation samples. "
        "Counts are summed over the set, then divided; masks at full resolution.",
        [
            ("Scores", report.table(rows, ("score", "value"))),
            ("IoU by class", report.table(list(missing.items()), ("class", "IoU"))),
            ("Curves", drawn),
            ("Worst samples", report.legend(classes.names, classes.colours()) + "".join(compared)),
            ("Labels from three examples", report.table(_propagated_rows(saved), ("", "value"))),
            ("Export to YOLO", report.lines(lost or ["nothing was lost"])),
            ("History", report.lines(history)),
        ],
    )


def _propagated_rows(saved: Saved) -> list[tuple[str, float]]:
    return [
        ("images labelled by the program", saved.images),
        ("mean IoU of these labels", saved.mean_iou),
        ("expected beforehand, from the examples alone", saved.expected),
        ("segments", saved.segments),
        ("of them right as they are (IoU 0.85)", saved.right),
        ("clicks a segment takes", saved.clicks_each),
        ("clicks with the program's help", saved.clicks),
        ("clicks without", saved.clicks_alone),
        (f"minutes saved at {SECONDS_A_CLICK:g} s a click (assumed)", saved.minutes_saved),
    ]
