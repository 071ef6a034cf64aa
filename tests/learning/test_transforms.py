"""Augmentations: image and label go to the same place, drawn by hand and against a field of coordinates."""

import random
import threading

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

cv2 = pytest.importorskip("cv2")

from maskwright import transforms
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.transforms import (
    noise,
    perspective,
)

MOVING = {"rotate": {"degrees": 180.0}, "perspective": {"shift": 0.2}, "elastic": {"shift": 0.05}, "scale": {"scale": (0.5, 2.0)},
          "crop": {}}  # fmt: skip
MIXING = ("mosaic", "cut-mix", "copy-paste")
PIXELS = ("blur", "noise", "gamma", "jpeg", "channel-drop")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def applied(name: str, image, target, seed: int, **options):
    function = transforms.parse(name)
    return function(image, target, rng(seed), chance=1.0, **options)


def coordinates(height: int, width: int) -> np.ndarray:
    """(H, W, 3) float32: x and y of each pixel's centre, and 1 where there is an image."""
    y, x = np.mgrid[:height, :width] + 0.5
    return np.dstack([x, y, np.ones_like(x)]).astype(np.float32)


# -- image and label go to the same place


@pytest.mark.parametrize("name", MOVING)
@given(height=st.integers(12, 40), width=st.integers(12, 40), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_each_label_is_that_of_the_pixel_whose_coordinates_are_shown(name, height, width, seed) -> None:
    """The image says in its own values which point it shows; the label of that point's pixel has to be there."""
    label = rng(seed).integers(0, 200, (height, width), np.uint8)
    shown, moved = applied(name, coordinates(height, width), label, seed, **MOVING[name])
    assert moved.shape == label.shape
    inside = (shown[..., 2] > 0.9999) & (moved != 255)  # beyond the border values are blended with nothing
    x, y = shown[..., 0][inside], shown[..., 1][inside]
    column, row = np.floor(x), np.floor(y)
    edge = np.minimum(np.minimum(x - column, column + 1 - x), np.minimum(y - row, row + 1 - y))
    sure = edge > 0.07  # between two pixels either is the nearest
    # A window that shrinks averages areas, so that it shows a point beside the nearest one.
    if name in ("scale", "crop"):
        sure &= edge > 0.45 if name == "scale" and inside.mean() < 0.9 else sure
    expected = label[row[sure].astype(int), column[sure].astype(int)]
    assert np.array_equal(moved[inside][sure], expected)
    assume(name == "scale" or sure.any())  # turned by a quarter, all of an image of 12 x 13 lies between two pixels


@pytest.mark.parametrize("name", ["rotate", "perspective", "elastic", "scale"])
def test_where_there_was_no_image_the_label_is_ignored_and_the_pixel_zero(name) -> None:
    options = {"scale": {"scale": (0.5, 0.6)}}.get(name, MOVING[name])
    label = np.full((40, 50), 3, np.uint8)
    found = 0
    for seed in range(10):
        shown, moved = applied(name, coordinates(40, 50), label, seed, **options)
        assert set(np.unique(moved)) <= {3, 255}
        assert not shown[moved == 255][:, 2].any() or shown[moved == 255][:, 2].max() < 0.51
        assert shown[moved == 3][:, 2].min() > 0.24, "half of a pixel each way at a corner"
        found += int((moved == 255).sum())
    assert found > 100


def test_a_quarter_turn_drawn_by_hand() -> None:
    """90 degrees, of four by four pixels: the answer is exact.

    1 1 0 0      what is shown at a point is the point turned clockwise on the
    1 0 0 0      page about the middle: the upper left corner shows the upper right one
    0 0 0 2
    0 0 0 2
    """
    label = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2], [0, 0, 0, 2]], np.uint8)
    from maskwright.transforms._warp import about, warped

    quarter = about(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), (2, 2))
    image = np.repeat(label[..., None] * 100, 3, axis=2)
    pixels, moved = warped(image, label, quarter)
    # A point (x, y) of the answer shows (2 - (y - 2), 2 + (x - 2)) = (4 - y, x): the first row shows the last column.
    assert moved.tolist() == [[0, 0, 2, 2], [0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]]
    assert np.array_equal(moved, np.rot90(label))
    assert np.array_equal(pixels[..., 1], moved * 100)


