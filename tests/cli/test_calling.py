"""How calls end: exit codes, errors as text and as JSON, doubled options, interruptions. Every verb is asked."""

import json
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from maskwright import formats
from maskwright.cli import VERBS, calling, main

#: A call of each verb that is right but for the place, and another that is wrong by itself.
CALLS: dict[str, tuple[list[str], list[str]]] = {
    "demo": (["taken"], ["out", "--minutes", "soon"]),
    "data": (["show", "nowhere"], ["lift"]),
    "import": (["nowhere", "new"], ["nowhere"]),
    "show": (["nowhere"], []),
    "window": (["nowhere"], ["nowhere", "5"]),
    "columns": (["nowhere"], ["nowhere", "add"]),
    "set": (["nowhere", "split=val", "--all"], ["nowhere", "split=val"]),
    "export": (["nowhere", "out", "-f", "coco"], ["nowhere", "out"]),
    "convert": (["nowhere", "out", "--to", "coco"], ["nowhere", "out"]),
    "log": (["nowhere"], ["nowhere", "--limit", "0"]),
    "embed": (["nowhere"], ["nowhere", "--seed", "soon"]),
    "report": (["nowhere", "-o", "out.html"], ["nowhere", "--samples", "few"]),
    "diff": (["nowhere"], ["nowhere", "--limit", "few"]),
    "tag": (["nowhere", "gold"], []),
    "restore": (["nowhere", "1"], ["nowhere"]),
    "snapshot": (["nowhere", "out.parquet"], ["nowhere"]),
    "studio": (["nowhere", "--host", "0.0.0.0"], ["nowhere", "--port", "70000"]),
    "segment": (["nowhere.png", "--everything"], ["nowhere.png"]),
    "propagate": (["nowhere"], ["nowhere", "-o", "trees=many"]),
    "track": (["nowhere"], ["nowhere", "-o", "side=inf"]),
    "plan": (["nowhere"], ["nowhere", "--epochs", "none"]),
    "train": (["nowhere"], ["nowhere", "--seed", "abc"]),
    "sweep": (["nowhere", "--search", "lr=log(1e-4,1e-2)"], ["nowhere", "--search", "lr=log(1,inf)"]),
    "predict": (["nowhere"], ["nowhere", "--scales", "nan"]),
    "evaluate": (["nowhere"], ["nowhere", "--worst", "few"]),
    "metrics": (["explain", "nowhere"], ["guess"]),
    "model": (["show", "nowhere.safetensors"], ["lift"]),
    "runs": (["nowhere"], []),
    "compare": (["nowhere", "a", "b"], ["nowhere", "a"]),
    "doctor": (["nowhere"], ["--deep"]),
}  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("mine")
    return tmp_path


