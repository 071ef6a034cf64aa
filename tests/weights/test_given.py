"""Weights that a person gives: they say which network begins with them, and what is wrong with their file is said."""

import argparse
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")
transformers = pytest.importorskip("transformers")

from command_line import run
from PIL import Image
from safetensors.torch import save_file

from maskwright import models
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import ModelError
from maskwright.predict.checkpoint import ModelInfo, save
from maskwright.store import Dataset, transfer
from maskwright.train.plan import plan
from maskwright.train.starting import fitting, start
from maskwright.weights import fill, read_weights, recognise


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("given") / "resnet18.pth"
    torch.save(torchvision.models.resnet18().state_dict(), place)
    return place


@pytest.fixture
def opened(tmp_path):
    """Four images, halves of two classes."""
    label = np.repeat([[0, 1]], 32, axis=1).repeat(48, axis=0)
    samples = []
    for k in range(4):
        file = tmp_path / f"{k}.png"
        Image.fromarray(np.full((*label.shape, 3), 40 * k, np.uint8)).save(file)
        samples.append(Sample(str(k), ImageRef(str(file), label.shape), Segments.from_label_map(label)))
    classes = Classes([Class(0, "left", "stuff"), Class(1, "right", "stuff")])
    transfer.import_samples(tmp_path / "set", classes, samples, "made")
    with Dataset.open(tmp_path / "set") as dataset:
        yield dataset


# -- which network begins with them


def test_an_encoder_is_begun_with_by_a_network_that_has_it(opened, resnet, capsys) -> None:
    found = plan(opened, {"weights": str(resnet), "device": "cpu"}, measure=False)
    assert found.settings.model == "unet/resnet18"
    assert "the given weights are the encoder resnet18" in found.reasons["model"]
    code, out, _ = run(capsys, "model", "show", resnet)
    assert code == 0
    assert f"maskwright train DATASET --model unet/resnet18 --weights {resnet}" in out


def test_a_checkpoint_of_ours_says_its_network_and_its_arguments(opened, tmp_path) -> None:
    config = {"widths": [4, 4, 4, 4, 4], "decoder": 4}
    classes = Classes([Class(k, str(k), "stuff") for k in range(3)])
    info = ModelInfo("lite", classes.to_json(), config)
    save(models.build("lite", 3, **config), info, tmp_path / "best.safetensors")
    found = plan(opened, {"weights": str(tmp_path / "best.safetensors"), "device": "cpu"}, measure=False)
    assert (found.settings.model, dict(found.settings.config)) == ("lite", {"widths": (4, 4, 4, 4, 4), "decoder": 4})
    assert found.reasons["model"].startswith("what the given weights are of")


def test_a_model_that_is_named_stays(resnet) -> None:
    assert start("semantic", "cpu", {"model": "fpn/resnet18", "weights": str(resnet)}).model == "fpn/resnet18"


def test_random_values_are_asked_for_and_no_published_encoder_is_the_reason() -> None:
    found = start("semantic", "cpu", {"weights": None})
    assert found.model == "lite"
    assert "taught" not in found.why


def test_arguments_of_a_plan_give_way_to_what_the_file_has(tmp_path) -> None:
    """A plan on a CPU has group norms; torchvision's file has running means and variances."""
    config = models.stated("maskrcnn", "CONFIG", {})["cpu"][0]
    assert config["norm"] == "group"
    torch.manual_seed(0)
    network = torchvision.models.detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    torch.save(network.state_dict(), tmp_path / "maskrcnn.pth")
    found = fitting("maskrcnn/resnet50", config, str(tmp_path / "maskrcnn.pth"))
    assert found == config | {"norm": "frozen"}


# -- what is wrong with a file


def test_a_network_of_an_unknown_size_is_not_called_a_known_one(tmp_path) -> None:
    config = transformers.SegformerConfig(
        hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 2, 3, 4], decoder_hidden_size=32
    )
    torch.save(transformers.SegformerForSemanticSegmentation(config).state_dict(), tmp_path / "tiny.pth")
    with pytest.raises(ModelError, match="its tensors are of no network that is known here"):
        recognise(tmp_path / "tiny.pth")


def test_what_does_not_fill_its_network_is_not_advised(tmp_path, resnet, capsys) -> None:
    tensors = read_weights(resnet)
    del tensors["layer3.0.conv2.weight"]
    torch.save(tensors, tmp_path / "less.pth")
    code, out, _ = run(capsys, "model", "show", tmp_path / "less.pth", "--json")
    assert code == 0
    assert json.loads(out)["problem"] == "no network here begins with all of resnet18"
    network = torchvision.models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None)
    tensors = network.state_dict()
    del tensors["backbone.4.block.0.0.weight"]
    torch.save(tensors, tmp_path / "lraspp.pth")
    code, out, _ = run(capsys, "model", "show", tmp_path / "lraspp.pth")
    assert code == 0
    assert "its tensors do not fit this network (1 missing" in out
    assert "maskwright predict" not in out


def test_weights_of_a_training_that_failed_are_refused(tmp_path, resnet) -> None:
    tensors = read_weights(resnet)
    tensors["conv1.weight"][0, 0, 0, 0] = float("nan")
    torch.save(tensors, tmp_path / "nan.pth")
    with pytest.raises(ModelError, match=r"NaN stands in place of numbers in 1 tensor: conv1\.weight"):
        fill(models.build("unet/resnet18", 2), tmp_path / "nan.pth")


def test_what_is_no_file_of_weights_is_called_what_it_is(tmp_path, resnet) -> None:
    whole = resnet.read_bytes()
    held = argparse.Namespace(lr=1)
    torch.save({"state_dict": {"a": torch.zeros(2)}, "args": held}, tmp_path / "more.pth")
    torch.save(torch.nn.Conv2d(1, 1, 1), tmp_path / "module.pth")
    for name, data, said in (
        ("empty.pth", b"", "the file is empty"),
        ("text.pth", b"101 dogs", "it is not a file of weights"),
        ("half.pth", whole[: len(whole) // 2], "it is damaged, or not what torch.save wrote"),
        ("pickle.pth", b"\x80\x02}q\x00.", "it is damaged, or not what torch.save wrote"),
        ("more.pth", None, r"it holds more than tensors, argparse\.Namespace among it"),
        ("module.pth", None, r"it holds more than tensors, torch\.nn\.modules\.conv\.Conv2d among it"),
    ):
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(ModelError, match=said) as error:
            read_weights(tmp_path / name)
        assert str(error.value).isprintable() or "\x1b" not in str(error.value)


def test_names_that_nobody_published_are_answered_with_near_ones() -> None:
    with pytest.raises(ModelError, match=r"there is no such file; .*`maskwright model list` has, such as resnet18-"):
        read_weights("resnet18-torchvison")


def test_a_folder_and_a_name_of_the_catalogue_can_be_predicted_with(opened, tmp_path, capsys, monkeypatch) -> None:
    torch.manual_seed(0)
    network = torchvision.models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None)
    (tmp_path / "network").mkdir()
    save_file(network.state_dict(), tmp_path / "network" / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    code, _, said = run(capsys, "predict", opened.place, "--model", "network", "--device", "cpu")
    assert code == 0, said
    code, _, said = run(capsys, "predict", opened.place, "--model", "deeplabv3-resnet50-voc")
    assert code == 1
    assert "the weights 'deeplabv3-resnet50-voc' are not on this machine" in said
