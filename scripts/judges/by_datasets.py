"""Hugging Face `datasets`: label maps by its imagefolder loader, tables of samples by Dataset.from_parquet."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from by_pillow import known, values_of
from by_pillow import write_label_map as write_with_pillow
from datasets import Dataset, load_dataset
from judging import Found, Objects, Truth, main
from pycocotools import mask as coco_mask


@contextmanager
def image_folder(folder: Path) -> Iterator[Dataset]:
    """Rows of a folder of images, as its loader gives them; its cache goes with it."""
    with tempfile.TemporaryDirectory() as cache:
        yield load_dataset("imagefolder", data_dir=str(folder), split="train", drop_labels=True, cache_dir=cache)


def read_label_map(folder: Path) -> Found:
    """labels/ as an imagefolder; pixels as the feature Image gives them."""
    names = {number: class_["name"] for number, class_ in known(folder).items() if class_["role"] != "background"}
    files = sorted((folder / "labels").glob("*.png"))
    with image_folder(folder / "labels") as rows:
        for file, row in zip(files, rows, strict=True):
            values = np.array(row["image"])
            if not np.array_equal(values, values_of(file)):
                raise ValueError(f"{file} is not the image in its place")
            found = [(names[value], values == value) for value in np.unique(values).tolist() if value in names]
            yield file.stem, Objects.of(found, values.shape)


def read_parquet(folder: Path) -> Found:
    """rows.parquet: objects with class and COCO's compressed counts."""
    rows = Dataset.from_parquet(str(folder / "rows.parquet"), keep_in_memory=True, cache_dir=str(folder / "cache"))
    names = rows.features["objects"].feature["class"] if hasattr(rows.features["objects"], "feature") else None
    names = names or rows.features["objects"]["class"].feature
    for row in rows:
        size = (row["height"], row["width"])
        found = [
            (names.int2str(number), coco_mask.decode({"size": size, "counts": counts.encode()}))
            for number, counts in zip(row["objects"]["class"], row["objects"]["counts"], strict=True)
        ]
        yield row["key"], Objects.of(found, size)


def write_label_map(truth: Truth, folder: Path) -> None:
    """Pixels put into a data set and taken out again, as `push_to_hub` and back would."""
    write_with_pillow(truth, folder)
    files = sorted((folder / "labels").glob("*.png"))
    with image_folder(folder / "labels") as rows:
        for file, row in zip(files, rows, strict=True):
            row["image"].save(file)


READS = {"label-map": read_label_map, "parquet": read_parquet}
WRITES = {"label-map": write_label_map}

if __name__ == "__main__":
    main(READS, WRITES)
