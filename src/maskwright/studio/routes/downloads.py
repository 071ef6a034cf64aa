"""Tables and figures as files."""

import io
import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from maskwright.figures import drawing
from maskwright.insight.figures_of_runs import What as Drawn
from maskwright.insight.figures_of_runs import figure_of_runs
from maskwright.insight.tables_of_choices import table_of_samples, table_of_segments
from maskwright.insight.tables_of_runs import What, table_of_runs
from maskwright.studio.routes.explore import Expression
from maskwright.studio.routes.objects import ObjectsAsked
from maskwright.studio.state import Studio

Ids = Annotated[list[Annotated[str, Query(max_length=300)]], Query(min_length=1, max_length=50)]
Text = Annotated[str, Query(max_length=500)]
TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet", "svg": "image/svg+xml",
         "png": "image/png"}  # fmt: skip


class TableAsked(ObjectsAsked):
    """of: images, or objects.  columns: expressions."""

    of: Literal["images", "objects"] = "images"
    columns: list[Expression] = Field(default_factory=list, max_length=60)


def router(studio: Studio) -> APIRouter:
    """/api/tables and /api/figures, and what is chosen on Explore as a table."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.get("/api/tables/{what}.{form}")
    def table(what: What, form: Literal["csv", "parquet"], run: Ids) -> Response:
        """Numbers of runs; see `insight.tables_of_runs`."""
        found = table_of_runs(dataset, run, what)
        return _file(encoded_table(found, form), f"{what} {' '.join(run)}", form)

    @routes.post("/api/explore/table.{form}")
    def chosen(form: Literal["csv", "parquet"], asked: TableAsked) -> Response:
        """Images or objects that are left, in their order, with values; see `insight.tables_of_choices`."""
        looking, regions = studio.looking, asked.drawn()
        view = looking.view(asked.where)
        if asked.of == "images":
            found = table_of_samples(looking, view, regions, asked.columns)
        else:
            found = table_of_segments(
                looking, view, regions, asked.columns, asked.order or None, descending=asked.descending
            )  # fmt: skip
        return _file(encoded_table(found, form), asked.of, form)

    @routes.get("/api/figures/{what}.{form}")
    def figure(what: Drawn, form: Literal["svg", "png"], run: Ids, name: Text = "") -> Response:
        """Numbers of runs, drawn; see `insight.figures_of_runs`. name: of a curve."""
        drawn = figure_of_runs(dataset, run, what, name)
        content = drawing.svg(drawn).encode() if form == "svg" else drawing.png(drawn)
        return _file(content, f"{name or what} {' '.join(run)}", form)

    return routes


def encoded_table(table: object, form: Literal["csv", "parquet"]) -> bytes:
    """The bytes of a file. table: of Arrow."""
    out = io.BytesIO()
    if form == "csv":
        from pyarrow import csv

        csv.write_csv(table, out)
    else:
        from pyarrow import parquet

        parquet.write_table(table, out)
    return out.getvalue()


def _file(content: bytes, name: str, form: str) -> Response:
    called = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII)[:120]
    headers = {"content-disposition": f'attachment; filename="{called}.{form}"', "cache-control": "no-store"}
    return Response(content, media_type=TYPES[form], headers=headers)
