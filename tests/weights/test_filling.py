"""Weights fill all of a network or all of its encoder, or are refused with what does not fit."""

import json
import re

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file

from maskwright import models
from maskwright.errors import ModelError
from maskwright.weights import fill

TINY = {"widths": (4, 8, 8, 8, 8), "decoder": 8}


def saved(tensors, place):
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, place)
    return place


def test_a_file_that_lacks_a_tensor_is_refused_and_nothing_changes(tmp_path) -> None:
    source = models.build("unet/resnet18", 3).state_dict()
    for name in ("encoder.layer2.0.conv1.weight", "encoder.layer3.1.bn2.running_var"):
        del source[name]
    model = models.build("unet/resnet18", 3)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ModelError, match=r"2 missing: encoder\.layer2\.0\.conv1\.weight, encoder\.layer3\.1\.bn2"):
        fill(model, saved(source, tmp_path / "part.safetensors"))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_deeper_encoder_is_refused_with_what_is_too_many(tmp_path) -> None:
    source = models.build("unet/resnet34", 3).encoder.state_dict()
    with pytest.raises(ModelError, match=r"\d+ too many: layer1\.2\."):
        fill(models.build("unet/resnet18", 3), saved(source, tmp_path / "deeper.safetensors"))


def test_a_wider_encoder_is_refused_with_both_shapes(tmp_path) -> None:
    source = models.build("lite", 3, **TINY).state_dict()
    model = models.build("lite", 3, widths=(4, 8, 8, 8, 16), decoder=8)
    with pytest.raises(ModelError, match=r"of another shape: \S+ is \(8,.*\), the network's \(16,"):
        fill(model, saved(source, tmp_path / "narrow.safetensors"))


def test_normalisation_of_another_kind_is_refused(tmp_path) -> None:
    source = models.build("unet/resnet18", 3).encoder.state_dict()
    small = {"norm": "group", "samples": 32, "proposals": 50}
    with pytest.raises(ModelError, match=r"40 too many: bn1\.running_mean"):
        fill(models.build("maskrcnn/resnet18", 3, **small), saved(source, tmp_path / "batch.safetensors"))


def test_a_head_for_other_classes_is_said_and_a_layer_inside_is_not_a_head(tmp_path) -> None:
    source = models.build("lite", 7, **TINY).state_dict()
    place = saved(source, tmp_path / "seven.safetensors")
    filled = fill(models.build("lite", 3, **TINY), place)
    assert not filled.whole
    assert filled.said.endswith("; for other classes (3 values in place of 7) and random: head.1")
    torn = {name: tensor[:3] if name == "decode.0.0.weight" else tensor for name, tensor in source.items()}
    with pytest.raises(ModelError, match="of another shape"):
        fill(models.build("lite", 3, **TINY), saved(torn, tmp_path / "torn.safetensors"))


def test_supervision_that_a_file_does_not_have_stays_random(tmp_path) -> None:
    place = saved(models.build("lite", 3, **TINY).state_dict(), tmp_path / "plain.safetensors")
    model = models.build("lite", 3, deep=True, **TINY)
    assert re.search(r"^178 tensors come from .*; random: side\.0, side\.1$", fill(model, place).said)


def test_a_network_of_a_users_own_is_filled_whole_or_by_its_known_encoder(tmp_path) -> None:
    torchvision = pytest.importorskip("torchvision")

    class Own(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.spine = torchvision.models.resnet18()
            self.last = torch.nn.Conv2d(3, 2, 1)

    source = torchvision.models.resnet18()
    torch.save(source.state_dict(), tmp_path / "resnet.pth")
    own = Own()
    assert "random: last" in fill(own, tmp_path / "resnet.pth").said
    assert torch.equal(own.spine.conv1.weight, source.conv1.weight)
    torch.save({"last.weight": torch.zeros(2, 3, 1, 1), "last.bias": torch.zeros(2)}, tmp_path / "last.pth")
    with pytest.raises(ModelError, match="missing: spine"):
        fill(Own(), tmp_path / "last.pth")


def test_weights_bring_their_normalisation(tmp_path) -> None:
    """Those of the catalogue by what they are, a checkpoint of ours by what it says."""
    timm = pytest.importorskip("timm")
    lite = models.build("lite/efficientnet-lite0", 3)
    torch.save(timm.create_model("tf_efficientnet_lite0").state_dict(), tmp_path / "lite0.pth")
    filled = fill(lite, tmp_path / "lite0.pth")
    assert (filled.mean, filled.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    info = {"channels": ["red", "green", "blue"], "dtype": "uint8", "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}
    tensors = {name: tensor.clone() for name, tensor in lite.state_dict().items()}
    save_file(tensors, tmp_path / "ours.safetensors", metadata={"maskwright": json.dumps(info)})
    filled = fill(models.build("lite/efficientnet-lite0", 3), tmp_path / "ours.safetensors")
    assert filled.whole
    assert (filled.mean, filled.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


def test_first_layers_for_other_channels_are_said_beside_the_names(tmp_path) -> None:
    torchvision = pytest.importorskip("torchvision")
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "resnet.pth")
    said = fill(models.build("unet/resnet18", 3, 1), tmp_path / "resnet.pth", ("gray",)).said
    assert "the first layer, encoder.conv1.weight, gives gray the sum" in said
    assert "(torchvision's names)" in said


def test_variances_of_a_network_with_another_epsilon_give_the_same_sum(tmp_path, monkeypatch) -> None:
    """torchvision's first Mask R-CNN was taught with 0 where its class has 1e-5 today."""
    from dataclasses import replace

    from maskwright.weights import recognising, weight_catalogue

    source = models.build("unet/resnet18", 3).encoder
    torch.save(source.state_dict(), tmp_path / "resnet.pth")
    published = replace(weight_catalogue.load("resnet18-torchvision"), eps=0.0)
    monkeypatch.setattr(recognising, "published_at", lambda source: published)
    model = models.build("unet/resnet18", 3)
    fill(model, tmp_path / "resnet.pth")
    assert torch.allclose(model.encoder.bn1.running_var + model.encoder.bn1.eps, source.bn1.running_var)
