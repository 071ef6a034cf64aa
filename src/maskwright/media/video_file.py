"""A video file whose frames are counted exactly and read by number, in any order.

clip = video_file.opened("clip.mp4")
clip.read(17)   # the 18th frame as it is shown
clip.times      # seconds of each frame
"""

import os
import sys
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.core.arrays import Array, Size
from maskwright.core.names import shown
from maskwright.errors import FormatError
from maskwright.media import orientation
from maskwright.media.descriptions import GRAY, RGB, RGBA
from maskwright.registry import require

#: Codecs that make one frame of every packet.  H.264 does unless a frame comes as two fields.
_ONE_EACH = frozenset((
    "h264", "hevc", "vp9", "av1", "mjpeg", "png", "ffv1", "rawvideo", "prores", "dnxhd", "huffyuv", "ffvhuff",
    "utvideo",
))  # fmt: skip
#: Codecs of which every frame stands alone.
_ALONE = frozenset(("mjpeg", "png", "rawvideo", "prores", "dnxhd", "huffyuv", "utvideo"))
#: Containers that state the presentation time of every packet.
_TIMED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
#: So many frames are decoded to come to a key frame rather than sought.
_NEAR = 8
#: Files whose index is kept, files that are kept open, and decoders that each of these keeps.
_FILES, _OPEN, _DECODERS = 256, 4, 2
#: Bytes of decoded frames that a decoder keeps, so that going back does not begin at a key frame each time.
_BYTES = 32 << 20


@dataclass(frozen=True)
class _Index:
    """Frames in the order they are shown.

    stamps: their presentation times in ticks of `tick` seconds, or None.  keys: numbers of those where decoding can
    begin.  sought: whether stamps tell frames apart and rise, so that they can be found by them.  size: (height, width)
    as shown.  turned: 1 to 8, as `media.orientation` has it.  kind: PyAV's name of the pixels that are made.
    """

    stamps: list[int | None]
    keys: list[int]
    tick: Fraction
    sought: bool
    size: Size
    turned: int
    kind: str
    notes: tuple[str, ...]


class VideoFile:
    """The frames of one file; any number of threads may read them.

    The index of presentation times is made on first use: from the packets where each is one frame, without decoding
    them, and by decoding the file once where that is not certain.  A frame is known by its time: what a seek leads to
    is compared with the index, and decoded from further back, at last from the beginning, where the two differ.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._indexing = threading.Lock()
        self._idle: list[_Decoder] = []
        self._found: _Index | None = None

    @property
    def _index(self) -> _Index:
        with self._indexing:
            if self._found is None:
                self._found = _indexed(self.path)
            return self._found

    def __len__(self) -> int:
        return len(self._index.stamps)

    @property
    def size(self) -> Size:
        """(height, width) of the first frame as it is shown."""
        return self._index.size

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels of what `read` gives."""
        return _KINDS[self._index.kind][0]

    @property
    def dtype(self) -> str:
        """NumPy's name of the numbers that `read` gives."""
        return _KINDS[self._index.kind][1]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing, in words: how frames are turned, what is missing, pixels that are not square."""
        return self._index.notes

    @property
    def times(self) -> tuple[float, ...] | None:
        """Seconds of each frame since the first one; None where the file does not say them."""
        index = self._index
        known = _known(index.stamps)
        if len(known) < len(index.stamps):
            return None
        return tuple(float((stamp - known[0]) * index.tick) for stamp in known)

    @property
    def interval(self) -> float | None:
        """Seconds from one frame to the next where they are even, but for the rounding to ticks; else None."""
        times = self.times
        if times is None or len(times) < 2:
            return None
        known = _known(self._index.stamps)
        mean = float((known[-1] - known[0]) * self._index.tick / (len(known) - 1))
        off = max(abs(number * mean - time) for number, time in enumerate(times))
        return mean if mean > 0 and off <= self._index.tick else None

    def read(self, number: int) -> Array:
        """Frame `number`, from 0: (H, W, 3) uint8 RGB, or as deep and of as many channels as the file has them.

        Gray stays (H, W); more than eight bits become uint16 over its whole range; alpha is the fourth channel.
        Raises FormatError for a number that there is not, and for a frame that is damaged or cannot be decoded.
        """
        index = self._index
        if not 0 <= number < len(index.stamps):
            raise FormatError(f"has no frame {number}", file=self.path, needed=f"0 to {len(index.stamps) - 1}")
        decoder = self._take(number)
        whole = False
        try:
            with _worded(self.path):
                frame = decoder.frame(number)
                if frame.is_corrupt:
                    raise FormatError(f"frame {number} is damaged", file=self.path)
                pixels = frame.to_ndarray(format=index.kind)
            whole = True
        finally:
            if whole:
                self._give(decoder)
            else:
                decoder.close()
        return np.ascontiguousarray(orientation.apply(pixels, index.turned))

    def close(self) -> None:
        """Close the decoders that are kept; reading opens them again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.close()

    def _take(self, number: int) -> "_Decoder":
        """The decoder that has the frame, else the one that is nearest before it, for the caller alone."""
        with self._lock:
            if not self._idle:
                return _Decoder(self.path, self._index)
            chosen = max(
                self._idle,
                key=lambda decoder: (decoder.has(number), decoder.number <= number, decoder.number),
            )
            self._idle.remove(chosen)
            return chosen

    def _give(self, decoder: "_Decoder") -> None:
        with self._lock:
            self._idle.append(decoder)
            surplus = self._idle.pop(0) if len(self._idle) > _DECODERS else None
        if surplus is not None:
            surplus.close()


