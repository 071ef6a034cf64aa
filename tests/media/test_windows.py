"""Windows over arrays: what is displayed as black and white, and of which channels."""

import numpy as np
import pytest

from maskwright.errors import UsageError
from maskwright.media import Image, Window, value_counts, windows

RGB = ("red", "green", "blue")


def image(*values: float, dtype: str = "uint16", channels: tuple[str, ...] = ("gray",)) -> Image:
    pixels = np.array(values, dtype).reshape(1, -1, len(channels))
    return Image(pixels, channels)


def shown(found: np.ndarray) -> list[int]:
    return [int(number) for number in found[0, :, 0]]


@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "float32", "float64"])
def test_low_is_black_high_is_white_and_the_middle_between(dtype: str) -> None:
    found = image(90, 100, 150, 200, 210, dtype=dtype).display(Window((100,), (200,)))
    assert shown(found) == [0, 0, 128, 255, 255]
    assert found.dtype == np.uint8
    assert found.shape == (1, 5, 3)


def test_without_a_window_the_type_decides() -> None:
    assert shown(image(0, 65535).display()) == [0, 255]
    assert shown(image(-32768, 32767, dtype="int16").display()) == [0, 255]
    assert shown(image(0, 0.5, 1, 7, dtype="float32").display()) == [0, 128, 255, 255]
    assert shown(image(0, 99, 255, dtype="uint8").display()) == [0, 99, 255]


def test_what_is_not_a_number_is_black() -> None:
    assert shown(image(np.nan, np.inf, -np.inf, dtype="float32").display(Window((0,), (1,)))) == [0, 255, 0]


def test_channels_are_picked_each_with_its_own_numbers() -> None:
    pixels = np.arange(6, dtype=np.float32).reshape(1, 1, 6) * 10
    found = Image(pixels, tuple("012345")).display(Window((0, 0, 0), (100, 50, 30), (5, 4, 3)))
    assert found[0, 0].tolist() == [128, 204, 255]


def test_an_image_without_the_channels_is_displayed_all_the_same() -> None:
    window = Window((0, 0, 0), (100, 50, 30), (5, 4, 3))
    assert shown(image(50).display(window)) == [128]


def test_alpha_shows_white() -> None:
    found = image(10, 20, 30, 255, 10, 20, 30, 0, dtype="uint8", channels=(*RGB, "alpha")).display()
    assert found[0].tolist() == [[10, 20, 30], [255, 255, 255]]


def test_eight_bits_and_colours_are_displayed_as_they_are() -> None:
    plain = image(1, 2, 3, dtype="uint8", channels=RGB)
    assert plain.display() is plain.pixels
    assert plain.display(Window((0,), (3,), eight_bits=False)).tolist() == [[[1, 2, 3]]]
    assert plain.display(Window((0,), (3,))).tolist() == [[[85, 170, 255]]]


def test_one_window_over_many_images() -> None:
    arrays = [(np.full((10, 10, 1), value, np.uint16), ("gray",)) for value in (100, 300)]
    arrays.append((np.full((10, 10, 1), 200, np.uint16), ("gray",)))
    found = windows.measured(arrays, (0, 100))
    assert (found.low, found.high) == ((100,), (300,))
    with pytest.raises(UsageError):
        windows.measured([])


def test_colours_have_one_pair_and_bands_one_each() -> None:
    pixels = np.array([[[0, 10, 20], [100, 110, 220]]], np.uint16)
    assert windows.measured([(pixels, RGB)], (0, 100)).low == (0,)
    assert windows.measured([(pixels, RGB)], (0, 100)).high == (220,)
    assert windows.measured([(pixels, ("0", "1", "2"))], (0, 100)).high == (100, 110, 220)


@pytest.mark.parametrize(
    "parts",
    [
        ((2,), (1,)), ((0, 0), (1, 1)), ((0,), (float("inf"),)), ((0,), (1,), (0, 1)), ((0,), (1,), (-1,)),
        ((0, 0, 0), (1, 1, 1), (0,)),
    ],
)  # fmt: skip
def test_what_is_not_a_window(parts: tuple[object, ...]) -> None:
    with pytest.raises(UsageError):
        Window(*parts)  # type: ignore[arg-type]


def test_windows_as_json() -> None:
    window = Window((1, 2, 3), (4, 5, 6), (0, 2, 1), "given")
    assert Window.from_json(window.to_json()) == window
    with pytest.raises(UsageError):
        Window.from_json({"low": [0], "high": [1], "colour": 3})


def test_a_window_of_one_band_leaves_photographs_beside_deep_images_in_colour() -> None:
    from maskwright.media import tiles

    photograph = image(1, 2, 3, dtype="uint8", channels=RGB)
    band = Window((0,), (10,), (0,), eight_bits=False)
    assert tiles.displayed(photograph, band).tolist() == [[[1, 2, 3]]]
    assert tiles.displayed(image(5), band).tolist() == [[128]]


def test_nothing_is_not_counted_in_a_histogram() -> None:
    pixels = np.repeat(np.array([-9999, 10, 20, 30], np.int16), 100).reshape(20, 20, 1)
    found = value_counts.of(Image(pixels, ("gray",), nodata=-9999), (0,))
    assert (found.low, found.high) == (10, 30)
    assert sum(found.counts[0]) == 300
