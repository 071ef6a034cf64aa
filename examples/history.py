"""A dataset's history: add, correct, look back.

python examples/history.py
"""

import tempfile

import numpy as np

import maskwright as mw

with tempfile.TemporaryDirectory() as folder:
    classes, samples = mw.build_demo_set(f"{folder}/images", number=4)
    with mw.Dataset.create(f"{folder}/shapes", classes) as dataset:
        with dataset.edit("first labels") as edit:
            for sample in samples:
                edit.add(sample)
        dataset.tag("v1")
        with dataset.edit("a better mask") as edit:
            mask = samples[0].segments.masks[2].dilate(1)
            edit.set_segment("0000", 3, mask=mask, source="human")
        for change in dataset.diff("v1"):
            print(change)
        print(
            "then", dataset.at("v1")["0000"].segments.masks[2].area(), "now", dataset["0000"].segments.masks[2].area()
        )
        print("images with a small thing:", dataset.where("area < 400").keys())
        assert np.all(dataset.at("v1")["0000"].segments.masks.areas() == samples[0].segments.masks.areas())