class _Decoder:
    """One place in a video, which moves on as frames are asked for; of one thread at a time.

    number: of the frame that was decoded last, -1 before the first.
    """

    def __init__(self, path: str, index: _Index) -> None:
        self._path, self._index = path, index
        self._keys = list(index.keys) if index.sought else []
        self._container: Any = None
        self._passed: OrderedDict[int, Any] = OrderedDict()
        self.number = -1

    def has(self, number: int) -> bool:
        """Whether the frame is decoded already."""
        return number in self._passed

    def frame(self, number: int) -> Any:
        """PyAV's frame. Raises FormatError where decoding leads past it."""
        if number in self._passed:
            return self._passed[number]
        if self._container is None:
            self._begin()
        key = self._key(number)
        behind = number < self.number
        if key is not None and (behind or key - self.number > _NEAR):
            found = self._from_key(number)
        else:
            found = not behind and self._forward(number)
        if not found:
            self._begin()
            if not self._forward(number):
                raise FormatError(f"frame {number} cannot be decoded", file=self._path)
        return self._passed[number]

    def close(self) -> None:
        """Close the file."""
        self._passed.clear()
        if self._container is not None:
            self._container.close()
            self._container = None

    def _begin(self) -> None:
        """Open the file at its beginning."""
        self.close()
        self._container, self._stream = _open(self._path)
        self._frames = _decoded(self._container, self._stream)
        self.number = -1

    def _pass(self, number: int, frame: Any) -> None:
        """Come to a frame, which is kept for a while."""
        self.number = number
        self._passed[number] = frame
        self._passed.move_to_end(number)
        if len(self._passed) * sum(plane.buffer_size for plane in frame.planes) > _BYTES and len(self._passed) > 1:
            self._passed.popitem(last=False)

    def _key(self, number: int) -> int | None:
        """The last frame up to this one where decoding can begin."""
        place = bisect_right(self._keys, number)
        return self._keys[place - 1] if place else None

    def _from_key(self, number: int) -> bool:
        """Whether the frame was found from a key frame before it; one that a seek does not lead to is forgotten."""
        while (key := self._key(number)) is not None:
            self._container.seek(self._index.stamps[key], stream=self._stream, backward=True, any_frame=False)
            self._frames = _decoded(self._container, self._stream)
            first = next(self._frames, None)
            if first is not None and first.pts == self._index.stamps[key]:
                self._pass(key, first)
                return number == key or self._forward(number)
            self._keys.remove(key)
        return False

    def _forward(self, number: int) -> bool:
        """Whether decoding on leads to the frame."""
        stamps = self._index.stamps
        for frame in self._frames:
            place = self.number + 1
            if self._index.sought:
                # A damaged file may lead past frames that the index has.
                place = bisect_left(stamps, frame.pts, lo=place) if frame.pts is not None else len(stamps)
                if place == len(stamps) or stamps[place] != frame.pts:
                    continue
            self._pass(place, frame)
            if place >= number:
                return place == number
        return False


# ---------------------------------------------------------------------------------------------- what is kept

_kept: OrderedDict[tuple[str, int, int], VideoFile] = OrderedDict()
_keeping = [threading.Lock()]
_left_behind: list[object] = []


def opened(path: str | Path) -> VideoFile:
    """The video file, with its index and decoders kept for as long as it stays the same and few others are read.

    Raises FormatError where there is no such file.
    """
    try:
        status = Path(path).stat()
    except OSError:
        raise FormatError("there is no such video", file=path) from None
    key = (str(Path(path).absolute()), status.st_size, status.st_mtime_ns)
    with _keeping[0]:
        found = _kept.pop(key, None)
        if found is None:
            found = VideoFile(key[0])
        _kept[key] = found
        if len(_kept) > _FILES:
            _kept.popitem(last=False)
        idle = list(islice(reversed(_kept.values()), _OPEN, _OPEN + 1))
    for other in idle:
        other.close()
    return found


