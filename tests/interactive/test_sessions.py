"""Sessions, the classical engine, clean-up, embeddings and the simulated annotator."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.core.masks import Masks
from maskwright.errors import UsageError
from maskwright.interactive import Answer, Cleanup, Embeddings, Prompts, Session, along, annotate, next_click
from maskwright.interactive.engines import classical, names
from maskwright.interactive.kernels.cut import smallest_cut
from maskwright.interactive.kernels.distances import geodesic
from maskwright.interactive.scene import DIRECTIONS, neighbours_of
from maskwright.metrics import clicks as metric


def picture(size=(120, 160), seed=0):
    """A red disk and a green square on a gray ground with noise -> image, disk, square."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    disk = np.hypot(y - 0.5 * size[0], x - 0.3 * size[1]) < 0.25 * size[0]
    square = (np.abs(y - 0.5 * size[0]) < 0.2 * size[0]) & (np.abs(x - 0.75 * size[1]) < 0.2 * size[0])
    image = np.full((*size, 3), 128.0)
    image[disk], image[square] = (200, 60, 50), (60, 160, 70)
    return (image + rng.normal(0, 12, image.shape)).clip(0, 255).astype(np.uint8), disk, square


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_a_click_a_box_and_a_scribble_find_the_object() -> None:
    image, disk, square = picture()
    session = Session(image)
    assert iou(session.click(48, 60).masks[0].decode(), disk) > 0.95
    assert iou(session.predict(boxes=[[90, 30, 150, 90]]).masks[0].decode(), square) > 0.9
    stroke = along([(105, 50), (135, 70)], 3)
    assert iou(session.predict(stroke).masks[0].decode(), square) > 0.95
    both = session.predict([(48, 60), (120, 60)])
    assert iou(both.masks[0].decode(), disk | square) > 0.9
    only = session.predict([(48, 60), (120, 60)], [1, 0])
    assert iou(only.masks[0].decode(), disk) > 0.95
    assert 0.5 < float(only.scores[0]) <= 1
    assert only.logits.shape[0] == 1
    assert only.logits.dtype == np.float32


def test_a_mask_is_corrected_not_forgotten() -> None:
    image, disk, square = picture()
    session = Session(image)
    session.correct(disk | square)
    answer = session.click(120, 60, on=False)
    assert iou(answer.masks[0].decode(), disk) > 0.9
    again = session.predict(mask=answer.logits[0])
    assert iou(again.masks[0].decode(), disk) > 0.9


@pytest.mark.slow
@given(st.integers(0, 10_000))
def test_clicks_always_hold(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = picture((60, 700), seed)[0]  # larger than the working image
    points = rng.uniform(0, 1, (8, 2)) * (700, 60)
    labels = np.r_[1, rng.integers(0, 2, 7)]
    pixels = points.astype(int)
    _, first = np.unique(pixels[::-1], axis=0, return_index=True)
    keep = np.sort(len(points) - 1 - first)  # of two clicks on one pixel the later holds
    for cleanup in (Cleanup(), Cleanup(keep_clicked=True, fill_holes=-1, smooth=2)):
        found = Session(image, cleanup=cleanup).predict(points, labels).masks[0].decode()
        assert (found[pixels[keep, 1], pixels[keep, 0]] == labels[keep].astype(bool)).all()


def test_the_same_clicks_give_the_same_mask_and_undo_goes_back() -> None:
    image, *_ = picture((90, 500))
    session = Session(image)
    first = session.click(150, 45)
    session.click(375, 45)
    third = session.click(300, 10, on=False)
    fresh = Session(image).predict([(150, 45), (375, 45), (300, 10)], [1, 1, 0])
    assert fresh.masks == third.masks
    session.undo()
    back = session.undo()
    assert back is not None
    assert back.masks == first.masks
    assert session.undo() is None
    assert session.undo() is None
    assert session.click(150, 45).masks == first.masks


@pytest.mark.parametrize(("prompts", "words"), [
    ({}, "no prompt"), ({"points": [(5, 500)]}, "outside"), ({"points": [(1, 1)], "point_labels": [2]}, "label 2"),
    ({"points": [(1, 1)], "point_labels": [1, 0]}, "1 points and 2"), ({"boxes": [(5, 5, 5, 9)]}, "no inside"),
    ({"mask": np.zeros(4)}, "shape"), ({"text": "a cat"}, "takes no text"),
])  # fmt: skip
def test_wrong_prompts_are_refused_with_words(prompts, words) -> None:
    with pytest.raises(UsageError, match=words):
        Session(picture()[0]).predict(**prompts)


def test_wrong_images_engines_and_options() -> None:
    with pytest.raises(UsageError, match="uint8, RGB"):
        Session(np.zeros((4, 4), np.uint8))
    with pytest.raises(UsageError, match="classical"):
        Session(picture()[0], "clasical")
    with pytest.raises(UsageError, match="smoothness"):
        Session(picture()[0], smoothness=3)
    assert "classical" in names()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 700), (5, 4)])
