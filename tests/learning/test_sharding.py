"""FSDP: what two processes that hold a part each make is what two that hold all make, and what one goes on with."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from small_networks import SMALL

torch = pytest.importorskip("torch")

from maskwright.demo import build_demo_set
from maskwright.errors import UsageError
from maskwright.runs import Run, find
from maskwright.runs.record import curves
from maskwright.store import Dataset, transfer
from maskwright.train import Settings, fit
from maskwright.train.sharding import LEAST, _parts

pytestmark = pytest.mark.train


def in_two(program: str, path, *arguments: str) -> subprocess.CompletedProcess:
    path.write_text(program)
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(path), *arguments,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)


# -- steps ---------------------------------------------------------------------------------------------------

STEPS = """
import copy, json, sys, torch
from maskwright import losses, models
from maskwright.errors import ModelError
from maskwright.models import Objects
from maskwright.train import Settings
from maskwright.train.distributed import Processes
from maskwright.train.holding import Network
from maskwright.train.sharding import gathered, local
from maskwright.train.steps import Steps

processes = Processes("cpu")
SIDE = 64


def batch(number, answers):
    torch.manual_seed(10 * number + processes.rank)
    pixels = torch.rand(4, 3, SIDE, SIDE)
    if answers == "logits":
        return pixels, torch.randint(0, 3, (4, SIDE, SIDE))
    masks = torch.zeros(2, SIDE, SIDE, dtype=torch.bool)
    masks[0, 8:40, 8:40] = masks[1, 30:60, 20:60] = True
    some = Objects(torch.tensor([0, 2]), masks)
    none = Objects(torch.zeros(0, dtype=torch.long), torch.zeros(0, SIDE, SIDE, dtype=torch.bool))
    # One process has no object at all in one step: its gradient has other branches.
    return pixels, [none if number == processes.rank else some] * 4


def begun(name, config, parallel, **more):
    torch.manual_seed(0)
    model = models.build(name, 3, **config)  # not channels last, which FSDP's weights are not either: rounding differs
    settings = Settings(
        model=name, config=config, batch_size=8, accumulate=2, size=(SIDE, SIDE), device="cpu", precision="fp32",
        lr=1e-3, clip=0.5, parallel=parallel, **more,
    )
    network = Network(model, settings, processes, "fp32")
    steps = Steps(model, losses.parse("ce"), settings, processes, "fp32")
    steps.train()
    return network, steps


def states(network, steps):
    return copy.deepcopy((network.weights(), network.averaged_weights(), steps.state()))


told = {}
for name, config in json.loads(sys.argv[1]).items():
    made = {}
    for parallel in ("ddp", "fsdp"):
        network, steps = begun(name, config, parallel)
        if parallel == "fsdp":  # as on a GPU: the scaler skips what is not finite
            steps.scaler = torch.amp.GradScaler("cpu", init_scale=1.0, growth_interval=2**31 - 1)
        for number in range(3):
            pixels, truth = batch(number, getattr(network.model, "answers", "logits"))
            steps.step(pixels, truth, number / 3)
            network.follow()
        made[parallel] = states(network, steps)
        if parallel == "fsdp":
            own = sum(local(weight).numel() for weight in network.model.parameters())
            moments = sum(local(value).numel() for kept in steps.optimizer.state.values() for value in kept.values())
            share = own / sum(weight.numel() for weight in network.model.parameters())
            for scaler in (None, steps.scaler):
                steps.scaler = scaler
                pixels[:] = 1.0 if processes.rank else float("nan")
                steps.step(pixels, truth, 0.5)
            unchanged = states(network, steps)
            answers = network.average()
            same = processes.rank or all(torch.equal(value, made["fsdp"][1][key]) for key, value in answers.state_dict().items())
            plain = all(type(weight) is torch.nn.Parameter for weight in answers.parameters())
    if processes.first:
        (weights, average, kept), (mine, my_average, my_kept) = made["ddp"], made["fsdp"]
        # Where the gradient is only rounding, such as that of a bias before a normalisation, Adam makes steps of it.
        noise = {}
        for number, key in enumerate(name for name, _ in network.model.named_parameters()):
            known = kept["optimizer"]["state"].get(number)
            if known is None:  # which no branch of any process took
                noise[key] = torch.ones_like(weights[key], dtype=torch.bool)
            else:
                root = known["exp_avg_sq"].sqrt()
                noise[key] = root < 1e-4 * root.max() + 1e-7

        def apart(here, there, key):
            found = (here[key].float() - there[key].float()).abs()
            return float(found[~noise[key]].max()) if key in noise and (~noise[key]).any() else 0.0

        first = unchanged[2]["optimizer"]["state"]
        told[name] = {
            "apart": max(apart(weights, mine, key) for key in weights),
            "average": max(apart(average, my_average, key) for key in average),
            "noise": sum(int(each.sum()) for each in noise.values()) / sum(each.numel() for each in noise.values()),
            "buffers": all(torch.allclose(weights[key].float(), mine[key].float(), atol=1e-4) for key in weights if key not in noise),
            "loss": [float(kept["found"][0]), float(my_kept["found"][0])],
            "form": [
                [[key, str(value.dtype), list(value.shape)] for key, value in state.items()] for state in (weights, mine)
            ],
            "optimizer": [
                [[[number, key, list(value.shape)] for number, values in state["optimizer"]["state"].items()
                  for key, value in values.items() if number in kept["optimizer"]["state"]],
                 state["optimizer"]["param_groups"]] for state in (kept, my_kept)
            ],
            "unchanged": all(
                torch.equal(value, unchanged[0][key]) for key, value in mine.items() if value.is_floating_point()
            )
            and all(
                torch.equal(value, first[number][key])
                for number, values in my_kept["optimizer"]["state"].items() for key, value in values.items()
            ),
            "skipped": [float(my_kept["found"][2]), float(unchanged[2]["found"][2])],
            "share": share, "moments": moments / own, "same": same, "plain": plain,
        }

