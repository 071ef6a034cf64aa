"""maskwright snapshot"""

from typing import Annotated

import typer

from maskwright.cli.output import At, DatasetPlace, Json, Where, emit, view_of


def command(
    dataset: DatasetPlace,
    file: Annotated[str, typer.Argument(metavar="FILE.parquet", help="The Parquet file.")],
    read: Annotated[
        bool, typer.Option("--read", help="Make a new dataset from the file instead of writing it.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    where: Where = None,
    at: At = None,
    json: Json = False,
) -> None:
    """One Parquet file for Spark, Ray, DuckDB and pandas; or a dataset from such a file."""
    from maskwright.core.names import shown_place
    from maskwright.store import Dataset, snapshot, transfer

    if read:
        classes, samples = snapshot.read(file)
        result = transfer.import_samples(
            dataset, classes, samples, f"from {shown_place(file)}", columns=snapshot.columns(file),
            sequences=snapshot.sequences(file),
            vector_groups=snapshot.read_vectors(file),
        )  # fmt: skip
        result |= {"columns": [column.to_json() for column in result["columns"]]}
        emit(result, [f"{result['samples']} samples as revision {result['revision']} of {dataset}"], json)
        return
    with Dataset.open(dataset) as opened:
        number = snapshot.write(view_of(opened, at, where), file, overwrite=overwrite)
    emit({"samples": number, "file": file}, [f"wrote {number} samples to {file}"], json)
