"""Write docs/reference/consumers.md: what other programs read of what Maskwright writes, and the other way round.

    python scripts/consumers.py [--judges FOLDER] [--real FOLDER] [--only TEXT] [--print]

Each consumer is asked by a program in scripts/judges that does not import Maskwright.  Those that do not live beside
this project's versions have an environment of their own, FOLDER/NAME/bin/python; without it the row says so.
--real: a folder of data sets, ../shared/data else; what is not there is left out, and the page says which were used.
--only: rows whose format or consumer has this text.  --print: on the screen alone, the page stays.
Exit code 1 where a row is not as PROMISES says.
"""

# ruff: noqa: E402 - the judges lie in a folder of programs, which is no package

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
JUDGES = ROOT / "scripts" / "judges"
PAGE = ROOT / "docs" / "reference" / "consumers.md"
sys.path.insert(0, str(JUDGES))

from comparing import GROUPS, Score, group_of, united, visible
from judging import Objects, load, save

from maskwright import formats
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import MaskwrightError

#: Names and ids that Cityscapes has, so that one set serves every format.
CLASSES = Classes(
    [
        Class(24, "person", colour=(220, 20, 60)),
        Class(25, "rider", colour=(255, 0, 0)),
        Class(26, "car", colour=(0, 0, 142)),
    ]
)

#: The same as regions, of which a line format may write each part.
STUFF = Classes(replace(class_, kind="stuff") for class_ in CLASSES)

#: Formats in which a region is a line a part.
PARTED = frozenset({"yolo"})


def whole(objects: Objects) -> Objects:
    """All that was written, as it was written."""
    return objects


#: What a row must show, least mean IoUs by group in the order of GROUPS; "own rule" asks for their number alone.
#: bridged: of real masks, those of several parts and with holes are asked for together.
#: rounded: Datumaro keeps two decimals of a coordinate, of files that say more as well.
#: Bridges between the smallest parts that there are cost what they cost: of made masks they are not asked for so much.
PROMISES = {
    "exact": (1.0, 1.0, 1.0), "bridged": (0.999, 0.98, 0.98), "resampled": (0.99, 0.7, 0.97),
    "own rule": (0.0, 0.0, 0.0), "rounded": (0.998, 0.998, 0.998),
}  # fmt: skip
BRIDGED_MADE = (0.999, 0.7, 0.98)


@dataclass(frozen=True)
class Consumer:
    """One row of the table. program: of scripts/judges.  environment: of --judges, ours where empty.

    reads, writes: what the judge calls it, nothing where it does not do that.
    options: of our writer.  given: of our reader, for what it wrote.
    holds: what of a sample's objects this format holds.
    promise: a key of PROMISES.  back_alone: whether only what it writes is of interest.
    """

    format: str
    name: str
    program: str
    reads: str = ""
    writes: str = ""
    environment: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    holds: Callable[[Objects], Objects] = whole
    promise: str = "exact"
    back_alone: bool = False


def boxes_alone(objects: Objects) -> Objects:
    """What stands in Pascal VOC's XML: the box of what is visible of each object."""
    found = []
    for name, mask in visible(objects):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = np.zeros_like(mask)
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
        found.append((name, box))
    return Objects.of(found, objects.size)


def unholed(objects: Objects) -> Objects:
    """What stands in polygons of Labelme's files; supervision passes over the others, which are bitmaps."""
    return Objects.of((pair for pair in objects if group_of(pair[1]) != "holes"), objects.size)


def classes_alone(objects: Objects) -> Objects:
    """A label map's view: no overlap, one object a class."""
    return united(visible(objects))


NAMED = {"background": 0}
#: What the values of label maps mean here.
VALUES = ("background", "person", "rider", "car")

