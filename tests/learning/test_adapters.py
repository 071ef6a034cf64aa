"""Adapters on frozen encoders: what learns, what stays, and that files of weights are whole without them."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from maskwright import models
from maskwright.demo import build_demo_set
from maskwright.errors import UsageError
from maskwright.predict.checkpoint import load
from maskwright.predict.predictor import Predictor
from maskwright.runs import Run
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, adapters, fit
from maskwright.train.groups import parameter_groups

SETTINGS = Settings(
    model="dino", config={"encoder": "dinov3-nano"}, adapter="lora", adapter_rank=2, epochs=2, batch_size=4,
    size=(64, 64), evaluations=1, precision="fp32", lr=5e-3, ema=0.9, device="cpu", overlays=0, workers=0,
)  # fmt: skip
NETWORKS = {
    "dinov2": ("dino", {"encoder": "dinov2-nano"}, 4 * 2),
    "dinov3": ("dino", {"encoder": "dinov3-nano"}, 4 * 2),
    "sam": ("sam", {"encoder": "vit-nano", "side": 64}, 4),
}


@pytest.fixture
def dataset(tmp_path):
    classes, samples = build_demo_set(tmp_path / "pictures", number=10, size=(64, 80))
    transfer.import_samples(tmp_path / "dataset", classes, samples, "demo")
    with Dataset.open(tmp_path / "dataset") as opened:
        yield opened


@pytest.mark.parametrize("name", NETWORKS)
def test_only_the_adapter_and_the_head_learn(name: str) -> None:
    spec, config, layers = NETWORKS[name]
    torch.manual_seed(0)
    plain = models.build(spec, 3, **config)
    before = {key: value.clone() for key, value in plain.state_dict().items()}
    x = torch.rand(2, 3, 112, 112)
    plain.eval()
    with torch.no_grad():
        expected = plain(x)
    settings = replace(SETTINGS, model=spec, config=config)
    said = adapters.add(plain, settings)
    assert f"rank 2 on {layers} layers" in said
    plain.eval()
    with torch.no_grad():
        assert torch.allclose(plain(x), expected, atol=1e-6), "it begins as the network was"
    learns = {key for key, weight in plain.named_parameters() if weight.requires_grad}
    assert all(".lora_" in key or key.startswith(("head.", "norm.")) for key in learns)
    assert sum(".lora_A." in key for key in learns) == layers
    assert {"head.0.weight", "norm.weight"} <= learns
    assert sum(weight.numel() for weight in plain.parameters() if weight.requires_grad) < 30_000
    plain.train()
    groups = parameter_groups(plain, settings)
    optimizer = torch.optim.SGD(groups, 0.5)
    for _ in range(2):  # at first B is zero, and A has no gradient
        optimizer.zero_grad()
        plain(x).square().mean().backward()
        optimizer.step()
    after = dict(plain.named_parameters())
    moved = {key for key in learns if ".lora_" in key and after[key].grad.abs().sum() > 0}
    assert len(moved) == 2 * layers, "the gradient reaches every part of the adapter"
    merged = adapters.merged(plain).eval()
    assert merged.state_dict().keys() == before.keys()
    plain.eval()
    with torch.no_grad():
        assert torch.allclose(merged(x), plain(x), atol=1e-5), "the sum answers as the parts do"
        assert not torch.allclose(merged(x), expected, atol=1e-3)
    changed = {
        key for key in before if key.startswith("encoder.") and not torch.equal(merged.state_dict()[key], before[key])
    }
    assert len(changed) == layers, "the adapted layers and nothing else of the encoder"
    own = {key.replace(".base_layer.", "."): value for key, value in plain.state_dict().items() if ".lora_" not in key}
    assert all(torch.equal(own[key], before[key]) for key in before if key.startswith("encoder."))
    assert adapters.merged(merged) is merged


def test_a_model_without_attention_and_a_rank_without_an_adapter_are_said() -> None:
    with pytest.raises(UsageError, match="lite has no encoder with attention"):
        adapters.add(models.build("lite", 2), Settings(adapter="lora"))
    with pytest.raises(UsageError, match="the setting adapter_rank is 4; it must be none without an adapter"):
        Settings(adapter_rank=4)
    model = models.build("lite", 2)
    assert adapters.add(model, Settings()) is None
    assert adapters.merged(model) is model


@pytest.mark.train
@pytest.mark.parametrize("name", ["dinov3", "sam"])
def test_a_training_goes_on_exactly_and_its_weights_need_no_adapter(dataset, name: str, monkeypatch, tmp_path) -> None:
    spec, config, _ = NETWORKS[name]
    settings = replace(SETTINGS, model=spec, config=config)
    notes: list[str] = []

    def train(name: str, stop: int | None = None) -> Run:
        run = Run.start(dataset, "train", settings.to_json(), name=name)

        def follow(_: float, numbers) -> None:
            notes.append(str(numbers.get("note", "")))
            if numbers.get("step") == stop is not None:
                raise KeyboardInterrupt

        try:
            run.finish(scores=fit(run.view, settings, run, report=follow))
        except KeyboardInterrupt:
            run.finish("interrupted")
        return run

    whole = train("whole")
    assert any("an adapter of rank 2" in note for note in notes)
    train("parts", stop=3)
    parts = Run.resume(dataset, "parts")
    fit(parts.view, settings, parts, resume=True)
    monkeypatch.setitem(__import__("sys").modules, "peft", None)  # from here it is not there
    for file in ("best.safetensors", "last.safetensors"):
        (first, info), (second, _) = load(whole.folder / file), load(parts.folder / file)
        pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs), file
        assert first.state_dict().keys() == models.build(spec, len(info.classes), **config).state_dict().keys()
    found = Predictor.load(whole.folder / "best.safetensors", device="cpu").predict(np.zeros((50, 70, 3), np.uint8))
    assert found.size == (50, 70)
    if name == "dinov3":
        from maskwright.predict.exported import torch_export

        model, info = load(whole.folder / "best.safetensors")
        torch_export.export(model, info, tmp_path / "m.pt2", size=(64, 64))
        ran, _ = torch_export.load(tmp_path / "m.pt2")
        x = torch.rand(1, 3, 64, 64)
        with torch.no_grad():
            assert torch.allclose(ran(x), model(x), atol=1e-4)
