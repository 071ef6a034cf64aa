"""OneFormer: one network for three tasks, told in its input which one is wanted.

Jain et al., "OneFormer: One Transformer to Rule Universal Image Segmentation", CVPR 2023.  The network and its loss are
transformers'.  Here one network is trained for one task; the contrastive loss between queries and texts, which needs
a text encoder at training, is left out.
"""

from typing import TYPE_CHECKING, Any

from maskwright.models._queries import backbone, wrapped
from maskwright.registry import require
from maskwright.weights import weight_catalogue

if TYPE_CHECKING:
    from torch import nn

PAPER = "https://arxiv.org/abs/2211.06220"
TASKS = ("panoptic", "instance", "semantic")  # the first that suits the classes is what it is for
LEARNING_RATE = 2e-4
LICENCE = "Apache-2.0 (transformers)"
INPUT = "RGB, ImageNet mean and deviation; any size, padded to 32"
WEIGHTS = weight_catalogue.told(weight_catalogue.find(network="oneformer"))


def build(
    num_classes: int,
    in_channels: int = 3,
    *,
    encoder: str = "swin-tiny",
    queries: int = 150,
    width: int = 256,
    pixel_layers: int = 6,
    decoder_layers: int = 10,
    feedforward: int = 2048,
    points: int = 12544,
    task_tokens: tuple[int, ...] = (0,),
) -> "nn.Module":
    """Randomly initialised; sizes as in `mask2former`.

    task_tokens: the task's text as tokens of the weights' own vocabulary, filled up to 77 with zeros; with random
    weights any will do, as long as they stay the same.

    encoder, queries, width, pixel_layers, decoder_layers, feedforward, points: as there.
    """
    transformers = require("transformers", "the model oneformer")
    torch: Any = require("torch", "the model oneformer")
    config = transformers.OneFormerConfig(
        backbone_config=backbone(encoder, in_channels), num_labels=num_classes, num_queries=queries,
        hidden_dim=width, conv_dim=width, mask_dim=width, encoder_layers=pixel_layers, decoder_layers=decoder_layers,
        encoder_feedforward_dim=feedforward // 2, dim_feedforward=feedforward, train_num_points=points,
        is_training=False,
    )  # fmt: skip
    network = transformers.OneFormerForUniversalSegmentation(config)
    length = config.task_seq_len

    def task(x: Any) -> dict[str, Any]:
        tokens = torch.zeros(len(x), length, dtype=torch.long, device=x.device)
        tokens[:, : len(task_tokens)] = torch.tensor(task_tokens[:length], device=x.device)
        return {"task_inputs": tokens}

    return wrapped(network, encoder="network.model.pixel_level_module.encoder", extra=task)
