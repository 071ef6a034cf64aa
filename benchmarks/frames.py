"""Frames of videos a second: in order, every fifth, backward and at random, over PyAV alone in the same run.

    OMP_NUM_THREADS=1 python benchmarks/frames.py ../shared/data/sam2_examples/bedroom.mp4 …

PyAV alone decodes in order, or seeks to the key frame before and decodes on; both make RGB of what is asked for.
"""

import argparse
from pathlib import Path

import numpy as np
from timing import medians, report

from maskwright.media import pages, video_file


def in_order(path: Path) -> None:
    import av

    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            frame.to_ndarray(format="rgb24")


def sought(path: Path, places: list[int]) -> None:
    import av

    with av.open(str(path)) as container:
        stream, stamps = container.streams.video[0], video_file.opened(path)._index.stamps
        for place in places:
            stamp = stamps[place]
            container.seek(stamp, stream=stream)
            next(frame for frame in container.decode(stream) if frame.pts == stamp).to_ndarray(format="rgb24")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--random", type=int, default=20, help="frames asked for at random")
    options = parser.parse_args()
    rows, figures = [], {}
    for path in options.videos:
        clip = video_file.opened(path)
        number = len(clip)
        random = [int(place) for place in np.random.default_rng(0).integers(0, number, options.random)]
        orders = {
            "in order": range(number), "every fifth": range(0, number, 5),
            "backward": range(number - 1, max(-1, number - 101), -1), "at random": random,
        }  # fmt: skip

        def ours(order, path: Path = path) -> None:
            for page in order:
                pages.read(path, page)

        seconds = medians(
            {
                "index": lambda path=path: len(video_file.VideoFile(str(path))),
                **{name: lambda order=order: ours(order) for name, order in orders.items()},
                "PyAV in order": lambda path=path: in_order(path),
                "PyAV at random": lambda path=path, places=random: sought(path, places),
            },
            repeats=3,
        )
        counts = {name: len(order) for name, order in orders.items()}
        rates = {
            name: counts.get(name.removeprefix("PyAV "), 0) / taken
            for name, taken in seconds.items()
            if name != "index"
        }
        figures[path.name] = {"index": seconds["index"], **rates}
        rows += [(path.name, name, f"{rate:.1f}") for name, rate in rates.items()]
        rows.append((path.name, "index, s", f"{seconds['index']:.3f}"))
    report("frames", rows, ("video", "how", "frames a second"), figures)


if __name__ == "__main__":
    main()
