"""The dataset's history: its revisions, what is different between two of them, names for them, and going back."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.figures.marks import difference
from maskwright.insight.differences import differences
from maskwright.media import tiles
from maskwright.store import Revision, View
from maskwright.store.value_arrays import value_arrays
from maskwright.studio.state import Studio, person

#: Revisions that are sent at once, and images of a difference.
PAGE, MOST_IMAGES = 100, 500


class RevisionInfo(BaseModel):
    """See `store.Revision`."""

    id: int
    author: str
    message: str
    created: str
    summary: dict[str, int]
    tags: list[str]


class ChangedImage(BaseModel):
    """See `insight.differences.ChangedSample`."""

    number: int
    key: str
    what: Literal["added", "removed", "changed"]
    added: int
    removed: int
    changed: int
    pixels: int
    values: list[tuple[str, Any, Any]]


class Differences(BaseModel):
    """From one revision to another.  total: images that differ, of which the first are here.  others: sentences on
    classes, columns and sequences.
    """

    old: int
    new: int
    total: int
    images: list[ChangedImage]
    others: list[str]


class Named(BaseModel):
    """A name for a revision. move: from the one that has it."""

    revision: int
    name: str = Field(min_length=1, max_length=80)
    move: bool = False


class Back(BaseModel):
    """Which revision the newest becomes equal to."""

    revision: int


def router(studio: Studio) -> APIRouter:
    """/api/history, and differences of an image under /api/images/{number}."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.get("/api/history")
    def history(before: Annotated[int | None, Query(ge=1, lt=2**31)] = None) -> list[RevisionInfo]:
        """Revisions, the newest first, a hundred at once. before: only those that are older."""
        return [_told(revision) for revision in dataset.log(PAGE, before=before)]

    @routes.get("/api/history/differences")
    def different(old: int, new: int) -> Differences:
        """What is different between two revisions, image by image."""
        found = differences(dataset, old, new)
        images = [ChangedImage(**vars(image)) for image in found.samples[:MOST_IMAGES]]
        return Differences(old=old, new=new, total=len(found.samples), images=images, others=list(found.others))

    @routes.post("/api/history/tags")
    def name(named: Named) -> dict[str, int]:
        """Name a revision."""
        dataset.tag(named.name, named.revision, move=named.move)
        return dataset.tags()

    @routes.post("/api/history/restore")
    def restore(back: Back, request: Request) -> RevisionInfo:
        """A new revision that equals an old one."""
        dataset.restore(back.revision, author=person(request))
        return _told(dataset.log(1)[0])

    @routes.get("/api/images/{number}/difference")
    def layer(number: int, old: int, new: int) -> Response:
        """Where labels differ between two revisions, as a PNG of a thumbnail's size."""
        before, after = (_segments(dataset.at(revision), number) for revision in (old, new))
        there = after or before
        if there is None:
            raise UsageError(f"sample number {number} is in neither revision {old} nor {new}", file=dataset.place)
        none = Segments.none(there.size)
        drawn = difference(before or none, after or none, tiles.fitting(there.size))
        return Response(tiles.png(drawn), media_type="image/png", headers={"cache-control": "private, max-age=3600"})

    return routes


def _segments(view: View, number: int) -> Segments | None:
    """Of a sample; None where the view does not have it."""
    there = len(value_arrays(view, "key", samples=[number])) > 0
    return view.read([number])[0].segments if there else None


def _told(revision: Revision) -> RevisionInfo:
    counted = {name: value for name, value in revision.summary.items() if isinstance(value, int)}
    return RevisionInfo(
        id=revision.id, author=revision.author, message=revision.message, created=revision.created, summary=counted,
        tags=list(revision.tags),
    )  # fmt: skip
