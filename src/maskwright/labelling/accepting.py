"""What a run predicted, as labels of many samples at once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace as replaced
from typing import Any

import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.masks import Masks
from maskwright.core.names import shown
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.labelling import workflow
from maskwright.labelling.project_task import task_of
from maskwright.runs import find
from maskwright.runs.record import FOUND, predicting
from maskwright.store import ChangedSegment, Dataset, SegmentsChange, schema
from maskwright.store.bulk import SHOWN
from maskwright.store.bulk_segments import Chosen, class_id_of, described, keys_of
from maskwright.store.dataset import user_name
from maskwright.store.rows import alive

BATCH = 200  # samples held at once


def accept_run(
    dataset: Dataset, run: str, condition: str | Sequence[str] = "", *, replace: bool = False,
    classes: Sequence[str] | None = None, least_score: float | None = None, dry_run: bool = False,
    author: str | None = None, message: str | None = None,
) -> SegmentsChange:  # fmt: skip
    """Make what a run predicted labels of samples, as one revision -> how many come and go, and the first ten.

    They come on top of the labels that are there, with their scores, source `model` and the attribute `suggested_by`,
    the run's id; one of the same class and mask as a label is not added again.  Where the project's task is semantic or
    panoptic no pixel becomes two objects': upper predictions come before lower ones, and labels that stay before
    both, so that fewer may be added than a preview says.

    run: its id, the beginning of it, or "last".  condition: which samples, as in `Dataset.set_where`; "" for all that
    the run predicted.  replace: the labels of these samples go, on those too where the run found nothing.  classes:
    names; only predictions of these, and with `replace` only labels of these go.  least_score: only predictions of at
    least this score.  dry_run: only tell.  author, message: of the revision.
    Raises UsageError for a run that is not there, still under way or without predictions, a class that is not declared,
    one that was predicted and is not declared any more, and a condition that cannot be read.
    """
    record = find(dataset, run)
    identity = str(record["id"])
    if identity not in predicting(dataset):
        raise UsageError(f"the run {shown(identity)!r} holds no predictions", todo="Predict with: maskwright predict")
    if record["status"] == "running":
        raise UsageError(f"the run {shown(identity)!r} is still under way", todo="Wait until it has ended.")
    wanted = None if classes is None else [class_id_of(dataset.classes, name) for name in classes]
    if wanted == []:
        raise UsageError("no class is named", needed="names of classes, or None for all")
    exclusive = task_of(dataset) in ("semantic", "panoptic")
    if dry_run:
        with dataset.database.reading() as connection:
            return _Accepting(connection, identity, condition, replace, wanted, least_score, exclusive).told()
    who = author or user_name()
    texts = [condition] if isinstance(condition, str) else condition
    named = " and ".join(text for text in texts if text.strip()) or "all"
    what = f"{'replace labels by' if replace else 'accept'} predictions of {identity}"
    with dataset.edit(message or shown(f"{what} where {named}", 500), author=who) as edit:
        asked = _Accepting(edit.connection, identity, condition, replace, wanted, least_score, exclusive)
        found = asked.told()
        made, view = dataset.run(identity), dataset.at(edit.parent)
        added, written = 0, []
        for chunk in asked.numbers():
            pairs = list(zip(chunk, view.read(chunk), strict=True))
            for (number, sample), predicted in zip(pairs, made.predictions(pairs), strict=True):
                own = sample.segments
                kept = asked.kept(own)
                fresh = asked.fresh(kept, predicted)
                if len(fresh) or len(kept) < len(own):
                    edit.put(sample.key, _on_top(own, kept, fresh), base=edit.parent)
                    written.append(number)
                    added += len(fresh)
        workflow.judge(edit.connection, identity, written, "accepted", who)
    return replaced(found, samples=len(written), added=added, at_most=False)


class _Accepting:
    """What is accepted, by number of sample, inside one transaction."""

    def __init__(
        self, connection: Connection, run: str, condition: str | Sequence[str], replace: bool,
        classes: list[int] | None, least_score: float | None, exclusive: bool,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._run = run
        self._replace = replace
        self._classes = classes
        self._least = least_score
        self._exclusive = exclusive
        self._chosen = Chosen(connection, None, condition)
        table, samples, found = schema.predictions, schema.samples, schema.run_samples
        predicted = sql.select(found.c.sample).where(found.c.run == run, found.c.name == FOUND)
        left = sql.select(samples.c.sample).where(self._chosen.samples, samples.c.sample.in_(predicted))
        #: Samples that are meant and that the run saw.
        self._numbers = left.correlate(None)
        self._new = [table.c.run == run, table.c.sample.in_(self._numbers)]
        if classes is not None:
            self._new.append(table.c.class_id.in_(classes))
        if least_score is not None:
            self._new.append(table.c.score >= least_score)
        if not replace:
            own = schema.segments
            same = sql.and_(
                own.c.sample == table.c.sample, alive(own, None), own.c.class_id == table.c.class_id,
                own.c.counts == table.c.counts,
            )  # fmt: skip
            self._new.append(~sql.exists().where(same))
        self._going = [alive(schema.segments, None), schema.segments.c.sample.in_(self._numbers)]
        if classes is not None:
            self._going.append(schema.segments.c.class_id.in_(classes))

    def told(self) -> SegmentsChange:
        """How many come and go. Raises UsageError for a predicted class that is not declared any more."""
        table, own = schema.predictions, schema.segments
        names = self._chosen.known.class_names
        query = sql.select(table.c.class_id, sql.func.count()).where(*self._new).group_by(table.c.class_id)
        by_class = {int(class_id): int(number) for class_id, number in self._connection.execute(query)}
        gone = sorted(by_class.keys() - names.keys())
        if gone:
            raise UsageError(
                f"the run {shown(self._run)!r} predicted the class with id {gone[0]}, which is not declared any more",
                todo="Name the classes that are accepted, or declare it again.",
            )
        sides = [sql.select(table.c.sample).where(*self._new)]
        removed = 0
        if self._replace:
            removed = int(self._connection.execute(sql.select(sql.func.count()).where(*self._going)).scalar() or 0)
            sides.append(sql.select(own.c.sample).where(*self._going))
        changing = sql.union(*sides).subquery() if len(sides) > 1 else sides[0].distinct().subquery()
        samples = int(self._connection.execute(sql.select(sql.func.count()).select_from(changing)).scalar() or 0)
        added = sum(by_class.values())
        return SegmentsChange(
            self._chosen.matched, samples, added=added, removed=removed, first=tuple(self._first()),
            at_most=self._exclusive and added > 0,
        )  # fmt: skip

    def _first(self) -> Iterator[ChangedSegment]:
        """The first that go, up to half of what is shown, and the first that come."""
        table, own, names = schema.predictions, schema.segments, self._chosen.known.class_names
        going: list[dict[str, Any]] = []
        if self._replace:
            columns = [own.c[name] for name in ("sample", "segment", "class_id", "area", "source", "score")]
            query = sql.select(*columns).where(*self._going).order_by(own.c.sample, own.c.segment).limit(SHOWN // 2)
            going = [dict(row) for row in self._connection.execute(query).mappings()]
        columns = [table.c[name] for name in ("sample", "class_id", "score", "counts")]
        query = sql.select(*columns).where(*self._new).order_by(table.c.sample, table.c.z).limit(SHOWN - len(going))
        coming = [
            {**row, "area": int(np.frombuffer(row["counts"], "<u4")[1::2].sum()), "source": "model"}
            for row in self._connection.execute(query).mappings()
        ]
        keys = keys_of(self._connection, {row["sample"] for row in (*going, *coming)})
        for row in going:
            yield ChangedSegment(keys[row["sample"]], row["segment"], described(names, row), None)
        for row in coming:
            yield ChangedSegment(keys[row["sample"]], None, None, described(names, row))

    def numbers(self) -> Iterator[list[int]]:
        """The samples that are meant and that the run saw, in batches."""
        found = sorted(int(number) for number in self._connection.execute(self._numbers).scalars())
        for at in range(0, len(found), BATCH):
            yield found[at : at + BATCH]

    def kept(self, own: Segments) -> Segments:
        """Of a sample's labels, those that stay."""
        if not self._replace:
            return own
        return own[:0] if self._classes is None else own[~np.isin(own.class_ids, self._classes)]

    def fresh(self, kept: Segments, predicted: Segments) -> Segments:
        """Of a sample's predictions, those that become labels."""
        wanted = np.ones(len(predicted), bool)
        if self._classes is not None:
            wanted &= np.isin(predicted.class_ids, self._classes)
        if self._least is not None:
            wanted &= predicted.scores >= self._least
        if not self._replace:
            there = {(int(class_id), _bytes(kept.masks, i)) for i, class_id in enumerate(kept.class_ids)}
            ours = enumerate(predicted.class_ids)
            wanted &= np.array([(int(kind), _bytes(predicted.masks, i)) not in there for i, kind in ours], bool)
        found = predicted[wanted]
        if self._exclusive and len(found):
            found = found.visible()
            for i in range(len(kept)):
                found = found.with_masks(found.masks - kept.masks[i : i + 1])
            found = found[found.masks.areas() > 0]
        marked = [{**values, "suggested_by": self._run} for values in found.attributes]
        return found.replace(attributes=marked, source="model")


def _bytes(masks: Masks, place: int) -> bytes:
    return masks.counts[masks.offsets[place] : masks.offsets[place + 1]].tobytes()


def _on_top(own: Segments, kept: Segments, fresh: Segments) -> Segments:
    """What stays, and the new ones over it, with ids that no label of the sample had."""
    first = int(own.ids.max(initial=0)) + 1
    n = len(fresh)
    more = {name: [*values, *(fresh.column(name))] for name, values in kept.more.items()}
    return Segments(
        Masks.concatenate([kept.masks, fresh.masks], own.size), [*kept.class_ids, *fresh.class_ids],
        ids=[*kept.ids.tolist(), *range(first, first + n)], scores=[*kept.scores, *fresh.scores],
        is_crowd=[*kept.is_crowd, *fresh.is_crowd], source=[*kept.source, *fresh.source],
        attributes=[*kept.attributes, *fresh.attributes], more=more,
    )  # fmt: skip
