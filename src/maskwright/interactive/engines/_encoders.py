"""An image encoder in another runtime, held against PyTorch before it is trusted."""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maskwright.errors import ModelError, UsageError
from maskwright.registry import require

RUNTIMES = ("torch", "onnx", "openvino")
#: Largest difference from PyTorch, over the largest value.
TOLERANCE = 2e-3


def faster(
    embed: Callable[[Any], list[Any]], model: Any, example: Any, runtime: str, device: str
) -> Callable[[Any], list[Any]]:
    """embed: (1, 3, s, s) tensor -> tensors, part of `model` -> the same by another runtime, on the CPU, in float32.

    Raises UsageError for an unknown runtime, ModelError where its answers differ from PyTorch's.
    """
    if runtime not in RUNTIMES:
        raise UsageError(f"no runtime for encoders is called {runtime!r}", needed=" or ".join(RUNTIMES))
    if runtime == "torch":
        return lambda pixels: [each.float().cpu() for each in embed(pixels.to(device))]
    torch: Any = require("torch", "an encoder")

    class Encoder(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixels: Any) -> tuple[Any, ...]:
            return tuple(embed(pixels))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing tells of every shape it takes as constant; ours is constant
        run = _onnx(Encoder().eval(), example) if runtime == "onnx" else _openvino(Encoder().eval(), example)
    pixels = torch.randn(example.shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for own, other in zip(embed(pixels), run(pixels), strict=True):
            apart = float((own - other).abs().max() / own.abs().max().clamp_min(1e-6))
            if not apart <= TOLERANCE:
                raise ModelError(
                    f"the encoder's answers differ by {apart:.1g} of their size in {runtime}",
                    todo="Leave the option encoder out: PyTorch runs it.",
                )
    return run


def _onnx(module: Any, example: Any) -> Callable[[Any], list[Any]]:
    torch: Any = require("torch", "an encoder")
    require("onnx", "an encoder in ONNX")
    runtime: Any = require("onnxruntime", "an encoder in ONNX")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        with torch.inference_mode():
            torch.onnx.export(module, (example,), str(path), input_names=["image"], dynamo=False, opset_version=17)
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = torch.get_num_threads()
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda pixels: [torch.from_numpy(each) for each in session.run(None, {"image": pixels.numpy()})]


def _openvino(module: Any, example: Any) -> Callable[[Any], list[Any]]:
    torch: Any = require("torch", "an encoder")
    openvino: Any = require("openvino", "an encoder in OpenVINO")
    from maskwright.predict.exported.openvino import core

    with torch.inference_mode():
        graph = openvino.convert_model(module, example_input=example, input=[list(example.shape)])
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = core().compile_model(graph, "CPU", options)

    def run(pixels: Any) -> list[Any]:
        found = compiled(pixels.numpy())
        return [torch.from_numpy(found[k].copy()) for k in range(len(compiled.outputs))]

    return run
