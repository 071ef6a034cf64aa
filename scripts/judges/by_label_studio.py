"""Label Studio's SDK: converter.brush.decode_rle and mask2rle, the run lengths of brush labels."""

import json
import shutil
from pathlib import Path

import numpy as np
from judging import Found, Objects, Truth, main
from label_studio_sdk.converter.brush import decode_rle, mask2rle


def read_label_studio(folder: Path) -> Found:
    """Brush labels alone; the fourth of four channels is the mask."""
    for task in json.loads((folder / "tasks.json").read_text()):
        found, size = [], (0, 0)
        for row in task["annotations"][0]["result"]:
            size = (row["original_height"], row["original_width"])
            if row["type"] == "brushlabels":
                image = decode_rle(row["value"]["rle"]).reshape(*size, 4)
                found.append((row["value"]["brushlabels"][0], image[..., 3] > 0))
        yield Path(task["data"]["image"]).stem, Objects.of(found, size)


def write_label_studio(truth: Truth, folder: Path) -> None:
    shutil.copytree(truth.images, folder / "images")
    tasks = []
    for number, (_, image, objects) in enumerate(truth, 1):
        rows = [
            {"id": f"r{place}", "type": "brushlabels", "from_name": "tag", "to_name": "image", "image_rotation": 0,
             "original_width": objects.size[1], "original_height": objects.size[0],
             "value": {"format": "rle", "rle": mask2rle(mask.astype(np.uint8) * 255), "brushlabels": [name]}}
            for place, (name, mask) in enumerate(objects)
        ]  # fmt: skip
        tasks.append({"id": number, "data": {"image": f"images/{image.name}"}, "annotations": [{"result": rows}]})
    (folder / "tasks.json").write_text(json.dumps(tasks))


if __name__ == "__main__":
    main({"label-studio": read_label_studio}, {"label-studio": write_label_studio})
