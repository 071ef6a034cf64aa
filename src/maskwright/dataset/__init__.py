"""Samples at rest, with history."""

from maskwright.dataset.dataset import Dataset
from maskwright.dataset.edit import Edit
from maskwright.dataset.revisions import Change, Revision
from maskwright.dataset.view import View

__all__ = ["Change", "Dataset", "Edit", "Revision", "View"]
