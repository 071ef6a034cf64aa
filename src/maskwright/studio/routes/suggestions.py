"""Labels that a program suggests: learned from images that are finished, or followed through videos."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from maskwright import fewshot, video
from maskwright.labelling import assignments
from maskwright.studio.background import Work
from maskwright.studio.routes.jobs import Job, begun
from maskwright.studio.state import Studio, number_or_none


class Propagating(BaseModel):
    """What to learn with."""

    engine: str = "forest"
    limit: int | None = Field(default=None, ge=1)


class Following(BaseModel):
    """What to follow objects with, through the videos of the dataset."""

    engine: str = "classical"
    direction: Literal["both", "forward", "backward"] = "both"


def router(studio: Studio) -> APIRouter:
    """/api/propagate and /api/follow."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.post("/api/propagate")
    def propagate(given: Propagating) -> Job:
        """Label the rest: suggestions for all images without labels, learned from those that have some."""

        def doing(job: Work) -> dict[str, Any]:
            options = studio.engines.options("fewshot.engines", given.engine)
            done = fewshot.propagate(
                dataset, dataset.frozen(), fewshot.learner(given.engine, **options), engine=given.engine,
                limit=given.limit, examples=assignments.finished_keys(dataset), settings=options, progress=job.follow,
            )  # fmt: skip
            return {
                "run": done.run, "labelled": done.labelled, "suggested": done.suggested,
                "quality": number_or_none(done.quality), "rising": done.rising, "seconds": done.seconds,
            }  # fmt: skip

        return begun(studio, "propagate", doing)

    @routes.post("/api/follow")
    def follow(given: Following) -> Job:
        """Suggestions for the frames of videos, from those that are labelled."""

        def doing(job: Work) -> dict[str, Any]:
            done = video.track_dataset(
                dataset.frozen(), engine=given.engine, direction=given.direction,
                settings=studio.engines.options("video.engines", given.engine), progress=job.follow,
            )  # fmt: skip
            return {"run": done.run, "suggested": done.suggested, "tracks": done.tracks, "seconds": done.seconds}

        return begun(studio, "follow", doing)

    return routes
