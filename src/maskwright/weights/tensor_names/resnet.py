"""ResNet (He et al., CVPR 2016). Common names are torchvision's, which timm and segmentation-models-pytorch share."""

from maskwright.weights.tensor_names._body import NameMap, by_rules

_NORM = r"(weight|bias|running_mean|running_var|num_batches_tracked)"

_TORCHVISION = by_rules((rf"((?:conv1|bn1|layer\d)\.(?:.*\.)?{_NORM})", r"\1"))


def _layer(number: int) -> list[tuple[str, str]]:
    """transformers counts stages from 0, torchvision from 1."""
    old, new = rf"encoder\.stages\.{number}\.layers\.(\d+)", rf"layer{number + 1}.\1"
    return [
        (rf"{old}\.shortcut\.convolution\.weight", rf"{new}.downsample.0.weight"),
        (rf"{old}\.shortcut\.normalization\.{_NORM}", rf"{new}.downsample.1.\2"),
        *((rf"{old}\.layer\.{k}\.convolution\.weight", rf"{new}.conv{k + 1}.weight") for k in range(3)),
        *((rf"{old}\.layer\.{k}\.normalization\.{_NORM}", rf"{new}.bn{k + 1}.\2") for k in range(3)),
    ]


_TRANSFORMERS = by_rules(
    (r"embedder\.embedder\.convolution\.weight", "conv1.weight"),
    (rf"embedder\.embedder\.normalization\.{_NORM}", r"bn1.\1"),
    *(rule for number in range(4) for rule in _layer(number)),
)

MAPS = (
    NameMap("resnet", "torchvision", "layer1.0.conv1.weight", _TORCHVISION),
    NameMap("resnet", "transformers", "embedder.embedder.convolution.weight", _TRANSFORMERS),
)
