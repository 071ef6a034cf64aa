"""Images as a browser shows them: whole, in tiles, and small."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from maskwright.errors import UsageError
from maskwright.media import tiles
from maskwright.media.windows import Window
from maskwright.studio.routes.window import Numbers, asked
from maskwright.studio.state import Studio

HEADERS = {"cache-control": "private, max-age=3600"}


def router(studio: Studio) -> APIRouter:
    """Pixels under /api/images/{number}."""
    routes = APIRouter()

    def window_of(
        low: Numbers = None, high: Numbers = None, channels: Numbers = None, eight_bits: bool = True
    ) -> Window | None:
        """The window of one view; the dataset's where low and high are not given."""
        return asked(studio, low, high, channels, eight_bits=eight_bits)

    @routes.get("/api/images/{number}/pixels")
    def pixels(number: int, window: Annotated[Window | None, Depends(window_of)], rough: bool = False) -> Response:
        """The image as a browser shows it, as its masks lie. rough: made sooner, while a window is being chosen."""
        content, kind = studio.pyramids.whole(studio.sample(number), window, rough=rough)
        return Response(content, media_type=kind, headers={"cache-control": "no-store"} if rough else HEADERS)

    @routes.get("/api/images/{number}/tiles/{level}/{column}/{row}")
    def tile(
        number: int, level: int, column: int, row: int, window: Annotated[Window | None, Depends(window_of)]
    ) -> Response:
        """A part of a large image: level 0 has its own size, each further one half of that."""
        content = studio.pyramids.tile(studio.sample(number), window, level, column, row)
        return Response(content, media_type="image/jpeg", headers=HEADERS)

    @routes.get("/api/images/{number}/thumbnail")
    def thumbnail(number: int, window: Annotated[Window | None, Depends(window_of)]) -> Response:
        """The image, small."""
        sample = studio.sample(number)
        content = tiles.thumbnail(sample.image.uri, sample.image.size, window)
        return Response(content, media_type="image/jpeg", headers=HEADERS)

    @routes.get("/api/images/{number}/segments/{segment}/thumbnail")
    def closely(number: int, segment: int, window: Annotated[Window | None, Depends(window_of)]) -> Response:
        """A segment and what lies around it, small."""
        sample = studio.sample(number)
        boxes = dict(zip(sample.segments.ids.tolist(), sample.segments.masks.boxes().tolist(), strict=True))
        if segment not in boxes:
            raise UsageError(f"the image has no segment {segment}", file=sample.key)
        content = tiles.closely(sample.image.uri, sample.image.size, tuple(boxes[segment]), window)
        return Response(content, media_type="image/jpeg", headers=HEADERS)

    return routes
