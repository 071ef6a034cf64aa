"""What damaged files do: sets of every format, snapshots, checkpoints and databases, each damaged once and read.

python benchmarks/damaged_files.py --seed 1 --number 10000
python benchmarks/damaged_files.py --format yolo --number 500
python benchmarks/damaged_files.py --replay "yolo lines:1:77"

Wanted: no traceback, no hang, no half import.  Every bad case is named in the way that --replay takes.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import damaged_sets
from damaged_sets import Outcome, Target
from timing import report

Case = tuple[str, int]  # the target's name, the number of the damage

MEMORY = 4 << 30  # bytes that reading may take beyond what the program has
COLUMNS = ("read", "clean", "traceback", "hang", "half")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=10_000, help="damaged files in all")
    parser.add_argument("--format", help="only targets whose name begins so")
    parser.add_argument("--timeout", type=float, default=10, help="seconds a file may take")
    parser.add_argument("--replay", metavar="TARGET:SEED:NUMBER", help="one case, with everything it says")
    parser.add_argument("--verbose", action="store_true", help="the last line of each bad case, and of each slip")
    given = parser.parse_args()
    seed = given.seed
    if given.replay:
        name, text, number = given.replay.rsplit(":", 2)
        seed, wanted = int(text), name
    else:
        wanted = given.format or ""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        targets = damaged_sets.build(Path(folder) / "whole", lambda name: name.startswith(wanted))
        built = time.perf_counter() - begin
        if given.replay:
            cases = [(wanted, int(number))]
        else:
            names = list(targets)
            cases = [(names[place % len(names)], place // len(names)) for place in range(given.number)]
        found = Run(targets, seed, given.timeout, Path(folder) / "work").all(cases)
    if given.replay:
        print(found[cases[0]].kind, found[cases[0]].text)
        return
    show(found, seed, verbose=given.verbose, seconds=time.perf_counter() - begin, built=built)
    if any(outcome.kind in ("traceback", "hang", "half") for outcome in found.values()):
        sys.exit(1)


def show(found: dict[Case, Outcome], seed: int, *, verbose: bool, seconds: float, built: float) -> None:
    bad = {case: outcome for case, outcome in found.items() if outcome.kind in ("traceback", "hang", "half")}
    for (name, number), outcome in bad.items():
        last = outcome.text.strip().splitlines()[-1][:160] if outcome.text.strip() else ""
        print(f'{outcome.kind}: --replay "{name}:{seed}:{number}"  {last}')
    if verbose:
        slips = Counter(outcome.text.split(":", 1)[-1].strip()[-110:] for outcome in found.values() if outcome.slips)
        for text, number in slips.most_common(40):
            print(f"at the door {number}: {text!r}")
    table: dict[str, Counter[str]] = {}
    for (name, _), outcome in found.items():
        # Variants count with their format, whose name is their first word.
        row = table.setdefault(name.split(" ")[0], Counter())
        row[outcome.kind] += 1
        row["at the door"] += outcome.slips
    rows = [
        (name, str(sum(row[kind] for kind in COLUMNS)), *(str(row[kind]) for kind in (*COLUMNS, "at the door")))
        for name, row in sorted(table.items())
    ]
    total = sum((row for row in table.values()), Counter())
    rows.append(("all", str(len(found)), *(str(total[kind]) for kind in (*COLUMNS, "at the door"))))
    header = ("format", "damaged", "read", "clean errors", "tracebacks", "hangs", "half imports", "at the door")
    figures = {kind: total[kind] for kind in COLUMNS} | {"seed": seed, "seconds": round(seconds), "built": round(built)}
    report("damaged files", rows, header, figures)
    print(json.dumps({"bad": [f"{name}:{seed}:{number}" for name, number in bad]}))


class Run:
    """All cases, in children that are forked warm and ended when one takes too long."""

    batch = 400

    def __init__(self, targets: dict[str, Target], seed: int, timeout: float, work: Path) -> None:
        self.targets, self.seed, self.timeout, self.work = targets, seed, timeout, work

    def all(self, cases: list[Case]) -> dict[Case, Outcome]:
        found: dict[Case, Outcome] = {}
        # Sets by turns, so that a batch holds few sets and each child lays them out once.
        waiting = sorted(cases)
        while waiting:
            now, waiting = waiting[: self.batch], waiting[self.batch :]
            print(f"{len(waiting) + len(now)} to go, {now[0][0]}", file=sys.stderr)
            while now:
                found |= self._child(now)
                now = [case for case in now if case not in found]
        return found

    def _child(self, cases: list[Case]) -> dict[Case, Outcome]:
        """What a child finds until it is done, dies or hangs; the case it dies of is among them."""
        here, there = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=self._work, args=(cases, there), daemon=True)
        child.start()
        there.close()
        found: dict[Case, Outcome] = {}
        for case in cases:
            if not here.poll(self.timeout):
                child.kill()
                found[case] = Outcome("hang", f"longer than {self.timeout:g} s")
                break
            try:
                found[case] = here.recv()
            except EOFError:
                child.join()
                found[case] = Outcome("traceback", f"the process died ({child.exitcode})")
                break
        child.join(5)
        child.kill()
        here.close()
        return found

    def _work(self, cases: list[Case], out: Connection) -> None:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if _LINUX else 0
        if _LINUX:
            resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
        with tempfile.TemporaryDirectory(dir=self.work.parent) as folder:
            for name, number in cases:
                home = Path(folder) / name.replace(" ", "_")
                out.send(damaged_sets.tried(self.targets[name], self.seed, number, home))


_LINUX = sys.platform == "linux"

if __name__ == "__main__":
    main()
