"""compute.map: every sample is done once or set aside, wherever the worker runs and however it ends."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from compute_workers import Areas, Kept, Large, NotSendable

from maskwright import compute
from maskwright.errors import DatasetError, MaskwrightError, UsageError
from maskwright.store import Dataset

NUMBER = 12


@pytest.fixture
def dataset(tmp_path, make_samples, classes):
    with Dataset.create(tmp_path / "set", classes) as opened:
        with opened.edit("samples") as edit:
            for sample in make_samples(NUMBER):
                edit.add(sample)
        yield opened


@pytest.fixture
def sink(tmp_path) -> Kept:
    return Kept(tmp_path / "rows")


def expected(dataset: Dataset) -> dict[int, tuple[str, int]]:
    return {
        number: (sample.key, int(sample.segments.masks.areas().sum()))
        for number, sample in zip(dataset.numbers(), dataset, strict=True)
    }


def is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def gone(pids: list[int]) -> bool:
    """Within ten seconds."""
    deadline = time.monotonic() + 10
    while any(map(is_there, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(is_there, pids))


@pytest.mark.parametrize(("workers", "batch"), [(0, 1), (1, 5), (3, 1)])
def test_every_sample_once_wherever_it_is_done(dataset, sink, tmp_path, workers, batch) -> None:
    worker = Areas(tmp_path, batch=batch)
    outcome = compute.map(dataset, worker, sink, workers=workers)
    assert sink.rows() == expected(dataset)
    assert (outcome.done, outcome.before, outcome.set_aside) == (NUMBER, 0, ())
    assert outcome.rate > 0
    if workers == 3:
        assert os.getpid() not in worker.processes()
        assert gone(worker.processes())
        assert not multiprocessing.active_children()
    else:
        assert worker.processes() == [os.getpid()]


def test_in_order_when_asked(dataset, sink, tmp_path) -> None:
    worker = Areas(tmp_path, poison={dataset.keys()[0]: "wait"})
    compute.map(dataset, worker, sink, workers=3, ordered=True)
    assert sink.order() == dataset.numbers()


def test_only_the_numbers_asked_for_at_the_revision_seen(dataset, sink, tmp_path) -> None:
    view = dataset.frozen()
    wanted = expected(view)
    numbers = dataset.numbers()[3:7]
    with dataset.edit("change") as edit:
        edit.remove(view.read(numbers[:1])[0].key)
    compute.map(view, Areas(tmp_path), sink, workers=2, numbers=numbers)
    assert sink.rows() == {number: wanted[number] for number in numbers}


def test_samples_one_by_one_are_handed_over_and_never_far_ahead(dataset, sink, tmp_path) -> None:
    under_way, most = 0, 0

    def samples():
        nonlocal under_way, most
        for _ in range(8):
            for sample in dataset:
                under_way += 1
                most = max(most, under_way)
                yield sample

    class Counting(Kept):
        def write(self, number, rows) -> None:
            nonlocal under_way
            super().write(number, rows)
            under_way -= 1

    counting = Counting(sink.file)
    outcome = compute.map(samples(), Areas(tmp_path), counting, workers=2, ordered=True)
    assert outcome.done == 8 * NUMBER
    assert counting.order() == list(range(8 * NUMBER))
    assert [row for _, row in sorted(counting.rows().items())] == list(expected(dataset).values()) * 8
    assert most <= 3 * 2, "what is under way does not grow with the number of samples"


def test_a_slow_sample_does_not_let_the_others_run_far_ahead(dataset, sink, tmp_path) -> None:
    keys = dataset.keys()
    worker = Areas(tmp_path, poison={keys[0]: "gate"})
    tried = []

    def open_gate() -> None:
        """Once the other process has done all it may, and nothing new has been tried for a second."""
        while len(tried) < 20 or tried[-1] < 5 or len(set(tried[-20:])) > 1:
            time.sleep(0.05)
            tried.append(sum(worker.tries(key) for key in keys))
        (tmp_path / "gate").touch()

    opener = threading.Thread(target=open_gate)
    opener.start()
    outcome = compute.map(dataset, worker, sink, workers=2, ordered=True)
    opener.join()
    assert tried[-1] <= 3 * 2
    assert (outcome.done, sink.order()) == (NUMBER, dataset.numbers())


def test_rows_larger_than_a_pipe(dataset) -> None:
    found = []

    class Numbers:
        def done(self, numbers):
            return ()

        def write(self, number, rows) -> None:
            found.append((number, int(rows[-1])))

    compute.map(dataset, Large(), Numbers(), workers=2)
    compute.map(iter(dataset), Large(), Numbers(), workers=2)
    assert sorted(found) == sorted([(n, n) for n in dataset.numbers()] + [(k, k) for k in range(NUMBER)])


# -- samples that cannot be worked on -----------------------------------------------------------------------------


@pytest.mark.parametrize(("workers", "batch"), [(1, 1), (1, 4), (2, 4)])
def test_a_sample_whose_work_raises_is_set_aside_with_the_reason(dataset, sink, tmp_path, workers, batch) -> None:
    keys = dataset.keys()
    worker = Areas(tmp_path, {keys[1]: "raise", keys[4]: "memory", keys[5]: "format", keys[9]: "model"}, batch=batch)
    outcome = compute.map(dataset, worker, sink, workers=workers)
    aside = {each.key: each.reason for each in outcome.set_aside}
    assert aside == {
        keys[1]: "ValueError: no such thing",
        keys[4]: "it asks for more memory than there is",
        keys[5]: "x.png: is broken.",
        keys[9]: "the weights do not fit.",
    }
    assert {each.number for each in outcome.set_aside} == {dataset.number_of(key) for key in aside}
    left = {number: row for number, row in expected(dataset).items() if row[0] not in aside}
    assert sink.rows() == left
    assert outcome.done == len(left)


def test_a_sample_that_ends_two_processes_is_set_aside_and_no_other_is_lost(dataset, sink, tmp_path) -> None:
    keys = dataset.keys()
    poison = {keys[2]: "exit", keys[7]: "kill", keys[9]: "crash"}
    worker = Areas(tmp_path, poison, batch=3)
    outcome = compute.map(dataset, worker, sink, workers=2)
    assert {each.key for each in outcome.set_aside} == poison.keys()
    reasons = {each.key: each.reason for each in outcome.set_aside}
    for key, said in zip(poison, ("exit code 3", "SIGKILL, as when memory runs out", "SIGSEGV"), strict=True):
        assert reasons[key] == f"it ended the process that worked on it, 2 times ({said})"
        assert worker.tries(key) == 2
    assert sink.rows() == {n: row for n, row in expected(dataset).items() if row[0] not in poison}
    assert gone(worker.processes())


def test_a_sample_that_takes_too_long_is_set_aside(dataset, sink, tmp_path) -> None:
    keys = dataset.keys()
    worker = Areas(tmp_path, {keys[3]: "hang"}, batch=2)
    outcome = compute.map(dataset, worker, sink, timeout=8)
    assert [(each.key, each.reason) for each in outcome.set_aside] == [(keys[3], "it took longer than 8 s")]
    assert len(sink.rows()) == NUMBER - 1
    assert os.getpid() not in worker.processes(), "only another process can be stopped"
    assert gone(worker.processes())


@pytest.mark.parametrize("workers", [1, 2])
def test_strict_work_ends_with_the_first_error(dataset, sink, tmp_path, workers) -> None:
    with pytest.raises(ValueError, match="no such") as caught:
        compute.map(dataset, Areas(tmp_path, {dataset.keys()[4]: "raise"}), sink, workers=workers, strict=True)
    if workers == 2:
        assert "poisoned" in caught.value.__notes__[0], "a programmer sees where in the other process"


def test_when_all_fail_the_call_fails(dataset, sink, tmp_path) -> None:
    keys = dataset.keys()
    worker = Areas(tmp_path, dict.fromkeys(keys, "format"))
    with pytest.raises(MaskwrightError, match=r"none of the 12 samples .*'.*': x\.png: is broken"):
        compute.map(dataset, worker, sink)
    with pytest.raises(MaskwrightError, match="none of the 20 samples"):
        compute.map([*dataset, *dataset], worker, sink)
    worker.poison = dict.fromkeys(keys[1:], "format")
    compute.map(dataset, worker, sink)
    outcome = compute.map(dataset, worker, sink)
    assert (outcome.done, outcome.before, len(outcome.set_aside)) == (0, 1, NUMBER - 1)


# -- errors of the call ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_call_ends_it_at_once(dataset, sink, tmp_path, workers) -> None:
    keys = dataset.keys()
    worker = Areas(tmp_path, {keys[1]: "usage"})
    with pytest.raises(UsageError, match="the call is wrong"):
        compute.map(dataset, worker, sink, workers=workers)
    assert worker.tries(keys[-1]) == 0
    assert gone([pid for pid in worker.processes() if pid != os.getpid()])


@pytest.mark.parametrize("workers", [1, 2])
def test_what_opening_raises_ends_the_call(dataset, sink, tmp_path, workers) -> None:
    with pytest.raises(MaskwrightError, match="the weights do not fit"):
        compute.map(dataset, Areas(tmp_path, {"open": "model"}), sink, workers=workers)
    assert sink.rows() == {}


def test_processes_that_end_before_they_are_ready_end_the_call(dataset, sink, tmp_path) -> None:
    with pytest.raises(MaskwrightError, match=r"ended before it was ready \(exit code 3\)"):
        compute.map(dataset, Areas(tmp_path, {"open": "exit"}), sink, workers=2)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_damaged_store_ends_the_call_and_is_no_sample_set_aside(dataset, sink, tmp_path, workers) -> None:
    from maskwright.store import schema

    with dataset.database.writing() as connection:
        connection.execute(schema.segments.update().where(schema.segments.c.z == 0).values(hash=1))
    with pytest.raises(DatasetError):
        compute.map(dataset, Areas(tmp_path), sink, workers=workers)


def test_calls_that_cannot_be(dataset, sink, tmp_path) -> None:
    worker = Areas(tmp_path)
    for wrong in ({"workers": -1}, {"timeout": 0}, {"timeout": float("nan")}, {"engine": "nowhere"}):
        with pytest.raises(UsageError):
            compute.map(dataset, worker, sink, **wrong)
    with pytest.raises(UsageError, match="time limit"):
        compute.map(dataset, worker, sink, engine="here", timeout=1)
    with pytest.raises(UsageError, match="cannot be handed to another process"):
        compute.map(dataset, NotSendable(), sink, workers=2)
    assert sink.rows() == {}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_dead_sink_ends_everything(dataset, tmp_path, workers) -> None:
    numbers = dataset.numbers()
    worker = Areas(tmp_path)
    dying = Kept(tmp_path / "rows", dies=numbers[5])
    with pytest.raises(OSError, match="No space left"):
        compute.map(dataset, worker, dying, workers=workers, ordered=True)
    assert dying.order() == numbers[:5], "what was written stays"
    assert gone([pid for pid in worker.processes() if pid != os.getpid()])


# -- cut off, and started again ------------------------------------------------------------------------------------

PROGRAM = """
import sys
from collections.abc import Sequence
from pathlib import Path
from compute_workers import Areas, Kept
from maskwright import compute
from maskwright.store import Dataset

