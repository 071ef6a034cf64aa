"""Every labelled set at hand through every writer, judged by decoders that know nothing of Maskwright.

    python benchmarks/round_trips.py [--data FOLDER] [--sets TEXT] [--formats NAMES] [--samples N] [--workers N]

A set is read here; what was read is held against a decoder's reading of the same files.  Then each writer says what it
will lose, writes, and a decoder reads what was written: to the bit what was read, less what was named beforehand.
The decoders are those of scripts/judges (NumPy, Pillow, OpenCV, pycocotools, nibabel).  Formats that are read only,
such as DICOM-SEG, are not written and so not judged.  Exit code 1 where anything differs that was not named.
Images that do not come with a set are gray ones made here.  Of larger sets 80 samples are taken, spread over them;
--samples 0 takes all.

Cells: `=` all objects equal; `= less CAUSE …` equal but for what was named; `refused` with the reason; `DIFFERS`.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "judges"))

import by_numpy
import by_opencv
import by_pillow
import by_pycocotools
import numpy as np
from comparing import matched, united, visible
from judging import Found, Objects
from PIL import Image
from timing import report

from maskwright import formats
from maskwright.core.classes import Classes
from maskwright.core.sample import Sample
from maskwright.errors import MaskwrightError

#: How each writer's files are decoded. A format without an entry is said to be not judged.
DECODERS = by_pillow.READS | by_numpy.READS | {
    "yolo": by_opencv.READS["yolo"], "coco": by_pycocotools.read_coco,
}  # fmt: skip

CAMVID = ("Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian",
          "Bicyclist", "Void")  # fmt: skip


@dataclass(frozen=True)
class Source:
    """place: below the data folder.

    decode: what reads it without Maskwright, by the keys of its samples; None where the set holds boxes, whose pixels
    are a convention and not a fact.
    """

    place: str
    decode: Callable[[Path, list[str]], Found] | None
    options: dict[str, Any] = field(default_factory=dict)


def maps(
    pattern: str,
    names: Callable[[int], str] = str,
    hidden: tuple[int, ...] = (),
    listed: str = "",
    *,
    white: bool = False,
) -> Callable[[Path, list[str]], Found]:
    """Label images named by a pattern of the key; one object a value.

    listed: a YAML file with the classes' names.  white: of masks, black and white, the object is what is white, from
    half on where edges are soft.
    """

    def decode(root: Path, keys: list[str]) -> Found:
        import yaml

        known = yaml.safe_load((root / listed).read_text())["classes"] if listed else None
        for key in keys:
            home, _, last = key.rpartition("/")
            values = by_pillow.values_of(root / pattern.format(key=key, home=home, last=last))
            if values.ndim == 3:
                values = values[..., :3]
                flat = (values == values[..., :1]).all()
                coded = values[..., 0] if flat else values.astype(np.int64) @ np.array([65536, 256, 1])
                called = names if flat else lambda value: f"#{value:06x}"
            else:
                coded, called = values, names if known is None else known.__getitem__
            held = np.unique(coded).tolist()
            if white:
                yield key, Objects.of([("object", coded > held[-1] / 2)] * (held[-1] > 0), coded.shape)
                continue
            found = [(called(value), coded == value) for value in held if value not in hidden]
            yield key, Objects.of(found, coded.shape)

    return decode


def coco(root: Path, keys: list[str]) -> Found:
    """The annotations of one file, or of those in annotations/."""
    for file in [root] if root.is_file() else sorted([*root.glob("annotations/*.json"), *root.glob("*.json")]):
        opened = by_pycocotools.opened(file)
        for number, image in opened.imgs.items():
            rows = [opened.anns[row] for row in opened.getAnnIds(number)]
            found = [(opened.cats[row["category_id"]]["name"], opened.annToMask(row)) for row in rows]
            name = image.get("file_name") or image["coco_url"]
            yield aligned(Path(name).stem, keys), Objects.of(found, (image["height"], image["width"]))


def aligned(stem: str, keys: list[str]) -> str:
    """The key whose last word it is."""
    return next((key for key in keys if key.rsplit("/", 1)[-1] == stem), stem)


def panoptic(file: str, pngs: str) -> Callable[[Path, list[str]], Found]:
    def decode(root: Path, keys: list[str]) -> Found:
        content = json.loads((root / file).read_text())
        names = {row["id"]: row["name"] for row in content["categories"]}
        for row in content["annotations"]:
            colours = by_pillow.values_of(root / pngs / row["file_name"]).astype(np.int64)
            numbers = colours[..., :3] @ np.array([1, 256, 65536])
            found = [(names[info["category_id"]], numbers == info["id"]) for info in row["segments_info"]]
            yield aligned(Path(row["file_name"]).stem, keys), Objects.of(found, numbers.shape)

    return decode


def yolo(root: Path, keys: list[str]) -> Found:
    """coco128: images beside the set's folder, points rounded as most programs do."""
    import yaml

    names = yaml.safe_load(next(root.glob("*.yaml")).read_text())["names"]
    for key in keys:
        size = by_opencv.size_of(root.parent / "images" / f"{key}.jpg")
        labels = root / "labels" / f"{key}.txt"
        rows = [line.split() for line in labels.read_text().splitlines()] if labels.is_file() else []
        points = [by_opencv.rounded(np.array(row[1:], float).reshape(-1, 2), size) for row in rows]
        found = [(names[int(row[0])], by_opencv.drawn(ring, size)) for row, ring in zip(rows, points, strict=True)]
        yield key, Objects.of(found, size)


