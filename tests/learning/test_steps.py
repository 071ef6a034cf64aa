"""Steps that are not finite, the clock, averages, and every network under two processes."""

import copy
import json
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from small_networks import SMALL

torch = pytest.importorskip("torch")

from maskwright import losses, models
from maskwright.demo import build_demo_set
from maskwright.errors import ModelError, UsageError
from maskwright.runs import Run
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, averaging, clock, data, fit
from maskwright.train.distributed import Processes
from maskwright.train.steps import IN_A_ROW, Steps

TINY = {"widths": [8, 8, 8, 8, 8], "decoder": 8}
SETTINGS = Settings(model="lite", config=TINY, batch_size=2, size=(64, 64), precision="fp32", device="cpu")


@pytest.fixture
def begun():
    """Steps of a tiny network, and a batch."""
    torch.manual_seed(0)
    model = models.build("lite", 3, **TINY)
    steps = Steps(model, losses.parse("ce"), SETTINGS, Processes("cpu"), "fp32")
    steps.train()
    return steps, torch.rand(2, 3, 64, 64), torch.zeros(2, 64, 64, dtype=torch.long)


def weights_of(steps: Steps) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in steps.plain.named_parameters()}


def test_a_step_that_is_not_finite_changes_no_weight_and_is_counted(begun) -> None:
    steps, pixels, truth = begun
    steps.step(pixels, truth, 0.5)
    first = steps.look(1, keys=list)
    before = weights_of(steps)
    moments = {key: value["step"].clone() for key, value in steps.optimizer.state.items()}
    steps.step(pixels * float("nan"), truth, 0.5)
    assert steps.look(2, keys=list) == first, "the mean loss is over the steps that have one"
    assert steps.skipped == 1
    assert all(torch.equal(value, before[name]) for name, value in weights_of(steps).items())
    assert all(torch.isfinite(kept.float()).all() for kept in steps.plain.buffers()), "batch statistics too"
    assert all(torch.equal(value["step"], moments[key]) for key, value in steps.optimizer.state.items())


def test_steps_in_a_row_that_are_not_finite_end_with_a_diagnosis(begun) -> None:
    steps, pixels, truth = begun
    for number in range(1, IN_A_ROW["fp32"]):
        steps.step(pixels * float("inf"), truth, 0.5)
        steps.look(number, keys=lambda: ["street/1"])
    with torch.no_grad():
        next(iter(steps.plain.parameters()))[0] = float("nan")
    steps.step(pixels, truth, 0.5)
    with pytest.raises(
        ModelError, match=r"in 5 steps in a row, the last of them step 5; not finite any more: "
    ) as said:
        steps.look(5, keys=lambda: ["street/1"])
    assert "--lr, which is 0.002" in str(said.value)


def test_good_steps_between_begin_the_row_anew(begun) -> None:
    steps, pixels, truth = begun
    for number in range(1, 12):
        steps.step(pixels * (float("nan") if number % 4 else 1.0), truth, 0.5)
        steps.look(number, keys=list)
    assert steps.skipped == 9
    with pytest.raises(ModelError, match="in 9 of 11 steps; the last images were street/1, street/2"):
        steps.ended(11, keys=lambda: ["street/1", "street/2"])


def test_what_steps_know_goes_on(begun) -> None:
    steps, pixels, truth = begun
    for _ in range(3):
        steps.step(pixels, truth, 0.5)
    again = Steps(models.build("lite", 3, **TINY), losses.parse("ce"), SETTINGS, Processes("cpu"), "fp32")
    again.plain.load_state_dict(steps.plain.state_dict())
    again.restore(copy.deepcopy(steps.state()))
    again.train()
    for side in (steps, again):
        side.step(pixels, truth, 0.7)
    assert again.losses() == steps.losses()
    mine = weights_of(again)
    assert all(torch.equal(value, mine[name]) for name, value in weights_of(steps).items())


