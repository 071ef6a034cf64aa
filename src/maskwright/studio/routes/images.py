"""Images as a browser shows them: whole, in tiles, and small."""

from fastapi import APIRouter, Response

from maskwright.media import tiles
from maskwright.studio.state import Studio

HEADERS = {"cache-control": "private, max-age=3600"}


def router(studio: Studio) -> APIRouter:
    """Pixels under /api/images/{number}."""
    routes = APIRouter()

    @routes.get("/api/images/{number}/pixels")
    def pixels(number: int) -> Response:
        """The image as a browser shows it, as its masks lie."""
        content, kind = tiles.file_for_browsers(studio.sample(number))
        return Response(content, media_type=kind, headers=HEADERS)

    @routes.get("/api/images/{number}/tiles/{level}/{column}/{row}")
    def tile(number: int, level: int, column: int, row: int) -> Response:
        """A part of a large image: level 0 has its own size, each further one half of that."""
        content = studio.pyramids.tile(studio.sample(number), level, column, row)
        return Response(content, media_type="image/jpeg", headers=HEADERS)

    @routes.get("/api/images/{number}/thumbnail")
    def thumbnail(number: int) -> Response:
        """The image, small."""
        sample = studio.sample(number)
        content = tiles.thumbnail(sample.image.uri, sample.image.size)
        return Response(content, media_type="image/jpeg", headers=HEADERS)

    return routes
