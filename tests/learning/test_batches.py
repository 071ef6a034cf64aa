"""Prediction and evaluation in batches: the answers of one by one, in bounded memory."""

import itertools
import threading
import time

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from maskwright import models
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, ModelError, UsageError
from maskwright.metrics import confusion
from maskwright.predict import Predictor, checkpoint, predict_into_run, stages
from maskwright.predict.batch_size import BatchSize
from maskwright.predict.pixels import decided, segments_of, sums_by_class
from maskwright.runs import Run
from maskwright.store import Dataset, transfer
from maskwright.train import data, validation
from maskwright.train.distributed import Processes
from maskwright.train.task import Task

CLASSES = Classes([Class(3, "disc"), Class(8, "ground", "stuff"), Class(9, "rest", "stuff", "background")])
THINGS = Classes([Class(3, "disc"), Class(4, "bar")])
LITE = {"widths": (4, 4, 4, 4, 4), "decoder": 4}
QUERIES = {"queries": 8, "width": 32, "pixel_layers": 1, "decoder_layers": 2, "feedforward": 64, "points": 300}
#: name: model, task, config, what else its file says, what it is asked.
CASES = {
    "semantic": ("lite", "semantic", LITE, {}, {}),
    "scaled": ("lite", "semantic", LITE, {"scale": 0.7}, {"min_area": 3}),
    "mirrored": ("lite", "semantic", LITE, {}, {"flip": True, "scales": (1.0, 0.75)}),
    "windows": ("lite", "semantic", LITE, {"tile": 48}, {}),
    "mirrored windows": ("lite", "semantic", LITE, {"tile": 64}, {"flip": True}),
    "unet": ("unet2015", "semantic", {"base": 2}, {}, {}),
    "regions": (
        "maskrcnn", "instance", {"encoder": "resnet18", "norm": "group", "samples": 32, "proposals": 50},
        {"window": (64, 96)}, {"min_score": 0.1},
    ),
    "instance": ("mask2former", "instance", {**QUERIES, "encoder": "swin-nano"}, {"window": (64, 64)}, {"min_score": 0.01}),
    "panoptic": ("mask2former", "panoptic", {**QUERIES, "encoder": "swin-nano"}, {}, {"min_score": 0.4}),
    "semantic queries": ("mask2former", "semantic", {**QUERIES, "encoder": "swin-nano"}, {}, {}),
    "eomt": ("eomt", "panoptic", {"encoder": "nano", "side": 64, "queries": 8, "points": 300}, {}, {"min_score": 0.4}),
    "rfdetr": (
        "rfdetr", "instance",
        {"encoder": "nano", "side": 96, "queries": 8, "width": 32, "decoder_layers": 2, "groups": 2}, {}, {"min_score": 0.01},
    ),
}  # fmt: skip
#: Neighbours of one size, of sizes that enter as one, and of others.
SIZES = [(64, 80), (64, 80), (64, 80), (60, 70), (97, 33), (64, 80), (130, 150), (130, 150), (61, 77)]


def apart(answer: models.Queries) -> torch.Tensor:
    """Masks of random weights are much alike: what is each query's own."""
    return answer.mask_logits - answer.mask_logits.mean(1, keepdim=True)


