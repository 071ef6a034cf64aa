"""maskwright propagate"""

from dataclasses import asdict
from typing import Annotated

import typer

from maskwright.cli.output import (
    At,
    Author,
    DatasetPlace,
    Json,
    Where,
    Workers,
    emit,
    progress,
    set_aside,
    table,
    view_of,
)
from maskwright.core import typed
from maskwright.core.plurals import many


def command(
    dataset: DatasetPlace,
    engine: Annotated[
        str, typer.Option(help="forest, network, seggpt, dino; see docs/reference/fewshot.md.")
    ] = "forest",
    example: Annotated[
        list[str] | None, typer.Option("--example", help="Learn from this sample only; repeatable. All labelled ones.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="Of the engine; repeatable.")
    ] = None,
    where: Where = None,
    at: At = None,
    folds: Annotated[int, typer.Option(min=0, help="Of the cross-validation that tells the expected quality.")] = 5,
    limit: Annotated[int | None, typer.Option(min=1, help="Suggest for so many samples at most.")] = None,
    accept: Annotated[
        float | None, typer.Option(min=0, max=1, help="Write suggestions of at least this confidence as labels.")
    ] = None,
    author: Author = None,
    workers: Workers = 1,
    json: Json = False,
) -> None:
    """Learn from the labelled samples, suggest labels for the others, the doubtful ones first."""
    from maskwright import fewshot
    from maskwright.cli.opening import open_dataset

    settings = fewshot.read_options(engine, typed.pairs(option or ()))
    with open_dataset(dataset, quiet=json) as opened:
        view = view_of(opened, at, where)
        learner = fewshot.learner(engine, **settings)
        with progress("suggesting", None, quiet=json) as follow:
            done = fewshot.propagate(
                opened, view, learner, engine=engine, examples=example or (), folds=folds, limit=limit,
                settings=settings, workers=workers, progress=follow,
            )  # fmt: skip
        certain = fewshot.confidences(opened, done.run)
        accepted = 0
        if accept is not None:
            keys = [view.read([number])[0].key for number, value in certain.items() if value >= accept]
            accepted = fewshot.accept(opened, done.run, keys, author=author)
        by_key = {view.read([number])[0].key: value for number, value in certain.items()} if certain else {}
    quality = "unknown with one labelled sample" if done.quality != done.quality else f"{done.quality:.3f}"
    suggested = many(done.suggested, "sample")
    lines = [
        f"run {done.run}: {engine} learned from {many(done.labelled, 'sample')}",
        f"suggestions for {suggested} in {done.seconds:.0f} s, {done.rate:.1f} a second after learning",
        f"expected mean IoU: {quality} (cross-validation on the labelled samples)"
        + ("" if done.before is None else f"; {done.before:.3f} in the last round"),
    ]
    lines += set_aside([asdict(sample) for sample in done.set_aside])
    if not done.rising:
        lines.append("The last labels added little: correct the suggestions rather than labelling more from scratch.")
    if accept is not None:
        lines.append(f"accepted {accepted} suggestions of a confidence of at least {accept:g}")
    if done.least:
        lines += ["", *table([(key, by_key[key]) for key in done.least[:10]], ("look at these first", "confidence"))]
    emit({**asdict(done), "accepted": accepted}, lines, json)
