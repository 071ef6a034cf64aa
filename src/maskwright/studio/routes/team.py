"""The work of people: whose task an image is, how far all is, and how far people agree."""

from dataclasses import asdict

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from maskwright.core.names import check_name
from maskwright.labelling import assignments
from maskwright.labelling.agreement import agreements
from maskwright.labelling.assignments import ClassUse, Person
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
    drawn: int
    seconds_each: float | None
    suggested: int
    untouched: int
    saved: float | None
    agreement: list[Agreed]


def router(studio: Studio) -> APIRouter:
    """/api/work and /api/assign."""
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

    return routes
