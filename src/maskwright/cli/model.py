"""maskwright model"""

from pathlib import Path
from typing import Annotated, Any

import typer

from maskwright.cli.output import Json, emit, table
from maskwright.core import typed
from maskwright.core.plurals import many
from maskwright.errors import UsageError

_Side = Annotated[int, typed.Limits(least=1)]
SIZE = Annotated[tuple[_Side, _Side], typed.Square, typed.Example("512x512")]


def command(
    what: Annotated[
        str,
        typer.Argument(
            help="list: the architectures, and published weights with what is on this machine. show: what a checkpoint"
            " or a file of weights is. export: for another runtime."
        ),
    ],
    model: Annotated[
        str | None,
        typer.Argument(
            help="For show and export: a checkpoint, or a run's id with --dataset. For show also weights: a file, a"
            " folder, hub:OWNER/NAME, a name of the list."
        ),
    ] = None,
    to: Annotated[str, typer.Option(help="onnx, openvino or torch-export.")] = "onnx",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="The file to write; when not given, beside the checkpoint, or MODEL-weights.png here.",
        ),
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
    histograms: Annotated[
        bool, typer.Option("--histograms", help="For show: draw the histograms of weights and biases by layer.")
    ] = False,
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="WORD", help="Of these: a type such as Conv2d, or a part of their names; all when not given."
        ),
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=200, help="So many of them.")] = 8,
    bins: Annotated[int, typer.Option(min=1, max=1000, help="Bars of a histogram.")] = 50,
    json: Json = False,
) -> None:
    """List architectures and weights, say what a file is, or export one for another runtime, proved on real images."""
    if not histograms and (layers, first, bins) != (None, 8, 50):
        raise UsageError("--layers, --first and --bins say what --histograms draws", todo="Give --histograms too.")
    if histograms and what != "show":
        raise UsageError("--histograms is of what is shown", needed="maskwright model show FILE --histograms")
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
    if what == "show" and histograms:
        _histograms(str(place), output or f"{Path(model).stem}-weights.png", layers, first, bins, json)
        return
    if what == "show":
        from maskwright.predict import checkpoint

        if opened is None and not _is_ours(model):
            _show_weights(model, json)
            return
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


def _histograms(source: str, output: str, wanted: str | None, first: int, bins: int, json: bool) -> None:
    from maskwright.core.staging import check_file
    from maskwright.figures import drawing
    from maskwright.figures.weight_histograms import counted, weight_histograms
    from maskwright.predict.weight_layers import layers
    from maskwright.runs.files import whole

    drawing.check_suffix(output)
    check_file(output)
    found = layers(source, wanted)
    drawn = found[:first]
    rows = {
        layer.name: [counted(f"{layer.name}.{word}", values, bins) for word, values in layer.arrays.items()]
        for layer in drawn
    }
    title = f"{Path(source).name}: {len(drawn)} of {many(len(found), 'layer')}"
    content = drawing.encoded(weight_histograms(rows, title=title), output)
    with whole(Path(output)) as partial:
        partial.write_bytes(content)
    lines = [
        f"wrote {output}: {len(drawn)} of {many(len(found), 'layer')}{f' that fit {wanted}' if wanted else ''}",
        "",
    ]
    told = [
        (histogram.name, layer.kinds[0] if layer.kinds else "-", "x".join(map(str, histogram.shape)) or "1",
         histogram.mean, histogram.deviation, histogram.not_finite)
        for layer in drawn for histogram in rows[layer.name]
    ]  # fmt: skip
    result = [
        {
            "name": layer.name, "type": layer.kinds[0] if layer.kinds else None, "arrays": [
                {**vars(histogram), "counts": histogram.counts.tolist(), "edges": histogram.edges.tolist()}
                for histogram in rows[layer.name]
            ],
        }
        for layer in drawn
    ]  # fmt: skip
    header = ("array", "type", "shape", "mean", "deviation", "not finite")
    emit({"file": output, "layers": len(found), "drawn": result}, [*lines, *table(told, header)], json)


def _is_ours(model: str) -> bool:
    """A checkpoint of ours or an exported file, and not weights of anybody."""
    from maskwright.predict import exported
    from maskwright.weights.tensors import PICKLES, holds_description

    place = Path(model)
    if exported.runtime_of(place.suffix) is not None:
        return True
    return place.suffix not in PICKLES and place.is_file() and holds_description(place)


def _show_weights(source: str, json: bool) -> None:
    from maskwright.predict.as_published import incomplete, network_for
    from maskwright.weights import recognise

    found = recognise(source)
    published = found.published
    rows: list[tuple[str, Any]] = [("what", found.words), ("tensors", found.tensors), ("parameters", found.parameters)]
    if found.config:
        rows.append(("config", ", ".join(f"{name}={value}" for name, value in found.config.items())))
    if published is not None:
        rows += [("catalogue", published.name), ("licence", published.licence), ("about", published.what)]
    if found.kind == "network" and not (found.mean and found.std):
        rows.append(("normalised", "it is not known how: predicted as ImageNet's images are"))
    if found.mean and found.std:
        rows += [("mean", found.mean), ("std", found.std)]
    if found.outputs is not None:
        rows += [("outputs", found.outputs), ("classes", ", ".join(name for name, _ in found.classes) or "not known")]
        rows += [("known from", found.why)] if found.why else []
    begun = network_for(source, found)
    problem = incomplete(source, found, begun)
    rows.append(("use", _use(source, found.kind, begun)) if problem is None else ("not usable", problem))
    result = {**vars(found), "published": published.to_json() if published else None, "problem": problem}
    emit(result, table(rows, ("", "")), json)


def _use(source: str, kind: str, begun: tuple[str, dict[str, Any]] | None) -> str:
    if begun is None:
        return f"an engine's: -o weights={source}"
    model, arguments = begun
    config = "".join(f" --config {name}={value}" for name, value in arguments.items())
    train = f"maskwright train DATASET --model {model}{config} --weights {source}"
    return train if kind == "encoder" else f"maskwright predict IMAGES --model {source}, or {train}"


def _list(json: bool) -> None:
    from maskwright import models, registry
    from maskwright.weights import at_hand, weight_catalogue

    rows = []
    for name in models.names():
        module = registry.load("models", name)
        first = (module.__doc__ or "").split("\n", 1)[0]
        rows.append((name, first, module.LICENCE))
    lines = list(table(rows, ("model", "", "licence")))
    here = {found.name: str(place) for found, place in at_hand.at_hand(list(weight_catalogue.every()))}
    every = sorted(weight_catalogue.every(), key=lambda found: found.name not in here)
    weights = [
        (
            found.name, found.network, "here" if found.name in here else "-", found.licence,
            weight_catalogue.size_text(found.size) if found.size else "", found.place,
        )
        for found in every
    ]  # fmt: skip
    lines += ["", *table(weights, ("weights", "of", "", "licence", "size", "published as"))]
    lines.append("--weights NAME begins with them; HF_HUB_OFFLINE=0 with --weights hub:OWNER/NAME fetches some, once")
    emit(
        {
            "models": [dict(zip(("name", "about", "licence"), row, strict=True)) for row in rows],
            "weights": [{**found.to_json(), "file": here.get(found.name)} for found in every],
        },
        lines,
        json,
    )
