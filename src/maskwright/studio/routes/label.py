"""The label page: an image's objects, gestures on them, who else is there, and masks for prompts."""

import time
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from maskwright import fewshot
from maskwright.core.arrays import Bool, Size
from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.fewshot import first_masks
from maskwright.labelling import gestures, own_labels, workflow
from maskwright.studio.messages import further
from maskwright.studio.routes.project import known_word
from maskwright.studio.routes.window import token
from maskwright.studio.state import Studio, number_or_none, person

Layer = Literal["shared", "own"]


class SegmentInfo(further("SegmentColumns", "segment")):  # type: ignore[misc]
    """An object.  counts: COCO's compressed run lengths over the whole image.  revision: it was written in; 0 for an
    object that is only suggested.  Columns beyond these are told, and what is sent of them is not taken.
    """

    id: int = Field(ge=0, lt=2**53)
    class_id: int
    counts: str = Field(max_length=32 * 2**20)
    z: int | None = None
    is_crowd: bool = False
    source: Literal["human", "model", "import"] = "human"
    score: float | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)
    revision: int = 0


class CommentInfo(BaseModel):
    """What somebody says of an object, or of the image where segment is none; see `labelling.workflow.Comment`."""

    number: int
    segment: int | None
    author: str
    created: str
    text: str


class WorkflowInfo(BaseModel):
    """Whose task an image is, how far it is, and what is said of it; see `labelling.workflow.Workflow`."""

    number: int
    state: str | None
    assignee: str | None
    own_labels: list[str]
    comments: list[CommentInfo]


class ImageSegments(BaseModel):
    """An image's objects, lowest first.  fields: the image's own.  run: that suggests them; none for labels.

    rejected: ids of suggested objects that a person rejected one by one.  ranked: scores only order what is suggested.
    """

    revision: int
    objects: list[SegmentInfo]
    fields: dict[str, Any] = Field(default_factory=dict)
    workflow: WorkflowInfo | None = None
    run: str | None = None
    rejected: list[int] = Field(default_factory=list)
    ranked: bool = False


class Remark(BaseModel):
    """What is said of an object; nothing takes back what was said."""

    segment: int = Field(ge=0, lt=2**53)
    text: str = Field(max_length=4000)


class Verdict(BaseModel):
    """What became of what a run suggests for the image."""

    run: str = Field(min_length=1, max_length=200)
    state: workflow.Judged


class ObjectVerdict(BaseModel):
    """What became of single objects that a run suggests for the image, by their ids in the suggestion."""

    run: str = Field(min_length=1, max_length=200)
    segments: list[int] = Field(min_length=1, max_length=2000)
    state: workflow.Judged


class Said(BaseModel):
    """What a gesture says of the image; see `labelling.workflow.Said`."""

    state: workflow.State | None = None
    comment: Remark | None = None
    suggestion: Verdict | None = None
    objects: ObjectVerdict | None = None


class Gesture(BaseModel):
    """One operation; see `labelling.gestures.Operation`. Keys of base are object ids."""

    id: str = Field(min_length=8, max_length=64, pattern=r"^[0-9a-zA-Z-]+$")
    kind: str = Field(min_length=1, max_length=40, pattern=r"^[a-z ]+$")
    put: list[SegmentInfo] = Field(default_factory=list)
    remove: list[int] = Field(default_factory=list)
    base: dict[int, int] = Field(default_factory=dict)
    fields: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    workflow: Said = Field(default_factory=Said)
    effort: dict[str, float] = Field(default_factory=dict)


class Gestures(BaseModel):
    """Operations in the order they were made."""

    operations: list[Gesture] = Field(max_length=500)


class Answered(BaseModel):
    """What became of an operation. A list of them ends with the first that is stale, which was not applied.

    workflow: number of changes of the image's workflow so far.  before: the last revision that changed the image before
    the operation; one that the page has not read is somebody else's change.
    """

    id: str
    revision: int
    again: bool = False
    stale: list[int] = Field(default_factory=list)
    workflow: int = 0
    before: int = 0