def test_a_homography_takes_corners_where_it_should_and_agrees_with_opencv() -> None:
    points = np.array([(0.0, 0), (40, 0), (40, 30), (0, 30)])
    there = points + rng(3).uniform(-5, 5, (4, 2))
    found = perspective.homography(points, there)
    mapped = np.column_stack([points, np.ones(4)]) @ found.T
    assert np.allclose(mapped[:, :2] / mapped[:, 2:], there)
    assert np.allclose(
        found, cv2.getPerspectiveTransform(points.astype(np.float32), there.astype(np.float32)), atol=1e-4
    )


def test_turning_agrees_with_torchvision() -> None:
    torch = pytest.importorskip("torch")
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional

    label = cv2.resize(rng(1).integers(0, 9, (8, 8), np.uint8), (64, 64), interpolation=cv2.INTER_NEAREST)
    image = np.repeat(label[..., None] * 20, 3, axis=2)
    for seed in range(5):
        pixels, moved = applied("rotate", image, label, seed, degrees=40)
        chance, angle = rng(seed).random(), None
        drawn = rng(seed)
        assert drawn.random() == chance
        angle = drawn.uniform(-40, 40)
        theirs = functional.rotate(torch.from_numpy(label)[None], angle, InterpolationMode.NEAREST, fill=[255])[
            0
        ].numpy()
        assert (theirs == moved).mean() > 0.995, "they round ties otherwise"
        linear = functional.rotate(torch.from_numpy(image).permute(2, 0, 1), angle, InterpolationMode.BILINEAR)
        far = np.abs(linear.permute(1, 2, 0).numpy().astype(int) - pixels)[moved != 255]
        assert np.percentile(far, 99) <= 3


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("overlap", [False, True])
def test_each_segment_moves_as_it_would_alone(name, overlap) -> None:
    dense = rng(2).random((7, 30, 40)) < 0.3
    dense = np.stack([cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5))) > 0 for mask in dense])
    if not overlap:
        for row in range(1, 7):
            dense[row] &= ~dense[:row].any(axis=0)
    segments = Segments(Masks.encode(dense), np.arange(7) + 3, is_crowd=np.arange(7) == 2)
    image = coordinates(30, 40)
    for seed in range(3):
        _, moved = applied(name, image, segments, seed, **MOVING[name])
        assert moved.class_ids.tolist() == segments.class_ids.tolist()
        assert moved.is_crowd.tolist() == segments.is_crowd.tolist()
        for row in range(7):
            _, alone = applied(name, image, segments[row : row + 1], seed, **MOVING[name])
            assert moved.masks[row] == alone.masks[0]
        assert overlap or moved.masks.areas().sum() == moved.masks.union().area()


def test_no_segments_at_all_move_too() -> None:
    for name in (*MOVING, *PIXELS, "cut-out"):
        _, moved = applied(name, coordinates(20, 24), Segments.none((20, 24)), 1)
        assert (len(moved), moved.size) == (0, (20, 24))


# -- kinds of images


@pytest.mark.parametrize("name", [*MOVING, *PIXELS, "cut-out"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6, 9])
def test_any_type_and_any_number_of_channels(name, dtype, channels) -> None:
    top = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    image = (rng(channels).random((24, 20, channels)) * top).astype(dtype)
    label = rng(9).integers(0, 4, (24, 20), np.uint8)
    label[:4] = 255
    before = image.copy()
    for seed in range(4):
        pixels, moved = applied(name, image, label, seed)
        assert (pixels.dtype, pixels.shape) == (dtype, image.shape)
        again, same = applied(name, image, label, seed)
        assert np.array_equal(pixels, again)
        assert np.array_equal(moved, same)
        assert np.array_equal(image, before)
        if name in PIXELS:
            assert np.array_equal(moved, label), "ignored pixels stay ignored, and no label moves"
        # Channels are alike treated: what comes of the first three does not depend on there being others.
        if name in (*MOVING, "blur", "gamma", "cut-out"):
            # OpenCV places pixels to a thirty-second for some numbers of channels, and exactly for others.
            first = applied(name, image[..., :1], label, seed)[0].astype(float)
            assert np.abs(first - pixels[..., :1]).max() <= 0.07 * top


