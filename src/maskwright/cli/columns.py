"""maskwright columns"""

from typing import Annotated, Any, Literal

import typer

from maskwright.cli.output import At, Author, DatasetPlace, Json, emit, table, view_of

Action = Literal["list", "add", "drop"]
Owner = Literal["sample", "segment", "sequence"]


def command(
    dataset: DatasetPlace,
    action: Annotated[Action, typer.Argument(help="What to do.")] = "list",
    name: Annotated[str | None, typer.Argument(help="The column.")] = None,
    kind: Annotated[
        str | None,
        typer.Argument(
            help="number, integer, text, category, bool, time, box, points, vector, reference; also float, int, str."
        ),
    ] = None,
    unit: Annotated[str | None, typer.Option(help="As it is shown, such as °C.")] = None,
    low: Annotated[float | None, typer.Option(help="The least number that is taken.")] = None,
    high: Annotated[float | None, typer.Option(help="The largest number that is taken.")] = None,
    values: Annotated[str | None, typer.Option(metavar="A,B,…", help="The words that a category can be.")] = None,
    length: Annotated[int | None, typer.Option(min=1, help="Numbers of a vector.")] = None,
    dtype: Annotated[Literal["float16", "float32"], typer.Option(help="Of a vector.")] = "float32",
    expression: Annotated[str | None, typer.Option(help="Compute it from other columns whenever it is read.")] = None,
    description: Annotated[str, typer.Option(help="One sentence.")] = "",
    owner: Annotated[Owner, typer.Option(help="What has it.")] = "sample",
    at: At = None,
    author: Author = None,
    json: Json = False,
) -> None:
    """Values of your own for every sample or segment: declare, list or drop a column."""
    from maskwright.cli.opening import open_dataset
    from maskwright.errors import UsageError
    from maskwright.store.declarations import column_of, columns_of

    if (name is None) != (action == "list"):
        raise UsageError(f"columns {action} {'takes no name' if name else 'needs the name of a column'}")
    if action != "list" and at is not None:
        raise UsageError("only the newest revision can be changed", todo="Leave out --at.")
    with open_dataset(dataset, quiet=json) as opened:
        if action == "add":
            words = {"values": tuple(word.strip() for word in values.split(","))} if values else {}
            column = column_of(
                str(name), kind, unit=unit, low=low, high=high, length=length, dtype=dtype, expression=expression,
                description=description, owner=owner, **words,
            )  # fmt: skip
            with opened.edit(f"column {name}", author=author) as edit:
                edit.add_column(column)
        elif action == "drop":
            opened.columns.drop(str(name), owner=owner, author=author)
        view = view_of(opened, at, None)
        found = columns_of(view)
        emit({"revision": view.revision, "columns": [column.to_json() for column in found]}, _lines(found), json)


def _lines(columns: list[Any]) -> list[str]:
    if not columns:
        return ["no columns but those that every sample has; add one with: maskwright columns DATASET add NAME KIND"]
    came = "from the values that came in"
    rows = [
        (column.name, column.owner, column.kind, _about(column), column.description if column.declared else came)
        for column in columns
    ]
    return list(table(rows, ("column", "of", "kind", "unit and values", "")))


def _about(column: Any) -> str:
    parts = [column.unit or "", ", ".join(column.values)]
    if column.low is not None or column.high is not None:
        parts.append(
            f"{'' if column.low is None else f'{column.low:g}'} to {'' if column.high is None else f'{column.high:g}'}"
        )
    if column.length is not None:
        parts.append(f"{column.length} {column.dtype}")
    if column.expression is not None:
        parts.append(f"= {column.expression}")
    return "  ".join(part for part in parts if part)
