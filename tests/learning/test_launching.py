"""Trainings that go on by themselves: they outlive who began them, are stopped like Ctrl+C does it, and go on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from small_trainings import SMALL, end_all, made, status, until

from maskwright.core.owner import Owner
from maskwright.errors import UsageError
from maskwright.runs import Run, find, launching
from maskwright.runs.record import curves
from maskwright.store import Dataset, schema
from maskwright.train.wishes import Refused, Wishes, planned, read_lines

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="processes that can be told apart"),
    pytest.mark.timeout(400),
]


@pytest.fixture
def dataset(tmp_path):
    with Dataset.open(made(tmp_path)) as dataset:
        yield dataset
        end_all(dataset)


def begun(dataset: Dataset, name: str, **wishes: str) -> launching.Launched:
    plan, refused = planned(dataset, Wishes(name=name, model="lite", lines=SMALL, **wishes))
    assert plan is not None, refused
    return launching.begin(dataset, plan.write, name=name)


def curve(dataset: Dataset, name: str) -> int:
    return max((len(points) for points in curves(dataset, name).values()), default=0)


def test_a_training_outlives_who_began_it_is_stopped_and_goes_on(tmp_path) -> None:
    place = made(tmp_path)
    program = (
        "import sys\n"
        "from maskwright.runs import launching\n"
        "from maskwright.store import Dataset\n"
        "from maskwright.train.wishes import Wishes, planned\n"
        "with Dataset.open(sys.argv[1]) as dataset:\n"
        "    plan, refused = planned(dataset, Wishes(name='long', epochs='100000', model='lite', lines=sys.argv[2]))\n"
        "    assert plan is not None, refused\n"
        "    print(launching.begin(dataset, plan.write, name='long').process.pid, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    words = [sys.executable, "-c", program, str(place), SMALL]
    starter = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    process = int(starter.stdout.readline())
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate()
    assert os.getsid(process) == process, "it has a session of its own"
    with Dataset.open(place) as dataset:
        assert launching.launched(dataset)["long"].going
        until(dataset, lambda: status(dataset, "long") == "running" and curve(dataset, "long") > 1)
        before = curve(dataset, "long")
        until(dataset, lambda: curve(dataset, "long") > before)
        with pytest.raises(UsageError, match="under way"):
            launching.go_on(dataset, "long")
        launching.stop(dataset, "long")
        launching.stop(dataset, "long")  # a second press does not end it in the middle of its last words
        until(dataset, lambda: status(dataset, "long") == "interrupted")
        until(dataset, lambda: not launching.launched(dataset)["long"].going)
        assert any("--resume long" in line for line in launching.printed(dataset, "long"))
        with pytest.raises(UsageError, match="no training 'long' is under way"):
            launching.stop(dataset, "long")
        launching.go_on(dataset, "long", {"epochs": 20})
        until(dataset, lambda: status(dataset, "long") == "done")
        assert find(dataset, "long")["settings"]["epochs"] == 20
        assert any("which was 100000" in line for line in launching.printed(dataset, "long"))
        assert curve(dataset, "long") > 1
        assert len(launching.printed(dataset, "long", most=3)) == 3


def test_a_training_that_cannot_begin_says_why_and_is_forgotten(dataset) -> None:
    launching.begin(dataset, lambda file: file.write_text("epochs: some\n"), name="a")
    until(dataset, lambda: not launching.launched(dataset)["a"].going)
    assert any("epochs" in line for line in launching.printed(dataset, "a"))
    assert status(dataset, "a") == "none"
    launching.forget(dataset, "a")
    assert launching.launched(dataset) == {}
    assert launching.printed(dataset, "a") == []
    with pytest.raises(UsageError, match="was begun here"):
        launching.forget(dataset, "a")


def test_only_the_training_itself_is_ever_sent_anything(dataset) -> None:
    run = Run.start(dataset, "train", {}, name="mine")
    with pytest.raises(UsageError, match="this program itself"):
        launching.stop(dataset, "mine")
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        real = Owner(Owner.me().host, sleeper.pid, launching.started(sleeper.pid) or "")
        others = {
            "another machine": real.to_json() | {"host": "elsewhere"},
            "no training": real.to_json() | {"started": "boot/1"},  # a number that another process got meanwhile
        }
        for said, owner in others.items():
            with dataset.database.writing() as connection:
                now = launching.ownership.clock(connection).isoformat()
                connection.execute(schema.runs.update().values(owner={**owner, "token": "x"}, heartbeat=now))
            with pytest.raises(UsageError, match=said):
                launching.stop(dataset, "mine")
        with pytest.raises(UsageError, match="is gone"):
            launching._interrupt(Owner(real.host, real.pid, "boot/1"), "it")
        other = Run.start(dataset, "propagate", {}, name="other")
        with dataset.database.writing() as connection:
            connection.execute(schema.runs.update().values(owner={**real.to_json(), "token": "x"}))
        with pytest.raises(UsageError, match="no training 'other'"):
            launching.stop(dataset, "other")
        assert sleeper.poll() is None
        launching.stop(dataset, "mine")
        assert sleeper.wait(60) == -signal.SIGINT
    finally:
        sleeper.kill()
        sleeper.wait()
    run._let_go()
    other._let_go()


def test_names_and_datasets_that_may_not(dataset, tmp_path) -> None:
    for name in ("../out", "a/b", "sweeps.db", ""):
        with pytest.raises(UsageError):
            launching.begin(dataset, lambda file: file, name=name)
    Run.start(dataset, "train", {}, name="taken").finish()
    with pytest.raises(UsageError, match="taken"):
        launching.begin(dataset, lambda file: file, name="taken")
    with pytest.raises(UsageError, match="not a run's id"):
        launching.printed(dataset, "../../secret")
    with Dataset.open(dataset.place, read_only=True) as still:
        with pytest.raises(UsageError, match="read only"):
            launching.begin(still, lambda file: file, name="fresh")
        with pytest.raises(UsageError, match="read only"):
            launching.stop(still, "taken")
    assert not (Path(dataset.place) / "runs" / launching.FOLDER).exists()
    (Path(dataset.place) / "runs" / launching.FOLDER).mkdir(parents=True)
    (Path(dataset.place) / "runs" / launching.FOLDER / "odd.json").write_text(json.dumps({"process": 3}))
    assert launching.launched(dataset) == {}


def test_wishes_are_read_as_the_command_line_reads_them() -> None:
    assert read_lines("# all\n\n--lr 0.01\nbatch-size = 4\n--no-colour\nturn\n--size 64x96\n--transform blur\n") == {
        "lr": 0.01, "batch_size": 4, "colour": False, "turn": True, "size": (64, 96), "transforms": ("blur",),
    }  # fmt: skip
    assert read_lines("--config decoder=32\n--config widths=8,8")["config"].keys() == {"decoder", "widths"}
    for text, said in (
        ("--lr 1\n--lr 2", "line 2: the setting lr is there twice"), ("\n--leaning 3", "line 2: there is no setting"),
        ("--lr fast", "line 1: the setting lr is"), ("$(rm)", "line 1"), ("--lr", "line 1"), ("--transform spin", "line 1"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as refused:
            read_lines(text)
        assert said in str(refused.value)


def test_each_refusal_names_its_field(dataset) -> None:
    Run.start(dataset, "train", {}, name="taken").finish()
    plan, refused = planned(dataset, Wishes("taken", "soon", "-3", "nonet", "--lr fast"))
    assert plan is None
    assert [wrong.field for wrong in refused] == ["name", "minutes", "epochs", "model", "lines"]
    assert planned(dataset, Wishes(minutes="1", epochs="2"))[1][0].field == "epochs"
    assert planned(dataset, Wishes(epochs="2", lines="--epochs 3"))[1][0].field == "lines"
    assert planned(dataset, Wishes(lines="--train-split nowhere"))[1][0].field == "plan"
    found, none = planned(dataset, Wishes(minutes="90s", lines=SMALL))
    assert none == []
    assert found is not None
    assert (found.settings.minutes, found.settings.size) == (1.5, (32, 32))
    assert isinstance(refused[0], Refused)
