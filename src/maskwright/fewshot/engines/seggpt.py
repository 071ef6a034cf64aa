"""SegGPT: an image with its mask beside an image without one, and the network paints the missing mask.

Wang et al., "SegGPT: Segmenting Everything In Context", ICCV 2023; the network is transformers'.  Several examples are
given as a feature ensemble (their features are averaged in every block: the library's own) or as a spatial ensemble (a
grid of examples in one prompt image).  Classes are colours; the painted colour nearest to each wins.  The colours are
enlarged to the image's size before they are compared, so that outlines do not follow the network's 448 pixels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.arrays import F32, U8, Array
from maskwright.core.classes import IGNORE_INDEX, Classes
from maskwright.core.sample import Sample
from maskwright.core.segments import Segments
from maskwright.core.typed import Device
from maskwright.errors import UsageError
from maskwright.fewshot.engines._objects import Lessons
from maskwright.fewshot.prediction import Prediction, entropy
from maskwright.media import Window
from maskwright.registry import require
from maskwright.weights import pretrained, weight_catalogue

WEIGHTS = weight_catalogue.told(weight_catalogue.find(engine="fewshot.engines/seggpt"))


def load(**options: Any) -> "SegGpt":
    """options: see `SegGpt`; `weights` is needed."""
    if not options.get("weights"):
        raise UsageError("seggpt needs weights", needed="a folder, or hub:BAAI/seggpt-vit-large")
    return SegGpt(**options)


class SegGpt:
    """weights: a folder or hub:NAME.  ensemble: feature or spatial.  examples: of the fitted ones, so many are shown.

    colours: fixed, or random for another colouring at every call (averaged over `repeats`).  kind: of the query, as the
    network knows them: instance or semantic.
    """

    def __init__(
        self, *, weights: str, ensemble: str = "feature", examples: int = 8, colours: str = "fixed", repeats: int = 1,
        kind: str = "instance", device: Device = "cpu", seed: int = 0,
    ) -> None:  # fmt: skip
        for name, value, allowed in (
            ("ensemble", ensemble, ("feature", "spatial")), ("colours", colours, ("fixed", "random")),
            ("kind", kind, ("instance", "semantic")),
        ):  # fmt: skip
            if value not in allowed:
                raise UsageError(f"seggpt has no {name} {value!r}", needed=" or ".join(allowed))
        transformers: Any = require("transformers", "the engine seggpt")
        model: Any = pretrained("SegGptForImageSegmentation", weights, WEIGHTS)
        self._model = model.to(device)
        height, width = self._model.config.image_size
        self._side = (height // 2, width)
        self._processor = transformers.SegGptImageProcessor(size={"height": self._side[0], "width": self._side[1]})
        self.ensemble, self.examples, self.colours, self.kind = ensemble, examples, colours, kind
        self.repeats, self.device, self.seed = repeats if colours == "random" else 1, device, seed
        self.window: Window | None = None
        self._samples: list[Sample] = []
        self._shown: list[tuple[U8, Array]] = []

    def fit(self, samples: Sequence[Sample], classes: Classes) -> None:
        self._classes = classes
        self._samples = []
        self.add(samples)

    def add(self, samples: Sequence[Sample]) -> None:
        """Nothing is learned: the first `examples` of all samples are shown with every image."""
        self._samples += samples
        if not self._samples:
            raise ValueError("seggpt needs at least one labelled sample")
        shown = [
            (media.read(sample.image).display(self.window), sample.segments)
            for sample in self._samples[: self.examples]
        ]
        self._teach(shown, Lessons(self._classes, [sample.segments for sample in self._samples]))

    def show(self, examples: Sequence[tuple[U8, Segments]], classes: Classes) -> None:
        """These images and nothing else, each (H, W, 3) uint8 with its segments."""
        self._teach(examples, Lessons(classes, [segments for _, segments in examples]))

    def _teach(self, examples: Sequence[tuple[U8, Segments]], lessons: Lessons) -> None:
        self.lessons = lessons
        background = lessons.classes.background
        #: Which pixel class is painted black; -1 for none.
        self._black = -1 if background is None else lessons.classes.index_of(background.id)
        self._shown = [(image, lessons.teach(segments)) for image, segments in examples]

    def _palette(self, rng: Any) -> Array:
        """(K' + 1, 3) uint8: a colour for each pixel class, then the colour of nothing."""
        number = self.lessons.number - (self._black >= 0)
        painted = np.array(self._processor.get_palette(max(1, number))[1:], np.uint8)[:number]
        if rng is not None:
            painted = rng.permutation(painted)
        black = np.zeros((1, 3), np.uint8)
        if self._black >= 0:
            painted = np.insert(painted, self._black, 0, axis=0)
        return np.concatenate([painted, black])

    def painted(self, image: U8, palette: Array) -> Any:
        """(3, h, w) tensor of colours 0 … 255 that the network paints for the image."""
        torch: Any = require("torch", "the engine seggpt")
        masks = [palette[np.where(labels == IGNORE_INDEX, len(palette) - 1, labels)] for _, labels in self._shown]
        shown = [example for example, _ in self._shown]
        if self.ensemble == "spatial" and len(shown) > 1:
            shown, masks = self._grid(shown, masks)
        # One query for each prompt: that is how the library counts a batch.
        made = [
            self._processor(
                images=image, prompt_images=example, prompt_masks=mask, do_convert_rgb=False,
                input_data_format="channels_last", return_tensors="pt",
            )
            for example, mask in zip(shown, masks, strict=True)
        ]  # fmt: skip
        batch = {
            name: torch.cat([output[name] for output in made]).to(self.device)
            for name in ("pixel_values", "prompt_pixel_values", "prompt_masks")
        }
        with torch.inference_mode():
            out = self._model(**batch, feature_ensemble=len(shown) > 1, embedding_type=self.kind).pred_masks
        mean, std = (
            torch.tensor(each)[:, None, None] for each in (self._processor.image_mean, self._processor.image_std)
        )
        lower = out[0, :, out.shape[2] // 2 :].float().cpu()
        return ((lower * std + mean) * 255).clip(0, 255)

    def _grid(self, examples: list[U8], masks: list[U8]) -> tuple[list[U8], list[U8]]:
        """A square of examples as one; the first are repeated where it is not full."""
        cv2: Any = require("cv2", "the engine seggpt")
        side = int(np.ceil(np.sqrt(len(examples))))
        height, width = self._side[0] * 2 // side, self._side[1] * 2 // side
        joined = []
        for arrays, way in ((examples, cv2.INTER_AREA), (masks, cv2.INTER_NEAREST)):
            small = [cv2.resize(array, (width, height), interpolation=way) for array in arrays]
            cells = [small[k % len(small)] for k in range(side * side)]
            joined.append([np.vstack([np.hstack(cells[row * side : (row + 1) * side]) for row in range(side)])])
        return joined[0], joined[1]

    def probs(self, image: U8) -> F32:
        """(K', H, W): how near the painted colour is to each class's."""
        torch: Any = require("torch", "the engine seggpt")
        if not self._shown:
            raise ValueError("seggpt has been shown nothing yet: call fit")
        rng = np.random.default_rng(self.seed)
        total: Any = 0
        for _ in range(self.repeats):
            palette = self._palette(rng if self.colours == "random" else None)
            painted = self.painted(image, palette)
            big = torch.nn.functional.interpolate(
                painted[None], size=image.shape[:2], mode="bilinear", align_corners=False
            )[0]
            colours = torch.from_numpy(palette[: self.lessons.number].astype(np.float32))
            apart = ((big[None] - colours[:, :, None, None]) ** 2).sum(dim=1)
            total = total + (-apart / (2 * 60.0**2)).softmax(dim=0)
        out: F32 = (total / self.repeats).numpy()
        return out

    def predict(self, image: U8) -> Prediction:
        probs = self.probs(image)
        return Prediction(self.lessons.segments(probs), entropy(self.lessons.merged(probs)))


#: What the options are for; their types and names are read off it.
OPTIONS = SegGpt
