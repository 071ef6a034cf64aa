"""maskwright diff"""

from dataclasses import asdict
from typing import Annotated

import typer

from maskwright.cli.output import DatasetPlace, Json, emit


def command(
    dataset: DatasetPlace,
    old: Annotated[str, typer.Argument(help="A revision: number, tag, head~N.")] = "head~1",
    new: Annotated[str, typer.Argument(help="Another one.")] = "head",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many differences to print.")] = 50,
    json: Json = False,
) -> None:
    """What changed between two revisions."""
    from maskwright.store import Dataset

    with Dataset.open(dataset) as opened:
        changes = opened.diff(old, new)
    lines = []
    for one in changes[:limit]:
        part = "" if one.segment is None else f" segment {one.segment} (class {one.class_id})"
        pixels = f", {one.pixels} pixels" if one.pixels is not None else ""
        lines.append(f"{one.what:8} {one.kind} {one.key}{part}{pixels}")
    lines += [f"… and {len(changes) - limit} more"] if len(changes) > limit else []
    lines += [] if changes else ["no difference"]
    emit({"changes": [asdict(one) for one in changes]}, lines, json)
