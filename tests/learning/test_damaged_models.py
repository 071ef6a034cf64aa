"""Checkpoints and weights whose headers are broken or lie end in one sentence."""

import json
import struct

import damaged_sets
import numpy as np
import pytest

from maskwright.core.classes import Class, Classes
from maskwright.errors import ModelError
from maskwright.predict import Predictor, checkpoint
from maskwright.weights.tensors import read_weights


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "m.safetensors"
    damaged_sets._model(file)
    return file.read_bytes()


def described(whole: bytes, change) -> bytes:
    """change: of the description inside the header."""
    length = struct.unpack_from("<Q", whole)[0]
    header = json.loads(whole[8 : 8 + length])
    about = json.loads(header["__metadata__"]["maskwright"])
    changed = change(about)
    header["__metadata__"]["maskwright"] = changed if isinstance(changed, str) else json.dumps(about)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + whole[8 + length :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about: "{", "its description: cannot be read"), (lambda about: "[" * 100_000, "nested too deeply"),
        (lambda about: "5", "wrong kind"), (lambda about: about.pop("classes") and None, "lacks 'classes'"),
        (lambda about: about.update(colour=1), "'colour', which this version does not know"), (lambda about: about.update(classes=5), "wrong kind"),
        (lambda about: about["classes"][0].update(id=2**70), "64 bits"), (lambda about: about.update(model=5), "no usable model"),
        (lambda about: about.update(config=[1]), "no usable config"), (lambda about: about.update(config={"num_classes": 3}), "no usable config"),
        (lambda about: about.update(mean=["a", 1, 2]), "no usable mean"), (lambda about: about.update(std=[0, 1, 1]), "no usable mean or std"),
        (lambda about: about.update(std=[1, 1]), "no usable mean or std"), (lambda about: about.update(mean=5), "wrong kind"),
        (lambda about: about.update(scale=float("inf")), "no usable scale"), (lambda about: about.update(scale=10**9), "no usable scale"),
        (lambda about: about.update(task="x"), "no usable task"), (lambda about: about.update(tile=-1), "no usable tile"),
        (lambda about: about.update(tile="a"), "no usable tile"), (lambda about: about.update(window=[5]), "no usable window"),
        (lambda about: about.update(window=[10**9, 10**9]), "no usable window"), (lambda about: about.update(version=2), "no usable version"),
    ],
)  # fmt: skip
def test_descriptions_that_lie(whole, change, message, tmp_path) -> None:
    (tmp_path / "m.safetensors").write_bytes(described(whole, change))
    with pytest.raises(ModelError, match=message) as caught:
        checkpoint.load(tmp_path / "m.safetensors")
    assert str(tmp_path) in str(caught.value)


def test_what_was_saved_is_read_back(whole, tmp_path) -> None:
    (tmp_path / "m.safetensors").write_bytes(whole)
    predictor = Predictor.load(tmp_path / "m.safetensors", device="cpu")
    assert predictor.info.mean == checkpoint.MEAN
    assert len(predictor.predict(np.zeros((32, 40, 3), np.uint8)).masks) >= 1
    info = checkpoint.ModelInfo(
        "lite", Classes([Class(1, "a")]).to_json(), {"x": 1}, window=(64, 96), task="instance", tile=512
    )
    assert checkpoint.ModelInfo.from_json(json.loads(json.dumps(checkpoint.asdict(info)))) == info


def test_headers_that_are_broken(whole, tmp_path) -> None:
    file = tmp_path / "m.safetensors"
    length = struct.unpack_from("<Q", whole)[0]
    for content in (
        b"", whole[:100], struct.pack("<Q", 2**63) + whole[8:], struct.pack("<Q", length - 1) + whole[8:], whole[:-4], whole + b"x",
        whole.replace(b'"F32"', b'"F99"', 1),
    ):  # fmt: skip
        file.write_bytes(content)
        for door in (checkpoint.load, read_weights):
            with pytest.raises(ModelError, match=r"m\.safetensors"):
                door(file)


def test_pickles_that_are_broken(tmp_path) -> None:
    damaged_sets._pickled(tmp_path / "p")
    file = tmp_path / "p" / "m.pth"
    target = damaged_sets.Target("pth", {"m.pth": file.read_bytes()}, damaged_sets._model_door)
    kinds = [damaged_sets.tried(target, 3, number, tmp_path / "work") for number in range(60)]
    assert {outcome.kind for outcome in kinds} <= {"read", "clean"}, [
        outcome.text for outcome in kinds if outcome.kind == "traceback"
    ]
    assert sum(outcome.kind == "clean" for outcome in kinds) > 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda held: held["info"].update(std=[0, 1, 1]), "carries no description"), (lambda held: held.pop("info"), "carries no description"),
        (lambda held: held.update(info=5), "carries no description"), (lambda held: held.update(stride=0), "stride of 0"),
        (lambda held: held.update(stride=1e400), "carries no description"), (lambda held: held.update(size=[0, 5]), "size of"),
        (lambda held: held.update(size=5), "carries no description"), (lambda held: held.update(stride=10**9), "stride of 1000000000"),
    ],
)  # fmt: skip
def test_descriptions_of_exported_files_that_lie(change, message, tmp_path) -> None:
    from maskwright.predict.exported import _runner

    info = checkpoint.ModelInfo("lite", Classes([Class(1, "a")]).to_json())
    held = json.loads(_runner.described(info, 16, None))
    assert _runner.read_description(json.dumps(held), tmp_path) == (info, 16, None)
    change(held)
    with pytest.raises(ModelError, match=message):
        _runner.read_description(json.dumps(held), tmp_path)
