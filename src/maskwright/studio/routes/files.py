"""Labels in and out, as files: what a file would give, what a format would lose, an archive."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from maskwright import formats
from maskwright.core.archive import pack
from maskwright.labelling import incoming
from maskwright.store import Dataset
from maskwright.studio.messages import decoded
from maskwright.studio.state import Studio, person


class SentFile(BaseModel):
    """A file. data: its bytes in base 64."""

    name: str = Field(min_length=1, max_length=300)
    data: str


class Upload(SentFile):
    """A file of labels, an image, a video or an archive, and others beside it.

    write: False only tells what would happen.
    """

    beside: list[SentFile] = Field(default_factory=list, max_length=5000)
    write: bool = False


class Imported(BaseModel):
    """What files give, or gave; see `labelling.incoming.Incoming`. missing: the first twenty."""

    format: str
    images: int
    objects: int
    new_images: int
    already: int
    missing: list[str]
    number_missing: int
    new_classes: list[str]
    notes: list[str]
    written: bool


class LossInfo(BaseModel):
    """What a format cannot hold, of one cause.  words: the cause in a sentence's part.  number: how often.  key: of the
    first image with it.
    """

    cause: str
    words: str
    number: int
    pixels: int
    key: str


class LossReport(BaseModel):
    """What a format cannot hold.  grave: what stops a write unless losses are allowed.  minor: what is only written
    otherwise.  file: the archive's name.
    """

    format: str
    grave: list[LossInfo]
    minor: list[LossInfo]
    file: str


def router(studio: Studio) -> APIRouter:
    """/api/import and /api/export."""
    routes = APIRouter()
    dataset = studio.dataset

    @routes.post("/api/import")
    def take_in(given: Upload, request: Request) -> Imported:
        """What files give; with `write` it is given."""
        sent = [(file.name, decoded(file.data)) for file in (given, *given.beside)]
        with tempfile.TemporaryDirectory(prefix="maskwright-import-") as folder:
            place, name = incoming.laid_out_together(sent, Path(folder))
            found = incoming.add(
                dataset, place, name=name, write=given.write, author=person(request), loose=len(sent) > 1
            )  # fmt: skip
        return Imported(
            format=found.format, images=found.images, objects=found.objects, new_images=found.new_images,
            already=found.already, missing=found.missing[:20],
            number_missing=len(found.missing), new_classes=found.new_classes, notes=found.notes[:20],
            written=found.written,
        )  # fmt: skip

    @routes.get("/api/export/{format}")
    def losses(format: str) -> LossReport:
        """What a format cannot hold of these labels."""
        view = dataset.frozen()
        found = formats.losses(view, view.classes, format)
        return LossReport(
            format=format, grave=_causes(loss for loss in found if loss.grave),
            minor=_causes(loss for loss in found if not loss.grave), file=_file(format),
        )  # fmt: skip

    @routes.get("/api/export/{format}/archive")
    def archive(format: str, allow_loss: bool = False) -> StreamingResponse:
        """The labels in a format, as a ZIP archive."""
        pieces = _packed(dataset, format, allow_loss=allow_loss)
        named = {"content-disposition": f'attachment; filename="{_file(format)}"'}
        return StreamingResponse(pieces, media_type="application/zip", headers=named)

    return routes


def _file(format: str) -> str:
    return f"labels-{format}.zip"


def _causes(losses: Iterable[formats.Loss]) -> list[LossInfo]:
    """By cause, the most frequent first."""
    out: dict[str, LossInfo] = {}
    for loss in losses:
        words = formats.CAUSES.get(loss.cause, loss.cause)
        known = out.setdefault(loss.cause, LossInfo(cause=loss.cause, words=words, number=0, pixels=0, key=loss.key))
        known.number += 1
        known.pixels += loss.pixels
    return sorted(out.values(), key=lambda cause: -cause.number)


def _packed(dataset: Dataset, format: str, *, allow_loss: bool) -> Iterator[bytes]:
    """A ZIP file's bytes. Raises what writing raises, before the first byte."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="maskwright-export-")))
        view = dataset.frozen()
        formats.write(view, view.classes, folder / "labels", format, allow_loss=allow_loss, images="none")
        packed = folder / "labels.zip"
        pack(folder / "labels", packed)
        kept = stack.pop_all()

    def pieces() -> Iterator[bytes]:
        with kept, packed.open("rb") as file:
            while chunk := file.read(2**20):
                yield chunk

    return pieces()
