"""SAM 3: everything that a few words or a box in the same image describe (Carion et al., "SAM 3", 2025).

Its weights come under a licence of their own (the SAM License: to be passed on only with it; no military use), ask for
consent at the hub, and are never fetched by this program unless HF_HUB_OFFLINE=0 allows it.
"""

from typing import Any

import numpy as np

from maskwright.core.arrays import U8, Array, Size
from maskwright.core.typed import Device
from maskwright.errors import UsageError
from maskwright.interactive.engines._sam import _fingerprint
from maskwright.interactive.on_device import OnDevice
from maskwright.interactive.prompts import Answer, Prompts
from maskwright.predict.objects import masks_above
from maskwright.registry import require
from maskwright.weights import pretrained, tokenizer, weight_catalogue

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="interactive.engines/sam3"))


def load(*, weights: str = "", threshold: float = 0.3, device: Device = "cpu") -> "Sam3":
    """weights: a folder or hub:NAME.  threshold: of an object's score.  Raises UsageError, ModelError."""
    if not weights:
        raise UsageError(
            "sam3 needs weights", needed=f"a folder, or hub:{next(iter(WEIGHTS))} ({next(iter(WEIGHTS.values()))})"
        )
    return Sam3(weights, threshold, device)


class Sam3:
    """Takes words, and boxes around examples of what is meant; answers all objects of the kind."""

    takes = frozenset({"text", "boxes"})

    def __init__(self, weights: str, threshold: float, device: str) -> None:
        self._torch: Any = require("torch", "the engine sam3")
        model: Any = pretrained("Sam3Model", weights, WEIGHTS)
        self.model = model.to(device)
        self._tokenizer = tokenizer(weights)
        self.threshold, self.device = threshold, device
        self._on_device = OnDevice(device)
        self.side = int(model.config.vision_config.backbone_config.image_size)
        self.key: str | None = f"sam3-{_fingerprint(model)}"

    def encode(self, image: U8) -> dict[str, Array]:
        torch = self._torch
        functional: Any = require("torchvision.transforms.v2.functional", "the engine sam3")
        given = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
        square = functional.resize(given, [self.side, self.side], antialias=True).float() / 127.5 - 1
        with torch.inference_mode():
            found = self.model.get_vision_features(pixel_values=square[None].to(self.device))
        tensors = {"last": found.last_hidden_state}
        tensors |= {f"level{k}": fpn_hidden_state for k, fpn_hidden_state in enumerate(found.fpn_hidden_states)}
        tensors |= {f"place{k}": each for k, each in enumerate(found.fpn_position_encoding)}
        return {"size": np.array(image.shape[:2])} | {
            name: tensor.float().cpu().numpy() for name, tensor in tensors.items()
        }

    def answer(self, encoded: dict[str, Array], prompts: Prompts) -> Answer:
        from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

        torch = self._torch
        size: Size = (int(encoded["size"][0]), int(encoded["size"][1]))
        tensor = self._on_device.tensors(encoded)
        levels = sum(name.startswith("level") for name in tensor)
        vision = Sam3VisionEncoderOutput(
            last_hidden_state=tensor["last"],
            fpn_hidden_states=tuple(tensor[f"level{k}"] for k in range(levels)),
            fpn_position_encoding=tuple(tensor[f"place{k}"] for k in range(levels)),
        )
        # Without words the network is told that the boxes show what is meant, as its makers do.
        words = self._tokenizer(
            prompts.text or "visual", return_tensors="pt", padding="max_length", max_length=32, truncation=True
        )
        asked: dict[str, Any] = {name: words[name].to(self.device) for name in ("input_ids", "attention_mask")}
        if len(prompts.boxes):
            x0, y0, x1, y1 = prompts.boxes.T / np.array([size[1], size[0]] * 2, np.float32)[:, None]
            boxes = np.stack([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], axis=1)
            asked["input_boxes"] = torch.from_numpy(boxes)[None].to(self.device)
            asked["input_boxes_labels"] = torch.ones(1, len(boxes), dtype=torch.int64, device=self.device)
        with torch.inference_mode():
            out = self.model(vision_embeds=vision, **asked)
        scores = out.pred_logits[0].sigmoid()
        if out.presence_logits is not None:
            scores = scores * out.presence_logits[0].sigmoid()
        found = scores.float().cpu().numpy()
        keep = np.flatnonzero(found > self.threshold)
        keep = keep[np.argsort(-found[keep], kind="stable")]
        logits = out.pred_masks[0].float().cpu().numpy()[keep]
        place = np.array([logits.shape[1] / size[0], 0, logits.shape[2] / size[1], 0])
        # The published rule enlarges probabilities, not logits.
        probs = 1 / (1 + np.exp(-logits.clip(-60, 60)))
        return Answer(masks_above(probs, size, place, 0.5), found[keep], logits, several=True)
