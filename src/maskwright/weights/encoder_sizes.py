"""Which encoder a body of tensors is: by how many layers it has and how wide they are."""

import re
from typing import TYPE_CHECKING

from maskwright.weights.tensor_names import Body

if TYPE_CHECKING:
    from collections.abc import Iterable

_RESNETS: dict[tuple[str, tuple[int, ...]], str] = {
    ("basic", (2, 2, 2, 2)): "resnet18", ("basic", (3, 4, 6, 3)): "resnet34", ("deep", (3, 4, 6, 3)): "resnet50",
    ("deep", (3, 4, 23, 3)): "resnet101", ("deep", (3, 8, 36, 3)): "resnet152",
}  # fmt: skip
_MITS: dict[tuple[int, tuple[int, ...]], str] = {
    (32, (2, 2, 2, 2)): "mit_b0", (64, (2, 2, 2, 2)): "mit_b1", (64, (3, 4, 6, 3)): "mit_b2",
    (64, (3, 4, 18, 3)): "mit_b3", (64, (3, 8, 27, 3)): "mit_b4", (64, (3, 6, 40, 3)): "mit_b5",
}  # fmt: skip
_DINOS = {(96, 4): "nano", (384, 12): "small", (768, 12): "base", (1024, 24): "large"}
#: Blocks, and channels at the end of the last one -> name.
_EFFICIENTNETS = {
    (16, 320, False): "efficientnet-lite0", (21, 320, False): "efficientnet-lite1",
    (21, 352, False): "efficientnet-lite2", (16, 320, True): "efficientnet-b0", (23, 320, True): "efficientnet-b1",
    (23, 352, True): "efficientnet-b2", (26, 384, True): "efficientnet-b3",
}  # fmt: skip


def encoder_of(body: Body) -> str:
    """Its name, such as "resnet18"; "" for a size that is not known."""
    parts = body.parts
    if body.kind == "resnet":
        deep = "deep" if "layer1.0.conv3.weight" in parts else "basic"
        first, second = parts.get("conv1.weight"), parts["layer1.0.conv2.weight"]  # wider ones and ResNeXt differ here
        usual = first is not None and first.tensor.shape[0] == 64 and second.tensor.shape[:2] == (64, 64)
        depths = tuple(_count(parts, rf"layer{stage}\.(\d+)\.") for stage in range(1, 5))
        return _RESNETS.get((deep, depths), "") if usual else ""
    if body.kind == "mit":
        width = int(parts["patch_embed1.proj.weight"].tensor.shape[0])
        return _MITS.get((width, tuple(_count(parts, rf"block{stage}\.(\d+)\.") for stage in range(1, 5))), "")
    if body.kind in ("dinov2", "dinov3"):
        size = _DINOS.get((int(parts["cls"].tensor.shape[-1]), _count(parts, r"blocks\.(\d+)\.")))
        return f"{body.kind}-{size}" if size else ""
    if body.kind == "vgg16_bn":
        return body.kind
    if body.kind == "efficientnet":
        blocks = _count(parts, r"blocks\.(\d+)\.")
        last = parts.get(f"blocks.{blocks - 1}.conv_pwl.weight")
        squeezed = "blocks.0.se.conv_reduce.weight" in parts
        return _EFFICIENTNETS.get((blocks, int(last.tensor.shape[0]), squeezed), "") if last else ""
    return ""


def _count(names: "Iterable[str]", expression: str) -> int:
    """How many different numbers stand at a place of the names."""
    return len({match[1] for name in names if (match := re.match(expression, name))})
