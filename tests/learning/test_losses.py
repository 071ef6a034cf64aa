"""Properties of every loss in the folder, and numbers of other implementations."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from maskwright import losses, registry
from maskwright.errors import UsageError
from maskwright.testing import LossContract
from maskwright.testing.losses import batch

NAMES = losses.of_pixels()


def of(name: str):
    return registry.load("losses", name).loss


class TestEveryLoss(LossContract):
    @pytest.fixture(autouse=True, params=NAMES)
    def one_of_them(self, request) -> None:
        self.name = request.param
        self.whole = {"k": 25} if request.param == "topk" else {}
        self.by_image = request.param != "log-cosh-dice"  # of the mean, not the mean of it

    def test_says_where_it_comes_from(self):
        module = registry.load("losses", self.name)
        assert module.PAPER
        assert module.ABSENT
        assert module.__doc__


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
    each, other = (of("dice")(logits, target, reduction=kind).item() for kind in ("batch", "sample"))
    assert each == pytest.approx(other)
    assert of("dice")(logits, target, absent="penalise").item() > each


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


IDENTITIES = [
    ("tversky", {"alpha": 0.5, "beta": 0.5, "smooth": 0.0}, "dice", {"smooth": 0.0}),
    ("tversky", {"alpha": 1.0, "beta": 1.0}, "jaccard", {}),
    ("focal-tversky", {"gamma": 1.0}, "tversky", {}),
    ("topk", {"k": 100}, "ce", {}),
    ("ohem", {"threshold": 1.0}, "ce", {}),
    ("distance-ce", {"strength": 0.0}, "ce", {}),
    ("unified-focal", {"weight": 1.0, "delta": 1.0, "gamma": 1.0}, "ce", {}),
    ("unified-focal", {"weight": 0.0, "delta": 0.7, "gamma": 0.0}, "tversky", {}),
]


@pytest.mark.parametrize(("name", "options", "other", "others"), IDENTITIES)
def test_identities(name, options, other, others):
    logits, target = batch()
    target[0, :2] = 255
    assert of(name)(logits, target, **options).item() == pytest.approx(
        of(other)(logits, target, **others).item(), rel=1e-9
    )


def hard(target, kinds=3):
    return torch.nn.functional.one_hot(target, kinds).movedim(-1, 1).double() * 80


def test_hard_predictions_score_as_iou():
    _, target = batch(kinds=3)
    _, pred = batch(seed=5, kinds=3)
    pairs = [((pred == c) & (target == c)).sum() / ((pred == c) | (target == c)).sum() for c in range(3)]
    iou = torch.stack(pairs).double()
    assert of("lovasz-softmax")(hard(pred), target).item() == pytest.approx(1 - iou.mean().item(), rel=1e-6)
    assert of("jaccard")(hard(pred), target, smooth=0.0).item() == pytest.approx(1 - iou.mean().item(), rel=1e-6)
    dice = of("dice")(hard(pred), target, smooth=0.0).item()
    assert dice == pytest.approx(1 - (2 * iou / (1 + iou)).mean().item(), rel=1e-6)


def test_generalised_dice_of_equal_classes_is_dice():
    target = torch.tensor([[[0, 0, 1, 1], [2, 2, 3, 3]]])
    logits, _ = batch(shape=(1, 2, 4))
    s = logits.softmax(1)
    g = torch.nn.functional.one_hot(target, 4).movedim(-1, 1)
    direct = 1 - 2 * (s * g).sum() / (s + g).sum()
    assert of("generalised-dice")(logits, target).item() == pytest.approx(direct.item())


@pytest.mark.parametrize("absent", [False, True])
def test_region_losses_equal_smp(absent):
    smp = pytest.importorskip("segmentation_models_pytorch.losses")
    logits, target = batch()
    if absent:
        target = target.clamp(max=2)
    holes = target.clone()
    holes[:, 1] = 255
    for ours, theirs, options in (
        ("jaccard", smp.JaccardLoss("multiclass", smooth=0.0), {"smooth": 0.0}),
        ("dice", smp.DiceLoss("multiclass", smooth=0.0), {"smooth": 0.0}),
        ("tversky", smp.TverskyLoss("multiclass", smooth=0.0, alpha=0.3, beta=0.7), {"smooth": 0.0}),
    ):
        # smp counts a class that is not there as a loss of 0 in the mean over all; ours leaves it out.
        share = 3 / 4 if absent else 1
        assert of(ours)(logits, target, **options).item() * share == pytest.approx(
            theirs(logits, target).item(), rel=1e-6
        )
    logits = logits.float()  # smp's takes single precision only
    lovasz = smp.LovaszLoss("multiclass", ignore_index=255)
    assert of("lovasz-softmax")(logits, holes).item() == pytest.approx(lovasz(logits, holes).item(), rel=1e-5)
    each = smp.LovaszLoss("multiclass", per_image=True, ignore_index=255)
    assert of("lovasz-softmax")(logits, holes, reduction="sample").item() == pytest.approx(
        each(logits, holes).item(), rel=1e-6
    )


def test_the_hinge_equals_smp_for_two_classes():
    smp = pytest.importorskip("segmentation_models_pytorch.losses")
    z = torch.randn(2, 6, 7, generator=torch.Generator().manual_seed(1))
    target = (torch.rand(2, 6, 7, generator=torch.Generator().manual_seed(2)) < 0.4).long()
    logits = torch.stack([torch.zeros_like(z), z], dim=1)
    theirs = smp.LovaszLoss("binary", per_image=False)
    both = [theirs(z, target).item(), theirs(-z, 1 - target).item()]
    assert of("lovasz-hinge")(logits, target).item() == pytest.approx(np.mean(both), rel=1e-5)


def test_boundary_by_hand():
    """A row of five pixels, the middle three of class 1: distances 2 1 | 0 1 0 | 1 2 with sign."""
    target = torch.tensor([[[0, 1, 1, 1, 0]]])
    logits = torch.zeros(1, 2, 1, 5, dtype=torch.float64)
    logits[:, 1] = 100.0  # class 1 everywhere
    # phi of class 1: 1, 0, -1, 0, 1 (outside 1; inside 1 2 1 less one, negative)
    assert of("boundary")(logits, target, normalise=False).item() == pytest.approx((1 + 0 - 1 + 0 + 1) / 5)
    logits[:, 1] = -100.0  # class 0 everywhere: phi of class 0 is 0, 1, 2, 1, 0
    assert of("boundary")(logits, target, normalise=False).item() == pytest.approx(4 / 5)
    diagonal = (1 + 25) ** 0.5
    assert of("boundary")(logits, target).item() == pytest.approx(4 / 5 / diagonal)


def test_hausdorff_by_hand():
    """One wrong pixel two away from the truth counts its squared distances."""
    target = torch.zeros(1, 1, 6, dtype=torch.long)
    target[0, 0, 0] = 1
    pred = target.clone()
    pred[0, 0, 3] = 1
    logits = hard(pred, 2)
    # Class 1 at pixel 3: distance to the truth's border 3, to the prediction's 1. Class 0: 3 from the truth, 1.
    assert of("hausdorff-dt")(logits, target, normalise=False).item() == pytest.approx((9 + 1) / 6)
    # alpha = 0 makes both weights 1: twice the squared error
    s = logits.softmax(1)
    g = torch.nn.functional.one_hot(target, 2).movedim(-1, 1)
    assert of("hausdorff-dt")(logits, target, alpha=0.0).item() == pytest.approx(
        (2 * (s - g) ** 2).mean().item(), rel=1e-6
    )


def test_thick_errors_cost_more_than_thin_ones():
    target = torch.zeros(1, 12, 12, dtype=torch.long)
    thin, thick = target.clone(), target.clone()
    thin[0, :, ::4] = 1  # 36 pixels in lines of one
    thick[0, 3:9, 3:9] = 1  # 36 pixels in a block
    for name in ("hausdorff-er", "hausdorff-dt"):
        values = [of(name)(hard(each, 2), target, absent="penalise").item() for each in (thin, thick)]
        assert values[1] > values[0], name


def test_centreline_dice_sees_a_cut_vessel():
    target = torch.zeros(1, 21, 41, dtype=torch.long)
    target[0, 8:13, 2:39] = 1
    cut, thinner = target.clone(), target.clone()
    cut[0, :, 18:22] = 0
    thinner[0, 8] = thinner[0, 12] = 0
    losses_of = {
        k: of("cldice")(hard(each, 2), target).item()
        for k, each in (("cut", cut), ("thinner", thinner), ("same", target))
    }
    assert losses_of["same"] == pytest.approx(0, abs=1e-6)
    assert losses_of["cut"] > 3 * losses_of["thinner"], "a broken line matters, a thinner one hardly does"
    dice = {k: of("dice")(hard(each, 2), target).item() for k, each in (("cut", cut), ("thinner", thinner))}
    assert dice["thinner"] > dice["cut"], "which is the other way round for Dice"


def test_penalties_lie_next_to_borders():
    target = torch.zeros(1, 1, 8, dtype=torch.long)
    target[..., 4:] = 1
    logits = torch.zeros(1, 2, 1, 8, dtype=torch.float64, requires_grad=True)
    of("distance-ce")(logits, target).backward()
    size = logits.grad[0, 0, 0].abs()
    assert size[3] > size[2] > size[1] > size[0]
    assert size[0] == pytest.approx(0.5 / 8)


def test_sensitivity_and_specificity_by_hand():
    target = torch.tensor([[[1, 1, 0, 0]]])
    pred = torch.tensor([[[1, 0, 0, 0]]])
    value = of("sensitivity-specificity")(hard(pred, 2), target, r=0.1).item()
    # Class 1: half missed, nothing wrong. Class 0: nothing missed, half of the others wrong.
    assert value == pytest.approx((0.1 * 0.5 + 0.9 * 0.5) / 2)


def test_ohem_keeps_the_hard_and_at_least_some():
    logits, target = batch(kinds=2, shape=(1, 10, 10))
    each = torch.nn.functional.cross_entropy(logits, target, reduction="none").flatten()
    hard_ones = each[(-each).exp() <= 0.7]
    assert of("ohem")(logits, target).item() == pytest.approx(hard_ones.mean().item())
    assert of("ohem")(logits, target, threshold=1e-9, min_kept=7).item() == pytest.approx(
        each.sort().values[-7:].mean().item()
    )


def test_weights_may_change_along_the_training():
    logits, target = batch()
    criterion = losses.parse("dice + 0.01->1*boundary + 2->0*ce(label_smoothing=0.1)")
    parts = [of("dice")(logits, target), of("boundary")(logits, target), of("ce")(logits, target, label_smoothing=0.1)]
    for progress, weights in ((0.0, (1, 0.01, 2)), (0.5, (1, 0.505, 1)), (1.0, (1, 1, 0))):
        expected = sum(w * part.item() for w, part in zip(weights, parts, strict=True))
        assert criterion(logits, target, progress).item() == pytest.approx(expected)


def test_losses_of_instances_are_no_terms() -> None:
    assert set(losses.names()) - set(NAMES) == {"iou-balanced"}
    with pytest.raises(UsageError, match="matched instances"):
        losses.parse("ce + iou-balanced")


def test_iou_balanced_weights_move_the_loss_to_good_matches_and_keep_its_sum() -> None:
    from maskwright.losses import iou_balanced

    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    target, iou = (
        torch.randint(0, 5, (7,), generator=generator),
        torch.rand(7, generator=generator, dtype=torch.float64),
    )
    plain = torch.nn.functional.cross_entropy(logits, target)
    for eta in (0.0, 1.5, 3.0):
        assert iou_balanced.classification(logits, target, iou, eta=eta).item() == pytest.approx(
            plain.item(), rel=1e-12
        )
    by_plain, by_weighted = (
        torch.autograd.grad(each, logits, retain_graph=True)[0].abs().sum(1)
        for each in (plain, iou_balanced.classification(logits, target, iou))
    )
    ratio = by_weighted / by_plain
    assert torch.equal(ratio.argsort(), iou.argsort()), "the better the match, the more it weighs"
    boxes, truth = torch.randn(7, 4, dtype=torch.float64, generator=generator), torch.zeros(7, 4, dtype=torch.float64)
    by_hand = sum(
        float(iou[k]) ** 1.5 * sum(0.5 * v * v if abs(v) < 1 else abs(v) - 0.5 for v in boxes[k].tolist())
        for k in range(7)
    )
    assert iou_balanced.localisation(boxes, truth, iou).item() == pytest.approx(by_hand / 7, rel=1e-12)
    nothing = iou_balanced.classification(logits[:0], target[:0], iou[:0]) + iou_balanced.localisation(
        boxes[:0], truth[:0], iou[:0]
    )
    assert nothing.item() == 0


class TestOtherImplementations:
    """Numbers of MONAI and kornia, where they compute the same thing."""

    def both(self):
        logits, target = batch(3, kinds=3, shape=(2, 12, 14), dtype=torch.float32)
        return logits.detach(), target, torch.nn.functional.one_hot(target, 3).movedim(-1, 1).float()

    def test_monai(self) -> None:
        monai = pytest.importorskip("monai.losses")
        logits, target, hot = self.both()
        options = {"softmax": True, "smooth_nr": 1.0, "smooth_dr": 1.0}
        # Both sums of theirs are smoothed by the same constant as ours.
        pairs = [
            (of("dice")(logits, target), monai.DiceLoss(**options, batch=True)(logits, hot)),
            (of("dice")(logits, target, reduction="sample"), monai.DiceLoss(**options)(logits, hot)),
            (of("tversky")(logits, target, alpha=0.3, beta=0.7), monai.TverskyLoss(softmax=True, alpha=0.3, beta=0.7, smooth_nr=1.0, smooth_dr=1.0, batch=True)(logits, hot)),
            (of("generalised-dice")(logits, target), monai.GeneralizedDiceLoss(softmax=True, smooth_nr=0.0, smooth_dr=0.0, batch=True)(logits, hot)),
        ]  # fmt: skip
        for number, (mine, theirs) in enumerate(pairs):
            assert mine.item() == pytest.approx(theirs.item(), rel=2e-5), number

    def test_kornia(self) -> None:
        kornia = pytest.importorskip("kornia.losses")
        logits, target, _ = self.both()
        mine = of("focal")(logits, target, gamma=2.0)
        theirs = kornia.focal_loss(logits, target, alpha=None, gamma=2.0, reduction="none").sum() / target.numel()
        assert mine.item() == pytest.approx(theirs.item(), rel=2e-5)
        theirs = kornia.lovasz_softmax_loss(logits[:1], target[:1])
        assert of("lovasz-softmax")(logits[:1], target[:1]).item() == pytest.approx(theirs.item(), rel=2e-5)
