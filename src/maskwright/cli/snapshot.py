"""maskwright snapshot"""

from typing import Annotated

import typer

from maskwright.cli.output import At, DatasetPlace, Json, Where, emit, view_of
from maskwright.core.plurals import many


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
    from maskwright.cli.opening import open_dataset
    from maskwright.core.names import shown_place
    from maskwright.store import snapshot, transfer

    if read:
        classes, samples = snapshot.read(file)
        result = transfer.import_samples(
            dataset, classes, samples, f"from {shown_place(file)}", columns=snapshot.columns(file),
            sequences=snapshot.sequences(file),
            vector_groups=snapshot.read_vectors(file), about=snapshot.about(file),
        )  # fmt: skip
        result |= {"columns": [column.to_json() for column in result["columns"]]}
        emit(result, [f"{many(result['samples'], 'sample')} as revision {result['revision']} of {dataset}"], json)
        return
    with open_dataset(dataset, quiet=json) as opened:
        number = snapshot.write(view_of(opened, at, where), file, overwrite=overwrite)
    emit({"samples": number, "file": file}, [f"wrote {many(number, 'sample')} to {file}"], json)