def _forget() -> None:
    """Leave the decoders of the process that this one was forked from alone: their threads stayed there."""
    _left_behind.append(dict(_kept))
    _kept.clear()
    _keeping[0] = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


# ---------------------------------------------------------------------------------------------- how it is read


def _open(path: str) -> tuple[Any, Any]:
    """PyAV's container and its first stream of moving images."""
    av: Any = require("av", f"reading {path}")
    with _worded(path):
        container = av.open(path)
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        other = sorted({stream.type for stream in container.streams})
        container.close()
        raise FormatError(f"holds no video{', only ' if other else ''}{' and '.join(other)}", file=path)
    if streams[0].codec_context is None:
        container.close()
        raise FormatError("holds a video of a kind that PyAV cannot decode", file=path)
    # Where threads take a frame each, a broken one may come as a frame of rubbish.
    streams[0].thread_type = "SLICE"
    return container, streams[0]


def _is_cover(stream: Any) -> bool:
    """Whether it is an image that stands for a piece of music."""
    return bool(int(getattr(stream, "disposition", 0)) & 0x400)


def _decoded(container: Any, stream: Any, trouble: list[str] | None = None) -> Iterator[Any]:
    """Frames in the order they are shown.

    Packets that cannot be decoded, or of which a part is missing, are left out and told to `trouble`.
    """
    av: Any = require("av", "reading videos")
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            if packet.is_corrupt:
                raise av.error.InvalidDataError(1, "a part of it is missing")
            frames = packet.decode()
        except av.error.FFmpegError as error:
            if trouble is not None:
                trouble.append(str(error))
            continue  # the next packet; nothing is behind an error of the file itself
        yield from frames


@contextmanager
def _worded(path: str) -> Iterator[None]:
    """A block in which an error of PyAV becomes one sentence."""
    av: Any = require("av", f"reading {path}")
    try:
        yield
    except FileNotFoundError:
        raise FormatError("there is no such video", file=path) from None
    except (av.error.FFmpegError, ValueError) as error:
        reason = shown(getattr(error, "strerror", None) or error, 120)
        raise FormatError(f"not a readable video ({reason})", file=path) from None


# ---------------------------------------------------------------------------------------------- the index


@dataclass
class _Pass:
    """What one way through a file found.

    stamps, keys: as in `_Index`.  first: PyAV's first frame.  trouble: what could not be decoded.  Then what the file
    states: whether times of its packets, ticks in seconds, frames and seconds (0 where it does not), a pixel's width
    over its height.
    """

    timed: bool
    tick: Fraction
    frames: int
    seconds: float
    aspect: Fraction
    stamps: list[int | None] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    first: Any = None
    trouble: list[str] = field(default_factory=list)


def _indexed(path: str) -> _Index:
    found = _by_packets(path) or _by_decoding(path)
    if found.first is None:
        raise FormatError(
            "no frame of the video can be decoded" if found.trouble else "the video holds no frame", file=path
        )
    turned, notes = _turned(found.first)
    known = _known(found.stamps)
    # Where times are counted rather than stated, a seek past what is broken counts otherwise.
    told = found.timed or not found.trouble
    return _Index(
        found.stamps, found.keys, found.tick,
        told and len(known) == len(found.stamps) and all(low < high for low, high in pairwise(known)),
        orientation.shown_size((found.first.height, found.first.width), turned), turned, _kind(found.first.format),
        (*notes, *_notes(found, known)),
    )  # fmt: skip


def _known(stamps: list[int | None]) -> list[int]:
    return [stamp for stamp in stamps if stamp is not None]


def _by_packets(path: str) -> _Pass | None:
    """The index without decoding more than the first frame; None where packets and frames may differ."""
    container, stream = _open(path)
    with container:
        name = stream.codec_context.name
        found = _stated(container, stream)
        if name not in _ONE_EACH or not (found.timed or name in _ALONE):
            return None
        if name == "h264" and _field_order(stream) != 1:
            return None
        packets = _packets(container, stream)
        if packets is None or (found.frames and found.frames != len(packets)):
            return None
        stamps = sorted(stamp for stamp, _ in packets)
        # Before the first key frame's time, frames may need what was cut away.
        if len(set(stamps)) < len(stamps) or not packets[0][1] or packets[0][0] != stamps[0]:
            return None
        keys = {stamp for stamp, is_key in packets if is_key or name in _ALONE}
        found.stamps = list(stamps)
        found.keys = [number for number, stamp in enumerate(stamps) if stamp in keys]
    container, stream = _open(path)
    with container:
        found.first = next(_decoded(container, stream), None)
    return found if found.first is not None and found.first.pts == found.stamps[0] else None