def test_the_average_follows_its_formula_with_weights_and_batch_statistics() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.BatchNorm1d(2))
    average = averaging.averaged(model, 0.3)
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    for number in range(1, 6):
        with torch.no_grad():
            model[0].weight += number
            model[1].running_mean += 2 * number
            model[1].num_batches_tracked += 1
        average.update_parameters(model)
        rate = 1 - min(0.3, (1 + number) / (10 + number))
        for name, value in model.state_dict().items():
            moved = expected[name] + rate * (value - expected[name]) if value.is_floating_point() else value.clone()
            expected[name] = moved
    for name, value in average.module.state_dict().items():
        assert torch.allclose(value, expected[name]), name
    assert not any(weight.requires_grad for weight in average.module.parameters())


def test_a_batch_that_batch_normalisation_cannot_take_is_said() -> None:
    settings = replace(SETTINGS, model="deeplabv3/mobilenet_v3_large", config={}, batch_size=1)
    steps = Steps(
        models.build("deeplabv3/mobilenet_v3_large", 3), losses.parse("ce"), settings, Processes("cpu"), "fp32"
    )
    steps.train()
    with pytest.raises(UsageError, match=r"a batch of 1, in windows of 64 x 64, leaves it one value a channel"):
        steps.step(torch.rand(1, 3, 64, 64), torch.zeros(1, 64, 64, dtype=torch.long), 0.5)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"precision": "fp16"}, "the precision fp16 is a GPU's"), ({"sync_batchnorm": True}, "are for GPUs")],
)
def test_what_a_cpu_cannot_do_is_said(values, words, tmp_path) -> None:
    classes, samples = build_demo_set(tmp_path / "images", number=5, size=(64, 64))
    transfer.import_samples(tmp_path / "dataset", classes, samples, "demo")
    with Dataset.open(tmp_path / "dataset") as dataset:
        settings = replace(SETTINGS, **values)
        run = Run.start(dataset, "train", settings.to_json(), name="one")
        with pytest.raises(UsageError, match=words):
            fit(run.view, settings, run)


def test_evaluations_take_their_share_of_a_budget() -> None:
    timed = clock.Clock(replace(SETTINGS, minutes=1.0, evaluations=8), 100, Processes("cpu"))
    assert timed.evaluations == 8
    timed.judging = 1.0
    assert (timed.evaluations, timed.reserved) == (8, 2.0)
    timed.judging = 4.0
    assert (timed.evaluations, timed.reserved) == (3, 8.0), "4 times 4 seconds are less than 18"
    timed.judging = 100.0
    assert (timed.evaluations, timed.reserved) == (1, 18.0)
    assert timed.due(0.3, 0) is None
    assert timed.due(1.0, 0) == 1
    twice = clock.Clock(replace(SETTINGS, minutes=1.0, evaluations=8, predict_flip=True), 100, Processes("cpu"))
    twice.judging = 4.0
    assert (twice.evaluations, twice.reserved) == (2, 12.0), "predictions at the end look at each image twice"


@pytest.mark.train
def test_a_budget_holds_although_judging_all_would_take_longer(tmp_path, monkeypatch) -> None:
    classes, samples = build_demo_set(tmp_path / "images", number=60, size=(64, 64))
    transfer.import_samples(tmp_path / "dataset", classes, samples, "demo")
    real, notes = data.Source.get, []

    def slow(self, number, *rest):
        time.sleep(2.0 if number in judged else 0.0)
        return real(self, number, *rest)

    monkeypatch.setattr(data.Source, "get", slow)
    with Dataset.open(tmp_path / "dataset") as dataset:
        settings = replace(SETTINGS, minutes=0.1, overlays=0)
        judged = set(dataset.where("split = 'val'").numbers())
        run = Run.start(dataset, "train", settings.to_json(), name="one")
        scores = fit(run.view, settings, run, report=lambda _, numbers: notes.append(numbers.get("note", "")))
        told = [note for note in notes if note.startswith("evaluations are over ")]
        assert told == [
            "evaluations are over 1 of 12 images, evenly drawn: all would take more than their part of the time"
        ]
        assert 1 <= scores["samples"] == len(run.predicted()) < 12
        assert any(note.startswith(f"predicted and scored {scores['samples']} of 12") for note in notes)


