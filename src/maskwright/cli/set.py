"""maskwright set"""

from typing import Annotated

import typer

from maskwright.cli.output import Author, DatasetPlace, Json, emit, table


def command(
    dataset: DatasetPlace,
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="COLUMN=VALUE…", help="What they get; nothing behind = takes a value away."),
    ] = None,
    where: Annotated[str | None, typer.Option(help="Only samples for which this holds; needed, or --all.")] = None,
    all: Annotated[bool, typer.Option("--all", help="All samples.")] = False,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE.csv", help="Instead: a row a sample, a column a value."),
    ] = None,
    key: Annotated[str | None, typer.Option(help="With --from: its column that names the samples; the first.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell how many would change, and the first ten.")
    ] = False,
    author: Author = None,
    json: Json = False,
) -> None:
    """Give many samples values at once, as one revision: the same ones, or those of a CSV file."""
    from maskwright.cli.opening import open_dataset
    from maskwright.core.names import shown
    from maskwright.errors import UsageError
    from maskwright.store.bulk import read_values

    if source is not None and (values or all or where is not None):
        raise UsageError("a file says which samples get what", todo="Leave out values, --where and --all.")
    if key is not None and source is None:
        raise UsageError("--key is about a file", needed="--from FILE.csv")
    if source is None and not values:
        raise UsageError("there is nothing to set", needed="COLUMN=VALUE, or --from FILE.csv")
    if source is None and where is not None and (all or not where.strip()):
        wrong = "both --where and --all are given" if all else "the condition is empty"
        raise UsageError(wrong, needed="--where CONDITION, or --all for all samples")
    if source is None and where is None and not all:
        raise UsageError("it is not said which samples", needed="--where CONDITION, or --all for all samples")
    with open_dataset(dataset, quiet=json) as opened:
        if source is not None:
            found = opened.set_from(source, key=key, dry_run=dry_run, author=author)
        else:
            given = read_values(opened.columns, values or ())
            found = opened.set_where(where or "", given, dry_run=dry_run, author=author)
        revision = opened.revision
    result = {
        "matched": found.matched, "changed": found.changed, "revision": None if dry_run else revision,
        "first": [{"key": row.key, "before": dict(row.before), "after": dict(row.after)} for row in found.first],
    }  # fmt: skip
    rows = [
        (shown(row.key), name, str(row.before[name]), str(value))
        for row in found.first for name, value in row.after.items() if row.before[name] != value
    ]  # fmt: skip
    told = f"{found.changed} of the {found.matched} samples that were meant {'would change' if dry_run else 'changed'}"
    lines = [*(table(rows, ("sample", "column", "before", "after")) if dry_run else ()), told]
    emit(result, lines, json)
