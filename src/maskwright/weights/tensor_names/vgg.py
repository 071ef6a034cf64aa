"""VGG-16 with batch normalisation (Simonyan, Zisserman, ICLR 2015), and SegNet's way down, which is the same.

Common names are torchvision's for its features.
"""

from maskwright.weights.tensor_names._body import NameMap, by_rules

_NORM = r"(weight|bias|running_mean|running_var|num_batches_tracked)"

#: Convolutions of a stage; behind each come its normalisation and a ReLU, behind the stage a pooling.
_STAGES = (2, 2, 3, 3, 3)


def _segnet() -> list[tuple[str, str]]:
    rules, place = [], 0
    for stage, layers in enumerate(_STAGES):
        for layer in range(layers):
            old = rf"down\.{stage}\.{layer}\."
            rules += [(rf"{old}{part}\.{_NORM}", rf"features.{place + part}.\1") for part in (0, 1)]
            place += 3
        place += 1
    return rules


MAPS = (
    NameMap("vgg16_bn", "torchvision", "features.41.running_mean", by_rules((rf"(features\.\d+\.{_NORM})", r"\1"))),
    NameMap("vgg16_bn", "maskwright", "down.4.2.1.running_mean", by_rules(*_segnet())),
)
