"""Families: a family is a package, a member is a module in it.

Adding a format, model, loss, metric, transform, tracker or engine is adding one file.  Another distribution adds a
member by an entry point in the group of the family's dotted name:

    [project.entry-points."maskwright.formats"]
    my-format = "mypackage.myformat"

What a member offers is written in `protocols`, for all families in one table, and checked when it is loaded.  A name
has one spelling: `my_format` is `my-format` wherever a member is named.  What another distribution brings and cannot
be used is set aside, with one sentence that `maskwright doctor` shows; nothing else notices it.
"""

from maskwright.registry.calls import takes
from maskwright.registry.extras import EXTRA_OF, missing, needing, require, room
from maskwright.registry.members import (
    SetAside,
    aside,
    attribute,
    attributes,
    canonical,
    forget,
    heard_of,
    load,
    names,
    ours,
    outside,
    set_aside,
)
from maskwright.registry.naming import ended, named, naming
from maskwright.registry.protocols import FAMILIES, Protocol, fits

__all__ = [
    "EXTRA_OF",
    "FAMILIES",
    "Protocol",
    "SetAside",
    "aside",
    "attribute",
    "attributes",
    "canonical",
    "ended",
    "fits",
    "forget",
    "heard_of",
    "load",
    "missing",
    "named",
    "names",
    "naming",
    "needing",
    "ours",
    "outside",
    "require",
    "room",
    "set_aside",
    "takes",
]
