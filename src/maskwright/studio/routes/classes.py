"""The classes: names, colours, kinds and roles, what uses them, and merging."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from maskwright.core.classes import Class, Classes
from maskwright.errors import UsageError
from maskwright.labelling import assignments, class_merging
from maskwright.store import Dataset
from maskwright.studio.state import Studio, person

#: Images that are named in an answer.
_NAMED = 20


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


#: Made by who wishes something, which is done once however often it is sent.
Id = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[0-9a-zA-Z-]+$")]


class Merging(BaseModel):
    """Everything of the class source becomes the class target; source goes.  id: by which it can be taken back."""

    source: int
    target: int
    id: Id = Field(default_factory=lambda: str(uuid4()))


class TakingBack(BaseModel):
    """A merging is taken back.  merging: the id that it was given."""

    id: Id
    merging: Id


class MergingTakenBack(BaseModel):
    """objects: that have their class again.  stayed: that were changed since, on images of these keys, at most 20."""

    classes: list[ClassInfo]
    objects: int
    stayed: int
    images: int
    stayed_on: list[str]


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
        class_merging.merge(dataset, given.source, given.target, id=given.id, author=person(request))
        return described(dataset)

    @routes.post("/api/classes/merge/undo")
    def take_back(given: TakingBack, request: Request) -> MergingTakenBack:
        """The class is there again, with the objects that it had; those that were changed since stay as they are."""
        done = class_merging.take_back(dataset, given.merging, id=given.id, author=person(request))
        return MergingTakenBack(
            classes=described(dataset), objects=done.objects, stayed=done.stayed, images=len(done.stayed_on),
            stayed_on=list(done.stayed_on[:_NAMED]),
        )  # fmt: skip

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
