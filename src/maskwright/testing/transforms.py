"""What every transform of image and label together promises."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from maskwright import registry
from maskwright.core.arrays import U8, Array
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.testing.samples import CLASSES, shape


def scene(size: tuple[int, int] = (48, 61)) -> tuple[U8, Segments]:
    """(H, W, 3) uint8 and segments that do not overlap."""
    rng = np.random.default_rng(5)
    dense = np.stack([shape(rng, size) for _ in range(6)])
    for k in range(1, len(dense)):
        dense[k] &= ~dense[:k].any(axis=0)
    dense = dense[dense.any(axis=(1, 2))]
    segments = Segments(Masks.encode(dense), rng.choice([1, 5, 9], len(dense)))
    return rng.integers(0, 255, (*size, 3), dtype=np.uint8), segments


class TransformContract:
    """An augmentation, as `--transform` takes it.

    name: the transform's.  options: what it is called with.  keeps_size: whether windows keep their size, as they have
    to in a training.  moves_together: whether a bright object stays apart from dark ground where its label goes; False
    for what makes images unrecognisable.  agreement: the share of pixels in which segments and label map agree
    afterwards; below 1 for scaling, which rounds each in its own way.  deep: whether it takes images of other channels
    and of more bits; False for what knows colours of eight bits alone.
    """

    name: str
    options: ClassVar[Mapping[str, Any]] = {}
    keeps_size = True
    moves_together = True
    agreement = 1.0
    deep = True

    def apply(self, image: Array, target: Any, seed: int) -> tuple[Any, Any]:
        function: Callable[..., tuple[Any, Any]] = registry.load("transforms", self.name).apply
        return function(image, target, np.random.default_rng(seed), **self.options)

    def test_the_same_state_gives_the_same_result(self) -> None:
        image, segments = scene()
        label = segments.label_map(CLASSES)
        for seed in range(5):
            first, second = self.apply(image, label, seed), self.apply(image, label, seed)
            assert all(np.array_equal(*pair) for pair in zip(first, second, strict=True))

    def test_what_it_is_given_stays_as_it_was(self) -> None:
        image, segments = scene()
        label = segments.label_map(CLASSES)
        before = image.copy(), label.copy()
        for seed in range(5):
            self.apply(image, label, seed)
            self.apply(image, segments, seed)
        assert np.array_equal(image, before[0])
        assert np.array_equal(label, before[1])
        assert segments == scene()[1]

    def test_images_stay_images_and_labels_are_moved_and_never_blended(self) -> None:
        image, segments = scene()
        label = segments.label_map(CLASSES)
        for seed in range(20):
            pixels, target = self.apply(image, label, seed)
            assert pixels.dtype == target.dtype == np.uint8
            assert pixels.shape == (*target.shape, 3)
            assert not self.keeps_size or target.shape == label.shape
            assert set(np.unique(target)) <= {*np.unique(label), 255}

    def test_images_of_other_channels_and_fractions_keep_them_and_labels_move_alike(self) -> None:
        image, segments = scene()
        label = segments.label_map(CLASSES)
        for channels in (1, 2, 4, 6, 11) if self.deep else ():
            fractions = np.random.default_rng(channels).random((*label.shape, channels), np.float32) * 1.5 - 0.25
            before = fractions.copy()
            for seed in range(8):
                pixels, target = self.apply(fractions, label, seed)
                assert (pixels.dtype, pixels.shape) == (np.float32, (*target.shape, channels))
                assert np.array_equal(pixels, self.apply(fractions, label, seed)[0])
                assert np.array_equal(target, self.apply(image, label, seed)[1])
            assert np.array_equal(fractions, before)

    def test_image_and_label_move_together(self) -> None:
        label = np.zeros((64, 80), np.uint8)
        label[6:30, 8:34] = label[40:52, 50:76] = 1  # nothing that looks alike from another side
        image = np.repeat(np.where(label == 1, 220, 30).astype(np.uint8)[..., None], 3, axis=2)
        for seed in range(20 if self.moves_together else 0):
            pixels, target = self.apply(image, label, seed)
            inside, beside = (pixels[target == value].astype(float) for value in (1, 0))
            if len(inside) and len(beside):
                apart = abs(inside.mean() - beside.mean())
                assert apart > 0.5 * abs(float(pixels.max()) - float(pixels.min())), (
                    "the label is not where the object is"
                )

    def test_segments_move_as_the_label_map_does(self) -> None:
        image, segments = scene()
        label = segments.label_map(CLASSES)
        for seed in range(20):
            pixels, target = self.apply(image, label, seed)
            same, moved = self.apply(image, segments, seed)
            assert np.array_equal(pixels, same)
            assert moved.size == target.shape
            known = target != 255  # beyond the image nothing is known, and segments say nothing of it
            assert (moved.label_map(CLASSES) == target)[known].mean() >= self.agreement
