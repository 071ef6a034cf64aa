"""Several processes work on one dataset while something goes wrong; nothing that was acknowledged may be missing.

    python benchmarks/torture.py --rounds 1000 --seed 1
    python benchmarks/torture.py --rounds 300 --postgresql auto

A round has two writers with at least five acknowledged edits each, one or two readers, and one event: the dataset is
opened again by another path, `maskwright log` or `doctor` looks at it, a program copies its folder, the process forks,
samples are imported, somebody draws in the studio, a writer is killed, the disk is full, the database server ends its
processes or is restarted.  Each process notes in a file outside the store what it was told, synced before it goes on.
After the round a process that has opened nothing reads the store and compares.

lost          acknowledged edits that are not there, in their revision or at head
mixed         reads that show two revisions at once, or edits that are there in part
stale         reads that show less than had been acknowledged before they began
refused       reads, and edits, that failed although nothing explains it; with the reasons below
damage        what `check()` finds, revisions that are not in one line, counts that do not agree
crashed       processes that ended by themselves
explained     no failures: edits refused for a reason that the event gives, such as a full disk

Exit code 1 when any of these but refused edits is not zero.  The file system that gets full is a tmpfs, which only
root may mount; without it that event is left out, and the table says why.  Rounds are the same for the same seed; which
process comes first is not.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from timing import report
from torturing import values
from torturing.gestures import gesture
from torturing.judge import judge
from torturing.nursery import BOARD, Nursery
from torturing.places import Folder, Server, SmallDisk
from torturing.readers import read
from torturing.troubles import TROUBLES
from torturing.writers import fill, write, write_until_killed

from maskwright.core.masks import Masks

OWN_PROCESS = tuple(TROUBLES)
ON_FILES = (*OWN_PROCESS, "log-doctor", "studio", "kill", "full-disk")
ON_SERVER = ("second-opening", "fork", "import", "log-doctor", "studio", "kill", "server")
READERS = ("steady", "steady read-only", "pinned", "pinned read-only", "anew", "anew read-only")
ROLES = {
    "fill": fill, "write": write, "victim": write_until_killed, "read": read, "studio": gesture, "judge": judge,
}  # fmt: skip
FAILURES = ("lost", "mixed", "stale", "refused reads", "hangs", "damage", "crashed")
COLUMNS = ("rounds", "acknowledged", *FAILURES[:4], "refused edits", *FAILURES[4:], "explained")
ROUNDS_OF_A_STORE = 8
LONGEST = 100.0  # seconds after which a writer hangs; one that waits for another gives up after sixty
SLOWEST_READER = 30.0
SLOWEST_COMMAND = 60.0


@dataclass
class Store:
    """samples: how many it began with.  logs: of each round, where its processes write."""

    place: str
    samples: int
    home: Any
    logs: list[list[str]]
    judged: int = 0
    rounds: int = 0

    @property
    def last(self) -> str:
        return values.key_of(self.samples - 1)


@dataclass
class Round:
    number: int
    event: str
    store: Store
    folder: Path
    rng: random.Random
    running: dict[str, int] = field(default_factory=dict)  # process ids by name
    killed: set[str] = field(default_factory=set)
    found: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    what: str = ""

    def fail(self, column: str, text: str) -> None:
        self.found.setdefault(column, []).append(text)


class Torture:
    """Plays rounds. nursery: makes all processes but the command line's.  place: folder of stores."""

    def __init__(
        self, nursery: Nursery, options: argparse.Namespace, work: Path, home: Any, disk: SmallDisk | None, image: str
    ) -> None:
        self.nursery, self.seed, self.work = nursery, options.seed, work
        self.home, self.disk, self.image = home, disk, image
        self.readers = tuple(options.reader or READERS)
        self.samples = options.samples
        self.stores: dict[bool, Store] = {}  # by whether it lies on the small disk
        self.made = 0

    # -- stores ----------------------------------------------------------------------------------------

    def store(self, event: str) -> Store:
        small = event == "full-disk"
        if small in self.stores:
            return self.stores[small]
        self.made += 1
        number = self.samples or (values.SMALL if small or self.made % 3 else values.WIDE)
        home = self.disk if small else self.home
        place = home.new(f"torture-{os.getpid()}-{self.made}")
        log = self.work / f"store-{self.made}.jsonl"
        pid = self.nursery.start(
            "fill", self.work / "fill.err", place=place, journal=log, image=self.image, number=number,
            seed=f"{self.seed}.{self.made}",
        )  # fmt: skip
        if self.nursery.wait(pid, LONGEST) != 0:
            raise RuntimeError(f"no store can be made: {(self.work / 'fill.err').read_text()[-2000:]}")
        self.stores[small] = Store(place, number, home, [[str(log)]])
        return self.stores[small]

    def retire(self, store: Store, *, keep: bool = False) -> None:
        """It is not worked on any more, and goes with its logs; keep: leave it, as far as that is possible."""
        self.stores = {small: other for small, other in self.stores.items() if other is not store}
        if not keep:
            store.home.drop(store.place)
            for folder in {Path(file).parent for files in store.logs for file in files} - {self.work}:
                shutil.rmtree(folder, ignore_errors=True)
        elif store.home is self.disk:  # which is unmounted at the end
            shutil.copytree(store.place, self.work / Path(store.place).parent.name)

    # -- a round ---------------------------------------------------------------------------------------

    def play(self, number: int, event: str) -> Round:
        rng = random.Random(f"{self.seed}.{number}")
        folder = self.work / f"round-{number}"
        folder.mkdir()
        this = Round(number, event, self.store(event), folder, rng, what=event)
        BOARD.reset()
        begin = getattr(self, "_" + event.replace("-", "_"), self._in_a_writer)
        begin(this)
        self._gather(this)
        store = this.store
        store.rounds += 1
        store.logs.append(sorted(str(path) for path in folder.glob("*.jsonl")))
        self._judge(this)
        return this

    def _start(self, this: Round, role: str, name: str, **arguments: Any) -> None:
        this.running[name] = self.nursery.start(
            role, this.folder / f"{name}.err", place=this.store.place, journal=this.folder / f"{name}.jsonl",
            board=BOARD, seed=f"{self.seed}.{this.number}.{name}", **arguments,
        )  # fmt: skip

    def _start_readers(self, this: Round) -> None:
        for k in range(this.rng.choice([1, 2, 2])):
            self._start(this, "read", f"r{k + 1}", last=this.store.last, kind=this.rng.choice(self.readers))

    def _start_writers(self, this: Round, **first: Any) -> None:
        for slot, name in enumerate(("w1", "w2")):
            # Which of them open anew for each edit, and which leave early, decides who is the last one to close.
            more = first if name == "w1" and first else {"anew": this.rng.random() < 0.4}
            stays = bool(first.get("trouble") is None or this.rng.random() < 0.6)
            self._start(
                this, "write", name, who=name, mark=str(this.number), slot=slot, last=this.store.last,
                image=self.image, stays=stays, **more,
            )  # fmt: skip

    def _in_a_writer(self, this: Round) -> None:
        self._start_readers(this)
        self._start_writers(this, trouble=this.event)

    def _studio(self, this: Round) -> None:
        self._start_readers(this)
        self._start_writers(this)
        self._start(this, "studio", "studio", who="studio", mark=str(this.number))
        self._ended(this, "studio", LONGEST)
        BOARD.over = True

    def _log_doctor(self, this: Round) -> None:
        self._start_readers(this)
        self._start_writers(this, pause=0.06)
        self._await_edits()
        verb = this.rng.choice(["log", "log", "doctor"])
        this.what = f"maskwright {verb}"
        newest = BOARD.newest()
        command = [sys.executable, "-m", "maskwright", verb, this.store.place, "--json"]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=SLOWEST_COMMAND)
        except subprocess.TimeoutExpired:
            this.fail("hangs", f"maskwright {verb}")
        else:
            if done.returncode:
                said = (done.stderr.strip() or done.stdout.strip())[-400:]
                this.fail("refused reads", f"maskwright {verb} ends with {done.returncode}: {said}")
            elif verb == "log" and (seen := json.loads(done.stdout)["revisions"][0]["id"]) < newest:
                this.fail("stale", f"maskwright log shows revision {seen} when {newest} was acknowledged")
        BOARD.over = True

    def _kill(self, this: Round) -> None:
        self._start_readers(this)
        self._start_writers(this)
        self._start(
            this, "victim", "victim", who="victim", mark=str(this.number), slot=2, last=this.store.last,
            image=self.image,
        )  # fmt: skip
        until = time.monotonic() + 10
        while not BOARD.begun(2) and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(this.rng.uniform(0, 0.12))
        this.killed.add("victim")
        self.nursery.kill(this.running["victim"])
        self._ended(this, "victim", 10)
        time.sleep(0.05)
        BOARD.over = True

    def _full_disk(self, this: Round) -> None:
        assert self.disk is not None
        if this.rng.random() < 0.35:
            this.what = "full-disk before anybody opens"
            self.disk.fill(0)
            self._start_readers(this)
            time.sleep(0.25)
            self._start_writers(this)
        else:
            spare = this.rng.choice([0, 4096, 20_000, 50_000])
            this.what = f"full-disk between edits, {spare} bytes left"
            self._start_readers(this)
            self._start_writers(this)
            self._await_edits()
            self.disk.fill(spare)
        time.sleep(0.35)
        self.disk.make_room()
        BOARD.over = True

    def _server(self, this: Round) -> None:
        self._start_readers(this)
        self._start_writers(this)
        self._await_edits()
        if self.home.own and this.rng.random() < 0.4:
            this.what = "server restarted"
            self.home.restart()
        else:
            this.what = "server ends its processes"
            for _ in range(4):
                self.home.end_backend(this.store.place)
                time.sleep(this.rng.uniform(0.01, 0.06))
        BOARD.over = True

    def _await_edits(self) -> None:
        until = time.monotonic() + 10
        while not (BOARD.begun(0) and BOARD.begun(1)) and time.monotonic() < until:
            time.sleep(0.005)

    # -- its end ---------------------------------------------------------------------------------------

    def _ended(self, this: Round, name: str, seconds: float) -> None:
        """Wait for a process; one that does not end is killed."""
        pid = this.running.pop(name)
        status = self.nursery.wait(pid, seconds)
        if status is None:
            this.fail("hangs", f"{name} did not end in {seconds:.0f} s")
            self.nursery.kill(pid)
            self.nursery.wait(pid, 10)
        elif status and name not in this.killed:
            said = (this.folder / f"{name}.err").read_text(errors="replace").strip()[-600:]
            this.fail("crashed", f"{name} ended with {status}: {said}")

    def _gather(self, this: Round) -> None:
        until = time.monotonic() + LONGEST
        for name in [name for name in this.running if name.startswith("w")]:
            self._ended(this, name, max(0.1, until - time.monotonic()))
            BOARD.over = True  # the first writer says so itself, if it gets there
        BOARD.stop = BOARD.over = True
        until = time.monotonic() + SLOWEST_READER
        for name in list(this.running):
            self._ended(this, name, max(0.1, until - time.monotonic()))

    def _judge(self, this: Round) -> None:
        store, out = this.store, this.folder / "verdict.json"
        over = store.rounds >= ROUNDS_OF_A_STORE
        pid = self.nursery.start(
            "judge", this.folder / "judge.err", place=store.place, logs=store.logs, event=this.event,
            last=store.last, out=out, since=store.judged, everything=over,
        )  # fmt: skip
        status = self.nursery.wait(pid, LONGEST)
        if status != 0:
            self.nursery.kill(pid)
            said = (this.folder / "judge.err").read_text(errors="replace")[-1500:]
            this.fail("crashed" if status is not None else "hangs", f"the judge ended with {status}: {said}")
            return
        verdict = json.loads(out.read_text())
        store.judged = verdict["head"]
        this.what = verdict["event"] or this.what
        this.counts.update({name: verdict[name] for name in ("acknowledged", "explained", "reads")})
        for edit, what in verdict["lost"].items():
            this.fail("lost", f"{edit}: {what}")
        names = {"unread": "refused reads", "refused": "refused edits", "crashes": "crashed"}
        for name in ("mixed", "stale", "unread", "refused", "hangs", "damage", "crashes"):
            for text in verdict[name]:
                this.fail(names.get(name, name), text)