def test_tiny_and_narrow_images(size) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    session = Session(image)
    session.click(0.5, 0.5)
    answer = session.click(size[1] - 0.5, size[0] - 0.5, on=False)
    assert answer.masks.size == size
    assert Session(image).predict(boxes=[[0, 0, *size[::-1]]]).masks.size == size


def test_the_smallest_cut_is_scipys() -> None:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import maximum_flow

    rng = np.random.default_rng(0)
    for _ in range(60):
        nodes = rng.random(rng.integers(1, 8, 2)) < 0.8
        if not nodes.any():
            continue
        neighbours = neighbours_of(nodes)
        n = len(neighbours)
        capacity = rng.integers(0, 20, (n, 8)).astype(np.int32)
        capacity[neighbours < 0] = 0
        terminal = rng.integers(-40, 41, n).astype(np.int32)
        side = smallest_cut(neighbours, capacity.copy(), terminal.copy())
        i, d = np.nonzero(neighbours >= 0)
        cost = np.where(side, -np.minimum(terminal, 0), np.maximum(terminal, 0)).sum()
        cost += (capacity[i, d] * (side[i] & ~side[neighbours[i, d]])).sum()
        rows = np.r_[i, np.full(n, n), np.arange(n)]
        columns = np.r_[neighbours[i, d], np.arange(n), np.full(n, n + 1)]
        data = np.r_[capacity[i, d], np.maximum(terminal, 0), -np.minimum(terminal, 0)].astype(np.int32)
        graph = coo_matrix((data, (rows, columns)), shape=(n + 2, n + 2)).tocsr()
        assert cost == maximum_flow(graph, n, n + 1).flow_value
    assert [tuple(-x for x in DIRECTIONS[d ^ 1]) for d in range(8)] == list(DIRECTIONS)


def test_geodesic_distance_is_scikit_images() -> None:
    from skimage.graph import MCP_Geometric

    cost = np.random.default_rng(3).uniform(0.5, 4, (30, 40)).astype(np.float32)
    far = np.full(cost.shape, 1e6, np.float32)
    far[7, 9] = 0
    expected = MCP_Geometric(cost, fully_connected=True).find_costs([(7, 9)])[0]
    assert np.allclose(geodesic(cost, far, 20), expected, rtol=1e-4)


def test_clean_up() -> None:
    mask = np.zeros((1, 20, 30), bool)
    mask[0, 2:12, 2:12] = True
    mask[0, 5:7, 5:7] = False  # a hole of 4
    mask[0, 9, 9] = False  # a hole of 1
    mask[0, 15:18, 20:23] = True  # a part of 9
    masks = Masks.encode(mask)

    def cleaned(points=(), labels=(), **what):
        prompts = Prompts(np.array(points, np.float32).reshape(-1, 2), np.array(labels, np.int8))
        return int(Cleanup(**what)(masks, prompts).areas()[0])

    assert cleaned() == 104
    assert cleaned(min_area=10) == 95
    assert cleaned([(20.5, 15.5)], [1], min_area=10) == 104  # clicked: stays
    assert cleaned([(3, 3)], [1], keep_clicked=True) == 95
    assert cleaned(keep_clicked=True) == 104  # no click: nothing to go by
    assert cleaned(fill_holes=1) == 105
    assert cleaned(fill_holes=-1) == 109
    assert cleaned([(6.5, 6.5)], [0], fill_holes=-1) == 105  # someone clicked the hole away
    assert cleaned([(0.5, 0.5)], [1]) == 104  # no clean-up, no change
    assert cleaned(smooth=3) < 104


