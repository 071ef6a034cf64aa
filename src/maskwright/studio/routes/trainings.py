"""Trainings that are begun, stopped and gone on with from the page; each is a process of its own."""

from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from maskwright import models
from maskwright.errors import UsageError
from maskwright.registry import require
from maskwright.runs import launching
from maskwright.studio.state import Studio
from maskwright.train import wishes


class Wished(BaseModel):
    """What a person typed; see `train.wishes.Wishes`."""

    name: str = Field(default="", max_length=200)
    minutes: str = Field(default="", max_length=40)
    epochs: str = Field(default="", max_length=40)
    model: str = Field(default="", max_length=200)
    lines: str = Field(default="", max_length=20_000)


class Longer(BaseModel):
    """How long a training goes on; nothing is as long as it was meant to."""

    minutes: str = Field(default="", max_length=40)
    epochs: str = Field(default="", max_length=40)


class RefusedWish(BaseModel):
    """See `train.wishes.Refused`."""

    field: Literal["name", "minutes", "epochs", "model", "lines", "plan"]
    words: str


class PlannedTraining(BaseModel):
    """The plan around what was wished, or what is wrong with it.

    training, validation: samples.  lines: setting, value, reason.
    """

    refused: list[RefusedWish]
    training: int
    validation: int
    lines: list[tuple[str, str, str]]


class Trainable(BaseModel):
    """What a training can be chosen from. possible: may one be begun here?"""

    possible: bool
    models: list[str]


class Begun(BaseModel):
    """Whose process is there now."""

    run: str


def router(studio: Studio) -> APIRouter:
    """/api/trainings, and what ends and goes on under /api/runs/{id}."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.get("/api/trainings")
    def trainable() -> Trainable:
        """What there is to choose from."""
        return Trainable(possible=dataset.database.writable, models=models.names())

    @routes.post("/api/trainings/plan")
    def plan(wished: Wished) -> PlannedTraining:
        """How a training would go and why, or what is wrong with what was wished. Nothing is begun."""
        require("torch", "training")
        found, refused = wishes.planned(dataset, wishes.Wishes(**wished.model_dump()))
        told = [RefusedWish(**asdict(wrong)) for wrong in refused]
        if found is None:
            return PlannedTraining(refused=told, training=0, validation=0, lines=[])
        lines = [(name, _said(value), reason) for name, value, reason in found.lines()]
        return PlannedTraining(
            refused=told, training=found.facts.training, validation=found.facts.validation, lines=lines
        )  # fmt: skip

    @routes.post("/api/trainings")
    def begin(wished: Wished) -> Begun:
        """Begin a training after the plan that `/api/trainings/plan` shows."""
        require("torch", "training")
        found, refused = wishes.planned(dataset, wishes.Wishes(**wished.model_dump()))
        if found is None:
            raise UsageError(refused[0].words.rstrip("."))
        return Begun(run=launching.begin(dataset, found.write, name=wished.name.strip() or None).name)

    @routes.delete("/api/trainings/{name}")
    def forget(name: str) -> Begun:
        """Forget a training that ended before there was a run."""
        launching.forget(dataset, name)
        return Begun(run=name)

    @routes.post("/api/runs/{id}/stop")
    def stop(id: str) -> Begun:
        """End a training as Ctrl+C does."""
        launching.stop(dataset, id)
        return Begun(run=id)

    @routes.post("/api/runs/{id}/resume")
    def resume(id: str, given: Longer) -> Begun:
        """Go on with a training that ended."""
        require("torch", "training")
        return Begun(run=launching.go_on(dataset, id, wishes.longer(given.epochs, given.minutes)).name)

    @routes.get("/api/runs/{id}/printed")
    def printed(id: str) -> list[str]:
        """The last two hundred lines that a training's process printed."""
        return launching.printed(dataset, id)

    return routes


def _said(value: Any) -> str:
    """A setting's value as `maskwright plan` says it."""
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
