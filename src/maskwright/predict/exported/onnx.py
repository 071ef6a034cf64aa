"""ONNX, run by ONNX Runtime."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.predict.checkpoint import ModelInfo
from maskwright.predict.exported._runner import KEY, described, example, read_description, runner
from maskwright.registry import require

if TYPE_CHECKING:
    from torch import nn

SUFFIX = ".onnx"


def export(model: "nn.Module", info: ModelInfo, path: Path, *, size: tuple[int, int] | None = None) -> None:
    """float32. The input "image" is (N, C, h, w) normalised, the output "logits" (N, K, h, w)."""
    import warnings

    torch: Any = require("torch", "exporting")
    onnx: Any = require("onnx", "exporting to ONNX")
    stride = int(getattr(model, "stride", 32))
    moving = None if size else {name: {0: "n", 2: "h", 3: "w"} for name in ("image", "logits")}
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # tracing tells of every shape it takes as constant; verifying shows which matter
        torch.onnx.export(
            model.eval(), (example(info, stride, size),), str(path), input_names=["image"], output_names=["logits"],
            dynamic_axes=moving, dynamo=False, opset_version=17,
        )  # fmt: skip
    whole = onnx.load(str(path))
    entry = whole.metadata_props.add()
    entry.key, entry.value = KEY, described(info, stride, size)
    onnx.save(whole, str(path))


def load(path: Path) -> tuple["nn.Module", ModelInfo]:
    runtime: Any = require("onnxruntime", "running an ONNX file")
    from maskwright.errors import ModelError

    options = runtime.SessionOptions()
    options.log_severity_level = 3
    import torch

    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  the runtime has its own errors for each way a file can be broken
        raise ModelError(f"not a readable ONNX file ({str(error)[:120]})", file=path) from None
    held = session.get_modelmeta().custom_metadata_map.get(KEY)
    info, stride, size = read_description(held, path)
    return runner(lambda x: session.run(None, {"image": x})[0], stride, size, batches=size is None), info


def quantise(source: Path, path: Path, inputs: list[Any]) -> None:
    """INT8 weights and activations, ranges from `inputs`, (1, C, h, w) arrays of real images as they enter."""
    import logging
    import tempfile

    require("onnxruntime", "quantising")
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter([{"image": each_input} for each_input in inputs])

        def get_next(self) -> Any:
            return next(self.left, None)

    onnx: Any = require("onnx", "quantising")
    level = logging.getLogger().level
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.onnx"
        logging.getLogger().setLevel(logging.ERROR)
        try:
            quantization.shape_inference.quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
            quantization.quantize_static(
                str(ready), str(path), Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
                weight_type=quantization.QuantType.QInt8, activation_type=quantization.QuantType.QUInt8,
                extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
            )  # fmt: skip
        finally:
            logging.getLogger().setLevel(level)
    whole, old = onnx.load(str(path)), onnx.load(str(source))
    if not any(metadata_prop.key == KEY for metadata_prop in whole.metadata_props):
        whole.metadata_props.extend(old.metadata_props)
        onnx.save(whole, str(path))
