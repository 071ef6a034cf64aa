"""Long work: begun by other routes, followed and stopped here."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from maskwright.studio.background import Work
from maskwright.studio.state import Studio


class Job(BaseModel):
    """status: running, done, failed or cancelled.  result: what it gave.  words: for a person, what it does now
    where that has a name, and how it ended.
    """

    id: str
    kind: str
    status: str
    done: int
    total: int | None
    words: str = ""
    result: dict[str, Any] = Field(default_factory=dict)


def router(studio: Studio) -> APIRouter:
    """Under /api/jobs."""
    routes = APIRouter()

    def running(id: str) -> Work:
        found = studio.jobs.get(id)
        if found is None:
            raise HTTPException(404, "there is no such job")
        return found

    @routes.get("/api/jobs")
    def newest() -> Job | None:
        """The long work that was begun last since the studio was started; nothing where there was none."""
        found = studio.jobs.newest()
        return None if found is None else _job(found)

    @routes.get("/api/jobs/{id}")
    def job(id: str) -> Job:
        """How far long work is."""
        return _job(running(id))

    @routes.post("/api/jobs/{id}/cancel")
    def cancel(id: str) -> Job:
        """Stop it between two steps."""
        found = running(id)
        found.stop()
        return _job(found)

    return routes


def begun(studio: Studio, kind: str, work: Callable[[Work], dict[str, Any]]) -> Job:
    """Begin long work beside the answers. Raises HTTPException while something else runs."""
    started = studio.jobs.start(kind, work)
    if started is None:
        raise HTTPException(409, "something else is running")
    return _job(started)


def _job(work: Work) -> Job:
    return Job(
        id=work.id, kind=work.kind, status=work.status, done=work.done, total=work.total, words=work.words,
        result=work.result,
    )  # fmt: skip
