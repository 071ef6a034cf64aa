"""Histograms of weights on the command line."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")
import torch
from command_line import run as call
from safetensors.torch import load_file, save_file

from maskwright import models
from maskwright.core.classes import Class, Classes
from maskwright.predict import ModelInfo, checkpoint
from maskwright.predict.weight_layers import _of_network, layers


@pytest.fixture
def saved(tmp_path):
    classes = Classes([Class(1, "a"), Class(2, "b", "stuff")])
    network = models.build("unet2015", 2, base=4)
    file = tmp_path / "best.safetensors"
    checkpoint.save(network, ModelInfo("unet2015", classes.to_json(), {"base": 4}), file)
    return file, network


def test_counts_are_numpys_and_the_number_of_layers_is_told(capsys, saved, tmp_path) -> None:
    file, network = saved
    convolutions = [name for name, module in network.named_modules() if isinstance(module, torch.nn.Conv2d)]
    out = tmp_path / "weights.svg"
    code, said, err = call(
        capsys,
        "model",
        "show",
        file,
        "--histograms",
        "--layers",
        "conv2d",
        "--first",
        3,
        "--bins",
        20,
        "-o",
        out,
        "--json",
    )
    assert (code, err) == (0, "")
    found = json.loads(said)
    assert found["layers"] == len(convolutions) > 3
    assert [layer["name"] for layer in found["drawn"]] == convolutions[:3]
    assert {layer["type"] for layer in found["drawn"]} == {"Conv2d"}
    tensors = load_file(file)
    for layer in found["drawn"]:
        for array in layer["arrays"]:
            counts, edges = np.histogram(tensors[array["name"]].numpy().astype(np.float64), 20)
            assert array["counts"] == counts.tolist()
            assert array["edges"] == edges.tolist()
            assert array["shape"] == list(tensors[array["name"]].shape)
    assert out.read_text().count("<svg") == 1
    code, said, _ = call(capsys, "model", "show", file, "--histograms", "--layers", "conv2d", "-o", tmp_path / "w.png")
    assert f"8 of {len(convolutions)} layers that fit conv2d" in said
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")


def test_part_of_a_name_and_files_of_networks_that_are_not_known(saved, tmp_path) -> None:
    file, network = saved
    part = next(name for name, _ in network.named_modules() if name.count(".") > 1).rpartition(".")[0]
    assert all(part in layer.name for layer in layers(file, part))
    tensors = {"block.1.weight": torch.ones(3, 2), "block.1.bias": torch.zeros(3), "block.1.running_mean": torch.ones(3),
               "block.2.weight": torch.full((2,), float("nan")), "steps": torch.tensor(3)}  # fmt: skip
    torch.save(tensors, tmp_path / "own.pth")
    save_file(tensors, tmp_path / "own.safetensors")
    for name in ("own.pth", "own.safetensors"):
        found = layers(tmp_path / name)
        assert [(layer.name, layer.kinds) for layer in found] == [("block.1", ()), ("block.2", ())]
        assert {layer.name: sorted(layer.arrays) for layer in found} == {
            "block.1": ["bias", "weight"],
            "block.2": ["weight"],
        }
        assert [layer.name for layer in layers(tmp_path / name, "2.weight")] == ["block.2"]


def test_refused_in_one_sentence_and_nothing_is_left(capsys, saved, tmp_path) -> None:
    file, _ = saved
    (tmp_path / "mine.png").write_text("mine")
    (tmp_path / "broken.safetensors").write_bytes(file.read_bytes()[:-1000])
    torch.save({"a.weight": torch.ones(2)}, tmp_path / "own.pth")
    before = sorted(path.name for path in tmp_path.iterdir())
    new = tmp_path / "x.png"
    for arguments, code, words in (
        ((file, "--histograms", "--layers", "Linear", "-o", new), 2, "no layer is of the type 'Linear'"),
        ((file, "--histograms", "-o", tmp_path / "x.pdf"), 2, "ends with .svg or .png"),
        ((file, "--histograms", "-o", tmp_path / "mine.png"), 2, "there is something already"),
        ((file, "--layers", "Conv2d"), 2, "Give --histograms too"),
        ((tmp_path / "own.pth", "--histograms", "--layers", "Conv2d", "-o", new), 2, "no name of a layer has 'Conv2d'"),
        ((tmp_path / "none.pth", "--histograms", "-o", new), 1, "there is no such file"),
        ((tmp_path / "broken.safetensors", "--histograms", "-o", new), 1, "broken.safetensors"),
    ):  # fmt: skip
        got, _, err = call(capsys, "model", "show", *arguments)
        assert got == code, err
        assert words in err
        assert "Traceback" not in err
    assert call(capsys, "model", "list", "--histograms")[0] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_kind_of_a_type_is_of_the_type(tmp_path) -> None:
    class Odd(torch.nn.Conv2d):
        pass

    network = torch.nn.Sequential(Odd(3, 2, 1), torch.nn.Conv2d(2, 2, 1), torch.nn.BatchNorm2d(2))
    assert [layer.kinds[0] for layer in _of_network(network)] == ["Odd", "Conv2d", "BatchNorm2d"]
    assert [layer.name for layer in _of_network(network) if "Conv2d" in layer.kinds] == ["0", "1"]
