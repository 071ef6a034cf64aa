"""maskwright tag"""

from typing import Annotated

import typer

from maskwright.cli.output import DatasetPlace, Json, emit


def command(
    dataset: DatasetPlace,
    name: Annotated[str | None, typer.Argument(help="The new tag; lists all tags when not given.")] = None,
    revision: Annotated[str, typer.Argument(help="What it names.")] = "head",
    move: Annotated[bool, typer.Option("--move", help="Let an existing tag name another revision.")] = False,
    json: Json = False,
) -> None:
    """Name a revision that matters."""
    from maskwright.cli.opening import open_dataset

    with open_dataset(dataset, quiet=json) as opened:
        if name is not None:
            opened.tag(name, revision, move=move)
        tags = opened.tags()
    emit({"tags": tags}, [f"{tag}  revision {number}" for tag, number in sorted(tags.items())], json)
