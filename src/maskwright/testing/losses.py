"""What every loss over pixels promises."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from maskwright import registry

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def batch(
    seed: int = 0, kinds: int = 4, shape: tuple[int, ...] = (2, 6, 7), dtype: "torch.dtype | None" = None
) -> "tuple[Tensor, Tensor]":
    """(N, K, H, W) random logits, float64 if not said otherwise, that want a gradient, and (N, H, W) random classes."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(
        shape[0], kinds, *shape[1:], generator=generator, dtype=dtype or torch.float64, requires_grad=True
    )
    return logits, torch.randint(0, kinds, shape, generator=generator)


def gradient(value: "Tensor", of: "Tensor") -> "Tensor":
    import torch

    return torch.autograd.grad(value, of)[0]


class LossContract:
    """A loss of (logits, target), as `--loss` adds them up.

    name: the loss's.  whole: options with which a batch that comes twice has the loss of the batch.  by_image: whether
    `reduction="sample"`, where there is one, is the mean of the losses of single images.
    """

    name: str
    whole: ClassVar[Mapping[str, Any]] = {}
    by_image = True

    @property
    def loss(self) -> "Callable[..., Tensor]":
        function: Callable[..., Tensor] = registry.load("losses", self.name).loss
        return function

    def takes(self, option: str) -> bool:
        return registry.takes(self.loss, option, given=2)

    def test_ignored_pixels_have_no_influence_and_no_gradient(self) -> None:
        import torch

        logits, target = batch()
        target[:, 2:4] = 255
        other = logits.detach().clone()
        other[:, :, 2:4] = torch.randn_like(other[:, :, 2:4]) * 50
        other.requires_grad_()
        value, again = self.loss(logits, target), self.loss(other, target)
        assert value.item() == pytest.approx(again.item(), rel=1e-12)
        mine, theirs = gradient(value, logits), gradient(again, other)
        assert (mine[:, :, 2:4] == 0).all()
        assert torch.allclose(mine, theirs, rtol=1e-10, atol=1e-14)
        assert mine[:, :, :2].abs().sum() > 0

    def test_nothing_but_ignored_pixels_gives_zero(self) -> None:
        import torch

        logits, target = batch()
        value = self.loss(logits, torch.full_like(target, 255))
        assert value.item() == 0
        assert (gradient(value, logits) == 0).all()

    def test_perfect_is_best_and_worse_is_worse(self) -> None:
        import torch

        _, target = batch()
        right = torch.nn.functional.one_hot(target, 4).movedim(-1, 1).double()
        values = [self.loss(right * scale, target).item() for scale in (-20, -2, 0, 2, 20)]
        assert values == sorted(values, reverse=True)
        # Powers below one fall slowly towards zero; a loss with another minimum says which.
        assert values[-1] == pytest.approx(0, abs=1e-4) or hasattr(registry.load("losses", self.name), "MINIMUM")

    def test_absent_classes_stay_finite(self) -> None:
        import torch

        logits, target = batch()
        value = self.loss(logits, torch.zeros_like(target))
        assert torch.isfinite(value)
        assert torch.isfinite(gradient(value, logits)).all()

    def test_gradient_is_the_derivative(self) -> None:
        import torch

        logits, target = batch(kinds=3, shape=(1, 3, 3))
        target[0, 0, 0] = 255
        assert torch.autograd.gradcheck(lambda x: self.loss(x, target), (logits,))

    def test_mirrors_and_orders_do_not_matter(self) -> None:
        import torch

        logits, target = batch()
        value = self.loss(logits, target).item()
        assert self.loss(logits.flip(-1), target.flip(-1)).item() == pytest.approx(value)
        assert self.loss(logits.flip(0), target.flip(0)).item() == pytest.approx(value)
        order = torch.tensor([2, 0, 3, 1])
        assert self.loss(logits[:, order], torch.argsort(order)[target]).item() == pytest.approx(value)
        assert self.loss(logits.rot90(1, (2, 3)), target.rot90(1, (1, 2))).item() == pytest.approx(value)
        plain = {"smooth": 0.0} if self.takes("smooth") else {}
        twice = self.loss(logits.repeat(2, 1, 1, 1), target.repeat(2, 1, 1), **plain, **self.whole).item()
        assert twice == pytest.approx(self.loss(logits, target, **plain, **self.whole).item())

    def test_reduction_by_sample_is_the_mean_over_images(self) -> None:
        if not self.takes("reduction") or not self.by_image:
            return  # it has no such reduction
        logits, target = batch()
        alone = [self.loss(logits[n : n + 1], target[n : n + 1]).item() for n in range(2)]
        assert self.loss(logits, target, reduction="sample").item() == pytest.approx(sum(alone) / 2)
        assert self.loss(logits[:1], target[:1], reduction="sample").item() == pytest.approx(alone[0])

    def test_absent_classes_can_be_penalised(self) -> None:
        import torch

        if not self.takes("absent"):
            return  # it has no such option
        logits, target = batch(kinds=3)
        target = target.clamp(max=1)
        wrong = logits.detach().clone()
        wrong[:, 2] += 3
        skipped = self.loss(wrong, target) - self.loss(logits, target)
        kept = self.loss(wrong, target, absent="penalise") - self.loss(logits, target, absent="penalise")
        assert kept > 0
        assert torch.isfinite(skipped)

    @pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
    def test_finite_at_extreme_logits(self, dtype: str) -> None:
        import torch

        logits, target = batch(dtype=torch.float32)
        extreme = (logits.detach().sign() * 1e4).to(getattr(torch, dtype)).requires_grad_()
        value = self.loss(extreme, target)
        assert torch.isfinite(value)
        assert torch.isfinite(gradient(value, extreme)).all()

    def test_one_pixel(self) -> None:
        import torch

        logits, target = batch(kinds=2, shape=(1, 1, 1))
        assert torch.isfinite(self.loss(logits, target))
