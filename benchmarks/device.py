"""What a device is kept busy with: training, prediction and evaluation at its speed, two processes on it, the tests.

    python benchmarks/device.py                                 on a machine with a GPU, about ten minutes
    python benchmarks/device.py --size 128 --batch 4 --seconds 6  the same on a CPU, smaller
    python benchmarks/device.py --tests                         the tests of learning, prompts and video too

Training is the whole of it (`train.fit`, JPEGs of 640 x 480, the usual augmentations), timed once it runs evenly.  The
bare loop is the same network, loss and optimizer on one batch that lies on the device: what the device can do.  "waits"
is the share of the trainer's time without a batch.  Each figure is made in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import torch
from feeding import photographs
from timing import report

from maskwright import losses, models
from maskwright.predict.precision import autocast, best_device, chosen, name_of
from maskwright.registry import require
from maskwright.runs import Run
from maskwright.train import Settings, data, fit
from maskwright.train.distributed import Processes
from maskwright.train.feed import Feed
from maskwright.train.loop import prepared
from maskwright.train.normalisation import layout_of

NETWORKS = {"unet/resnet34": "semantic", "maskrcnn/resnet18": "instance", "mask2former/resnet18": "instance"}


def settings_of(model: str, asked: argparse.Namespace) -> Settings:
    return Settings(
        model=model, task=NETWORKS[model], size=(asked.size, asked.size), batch_size=asked.batch, epochs=100_000,
        evaluations=1, overlays=0, device=best_device(), compile=asked.compile,
    )  # fmt: skip


def trainer(model: str, asked: argparse.Namespace) -> dict[str, float]:
    """Images a second of `fit` between its first look after the warm-up and its last, and how long it waits."""
    looks: list[tuple[float, int, dict[str, float]]] = []

    class Enough(Exception):  # noqa: N818
        pass

    def follow(_, numbers) -> None:
        if "step" not in numbers:
            return
        looks.append((time.perf_counter(), numbers["step"], dict(numbers)))
        if looks[-1][0] - looks[0][0] > asked.warm + asked.seconds and looks[-1][1] - looks[0][1] > 4:
            raise Enough

    settings = settings_of(model, asked)
    with photographs() as dataset:
        run = Run.start(dataset, "train", {}, name="run")
        try:
            fit(run.view, settings, run, report=follow)
        except Enough:
            run.discard()
    after = [look for look in looks if look[0] - looks[0][0] >= asked.warm] or looks[1:]
    first, last = (after[0], after[-1]) if len(after) > 1 else (looks[0], looks[-1])
    return {
        "images/s": settings.batch_size * (last[1] - first[1]) / (last[0] - first[0]),
        "waits": last[2].get("waiting", 0.0), "memory_gb": last[2]["memory_gb"],
    }  # fmt: skip


def bare(model: str, asked: argparse.Namespace) -> dict[str, float]:
    """Images a second of the network alone, on one batch that is there."""
    settings = settings_of(model, asked)
    with photographs() as dataset:
        train, val, _ = data.split_numbers(dataset, settings)
        layout, _ = layout_of(dataset, train, val, ())
        network, task, _ = prepared(dataset, settings)
        processes = Processes(settings.device)
        device = processes.device
        source = data.Source(dataset, task, settings.cache_mb, layout)
        with Feed(source, settings, device) as feed:
            pixels, truth = next(iter(feed.epoch(data.epoch_order(train, dataset.weights(), settings, 0), 0)))
    network = network.to(device).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), settings.lr, fused=True)
    called = torch.compile(network) if settings.compile else network
    criterion = losses.parse(settings.loss)
    own, precision = getattr(network, "own_loss", False), chosen("auto", device)

    def step() -> None:
        with models.naming(model), autocast(device, precision):
            answer = called(pixels, truth, criterion) if own else called(pixels)
        loss = answer.float() if own else criterion(answer.float(), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    begun, number = time.perf_counter(), 0
    while time.perf_counter() - begun < asked.warm or number < 2:
        step()
        number += 1
    wait(device)
    begun, number = time.perf_counter(), 0
    while time.perf_counter() - begun < asked.seconds or number < 2:
        step()
        number += 1
        if number % 10 == 0:
            wait(device)  # the queue would grow beyond what was asked for
    wait(device)
    return {"images/s": settings.batch_size * number / (time.perf_counter() - begun)}


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def shared(_: str, asked: argparse.Namespace) -> dict[str, float]:
    """Two processes on this device -> whether both ended well, and after the same steps with the same weights."""
    program = (
        "import torch\n"
        "from maskwright import losses, models\n"
        "from maskwright.train import Settings\n"
        "from maskwright.train.distributed import Processes\n"
        "from maskwright.train.steps import Steps\n"
        "both = Processes()\n"
        "torch.manual_seed(0)\n"
        "settings = Settings(model='lite', batch_size=4, size=(64, 64))\n"
        "network = models.build('lite', 3).to(both.device)\n"
        "steps = Steps(network, losses.parse('ce'), settings, both, 'fp32')\n"
        "steps.train()\n"
        "for step in range(5):\n"
        "    torch.manual_seed(2 * step + both.rank)\n"
        "    truth = torch.randint(0, 3, (2, 64, 64), device=both.device)\n"
        "    steps.step(torch.rand(2, 3, 64, 64, device=both.device), truth, 0.5)\n"
        "own = torch.cat([weight.detach().flatten() for weight in network.parameters()])\n"
        "first = own.clone()\n"
        "torch.distributed.broadcast(first, 0)\n"
        "assert torch.equal(own, first)\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    file = Path(asked.folder) / "two_processes.py"
    file.write_text(program)
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
    return {"exit": done.returncode}


KINDS = {"trainer": trainer, "bare": bare, "shared": shared}


def measured(kind: str, model: str, asked: argparse.Namespace, *, compiled: bool = False) -> dict[str, float] | None:
    """One figure in a process of its own; None where it failed, which is told."""
    handed = {name: getattr(asked, name) for name in ("size", "batch", "seconds", "warm")}
    words = [f"--{name}={value}" for name, value in {**handed, "kind": kind, "model": model}.items()]
    done = subprocess.run(
        [sys.executable, __file__, *words, *(["--compile"] if compiled else [])], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        print(f"{kind} {model} failed: {done.stderr[-600:]}", file=sys.stderr)
        return None
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each measured way, after the warm-up")
    parser.add_argument("--warm", type=float, default=10.0)
    parser.add_argument("--models", default=",".join(NETWORKS))
    parser.add_argument("--no-compile", action="store_true", help="without the rows of torch.compile")
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--folder", default=".", help="for what is written on the way")
    parser.add_argument("--kind", choices=list(KINDS), help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    parser.add_argument("--compile", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.kind:
        print(json.dumps(KINDS[asked.kind](asked.model, asked)))
        return
    require("torch", "training")
    device = torch.device(best_device())
    rows, figures = [], {"device": name_of(str(device)), "torch": torch.__version__}
    for model in asked.models.split(","):
        for compiled in (False,) if asked.no_compile else (False, True):
            alone, whole = (measured(kind, model, asked, compiled=compiled) for kind in ("bare", "trainer"))
            row = f"{model}{', compiled' if compiled else ''}"
            if alone is None or whole is None:
                rows.append((row, "failed", "", "", "", ""))
                continue
            ratio = whole["images/s"] / alone["images/s"]
            rows.append((
                row, f"{alone['images/s']:.1f}", f"{whole['images/s']:.1f}", f"{ratio:.2f}", f"{whole['waits']:.0%}",
                f"{whole['memory_gb']:.1f}",
            ))  # fmt: skip
            figures[row] = {"bare": alone, "trainer": whole}
    what = f"windows of {asked.size}, batches of {asked.batch}, {chosen('auto', device)}"
    title = f"training on {name_of(str(device))}, {what}"
    report(title, rows, ("network", "bare loop, images/s", "trainer", "ratio", "waits", "GB"), figures)
    both = shared("", asked)
    print(f"\ntwo processes on {name_of(str(device))}: {'as one' if both['exit'] == 0 else 'FAILED'}")
    here = Path(__file__).parent
    subprocess.run([sys.executable, here / "predict.py", "--device", device.type], check=False)
    if asked.tests:
        rooms = [str(here.parent / "tests" / room) for room in ("learning", "interactive", "video")]
        subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", *rooms], check=False, cwd=here.parent)


if __name__ == "__main__":
    main()