class Present(BaseModel):
    """A sign of life.  tab: made by the page.  gone: it is the last, since the page closes."""

    tab: str = Field(min_length=4, max_length=64)
    gone: bool = False


class Others(BaseModel):
    """Who else is in an image, the last revision that changed it, and the number of changes of its workflow.

    window: the token of the dataset's window; see `DatasetWindow`.  known: see `routes.project.known_word`.
    """

    people: list[str]
    revision: int
    workflow: int
    window: str
    known: str


class Question(BaseModel):
    """Prompts for one object, in pixels; see `interactive.Prompts`. seq comes back with the answer."""

    engine: str = Field(default="classical", max_length=60)
    points: list[tuple[float, float]] = Field(default_factory=list, max_length=200)
    labels: list[int] = Field(default_factory=list, max_length=200)
    box: tuple[float, float, float, float] | None = None
    mask: str | None = Field(default=None, max_length=32 * 2**20)
    text: str | None = Field(default=None, max_length=200)
    threshold: float = Field(default=0.5, gt=0, lt=1)
    seq: int = 0


class Masked(BaseModel):
    """counts and scores of the candidates, best first.  several: they are different objects."""

    seq: int
    counts: list[str]
    scores: list[float]
    several: bool = False
    milliseconds: float


def router(studio: Studio) -> APIRouter:
    """Labels under /api/images/{number}."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.get("/api/images/{number}/objects")
    def objects(
        number: int, request: Request, at: int | None = None, layer: Layer = "shared", of: str | None = None
    ) -> ImageSegments:
        """layer: `own` for the labels that one person made apart from the shared ones: the asker's, or `of`'s once they
        have finished.
        """
        if layer == "own":
            whose = of or person(request)
            if whose != person(request) and whose not in workflow.of(dataset, number).own_labels:
                raise UsageError(f"{whose} has not finished labels of their own on image {number}")
            revision = dataset.revision if at is None else at  # before the labels, as the workflow below
            segments, written = own_labels.read(dataset, number, whose, at)
            found = _segments(segments, revision, written)
            return found.model_copy(update={"workflow": _workflow(number, whose)})
        work = _workflow(number)  # before the labels: what changes in between is asked for again
        view = dataset.frozen() if at is None else dataset.at(at)
        sample = view.read([number])[0]
        found = _segments(sample.segments, view.revision, gestures.revisions_of(view, number))
        return found.model_copy(update={"fields": dict(sample.fields), "workflow": work})

    def _workflow(number: int, opinion: str | None = None) -> WorkflowInfo:
        known = asdict(workflow.of(dataset, number))
        said = workflow.comments(dataset, number, opinion=opinion)
        return WorkflowInfo(**known, comments=[CommentInfo(**asdict(comment)) for comment in said])

    @routes.get("/api/images/{number}/suggestion")
    def suggestion(number: int) -> ImageSegments:
        """What the newest run that suggests something does; nothing where that was accepted or rejected."""
        found = fewshot.waiting(dataset).get(number)
        if found is None:
            return ImageSegments(revision=dataset.revision, objects=[])
        suggested = _segments(fewshot.suggestion(dataset, found[0], number), dataset.revision, {})
        rejected = workflow.rejected_objects(dataset, found[0], number)
        ranked = first_masks.is_ranked(dataset, found[0])
        return suggested.model_copy(update={"run": found[0], "rejected": rejected, "ranked": ranked})

    @routes.get("/api/images/{number}/history")
    def history(number: int) -> list[dict[str, Any]]:
        """Gestures on an image's shared labels, the newest first."""
        return gestures.history(dataset, number)

    @routes.post("/api/images/{number}/operations")
    def apply(number: int, given: Gestures, request: Request, layer: Layer = "shared") -> list[Answered]:
        """Each is durable when the answer comes. The first stale one ends the list, and nothing after it is applied."""
        write = own_labels.apply if layer == "own" else gestures.apply
        out = []
        for gesture in given.operations:
            done = write(dataset, number, _operation(gesture), author=person(request))
            out.append(
                Answered(
                    id=gesture.id, revision=done.revision, again=done.again, stale=list(done.stale),
                    workflow=done.number, before=done.before,
                )
            )  # fmt: skip
            if done.stale:
                break
        return out

    @routes.post("/api/images/{number}/present")
    def here(number: int, given: Present, request: Request) -> Others:
        """Tell that a page shows this image, or no longer -> the other people who look at it."""
        people = [] if given.gone else studio.presence.sign(number, given.tab, person(request))
        if given.gone:
            studio.presence.gone(given.tab)
        changes = workflow.of(dataset, number).number
        seen = token(dataset.window)
        return Others(
            people=people, revision=gestures.last_change(dataset, number), workflow=changes, window=seen,
            known=known_word(studio),
        )  # fmt: skip

    @routes.post("/api/images/{number}/ask")
    def ask(number: int, question: Question) -> Masked:
        """Masks for prompts, the best first."""
        begun = time.perf_counter()
        sample = studio.sample(number)
        answer = studio.sessions.predict(
            sample, question.engine, points=question.points or None, point_labels=question.labels or None,
            boxes=None if question.box is None else [question.box],
            mask=None if question.mask is None else _mask(question.mask, sample.image.size),
            text=question.text, threshold=question.threshold,
        )  # fmt: skip
        return Masked(
            seq=question.seq, counts=[counts.decode("ascii") for counts in answer.masks.compressed()],
            scores=[float(score) for score in np.nan_to_num(answer.scores)], several=answer.several,
            milliseconds=1000 * (time.perf_counter() - begun),
        )  # fmt: skip

    @routes.post("/api/images/{number}/prepare")
    def prepare(number: int, question: Question) -> dict[str, bool]:
        """Read and encode an image that is likely to be asked about next."""
        studio.sessions.prepare(studio.sample(number), question.engine)
        return {"ready": True}

    return routes


