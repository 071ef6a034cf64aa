"""Properties of every loss in the folder, and numbers of other implementations."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from maskwright import families, losses
from maskwright.errors import UsageError

NAMES = losses.names()


def of(name: str):
    return families.load("losses", name).loss


def batch(seed: int = 0, kinds: int = 4, shape: tuple[int, ...] = (2, 6, 7), dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape[0], kinds, *shape[1:], generator=generator, dtype=dtype, requires_grad=True)
    target = torch.randint(0, kinds, shape, generator=generator)
    return logits, target


@pytest.mark.parametrize("name", NAMES)
class TestEveryLoss:
    def test_says_where_it_comes_from(self, name):
        module = families.load("losses", name)
        assert module.PAPER
        assert module.ABSENT
        assert module.__doc__

    def test_ignored_pixels_have_no_influence_and_no_gradient(self, name):
        logits, target = batch()
        target[:, 2:4] = 255
        other = logits.detach().clone()
        other[:, :, 2:4] = torch.randn_like(other[:, :, 2:4]) * 50
        other.requires_grad_()
        value, again = of(name)(logits, target), of(name)(other, target)
        assert value.item() == pytest.approx(again.item(), rel=1e-12)
        value.backward()
        again.backward()
        assert (logits.grad[:, :, 2:4] == 0).all()
        assert torch.allclose(logits.grad, other.grad, rtol=1e-10, atol=1e-14)
        assert logits.grad[:, :, :2].abs().sum() > 0

    def test_nothing_but_ignored_pixels_gives_zero(self, name):
        logits, target = batch()
        value = of(name)(logits, torch.full_like(target, 255))
        assert value.item() == 0
        value.backward()
        assert (logits.grad == 0).all()

    def test_perfect_is_best_and_worse_is_worse(self, name):
        _, target = batch()
        right = torch.nn.functional.one_hot(target, 4).movedim(-1, 1).double()
        values = [of(name)(right * scale, target).item() for scale in (-20, -2, 0, 2, 20)]
        assert values == sorted(values, reverse=True)
        assert values[-1] == pytest.approx(0, abs=1e-6)

    def test_absent_classes_stay_finite(self, name):
        logits, target = batch()
        value = of(name)(logits, torch.zeros_like(target))
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(logits.grad).all()

    def test_gradient_is_the_derivative(self, name):
        logits, target = batch(kinds=3, shape=(1, 3, 3))
        target[0, 0, 0] = 255
        assert torch.autograd.gradcheck(lambda x: of(name)(x, target), (logits,))

    def test_mirrors_and_orders_do_not_matter(self, name):
        logits, target = batch()
        value = of(name)(logits, target).item()
        assert of(name)(logits.flip(-1), target.flip(-1)).item() == pytest.approx(value)
        assert of(name)(logits.flip(0), target.flip(0)).item() == pytest.approx(value)
        order = torch.tensor([2, 0, 3, 1])
        assert of(name)(logits[:, order], torch.argsort(order)[target]).item() == pytest.approx(value)
        assert of(name)(
            logits.repeat(2, 1, 1, 1), target.repeat(2, 1, 1), **({"smooth": 0.0} if name == "dice" else {})
        ).item() == (pytest.approx(of(name)(logits, target, **({"smooth": 0.0} if name == "dice" else {})).item()))

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
    def test_finite_at_extreme_logits(self, name, dtype):
        logits, target = batch(dtype=torch.float32)
        extreme = (logits.detach().sign() * 1e4).to(dtype).requires_grad_()
        value = of(name)(extreme, target)
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(extreme.grad).all()

    def test_one_pixel(self, name):
        logits, target = batch(kinds=2, shape=(1, 1, 1))
        assert torch.isfinite(of(name)(logits, target))


def test_cross_entropy_equals_torch():
    logits, target = batch()
    target[0, :2] = 255
    weight = [0.2, 1.0, 3.0, 0.5]
    for options in ({}, {"label_smoothing": 0.1}, {"class_weight": weight}):
        plain = dict(options)
        theirs = torch.nn.functional.cross_entropy(
            logits, target, ignore_index=255, label_smoothing=plain.get("label_smoothing", 0),
            weight=torch.tensor(weight, dtype=torch.float64) if "class_weight" in plain else None,
        )  # fmt: skip
        assert of("ce")(logits, target, **options).item() == pytest.approx(theirs.item(), rel=1e-12)


def test_focal_without_focus_is_cross_entropy_and_equals_the_formula():
    logits, target = batch()
    target[0, 0] = 255
    assert of("focal")(logits, target, gamma=0.0).item() == pytest.approx(of("ce")(logits, target).item(), rel=1e-12)
    log_p = logits.log_softmax(1).gather(1, target.where(target != 255, torch.tensor(0)).unsqueeze(1))[:, 0]
    keep = target != 255
    direct = (-((1 - log_p.exp()) ** 2) * log_p)[keep].mean()
    assert of("focal")(logits, target).item() == pytest.approx(direct.item(), rel=1e-9)


def test_dice_equals_smp_and_the_formula():
    smp = pytest.importorskip("segmentation_models_pytorch")
    logits, target = batch()
    theirs = smp.losses.DiceLoss("multiclass", smooth=0.0, eps=1e-12)(logits, target)
    assert of("dice")(logits, target, smooth=0.0).item() == pytest.approx(theirs.item(), rel=1e-9)
    p, g = logits.softmax(1), torch.nn.functional.one_hot(target, 4).movedim(-1, 1)
    direct = 1 - ((2 * (p * g).sum((0, 2, 3)) + 1) / (p.sum((0, 2, 3)) + g.sum((0, 2, 3)) + 1)).mean()
    assert of("dice")(logits, target).item() == pytest.approx(direct.item(), rel=1e-12)


def test_dice_by_sample_equals_batch_for_one_image_and_punishes_absent_on_wish():
    logits, target = batch(shape=(1, 5, 5))
    target[target == 3] = 0
    one, other = (of("dice")(logits, target, reduction=kind).item() for kind in ("batch", "sample"))
    assert one == pytest.approx(other)
    assert of("dice")(logits, target, absent="penalise").item() > one


def test_sums_of_losses():
    logits, target = batch()
    both = losses.parse("ce + 0.5*dice(smooth=0.5)")(logits, target)
    expected = of("ce")(logits, target) + 0.5 * of("dice")(logits, target, smooth=0.5)
    assert both.item() == pytest.approx(expected.item(), rel=1e-12)
    assert losses.parse("ce(class_weight=[1, 2, 3, 4]) + focal(gamma=1.5)")(logits, target) > 0
    for wrong in ("", "ce +", "2 ce", "ce(what=1)", "dise", "ce * 2"):
        with pytest.raises(UsageError):
            losses.parse(wrong)


def test_numbers_read_off_a_drawing():
    # two pixels, two classes: p(true) = 0.8 and 0.5
    probs = torch.tensor([[[[0.8, 0.5]], [[0.2, 0.5]]]], dtype=torch.float64)
    target = torch.tensor([[[0, 1]]])
    assert of("ce")(probs.log(), target).item() == pytest.approx(-(np.log(0.8) + np.log(0.5)) / 2)
    # class 0: 2·0.8 / (1.3 + 1), class 1: 2·0.5 / (0.7 + 1)
    assert of("dice")(probs.log(), target, smooth=0.0).item() == pytest.approx(1 - (1.6 / 2.3 + 1.0 / 1.7) / 2)