if __name__ == "__main__":
    place, folder, workers, how, *keys = sys.argv[1:]
    with Dataset.open(place) as dataset:
        outcome = compute.map(dataset, Areas(Path(folder), dict.fromkeys(keys, how), 0.15), Kept(Path(folder) / "rows"), workers=int(workers))
    print(outcome.done, outcome.before)
"""


def started(dataset: Dataset, tmp_path: Path, workers: int, how: str, keys: Sequence[str]) -> subprocess.Popen:
    """how: what the samples of these keys do; see `Areas`."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    support = str(Path(__file__).parents[1] / "support")
    paths = os.pathsep.join([support, str(Path(compute.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, program, dataset.place, tmp_path, str(workers), how, *keys], env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_for_rows(sink: Kept, number: int) -> None:
    deadline = time.monotonic() + 240
    while len(sink.order()) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("workers", "how"), [(1, signal.SIGKILL), (2, signal.SIGKILL), (2, signal.SIGTERM), (2, signal.SIGINT)]
)
def test_cut_off_in_the_middle_and_started_again(dataset, sink, tmp_path, workers, how) -> None:
    worker = Areas(tmp_path)
    waiting = dataset.keys()[-4:]  # all could be done before the signal arrives
    first = started(dataset, tmp_path, workers, "gate", waiting)
    wait_for_rows(sink, 3)
    if how == signal.SIGINT:
        os.killpg(first.pid, how)  # as a terminal does: to all of them
    else:
        first.send_signal(how)
    _, said = first.communicate(timeout=240)
    assert gone(worker.processes()), "nobody works on for nobody"
    there = len(sink.rows())
    assert 3 <= there < NUMBER
    if how == signal.SIGINT:
        assert said.count("Traceback") == 1, "the processes say nothing of their own"
    (tmp_path / "gate").touch()
    again = started(dataset, tmp_path, workers, "gate", waiting)
    out, _ = again.communicate(timeout=240)
    assert out.split() == [str(NUMBER - there), str(there)]
    assert sink.rows() == expected(dataset)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_process_in_the_middle_of_a_long_sample_ends_too(dataset, sink, tmp_path, how) -> None:
    worker = Areas(tmp_path)
    first = started(dataset, tmp_path, 2, "hang", dataset.keys()[:1])
    wait_for_rows(sink, 2)
    first.send_signal(how)
    first.communicate(timeout=240)
    assert len(worker.processes()) == 2
    assert gone(worker.processes())


def test_what_progress_raises_keeps_what_was_written(dataset, sink, tmp_path) -> None:
    worker = Areas(tmp_path)

    def cut(numbers):
        for k, number in enumerate(numbers):
            if k == 4:
                raise KeyboardInterrupt
            yield number

    with pytest.raises(KeyboardInterrupt):
        compute.map(dataset, worker, sink, workers=2, progress=cut)
    assert len(sink.rows()) == 4
    assert gone(worker.processes())
    asked = []
    outcome = compute.map(dataset, worker, sink, progress=lambda numbers: (asked.append(n) or n for n in numbers))
    assert (outcome.done, outcome.before) == (NUMBER - 4, 4)
    assert len(asked) == NUMBER - 4
    assert sink.rows() == expected(dataset)


def test_processes_share_the_processors(dataset, tmp_path, monkeypatch) -> None:
    from maskwright.compute.engines import processes

    for name in processes._THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(processes, "processors", lambda: 8)
    with processes._threads_of(3):
        assert os.environ["OMP_NUM_THREADS"] == "2"
    assert "OMP_NUM_THREADS" not in os.environ
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    with processes._threads_of(3):
        assert os.environ["OMP_NUM_THREADS"] == "5", "a number that somebody chose stays"
    assert os.environ["OMP_NUM_THREADS"] == "5"


def test_what_is_not_a_worker_or_a_sink_is_said(dataset) -> None:
    with pytest.raises(UsageError, match=r"the worker is a function; a compute\.Worker"):
        compute.map(dataset, lambda number, sample: 1, {})
    with pytest.raises(UsageError, match="the sink has no done"):
        compute.map(dataset, Large(), [])
