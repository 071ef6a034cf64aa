"""What goes over the wire; the page's types are made from these."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from maskwright.labelling.tasks import ClassUse, Person


class ClassInfo(BaseModel):
    """A class, as `core.classes.Class`."""

    id: int
    name: str = Field(min_length=1, max_length=200)
    kind: Literal["thing", "stuff"] = "thing"
    role: Literal["class", "background", "ignore"] = "class"
    colour: tuple[int, int, int] | None = None


class ImageInfo(BaseModel):
    """number: opaque and lasting.  objects: how many.  confidence: of a suggestion that waits, if any.

    tiles: how many sizes of it there are in tiles, 0 for an image that is sent whole.  assignee: whose task it is.
    opinions: who has finished labels of their own.
    """

    number: int
    key: str
    height: int
    width: int
    split: str | None
    state: str | None
    objects: int
    confidence: float | None = None
    video: str | None = None
    frame: int | None = None
    tiles: int = 0
    assignee: str | None = None
    opinions: list[str] = Field(default_factory=list)


class Project(BaseModel):
    """All that the page begins with.  me: whose page it is.  people: all who work here, as far as that is known.

    engines, learners, followers: those that can be asked.  texts: engines that take words.
    """

    me: str
    people: list[str]
    place: str
    revision: int
    classes: list[ClassInfo]
    images: list[ImageInfo]
    engines: list[str]
    texts: list[str]
    learners: list[str]
    followers: list[str]
    formats: list[str]
    effort: dict[str, float]


class Thing(BaseModel):
    """An object.  counts: COCO's compressed run lengths over the whole image.  revision: it was written in; 0 for one
    that is only suggested.
    """

    id: int = Field(ge=0, lt=2**53)
    class_id: int
    counts: str = Field(max_length=32 * 2**20)
    z: int | None = None
    is_crowd: bool = False
    source: Literal["human", "model", "import"] = "human"
    score: float | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)
    revision: int = 0


class Things(BaseModel):
    """An image's objects, lowest first."""

    revision: int
    objects: list[Thing]
    fields: dict[str, Any]


class Gesture(BaseModel):
    """One operation; see `labelling.gestures.Operation`. Keys of base are object ids."""

    id: str = Field(min_length=8, max_length=64, pattern=r"^[0-9a-zA-Z-]+$")
    kind: str = Field(min_length=1, max_length=40, pattern=r"^[a-z ]+$")
    put: list[Thing] = Field(default_factory=list)
    remove: list[int] = Field(default_factory=list)
    base: dict[int, int] = Field(default_factory=dict)
    fields: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    effort: dict[str, float] = Field(default_factory=dict)


class Gestures(BaseModel):
    """Operations in the order they were made."""

    operations: list[Gesture] = Field(max_length=500)


class Answered(BaseModel):
    """One for each operation looked at, in order; the list ends with the first that is stale, which was not applied."""

    id: str
    revision: int
    again: bool = False
    stale: list[int] = Field(default_factory=list)


class Question(BaseModel):
    """Prompts for one object, in pixels; see `interactive.Prompts`. seq comes back with the answer."""

    engine: str = Field(default="classical", max_length=60)
    points: list[tuple[float, float]] = Field(default_factory=list, max_length=200)
    labels: list[int] = Field(default_factory=list, max_length=200)
    box: tuple[float, float, float, float] | None = None
    mask: str | None = Field(default=None, max_length=32 * 2**20)
    text: str | None = Field(default=None, max_length=200)
    threshold: float = Field(default=0.5, gt=0, lt=1)
    seq: int = 0


class Masked(BaseModel):
    """counts and scores of the candidates, best first.  several: they are different objects."""

    seq: int
    counts: list[str]
    scores: list[float]
    several: bool = False
    milliseconds: float


class Spreading(BaseModel):
    """What to learn with."""

    engine: str = "forest"
    limit: int | None = Field(default=None, ge=1)


class Following(BaseModel):
    """What to follow objects with, through the videos of the dataset."""

    engine: str = "classical"
    direction: Literal["both", "forward", "backward"] = "both"


class Job(BaseModel):
    """status: running, done, failed or cancelled.  result: what it gave; words: for a person."""

    id: str
    kind: str
    status: str
    done: int
    total: int | None
    words: str = ""
    result: dict[str, Any] = Field(default_factory=dict)


class NewClasses(BaseModel):
    """The classes as they shall be, in order."""

    classes: list[ClassInfo] = Field(max_length=5000)


class Upload(BaseModel):
    """A file of labels. data: its bytes in base 64.  write: False only tells what would happen."""

    name: str = Field(min_length=1, max_length=300)
    data: str
    write: bool = False


class Imported(BaseModel):
    """What a file of labels gives, or gave. missing: images it labels that are not here (the first twenty)."""

    format: str
    images: int
    objects: int
    missing: list[str]
    number_missing: int
    new_classes: list[str]
    notes: list[str]
    written: bool


class LossReport(BaseModel):
    """What a format cannot hold."""

    format: str
    lines: list[str]
    grave: int


class Present(BaseModel):
    """A sign of life. tab: made by the page."""

    tab: str = Field(min_length=4, max_length=64)


class Others(BaseModel):
    """Who else is in an image, and the last revision that changed it."""

    people: list[str]
    revision: int


class Merging(BaseModel):
    """Everything of the class source becomes the class target; source goes."""

    source: int
    target: int


class Assigning(BaseModel):
    """name: who; none takes the images from whoever has them.  count: so many open images that are nobody's."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    numbers: list[int] = Field(default_factory=list, max_length=100_000)
    count: int | None = Field(default=None, ge=1, le=100_000)


class Agreed(BaseModel):
    """How far two people agree on an image; see `labelling.agreement.Agreement`. None where nothing can be compared."""

    number: int
    key: str
    first: str | None
    second: str
    mean_iou: float | None
    f1: float | None


class Work(BaseModel):
    """How far the work is; see `labelling.tasks.Progress`."""

    states: dict[str, int]
    people: list[Person]
    classes: list[ClassUse]
    days: list[tuple[str, int]]
    drawn: int
    seconds_each: float | None
    suggested: int
    untouched: int
    saved: float | None
    agreement: list[Agreed]
