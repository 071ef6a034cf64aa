"""What predicts, evaluates, propagates and writes over many samples: with several processes, poison, and a kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maskwright import formats
from maskwright.cli import main
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, LossError, UsageError
from maskwright.runs import Run, find, list_runs
from maskwright.runs.evaluation import evaluate, explain
from maskwright.runs.record import evaluations, sample_metrics
from maskwright.store import Dataset

NUMBER = 8


@pytest.fixture
def dataset(tmp_path, make_samples, classes):
    with Dataset.create(tmp_path / "set", classes) as opened:
        with opened.edit("samples") as edit:
            for sample in make_samples(NUMBER):
                edit.add(sample)
        yield opened


@pytest.fixture
def network(tmp_path, classes) -> Path:
    torch = pytest.importorskip("torch")
    from maskwright import models
    from maskwright.predict import checkpoint

    torch.manual_seed(0)
    file = tmp_path / "m.safetensors"
    checkpoint.save(
        models.build("lite", classes.num_classes), checkpoint.ModelInfo("lite", classes.to_json()), file
    )  # fmt: skip
    return file


def predictions(dataset: Dataset, run: str) -> list[tuple[int, Segments]]:
    record = find(dataset, run)
    numbers = dataset.numbers()
    return Run(dataset, record["id"], Path()).predictions(list(zip(numbers, dataset.read(numbers), strict=True)))


def shifted(sample, seed: int) -> Segments:
    """What a run might have predicted: the truth moved, with scores of which some are equal."""
    rng = np.random.default_rng(seed)
    dense = np.roll(sample.segments.masks.decode(), rng.integers(0, 3), axis=2)
    return Segments(Masks.encode(dense) if len(dense) else sample.segments.masks, sample.segments.class_ids,
                    scores=rng.choice([0.5, 0.7, 0.9], len(dense)), source="model")  # fmt: skip


def said(capsys, *arguments: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    found = capsys.readouterr()
    assert ended.value.code == code, found.err
    return found.out if code == 0 else found.err


# -- evaluate -------------------------------------------------------------------------------------------------------


def test_every_number_of_an_evaluation_is_the_same_with_several_processes(dataset) -> None:
    run = Run.start(dataset, "predict", {}, name="run")
    samples = dict(zip(dataset.numbers(), dataset, strict=True))
    run.add_predictions([(number, shifted(sample, number)) for number, sample in samples.items()])
    run.finish()
    extra = ["panoptic-quality", "boundary-iou"]
    alone = evaluate(dataset, run, extra=extra)
    together = evaluate(dataset, run, extra=extra, workers=3)
    assert alone["intervals"]["mean_iou"] and alone["mask"]["AP"] > 0
    assert alone == together, "to the last bit, ranges too"
    assert (alone["samples"], alone["set_aside"]) == (NUMBER, [])


def test_an_evaluation_says_which_samples_it_could_not_score(dataset, capsys, monkeypatch) -> None:
    run = Run.start(dataset, "predict", {}, name="run")
    numbers = dataset.numbers()
    run.add_predictions([(n, s.segments) for n, s in zip(numbers, dataset, strict=True)])
    run.finish()
    from maskwright.runs import evaluation

    whole = evaluation.sample_counts

    def counts(sample, pred, classes):
        if sample.key == dataset.keys()[3]:
            raise MemoryError
        return whole(sample, pred, classes)

    monkeypatch.setattr(evaluation, "sample_counts", counts)
    scores = evaluate(dataset, run)
    without = evaluate(dataset.where(f"key <> '{dataset.keys()[3]}'"), run)
    assert scores["samples"] == NUMBER - 1
    assert [score["key"] for score in scores["set_aside"]] == dataset.keys()[3:4]
    assert scores["mean_iou"] == without["mean_iou"]
    text = said(capsys, "evaluate", dataset.place, "run")
    assert "set aside, because they could not be worked on: 1" in text
    assert "No score counts them." in text


KILLED = """
import os, signal, sys
from maskwright.runs import Run, evaluation
from maskwright.runs.files import folder_of
from maskwright.store import Dataset

def dies(function, after):
    calls = iter(range(after))
    def until(*arguments, **options):
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return until

