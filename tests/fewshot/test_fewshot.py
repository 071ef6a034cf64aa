"""Learning from a few labelled images, and passing it on to the rest of a dataset."""

import json

import numpy as np
import pytest

from maskwright import fewshot, media
from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import ModelError, UsageError
from maskwright.fewshot import Learner
from maskwright.fewshot.engines._features import features, has_colour
from maskwright.fewshot.engines._objects import Lessons
from maskwright.fewshot.engines.forest import _Trees
from maskwright.store import Dataset

CLASSES = Classes([Class(0, "ground", "stuff", "background"), Class(3, "cell", "thing"), Class(7, "grass", "stuff")])


def cells(folder, key: str, seed: int, size=(96, 112)) -> Sample:
    """Bright disks, some touching, on dark ground beside a striped strip."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    image = np.full(size, 60.0)
    masks, ids = [], []
    grass = x > size[1] - 25
    image[grass] = 110 + 40 * np.sin(y * 1.6)[grass]
    masks.append(grass)
    ids.append(7)
    taken = np.zeros(size, bool)
    cy0 = cx0 = 0.0
    for k in range(7):
        cy, cx = rng.uniform(10, size[0] - 10), rng.uniform(10, size[1] - 40)
        if k % 2 and len(masks) > 1:  # beside the last one
            cy, cx = min(max(cy0 + 4, 9), size[0] - 9), cx0 + 16
            if cx > size[1] - 36:
                continue
        disk = (np.hypot(y - cy, x - cx) < 8) & ~grass
        if (disk & taken).sum() > 0.1 * disk.sum():
            continue
        cy0, cx0 = cy, cx
        disk &= ~taken
        taken |= disk
        image[disk] = 190 - 7 * np.hypot(y - cy, x - cx)[disk]
        masks.append(disk)
        ids.append(3)
    image = (image + rng.normal(0, 6, size)).clip(0, 255).astype(np.uint8)
    path = folder / f"{key}.png"
    Image.fromarray(image).save(path)
    return Sample(key, ImageRef(str(path), size), Segments(Masks.encode(np.stack(masks)), ids))


@pytest.fixture
def pictures(tmp_path) -> list[Sample]:
    return [cells(tmp_path, f"p{k}", k) for k in range(6)]


def mean_iou(guess, sample) -> float:
    a, b = guess.segments.label_map(CLASSES), sample.segments.label_map(CLASSES)
    return float(np.mean([((a == k) & (b == k)).sum() / ((a == k) | (b == k)).sum() for k in range(3)]))


def matched(guess, sample) -> float:
    """F1 of cells at IoU 0.5."""
    found, true = (segments[segments.class_ids == 3].masks for segments in (guess.segments, sample.segments))
    hits = (found.iou(true) > 0.5).any(axis=0).sum()
    return 2 * hits / (len(found) + len(true))


def test_the_forest_learns_from_two_images_and_tells_touching_cells_apart(pictures) -> None:
    learner: Learner = fewshot.learner("forest", trees=8, pixels=4000)
    learner.fit(pictures[:2], CLASSES)
    guesses = [learner.predict(media.read(sample.image).display()) for sample in pictures[2:]]
    assert np.mean([mean_iou(*pair) for pair in zip(guesses, pictures[2:], strict=True)]) > 0.85
    assert np.mean([matched(*pair) for pair in zip(guesses, pictures[2:], strict=True)]) > 0.85
    guess = guesses[0]
    assert guess.segments.source == ["model"] * len(guess.segments)
    assert (guess.segments.scores > 0.5).all()
    assert guess.uncertainty.shape == pictures[2].image.size
    assert guess.uncertainty.min() >= 0
    assert guess.uncertainty.max() <= 1
    assert 0 < guess.confidence < 1
    seen = learner.predict(media.read(pictures[0].image).display())
    assert seen.confidence > np.mean([each_guess.confidence for each_guess in guesses])


def test_the_same_samples_give_the_same_forest_however_they_come(pictures) -> None:
    at_once, bit_by_bit = (fewshot.learner("forest", trees=4, pixels=1000) for _ in range(2))
    at_once.fit(pictures[:3], CLASSES)
    bit_by_bit.fit(pictures[:1], CLASSES)
    bit_by_bit.add(pictures[1:2])
    bit_by_bit.add(pictures[2:3])
    image = media.read(pictures[4].image).display()
    assert at_once.predict(image).segments == bit_by_bit.predict(image).segments


def test_strips_of_a_large_image_fit_together(pictures, monkeypatch) -> None:
    from maskwright.fewshot.engines import forest

    learner = fewshot.learner("forest", trees=4, pixels=1000, position=True)
    learner.fit(pictures[:2], CLASSES)
    image = np.tile(media.read(pictures[3].image).display(), (6, 1, 1))
    whole = learner.probs(image)
    monkeypatch.setattr(forest, "TILE", 112 * 200)
    strips = learner.probs(image)
    assert whole.shape == strips.shape
    assert (whole.argmax(axis=0) == strips.argmax(axis=0)).mean() > 0.995


def test_trees_answer_as_scikit_learns() -> None:
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 5)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(int) * 2  # class 1 does not come up
    settings = fewshot.learner("forest")
    trees = _Trees(x, y, np.ones(900, np.float32), settings, 5, 3)
    theirs = RandomForestClassifier(
        5, max_depth=settings.depth, min_samples_leaf=3, max_features="sqrt", random_state=settings.seed
    ).fit(x, y, sample_weight=np.ones(900))
    new = rng.normal(size=(20, 30, 5)).astype(np.float32)
    found = trees.probs(new)
    assert np.allclose(found[[0, 2]].reshape(2, -1).T, theirs.predict_proba(new.reshape(-1, 5)), atol=1e-5)
    assert not found[1].any()


def test_features_of_colours_and_small_images() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (3, 5, 3), dtype=np.uint8)
    assert has_colour(image)
    assert not has_colour(np.repeat(image[..., :1], 3, axis=2))
    wide = features(image, position=True)
    assert wide.shape[:2] == (3, 5)
    assert np.isfinite(wide).all()
    assert features(image, colour=False).shape[2] < wide.shape[2]


def test_what_is_taught_about_things_in_numbers() -> None:
    masks = np.zeros((3, 12, 24), bool)
    masks[0, :, :12], masks[1, :, 12:], masks[2, 3:9, 4:6] = True, True, True
    several = Segments(Masks.encode(masks), [3, 3, 7])
    lessons = Lessons(CLASSES, [several])
    assert (lessons.rimmed, lessons.number) == ([1], 4)
    taught = lessons.teach(several)
    assert taught[5, 11] == taught[5, 12] == 3  # where two touch
    assert taught[5, 8] == 1
    assert taught[5, 4] == 2  # what lies on top hides what is below
    each_lessons = Lessons(CLASSES, [several[[0, 2]]])
    assert (each_lessons.rimmed, each_lessons.number) == ([], 3)
    # Without a declared background, pixels that no segment covers are one.
    bare = Classes([Class(3, "cell", "thing")])
    assert Lessons(bare, [several[[0]]]).number == 2


def test_learners_refuse_before_they_have_learned(pictures) -> None:
    for name in ("forest", "network"):
        with pytest.raises(ValueError, match="fit"):
            fewshot.learner(name).predict(media.read(pictures[0].image).display())
        with pytest.raises(ValueError, match="at least one"):
            fewshot.learner(name).fit([], CLASSES)
    for name in ("seggpt", "dino"):
        with pytest.raises(UsageError, match="needs weights"):
            fewshot.learner(name)
    with pytest.raises(UsageError, match="Did you mean 'forest'"):
        fewshot.learner("forst")


@pytest.mark.slow
@pytest.mark.train
def test_the_network_learns_too(pictures) -> None:
    learner = fewshot.learner("network", epochs=120)
    learner.fit(pictures[:3], CLASSES)
    assert (
        np.mean([mean_iou(learner.predict(media.read(sample.image).display()), sample) for sample in pictures[3:]])
        > 0.6
    )


def test_the_network_learns_from_what_it_is_shown_of_images_with_alpha(tmp_path) -> None:
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    label = np.zeros((64, 64), np.uint8)
    label[:, 32:] = 1
    sample = Sample("a", ImageRef(str(tmp_path / "a.png"), (64, 64)), Segments.from_label_map(label))
    learner = fewshot.learner("network", epochs=1, device="cpu")
    learner.fit([sample], Classes([Class(0, "a", "stuff"), Class(1, "b", "stuff")]))
    assert learner.predict(media.read(sample.image).display()).segments.size == (64, 64)


# -- networks of transformers, with tiny random weights


@pytest.fixture
def tiny_seggpt(tmp_path):
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(0)
    config = transformers.SegGptConfig(
        hidden_size=32, num_hidden_layers=5, num_attention_heads=4, mlp_dim=64, image_size=[128, 64], patch_size=16,
        pretrain_image_size=64, decoder_hidden_size=16, merge_index=0, intermediate_hidden_state_indices=[1, 2, 3, 4],
    )  # fmt: skip
    transformers.SegGptForImageSegmentation(config).save_pretrained(tmp_path / "seggpt")
    return tmp_path / "seggpt"


def test_seggpt_paints_as_the_reference_processor_reads(tiny_seggpt, pictures) -> None:
    import torch
    import transformers

    learner = fewshot.learner("seggpt", weights=str(tiny_seggpt))
    learner.fit(pictures[:1], CLASSES)
    image = media.read(pictures[2].image).display()
    palette = learner._palette(None)
    processor = transformers.SegGptImageProcessor(size={"height": 64, "width": 64})
    labels = learner.lessons.teach(pictures[0].segments)
    kinds = learner.lessons.number - 1  # black is the background
    inputs = processor(
        images=image, prompt_images=media.read(pictures[0].image).display(), prompt_masks=labels, num_labels=kinds,
        return_tensors="pt",
    )  # fmt: skip
    model = transformers.SegGptForImageSegmentation.from_pretrained(tiny_seggpt).eval()
    with torch.inference_mode():
        out = model(**inputs)
    expected = processor.post_process_semantic_segmentation(out, num_labels=kinds)[0].numpy()
    painted = learner.painted(image, palette).numpy()
    mine = ((painted[None] - palette[: kinds + 1, :, None, None].astype(np.float32)) ** 2).sum(axis=1).argmin(axis=0)
    assert (mine == expected).mean() > 0.999
    probs = learner.probs(image)
    assert probs.shape == (kinds + 1, *image.shape[:2])
    assert np.allclose(probs.sum(axis=0), 1, atol=1e-5)


def test_seggpt_with_several_examples(tiny_seggpt, pictures) -> None:
    image = media.read(pictures[4].image).display()
    answers = []
    for options in (
        {}, {"examples": 1}, {"ensemble": "spatial"}, {"colours": "random", "repeats": 2}, {"kind": "semantic"},
    ):  # fmt: skip
        learner = fewshot.learner("seggpt", weights=str(tiny_seggpt), **options)
        learner.fit(pictures[:3], CLASSES)
        guess = learner.predict(image)
        assert guess.segments.size == image.shape[:2]
        answers.append(learner.probs(image))
    for other in answers[1:]:
        assert not np.allclose(answers[0], other)
    with pytest.raises(UsageError, match="ensemble"):
        fewshot.learner("seggpt", weights=str(tiny_seggpt), ensemble="both")


def test_weights_that_do_not_fit_are_refused_with_words(tiny_seggpt, tmp_path) -> None:
    with pytest.raises(ModelError, match=r"config\.json"):
        fewshot.learner("seggpt", weights=str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match=r"cache|loaded"):
        fewshot.learner("seggpt", weights="hub:nobody/nothing")
    (tiny_seggpt / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError, match="cannot be loaded"):
        fewshot.learner("seggpt", weights=str(tiny_seggpt))


@pytest.mark.parametrize("head", ["linear", "match"])
def test_dino_features_vote(tmp_path, pictures, head) -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(0)
    config = transformers.Dinov2Config(hidden_size=48, num_hidden_layers=2, num_attention_heads=4, patch_size=8,
                                       image_size=112)  # fmt: skip
    transformers.Dinov2Model(config).save_pretrained(tmp_path / "dino")
    learner = fewshot.learner("dino", weights=str(tmp_path / "dino"), head=head, side=224)
    learner.fit(pictures[:2], CLASSES)
    before = mean_iou(learner.predict(media.read(pictures[3].image).display()), pictures[3])
    learner.add(pictures[2:3])
    guess = learner.predict(media.read(pictures[3].image).display())
    assert guess.segments.size == pictures[3].image.size
    # Random features still see brightness.
    assert max(before, mean_iou(guess, pictures[3])) > 0.3


# -- propagation


@pytest.fixture
def half_labelled(tmp_path, pictures):
    place = tmp_path / "set"
    with Dataset.create(place, CLASSES) as dataset, dataset.edit("pictures") as edit:
        for k, sample in enumerate(pictures):
            edit.add(sample if k < 2 else sample.with_segments(Segments.none(sample.image.size)))
    return place


def test_suggestions_never_touch_labels(half_labelled, pictures) -> None:
    with Dataset.open(half_labelled) as dataset:
        before = dataset.revision
        learner = fewshot.learner("forest", trees=6, pixels=2000)
        done = fewshot.propagate(dataset, dataset, learner)
        assert (done.labelled, done.suggested) == (2, 4)
        assert 0.5 < done.quality <= 1
        assert done.rising
        after = dataset.revision
        assert before == after
        certain = fewshot.confidences(dataset, done.run)
        ranked = [certain[dataset.number_of(key)] for key in done.least]
        assert ranked == sorted(ranked)
        # A person labels p3 meanwhile: that stays.
        mine = Segments(Masks.encode(np.ones((1, *pictures[3].image.size), bool)), [7], source="human")
        with dataset.edit("by hand") as edit:
            edit.put("p3", mine)
        assert fewshot.accept(dataset, done.run, ["p2", "p3"]) == 1
        assert dataset["p3"].segments == mine
        written = dataset["p2"].segments
        assert set(written.source) == {"model"}
        assert written.attributes[0] == {"suggested_by": done.run}
        assert mean_iou(type("G", (), {"segments": written}), pictures[2]) > 0.7
        # Accepted suggestions are not a person's labels; the fixed one teaches the next round.
        again = fewshot.propagate(dataset, dataset, learner)
        assert (again.labelled, again.suggested) == (3, 3)
        assert again.before == pytest.approx(done.quality)


def test_an_interrupted_round_goes_on(half_labelled) -> None:
    class StopError(Exception):
        pass

    def cut(numbers):
        for k, number in enumerate(numbers):
            if k == 2:
                raise StopError
            yield number

    with Dataset.open(half_labelled) as dataset:
        learner = fewshot.learner("forest", trees=4, pixels=500)
        with pytest.raises(StopError):
            fewshot.propagate(dataset, dataset, learner, folds=0, progress=cut)
        asked = []
        done = fewshot.propagate(
            dataset, dataset, learner, folds=0, progress=lambda numbers: (asked.append(n) or n for n in numbers)
        )
        assert len(asked) == 2
        assert done.suggested == 4
        assert len(fewshot.confidences(dataset, done.run)) == 4
        assert np.isnan(done.quality)


def test_propagate_on_the_command_line(half_labelled, tmp_path, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["propagate", str(half_labelled), "-o", "trees=4", "-o", "pixels=500", "--accept", "0.1", "--json"])
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["suggested"], found["accepted"]) == (4, 4)
    with pytest.raises(SystemExit) as ended:
        main(["propagate", str(half_labelled), "--engine", "seggpt"])
    assert ended.value.code == 2
    assert "needs weights" in capsys.readouterr().err
    empty = tmp_path / "empty"
    Dataset.create(empty, CLASSES).close()
    with pytest.raises(SystemExit) as ended:
        main(["propagate", str(empty)])
    assert ended.value.code == 2
    assert "no sample has labels" in capsys.readouterr().err
