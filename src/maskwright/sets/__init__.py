"""Public sets of segmentation data: what each is, on whose terms, how it is imported, and fetching it where it may be.

Adding a set is adding one file, entries/NAME.toml, with the fields of `PublicSet`.
"""

from maskwright.sets.catalogue import find, load, names
from maskwright.sets.entry import USES, ImportCommand, PublicSet, SetFile
from maskwright.sets.obtaining import Fetched, get

__all__ = ["USES", "Fetched", "ImportCommand", "PublicSet", "SetFile", "find", "get", "load", "names"]
