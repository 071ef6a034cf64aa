"""The columns of samples and segments, by which pages show and take values."""

from fastapi import APIRouter

from maskwright.core.columns import BUILT_IN
from maskwright.studio.messages import ColumnInfo
from maskwright.studio.state import Studio


def router(studio: Studio) -> APIRouter:
    """/api/columns."""
    routes = APIRouter()

    @routes.get("/api/columns")
    def columns() -> list[ColumnInfo]:
        """Built-in ones first, then those that users declared or that came with the data, in their order."""
        built = [ColumnInfo.of(column, built_in=True) for owner in BUILT_IN for column in BUILT_IN[owner]]
        return [*built, *(ColumnInfo.of(column, built_in=False) for column in studio.dataset.columns)]

    return routes
