"""Architectures: exact sizes, any image size, loading and saving."""

import numpy as np
import pytest
from small_networks import SMALL

torch = pytest.importorskip("torch")

from maskwright import models, registry
from maskwright.core.classes import Class, Classes
from maskwright.errors import ModelError, UsageError
from maskwright.predict import Predictor, checkpoint
from maskwright.testing import ModelContract


def parameters(spec: str, kinds: int, channels: int = 3, **config: object) -> int:
    return sum(parameter.numel() for parameter in models.build(spec, kinds, channels, **config).parameters())


def test_exact_sizes() -> None:
    assert parameters("unet2015", 2, 1, padding="valid") == 31_030_658
    assert parameters("unet2015", 21) == 31_044_821
    assert parameters("unet2015", 1) == 31_043_521
    assert parameters("unet2015", 2, base=16) == 1_944_066
    assert parameters("unet/resnet18", 1) == 14_328_209
    assert parameters("lite", 11) == 5_466_443
    # The published implementations' own counts.
    assert parameters("deeplabv3/resnet50", 21) == 39_638_869
    assert parameters("deeplabv3/mobilenet_v3_large", 21) == 11_025_477
    assert parameters("fcn/resnet50", 21) == 32_957_013
    assert parameters("lraspp", 21) == 3_221_538
    assert parameters("deeplabv3plus/resnet50", 1) == 26_677_585
    assert parameters("deeplabv3plus/mobilenet_v2", 1) == 4_378_513
    assert parameters("segformer/mit_b0", 1) == 3_714_401
    assert parameters("segnet", 11) == 29_449_355
    assert parameters("segnet", 21) == 29_455_125


def test_joint_pyramid_upsampling_has_the_papers_size() -> None:
    from maskwright.models.fastfcn import jpu

    for width, size in ((512, 19_735_552), (256, 9_081_344)):
        assert sum(parameter.numel() for parameter in jpu(torch, [512, 1024, 2048], width).parameters()) == size
    # ResNet-50 without its classifier, the JPU, and a head of one 3 x 3 and one 1 x 1 convolution.
    head = 2048 * 512 * 9 + 2 * 512 + 512 * 150 + 150
    assert parameters("fastfcn/resnet50", 150) == 23_508_032 + 19_735_552 + head


def test_the_heads_of_fastfcn_have_the_published_sizes() -> None:
    # The published counts, less their deep stem and the unused classifier that their encoder carries.
    apart = 123_776 + 2048 * 1000 + 1000
    published = {"encnet": 49_560_522, "fcn": 57_329_876, "psp": 70_965_460, "aspp": 63_978_708}
    for head, size in published.items():
        assert parameters("fastfcn/resnet50", 150, head=head, aux=True) == size - apart, head


def test_the_shape_stream_of_gated_scnn_has_the_published_size() -> None:
    from maskwright.models.gscnn import shape_stream

    # Theirs carries a projection of the first features that nothing uses (65), and mixes two maps in it (2).
    stream = shape_stream(torch, [64, 256, 512, 4096])
    assert sum(parameter.numel() for parameter in stream.parameters()) == 107_950 - 65 - 2


def test_edges_of_gated_scnn_are_where_classes_meet() -> None:
    from maskwright.models import gscnn

    target = torch.zeros(1, 9, 9, dtype=torch.long)
    target[:, :, 4:] = 2
    target[:, 7:] = 255
    truth, known = gscnn.edges(torch, target, reach=1)
    assert truth[0, 0, :7].any(0).nonzero().flatten().tolist() == [3, 4]
    assert not truth[0, 0, 7:].any()
    assert not known[0, 0, 7:].any()
    right = torch.nn.functional.one_hot(target.clamp(max=2), 3).permute(0, 3, 1, 2).float() * 200
    torch.manual_seed(0)
    assert gscnn.dual_task(torch, right, target) < 1e-3 < gscnn.dual_task(torch, -right, target)


@pytest.mark.parametrize("head", ["fcn", "psp", "aspp", "encnet"])
def test_every_head_of_fastfcn_learns(head: str) -> None:
    model = models.build("fastfcn/resnet18", 4, head=head, width=16, aux=True)
    x, target = torch.rand(2, 3, 64, 96), torch.randint(0, 4, (2, 64, 96))
    assert model(x).shape == (2, 4, 64, 96)
    model(x, target, torch.nn.functional.cross_entropy).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    with pytest.raises(UsageError, match="no head"):
        models.build("fastfcn", 4, head="magic")


def test_segnet_puts_values_back_where_they_came_from() -> None:
    """Whatever the size: pooling an odd side drops a row, and unpooling has to know."""
    model = models.build("segnet", 3, width=0.05).eval()
    for size in ((32, 32), (33, 61), (65, 97)):
        assert model(torch.rand(1, 3, *size)).shape == (1, 3, *size)


def test_torchvision_says_what_it_lacks() -> None:
    with pytest.raises(UsageError, match=r"no encoder 'vgg'.*mobilenet_v3_large"):
        models.build("deeplabv3/vgg", 3)


