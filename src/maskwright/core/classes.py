"""Classes: the ids files use, the names people use, the indices tensors use."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from maskwright.core.arrays import I64, Array
from maskwright.core.names import shown
from maskwright.core.values import listed, own_mapping, text, whole

Kind = Literal["thing", "stuff"]
Role = Literal["class", "background", "ignore"]

#: Label of pixels that neither train nor score, in every label map Maskwright makes.
IGNORE_INDEX = 255
#: Colours that stay apart for eyes without red, green or blue cones as for others: CIELAB distance 25 and more, of the
#: first four 40.
DISTINCT = (
    (242, 84, 84), (0, 80, 242), (0, 242, 242), (242, 207, 36), (165, 58, 147), (187, 242, 133), (0, 161, 242),
    (242, 133, 169),
)  # fmt: skip


@dataclass(frozen=True)
class Class:
    """One named kind.

    id: as the file has it, gaps allowed.  kind: countable objects or amorphous regions.
    role: `background` is the class of pixels that no segment covers; `ignore` neither trains nor scores.
    colour: (r, g, b) 0 … 255.  extra: what the file says beyond this, JSON-safe, kept for the way back; a copy.
    Raises ValueError, naming the field, for an id that is not a whole number of up to 64 bits, a name that is not text,
    and other words or colours than these.
    """

    id: int
    name: str
    kind: Kind = "thing"
    role: Role = "class"
    colour: tuple[int, int, int] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", whole(self.id, "a class id"))
        text(self.name, f"class {self.id}: name")
        for what, word, known in (("kind", self.kind, get_args(Kind)), ("role", self.role, get_args(Role))):
            if word not in known:
                raise ValueError(f"class {self.id}: {what} is {shown(repr(word), 40)}; known are {', '.join(known)}")
        if self.colour is not None:
            object.__setattr__(self, "colour", _checked_colour(self.colour, f"class {self.id}: colour"))
        object.__setattr__(self, "extra", own_mapping(self.extra, f"class {self.id}: extra"))


def _checked_colour(colour: object, what: str) -> tuple[int, int, int]:
    try:
        if isinstance(colour, tuple):
            red, green, blue = (whole(part, what, least=0, most=255) for part in colour)
            return red, green, blue
    except ValueError:  # said below
        pass
    raise ValueError(f"{what} is {shown(repr(colour), 40)}, which is not a tuple of three numbers from 0 to 255")


class Classes:
    """An ordered set of classes; order gives the class index.

    Indices 0 … K - 1 number every class but the ignored ones, in order.
    Raises ValueError for two classes with one id or one name, or two backgrounds.
    """

    def __init__(self, classes: Iterable[Class] = ()) -> None:
        self._classes: tuple[Class, ...] = tuple(listed(classes, "classes", "a list of Class"))
        for class_ in self._classes:
            if not isinstance(class_, Class):
                raise ValueError(f"a class is {shown(repr(class_), 40)}, which is not a Class: Class(1, 'cat') is one")  # noqa: TRY004
        self._by_id = {class_.id: class_ for class_ in self._classes}
        self._by_name = {class_.name: class_ for class_ in self._classes}
        for kind, seen in (("id", self._by_id), ("name", self._by_name)):
            if len(seen) < len(self._classes):
                values = [getattr(class_, kind) for class_ in self._classes]
                twice = next(value for value in values if values.count(value) > 1)
                raise ValueError(f"two classes have the {kind} {twice!r}")
        if sum(class_.role == "background" for class_ in self._classes) > 1:
            raise ValueError("two classes are declared background")
        self._indexed = tuple(class_ for class_ in self._classes if class_.role != "ignore")
        self._index = {class_.id: index for index, class_ in enumerate(self._indexed)}

    def __len__(self) -> int:
        return len(self._classes)

    def __iter__(self) -> Iterator[Class]:
        return iter(self._classes)

    def __eq__(self, other: object) -> bool:
        return self._classes == other._classes if isinstance(other, Classes) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Classes({', '.join(f'{class_.id}: {class_.name}' for class_ in self._classes)})"

    def __contains__(self, class_id: object) -> bool:
        return class_id in self._by_id

    def __getitem__(self, key: int | str) -> Class:
        """By id or by name. Raises KeyError."""
        return self._by_name[key] if isinstance(key, str) else self._by_id[int(key)]

    @property
    def num_classes(self) -> int:
        """How many indices there are: every class but the ignored ones."""
        return len(self._indexed)

    @property
    def names(self) -> list[str]:
        """Names in the order of their index."""
        return [class_.name for class_ in self._indexed]

    @property
    def background(self) -> Class | None:
        """The class of pixels that no segment covers; None where none is declared."""
        return next((class_ for class_ in self._classes if class_.role == "background"), None)

    @property
    def ignored_ids(self) -> list[int]:
        """The ids of classes that neither train nor score, in order."""
        return [class_.id for class_ in self._classes if class_.role == "ignore"]

    def index_of(self, class_id: int) -> int:
        """A class's index in tensors, 0 … K - 1. class_id: as files have it. Raises KeyError for an id that is unknown
        or ignored.
        """
        try:
            return self._index[class_id]
        except (KeyError, TypeError):
            known = shown(", ".join(f"{class_.id} {class_.name}" for class_ in self._indexed)) or "none"
            raise KeyError(
                f"{shown(repr(class_id), 40)} is not the id of a class with an index; those are {known}"
            ) from None

    def id_of(self, class_index: int) -> int:
        """The id, as files have it, of the class at `class_index`, 0 … K - 1. Raises IndexError beyond, and TypeError
        for what is not a number, such as a name.
        """
        try:
            return self._indexed[class_index].id
        except IndexError:
            raise IndexError(f"there is no class index {class_index}; there are {self.num_classes} classes") from None
        except TypeError:
            said = shown(repr(class_index), 40)
            raise TypeError(f"{said} is not a class index; classes[name].id is a class's id by its name") from None

    def indices(self, class_ids: Array) -> I64:
        """class_ids (N,) -> (N,) int64 indices; ignored classes become IGNORE_INDEX. Raises KeyError for an unknown id.

        >>> classes = mw.Classes([mw.Class(7, "road", "stuff"), mw.Class(9, "sky", role="ignore"), mw.Class(24, "car")])
        >>> classes.indices(np.array([24, 7, 9]))
        array([  1,   0, 255])
        """
        known = {**self._index, **dict.fromkeys(self.ignored_ids, IGNORE_INDEX)}
        return np.array([known[int(class_id)] for class_id in class_ids], np.int64)

    def with_background(self) -> "Classes":
        """These classes, and a declared background at the end if there was none."""
        if self.background is not None:
            return self
        name = "background" if "background" not in self._by_name else "unlabelled"
        free = min(set(range(len(self) + 1)) - set(self._by_id))
        return Classes([*self._classes, Class(free, name, "stuff", "background", (0, 0, 0))])

    def colours(self) -> Array:
        """(K, 3) uint8 in the order of indices.  Classes without a colour get one of `DISTINCT`, further ones from the
        golden angle.
        """
        import colorsys

        out = np.zeros((self.num_classes, 3), np.uint8)
        place = -1
        for index, class_ in enumerate(self._indexed):
            place += class_.role != "background"
            if class_.colour is not None:
                out[index] = class_.colour
            elif class_.role != "background" and place < len(DISTINCT):
                out[index] = DISTINCT[place]
            elif class_.role != "background":
                red, green, blue = colorsys.hsv_to_rgb((index * 0.618034) % 1, 0.65, 0.95)
                out[index] = (int(255 * red), int(255 * green), int(255 * blue))
        return out

    def to_json(self) -> list[dict[str, Any]]:
        """A list with one dict a class, JSON-safe: id, name, kind, role, colour, extra; `from_json` reads it."""
        return [
            {
                "id": class_.id,
                "name": class_.name,
                "kind": class_.kind,
                "role": class_.role,
                "colour": list(class_.colour) if class_.colour else None,
                "extra": own_mapping(class_.extra, "extra"),
            }
            for class_ in self._classes
        ]

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> "Classes":
        """Classes from rows as `to_json` writes them; only id and name have to be there.

        Raises KeyError for a row without them, and ValueError as `Class` and `Classes` do.
        """
        return cls(
            Class(
                row["id"],
                row["name"],
                row.get("kind", "thing"),
                row.get("role", "class"),
                tuple(row["colour"]) if row.get("colour") else None,
                dict(row.get("extra") or {}),
            )
            for row in rows
        )
