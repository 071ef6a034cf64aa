"""Labels that a program suggests: first masks, learned from images that are finished, or followed through videos."""

import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from maskwright import fewshot, formats, video
from maskwright.compute import SetAside
from maskwright.core.plurals import many
from maskwright.errors import UsageError
from maskwright.fewshot import first_masks
from maskwright.labelling import assignments, incoming
from maskwright.studio.background import Work
from maskwright.studio.messages import decoded
from maskwright.studio.routes.jobs import Job, begun
from maskwright.studio.state import Studio, number_or_none

#: Images that could not be worked on, named in a result.
_NAMED = 20


class Propagating(BaseModel):
    """What to learn with."""

    engine: str = "forest"
    limit: int | None = Field(default=None, ge=1)


class Following(BaseModel):
    """What to follow objects with, through the videos of the dataset."""

    engine: str = "classical"
    direction: Literal["both", "forward", "backward"] = "both"


class FollowingOn(BaseModel):
    """What to follow from one frame. objects: ids of its objects; none follows all of them.  limit: frames at most."""

    engine: str = "classical"
    direction: Literal["forward", "backward"] = "forward"
    objects: list[int] | None = Field(default=None, min_length=1, max_length=10_000)
    limit: int | None = Field(default=None, ge=1)


class ChoiceInfo(BaseModel):
    """An engine or a run that a source can use; see `fewshot.first_masks.Choice`."""

    name: str
    words: str


class SourceInfo(BaseModel):
    """Where first masks can come from.  lacks: why it cannot be used, and what to do; empty where it can."""

    name: Literal["everything", "words", "run", "examples"]
    choices: list[ChoiceInfo]
    lacks: str


class ReadinessInfo(BaseModel):
    """Whether labels can be propagated; see `fewshot.first_masks.Readiness`."""

    finished: int
    more: int
    missing: list[str]
    words: str


class FirstMasks(BaseModel):
    """What can suggest masks here.  unlabelled: images that are open and have no object."""

    sources: list[SourceInfo]
    readiness: ReadinessInfo
    unlabelled: int


class Examples(BaseModel):
    """Images with labels, in one archive. data: its bytes in base 64."""

    name: str = Field(min_length=1, max_length=300)
    data: str


class Suggesting(BaseModel):
    """What is to suggest masks.  choice: an engine or a run of the source; its first where there is none.

    words: what is looked for.  examples: to learn from in place of the finished images.  class_id: of what `everything`
    and `words` find; the first class where there is none.  number: for this image alone, even where it has labels; for
    all images without labels when there is none.
    """

    source: Literal["everything", "words", "run", "examples"]
    choice: str | None = Field(default=None, max_length=200)
    words: str = Field(default="", max_length=first_masks.LONGEST_WORDS)
    class_id: int | None = None
    number: int | None = None
    examples: Examples | None = None


