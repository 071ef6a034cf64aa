"""A program as somebody outside writes it: every public name of every room, in code that is typical for it.

Type checkers see it as they see any program that uses an installed Maskwright, and `main` runs what needs neither
weights nor a training.  The functions that begin with `later_` are checked by types only.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import maskwright as mw
from maskwright.metrics import boundary_iou, confusion

SIZE = (48, 64)


def own_classes() -> mw.Classes:
    return mw.Classes(
        [
            mw.Class(1, "cell", colour=(240, 128, 32)),
            mw.Class(7, "tissue", kind="stuff", role="background"),
            mw.Class(9, "blur", kind="stuff", role="ignore"),
        ]
    )


def a_cell(left: int) -> NDArray[np.bool_]:
    pixels = np.zeros(SIZE, bool)
    pixels[10:30, left : left + 16] = True
    pixels[15:20, left + 5 : left + 9] = False
    return pixels


def own_samples(folder: Path) -> Iterator[mw.Sample]:
    from PIL import Image

    folder.mkdir()
    for number in range(4):
        stack = np.stack([a_cell(4 + number), a_cell(34)])
        image = np.full((*SIZE, 3), 90, np.uint8)
        image[stack.any(0)] = (200, 120, 60)
        path = folder / f"{number}.png"
        Image.fromarray(image).save(path)
        segments = mw.Segments(mw.Masks.encode(stack), [1, 1], source="human")
        split = "val" if number == 0 else "train"
        yield mw.Sample(
            f"cells/{number}", mw.ImageRef(str(path), SIZE), segments, split=split, fields={"slide": number}
        )


def masks() -> None:
    mask = mw.Mask.encode(a_cell(4))
    polygon: mw.Polygon = mask.polygon()
    assert polygon.has_holes
    assert mw.Mask.from_polygon(polygon, SIZE) == mask
    assert mw.Mask.from_compressed(mask.compressed(), SIZE) == mask
    assert mask.area() == 16 * 20 - 5 * 4
    assert mask.box() == (4, 10, 20, 30)
    both = mw.Masks.stack([mask, mask.dilate(2)], SIZE)
    ious: NDArray[np.float64] = both.iou(both)
    assert ious.shape == (2, 2)
    assert (both[0] & ~both[1]).area() == 0

    boxes = mw.core.xyxy_to_xywh(both.boxes())
    assert np.array_equal(mw.core.xywh_to_xyxy(boxes), both.boxes())
    assert mw.core.box_iou(both.boxes(), both.boxes())[0, 0] == 1
    assert mw.core.ring_area(polygon.parts[0][0]) != 0
    assert mw.core.IGNORE_INDEX == 255
    shared: tuple[type[Any], ...] = (
        mw.core.Class, mw.core.Classes, mw.core.ImageRef, mw.core.Mask, mw.core.Masks, mw.core.Polygon, mw.core.Sample,
        mw.core.Segments, mw.core.Sequence,
    )  # fmt: skip
    assert mw.Mask in shared


def conversions() -> None:
    array = a_cell(4)
    rle: Any = mw.conversions.mask_to_rle(array)
    assert np.array_equal(mw.conversions.rle_to_mask(rle), array)
    parts = mw.conversions.mask_to_polygons(array, relative=True)
    assert len(mw.conversions.rle_to_polygons(rle)) == len(parts) == 1
    assert np.array_equal(mw.conversions.polygons_to_mask(parts, SIZE, relative=True), array)
    assert mw.conversions.polygons_to_rle(parts, SIZE, relative=True) == rle
    box = mw.conversions.mask_to_box(array, form="xywh")
    assert box.tolist() == [4, 10, 16, 20]
    assert mw.conversions.rle_to_box(rle).tolist() == [4, 10, 20, 30]
    assert mw.conversions.box_to_mask(box, SIZE, form="xywh").sum() == 320
    text = mw.conversions.mask_to_pairs(array)
    assert np.array_equal(mw.conversions.pairs_to_mask(text, SIZE), array)


def a_dataset(folder: Path) -> mw.Dataset:
    place = folder / "store"
    found = mw.store.import_samples(place, own_classes(), own_samples(folder / "images"), "first images")
    assert found["samples"] == 4
    dataset: mw.Dataset = mw.Dataset.open(place)
    sample = dataset["cells/1"]
    with dataset.edit("widen", author="somebody") as edit:
        writer: mw.store.Edit = edit
        writer.put(sample.key, sample.segments.with_masks(sample.segments.masks.dilate(1)))
    changes: list[mw.store.Change] = dataset.diff("head~1")
    log: list[mw.store.Revision] = dataset.log()
    assert [change.what for change in changes] == ["changed", "changed"]
    assert log[0].author == "somebody"
    columns: mw.store.Columns = dataset.columns
    sequences: mw.store.Sequences = dataset.sequences
    assert not sequences.names
    declared: mw.core.Column = columns.add("temperature", "float", unit="°C")
    bulk: mw.store.BulkChange = dataset.set_where("", {declared.name: 3.5})
    some: mw.store.Changed = bulk.first[0]
    assert some.after == {"temperature": 3.5}
    columns.drop("temperature")
    objects: mw.store.SegmentsChange = dataset.remove_segments_where("", "area > 0", dry_run=True)
    gone: mw.store.ChangedSegment = objects.first[0]
    assert gone.after is None
    assert objects.samples == dataset.remove_where("key is not null", dry_run=True).samples == 4

    view: mw.store.View = dataset.where("split = 'val'")
    assert [sample.key for sample in view] == view.keys() == ["cells/0"]
    dataset.save_view("first", "split is not null order by key limit 1")
    known = mw.store.conditions.Given(dataset.classes)
    assert dataset.view("first").keys() == ["cells/0"]
    assert mw.store.conditions.choose("count() > 0 order by key limit 1", list(dataset), known) == [0]
    assert not mw.store.doctor.verify(dataset).problems
    dataset.vectors.write("look", dataset.keys(), np.eye(4, dtype=np.float16))
    vectors: mw.store.Vectors = dataset.vectors
    batches: list[mw.store.VectorBatch] = list(vectors.batches("look"))
    assert np.array_equal(batches[0].values, vectors.read("look", dataset.keys()))
    nearest: mw.store.Nearest = vectors.nearest("look", [0, 0, 1, 0], k=1)
    assert nearest.samples.tolist() == [dataset.number_of("cells/2")]
    snapshot = folder / "cells.parquet"
    assert mw.store.snapshot.write(dataset, snapshot) == 4
    classes, samples = mw.store.snapshot.read(snapshot)
    assert classes == dataset.classes
    assert len(list(samples)) == 4
    assert isinstance(dataset, mw.store.Dataset)
    return dataset


def media(sample: mw.Sample) -> NDArray[np.uint8]:
    image: mw.Image = mw.media.read(sample.image)
    assert image.size == mw.media.image_size(sample.image.uri) == SIZE
    assert Path(sample.image.uri).suffix in mw.media.IMAGE_SUFFIXES
    assert mw.media.is_image_file(sample.image.uri)
    with mw.media.Frames.open(Path(sample.image.uri).parent) as frames:
        assert len(frames) == 4
    assert isinstance(image, mw.media.Image)
    described: mw.media.Description = mw.media.describe(sample.image)
    assert described.size == image.size
    assert mw.media.window_over([sample.image]) is None
    assert mw.media.windows_over([sample.image]) == {}
    window = mw.media.Window((0,), (255,))
    assert image.display(window).shape == (*image.size, 3)
    return image.display()


def formats(dataset: mw.Dataset, folder: Path) -> None:
    assert "coco" in mw.formats.names()
    assert "coco" in mw.formats.writers()
    broken: list[mw.formats.Broken] = []
    assert mw.registry.ours("formats") and not mw.registry.heard_of("formats", "coco")
    assert callable(mw.formats.choose)
    ways: list[mw.formats.Candidate] = mw.formats.find(folder) if folder.is_dir() else []
    assert all(0 < way.score <= 1 for way in ways)
    assert [str(record.reason) for record in broken] == []
    lost: list[mw.formats.Loss] = mw.formats.losses(dataset, dataset.classes, "yolo")
    assert all(loss.cause in mw.formats.CAUSES for loss in lost)
    assert len(mw.formats.summary(lost)) == len({loss.cause for loss in lost})
    place = folder / "coco"
    mw.formats.check_place(place)
    mw.formats.write(dataset, dataset.classes, place, "coco", check=True)
    assert mw.formats.sniff(place) == "coco"
    assert mw.formats.is_dataset_or_labels(place)
    with mw.open_dataset(place) as opened, mw.formats.open_dataset(place, read_only=True) as again:
        assert again.place == opened.place
        assert sorted(opened.keys()) == dataset.keys()
        assert mw.formats.is_dataset(opened.place)
        assert Path(mw.formats.dataset_of(place)) == Path(opened.place)
    reading: mw.formats.Reading = mw.formats.read(place)
    assert sorted(sample.key for sample in reading.samples) == dataset.keys()
    found: list[mw.formats.Finding] = reading.findings
    assert [finding.kind for finding in found if finding.grave] == []
    assert {finding.kind for finding in found} <= set(mw.formats.KINDS)
    name = reading.classes.names[0]
    chosen = mw.formats.selected(mw.formats.read(place), map={name: "other"}, only=["other"])
    assert "other" in chosen.classes.names
    assert mw.formats.ORIGINAL_KEY not in dataset["cells/0"].fields
    assert mw.formats.coco.sniff(place) > 0  # every member is an attribute of its family


def metrics(sample: mw.Sample, classes: mw.Classes) -> None:
    truth, found = sample.segments, sample.segments.with_masks(sample.segments.masks.erode(1))
    counts = confusion.update(found.label_map(classes), truth.label_map(classes), num_classes=classes.num_classes)
    scores: dict[str, Any] = confusion.compute(counts)
    assert 0 < scores["mean_iou"] < 1
    assert mw.metrics.confusion.compute(counts)["mean_iou"] == scores["mean_iou"]
    edges = boundary_iou.update(found, truth, classes)
    assert 0 < boundary_iou.compute(edges, classes)["boundary_iou"] < 1
    assert set(mw.metrics.of_segments()) <= set(mw.metrics.names())
    assert mw.metrics.load("confusion") is confusion

    spread = mw.metrics.Bootstrap(seed=1)
    spread.add(counts)
    assert "mean_iou" in spread.intervals(confusion.compute)
    explanation = mw.metrics.Explanation(classes)
    explanation.add(counts, np.zeros(classes.num_classes, np.int64))
    variants: list[mw.metrics.Variant] = explanation.variants()
    assert variants[0].value == scores["mean_iou"]
    detections = mw.metrics.coco_ap.update(found, truth)
    low, high = mw.metrics.ap_intervals(detections, classes)["AP"]
    assert low <= high


def unchanged(*, image: NDArray[np.uint8], masks: list[NDArray[np.uint8]]) -> dict[str, Any]:
    return {"image": image, "masks": masks}


def transforms(image: NDArray[np.uint8], segments: mw.Segments) -> None:
    rng = np.random.default_rng(0)
    assert {"colour", "flip", "scale-crop"} <= set(mw.transforms.names())
    assert mw.transforms.mixes(mw.transforms.parse("mosaic")) and not mw.transforms.mixes(mw.transforms.flip.apply)
    same, _ = mw.transforms.adapted(unchanged)(image, segments, rng)
    assert np.array_equal(same, image)
    turned, _ = mw.transforms.parse("flip(horizontal=1)")(image, segments, rng)
    assert turned.shape == image.shape
    pixels, moved = mw.transforms.flip.apply(image, segments, rng, horizontal=1.0)
    assert pixels.shape == image.shape
    assert moved.masks[0] == segments.masks[0].flip(horizontal=True)


def losses_and_models() -> None:
    import torch

    torch.manual_seed(0)
    assert set(mw.losses.of_pixels()) <= set(mw.losses.names())
    model: torch.nn.Module = mw.models.build("lite", 3)
    assert "unet" in mw.models.names()
    assert mw.models.tasks_of("unet/resnet18") == ("semantic",)
    with mw.models.naming("unet/resnet18"):
        assert mw.models.stated("unet", "LICENCE", "")
    assert mw.models.stated("lite", "LEARNING_RATE", 1e-3) == 2e-3
    spec, reason = mw.models.proposed("semantic", "cpu")
    assert reason
    assert mw.models.read_config(spec, {"deep": "yes"}) == {"deep": True}
    logits: torch.Tensor = model.eval()(torch.zeros(1, 3, 64, 64))
    target = torch.zeros(1, 64, 64, dtype=torch.int64)
    criterion = mw.losses.parse("ce + 0.5*dice")
    value: torch.Tensor = criterion(logits, target)
    assert torch.isfinite(value)
    assert torch.isfinite(mw.losses.dice.loss(logits, target, ignore_index=255))
    truth = mw.models.Objects(torch.zeros(1, dtype=torch.int64), torch.ones(1, 64, 64, dtype=torch.bool))
    assert len(truth.masks) == 1
    queries = mw.models.Queries(torch.zeros(1, 5, 4), torch.zeros(1, 5, 16, 16))
    regions = mw.models.Regions(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0), torch.zeros(0, 28, 28))
    assert not queries.independent
    assert len(regions.scores) == 0

    three = mw.Classes([mw.Class(number, name) for number, name in enumerate("abc")])
    predictor = mw.Predictor(model, mw.predict.ModelInfo("lite", three.to_json()), device="cpu")
    found: mw.Segments = predictor.predict(np.zeros((40, 50, 3), np.uint8))
    assert found.size == (40, 50)
    assert isinstance(predictor, mw.predict.Predictor)


def sets(folder: Path) -> None:
    leaves = mw.sets.SetFile("https://example.org/leaves.zip", size=2_000_000, part="train")
    command = mw.sets.ImportCommand("maskwright import FOLDER DATASET --format coco", part="train")
    known: mw.sets.PublicSet = mw.sets.load("voc2012")
    assert known in mw.sets.find(task="semantic", use="unstated")
    assert known.name in mw.sets.names()
    assert known.use in mw.sets.USES
    assert known.import_commands(str(folder))[0].startswith("maskwright import")
    assert command.format == "coco"
    assert leaves.name == "leaves.zip"


def later_fetch(folder: Path) -> None:
    fetched: mw.sets.Fetched = mw.sets.get("coco", folder / "coco", parts=["val"])
    sys.stdout.write("\n".join([*fetched.notes, *fetched.commands]))


def weights(folder: Path) -> None:
    from safetensors.torch import save_file

    model = mw.models.build("lite", 3)
    file = folder / "lite.safetensors"
    save_file(dict(model.state_dict()), file)
    tensors = mw.weights.read_weights(file)
    filled: mw.weights.Filled = mw.weights.fill(mw.models.build("lite", 3), file)
    assert "come from" in filled.said
    mw.weights.fill_exactly(mw.models.build("lite", 3), tensors, file)
    try:
        known: mw.weights.Recognised = mw.weights.recognise(file)
        sys.stdout.write(known.words)
    except mw.MaskwrightError as error:
        assert "of no network that is known here" in str(error)
    assert mw.models.encoder_of("unet/resnet34") == "resnet34"


def interactive(image: NDArray[np.uint8], truth: NDArray[np.bool_]) -> None:
    session = mw.interactive.Session(image)
    answer: mw.interactive.Answer = session.click(8.5, 12.5)
    answer = session.click(60.5, 2.5, on=False)
    assert answer.masks[0].contains(8.5, 12.5)
    session.undo()
    tidy = mw.interactive.Session(image, cleanup=mw.interactive.Cleanup(fill_holes=50))
    curve: mw.interactive.Curve = mw.interactive.annotate(tidy, truth, clicks=3)
    assert len(curve.ious) <= 3
    prompts = mw.interactive.Prompts.of(SIZE, points=mw.interactive.along([(5, 12), (5, 28)], spacing=4))
    assert len(prompts.points) > 2
    assert mw.interactive.next_click(truth, truth) is None

    assert "classical" in mw.interactive.engines.names()
    engine: mw.interactive.engines.Engine = mw.interactive.engines.load("classical").load()
    found: mw.interactive.Found = mw.interactive.everything(
        image, engine, mw.interactive.Grid(side=4), embeddings=mw.interactive.Embeddings(megabytes=16)
    )
    assert len(found.masks) == len(found.scores)
    objects: mw.interactive.Found = mw.interactive.distinct(image, engine, grid=mw.interactive.Grid(side=4))
    assert len(objects.masks) == len(objects.scores)


def clicks(view: mw.store.View) -> None:
    engine = mw.interactive.engines.load("classical").load()
    found = mw.interactive.evaluate_clicks(view, engine, limit=2)
    assert found


def fewshot(dataset: mw.Dataset, image: NDArray[np.uint8]) -> None:
    assert "forest" in mw.fewshot.names()
    assert mw.fewshot.load("forest").__name__ == "maskwright.fewshot.engines.forest"
    learner: mw.fewshot.Learner = mw.fewshot.learner("forest")
    assert mw.fewshot.read_options("forest", {"trees": "8"}) == {"trees": 8}
    learner.fit([dataset["cells/0"]], dataset.classes)
    guess: mw.fewshot.Prediction = learner.predict(image)
    assert 0 <= guess.confidence <= 1
    assert mw.fewshot.waiting(dataset) == {}
    assert mw.fewshot.queued(dataset, mw.labelling.gestures.overview(dataset)) == {}
    assert mw.fewshot.first_masks.readiness(dataset).words


def later_fewshot(dataset: mw.Dataset) -> int:
    done: mw.fewshot.Round = mw.fewshot.propagate(dataset, dataset, mw.fewshot.learner())
    sure = [number for number, value in mw.fewshot.confidences(dataset, done.run).items() if value > 0.9]
    first: mw.Segments = mw.fewshot.suggestion(dataset, done.run, sure[0])
    return len(first) + mw.fewshot.accept(dataset, done.run, [sample.key for sample in dataset.read(sure)])


def video(sample: mw.Sample, segments: mw.Segments) -> None:
    assert "classical" in mw.video.names()
    assert mw.video.read_options("classical", {}) == {}
    assert mw.video.load("classical").__name__ == "maskwright.video.engines.classical"
    with mw.video.Frames.open(Path(sample.image.uri).parent) as frames:
        found: list[mw.video.Tracked] = list(mw.video.track(frames, {0: segments}))
        assert [step.frame for step in found] == [0, 1, 2, 3]
        tracked = list(mw.video.samples_of(frames, {0: segments}, "classical"))
    assert len(tracked) == 4
    assert mw.video.CLASSES.names == ["object"]


def later_video(view: mw.store.View, folder: Path, frames: mw.video.Frames) -> int:
    known = mw.video.masks_of(folder, frames)
    followed: mw.video.TrackingRun = mw.video.track_dataset(view, engine="classical")
    return len(known) + followed.tracks


def later_following(dataset: mw.Dataset) -> list[int]:
    followed: mw.video.Followed = mw.video.follow(dataset, 1, direction="forward", limit=3)
    return list(followed.suggested)


def runs(dataset: mw.Dataset) -> None:
    run: mw.Run = mw.Run.start(dataset, "predict", {"by": "hand"})
    run.add_predictions((number, dataset.read([number])[0].segments) for number in dataset.numbers())
    scores = mw.runs.evaluate(dataset, run)
    run.finish("done", scores)
    assert scores["mean_iou"] == 1
    record = mw.runs.find(dataset, "last")
    assert record["id"] == mw.runs.list_runs(dataset)[0]["id"] == run.id
    assert len(mw.runs.evaluations(dataset, run.id)) == 1
    assert mw.runs.compare(dataset, run.id, run.id)["settings"] == {}
    listed: mw.runs.Runs = dataset.runs
    first: mw.runs.RunRecord = listed[0]
    assert dataset.run(first.id).id == run.id
    assert len(mw.runs.sample_metrics(dataset, run.id, "mean_iou")) == 4
    truth = dataset["cells/1"].segments
    ious: dict[int, float] = mw.runs.segment_ious(truth, truth)
    run.log_segments("iou", {(2, segment): iou for segment, iou in ious.items()})
    assert set(mw.runs.segment_metrics(dataset, run.id, "iou").values()) == {1.0}
    assert f"{run.id}.iou" in [column.name for column in mw.runs.run_columns(dataset)]
    run.tags, run.notes = ["by-hand"], "nothing learned"
    assert isinstance(run, mw.runs.Run)


class Areas(mw.compute.Worker[int]):
    """How many pixels a sample's segments have."""

    def __call__(self, number: int, sample: mw.Sample) -> int:
        return int(sample.segments.masks.areas().sum())


