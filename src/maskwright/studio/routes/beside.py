"""One image under two runs: what each found of its objects."""

from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.insight.judged_objects import judged_objects
from maskwright.studio.state import Studio


class ObjectJudged(BaseModel):
    """See `insight.judged_objects.JudgedObject`."""

    what: Literal["matched", "invented", "lost"]
    class_name: str
    box: tuple[int, int, int, int]
    score: float | None
    iou: float


def router(studio: Studio) -> APIRouter:
    """/api/images/{number}/judged."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.get("/api/images/{number}/judged")
    def judged(number: int, run: str) -> list[ObjectJudged]:
        """What a run found of each object of the image, and what beside."""
        view = dataset.frozen()
        sample = view.read([number])[0]
        asked = dataset.run(run)
        if not asked.has_predicted(number):
            raise UsageError(f"the run {shown(asked.id)!r} did not predict this image", record=sample.key)
        [found] = asked.predictions([(number, sample)])
        return [ObjectJudged(**asdict(each)) for each in judged_objects(sample.segments, found, view.classes)]

    return routes