# -- several processes ---------------------------------------------------------------------------------------

PROGRAM = """
import json, os, sys, torch
from maskwright import losses, models
from maskwright.models import Objects
from maskwright.train import Settings
from maskwright.train.distributed import Processes
from maskwright.train.holding import Network
from maskwright.train.sharding import whole
from maskwright.train.steps import Steps

processes = Processes("cpu")
for name, config in json.loads(sys.argv[1]).items():
    torch.manual_seed(0)
    model = models.build(name, 3, **config)
    side = -(-64 // model.stride) * model.stride
    settings = Settings(model=name, config=config, batch_size=4, size=(side, side), device="cpu", precision="fp32", lr=1e-3, parallel=sys.argv[2])
    before = {key: value.clone() for key, value in model.named_parameters()}
    network = Network(model, settings, processes, "fp32")
    steps = Steps(model, losses.parse("ce"), settings, processes, "fp32")
    steps.train()
    for step in range(2):
        torch.manual_seed(10 * step + processes.rank)
        pixels = torch.rand(2, 3, side, side)
        if getattr(model, "answers", "logits") == "logits":
            truth = torch.randint(0, 3, (2, side, side))
        else:
            # An image without an object in one process in one step: its gradient has other branches.
            masks = torch.zeros(2, side, side, dtype=torch.bool)
            masks[0, 8:40, 8:40] = masks[1, 30:60, 20:60] = True
            some = Objects(torch.tensor([0, 2]), masks)
            none = Objects(torch.zeros(0, dtype=torch.long), torch.zeros(0, side, side, dtype=torch.bool))
            truth = [none, none] if step == processes.rank else [some, some]
        steps.step(pixels, truth, step / 2)
        network.follow()
    steps.look(2, keys=list, now=True)
    after = {key: whole(value.detach()) for key, value in model.named_parameters()}
    moved = any(not torch.equal(value, before[key]) for key, value in after.items())
    own = torch.cat([value.flatten() for value in [*after.values(), *network.average().parameters()]])
    first = own.clone()
    torch.distributed.broadcast(first, 0)
    told = {"name": name, "rank": processes.rank, "moved": moved, "same": torch.equal(own, first)}
    sys.stdout.write(json.dumps(told | {"skipped": steps.skipped}) + "\\n")  # written whole, since two write
    sys.stdout.flush()
"""


LEAVING = """
import sys, time, torch
from maskwright.train.distributed import Processes

processes = Processes("cpu")
processes.wait()
if processes.first:
    time.sleep(1.0)
work = torch.distributed.all_reduce(torch.ones(1000), async_op=True)
work.get_future().then(lambda _: None)  # Python, in a thread of gloo
if processes.first:
    work.wait()
del work  # the second process ends while its thread waits for the first
"""


@pytest.mark.train
def test_a_process_that_ends_waits_for_the_threads_of_its_group(tmp_path) -> None:
    (tmp_path / "go.py").write_text(LEAVING)
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        str(tmp_path / "go.py"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.train
@pytest.mark.timeout(900)
@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_every_network_takes_two_steps_in_two_processes(parallel, tmp_path) -> None:
    networks = {name: SMALL.get(name, {}) for name in models.names()}
    (tmp_path / "go.py").write_text(PROGRAM)
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        str(tmp_path / "go.py"), json.dumps(networks), parallel,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=800, check=False)
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, (told[-1:], done.stderr[-3000:])
    assert sorted(row["name"] for row in told) == sorted(2 * list(networks))
    for row in told:
        assert (row["moved"], row["same"], row["skipped"]) == (True, True, 0), row
