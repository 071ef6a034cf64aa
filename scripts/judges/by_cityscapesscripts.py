"""cityscapesscripts: instances2dict and Instance read *_gtFine_instanceIds.png; json2instanceImg draws polygons."""

import json
import shutil
from pathlib import Path

import numpy as np
from cityscapesscripts.evaluation.instance import Instance
from cityscapesscripts.evaluation.instances2dict import instances2dict
from cityscapesscripts.helpers.labels import id2label
from cityscapesscripts.preparation.json2instanceImg import json2instanceImg
from cityscapesscripts.preparation.json2labelImg import json2labelImg
from judging import Found, Objects, Truth, main
from PIL import Image


def read_cityscapes(folder: Path) -> Found:
    """What instances2dict lists, its pixels counted against the file's; what is not labelled is left out."""
    for file in sorted((folder / "gtFine").rglob("*_gtFine_instanceIds.png")):
        with Image.open(file) as opened:
            values = np.array(opened)
        found = []
        for name, rows in next(iter(instances2dict([str(file)]).values())).items():
            for row in rows:
                mask = values == row["instID"]
                if mask.sum() != row["pixelCount"] or Instance(values, row["instID"]).labelID != row["labelID"]:
                    raise ValueError(f"{file}: {row}")
                if not id2label[row["labelID"]].ignoreInEval:
                    found.append((name, mask))
        yield file.name.removesuffix("_gtFine_instanceIds.png"), Objects.of(found, values.shape)


def write_cityscapes(truth: Truth, folder: Path) -> None:
    """Polygons through the pixels of outer contours, and the images that Cityscapes' own programs make of them."""
    import cv2

    for key, image, objects in truth:
        home = folder / "gtFine" / "train" / "town"
        home.mkdir(parents=True, exist_ok=True)
        (folder / "leftImg8bit" / "train" / "town").mkdir(parents=True, exist_ok=True)
        shutil.copy(image, folder / "leftImg8bit" / "train" / "town" / f"{key}_leftImg8bit.png")
        rows = []
        for name, mask in objects:
            contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            rows += [{"label": name, "polygon": ring.reshape(-1, 2).tolist()} for ring in contours if len(ring) > 2]
        content = {"imgHeight": objects.size[0], "imgWidth": objects.size[1], "objects": rows}
        polygons = home / f"{key}_gtFine_polygons.json"
        polygons.write_text(json.dumps(content))
        json2instanceImg(str(polygons), str(home / f"{key}_gtFine_instanceIds.png"))
        json2labelImg(str(polygons), str(home / f"{key}_gtFine_labelIds.png"))


if __name__ == "__main__":
    main({"cityscapes": read_cityscapes}, {"cityscapes": write_cityscapes})