def bitmaps(root: Path, keys: list[str]) -> Found:
    for key in keys:
        masks = [by_pillow.values_of(file) for file in sorted((root / key / "masks").glob("*.png"))]
        masks = [(mask if mask.ndim == 2 else mask[..., 0]) > 0 for mask in masks]
        yield key, Objects.of([("object", mask) for mask in masks], masks[0].shape)


def masklets(root: Path, keys: list[str]) -> Found:
    """SA-V: run lengths of every object by frame."""
    from pycocotools import mask as coco_mask

    rows = json.loads(root.read_text())["masklet"]
    step = 4
    for key in keys:
        frame = rows[int(key.rsplit("/", 1)[-1]) // step]
        size = tuple(frame[0]["size"])
        found = [coco_mask.decode({"size": row["size"], "counts": row["counts"].encode()}) for row in frame]
        yield key, Objects.of([("object", mask) for mask in found if mask.any()], size)


def labelme(root: Path, keys: list[str]) -> Found:
    return by_pillow.read_labelme(root)


def voc(root: Path, keys: list[str]) -> Found:
    """VOC's own coding: 255 in both maps is the border, an object of the class to be ignored."""
    for key, objects in by_pillow.read_voc(root):
        values = by_pillow.values_of(root / "SegmentationClass" / f"{key}.png")
        border = [("border", values == 255)] if (values == 255).any() else []
        yield key, Objects.of([*objects, *border], values.shape)


def voc_classes(root: Path, keys: list[str]) -> Found:
    names = (root / "class_names.txt").read_text().splitlines()
    for key in keys:
        values = by_pillow.values_of(root / "SegmentationClass" / f"{key}.png")
        found = [(names[value] if value < 255 else "border", values == value) for value in np.unique(values) if value]
        yield key, Objects.of(found, values.shape)


DATA = ROOT.parent / "shared" / "data"
LABELME = "labelme_examples/examples"
SOURCES = (
    Source("camvid", maps("{home}annot/{last}.png", lambda value: CAMVID[value])),
    Source("coco_mini", coco),
    Source("coco128/instance_segmentation", yolo),
    Source("coco128/object_detection", None),
    Source(
        "coco128/panoptic_segmentation",
        panoptic("annotations/panoptic_train2017.json", "annotations/panoptic_train2017"),
    ),
    Source("coco128/semantic_segmentation", maps("masks/train2017/{key}.png", listed="config.yaml")),
    Source("panopticapi_sample/sample_data", panoptic("panoptic_examples.json", "panoptic_examples")),
    Source("dsb2018", bitmaps),
    Source("davis2016", maps("Annotations/480p/{key}.png", lambda _: "object", hidden=(0,))),
    Source("cutie_examples", None),
    Source("sam2_examples/sav_000001_manual.json", masklets),
    Source("berkeley100", maps("masks/{key}.png")),
    Source("chase_db1", maps("{key}_1stHO.png", white=True)),
    Source("coco_mval", maps("gt/{key}.png", white=True)),
    Source("isbi2012", maps("label/{key}.png", white=True)),
    Source("seggpt_examples", maps("{key}_target.png", white=True)),
    Source("coco_eval_reference/lvis_val_100.json", coco),
    Source("coco_eval_reference/instances_val2014_100.json", coco),
    Source(f"{LABELME}/instance_segmentation/data_annotated", labelme),
    Source(f"{LABELME}/instance_segmentation/data_dataset_voc", voc),
    Source(f"{LABELME}/instance_segmentation/data_dataset_coco", coco),
    Source(f"{LABELME}/semantic_segmentation/data_annotated", labelme),
    Source(f"{LABELME}/semantic_segmentation/data_dataset_voc", voc_classes),
    Source(f"{LABELME}/bbox_detection/data_annotated", labelme),
    Source(f"{LABELME}/bbox_detection/data_dataset_voc", None),
    Source(f"{LABELME}/primitives", labelme),
)


def bits(objects: Objects, *, named: bool = True) -> Counter[tuple[str, bytes]]:
    """Objects as they compare: class and pixels."""
    return Counter((name if named else "", np.packbits(mask).tobytes()) for name, mask in objects)


def of_sample(sample: Sample, classes: Classes) -> Objects:
    masks = sample.segments.masks.decode().astype(bool)
    return Objects([classes[int(class_id)].name for class_id in sample.segments.class_ids], masks)


def misread(source: Source, root: Path, samples: list[Sample], classes: Classes) -> list[str]:
    """Samples whose objects are not those that the decoder finds, and how they differ."""
    assert source.decode is not None
    by_key = {sample.key: sample for sample in samples}
    out = []
    seen = set()
    for key, objects in source.decode(root, [*by_key]):
        if key not in by_key:
            continue
        seen.add(key)
        mine = of_sample(by_key[key], classes)
        named = "border" not in objects.names and not any(name.startswith("#") for name in mine.names)
        if bits(mine, named=named) != bits(objects, named=named):
            out.append(f"{key}: {difference(objects, mine)}")
    return out + [f"{key}: the decoder does not find it" for key in by_key.keys() - seen]


def difference(expected: Objects, found: Objects) -> str:
    """In words: how many objects, and the pixels of the worst pair."""
    if expected.size != found.size:
        return f"{found.size} for {expected.size}"
    rows, columns = matched(expected, found)
    wrong = [int((expected.masks[row] ^ found.masks[column]).sum()) for row, column in zip(rows, columns, strict=True)]
    names = sum(expected.names[row] != found.names[column] for row, column in zip(rows, columns, strict=True))
    return (
        f"{len(found)} objects for {len(expected)}, {sum(pixels > 0 for pixels in wrong)} differ, by "
        f"{max(wrong, default=0)} pixels at most, {names} of another class"
    )


#: Writers that write a region of stuff part by part.
PARTED = frozenset({"yolo"})


def regions_united(objects: Objects, classes: Classes) -> Objects:
    """One object of each class of stuff, behind the others."""
    stuff = {class_.name for class_ in classes if class_.kind == "stuff"}
    alone = [pair for pair in objects if pair[0] not in stuff]
    together = united(Objects.of([pair for pair in objects if pair[0] in stuff], objects.size))
    return Objects.of([*alone, *together], objects.size)


def left_over(sample: Sample, classes: Classes, lost: list[formats.Loss]) -> tuple[Objects, dict[int, int]]:
    """What should be found after the losses named for a sample; and by row the pixels that a named shape may lose."""
    causes: dict[str, dict[int | None, int]] = {}
    for loss in lost:
        causes.setdefault(loss.cause, {})[loss.segment] = loss.pixels
    ids = sample.segments.ids.tolist()
    gone = causes.get("class", {}).keys() | causes.get("empty", {}).keys()
    objects = of_sample(sample, classes)
    rows = [row for row, number in enumerate(ids) if number not in gone]
    objects = Objects([objects.names[row] for row in rows], objects.masks[rows])
    if "overlap" in causes:
        objects = visible(objects)
    if "instances" in causes:
        objects = united(objects)
    if "regions" in causes:
        objects = regions_united(objects, classes)
    shapes = causes.get("shape", {})
    return objects, {place: shapes[ids[row]] for place, row in enumerate(rows) if ids[row] in shapes}


def judged(sample: Sample, classes: Classes, lost: list[formats.Loss], found: Objects | None) -> str | None:
    """How what was found differs from what was to be expected; None where it does not."""
    expected, may_differ = left_over(sample, classes, lost)
    if found is None:
        return None if not len(expected) else "it is missing"
    named = not any(loss.cause == "classes" for loss in lost) and set(found.names) != {"object"}
    if bits(expected, named=named) == bits(found, named=named):
        return None
    if may_differ and len(expected) == len(found):
        pairs = dict(zip(*matched(expected, found), strict=True))
        wrong = {row: int((expected.masks[row] ^ found.masks[pairs[row]]).sum()) for row in pairs}
        if len(pairs) == len(expected) and all(pixels <= may_differ.get(row, 0) for row, pixels in wrong.items()):
            return None
    return difference(expected, found)


def through(samples: list[Sample], classes: Classes, format: str, folder: Path) -> str:
    """One cell: write the samples in a format and judge what is there."""
    by_key: dict[str, list[formats.Loss]] = {}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        out = Path(place) / "out"
        lost = formats.write(samples, classes, out, format, allow_loss=True, images="link")  # counted before it writes
        for loss in lost:
            by_key.setdefault(loss.key, []).append(loss)
        if format not in DECODERS:
            return "written, not judged"
        wanted = {sample.key: sample for sample in samples}
        wrong = []
        for key, objects in DECODERS[format](out):
            sample = wanted.pop(key, None)
            if sample is None:
                wrong.append(f"{key}: nobody wrote it")
                continue
            objects = regions_united(objects, classes) if format in PARTED else objects
            if said := judged(sample, classes, by_key.get(key, []), objects):
                wrong.append(f"{key}: {said}")
        for key, sample in wanted.items():
            if said := judged(sample, classes, by_key.get(key, []), None):
                wrong.append(f"{key}: {said}")
    if wrong:
        return f"DIFFERS in {len(wrong)} of {len(samples)}: {wrong[0]}"
    grave = Counter(loss.cause for loss in lost if loss.grave and loss.cause not in ("score", "attributes", "crowd"))
    return "=" + (" less " + ", ".join(f"{cause} {number}" for cause, number in sorted(grave.items())) if grave else "")


def with_images(samples: list[Sample], folder: Path) -> list[Sample]:
    """The same, a gray image for each whose own does not come with the set, as frames of a video that is not there."""
    out = []
    for sample in samples:
        if Path(sample.image.uri.split("#")[0]).is_file():
            out.append(sample)
            continue
        file = folder / "gray" / f"{sample.key}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", sample.image.size[::-1], 90).save(file)
        out.append(replace(sample, image=replace(sample.image, uri=str(file))))
    return out


