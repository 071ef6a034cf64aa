"""What the program prints and where its names may lead."""

import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from command_line import run

from maskwright import formats
from maskwright.cli import VERBS
from maskwright.cli.output import emit, say, table
from maskwright.runs import Run, find, list_runs
from maskwright.runs.record import curves
from maskwright.store import Dataset

NOWHERE = "postgresql://ann:geh%2Feim@127.0.0.1:9/set?connect_timeout=2"

CALLS = {
    "import": ["LABELS", NOWHERE], "show": [NOWHERE], "export": [NOWHERE, "OUT", "-f", "coco"], "log": [NOWHERE],
    "diff": [NOWHERE], "tag": [NOWHERE, "gold"], "restore": [NOWHERE, "1"], "snapshot": [NOWHERE, "OUT.parquet"],
    "studio": [NOWHERE, "--port", "0"], "propagate": [NOWHERE], "track": [NOWHERE], "plan": [NOWHERE],
    "train": [NOWHERE, "--name", "one"], "sweep": [NOWHERE, "--search", "lr=log(1e-4,1e-2)"], "predict": [NOWHERE],
    "evaluate": [NOWHERE], "metrics": ["explain", NOWHERE], "model": ["export", "last", "--dataset", NOWHERE],
    "columns": [NOWHERE], "set": [NOWHERE, "split=val", "--all"], "window": [NOWHERE],
    "runs": [NOWHERE], "compare": [NOWHERE, "a", "b"], "doctor": [NOWHERE],
    "embed": [NOWHERE], "report": [NOWHERE, "-o", "OUT.html"],
    # These have no dataset; an address where a file or folder is wanted is one like any other.
    "demo": None, "data": ["show", NOWHERE], "convert": [NOWHERE, "OUT", "--to", "yolo"], "segment": [NOWHERE, "--everything"],
}  # fmt: skip


@pytest.fixture
def labels(make_samples, classes, tmp_path) -> Path:
    formats.write(make_samples(6), classes, tmp_path / "labels", "coco")
    return tmp_path / "labels"


@pytest.fixture
def street(labels, tmp_path, capsys) -> Path:
    assert run(capsys, "import", labels, tmp_path / "street")[0] == 0
    return tmp_path / "street"


# -- passwords --------------------------------------------------------------------------------------------


def test_every_verb_is_asked() -> None:
    assert set(CALLS) == set(VERBS)


@pytest.mark.parametrize("verb", [verb for verb, words in CALLS.items() if words])
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
def test_no_verb_shows_the_password_of_a_server_that_does_not_answer(
    capsys, labels, tmp_path, monkeypatch, verb, more
) -> None:
    pytest.importorskip("psycopg")
    if verb == "studio" and more:
        pytest.skip("the studio prints no JSON")
    monkeypatch.chdir(tmp_path)
    words = [str(labels) if word == "LABELS" else word for word in CALLS[verb]]
    code, out, err = run(capsys, verb, *words, *more)
    assert code in (1, 2)
    assert "eim" not in out + err
    assert "Traceback" not in err
    assert "127.0.0.1" in out + err, "it is said which server it was"
    assert {path.name for path in tmp_path.iterdir()} == {"labels", "originals"}


