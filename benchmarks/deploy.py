"""A network in PyTorch, ONNX Runtime, OpenVINO and torch.export: speed over PyTorch's, and how far logits differ.

    OMP_NUM_THREADS=2 python benchmarks/deploy.py [model ...]

float32 everywhere but in the columns that say otherwise.  Random weights: speed does not depend on them.
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from timing import medians, report

from maskwright import models
from maskwright.core.classes import Class, Classes
from maskwright.predict import Predictor, checkpoint
from maskwright.predict.model_export import export
from maskwright.predict.precision import autocast

SIZE = (480, 640)


def forward(each: Predictor, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode(), autocast(each.device, each.precision):
        return each.model(x)


def main() -> None:
    rows, figures = [], {}
    classes = Classes([Class(k, f"c{k}", "stuff") for k in range(11)])
    generator = np.random.default_rng(0)
    images = [generator.integers(0, 255, (*SIZE, 3), dtype=np.uint8) for _ in range(4)]
    for spec in sys.argv[1:] or ["lite", "unet/resnet34", "deeplabv3plus/mobilenet_v2"]:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            torch.manual_seed(0)
            model = models.build(spec, 11).eval()
            checkpoint.save(model, checkpoint.ModelInfo(spec, classes.to_json()), place / "m.safetensors")
            mine = Predictor.load(place / "m.safetensors", device="cpu")
            mine.precision = "fp32"
            truths = [mine.label_map(image) for image in images]
            proofs, runners = {}, {"PyTorch": mine}
            for to, file in (("onnx", "m.onnx"), ("openvino", "m.xml"), ("torch-export", "m.pt2")):
                proofs[to] = export(place / "m.safetensors", place / file, to, images=images[:2])
                runners[to] = Predictor.load(place / file, device="cpu")
            proofs["int8"] = export(
                place / "m.safetensors", place / "i.onnx", "onnx", images=images, truths=truths, int8=True, gate=2.0
            )
            runners["int8"] = Predictor.load(place / "i.onnx", device="cpu")
            half = Predictor.load(place / "m.safetensors", device="cpu")
            half.precision = "bf16"
            runners["PyTorch bf16"] = half
            x = mine._entered(mine._tensor(images[0]))[0]

            times = medians({name: partial(forward, runner, x) for name, runner in runners.items()}, repeats=9)
            for name in runners:
                proof = proofs.get(name)
                differ = "" if proof is None else f"{proof.max_difference:.1e}, {proof.agreement:.3%}"
                rows.append((spec, name, f"{times['PyTorch'] / times[name]:.2f}", differ))
            figures[spec] = {name: round(value, 4) for name, value in times.items()}
    report(
        f"{SIZE[0]} x {SIZE[1]}, {torch.get_num_threads()} threads: times as fast as PyTorch float32", rows,
        ("model", "runtime", "speed", "logits differ, same class"), figures,
    )  # fmt: skip


if __name__ == "__main__":
    main()
