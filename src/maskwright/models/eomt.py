"""EoMT: a plain vision transformer whose last blocks carry the queries; no pixel decoder, no other parts.

Kerssies et al., "Your ViT is Secretly an Image Segmentation Model", CVPR 2025.  The network and its loss are
transformers'.
"""

from typing import TYPE_CHECKING

from maskwright.errors import UsageError
from maskwright.models._queries import wrapped
from maskwright.registry import require
from maskwright.weights import weight_catalogue

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/2503.19108"
TASKS = ("panoptic", "instance", "semantic")  # the first that suits the classes is what it is for
LEARNING_RATE = 2e-4
LICENCE = "Apache-2.0 (transformers)"
INPUT = "RGB, ImageNet mean and deviation; stretched to `side` x `side` inside"
WEIGHTS = weight_catalogue.told(weight_catalogue.find(network="eomt"))

#: hidden size, layers, heads
SIZES = {"nano": (96, 6, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16)}


def build(
    num_classes: int,
    in_channels: int = 3,
    *,
    encoder: str = "large",
    side: int = 640,
    queries: int = 200,
    blocks: int = 4,
    patch: int = 16,
    points: int = 12544,
) -> "nn.Module":
    """Randomly initialised.

    encoder: nano, small, base or large.  side: images are stretched to this square.  blocks: how many of the last
    ones carry the queries.  patch: pixels of one token's side; must divide `side`. Raises UsageError for another
    encoder, or a side that does not divide.  points: where masks are compared when training.
    """
    transformers = require("transformers", "the model eomt")
    if encoder not in SIZES:
        raise UsageError(f"eomt has no size {encoder!r}", needed=f"one of {', '.join(SIZES)}")
    if side % patch:
        raise UsageError(f"a side of {side} does not divide into patches of {patch}")
    hidden, layers, heads = SIZES[encoder]
    config = transformers.EomtConfig(
        num_labels=num_classes, num_channels=in_channels, hidden_size=hidden, num_hidden_layers=layers,
        num_attention_heads=heads, image_size=side, patch_size=patch, num_queries=queries, num_blocks=blocks,
        train_num_points=points,
    )  # fmt: skip
    network = transformers.EomtForUniversalSegmentation(config)
    # Masked attention is for training; the published networks end with it switched off.
    network.attn_mask_probs.zero_()
    return wrapped(network, encoder="network.layers", side=side)