def run(capsys, *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    found = capsys.readouterr()
    return int(stop.value.code or 0), found.out, found.err


def test_a_choice_that_is_not_there_is_said_plainly(capsys, here) -> None:
    code, _, err = run(capsys, "embed", "nowhere", "--of", "films")
    assert code == 2
    assert "'--of': 'films' is not one of 'samples', 'segments'" in err


def test_every_verb_is_asked() -> None:
    assert set(CALLS) == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("which", [0, 1], ids=["place", "call"])
def test_an_error_is_a_sentence_or_with_json_one_object(capsys, here, verb, which) -> None:
    words = CALLS[verb][which]
    before = sorted(path.name for path in here.iterdir())
    if verb == "doctor" and not which:
        pytest.skip("what is wrong with a place is its result")
    code, out, err = run(capsys, verb, *words)
    assert code in (1, 2)
    assert code == 2 or not which, "a wrong call"
    assert out == ""
    lines = err.strip().splitlines()
    assert lines[0].startswith("maskwright: ")
    assert len(lines) <= 2, "a sentence, and what to do"
    if verb != "studio":  # which prints no result
        again, out, err = run(capsys, verb, *words, "--json")
        assert again == code
        assert err == ""
        told = json.loads(out)["error"]
        assert f"maskwright: {told['message']}".splitlines() == lines
        assert told["exit_code"] == code
        assert told["kind"].endswith("Error")
        assert set(told) == {"kind", "exit_code", "message", "file", "record", "found", "needed", "todo"}
        assert told["found"] in told["message"]
    assert sorted(path.name for path in here.iterdir()) == before


@pytest.mark.parametrize("verb", VERBS)
def test_options_that_do_not_exist_or_are_there_twice(capsys, here, verb) -> None:
    code, out, err = run(capsys, verb, *CALLS[verb][0], "--nonsense", "--json")
    assert (code, err) == (2, "")
    told = json.loads(out)["error"]
    assert "--nonsense" in told["found"]
    assert told["todo"] == f"See: maskwright {verb} --help"
    twice = ["--port", "1"] if verb == "studio" else ["--json"]
    code, out, err = run(capsys, verb, *CALLS[verb][0], *twice, *twice)
    assert code == 2
    assert f"{twice[0]} is given twice; it takes one value" in out + err


@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c_is_one_sentence_and_130(capsys, here, monkeypatch, verb) -> None:
    import typer.core

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(typer.core.TyperCommand, "invoke", stop)
    sentence = "interrupted; nothing half-done was left behind."
    assert run(capsys, verb, *CALLS[verb][0]) == (130, "", f"maskwright: {sentence}\n")
    if verb != "studio":
        code, out, err = run(capsys, verb, *CALLS[verb][0], "--json")
        assert (code, err) == (130, "")
        assert json.loads(out)["error"]["message"] == sentence


def test_no_words_are_answered_with_help(capsys) -> None:
    code, out, err = run(capsys)
    assert code == 2
    assert "Usage: maskwright" in out + err
    code, out, err = run(capsys, "--help")
    assert (code, err) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_with_one_sentence(here, number) -> None:
    program = (
        "import time, maskwright.diagnostics\n"
        "from maskwright.cli import main\n"
        "def wait(*_, **__):\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "maskwright.diagnostics.diagnose = wait\n"
        "main(['doctor'])\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=here
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert err == "maskwright: interrupted; nothing half-done was left behind.\n"


def test_forked_children_die_of_the_signal_at_once() -> None:
    ready, say = os.pipe()
    with calling._ended_by_signal():
        child = os.fork()
        if child == 0:
            os.write(say, b"x")  # a signal before this is forgotten: Python clears what is pending after a fork
            time.sleep(60)
            os._exit(0)
        os.read(ready, 1)
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
    os.close(ready)
    os.close(say)
    assert os.WTERMSIG(status) == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_reader_that_goes_away_is_no_error(here, make_samples, classes) -> None:
    formats.write(make_samples(3), classes, here / "labels", "coco")
    done = subprocess.run(
        f"{sys.executable} -m maskwright convert labels out --to coco-panoptic --allow-loss --json | true",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""


@pytest.mark.parametrize(("words", "said"), [
    (["--epochs", "many"], "--epochs: the setting epochs is 'many'; it must be a whole number, at least 1"),
    (["--size", "64", "16"], "--size: the setting size is '64,16'; it must be two whole numbers, at least 32"),
    (["--size", "64y64"], "--size: the setting size is '64y64'"),
    (["--device", "gpu"], "--device: the setting device is 'gpu'; it must be cpu, cuda or cuda:NUMBER"),
    (["--minutes", ".inf"], "--minutes: the setting minutes is '.inf'; it must be a finite number"),
    (["--budget", "1:30"], "--budget: the setting minutes is '1:30'; it must be a time such as 20m"),
    (["--lr", "1", "--lr", "find"], "--lr is given twice"),
    (["--turn", "--no-turn"], "--turn is given twice"),
    (["--config", "a"], "'a' has no value; NAME=VALUE"),
    (["--config", "a=1", "--config", "a=2"], "a is given twice"),
    (["--tracker", "mlflow", "--epochs", "1e999"], "--epochs"),
])  # fmt: skip
def test_options_of_a_training_name_the_setting(capsys, here, words, said) -> None:
    code, out, err = run(capsys, "train", "nowhere", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_options_are_taken_as_people_write_them() -> None:
    from maskwright.cli import choices

    found = choices.collected({
        "size": "64x96", "scale": "0.5,1", "budget": "1h30m", "lr": "1e-3", "batch_size": "auto", "weights": "none",
        "turn": True, "tracker": ["mlflow,wandb", "tensorboard"], "config": ["a-b=1"], "name": "x", "epochs": None,
    })  # fmt: skip
    assert found == {
        "size": (64, 96), "scale": (0.5, 1.0), "minutes": 90.0, "lr": 0.001, "batch_size": "auto", "weights": None,
        "turn": True, "trackers": ("mlflow", "wandb", "tensorboard"), "config": {"a_b": "1"},
    }  # fmt: skip
    assert list(calling._joined(["--size", "64", "96", "x", "--scale", ".5", "1.1", "--size", "64", "x"])) == [
        "--size", "64,96", "x", "--scale", ".5,1.1", "--size", "64", "x",
    ]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), [
    (["propagate", "nowhere", "-o", "tres=5"], "the engine forest has no option 'tres'"),
    (["propagate", "nowhere", "-o", "trees=5.5"], "the option trees of the engine forest is '5.5'; it must be a whole"),
    (["propagate", "nowhere", "-o", "trees=5", "-o", "trees=6"], "trees is given twice"),
    (["track", "nowhere", "-o", "sdie=5"], "Did you mean 'side'?"),
    (["track", "nowhere", "--engine", "sam2", "-o", "device=gpu"], "it must be cpu, cuda or cuda:NUMBER"),
    (["convert", "labels", "out", "--to", "yolo", "-O", "boxes=perhaps"], "the option boxes of the format yolo is"),
    (["convert", "labels", "out", "--to", "yolo", "-o", "drop_orphan=yes"], "Did you mean 'drop_orphans'?"),
    (["import", "labels", "new", "-o", "drop_orphans=2"], "it must be yes or no"),
    (["segment", "originals", "--everything", "-o", "sied=1"], "Did you mean 'side'?"),
    (["segment", "originals", "--everything", "--grid", "iou=high"], "the option iou of the grid is 'high'"),
    (["segment", "originals", "--everything", "--grid", "side=1.5"], "it must be a whole number"),
])  # fmt: skip
def test_options_of_engines_and_formats(capsys, here, make_samples, classes, words, said) -> None:
    for needed in ("sklearn", "cv2", "transformers"):
        pytest.importorskip(needed)
    formats.write(make_samples(3), classes, here / "labels", "coco")
    before = sorted(here.iterdir())
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert sorted(here.iterdir()) == before


def test_a_signal_inside_what_c_calls_back_comes_again() -> None:
    from maskwright.cli import calling

    reached = []

    def locking() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):  # the handler runs between two of these
            pass
        reached.append("the end")

    called_back = types.FunctionType(
        locking.__code__, globals() | {"__name__": calling.CALLED_BACK[0]}, closure=locking.__closure__
    )
    with pytest.raises(KeyboardInterrupt), calling._ended_by_signal():
        called_back()
        time.sleep(60)
    assert reached == ["the end"]