class Kept(dict[int, int]):
    """Rows by sample; what `compute.map` writes to."""

    def done(self, numbers: Sequence[int]) -> list[int]:
        return [number for number in numbers if number in self]

    def write(self, number: int, rows: int) -> None:
        self[number] = rows


def compute(dataset: mw.Dataset) -> None:
    kept = Kept()
    sink: mw.compute.Sink[int] = kept
    outcome: mw.compute.Outcome = mw.compute.map(dataset, Areas(), sink)
    assert outcome.done == len(dataset)
    set_aside: tuple[mw.compute.SetAside, ...] = outcome.set_aside
    assert set_aside == ()
    assert mw.compute.map(dataset, Areas(), sink).before == len(dataset)
    with mw.compute.Journal(None, {"work": "areas"}) as journal:
        mw.compute.map(dataset, Areas(), journal)
        assert {number: journal[number] for number in journal} == kept


def insight(dataset: mw.Dataset) -> None:
    looking: mw.insight.looking.Looking = mw.insight.looking.Looking(dataset)
    names: list[mw.insight.askable.Askable] = mw.insight.askable.askable(dataset, dataset.frozen())
    assert "split" in {found.expression for found in names}
    found = looking.bars(looking.view(["split = 'val'"]).revision, "split")
    assert isinstance(found, mw.insight.charts.WordBars)
    assert not mw.insight.differences.differences(dataset, "head", "head").samples
    embedded: mw.insight.embedding.Embedded = mw.insight.embedding.embed(dataset, name="look_of_it", layout="pca")
    assert embedded.vectors + len(embedded.set_aside) == len(dataset)
    maps: list[mw.insight.points.MapColumn] = mw.insight.points.maps(dataset)
    look: np.ndarray = mw.insight.colour_texture.colour_texture(np.zeros((8, 8, 3), np.uint8))
    assert len(look)
    assert mw.insight.encoders.SIDE
    assert mw.insight.map_layout.COMPONENTS
    plot: mw.insight.scatter.Scatter = looking.scatter(dataset.revision, "height", "width", "sample")
    assert len(plot.x) == len(dataset)
    numbers, groups = mw.insight.together.grouped(
        looking.values(dataset.revision, "split"), np.array(dataset.numbers())
    )
    assert sum(number for _, number in groups) == len(numbers)
    rows = mw.insight.tables_of_choices.table_of_samples(looking, dataset.at(dataset.revision), [], ["split"])
    assert rows.num_rows == len(dataset)
    assert mw.insight.tables_of_runs.table_of_runs(dataset, [], "scores").num_rows == 0
    assert callable(mw.insight.figures_of_runs.figure_of_runs)
    none = mw.Segments.none((8, 8))
    assert mw.insight.judged_objects.judged_objects(none, none, dataset.classes) == []
    assert callable(mw.labelling.accept_run)
    assert maps[0].name == embedded.map