def test_a_password_in_a_source_is_not_written_into_the_history(capsys, labels, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(formats, "choose", lambda source: formats.Candidate("coco", labels, 1.0))
    code, out, _ = run(capsys, "import", "https://ann:geheim@files.example/labels", tmp_path / "street")
    assert code == 0
    assert "geheim" not in out + run(capsys, "log", tmp_path / "street", "--json")[1]
    assert "import coco from https://ann:***@files.example/labels" in run(capsys, "log", tmp_path / "street")[1]


# -- text from files --------------------------------------------------------------------------------------

ESCAPES = "a\x1b[2Jb\x9b31m\u202ec\nmaskwright: all is well\r\ud800"


def _controls(text: str) -> list[str]:
    return [letter for letter in text if letter != "\n" and not letter.isprintable()]


def test_what_is_printed_holds_no_control_characters(capsys) -> None:
    say(ESCAPES)
    emit({}, [ESCAPES, *table([(ESCAPES, 1.0)], (ESCAPES, "x"))], as_json=False)
    out = capsys.readouterr().out
    assert _controls(out) == []
    assert len(out.splitlines()) == 4, "nobody makes lines of their own"


def test_json_stays_whole_and_valid(capsys) -> None:
    secret = ["postgresql://ann:geheim@db/set", Path("postgresql://ann:geheim@db/set")]
    emit(
        {ESCAPES: [ESCAPES, float("nan"), float("-inf"), {"a": (1, Path("x"))}], "b": "größe 日本", "c": secret}, [],
        as_json=True,
    )  # fmt: skip
    out = capsys.readouterr().out
    assert _controls(out) == []
    assert "größe 日本" in out
    shown = ["postgresql://ann:***@db/set", "postgresql:/ann:***@db/set"]
    assert json.loads(out) == {ESCAPES: [ESCAPES, None, None, {"a": [1, "x"]}], "b": "größe 日本", "c": shown}


def test_names_in_labels_do_not_reach_the_terminal(capsys, labels, tmp_path) -> None:
    file = next((labels / "annotations").glob("*.json"))
    held = json.loads(file.read_text())
    for row in held["categories"]:
        row["name"] += "\x1b[31m\r"
    file.write_text(json.dumps(held))
    for arguments in (("import", labels, tmp_path / "d"), ("show", tmp_path / "d"), ("show", tmp_path / "d", "--json"),
                      ("diff", tmp_path / "d"), ("show", tmp_path / "d", "no\x1b[2Jbody")):  # fmt: skip
        _, out, err = run(capsys, *arguments)
        assert out + err
        assert _controls(out + err) == [], arguments


# -- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../../precious", "..", ".", "/tmp/precious", "last", "a/b", ""])
@pytest.mark.parametrize("verb", ["train", "sweep"])
def test_a_name_that_is_a_path_is_refused_and_all_stays(capsys, street, tmp_path, verb, name) -> None:
    pytest.importorskip("optuna")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    before = sorted(tmp_path.rglob("*"))
    more = ("--search", "lr=log(1e-4,1e-2)", "--trials", 1) if verb == "sweep" else ("--weights", "no.pth")
    code, out, err = run(capsys, verb, street, "--name", name, "--epochs", 1, "--json", *more)
    assert (code, err) == (2, "")
    told = json.loads(out)["error"]
    assert "name" in told["found"]
    assert "without slashes" in told["needed"]
    assert sorted(path for path in tmp_path.rglob("*") if not re.search(r"-(wal|shm)$", path.name)) == before
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"


def test_an_unknown_model_is_said_before_what_the_data_lack(capsys, make_samples, classes, tmp_path) -> None:
    from dataclasses import replace

    samples = [replace(sample, split="train") for sample in make_samples(1)]
    formats.write(samples, classes, tmp_path / "labels", "coco")
    assert run(capsys, "import", tmp_path / "labels", tmp_path / "set")[0] == 0
    (tmp_path / "plan.yaml").write_text("model: unett\n")
    for verb, *more in (("train", "--model", "unett"), ("plan", "--model", "unett/resnet18"),
                        ("train", "--plan", tmp_path / "plan.yaml")):  # fmt: skip
        code, _, err = run(capsys, verb, tmp_path / "set", *more)
        assert code == 2
        assert "'unett' is not among maskwright's models" in err
        assert "Did you mean 'unet'" in err
    assert "unett" not in run(capsys, "train", tmp_path / "set", "--model", "unet")[2]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (("--epochs", 9, "--lr", "1e-4", "--no-turn"), "--resume without --no-turn, --lr"),
        (("--model", "unett"), "--resume without --model"),
        (("--folds", 2, "--at", "head~", "--where", "weight > 0"), "--resume without --folds, --where, --at"),
        (("--plan", "plan.yaml", "--budget", "20m"), "--resume without --plan"),
        (("--transform", "flip", "--tracker", "mlflow"), "--resume without --transform"),
        (("--name", "two"), "--resume without --name"),
        (
            (
                "--momentum",
                0.7,
                "--schedule",
                "poly",
                "--steps-per-epoch",
                5,
                "--val-steps",
                3,
                "--optimizer",
                "sgd",
                "--augmentation",
                "strong",
            ),
            "--resume without --steps-per-epoch, --augmentation, --optimizer, --momentum, --schedule, --val-steps",
        ),
    ],
)
def test_options_that_a_resumed_training_would_not_follow_are_refused(capsys, street, more, named) -> None:
    code, _, err = run(capsys, "train", street, "--resume", "last", *more)
    assert code == 2
    assert f"{named}.\n" in err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--weights", "no.pth"), "there is no such file"),
        (("--loss", "dise"), "Did you mean 'dice'"),
        (("--size", 50, 50), "multiples of 32"),
        (("--folds", 2, "--weights", "no.pth"), "there is no such file"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_is_made(capsys, street, monkeypatch, more, words) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a run was started")

    monkeypatch.setattr(Run, "start", never)
    small = ("--epochs", 1, "--batch-size", 2, "--device", "cpu", "--name", "one")
    code, _, err = run(capsys, "train", street, *small, *more)
    assert code in (1, 2)
    assert words in err
    assert not (street / "runs").exists()


def test_folds_are_refused_whole_when_one_of_their_names_is_taken(capsys, street) -> None:
    (street / "runs" / "one-2").mkdir(parents=True)
    code, _, err = run(capsys, "train", street, "--folds", 2, "--name", "one", "--epochs", 1)
    assert code == 2
    assert "there is something here" in err
    assert [path.name for path in (street / "runs").iterdir()] == ["one-2"]
    assert json.loads(run(capsys, "runs", street, "--json")[1])["runs"] == []


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".x", "all", "none"])
def test_tags_and_authors_are_words(capsys, street, labels, tmp_path, name) -> None:
    code, _, err = run(capsys, "tag", street, name)
    assert code == 2
    assert "a tag's name" in err
    code, _, err = run(capsys, "restore", street, "1", "--author", name)
    assert code == 2
    assert "an author's name" in err
    assert len(json.loads(run(capsys, "log", street, "--json")[1])["revisions"]) == 2


