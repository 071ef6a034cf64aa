"""maskwright log"""

from dataclasses import asdict
from typing import Annotated

import typer

from maskwright.cli.output import DatasetPlace, Json, emit


def command(
    dataset: DatasetPlace,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many revisions, newest first.")] = 20,
    json: Json = False,
) -> None:
    """The dataset's history: who changed what, and when."""
    from maskwright.cli.opening import open_dataset

    with open_dataset(dataset, quiet=json) as opened:
        revisions = opened.log(limit)
    lines = []
    for revision in revisions:
        tags = f"  [{', '.join(revision.tags)}]" if revision.tags else ""
        lines.append(f"{revision.id:>5}  {revision.created[:19]}  {revision.author}  {revision.message}{tags}")
        changes = ", ".join(f"{number} {what}" for what, number in revision.summary.items())
        lines += [f"       {changes}"] if changes else []
    emit({"revisions": [asdict(revision) for revision in revisions]}, lines, json)
