"""The application: routes over a dataset. No logic lives here; what a route does lies in the rooms below."""

import base64
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from maskwright import fewshot, formats, video
from maskwright.core import archive as zip_files
from maskwright.core.arrays import Bool, Size
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.names import check_name, shown_place
from maskwright.errors import MaskwrightError, UsageError
from maskwright.interactive import Embeddings
from maskwright.interactive.session_cache import SessionCache
from maskwright.labelling import gestures, incoming, own_labels, tasks
from maskwright.labelling.agreement import agreements
from maskwright.labelling.presence import Presence
from maskwright.media import tiles
from maskwright.store import Dataset
from maskwright.store.dataset import user_name
from maskwright.studio import api_page, messages
from maskwright.studio.jobs import Jobs, Work
from maskwright.studio.security import Guard
from maskwright.weights.available import AvailableEngines

PAGE = Path(__file__).parent / "static"
NOT_BUILT = (
    "The studio's page was not built with this installation. With Node.js 20 or newer, in a clone: "
    "cd web && npm install && npm run build"
)


@dataclass(frozen=True)
class Settings:
    """token: of the first link.  hosts: that the Host header may name.  people: tokens of their own links -> names.

    weights: of engines, by name.
    """

    token: str
    hosts: frozenset[str] = field(default_factory=lambda: frozenset({"127.0.0.1", "localhost", "[::1]"}))
    people: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)


Layer = Literal["shared", "own"]


