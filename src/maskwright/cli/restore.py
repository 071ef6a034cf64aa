"""maskwright restore"""

from typing import Annotated

import typer

from maskwright.cli.output import Author, DatasetPlace, Json, emit


def command(
    dataset: DatasetPlace,
    revision: Annotated[str, typer.Argument(help="A revision: number, tag, head~N.")],
    author: Author = None,
    json: Json = False,
) -> None:
    """Make the dataset what it was; the history in between stays."""
    from maskwright.cli.opening import open_dataset

    with open_dataset(dataset, quiet=json) as opened:
        number = opened.resolve(revision)
        opened.restore(number, author=author)
        head = opened.revision
    emit({"restored": number, "revision": head}, [f"revision {head} is what revision {number} was"], json)
