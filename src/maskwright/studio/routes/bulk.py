"""Changes of many objects at once, after a look: their values, taking them or images away, what a run predicted."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from maskwright.errors import UsageError
from maskwright.insight.askable import as_text
from maskwright.labelling import accept_run
from maskwright.store import SegmentsChange
from maskwright.store.bulk_segments import read_values
from maskwright.store.value_arrays import value_arrays
from maskwright.studio.state import Studio, person

#: Images whose keys are asked for at once.
MOST_NUMBERS = 20_000


class ChangingObjects(BaseModel):
    """What is done with objects of some images.  numbers: of the images.

    what: set gives objects `values`, delete takes objects away, delete images the images with them, and accept makes
    what a run predicted labels.
    segments: a condition on a single object; nothing for all.  values: texts by column, as people write them; nothing
    takes a value away.  run, replace, classes, least_score: of accept; see `labelling.accept_run`.  dry_run: only tell.
    """

    what: Literal["set", "delete", "delete images", "accept"]
    numbers: list[int] = Field(max_length=1_000_000)
    segments: Annotated[str, Field(max_length=20_000)] = ""
    values: dict[str, str] = Field(default_factory=dict, max_length=20)
    run: str | None = Field(default=None, max_length=200)
    replace: bool = False
    classes: list[Annotated[str, Field(max_length=500)]] | None = Field(default=None, max_length=10_000)
    least_score: float | None = Field(default=None, ge=0, le=1)
    message: str = Field(default="", max_length=500)
    dry_run: bool = True


class ChangedObject(BaseModel):
    """See `store.ChangedSegment`."""

    key: str
    segment: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class ObjectChanges(BaseModel):
    """See `store.SegmentsChange`. revision: that shows it; as before where nothing was changed."""

    matched: int
    samples: int
    added: int
    changed: int
    removed: int
    at_most: bool
    first: list[ChangedObject]
    revision: int


def router(studio: Studio) -> APIRouter:
    """/api/explore/change-objects."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.post("/api/explore/change-objects")
    def change(asked: ChangingObjects, request: Request) -> ObjectChanges:
        """Change objects as one revision, or tell what that would change."""
        where = of_numbers(studio, asked.numbers)
        how: dict[str, Any] = {
            "dry_run": asked.dry_run, "author": person(request), "message": asked.message or None,
        }  # fmt: skip
        if asked.what == "set":
            values = read_values(dataset.columns, [f"{name}={text}" for name, text in asked.values.items()])
            done = dataset.set_segments_where(where, asked.segments, values, **how)
        elif asked.what == "delete":
            done = dataset.remove_segments_where(where, asked.segments, **how)
        elif asked.what == "delete images":
            done = dataset.remove_where(where, **how)
        elif asked.run is None:
            raise UsageError("it is not said whose predictions", needed="a run")
        else:
            done = accept_run(
                dataset, asked.run, where, replace=asked.replace, classes=asked.classes,
                least_score=asked.least_score, **how,
            )  # fmt: skip
        return _changes(done, dataset.revision)

    return routes


def of_numbers(studio: Studio, numbers: list[int]) -> str:
    """A condition that samples of these numbers fulfil."""
    view = studio.dataset.frozen()
    parts = [numbers[at : at + MOST_NUMBERS] for at in range(0, len(numbers), MOST_NUMBERS)]
    keys = [key for part in parts for key in value_arrays(view, "key", samples=part).words]
    return f"key in ({', '.join(map(as_text, keys))})" if keys else "limit 0"


def _changes(done: SegmentsChange, revision: int) -> ObjectChanges:
    first = [
        ChangedObject(
            key=row.key,
            segment=None if row.segment is None else str(row.segment),
            before=None if row.before is None else dict(row.before),
            after=None if row.after is None else dict(row.after),
        )
        for row in done.first
    ]
    return ObjectChanges(
        matched=done.matched, samples=done.samples, added=done.added, changed=done.changed, removed=done.removed,
        at_most=done.at_most, first=first, revision=revision,
    )  # fmt: skip