def labelling(dataset: mw.Dataset) -> None:
    gestures, assignments = mw.labelling.gestures, mw.labelling.assignments
    number = dataset.number_of("cells/2")
    first = gestures.Operation("gesture-1", "done", said=mw.labelling.workflow.Said("labelled"))
    applied: mw.labelling.gestures.Applied = gestures.apply(dataset, number, first, author="somebody")
    assert not applied.again
    assert gestures.apply(dataset, number, first, author="somebody").again
    assert assignments.assign(dataset, "somebody", count=1, author="lead")
    progress: mw.labelling.assignments.Progress = assignments.progress(dataset)
    assert progress
    assert mw.labelling.agreement.agreements(dataset) == []
    own, _ = mw.labelling.own_labels.read(dataset, number, "somebody")
    assert len(own) == 0


def later_training(dataset: mw.Dataset, folder: Path) -> dict[str, Any]:
    plan: mw.train.plan.Plan = mw.train.plan.plan(dataset, {"minutes": 5.0})
    settings: mw.Settings = plan.settings
    run = mw.Run.start(dataset, "train", settings.to_json())
    scores = mw.fit(dataset, settings, run)
    assert mw.train.fit is mw.fit
    assert mw.train.Settings is mw.Settings
    folds = mw.train.fit_folds(dataset, settings, 3)
    search = mw.train.sweep.parse_search(["lr=log(1e-4,1e-2)"])
    best = mw.train.sweep.sweep(dataset, settings, search, trials=4)
    found = mw.predict.predict_into_run(dataset, run.id, flip=True)
    info: mw.predict.ModelInfo = mw.predict.read_info((folder / "model.json").read_text(), folder)
    engine = mw.weights.pretrained("SamModel", folder)
    mw.weights.tokenizer(folder)
    return {"scores": scores, "folds": folds, "best": best, "found": found, "info": info, "engine": engine}


