"""Sets of everyday scenes, people and objects."""

import base64
import io
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from public_sets.drawing import (
    SIZE,
    coco,
    coloured,
    counts,
    hidden_twin,
    label_map,
    pairs,
    photo,
    place,
    put,
    put_palette,
    scene,
    shapes,
    voc_palette,
    write,
    write_json,
    write_lines,
)
from public_sets.truth import TEST, TRAIN, VAL, Labels, Truth, by_value, layout, plain

VOC = [
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
]
COCO_80 = ["person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"]


@layout(
    "Oxford-IIIT Pet",
    "https://www.robots.ox.ac.uk/~vgg/data/pets/ (annotations/README); torchvision.datasets.OxfordIIITPet",
    {"images.tar.gz": ("images",), "annotations.tar.gz": ("annotations",)},
)
def oxford_pet(root: Path) -> Truth:
    names = ["Abyssinian_1", "Abyssinian_2", "american_bulldog_10", "yorkshire_terrier_3"]
    truth = Truth(names=plain(1, 2, 3), optional=frozenset({"2", "3"}))
    for seed, name in enumerate(names):
        trimap = scene(seed, [1, 3, 1], ground=2)
        put(root / f"images/{name}.jpg", photo(seed))
        put(root / f"annotations/trimaps/{name}.png", trimap)
        hidden_twin(root / f"annotations/trimaps/{name}.png")
        split = ("trainval", "train") if seed % 2 == 0 else TEST
        truth.images[f"images/{name}.jpg"] = Labels(SIZE, by_value(trimap, {1: "1", 2: "2", 3: "3"}), split)
        head = "<annotation><folder>OXIIIT</folder>"
        write(
            root / f"annotations/xmls/{name}.xml",
            f"{head}<filename>{name}.jpg</filename><size><width>48</width><height>32</height><depth>3</depth></size>"
            "<segmented>0</segmented><object><name>cat</name><bndbox><xmin>3</xmin><ymin>2</ymin><xmax>14</xmax>"
            "<ymax>12</ymax></bndbox></object></annotation>",
        )
    (root / "images/Abyssinian_1.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    rows = [f"{name} {1 + seed} {1 if name[0] == 'A' else 2} 1" for seed, name in enumerate(names)]
    write_lines(root / "annotations/list.txt", ["#Image CLASS-ID SPECIES BREED ID", "#ID: 1:37 Class ids", *rows])
    write_lines(root / "annotations/trainval.txt", rows[::2])
    write_lines(root / "annotations/test.txt", rows[1::2])
    write(
        root / "annotations/README",
        "OVERVIEW\n--------\n\nA 37 category pet dataset.\n\ntrimaps/ \tTrimap annotations for every image\n"
        "\t\tPixel Annotations: 1: Foreground 2:Background 3: Not classified\n",
    )
    return truth


@layout(
    "Pascal VOC 2012",
    "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html",
    {"VOCtrainval_11-May-2012.tar": (".",)},
)
def voc2012(root: Path) -> Truth:
    root = root / "VOCdevkit/VOC2012"
    truth = Truth(
        names={**{name: (name, str(index)) for index, name in enumerate(VOC, 1)}, "void": ("void", "ignore", "border")},
        instances=True,
        optional=frozenset({"background", "void"}),
    )
    lists: dict[str, list[str]] = {"train": [], "val": [], "trainval": []}
    for seed, name in enumerate(["2007_000032", "2007_000033", "2007_000039", "2008_000002", "2008_000003"]):
        here = f"VOCdevkit/VOC2012/JPEGImages/{name}.jpg"
        put(root / f"JPEGImages/{name}.jpg", photo(seed))
        drawn = shapes(seed, 3)
        rows = "".join(
            f"<object><name>{kind}</name><pose>Left</pose><truncated>0</truncated><difficult>0</difficult><bndbox>"
            f"<xmin>{x + 1}</xmin><ymin>{y + 1}</ymin><xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object>"
            for kind, (x, y, w, h) in zip(["aeroplane", "aeroplane", "person"], [s.xywh for s in drawn], strict=True)
        )
        write(
            root / f"Annotations/{name}.xml",
            f"<annotation><folder>VOC2012</folder><filename>{name}.jpg</filename><source><database>The VOC2007 Database"
            "</database></source><size><width>48</width><height>32</height><depth>3</depth></size>"
            f"<segmented>{int(seed < 3)}</segmented>{rows}</annotation>",
        )
        write_lines(root / "ImageSets/Main/person_trainval.txt", [f"{name}  1"])
        if seed > 2:  # most images have boxes alone
            truth.images[here] = Labels(SIZE, known=False)
            continue
        border = np.zeros(SIZE, bool)
        for shape in drawn:
            ring = shape.mask.copy()
            ring[1:-1, 1:-1] &= ~(
                shape.mask[:-2, 1:-1] & shape.mask[2:, 1:-1] & shape.mask[1:-1, :-2] & shape.mask[1:-1, 2:]
            )
            border |= ring
        classes, objects = label_map(drawn, [1, 1, 15]), label_map(drawn, [1, 2, 3])
        classes[border] = objects[border] = 255
        put_palette(root / f"SegmentationClass/{name}.png", classes, voc_palette())
        put_palette(root / f"SegmentationObject/{name}.png", objects, voc_palette())
        split = "train" if seed < 2 else "val"
        lists[split].append(name)
        lists["trainval"].append(name)
        masks = {"aeroplane": [objects == 1, objects == 2], "person": [objects == 3], "void": [border]}
        truth.images[here] = Labels(SIZE, {**masks, "background": [classes == 0]}, (split,))
    for split, inside in lists.items():
        write_lines(root / f"ImageSets/Segmentation/{split}.txt", inside)
        write_lines(root / f"ImageSets/Main/{split}.txt", [*inside, "2008_000002"])
    (root / "ImageSets/Action").mkdir()
    write(root / "ImageSets/Layout/train.txt", "2008_000002 1\n")
    return truth


@layout(
    "SBD",
    "http://home.bharathh.info/pubs/codes/SBD/download.html; torchvision.datasets.SBDataset",
    {"benchmark.tgz": (".",)},
)
def sbd(root: Path) -> Truth:
    from scipy.io import savemat

    root = root / "benchmark_RELEASE/dataset"
    truth = Truth(names={name: (name, str(index)) for index, name in enumerate(VOC, 1)}, instances=True, optional=frozenset({"background"}))  # fmt: skip
    names = ["2008_000002", "2008_000007", "2009_000009"]
    for seed, name in enumerate(names):
        classes, objects = scene(seed, [8, 8, 12]), scene(seed, [1, 2, 3])
        put(root / f"img/{name}.jpg", photo(seed))
        present = np.array([[8], [8], [12]], np.uint8)
        edges = np.empty((20, 1), object)
        for row in range(20):
            edges[row, 0] = np.zeros(SIZE, np.uint8)
        whole = {"Segmentation": classes, "Boundaries": edges, "CategoriesPresent": np.array([[8, 12]], np.uint8)}
        savemat(place(root / f"cls/{name}.mat"), {"GTcls": whole}, do_compression=True)
        parts = {"Segmentation": objects, "Boundaries": edges[:3], "Categories": present}
        savemat(place(root / f"inst/{name}.mat"), {"GTinst": parts}, do_compression=True)
        masks = {"cat": [objects == 1, objects == 2], "dog": [objects == 3], "background": [classes == 0]}
        truth.images[f"benchmark_RELEASE/dataset/img/{name}.jpg"] = Labels(SIZE, masks, TRAIN if seed < 2 else VAL)
    write_lines(root / "train.txt", names[:2])
    write_lines(root / "val.txt", names[2:])
    return truth


@layout("Pascal Context (459 labels)", "https://cs.stanford.edu/~roozbeh/pascal-context/")
def pascal_context(root: Path) -> Truth:
    from scipy.io import savemat

    names = {2: "aeroplane", 25: "bedclothes", 360: "sky"}
    truth = Truth()
    for seed, name in enumerate(["2008_000002", "2008_000003", "2010_000015"]):
        values = scene(seed, [2, 25, 2, 25], ground=360, dtype=np.uint16)
        put(root / f"JPEGImages/{name}.jpg", photo(seed))
        savemat(place(root / f"trainval/{name}.mat"), {"LabelMap": values})
        truth.images[f"JPEGImages/{name}.jpg"] = Labels(SIZE, by_value(values, names))
    write_lines(root / "labels.txt", [f"{value}: {names.get(value, f'thing {value}')}" for value in range(1, 460)])
    return truth


@layout("Pascal Parts", "https://roozbehm.info/pascal-parts/pascal-parts.html (trainval.tar.gz and readme)")
def pascal_parts(root: Path) -> Truth:
    from scipy.io import savemat

    truth = Truth(
        names={"head": ("head", "person head"), "torso": ("torso", "person torso"), "muzzle": ("muzzle", "dog muzzle")},
        instances=True,
    )
    for seed, name in enumerate(["2008_000008", "2008_000015"]):
        drawn = shapes(seed, 3)
        rows, masks = [], {"person": [], "dog": [], "head": [], "torso": [], "muzzle": []}
        for shape, kind, index in zip(drawn, ["person", "person", "dog"], [15, 15, 12], strict=True):
            upper = shape.mask.copy()
            upper[shape.xywh[1] + 3 :] = False
            pieces = {"head": upper, "torso": shape.mask & ~upper} if kind == "person" else {"muzzle": upper}
            masks[kind].append(shape.mask)
            for piece, mask in pieces.items():
                masks[piece].append(mask)
            parts = np.array(
                [(piece, mask.astype(np.uint8)) for piece, mask in pieces.items()],
                dtype=[("part_name", object), ("mask", object)],
            )
            rows.append((kind, index, shape.mask.astype(np.uint8), parts.reshape(1, -1)))
        fields = [("class", object), ("class_ind", object), ("mask", object), ("parts", object)]
        objects = np.array(rows, dtype=fields).reshape(1, -1)
        savemat(place(root / f"Annotations_Part/{name}.mat"), {"anno": {"imname": name, "objects": objects}})
        put(root / f"JPEGImages/{name}.jpg", photo(seed))
        truth.images[f"JPEGImages/{name}.jpg"] = Labels(SIZE, masks)
    return truth


@layout(
    "ADE20K SceneParsing (150)",
    "http://sceneparsing.csail.mit.edu/ (readme of ADEChallengeData2016)",
    {"ADEChallengeData2016.zip": (".",)},
)
def ade20k_sceneparsing(root: Path) -> Truth:
    root = root / "ADEChallengeData2016"
    names = {1: "wall", 2: "building, edifice", 3: "sky", 13: "person, individual, someone, somebody, mortal, soul"}
    truth = Truth(names={name: (name, name.split(",")[0]) for name in names.values()}, optional=frozenset({"other"}))
    for seed, (folder, name) in enumerate(
        [("training", "ADE_train_00000001"), ("training", "ADE_train_00000002"), ("validation", "ADE_val_00000001")]
    ):
        values = scene(seed, [1, 2, 13, 1])
        put(root / f"images/{folder}/{name}.jpg", photo(seed))
        put(root / f"annotations/{folder}/{name}.png", values)
        here = f"ADEChallengeData2016/images/{folder}/{name}.jpg"
        truth.images[here] = Labels(SIZE, by_value(values, {0: "other", **names}), TRAIN if seed < 2 else VAL)
    rows = [f"{value}\t0.{1576 - value}\t11664\t1172\t{int(value < 9)}\t{names.get(value, f'kind {value}')}" for value in range(1, 151)]  # fmt: skip
    write_lines(root / "objectInfo150.txt", ["Idx\tRatio\tTrain\tVal\tStuff\tName", *rows])
    write_lines(root / "sceneCategories.txt", ["ADE_train_00000001 airport_terminal", "ADE_val_00000001 abbey"])
    return truth


def ade_object(
    base: Path, image: str, number: int, kind: str, index: int, mask: np.ndarray, corners, level: int
) -> dict:
    """A row of ADE20K's description of an image; the object's mask goes into a file of its own."""
    file = f"{image}/instance_{number:03d}_{image}.png"
    put(base / file, mask)
    return {
        "id": number,
        "name": kind,
        "name_ndx": index,
        "hypernym": [kind, "entity"],
        "raw_name": kind.split(",", maxsplit=1)[0],
        "attributes": "",
        "depth_ordering_rank": number,
        "occluded": "no",
        "crop": "0",
        "parts": {"hasparts": [4] if number == 1 else [], "ispartof": 1 if level else [], "part_level": level},
        "instance_mask": file,
        "polygon": {"x": [x for x, _ in corners], "y": [y for _, y in corners], "click_date": ["0"] * len(corners)},
        "saved_date": "0",
    }


@layout("ADE20K full (2021)", "https://github.com/CSAILVision/ADE20K (README, utils/utils_ade20k.py)")
def ade20k_full(root: Path) -> Truth:
    top = "ADE20K_2021_17_01/images/ADE"
    index = {"wall": 2977, "person, individual, someone": 1831, "head": 1217, "car, auto": 401}
    truth = Truth(
        names={name: (name, name.split(",")[0]) for name in index}, instances=True, optional=frozenset({"head"}), tolerance=1
    )  # fmt: skip
    for seed, (folder, name) in enumerate(
        [("training/urban/street", "ADE_train_00016869"), ("training/home_or_hotel/bedroom", "ADE_train_00000970"), ("validation/urban/street", "ADE_val_00000401")]
    ):  # fmt: skip
        drawn = shapes(seed, 4)
        kinds = ["wall", "person, individual, someone", "person, individual, someone", "car, auto"]
        colour, parts = np.zeros((*SIZE, 3), np.uint8), np.zeros((*SIZE, 3), np.uint8)
        base = root / top / folder
        rows, masks = [], {kind: [] for kind in index}
        for number, (shape, kind) in enumerate(zip(drawn, kinds, strict=True)):
            colour[shape.mask] = (index[kind] // 256 * 10, index[kind] % 256, number + 1)
            masks[kind].append(shape.mask)
            rows.append(ade_object(base, name, number, kind, index[kind], shape.mask, shape.corners, 0))
        x, y, w, _ = drawn[1].xywh
        head = np.zeros(SIZE, bool)
        head[y : y + 6, x : x + w] = drawn[1].mask[y : y + 6, x : x + w]
        parts[head] = (index["head"] // 256 * 10, index["head"] % 256, 1)
        masks["head"].append(head)
        outline = [(x, y), (x + w, y), (x + w, y + 6), (x, y + 6)]
        rows.append(ade_object(base, name, 4, "head", index["head"], head, outline, 1))
        put(base / f"{name}.jpg", photo(seed))
        put(base / f"{name}_seg.png", colour)
        put(base / f"{name}_parts_1.png", parts)
        whole = {"filename": f"{name}.jpg", "folder": f"{top}/{folder}", "imsize": [*SIZE, 3], "source": {"folder": "", "filename": "", "origin": ""}, "scene": folder.split("/")[1:], "object": rows}  # fmt: skip
        write_json(base / f"{name}.json", {"annotation": whole})
        truth.images[f"{top}/{folder}/{name}.jpg"] = Labels(SIZE, masks, TRAIN if seed < 2 else VAL)
    (root / "ADE20K_2021_17_01/index_ade20k.pkl").write_bytes(b"\x80\x04}.")
    return truth


@layout("COCO 2017 instances", "https://cocodataset.org/#format-data")
def coco_instances(root: Path) -> Truth:
    categories = [
        {"supercategory": "person", "id": 1, "name": "person"},
        {"supercategory": "outdoor", "id": 13, "name": "stop sign"},
        {"supercategory": "animal", "id": 17, "name": "cat"},
        {"supercategory": "indoor", "id": 90, "name": "toothbrush"},
    ]
    name_of = {row["id"]: row["name"] for row in categories}
    truth = Truth(instances=True, tolerance=1)
    for split, numbers in {"train": [9, 25, 30], "val": [139, 285]}.items():
        files = {}
        for number in numbers:
            drawn = list(zip(shapes(number, 4), [1, 1, 17, 90], strict=True)) if number != 30 else []
            files[f"{number:012d}.jpg"] = (number, drawn)
            masks = {name: [shape.mask for shape, kind in drawn if name_of[kind] == name] for name in name_of.values()}
            truth.images[f"{split}2017/{number:012d}.jpg"] = Labels(SIZE, masks, (split,))
            put(root / f"{split}2017/{number:012d}.jpg", photo(number))
        whole = coco(files, categories)
        crowd = shapes(numbers[0], 6)[5].mask
        whole["annotations"].append({"id": 900100000000 + numbers[0], "image_id": numbers[0], "category_id": 1, "segmentation": counts(crowd), "area": int(crowd.sum()), "bbox": [1, 1, 40, 30], "iscrowd": 1})  # fmt: skip
        truth.images[f"{split}2017/{numbers[0]:012d}.jpg"].masks["person"].append(crowd)
        write_json(root / f"annotations/instances_{split}2017.json", whole)
        captions = {**whole, "annotations": [{"id": 1, "image_id": numbers[0], "caption": "A person beside a cat."}]}
        del captions["categories"]
        write_json(root / f"annotations/captions_{split}2017.json", captions)
        people = [{**row, "keypoints": [0] * 51, "num_keypoints": 0} for row in whole["annotations"] if row["category_id"] == 1]  # fmt: skip
        kind = {**categories[0], "keypoints": ["nose"], "skeleton": [[1, 1]]}
        write_json(root / f"annotations/person_keypoints_{split}2017.json", {**whole, "annotations": people, "categories": [kind]})  # fmt: skip
    return truth


@layout("COCO 2017 panoptic", "https://cocodataset.org/#format-data (panoptic segmentation)")
def coco_panoptic(root: Path) -> Truth:
    kinds = {1: ("person", 1), 17: ("cat", 1), 119: ("grass-merged", 0), 187: ("sky-other-merged", 0)}
    categories = [
        {"supercategory": "x", "color": [number % 256, 20, 60], "isthing": thing, "id": number, "name": name}
        for number, (name, thing) in kinds.items()
    ]
    truth = Truth(instances=True)
    for split, numbers in {"train": [9, 25], "val": [139]}.items():
        images, rows = [], []
        for number in numbers:
            put(root / f"{split}2017/{number:012d}.jpg", photo(number))
            drawn = shapes(number, 4)
            ids = [3226956, 6979964, 5587, 70000]
            values = label_map(drawn, ids, dtype=np.int64)
            rgb = np.stack([values % 256, values // 256 % 256, values // 65536], -1).astype(np.uint8)
            put(root / f"annotations/panoptic_{split}2017/{number:012d}.png", rgb)
            images.append({"id": number, "file_name": f"{number:012d}.jpg", "height": SIZE[0], "width": SIZE[1]})
            given = [1, 1, 119, 187]
            segments = [
                {"id": value, "category_id": kind, "area": int(shape.mask.sum()), "bbox": shape.xywh, "iscrowd": 0}
                for value, kind, shape in zip(ids, given, drawn, strict=True)
            ]
            rows.append({"image_id": number, "file_name": f"{number:012d}.png", "segments_info": segments})
            masks = {name: [s.mask for s, kind in zip(drawn, given, strict=True) if kinds[kind][0] == name] for name, _ in kinds.values()}  # fmt: skip
            truth.images[f"{split}2017/{number:012d}.jpg"] = Labels(SIZE, masks, (split,))
        write_json(root / f"annotations/panoptic_{split}2017.json", {"info": {}, "licenses": [], "images": images, "annotations": rows, "categories": categories})  # fmt: skip
    return truth


@layout("COCO-Stuff 164k", "https://github.com/nightrome/cocostuff (README: Setup, stuff-thing maps)")
def coco_stuff(root: Path) -> Truth:
    names = {0: "person", 1: "bicycle", 123: "grass", 156: "sky-other"}
    truth = Truth(
        names={**{name: (name, str(value)) for value, name in names.items()}, "unlabeled": ("unlabeled",)},
        optional=frozenset({"unlabeled"}),
    )
    for seed, (split, number) in enumerate([("train", 9), ("train", 25), ("val", 139)]):
        values = scene(seed, [0, 1, 255, 123], ground=156)
        put(root / f"images/{split}2017/{number:012d}.jpg", photo(seed))
        put(root / f"annotations/{split}2017/{number:012d}.png", values)
        here = f"images/{split}2017/{number:012d}.jpg"
        truth.images[here] = Labels(SIZE, by_value(values, {**names, 255: "unlabeled"}), (split,))
    return truth


@layout("LVIS v1", "https://www.lvisdataset.org/dataset (images are COCO's; coco_url says which)")
def lvis(root: Path) -> Truth:
    kinds = {3: "air_conditioner", 12: "alligator", 1203: "zucchini"}
    categories = [
        {"id": number, "name": name, "synset": f"{name}.n.01", "synonyms": [name], "def": "", "frequency": "c", "image_count": 2, "instance_count": 3}
        for number, name in kinds.items()
    ]  # fmt: skip
    truth = Truth(instances=True, tolerance=1)
    for split, places in {"train": [("train2017", 391895), ("train2017", 522418)], "val": [("val2017", 397133), ("train2017", 37777)]}.items():  # fmt: skip
        files = {}
        for folder, number in places:
            drawn = list(zip(shapes(number, 3), [3, 3, 1203], strict=True))
            files[f"{number:012d}.jpg"] = (number, drawn)
            put(root / f"{folder}/{number:012d}.jpg", photo(number))
            masks = {"air_conditioner": [drawn[0][0].mask, drawn[1][0].mask], "zucchini": [drawn[2][0].mask]}
            truth.images[f"{folder}/{number:012d}.jpg"] = Labels(SIZE, masks, (split,))
        whole = coco(files, categories)
        for row, (folder, number) in zip(whole["images"], places, strict=True):
            del row["file_name"]
            row |= {"coco_url": f"http://images.cocodataset.org/{folder}/{number:012d}.jpg", "neg_category_ids": [12], "not_exhaustive_category_ids": []}  # fmt: skip
        for row in whole["annotations"]:
            del row["iscrowd"]
        write_json(root / f"annotations/lvis_v1_{split}.json", whole)
    return truth


@layout(
    "COCO128-seg",
    "https://docs.ultralytics.com/datasets/segment/coco128-seg/",
    {"coco128-seg.zip": (".",)},
)
def coco128_seg(root: Path) -> Truth:
    truth = Truth(names={name: (name, str(index)) for index, name in enumerate(COCO_80)}, instances=True, tolerance=1)
    root = root / "coco128-seg"
    for number in (9, 25, 30, 34):
        drawn = shapes(number, 3)
        put(root / f"images/train2017/{number:012d}.jpg", photo(number))
        here = f"coco128-seg/images/train2017/{number:012d}.jpg"
        if number == 34:  # an image without objects has no text file
            truth.images[here] = Labels(SIZE, {}, TRAIN)
            continue
        lines = [
            " ".join([str(kind), *(f"{x / SIZE[1]:.6g} {y / SIZE[0]:.6g}" for x, y in shape.corners)])
            for shape, kind in zip(drawn, [0, 0, 8], strict=True)
        ]
        write(root / f"labels/train2017/{number:012d}.txt", "\n".join(lines))
        masks = {"person": [drawn[0].mask, drawn[1].mask], "boat": [drawn[2].mask]}
        truth.images[here] = Labels(SIZE, masks, TRAIN)
    write(root / "LICENSE", "GNU GENERAL PUBLIC LICENSE\n")
    write(root / "README.txt", "https://www.kaggle.com/ultralytics/coco128\n")
    return truth


@layout(
    "Balloons",
    "https://github.com/matterport/Mask_RCNN (samples/balloon; releases v2.1, balloon_dataset.zip)",
    {"balloon_dataset.zip": (".",)},
)
def balloons(root: Path) -> Truth:
    truth = Truth(names=plain("balloon"), instances=True, tolerance=1)
    for split, names in {"train": ["34020010494_e5cb88e1c4_k", "25899693952_7c8b8b9edc_k"], "val": ["16335852991_f55de7958d_k"]}.items():  # fmt: skip
        rows = {}
        for name in names:
            drawn = shapes(len(rows) + len(split), 3)
            put(root / f"balloon/{split}/{name}.jpg", photo(len(rows)))
            weight = (root / f"balloon/{split}/{name}.jpg").stat().st_size
            regions = {}
            for index, shape in enumerate(drawn):
                columns, lines = zip(*shape.corners, shape.corners[0], strict=True)
                outline = {"name": "polygon", "all_points_x": columns, "all_points_y": lines}
                regions[str(index)] = {"shape_attributes": outline, "region_attributes": {}}
            rows[f"{name}.jpg{weight}"] = {"fileref": "", "size": weight, "filename": f"{name}.jpg", "base64_img_data": "", "file_attributes": {}, "regions": regions}  # fmt: skip
            masks = {"balloon": [shape.mask for shape in drawn]}
            truth.images[f"balloon/{split}/{name}.jpg"] = Labels(SIZE, masks, (split,))
            hidden_twin(root / f"__MACOSX/balloon/{split}/{name}.jpg")
        write_json(root / f"balloon/{split}/via_region_data.json", rows)
        hidden_twin(root / f"__MACOSX/balloon/{split}/via_region_data.json")
    return truth


@layout("Fashionpedia", "https://github.com/cvdfoundation/fashionpedia")
def fashionpedia(root: Path) -> Truth:
    categories = [
        {"id": 0, "name": "shirt, blouse", "supercategory": "upperbody", "level": 2, "taxonomy_id": "obj0"},
        {"id": 23, "name": "shoe", "supercategory": "legs and feet", "level": 2, "taxonomy_id": "obj23"},
    ]
    truth = Truth(instances=True, tolerance=1)
    for split, folder in {"train": "train", "val": "test"}.items():
        files = {}
        for number in (1, 2):
            name = f"{zlib.crc32(f'{split}{number}'.encode()):08x}bf1ec1f9e8a1ab0cbb4a5c1f.jpg"
            drawn = list(zip(shapes(number, 3), [0, 23, 23], strict=True))
            files[name] = (number, drawn)
            put(root / folder / name, photo(number))
            masks = {"shirt, blouse": [drawn[0][0].mask], "shoe": [drawn[1][0].mask, drawn[2][0].mask]}
            truth.images[f"{folder}/{name}"] = Labels(SIZE, masks, (split,))
        attributes = [{"id": 0, "name": "classic (t-shirt)", "supercategory": "nickname", "level": 1}]
        whole = coco(files, categories, attributes=attributes)
        for row in whole["annotations"]:
            row["attribute_ids"] = [0]
        year = "instances_attributes_train2020" if split == "train" else "instances_attributes_val2020"
        write_json(root / f"{year}.json", whole)
    put(root / "test/00a1e7a6f1d6f7d8c0d8d1e9b1c0b2aa.jpg", photo(9))
    truth.images["test/00a1e7a6f1d6f7d8c0d8d1e9b1c0b2aa.jpg"] = Labels(SIZE, known=False)
    return truth


@layout("iMaterialist (Fashion) 2020", "https://www.kaggle.com/c/imaterialist-fashion-2020-fgvc7/data")
def imaterialist(root: Path) -> Truth:
    categories = [
        {"id": 6, "name": "pants", "supercategory": "lowerbody", "level": 2},
        {"id": 23, "name": "shoe", "supercategory": "legs and feet", "level": 2},
    ]
    truth = Truth(instances=True)
    rows = ["ImageId,EncodedPixels,Height,Width,ClassId,AttributesIds"]
    for seed, name in enumerate(["00000663ed1ff0c4e0132b9b9ac53f6e", "0000fe7c9191fba733c8a69cfaf962b7"]):
        drawn = shapes(seed, 3)
        put(root / f"train/{name}.jpg", photo(seed))
        for shape, kind in zip(drawn, [6, 23, 23], strict=True):
            ids = '"115,136,143,154"' if kind == 6 else ""
            rows.append(f"{name},{pairs(shape.mask)},{SIZE[0]},{SIZE[1]},{kind},{ids}")
        masks = {"pants": [drawn[0].mask], "shoe": [drawn[1].mask, drawn[2].mask]}
        truth.images[f"train/{name}.jpg"] = Labels(SIZE, masks, TRAIN)
    write_lines(root / "train.csv", rows)
    write_json(root / "label_descriptions.json", {"info": {"year": 2019}, "categories": categories, "attributes": [{"id": 0, "name": "classic (t-shirt)", "supercategory": "nickname", "level": 1}]})  # fmt: skip
    put(root / "test/002f0f1f4c9d1d1e8d2d1c2d0a1e4b5d.jpg", photo(7))
    truth.images["test/002f0f1f4c9d1d1e8d2d1c2d0a1e4b5d.jpg"] = Labels(SIZE, known=False)
    write_lines(root / "sample_submission.csv", ["ImageId,EncodedPixels,ClassId,AttributesIds", "002f0f1f4c9d1d1e8d2d1c2d0a1e4b5d,1 1,1,1"])  # fmt: skip
    return truth


@layout(
    "Supervisely Person",
    "https://github.com/supervisely-ecosystem/persons; https://docs.supervisely.com/customization-and-integration/00_ann_format_navi",
)
def supervisely_person(root: Path) -> Truth:
    top = "Supervisely Person Dataset"
    truth = Truth(instances=True, tolerance=1)
    for seed, (folder, name) in enumerate([("ds1", "adult-affection-asian"), ("ds1", "pexels-photo-26939"), ("ds2", "adult-affection-asian")]):  # fmt: skip
        first, second = shapes(seed, 2)
        x, y, w, h = first.xywh
        crop = Image.fromarray(first.mask[y : y + h, x : x + w]).convert("1")
        stream = io.BytesIO()
        crop.save(stream, format="PNG", transparency=0)
        data = base64.b64encode(zlib.compress(stream.getvalue())).decode()
        common = {"description": "", "tags": [], "labelerLogin": "max", "createdAt": "2018-06-01T10:00:00Z"}
        rows = [
            {**common, "id": 1, "classTitle": "person_bmp", "geometryType": "bitmap", "bitmap": {"data": data, "origin": [x, y]}},
            {**common, "id": 2, "classTitle": "person_poly", "geometryType": "polygon", "points": {"exterior": [list(corner) for corner in second.corners], "interior": []}},
        ]  # fmt: skip
        put(root / top / folder / f"img/{name}.png", photo(seed))
        write_json(root / top / folder / f"ann/{name}.png.json", {"description": "", "tags": [{"name": "train"}], "size": {"height": SIZE[0], "width": SIZE[1]}, "objects": rows})  # fmt: skip
        masks = {"person_bmp": [first.mask], "person_poly": [second.mask]}
        truth.images[f"{top}/{folder}/img/{name}.png"] = Labels(SIZE, masks)
    classes = [{"title": "person_bmp", "shape": "bitmap", "color": "#D0021B"}, {"title": "person_poly", "shape": "polygon", "color": "#F5A623"}]  # fmt: skip
    write_json(root / top / "meta.json", {"classes": classes, "tags": [{"name": "train", "value_type": "none", "color": "#000000"}]})  # fmt: skip
    write_json(root / top / "obj_class_to_machine_color.json", {"person_bmp": [1, 1, 1], "person_poly": [1, 1, 1]})
    write(root / top / "README", "Supervisely Person Dataset\n")
    return truth


@layout("Trans10K", "https://github.com/xieenze/Segment_Transparent_Objects")
def trans10k(root: Path) -> Truth:
    truth = Truth(names=plain(1, 2), optional=frozenset({"0"}))
    for seed, (folder, split) in enumerate([("train", TRAIN), ("train", TRAIN), ("validation/easy", VAL), ("validation/hard", VAL), ("test/easy", TEST)]):  # fmt: skip
        values = scene(seed, [1, 2, 1])
        put(root / f"Trans10K/{folder}/images/{seed + 1}.jpg", photo(seed))
        colours = {1: (255, 0, 0), 2: (255, 255, 255)}
        put(root / f"Trans10K/{folder}/masks/{seed + 1}_mask.png", coloured(values, colours))
        masks = by_value(values, {0: "0", 1: "1", 2: "2"})
        truth.images[f"Trans10K/{folder}/images/{seed + 1}.jpg"] = Labels(SIZE, masks, split)
    return truth


@layout(
    "SA-1B",
    "https://ai.meta.com/datasets/segment-anything/ ; https://github.com/facebookresearch/segment-anything (Dataset)",
    {"sa_000020.tar": (".",)},
)
def sa1b(root: Path) -> Truth:
    from pycocotools import mask as tool

    truth = Truth(names=plain("object"), instances=True, classless=True)
    for number in (223750, 223751, 223761):
        drawn = shapes(number, 4)
        rows = []
        for index, shape in enumerate(drawn):
            rle = tool.encode(np.asfortranarray(shape.mask.astype(np.uint8)))
            rows.append({"id": 537000 + index, "segmentation": {"size": list(SIZE), "counts": rle["counts"].decode()}, "bbox": [float(v) for v in shape.xywh], "area": int(shape.mask.sum()), "predicted_iou": 0.95, "stability_score": 0.97, "crop_box": [0.0, 0.0, 48.0, 32.0], "point_coords": [[10.5, 4.5]]})  # fmt: skip
        put(root / f"sa_{number}.jpg", photo(number))
        image = {"image_id": number, "width": SIZE[1], "height": SIZE[0], "file_name": f"sa_{number}.jpg"}
        write_json(root / f"sa_{number}.json", {"image": image, "annotations": rows})
        truth.images[f"sa_{number}.jpg"] = Labels(SIZE, {"object": [shape.mask for shape in drawn]})
    return truth


@layout(
    "Penn-Fudan pedestrians",
    "https://www.cis.upenn.edu/~jshi/ped_html/ (readme.txt); the tutorial of torchvision",
    {"PennFudanPed.zip": (".",)},
)
def penn_fudan(root: Path) -> Truth:
    top = root / "PennFudanPed"
    truth = Truth(names=plain("person"), instances=True, classless=True)
    for seed, name in enumerate(["FudanPed00001", "FudanPed00002", "PennPed00011"]):
        drawn = shapes(seed, 2 + seed)
        put(top / f"PNGImages/{name}.png", photo(seed))
        put(top / f"PedMasks/{name}_mask.png", label_map(drawn, range(1, len(drawn) + 1)))
        rows = ["# Compatible with PASCAL Annotation Version 1.00", f'Image filename : "PennFudanPed/PNGImages/{name}.png"', "Image size (X x Y x C) : 48 x 32 x 3"]  # fmt: skip
        rows += [
            f'Pixel mask for object {index} "PASpersonWalking" : "PennFudanPed/PedMasks/{name}_mask.png"'
            for index in range(1, len(drawn) + 1)
        ]
        write_lines(top / f"Annotation/{name}.txt", rows)
        truth.images[f"PennFudanPed/PNGImages/{name}.png"] = Labels(SIZE, {"person": [s.mask for s in drawn]})
    write(top / "readme.txt", "Directory structure\n\n1) Annotation\n2) PedMasks: mask of each image\n3) PNGImages\n")
    write(top / "added-object-list.txt", "FudanPed00004 2\n")
    return truth


@layout("FSS-1000", "https://github.com/HKUSTCV/FSS-1000", {"fewshot_data.zip": (".",)})
def fss1000(root: Path) -> Truth:
    truth = Truth(optional=frozenset({"background"}))
    for seed, kind in enumerate(["ab_wheel", "banana", "zucchini"]):
        for number in (1, 2):
            mask = shapes(seed * 10 + number, 1)[0].mask
            put(root / f"fewshot_data/{kind}/{number}.jpg", photo(seed + number))
            put(root / f"fewshot_data/{kind}/{number}.png", np.repeat(mask.astype(np.uint8)[..., None] * 255, 3, -1))
            masks = {kind: [mask], "background": [~mask]}
            truth.images[f"fewshot_data/{kind}/{number}.jpg"] = Labels(SIZE, masks)
    return truth


@layout("DUTS", "http://saliencydetection.net/duts/")
def duts(root: Path) -> Truth:
    truth = Truth(names=plain(255), optional=frozenset({"0"}))
    for folder, name, seed in [("TR", "ILSVRC2012_test_00000004", 1), ("TR", "n01440764_10026", 2), ("TE", "ILSVRC2012_test_00000003", 3)]:  # fmt: skip
        values = scene(seed, [255, 255])
        put(root / f"DUTS-{folder}/DUTS-{folder}-Image/{name}.jpg", photo(seed))
        put(root / f"DUTS-{folder}/DUTS-{folder}-Mask/{name}.png", values)
        masks = by_value(values, {0: "0", 255: "255"})
        truth.images[f"DUTS-{folder}/DUTS-{folder}-Image/{name}.jpg"] = Labels(SIZE, masks)
    return truth


@layout("LIP (Look into Person)", "https://sysuhcp.github.io/lip/ ; mmsegmentation, dataset_prepare.md")
def lip(root: Path) -> Truth:
    names = {1: "hat", 2: "hair", 5: "upper-clothes", 13: "face"}
    truth = Truth(names={name: (name, str(value)) for value, name in names.items()}, optional=frozenset({"background"}))
    lists: dict[str, list[str]] = {"train": [], "val": []}
    for seed, (split, name) in enumerate([("train", "1000_1234574"), ("train", "77_471474"), ("val", "100034_483681")]):
        values = scene(seed, [1, 2, 5, 13])
        put(root / f"TrainVal_images/{split}_images/{name}.jpg", photo(seed))
        put(root / f"TrainVal_parsing_annotations/{split}_segmentations/{name}.png", values)
        masks = by_value(values, {0: "background", **names})
        truth.images[f"TrainVal_images/{split}_images/{name}.jpg"] = Labels(SIZE, masks, (split,))
        lists[split].append(name)
    for split, inside in lists.items():
        write_lines(root / f"TrainVal_images/{split}_id.txt", inside)
    put(root / "Testing_images/100_1000.jpg", photo(8))
    truth.images["Testing_images/100_1000.jpg"] = Labels(SIZE, known=False)
    return truth


@layout("CelebAMask-HQ", "https://github.com/switchablenorms/CelebAMask-HQ")
def celebamask_hq(root: Path) -> Truth:
    top = root / "CelebAMask-HQ"
    truth = Truth()
    for number in (0, 1, 2001):
        skin, hair, left = shapes(number, 3)
        masks = {"skin": skin.mask | left.mask, "hair": hair.mask, "l_eye": left.mask}
        put(top / f"CelebA-HQ-img/{number}.jpg", photo(number, (64, 96)))  # images are twice as large as masks
        for part, mask in masks.items():
            stored = np.repeat(mask.astype(np.uint8)[..., None] * 255, 3, -1)
            put(top / f"CelebAMask-HQ-mask-anno/{number // 2000}/{number:05d}_{part}.png", stored)
        large = {part: [mask.repeat(2, 0).repeat(2, 1)] for part, mask in masks.items()}
        truth.images[f"CelebAMask-HQ/CelebA-HQ-img/{number}.jpg"] = Labels((64, 96), large)
    write_lines(top / "CelebA-HQ-to-CelebA-mapping.txt", ["idx     orig_idx    orig_file", "0  119613  119614.jpg"])
    write_lines(top / "CelebAMask-HQ-attribute-anno.txt", ["30000", "5_o_Clock_Shadow", "0.jpg  -1"])
    write(top / "README.txt", "CelebAMask-HQ\n")
    return truth


@layout("LabelMe (MIT) collection", "http://labelme.csail.mit.edu (LabelMe Matlab toolbox, readme)")
def labelme_mit(root: Path) -> Truth:
    truth = Truth(instances=True, tolerance=1)
    for seed, name in enumerate(["p1010736", "p1010737"]):
        drawn = shapes(seed, 3)
        rows = ""
        for index, (shape, kind) in enumerate(zip(drawn, ["building", "building", "sky"], strict=True)):
            points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in shape.corners)
            rows += f"<object><name>{kind}</name><deleted>0</deleted><verified>0</verified><date>25-Nov-2005</date><id>{index}</id><polygon><username>anon</username>{points}</polygon></object>"  # fmt: skip
        gone = "<object><name>tree</name><deleted>1</deleted><verified>0</verified><id>9</id><polygon><username>anon</username><pt><x>1</x><y>1</y></pt><pt><x>9</x><y>1</y></pt><pt><x>9</x><y>9</y></pt></polygon></object>"  # fmt: skip
        folder = "05june05_static_street_boston"
        put(root / f"Images/{folder}/{name}.jpg", photo(seed))
        write(root / f"Annotations/{folder}/{name}.xml", f"<annotation><filename>{name}.jpg</filename><folder>{folder}</folder><source><sourceImage>The MIT-CSAIL database of objects and scenes</sourceImage></source><imagesize><nrows>32</nrows><ncols>48</ncols></imagesize>{rows}{gone}</annotation>")  # fmt: skip
        masks = {"building": [drawn[0].mask, drawn[1].mask], "sky": [drawn[2].mask]}
        truth.images[f"Images/{folder}/{name}.jpg"] = Labels(SIZE, masks)
    return truth