def create_app(dataset: Dataset, settings: Settings) -> Any:
    """An ASGI application. The dataset stays the caller's to close. Raises what loading engines raises."""
    api = FastAPI(title="Maskwright studio", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    available = AvailableEngines(settings.weights)
    sessions = SessionCache(Embeddings(megabytes=512, folder=_cache(dataset)), available)
    jobs = Jobs()
    pyramids = tiles.Pyramids()
    presence = Presence()

    @api.exception_handler(MaskwrightError)
    async def explained(_: Request, error: MaskwrightError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 400 if isinstance(error, UsageError) else 422)

    @api.exception_handler(RequestValidationError)
    async def refused(_: Request, error: RequestValidationError) -> JSONResponse:
        # Without the values: NaN, which JSON does not hold, may be among them.
        kept = [{name: part[name] for name in ("type", "loc", "msg")} for part in error.errors()]
        return JSONResponse({"detail": jsonable_encoder(kept)}, 422)

    # -- the project ---------------------------------------------------------------------------------

    @api.get("/api/project", response_model=messages.Project)
    def project(request: Request) -> Response:
        """All that the page begins with."""
        waiting = fewshot.waiting(dataset)
        held = gestures.overview(dataset)
        rows = [
            messages.ImageInfo(
                number=one.number, key=one.key, height=one.size[0], width=one.size[1], split=one.split,
                state=_text(one.fields.get("state")), objects=one.segments, video=one.video, frame=one.frame,
                confidence=None if one.segments or one.number not in waiting else waiting[one.number][1],
                tiles=tiles.levels(one.size), assignee=_text(one.fields.get("assignee")),
                opinions=[str(name) for name in one.fields.get(own_labels.FIELD, [])],
            )
            for one in held
        ]  # fmt: skip
        effort = gestures.effort(dataset)
        effort |= {name: sum(getattr(one, name) for one in held) for name in ("suggested", "untouched")}
        found = messages.Project(
            me=_who(request), people=sorted(set(settings.people.values())),
            place=shown_place(dataset.place), revision=dataset.revision, classes=_classes(dataset), images=rows,
            engines=available.names("interactive.engines"), texts=sessions.takes("text"),
            learners=available.names("fewshot.engines"), followers=available.names("video.engines"),
            formats=formats.writers(), effort=effort,
        )  # fmt: skip
        # Written at once: checking the answer again takes longer than making it.
        return Response(found.model_dump_json(), media_type="application/json")

    @api.put("/api/classes")
    def put_classes(given: messages.NewClasses, request: Request) -> list[messages.ClassInfo]:
        """Make these the classes, in this order. A class that is used cannot be left out."""
        try:
            wanted = Classes(Class(one.id, one.name, one.kind, one.role, one.colour) for one in given.classes)
        except ValueError as error:
            raise UsageError(str(error)) from None
        with dataset.edit("classes in the studio", author=_who(request)) as edit:
            edit.set_classes(wanted)
        return _classes(dataset)

    @api.get("/api/classes/use")
    def class_use() -> list[tasks.ClassUse]:
        """On how many objects and images each class is used."""
        return tasks.class_use(dataset)

    @api.post("/api/classes/merge")
    def merge(given: messages.Merging, request: Request) -> list[messages.ClassInfo]:
        """Give all objects of one class to another; the emptied class goes."""
        names = {one.id: one.name for one in dataset.classes}
        words = f"class {names.get(given.source)} into {names.get(given.target)}"
        with dataset.edit(words, author=_who(request)) as edit:
            edit.merge_class(given.source, given.target)
        return _classes(dataset)

    # -- the work of people --------------------------------------------------------------------------

    @api.get("/api/work")
    def progress() -> messages.Work:
        """How far it is, who did what, what suggestions saved, and how far people agree."""
        done = asdict(tasks.progress(dataset))
        found = [
            messages.Agreed(**{**asdict(one), "mean_iou": _number(one.mean_iou), "f1": _number(one.f1)})
            for one in agreements(dataset)
        ]
        return messages.Work(**done, agreement=found)

    @api.post("/api/assign")
    def assign(given: messages.Assigning, request: Request) -> list[int]:
        """Give images to somebody -> their numbers."""
        name = None if given.name is None else check_name(given.name, "the name")
        return tasks.assign(dataset, name, numbers=given.numbers, count=given.count, author=_who(request))

    # -- images --------------------------------------------------------------------------------------

    @api.get("/api/images/{number}/picture")
    def picture(number: int) -> Response:
        """The image as a browser shows it, as its masks lie."""
        content, kind = tiles.picture(_sample(dataset, number))
        return Response(content, media_type=kind, headers={"cache-control": "private, max-age=3600"})

    @api.get("/api/images/{number}/tiles/{level}/{column}/{row}")
    def tile(number: int, level: int, column: int, row: int) -> Response:
        """A part of a large image: level 0 has its own size, each further one half of that."""
        content = pyramids.tile(_sample(dataset, number), level, column, row)
        return Response(content, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})

    @api.get("/api/images/{number}/thumbnail")
    def thumbnail(number: int) -> Response:
        """A small picture."""
        sample = _sample(dataset, number)
        content = tiles.thumbnail(sample.image.uri, sample.image.size)
        return Response(content, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})

    @api.get("/api/images/{number}/objects")
    def objects(
        number: int, request: Request, at: int | None = None, layer: Layer = "shared", of: str | None = None
    ) -> messages.Things:
        """layer: `own` for the labels that one person made apart from the shared ones: the asker's, or `of`'s once they
        have finished.
        """
        if layer == "own":
            person = of or _who(request)
            if person != _who(request) and person not in _sample(dataset, number).fields.get(own_labels.FIELD, []):
                raise UsageError(f"{person} has not finished labels of their own on image {number}")
            segments, written = own_labels.read(dataset, number, person)
            return _things(segments, {}, dataset.revision, written)
        view = dataset if at is None else dataset.at(at)
        sample = view.read([number])[0]
        revisions = gestures.revisions_of(dataset, number)
        return _things(sample.segments, dict(sample.fields), view.revision, revisions)

    @api.get("/api/images/{number}/suggestion")
    def suggestion(number: int) -> messages.Things:
        """What the newest propagation or tracking suggests; nothing where it suggests nothing."""
        found = fewshot.waiting(dataset).get(number)
        if found is None:
            return messages.Things(revision=dataset.revision, objects=[], fields={})
        return _things(fewshot.suggestion(dataset, found[0], number), {"run": found[0]}, dataset.revision, {})

    @api.get("/api/images/{number}/history")
    def history(number: int) -> list[dict[str, Any]]:
        """Gestures on an image's shared labels, the newest first."""
        return gestures.history(dataset, number)

    @api.post("/api/images/{number}/operations")
    def apply(
        number: int, given: messages.Gestures, request: Request, layer: Layer = "shared"
    ) -> list[messages.Answered]:
        """Each is durable when the answer comes. The first stale one ends the list, and nothing after it is applied."""
        out = []
        for one in given.operations:
            write = own_labels.apply if layer == "own" else gestures.apply
            done = write(dataset, number, _operation(one), author=_who(request))
            out.append(messages.Answered(id=one.id, revision=done.revision, again=done.again, stale=list(done.stale)))
            if done.stale:
                break
        return out

    @api.post("/api/images/{number}/present")
    def here(number: int, given: messages.Present, request: Request) -> messages.Others:
        """Tell that a page shows this image -> the others that do."""
        people = presence.sign(number, given.tab, _who(request))
        return messages.Others(people=people, revision=gestures.last_change(dataset, number))

    # -- help ----------------------------------------------------------------------------------------

    @api.post("/api/images/{number}/ask")
    def ask(number: int, question: messages.Question) -> messages.Masked:
        """Masks for prompts, the best first."""
        begun = time.perf_counter()
        sample = _sample(dataset, number)
        answer = sessions.predict(
            sample, question.engine, points=question.points or None, point_labels=question.labels or None,
            boxes=None if question.box is None else [question.box],
            mask=None if question.mask is None else _mask(question.mask, sample.image.size),
            text=question.text, threshold=question.threshold,
        )  # fmt: skip
        return messages.Masked(
            seq=question.seq, counts=[counts.decode("ascii") for counts in answer.masks.compressed()],
            scores=[float(score) for score in np.nan_to_num(answer.scores)], several=answer.several,
            milliseconds=1000 * (time.perf_counter() - begun),
        )  # fmt: skip

    @api.post("/api/images/{number}/prepare")
    def prepare(number: int, question: messages.Question) -> dict[str, bool]:
        """Read and encode an image that is likely to be asked about next."""
        sessions.prepare(_sample(dataset, number), question.engine)
        return {"ready": True}

    def begun(kind: str, work: Callable[[Work], dict[str, Any]]) -> messages.Job:
        started = jobs.start(kind, work)
        if started is None:
            raise HTTPException(409, "something else is running")
        return _job(started)

    def running(id: str) -> Work:
        found = jobs.get(id)
        if found is None:
            raise HTTPException(404, "there is no such job")
        return found

    @api.post("/api/spread")
    def spread(given: messages.Spreading) -> messages.Job:
        """Label the rest: suggestions for all images without labels, learned from those that have some."""

        def doing(job: Work) -> dict[str, Any]:
            options = available.options("fewshot.engines", given.engine)
            learner = fewshot.learner(given.engine, **options)
            # An image that somebody is still at would teach that the rest of it is background.
            finished = [one.key for one in gestures.overview(dataset) if one.fields.get("state") in tasks.FINISHED]
            done = fewshot.propagate(
                dataset, dataset.frozen(), learner, engine=given.engine, limit=given.limit,
                examples=finished,
                settings=options, progress=job.follow,
            )  # fmt: skip
            quality = None if done.quality != done.quality else done.quality
            return {
                "run": done.run, "labelled": done.labelled, "suggested": done.suggested, "quality": quality,
                "rising": done.rising, "seconds": done.seconds,
            }  # fmt: skip

        return begun("spread", doing)

    @api.post("/api/follow")
    def follow(given: messages.Following) -> messages.Job:
        """Suggestions for the frames of videos, from those that are labelled."""

        def doing(job: Work) -> dict[str, Any]:
            done = video.track_dataset(
                dataset.frozen(), engine=given.engine, direction=given.direction,
                settings=available.options("video.engines", given.engine), progress=job.follow,
            )  # fmt: skip
            return {"run": done.run, "suggested": done.suggested, "tracks": done.tracks, "seconds": done.seconds}

        return begun("follow", doing)

    @api.get("/api/jobs/{id}")
    def job(id: str) -> messages.Job:
        """How far long work is."""
        return _job(running(id))

    @api.post("/api/jobs/{id}/cancel")
    def cancel(id: str) -> messages.Job:
        """Stop it between two steps."""
        found = running(id)
        found.stop()
        return _job(found)

    # -- in ------------------------------------------------------------------------------------------

    @api.post("/api/import")
    def take_in(given: messages.Upload, request: Request) -> messages.Imported:
        """What a file of labels gives; with `write` it is given."""
        try:
            data = base64.b64decode(given.data, validate=True)
        except ValueError:
            raise UsageError("the upload is damaged", needed="base 64") from None
        with tempfile.TemporaryDirectory(prefix="maskwright-import-") as folder:
            place = incoming.laid_out(data, given.name, Path(folder))
            found = incoming.add_labels(dataset, place, name=given.name, write=given.write, author=_who(request))
        return messages.Imported(
            format=found.format, images=found.images, objects=found.objects, missing=found.missing[:20],
            number_missing=len(found.missing), new_classes=found.new_classes, notes=found.notes[:20],
            written=found.written,
        )  # fmt: skip

    # -- out -----------------------------------------------------------------------------------------

    @api.get("/api/export/{format}")
    def losses(format: str) -> messages.LossReport:
        """What a format cannot hold of these labels."""
        view = dataset.frozen()
        found = formats.losses(view, view.classes, format)
        return messages.LossReport(format=format, lines=formats.summary(found), grave=sum(loss.grave for loss in found))

    @api.get("/api/export/{format}/archive")
    def archive(format: str, allow_loss: bool = False) -> StreamingResponse:
        """The labels in a format, as a ZIP archive."""
        pieces = _archive(dataset, format, allow_loss)
        named = {"content-disposition": f'attachment; filename="labels-{format}.zip"'}
        return StreamingResponse(pieces, media_type="application/zip", headers=named)

    # -- pages ---------------------------------------------------------------------------------------

    @api.get("/api", include_in_schema=False)
    def described() -> Response:
        return Response(api_page.page(api.openapi()), media_type="text/html")

    @api.get("/api/style.css", include_in_schema=False)
    def style() -> Response:
        return Response(api_page.STYLE, media_type="text/css")

    @api.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        if path.startswith("api/"):
            raise HTTPException(404, "there is nothing here")
        if not (PAGE / "index.html").is_file():
            return Response(NOT_BUILT, media_type="text/plain")
        wanted = (PAGE / (path or "index.html")).resolve()
        if not wanted.is_relative_to(PAGE.resolve()) or not wanted.is_file():
            wanted = PAGE / "index.html"
        kept = "public, max-age=31536000, immutable" if "assets" in wanted.parts else "no-store"
        return FileResponse(wanted, headers={"cache-control": kept})

    everybody = dict(settings.people) or {settings.token: user_name()}
    return Guard(api, tokens=everybody, hosts=settings.hosts)


