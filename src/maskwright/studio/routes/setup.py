"""What a project is for: its task, its classes, what annotators are told, and where its images come from."""

import base64

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from maskwright.errors import UsageError
from maskwright.labelling import instruction_images
from maskwright.labelling.project_task import Task, set_task, task_of
from maskwright.store import folder
from maskwright.store.instructions import LONGEST
from maskwright.studio.routes.classes import ClassInfo, declared, described
from maskwright.studio.state import Studio, person


class Setup(BaseModel):
    """What a project is for. Parts that are not given stay as they are.

    instructions: Markdown; images in it are names that `/api/instructions/images` gave.
    """

    task: Task | None = None
    classes: list[ClassInfo] | None = Field(default=None, max_length=5000)
    instructions: str | None = Field(default=None, max_length=LONGEST)


class SetupDone(BaseModel):
    """What the project is for now."""

    task: Task | None
    classes: list[ClassInfo]
    instructions: str


class GivenImage(BaseModel):
    """An image for the instructions. data: its bytes in base 64."""

    data: str = Field(max_length=instruction_images.MOST_BYTES * 4 // 3 + 8)


class Named(BaseModel):
    """By which name Markdown shows the image."""

    name: str


class Looked(BaseModel):
    """What was found when the dataset's folder was looked through again. images: how many are new."""

    images: int
    notes: list[str]


def router(studio: Studio) -> APIRouter:
    """/api/setup, /api/instructions/images and /api/look."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.put("/api/setup")
    def set_up(given: Setup, request: Request) -> SetupDone:
        """Choose what the project is for. Classes and instructions are one revision of the dataset."""
        wanted = None if given.classes is None else declared(given.classes)
        with dataset.edit("project settings in the studio", author=person(request)) as edit:
            if wanted is not None:
                edit.set_classes(wanted)
            if given.instructions is not None:
                edit.set_instructions(given.instructions)
        if given.task is not None:
            set_task(dataset, given.task)
        return SetupDone(task=task_of(dataset), classes=described(dataset), instructions=dataset.instructions)

    @routes.post("/api/instructions/images")
    def add_image(given: GivenImage) -> Named:
        """Keep an image that instructions show."""
        try:
            data = base64.b64decode(given.data, validate=True)
        except ValueError:
            raise UsageError("the upload is damaged", needed="base 64") from None
        return Named(name=instruction_images.add(dataset, data))

    @routes.get("/api/instructions/images/{name}")
    def image(name: str) -> Response:
        """An image of the instructions. It never changes: another one has another name."""
        content, kind = instruction_images.read(dataset, name)
        return Response(content, media_type=kind, headers={"cache-control": "private, max-age=31536000, immutable"})

    @routes.post("/api/look")
    def look() -> Looked:
        """Look through the dataset's folder for images that are new."""
        before = len(dataset)
        notes = folder.look_again(dataset)
        return Looked(images=len(dataset) - before, notes=notes[:20])

    return routes