def test_people_of_the_studio_are_words(capsys, street) -> None:
    pytest.importorskip("fastapi")
    code, _, err = run(capsys, "studio", street, "--people", "ann,../ben")
    assert code == 2
    assert "a person's name '../ben'" in err


# -- runs that others are at, and dead ones -----------------------------------------------------------------


def test_resume_refuses_a_living_run_and_says_what_a_dead_one_lacks(capsys, street) -> None:
    pytest.importorskip("torch")
    from maskwright.train import Settings
    from maskwright.train.loop import prepared

    program = (
        "import json, sys\n"
        "from maskwright.store import Dataset\n"
        "from maskwright.runs import Run\n"
        "dataset = Dataset.open(sys.argv[1])\n"
        "run = Run.start(dataset, 'train', json.loads(sys.argv[2]), name='one')\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    settings = Settings(epochs=1, size=(64, 64), device="cpu")
    command = [sys.executable, "-c", program, street, json.dumps(settings.to_json())]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    try:
        with Dataset.open(street) as dataset:
            network, task, _ = prepared(dataset, settings)
        _checkpoint(street / "runs" / "one", network, task)
        assert " running " in run(capsys, "runs", street)[1]
        before = json.loads(run(capsys, "runs", street, "one", "--json")[1])
        code, _, err = run(capsys, "train", street, "--resume", "one")
        assert code == 2
        assert f"still going: process {child.pid} on {before['owner']['host'].split('/')[0]}" in err
        assert len(err.strip().splitlines()) == 2, "a sentence, and what to do"
        assert json.loads(run(capsys, "runs", street, "one", "--json")[1]) == before
    finally:
        child.kill()
        child.communicate()
    assert " dead " in run(capsys, "runs", street)[1]
    assert f"process {child.pid}" in run(capsys, "runs", street, "one")[1]
    assert run(capsys, "compare", street, "one", "one")[0] == 0
    assert "holds no prediction" in run(capsys, "evaluate", street, "one")[2]

    state = street / "runs" / "one" / "last.state.pt"
    whole = state.read_bytes()
    for content, words in ((whole[:1000], "not the readable state"), (b"", "not the readable state"),
                           (None, "no checkpoint to resume from")):  # fmt: skip
        state.unlink()
        if content is not None:
            state.write_bytes(content)
        code, _, err = run(capsys, "train", street, "--resume", "one")
        assert code in (1, 2)
        assert words in err
        assert "Traceback" not in err
        after = json.loads(run(capsys, "runs", street, "one", "--json")[1])
        assert {**after, "status": "running"} == before, "nothing was changed"
        state.touch()


def test_an_interrupted_training_says_how_it_goes_on_and_takes_more_epochs(capsys, street, monkeypatch) -> None:
    pytest.importorskip("torch")
    from maskwright.train import loop, steps

    small = ("--epochs", 2, "--size", 64, 64, "--batch-size", 2, "--device", "cpu", "--precision", "fp32")
    taken = []

    class Interrupted(steps.Steps):
        def step(self, *rest) -> None:
            if len(taken) == 1:
                raise KeyboardInterrupt
            taken.append(super().step(*rest))

    monkeypatch.setattr(loop, "Steps", Interrupted)
    code, _, err = run(capsys, "train", street, *small, "--name", "one")
    assert code == 130
    command = f"maskwright train {street} --resume one"
    assert err.strip().splitlines()[-1] == f"maskwright: interrupted; `{command}` goes on."
    monkeypatch.undo()
    code, out, err = run(capsys, *command.split()[1:], "--epochs", 3, "--overlays", 0)
    assert code == 0, err
    assert "goes on with epochs 3, which was 2" in out
    assert "goes on with overlays 0, which was 4" in out
    with Dataset.open(street) as dataset:
        record = find(dataset, "one")
        assert (record["status"], record["settings"]["epochs"], record["settings"]["where"]) == ("done", 3, [])
        assert {step for step, _ in curves(dataset, "one")["val/mean_iou"]} <= {2, 4, 6}


def _checkpoint(folder: Path, network, task) -> None:
    import torch

    from maskwright.predict.checkpoint import ModelInfo, save
    from maskwright.train.resuming import LAST, STATE, Progress, save_state

    info = ModelInfo("lite", task.classes.to_json())
    save(network, info, folder / LAST)
    state = {"optimizer": torch.optim.AdamW(network.parameters()).state_dict()}
    save_state(folder / STATE, network.state_dict(), network.state_dict(), state, Progress(), json.dumps(asdict(info)))


def test_a_training_whose_checkpoint_cannot_be_written_ends_as_failed(capsys, street, monkeypatch) -> None:
    pytest.importorskip("torch")
    from maskwright.runs import files

    real = Path.replace

    def full(path: Path, target: Path) -> Path:
        if Path(target).suffix == ".safetensors":
            raise OSError(28, "No space left on device")
        return real(path, target)

    monkeypatch.setattr(files.Path, "replace", full)
    small = ("--epochs", 1, "--size", 64, 64, "--batch-size", 2, "--device", "cpu", "--precision", "fp32")
    code, out, _ = run(capsys, "train", street, *small, "--name", "one", "--json")
    assert code == 1
    told = json.loads(out)["error"]
    assert told["message"].startswith(f"{told['file']}: cannot be written (No space left on device)")
    assert str(told["file"]).endswith("safetensors")
    assert len(told["message"].splitlines()) == 1
    with Dataset.open(street) as dataset:
        assert find(dataset, "one")["status"] == "failed"
        assert len(list_runs(dataset)) == 1
    kept = {path.name for path in (street / "runs" / "one").iterdir()}
    assert not {name for name in kept if name.endswith((".part", ".safetensors"))}


def test_a_full_disk_elsewhere_is_one_sentence(capsys, monkeypatch) -> None:
    import maskwright.diagnostics

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "some/file")

    monkeypatch.setattr(maskwright.diagnostics, "diagnose", full)
    assert run(capsys, "doctor") == (
        1, "", "maskwright: some/file: cannot be written (No space left on device); make room and do it again.\n",
    )  # fmt: skip


