"""maskwright embed"""

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from maskwright.cli.output import Author, DatasetPlace, Json, Where, Workers, emit, progress, set_aside
from maskwright.core.plurals import many


def command(
    dataset: DatasetPlace,
    of: Annotated[
        Literal["samples", "segments"], typer.Option(help="What gets a vector: whole images, or each segment.")
    ] = "samples",
    by: Annotated[
        str,
        typer.Option(help="colour, which needs no weights; or an encoder: a name of the weights catalogue, or a file."),
    ] = "colour",
    name: Annotated[str | None, typer.Option(help="Of the column; what it is made by when not given.")] = None,
    where: Where = None,
    layout: Annotated[
        Literal["tsne", "pca", "none"],
        typer.Option(help="How the map is laid out: t-SNE, the first two principal components, or no map."),
    ] = "tsne",
    seed: Annotated[int, typer.Option(help="Of t-SNE: the same seed gives the same map.")] = 0,
    workers: Workers = 1,
    author: Author = None,
    json: Json = False,
) -> None:
    """Vectors of how images or segments look, and a map of them; interrupted and started again, it goes on."""
    from maskwright.cli.opening import open_dataset
    from maskwright.insight.embedding import embed

    with open_dataset(dataset, quiet=json) as opened, progress("embedding", None, quiet=json) as follow:
        found = embed(
            opened, by=by, of=of, name=name, among=None if where is None else opened.where(where),
            layout=None if layout == "none" else layout, seed=seed, workers=workers, author=author, progress=follow,
        )  # fmt: skip
    lines = [f"{many(found.vectors, 'vector')} {found.column} of {found.length} numbers, revision {found.revision}"]
    if found.before:
        lines += [f"{many(found.before, 'sample')} of them from the call that was cut off"]
    if found.map is not None:
        lines += [f"map {found.map} of {many(found.mapped, 'vector')}: {found.layout}; the studio shows it"]
    lines += set_aside([asdict(sample) for sample in found.set_aside])
    emit(asdict(found), lines, json)
