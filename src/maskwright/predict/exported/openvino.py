"""OpenVINO's IR: an .xml with the graph and a .bin beside it with the weights."""

import functools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import registry
from maskwright.predict.checkpoint import ModelInfo
from maskwright.predict.exported._runner import KEY, described, read_description, runner
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

SUFFIX = ".xml"


def export(model: "nn.Module", info: ModelInfo, path: Path, *, size: tuple[int, int] | None = None) -> None:
    """float32 weights, by way of ONNX."""
    openvino: Any = require("openvino", "exporting to OpenVINO")
    onnx = registry.load("predict.exported", "onnx")  # its graph is what OpenVINO reads best
    with tempfile.TemporaryDirectory() as folder:
        between = Path(folder) / "model.onnx"
        onnx.export(model, info, between, size=size)
        converted = openvino.convert_model(str(between))
    converted.set_rt_info(described(info, int(getattr(model, "stride", 32)), size), KEY)
    openvino.save_model(converted, str(path), compress_to_fp16=False)


def load(path: Path) -> tuple["nn.Module", ModelInfo]:
    """Runs in float32: left alone OpenVINO would take bfloat16 where the processor has it."""
    from maskwright.errors import ModelError

    shared = core()
    try:
        graph = shared.read_model(str(path))
        held = graph.get_rt_info(KEY).value if graph.has_rt_info(KEY) else None
    except RuntimeError as error:
        raise ModelError(f"not a readable OpenVINO file ({str(error)[:120]})", file=path) from None
    info, stride, size = read_description(held, path)
    import torch

    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = shared.compile_model(graph, "CPU", options)
    return runner(lambda x: compiled(x)[0], stride, size, batches=size is None), info


@functools.cache
def core() -> Any:
    """One for the process, never let go.

    Its processor plugin puts a signal stack of its own under the calling thread; dropped, the plugin frees the memory
    and leaves the thread standing on it, and the next signal (a worker process that ends, say) kills the program.
    """
    openvino: Any = require("openvino", "running an OpenVINO file")
    return openvino.Core()
