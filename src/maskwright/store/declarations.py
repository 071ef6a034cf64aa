"""Columns of one revision: those that users declared, and those whose kind was taken from the values that came in.

A sample's values are in its `fields`, a segment's in its `attributes`, vectors in a table of their own.  Every name
that comes in gets a row in the table `columns`, so that what a name means in a revision is known without looking at
values.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from maskwright.core.columns import BUILT_IN, SAMPLE, SEGMENT, Column, Owner
from maskwright.core.kinds import kind_of
from maskwright.core.names import shown
from maskwright.errors import UsageError
from maskwright.store import hashes, schema
from maskwright.store.rows import alive, damaged

if TYPE_CHECKING:
    from maskwright.store.dataset import Dataset
    from maskwright.store.view import View

#: What people call kinds elsewhere.
ALIASES: dict[str, str] = {
    "float": "number", "double": "number", "int": "integer", "str": "text", "string": "text", "enum": "category",
    "boolean": "bool", "datetime": "time", "timestamp": "time", "embedding": "vector",
    "keypoints": "points",
}  # fmt: skip


#: What a bare word means in conditions before it is looked for among users' columns.
MEANT = {
    "class", "sequence", "num_segments", "state", "assignee", "fields", "attributes", "last", "run", "view", "any",
    "none", "count", "and", "or", "not", "in", "like", "is", "null", "true", "false", "order", "by", "asc", "desc",
    "limit", "abs", "min", "max", "round", "lower", "length",
    *(column.name for columns in (SAMPLE, SEGMENT) for column in columns),
}  # fmt: skip


def columns_at(connection: Connection, revision: int | None, place: object = None) -> list[Column]:
    """All of a revision, in the order in which they came; None is the newest. Raises DatasetError for damaged ones."""
    table = schema.columns
    query = sql.select(table).where(alive(table, revision)).order_by(table.c.position)
    found = []
    for row in connection.execute(query):
        try:
            if hashes.of_column(row._asdict()) != row.hash:
                raise ValueError
            found.append(Column.from_json(row.definition))
        except (UsageError, ValueError, TypeError, AttributeError):
            raise damaged(place, f"column {shown(row.name)}") from None
    return found


def columns_of(view: "View") -> list[Column]:
    """All of the revision that a view shows."""
    with view.database.reading() as connection:
        return columns_at(connection, view.revision, view.database.place)


class EditedColumns:
    """The columns that an edit sees, and what it adds to them."""

    def __init__(self, connection: Connection, revision: int, place: object = None) -> None:
        self._connection = connection
        self._revision = revision
        self._place = place
        self.columns = {(column.owner, column.name): column for column in columns_at(connection, None, place)}
        self._before = dict(self.columns)

    def take(self, owner: Owner, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """A sample's fields, or a segment's attributes, as they are to be stored.

        Those of declared columns are checked; of others the kind is remembered.  Raises UsageError, naming the column,
        for a value that it does not take.
        """
        changed: dict[str, Any] = {}
        for name, value in values.items():
            column = self.columns.get((owner, name))
            if column is not None and column.declared:
                checked = self._checked(column, value)
                if checked is not value:
                    changed[name] = checked
                continue
            kind = kind_of(value)
            if kind is None or (column is not None and column.kind == kind):
                continue
            found = Column(name, kind, owner, declared=False)
            self.columns[owner, name] = found if column is None else column.widened(found)
        return {**values, **changed} if changed else values

    def _checked(self, column: Column, value: Any) -> Any:
        if column.virtual:
            raise UsageError(
                f"the column {column.name!r} is computed from others, and takes no value", todo="Leave it out."
            )
        if column.kind == "vector":
            raise UsageError(
                f"the column {column.name!r} holds vectors, which are not fields",
                todo="Write them with: dataset.vectors.write",
            )
        return column.check(value)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """A block whose changes of the columns stay only when it ends well."""
        before = dict(self.columns)
        try:
            yield
        except BaseException:
            self.columns = before
            raise

    def declare(self, column: Column) -> None:
        """Raises UsageError for a name that is built in or declared already."""
        there = self.columns.get((column.owner, column.name))
        if column.declared and any(own.name == column.name for own in BUILT_IN[column.owner]):
            raise UsageError(f"{column.name!r} is a column that every {column.owner} has", todo="Choose another name.")
        if column.declared and column.name.lower() in MEANT:
            raise UsageError(f"{column.name!r} means something else in conditions", todo="Choose another name.")
        if there is not None and there.declared:
            raise UsageError(
                f"there is a column {column.name!r} of kind {there.kind} already", file=self._place,
                todo="Drop it first, or choose another name.",
            )  # fmt: skip
        self.columns[column.owner, column.name] = column

    def drop(self, owner: Owner, name: str) -> Column:
        """Raises UsageError for a column that is not there."""
        if (owner, name) not in self.columns:
            own = sorted(known for kind, known in self.columns if kind == owner)
            raise UsageError(
                f"there is no column {shown(name)!r} of a {owner}", file=self._place,
                needed=f"one of {', '.join(own)}" if own else "a column that was declared or came with the data",
            )  # fmt: skip
        return self.columns.pop((owner, name))

    def _declared(self, key: tuple[Owner, str]) -> bool:
        return any(key in columns and columns[key].declared for columns in (self._before, self.columns))

    def write(self, *, inferred: bool = True) -> dict[str, int]:
        """Rows for what is new, changed or gone -> how many declared ones were added and removed.

        inferred: also those whose kind was taken from values.
        """
        table = schema.columns
        counts = {"columns added": 0, "columns removed": 0}
        changed = [key for key in {**self._before, **self.columns} if self._before.get(key) != self.columns.get(key)]
        if not inferred and not any(self._declared(key) for key in changed):
            return counts
        highest = self._connection.execute(sql.select(sql.func.max(table.c.position))).scalar()
        position = -1 if highest is None else int(highest)
        for owner, name in changed:
            before, now = self._before.get((owner, name)), self.columns.get((owner, name))
            if before is not None:
                own = sql.and_(table.c.owner == owner, table.c.name == name, alive(table, None))
                place = self._connection.execute(sql.select(table.c.position).where(own)).scalar()
                self._connection.execute(table.delete().where(own, table.c.added == self._revision))
                self._connection.execute(table.update().where(own).values(removed=self._revision))
                counts["columns removed"] += before.declared
            if now is not None:
                if before is None:
                    position += 1
                    place = position
                row = {"position": place, "owner": owner, "name": name, "definition": now.to_json()}
                self._connection.execute(
                    table.insert().values(**row, hash=hashes.of_column(row), added=self._revision, removed=schema.ALIVE)
                )
                counts["columns added"] += now.declared
        self._before = dict(self.columns)
        return counts


class Columns:
    """The columns of a dataset's newest revision: `list(dataset.columns)`, `dataset.columns["temperature"]`.

    Those that are built in are in `core.columns`.
    """

    def __init__(self, dataset: "Dataset") -> None:
        self._dataset = dataset

    def __iter__(self) -> Iterator[Column]:
        with self._dataset.database.reading() as connection:
            found = columns_at(connection, None, self._dataset.database.place)
        return iter(found)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self)

    def __getitem__(self, name: str) -> Column:
        """The column of this name, of samples before one of segments. Raises UsageError for one that is not there."""
        found = sorted((column for column in self if column.name == name), key=lambda column: column.owner != "sample")
        if not found:
            raise UsageError(
                f"there is no column {shown(name)!r}", file=self._dataset.place,
                needed=", ".join(column.name for column in self) or "a column that was declared or came with the data",
            )  # fmt: skip
        return found[0]

    def __repr__(self) -> str:
        return f"Columns({', '.join(f'{column.name}: {column.kind}' for column in self)})"

    def add(self, name: str, kind: str | None = None, *, author: str | None = None, **parts: Any) -> Column:
        """Declare a column -> it, in a revision of its own.

        kind: of `core.kinds.KINDS`, or what people call them elsewhere (float, int, str, datetime); of a virtual
        column it is that of its expression.  author: of the revision.  parts: further parts of a `Column`, such as
        unit, low, high, values, length, owner, expression.

        Values that samples have under this name already must fit, and become the column's.  Raises UsageError, naming
        the first sample whose value does not.
        """
        column = column_of(name, kind, **parts)
        with self._dataset.edit(f"column {name}", author=author) as edit:
            return edit.add_column(column)

    def drop(self, name: str, *, owner: Owner = "sample", author: str | None = None) -> None:
        """Take a column and its values out of the newest revision; earlier ones keep both.

        Raises UsageError for one that is not there.

        owner: sample, segment or sequence.  author: of the revision.
        """
        with self._dataset.edit(f"drop column {name}", author=author) as edit:
            edit.drop_column(name, owner)


def column_of(name: str, kind: str | None = None, **parts: Any) -> Column:
    """A column as people declare it. Raises UsageError for parts that are not a Column's.

    kind: may be one of `ALIASES`; needed without an expression.
    """
    expression = parts.get("expression")
    if kind is None and expression is None:
        raise UsageError(f"the column {shown(repr(name), 80)} has no kind", needed="a kind such as number or text")
    known = set(Column.__dataclass_fields__) - {"name", "kind", "declared", "path", "default", "required", "settable"}
    unknown = sorted(set(parts) - known)
    if unknown:
        raise UsageError(f"a column has no part {shown(unknown[0])!r}", needed=f"of {', '.join(sorted(known))}")
    return Column(name, ALIASES.get(str(kind), kind or "json"), **parts)
