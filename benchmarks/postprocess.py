"""From 100 queries to instances at 1500 x 2000, against transformers' own post-processing of the same outputs.

    OMP_NUM_THREADS=1 python benchmarks/postprocess.py

One thread; each side in a process of its own, so that peak memory is its own.
"""

import json
import resource
import subprocess
import sys
import time

SIZE = (1500, 2000)
QUERIES, KINDS = 100, 80
REPEATS = 5


def outputs():
    """Blobs of many sizes, as a trained network gives them: classes of varied certainty."""
    import numpy as np
    import torch

    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, QUERIES, 12, 16, generator=generator)
    masks = torch.nn.functional.interpolate(coarse, size=(200, 267), mode="bicubic")[0] * 4 - 5
    kinds = np.random.default_rng(0).normal(size=(QUERIES, KINDS + 1)).astype(np.float32) * 3
    return kinds, masks


def measured(work) -> dict:
    work()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        number = work()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": sorted(times)[REPEATS // 2], "segments": number, "peak": peak / 1024, "before": before / 1024}


def ours(task: str) -> dict:
    from maskwright.core.classes import Class, Classes
    from maskwright.predict.objects import from_queries

    classes = Classes([Class(k, f"c{k}") for k in range(KINDS)])
    kinds, masks = outputs()
    masks = masks.numpy()
    from_queries(kinds, masks[:, :8, :8], classes, (20, 20), task, threshold=0.0)  # compile
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    threshold = 0.0 if task == "instance" else 0.5
    found = measured(lambda: len(from_queries(kinds, masks, classes, SIZE, task, threshold=threshold)))
    return {**found, "own": found["peak"] - base}


def theirs(task: str) -> dict:
    import torch
    from transformers import Mask2FormerImageProcessor
    from transformers.models.mask2former.modeling_mask2former import Mask2FormerForUniversalSegmentationOutput

    processor = Mask2FormerImageProcessor()
    kinds, masks = outputs()
    answer = Mask2FormerForUniversalSegmentationOutput(
        class_queries_logits=torch.from_numpy(kinds)[None], masks_queries_logits=masks[None]
    )
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def work() -> int:
        if task == "instance":
            found = processor.post_process_instance_segmentation(
                answer, threshold=0.0, target_sizes=[SIZE], return_binary_maps=True
            )
        elif task == "panoptic":
            found = processor.post_process_panoptic_segmentation(answer, threshold=0.5, target_sizes=[SIZE])
        else:
            return int(processor.post_process_semantic_segmentation(answer, target_sizes=[SIZE])[0].unique().numel())
        return len(found[0]["segments_info"])

    found = measured(work)
    return {**found, "own": found["peak"] - base}


def main() -> None:
    if len(sys.argv) == 3:
        import torch

        torch.set_num_threads(1)
        print(json.dumps({"ours": ours, "theirs": theirs}[sys.argv[1]](sys.argv[2])))
        return
    print(
        f"{QUERIES} queries at {SIZE[0]} x {SIZE[1]}, one thread; median of {REPEATS}; memory beyond the loaded inputs"
    )
    for task in ("instance", "panoptic", "semantic"):
        a, b = (
            json.loads(
                subprocess.run(
                    [sys.executable, __file__, side, task], capture_output=True, text=True, check=True
                ).stdout.splitlines()[-1]
            )
            for side in ("ours", "theirs")
        )
        print(
            f"{task:9}  ours {a['seconds']:.3f} s, {a['own']:.0f} MB, {a['segments']} segments;  transformers"
            f" {b['seconds'] / a['seconds']:.1f} x the time, {b['own'] / max(a['own'], 1):.1f} x the memory,"
            f" {b['segments']} segments"
        )


if __name__ == "__main__":
    main()
