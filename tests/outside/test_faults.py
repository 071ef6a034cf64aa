"""Members of others that load, and raise in their own code later: a sentence that names them, not a traceback."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from distributions import made

from maskwright import formats, losses, metrics, models, registry
from maskwright.core.classes import Class, Classes
from maskwright.demo import build_demo_set
from maskwright.errors import FormatError, MaskwrightError, UsageError
from maskwright.runs import Run
from maskwright.runs.evaluation import evaluate
from maskwright.store import Dataset

MODULES = {
    "late_read": "def sniff(path):\n    return 0.0\ndef read(path):\n    return path.no_such_thing\n",
    "late_samples": (
        "from maskwright.core.classes import Class, Classes\n"
        "from maskwright.formats import Reading\n"
        "def sniff(path):\n    return 0.0\n"
        "def read(path):\n"
        "    def samples():\n        yield from ()\n        no_such_name\n"
        "    return Reading(Classes([Class(1, 'cell')]), samples())\n"
    ),
    "late_write": (
        "LOSES = frozenset()\n"
        "def sniff(path):\n    return 0.0\n"
        "def read(path): ...\n"
        "def losses(sample, classes, *, early=False):\n    assert not early, 'never early'\n    return []\n"
        "def write(samples, classes, folder, *, early=False, full=False):\n"
        "    (folder / 'half').write_text('x')\n"
        "    for sample in samples:\n"
        "        if full:\n            raise OSError(28, 'No space left on device', str(folder / 'half'))\n"
        "        raise NotImplementedError(f'for\\n{sample.key}')\n"
    ),
    "late_loss": (
        "def loss(logits, target, *, ignore_index=255):\n    return logits.sum() + no_such_name\n"
    ),
    "late_metric": (
        "import numpy as np\n"
        "HIGHER_IS_BETTER = True\n"
        "def update(pred, target, classes):\n    return np.zeros(2)\n"
        "def compute(counts, classes):\n    return {'share': [][0]}\n"
    ),
    "later_metric": (
        "HIGHER_IS_BETTER = True\n"
        "def update(pred, target, classes):\n    return {}['none']\n"
        "def compute(counts, classes):\n    return {}\n"
    ),
    "late_model": (
        "import torch\n"
        "LICENCE = 'CC0-1.0'\n"
        "class Net(torch.nn.Module):\n"
        "    stride = 1\n"
        "    def __init__(self, kinds):\n        super().__init__()\n        self.layer = torch.nn.Conv2d(3, kinds, 1)\n"
        "    def forward(self, x):\n        return self.layer(x, x, x)\n"
        "def build(num_classes, in_channels=3, *, broken=False):\n"
        "    if broken:\n        raise AttributeError('nothing to build')\n"
        "    return Net(num_classes)\n"
    ),
}  # fmt: skip
POINTS = {
    "maskwright.formats": {name: name for name in ("late_read", "late_samples", "late_write")},
    "maskwright.losses": {"late_loss": "late_loss"},
    "maskwright.metrics": {"late_metric": "late_metric", "later_metric": "later_metric"},
    "maskwright.models": {"late_model": "late_model"},
}


@pytest.fixture(scope="module")
def late_folder(tmp_path_factory) -> Path:
    return made(tmp_path_factory.mktemp("late"), "late-package", MODULES, POINTS)


@pytest.fixture
def late(installed: Callable[..., None], late_folder: Path) -> None:
    installed(late_folder)
    assert registry.aside() == []


def fault(what: str, name: str, reason: str) -> str:
    return (
        f"the {what} '{name}' of the package late-package ends in {reason}.\n"
        "  Tell those who make that package, or do without it."
    )


def test_a_format_that_fails_when_it_reads_or_writes_is_named(late, make_samples, classes, tmp_path) -> None:
    (tmp_path / "labels").mkdir()
    with pytest.raises(MaskwrightError) as raised:
        formats.read(tmp_path / "labels", "late-read")
    kind = type(tmp_path).__name__
    assert str(raised.value) == fault(
        "format", "late-read", f"AttributeError ('{kind}' object has no attribute 'no_such_thing')"
    )
    assert isinstance(raised.value.__cause__, AttributeError)
    with pytest.raises(MaskwrightError, match=r"'late-samples' of the package late-package ends in NameError"):
        list(formats.read(tmp_path / "labels", "late_samples").samples)
    with pytest.raises(MaskwrightError, match=r"'late-write' .* ends in NotImplementedError \(for "):
        formats.write(make_samples(2), classes, tmp_path / "out", "late-write")
    for workers in (1, 2):
        with pytest.raises(MaskwrightError, match=r"'late-write' .* ends in AssertionError \(never early"):
            formats.write(make_samples(2), classes, tmp_path / "out", "late-write", early=True, workers=workers)
    with pytest.raises(FormatError, match="the disk is full"):
        formats.write(make_samples(2), classes, tmp_path / "out", "late-write", full=True)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith((".", "out"))) == []


def test_a_fault_of_ours_stays_what_it_is(late, monkeypatch, make_samples, classes, tmp_path) -> None:
    from maskwright.formats import coco

    def slip(*_, **__):
        raise AttributeError("a slip")

    monkeypatch.setattr(coco, "losses", slip)
    with pytest.raises(AttributeError, match="a slip"):
        formats.write(make_samples(2), classes, tmp_path / "out", "coco")
    with pytest.raises(MemoryError), registry.naming("formats", "late-read"):
        raise MemoryError
    with pytest.raises(KeyError), registry.naming("formats", "late-read", passing=(KeyError,)):
        raise KeyError
    with pytest.raises(UsageError, match="its own words"), registry.naming("formats", "late-read"):
        raise UsageError("its own words")
    with pytest.raises(KeyboardInterrupt), registry.naming("formats", "late-read"):
        raise KeyboardInterrupt


def test_a_metric_that_fails_is_named(late, make_samples, classes, tmp_path) -> None:
    with Dataset.create(tmp_path / "set", classes) as dataset:
        with dataset.edit("samples") as edit:
            for sample in make_samples(3):
                edit.add(sample)
        run = Run.start(dataset, "predict", {}, name="run")
        run.add_predictions([(n, s.segments) for n, s in zip(dataset.numbers(), dataset, strict=True)])
        run.finish()
        with pytest.raises(MaskwrightError) as raised:
            evaluate(dataset, run, extra=["late_metric"])
        assert str(raised.value) == fault("metric", "late-metric", "IndexError (list index out of range)")
        with pytest.raises(MaskwrightError, match=r"the metric 'later-metric' of the package late-package ends in Key"):
            evaluate(dataset, run, extra=["later_metric"])
    assert metrics.load("late-metric")


@pytest.mark.train
def test_a_loss_or_model_that_fails_is_named(late, tmp_path) -> None:
    torch = pytest.importorskip("torch")
    from maskwright.predict import Predictor
    from maskwright.predict.checkpoint import ModelInfo

    logits, target = torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64)
    with pytest.raises(MaskwrightError) as raised:
        losses.parse("ce + 2*late_loss")(logits, target)
    assert str(raised.value) == fault("loss", "late-loss", "NameError (name 'no_such_name' is not defined)")
    with pytest.raises(MaskwrightError) as raised:
        models.build("late_model", 2, broken=True)
    assert str(raised.value) == fault("model", "late-model", "AttributeError (nothing to build)")
    classes = Classes([Class(0, "ground", "stuff", "background"), Class(1, "cell")])
    predictor = Predictor(models.build("late-model", 2), ModelInfo("late-model", classes.to_json()), device="cpu")
    with pytest.raises(MaskwrightError, match=r"the model 'late-model' of the package late-package ends in TypeError"):
        predictor.predict(torch.zeros(8, 8, 3, dtype=torch.uint8).numpy())


@pytest.mark.slow
@pytest.mark.train
def test_on_the_command_line_it_is_one_sentence_and_nothing_stays(
    command: Callable[..., subprocess.CompletedProcess[str]], late_folder, tmp_path
) -> None:
    known, samples = build_demo_set(tmp_path / "images", number=8, size=(64, 64))
    formats.write(samples, known, tmp_path / "labels", "coco")
    assert command([late_folder], "import", tmp_path / "labels", tmp_path / "set").returncode == 0
    shared = ("--epochs", 1, "--batch-size", 4, "--size", 32, 32, "--device", "cpu")
    for words, name in (
        (["convert", tmp_path / "labels", tmp_path / "out", "--to", "late-write"], "format 'late-write'"),
        (["train", tmp_path / "set", "--loss", "late-loss", *shared], "loss 'late-loss'"),
        (["train", tmp_path / "set", "--model", "late-model", *shared], "model 'late-model'"),
    ):
        done = command([late_folder], *words)
        assert done.returncode == 1
        assert f"the {name} of the package late-package ends in " in done.stderr.splitlines()[0]
        assert len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "out").exists()
    with Dataset.open(tmp_path / "set") as dataset:
        assert list(dataset.runs) == []