if __name__ == "__main__":
    place, verb, workers, where, after = sys.argv[1:]
    if where == "worker":
        evaluation.sample_counts = dies(evaluation.sample_counts, int(after))
    else:
        evaluation._InOrder.write = dies(evaluation._InOrder.write, int(after))
    with Dataset.open(place) as dataset:
        run = Run(dataset, "run", folder_of(dataset, "run"))
        if verb == "explain":
            evaluation.explain(dataset, run, workers=int(workers))
        else:
            evaluation.evaluate(dataset, run, extra=["panoptic-quality"], workers=int(workers))
"""


@pytest.fixture
def run(dataset) -> Run:
    """A run that predicted every sample, not quite as the labels are."""
    run = Run.start(dataset, "predict", {}, name="run")
    samples = dict(zip(dataset.numbers(), dataset, strict=True))
    run.add_predictions([(number, shifted(sample, number)) for number, sample in samples.items()])
    run.finish()
    return run


def killed(dataset: Dataset, tmp_path: Path, verb: str, workers: int, where: str, after: int) -> None:
    program = tmp_path / "program.py"
    program.write_text(KILLED)
    done = subprocess.run([sys.executable, program, dataset.place, verb, str(workers), where, str(after)], check=False)
    assert done.returncode == -signal.SIGKILL


def journals(run: Run) -> list[Path]:
    return sorted(run.folder.glob(".doing-*"))


def counted(monkeypatch) -> list[str]:
    """The keys of samples that are scored in this process."""
    from maskwright.runs import evaluation

    keys: list[str] = []
    whole = evaluation.sample_counts
    monkeypatch.setattr(
        evaluation, "sample_counts", lambda sample, *more: keys.append(sample.key) or whole(sample, *more)
    )
    return keys


@pytest.mark.parametrize(("workers", "where"), [(1, "worker"), (1, "sink"), (2, "sink")])
def test_a_killed_evaluation_goes_on_and_gives_every_number_to_the_last_digit(
    dataset, run, tmp_path, monkeypatch, workers, where
) -> None:
    whole = evaluate(dataset, run, extra=["panoptic-quality"])
    own = sample_metrics(dataset, "run", "mean_iou")
    assert not journals(run)
    killed(dataset, tmp_path, "evaluate", workers, where, 3)
    assert len(journals(run)) == 1
    keys = counted(monkeypatch)
    again = evaluate(dataset, run, extra=["panoptic-quality"])
    assert keys == dataset.keys()[3:], "the others were scored before"
    assert again == whole
    assert sample_metrics(dataset, "run", "mean_iou") == own
    assert evaluations(dataset, "run")[-1]["scores"] == evaluations(dataset, "run")[0]["scores"]
    assert not journals(run)
    evaluate(dataset, run, extra=["panoptic-quality"])
    assert len(keys) == NUMBER - 3 + NUMBER, "what is done begins anew"


def test_rows_kept_behind_a_sample_that_failed_are_added_in_their_order(dataset, run, monkeypatch, tmp_path) -> None:
    from maskwright.runs import evaluation

    whole = evaluate(dataset, run)
    counts = evaluation.sample_counts

    def cut(sample, *more):
        if sample.key == dataset.keys()[1]:
            raise MemoryError
        if sample.key == dataset.keys()[5]:
            raise KeyboardInterrupt
        return counts(sample, *more)

    monkeypatch.setattr(evaluation, "sample_counts", cut)
    with pytest.raises(KeyboardInterrupt):
        evaluate(dataset, run)
    monkeypatch.setattr(evaluation, "sample_counts", counts)
    keys = counted(monkeypatch)
    assert evaluate(dataset, run) == whole
    assert keys == [dataset.keys()[1], *dataset.keys()[5:]]


@pytest.mark.parametrize("change", ["metrics", "where", "revision", "predictions", "instances"])
def test_something_else_never_goes_on_with_it(dataset, run, tmp_path, monkeypatch, change) -> None:
    killed(dataset, tmp_path, "evaluate", 1, "sink", 3)
    view, options, number = dataset, {"extra": ["panoptic-quality"]}, NUMBER
    if change == "metrics":
        options = {}
    elif change == "where":
        view, number = dataset.where("area > 0"), len(dataset.where("area > 0"))
    elif change == "instances":
        options["instances"] = False
    elif change == "revision":
        with dataset.edit("change") as edit:
            edit.set_fields(dataset.keys()[0], {"changed": True})
    else:
        number_of_first = dataset.numbers()[0]
        run.add_predictions([(number_of_first, dataset[0].segments)])
    keys = counted(monkeypatch)
    evaluate(view, run, **options)
    assert len(keys) == number
    assert not journals(run), "nor does it stay"


@pytest.mark.parametrize("workers", [1, 2])
def test_the_variants_of_a_killed_explanation_are_the_same(dataset, run, tmp_path, monkeypatch, workers) -> None:
    whole = explain(dataset, run)
    assert explain(dataset, run, workers=2) == whole
    killed(dataset, tmp_path, "explain", workers, "sink", 5)
    keys = counted(monkeypatch)
    assert explain(dataset, run) == whole
    assert len(keys) == NUMBER - 5


def test_a_sample_that_cannot_be_explained_ends_it(dataset, run, monkeypatch, capsys) -> None:
    from maskwright.runs import evaluation

    def broken(*_):
        raise DatasetError("is damaged")

    monkeypatch.setattr(evaluation, "sample_counts", broken)
    assert "is damaged" in said(capsys, "metrics", "explain", dataset.place, "run", code=1)


# -- predict --------------------------------------------------------------------------------------------------------


def test_predicting_in_processes_sets_a_broken_image_aside_and_tries_it_again(
    dataset, network, tmp_path, capsys
) -> None:
    key = dataset.keys()[2]
    image = Path(dataset[key].image.uri)
    shutil.copy(image, tmp_path / "kept")
    image.write_bytes(b"no image")
    told = said(
        capsys, "predict", dataset.place, "--model", str(network), "--device", "cpu", "--workers", "2", "--json",
        "--to", str(tmp_path / "out"),
    )  # fmt: skip
    result = json.loads(told)
    assert (result["samples"], [each["key"] for each in result["set_aside"]]) == (NUMBER - 1, [key])
    assert str(image) in result["set_aside"][0]["reason"]
    assert result["rate"] > 0
    files = (tmp_path / "out" / "annotations").glob("*.json")
    written = [image["file_name"] for file in files for image in json.loads(file.read_text())["images"]]
    assert len(written) == NUMBER - 1, "what was not predicted is not written as an image without objects"
    assert find(dataset, "last")["scores"]["set_aside"] == result["set_aside"]
    assert key in said(capsys, "predict", dataset.place, "--resume", "last", "--device", "cpu")
    shutil.copy(tmp_path / "kept", image)
    again = said(capsys, "predict", dataset.place, "--resume", "last", "--device", "cpu")
    assert f"on {NUMBER} samples, {NUMBER - 1} of them before" in again
    assert "set aside" not in again
    assert find(dataset, "last")["scores"]["set_aside"] == []
    assert len(list_runs(dataset)) == 1
    whole = json.loads(said(capsys, "predict", dataset.place, "--model", str(network), "--device", "cpu", "--json"))
    assert predictions(dataset, whole["run"]) == predictions(dataset, result["run"])


@pytest.mark.parametrize(
    ("option", "value", "needed"),
    [("--min-score", "7", "it must be from 0 to 1"), ("--min-score", "-0.1", "from 0 to 1"),
     ("--scales", "0", "it must be more than 0"), ("--scales", "-1", "more than 0")],
)  # fmt: skip
def test_a_score_or_scale_that_nothing_has_is_refused(dataset, network, capsys, option, value, needed) -> None:
    said_of_it = said(capsys, "predict", dataset.place, "--model", str(network), option, value, code=2)
    assert option.strip("-").replace("-", "_") in said_of_it
    assert needed in said_of_it
    assert list_runs(dataset) == []


def test_a_killed_prediction_goes_on_at_its_revision_with_its_settings(dataset, network, tmp_path, capsys) -> None:
    program = (
        "import sys, time\n"
        "from maskwright.predict.batch import predict_into_run\n"
        "from maskwright.store import Dataset\n"
        "def slowly(numbers):\n"
        "    for number in numbers:\n"
        "        print(number, flush=True)\n"
        "        yield number\n"
        "        time.sleep(0.2)\n"
        "with Dataset.open(sys.argv[1]) as dataset:\n"
        "    view = dataset.where(\"split = 'train'\")\n"
        "    predict_into_run(view, sys.argv[2], flip=True, min_area=3, device='cpu', progress=slowly)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, dataset.place, str(network)], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert child.stdout.readline() and child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    record = list_runs(dataset)[0]
    assert record["status"] == "dead"
    numbers = dataset.where("split = 'train'").numbers()
    there = Run(dataset, record["id"], Path()).predicted()
    assert 1 <= len(there) < len(numbers)
    with dataset.edit("change") as edit:
        edit.remove(dataset.read(numbers[-1:])[0].key)
    from maskwright.predict.batch import go_on, predict_into_run

    with pytest.raises(SystemExit) as ended:
        main(["predict", dataset.place, "--resume", "last", "--min-area", "1", "--flip"])
    assert ended.value.code == 2
    assert "--resume without --flip" in capsys.readouterr().err
    done = go_on(dataset, "last", device="cpu")
    assert (done["run"], done["samples"], done["before"]) == (record["id"], len(numbers), len(there))
    view = dataset.at(record["revision"]).where("split = 'train'")
    fresh = predict_into_run(view, str(network), flip=True, min_area=3, device="cpu")
    pairs = list(zip(numbers, view.read(numbers), strict=True))
    mine, theirs = (Run(view, each["run"], Path()).predictions(pairs) for each in (done, fresh))
    assert mine == theirs
    network.write_bytes(network.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(UsageError, match="is not the network"):
        go_on(dataset, record["id"], device="cpu")
    assert find(dataset, record["id"])["status"] == "done"


# -- propagate ------------------------------------------------------------------------------------------------------


def test_suggestions_are_the_same_from_several_processes(tmp_path, make_samples, classes) -> None:
    pytest.importorskip("sklearn")
    from maskwright import fewshot

    found = []
    for workers in (1, 2):
        with Dataset.create(tmp_path / f"set{workers}", classes) as dataset:
            with dataset.edit("samples") as edit:
                for k, sample in enumerate(make_samples(6)):
                    edit.add(sample if k in (0, 2, 3) else sample.with_segments(Segments.none(sample.image.size)))
            broken = dataset.keys()[4]
            (tmp_path / "kept").write_bytes(Path(dataset[broken].image.uri).read_bytes())
            Path(dataset[broken].image.uri).write_bytes(b"no image")
            learner = fewshot.learner("forest", trees=4, pixels=500)
            done = fewshot.propagate(dataset, dataset, learner, folds=0, workers=workers)
            assert [each.key for each in done.set_aside] == [broken]
            assert done.suggested == 2
            found.append((predictions(dataset, done.run), fewshot.confidences(dataset, done.run)))
            Path(dataset[broken].image.uri).write_bytes((tmp_path / "kept").read_bytes())
    assert found[0] == found[1]


# -- convert and export --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_losses_are_the_same_from_several_processes(dataset, classes, tmp_path) -> None:
    view = dataset.frozen()
    ways = [
        formats.write(
            samples, classes, tmp_path / f"out{k}", "label-map", allow_loss=True, workers=workers, images="none"
        )
        for k, (samples, workers) in enumerate(((view, 1), (view, 2), (list(view), 2)))
    ]
    assert ways[0] and ways[0] == ways[1] == ways[2]
    files = [sorted(p.relative_to(tmp_path / f"out{k}") for p in (tmp_path / f"out{k}").rglob("*")) for k in range(3)]
    assert files[0] == files[1] == files[2]
    with pytest.raises(LossError):
        formats.write(view, classes, tmp_path / "no", "label-map", workers=2)
    assert not (tmp_path / "no").exists()


def test_converting_with_processes_says_the_same(dataset, classes, tmp_path, capsys) -> None:
    formats.write(dataset, classes, tmp_path / "coco", "coco", allow_loss=True)
    said_by = [
        json.loads(said(capsys, "convert", str(tmp_path / "coco"), str(tmp_path / f"out{workers}"), "--to", "label-map",
                        "--allow-loss", "--json", "--workers", workers))
        for workers in ("1", "2")
    ]  # fmt: skip
    assert said_by[0]["losses"] == said_by[1]["losses"] != []
    assert said_by[0]["samples"] == said_by[1]["samples"] == NUMBER
