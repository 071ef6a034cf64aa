"""Settings and plans as people write them."""

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright import losses
from maskwright.core import typed
from maskwright.errors import UsageError
from maskwright.train.plan import Plan, read_plan
from maskwright.train.settings import Settings, kinds
from maskwright.train.sweep import parse_search


def planned(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "plan.yaml").write_text(text)
    return read_plan(tmp_path / "plan.yaml")


@pytest.mark.parametrize(("line", "name", "value"), [
    ("lr: 1e-3", "lr", 0.001), ("minutes: 20m", "minutes", 20.0), ("minutes: 1h30m", "minutes", 90.0),
    ("size: 64x96", "size", (64, 96)), ("size: [64, 96]", "size", (64, 96)), ("size: 64", "size", (64, 64)),
    ("size:\n- 64\n- 96", "size", (64, 96)), ("colour: 'no'", "colour", False), ("colour: no", "colour", False),
    ("colour: off", "colour", False), ("turn: 'yes'", "turn", True), ("trackers: tensorboard", "trackers", ("tensorboard",)),
    ("trackers: [mlflow, wandb]", "trackers", ("mlflow", "wandb")), ("weights: none", "weights", None),
    ("weights: null", "weights", None), ("val_split: no", "val_split", "no"), ("train_split: 1", "train_split", "1"),
    ("epochs: 1e2", "epochs", 100), ("device: cuda:1", "device", "cuda:1"), ("fold: [0, 5]", "fold", (0, 5)),
    ("config: {deep: yes, decoder: 1e1, note: '5'}", "config", {"deep": "yes", "decoder": 10.0, "note": "5"}),
])  # fmt: skip
def test_a_plan_is_taken_as_meant(tmp_path: Path, line: str, name: str, value: Any) -> None:
    assert getattr(planned(tmp_path, f"model: lite\n{line}\n"), name) == value


@pytest.mark.parametrize(("line", "said"), [
    ("seed: abc", "the setting seed is 'abc'; it must be a whole number, at least 0"),
    ("device: gpu", "the setting device is 'gpu'; it must be cpu, cuda or cuda:NUMBER, or none"),
    ("epochs: 1.5", "the setting epochs is '1.5'; it must be a whole number, at least 1"),
    ("epochs: 0", "the setting epochs is '0'; it must be at least 1"),
    ("minutes: .inf", "the setting minutes is '.inf'; it must be a finite number"),
    ("minutes: .nan", "the setting minutes is '.nan'; it must be a finite number"),
    ("colour: perhaps", "the setting colour is 'perhaps'; it must be yes or no"),
    ("task: everything", "it must be auto, instance, panoptic or semantic"),
    ("size: [64]", "it must be two whole numbers, at least 32"),
    ("scale: [1, 0.5]", "the setting scale is (1.0, 0.5); it must be two rising numbers"),
    ("batch_size: 8\naccumulate: 3", "the setting accumulate is 3; it must be a divisor of batch_size, 8"),
    ("epoch: 3", "there is no setting 'epoch'"), ("lr: 1\nlr: 2", "'lr' is there twice, first in line 2"),
])  # fmt: skip
def test_what_a_plan_cannot_mean_is_one_sentence_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    text = f"model: lite\n{line}\n"
    with pytest.raises(UsageError) as caught:
        planned(tmp_path, text)
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 'plan.yaml'}: line {text.count(chr(10))}: ")
    assert said in told
    if "epoch:" in line:
        assert "Did you mean 'epochs'?" in told


def test_settings_in_python_are_read_by_the_same_rules() -> None:
    found = Settings(
        size=np.array([64, 96]), lr="1e-3", seed=np.int64(3), minutes="90s", colour="no", epochs=np.float64(2)
    )
    assert (found.size, found.lr, found.seed, found.minutes, found.colour, found.epochs) == (
        (64, 96), 0.001, 3, 1.5, False, 2,
    )  # fmt: skip
    json.dumps(found.to_json())
    for wrong in ({"seed": "abc"}, {"seed": True}, {"seed": 1.5}, {"device": "gpu"}, {"minutes": float("inf")},
                  {"lr": float("nan")}, {"config": 3}, {"model": None}, {"precision": "fp64"}):  # fmt: skip
        with pytest.raises(UsageError, match=f"the setting {next(iter(wrong))} is"):
            Settings(**wrong)


def test_stored_settings_of_another_version_are_read() -> None:
    stored = {**Settings(epochs=3).to_json(), "gone": 1, "size": [64, 64], "trackers": []}
    assert Settings.from_json(stored) == Settings(epochs=3, size=(64, 64))


def test_a_plan_that_was_written_is_read_back(tmp_path: Path) -> None:
    settings = Settings(
        minutes=20, config={"deep": True, "widths": [8, 8]}, trackers=("mlflow",), lr=1e-5, weights="1e3"
    )
    Plan(settings, {"lr": "a reason: with # and 'quotes'"}, None).write(tmp_path / "p.yaml")  # type: ignore[arg-type]
    assert read_plan(tmp_path / "p.yaml") == settings