class Balanced(torch.nn.Module):
    """A network of random weights that finds every class somewhere."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.stride = network.eval(), network.stride
        self.answers = getattr(network, "answers", "logits")
        with torch.inference_mode():
            found = network(torch.randn(4, 3, 64, 96, generator=torch.Generator().manual_seed(1)))
        parts = [found] if self.answers == "logits" else [found.class_logits.transpose(1, 2), apart(found)]
        self.usual = [
            (each.mean(axes, keepdim=True).clone(), each.std(axes, keepdim=True).clone())
            for each in parts
            for axes in [tuple(axis for axis in range(each.ndim) if axis != 1)]
        ]

    def forward(self, x: torch.Tensor) -> object:
        answer = self.network(x)
        middle, spread = self.usual[0]
        if self.answers == "logits":
            return (answer - middle) / spread
        kinds = 4 * ((answer.class_logits.transpose(1, 2) - middle) / spread).transpose(1, 2)
        middle, spread = self.usual[1]
        return answer._replace(class_logits=kinds, mask_logits=6 * (apart(answer) - middle) / spread - 6)


def made(case: str) -> tuple[Predictor, dict[str, object]]:
    model, task, config, said, asked = CASES[case]
    if model in ("mask2former", "eomt", "rfdetr"):
        pytest.importorskip("transformers")
    classes = THINGS if task == "instance" else CLASSES
    torch.manual_seed(3)
    network = models.build(model, classes.num_classes, **config)
    info = checkpoint.ModelInfo(model, classes.to_json(), config, task=task, **said)
    network = network if model == "maskrcnn" else Balanced(network)
    return Predictor(network, info, device="cpu", precision="fp32"), asked


def pictures(sizes=SIZES) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    out = []
    for size in sizes:
        small = Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8))
        out.append(np.asarray(small.resize(size[::-1], Image.Resampling.BICUBIC)))
    return out


def same(mine: Segments, theirs: Segments) -> None:
    assert mine.size == theirs.size
    assert mine.class_ids.tolist() == theirs.class_ids.tolist()
    differ = (mine.masks ^ theirs.masks).areas()
    assert differ.max(initial=0) <= 2, "but for pixels that lie on the line, by rounding"
    if theirs.scores is not None:
        assert np.allclose(mine.scores, theirs.scores, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("case", CASES)
def test_many_are_what_one_by_one_is(case) -> None:
    predictor, asked = made(case)
    images = pictures()
    alone = [predictor.predict(image, **asked) for image in images]
    assert sum(map(len, alone)), "something to compare"
    for batch_size in (3, 8):
        many = list(predictor.predict_many(images, batch_size=batch_size, **asked))
        for mine, theirs in zip(many, alone, strict=True):
            same(mine, theirs)


def test_ensembles_too(tmp_path) -> None:
    files = []
    for seed, scale in ((0, 1.0), (1, 0.8)):
        torch.manual_seed(seed)
        model = models.build("lite", 3, **LITE)
        info = checkpoint.ModelInfo("lite", CLASSES.to_json(), LITE, scale=scale)
        files.append(tmp_path / f"{seed}.safetensors")
        checkpoint.save(model, info, files[-1])
    predictor = Predictor.load(files, device="cpu")
    images = pictures()
    for mine, image in zip(predictor.predict_many(images, batch_size=4, flip=True), images, strict=True):
        same(mine, predictor.predict(image, flip=True))
        probs = predictor.probs(image, flip=True)
        assert (probs.argmax(0) != predictor.label_map(image, flip=True)).sum() <= 2


def test_networks_see_batches_of_neighbours_that_enter_at_one_size() -> None:
    predictor, _ = made("semantic")
    seen = []
    predictor.model.register_forward_pre_hook(lambda _, given: seen.append(tuple(given[0].shape)))
    list(predictor.predict_many(pictures(), batch_size=4))
    assert [shape[0] for shape in seen] == [4, 1, 1, 2, 1], "61 x 77 enters as 64 x 96, but its neighbours do not"
    assert seen[0][2:] == (64, 96)


def test_on_a_cpu_small_images_enter_together_and_large_ones_alone() -> None:
    cpu = BatchSize(torch.device("cpu"))
    assert [cpu.fitting(side * side) for side in (64, 128, 224, 320, 1000)] == [8, 8, 3, 1, 1]
    assert BatchSize(torch.device("cpu"), 5).fitting(10**9) == 5


def test_windows_of_an_image_enter_together() -> None:
    predictor, _ = made("windows")
    seen = []
    predictor.model.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    list(predictor.predict_many(pictures([(130, 150)]), batch_size=5))
    assert seen == [5, 5, 5, 1], "four by four"


def test_files_are_read_when_their_turn_comes_and_few_are_held(tmp_path) -> None:
    predictor, _ = made("semantic")
    Image.fromarray(pictures()[0]).save(tmp_path / "a.png")
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield tmp_path / "a.png"

    found = predictor.predict_many(endless(), batch_size=2)
    for answered, _ in enumerate(itertools.islice(found, 40), 1):
        assert taken - answered <= 2 * 2 * stages.MOST_THREADS + 8
    assert threading.active_count() < 40


def test_large_images_do_not_wait_in_rows(monkeypatch) -> None:
    predictor, _ = made("semantic")
    monkeypatch.setattr(stages, "ROOM", 64 * 80 * 3)
    taken = 0

    def counted():
        nonlocal taken
        for image in pictures([(64, 80)] * 6):
            taken += 1
            yield image

    found = predictor.predict_many(counted(), batch_size=1)
    for answered in range(1, 4):
        next(found)
        assert taken <= answered + 3


def test_an_error_comes_in_its_place() -> None:
    predictor, _ = made("semantic")
    images: list[object] = list(pictures())
    images[3] = "not-there.png"
    found = predictor.predict_many(images, batch_size=4)
    for _ in range(3):
        next(found)
    with pytest.raises(FormatError, match=r"not-there\.png"):
        next(found)
    with pytest.raises(UsageError, match="batch of 0"):
        predictor.predict_many(images, batch_size=0)
    regions, _ = made("regions")
    with pytest.raises(UsageError, match="answers objects"):
        regions.predict_many(images, flip=True)


class Small(torch.nn.Module):
    """Has memory for so many images."""

    stride = 32

    def __init__(self, most: int, error: type[Exception] = RuntimeError) -> None:
        super().__init__()
        self.most, self.error, self.seen = most, error, []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(x))
        if len(x) > self.most:
            raise self.error("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes")
        return x


def small(most: int, error: type[Exception] = RuntimeError, **said: object) -> Predictor:
    info = checkpoint.ModelInfo("small", CLASSES.to_json(), mean=(0, 0, 0), std=(1, 1, 1), **said)
    return Predictor(Small(most, error), info, device="cpu", precision="fp32")


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, torch.cuda.OutOfMemoryError])
def test_too_little_memory_makes_the_batch_smaller_and_is_said_once(error) -> None:
    predictor, notes = small(3, error), []
    images = pictures([(64, 80)] * 20)
    found = list(predictor.predict_many(images, batch_size=16, note=notes.append))
    assert notes == [
        "memory does not suffice for 16 images at once: going on with 8 images or windows",
    ]
    assert predictor.model.seen == [16, 8, 4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    for mine, image in zip(found, images, strict=True):
        same(mine, predictor.predict(image))


def test_windows_become_fewer_too() -> None:
    predictor, notes = small(2, tile=64), []
    [image] = pictures([(130, 150)])
    [found] = predictor.predict_many([image], batch_size=8, note=notes.append)
    assert len(notes) == 1
    assert predictor.model.seen[:3] == [8, 4, 2]
    same(found, small(2).predict(image))


def test_one_image_that_is_too_large_says_what_to_do() -> None:
    predictor = small(0)
    with pytest.raises(ModelError, match="one image of 6,144 pixels") as caught:
        predictor.predict(pictures()[0])
    assert "--tile" in str(caught.value)
    with pytest.raises(ModelError, match="--device"):
        list(predictor.predict_many(pictures(), batch_size=2))


def test_an_error_that_is_not_of_memory_is_its_images_own() -> None:
    class Picky(torch.nn.Module):
        stride = 32

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if (x[..., :64, :80].mean((1, 2, 3)) > 0.99).any():  # beyond it is black
                raise RuntimeError("too bright")
            return x

    info = checkpoint.ModelInfo("picky", CLASSES.to_json(), mean=(0, 0, 0), std=(1, 1, 1))
    predictor = Predictor(Picky(), info, device="cpu", precision="fp32")
    images = pictures([(64, 80)] * 4)
    images[2] = np.full_like(images[2], 255)
    found = list(
        predictor.answers_of(
            images, lambda image: (image, None), lambda answer, _: answer.label_map(),
            batch_size=BatchSize(predictor.device, 4),
        )
    )  # fmt: skip
    assert ["too bright" in str(each) for each in found] == [False, False, True, False]


# -- on the device


def test_the_probability_of_a_pixels_class_needs_no_softmax() -> None:
    logits = torch.randn(2, 5, 30, 40, generator=torch.Generator().manual_seed(0)) * 9
    top, labels = logits.softmax(1).max(1)
    mine, sure = decided(logits, logits=True, sure=True)
    assert (mine == labels).all()
    assert torch.allclose(sure, top, atol=1e-6)
    assert decided(logits, logits=True, sure=False)[1] is None
    sums = sums_by_class(mine, sure, 5)
    for row in range(2):
        want = np.bincount(labels[row].reshape(-1), weights=top[row].reshape(-1), minlength=5)
        assert np.allclose(sums[row], want)
    stuff = Classes([Class(k, f"c{k}", "stuff") for k in range(5)])
    a = segments_of(mine[0].numpy(), stuff, sure=sure[0].numpy())
    b = segments_of(mine[0].numpy(), stuff, sums=sums[0].numpy())
    same(a, b)


@pytest.mark.parametrize("ignore", [255, None, 2])
@pytest.mark.parametrize("kinds", [1, 4, 300])
def test_counts_made_on_the_device_are_the_same_integers(ignore, kinds) -> None:
    rng = np.random.default_rng(kinds)
    pred = rng.integers(-1, kinds + 2, (37, 41)).astype(np.int16)
    target = rng.integers(0, kinds, (37, 41)).astype(np.int16)
    if ignore is not None:
        target[rng.random(target.shape) < 0.2] = ignore
        pred[:3] = ignore
    want = confusion.update(pred, target, num_classes=kinds, ignore_index=ignore)
    found = confusion.update_on_device(torch.from_numpy(pred), target, num_classes=kinds, ignore_index=ignore)
    assert found.dtype == want.dtype
    assert np.array_equal(found, want)
    target[0, 0] = kinds + 7 if ignore != kinds + 7 else kinds + 8
    with pytest.raises(ValueError, match="not ignored"):
        confusion.update_on_device(torch.from_numpy(pred), target, num_classes=kinds, ignore_index=ignore)
    with pytest.raises(ValueError, match="differ in shape"):
        confusion.update_on_device(torch.from_numpy(pred), target[1:], num_classes=kinds)


# -- whole datasets


@pytest.fixture
def dataset(tmp_path):
    images = pictures([(64, 80)] * 7 + [(97, 33)] * 2)
    samples = []
    for number, image in enumerate(images):
        place = tmp_path / f"{number}.png"
        Image.fromarray(image).save(place)
        masks = np.zeros((2, *image.shape[:2]), bool)
        masks[0, 5 : 20 + number, 4:25] = True
        masks[1, 40:] = True
        samples.append(
            Sample(f"k{number}", ImageRef(str(place), image.shape[:2]), Segments(Masks.encode(masks), [3, 8]))
        )
    transfer.import_samples(tmp_path / "set", CLASSES, samples, "made")
    with Dataset.open(tmp_path / "set") as opened:
        yield opened


def saved(folder) -> str:
    predictor, _ = made("semantic")
    checkpoint.save(predictor.model.network, predictor.info, folder / "m.safetensors")
    return str(folder / "m.safetensors")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_holds_the_same_predictions_however_they_are_made(tmp_path, dataset, workers) -> None:
    file = saved(tmp_path)
    (tmp_path / "1.png").write_bytes(b"broken")
    runs = [
        predict_into_run(dataset, file, device="cpu", **how)
        for how in ({"batch_size": 4, "workers": workers}, {"timeout": 600})
    ]
    assert all(run["samples"] == 8 and len(run["set_aside"]) == 1 for run in runs)
    assert {run["device"] for run in runs} == {"cpu"}
    numbers = [number for number in dataset.numbers() if dataset.read([number])[0].key != "k1"]
    pairs = [(number, dataset.read([number])[0]) for number in numbers]
    mine, theirs = (Run.open(dataset, run["run"]).predictions(pairs) for run in runs)
    for a, b in zip(mine, theirs, strict=True):
        same(a, b)
    with pytest.raises(UsageError, match="batch_size"):
        predict_into_run(dataset, file, batch_size=0)


def test_notes_on_memory_reach_who_asked(tmp_path, dataset, monkeypatch) -> None:
    file, notes = saved(tmp_path), []
    monkeypatch.setattr(Predictor, "load", classmethod(lambda cls, *_, **__: small(1)))
    run = predict_into_run(dataset, file, device="cpu", batch_size=4, report=notes.append)
    assert notes == run["notes"] == ["memory does not suffice for 4 images at once: going on with 2 images or windows"]
    assert run["samples"] == 9


@pytest.mark.parametrize("case", ["semantic", "panoptic"])
def test_evaluation_counts_what_prediction_predicts(dataset, case) -> None:
    predictor, _ = made(case)
    task = Task(predictor.info.task, CLASSES, objects=case != "semantic")
    source = data.Source(dataset, task, 0)
    numbers = dataset.numbers()
    run = Run.start(dataset, "train", {})
    scores = validation.evaluate(predictor.model, predictor.info, source, numbers, Processes("cpu"), "fp32", run)
    counts = task.nothing()
    for number in numbers:
        image, truth = source.get(number)
        if task.objects:
            counts += task.asked.update(predictor.predict(image), truth, CLASSES)
        else:
            counts += confusion.update(predictor.label_map(image), truth, num_classes=3)
    want = task.scores(counts)
    assert scores[task.main] == pytest.approx(want[task.main], nan_ok=True, abs=1e-3)
    ended = validation.finish(predictor.model, predictor.info, numbers, source, run, "fp32", "cpu")
    assert ended[task.main] == pytest.approx(scores[task.main], nan_ok=True)
    assert run.predicted() == sorted(numbers)
    assert "samples" not in ended
    again = Run.start(dataset, "train", {})
    now = time.monotonic()
    few = validation.finish(predictor.model, predictor.info, numbers, source, again, "fp32", "cpu", until=now)
    assert few["samples"] == len(again.predicted()) == 1, "at least one"


def test_any_first_part_of_an_evaluation_lies_evenly_over_the_set() -> None:
    for length in (1, 2, 7, 64, 100):
        order = validation.evenly(range(length))
        assert sorted(order) == list(range(length))
        for part in range(2, length + 1):
            gaps = np.diff(sorted({*order[:part], length}))
            assert gaps.max() <= 4 * length / part + 1
