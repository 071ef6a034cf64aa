"""maskwright model"""

from typing import Annotated, Any

import typer

from maskwright.cli.output import Json, emit, table
from maskwright.core import typed
from maskwright.errors import UsageError

_Side = Annotated[int, typed.Limits(least=1)]
SIZE = Annotated[tuple[_Side, _Side], typed.Square, typed.Example("512x512")]


def command(
    what: Annotated[
        str, typer.Argument(help="list: the architectures. show: what a checkpoint holds. export: for another runtime.")
    ],
    model: Annotated[
        str | None, typer.Argument(help="For show and export: a checkpoint, or a run's id with --dataset.")
    ] = None,
    to: Annotated[str, typer.Option(help="onnx, openvino or torch-export.")] = "onnx",
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="The file to write; beside the checkpoint when not given.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Whose images prove the export, and whose runs MODEL may name.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Compare on real images; needs --dataset.")
    ] = True,
    images: Annotated[int, typer.Option(min=1, help="How many of them.")] = 8,
    split: Annotated[str, typer.Option(help="From this split.")] = "val",
    size: Annotated[str | None, typer.Option(metavar="HxW", help="Fix height and width; any when not given.")] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Eight bits, kept only if mean IoU hardly falls; ONNX.")] = False,
    gate: Annotated[float, typer.Option(help="How far mean IoU may fall in eight bits.")] = 0.01,
    json: Json = False,
) -> None:
    """List architectures, show a checkpoint, or export it for another runtime, proved on real images."""
    if what == "list":
        _list(json)
        return
    if what not in ("show", "export") or model is None:
        raise UsageError(
            f"maskwright model {what!r} is not known", needed="list, show MODEL, or export MODEL --to RUNTIME"
        )
    from maskwright.cli.opening import open_dataset
    from maskwright.predict.batch import checkpoint_of

    opened = open_dataset(dataset, quiet=json) if dataset else None
    if opened is None and not model.endswith(".safetensors") and "/" not in model and what == "export":
        raise UsageError(f"{model!r} is not a checkpoint", needed="--dataset, where its run is")
    place = checkpoint_of(opened, model) if opened is not None else model
    if what == "show":
        from maskwright.predict import checkpoint

        network, info = checkpoint.load(place)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        rows = [(name, value) for name, value in vars(info).items() if name != "classes"]
        names = [class_["name"] for class_ in info.classes]
        emit(
            {**vars(info), "parameters": parameters},
            table([*rows, ("parameters", parameters), ("classes", ", ".join(names))], ("", "")),
            json,
        )
        return
    sides = None if size is None else typed.read(typed.Bare(size), SIZE, found="the size", record="--size")
    _export(opened, place, to, output, verify, images, split, sides, int8, gate, json)


def _export(
    opened: Any, place: Any, to: str, output: str | None, verify: bool, images: int, split: str, size: Any,
    int8: bool, gate: float, json: bool,
) -> None:  # fmt: skip
    from pathlib import Path

    from maskwright import registry
    from maskwright.predict.model_export import export, real_images

    suffix = registry.load("predict.exported", to).SUFFIX
    target = Path(output) if output else Path(place).with_suffix(f".int8{suffix}" if int8 else suffix)
    if (verify or int8) and opened is None:
        raise UsageError("an export is proved on real images", needed="--dataset, or --no-verify")
    chosen, truths = real_images(opened, place, split, images) if opened is not None and (verify or int8) else ([], [])
    proof = export(place, target, to, size=size, images=chosen, truths=truths, int8=int8, gate=gate)
    bytes_ = target.stat().st_size + (target.with_suffix(".bin").stat().st_size if to == "openvino" else 0)
    lines = [f"wrote {target}, {bytes_ / 1e6:.1f} MB"]
    if proof is None:
        lines.append("not compared with the checkpoint")
    else:
        lines.append(
            f"on {proof.images} images logits differ by at most {proof.max_difference:.2g},"
            f" {proof.agreement:.4%} of the pixels have the same class; mean IoU falls by {proof.drop:.4f}"
        )
    emit({"file": str(target), "bytes": bytes_, **(vars(proof) if proof else {})}, lines, json)


def _list(json: bool) -> None:
    from maskwright import models, registry

    rows = []
    for name in models.names():
        module = registry.load("models", name)
        first = (module.__doc__ or "").split("\n", 1)[0]
        rows.append((name, first, module.LICENCE, getattr(module, "WEIGHTS", {})))
    lines = list(table([row[:3] for row in rows], ("model", "", "licence")))
    for name, _, _, weights in rows:
        for published, about in weights.items():
            place = f"--weights hub:{published}" if "/" in published else f"torchvision's {published}, saved to a file"
            lines.append(f"{name}: {place} ({about})")
    emit(
        {"models": [{"name": row[0], "about": row[1], "licence": row[2], "weights": row[3]} for row in rows]},
        lines,
        json,
    )
