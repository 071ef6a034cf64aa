"""What the transformers models that answer queries share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.models._outputs import Queries
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

#: ResNets as transformers describes them; swin by its published sizes.
RESNETS = {
    "resnet18": {"layer_type": "basic", "depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512]},
    "resnet34": {"layer_type": "basic", "depths": [3, 4, 6, 3], "hidden_sizes": [64, 128, 256, 512]},
    "resnet50": {"layer_type": "bottleneck", "depths": [3, 4, 6, 3], "hidden_sizes": [256, 512, 1024, 2048]},
    "resnet101": {"layer_type": "bottleneck", "depths": [3, 4, 23, 3], "hidden_sizes": [256, 512, 1024, 2048]},
}
SWINS = {
    "swin-nano": {"embed_dim": 48, "depths": [2, 2, 2, 2], "num_heads": [2, 4, 8, 16], "window_size": 7},
    "swin-tiny": {"embed_dim": 96, "depths": [2, 2, 6, 2], "num_heads": [3, 6, 12, 24], "window_size": 7},
    "swin-small": {"embed_dim": 96, "depths": [2, 2, 18, 2], "num_heads": [3, 6, 12, 24], "window_size": 7},
    "swin-base": {"embed_dim": 128, "depths": [2, 2, 18, 2], "num_heads": [4, 8, 16, 32], "window_size": 12},
    "swin-large": {"embed_dim": 192, "depths": [2, 2, 18, 2], "num_heads": [6, 12, 24, 48], "window_size": 12},
}
STAGES = ["stage1", "stage2", "stage3", "stage4"]


def backbone(encoder: str, in_channels: int) -> Any:
    """A transformers configuration by name. Raises UsageError for another name."""
    transformers = require("transformers", "this model")
    if encoder in RESNETS:
        return transformers.ResNetConfig(num_channels=in_channels, out_features=STAGES, **RESNETS[encoder])
    if encoder in SWINS:
        return transformers.SwinConfig(num_channels=in_channels, out_features=STAGES, **SWINS[encoder])
    raise UsageError(f"there is no encoder {encoder!r} here", needed=f"one of {', '.join([*RESNETS, *SWINS])}")


@contextmanager
def quietly() -> Iterator[None]:
    """transformers warns of encoders that its own published weights do not use; they are a choice here."""
    logging = require("transformers.utils.logging", "this model")
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)


def wrapped(
    network: Any, *, encoder: str, side: int | None = None,
    extra: Callable[[Any], dict[str, Any]] | None = None,
) -> "nn.Module":  # fmt: skip
    """A transformers model for universal segmentation as one of ours.

    encoder: where the encoder's parameters lie.  side: the one input
    size it takes, to which images are stretched inside and which its masks then cover whole.  extra: further
    inputs, made from the images.
    """
    torch: Any = require("torch", "this model")
    functional = torch.nn.functional

    class Answers(torch.nn.Module):  # type: ignore[misc]
        answers = "queries"
        stride = 32
        encoder_path = encoder
        own_loss = True

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Any, targets: Any = None, criterion: Any = None) -> Any:
            """Queries, or with targets (a list of Objects) the loss."""
            more = extra(x) if extra else {}
            if side is not None and tuple(x.shape[-2:]) != (side, side):
                x = functional.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
            if targets is None:
                found = self.network(pixel_values=x.contiguous(), **more)
                return Queries(found.class_queries_logits, found.masks_queries_logits)
            masks = [target.masks.to(x.dtype) for target in targets]
            if side is not None:
                masks = [
                    functional.interpolate(mask[None], (side, side), mode="nearest-exact")[0]
                    if len(mask)
                    else mask.new_zeros((0, side, side))
                    for mask in masks
                ]
            loss = self.network(
                pixel_values=x.contiguous(), mask_labels=masks,
                class_labels=[target.class_indices for target in targets],
                **more,
            ).loss  # fmt: skip
            return loss.squeeze()

    model: nn.Module = Answers()
    return model