def _packets(container: Any, stream: Any) -> list[tuple[int, bool]] | None:
    """(presentation time, whether decoding can begin) of each; None where one is broken or is not to be shown."""
    av: Any = require("av", "reading videos")
    packets = []
    try:
        for packet in container.demux(stream):
            if packet.size == 0 and packet.dts is None:  # the end
                continue
            if packet.pts is None or packet.size == 0 or packet.is_corrupt or packet.is_discard:
                return None
            packets.append((packet.pts, packet.is_keyframe))
    except av.error.FFmpegError:
        return None
    return packets or None


def _by_decoding(path: str) -> _Pass:
    """The index by decoding the file once."""
    container, stream = _open(path)
    with container:
        found = _stated(container, stream)
        for frame in _decoded(container, stream, found.trouble):
            if found.first is None:
                found.first = frame
            if frame.key_frame:
                found.keys.append(len(found.stamps))
            found.stamps.append(frame.pts)
    return found


def _stated(container: Any, stream: Any) -> _Pass:
    tick = stream.time_base or Fraction(1, 1000)
    seconds = 0.0
    if stream.duration:
        seconds = float(stream.duration * tick)
    elif stream.metadata.get("DURATION", "").count(":") == 2:
        hours, minutes, rest = stream.metadata["DURATION"].split(":")
        seconds = 3600 * float(hours) + 60 * float(minutes) + float(rest)
    elif container.duration and len(container.streams) == 1:
        seconds = container.duration / 1e6
    timed = container.format.name in _TIMED
    return _Pass(timed, tick, stream.frames, seconds, Fraction(stream.sample_aspect_ratio or 1))


def _field_order(stream: Any) -> int:
    """1 where frames are whole."""
    return int(getattr(stream.codec_context, "field_order", 0))


def _kind(pixels: Any) -> str:
    """PyAV's name of the pixels that keep what a frame has: gray or colours, alpha, eight bits or more."""
    parts = list(pixels.components)
    colours = [part for part in parts if not part.is_alpha]
    deep = max(part.bits for part in parts) > 8
    if pixels.name.startswith("grayf32"):
        return "grayf32le"
    if len(parts) > len(colours):
        return "rgba64le" if deep else "rgba"
    if len(colours) == 1 and not pixels.has_palette:
        return "gray16le" if deep else "gray"
    return "rgb48le" if deep else "rgb24"


#: PyAV's names of pixels that are made -> channels, and numbers.
_KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "gray": (GRAY, "uint8"), "gray16le": (GRAY, "uint16"), "grayf32le": (GRAY, "float32"),
    "rgb24": (RGB, "uint8"), "rgb48le": (RGB, "uint16"), "rgba": (RGBA, "uint8"), "rgba64le": (RGBA, "uint16"),
}  # fmt: skip
#: The signs of a display matrix's (a, b, c, d) -> the orientation, as EXIF numbers them.
_MATRICES = {
    (1, 0, 0, 1): 1, (-1, 0, 0, 1): 2, (-1, 0, 0, -1): 3, (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5, (0, 1, -1, 0): 6, (0, -1, -1, 0): 7, (0, -1, 1, 0): 8,
}  # fmt: skip


def _turned(frame: Any) -> tuple[int, list[str]]:
    """How its frames are to be turned, 1 to 8, and that in words."""
    parts = [frame.side_data[place] for place in range(len(frame.side_data))]
    data = next((part for part in parts if part.type.name == "DISPLAYMATRIX"), None)
    if data is None:
        return 1, []
    matrix = np.frombuffer(bytes(data), "<i4" if sys.byteorder == "little" else ">i4")
    first, second, third, fourth = (int(value) for value in np.sign(matrix[[0, 1, 3, 4]]))
    turned = _MATRICES.get((first, second, third, fourth))
    if turned is None:
        return 1, ["its display matrix is not one of quarter turns; frames are as stored"]
    return turned, [] if turned == 1 else [f"frames are turned as they are shown (orientation {turned})"]


def _notes(found: _Pass, known: list[int]) -> Iterator[str]:
    number = len(found.stamps)
    if found.aspect != 1:
        yield f"its pixels are {float(found.aspect):.4g} times as wide as high; frames have them as stored"
    if found.trouble:
        yield f"{len(found.trouble)} packets cannot be decoded; the {number} frames that can be are there"
    if found.frames > number:
        yield f"its header says {found.frames} frames, {number} are there"
    elif found.seconds and len(known) > 2:
        step = float((known[-1] - known[0]) * found.tick) / (len(known) - 1)
        if found.seconds > number * step + 2 * step + 0.05:
            yield f"its header says {found.seconds:.4g} s, frames are there for {number * step:.4g} s"
