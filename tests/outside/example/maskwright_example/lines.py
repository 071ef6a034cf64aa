"""A tracker that keeps one line of JSON for all that it is told."""

import json
from pathlib import Path


class Lines:
    def __init__(self, folder, settings):
        self._file = Path(folder) / "lines.jsonl"
        self._say("settings", **settings)

    def _say(self, what, **values):
        with open(self._file, "a") as file:
            file.write(json.dumps({"what": what, **values}, default=str) + "\n")

    def log(self, step, values):
        self._say("points", step=step, values=dict(values))

    def log_image(self, step, name, image, plain, masks):
        self._say(
            "image",
            step=step,
            name=name,
            shape=image.shape,
            segments={kind: len(found) for kind, found in masks.items()},
        )

    def log_histogram(self, step, name, values):
        self._say("histogram", step=step, name=name, values=len(values))

    def log_artifact(self, path):
        self._say("file", name=path.name)

    def close(self):
        self._say("end")


def open_tracker(folder, settings):
    return Lines(folder, settings)
