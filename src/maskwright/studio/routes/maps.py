"""Maps: points in the plane for samples or segments that look alike, by what they are coloured, and their nearest.

Numbers travel as they are in memory, little endian.
"""

import json
import struct
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from maskwright.errors import UsageError
from maskwright.insight.askable import as_text
from maskwright.insight.points import maps, points, values_of
from maskwright.store.value_arrays import value_arrays
from maskwright.studio.state import Studio, person

Name = Annotated[str, Field(max_length=200)]
OwnerName = Literal["sample", "segment"]

#: What samples that were chosen on a map are called among the saved views.
SELECTION = "chosen on the map"
#: Characters of a condition that an address can hold.
SHORT = 2_000
#: Samples whose keys are asked for at once.
_AT_ONCE = 20_000


class MapInfo(BaseModel):
    """See `insight.points.MapColumn`."""

    name: str
    owner: OwnerName
    vectors: str | None


class OneMap(BaseModel):
    """A map by its column. revision: the newest when it is not given."""

    name: Name
    owner: OwnerName = "sample"
    revision: int | None = None


class Coloured(OneMap):
    """By which values: an expression of samples or of segments."""

    expression: Annotated[str, Field(max_length=2_000)]
    of: OwnerName = "sample"


class Around(BaseModel):
    """Whose neighbours. name: of a column of vectors.  segment: its id, of vectors of segments."""

    name: Name
    sample: int
    segment: int | None = None
    k: int = Field(default=24, ge=1, le=200)


class Neighbour(BaseModel):
    """distance: by cosine, from 0 for what looks the same to 2."""

    number: int
    segment: int | None
    key: str
    distance: float


class ChosenOnMap(BaseModel):
    """numbers: of samples."""

    numbers: list[int] = Field(min_length=1, max_length=1_000_000)


class Condition(BaseModel):
    """What a page that takes conditions is given."""

    where: str


def router(studio: Studio) -> APIRouter:
    """/api/maps"""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.get("/api/maps")
    def every() -> list[MapInfo]:
        """The maps there are."""
        return [MapInfo(name=found.name, owner=_plain(found.owner), vectors=found.vectors)
                for found in maps(dataset.frozen())]  # fmt: skip

    @routes.post("/api/maps/points")
    def places(asked: OneMap) -> Response:
        """The points, N of them: x of all, then y, float32 from -1 to 1; then the samples' numbers, int32; then, of a
        map of segments, their ids, float64. Headers say how many and of which revision.
        """
        revision = dataset.revision if asked.revision is None else asked.revision
        found = points(dataset.at(revision), asked.name, asked.owner)
        parts = [found.places.T.astype("<f4").tobytes(), found.samples.astype("<i4").tobytes()]
        if found.segments is not None:
            number = len(found.samples)
            parts += [bytes(-12 * number % 8), found.segments.astype("<f8").tobytes()]
        headers = {"x-number": str(len(found.samples)), "x-revision": str(revision), "cache-control": "no-store"}
        return Response(b"".join(parts), media_type="application/octet-stream", headers=headers)

    @routes.post("/api/maps/values")
    def values(asked: Coloured) -> Response:
        """What the points say, in their order: the length of a JSON object, uint32; the object, with `words` or null;
        then float32, NaN where a value is missing, and places in words where there are some.
        """
        revision = dataset.revision if asked.revision is None else asked.revision
        found = points(dataset.at(revision), asked.name, asked.owner)
        said = values_of(studio.looking, revision, found, asked.expression, asked.of)
        about = json.dumps({"words": said.words}).encode()
        about += b" " * (-len(about) % 4)
        body = struct.pack("<I", len(about)) + about + said.values.astype("<f4").tobytes()
        return Response(body, media_type="application/octet-stream", headers={"cache-control": "no-store"})

    @routes.post("/api/maps/nearest")
    def nearest(asked: Around) -> list[Neighbour]:
        """What looks most alike, the nearest first; the sample or segment itself is left out."""
        owner: OwnerName = "sample" if asked.segment is None else "segment"
        ids = None if asked.segment is None else [asked.segment]
        vector = dataset.vectors.read(asked.name, [asked.sample], segments=ids)[0]
        if np.isnan(vector).any():
            raise UsageError(f"the {owner} has no vector {asked.name!r}", todo="Make it with maskwright embed.")
        found = dataset.vectors.nearest(asked.name, vector, asked.k + 1, owner=owner)
        segments = [None] * len(found.samples) if found.segments is None else found.segments.tolist()
        every = zip(found.samples.tolist(), segments, found.distances.tolist(), strict=True)
        rows = [row for row in every if row[:2] != (asked.sample, asked.segment)][: asked.k]
        keys = _keys(sorted({number for number, *_ in rows}))
        return [Neighbour(number=number, segment=segment, key=keys[number], distance=distance)
                for number, segment, distance in rows]  # fmt: skip

    def _keys(numbers: list[int]) -> dict[int, str]:
        view = dataset.frozen()
        out: dict[int, str] = {}
        for at in range(0, len(numbers), _AT_ONCE):
            found = value_arrays(view, "key", samples=numbers[at : at + _AT_ONCE])
            assert found.codes is not None
            out |= {int(number): found.words[code] for number, code in zip(found.samples, found.codes, strict=True)}
        return out

    @routes.post("/api/maps/chosen")
    def chosen(asked: ChosenOnMap, request: Request) -> Condition:
        """A condition that leaves these samples; where it is long, it is kept as a saved view, which a later one
        replaces.
        """
        keys = _keys(asked.numbers)
        where = f"key in ({', '.join(as_text(key) for key in keys.values())})" if keys else "limit 0"
        if len(where) > SHORT:
            dataset.save_view(SELECTION, where, author=person(request))
            where = f"view({as_text(SELECTION)})"
        return Condition(where=where)

    return routes


def _plain(owner: str) -> OwnerName:
    return "segment" if owner == "segment" else "sample"