def _who(request: Request) -> str:
    """The guard has put it there."""
    return str(request.state.person)


def _number(value: float) -> float | None:
    return None if value != value else value


def _cache(dataset: Dataset) -> Path | None:
    return None if dataset.database.folder is None else dataset.database.folder / ".maskwright" / "embeddings"


def _sample(dataset: Dataset, number: int) -> Any:
    return dataset.read([number])[0]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _classes(dataset: Dataset) -> list[messages.ClassInfo]:
    classes = dataset.classes
    drawn = dict(zip([one.id for one in classes], classes.colours(), strict=False))
    out = []
    for one in classes:
        colour = one.colour or drawn.get(one.id)
        row = None if colour is None else (int(colour[0]), int(colour[1]), int(colour[2]))
        out.append(messages.ClassInfo(id=one.id, name=one.name, kind=one.kind, role=one.role, colour=row))
    return out


def _things(segments: Any, fields: dict[str, Any], revision: int, revisions: dict[int, int]) -> messages.Things:
    strings = segments.masks.compressed()
    rows = []
    for k in range(len(segments)):
        score = float(segments.scores[k])
        rows.append(
            messages.Thing(
                id=int(segments.ids[k]), class_id=int(segments.class_ids[k]), counts=strings[k].decode("ascii"), z=k,
                is_crowd=bool(segments.is_crowd[k]), source=segments.source[k], score=None if score != score else score,
                attributes=dict(segments.attributes[k]), revision=revisions.get(int(segments.ids[k]), 0),
            )
        )  # fmt: skip
    return messages.Things(revision=revision, objects=rows, fields=fields)


