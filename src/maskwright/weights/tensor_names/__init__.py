"""What tensors are called: by timm, torchvision, transformers, segmentation-models-pytorch, others, and here.

Each kind of network has names of its own here, the common ones; a module says how each program's names become these.
Weights of one program fit a network of another where both have the same common names.  A tensor that one program keeps
whole and another in parts (queries, keys and values) has its parts as common names.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from maskwright.weights.tensor_names import dino_vits, efficientnet, mit, resnet, segformer_whole, vgg
from maskwright.weights.tensor_names._body import Body, bodies

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Body", "found"]

#: Whole networks before the encoders inside them.
_MAPS = (*segformer_whole.MAPS, *resnet.MAPS, *mit.MAPS, *dino_vits.MAPS, *vgg.MAPS, *efficientnet.MAPS)


def found(tensors: "Mapping[str, Tensor]") -> list[Body]:
    """The networks in it whose names are known, wherever they lie in a larger one. tensors: by name."""
    return [body for name_map in _MAPS for body in bodies(tensors, name_map)]
