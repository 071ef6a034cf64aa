"""A light head on the frozen features of DINOv2 or DINOv3: only the head learns, in seconds, from few images.

Oquab et al., "DINOv2", 2023, section 7.4 (linear segmentation); Siméoni et al., "DINOv3", 2025.  The encoders are
transformers'.  Without weights (`--weights`) the features are random and the head learns little.
"""

from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.models._frozen import check_head, on_features
from maskwright.registry import require
from maskwright.weights import weight_catalogue

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/2304.07193"
LICENCE = "Apache-2.0 (transformers); weights: DINOv2 Apache-2.0, DINOv3 under its own licence"
INPUT = "RGB, ImageNet mean and deviation; any multiple of the patch, 14 for DINOv2 and 16 for DINOv3"
WEIGHTS = weight_catalogue.told(
    [found for found in weight_catalogue.every() if found.network.startswith(("dinov2-", "dinov3-"))]
)

#: hidden size, layers, heads
SIZES = {"nano": (96, 4, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16)}

#: Pixels of a side that DINOv2's positions were published for; for other images they are interpolated.
SIDE = 518


def build(
    num_classes: int, in_channels: int = 3, *, encoder: str = "dinov2-small", head: str = "linear", width: int = 256,
    learn_encoder: bool = False,
) -> "nn.Module":  # fmt: skip
    """encoder: dinov2 or dinov3, with -nano, -small, -base or -large.  head: linear, or mlp with one hidden layer.

    learn_encoder: let the encoder learn too.  Raises UsageError for another encoder or head.  width: of the hidden
    layer.
    """
    family, _, size = encoder.partition("-")
    if family not in ("dinov2", "dinov3") or size not in SIZES:
        raise UsageError(
            f"dino has no encoder {encoder!r}", needed="dinov2 or dinov3 with -nano, -small, -base or -large"
        )
    check_head("dino", head)
    transformers = require("transformers", "the model dino")
    hidden, layers, heads = SIZES[size]
    common = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_channels": in_channels,
    }
    if family == "dinov2":
        patch = 14
        network = transformers.Dinov2Model(transformers.Dinov2Config(**common, patch_size=patch, image_size=SIDE))
    else:
        patch = 16
        config = transformers.DINOv3ViTConfig(
            **common, patch_size=patch, intermediate_size=4 * hidden, num_register_tokens=4
        )
        network = transformers.DINOv3ViTModel(config)

    def grid(features: Any, x: Any) -> Any:
        rows, columns = x.shape[-2] // patch, x.shape[-1] // patch
        tokens = features(pixel_values=x.contiguous()).last_hidden_state
        return tokens[:, -rows * columns :].transpose(1, 2).unflatten(2, (rows, columns)).contiguous()

    model: Any = on_features(
        network, grid, hidden, num_classes, head=head, width=width, patch=patch, learn_encoder=learn_encoder
    )
    model.register_load_state_dict_pre_hook(_as_many_positions)
    built: nn.Module = model
    return built


def _as_many_positions(model: Any, tensors: dict[str, Any], *_: Any) -> None:
    """A checkpoint from before SIDE was the published one has fewer positions, which stay as they are."""
    name = "encoder.embeddings.position_embeddings"
    own = getattr(model.encoder.embeddings, "position_embeddings", None)
    if own is not None and name in tensors and tensors[name].shape != own.shape:
        own.data = own.data.new_empty(tensors[name].shape)
