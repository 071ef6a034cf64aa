"""torchvision's tv_tensors: what its detection models and transforms v2 take."""

from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.registry import require


def to_tv_tensors(sample: Sample, classes: Classes) -> tuple[Any, dict[str, Any]]:
    """(image (C, H, W), {"boxes": (N, 4) xyxy, "masks": (N, H, W) uint8, "labels": (N,), "iscrowd": (N,)}).

    The image is (3, H, W) uint8 as displayed where it has gray or colours of eight bits; others have all their channels
    in their own numbers, of a type that PyTorch computes with.  labels are class indices plus one, since torchvision's
    detection models take 0 for the background.  Segments of ignored and background classes are left out, as are empty
    ones: boxes need an area.
    """
    torch = require("torch", "making tv_tensors")
    tensors = require("torchvision.tv_tensors", "making tv_tensors")
    segments = sample.segments
    areas = segments.masks.areas()
    rows = [
        row for row, class_id in enumerate(segments.class_ids) if classes[int(class_id)].role == "class" and areas[row]
    ]
    kept = segments[np.array(rows, np.int64)]
    image = image_tensor(sample)
    boxes = torch.from_numpy(kept.masks.boxes().astype(np.float32).reshape(-1, 4))
    labels = np.array([classes.index_of(int(class_id)) + 1 for class_id in kept.class_ids], np.int64)
    return tensors.Image(image), {
        "boxes": tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=segments.size),
        "masks": tensors.Mask(torch.from_numpy(kept.masks.decode().view(np.uint8))),
        "labels": torch.from_numpy(labels),
        "iscrowd": torch.from_numpy(kept.is_crowd.astype(np.int64)),
    }


def image_tensor(sample: Sample) -> Any:
    """A sample's image, (C, H, W), as `to_tv_tensors` gives it, as a plain tensor."""
    from maskwright.predict.layout import COLOURED

    torch = require("torch", "reading an image as a tensor")
    image = media.read(sample.image)
    pixels = image.display() if image.pixels.dtype == np.uint8 and image.channels in COLOURED else image.pixels
    # Of whole numbers without a sign PyTorch computes with bytes only.
    kind = {"uint16": np.int32, "uint32": np.int64}.get(pixels.dtype.name, pixels.dtype.newbyteorder("="))
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1), kind))


def from_tv_tensors(target: dict[str, Any], classes: Classes, *, threshold: float = 0.5) -> Segments:
    """A target or a prediction of torchvision's detection models. masks: (N, H, W), or (N, 1, H, W) of scores.

    threshold: of scores, from which a pixel belongs to a mask.
    """
    masks = target["masks"].detach().cpu().numpy()
    masks = masks[:, 0] if masks.ndim == 4 else masks
    size = (int(masks.shape[1]), int(masks.shape[2]))
    dense = masks > threshold if np.issubdtype(masks.dtype, np.floating) else masks != 0
    labels = target["labels"].detach().cpu().numpy()
    scores = target["scores"].detach().cpu().numpy().astype(np.float64) if "scores" in target else None
    return Segments(
        Masks.encode(dense) if len(dense) else Masks.empty(size),
        [classes.id_of(int(label) - 1) for label in labels],
        scores=scores,
        source="import" if scores is None else "model",
    )