def settings() -> None:
    chosen = mw.Settings(model="unet/resnet18", epochs=3)
    assert chosen.to_json()["epochs"] == 3


def whose_move(error: mw.MaskwrightError) -> str:
    """A program that goes on by what kind of error it was."""
    match error:
        case mw.errors.LossError() | mw.errors.FormatError():
            return "the file's"
        case mw.errors.ConflictError() | mw.errors.DatasetError():
            return "the store's"
        case mw.errors.ModelError():
            return "the weights'"
        case mw.errors.MissingExtraError() | mw.errors.UsageError():
            return "the call's"
    return "nobody's"


def errors() -> None:
    assert issubclass(mw.errors.UsageError, mw.errors.MaskwrightError)
    try:
        mw.Dataset.open("nowhere at all")
    except mw.MaskwrightError as error:
        assert whose_move(error) == "the store's"
        assert "nowhere at all" in str(error)
    else:
        raise AssertionError("a dataset was opened where none is")


def registry() -> None:
    assert mw.registry.names("losses") == mw.losses.names()
    assert mw.registry.attributes("losses") == [name.replace("-", "_") for name in mw.losses.names()]
    assert mw.registry.load("losses", "dice") is mw.registry.attribute("losses", "dice")
    try:
        mw.registry.load("losses", "dise")
    except mw.errors.UsageError as error:
        assert "dice" in str(error)
    protocol: mw.registry.Protocol = mw.registry.FAMILIES["losses"]
    assert protocol.lack(mw.registry.load("losses", "dice")) is None
    assert mw.registry.canonical("focal_tversky") == "focal-tversky"
    assert mw.registry.fits(mw.registry.load("losses", "dice"), "loss(logits, target)")
    assert mw.registry.takes(mw.losses.dice.loss, "smooth", given=2)
    assert mw.registry.room("runs") is mw.runs
    for member in mw.registry.aside():
        refused: mw.registry.SetAside = member
        assert refused.reason
    for name in mw.registry.outside("formats"):
        mw.registry.set_aside("formats", name, "is not wanted here")
    mw.registry.forget()
    assert mw.registry.EXTRA_OF["torch"] == "train"
    assert isinstance(mw.registry.missing("torch", "a training"), mw.errors.MissingExtraError)
    with mw.registry.needing("numpy", "this program"):
        assert mw.registry.require("numpy", "this program") is np
    with mw.registry.naming("losses", "dice"):
        assert list(mw.registry.named([1, 2], "losses", "dice")) == [1, 2]
    assert mw.registry.ended(ValueError("no")) == "ends in ValueError (no)"


