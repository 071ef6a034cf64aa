"""What every network that gives each pixel a class promises."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from maskwright import models, registry
from maskwright.core.classes import Class, Classes

if TYPE_CHECKING:
    from torch import Tensor, nn


class ModelContract:
    """A network of pixels.

    name: the model's, with its encoder where it takes one.  config: arguments of `build` that make it small, so that
    the tests are quick.
    """

    name: str
    config: ClassVar[Mapping[str, Any]] = {}

    def build(self, num_classes: int = 5) -> "nn.Module":
        return models.build(self.name, num_classes, **self.config)

    def images(self, model: "nn.Module") -> "Tensor":
        """(2, 3, H, W) random images of two and three times the model's stride."""
        import torch

        stride = int(getattr(model, "stride", 32))
        return torch.rand(2, 3, 2 * stride, 3 * stride, generator=torch.Generator().manual_seed(0))

    def test_it_says_what_its_weights_are(self) -> None:
        module = registry.load("models", self.name.partition("/")[0])
        assert module.LICENCE
        assert all(about for about in getattr(module, "WEIGHTS", {}).values())

    def test_logits_have_the_size_of_the_images(self) -> None:
        model = self.build()
        images = self.images(model)
        assert model(images).shape == (2, 5, *images.shape[-2:])

    def test_all_of_it_learns(self) -> None:
        import torch

        model = self.build()
        images = self.images(model)
        target = torch.randint(0, 5, (2, *images.shape[-2:]))
        criterion = torch.nn.functional.cross_entropy
        own = getattr(model, "own_loss", False)
        loss = model(images, target, criterion) if own else criterion(model(images), target)
        loss.backward()
        assert all(weights.grad is not None for weights in model.parameters() if weights.requires_grad)

    def test_a_checkpoint_predicts_as_the_model_does_at_any_size(self, tmp_path: Path) -> None:
        from maskwright.predict import Predictor, checkpoint

        classes = Classes([Class(3, "ä"), Class(8, "b", "stuff", "background")])
        model = self.build(2).eval()
        info = checkpoint.ModelInfo(self.name, classes.to_json(), dict(self.config))
        checkpoint.save(model, info, tmp_path / "model.safetensors")
        loaded = checkpoint.load(tmp_path / "model.safetensors")
        before, after = (Predictor(*pair, device="cpu", precision="fp32") for pair in ((model, info), loaded))
        for size in ((1, 1), (45, 70)):
            image = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
            probs = after.probs(image)
            assert probs.shape == (2, *size)
            assert np.allclose(probs.sum(axis=0), 1, atol=1e-5)
            assert np.array_equal(probs, before.probs(image))
