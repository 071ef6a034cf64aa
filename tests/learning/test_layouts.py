"""Which images a network takes, and how their numbers are normalised."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

torch = pytest.importorskip("torch")

from maskwright import media, models
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.predict import ModelInfo, Predictor, checkpoint, model_export
from maskwright.predict.checkpoint import EIGHT_BITS
from maskwright.predict.layout import COLOURS, REACH, Layout
from maskwright.predict.predictor import image_batch
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, data, normalisation

SIZE = (20, 30)
CLASSES = Classes([Class(0, "a", "stuff"), Class(1, "b", "stuff")])


def saved(folder: Path, name: str, array: np.ndarray) -> ImageRef:
    """As PNG, by Pillow; of other channels than it knows as a layer of an .npy."""
    if array.ndim == 3 and (array.shape[2] > 4 or array.dtype != np.uint8):
        np.save(folder / f"{name}.npy", array[None])
        return ImageRef(f"{folder / name}.npy#page=0", array.shape[:2])
    if array.dtype.kind == "f":
        tifffile.imwrite(folder / f"{name}.tif", array)
        return ImageRef(str(folder / f"{name}.tif"), array.shape[:2])
    Image.fromarray(array).save(folder / f"{name}.png")
    return ImageRef(str(folder / f"{name}.png"), array.shape[:2])


def noise(*channels: int, dtype: type = np.uint8, high: int = 255, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, high, (*SIZE, *channels)).astype(dtype)


def opaque(image: np.ndarray) -> np.ndarray:
    return np.dstack([image, np.full(image.shape[:2], 255, image.dtype)])


def found(folder: Path, *images: np.ndarray, wanted: tuple[str, ...] = ()) -> tuple[Layout, str]:
    layout, notes = normalisation.channels_of(
        [saved(folder, str(number), image) for number, image in enumerate(images)], wanted
    )
    return layout, "; ".join(notes)


def test_gray_and_colours_of_eight_bits_are_one_layout(tmp_path) -> None:
    assert found(tmp_path, noise(), noise(3)) == (EIGHT_BITS, "")
    assert found(tmp_path, noise()) == (EIGHT_BITS, "")


def test_what_becomes_of_alpha_is_said(tmp_path) -> None:
    layout, said = found(tmp_path, opaque(noise(3)), noise(3), opaque(noise(3)))
    assert layout == EIGHT_BITS
    assert "opaque in all of the 2 images looked at" in said
    layout, said = found(tmp_path, noise(4), opaque(noise(3)))
    assert layout.channels == (*COLOURS, "alpha")
    assert "alpha varies" in said
    layout, said = found(tmp_path, noise(4), noise(3))
    assert layout == EIGHT_BITS
    assert "only 1 of the 2 images looked at have it" in said
    assert "white" in said


def test_deep_and_many_channelled_images_keep_all_they_have(tmp_path) -> None:
    layout, _ = found(tmp_path, noise(dtype=np.uint16, high=60000))
    assert (layout.channels, layout.dtype) == (("gray",), "uint16")
    layout, _ = found(tmp_path, noise(6))
    assert (layout.channels, layout.dtype) == (tuple("012345"), "uint8")
    layout, said = found(tmp_path, noise(dtype=np.uint16, high=60000), noise(dtype=np.float32))
    assert layout.dtype == "float32"
    assert "on one scale" in said


def test_channels_are_picked_by_name_and_by_number(tmp_path) -> None:
    assert found(tmp_path, noise(6), wanted=("4", "1"))[0].channels == ("4", "1")
    assert found(tmp_path, noise(3), wanted=("2", "red"))[0].channels == ("blue", "red")
    assert found(tmp_path, noise(4), wanted=COLOURS)[0] == EIGHT_BITS
    assert found(tmp_path, noise(4), wanted=("alpha",))[0].channels == ("alpha",)
    assert found(tmp_path, noise(), wanted=("gray",))[0].channels == ("gray",)
    with pytest.raises(UsageError, match=r"no channel 'nir'; some of red, green, blue"):
        found(tmp_path, noise(3), wanted=("nir",))
    with pytest.raises(UsageError, match=r"no channel '6'"):
        found(tmp_path, noise(6), wanted=("6",))
    with pytest.raises(UsageError, match="twice"):
        found(tmp_path, noise(3), wanted=("red", "0"))


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ([noise(dtype=np.uint16), noise(dtype=np.uint16), noise()], r"2\.png: the image has gray of uint8; gray of uint16"),
        ([noise(), noise(3), noise(dtype=np.uint16)], r"2\.png: the image has gray of uint16; gray of uint8"),
        ([noise(6), noise(6), noise(5)], r"2\.npy.*: the image has 0, 1, 2, 3, 4 of uint8; 0, 1, 2, 3, 4, 5 of uint8"),
        ([noise(6), noise(6), noise(3)], r"2\.png: the image has red, green, blue of uint8"),
    ],
)  # fmt: skip
def test_an_image_unlike_the_others_is_named(tmp_path, images, said) -> None:
    with pytest.raises(FormatError, match=said):
        found(tmp_path, *images)


def test_what_headers_did_not_show_is_an_error_at_reading(tmp_path) -> None:
    bands, _ = found(tmp_path, noise(6))
    deep, _ = found(tmp_path, noise(dtype=np.uint16))
    for layout, image in ((bands, noise(5)), (deep, noise()), (deep, noise(dtype=np.float32)), (EIGHT_BITS, noise(6))):
        place = saved(tmp_path, "odd", image)
        with pytest.raises(FormatError, match=r"odd\..*: the image has .* of .*; .* of "):
            layout.pick(media.read(place), place.uri)


def test_channels_are_taken_by_name_else_by_place() -> None:
    pixels = noise(3).astype(np.uint16)

    def taken(layout: tuple[str, ...], image: tuple[str, ...]) -> np.ndarray:
        zeros = (0.0,) * len(layout)
        return Layout(layout, "uint16", zeros, zeros, zeros, zeros).pick(media.Image(pixels[..., : len(image)], image))

    assert np.array_equal(taken(("c", "a"), ("a", "b", "c")), pixels[..., [2, 0]])
    assert np.array_equal(taken(("a", "b", "c"), ("0", "1", "2")), pixels)
    assert np.array_equal(taken(("0", "1", "2"), ("a", "b", "c")), pixels)
    assert np.array_equal(taken(COLOURS, ("gray",)), pixels[..., [0, 0, 0]])
    assert np.array_equal(taken(("1", "2"), ("0", "1", "2")), pixels[..., 1:])
    for layout, image in (
        (("1", "2"), ("a", "b")),
        (("1", "2"), ("0", "1")),
        (("a", "b"), ("a", "c")),
        (("gray",), COLOURS),
    ):
        with pytest.raises(FormatError):
            taken(layout, image)


def test_limits_mean_and_deviation_are_of_the_whole_set_and_robust(tmp_path) -> None:
    rng = np.random.default_rng(3)
    sizes = [(40, 50), (64, 30), (31, 77)]
    images = [
        rng.normal(level, 5, (*size, 2)).astype(np.float32) for size, level in zip(sizes, (100, 120, 160), strict=True)
    ]
    everything = np.concatenate([image.reshape(-1, 2) for image in images]).astype(np.float64)
    images[1][0, 0], images[2][3, :9], images[0][1, 1, 1] = (1e30, -np.inf), np.nan, np.inf
    places = [saved(tmp_path, str(number), image) for number, image in enumerate(images)]
    layout = normalisation.measured(places, normalisation.channels_of(places)[0])
    low, high = np.percentile(everything, normalisation.PERCENTILES, axis=0)
    assert np.allclose(layout.low, low, atol=0.5)
    assert np.allclose(layout.high, high, atol=0.5)
    units = ((everything - layout.low) / (np.array(layout.high) - layout.low)).clip(0, 1)
    assert np.allclose(layout.mean, units.mean(axis=0), atol=2e-3)
    assert np.allclose(layout.std, units.std(axis=0), atol=2e-3)
    wild = layout.units(images[1])[0, 0]
    assert wild.tolist() == [1 + REACH, -REACH]
    assert np.allclose(layout.units(images[2])[3, :9], layout.mean)
    assert layout.units(images[0]).dtype == np.float32


def test_sums_do_not_depend_on_what_fits_into_memory(tmp_path, monkeypatch) -> None:
    places = [saved(tmp_path, str(seed), noise(dtype=np.uint16, high=5000, seed=seed)) for seed in range(5)]
    layout = normalisation.channels_of(places)[0]
    whole = normalisation.measured(places, layout)
    monkeypatch.setattr(normalisation, "KEPT", 2 * np.prod(SIZE) * 2)
    assert normalisation.measured(places, layout) == whole


def test_bytes_keep_their_scale_and_still_channels_are_not_blown_up(tmp_path) -> None:
    image = np.full((*SIZE, 5), 7, np.uint8)
    image[..., 0] = noise()
    place = saved(tmp_path, "a", image)
    layout = normalisation.measured([place], normalisation.channels_of([place])[0])
    assert (layout.low, layout.high) == ((0.0,) * 5, (255.0,) * 5)
    assert np.allclose(layout.mean, image.mean(axis=(0, 1)) / 255)
    assert layout.std[1:] == (normalisation.LEAST_STD,) * 4
    sparse = np.zeros(SIZE, np.uint16)
    sparse[0, 0] = 900  # beyond the percentiles, and all there is
    place = saved(tmp_path, "b", sparse)
    layout = normalisation.measured([place], normalisation.channels_of([place])[0])
    assert (layout.low, layout.high) == ((0.0,), (900.0,))
    flat = saved(tmp_path, "c", np.full(SIZE, 5, np.uint16))
    assert normalisation.measured([flat], layout).high == (6.0,)
    with pytest.raises(UsageError, match="channel gray has no finite value"):
        normalisation.measured([saved(tmp_path, "d", np.full(SIZE, np.nan, np.float32))], layout_of_floats())


def layout_of_floats() -> Layout:
    return Layout(("gray",), "float32", (0.0,), (1.0,), (0.5,), (0.5,))


def test_large_whole_numbers_keep_their_differences() -> None:
    layout = Layout(("gray",), "int32", (2.0e9,), (2.0e9 + 100,), (0.5,), (0.5,))
    pixels = (2_000_000_000 + np.arange(100, dtype=np.int64)).astype(np.int32).reshape(10, 10, 1)
    assert np.allclose(layout.units(pixels).ravel(), np.arange(100) / 100)


def test_a_set_is_measured_on_its_training_samples_once_and_says_so(tmp_path) -> None:
    (tmp_path / "images").mkdir()
    label = np.zeros(SIZE, np.uint8)
    samples = [
        Sample(
            f"{number:03}", saved(tmp_path / "images", str(number), noise(dtype=np.uint16, high=1000 if number < 6 else 9000)),
            Segments.from_label_map(label), split="train" if number < 6 else "val",
        )
        for number in range(8)
    ]  # fmt: skip
    transfer.import_samples(tmp_path / "set", CLASSES, samples, "made")
    with Dataset.open(tmp_path / "set") as dataset:
        numbers = dataset.numbers()
        layout, notes = normalisation.layout_of(dataset, numbers[:6], numbers[6:])
        assert layout.high[0] < 1001
        assert "what all 6 training images hold together: gray 0 to 99" in notes[-1]
        assert normalisation.layout_of(dataset, numbers[:6], numbers[6:])[0] is layout
        other, _ = normalisation.layout_of(dataset, numbers[6:], numbers[:6])
        assert other.high[0] > 8000


LITE = {"widths": (4, 4, 4, 4, 4), "decoder": 4}
DEEP = Layout(("a", "b"), "uint16", (100.0, 0.0), (900.0, 50.0), (0.4, 0.5), (0.2, 0.3))


def predictor(layout: Layout, **info: object) -> Predictor:
    torch.manual_seed(0)
    model = models.build("lite", 2, len(layout.channels), **LITE)
    return Predictor(
        model, ModelInfo("lite", CLASSES.to_json(), LITE, **info).taking(layout), device="cpu", precision="fp32"
    )


@pytest.mark.parametrize("layout", [EIGHT_BITS, DEEP], ids=["eight bits", "deep"])
def test_what_lies_beyond_an_image_is_the_same_in_training_and_in_prediction(layout) -> None:
    """A network that meets another border than it was taught with is wrong beside it: by five points on CamVid."""
    image = noise(len(layout.channels), dtype=np.dtype(layout.dtype).type, high=255)
    mine = predictor(layout)
    entered, inner = mine._entered(mine._tensor(image))
    assert (inner, tuple(entered.shape[2:])) == (SIZE, (32, 32))
    beyond = torch.cat([entered[0, :, inner[0] :].flatten(1), entered[0, :, :, inner[1] :].flatten(1)], dim=1)
    settings = Settings(size=(64, 64), scale=(1.0, 1.0), colour=False)
    units = layout.units if layout is DEEP else None
    window, label = data.augmented(image, np.zeros(SIZE, np.uint8), np.random.default_rng(0), settings, units=units)
    taught = torch.from_numpy(window).permute(2, 0, 1)[:, torch.from_numpy(label == 255)].float()
    taught = taught / 255 if window.dtype == np.uint8 else taught
    black = (taught - torch.tensor(layout.mean)[:, None]) / torch.tensor(layout.std)[:, None]
    assert black.shape[1] > 2000
    assert torch.allclose(beyond, black[:, :1].expand_as(beyond))
    assert torch.allclose(black, black[:, :1].expand_as(black))


def test_deep_images_are_predicted_whole_in_tiles_mirrored_and_together(tmp_path) -> None:
    image = noise(2, dtype=np.uint16, high=1000)
    alone = predictor(DEEP)
    probs = alone.probs(image, flip=True, scales=(1.0, 0.5))
    assert probs.shape == (2, *SIZE)
    large = np.tile(image, (8, 6, 1))
    assert predictor(DEEP, tile=96).predict(large).size == large.shape[:2]
    # What a network sees is (units - mean) / std.
    units = (image.astype(np.float64) - DEEP.low) / (np.array(DEEP.high) - DEEP.low)
    seen = np.clip(units, -REACH, 1 + REACH)
    entered, inner = alone._entered(alone._tensor(image))
    wanted = ((seen - DEEP.mean) / DEEP.std).transpose(2, 0, 1)
    assert np.allclose(entered[0, :, : inner[0], : inner[1]].numpy(), wanted, atol=1e-5)
    files = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for file in files:
        checkpoint.save(alone.model, alone.info, file)
    both = Predictor.load(files, device="cpu")
    assert both.layout == DEEP
    assert np.allclose(both.probs(image), alone.probs(image), atol=5e-3)
    other = predictor(EIGHT_BITS)
    checkpoint.save(other.model, other.info, files[1])
    with pytest.raises(UsageError, match=r"one takes a, b of uint16; the same images; another takes red, green, blue"):
        Predictor.load(files, device="cpu")


@pytest.mark.parametrize(
    ("layout", "array"),
    [
        (DEEP, noise(3, dtype=np.uint16)), (DEEP, noise(2)), (DEEP, noise(2, dtype=np.float32)), (DEEP, noise()),
        (EIGHT_BITS, noise(4)), (EIGHT_BITS, noise(3, dtype=np.float32)), (EIGHT_BITS, noise()),
    ],
)  # fmt: skip
def test_an_array_of_another_layout_is_refused(layout, array) -> None:
    for ask in (Predictor.predict, Predictor.probs, Predictor.label_map):
        with pytest.raises(UsageError, match=r"the image is an array \(.*\) of .*; \(H, W, .\), .* of uint"):
            ask(predictor(layout), array)


def test_one_channel_needs_no_axis() -> None:
    layout = Layout(("gray",), "uint16", (0.0,), (1000.0,), (0.5,), (0.3,))
    image = noise(dtype=np.uint16, high=1000)
    assert np.array_equal(predictor(layout).probs(image), predictor(layout).probs(image[..., None]))


def test_a_gray_file_is_taken_for_colours_of_its_depth(tmp_path) -> None:
    gray = noise(dtype=np.uint16, high=900)
    Image.fromarray(gray).save(tmp_path / "gray.png")
    three = Layout(COLOURS, "uint16", (0.0,) * 3, (900.0,) * 3, (0.5,) * 3, (0.3,) * 3)
    found = predictor(three).predict(tmp_path / "gray.png")
    assert found == predictor(three).predict(np.stack([gray] * 3, axis=-1))
    with pytest.raises(FormatError, match=r"gray\.png: the image has gray of uint16; red, green, blue of uint8"):
        predictor(EIGHT_BITS).predict(tmp_path / "gray.png")


def test_eight_bit_colours_are_what_they_were() -> None:
    """Bit by bit what a script with torchvision's ways would compute."""
    image = noise(3)
    own = predictor(EIGHT_BITS)
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    x = (x - torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1)) / torch.tensor((0.229, 0.224, 0.225)).view(
        1, 3, 1, 1
    )
    entered, inner = own._entered(own._tensor(image))
    assert torch.equal(entered[..., : inner[0], : inner[1]], x)
    assert torch.equal(image_batch([image], EIGHT_BITS.mean, EIGHT_BITS.std), x)
    assert EIGHT_BITS.of_units() == EIGHT_BITS