def warm() -> None:
    """Have compiled what processes need, once for all of them. No dataset is opened."""
    held = values.sample_on_paper(random.Random(0))
    segments = values.sample_of("warm", held, "warm.png").segments
    assert values.on_paper(segments) == held["segments"]
    assert Masks.from_compressed(segments.masks.compressed(), values.SIZE) == segments.masks
    Masks.concatenate([segments.masks, segments.masks[[0]]], values.SIZE).areas()


def main(options: argparse.Namespace) -> int:
    warm()
    nursery = Nursery(ROLES)  # before anything is opened
    # From here on what is left behind is this process's to clear up.
    with ExitStack() as stack:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        stack.callback(nursery.close)
        base = None if options.postgresql else options.place
        if base is not None:
            base.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="maskwright-torture-", dir=base))
        if not options.keep:
            stack.callback(shutil.rmtree, work, ignore_errors=True)
        image = work / "image.png"
        Image.fromarray(np.zeros((*values.SIZE, 3), np.uint8)).save(image)
        skipped: dict[str, str] = {}
        disk = None
        events = ON_SERVER if options.postgresql else ON_FILES
        if options.event:
            events = tuple(event for event in events if event in options.event)
        if "full-disk" in events:
            try:
                disk = SmallDisk(work / "small")
                stack.callback(disk.close)
            except OSError as error:
                skipped["full-disk"] = str(error)
                events = tuple(event for event in events if event != "full-disk")
        home = Server(options.postgresql) if options.postgresql else Folder(work / "stores")
        stack.callback(home.close)
        torture = Torture(nursery, options, work, home, disk, str(image))
        totals = {event: Counter(dict.fromkeys(COLUMNS, 0)) for event in events}
        begun = time.monotonic()
        order: list[str] = []
        for number in range(1, options.rounds + 1) if events else ():
            if not order:
                order = random.Random(f"{options.seed}.order.{number}").sample(events, len(events))
            this = torture.play(number, order.pop())
            _add(totals[this.event], this)
            failed = bool(set(this.found) & set(FAILURES))
            _tell(this, options)
            if failed and options.keep:
                print(f"  kept: {this.folder} and the store {Path(this.store.place).parent.name}", file=sys.stderr)
            if failed or this.store.rounds >= ROUNDS_OF_A_STORE:
                torture.retire(this.store, keep=failed and options.keep)
            if number % 50 == 0:
                spent = time.monotonic() - begun
                print(f"{number} rounds, {spent / number:.2f} s each", file=sys.stderr)
        for store in list(torture.stores.values()):
            torture.retire(store)
        seconds = time.monotonic() - begun
    return _report(options, totals, skipped, seconds)


