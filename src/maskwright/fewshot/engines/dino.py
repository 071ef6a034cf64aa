"""DINOv2 or DINOv3 features: patches like labelled patches get their labels.

Oquab et al., "DINOv2", TMLR 2024; Simeoni et al., "DINOv3", 2025; the networks are transformers'.  With few labelled
patches the nearest ones decide (matching by cosine); `head="linear"` fits a logistic regression on the features, better
from a few images on.  Both give shares of classes for patches, which are smoothed up to the image's size.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.arrays import F32, U8, Array
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.sample import Sample
from maskwright.core.typed import Device
from maskwright.errors import ModelError, UsageError
from maskwright.fewshot.engines._objects import Lessons
from maskwright.fewshot.prediction import Prediction, entropy
from maskwright.media import Window
from maskwright.predict.checkpoint import MEAN, STD
from maskwright.registry import require
from maskwright.weights import pretrained, weight_catalogue

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="fewshot.engines/dino"))
_MEAN, _STD = np.array(MEAN, np.float32), np.array(STD, np.float32)


def load(**options: Any) -> "Dino":
    """options: see `Dino`; `weights` is needed."""
    if not options.get("weights"):
        raise UsageError(
            "dino needs weights",
            needed=f"a folder, or hub:NAME such as hub:{next(iter(WEIGHTS))} ({next(iter(WEIGHTS.values()))})",
        )
    return Dino(**options)


class Dino:
    """weights: a folder or hub:NAME.  head: linear or match.  side: the longer side of the image that is encoded.

    neighbours: of a patch, that vote when matching.
    """

    def __init__(
        self, *, weights: str, head: str = "linear", side: int = 784, neighbours: int = 10, device: Device = "cpu"
    ) -> None:
        if head not in ("linear", "match"):
            raise UsageError(f"dino has no head {head!r}", needed="linear or match")
        model: Any = pretrained("AutoModel", weights, WEIGHTS)
        self._model = model.to(device)
        patch = getattr(self._model.config, "patch_size", None)
        if not isinstance(patch, int):
            raise ModelError("this network has no patches", file=weights, needed="a DINOv2 or DINOv3 network")
        self._patch = patch
        self.head, self.side, self.neighbours, self.device = head, side, neighbours, device
        self.window: Window | None = None
        self._samples: list[Sample] = []

    def fit(self, samples: Sequence[Sample], classes: Classes) -> None:
        self._classes = classes
        self._samples = []
        self._known: list[tuple[F32, F32]] = []
        self._classes_taught = 0
        self.add(samples)

    def add(self, samples: Sequence[Sample]) -> None:
        """Only new samples are encoded, unless they show that things come in numbers."""
        self._samples += samples
        if not self._samples:
            raise ValueError("dino needs at least one labelled sample")
        before: int = self._classes_taught
        self.lessons = Lessons(self._classes, [each_sample.segments for each_sample in self._samples])
        self._classes_taught = self.lessons.number
        if before != self._classes_taught:
            self._known = []
        for sample in self._samples[len(self._known) :]:
            found = self._encoded(media.read(sample.image).display(self.window))
            shares = self._shares(self.lessons.teach(sample.segments), found.shape[:2])
            taught = shares.sum(axis=2) > 0.5
            self._known.append((found[taught], shares[taught] / shares[taught].sum(axis=1, keepdims=True)))
        self._features = np.concatenate([each for each, _ in self._known])
        self._labels = np.concatenate([each for _, each in self._known])
        if not len(self._features):
            raise ValueError("the labelled samples teach no patch: all of them are ignored")
        self._regression: Any = None
        best = self._labels.argmax(axis=1)
        if self.head == "linear" and len(np.unique(best)) > 1:
            linear: Any = require("sklearn.linear_model", "the engine dino")
            self._regression = linear.LogisticRegression(max_iter=300, C=1.0).fit(
                self._features, best, sample_weight=self._labels.max(axis=1)
            )

    def _encoded(self, image: U8) -> F32:
        """(h, w, D) unit features of patches."""
        cv2: Any = require("cv2", "the engine dino")
        torch: Any = require("torch", "the engine dino")
        scale = self.side / max(image.shape[:2])
        rows, columns = (max(1, round(each * scale / self._patch)) for each in image.shape[:2])
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(image, (columns * self._patch, rows * self._patch), interpolation=way)
        x = torch.from_numpy(((small.astype(np.float32) / 255 - _MEAN) / _STD).transpose(2, 0, 1)[None])
        with torch.inference_mode():
            tokens = self._model(pixel_values=x.contiguous().to(self.device)).last_hidden_state[0, -rows * columns :]
        out: F32 = tokens.float().cpu().numpy().reshape(rows, columns, -1)
        out /= np.maximum(np.linalg.norm(out, axis=2, keepdims=True), 1e-6)
        return out

    def _shares(self, labels: U8, size: Array | tuple[int, ...]) -> F32:
        """(h, w, K') share of each pixel class in each patch; what is ignored has none."""
        cv2: Any = require("cv2", "the engine dino")
        layers = [
            cv2.resize((labels == k).astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_AREA)
            for k in range(self.lessons.number)
        ]
        assert self.lessons.number <= IGNORE_INDEX
        return np.stack(layers, axis=2)

    def probs(self, image: U8) -> F32:
        """(K', H, W)."""
        cv2: Any = require("cv2", "the engine dino")
        if not self._samples:
            raise ValueError("dino has learned nothing yet: call fit")
        found = self._encoded(image)
        flat = found.reshape(-1, found.shape[2])
        out = np.zeros((len(flat), self.lessons.number), np.float32)
        if self._regression is not None:
            out[:, self._regression.classes_] = self._regression.predict_proba(flat)
        else:
            like = flat @ self._features.T
            near = min(self.neighbours, like.shape[1])
            rows = np.argpartition(like, -near, axis=1)[:, -near:]
            weight = np.exp(10 * (np.take_along_axis(like, rows, axis=1) - 1))
            out = (self._labels[rows] * weight[..., None]).sum(axis=1) / weight.sum(axis=1, keepdims=True)
        shares = out.reshape(*found.shape[:2], -1)
        size = (image.shape[1], image.shape[0])
        big = np.stack([
            cv2.resize(np.ascontiguousarray(shares[..., k]), size, interpolation=cv2.INTER_CUBIC).clip(0, 1)
            for k in range(shares.shape[2])
        ])  # fmt: skip
        return np.asarray(big / np.maximum(big.sum(axis=0), 1e-6), np.float32)

    def predict(self, image: U8) -> Prediction:
        probs = self.probs(image)
        return Prediction(self.lessons.segments(probs), entropy(self.lessons.merged(probs)))


#: What the options are for; their types and names are read off it.
OPTIONS = Dino
