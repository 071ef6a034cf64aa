"""The judge: a process that has opened nothing yet compares a store with the logs outside it."""

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.store import Dataset
from torturing import values
from torturing.journal import described, lines

#: What an error may say when an event explains it; a writer that waited too long is always explained.
EXPLAINED = {
    "full-disk": r"full|room|space", "server": r"server|connection|administrator|recovery|shutting|starting",
}  # fmt: skip
#: In every event: another writer was at it too long, or had changed the segments that a whole put was made from.
WAITED = r"has been writing for|were changed since revision"


@dataclass
class Entry:
    """An edit that was tried. told: the revision that its maker was told, None where nobody was told anything."""

    message: str
    steps: list[values.Step]
    round: int
    told: int | None = None

    @property
    def name(self) -> str:
        return f"{self.message!r} (revision {self.told})"


@dataclass
class Verdict:
    acknowledged: int = 0
    explained: int = 0
    reads: int = 0
    head: int = 0
    event: str = ""
    lost: dict[str, str] = field(default_factory=dict)  # by the edit's name: how it was seen
    mixed: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)


def judge(
    place: str, logs: list[list[str]], event: str, last: str, out: Path, *, since: int, everything: bool
) -> None:  # fmt: skip
    """logs: of each round of this store, the files. since: the newest revision that has been judged. everything: look
    at all revisions once more.
    """
    verdict = Verdict()
    case = Case(verdict, event, last)
    case.hear(logs)
    try:
        with Dataset.open(place) as dataset:
            case.compare(dataset, 0 if everything else since)
    except Exception as error:  # noqa: BLE001  whatever it is, the store cannot be read
        verdict.damage.append(f"the judge cannot read the store: {described(error)['error']}")
        for entry in case.entries:
            if entry.told is not None and entry.round == len(logs) - 1:
                verdict.lost.setdefault(entry.name, "cannot be read")
    out.write_text(json.dumps(verdict.__dict__))