def figures(image: NDArray[np.uint8], segments: mw.Segments, classes: mw.Classes) -> None:
    assert mw.figures.overlay.overlay(image, segments, classes).shape == image.shape
    assert mw.figures.comparison.comparison(image, segments, segments, classes).shape == (48, 192, 3)
    curve = mw.figures.curves.curves({"a run": [(1, 0.5), (2, 0.75)]}, title="val/mean_iou")
    assert mw.figures.drawing.png(curve).startswith(b"\x89PNG")


def reports(dataset: mw.Dataset) -> None:
    page: str = mw.reports.dataset_report(dataset, examples=2)
    assert page.startswith("<!doctype html>")
    assert callable(mw.reports.run_report)
    assert callable(mw.reports.comparison_report)


def integrations(dataset: mw.Dataset) -> None:
    table = mw.integrations.torch.SampleDataset(dataset, dataset.classes)
    assert len(table) == 4


def demo(folder: Path) -> None:
    classes, samples = mw.build_demo_set(folder / "demo", number=1)
    assert samples[0].segments.label_map(classes).shape == samples[0].image.size
    assert mw.demo.build_demo_set is mw.build_demo_set


def testing(folder: Path) -> None:
    class TestCoco(mw.testing.FormatContract):
        name = "coco"

    assert TestCoco.name == "coco"
    assert len(mw.testing.make_samples(folder / "testing", 3)) == 3
    assert mw.testing.CLASSES.num_classes > 0
    for contract in (
        mw.testing.EngineContract, mw.testing.LossContract, mw.testing.MetricContract, mw.testing.ModelContract,
        mw.testing.PagesContract, mw.testing.TaskContract, mw.testing.TrackerContract, mw.testing.TransformContract,
    ):  # fmt: skip
        assert [name for name in vars(contract) if name.startswith("test_")]


def later_serving(folder: Path) -> Any:
    dataset, notes = mw.studio.open_place(str(folder), classes="cell,tissue")
    assert not notes
    mw.studio.serve(dataset, mw.studio.Serving(port=8000))
    return mw.studio.create_app(dataset, mw.studio.Settings(token="0123456789abcdef"))


def main(folder: Path) -> None:
    assert mw.__version__
    assert set(mw.__all__) == set(dir(mw))
    masks()
    conversions()
    errors()
    registry()
    settings()
    with a_dataset(folder) as dataset:
        sample = dataset["cells/0"]
        image = media(sample)
        formats(dataset, folder)
        metrics(sample, dataset.classes)
        transforms(image, sample.segments)
        figures(image, sample.segments, dataset.classes)
        reports(dataset)
        interactive(image, a_cell(4))
        clicks(dataset.where("split = 'val'"))
        video(sample, sample.segments)
        fewshot(dataset, image)
        runs(dataset)
        compute(dataset)
        labelling(dataset)
        insight(dataset)
        integrations(dataset)
        assert mw.diagnostics.diagnose(dataset=None)
    losses_and_models()
    weights(folder)
    sets(folder)
    demo(folder)
    testing(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    sys.stdout.write("done\n")
