"""Vectors from a published encoder: what it sees in an image, averaged over the whole of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from maskwright import models, registry, weights
from maskwright.core.arrays import U8, Array
from maskwright.errors import ModelError

#: Pixels of both sides of what enters: a multiple of the patches of DINOv2 and DINOv3.
SIDE = 224
#: Images that enter together.
BATCH = 32
#: Of red, green and blue of 0 … 1, where nothing else is known: ImageNet's.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Encoder:
    """An encoder with its weights, for inference.

    source: a name of the catalogue, a file, or a folder, as `weights.read_weights` takes it.  device: as torch names
    it; the GPU where there is one when not given.
    Raises ModelError for weights that are not here, that cannot be read or that are not an encoder's, and
    MissingExtraError without torch.
    """

    def __init__(self, source: str | Path, device: str | None = None) -> None:
        torch: Any = registry.require("torch", "vectors from an encoder")
        found = weights.recognise(source)
        if found.kind != "encoder":
            raise ModelError(f"it is {found.words}", file=source, needed="an encoder's weights")
        self.name = found.network
        model: Any = models.build(_model_of(found.network), 2)
        filled = weights.fill(model, source)
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._encoder = model.encoder.to(self._device).eval().requires_grad_(False)
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(filled.mean or MEAN, device=self._device).reshape(shape)
        self._std = torch.tensor(filled.std or STD, device=self._device).reshape(shape)

    def __call__(self, images: Sequence[U8]) -> Array:
        """(n, L) float32, each of length 1: means over all places of the encoder's last features.

        images: (H, W, 3) uint8, of any sizes; each is resized to 224 x 224, whatever its shape is.  Of DINO the places
        are its patches.  No image gives (0, 0).
        """
        import torch

        vectors = []
        for at in range(0, len(images), BATCH):
            resized = [
                np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
                for image in images[at : at + BATCH]
            ]
            batch = torch.from_numpy(np.stack(resized)).to(self._device).permute(0, 3, 1, 2).float() / 255
            with torch.inference_mode():
                vectors.append(self._pooled((batch - self._mean) / self._std).float().cpu().numpy())
        found = np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-12)))

    def _pooled(self, batch: Any) -> Any:
        if not self.name.startswith("dino"):
            return self._encoder(batch)[-1].mean((2, 3))
        patch = int(self._encoder.config.patch_size)
        patches = (SIDE // patch) ** 2
        return self._encoder(pixel_values=batch).last_hidden_state[:, -patches:].mean(1)


def _model_of(network: str) -> str:
    """The model here that has this encoder, as `models.build` takes it."""
    if network.startswith("dino"):
        return f"dino/{network}"
    return f"{'lite' if network.startswith('efficientnet-lite') else 'unet'}/{network}"