@pytest.mark.parametrize("runtime", ["onnx", "openvino", "torch-export"])
def test_exports_carry_the_layout_and_are_proved_with_it(tmp_path, runtime: str) -> None:
    pytest.importorskip({"onnx": "onnxruntime", "openvino": "openvino"}.get(runtime, "torch"))
    own = predictor(DEEP)
    checkpoint.save(own.model, own.info, tmp_path / "m.safetensors")
    image = noise(2, dtype=np.uint16, high=1000)
    suffix = {"onnx": ".onnx", "openvino": ".xml", "torch-export": ".pt2"}[runtime]
    proof = model_export.export(
        tmp_path / "m.safetensors", tmp_path / f"m{suffix}", runtime, size=(64, 64), images=[image]
    )
    assert proof.agreement == 1
    loaded = Predictor.load(tmp_path / f"m{suffix}", device="cpu")
    assert loaded.layout == DEEP
    assert loaded.probs(image).shape == (2, *SIZE)


def test_descriptions_hold_layouts_and_older_ones_mean_colours() -> None:
    info = ModelInfo("lite", CLASSES.to_json(), LITE, notes=("said",)).taking(DEEP)
    held = json.loads(json.dumps(asdict(info)))
    assert ModelInfo.from_json(held).layout == DEEP
    assert ModelInfo.from_json(held).notes == ("said",)
    older = {name: held[name] for name in ("model", "classes", "config", "scale")}
    assert ModelInfo.from_json(older).layout == EIGHT_BITS
    for damage, said in (
        ({"channels": ["a"]}, "channels"), ({"channels": ["a", "a"]}, "channels"), ({"channels": ["a", 3]}, "channels"),
        ({"channels": ["a", ""]}, "channels"), ({"dtype": "text"}, "dtype"), ({"dtype": ["uint8"]}, "dtype"),
        ({"low": [1.0]}, "low or high"), ({"low": [900.0, 0.0]}, "low or high"), ({"high": [900.0, "x"]}, "low or high"),
        ({"high": [float("inf"), 50.0]}, "low or high"), ({"notes": [3]}, "notes"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"no usable {said}"):
            ModelInfo.from_json({**held, **damage})
    for name in ("channels", "low", "notes"):
        with pytest.raises(TypeError, match=f"its {name} are not listed"):
            ModelInfo.from_json({**held, name: "ab"})


def test_random_colours_of_measured_numbers_are_gentle() -> None:
    rng = np.random.default_rng(0)
    image = np.tile(np.linspace(0, 1, 64, dtype=np.float32)[:, None, None], (1, 64, 2))
    target = np.zeros((64, 64), np.uint8)
    settings = Settings(
        size=(64, 64), scale=(1, 1), stretch=0, flip_horizontal=0, config=LITE, channels=("a", "b"), transforms=()
    )
    moved = [data.augmented(image, target, rng, settings)[0] for _ in range(50)]
    assert 0 < max(float(np.abs(pixels - image).max()) for pixels in moved) < 0.03
    bytes_ = (image[..., [0, 0, 0]] * 255).astype(np.uint8)
    moved = [data.augmented(bytes_, target, rng, settings)[0].astype(float) - bytes_ for _ in range(50)]
    assert max(float(np.abs(change).max()) for change in moved) > 25


def test_a_transform_that_changes_the_kind_of_image_is_named(monkeypatch) -> None:
    image, target = np.zeros((64, 64, 5), np.float32), np.zeros((64, 64), np.uint8)
    settings = Settings(size=(64, 64), config=LITE, transforms=("halve",))
    monkeypatch.setattr(data, "_further", lambda _: [("halve", lambda image, target, rng: (image[..., :3], target))])
    with pytest.raises(UsageError, match=r"'halve' answers an image of .*; \(H, W, 5\) float32, about 0 to 1"):
        data.augmented(image, target, np.random.default_rng(0), settings)
