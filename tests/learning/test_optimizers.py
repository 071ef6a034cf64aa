"""Optimizers and schedules: two steps by hand, rates at each share, epochs of a number of steps."""

import copy
from collections import Counter
from dataclasses import replace

import pytest
from small_networks import SMALL

torch = pytest.importorskip("torch")

from maskwright import models
from maskwright.errors import UsageError
from maskwright.models import Objects
from maskwright.train import Settings, data
from maskwright.train.distributed import Processes
from maskwright.train.optimizers import learning_rate, optimizer_of
from maskwright.train.steps import Steps
from maskwright.train.validation import some_of

SGD = Settings(
    model="maskrcnn", config=SMALL["maskrcnn"], optimizer="sgd", lr=0.06, momentum=0.7, weight_decay=0.0002,
    schedule="constant", warmup=0.0, clip=1e9, batch_size=2, size=(64, 64), precision="fp32", device="cpu",
)  # fmt: skip


def test_the_first_two_steps_of_mask_rcnn_are_sgds_by_hand() -> None:
    """v = 0.7 v + (g + 0.0002 w); w = w - 0.06 v, with v = 0 at first; and as torch's own SGD has them."""
    torch.manual_seed(0)
    model = models.build(SGD.model, 2, **SGD.config)
    theirs = copy.deepcopy(model)
    steps = Steps(model, None, SGD, Processes("cpu"), "fp32")
    steps.train()
    theirs.train()
    reference = torch.optim.SGD(
        [weight for weight in theirs.parameters() if weight.requires_grad], 0.06, momentum=0.7, weight_decay=0.0002
    )
    masks = torch.zeros(1, 64, 64, dtype=torch.bool)
    masks[0, 10:40, 12:44] = True
    pixels = torch.rand(2, 3, 64, 64)
    truth = [Objects(torch.tensor([kind]), masks) for kind in (0, 1)]
    hand = {name: weight.detach().double().clone() for name, weight in theirs.named_parameters()}
    velocity = {name: torch.zeros_like(weight) for name, weight in hand.items()}
    first = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    for number in range(2):
        torch.manual_seed(number)  # proposals are drawn
        steps.step(pixels, truth, number / 2)
        torch.manual_seed(number)
        reference.zero_grad()
        theirs(pixels, truth, None).backward()
        with torch.no_grad():
            for name, weight in theirs.named_parameters():
                if weight.grad is not None:
                    velocity[name] = 0.7 * velocity[name] + weight.grad.double() + 0.0002 * hand[name]
                    hand[name] -= 0.06 * velocity[name]
        reference.step()
        mine = dict(model.named_parameters())
        for name, weight in theirs.named_parameters():
            assert torch.allclose(mine[name], weight, atol=1e-6, rtol=1e-6), (number, name)
            assert torch.allclose(mine[name].double(), hand[name], atol=1e-6, rtol=1e-6), (number, name)
    moved = [name for name, weight in model.named_parameters() if not torch.equal(weight, first[name])]
    assert len(moved) > 20


def test_adamw_takes_no_momentum_and_sgd_has_one() -> None:
    with pytest.raises(UsageError, match=r"the setting momentum is 0.7; it must be none with the optimizer adamw"):
        Settings(momentum=0.7)
    with pytest.raises(UsageError, match="adamw or sgd"):
        Settings(optimizer="lion")
    model = torch.nn.Linear(2, 2)
    assert optimizer_of(model, Settings(optimizer="sgd")).defaults["momentum"] == 0.9
    assert isinstance(optimizer_of(model, Settings()), torch.optim.AdamW)


@pytest.mark.parametrize(("name", "points"), [
    ("cosine", [(0.0, 1.0), (0.5, 0.5), (1.0, 0.001), (1.2, 0.001)]),
    ("poly", [(0.0, 1.0), (0.5, 0.5**0.9), (1.0, 0.001)]),
    ("step", [(0.0, 1.0), (0.66, 1.0), (0.67, 0.1), (0.88, 0.1), (0.89, 0.01), (1.0, 0.01)]),
    ("constant", [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0)]),
])  # fmt: skip
def test_schedules(name: str, points: list[tuple[float, float]]) -> None:
    settings = Settings(schedule=name, lr=0.5, warmup=0.0)
    for share, factor in points:
        assert learning_rate(share, settings) == pytest.approx(0.5 * factor)
    rising = replace(settings, warmup=0.2)
    assert learning_rate(0.0, rising) == pytest.approx(0.5 * 1e-3 / 0.2)
    assert learning_rate(0.099, rising) == pytest.approx(0.5 * learning_rate(0.099, settings))
    assert learning_rate(0.3, rising) == learning_rate(0.3, settings)


def test_an_epoch_of_a_number_of_steps_is_a_part_of_endless_passes() -> None:
    numbers = list(range(10, 17))
    weights = dict.fromkeys(numbers, 1.0)
    settings = Settings(steps_per_epoch=3, batch_size=4, seed=5)
    assert data.steps_of_epoch(7, settings) == 3
    assert data.steps_of_epoch(7, replace(settings, steps_per_epoch=None)) == 2
    epochs = [data.epoch_order(numbers, weights, settings, epoch) for epoch in range(7)]
    assert {len(order) for order in epochs} == {12}
    flat = [number for order in epochs for number in order]
    for first in range(0, len(flat), 7):
        assert sorted(flat[first : first + 7]) == numbers, "each pass has every sample once"
    assert set(Counter(flat).values()) == {12}
    assert epochs[3] == data.epoch_order(numbers, weights, settings, 3), "whatever came before"
    long = replace(settings, steps_per_epoch=1)
    assert data.epoch_order(numbers, weights, long, 2) == flat[8:12]


def test_an_evaluation_looks_at_so_many_batches_evenly_drawn() -> None:
    numbers = list(range(100))
    assert some_of(numbers, Settings()) == numbers
    few = some_of(numbers, Settings(val_steps=3, batch_size=4))
    assert len(few) == len(set(few)) == 12
    assert max(few) > 80
    assert min(few) < 20
    assert sorted(some_of(numbers, Settings(val_steps=30))) == numbers