def test_what_means_nothing_for_an_image_leaves_it_as_it_is() -> None:
    six = rng().random((8, 9, 6)).astype(np.float32)
    label = np.zeros((8, 9), np.uint8)
    for image in (six, (six * 255).astype(np.uint8), (six[..., :3] * 65535).astype(np.uint16), six[..., :3]):
        assert np.array_equal(applied("jpeg", image, label, 0)[0], image), "JPEG holds bytes of gray or of colours"
    gray = rng().integers(0, 255, (8, 9, 1), np.uint8)
    assert np.array_equal(applied("channel-drop", gray, label, 0)[0], gray)


# -- pixels alone


def test_blur_is_torchvisions() -> None:
    torch = pytest.importorskip("torch")
    from torchvision.transforms.v2 import functional

    image = rng().random((32, 40, 3)).astype(np.float32)
    for seed in range(3):
        drawn = rng(seed)
        drawn.random()
        sigma = drawn.uniform(0.5, 2.0)
        side = 2 * max(1, round(3 * sigma)) + 1
        theirs = functional.gaussian_blur(torch.from_numpy(image).permute(2, 0, 1), [side] * 2, [sigma] * 2)
        ours, _ = applied("blur", image, np.zeros((32, 40), np.uint8), seed, sigma=(0.5, 2.0))
        assert np.allclose(theirs.permute(1, 2, 0).numpy(), ours, atol=1e-5)


def test_gamma_is_torchvisions_and_keeps_both_ends() -> None:
    torch = pytest.importorskip("torch")
    from torchvision.transforms.v2 import functional

    image = np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 8, 3))
    label = np.zeros((256, 8), np.uint8)
    for seed in range(4):
        drawn = rng(seed)
        drawn.random()
        power = float(np.exp(drawn.uniform(-np.log(1.5), np.log(1.5))))
        theirs = functional.adjust_gamma(torch.from_numpy(image).permute(2, 0, 1), power).permute(1, 2, 0).numpy()
        ours, _ = applied("gamma", image, label, seed, most=1.5)
        assert np.abs(theirs.astype(int) - ours).max() <= 1, "they cut where we round"
        assert (ours[0, 0, 0], ours[255, 0, 0]) == (0, 255)
        deep, _ = applied("gamma", image.astype(np.float32) / 255, label, seed, most=1.5)
        assert np.abs(deep * 255 - ours).max() <= 0.51
    below, _ = applied("gamma", np.full((2, 2, 1), -0.25, np.float32), label[:2, :2], 0)
    assert (below < 0).all()


def test_noise_has_the_mean_and_the_deviation_that_it_should() -> None:
    assert noise.quantiles().std() == pytest.approx(1, abs=1e-6)
    label = np.zeros((200, 200), np.uint8)
    for dtype, top in ((np.uint8, 255), (np.uint16, 65535), (np.float32, 1.0)):
        image = np.full((200, 200, 3), top * 0.5).astype(dtype)
        change = (applied("noise", image, label, 5, sd=(0.04, 0.04))[0].astype(float) - image) / top
        assert abs(change.mean()) < 0.001
        assert change.std() == pytest.approx(0.04, rel=0.03)
        assert abs(np.corrcoef(change[..., 0].ravel(), change[..., 1].ravel())[0, 1]) < 0.03
    black, _ = applied("noise", np.zeros((50, 50, 3), np.uint8), label[:50, :50], 1, sd=(0.1, 0.1))
    assert black.min() == 0
    assert black.max() < 200, "what is below 0 is cut, not wrapped around"


def test_jpeg_is_what_pillow_reads_and_writes() -> None:
    import io

    from PIL import Image

    image = cv2.GaussianBlur(rng().integers(0, 256, (64, 64, 3), np.uint8), (0, 0), 3)
    image = cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)
    ours, _ = applied("jpeg", image, np.zeros((64, 64), np.uint8), 0, quality=(50, 50))
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=50)
    theirs = np.asarray(Image.open(file)).astype(int)
    assert np.abs(theirs - ours).mean() < 1.5, "red stays red: the libraries count channels from either end"
    assert np.abs(ours.astype(int) - image).mean() < 12