network, steps = begun("lite", {"widths": (4, 8, 8, 8, 8), "decoder": 8}, "fsdp")
pixels, truth = batch(0, "logits")
try:
    for number in range(1, 9):
        steps.step(pixels * float("nan"), truth, 0.5)
        steps.look(number, keys=lambda: ["street/1"])
except ModelError as error:
    told["diverged"] = str(error)
if processes.first:
    print(json.dumps(told))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_weights_moments_and_averages_are_those_of_processes_that_hold_all(tmp_path) -> None:
    networks = {name: SMALL[name] for name in ("lite", "mask2former")}
    done = in_two(STEPS, tmp_path / "go.py", json.dumps(networks))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Warning" not in done.stderr
    told = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    for name in networks:
        found = told[name]
        assert found["apart"] < 5e-6, (name, found["apart"])  # a step of Adam moves a weight by about 1e-3
        assert found["average"] < 5e-6, (name, found["average"])
        assert found["noise"] < 0.5, name
        assert found["buffers"], name
        assert found["loss"][1] == pytest.approx(found["loss"][0], rel=1e-4)
        assert found["form"][0] == found["form"][1], "one file for all"
        assert found["optimizer"][0] == found["optimizer"][1], "one file for all"
        assert found["unchanged"], "steps that are not finite in one process change nothing in any"
        assert found["skipped"] == [0, 2]
        assert 0.4 < found["share"] < 0.6, "each process holds about a half"
        assert 1.9 < found["moments"] < 2.2
        assert found["same"], "what is evaluated is the average"
        assert found["plain"]
    assert "in 5 steps in a row" in told["diverged"]


def test_networks_are_cut_where_they_repeat() -> None:
    from maskwright import models

    deep = models.build("dino", 3, encoder="dinov3-nano", learn_encoder=True)
    blocks = [part for part in _parts(deep) if "Layer" in type(part).__name__ or "Block" in type(part).__name__]
    assert len(blocks) >= 2
    for name in ("lite", "mask2former"):
        network = models.build(name, 3, **SMALL[name])
        whole = sum(weight.numel() for weight in network.parameters())
        parts = _parts(network)
        assert parts, name
        assert all(sum(weight.numel() for weight in part.parameters()) >= LEAST * whole for part in parts)
    inside = dict(models.build("mask2former", 3, **SMALL["mask2former"]).named_modules())
    network = models.build("mask2former", 3, **SMALL["mask2former"])
    names = {id(module): name for name, module in network.named_modules()}
    assert all(names[id(part)].startswith(network.encoder_path) for part in _parts(network)), inside.keys()


# -- trainings -----------------------------------------------------------------------------------------------

# Without batch normalisation, dropout and ignored pixels, the mean of two halves' gradients is the gradient of the whole.
SETTINGS = Settings(
    model="unet2015", config={"base": 2, "padding": "valid"}, epochs=3, batch_size=4, size=(64, 64), evaluations=3,
    precision="fp32", lr=5e-3, ema=0.9, loss="ce", clip=1e9, device="cpu", scale=(1.2, 1.5), overlays=1,
)  # fmt: skip

