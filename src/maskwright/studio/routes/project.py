"""What every page begins with: who asks, the classes, and a row for each image."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from maskwright import fewshot, formats
from maskwright.core.names import shown_place
from maskwright.labelling import gestures, workflow
from maskwright.labelling.project_task import Task, task_of
from maskwright.media import tiles
from maskwright.store import Dataset
from maskwright.studio.messages import fingerprint, further
from maskwright.studio.routes import classes
from maskwright.studio.routes.classes import ClassInfo
from maskwright.studio.state import Studio, person


class ImageInfo(further("SampleColumns", "sample")):  # type: ignore[misc]
    """number: opaque and lasting.  objects: how many.  confidence: of a suggestion that waits, if any.

    tiles: how many sizes of it there are in tiles, 0 for an image that is sent whole.  assignee: whose task it is.
    own_labels: who has finished labels of their own.
    """

    number: int
    key: str
    height: int
    width: int
    split: str | None
    state: str | None
    objects: int
    confidence: float | None = None
    video: str | None = None
    frame: int | None = None
    tiles: int = 0
    assignee: str | None = None
    own_labels: list[str] = Field(default_factory=list)


class SequenceInfo(BaseModel):
    """A sequence that images belong to. step: seconds or mm from one to the next; none where that is not known."""

    name: str
    axis: Literal["time", "space"]
    step: float | None


class Project(BaseModel):
    """All that the page begins with.  me: whose page it is.  people: all who work here, as far as that is known.
    known: see `known_word`.

    task: what it is labelled for, none while nobody has chosen.  is_new: nobody has chosen, and nothing is
    labelled yet.

    engines, learners, followers: those that can be asked.  texts: engines that take words.
    """

    me: str
    people: list[str]
    place: str
    revision: int
    known: str
    classes: list[ClassInfo]
    task: Task | None
    is_new: bool
    instructions: str
    images: list[ImageInfo]
    sequences: list[SequenceInfo]
    engines: list[str]
    texts: list[str]
    learners: list[str]
    followers: list[str]
    formats: list[str]
    effort: dict[str, float]


def router(studio: Studio) -> APIRouter:
    """/api/project."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.get("/api/project", response_model=Project)
    def project(request: Request) -> Response:
        """All that the page begins with."""
        # First: what changes while the rest is read is heard of later.
        known, revision = known_word(studio), dataset.revision
        held = gestures.overview(dataset)
        queue = fewshot.queued(dataset, held)
        rows = [
            ImageInfo(
                number=row.number, key=row.key, height=row.size[0], width=row.size[1], split=row.split,
                state=row.workflow.state, objects=row.segments, video=row.video, frame=row.frame,
                confidence=queue[row.number][1] if row.number in queue else None,
                tiles=tiles.levels(row.size), assignee=row.workflow.assignee,
                own_labels=list(row.workflow.own_labels), **row.more,
            )
            for row in held
        ]  # fmt: skip
        effort = gestures.effort(dataset)
        effort |= {name: sum(getattr(row, name) for row in held) for name in ("suggested", "untouched")}
        engines = studio.engines
        chosen = task_of(dataset)
        touched = any(row.segments or row.workflow.state or row.workflow.own_labels for row in held)
        found = Project(
            me=person(request), people=_people(studio), place=shown_place(dataset.place), revision=revision,
            known=known, classes=classes.described(dataset), task=chosen,
            is_new=chosen is None and not touched and dataset.database.writable,
            instructions=dataset.instructions, images=rows, sequences=_sequences(dataset),
            engines=engines.names("interactive.engines"), texts=studio.sessions.takes("text"),
            learners=engines.names("fewshot.engines"), followers=engines.names("video.engines"),
            formats=formats.writers(), effort=effort,
        )  # fmt: skip
        # Written at once: checking the answer again takes longer than making it.
        return Response(found.model_dump_json(), media_type="application/json")

    return routes


def known_word(studio: Studio) -> str:
    """A word that changes with classes, people, task and instructions: a page that is told another asks anew."""
    dataset = studio.dataset
    described = [row.model_dump() for row in classes.described(dataset)]
    return fingerprint([described, _people(studio), task_of(dataset), dataset.instructions])


def _people(studio: Studio) -> list[str]:
    return sorted({*studio.settings.people.values(), *workflow.roles(studio.dataset)})


def _sequences(dataset: Dataset) -> list[SequenceInfo]:
    return [
        SequenceInfo(name=name, axis=known.axis, step=known.spacing[0] if known.spacing else None)
        for name, known in dataset.sequences.items()
    ]