def test_a_dropped_channel_is_its_mean_and_one_always_stays() -> None:
    image = rng().integers(0, 256, (10, 12, 3), np.uint8)
    for seed in range(12):
        out, _ = applied("channel-drop", image, np.zeros((10, 12), np.uint8), seed, most=5)
        flat = [channel for channel in range(3) if (out[..., channel] == out[0, 0, channel]).all()]
        assert 1 <= len(flat) <= 2
        for channel in range(3):
            if channel in flat:
                assert abs(float(out[0, 0, channel]) - image[..., channel].mean()) <= 0.5
            else:
                assert np.array_equal(out[..., channel], image[..., channel])


# -- what is hidden and what is mixed


def test_what_is_cut_out_is_zero_and_not_known() -> None:
    image = np.full((20, 30, 3), 200, np.uint8)
    label = np.ones((20, 30), np.uint8)
    dense = np.zeros((2, 20, 30), bool)
    dense[0] = True
    dense[1, 5:7, 5:7] = True
    segments = Segments(Masks.encode(dense), [1, 2], is_crowd=[True, False])
    vanished = 0
    for seed in range(40):
        pixels, moved = applied("cut-out", image, label, seed, side=(0.2, 0.5))
        hidden = moved == 255
        assert hidden.any()
        assert np.array_equal((pixels == 0).all(axis=2), hidden)
        _, left = applied("cut-out", image, segments, seed, side=(0.2, 0.5))
        assert np.array_equal(left.masks.decode()[0], ~hidden)
        assert left.is_crowd[0]
        covered = hidden[5:7, 5:7].all()
        assert len(left) == (1 if covered else 2)
        vanished += covered
    assert vanished


# Two windows of four by four. Pixel values are ten times the code, so that an image says whose pixel it is.
#   the lower window: a crowd (code 1) left, an object (2) of one pixel, an object (3) below
#   the upper window: an object (5), a crowd (6); code 0 is ground
LOWER = np.array([[1, 1, 2, 0], [1, 1, 0, 0], [3, 3, 3, 3], [0, 0, 0, 255]], np.uint8)
UPPER = np.array([[0, 5, 5, 0], [0, 5, 5, 0], [0, 0, 0, 0], [6, 6, 0, 0]], np.uint8)


def window(codes: np.ndarray, crowds: tuple[int, ...]) -> tuple[np.ndarray, Segments]:
    values = [int(value) for value in np.unique(codes) if value not in (0, 255)]
    masks = Masks.encode(np.stack([codes == value for value in values]))
    segments = Segments(masks, values, ids=[10 + value for value in values], is_crowd=[v in crowds for v in values])
    return np.repeat(codes[..., None] * 10, 3, axis=2), segments