def run(source: Source, root: Path, chosen: list[str], number: int, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Rows: set, writer, cell; the first one says how it was read."""
    reading = formats.read(root, **source.options)
    samples = list(reading.samples)
    samples = with_images(samples[:: -(-len(samples) // number)] if number else samples, folder / source.place)
    classes = reading.classes
    if source.decode is None:
        yield source.place, "(read)", "not judged: boxes, or images scaled"
    else:
        wrong = misread(source, root, samples, classes)
        yield source.place, "(read)", f"DIFFERS in {len(wrong)} of {len(samples)}: {wrong[0]}" if wrong else "="
    for writer in chosen:
        start = time.perf_counter()
        try:
            cell = through(samples, classes, writer, folder)
        except MaskwrightError as error:
            cell = f"refused: {' '.join(str(error).replace(f'{folder}/', '').split())[:140]}"
        yield source.place, writer, f"{cell}   [{time.perf_counter() - start:.1f} s]"


def rows_of(place: int, data: Path, chosen: list[str], number: int) -> list[tuple[str, str, str]]:
    """All rows of the set at that place of SOURCES, printed as they come."""
    source = SOURCES[place]
    if not (data / source.place).exists():
        return [(source.place, "", "not there")]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for row in run(source, data / source.place, chosen, number, Path(folder)):
            print(" | ".join(row), flush=True)
            rows.append(row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", default="")
    parser.add_argument("--formats", default="", help="one, or several by comma")
    parser.add_argument("--samples", type=int, default=80)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    chosen = [name for name in formats.writers() if not given.formats or name in given.formats.split(",")]
    start = time.perf_counter()
    wanted = [place for place, source in enumerate(SOURCES) if given.sets in source.place]
    with ProcessPoolExecutor(given.workers) as pool:
        asked = [pool.submit(rows_of, place, given.data, chosen, given.samples) for place in wanted]
        rows = [row for answer in asked for row in answer.result()]
    kinds = Counter(cell.split(" ")[0] for _, _, cell in rows)
    figures = {"cells": len(rows), "differ": kinds["DIFFERS"], "refused": kinds["refused:"],
               "seconds": round(time.perf_counter() - start)}  # fmt: skip
    report("round trips", [(row[0], row[1], row[2][:100]) for row in rows if row[2].startswith(("DIFFERS", "refused"))],
           ("set", "writer", "what"), figures)  # fmt: skip
    return int(kinds["DIFFERS"] > 0)


if __name__ == "__main__":
    sys.exit(main())