class Case:
    def __init__(self, verdict: Verdict, event: str, last: str) -> None:
        self.verdict, self.event, self.last = verdict, event, last
        self.entries: list[Entry] = []
        self.tags: dict[str, int] = {}
        self.reads: list[dict[str, Any]] = []
        self.first: dict[str, values.Held] = {}
        self._touched: dict[str, Entry] = {}

    # -- what was said ---------------------------------------------------------------------------------

    def hear(self, logs: Sequence[Sequence[str]]) -> None:
        for number, files in enumerate(logs):
            for file in files:
                tries: dict[str, Entry] = {}
                for line in lines(Path(file)):
                    self._hear(line, tries, number, now=number == len(logs) - 1)

    def _hear(self, line: dict[str, Any], tries: dict[str, Entry], number: int, *, now: bool) -> None:
        verdict = self.verdict
        match line["is"]:
            case "filling":
                self.first = values.first_state(line["number"], random.Random(line["seed"]))
                tries[values.START] = Entry(values.START, [], number)
                self.entries.append(tries[values.START])
            case "try":
                tries[line["message"]] = Entry(line["message"], line["steps"], number)
                self.entries.append(tries[line["message"]])
            case "done":
                tries[line["message"]].told = line["revision"]
                verdict.acknowledged += now and line["message"] != values.START
            case "tagged":
                self.tags[line["name"]] = line["revision"]
                verdict.acknowledged += now
            case _ if not now:
                return
            case "read":
                verdict.reads += 1
                self.reads.append(line)
            case "mixed":
                verdict.mixed.append(line["what"])
            case "hang":
                verdict.hangs.append(line["what"])
            case "crash":
                verdict.crashes.append(line["what"])
            case "event":
                verdict.event = line["what"]
            case "unread" if self._explained(line, only_server=True):
                verdict.explained += 1
            case "unread":
                verdict.unread.append(f"{line['what']}: {line['error']}")
            case "refused" if self._explained(line):
                verdict.explained += 1
            case "refused":
                verdict.refused.append(f"{line['message']}: {line['error']}")

    def _explained(self, line: dict[str, Any], *, only_server: bool = False) -> bool:
        """A full disk and a waiting writer explain no read that is refused."""
        wanted = EXPLAINED.get(self.event) if self.event == "server" or not only_server else None
        wanted = "|".join(text for text in (wanted, None if only_server else WAITED) if text)
        return bool(line["known"] and wanted and re.search(wanted, line["error"]))

    # -- what is there -----------------------------------------------------------------------------------

    def compare(self, dataset: Dataset, since: int) -> None:
        verdict = self.verdict
        history = {revision.id: revision for revision in dataset.log()}
        verdict.head = max(history, default=0)
        if sorted(history) != list(range(1, verdict.head + 1)):
            verdict.damage.append(f"revisions are not in one line: {sorted(history)[-20:]}")
        for number, revision in history.items():
            if (revision.parent or 0) != number - 1:
                verdict.damage.append(f"revision {number} has the parent {revision.parent}")
        messages = Counter(revision.message for revision in history.values())
        entries = {entry.message: entry for entry in self.entries}
        verdict.mixed += [f"{message!r} is {n} revisions" for message, n in messages.items() if n > 1]
        for number, revision in history.items():
            if number > 1 and revision.message not in entries:
                verdict.mixed.append(f"nobody made revision {number}, {revision.message!r}")
        for entry in self.entries:
            if entry.told is not None and (entry.told not in history or history[entry.told].message != entry.message):
                there = f"is {history[entry.told].message!r}" if entry.told in history else "is not there"
                verdict.lost[entry.name] = f"revision {entry.told} {there}, the newest is {verdict.head}"
        paper = values.Paper(dict(self.first))
        stamps: dict[int, str] = {}
        for number in range(1, verdict.head + 1):
            entry = entries.get(history[number].message) if number in history else None
            keys: set[str] | None = {values.FIRST, self.last}
            if entry is not None and number > 1:
                keys = self._follow(paper, entry)
            paper.keep(number)
            stamps[number] = paper.state[values.FIRST]["fields"]["stamp"]
            if number > max(1, since):
                self._compare_revision(dataset, number, paper, keys)
        self._compare_state(dataset, paper.state, None, "at head")
        self._compare_rest(dataset, paper)
        self._judge_reads(stamps)

    def _follow(self, paper: values.Paper, entry: Entry) -> set[str] | None:
        keys: set[str] | None = set()
        for step in entry.steps:
            try:
                touched = paper.follow(step)
            except KeyError as error:
                self.verdict.mixed.append(f"{entry.name} changes {error}, which was not there")
                continue
            keys = None if touched is None or keys is None else keys | touched
        for key in paper.state if keys is None else keys:
            self._touched[key] = entry
        return keys

    def _compare_revision(self, dataset: Dataset, number: int, paper: values.Paper, keys: set[str] | None) -> None:
        view = dataset.at(number)
        self._compare_state(view, paper.state, keys, f"in revision {number}")

    def _compare_state(self, view: Any, state: dict[str, values.Held], keys: set[str] | None, where: str) -> None:
        """keys: that are looked at in a store of many samples; a small one is read whole."""
        if keys is not None and len(state) > 3 * values.SMALL:
            there = {}
            for key in keys:
                try:
                    there[key] = values.seen(view[key])
                except Exception as error:  # noqa: BLE001
                    if key in state:
                        self._differs(key, f"{where} {key} cannot be read, {described(error)['error']}")
            state = {key: state[key] for key in keys if key in state}
        else:
            there = {sample.key: values.seen(sample) for sample in view}
            if len(view) != len(there):
                self.verdict.damage.append(f"{where} there are {len(there)} samples, and len() says {len(view)}")
        if there == state:
            return
        for key in sorted(there.keys() | state.keys()):
            if there.get(key) != state.get(key):
                self._differs(key, f"{where} {key} {_difference(state.get(key), there.get(key))}")

    def _differs(self, key: str, what: str) -> None:
        entry = self._touched.get(key)
        if entry is not None and entry.told is None:
            self.verdict.mixed.append(f"{entry.message!r} was not acknowledged, and is there in part: {what}")
        else:
            self.verdict.lost.setdefault(values.START if entry is None else entry.name, what)

    def _compare_rest(self, dataset: Dataset, paper: values.Paper) -> None:
        verdict = self.verdict
        if dataset.classes.to_json() != paper.classes:
            verdict.lost.setdefault("classes", f"are {dataset.classes.to_json()}, not {paper.classes}")
        tags = dataset.tags()
        for name, revision in self.tags.items():
            if tags.get(name) != revision:
                verdict.lost.setdefault(f"tag {name}", f"names {tags.get(name)}, not {revision}")
        counted = sum(row["segments"] for row in dataset.class_statistics())
        segments = sum(len(held["segments"]) for held in paper.state.values())
        if counted != segments:
            verdict.damage.append(f"{counted} segments are counted where {segments} are")
        verdict.damage += [f"check(): {problem}" for problem in dataset.check()]

    def _judge_reads(self, stamps: dict[int, str]) -> None:
        newest_with = {stamp: number for number, stamp in stamps.items()}
        for line in self.reads:
            what, stamp = line["what"], line["stamp"]
            if stamp not in newest_with:
                self.verdict.mixed.append(f"{what} shows {stamp}, which no revision holds")
            elif line["revision"] is not None and stamps.get(line["revision"]) != stamp:
                shown = stamps.get(line["revision"])
                self.verdict.mixed.append(f"{what} of revision {line['revision']} shows {stamp}, not {shown}")
            elif newest_with[stamp] < line["newest"]:
                self.verdict.stale.append(
                    f"{what} shows revision {newest_with[stamp]} when {line['newest']} was acknowledged"
                )


def _difference(wanted: values.Held | None, found: values.Held | None) -> str:
    if wanted is None or found is None:
        return "should not be there" if wanted is None else "is not there"
    names = [name for name in wanted if wanted[name] != found[name]]
    text = f"differs in {', '.join(names)}"
    return f"{text}: {found['fields']}, not {wanted['fields']}" if names == ["fields"] else text
