"""Mask2Former: queries that attend to their own masks, for semantic, instance and panoptic segmentation alike.

Cheng et al., "Masked-attention Mask Transformer for Universal Image Segmentation", CVPR 2022.  The network and its loss
are transformers'.
"""

from typing import TYPE_CHECKING

from maskwright.models._queries import backbone, quietly, wrapped
from maskwright.registry import require
from maskwright.weights import weight_catalogue

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/2112.01527"
TASKS = ("panoptic", "instance", "semantic")  # the first that suits the classes is what it is for
LEARNING_RATE = 2e-4
PROPOSED = {
    ("panoptic", "cpu"): ("resnet18", "things and stuff in one answer"),
    ("panoptic", "cuda"): ("swin-tiny", "things and stuff in one answer"),
}
LICENCE = "Apache-2.0 (transformers)"
INPUT = "RGB, ImageNet mean and deviation; any size, padded to 32"
WEIGHTS = weight_catalogue.told(weight_catalogue.find(network="mask2former"))


def build(
    num_classes: int,
    in_channels: int = 3,
    *,
    encoder: str = "swin-tiny",
    queries: int = 100,
    width: int = 256,
    pixel_layers: int = 6,
    decoder_layers: int = 10,
    feedforward: int = 2048,
    points: int = 12544,
    nothing_weight: float = 0.1,
) -> "nn.Module":
    """Randomly initialised.

    encoder: swin-nano … swin-large, resnet18 … resnet101.  queries: most segments an image can have.  width: channels
    of pixel decoder and queries.  pixel_layers: of the deformable pixel decoder.  points: where masks are compared when
    training.  nothing_weight: of the class "nothing" in the loss.  decoder_layers: of the queries.  feedforward: hidden
    values of their layers.
    """
    transformers = require("transformers", "the model mask2former")
    with quietly():
        config = transformers.Mask2FormerConfig(
            backbone_config=backbone(encoder, in_channels), num_labels=num_classes, num_queries=queries,
            hidden_dim=width, feature_size=width, mask_feature_size=width, encoder_layers=pixel_layers,
            decoder_layers=decoder_layers, encoder_feedforward_dim=feedforward // 2, dim_feedforward=feedforward,
            train_num_points=points, no_object_weight=nothing_weight,
        )  # fmt: skip
        network = transformers.Mask2FormerForUniversalSegmentation(config)
    return wrapped(network, encoder="network.model.pixel_level_module.encoder")
