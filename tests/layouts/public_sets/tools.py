"""What labelling tools and hosts export."""

from pathlib import Path

from public_sets.drawing import (
    SIZE,
    coco,
    coloured,
    label_map,
    photo,
    put,
    scene,
    shapes,
    write,
    write_json,
    write_lines,
)
from public_sets.truth import Labels, Truth, by_value, layout


@layout("Labelme folder", "https://github.com/wkentaro/labelme (examples/instance_segmentation)")
def labelme(root: Path) -> Truth:
    truth = Truth(instances=True, tolerance=1)
    for seed, name in enumerate(["2011_000003", "2011_000006", "2011_000025"]):
        drawn = shapes(seed, 3)
        kinds = ["person", "person", "bottle"]
        rows = [{"label": kind, "points": [[float(x), float(y)] for x, y in shape.corners], "group_id": None, "description": "", "shape_type": "polygon", "flags": {}, "mask": None} for kind, shape in zip(kinds, drawn, strict=True)]  # fmt: skip
        put(root / f"data_annotated/{name}.jpg", photo(seed))
        write_json(root / f"data_annotated/{name}.json", {"version": "5.4.1", "flags": {}, "shapes": rows, "imagePath": f"{name}.jpg", "imageData": None, "imageHeight": SIZE[0], "imageWidth": SIZE[1]})  # fmt: skip
        masks = {"person": [drawn[0].mask, drawn[1].mask], "bottle": [drawn[2].mask]}
        truth.images[f"data_annotated/{name}.jpg"] = Labels(SIZE, masks)
    write_lines(root / "labels.txt", ["__ignore__", "_background_", "person", "bottle"])
    return truth


@layout("CVAT for images 1.1", "https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/", {"task_1.zip": (".",)})  # fmt: skip
def cvat_images(root: Path) -> Truth:
    truth = Truth(instances=True, tolerance=1)
    rows = ""
    for number, (subset, name) in enumerate([("Train", "a.jpg"), ("Train", "b.jpg"), ("Validation", "c.jpg")]):
        first, second = shapes(number, 2)
        x, y, w, h = second.xywh
        crop = second.mask[y : y + h, x : x + w].ravel()
        runs, last = [0], False
        for value in crop.tolist():  # runs of the box, row by row, the first of zeros
            if value != last:
                runs.append(0)
                last = value
            runs[-1] += 1
        points = ";".join(f"{a}.00,{b}.00" for a, b in first.corners)
        rows += f'<image id="{number}" name="{name}" subset="{subset}" task_id="1" width="{SIZE[1]}" height="{SIZE[0]}"><polygon label="car" source="manual" occluded="0" points="{points}" z_order="0"></polygon><mask label="road" source="manual" occluded="0" rle="{", ".join(map(str, runs))}" left="{x}" top="{y}" width="{w}" height="{h}" z_order="0"></mask></image>'  # fmt: skip
        put(root / f"images/{subset}/{name}", photo(number))
        split = ("train",) if subset == "Train" else ("val",)
        truth.images[f"images/{subset}/{name}"] = Labels(SIZE, {"car": [first.mask], "road": [second.mask]}, split)
    labels = "".join(f"<label><name>{name}</name><color>#ff0000</color><type>any</type><attributes></attributes></label>" for name in ("car", "road"))  # fmt: skip
    write(root / "annotations.xml", f'<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version><meta><task><id>1</id><name>streets</name><size>3</size><mode>annotation</mode><labels>{labels}</labels></task></meta>{rows}</annotations>')  # fmt: skip
    return truth


@layout("CVAT segmentation mask 1.1", "https://docs.cvat.ai/docs/dataset_management/formats/format-smask")
def cvat_masks(root: Path) -> Truth:
    truth = Truth(instances=True, optional=frozenset({"background"}))
    names = ["frame_000000", "frame_000001", "frame_000002"]
    for seed, name in enumerate(names):
        drawn = shapes(seed, 3)
        classes, objects = label_map(drawn, [1, 1, 2]), label_map(drawn, [1, 2, 3])
        put(root / f"JPEGImages/{name}.jpg", photo(seed))
        put(root / f"SegmentationClass/{name}.png", coloured(classes, {1: (250, 50, 83), 2: (51, 221, 255)}))
        put(root / f"SegmentationObject/{name}.png", coloured(objects, {1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0)}))  # fmt: skip
        masks = {"cat": [drawn[0].mask, drawn[1].mask], "dog": [drawn[2].mask], "background": [classes == 0]}
        truth.images[f"JPEGImages/{name}.jpg"] = Labels(SIZE, masks)
    write_lines(root / "labelmap.txt", ["# label:color_rgb:parts:actions", "background:0,0,0::", "cat:250,50,83::", "dog:51,221,255::"])  # fmt: skip
    write_lines(root / "ImageSets/Segmentation/default.txt", names)
    return truth


