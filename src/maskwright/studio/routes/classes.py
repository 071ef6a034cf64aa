"""The classes: names, colours, kinds and roles, what uses them, and merging."""

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from maskwright.core.classes import Class, Classes
from maskwright.errors import UsageError
from maskwright.labelling import assignments
from maskwright.store import Dataset
from maskwright.studio.state import Studio, person


class ClassInfo(BaseModel):
    """A class, as `core.classes.Class`."""

    id: int
    name: str = Field(min_length=1, max_length=200)
    kind: Literal["thing", "stuff"] = "thing"
    role: Literal["class", "background", "ignore"] = "class"
    colour: tuple[int, int, int] | None = None


class NewClasses(BaseModel):
    """The classes that are wanted, in order.  seen: those that they were made of; none to take their place unasked."""

    classes: list[ClassInfo] = Field(max_length=5000)
    seen: list[ClassInfo] | None = Field(default=None, max_length=5000)


class Merging(BaseModel):
    """Everything of the class source becomes the class target; source goes."""

    source: int
    target: int


def router(studio: Studio) -> APIRouter:
    """Under /api/classes."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.put("/api/classes")
    def put_classes(given: NewClasses, request: Request) -> list[ClassInfo]:
        """Make these the classes, in this order. A class that is used cannot be left out.

        Answered with 409, and nothing done, where the classes are not those that were seen.
        """
        wanted = declared(given.classes)
        with dataset.edit("classes in the studio", author=person(request)) as edit:
            if given.seen is not None and given.seen != described_of(edit.classes()):
                raise HTTPException(409, "somebody else changed the classes meanwhile; look at them again")
            edit.set_classes(wanted)
        return described(dataset)

    @routes.get("/api/classes/use")
    def class_use() -> list[assignments.ClassUse]:
        """On how many objects and images each class is used."""
        return assignments.class_use(dataset)

    @routes.post("/api/classes/merge")
    def merge(given: Merging, request: Request) -> list[ClassInfo]:
        """Give all objects of one class to another; the emptied class goes."""
        names = {declared.id: declared.name for declared in dataset.classes}
        words = f"class {names.get(given.source)} into {names.get(given.target)}"
        with dataset.edit(words, author=person(request)) as edit:
            edit.merge_class(given.source, given.target)
        return described(dataset)

    return routes


def declared(rows: Sequence[ClassInfo]) -> Classes:
    """Raises UsageError for what cannot be the classes of a dataset, such as a name that is there twice."""
    try:
        return Classes(Class(row.id, row.name, row.kind, row.role, row.colour) for row in rows)
    except ValueError as error:
        raise UsageError(str(error)) from None


def described(dataset: Dataset) -> list[ClassInfo]:
    """The dataset's classes in order, each with the colour it is drawn in."""
    return described_of(dataset.classes)


def described_of(classes: Classes) -> list[ClassInfo]:
    """Classes in order, each with the colour it is drawn in."""
    drawn = dict(zip([declared.id for declared in classes], classes.colours(), strict=False))
    out = []
    for declared in classes:
        colour = declared.colour or drawn.get(declared.id)
        row = None if colour is None else (int(colour[0]), int(colour[1]), int(colour[2]))
        out.append(
            ClassInfo(id=declared.id, name=declared.name, kind=declared.kind, role=declared.role, colour=row)
        )  # fmt: skip
    return out
