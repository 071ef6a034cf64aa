"""The runs of a dataset as one sees them before one is opened: `dataset.runs`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, overload

from maskwright.core.names import shown
from maskwright.runs.record import list_runs
from maskwright.store import View


@dataclass(frozen=True)
class RunRecord:
    """What the dataset's database says of a run; `dataset.run(record.id)` opens it.

    kind: train, predict, propagate, ….  status: running, done, failed, interrupted, or dead for a running one whose
    process is gone.  revision: whose labels it saw.  created, ended: ISO 8601, UTC; None before the end.
    settings: what it was started with.  scores: its results, none before the end.  tags, notes: what people said of it.
    """

    id: str
    kind: str
    status: str
    revision: int
    created: str
    ended: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    scores: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    tags: tuple[str, ...] = ()
    notes: str = field(default="", repr=False)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """From a record of `list_runs`."""
        return cls(
            record["id"], record["kind"], record["status"], record["revision"], record["created"], record["ended"],
            record["settings"] or {}, record["scores"] or {}, tuple(record["tags"]), record["notes"],
        )  # fmt: skip


class Runs(Sequence[RunRecord]):
    """Records of runs, the one that was started last first, as they were when this was made.

    `runs[0]` is a record and `runs[:3]` are Runs; `"first" in runs` asks for an id.
    """

    def __init__(self, records: Iterable[RunRecord]) -> None:
        self._records = tuple(records)

    @classmethod
    def of(cls, dataset: View) -> Self:
        """All runs of a dataset."""
        return cls(RunRecord.of(record) for record in list_runs(dataset))

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, place: int) -> RunRecord: ...
    @overload
    def __getitem__(self, place: slice) -> "Runs": ...

    def __getitem__(self, place: int | slice) -> "RunRecord | Runs":
        return Runs(self._records[place]) if isinstance(place, slice) else self._records[place]

    def __contains__(self, run: object) -> bool:
        """By id or by record."""
        return any(run in (record.id, record) for record in self._records)

    def __eq__(self, other: object) -> bool:
        return self._records == other._records if isinstance(other, Runs) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """A line for each run."""
        if not self._records:
            return "no runs"
        rows = [
            (shown(each.id), each.kind, each.status, f"revision {each.revision}", each.created)
            for each in self._records
        ]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([f"{len(rows)} run{'' if len(rows) == 1 else 's'}:", *(f"  {line}" for line in lines)])