CONSUMERS = (
    Consumer("yolo", "OpenCV, points rounded", "by_opencv", "yolo", "yolo", promise="bridged"),
    Consumer("yolo", "OpenCV, points cut off", "by_opencv", "yolo-cut", promise="bridged"),
    Consumer(
        "yolo", "as Ultralytics loads it: resampled, cut off", "by_opencv", "yolo-ultralytics", promise="resampled"
    ),
    Consumer("yolo", "supervision", "by_supervision", "yolo", "yolo", promise="bridged"),
    Consumer("coco", "pycocotools", "by_pycocotools", "coco", "coco"),
    Consumer("coco", "torchvision CocoDetection", "by_pycocotools", "coco-torchvision"),
    Consumer("coco", "supervision", "by_supervision", "coco", "coco", promise="own rule"),
    Consumer("coco", "supervision, of run lengths", "by_supervision", "coco", options={"segmentation": "rle"}),
    Consumer("coco", "Datumaro", "by_datumaro", "coco", "coco", "datumaro", promise="rounded"),
    Consumer("coco-panoptic", "NumPy, as panopticapi", "by_pillow", "coco-panoptic", "coco-panoptic", holds=visible),
    Consumer("coco-panoptic", "Datumaro", "by_datumaro", "coco-panoptic", "coco-panoptic", "datumaro", holds=visible),
    Consumer("cvat", "Datumaro", "by_datumaro", "cvat", "cvat", "datumaro", promise="rounded"),
    Consumer("datumaro", "Datumaro", "by_datumaro", "datumaro", "datumaro", "datumaro", promise="rounded"),
    Consumer(
        "cityscapes",
        "cityscapesscripts",
        "by_cityscapesscripts",
        "cityscapes",
        "cityscapes",
        "cityscapes",
        holds=visible,
    ),
    Consumer(
        "cityscapes",
        "cityscapesscripts, polygons",
        "by_cityscapesscripts",
        "cityscapes",
        "cityscapes",
        "cityscapes",
        given={"source": "polygons"},
        holds=visible,
        back_alone=True,
    ),
    Consumer("geojson", "rasterio (GDAL)", "by_rasterio", "geojson", "geojson", "rasterio"),
    Consumer("label-map", "OpenCV", "by_opencv", "label-map", "label-map", given=NAMED, holds=classes_alone),
    Consumer("label-map", "Pillow", "by_pillow", "label-map", "label-map", given=NAMED, holds=classes_alone),
    Consumer("label-map", "datasets", "by_datasets", "label-map", "label-map", given=NAMED, holds=classes_alone),
    Consumer(
        "label-studio",
        "label-studio-sdk, of brush masks",
        "by_label_studio",
        "label-studio",
        "label-studio",
        "labelstudio",
        options={"shapes": "mask"},
    ),
    Consumer("labelme", "Pillow, by Labelme's calls", "by_pillow", "labelme", "labelme"),
    Consumer("labelme", "supervision", "by_supervision", "labelme", "labelme", promise="own rule", holds=unholed),
    Consumer("parquet", "datasets", "by_datasets", "parquet"),
    Consumer("voc", "Pillow", "by_pillow", "voc", "voc", holds=visible),
    Consumer("voc", "Datumaro", "by_datumaro", "voc", "voc", "datumaro", holds=visible),
    Consumer(
        "voc", "supervision, of boxes alone", "by_supervision", "voc", "voc", holds=boxes_alone, promise="own rule"
    ),
)


def made() -> Iterator[Sample]:
    """Masks of every kind that polygons find hard, drawn by hand and by chance; no image lies behind them yet."""
    rng = np.random.default_rng(17)
    for number, size in enumerate([(48, 64), (61, 47), (120, 160), (333, 500), (97, 240), (480, 640)] * 3):
        masks = [*islice(shapes(rng, size), 14)] if number % 3 else [*islice(small(rng, size), 14)]
        masks = [mask for mask in masks if mask.any()]
        class_ids = 24 + np.arange(len(masks)) % 3  # so that no two of one class have one box
        segments = Segments(Masks.encode(np.stack(masks)), class_ids)
        split = "val" if number % 6 == 5 else "train"
        yield Sample(f"made{number:02d}", ImageRef(f"made{number:02d}.png", size), segments, split=split)


