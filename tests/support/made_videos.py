"""Small videos made by PyAV: codecs, containers, rates, turns and sizes; and PyAV's own reading of them."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

UNEVEN = tuple(number * 40 + (number % 3) * 11 for number in range(30))


@dataclass(frozen=True)
class Made:
    """How a video is made.

    name: its file's.  size: (height, width) as stored.  rotation: counter-clockwise in degrees.  times: of each frame
    in ms, else ten a second.  cut: the share of the packets that are kept, the last one of them by half.
    """

    name: str
    codec: str = "libx264"
    count: int = 30
    size: tuple[int, int] = (48, 64)
    pixels: str = "yuv420p"
    rotation: int = 0
    times: tuple[int, ...] | None = None
    gop: int = 8
    options: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)
    aspect: Fraction | None = None
    cut: float = 1.0

    def __str__(self) -> str:
        return self.name


_ALTREF = {"auto-alt-ref": "1", "lag-in-frames": "10"}
#: Each kind of video once.
CASES = (
    Made("h264.mp4"), Made("h264.mov"), Made("h264.m4v"), Made("h264.mkv"), Made("one_key_frame.mp4", gop=250),
    Made("b_frames.mp4", options={"bf": "3"}), Made("b_frames.mkv", options={"bf": "3"}),
    Made("open_gop.mkv", options={"x264-params": "open-gop=1:keyint=8:bframes=3"}),
    Made("intra_refresh.mkv", options={"x264-params": "intra-refresh=1:keyint=10"}),
    Made("interlaced.mp4", options={"x264-params": "tff=1"}),
    Made("hevc.mp4", "libx265", size=(64, 64), options={"x265-params": "log-level=none"}),
    Made("hevc_open_gop.mkv", "libx265", size=(64, 64),
         options={"x265-params": "log-level=none:open-gop=1:keyint=8:bframes=3"}),
    Made("mpeg4.avi", "mpeg4"), Made("mpeg4_b_frames.avi", "mpeg4", options={"bf": "2"}), Made("mpeg4.mp4", "mpeg4"),
    Made("jpeg.avi", "mjpeg", pixels="yuvj420p"), Made("jpeg.mov", "mjpeg", pixels="yuvj420p"),
    Made("lossless.mkv", "ffv1", pixels="bgr0"), Made("gray16.mkv", "ffv1", pixels="gray16le"),
    Made("gray.avi", "ffv1", pixels="gray"), Made("alpha.mkv", "ffv1", pixels="yuva420p"),
    Made("ten_bits.mkv", "ffv1", pixels="yuv420p10le"),
    Made("hidden.webm", "libvpx", options=_ALTREF), Made("vp9.webm", "libvpx-vp9", options=_ALTREF),
    Made("turned90.mp4", rotation=90), Made("turned180.mp4", rotation=180), Made("turned270.mov", "mpeg4", rotation=270),
    Made("turned90.mkv", rotation=90),
    Made("uneven.mp4", times=UNEVEN), Made("uneven.mkv", times=UNEVEN), Made("uneven.webm", "libvpx-vp9", times=UNEVEN),
    Made("odd.mp4", "mpeg4", size=(47, 63)), Made("odd.mkv", size=(47, 63), pixels="yuv444p"),
    Made("odd_turned.mov", "mjpeg", size=(33, 65), pixels="yuvj444p", rotation=90),
    Made("wide_pixels.mp4", aspect=Fraction(16, 15)), Made("one.mp4", count=1),
    Made("cut.mp4", container={"movflags": "faststart"}, cut=0.8), Made("cut.mkv", cut=0.6),
    Made("cut.webm", "libvpx-vp9", cut=0.6), Made("cut.avi", "mpeg4", cut=0.85),
    Made("cut_jpeg.avi", "mjpeg", pixels="yuvj420p", cut=0.9),
)  # fmt: skip


def scene(number: int, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8: gradients that move, and a red bar."""
    y, x = np.mgrid[: size[0], : size[1]]
    image = np.stack([x * 3 + number * 5, y * 5 + number * 3, (x + y) * 2 + 7 * number], axis=-1).astype(np.uint8)
    image[5:15, 2 * number % size[1] :][:, :6] = (255, 0, 0)
    return image


def make(made: Made, folder: Path) -> Path:
    """Write the video -> its file."""
    import av

    path = folder / made.name
    with av.open(str(path), "w", options=made.container) as container:
        stream: Any = container.add_stream(made.codec, rate=10, options=made.options)
        stream.height, stream.width = made.size
        stream.pix_fmt, stream.gop_size = made.pixels, made.gop
        if made.aspect is not None:
            stream.codec_context.sample_aspect_ratio = made.aspect
        if made.rotation:
            stream.set_display_rotation(made.rotation)
        if made.times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(made.count):
            frame = av.VideoFrame.from_ndarray(scene(number, made.size), format="rgb24").reformat(format=made.pixels)
            if made.times is not None:
                frame.pts, frame.time_base = made.times[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    if made.cut < 1:
        with av.open(str(path)) as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
            last = packets[int(made.cut * len(packets))]
        path.write_bytes(path.read_bytes()[: last.pos + last.size // 2])
    return path


def own_reading(path: Path) -> list[Any]:
    """PyAV's frames from the first to the last; of a broken file those of the packets that are whole."""
    import av

    frames: list[Any] = []
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if not packet.is_corrupt:
                try:
                    frames += packet.decode()
                except av.error.InvalidDataError:
                    continue
    return frames
