"""A small network, trained on the labelled images for a given time: slower to learn than the forest, and better.

The network is the project's own for CPUs (`models.lite`), trained by the project's trainer.  Things of which images
have several are told apart as by the forest: by a learned rim.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from maskwright import media
from maskwright.core.arrays import F32, U8
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.core.typed import Device
from maskwright.fewshot.engines._objects import Lessons
from maskwright.fewshot.prediction import Prediction, entropy
from maskwright.media import Window
from maskwright.registry import require


def load(**options: Any) -> "Network":
    """options: see `Network`."""
    require("torch", "the network")
    return Network(**options)


class Network:
    """seconds: of training, the last part of them spent on evaluating.  scale: of the images; 1 where detail matters.

    epochs: passes over the samples in place of a time.  seed: of the weights and the order of samples; how far a
    training for a time gets depends on the machine.
    """

    def __init__(
        self, *, seconds: float = 60.0, epochs: int | None = None, scale: float = 1.0, device: Device | None = None,
        seed: int = 0,
    ) -> None:  # fmt: skip
        self.seconds, self.epochs, self.scale, self.device, self.seed = seconds, epochs, scale, device, seed
        self.window: Window | None = None
        self._samples: list[Sample] = []
        self._predictor: Any = None

    def fit(self, samples: Sequence[Sample], classes: Classes) -> None:
        self._classes = classes
        self._samples = []
        self.add(samples)

    def add(self, samples: Sequence[Sample]) -> None:
        """Trains anew, on all samples."""
        from maskwright.predict import Predictor
        from maskwright.runs import Run
        from maskwright.store import Dataset
        from maskwright.train import Settings, fit

        self._samples += samples
        if not self._samples:
            raise ValueError("a network needs at least one labelled sample")
        self.lessons = Lessons(self._classes, [each_sample.segments for each_sample in self._samples])
        names = [class_.name for class_ in self.lessons.classes if class_.role != "ignore"]
        names += [f"rim of {names[index]}" for index in self.lessons.rimmed]
        taught = Classes(
            [*(Class(k, name, "stuff") for k, name in enumerate(names)), Class(255, "ignored", "stuff", "ignore")]
        )
        side = min(256, max(64, 32 * (min(min(each_sample.image.size) for each_sample in self._samples) // 32)))
        bound: dict[str, Any] = {"minutes": self.seconds / 60} if self.epochs is None else {"epochs": self.epochs}
        settings = Settings(
            **bound, evaluations=1, overlays=0, batch_size=8, size=(side, side),
            scale=(0.7 * self.scale, 1.4 * self.scale), flip_vertical=0.5, turn=True, predict_scale=self.scale,
            ema=0.99, device=self.device, seed=self.seed, val_split="check",
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder, Dataset.create(Path(folder) / "set", taught) as dataset:
            with dataset.edit("examples") as edit:
                shown = [
                    Sample(
                        f"{k}", self._displayed(sample, Path(folder) / f"{k}.png"),
                        Segments.from_label_map(self.lessons.teach(sample.segments)), "train",
                    )
                    for k, sample in enumerate(self._samples)
                ]  # fmt: skip
                for sample in shown:
                    edit.add(sample)
                # The trainer wants something to validate on; what it says about it decides nothing here.
                edit.add(replace(shown[0], key="check", split="check"))
            run = Run.start(dataset, "train", settings.to_json(), name="examples")
            fit(run.view, settings, run)
            self._predictor = Predictor.load(run.folder / "best.safetensors", device=self.device)

    def _displayed(self, sample: Sample, file: Path) -> ImageRef:
        """The sample's image where it has eight bits and colours; else as it is displayed, in a file of its own."""
        found = media.describe(sample.image)
        if self.window is None and found.dtype == "uint8" and found.channels in (("gray",), ("red", "green", "blue")):
            return sample.image
        pixels = media.read(sample.image).display(self.window)
        Image.fromarray(pixels).save(file, compress_level=1)
        return ImageRef(str(file), sample.image.size)

    def probs(self, image: U8) -> F32:
        """(K', H, W) probabilities of what was taught; averaged with those of the mirrored image."""
        if self._predictor is None:
            raise ValueError("the network has learned nothing yet: call fit")
        out: F32 = np.asarray(self._predictor.probs(image, flip=True), np.float32)
        return out

    def predict(self, image: U8) -> Prediction:
        probs = self.probs(image)
        return Prediction(self.lessons.segments(probs), entropy(self.lessons.merged(probs)))


#: What the options are for; their types and names are read off it.
OPTIONS = Network
