"""torchvision's detectors: published files have names that the library changed later, and renames when it loads."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_RULES = (
    (r"(.*fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)", r"\1.0.\2"),
    (r"(.*rpn\.head\.conv)\.(weight|bias)", r"\1.0.0.\2"),
)
_MASK_LAYER = re.compile(r"(.*mask_head)\.mask_fcn(\d)\.(weight|bias)")


def renamed(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """The same tensors under today's names; those that have them are left alone."""
    out = {}
    for name, tensor in tensors.items():
        new = name
        for old, there in _RULES:
            new = re.sub(rf"^{old}$", there, new)
        layer = _MASK_LAYER.fullmatch(new)
        out[f"{layer[1]}.{int(layer[2]) - 1}.0.{layer[3]}" if layer else new] = tensor
    return out
