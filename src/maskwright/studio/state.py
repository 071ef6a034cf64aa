"""What the routes of one studio share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request

from maskwright.core.sample import Sample
from maskwright.insight.looking import Looking
from maskwright.interactive import Embeddings
from maskwright.interactive.session_cache import SessionCache
from maskwright.labelling import workflow
from maskwright.labelling.presence import Presence
from maskwright.media import tiles
from maskwright.store import Dataset
from maskwright.studio.background import Jobs
from maskwright.weights.available import AvailableEngines


@dataclass(frozen=True)
class Settings:
    """token: of the first link.  hosts: that the Host header may name.  people: tokens of their own links -> names.

    weights: of engines, by name.
    """

    token: str
    hosts: frozenset[str] = field(default_factory=lambda: frozenset({"127.0.0.1", "localhost", "[::1]"}))
    people: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)


class Studio:
    """One dataset being worked on: its engines, long work, decoded images, and who is there.

    Each module of routes gets it.  The dataset stays the caller's to close.
    """

    def __init__(self, dataset: Dataset, settings: Settings) -> None:
        """Loads the engines that were given weights. Who is new becomes an annotator. Raises what loading raises."""
        folder = dataset.database.folder
        embeddings = Embeddings(megabytes=512, folder=None if folder is None else folder / ".maskwright" / "embeddings")
        self.dataset = dataset
        self.looking = Looking(dataset)
        self.settings = settings
        self.engines = AvailableEngines(settings.weights)
        self.sessions = SessionCache(embeddings, self.engines, lambda: dataset.window)
        self.jobs = Jobs()
        self.pyramids = tiles.Pyramids()
        self.presence = Presence()
        if dataset.database.writable:
            workflow.join(dataset, settings.people.values())
            dataset.keep_window()  # what is looked at does not change with what comes in

    def sample(self, number: int) -> Sample:
        """Raises what reading raises for a number that is not there."""
        return self.dataset.read([number])[0]


def person(request: Request) -> str:
    """Who asks; the guard has put the name there."""
    return str(request.state.person)


def number_or_none(value: float) -> float | None:
    """None for NaN, which JSON does not hold."""
    return None if value != value else value