class Counting:
    """An engine with weights to speak of, which counts how often it encodes."""

    takes = frozenset({"points"})
    key = "w1"
    runs = 0

    def encode(self, image):
        self.runs += 1
        return {"pixels": image.astype(np.float32) / 7, "number": np.array([3])}

    def answer(self, encoded, prompts):
        mask = Masks.encode(np.ones((1, *encoded["pixels"].shape[:2]), bool))
        return Answer(mask, np.ones(1, np.float32), encoded["pixels"][None, ..., 0])


def test_embeddings_are_kept_in_memory_and_on_disk(tmp_path) -> None:
    engine = Counting()
    images = [picture(seed=seed)[0] for seed in range(3)]
    each = images[0].size * 2  # half precision
    kept = Embeddings(folder=tmp_path)
    kept.limit = 2 * each + 100
    first = Session(images[0], engine, embeddings=kept).predict([(1, 1)])
    for image in images:
        Session(image, engine, embeddings=kept)
    assert engine.runs == 3
    assert kept.holds(engine, images[0])
    again = Session(images[0], engine, embeddings=kept).predict([(1, 1)])  # from disk
    assert engine.runs == 3
    assert np.array_equal(first.logits, again.logits)
    assert sum(item.nbytes for held in kept._kept.values() for item in held.values()) <= kept.limit
    engine.key = "w2"  # other weights
    Session(images[0], engine, embeddings=kept)
    assert engine.runs == 4
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(path.read_bytes()[:50])  # cut short by a crash
    engine.key = "w1"
    Session(images[0], engine, embeddings=Embeddings(folder=tmp_path))
    assert engine.runs == 5
    small = Embeddings(folder=tmp_path, folder_megabytes=0)
    Session(images[1], engine, embeddings=small)
    assert not list(tmp_path.iterdir())


def test_the_annotator_clicks_into_the_largest_error() -> None:
    truth = np.zeros((20, 30), bool)
    truth[5:14, 5:14] = True
    assert next_click(truth, np.zeros_like(truth)) == (9, 9, True)
    assert next_click(truth, truth) is None
    found = truth.copy()
    found[3:18, 18:29] = True
    row, column, on = next_click(truth, found)
    assert not on
    assert 8 <= row <= 12
    assert column in (23, 24)
    free = np.ones_like(truth)
    free[9, 9] = False
    assert next_click(truth, np.zeros_like(truth), free)[:2] != (9, 9)
    for seed in range(20):
        row, column, on = next_click(truth, np.zeros_like(truth), jitter=0.5, rng=np.random.default_rng(seed))
        assert on
        assert 7 <= row <= 11
        assert 7 <= column <= 11


def test_annotating_a_set(tmp_path) -> None:
    image, disk, _ = picture()
    curve = annotate(Session(image), disk, until=0.9)
    assert curve.ious[-1] >= 0.9
    assert len(curve.ious) == len(curve.seconds) == len(curve.points) <= 3
    with pytest.raises(ValueError, match="no pixel"):
        annotate(Session(image), np.zeros_like(disk))


def test_counts_of_clicks_on_a_drawn_example() -> None:
    counts = metric.update([0.5, 0.86, 0.91]) + metric.update([0.2, 0.3], seconds=[1, 3])
    found = metric.compute(counts)
    assert found["noc@80"] == (2 + 20) / 2
    assert found["noc@85"] == (2 + 20) / 2
    assert found["noc@90"] == (3 + 20) / 2
    assert (found["nof@90"], found["nof@95"]) == (1, 2)
    assert found["iou@1"] == pytest.approx(0.35)
    assert found["iou@20"] == pytest.approx((0.91 + 0.3) / 2)
    assert found["seconds"] == 2
    assert np.isnan(metric.compute([])["noc@90"])
    with pytest.raises(ValueError, match="1 to 20"):
        metric.update([])