def test_a_plan_of_an_earlier_version_is_read() -> None:
    assert read_plan(Path(__file__).parent / "data" / "plan.yaml") == Settings(
        model="lite", minutes=20.0, size=(256, 256), scale=(0.5, 1.1), balance=True, lr=2e-3, loss="ce + dice",
        config={"widths": [16, 32, 48, 96, 96], "decoder": 32}, device="cpu",
    )  # fmt: skip


def test_every_setting_says_what_it_is_and_what_it_takes() -> None:
    for field in fields(Settings):
        assert typed.note(kinds()[field.name]).endswith((".", "…")), field.name
        assert typed.words(kinds()[field.name])


def test_the_page_of_settings_is_written_from_the_settings() -> None:
    root = Path(__file__).parents[2]
    sys.path.insert(0, str(root / "scripts"))
    try:
        import settings_page
    finally:
        sys.path.pop(0)
    assert (root / "docs" / "reference" / "settings.md").read_text() == settings_page.page(), (
        "write it with scripts/settings_page.py"
    )


@pytest.mark.parametrize(("text", "space"), [
    ("lr=log(1e-4, 1e-2)", ("log", (1e-4, 1e-2))), ("minutes=float(1m,90s)", ("float", (1.0, 1.5))),
    ("size=64x64|96", ("choice", [(64, 64), (96, 96)])), ("colour=yes|no", ("choice", [True, False])),
    ("weights=none|a.pth", ("choice", [None, "a.pth"])), ("batch-size=4|8", ("choice", [4, 8])),
])  # fmt: skip
def test_searches_hold_values_of_their_setting(text: str, space: tuple[str, Any]) -> None:
    assert list(parse_search([text]).values()) == [space]


@pytest.mark.parametrize(("texts", "said"), [
    (["speed=1|2"], "there is no setting 'speed'"), (["lr=log(2,1)"], "is empty"), (["lr"], "has no value"),
    (["lr=log(a,b)"], "the setting lr is 'a'; it must be a number"), (["lr=log(1e-4,inf)"], "a finite number"),
    (["ema=float(0.5,1)"], "below 1"), (["batch_size=log(1,4)"], "is a whole number; batch_size=int"),
    (["model=log(1,2)"], "has no range"), (["lr=int(1e-4,1e-2)"], "not whole numbers"), (["turn=1|2"], "yes or no"),
    (["lr=1|2", "lr=3"], "lr is given twice"), ([], "nothing is searched"),
])  # fmt: skip
def test_searches_that_cannot_be(texts: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_search(texts)


@pytest.mark.parametrize(("spec", "said"), [
    ("dice(smoth=1)", "the loss 'dice' has no option 'smoth'.*Did you mean 'smooth'"),
    ("dice(smooth=much)", "the option smooth of the loss 'dice' is 'much'; it must be a number"),
    ("dice(absent=maybe)", "it must be skip or penalise"), ("dice(smooth=1, smooth=2)", "smooth is given twice"),
    ("dice(smooth)", "has no value"), ("dice(logits=1)", "no option 'logits'"), ("focal(gamma=inf)", "a finite number"),
])  # fmt: skip
def test_options_of_losses_that_cannot_be(spec: str, said: str) -> None:
    pytest.importorskip("torch")
    import re

    with pytest.raises(UsageError) as caught:
        losses.parse(spec)
    assert re.search(said, str(caught.value), re.DOTALL)


def test_options_of_losses_as_people_write_them() -> None:
    torch = pytest.importorskip("torch")
    logits, target = torch.randn(2, 3, 8, 8), torch.randint(0, 3, (2, 8, 8))
    for each, other in (
        ("dice(smooth=1e0, absent='penalise')", 'dice(smooth=1, absent="penalise")'),
        ("focal(alpha=[1, 2, 3])", "focal(alpha=[1.0,2.0,3.0])"), ("boundary(normalise=no)", "boundary(normalise=False)"),
    ):  # fmt: skip
        assert losses.parse(each)(logits, target) == losses.parse(other)(logits, target)
    assert losses.parse("boundary(normalise=no)")(logits, target) != losses.parse("boundary")(logits, target)


def test_arguments_of_models_as_people_write_them() -> None:
    pytest.importorskip("torch")
    from maskwright import models

    given = typed.pairs(["widths=8,8,8,8,8", "decoder=8", "deep=yes"])
    assert models.read_config("lite", given) == {"widths": (8, 8, 8, 8, 8), "decoder": 8, "deep": True}
    for wrong, said in (("deep=perhaps", "the option deep of the model 'lite' is 'perhaps'; it must be yes or no"),
                        ("dep=yes", "Did you mean 'deep'"), ("num_classes=3", "no option 'num_classes'")):  # fmt: skip
        with pytest.raises(UsageError) as caught:
            models.read_config("lite", typed.pairs([wrong]))
        assert said in str(caught.value)


def test_a_device_that_is_not_here_is_said() -> None:
    torch = pytest.importorskip("torch")
    from maskwright.predict.precision import usable

    assert usable("cpu") == "cpu"
    assert usable("cpu:0") == "cpu:0"  # as torch names a process' own
    assert usable(None) in ("cpu", "cuda")
    for wrong in ("gpu", f"cuda:{torch.cuda.device_count()}"):
        with pytest.raises(UsageError, match=r"the device is '\w+(:\d)?'"):
            usable(wrong)
