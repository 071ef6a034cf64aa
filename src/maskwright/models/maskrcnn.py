"""Mask R-CNN: proposals, then a class, a box and a small mask for each.

He et al., "Mask R-CNN", ICCV 2017; version 2 with the heads and recipe of Li et al., "Benchmarking Detection Transfer
Learning with Vision Transformers", 2021.  The network and its losses are torchvision's.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.models._outputs import Regions
from maskwright.models._torchvision import widen
from maskwright.registry import require
from maskwright.weights import weight_catalogue

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/1703.06870"
TASKS = ("instance",)
LEARNING_RATE = 5e-4
PROPOSED = {
    ("instance", "cpu"): ("resnet18", "every object apart, touching and overlapping ones too"),
    ("instance", "cuda"): ("resnet50", "every object apart, touching and overlapping ones too"),
}
CONFIG = {
    "cpu": (
        {"norm": "group", "samples": 128, "proposals": 600},
        "small batches on a CPU: group normalisation, fewer proposals",
    )
}
#: Arguments in place of those where weights are begun with: torchvision keeps the statistics of theirs, as batches of a
#: few images have none worth having.
FROM_WEIGHTS = {"norm": "frozen"}
LICENCE = "BSD-3-Clause (torchvision)"
INPUT = "RGB, ImageNet mean and deviation; any size, padded to 32"
WEIGHTS = weight_catalogue.told(weight_catalogue.find(network="maskrcnn"))


def build(
    num_classes: int,
    in_channels: int = 3,
    *,
    encoder: str = "resnet50",
    version: int = 1,
    norm: str = "batch",
    anchors: Sequence[int] = (32, 64, 128, 256, 512),
    mask_cells: int = 14,
    mask_channels: int = 256,
    proposals: int = 2000,
    samples: int = 512,
    head: int = 1024,
    detections: int = 100,
    min_score: float = 0.05,
) -> "nn.Module":
    """Randomly initialised.

    encoder: a ResNet of torchvision.  version: 2 has deeper heads and normalises in them.  norm: batch, group or
    frozen; group where a batch is small, frozen where the encoder's weights come from elsewhere: it normalises by their
    means and variances, which training leaves as they are.  anchors: a side in input pixels for each of the five
    levels.  mask_cells: half the masks' side.  mask_channels: of their head's four layers; at 256 they are half of a
    step's work on a CPU.  proposals: kept of each image while training (half as many later).  samples: of them that
    teach the heads.  head: hidden values of the box head, four fifths of what is beyond the encoder; fewer for few
    classes.  detections: most objects an image can have.  min_score: of objects, at least.  Raises UsageError for
    another version or normalisation.
    """
    torch: Any = require("torch", "the model maskrcnn")
    require("torchvision", "the model maskrcnn")
    from torchvision.models.detection import MaskRCNN, maskrcnn_resnet50_fpn_v2
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
    from torchvision.models.detection.rpn import AnchorGenerator
    from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign

    layers = {"batch": torch.nn.BatchNorm2d, "group": _group_norm, "frozen": FrozenBatchNorm2d}
    if version not in (1, 2) or norm not in layers:
        raise UsageError(
            f"version {version} with norm {norm!r} is not known", needed="version 1 or 2, norm batch, group or frozen"
        )
    if version == 2 and encoder != "resnet50":
        raise UsageError(f"version 2 has no encoder {encoder!r}", needed="resnet50")
    # Images come scaled and normalised; the class 0 is "nothing" inside.
    common: dict[str, Any] = {
        "image_mean": [0.0] * in_channels, "image_std": [1.0] * in_channels, "box_detections_per_img": detections,
        "box_score_thresh": min_score,
        "rpn_pre_nms_top_n_train": proposals, "rpn_post_nms_top_n_train": proposals,
        "rpn_pre_nms_top_n_test": proposals // 2, "rpn_post_nms_top_n_test": proposals // 2,
        "box_batch_size_per_image": samples,
    }  # fmt: skip
    if tuple(anchors) != (32, 64, 128, 256, 512):
        sizes = tuple((anchor,) for anchor in anchors)
        common["rpn_anchor_generator"] = AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * len(anchors))
    if (head, mask_channels) != (1024, 256) and version == 1:
        common |= {
            "box_head": TwoMLPHead(256 * 7 * 7, head), "box_predictor": FastRCNNPredictor(head, num_classes + 1),
            "mask_head": MaskRCNNHeads(256, (mask_channels,) * 4, 1),
            "mask_predictor": MaskRCNNPredictor(mask_channels, mask_channels, num_classes + 1),
        }  # fmt: skip
    if mask_cells != 14:
        common["mask_roi_pool"] = MultiScaleRoIAlign(["0", "1", "2", "3"], mask_cells, 2)
    if version == 2:
        network = maskrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None, num_classes=num_classes + 1, **common)
    else:
        spine = resnet_fpn_backbone(backbone_name=encoder, weights=None, norm_layer=layers[norm], trainable_layers=5)
        # A predictor given comes with its number of classes.
        network = MaskRCNN(spine, None if "box_predictor" in common else num_classes + 1, **common)
    widen(network.backbone.body, in_channels)
    # Images come at the size they are meant to have; left alone they would be enlarged to 800 pixels.
    network.transform.resize = lambda image, target=None: (image, target)
    # Masks stay small and boxes in input pixels: the door to segments takes it from there.
    network.transform.postprocess = lambda result, *_: result

    class MaskRegions(torch.nn.Module):  # type: ignore[misc]
        answers = "regions"
        stride = 32
        encoder_path = "network.backbone.body"
        own_loss = True

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Any, targets: Any = None, criterion: Any = None) -> Any:
            """A list of Regions, or with targets (a list of Objects) the sum of the five losses."""
            if targets is not None:
                truth = [_truth(torch, target) for target in targets]
                return sum(self.network(list(x), truth).values())
            return [
                Regions(each["boxes"], each["labels"] - 1, each["scores"], each["masks"][:, 0])
                for each in self.network(list(x))
            ]

    model: nn.Module = MaskRegions()
    return model


def _group_norm(channels: int) -> Any:
    torch: Any = require("torch", "the model maskrcnn")
    return torch.nn.GroupNorm(min(32, channels), channels)


def _truth(torch: Any, segments: Any) -> dict[str, Any]:
    from torchvision.ops import masks_to_boxes

    masks = segments.masks
    boxes = masks_to_boxes(masks) if len(masks) else torch.zeros((0, 4), device=masks.device)
    # torchvision's boxes end at the last pixel, the project's after it.
    boxes = boxes + torch.tensor([0.0, 0.0, 1.0, 1.0], device=masks.device)
    return {"boxes": boxes, "labels": segments.class_indices + 1, "masks": masks.to(torch.uint8)}