def _add(total: Counter[str], this: Round) -> None:
    total["rounds"] += 1
    total.update(this.counts)
    for column, texts in this.found.items():
        total[column] += len(texts)


def _tell(this: Round, options: argparse.Namespace) -> None:
    """Failures, each with all that names it; of many alike the first ones."""
    for column, texts in this.found.items():
        for text in texts[: options.most]:
            line = f"seed {options.seed}, round {this.number}, {this.event} ({this.what}): {column}: {text}"
            print(line, file=sys.stderr)
        if len(texts) > options.most:
            print(f"  and {len(texts) - options.most} more {column}", file=sys.stderr)


def _report(options: argparse.Namespace, totals: dict[str, Any], skipped: dict[str, str], seconds: float) -> int:
    total: Counter[str] = Counter(dict.fromkeys(COLUMNS, 0))
    for counts in totals.values():
        total.update(counts)
    failed = sum(total[column] for column in FAILURES)
    figures = {
        "seed": options.seed, "database": "postgresql" if options.postgresql else "sqlite",
        "seconds": round(seconds, 1), "failed": failed, "skipped": skipped, "total": total, "events": totals,
    }  # fmt: skip
    if options.json:
        print(json.dumps(figures))
    else:
        held = {**totals, "total": total}
        rows = [(name, *(str(counts[column]) for column in COLUMNS)) for name, counts in held.items()]
        rows += [(name, f"skipped: {why}", *[""] * (len(COLUMNS) - 1)) for name, why in skipped.items()]
        report(f"torture, seed {options.seed}", rows, ("event", *COLUMNS), figures)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=100)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--place", type=Path, help="folder in which the stores are made; default: a temporary one")
    where.add_argument("--postgresql", metavar="URL", help="a database from which others may be made, or auto")
    events = sorted({*ON_FILES, *ON_SERVER})
    parser.add_argument("--event", action="append", choices=events, help="only this one; may be given again")
    parser.add_argument("--reader", action="append", choices=READERS, help="only this kind; may be given again")
    parser.add_argument("--samples", type=int, help=f"of each store; default: {values.SMALL}, of some {values.WIDE}")
    parser.add_argument("--keep", action="store_true", help="leave logs and folders of what failed")
    parser.add_argument("--most", type=int, default=4, help="failures of a kind that a round prints")
    parser.add_argument("--json", action="store_true", help="one object instead of the table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(_options()))
