"""A light head on the frozen features of SAM's image encoder: only the head learns, or an adapter with it.

Kirillov et al., "Segment Anything", 2023.  The encoder is transformers'.  Without weights (`--weights`) the features
are random and the head learns little.
"""

from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.models._frozen import check_head, on_features
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/2304.02643"
LICENCE = "Apache-2.0 (transformers); weights Apache-2.0"
INPUT = "RGB, ImageNet mean and deviation; stretched to `side` x `side` inside"
WEIGHTS = {"facebook/sam-vit-base": "Apache-2.0; encoder vit-base, side 1024, 90 M"}

#: hidden size, layers, heads, layers that see the whole image
SIZES = {
    "nano": (96, 4, 3, (1, 3)), "base": (768, 12, 12, (2, 5, 8, 11)), "large": (1024, 24, 16, (5, 11, 17, 23)),
    "huge": (1280, 32, 16, (7, 15, 23, 31)),
}  # fmt: skip

PATCH, FEATURES = 16, 256


def build(
    num_classes: int, in_channels: int = 3, *, encoder: str = "vit-base", side: int = 1024, head: str = "linear",
    width: int = 256, learn_encoder: bool = False,
) -> "nn.Module":  # fmt: skip
    """encoder: vit-nano, vit-base, vit-large or vit-huge.  side: images are stretched to this square.

    head: linear, or mlp with one hidden layer of `width`.  learn_encoder: let the encoder learn too.  Raises UsageError
    for another encoder or head, and for a side that 16 does not divide.  Published weights are of side 1024; with
    another one what they say of places does not fit, and stays random.
    """
    family, _, size = encoder.partition("-")
    if family != "vit" or size not in SIZES:
        raise UsageError(f"sam has no encoder {encoder!r}", needed=f"vit- with {', '.join(SIZES)}")
    check_head("sam", head)
    if side <= 0 or side % PATCH:
        raise UsageError(f"a side of {side} does not divide into patches of {PATCH}")
    transformers = require("transformers", "the model sam")
    torch: Any = require("torch", "the model sam")
    hidden, layers, heads, everywhere = SIZES[size]
    network = transformers.SamVisionModel(
        transformers.SamVisionConfig(
            hidden_size=hidden, output_channels=FEATURES, num_hidden_layers=layers, num_attention_heads=heads,
            num_channels=in_channels, image_size=side, patch_size=PATCH, global_attn_indexes=list(everywhere),
            mlp_dim=4 * hidden, initializer_range=0.02,  # not the published 1e-10, with which random features vanish
        )
    )  # fmt: skip

    def grid(features: Any, x: Any) -> Any:
        square = torch.nn.functional.interpolate(x, (side, side), mode="bilinear", align_corners=False, antialias=True)
        return features(pixel_values=square.contiguous()).last_hidden_state

    # Windows of any size are stretched, so no size has to be a multiple of anything but this.
    return on_features(
        network, grid, FEATURES, num_classes, head=head, width=width, patch=PATCH, learn_encoder=learn_encoder
    )