def small(rng: np.random.Generator, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """One pixel, two, lines, corners, pixels that touch at a corner, rings of one pixel's width."""
    height, width = size
    while True:
        for rows in (
            ["#"], ["##"], ["#", "#"], ["#", " #"], ["########"], ["#"] * 7, ["#", " #", "  #", "   #"],
            ["##", "##"], ["###", "# #", "###"], ["#####", "#   #", "# # #", "#   #", "#####"], ["# #", " # ", "# #"],
            ["###", "#", "#"], [" ## ", "####", " ## "], ["#  #"], ["####", "#  #", "## #", "####"],
        ):  # fmt: skip
            top, left = int(rng.integers(0, height - 8)), int(rng.integers(0, width - 8))
            out = np.zeros(size, bool)
            for down, row in enumerate(rows):
                for right, sign in enumerate(row):
                    out[top + down, left + right] = sign == "#"
            yield out


def shapes(rng: np.random.Generator, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """The whole image, boxes on the border, blobs of one part, of several and with holes, ellipses and rings."""
    from scipy import ndimage

    height, width = size
    y, x = np.mgrid[:height, :width] + 0.5
    yield np.ones(size, bool)
    box = np.zeros(size, bool)
    box[: int(rng.integers(1, height)), int(rng.integers(0, width - 1)) :] = True
    yield box
    while True:
        field_ = ndimage.gaussian_filter(rng.normal(size=size), rng.uniform(1.5, 6))
        window = np.hypot((y - rng.uniform(0, height)) / height, (x - rng.uniform(0, width)) / width)
        blob = (field_ > np.quantile(field_, 0.6)) & (window < rng.uniform(0.15, 0.4))
        names, number = ndimage.label(blob, np.ones((3, 3)))
        if number:
            largest = names == 1 + np.bincount(names.ravel())[1:].argmax()
            yield ndimage.binary_fill_holes(largest)
            yield largest
        yield blob
        away = np.hypot((y - rng.uniform(0, height)) / rng.uniform(0.3, 1), x - rng.uniform(0, width))
        radius = rng.uniform(3, min(size) / 5)
        yield away < radius
        yield (away < radius) & (away > radius / 2)


def real(root: Path) -> Iterator[tuple[str, list[Sample], bool]]:
    """Title and samples of public sets, which are used where they lie there.

    Of label maps YOLO's regions are judged apart from the other formats, which hold every class as it is: True for
    these.
    """
    for name, title, number, regions in (
        ("coco_mini", "COCO train2017, {} images", 80, False),
        ("dsb2018", "Data Science Bowl 2018, {} images", 36, False),
        ("camvid", "CamVid, {} images", 24, False),
        ("camvid", "CamVid, {} images, as regions of three classes", 24, True),
    ):  # fmt: skip
        if (root / name).is_dir():
            samples = list(islice(formats.read(root / name).samples, number))
            yield title.format(len(samples)), samples, regions


def prepared(folder: Path, samples: Iterable[Sample], *, regions: bool) -> tuple[list[Sample], Path]:
    """Samples of flat keys whose images lie in folder/truth/images, and what judges are given: folder/truth.

    Classes become those of CLASSES, by turns, so that every format can hold them; empty segments go.  regions: all of a
    class become one.
    """
    from PIL import Image

    truth = folder / "truth"
    (truth / "images").mkdir(parents=True)
    out = []
    for sample in samples:
        key = Path(sample.key).name.replace(".", "_")
        image = truth / "images" / f"{key}.png"
        Image.fromarray(np.full((*sample.image.size, 3), 90, np.uint8)).save(image)
        segments = sample.segments[sample.segments.masks.areas() > 0]
        class_ids = [24 + int(class_id) % 3 for class_id in segments.class_ids]
        segments = Segments(segments.masks, class_ids, more=segments.more)
        if regions:
            own = sorted(set(class_ids))
            masks = segments.masks.group_unions([own.index(class_id) for class_id in class_ids], len(own))
            segments = Segments(masks, own)
        out.append(Sample(key, ImageRef(str(image), sample.image.size), segments, split=sample.split or "train"))
    save(truth, ((sample.key, objects_of(sample)) for sample in out))
    (truth / "classes.json").write_text(json.dumps([class_.name for class_ in CLASSES]))
    return out, truth


def as_held(truth: Path, holds: Callable[[Objects], Objects], folder: Path) -> Path:
    """The same truth with what a format holds of it alone, in a new folder."""
    if holds is not visible:
        return truth
    folder.mkdir()
    (folder / "images").symlink_to(truth / "images")
    save(folder, ((key, holds(objects)) for key, objects in load(truth)))
    (folder / "classes.json").write_text((truth / "classes.json").read_text())
    return folder


def objects_of(sample: Sample, classes: Classes = CLASSES) -> Objects:
    """Those of classes that are not background or ignored, as Cityscapes' unlabelled pixels are."""
    called = [classes[int(class_id)] for class_id in sample.segments.class_ids]
    rows = np.array([class_.role == "class" for class_ in called], bool)
    return Objects(
        [
            VALUES[int(class_.name)] if class_.name.isdigit() else class_.name
            for class_ in called
            if class_.role == "class"
        ],
        sample.segments.masks.decode().astype(bool)[rows],
    )


class Missing(Exception):  # noqa: N818 - it is said, not raised further
    """A judge that is not here."""


def ask(consumer: Consumer, judges: Path | None, way: str, name: str, source: Path, target: Path) -> None:
    """Run a judge, in its own environment."""
    python = Path(sys.executable)
    if consumer.environment:
        if judges is None:
            raise Missing(f"no environment `{consumer.environment}` (--judges)")
        python = judges / consumer.environment / "bin" / "python"
        if not python.is_file():
            raise Missing(f"no environment `{consumer.environment}`")
    words = [str(python), str(JUDGES / f"{consumer.program}.py"), way, name, str(source), str(target)]
    quiet = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(target.parent / "hub"), "TQDM_DISABLE": "1"}
    if consumer.environment:
        quiet.pop("PYTHONPATH", None)
    done = subprocess.run(words, env=quiet, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
        raise Missing(f"{consumer.program} {way} failed: {' '.join(last)[:200]}")


@dataclass
class Row:
    """What stands in the table. said: why there is no score."""

    consumer: Consumer
    way: str
    score: Score | None
    said: str = ""

    def broken(self, *, of_made: bool) -> list[str]:
        """What is not as promised; nothing of a consumer that is not here. of_made: masks of `made`, not real ones."""
        score, least = self.score, PROMISES[self.consumer.promise]
        if of_made and self.consumer.promise == "bridged":
            least = BRIDGED_MADE
        if score is None:
            # What a consumer cannot write itself is not a promise of ours.
            return [self.said] * (not self.said.startswith("no environment") and " write failed" not in self.said)
        means = {name: score.mean(name) for name in GROUPS}
        if least is PROMISES["bridged"] and (others := [iou for name in GROUPS[1:] for iou in score.ious[name]]):
            means |= dict.fromkeys(GROUPS[1:], float(np.mean(others)))
        out = [f"{name} {means[name]}" for name, low in zip(GROUPS, least, strict=True) if means[name] < low]
        out += [f"{score.found} objects for {score.expected}"] * (score.found != score.expected)
        exact = self.consumer.promise == "exact"
        out += [f"{score.classes} of {score.expected} classes"] * (exact and score.classes != score.expected)
        return out + [f"{score.areas} of {score.expected} areas"] * (exact and score.areas != score.expected)


def put(consumer: Consumer, samples: list[Sample], folder: Path, classes: Classes) -> None:
    """Write them as the consumer takes them: in a format, or as a table."""
    if consumer.format == "parquet":
        from maskwright.integrations import huggingface

        folder.mkdir()
        huggingface.to_datasets(samples, classes).to_parquet(str(folder / "rows.parquet"))
    else:
        formats.write(samples, classes, folder, consumer.format, allow_loss=True, **consumer.options)


def they_read(consumer: Consumer, samples: list[Sample], folder: Path, judges: Path | None, *, parted: bool) -> Row:
    """We write, they read. parted: regions are written part by part, and what they read is all of a class."""
    way = "reads ours"
    try:
        put(consumer, samples, folder / "ours", STUFF if parted else CLASSES)
        ask(consumer, judges, "read", consumer.reads, folder / "ours", folder / "found")
    except (Missing, MaskwrightError) as error:
        return Row(consumer, way, None, str(error).replace(f"{folder}/", ""))
    expected = ((sample.key, consumer.holds(objects_of(sample))) for sample in samples)
    found = ((key, united(objects) if parted else objects) for key, objects in load(folder / "found"))
    return Row(consumer, way, scored(expected, dict(found)))


def we_read(consumer: Consumer, truth: Path, folder: Path, judges: Path | None) -> Row:
    """They write, and say what they read of it; we read the same."""
    way = "written by it, read here"
    try:
        truth = as_held(truth, consumer.holds, folder / "truth")
        ask(consumer, judges, "write", consumer.writes, truth, folder / "theirs")
        ask(consumer, judges, "read", consumer.reads, folder / "theirs", folder / "expected")
        reading = formats.read(folder / "theirs", consumer.format, **consumer.given)
        found = {sample.key: objects_of(sample, reading.classes) for sample in reading.samples}
    except (Missing, MaskwrightError) as error:
        return Row(consumer, way, None, str(error).replace(f"{folder}/", ""))
    return Row(consumer, way, scored(load(folder / "expected"), {Path(key).name: own for key, own in found.items()}))


def scored(expected: Iterable[tuple[str, Objects]], found: dict[str, Objects]) -> Score:
    score = Score()
    for key, objects in expected:
        score.add(objects, found.get(key) or Objects([], np.zeros((0, *objects.size), bool)))
    return score


def cells(row: Row) -> list[str]:
    """Of the table, after the consumer's name."""
    score = row.score
    if score is None:
        return [row.way, row.said.replace("|", "\\|"), *[""] * (2 + len(GROUPS))]
    out = [row.way, f"{score.found} of {score.expected}", f"{score.classes}", f"{score.areas}"]
    for group in GROUPS:
        number = len(score.ious[group])
        out.append(f"{floor4(score.mean(group))} ({score.exact(group)} of {number})" if number else "–")
    return out


def floor4(value: float) -> str:
    """Cut, not rounded: 1.0000 means all."""
    return f"{np.floor(value * 1e4) / 1e4:.4f}"


INTRODUCTION = """\
# Consumers

What other programs read of sets that Maskwright writes, and what Maskwright reads of theirs; each asked in its
own code. The page is written by `python scripts/consumers.py --judges FOLDER`; the programs that ask are in
`scripts/judges`, and do not import Maskwright.

- **reads ours**: a set written here, with the writer's defaults, is read by the consumer, and held against the
  masks that were written.
- **written by it, read here**: the consumer writes a set and reads it again; what Maskwright reads is held
  against that.
- **objects**: found, of those to be found. **classes equal**, **areas equal**: of how many of them.
- **one part**, **several parts**, **holes**: mean IoU of segments of one part without holes, of several parts
  (what touches at corners is one part) and with holes, and how many are equal to the pixel. Means are cut, not
  rounded: 1.0000 is all.
- In YOLO a region of stuff is a line a part; what is read of them is held against all of a class.
- Formats of one label a pixel are held against what is visible of each segment; label maps against that of each
  class.

A consumer that has a pixel rule of its own, whatever the format says, cannot be met together with the others:
supervision draws COCO's polygons by rounded points and `cv2.fillPoly`, pycocotools does not. Maskwright holds
with pycocotools; `-o segmentation=rle` is read alike by both. `cv2.imread` gives an indexed PNG's colours, not
its values; with Pillow they are values.
"""

HEAD = ["format", "consumer", "way", "objects", "classes equal", "areas equal", *GROUPS]


def table(rows: list[Row]) -> str:
    lines = [HEAD, ["---"] * len(HEAD)]
    lines += [[f"`{row.consumer.format}`", row.consumer.name, *cells(row)] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def measured(
    samples: Iterable[Sample], chosen: list[Consumer], judges: Path | None, *, regions: bool = False
) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as place:
        ready, truth = prepared(Path(place), samples, regions=regions)
        for consumer in chosen:
            if not consumer.back_alone:
                parted = regions and consumer.format in PARTED
                rows.append(they_read(consumer, ready, Path(tempfile.mkdtemp(dir=place)), judges, parted=parted))
                print(consumer.format, consumer.name, *cells(rows[-1]), file=sys.stderr, flush=True)
            if consumer.writes:
                rows.append(we_read(consumer, truth, Path(tempfile.mkdtemp(dir=place)), judges))
                print(consumer.format, consumer.name, *cells(rows[-1]), file=sys.stderr, flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judges", type=Path)
    parser.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", default="")
    parser.add_argument("--print", action="store_true", dest="alone")
    parser.add_argument("--made", action="store_true", help="leave the real sets out")
    given = parser.parse_args()
    chosen = [consumer for consumer in CONSUMERS if given.only.lower() in f"{consumer.format} {consumer.name}".lower()]
    blocks = [("Made masks", measured(made(), chosen, given.judges))]
    for title, samples, regions in [] if given.made else real(given.real):
        fitting = [row for row in chosen if not title.startswith("CamVid") or (row.format in PARTED) == regions]
        blocks.append((title, measured(samples, fitting, given.judges, regions=regions)))
    parts = [f"## {title}\n\n{table(rows)}" for title, rows in blocks]
    text = "\n\n".join([INTRODUCTION.strip(), *parts]) + "\n"
    if given.alone or given.only:
        print(text)
    else:
        PAGE.write_text(text)
    broken = [
        (title, row, said)
        for place, (title, rows) in enumerate(blocks)
        for row in rows
        if (said := row.broken(of_made=not place))
    ]
    for title, row, said in broken:
        print(
            f"{title}: {row.consumer.format}, {row.consumer.name}, {row.way}: {', '.join(said)}",
            file=sys.stderr,
        )
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
