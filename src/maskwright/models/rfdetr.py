"""RF-DETR with masks: a real-time detection transformer over windowed DINOv2, for instances.

Robinson et al., "RF-DETR: Neural Architecture Search for Real-Time Detection Transformers", 2025.  The network and its
loss are transformers'.
"""

from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.models._outputs import Queries
from maskwright.registry import require
from maskwright.weights import weight_catalogue

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/2511.09554"
TASKS = ("instance",)
LEARNING_RATE = 2e-4
LICENCE = "Apache-2.0 (transformers)"
INPUT = "RGB, ImageNet mean and deviation; stretched to `side` x `side` inside"
WEIGHTS = weight_catalogue.told(weight_catalogue.find(network="rfdetr"))

#: hidden size, heads, layers
SIZES = {"nano": (96, 3, 12), "small": (384, 6, 12), "base": (768, 12, 12)}


def build(
    num_classes: int,
    in_channels: int = 3,
    *,
    encoder: str = "small",
    side: int = 432,
    patch: int = 12,
    windows: int = 2,
    queries: int = 200,
    width: int = 256,
    decoder_layers: int = 4,
    groups: int = 13,
) -> "nn.Module":
    """Randomly initialised.

    side: images are stretched to this square, a multiple of patch times windows.  groups: sets of queries that learn
    in parallel while training.  Raises UsageError for another encoder, or a side that does not divide.  width: values
    of a query.  decoder_layers: of the queries.
    """
    transformers = require("transformers", "the model rfdetr")
    torch: Any = require("torch", "the model rfdetr")
    functional = torch.nn.functional
    if encoder not in SIZES:
        raise UsageError(f"rfdetr has no size {encoder!r}", needed=f"one of {', '.join(SIZES)}")
    if side % (patch * windows):
        raise UsageError(f"a side of {side} does not divide into {windows} windows of patches of {patch}")
    hidden, heads, layers = SIZES[encoder]
    stages = [f"stage{k}" for k in (3, 6, 9, 12)]
    spine = transformers.RfDetrDinov2Config(
        hidden_size=hidden, num_attention_heads=heads, num_hidden_layers=layers, num_channels=in_channels,
        image_size=side, patch_size=patch, num_windows=windows, out_features=stages,
    )  # fmt: skip
    config = transformers.RfDetrConfig(
        backbone_config=spine, num_labels=num_classes, num_queries=queries, d_model=width,
        decoder_layers=decoder_layers, group_detr=groups,
    )  # fmt: skip
    network = transformers.RfDetrForInstanceSegmentation(config)

    spine_path = next(name for name, _ in network.named_modules() if name.rpartition(".")[2] == "backbone")

    class RfDetr(torch.nn.Module):  # type: ignore[misc]
        answers = "queries"
        stride = 1
        encoder_path = f"network.{spine_path}"
        own_loss = True

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Any, targets: Any = None, criterion: Any = None) -> Any:
            """Queries, or with targets (a list of Objects) the loss."""
            x = functional.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
            labels = None if targets is None else [_labels(torch, target, side) for target in targets]
            found = self.network(pixel_values=x.contiguous(), labels=labels)
            if labels is not None and found.loss.numel() == 1:
                return found.loss.squeeze()
            if labels is not None:
                # Without a single object in the batch the terms of masks are empty and swallow the sum; what is left is
                # that nothing should be found.
                return sum(each.sum() for name, each in found.loss_dict.items() if "loss_ce" in name)
            return Queries(found.logits, found.pred_masks, independent=True)

    model: nn.Module = RfDetr()
    return model


def _labels(torch: Any, truth: Any, side: int) -> dict[str, Any]:
    """Classes, boxes (centre and size, shares of the image) and masks, as the loss wants them."""
    masks = truth.masks.float()
    if not len(masks):
        return {
            "class_labels": truth.class_indices,
            "boxes": masks.new_zeros((0, 4)),
            "masks": masks.new_zeros((0, side, side)),
        }
    height, width = masks.shape[-2:]
    rows, columns = masks.any(2).float(), masks.any(1).float()
    top, left = rows.argmax(1), columns.argmax(1)
    bottom, right = height - rows.flip(1).argmax(1), width - columns.flip(1).argmax(1)
    boxes = torch.stack(
        [(left + right) / (2 * width), (top + bottom) / (2 * height), (right - left) / width, (bottom - top) / height],
        1,
    )
    resized = torch.nn.functional.interpolate(masks[None], (side, side), mode="nearest-exact")[0]
    return {"class_labels": truth.class_indices, "boxes": boxes, "masks": resized}
