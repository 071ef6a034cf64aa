"""Networks that answer objects: exact sizes, the door to segments, training and judging."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_networks import SMALL

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from maskwright import models
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.models import Objects, Regions
from maskwright.predict import Predictor, checkpoint, objects
from maskwright.predict.tasks import instance, panoptic
from maskwright.runs import Run
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, fit
from maskwright.train.task import Task, chosen_task

OBJECTS = ("eomt", "mask2former", "maskrcnn", "oneformer", "rfdetr")
CLASSES = Classes(
    [Class(3, "disc"), Class(4, "bar"), Class(9, "ground", "stuff"), Class(20, "void", "stuff", "ignore")]
)


def parameters(spec: str, kinds: int, **config: object) -> int:
    return sum(parameter.numel() for parameter in models.build(spec, kinds, **config).parameters())


def test_exact_sizes() -> None:
    assert parameters("maskrcnn", 90) == 44_454_513
    assert parameters("maskrcnn", 90, version=2) == 46_359_409
    assert parameters("mask2former", 80) == 47_423_179
    assert parameters("mask2former/resnet50", 80) == 44_023_377
    assert parameters("oneformer", 150) == 50_737_938


@pytest.mark.slow
def test_exact_sizes_of_large_ones() -> None:
    assert parameters("mask2former/swin-large", 80, queries=200) == 215_525_061
    assert parameters("eomt", 2) == 316_561_411


def torch_enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    x = torch.from_numpy(values)[None]
    return torch.nn.functional.interpolate(x, size=size, mode="bilinear", align_corners=False)[0].numpy()


@given(st.integers(0, 10**6))
def test_the_door_decides_as_enlarging_with_torch_and_comparing_would(seed: int) -> None:
    rng = np.random.default_rng(seed)
    h, w, high, wide = (int(integer) for integer in (*rng.integers(1, 12, 2), *rng.integers(1, 60, 2)))
    values = (rng.normal(size=(int(rng.integers(1, 4)), h, w)) + rng.choice([-1.5, 0, 1.5])).astype(np.float32)
    dense = torch_enlarged(values, (high, wide))
    masks = objects.masks_above(values, (high, wide), np.array([h / high, 0, w / wide, 0]))
    canonical = Masks.from_counts(
        [masks.counts[masks.offsets[k] : masks.offsets[k + 1]] for k in range(len(masks))], (high, wide)
    )
    assert canonical == masks
    assert not ((masks.decode() != (dense > 0)) & (np.abs(dense) > 1e-5)).any()
    if len(values) > 1:
        labels = objects.label_map(values, (high, wide))
        ranked = np.sort(dense, axis=0)
        assert (labels == dense.argmax(0))[ranked[-1] - ranked[-2] > 1e-4].all()


@given(st.integers(0, 10**6))
def test_panoptic_assignment_is_the_papers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    number, h, w, high, wide = 6, 5, 6, 23, 31
    coarse = torch_enlarged(rng.normal(size=(number, 3, 3)).astype(np.float32) * 6, (h, w))
    logits = rng.normal(size=(number, 4)).astype(np.float32) * 3
    found = objects.from_queries(logits, coarse, CLASSES, (high, wide), "panoptic", threshold=0.4, overlap=0.8)
    # The published inference code, dense.
    probs = torch.from_numpy(logits).softmax(1)[:, :-1].numpy()
    kinds, scores = probs.argmax(1), probs.max(1)
    keep = np.flatnonzero(scores > 0.4)
    want: dict[tuple[int, int], np.ndarray] = {}
    if keep.size:
        masks = torch_enlarged(1 / (1 + np.exp(-coarse[keep])), (high, wide))
        winner = (masks * scores[keep][:, None, None]).argmax(0)
        for row, query in enumerate(keep):
            whole, mine = masks[row] >= 0.5, winner == row
            inside = whole & mine
            if whole.sum() == 0 or inside.sum() == 0 or mine.sum() == 0 or inside.sum() / whole.sum() < 0.8:
                continue
            kind = int(kinds[query])
            key = (kind, -1 if kind == 2 else int(query))
            want[key] = want.get(key, np.zeros((high, wide), bool)) | inside
    mine = found.masks.decode()
    ids = {0: 3, 1: 4, 2: 9}
    assert sorted(found.class_ids.tolist()) == sorted(ids[kind] for kind, _ in want)
    for (kind, _), mask in want.items():
        near = [(each != mask).sum() for each, own in zip(mine, found.class_ids, strict=True) if own == ids[kind]]
        assert min(near) <= 2, "but for ties in rounding"


def test_instances_keep_overlaps_and_rank_by_certainty() -> None:
    logits = np.full((3, 8, 8), -9, np.float32)
    logits[0, 1:6, 1:6] = 9
    logits[1, 3:8, 3:8] = 1
    kinds = np.array([[9, 0, 0, 0], [0, 9, 0, 0], [0, 0, 0, 9]], np.float32)
    found = objects.from_queries(kinds, logits, CLASSES, (8, 8), "instance")
    assert found.class_ids.tolist() == [4, 3], "the surest lies on top"
    assert found.masks.areas().tolist() == [25, 25]
    assert found.scores[1] > 0.99
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-1)), abs=0.01)
    ground = objects.from_queries(kinds, logits, CLASSES, (8, 8), "semantic")
    assert set(ground.class_ids.tolist()) <= {3, 4, 9}
    nothing = objects.from_queries(kinds[2:], logits[2:], CLASSES, (8, 8), "panoptic")
    assert len(nothing) == 0
    assert nothing.size == (8, 8)


def test_mask_rcnn_sees_pictures_at_the_size_they_come_in() -> None:
    model = models.build("maskrcnn", 2, **SMALL["maskrcnn"], min_score=0.0).eval()
    seen = []
    model.network.backbone.register_forward_hook(lambda _, inputs, __: seen.append(tuple(inputs[0].shape[-2:])))
    with torch.no_grad():
        found = model(torch.rand(1, 3, 64, 96))[0]
    assert seen == [(64, 96)]
    assert float(found.boxes.max()) <= 96
    model.train()
    model(torch.rand(1, 3, 64, 96), [Objects(torch.tensor([0]), torch.ones(1, 64, 96, dtype=torch.bool))])
    assert seen[1] == (64, 96)


def test_masks_of_boxes_lie_where_the_box_is() -> None:
    found = Regions(
        torch.tensor([[2.0, 3.0, 8.0, 9.0], [0.0, 0.0, 4.0, 4.0]]), torch.tensor([1, 0]), torch.tensor([0.9, 0.01]),
        torch.ones(2, 28, 28),
    )  # fmt: skip
    segments = objects.from_regions(found, CLASSES, (20, 20))
    assert segments.class_ids.tolist() == [4]
    assert segments.masks.boxes().tolist() == [[2, 3, 8, 9]]
    assert segments.masks.areas().tolist() == [36]
    double = objects.from_regions(found, CLASSES, (40, 40), scale=(0.5, 0.5))
    assert double.masks.boxes().tolist() == [[4, 6, 16, 18]]


def test_tasks_follow_the_network_and_the_classes() -> None:
    things = Classes([Class(1, "a"), Class(2, "b")])
    stuff = Classes([Class(1, "a", "stuff"), Class(2, "b", "stuff")])
    mask2former, maskrcnn = "mask2former/swin-nano", "maskrcnn"
    assert chosen_task(mask2former, "auto", CLASSES) == "panoptic"
    assert chosen_task(mask2former, "auto", things) == "instance"
    assert chosen_task(mask2former, "auto", stuff) == "semantic"
    assert chosen_task(maskrcnn, "auto", CLASSES) == "instance"
    with pytest.raises(UsageError, match="no class of the dataset is a thing"):
        chosen_task(maskrcnn, "auto", stuff)
    with pytest.raises(UsageError, match="finds instances"):
        chosen_task(maskrcnn, "panoptic", CLASSES)
    with pytest.raises(UsageError, match="gives each pixel a class"):
        chosen_task("lite", "instance", CLASSES)
    assert instance.learned(CLASSES)[0].names == ["disc", "bar"]
    assert panoptic.learned(CLASSES)[0].names == ["disc", "bar", "ground"]


def test_truth_for_networks_leaves_out_crowds_and_joins_stuff() -> None:
    dense = np.zeros((5, 6, 6), bool)
    dense[0] = True  # ground
    dense[1, :2] = True  # ground again, elsewhere
    dense[2, 2:4, 2:4] = True  # disc
    dense[3, 3:5, 3:5] = True  # disc over it
    dense[4, 5:] = True  # a crowd of bars
    segments = Segments(Masks.encode(dense), [9, 9, 3, 3, 4], is_crowd=[False] * 4 + [True])
    joined = Task("panoptic", panoptic.learned(CLASSES)[0], objects=True).targets(segments)
    assert joined.class_indices.tolist() == [2, 0, 0]
    assert joined.masks.sum((1, 2)).tolist() == [36 - 7 - 6, 3, 4]
    apart = Task("instance", instance.learned(CLASSES)[0], objects=True)
    truth = apart.truth(Sample("a", ImageRef("a.png", (6, 6)), segments))
    assert apart.targets(truth).masks.sum((1, 2)).tolist() == [4, 4]


def pictures(folder, number=6, side=64) -> list[Sample]:
    """Discs and bars on a ground, told apart by colour."""
    from PIL import Image

    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side] + 0.5
    samples = []
    for k in range(number):
        masks = [np.ones((side, side), bool)]
        image = np.full((side, side, 3), 70, np.uint8)
        kinds = [9]
        for place in ((18, 18), (46, 44)):
            disc = rng.random() < 0.5
            away = (
                np.hypot(y - place[0], x - place[1])
                if disc
                else np.maximum(np.abs(y - place[0]) / 2, np.abs(x - place[1]))
            )
            mask = away < (11 if disc else 7)
            image[mask] = (220, 60, 50) if disc else (60, 90, 230)
            masks.append(mask)
            kinds.append(3 if disc else 4)
        folder.mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / f"{k}.png")
        segments = Segments(Masks.encode(np.stack(masks)), kinds).visible()
        samples.append(
            Sample(str(k), ImageRef(str(folder / f"{k}.png"), (side, side)), segments, split=["train", "val"][k % 2])
        )
    return samples


@pytest.fixture
def dataset(tmp_path):
    transfer.import_samples(tmp_path / "dataset", CLASSES, pictures(tmp_path / "pictures"), "made")
    with Dataset.open(tmp_path / "dataset") as opened:
        yield opened


SETTINGS = Settings(
    epochs=2, batch_size=3, size=(64, 64), scale=(1.0, 1.0), stretch=0.0, evaluations=1, precision="fp32", lr=1e-3,
    ema=0.5, overlays=1, colour=False,
)  # fmt: skip


@pytest.mark.train
@pytest.mark.parametrize(("name", "main"), [
    ("mask2former", "pq"), ("oneformer", "pq"), ("eomt", "pq"), ("rfdetr", "AP"), ("maskrcnn", "AP"),
])  # fmt: skip
def test_every_network_of_objects_trains_judges_and_comes_back(dataset, name, main) -> None:
    settings = replace(SETTINGS, model=name, config=SMALL[name])
    run = Run.start(dataset, "train", settings.to_json(), name="one")
    scores = fit(run.view, settings, run)
    assert scores["main"] == main
    assert scores[main] is None or 0 <= scores[main] <= 1
    assert list((run.folder / "overlays").glob("val-*.jpg"))
    predictor = Predictor.load(run.folder / "best.safetensors", device="cpu")
    for size in ((64, 64), (37, 90)):
        image = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
        assert predictor.predict(image).size == size
        assert predictor.label_map(image).shape == size
    with pytest.raises(UsageError, match="answers objects"):
        predictor.probs(image)
    with pytest.raises(UsageError, match="answers objects"):
        predictor.predict(image, flip=True)


@pytest.mark.train
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "maskrcnn" else name for name in OBJECTS]
)
def test_every_network_of_objects_learns_two_pictures(name: str) -> None:
    torch.manual_seed(0)
    model = models.build(name, 2, **SMALL[name]).train()
    x = torch.rand(2, 3, 64, 64)
    masks = torch.zeros(2, 2, 64, 64, dtype=torch.bool)
    masks[:, 0, 8:40, 8:40], masks[:, 1, 44:60, 20:60] = True, True
    x[:, 0] += 2.0 * masks[:, 0]
    x[:, 2] += 2.0 * masks[:, 1]
    truth = [Objects(torch.tensor([0, 1]), mask) for mask in masks]
    nothing = [Objects(torch.zeros(0, dtype=torch.long), mask[:0]) for mask in masks]
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    values = []
    for _ in range(60 if name == "rfdetr" else 30):  # it learns in groups of queries, more slowly
        loss = model(x, truth)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        values.append(loss.item())
    assert min(values[-8:]) < 0.75 * values[0]
    assert torch.isfinite(model(x, nothing)), "a picture without objects teaches too"


def test_a_checkpoint_of_objects_knows_its_task(tmp_path) -> None:
    model = models.build("mask2former", 3, **SMALL["mask2former"]).eval()
    info = checkpoint.ModelInfo("mask2former", CLASSES.to_json(), SMALL["mask2former"], task="panoptic", scale=0.5)
    checkpoint.save(model, info, tmp_path / "m.safetensors")
    predictor = Predictor.load(tmp_path / "m.safetensors", device="cpu")
    assert predictor.info.task == "panoptic"
    found = predictor.predict(np.zeros((50, 70, 3), np.uint8), min_score=0.0)
    assert found.size == (50, 70)
    assert int(found.masks.areas().sum()) <= 50 * 70


def test_augmentations_move_segments_as_they_move_label_maps() -> None:
    from maskwright.transforms import colour, flip, scale_crop

    label = np.zeros((50, 70), np.uint8)
    label[10:30, 20:50], label[35:45, 5:60] = 1, 2
    image = np.repeat(label[..., None] * 90, 3, axis=2)
    dense = np.stack([label == 1, label == 2])
    segments = Segments(Masks.encode(dense), [3, 4])
    for seed in range(25):
        pairs = []
        for target in (label, segments):
            rng = np.random.default_rng(seed)
            pixels, moved = scale_crop.apply(image, target, rng, size=(32, 48), scale=(0.4, 1.5), fill=0)
            pixels, moved = flip.apply(pixels, moved, rng, vertical=0.5, turn=True)
            pixels, moved = colour.apply(pixels, moved, rng)
            pairs.append((pixels, moved))
        (a, flat), (b, found) = pairs
        assert np.array_equal(a, b)
        for k, mask in enumerate(found.masks.decode(), 1):
            assert (mask == (flat == k)).mean() > 0.995, "both are nearest neighbours, their ties may differ"


def test_small_pictures_are_set_into_the_window_they_were_trained_in(tmp_path) -> None:
    """Group normalisation sees the whole picture: another frame around it would be another picture."""
    torch.manual_seed(0)
    classes = Classes([Class(1, "a"), Class(2, "b")])
    config = {"norm": "group", "mask_cells": 7, "mask_channels": 16, "head": 32, "proposals": 20, "min_score": 0.0}
    info = checkpoint.ModelInfo("maskrcnn/resnet18", classes.to_json(), config, task="instance", window=(96, 128))
    checkpoint.save(models.build("maskrcnn/resnet18", 2, **config).eval(), info, tmp_path / "m.safetensors")
    predictor = Predictor.load(tmp_path / "m.safetensors", device="cpu")
    small = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    framed = np.zeros((96, 128, 3), np.uint8)
    framed[:60, :90] = small
    x, inner = predictor._entered(predictor._tensor(small))
    y, _ = predictor._entered(predictor._tensor(framed))
    assert inner == (60, 90)
    assert torch.equal(x, y)
    assert predictor.predict(small, min_score=0.0).size == (60, 90)
    larger = np.zeros((100, 90, 3), np.uint8)
    assert predictor._entered(predictor._tensor(larger))[0].shape[2:] == (128, 128)
