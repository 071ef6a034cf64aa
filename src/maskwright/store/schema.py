"""Tables of a dataset's database.

Every row of `samples`, `segments` and `classes` carries the revision that added it and the one that
removed it; a row is in revision r when added <= r < removed.  Changing a row marks it removed and adds
another, so nothing is ever lost and nothing is copied.
"""

import json
from typing import Any

import sqlalchemy as sql

from maskwright.core import columns as defined
from maskwright.core.kinds import KINDS, Stored

VERSION = 4

#: `removed` of a row that is still there.  A number, not NULL: marking a row removed then never makes it
#: longer, so that SQLite changes it in place.
ALIVE = 2**31 - 1

#: The same in SQL text: a partial index is only used when the query names its constant.
ALIVE_SQL: sql.ColumnElement[int] = sql.literal_column(str(ALIVE), sql.Integer)

metadata = sql.MetaData()

meta = sql.Table(
    "maskwright",
    metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("value", sql.Text, nullable=False),
)

revisions = sql.Table(
    "revisions",
    metadata,
    sql.Column("id", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("parent", sql.Integer),
    sql.Column("author", sql.Text, nullable=False),
    sql.Column("message", sql.Text, nullable=False),
    sql.Column("created", sql.Text, nullable=False),  # ISO 8601, UTC
    sql.Column("summary", sql.JSON, nullable=False),  # counts of what changed
)

tags = sql.Table(
    "tags",
    metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("revision", sql.Integer, nullable=False),
)


def _span() -> list[sql.Column[int]]:
    return [
        sql.Column("added", sql.Integer, nullable=False, server_default="0"),
        sql.Column("removed", sql.Integer, nullable=False, server_default=str(ALIVE)),
    ]


def _hash() -> sql.Column[int]:
    """Of the row's content, by `hashes`, whose values are never 0."""
    return sql.Column("hash", sql.BigInteger, nullable=False, server_default="0")


_TYPES: dict[Stored, Any] = {
    "real": sql.Float, "integer": sql.Integer, "text": sql.Text, "bool": sql.Boolean,
    "json": sql.JSON(none_as_null=True), "blob": sql.LargeBinary,
}  # fmt: skip
#: Whole numbers of more than 32 bits.
_WIDE = ("segment", "area", "parent")


def _stored(column: defined.Column) -> sql.Column[Any]:
    """A built-in column as SQL."""
    kind = sql.BigInteger if column.name in _WIDE else _TYPES[KINDS[column.kind].stored]
    default = None if column.default is None else json.dumps(column.default).strip('"')
    return sql.Column(column.name, kind, nullable=not column.required, server_default=default)


def _label() -> list[sql.Column[Any]]:
    """One segment of a sample."""
    return [
        sql.Column("sample", sql.Integer, nullable=False),
        *(_stored(column) for column in defined.SEGMENT),
        sql.Column("z", sql.Integer, nullable=False),
        _hash(),
        sql.Column("counts", sql.LargeBinary, nullable=False),  # uint32 run lengths, little endian
    ]


classes = sql.Table(
    "classes",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    sql.Column("position", sql.Integer, nullable=False),
    sql.Column("class_id", sql.Integer, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("definition", sql.JSON, nullable=False),
    _hash(),
    *_span(),
)

samples = sql.Table(
    "samples",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    sql.Column("sample", sql.Integer, nullable=False),  # the same through all versions of a sample
    *(_stored(column) for column in defined.SAMPLE),
    _hash(),
    *_span(),
)

segments = sql.Table(
    "segments",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    *_label(),
    *_span(),
)

# A video's frames or a volume's slices: samples name theirs in the column `video`.
sequences = sql.Table(
    "sequences",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    *(_stored(column) for column in defined.SEQUENCE),
    _hash(),
    *_span(),
    sql.Index("sequences_name", "name"),
)

# What users declared, and what was taken from the values that came in.
columns = sql.Table(
    "columns",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    sql.Column("position", sql.Integer, nullable=False),
    sql.Column("owner", sql.Text, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("definition", sql.JSON, nullable=False),  # core.columns.Column.to_json
    _hash(),
    *_span(),
)

# Vectors of samples or segments, many in a row, see `vectors`.  run: whose they are; "" for the dataset's own, which
# have revisions.  low, high: the least and the greatest number of a sample in it.
vectors = sql.Table(
    "vectors",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    sql.Column("run", sql.Text, nullable=False, server_default=""),
    sql.Column("owner", sql.Text, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("dtype", sql.Text, nullable=False),
    sql.Column("length", sql.Integer, nullable=False),
    sql.Column("number", sql.Integer, nullable=False),  # how many
    sql.Column("low", sql.Integer, nullable=False),
    sql.Column("high", sql.Integer, nullable=False),
    _hash(),
    *_span(),
    sql.Column("samples", sql.LargeBinary, nullable=False),  # int64 numbers, little endian, in order
    sql.Column("segments", sql.LargeBinary),  # int64 ids, little endian, in order within a sample
    sql.Column("content", sql.LargeBinary, nullable=False),  # (number, length) of dtype, little endian
    sql.Index("vectors_column", "name", "owner", "run"),
)

# What annotators are told. class_id: of whom it speaks; nothing for all of the dataset.
instructions = sql.Table(
    "instructions",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    sql.Column("class_id", sql.Integer),
    sql.Column("text", sql.Text, nullable=False),
    _hash(),
    *_span(),
)

# How many living segments a sample has, and the exclusive or of their hashes: a row that an index no longer leads to is
# missed.  revision: that wrote it last.
digests = sql.Table(
    "digests",
    metadata,
    sql.Column("sample", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("revision", sql.Integer, nullable=False),
    sql.Column("segments", sql.Integer, nullable=False),
    sql.Column("hash", sql.BigInteger, nullable=False),
)

# What each revision changed of the segments, pixels and crowd regions that a class has.
class_sums = sql.Table(
    "class_sums",
    metadata,
    sql.Column("revision", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("class_id", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("segments", sql.BigInteger, nullable=False),
    sql.Column("pixels", sql.BigInteger, nullable=False),
    sql.Column("crowds", sql.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The living rows are found by sample, the dead ones by the revision they ended with.  As partial indexes:
# an edit takes one entry out of a leaf and puts one back into the same leaf, so the tree seldom splits.  That of living
# segments holds what is asked of millions of them, which are then not read.
_ASKED = ("segment", "class_id", "area", "is_crowd", "score", "source", "added")
for _table in (samples, segments):
    _alive = _table.c.removed == ALIVE_SQL
    _dead = _table.c.removed < ALIVE_SQL
    _more = [_table.c[name] for name in _ASKED] if _table is segments else []
    sql.Index(f"{_table.name}_alive", _table.c.sample, *_more, sqlite_where=_alive, postgresql_where=_alive)
    sql.Index(f"{_table.name}_dead", _table.c.sample, _table.c.removed, sqlite_where=_dead, postgresql_where=_dead)
    sql.Index(f"{_table.name}_ended", _table.c.removed, sqlite_where=_dead, postgresql_where=_dead)
    sql.Index(f"{_table.name}_added", _table.c.added)
# Most segments have no attributes; those that have some are found without reading the others.
_said = sql.and_(
    segments.c.removed == ALIVE_SQL, sql.cast(segments.c.attributes, sql.Text) != sql.literal_column("'{}'")
)
sql.Index("segments_said", segments.c.sample, sqlite_where=_said, postgresql_where=_said)
sql.Index(
    "samples_key", samples.c.key, unique=True,
    sqlite_where=samples.c.removed == ALIVE_SQL, postgresql_where=samples.c.removed == ALIVE_SQL,
)  # fmt: skip

# -- runs: what was trained or measured on which revision -------------------------------------------------

runs = sql.Table(
    "runs",
    metadata,
    sql.Column("id", sql.Text, primary_key=True),
    sql.Column("kind", sql.Text, nullable=False),  # train, evaluate, predict
    sql.Column("status", sql.Text, nullable=False),  # running, done, failed, interrupted
    sql.Column("revision", sql.Integer, nullable=False),
    sql.Column("created", sql.Text, nullable=False),
    sql.Column("ended", sql.Text),
    sql.Column("settings", sql.JSON, nullable=False),
    sql.Column("environment", sql.JSON, nullable=False),
    sql.Column("scores", sql.JSON, nullable=False),
    sql.Column("number", sql.Integer, nullable=False, server_default="0"),  # order of start; clocks are not asked
    sql.Column("owner", sql.JSON),  # of a running one: host, pid, token, and when that process began
    sql.Column("heartbeat", sql.Text),  # ISO 8601, UTC: the owner's last sign of life
    sql.Column("tags", sql.JSON, nullable=False, server_default="[]"),
    sql.Column("notes", sql.Text, nullable=False, server_default=""),
)

run_evaluations = sql.Table(
    "run_evaluations",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    sql.Column("run", sql.Text, nullable=False, index=True),
    sql.Column("revision", sql.Integer, nullable=False),  # whose labels were the truth
    sql.Column("created", sql.Text, nullable=False),
    sql.Column("settings", sql.JSON, nullable=False),  # conditions and metrics asked for
    sql.Column("scores", sql.JSON, nullable=False),
)

run_points = sql.Table(
    "run_points",
    metadata,
    sql.Column("run", sql.Text, primary_key=True),
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("step", sql.Integer, primary_key=True),
    sql.Column("value", sql.Float),
)

run_samples = sql.Table(
    "run_samples",
    metadata,
    sql.Column("run", sql.Text, primary_key=True),
    sql.Column("sample", sql.Integer, primary_key=True),
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("value", sql.Float),
    sqlite_with_rowid=False,  # a value is found by what it is called, and by nothing else
)

run_segments = sql.Table(
    "run_segments",
    metadata,
    sql.Column("run", sql.Text, primary_key=True),
    sql.Column("sample", sql.Integer, primary_key=True),
    sql.Column("segment", sql.BigInteger, primary_key=True),
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("value", sql.Float),
    sqlite_with_rowid=False,  # a value is found by what it is called, and by nothing else
)

# The columns that a run gave values to.
run_columns = sql.Table(
    "run_columns",
    metadata,
    sql.Column("run", sql.Text, primary_key=True),
    sql.Column("owner", sql.Text, primary_key=True),
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("definition", sql.JSON, nullable=False),  # core.columns.Column.to_json
)

predictions = sql.Table(
    "predictions",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    sql.Column("run", sql.Text, nullable=False),
    sql.Column("sample", sql.Integer, nullable=False),
    sql.Column("z", sql.Integer, nullable=False),
    sql.Column("class_id", sql.Integer, nullable=False),
    sql.Column("score", sql.Float),
    sql.Column("counts", sql.LargeBinary, nullable=False),
    sql.Column("attributes", sql.JSON),  # such as the track that a segment of a video belongs to
    _hash(),
    sql.Index("predictions_run", "run", "sample"),
)

# -- live editing: each gesture of a person, once ----------------------------------------------------------

operations = sql.Table(
    "operations",
    metadata,
    sql.Column("id", sql.Text, primary_key=True),  # made where the gesture was made
    sql.Column("sample", sql.Integer, nullable=False),
    sql.Column("revision", sql.Integer, nullable=False),
    sql.Column("author", sql.Text, nullable=False),
    sql.Column("created", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("effort", sql.JSON, nullable=False),  # seconds, clicks and the like
)
sql.Index("operations_sample", operations.c.sample, operations.c.revision)

# -- a second opinion: one person's own labels of a sample, beside the shared ones -----------------------------

opinions = sql.Table(
    "opinions",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    sql.Column("author", sql.Text, nullable=False),
    *_label(),
    *_span(),
    sql.Index("opinions_sample", "sample", "author"),
)

# -- workflow: who does what and how far it is; only its newest state is kept ------------------------------------

workflow = sql.Table(
    "workflow",
    metadata,
    sql.Column("sample", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("state", sql.Text),
    sql.Column("assignee", sql.Text),
    sql.Column("own_labels", sql.JSON, nullable=False, server_default="[]"),  # who has finished labels of their own
    sql.Column("number", sql.Integer, nullable=False, server_default="0"),  # of changes, comments and suggestions' too
    sql.Column("changed", sql.Text, nullable=False),  # ISO 8601, UTC
    sql.Column("author", sql.Text, nullable=False),
    sql.Index("workflow_state", "state"),
    sql.Index("workflow_assignee", "assignee"),
)

leases = sql.Table(
    "leases",
    metadata,
    sql.Column("sample", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("person", sql.Text, primary_key=True),
    sql.Column("until", sql.Text, nullable=False),  # ISO 8601, UTC
)

# What waits to be accepted is in `predictions`; this is what became of it.
suggestions = sql.Table(
    "suggestions",
    metadata,
    sql.Column("run", sql.Text, primary_key=True),  # of a single object: RUN/NUMBER
    sql.Column("sample", sql.Integer, primary_key=True),
    sql.Column("state", sql.Text, nullable=False),  # waiting, accepted, rejected
    sql.Column("author", sql.Text),
    sql.Column("changed", sql.Text),
)

comments = sql.Table(
    "comments",
    metadata,
    sql.Column("row", sql.Integer, primary_key=True),
    sql.Column("sample", sql.Integer, nullable=False, index=True),
    sql.Column("segment", sql.BigInteger),  # nothing for the whole image
    sql.Column("opinion", sql.Text),  # whose own labels the segment is of; nothing for the shared ones
    sql.Column("author", sql.Text, nullable=False),
    sql.Column("created", sql.Text, nullable=False),
    sql.Column("text", sql.Text, nullable=False),
    sql.Column("resolved", sql.Text),  # when, ISO 8601, UTC
)

people = sql.Table(
    "people",
    metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("role", sql.Text, nullable=False),  # annotator, reviewer, owner
)

# Conditions that were given a name.
views = sql.Table(
    "views",
    metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("conditions", sql.JSON, nullable=False),
    sql.Column("author", sql.Text, nullable=False),
    sql.Column("created", sql.Text, nullable=False),
)