def test_evaluating_clicks_on_the_command_line(tmp_path, capsys) -> None:
    import json

    from maskwright.cli import main
    from maskwright.demo import build_demo_set
    from maskwright.store import Dataset

    classes, samples = build_demo_set(tmp_path / "pictures", number=4)
    with Dataset.create(tmp_path / "set", classes) as dataset, dataset.edit("pictures") as edit:
        for sample in samples:
            edit.add(sample)
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(tmp_path / "set"), "--clicks", "--objects", "3", "--json"])
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["objects"] == 3
    assert 1 <= found["noc@80"] <= 20
    assert found["iou@20"] > 0.5


@pytest.mark.slow
def test_few_clicks_on_berkeley(real) -> None:
    """Every seventh object; all of them, with the peers, are in benchmarks/clicks.py."""
    from PIL import Image

    folder = real("berkeley100")
    counts = []
    for path in sorted((folder / "masks").glob("*.png"))[::7]:
        photo = folder / "images" / f"{path.stem}.jpg"
        photo = photo if photo.is_file() else photo.with_stem(path.stem[:-1])
        truth = np.array(Image.open(path).convert("L")) > 127
        curve = annotate(Session(photo), truth, until=0.9)
        counts += metric.update(curve.ious.tolist())
    assert metric.compute(counts)["noc@90"] <= 9.0


def test_clicks_are_counted_alike_by_several_processes(tmp_path) -> None:
    from maskwright.demo import build_demo_set
    from maskwright.interactive import engines, evaluate_clicks
    from maskwright.store import Dataset

    known, samples = build_demo_set(tmp_path / "images", number=5, size=(64, 64))
    with Dataset.create(tmp_path / "set", known) as dataset:
        with dataset.edit("samples") as edit:
            for sample in samples:
                edit.add(sample)
        settings = {"limit": 3, "min_area": 30, "jitter": 0.7}

        def counted(**more) -> dict:
            found = evaluate_clicks(dataset, engines.build("classical"), **settings, **more)
            return {name: value for name, value in found.items() if "second" not in name}

        whole = counted()
        assert whole["objects"] > 5
        assert counted(workers=2) == whole
        assert counted(seed=1) != whole
        few = counted(objects=3, workers=2)
        assert (few["objects"], few) == (3, counted(objects=3))
        dataset_image = dataset[0].image.uri
        with open(dataset_image, "wb") as file:
            file.write(b"no image")
        some = counted()
        assert [sample["key"] for sample in some["set_aside"]] == dataset.keys()[:1]
        assert 0 < some["objects"] < whole["objects"]


def test_options_reach_the_engine() -> None:
    assert classical.load(side=200).weights.side == 200


def test_names_of_pictures_become_good_keys(tmp_path, monkeypatch) -> None:
    """Also of pictures that are named from another folder, and of two that are called the same."""
    from PIL import Image

    from maskwright.core.names import key_problem
    from maskwright.errors import FormatError
    from maskwright.interactive import to_samples

    names = [
        "in/p.png",
        "other/p.png",
        "other/in/p.png",
        "in/a\\b.png",
        "in/" + "x" * 230 + ".png",
        "in/cafe\u0301.png",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture()[0]).save(tmp_path / name)
    (tmp_path / "in" / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "in" / "deeper")
    paths = [Path("../..") / name for name in names] + [Path("../p.png")]
    found = list(to_samples.samples(paths, "classical", {}, {"points": [[50, 40]], "boxes": None, "text": None}))
    keys = [sample.key for sample in found]
    assert len(set(keys)) == len(names) + 1
    assert not [key for key in keys if key_problem(key) is not None]
    assert keys[:2] == ["p", "other/p"]
    to_samples.draw(found, tmp_path / "out")
    assert len(list((tmp_path / "out").rglob("*.png"))) == len(keys)
    with pytest.raises(FormatError, match="overwritten"):
        to_samples.draw(found[:1], tmp_path / "out")