def router(studio: Studio) -> APIRouter:
    """/api/first-masks, /api/propagate, /api/follow, and /api/images/{number}/follow."""
    routes = APIRouter()
    dataset = studio.dataset

    def sources() -> list[first_masks.Source]:
        names = studio.engines.names("interactive.engines")
        engines = {name: studio.sessions.engine(name) for name in names}
        return first_masks.sources(dataset, engines, studio.engines.names("fewshot.engines"))

    @routes.get("/api/first-masks")
    def possible() -> FirstMasks:
        """What can suggest masks here, what is missing for the rest, and whether labels can be propagated."""
        return FirstMasks(
            sources=[SourceInfo(**asdict(source)) for source in sources()],
            readiness=ReadinessInfo(**asdict(first_masks.readiness(dataset))),
            unlabelled=len(assignments.unlabelled(dataset)),
        )  # fmt: skip

    @routes.post("/api/first-masks")
    def suggest(given: Suggesting) -> Job:
        """Suggest masks for images, in the background. Labels are never touched."""
        source = next(source for source in sources() if source.name == given.source)
        if source.lacks and not (given.source == "examples" and given.examples):
            raise UsageError(source.lacks)
        choice = given.choice or source.choices[0].name
        known = [each.name for each in source.choices]
        if choice not in known:
            raise UsageError(f"{choice} cannot be used for that", needed=", ".join(known))
        numbers = None if given.number is None else [given.number]
        if given.number is not None:
            studio.sample(given.number)  # says that it is not there
        if given.source == "examples" and given.examples is None:
            return learned(choice, numbers)
        content = b"" if given.examples is None else decoded(given.examples.data)
        class_id = _class_of(given.class_id)
        if given.source == "words" and not given.words.strip():
            raise UsageError("it is not said what to look for", needed="words, such as the class's name")

        def guesser() -> first_masks.Guesser:
            if given.examples is not None:
                return taught(choice, given.examples.name, content)
            if given.source == "run":
                return first_masks.of_run(dataset, choice)
            engine = studio.sessions.engine(choice)
            if given.source == "words":
                return first_masks.Words(choice, engine, given.words, class_id, dataset.window)
            return first_masks.Everything(choice, engine, class_id, dataset.window)

        def doing(job: Work) -> dict[str, Any]:
            done = first_masks.suggest(dataset, guesser(), numbers=numbers, progress=job.while_wanted)
            job.words = done.words
            return {
                "run": done.run, "images": done.images, "objects": done.objects, "empty": done.empty,
                "left": done.left, "set_aside": _named(done.set_aside), "seconds": done.seconds,
            }  # fmt: skip

        return begun(studio, "suggest", doing)

    def taught(engine: str, name: str, content: bytes) -> first_masks.Guesser:
        """A learner that has learned from an archive. Raises what reading that raises."""
        options = studio.engines.options("fewshot.engines", engine)
        with tempfile.TemporaryDirectory(prefix="maskwright-examples-") as folder:
            place = incoming.laid_out(content, name, Path(folder))
            with incoming.named(place, name):
                reading = formats.read(place)
                learner = fewshot.learner(engine, **options)
                return first_masks.Taught(engine, learner, reading.samples, reading.classes, dataset, place=name)

    def _class_of(wanted: int | None) -> int:
        """The class of what is found. Raises UsageError for one that cannot be drawn."""
        kinds = [declared.id for declared in dataset.classes if declared.role != "background"]
        if not kinds:
            raise UsageError("there is no class to give to what is found", todo="Add one: Edit classes.")
        if wanted is not None and wanted not in kinds:
            raise UsageError(f"the class {wanted} cannot be given to objects", needed="a declared class")
        return kinds[0] if wanted is None else wanted

    def learned(engine: str, numbers: list[int] | None, limit: int | None = None) -> Job:
        """Begin to propagate. Raises UsageError while too few images are finished, or none is left."""
        ready = first_masks.readiness(dataset)
        if ready.more:
            raise UsageError(ready.words.rstrip("."), todo="Finish images with Enter once all on them is labelled.")
        if numbers is None and not assignments.unlabelled(dataset):
            raise UsageError("nothing is left to label: every image has labels or is finished")

        def doing(job: Work) -> dict[str, Any]:
            options = studio.engines.options("fewshot.engines", engine)
            job.words = f"Learning from {many(ready.finished, 'finished image')}"
            wanted = assignments.unlabelled(dataset) if numbers is None else numbers
            done = fewshot.propagate(
                dataset, dataset.frozen(), fewshot.learner(engine, **options), engine=engine, limit=limit,
                examples=assignments.finished_keys(dataset), numbers=wanted, settings=options, learning=job.follow,
                progress=lambda numbers: _from_here(job, numbers),
            )  # fmt: skip
            job.words = done.words
            return {
                "run": done.run, "labelled": done.labelled, "images": done.suggested - done.empty,
                "objects": done.objects, "suggested": done.suggested,
                "quality": number_or_none(done.quality), "rising": done.rising, "seconds": done.seconds,
                "set_aside": _named(done.set_aside),
            }  # fmt: skip

        return begun(studio, "propagate", doing)

    @routes.post("/api/propagate")
    def propagate(given: Propagating) -> Job:
        """Label the rest: suggestions for all images without labels, learned from those that are finished."""
        return learned(given.engine, None, given.limit)

    @routes.post("/api/follow")
    def follow(given: Following) -> Job:
        """Suggestions for the frames of videos, from those that are labelled."""

        def doing(job: Work) -> dict[str, Any]:
            done = video.track_dataset(
                dataset.frozen(), engine=given.engine, direction=given.direction,
                settings=studio.engines.options("video.engines", given.engine), progress=job.follow,
            )  # fmt: skip
            job.words = f"{many(done.suggested, 'frame')} with suggestions, of {many(done.tracks, 'object')} followed."
            return {"run": done.run, "suggested": done.suggested, "tracks": done.tracks, "seconds": done.seconds}

        return begun(studio, "follow", doing)

    @routes.post("/api/images/{number}/follow")
    def follow_on(number: int, given: FollowingOn) -> Job:
        """Suggestions for the frames after one, up to the next that is labelled."""
        studio.sample(number)

        def doing(job: Work) -> dict[str, Any]:
            done = video.follow(
                dataset, number, objects=given.objects, direction=given.direction, limit=given.limit,
                engine=given.engine, settings=studio.engines.options("video.engines", given.engine),
                progress=job.follow,
            )  # fmt: skip
            return {
                "run": done.run, "suggested": len(done.suggested), "tracks": done.tracks, "until": done.until,
                "numbers": done.suggested, "confidence": done.confidence, "seconds": done.seconds,
            }  # fmt: skip

        return begun(studio, "follow", doing)

    return routes


def _from_here(job: Work, numbers: Iterable[int]) -> Iterable[int]:
    """What is gone through now has the job's own name again."""
    job.words = ""
    return job.follow(numbers)


def _named(aside: tuple[SetAside, ...]) -> list[dict[str, Any]]:
    """Images that could not be worked on, with the reason; the first of many."""
    return [asdict(sample) for sample in aside[:_NAMED]]