def test_runs_show_their_evaluations(capsys, street) -> None:
    with Dataset.open(street) as dataset:
        made = Run.start(dataset, "predict", {}, name="one")
        made.add_predictions(zip(dataset.numbers(), [sample.segments for sample in dataset], strict=True))
        made.finish()
    for more in ((), ("--where", "split = 'val'")):
        code, _, err = run(capsys, "evaluate", street, "one", *more)
        assert code == 0, err
    shown = run(capsys, "runs", street, "one")[1]
    assert len(re.findall(r"^evaluated .* on revision 2", shown, re.MULTILINE)) == 2
    assert "where split = 'val'" in shown
    held = json.loads(run(capsys, "runs", street, "one", "--json")[1])
    assert held["scores"]["evaluation"] == held["evaluations"][1]["scores"]
    assert held["status"] == "done"
    assert "owner: " not in shown


def test_no_command_writes_over_files_or_to_addresses(capsys, street, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Dataset.open(street) as dataset:
        picture = next(iter(dataset)).image.uri
        key = dataset.keys()[0]
    (tmp_path / "notes.txt").write_text("mine")
    database = street / "maskwright.db"
    for arguments in (
        ("snapshot", street, database, "--overwrite"), ("snapshot", street, picture, "--overwrite"),
        ("snapshot", street, tmp_path / "notes.txt"), ("snapshot", street, tmp_path, "--overwrite"),
        ("plan", street, "-o", database), ("plan", street, "-o", tmp_path / "notes.txt", "--overwrite"),
        ("show", street, key, "--to", picture), ("show", street, key, "--to", "nowhere/x.png"),
        ("show", street, key, "--to", "x"), ("export", street, "s3://bucket/out", "-f", "coco"),
        ("export", street, "https://u:geheim@host/x", "-f", "coco"), ("snapshot", street, "s3://bucket/x.parquet"),
        ("snapshot", street, "mysql://u:geheim@host/x"), ("log", ""), ("import", tmp_path, "x" * 300),
    ):  # fmt: skip
        before = {path: path.read_bytes() for path in (database, Path(picture), tmp_path / "notes.txt")}
        listed = sorted(
            str(path) for path in tmp_path.rglob("*") if "-wal" not in path.name and "-shm" not in path.name
        )
        code, out, err = run(capsys, *arguments)
        assert code in (1, 2), arguments
        assert "geheim" not in out + err
        assert {path: path.read_bytes() for path in before} == before, arguments
        after = sorted(str(path) for path in tmp_path.rglob("*") if "-wal" not in path.name and "-shm" not in path.name)
        assert after == listed, arguments