TRAINING = """
import json, os, sys
from maskwright.store import Dataset
from maskwright.runs import Run
from maskwright.runs.record import folder_of
from maskwright.train import Settings, fit, loop

place, name, settings, stop = sys.argv[1:]
settings = Settings.from_json(json.loads(settings))
loop.KEPT, loop.AGREE = 0.0, 1  # a checkpoint after every step
dataset = Dataset.open(place)
main = os.environ.get("RANK", "0") == "0"
begun = (dataset.frozen(), "", folder_of(dataset, name))
resume = begun[2].exists()
if main:
    run = Run.resume(dataset, name) if resume else Run.start(dataset, "train", settings.to_json(), name=name)
else:
    run = Run(*begun)


def report(share, numbers):
    if numbers.get("step") == int(stop):
        raise KeyboardInterrupt


try:
    scores = fit(run.view, settings, run, resume=resume, report=report)
except KeyboardInterrupt as error:
    if main:
        run.end(error)
    sys.exit(0)
if main:
    run.finish(scores=scores)
"""


@pytest.fixture
def dataset(tmp_path):
    classes, samples = build_demo_set(tmp_path / "images", number=10, size=(64, 80))
    transfer.import_samples(tmp_path / "dataset", classes, samples, "demo")
    with Dataset.open(tmp_path / "dataset") as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_begins_in_parts_goes_on_in_one_process_and_the_other_way_round(dataset, tmp_path) -> None:
    from safetensors.torch import load_file

    parts = replace(SETTINGS, parallel="fsdp")

    def go(name: str, settings: Settings, *, stop: int, two: bool) -> None:
        arguments = (dataset.place, name, json.dumps(settings.to_json()), str(stop))
        if two:
            done = in_two(TRAINING, tmp_path / "go.py", *arguments)
        else:
            (tmp_path / "go.py").write_text(TRAINING)
            done = subprocess.run(
                [sys.executable, str(tmp_path / "go.py"), *arguments], capture_output=True, text=True, timeout=240, check=False
            )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]

    go("alone", SETTINGS, stop=-1, two=False)
    go("outward", parts, stop=3, two=True)
    assert find(dataset, "outward")["status"] == "interrupted"
    go("outward", SETTINGS, stop=-1, two=False)
    go("inward", SETTINGS, stop=3, two=False)
    go("inward", replace(parts, histograms=True), stop=-1, two=True)
    runs = tmp_path / "dataset" / "runs"
    alone = load_file(runs / "alone" / "last.safetensors")
    for name in ("outward", "inward"):
        mine = load_file(runs / name / "last.safetensors")
        assert mine.keys() == alone.keys()
        for key, value in alone.items():
            assert torch.allclose(mine[key], value, atol=2e-4), (name, key)
        record, steps = find(dataset, name), [step for step, _ in curves(dataset, name)["train/loss"]]
        assert record["status"] == "done"
        assert steps == [step for step, _ in curves(dataset, "alone")["train/loss"]]
        assert record["scores"]["mean_iou"] == pytest.approx(find(dataset, "alone")["scores"]["mean_iou"], abs=0.02)
        assert (runs / name / "best.safetensors").is_file()
    states = [torch.load(runs / name / "last.state.pt", weights_only=True) for name in ("alone", "inward")]
    assert [set(state) for state in states] == 2 * [set(states[0])]
    assert all(len(state["steps"]["optimizer"]["state"]) == len(alone) for state in states)


@pytest.mark.slow
def test_a_budget_of_time_holds_in_parts(dataset, tmp_path) -> None:
    settings = replace(SETTINGS, parallel="fsdp", minutes=0.1)
    done = in_two(TRAINING, tmp_path / "go.py", dataset.place, "timed", json.dumps(settings.to_json()), "-1")
    assert done.returncode == 0, done.stderr[-3000:]
    assert find(dataset, "timed")["status"] == "done"


def test_one_process_holds_all_and_says_so(dataset) -> None:
    settings = replace(SETTINGS, parallel="fsdp", epochs=1, evaluations=1)
    run = Run.start(dataset, "train", settings.to_json(), name="one")
    notes = []
    fit(run.view, settings, run, report=lambda _, numbers: notes.append(numbers.get("note", "")))
    assert "one process trains, which holds all of the network: fsdp is for several, by torchrun" in notes


def test_another_word_is_refused() -> None:
    with pytest.raises(UsageError, match="the setting parallel"):
        Settings(parallel="zero")
