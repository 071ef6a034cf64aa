"""EfficientNet and EfficientNet-Lite (Tan, Le, ICML 2019). Common names are close to timm's, blocks counted through.

The other names are those of Luke Melas-Kyriazi's port, which segmentation-models-pytorch and others keep.
"""

import re
from collections.abc import Sequence

from maskwright.weights.tensor_names._body import NameMap, by_rules

_NORM = r"(weight|bias|running_mean|running_var|num_batches_tracked)"
_PLAIN = r"(weight|bias)"

_AROUND = (
    (r"conv_stem\.weight", "stem.weight"),
    (rf"bn1\.{_NORM}", r"stem_norm.\1"),
    (r"conv_head\.weight", "head.weight"),
    (rf"bn2\.{_NORM}", r"head_norm.\1"),
    (rf"classifier\.{_PLAIN}", r"classifier.\1"),
)


def _timm(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    inside = [(name, re.match(r"blocks\.(\d+)\.(\d+)\.(.+)", name)) for name in names]
    places = sorted({(int(match[1]), int(match[2])) for _, match in inside if match})
    narrow = {(int(match[1]), int(match[2])) for _, match in inside if match and match[3] == "conv_pwl.weight"}
    out = by_rules(*_AROUND)([name for name, match in inside if not match])
    for name, match in inside:
        if match:
            place = (int(match[1]), int(match[2]))
            # A block that does not widen first has its parts one earlier.
            plain = {"conv_pw": "conv_pwl", "bn1": "bn2", "bn2": "bn3"} if place not in narrow else {}
            part, _, rest = match[3].partition(".")
            out[name] = (f"blocks.{places.index(place)}.{plain.get(part, part)}.{rest}",)
    return out


_PARTS = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2", "_project_conv": "conv_pwl",
    "_bn2": "bn3", "_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand",
}  # fmt: skip
_MELAS = (
    (r"_conv_stem\.weight", "stem.weight"),
    (rf"_bn0\.{_NORM}", r"stem_norm.\1"),
    (r"_conv_head\.weight", "head.weight"),
    (rf"_bn1\.{_NORM}", r"head_norm.\1"),
    (rf"_fc\.{_PLAIN}", r"classifier.\1"),
    *((rf"_blocks\.(\d+)\.{part}\.{_NORM}", rf"blocks.\1.{new}.\2") for part, new in _PARTS.items()),
)

MAPS = (
    NameMap("efficientnet", "timm", "conv_stem.weight", _timm),
    NameMap("efficientnet", "efficientnet-pytorch", "_conv_stem.weight", by_rules(*_MELAS)),
)
