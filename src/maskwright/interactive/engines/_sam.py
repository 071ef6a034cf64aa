"""What the family of SAM has in common: an encoder run once an image, a small decoder run at every prompt.

Kirillov et al., "Segment Anything", ICCV 2023; Ravi et al., "SAM 2", ICLR 2025.  The networks are transformers'.

Two frames.  SAM and SAM-HQ scale the image until its longer side fits and pad it; SAM 2 and EdgeTAM stretch it to a
square.  The networks name a pixel by its index where we mean a place, so that our (0.5, 0.5) is their (0, 0).
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maskwright.core.arrays import F32, U8, Array, Size
from maskwright.core.masks import Masks
from maskwright.core.typed import Device
from maskwright.errors import UsageError
from maskwright.interactive.engines._encoders import faster
from maskwright.interactive.on_device import OnDevice
from maskwright.interactive.prompts import Answer, Prompts
from maskwright.predict.checkpoint import MEAN, STD
from maskwright.predict.objects import masks_above
from maskwright.registry import require

#: Logits that say "certainly not" where a mask prompt does not reach.
NOT = -16.0


class Sam:
    """model: transformers' network.  stretch: the image becomes a square, otherwise it is padded to one.

    encoder: torch, onnx or openvino; what runs the encoder.  name: of the family, for the key.
    """

    takes = frozenset({"points", "boxes", "mask"})

    def __init__(
        self, model: Any, name: str, *, stretch: bool = False, encoder: str = "torch", device: Device = "cpu"
    ) -> None:
        self._torch: Any = require("torch", f"the engine {name}")
        self.model = model.to(device).eval()
        self.stretch, self.device = stretch, device
        self._on_device = OnDevice(device)
        self.side = int(model.config.prompt_encoder_config.image_size)
        self.key: str | None = f"{name}-{_fingerprint(model)}"
        example = self._torch.zeros(1, 3, self.side, self.side)
        self._run_encoder: Callable[[Any], list[Any]] = faster(self._embed, model, example, encoder, device)

    # -- the parts that differ -----------------------------------------------------------------------

    def _embed(self, pixels: Any) -> list[Any]:
        """(1, 3, s, s) -> the tensors that the decoder wants."""
        found = self.model.get_image_embeddings(pixels)
        if isinstance(found, tuple):  # SAM-HQ: the embedding, and the first layers' features for fine outlines
            return [found[0], found[1][0]]
        return list(found) if isinstance(found, list) else [found]

    def _embeddings(self, tensors: list[Any]) -> dict[str, Any]:
        """The same as arguments of the network."""
        if self.model.config.model_type == "sam_hq":
            return {"image_embeddings": tensors[0], "intermediate_embeddings": tensors[1:]}
        return {"image_embeddings": tensors if self.stretch else tensors[0]}

    # -- an image ------------------------------------------------------------------------------------

    def inner(self, size: Size) -> Size:
        """What the image becomes inside the square."""
        if self.stretch:
            return (self.side, self.side)
        scale = self.side / max(size)
        return (int(size[0] * scale + 0.5), int(size[1] * scale + 0.5))

    def encode(self, image: U8) -> dict[str, Array]:
        torch = self._torch
        functional: Any = require("torchvision.transforms.v2.functional", "the engine")
        given = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
        height, width = self.inner((image.shape[0], image.shape[1]))
        small = functional.resize(given, [height, width], antialias=True).float() / 255
        normal = (small - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
        square = torch.zeros(1, 3, self.side, self.side)
        square[0, :, :height, :width] = normal
        with torch.inference_mode():
            found = self._run_encoder(square)
        return {"size": np.array(image.shape[:2])} | {f"e{k}": item.numpy() for k, item in enumerate(found)}

    def frame(self, size: Size, points: Array) -> F32:
        """(…, 2) points of the image -> points of the square."""
        inner = self.inner(size)
        out: F32 = (np.asarray(points, np.float32) * (inner[1] / size[1], inner[0] / size[0])).astype(np.float32)
        return out

    # -- prompts -------------------------------------------------------------------------------------

    def decode(
        self, encoded: dict[str, Array], *, points: Array | None = None, labels: Array | None = None,
        boxes: Array | None = None, mask: Array | None = None, several: bool = True,
    ) -> tuple[F32, F32]:  # fmt: skip
        """B prompts at once, in points of the square as the network counts them.

        points: (B, P, 2), labels: (B, P), boxes: (B, 4), mask: (m, m) logits for the first.  several: three answers to
        each instead of one.  -> (B, A, m, m) logits, (B, A) expected IoU.
        """
        torch = self._torch
        there = self._on_device.tensors(encoded)
        tensors = [there[f"e{k}"] for k in range(len(there))]

        def given(values: Array | None, dtype: Any) -> Any:
            return (
                None if values is None else torch.as_tensor(np.asarray(values), dtype=dtype, device=self.device)[None]
            )

        with torch.inference_mode():
            out = self.model(
                **self._embeddings(tensors), input_points=given(points, torch.float32),
                input_labels=given(labels, torch.int64), input_boxes=given(boxes, torch.float32),
                input_masks=given(None if mask is None else mask[None], torch.float32), multimask_output=several,
            )  # fmt: skip
        return out.pred_masks[0].float().cpu().numpy(), out.iou_scores[0].float().cpu().numpy()

    def masks(self, logits: F32, size: Size, limits: Sequence[float] = (0.0,)) -> list[Masks]:
        """(N, m, m) logits of the square -> N masks of the image for each limit, nothing enlarged twice.

        Padded squares are enlarged to the network's input first and cut, as their makers do; a few at a time.
        """
        inner = self.inner(size)
        if self.stretch:
            place = np.array([logits.shape[1] / size[0], 0.0, logits.shape[2] / size[1], 0.0])
            return [masks_above(logits, size, place, limit) for limit in limits]
        torch = self._torch
        place = np.array([inner[0] / size[0], 0.0, inner[1] / size[1], 0.0])
        parts: list[list[Masks]] = [[] for _ in limits]
        for begin in range(0, len(logits), 4):
            few = torch.from_numpy(np.ascontiguousarray(logits[begin : begin + 4]))[None]
            large = torch.nn.functional.interpolate(few, size=(self.side, self.side), mode="bilinear")[0].numpy()
            cut = large[:, : inner[0], : inner[1]]
            for part, limit in zip(parts, limits, strict=True):
                part.append(masks_above(cut, size, place, limit))
        return [Masks.concatenate(part, size) for part in parts]

    def answer(self, encoded: dict[str, Array], prompts: Prompts) -> Answer:
        size: Size = (int(encoded["size"][0]), int(encoded["size"][1]))
        points, boxes = prompts.points, prompts.boxes
        if len(boxes) > 1 and len(points):
            raise UsageError("points and several boxes are one question too many", needed="one box beside points")
        asked: dict[str, Any] = {}
        if len(points):
            asked["points"] = self.frame(size, points)[None] - 0.5
            asked["labels"] = prompts.point_labels[None]
        if len(boxes):
            asked["boxes"] = self.frame(size, boxes.reshape(-1, 2, 2)).reshape(-1, 4) - 0.5
        if prompts.mask is not None:
            asked["mask"] = self._mask_prompt(prompts.mask, size)
        # One click may mean the part or the whole: three answers.  With more said, one is better (Kirillov, 3).
        several = len(points) == 1 and not len(boxes) and prompts.mask is None
        logits, scores = self.decode(encoded, **asked, several=several)
        flat, expected = logits.reshape(-1, *logits.shape[2:]), scores.reshape(-1)
        order = np.arange(len(flat)) if len(boxes) > 1 else np.argsort(-expected, kind="stable")
        inner = self.inner(size)
        kept = tuple(-(-name * flat.shape[1] // self.side) for name in inner)
        shown = np.ascontiguousarray(flat[order][:, : kept[0], : kept[1]])
        return Answer(self.masks(flat[order], size)[0], expected[order], shown, several=len(boxes) > 1)

    def _mask_prompt(self, mask: F32, size: Size) -> F32:
        """A former answer's logits, or any logits over the image -> (m, m), as the network takes them."""
        cv2: Any = require("cv2", "mask prompts")
        wanted = self.model.prompt_encoder.mask_input_size if self.stretch else None
        number = int(wanted[0]) if wanted else 4 * int(self.model.config.prompt_encoder_config.image_embedding_size)
        height, width = (-(-name * number // self.side) for name in self.inner(size))
        out = np.full((number, number), NOT, np.float32)
        same = mask.shape == (height, width)
        out[:height, :width] = mask if same else cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
        return out


def _fingerprint(model: Any) -> str:
    sha = hashlib.blake2b(digest_size=8)
    for name, each in sorted(model.state_dict().items()):
        sha.update(name.encode())
        sha.update(each.detach().cpu().contiguous().flatten().view(require("torch", "SAM").uint8).numpy().data)
    return sha.hexdigest()