def _segments(segments: Segments, revision: int, revisions: dict[int, int]) -> ImageSegments:
    """revisions: of segments by id, that each was written in."""
    strings = segments.masks.compressed()
    rows = [
        SegmentInfo(
            id=int(segments.ids[k]), class_id=int(segments.class_ids[k]), counts=strings[k].decode("ascii"), z=k,
            is_crowd=bool(segments.is_crowd[k]), source=segments.source[k],
            score=number_or_none(float(segments.scores[k])), attributes=dict(segments.attributes[k]),
            **{name: values[k] for name, values in segments.more.items()},
            revision=revisions.get(int(segments.ids[k]), 0),
        )
        for k in range(len(segments))
    ]  # fmt: skip
    return ImageSegments(revision=revision, objects=rows)


def _operation(given: Gesture) -> gestures.Operation:
    put = [
        gestures.Piece(
            segment.id, segment.class_id, segment.counts, segment.z, segment.is_crowd, segment.source, segment.score,
            segment.attributes,
        )
        for segment in given.put
    ]  # fmt: skip
    said = given.workflow
    comment = None if said.comment is None else workflow.Remark(said.comment.segment, said.comment.text)
    verdict = None if said.suggestion is None else workflow.Verdict(said.suggestion.run, said.suggestion.state)
    single = said.objects
    objects = None if single is None else workflow.ObjectVerdict(single.run, tuple(single.segments), single.state)
    return gestures.Operation(
        given.id, given.kind, put, given.remove, given.base, given.fields,
        workflow.Said(said.state, comment, verdict, objects), given.effort,
    )  # fmt: skip


def _mask(counts: str, size: Size) -> Bool:
    """COCO's compressed run lengths of a mask of `size` -> (H, W) bool. Raises UsageError for anything else."""
    try:
        mask: Bool = Masks.from_compressed([counts], size).decode()[0]
    except ValueError as error:
        raise UsageError(f"the mask cannot be read ({error})") from None
    return mask