def roboflow(name: str, number: int) -> str:
    """The name of an exported image."""
    return f"{name}_jpg.rf.{number:02d}{'4f7c2a' * 5}"


README = "Fruits - v3 2023-01-01\n==============================\n\nThis dataset was exported via roboflow.com\n"


@layout("Roboflow, COCO segmentation", "https://roboflow.com/formats/coco-segmentation-json", {"fruits.v3i.coco-segmentation.zip": (".",)})  # fmt: skip
def roboflow_coco(root: Path) -> Truth:
    truth = Truth(instances=True, tolerance=1)
    categories = [{"id": 0, "name": "fruits", "supercategory": "none"}, {"id": 1, "name": "apple", "supercategory": "fruits"}, {"id": 2, "name": "pear", "supercategory": "fruits"}]  # fmt: skip
    for index, split in enumerate(["train", "valid", "test"]):
        files = {}
        for number in range(2):
            name = roboflow(f"IMG_{index}{number}", number) + ".jpg"
            drawn = list(zip(shapes(index * 2 + number, 3), [1, 1, 2], strict=True)) if number == 0 else []
            files[name] = (number, drawn)
            put(root / split / name, photo(index * 2 + number))
            masks = {"apple": [s.mask for s, k in drawn if k == 1], "pear": [s.mask for s, k in drawn if k == 2]}
            truth.images[f"{split}/{name}"] = Labels(SIZE, masks, (split.replace("valid", "val"),))
        write_json(root / split / "_annotations.coco.json", coco(files, categories))
    write(root / "README.roboflow.txt", README)
    write(root / "README.dataset.txt", "# Fruits > v3\nhttps://universe.roboflow.com/x/fruits\n")
    return truth


@layout("Roboflow, YOLO segmentation", "https://roboflow.com/formats/yolov8-pytorch-txt", {"fruits.v3i.yolov8.zip": (".",)})  # fmt: skip
def roboflow_yolo(root: Path) -> Truth:
    truth = Truth(instances=True, tolerance=1)
    for index, split in enumerate(["train", "valid", "test"]):
        for number in range(2):
            name = roboflow(f"IMG_{index}{number}", number)
            drawn = list(zip(shapes(index * 2 + number, 3), [0, 0, 1], strict=True)) if number == 0 else []
            put(root / f"{split}/images/{name}.jpg", photo(index))
            lines = [f"{kind} " + " ".join(f"{x / SIZE[1]} {y / SIZE[0]}" for x, y in shape.corners) for shape, kind in drawn]  # fmt: skip
            write(root / f"{split}/labels/{name}.txt", "\n".join(lines))
            masks = {"apple": [s.mask for s, k in drawn if k == 0], "pear": [s.mask for s, k in drawn if k == 1]}
            truth.images[f"{split}/images/{name}.jpg"] = Labels(SIZE, masks, (split.replace("valid", "val"),))
    write(root / "data.yaml", "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 2\nnames: ['apple', 'pear']\n\nroboflow:\n  workspace: x\n  project: fruits\n  version: 3\n  license: CC BY 4.0\n  url: https://universe.roboflow.com/x/fruits/dataset/3\n")  # fmt: skip
    write(root / "README.roboflow.txt", README)
    write(root / "README.dataset.txt", "# Fruits > v3\n")
    return truth


@layout("Roboflow, semantic masks", "https://roboflow.com/formats/semantic-segmentation-masks", {"fruits.v3i.png-mask-semantic.zip": (".",)})  # fmt: skip
def roboflow_masks(root: Path) -> Truth:
    truth = Truth(optional=frozenset({"background"}))
    for index, split in enumerate(["train", "valid", "test"]):
        for number in range(2):
            name = roboflow(f"IMG_{index}{number}", number)
            values = scene(index * 2 + number, [1, 1, 2])
            put(root / f"{split}/{name}.jpg", photo(index))
            put(root / f"{split}/{name}_mask.png", values)
            masks = by_value(values, {0: "background", 1: "apple", 2: "pear"})
            truth.images[f"{split}/{name}.jpg"] = Labels(SIZE, masks, (split.replace("valid", "val"),))
        write_lines(root / f"{split}/_classes.csv", ["Pixel Value, Class", "0, background", "1, apple", "2, pear"])
    write(root / "README.roboflow.txt", README)
    write(root / "README.dataset.txt", "# Fruits > v3\n")
    return truth
