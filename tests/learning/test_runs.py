"""A run's name, folder, owner and evaluations."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sql

from maskwright.core.masks import Masks
from maskwright.core.owner import started
from maskwright.core.segments import Segments
from maskwright.errors import DatasetError, MaskwrightError, UsageError
from maskwright.predict.batch import checkpoint_of
from maskwright.runs import Run, compare, evaluations, files, find, list_runs, ownership
from maskwright.runs.evaluation import evaluate
from maskwright.runs.files import folder_of
from maskwright.store import Dataset, schema

NO_NAMES = ["", ".", "..", "../x", "a/b", "/tmp/x", "a\\b", "last", "a\0b", "a\nb", "-x", "x" * 300]


@pytest.fixture
def dataset(tmp_path, make_samples, classes):
    with Dataset.create(tmp_path / "street", classes) as opened:
        with opened.edit("samples") as edit:
            for sample in make_samples(4, overlap=False):
                edit.add(sample)
        yield opened


def elsewhere(dataset: Dataset, program: str) -> subprocess.Popen:
    """Another process with the dataset open as `dataset`; it has begun to wait when this returns."""
    lines = ["import os, signal, sys", "from maskwright.store import Dataset", "from maskwright.runs import Run",
             "dataset = Dataset.open(sys.argv[1])", program, "print('ready', flush=True)", "sys.stdin.read()"]  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-c", "\n".join(lines), dataset.place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    return child


def ended(child: subprocess.Popen) -> None:
    child.kill()
    child.communicate()


def set_row(dataset: Dataset, run: str, **values: object) -> None:
    with dataset.database.writing() as connection:
        connection.execute(schema.runs.update().where(schema.runs.c.id == run).values(**values))


def row_of(dataset: Dataset, id: str) -> dict:
    with dataset.database.reading() as connection:
        return dict(connection.execute(sql.select(schema.runs).where(schema.runs.c.id == id)).mappings().one())


# -- tags, notes and named evaluations ---------------------------------------------------------------------


def test_a_run_begins_with_tags_and_notes_that_can_be_changed_later(dataset) -> None:
    run = Run.start(dataset, "predict", {}, name="one", tags=["baseline", "paper", "baseline"], notes="of Monday\nlr")
    assert (run.tags, run.notes) == (("baseline", "paper"), "of Monday\nlr")
    run.finish()
    dataset.run("one").tags = ["other"]
    assert find(dataset, "one")["tags"] == ["other"]
    for wrong in ({"tags": "word"}, {"tags": ["two words/x"]}, {"tags": ["../x"]}):
        with pytest.raises(UsageError):
            Run.start(dataset, "predict", {}, name="two", **wrong)
    assert [record["id"] for record in list_runs(dataset)] == ["one"]
    assert not folder_of(dataset, "two").exists()


def test_evaluations_of_a_run_may_have_names_each_once_and_no_paths(dataset) -> None:
    run = Run.start(dataset, "predict", {}, name="one")
    run.add_predictions([(number, sample.segments) for number, sample in zip(dataset.numbers(), dataset, strict=True)])
    run.finish()
    evaluate(dataset, run, name="first")
    evaluate(dataset, run)
    assert [done["settings"].get("name") for done in evaluations(dataset, "one")] == ["first", None]
    with pytest.raises(UsageError, match="the run 'one' has an evaluation 'first' already"):
        evaluate(dataset, run, name="first")
    for wrong in NO_NAMES:
        with pytest.raises(UsageError, match="an evaluation's name"):
            evaluate(dataset, run, name=wrong)
    assert len(evaluations(dataset, "one")) == 2


# -- names and folders ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_run_is_named_by_one_word_and_nothing_is_made_for_another(dataset, tmp_path, name) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "thesis.txt").write_text("years of work")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="a run's name"):
        Run.start(dataset, "train", {}, name=name)
    assert list_runs(dataset) == []
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", ["empty folder", "full folder", "file", "link outside", "link to nowhere"])
def test_what_stands_in_a_runs_place_stays_and_refuses_it(dataset, tmp_path, kind) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    place = tmp_path / "street" / "runs" / "one"
    place.parent.mkdir()
    if kind.startswith("link"):
        place.symlink_to(tmp_path / ("precious" if kind == "link outside" else "nothing"))
    elif kind == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        if kind == "full folder":
            (place / "best.safetensors").write_text("mine")
    before = sorted((tmp_path / "street").rglob("*"))
    with pytest.raises(UsageError, match="there is something here"):
        Run.start(dataset, "train", {}, name="one")
    assert list_runs(dataset) == []
    assert sorted((tmp_path / "street").rglob("*")) == before
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"


def test_files_that_lie_beside_the_runs_are_no_names(dataset) -> None:
    for name in ("sweeps.db", "MLflow.db", "mlflow-files"):
        with pytest.raises(UsageError, match="beside the runs"):
            Run.start(dataset, "train", {}, name=name)


def test_discarding_takes_away_what_the_run_made_and_no_more(dataset, tmp_path) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    run.log(1, {"loss": 1.0})
    (run.folder / "best.safetensors").write_text("weights")
    run.discard()
    assert list_runs(dataset) == []
    assert not run.folder.exists()
    run.folder.mkdir()
    run.discard()
    assert run.folder.is_dir(), "it is another's by now"
    other = Run.start(dataset, "train", {}, name="two")
    other.folder.rename(tmp_path / "aside")
    other.folder.mkdir()
    (other.folder / "thesis.txt").write_text("years of work")
    other.discard()
    assert (other.folder / "thesis.txt").exists(), "it carries no token of the run's"
    third = Run.start(dataset, "train", {}, name="three")
    third.folder.rename(tmp_path / "aside3")
    third.folder.symlink_to(tmp_path / "aside3")
    assert not files.remove(third.folder, (third.folder / files.MARK).read_text())
    third.discard()
    assert (tmp_path / "aside3" / "settings.json").exists(), "links are not followed"


def test_only_who_started_a_run_discards_it(dataset) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    run.finish()
    Run(dataset, "one", run.folder).discard()
    resumed = Run.resume(dataset, "one")
    resumed.discard()
    assert find(dataset, "one")["id"] == "one"
    assert (run.folder / "settings.json").exists()
    lost = Run.start(dataset, "train", {}, name="two")
    set_row(dataset, "two", owner={"token": "another", "host": "h2", "pid": 7})
    with pytest.raises(UsageError, match="process 7 on h2 has it"):
        lost.discard()
    assert find(dataset, "two")["id"] == "two"
    assert (lost.folder / "settings.json").exists()


def test_a_run_that_cannot_be_begun_leaves_nothing(dataset, monkeypatch) -> None:
    with pytest.raises(UsageError, match="no-such"):
        Run.start(dataset, "train", {}, name="one", trackers=("no-such",))
    assert list_runs(dataset) == []
    assert list((dataset.database.folder / "runs").iterdir()) == []

    real = Path.write_text
    for full in (files.MARK, "settings.json"):

        def write(path: Path, *rest: object, full: str = full, **named: object) -> int:
            if full in path.name:
                raise OSError(28, "No space left on device")
            return real(path, *rest, **named)

        monkeypatch.setattr(Path, "write_text", write)
        with pytest.raises(DatasetError, match="No space left"):
            Run.start(dataset, "train", {}, name="one")
        assert list_runs(dataset) == []
        assert list((dataset.database.folder / "runs").iterdir()) == []


@pytest.mark.parametrize(("change", "words"), [({"weights": "no.pth"}, "no such file"), ({}, "something here")])
def test_folds_begin_with_nothing_unless_all_of_them_can(dataset, monkeypatch, change, words) -> None:
    pytest.importorskip("torch")
    from maskwright.train import Settings
    from maskwright.train.folds import fit_folds

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a run was started")

    monkeypatch.setattr(Run, "start", never)
    if not change:
        (dataset.database.folder / "runs" / "one-2").mkdir(parents=True)
    with pytest.raises(MaskwrightError, match=words):
        fit_folds(dataset, Settings(epochs=1, size=(64, 64), device="cpu", **change), 2, name="one")


def test_foreign_words_never_become_paths(dataset, tmp_path) -> None:
    (tmp_path / "best.safetensors").write_text("not a run's")
    Run.start(dataset, "train", {}, name="one").finish()
    for words in ("..", ".", "", "../x", "a\\b", "a\0b"):
        with pytest.raises(UsageError):
            folder_of(dataset, words)
        with pytest.raises(UsageError):
            find(dataset, words)
        with pytest.raises(UsageError):
            Run.resume(dataset, words)
    for words in ("..", ".", "", "a\\b"):
        with pytest.raises(UsageError):
            checkpoint_of(dataset, words)
    # A row of a damaged or hostile database does not lead out of the folder either.
    set_row(dataset, "one", id="../../x")
    for call in (lambda: Run.resume(dataset, "../../x"), lambda: checkpoint_of(dataset, "last")):
        with pytest.raises(UsageError, match="is not a run's id"):
            call()


def test_a_runs_name_wins_over_a_files(dataset) -> None:
    run = Run.start(dataset, "train", {}, name="net.onnx")
    assert checkpoint_of(dataset, "net.onnx") == run.folder / "best.safetensors"
    assert checkpoint_of(dataset, "other.onnx") == Path("other.onnx")


# -- order ------------------------------------------------------------------------------------------------


def test_last_is_what_was_started_last_whatever_the_clock_said(dataset) -> None:
    for name in ("z", "a", "m"):
        Run.start(dataset, "train", {}, name=name).finish()
    set_row(dataset, "m", created="1999-01-01T00:00:00+00:00")
    set_row(dataset, "z", created="2099-01-01T00:00:00+00:00")
    assert [record["id"] for record in list_runs(dataset)] == ["m", "a", "z"]
    assert find(dataset, "last")["id"] == "m"
    assert [record["number"] for record in list_runs(dataset)] == [3, 2, 1]


# -- owners -----------------------------------------------------------------------------------------------


def test_a_living_run_is_refused_to_others_naming_its_process(dataset) -> None:
    child = elsewhere(dataset, "run = Run.start(dataset, 'train', {}, name='one')")
    try:
        before = row_of(dataset, "one")
        assert find(dataset, "one")["status"] == "running"
        with pytest.raises(
            UsageError, match=rf"still going: process {child.pid} on {before['owner']['host'].split('/')[0]} "
        ):
            Run.resume(dataset, "one")
        assert row_of(dataset, "one") == before
    finally:
        ended(child)
    assert find(dataset, "one")["status"] == "dead"
    assert row_of(dataset, "one")["status"] == "running", "what is derived is not stored"
    run = Run.resume(dataset, "one")
    assert find(dataset, "one")["status"] == "running"
    run.finish()
    assert row_of(dataset, "one")["owner"] is None


def test_a_killed_run_is_seen_to_be_dead_before_anybody_waits_for_it(dataset) -> None:
    child = elsewhere(dataset, "run = Run.start(dataset, 'train', {}, name='one')")
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie then
    assert find(dataset, "one")["status"] == "dead"
    child.communicate()
    assert find(dataset, "one")["status"] == "dead"
    assert compare(dataset, "one", "one")["runs"] == ("one", "one")


def test_another_process_with_the_same_number_is_not_the_owner(dataset) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    owner = row_of(dataset, "one")["owner"]
    set_row(dataset, "one", owner={**owner, "pid": os.getppid(), "started": "1"})
    assert find(dataset, "one")["status"] == "dead"
    set_row(dataset, "one", owner={**owner, "pid": os.getppid(), "started": started(os.getppid())})
    assert find(dataset, "one")["status"] == "running"
    run.folder.exists()


@pytest.mark.parametrize("change", [{"host": "elsewhere"}, {"host": "elsewhere/pid:[1]"}])
def test_elsewhere_only_the_heartbeat_tells(dataset, change) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    owner = {**row_of(dataset, "one")["owner"], **change, "pid": 1}
    now = datetime.now(UTC)
    set_row(dataset, "one", owner=owner, heartbeat=(now - timedelta(seconds=60)).isoformat())
    assert find(dataset, "one")["status"] == "running"
    with pytest.raises(UsageError, match="still going"):
        Run.resume(dataset, "one")
    set_row(dataset, "one", heartbeat=(now - timedelta(seconds=2 * ownership.SILENCE)).isoformat())
    assert find(dataset, "one")["status"] == "dead"
    run.folder.exists()


def test_a_running_run_without_an_owner_is_dead(dataset) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    set_row(dataset, "one", owner=None, heartbeat=None)
    assert find(dataset, "one")["status"] == "dead"
    with pytest.raises(DatasetError, match="not this process's any more"):
        run.finish()


def test_a_run_that_was_let_go_of_in_this_process_is_nobodys(dataset) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    with pytest.raises(UsageError, match="still going"):
        Run.resume(dataset, "one")
    del run
    assert find(dataset, "one")["status"] == "dead"
    Run.resume(dataset, "one").finish()


def test_who_lost_a_run_hears_of_it_at_the_next_write(dataset) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    set_row(dataset, "one", owner={**row_of(dataset, "one")["owner"], "token": "another", "host": "h2", "pid": 7})
    for write in (
        lambda: run.log(1, {"loss": 1.0}),
        lambda: run.log_samples("x", {1: 1.0}),
        lambda: run.add_predictions([(1, Segments.none((4, 4)))]),
        lambda: run.add_scores({"x": 1}),
        run.finish,
    ):
        with pytest.raises(DatasetError, match="process 7 on h2 has it"):
            write()
    assert row_of(dataset, "one")["status"] == "running"


def test_signs_of_life_are_rare_cheap_and_said_by_the_owner_alone(dataset, monkeypatch) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    set_row(dataset, "one", heartbeat="2001-01-01T00:00:00+00:00")
    writes = []
    writing = type(dataset.database).writing
    monkeypatch.setattr(type(dataset.database), "writing", lambda store: writes.append(1) or writing(store))
    for _ in range(1000):
        run.beat()
    run.log(1, {"loss": 1.0})
    assert len(writes) == 1, "the log alone"
    assert row_of(dataset, "one")["heartbeat"].startswith("2001")
    run._beaten -= ownership.BEAT + 1
    for _ in range(1000):
        run.beat()
    assert len(writes) == 2
    assert not row_of(dataset, "one")["heartbeat"].startswith("2001")
    run._beaten -= ownership.BEAT + 1
    set_row(dataset, "one", owner={"token": "another", "host": "h2", "pid": 7}, heartbeat="2002-01-01T00:00:00+00:00")
    with pytest.raises(DatasetError, match="process 7 on h2"):
        run.beat()
    assert row_of(dataset, "one")["heartbeat"].startswith("2002")
    finished = Run(dataset, "one", run.folder)
    finished._beaten -= ownership.BEAT + 1
    finished.beat()
    assert row_of(dataset, "one")["heartbeat"].startswith("2002"), "who owns nothing says nothing"


def test_a_store_that_is_busy_does_not_stop_the_work(dataset, monkeypatch) -> None:
    run = Run.start(dataset, "train", {}, name="one")

    def busy(store: object) -> None:
        raise DatasetError("another process has been writing for more than 60 seconds")

    monkeypatch.setattr(type(dataset.database), "writing", busy)
    run._beaten -= ownership.BEAT + 1
    run.beat()
    with pytest.raises(DatasetError):
        run.log(1, {"loss": 1.0})
    run.end(ValueError("the first one"))  # that its end cannot be stored is not a second error


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_does_not_own_its_parents_run_and_does_not_end_it(dataset) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    child = os.fork()
    if not child:
        del run
        os._exit(0)
    os.waitpid(child, 0)
    assert find(dataset, "one")["status"] == "running"
    run.log(1, {"loss": 1.0})
    run.finish()


# -- going on ---------------------------------------------------------------------------------------------


def test_resuming_checks_before_it_changes_anything(dataset, tmp_path) -> None:
    run = Run.start(dataset, "train", {}, name="one")
    run.finish("interrupted")
    before = row_of(dataset, "one")
    with pytest.raises(UsageError, match="no-such"):
        Run.resume(dataset, "one", trackers=("no-such",))
    assert row_of(dataset, "one") == before
    run.folder.rename(tmp_path / "aside")
    with pytest.raises(UsageError, match="files are gone"):
        Run.resume(dataset, "one")
    run.folder.symlink_to(tmp_path / "aside")
    with pytest.raises(UsageError, match="leads elsewhere"):
        Run.resume(dataset, "one")
    run.folder.unlink()
    (tmp_path / "aside").rename(run.folder)
    set_row(dataset, "one", revision=99)
    with pytest.raises(UsageError, match="no revision '99'"):
        Run.resume(dataset, "one")
    set_row(dataset, "one", revision=before["revision"])
    assert row_of(dataset, "one") == before
    (run.folder / ".best.safetensors.7.part").write_text("half")
    Run.resume(dataset, "one").finish()
    assert not list(run.folder.glob("*.part")), "what a killed process left half written"


# -- files ------------------------------------------------------------------------------------------------


def test_files_are_there_whole_or_not_at_all(tmp_path) -> None:
    place = tmp_path / "best.safetensors"
    files.write_whole(place, "old")

    def half() -> None:
        with files.whole(place) as partial:
            partial.write_text("ne")
            raise OSError(28, "No space left on device")

    with pytest.raises(DatasetError, match=r"best.safetensors: cannot be written \(No space left on device\)"):
        half()
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


def test_a_checkpoint_that_does_not_fit_on_the_disk_is_one_sentence(tmp_path) -> None:
    torch = pytest.importorskip("torch")
    from maskwright.predict.checkpoint import ModelInfo, save
    from maskwright.train.resuming import Progress, save_state

    small = torch.nn.Linear(4, 4)
    save(small, ModelInfo("lite", []), tmp_path / "best.safetensors")
    save_state(tmp_path / "last.state.pt", small.state_dict(), small.state_dict(), {}, Progress(), "{}")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    program = (
        "import resource, sys, torch\n"
        "from pathlib import Path\n"
        "from maskwright.errors import DatasetError\n"
        "from maskwright.predict.checkpoint import ModelInfo, save\n"
        "from maskwright.train.resuming import Progress, save_state\n"
        "large = torch.nn.Linear(600, 600)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "folder = Path(sys.argv[1])\n"
        "for write in (lambda: save(large, ModelInfo('lite', []), folder / 'best.safetensors'),\n"
        "              lambda: save_state(folder / 'last.state.pt', large.state_dict(), large.state_dict(), {}, Progress(), '{}')):\n"
        "    try:\n"
        "        write()\n"
        "    except DatasetError as error:\n"
        "        print('said', str(error).splitlines()[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert done.stdout.count("said ") == 2, done.stderr[-2000:]
    assert done.stdout.count("cannot be written") == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# -- evaluations ------------------------------------------------------------------------------------------


def test_a_run_keeps_every_evaluation_with_the_revision_it_saw(dataset) -> None:
    run = Run.start(dataset, "predict", {"model": "by hand"}, name="one")
    run.add_predictions(zip(dataset.numbers(), [sample.segments for sample in dataset], strict=True))
    run.finish()
    first = evaluate(dataset, run)
    key = dataset.keys()[0]
    size = dataset[key].image.size
    with dataset.edit("another truth") as edit:
        edit.put(key, Segments(Masks.encode(np.ones((1, *size), bool)), [5]))
    second = evaluate(dataset.where("split = 'train'"), run)
    kept = evaluations(dataset, "one")
    assert [(row["revision"], row["scores"]["mean_iou"]) for row in kept] == [
        (2, first["mean_iou"]), (3, second["mean_iou"]),
    ]  # fmt: skip
    assert first["mean_iou"] != second["mean_iou"]
    assert [row["settings"]["where"] for row in kept] == [[], ["split = 'train'"]]
    assert find(dataset, "one")["scores"]["evaluation"] == second
    assert compare(dataset, "one", "one")["scores"]["evaluation/mean_iou"] == (second["mean_iou"],) * 2


# -- passwords --------------------------------------------------------------------------------------------


def test_passwords_are_not_kept_with_a_run(dataset, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["maskwright", "train", "postgresql://ann:geheim@db/set"])
    run = Run.start(dataset, "train", {"weights": "https://ann:geheim@files.example/w.safetensors"}, name="one")
    with dataset.database.reading() as connection:
        held = json.dumps([dict(row) for row in connection.execute(sql.select(schema.runs)).mappings()])
    assert "geheim" not in held + (run.folder / "settings.json").read_text()
    assert "postgresql://ann:***@db/set" in held
