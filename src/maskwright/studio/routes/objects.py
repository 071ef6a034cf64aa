"""Objects of all images at once: those that conditions and regions are about, their values, and how they look."""

from dataclasses import replace
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from maskwright.errors import UsageError
from maskwright.figures.around import cut_out, surroundings
from maskwright.media import tiles
from maskwright.store.value_arrays import value_arrays
from maskwright.studio.routes.explore import Chosen, Expression, Value, plain
from maskwright.studio.state import Studio


class ObjectsAsked(Chosen):
    """order: an expression of objects or of their images, whose values sort the objects."""

    order: Expression | None = None
    descending: bool = False


class ObjectRows(BaseModel):
    """objects: image number and object id of each.  columns: expressions."""

    objects: list[tuple[int, int]] = Field(max_length=500)
    columns: list[Expression] = Field(default_factory=list, max_length=30)


class ObjectRow(BaseModel):
    """An object.  values: of the columns that were asked for, in their order; none where one is missing."""

    number: int
    object: int
    key: str
    values: list[Value]


def router(studio: Studio) -> APIRouter:
    """/api/explore/objects, /api/explore/object-rows, and pixels of an object under /api/images/{number}."""
    routes = APIRouter()
    dataset, looking = studio.dataset, studio.looking

    @routes.post("/api/explore/objects")
    def objects(asked: ObjectsAsked) -> Response:
        """Image number and object id of each object that is meant, in order: pairs of int32, little endian. The headers
        say the revision, and how many objects there are in all.
        """
        view = looking.view(asked.where)
        found = looking.segments(view, asked.drawn(), asked.order or None, descending=asked.descending)
        total = len(looking.values(view.revision, "segment", "segment"))
        headers = {"x-revision": str(view.revision), "x-total": str(total), "cache-control": "no-store"}
        return Response(found.astype("<i4").tobytes(), media_type="application/octet-stream", headers=headers)

    @routes.post("/api/explore/object-rows")
    def object_rows(asked: ObjectRows) -> list[ObjectRow]:
        """Objects with values, in the order asked for; those that are not there any more are left out."""
        view = dataset.frozen()
        numbers = sorted({number for number, _ in asked.objects})
        found = [value_arrays(view, name, "segment", numbers) for name in ("segment", "key", *asked.columns)]
        ids, *columns = [plain(values) for values in found]
        rows = {
            (number, object_id): ObjectRow(number=number, object=object_id, key=key, values=values)
            for number, object_id, key, *values in zip(found[0].samples.tolist(), ids, *columns, strict=True)
        }
        return [rows[wanted] for wanted in asked.objects if wanted in rows]

    @routes.get("/api/images/{number}/objects/{object_id}/look")
    def look(number: int, object_id: Annotated[int, Field(ge=0)]) -> Response:
        """The object with what is around it and its outline, as a PNG."""
        view = dataset.frozen()
        sample = view.read([number])[0]
        places = np.flatnonzero(sample.segments.ids == object_id)
        if not places.size:
            raise UsageError(f"the image has no object {object_id}", file=sample.key, todo="Look at the list anew.")
        place = int(places[0])
        masks = sample.segments.masks[place : place + 1]
        left, top, right, bottom = part = surroundings(masks)
        image = studio.pyramids.image(sample)
        piece = replace(image, pixels=np.ascontiguousarray(image.pixels[top:bottom, left:right]))
        declared = view.classes[int(sample.segments.class_ids[place])]
        colour = np.full(3, 255)
        if declared.role != "ignore":
            colour = view.classes.colours()[view.classes.index_of(declared.id)]
        drawn = cut_out(tiles.displayed(piece, dataset.window), masks, part, colour)
        return Response(tiles.png(drawn), media_type="image/png", headers={"cache-control": "no-store"})

    return routes
