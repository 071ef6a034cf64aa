"""How many images enter a network at once, and what is done where memory does not suffice."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from maskwright.errors import ModelError, UsageError

if TYPE_CHECKING:
    import torch

    from maskwright.predict.stages import Loaded

#: At once on a GPU: more do not make it faster.
MOST = 32
#: On a CPU, and how many pixels in all: U-Net and `lite` take half to nine tenths of the time an image with sides of 64
#: to 224 pixels, and more than alone from 320 on.
MOST_ON_CPU, PIXELS_ON_CPU = 8, 200_000
#: Of a GPU's free memory, what images may be given.
SHARE = 0.5
#: Of the words in which libraries say that memory is out.
_WORDS = ("out of memory", "not enough memory", "can't allocate memory", "_ALLOC_FAILED", "unable to allocate")


class BatchSize:
    """The number for one pass over images; it falls where memory does not suffice, and stays there.

    device: the network's.  wanted: so many; None: what suits the device.  On a CPU that is one image, or a few small
    ones, on a GPU as many as have room beside each other, which is measured with the first.  note: told once, in a
    sentence, that it fell.
    Raises UsageError for fewer than one.
    """

    def __init__(
        self, device: "torch.device", wanted: int | None = None, note: Callable[[str], None] | None = None
    ) -> None:
        if wanted is not None and wanted < 1:
            raise UsageError(f"a batch of {wanted} images", needed="1 or more, or none for what suits the device")
        self._device = device
        self._note = note
        cuda = device.type == "cuda"
        self._most = wanted or (MOST if cuda else MOST_ON_CPU)
        self._measuring = wanted is None and cuda
        #: That may enter at once, where that is known.
        self._pixels: float | None = None if cuda or wanted is not None else PIXELS_ON_CPU

    @property
    def now(self) -> int:
        """At most."""
        return 1 if self._measuring else self._most

    def fitting(self, pixels: int) -> int:
        """How many images of so many pixels, as they enter."""
        if self._pixels is None:
            return self.now
        return max(1, min(self.now, int(self._pixels / max(1, pixels))))

    def run(self, answer: Callable[[list[Any], int], list[Any]], images: Sequence["Loaded"]) -> list[Any]:
        """An answer for each image, or the error that it raised alone. images: of one key."""
        found: list[Any] = []
        while len(found) < len(images):
            left = images[len(found) :]
            windows = self.fitting(left[0].pixels)
            part = left[:windows]
            try:
                found += self._measured(answer, part, windows)
                continue
            except Exception as error:  # noqa: BLE001  whatever it is, other images go on
                failed = error
                full = is_out_of_memory(error)
                if full:
                    error.__traceback__ = None  # it holds what was made until then
            entered = min(windows, sum(image.windows for image in part))
            if full and entered > 1:
                self._fall(entered)
            elif full:
                found.append(self._too_large(part[0]))
                self._let_go()
            elif len(part) > 1:
                found += [self._alone(answer, image) for image in part]
            else:
                found.append(failed)
        return found

    def _alone(self, answer: Callable[[list[Any], int], list[Any]], image: "Loaded") -> Any:
        try:
            return answer([image.what], 1)[0]
        except Exception as error:  # noqa: BLE001  it is this image's own
            return error

    def _fall(self, entered: int) -> None:
        self._most = entered // 2
        self._measuring = False
        self._let_go()
        if self._note is not None:
            what = "image or window" if self._most == 1 else "images or windows"
            self._note(f"memory does not suffice for {entered} images at once: going on with {self._most} {what}")
            self._note = None

    def _too_large(self, image: "Loaded") -> ModelError:
        where = "of the GPU" if self._device.type == "cuda" else "of this machine"
        return ModelError(
            f"the memory {where} does not suffice for one image of {image.pixels:,} pixels as it enters the network",
            todo="Train with --tile, which predicts in windows, or with a smaller --predict-scale, or choose another"
            " device with --device.",
        )

    def _let_go(self) -> None:
        if self._device.type == "cuda":
            import torch

            torch.cuda.empty_cache()

    def _measured(
        self, answer: Callable[[list[Any], int], list[Any]], part: Sequence["Loaded"], windows: int
    ) -> list[Any]:
        """The answers; the first time on a GPU also how many pixels have room at once."""
        what = [image.what for image in part]
        if not self._measuring:
            return answer(what, windows)
        import torch

        before = torch.cuda.memory_allocated(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        found = answer(what, windows)
        took = torch.cuda.max_memory_allocated(self._device) - before
        free = torch.cuda.mem_get_info(self._device)[0]
        free += torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        self._pixels = SHARE * free * sum(image.pixels for image in part) / max(1, took)
        self._measuring = False
        return found


def is_out_of_memory(error: BaseException) -> bool:
    """Does it say that memory is out, of a device or of the machine?"""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _WORDS)
