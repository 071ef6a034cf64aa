"""The application: who may ask, the page, and the routes. What a route does lies in the rooms below."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response

from maskwright.errors import MaskwrightError, UsageError
from maskwright.store import Dataset
from maskwright.store.dataset import user_name
from maskwright.studio import api_page, wrong_values
from maskwright.studio.routes import (
    beside,
    bulk,
    classes,
    columns,
    downloads,
    explore,
    files,
    history,
    images,
    jobs,
    label,
    maps,
    objects,
    project,
    runs,
    setup,
    suggestions,
    team,
    trainings,
    window,
)
from maskwright.studio.security import Guard
from maskwright.studio.state import Settings, Studio

#: Each holds `router(studio)`, and the messages that its routes take and give.
ROUTES = (
    bulk,
    project,
    setup,
    classes,
    columns,
    explore,
    objects,
    runs,
    beside,
    trainings,
    downloads,
    history,
    maps,
    team,
    images,
    label,
    suggestions,
    jobs,
    files,
    window,
)

PAGE = Path(__file__).parent / "static"
NOT_BUILT = (
    "The studio's page was not built with this installation. With Node.js 20 or newer, in a clone: "
    "cd web && npm install && npm run build"
)


def create_app(dataset: Dataset, settings: Settings) -> Any:
    """An ASGI application. The dataset stays the caller's to close. Raises what loading engines raises."""
    api = FastAPI(title="Maskwright studio", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    studio = Studio(dataset, settings)

    @api.exception_handler(MaskwrightError)
    async def explained(_: Request, error: MaskwrightError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 400 if isinstance(error, UsageError) else 422)

    @api.exception_handler(RequestValidationError)
    async def refused(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": wrong_values.sentence(error.errors())}, 422)

    for module in ROUTES:
        api.include_router(module.router(studio))

    @api.get("/api", include_in_schema=False)
    def described() -> Response:
        return Response(api_page.page(api.openapi()), media_type="text/html")

    @api.get("/api/style.css", include_in_schema=False)
    def style() -> Response:
        return Response(api_page.STYLE, media_type="text/css")

    @api.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        if path.startswith("api/"):
            raise HTTPException(404, "there is nothing here")
        if not (PAGE / "index.html").is_file():
            return Response(NOT_BUILT, media_type="text/plain")
        wanted = (PAGE / (path or "index.html")).resolve()
        if not wanted.is_relative_to(PAGE.resolve()) or not wanted.is_file():
            wanted = PAGE / "index.html"
        kept = "public, max-age=31536000, immutable" if "assets" in wanted.parts else "no-store"
        return FileResponse(wanted, headers={"cache-control": kept})

    everybody = dict(settings.people) or {settings.token: user_name()}
    return Guard(api, tokens=everybody, hosts=settings.hosts)