OBJECTS = ("eomt", "mask2former", "maskrcnn", "oneformer", "rfdetr")
PIXELS = [name for name in models.names() if name not in OBJECTS]
# Those that take the longest to learn.
LARGE = ("deeplabv3", "fcn", "upernet")


@pytest.mark.parametrize("name", models.names())
def test_every_model_says_where_it_comes_from(name: str) -> None:
    module = registry.load("models", name)
    assert module.PAPER
    assert module.LICENCE
    assert all(about for about in getattr(module, "WEIGHTS", {}).values())
    model = models.build(name, 5, **SMALL.get(name, {}))
    assert (getattr(model, "answers", "logits") != "logits") == (name in OBJECTS)


@pytest.mark.parametrize(
    "channels", [1, pytest.param(4, marks=pytest.mark.slow), pytest.param(6, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", models.names())
def test_every_model_takes_other_channels(name: str, channels: int) -> None:
    model = models.build(name, 5, channels, **SMALL.get(name, {})).eval()
    side = -(-64 // model.stride) * model.stride
    with torch.inference_mode():
        answer = model(torch.rand(1, channels, side, side, generator=torch.Generator().manual_seed(0)))
    if name not in OBJECTS:
        assert answer.shape == (1, 5, side, side)
    first = next(part for part in model.modules() if isinstance(part, torch.nn.Conv2d))
    assert first.in_channels == channels


class TestEveryModelOfPixels(ModelContract):
    @pytest.fixture(autouse=True, params=PIXELS)
    def one_of_them(self, request) -> None:
        self.name = request.param
        self.config = SMALL.get(request.param, {})


@pytest.mark.train
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in PIXELS]
)
def test_every_model_learns_two_pictures(name: str) -> None:
    torch.manual_seed(0)
    model = models.build(name, 3, **SMALL.get(name, {}))
    side = -(-64 // model.stride) * model.stride
    x = torch.rand(2, 3, side, side)
    target = torch.zeros(2, side, side, dtype=torch.long)
    target[0, :, side // 2 :], target[1, side // 2 :] = 1, 2
    x[:, 0] += target * 0.8
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    values = []
    criterion = torch.nn.functional.cross_entropy
    for _ in range(25):
        loss = model(x, target, criterion) if getattr(model, "own_loss", False) else criterion(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert min(values[-5:]) < 0.6 * values[0]


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (64, 64), (65, 97), (130, 33)])
@pytest.mark.parametrize(
    "spec", [("unet2015", {"base": 2, "padding": "valid"}), ("lite", {"widths": (4, 4, 4, 4, 4), "decoder": 4})]
)
def test_any_size_goes_in_and_comes_out(size, spec) -> None:
    classes = Classes([Class(3, "a", "stuff"), Class(8, "b", "thing")])
    info = checkpoint.ModelInfo(spec[0], classes.to_json(), spec[1], scale=0.8)
    predictor = Predictor(models.build(spec[0], 2, **spec[1]), info, device="cpu", precision="fp32")
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    probs = predictor.probs(image, flip=True)
    assert probs.shape == (2, *size)
    assert np.allclose(probs.sum(axis=0), 1, atol=1e-5)
    segments = predictor.predict(image)
    assert segments.size == size
    assert segments.masks.areas().sum() == size[0] * size[1]


def test_padding_does_not_move_the_picture() -> None:
    """A network that hands its input on gives it back at every size."""

    class Same(torch.nn.Module):
        stride = 32

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :2]

    info = checkpoint.ModelInfo(
        "lite", Classes([Class(0, "a"), Class(1, "b")]).to_json(), mean=(0, 0, 0), std=(1, 1, 1)
    )
    image = np.random.default_rng(1).integers(0, 255, (45, 70, 3), dtype=np.uint8)
    found = Predictor(Same(), info, device="cpu", precision="fp32").label_map(image)
    assert np.array_equal(found, (image[..., 1] > image[..., 0]).astype(np.uint8))


def test_things_become_parts_with_scores_and_background_none() -> None:
    from maskwright.predict.predictor import segments_from_probs

    classes = Classes([Class(4, "cell"), Class(9, "rest", "stuff", "background")])
    cells = np.zeros((6, 8), np.float32)
    cells[1:3, 1:3] = 0.9
    cells[4, 5:8] = 0.7
    segments = segments_from_probs(np.stack([cells, 1 - cells]), classes)
    assert segments.class_ids.tolist() == [4, 4]
    assert segments.masks.areas().tolist() == [4, 3]
    assert segments.scores.tolist() == pytest.approx([0.9, 0.7])
    assert len(segments_from_probs(np.stack([cells, 1 - cells]), classes, min_area=4)) == 1


def test_a_checkpoint_carries_everything(tmp_path) -> None:
    config = {"widths": (4, 4, 4, 4, 4), "decoder": 4}
    classes = Classes([Class(3, "ä"), Class(8, "b", "stuff", "background")])
    model = models.build("lite", 2, **config).eval()
    checkpoint.save(model, checkpoint.ModelInfo("lite", classes.to_json(), config), tmp_path / "m.safetensors")
    predictor = Predictor.load(tmp_path / "m.safetensors", device="cpu")
    assert predictor.classes == classes
    for mine, theirs in zip(predictor.model.state_dict().values(), model.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_wrong_checkpoints_are_named(tmp_path) -> None:
    from safetensors.torch import save_file

    with pytest.raises(ModelError, match="no such file"):
        Predictor.load(tmp_path / "none.safetensors")
    (tmp_path / "x.pth").write_bytes(b"x")
    with pytest.raises(ModelError, match="it is not a file of weights"):
        Predictor.load(tmp_path / "x.pth")
    (tmp_path / "x.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError, match="not a readable"):
        Predictor.load(tmp_path / "x.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "y.safetensors")
    with pytest.raises(ModelError, match="of no network that is known here"):
        Predictor.load(tmp_path / "y.safetensors")
    with pytest.raises(UsageError, match="has no option"):
        models.build("lite", 2, nonsense=1)
    with pytest.raises(ModelError, match="cannot be built"):
        models.build("unet/nonsense", 2)


@pytest.mark.parametrize(
    ("spec", "layer"),
    [
        ("unet/resnet18", "encoder.conv1.weight"),
        ("unet/tu-resnet10t", "encoder.model.conv1.0.weight"),
        ("lraspp", "network.backbone.0.0.weight"),
        ("dino/dinov2-nano", "encoder.embeddings.patch_embeddings.projection.weight"),
    ],
)
def test_weights_taught_with_colours_fit_other_channels(tmp_path, spec: str, layer: str) -> None:
    """timm says how: one channel gets the sum, others are repeated in order and scaled; names that are known go first."""
    from safetensors.torch import save_file
    from timm.models import adapt_input_conv

    from maskwright.weights import fill
    from maskwright.weights.first_layer import COLOURS

    file = tmp_path / "colours.safetensors"
    colours = models.build(spec, 3).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in colours.items()}, file)
    for channels in (("gray",), ("0", "1", "2", "3", "4", "5"), ("red", "green", "blue", "alpha"), ("a", "green")):
        model = models.build(spec, 3, len(channels))
        said = fill(model, file, channels).said
        assert f"the whole network's {len(colours)} tensors" in said
        assert f"the first layer, {layer}, " in said
        found, before = model.state_dict()[layer], colours[layer]
        if not set(channels) & set(COLOURS):
            assert torch.allclose(found, adapt_input_conv(len(channels), before), atol=1e-6)
            continue
        for place, name in enumerate(channels):
            own = before[:, COLOURS.index(name)] if name in COLOURS else before.mean(1)
            assert torch.allclose(found[:, place], own * (3 / len(channels)), atol=1e-6)
        assert "keeps its weights of" in said
    same = models.build(spec, 3)
    assert "first layer" not in fill(same, file).said
    assert all(torch.equal(tensor, colours[name]) for name, tensor in same.state_dict().items())


def test_lite_over_a_published_encoder() -> None:
    """Of the same decoder as over its own, and exported like it: timm pads by the input's size."""
    assert parameters("lite/efficientnet-lite0", 11) == 3_253_803
    model = models.build("lite/efficientnet-lite0", 4, 1, deep=True).eval()
    with torch.inference_mode():
        assert model(torch.rand(1, 1, 64, 96)).shape == (1, 4, 64, 96)
    with pytest.raises(UsageError, match="lite has no encoder 'resnet18'; none, or one of efficientnet-lite0"):
        models.build("lite/resnet18", 3)
    with pytest.raises(UsageError, match="has widths of its own"):
        models.build("lite/efficientnet-lite0", 3, widths=(4, 8, 8, 8, 8))
    assert models.encoder_of("lite") == ""
    assert models.encoder_of("lite/efficientnet-lite1") == "efficientnet-lite1"
    assert models.encoder_of("unet") == "resnet18"
    assert models.encoder_of("segnet") == "vgg16_bn"


def test_a_published_encoder_is_exported_for_any_size(tmp_path) -> None:
    pytest.importorskip("onnxruntime")
    from maskwright.predict.exported import onnx

    torch.manual_seed(0)
    model = models.build("lite/efficientnet-lite0", 3).eval()
    classes = Classes([Class(k, f"c{k}", "stuff") for k in range(3)])
    info = checkpoint.ModelInfo("lite/efficientnet-lite0", classes.to_json())
    onnx.export(model, info, tmp_path / "lite.onnx")
    run, _ = onnx.load(tmp_path / "lite.onnx")
    for size in ((64, 96), (128, 32), (96, 160)):
        x = torch.rand(1, 3, *size)
        with torch.inference_mode():
            assert (run(x) - model(x)).abs().max() < 1e-3, size