def pair(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return window(codes, ())[0], codes


def test_a_pasted_object_covers_what_is_under_it_drawn_by_hand() -> None:
    image, segments = window(LOWER, (1,))
    other = window(UPPER, (6,))
    pixels, moved = applied("copy-paste", image, segments, 0, others=lambda: other, area=(0.0, 1.0))
    # 1 5 5 0     the object 2 is covered whole and vanishes; the crowd 1 ends at the object and stays a crowd;
    # 1 5 5 0     the crowd 6 of the other window is not an object
    # 3 3 3 3
    # 0 0 0 255
    expected = LOWER.copy()
    expected[:2, 1:3] = 5
    assert np.array_equal(pixels[..., 0], expected * 10)
    assert moved.class_ids.tolist() == [1, 3, 5]
    assert moved.is_crowd.tolist() == [True, False, False]
    for mask, code in zip(moved.masks.decode(), (1, 3, 5), strict=True):
        assert np.array_equal(mask, expected == code)
    assert moved.ids.tolist()[:2] == [11, 13], "those that were there keep their ids"
    assert len(set(moved.ids.tolist())) == 3
    _, label = applied("copy-paste", image, LOWER, 4, others=lambda: (other[0], np.where(UPPER == 6, 255, UPPER)),
                       area=(0.0, 0.3))  # fmt: skip
    assert np.array_equal(label, expected), "in a label map ground is no object here, for its area, and 255 never is"


def test_only_what_is_seen_of_an_object_is_pasted() -> None:
    """The other window has an object in front of another: the hidden part of the lower one is not its colour."""
    image, segments = window(LOWER, ())
    dense = np.zeros((2, 4, 4), bool)
    dense[0, :, :2] = True  # the lower one, of which the upper row is hidden
    dense[1, :1] = True
    other = np.full((4, 4, 3), 70, np.uint8), Segments(Masks.encode(dense), [7, 8])
    seen = set()
    for seed in range(20):
        _, moved = applied("copy-paste", image, segments, seed, others=lambda: other, most=1, area=(0, 1))
        row = moved.class_ids.tolist().index(7) if 7 in moved.class_ids else None
        if row is not None and moved.class_ids.tolist()[-1] == 7:
            assert np.array_equal(moved.masks.decode()[row], dense[0] & ~dense[1])
            seen.add(7)
    assert seen


@pytest.mark.parametrize("name", ["cut-mix", "mosaic"])
def test_each_pixel_of_a_mixture_has_the_label_of_the_window_it_comes_from(name) -> None:
    """Code is ten times less than the value, in all windows: so it has to stay, and no pixel may lose its label."""
    image, segments = window(np.kron(LOWER, np.ones((4, 4), np.uint8)), (1,))
    codes = [np.kron(UPPER + 20 * (number + 1), np.ones((4, 4), np.uint8)) for number in range(3)]
    mixtures = 0
    for seed in range(30):
        turn = iter(codes * 2)
        label_map = np.kron(LOWER, np.ones((4, 4), np.uint8))
        pixels, label = applied(name, image, label_map, seed, others=lambda turn=turn: pair(next(turn)))
        assert np.array_equal(pixels[..., 0], label * 10)
        turn = iter(codes * 2)
        again, moved = applied(name, image, segments, seed, others=lambda turn=turn: window(next(turn), ()))
        assert np.array_equal(again, pixels)
        flat = np.zeros(label.shape, np.uint8)
        for mask, class_id in zip(moved.masks.decode(), moved.class_ids, strict=True):
            assert mask.any(), "what is not there any more has no row"
            assert not flat[mask].any()
            flat[mask] = class_id
        assert np.array_equal(flat, np.where(label == 255, 0, label))
        assert np.array_equal(moved.is_crowd, moved.class_ids == 1)
        assert len(set(moved.ids.tolist())) == len(moved)
        mixtures += len({int(value) // 20 for value in np.unique(label)} - {12}) > 1
    assert mixtures > 20


@pytest.mark.parametrize("name", MIXING)
def test_without_other_windows_nothing_is_mixed(name) -> None:
    image, segments = window(LOWER, ())
    pixels, moved = applied(name, image, segments, 0)
    assert pixels is image
    assert moved is segments
    with pytest.raises(UsageError, match="has no option 'others'"):
        transforms.parse(f"{name}(others=3)")
    assert transforms.mixes(transforms.parse(name))
    assert not transforms.mixes(transforms.parse("rotate"))


@pytest.mark.parametrize("name", sorted({*transforms.names()} - {"colour", "flip", "scale-crop"}))
def test_chance_zero_does_nothing_and_one_something(name) -> None:
    """Every new member: the image and the target that were given come back as they are, or changed."""
    image, segments = window(np.kron(LOWER, np.ones((8, 8), np.uint8)), ())
    image[:16, :16, 0] = 90  # colours that JPEG cannot hold whole, and channels that differ
    other = window(np.kron(UPPER, np.ones((8, 8), np.uint8)), ())
    options = {"others": lambda: other} if name in MIXING else {}
    pixels, moved = transforms.parse(name)(image, segments, rng(1), chance=0.0, **options)
    assert pixels is image
    assert moved is segments
    changed = [not np.array_equal(applied(name, image, segments, seed, **options)[0], image) for seed in range(6)]
    assert sum(changed) >= 3


# -- functions of other packages' signature


def roll(image, mask):
    """Three columns to the right, with 255 in the label where nothing is known."""
    moved = np.roll(mask, 3, axis=1)
    moved[:, :3] = 255
    return {"image": np.roll(image, 3, axis=1), "mask": moved}


class Composed:
    """As such a package's: any names, an own seed, and 0 where nothing is known."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)

    def set_random_seed(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def __call__(self, *args, **data):
        by = int(self.random.integers(1, 6))
        out = {"image": np.roll(data["image"], by, axis=1)}
        out["masks"] = [np.roll(mask, by, axis=1) for mask in data["masks"]]
        for mask in out["masks"]:
            mask[:, :by] = 0
        return out


def test_a_function_of_image_and_mask_is_taken_as_it_is() -> None:
    image, segments = window(np.kron(LOWER, np.ones((4, 4), np.uint8)), ())
    label = (image[..., 0] // 10).copy()
    apply = transforms.adapted(roll)
    pixels, moved = apply(image, label, rng())
    assert (moved[:, :3] == 255).all()
    assert np.array_equal(pixels[:, 3:, 0], image[:, :-3, 0])
    assert np.array_equal(moved[:, 3:], label[:, :-3])
    with pytest.raises(UsageError, match="roll takes one mask; masks, for labels that are segments"):
        apply(image, segments, rng())


def test_what_a_function_of_many_masks_fills_is_ignored_and_its_chance_follows_from_the_seed() -> None:
    image, segments = window(np.kron(LOWER, np.ones((4, 4), np.uint8)), (1,))
    label = (image[..., 0] // 10).copy()
    apply = transforms.adapted(Composed())
    seen = set()
    for seed in range(8):
        pixels, moved = apply(image, label, rng(seed))
        by = int(np.argmax(moved[-4] != 255)) if (moved[:, 0] == 255).all() else 0
        assert by >= 1
        assert (moved[:, :by] == 255).all(), "it filled with 0, which is a class"
        assert np.array_equal(moved[:, by:], label[:, :-by])
        assert np.array_equal(apply(image, label, rng(seed))[1], moved)
        same, there = apply(image, segments, rng(seed))
        assert np.array_equal(same, pixels)
        assert np.array_equal(there.masks.decode()[0][:, by:], segments.masks.decode()[0][:, :-by])
        assert there.is_crowd.tolist() == segments.is_crowd.tolist()
        seen.add(by)
    assert len(seen) > 2


def test_functions_that_draw_from_the_process_are_given_a_seed_and_the_process_its_own_back() -> None:
    def drawing(image, mask):
        return {"image": image, "mask": np.roll(mask, random.randint(1, 9), axis=random.randint(0, 1))}

    label = rng().integers(0, 9, (12, 12), np.uint8)
    image = np.zeros((12, 12, 3), np.uint8)
    apply = transforms.adapted(drawing)
    random.seed(3)
    state = random.getstate()
    expected = [apply(image, label, rng(seed))[1] for seed in range(12)]
    assert random.getstate() == state
    assert len({found.tobytes() for found in expected}) > 3
    found: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda seed=seed: found.update({seed: apply(image, label, rng(seed))[1]}))
        for seed in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[seed], expected[seed]) for seed in range(12))


def test_a_function_may_take_a_generator() -> None:
    def own(image, mask, rng):
        return {"image": image, "mask": np.roll(mask, int(rng.integers(9)), axis=1)}

    label = rng().integers(0, 9, (12, 12), np.uint8)
    apply = transforms.adapted(own)
    made = [apply(np.zeros((12, 12, 3), np.uint8), label, rng(seed))[1] for seed in (0, 1, 2, 0)]
    assert np.array_equal(made[0], made[3])
    assert not all(np.array_equal(made[0], other) for other in made[1:3])


@pytest.mark.parametrize(("function", "said"), [
    (lambda image: {"image": image}, "takes image; it has to take image, and mask or masks"),
    (lambda image, mask: image, "answers ndarray; it has to answer a dictionary with image and mask"),
    (lambda image, mask: {"image": image}, "answers a dictionary of image; it has to answer a dictionary with image and mask"),
    (lambda image, masks: {"image": image, "masks": masks[:1]}, "answers 1 masks of 2; all, in order"),
])  # fmt: skip
def test_a_function_of_another_signature_is_named(function, said) -> None:
    image, segments = np.zeros((4, 4, 3), np.uint8), Segments(Masks.encode(np.ones((2, 4, 4), bool)), [1, 2])
    target = segments if "masks of" in said else np.zeros((4, 4), np.uint8)
    with pytest.raises(UsageError, match=said):
        transforms.adapted(function)(image, target, rng())
