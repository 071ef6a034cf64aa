"""The work of people: whose task an image is, how far all is, and how far people agree."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from maskwright.core.names import check_name
from maskwright.figures.marks import difference
from maskwright.labelling import assignments
from maskwright.labelling.agreement import agreements, labels_of
from maskwright.labelling.assignments import ClassUse, Day, Person
from maskwright.media import tiles
from maskwright.studio.state import Studio, number_or_none, person


class Assigning(BaseModel):
    """name: who; none takes the images from whoever has them.  count: so many open images that are nobody's."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    numbers: list[int] = Field(default_factory=list, max_length=100_000)
    count: int | None = Field(default=None, ge=1, le=100_000)


class Agreed(BaseModel):
    """How far two people agree on an image; see `labelling.agreement.Agreement`. None where nothing can be compared."""

    number: int
    key: str
    first: str | None
    second: str
    mean_iou: float | None
    f1: float | None


class Work(BaseModel):
    """How far the work is; see `labelling.assignments.Progress`."""

    states: dict[str, int]
    people: list[Person]
    classes: list[ClassUse]
    days: list[tuple[str, int]]
    effort: list[Day]
    drawn: int
    seconds_each: float | None
    suggested: int
    untouched: int
    saved: float | None
    agreement: list[Agreed]


def router(studio: Studio) -> APIRouter:
    """/api/work, /api/assign, and where people disagree under /api/images/{number}."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.get("/api/work")
    def progress() -> Work:
        """How far it is, who did what, what suggestions saved, and how far people agree."""
        done = asdict(assignments.progress(dataset))
        found = [
            Agreed(**{**asdict(pair), "mean_iou": number_or_none(pair.mean_iou), "f1": number_or_none(pair.f1)})
            for pair in agreements(dataset)
        ]
        return Work(**done, agreement=found)

    @routes.post("/api/assign")
    def assign(given: Assigning, request: Request) -> list[int]:
        """Give images to somebody -> their numbers."""
        name = None if given.name is None else check_name(given.name, "the name")
        return assignments.assign(dataset, name, numbers=given.numbers, count=given.count, author=person(request))

    @routes.get("/api/images/{number}/disagreement")
    def layer(number: int, second: str, first: str | None = None) -> Response:
        """Where two people's labels differ, as a PNG of a thumbnail's size; the shared ones for no `first`.

        Red is only the first's, green only the second's, yellow another class.
        """
        one_side, other_side = (labels_of(dataset, number, who) for who in (first, second))
        drawn = difference(one_side, other_side, tiles.fitting(one_side.size), objects=False)
        return Response(tiles.png(drawn), media_type="image/png", headers={"cache-control": "no-store"})

    return routes