def _mask(counts: str, size: Size) -> Bool:
    """COCO's compressed run lengths of a mask of `size` -> (H, W) bool. Raises UsageError for what is none."""
    try:
        mask: Bool = Masks.from_compressed([counts], size).decode()[0]
    except ValueError as error:
        raise UsageError(f"the mask cannot be read ({error})") from None
    return mask


def _archive(dataset: Dataset, format: str, allow_loss: bool) -> Iterator[bytes]:
    """A ZIP file's bytes. Raises what writing raises, before the first byte."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="maskwright-export-")))
        view = dataset.frozen()
        formats.write(view, view.classes, folder / "labels", format, allow_loss=allow_loss, images="none")
        packed = folder / "labels.zip"
        zip_files.pack(folder / "labels", packed)
        kept = stack.pop_all()

    def pieces() -> Iterator[bytes]:
        with kept, packed.open("rb") as file:
            while chunk := file.read(2**20):
                yield chunk

    return pieces()


def _operation(given: messages.Gesture) -> gestures.Operation:
    put = [
        gestures.Piece(
            one.id, one.class_id, one.counts, one.z, one.is_crowd, one.source, one.score, one.attributes
        )
        for one in given.put
    ]  # fmt: skip
    return gestures.Operation(given.id, given.kind, put, given.remove, given.base, given.fields, given.effort)


def _job(work: Work) -> messages.Job:
    return messages.Job(
        id=work.id, kind=work.kind, status=work.status, done=work.done, total=work.total, words=work.words,
        result=work.result,
    )  # fmt: skip
