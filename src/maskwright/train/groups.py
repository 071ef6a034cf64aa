"""Parameter groups: the encoder may learn more slowly, or wait."""

from typing import TYPE_CHECKING, Any

from maskwright.errors import UsageError
from maskwright.train.settings import Settings

if TYPE_CHECKING:
    from torch import nn


def encoder_parameters(model: "nn.Module") -> set[str]:
    """Names of the parameters of the model's encoder; empty where it has none of its own."""
    path = getattr(model, "encoder_path", "encoder")
    paths = (path,) if isinstance(path, str) else tuple(path)
    return {
        name for name, _ in model.named_parameters() if name.startswith(tuple(f"{each_path}." for each_path in paths))
    }


def parameter_groups(model: "nn.Module", settings: Settings) -> list[dict[str, Any]]:
    """For an optimizer; each group carries `factor`, of the learning rate, and `encoder`.

    Raises UsageError when the encoder is to be treated apart and the model has none.
    """
    mine = encoder_parameters(model)
    apart = settings.encoder_lr != 1 or settings.freeze > 0
    if apart and not mine:
        raise UsageError(f"{settings.model} has no encoder apart from the rest", needed="--encoder-lr 1 and --freeze 0")
    learning = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    if not apart:
        return [{"params": [each for _, each in learning], "factor": 1.0, "encoder": False}]
    rest = [each for name, each in learning if name not in mine]
    encoder = [each for name, each in learning if name in mine]
    return [
        {"params": rest, "factor": 1.0, "encoder": False},
        {"params": encoder, "factor": settings.encoder_lr, "encoder": True},
    ]
