"""Images are normalised as the weights were taught with that a training begins with."""

import pytest

torch = pytest.importorskip("torch")

from maskwright.predict.checkpoint import EIGHT_BITS
from maskwright.predict.layout import Layout
from maskwright.train import Settings, beginning


def test_images_are_normalised_as_the_weights_were_taught_with_them(tmp_path) -> None:
    timm = pytest.importorskip("timm")
    from maskwright import models

    torch.save(timm.create_model("tf_efficientnet_lite0").state_dict(), tmp_path / "lite0.pth")
    layout, notes = beginning.begin_from(models.build("lite/efficientnet-lite0", 2), tmp_path / "lite0.pth", EIGHT_BITS)
    assert (layout.mean, layout.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert notes[1] == "images are normalised as these weights were taught with: mean 0.5, deviation 0.5"
    deep = Layout(("a",), "uint16", (0.0,), (900.0,), (0.3,), (0.2,))
    kept, notes = beginning.begin_from(models.build("lite/efficientnet-lite0", 2, 1), tmp_path / "lite0.pth", deep)
    assert kept == deep
    assert len(notes) == 1


@pytest.mark.train
def test_a_training_keeps_the_normalisation_of_its_weights(tmp_path) -> None:
    """In its checkpoint, and in a training that begins with that."""
    timm = pytest.importorskip("timm")
    from maskwright.demo import build_demo_set
    from maskwright.predict import checkpoint
    from maskwright.runs import Run
    from maskwright.store import Dataset, transfer
    from maskwright.train import fit

    torch.save(timm.create_model("tf_efficientnet_lite0").state_dict(), tmp_path / "lite0.pth")
    classes, samples = build_demo_set(tmp_path / "images", number=5, size=(64, 64))
    transfer.import_samples(tmp_path / "dataset", classes, samples, "demo")
    settings = Settings(
        model="lite/efficientnet-lite0", weights=str(tmp_path / "lite0.pth"), epochs=1, batch_size=2, size=(64, 64),
        evaluations=1, overlays=0, precision="fp32", device="cpu",
    )  # fmt: skip
    with Dataset.open(tmp_path / "dataset") as opened:
        for name in ("first", "second"):
            run = Run.start(opened, "train", settings.to_json(), name=name)
            fit(run.view, settings, run)
            info = checkpoint.load_info(run.folder / "best.safetensors")
            assert (info.mean, info.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
            settings = Settings.from_json(settings.to_json() | {"weights": str(run.folder / "best.safetensors")})
        assert "the whole network's" in info.notes[0]
