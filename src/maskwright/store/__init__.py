"""Samples at rest, with history."""

from maskwright.store import conditions, doctor, snapshot
from maskwright.store.bulk import BulkChange, Changed
from maskwright.store.bulk_segments import ChangedSegment, SegmentsChange
from maskwright.store.dataset import Dataset
from maskwright.store.declarations import Columns
from maskwright.store.edit import Edit
from maskwright.store.revisions import Change, Revision
from maskwright.store.sequence_rows import Sequences
from maskwright.store.transfer import import_samples
from maskwright.store.vectors import Nearest, VectorBatch, Vectors
from maskwright.store.view import View

__all__ = [
    "BulkChange", "Change", "Changed", "ChangedSegment", "Columns", "Dataset", "Edit", "Nearest", "Revision",
    "SegmentsChange", "Sequences", "VectorBatch", "Vectors", "View", "conditions", "doctor", "import_samples",
    "snapshot",
]  # fmt: skip
