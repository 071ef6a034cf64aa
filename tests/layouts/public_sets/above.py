"""Sets seen from above: aeroplanes, satellites, drones."""

from pathlib import Path

import numpy as np
import tifffile

from public_sets.drawing import (
    SIZE,
    coco,
    coloured,
    label_map,
    photo,
    place,
    put,
    scene,
    shapes,
    write,
    write_json,
    write_lines,
)
from public_sets.truth import TEST, TRAIN, VAL, Labels, Truth, by_value, layout, plain


@layout("Massachusetts roads (Kaggle)", "https://www.kaggle.com/datasets/balraj98/massachusetts-roads-dataset")
def massachusetts_roads(root: Path) -> Truth:
    truth = Truth(optional=frozenset({"background"}))
    rows = []
    for seed, (split, name) in enumerate([("train", "10078660_15"), ("train", "10078675_15"), ("val", "10228690_15"), ("test", "10378780_15")]):  # fmt: skip
        road = shapes(seed, 3)
        values = label_map(road, [255] * 3)
        put(root / f"tiff/{split}/{name}.tiff", photo(seed))
        put(root / f"tiff/{split}_labels/{name}.tif", values)
        masks = by_value(values, {0: "background", 255: "road"})
        truth.images[f"tiff/{split}/{name}.tiff"] = Labels(SIZE, masks, (split,))
        rows.append(f"{name},{split},tiff/{split}/{name}.tiff,tiff/{split}_labels/{name}.tif")
    write_lines(root / "metadata.csv", ["image_id,split,tiff_image_path,tif_label_path", *rows])
    write_lines(root / "label_class_dict.csv", ["name,r,g,b", "background,0,0,0", "road,255,255,255"])
    return truth


@layout("Massachusetts buildings (Toronto)", "https://www.cs.toronto.edu/~vmnih/data/")
def massachusetts_buildings(root: Path) -> Truth:
    truth = Truth(names=plain("building"), optional=frozenset({"0"}))
    for seed, (split, name) in enumerate([("train", "22678915_15"), ("train", "22678930_15"), ("valid", "22978870_15"), ("test", "22828930_15")]):  # fmt: skip
        values = scene(seed, [1, 1, 1])
        put(root / f"mass_buildings/{split}/sat/{name}.tiff", photo(seed))
        put(root / f"mass_buildings/{split}/map/{name}.tif", coloured(values, {1: (255, 0, 0)}))
        masks = by_value(values, {0: "0", 1: "building"})
        truth.images[f"mass_buildings/{split}/sat/{name}.tiff"] = Labels(SIZE, masks, (split.replace("valid", "val"),))
    return truth


@layout("Inria aerial images", "https://project.inria.fr/aerialimagelabeling/contest/")
def inria(root: Path) -> Truth:
    truth = Truth(names=plain("building"), optional=frozenset({"0"}))
    for seed, name in enumerate(["austin1", "austin10", "vienna36"]):
        values = scene(seed, [255, 255])
        put(root / f"AerialImageDataset/train/images/{name}.tif", photo(seed))
        put(root / f"AerialImageDataset/train/gt/{name}.tif", values)
        masks = by_value(values, {0: "0", 255: "building"})
        truth.images[f"AerialImageDataset/train/images/{name}.tif"] = Labels(SIZE, masks, TRAIN)
    put(root / "AerialImageDataset/test/images/bellingham1.tif", photo(8))
    truth.images["AerialImageDataset/test/images/bellingham1.tif"] = Labels(SIZE, split=TEST, known=False)
    return truth


def deepglobe(root: Path, truth: Truth, labelled: dict[str, np.ndarray]) -> None:
    rows = []
    for seed, (name, stored) in enumerate(labelled.items()):
        put(root / f"train/{name}_sat.jpg", photo(seed))
        put(root / f"train/{name}_mask.png", stored)
        rows.append(f"{name},train,train/{name}_sat.jpg,train/{name}_mask.png")
    for split, name in (("valid", "100794"), ("test", "100393")):
        put(root / f"{split}/{name}_sat.jpg", photo(9))
        truth.images[f"{split}/{name}_sat.jpg"] = Labels(SIZE, split=VAL if split == "valid" else TEST, known=False)
        rows.append(f"{name},{split},{split}/{name}_sat.jpg,")
    write_lines(root / "metadata.csv", ["image_id,split,sat_image_path,mask_path", *rows])


@layout("DeepGlobe roads", "https://www.kaggle.com/datasets/balraj98/deepglobe-road-extraction-dataset (not pure 0 and 255: cut at 128)")  # fmt: skip
def deepglobe_roads(root: Path) -> Truth:
    truth = Truth(optional=frozenset({"background"}))
    labelled = {}
    for seed, name in enumerate(["100034", "100081", "100129"]):
        values = scene(seed, [1, 1])
        stored = coloured(values, {1: (255, 255, 255)})
        stored[(np.arange(SIZE[0]) % 7 == 0)[:, None] & (values == 1)] = 252
        stored[(np.arange(SIZE[0]) % 5 == 0)[:, None] & (values == 0)] = 3
        labelled[name] = stored
        masks = by_value(values, {0: "background", 1: "road"})
        truth.images[f"train/{name}_sat.jpg"] = Labels(SIZE, masks, TRAIN)
    deepglobe(root, truth, labelled)
    write_lines(root / "class_dict.csv", ["name,r,g,b", "road,255,255,255", "background,0,0,0"])
    return truth


@layout("DeepGlobe land cover", "https://www.kaggle.com/datasets/balraj98/deepglobe-land-cover-classification-dataset")
def deepglobe_land(root: Path) -> Truth:
    colours = {0: ("unknown", (0, 0, 0)), 1: ("urban_land", (0, 255, 255)), 2: ("agriculture_land", (255, 255, 0)), 3: ("rangeland", (255, 0, 255)), 4: ("forest_land", (0, 255, 0)), 5: ("water", (0, 0, 255)), 6: ("barren_land", (255, 255, 255))}  # fmt: skip
    truth = Truth(optional=frozenset({"unknown"}))
    labelled = {}
    for seed, name in enumerate(["119", "2334", "998002"]):
        values = scene(seed, [1, 3, 4, 5, 0], ground=2)
        labelled[name] = coloured(values, {value: colour for value, (_, colour) in colours.items()})
        masks = by_value(values, {value: label for value, (label, _) in colours.items()})
        truth.images[f"train/{name}_sat.jpg"] = Labels(SIZE, masks, TRAIN)
    deepglobe(root, truth, labelled)
    rows = [f"{name},{r},{g},{b}" for name, (r, g, b) in list(colours.values())[1:]]
    write_lines(root / "class_dict.csv", ["name,r,g,b", *rows, "unknown,0,0,0"])
    return truth


#: White: impervious surfaces; blue: building; cyan: low vegetation; green: tree; yellow: car; red: clutter.
ISPRS = {0: (255, 255, 255), 1: (0, 0, 255), 2: (0, 255, 255), 3: (0, 255, 0), 4: (255, 255, 0), 5: (255, 0, 0)}


@layout("ISPRS Potsdam", "https://www.isprs.org/education/benchmarks/UrbanSemLab/2d-sem-label-potsdam.aspx")
def potsdam(root: Path) -> Truth:
    truth = Truth(names=plain(*range(6)))
    for seed, tile in enumerate(["2_10", "3_10", "7_13"]):
        values = scene(seed, [1, 2, 3, 4, 5], ground=0)
        put(root / f"2_Ortho_RGB/top_potsdam_{tile}_RGB.tif", photo(seed))
        write(root / f"2_Ortho_RGB/top_potsdam_{tile}_RGB.tfw", "0.05\n0.0\n0.0\n-0.05\n368000.0\n5806500.0\n")
        put(root / f"5_Labels_all/top_potsdam_{tile}_label.tif", coloured(values, ISPRS))
        masks = by_value(values, {value: str(value) for value in range(6)})
        truth.images[f"2_Ortho_RGB/top_potsdam_{tile}_RGB.tif"] = Labels(SIZE, masks)
    return truth


@layout("ISPRS Vaihingen", "https://www.isprs.org/education/benchmarks/UrbanSemLab/2d-sem-label-vaihingen.aspx")
def vaihingen(root: Path) -> Truth:
    truth = Truth(names=plain(*range(6)))
    for seed, area in enumerate([1, 3, 5, 2]):
        put(root / f"top/top_mosaic_09cm_area{area}.tif", photo(seed))
        heights = np.linspace(250, 300, SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE)
        put(root / f"dsm/dsm_09cm_matching_area{area}.tif", heights)
        here = f"top/top_mosaic_09cm_area{area}.tif"
        if area == 2:  # labels of half the tiles were kept back
            truth.images[here] = Labels(SIZE, known=False)
            continue
        values = scene(seed, [1, 2, 3, 4, 5], ground=0)
        put(root / f"gts_for_participants/top_mosaic_09cm_area{area}.tif", coloured(values, ISPRS))
        truth.images[here] = Labels(SIZE, by_value(values, {value: str(value) for value in range(6)}))
    return truth


@layout("LoveDA", "https://github.com/Junjue-Wang/LoveDA (values: 0 no data, 1 background, 2 building, …)", {"Train.zip": ("Train",), "Val.zip": ("Val",), "Test.zip": ("Test",)})  # fmt: skip
def loveda(root: Path) -> Truth:
    names = {1: "background", 2: "building", 3: "road", 4: "water", 6: "forest"}
    truth = Truth(
        names={name: (name, str(value)) for value, name in names.items()}, optional=frozenset({"no-data", "background"})
    )
    for number, (split, kind) in enumerate([("Train", "Rural"), ("Train", "Urban"), ("Val", "Rural"), ("Val", "Urban")]):  # fmt: skip
        values = scene(number, [0, 2, 3, 4, 6], ground=1)
        put(root / f"{split}/{kind}/images_png/{number}.png", photo(number))
        put(root / f"{split}/{kind}/masks_png/{number}.png", values)
        here = f"{split}/{kind}/images_png/{number}.png"
        truth.images[here] = Labels(SIZE, by_value(values, {0: "no-data", **names}), (split.lower(),))
    put(root / "Test/Rural/images_png/4191.png", photo(8))
    truth.images["Test/Rural/images_png/4191.png"] = Labels(SIZE, split=TEST, known=False)
    return truth


@layout("iSAID", "https://captain-whu.github.io/iSAID/dataset.html; https://github.com/CAPTAIN-WHU/iSAID_Devkit")
def isaid(root: Path) -> Truth:
    categories = [{"id": 1, "name": "storage_tank"}, {"id": 2, "name": "Large_Vehicle"}, {"id": 4, "name": "plane"}]
    colours = {1: (0, 0, 63), 2: (0, 127, 127), 4: (0, 127, 255)}
    truth = Truth(instances=True, tolerance=1, optional=frozenset({"background"}))
    for split, names in {"train": ["P0000", "P0002"], "val": ["P0003"]}.items():
        files = {}
        for name in names:
            number = int(name[1:])
            drawn = list(zip(shapes(number, 4), [1, 1, 2, 4], strict=True))
            files[f"{name}.png"] = (number, drawn)
            values = label_map([shape for shape, _ in drawn], [kind for _, kind in drawn])
            objects = label_map([shape for shape, _ in drawn], [1, 2, 3, 4])
            put(root / f"{split}/images/images/{name}.png", photo(number))
            put(root / f"{split}/Semantic_masks/images/{name}_instance_color_RGB.png", coloured(values, colours))
            marks = {1: (1, 0, 0), 2: (2, 0, 0), 3: (3, 0, 0), 4: (4, 0, 0)}
            put(root / f"{split}/Instance_masks/images/{name}_instance_id_RGB.png", coloured(objects, marks))
            masks = {row["name"]: [shape.mask for shape, kind in drawn if kind == row["id"]] for row in categories}
            truth.images[f"{split}/images/images/{name}.png"] = Labels(SIZE, masks, (split,))
        write_json(root / f"{split}/Annotations/iSAID_{split}.json", coco(files, categories))
    put(root / "test/images/images/P0006.png", photo(8))
    truth.images["test/images/images/P0006.png"] = Labels(SIZE, split=TEST, known=False)
    return truth


@layout("SpaceNet 2 (Las Vegas)", "https://spacenet.ai/spacenet-buildings-dataset-v2/")
def spacenet(root: Path) -> Truth:
    truth = Truth(names=plain("building"), instances=True, tolerance=1)
    top, left, step = 36.2, -115.3, 0.0000027
    rows = ["ImageId,BuildingId,PolygonWKT_Pix,PolygonWKT_Geo"]
    for seed, number in enumerate((1, 10, 3)):
        name = f"AOI_2_Vegas_img{number}"
        drawn = shapes(seed, 3) if number != 3 else []
        keys = (1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326)
        tags = [(33550, "d", 3, (step, step, 0.0), True), (33922, "d", 6, (0.0, 0.0, 0.0, left, top, 0.0), True), (34735, "H", len(keys), keys, True)]  # fmt: skip
        path = place(root / f"AOI_2_Vegas_Train/RGB-PanSharpen/RGB-PanSharpen_{name}.tif")
        tifffile.imwrite(path, photo(seed).astype(np.uint16) * 8, photometric="rgb", extratags=tags)
        features = []
        for index, shape in enumerate(drawn):
            pixels = [*shape.corners, shape.corners[0]]
            ring = [[left + x * step, top - y * step, 0.0] for x, y in pixels]
            features.append({"type": "Feature", "properties": {"OBJECTID": index, "FID_VEGAS_": index, "Shape_Area": 10.0}, "geometry": {"type": "Polygon", "coordinates": [ring]}})  # fmt: skip
            wkt = ",".join(f"{x} {y} 0" for x, y in pixels)
            world = ",".join(f"{x} {y} 0" for x, y, _ in ring)
            rows.append(f'{name},{index + 1},"POLYGON (({wkt}))","POLYGON (({world}))"')
        if not drawn:
            rows.append(f"{name},-1,POLYGON EMPTY,POLYGON EMPTY")
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
        write_json(root / f"AOI_2_Vegas_Train/geojson/buildings/buildings_{name}.geojson", {"type": "FeatureCollection", "crs": crs, "features": features})  # fmt: skip
        here = f"AOI_2_Vegas_Train/RGB-PanSharpen/RGB-PanSharpen_{name}.tif"
        truth.images[here] = Labels(SIZE, {"building": [shape.mask for shape in drawn]})
    write_lines(root / "AOI_2_Vegas_Train/summaryData/AOI_2_Vegas_Train_Building_Solutions.csv", rows)
    return truth


@layout("xView2 (xBD)", "https://xview2.org/dataset; Gupta et al., arXiv:1911.09296")
def xview2(root: Path) -> Truth:
    values = {"no-damage": 1, "minor-damage": 2, "major-damage": 3, "destroyed": 4}
    truth = Truth(
        names={"building": ("building", "1"), **{name: (name, str(value)) for name, value in values.items()}},
        optional=frozenset({"background"}),
        tolerance=1,
    )
    for seed, (split, scene_name) in enumerate([("train", "guatemala-volcano_00000000"), ("train", "hurricane-florence_00000004"), ("test", "mexico-earthquake_00000001")]):  # fmt: skip
        drawn = shapes(seed, 3)
        for when in ("pre", "post"):
            name = f"{scene_name}_{when}_disaster"
            levels = ["no-damage", "no-damage", "destroyed"] if when == "post" else ["building"] * 3
            features = []
            for index, (shape, level) in enumerate(zip(drawn, levels, strict=True)):
                ring = ", ".join(f"{x} {y}" for x, y in (*shape.corners, shape.corners[0]))
                about = {"feature_type": "building", "uid": f"8d24a6d2-{index:04d}"}
                if when == "post":
                    about["subtype"] = level
                features.append({"properties": about, "wkt": f"POLYGON (({ring}))"})
            meta = {"sensor": "GEOEYE01", "original_width": SIZE[1], "original_height": SIZE[0], "width": SIZE[1], "height": SIZE[0], "disaster": scene_name.split("_")[0], "disaster_type": "volcano", "img_name": f"{name}.png"}  # fmt: skip
            put(root / f"{split}/images/{name}.png", photo(seed))
            write_json(root / f"{split}/labels/{name}.json", {"features": {"lng_lat": [], "xy": features}, "metadata": meta})  # fmt: skip
            stored = label_map(drawn, [values.get(level, 1) for level in levels])
            put(root / f"{split}/targets/{name}_target.png", stored)
            masks = {level: [np.any([shape.mask for shape, other in zip(drawn, levels, strict=True) if other == level], 0)] for level in levels}  # fmt: skip
            truth.images[f"{split}/images/{name}.png"] = Labels(SIZE, masks, (split,))
    return truth


@layout("UAVid", "https://uavid.nl/ (download: folder structure, colours)")
def uavid(root: Path) -> Truth:
    colours = {0: (0, 0, 0), 1: (128, 0, 0), 2: (128, 64, 128), 3: (192, 0, 192), 4: (0, 128, 0), 5: (128, 128, 0), 6: (64, 64, 0), 7: (64, 0, 128)}  # fmt: skip
    truth = Truth(names=plain(*range(8)), optional=frozenset({"0"}))
    for seed, (split, sequence, frame) in enumerate([("train", "seq1", "000000"), ("train", "seq1", "000100"), ("train", "seq2", "000000"), ("val", "seq16", "000000")]):  # fmt: skip
        values = scene(seed, [0, 1, 3, 4, 7], ground=2)
        put(root / f"uavid_{split}/{sequence}/Images/{frame}.png", photo(seed))
        put(root / f"uavid_{split}/{sequence}/Labels/{frame}.png", coloured(values, colours))
        here = f"uavid_{split}/{sequence}/Images/{frame}.png"
        truth.images[here] = Labels(SIZE, by_value(values, {value: str(value) for value in colours}), (split,))
    put(root / "uavid_test/seq21/Images/000000.png", photo(8))
    truth.images["uavid_test/seq21/Images/000000.png"] = Labels(SIZE, split=TEST, known=False)
    return truth


@layout("FloodNet", "https://github.com/BinaLab/FloodNet-Supervised_v1.0")
def floodnet(root: Path) -> Truth:
    truth = Truth(names=plain(*range(10)), optional=frozenset({"0"}))
    top = "FloodNet-Supervised_v1.0"
    for seed, (split, number) in enumerate([("train", 6279), ("train", 7301), ("val", 6292), ("test", 6334)]):
        values = scene(seed, [1, 2, 5, 9, 0], ground=6)
        put(root / f"{top}/{split}/{split}-org-img/{number}.jpg", photo(seed))
        put(root / f"{top}/{split}/{split}-label-img/{number}_lab.png", values)
        here = f"{top}/{split}/{split}-org-img/{number}.jpg"
        truth.images[here] = Labels(SIZE, by_value(values, {value: str(value) for value in range(10)}), (split,))
    return truth


@layout("LandCover.ai", "https://landcover.ai.linuxpolska.com/ (landcover.ai.v1.zip)", {"landcover.ai.v1.zip": (".",)})
def landcover_ai(root: Path) -> Truth:
    truth = Truth(names=plain(*range(5)), optional=frozenset({"0"}))
    for seed, name in enumerate(["M-33-20-D-c-4-2", "M-33-32-B-b-4-4", "N-34-94-A-b-2-4"]):
        values = scene(seed, [1, 2, 3, 4])
        put(root / f"images/{name}.tif", photo(seed))
        put(root / f"masks/{name}.tif", values)
        truth.images[f"images/{name}.tif"] = Labels(SIZE, by_value(values, {value: str(value) for value in range(5)}))
    for split in ("train", "val", "test"):  # names of tiles that split.py cuts
        write_lines(root / f"{split}.txt", [f"M-33-20-D-c-4-2_{number}" for number in range(3)])
    write(root / "split.py", "import glob\nimport os\n\nimport cv2\n")
    return truth


@layout("Semantic Drone Dataset", "http://dronedataset.icg.tugraz.at; https://www.kaggle.com/datasets/bulentsiyah/semantic-drone-dataset")  # fmt: skip
def semantic_drone(root: Path) -> Truth:
    kinds = ["unlabeled", "paved-area", "dirt", "grass", "gravel", "water", "rocks", "pool", "vegetation", "roof"]
    colours = [(0, 0, 0), (128, 64, 128), (130, 76, 0), (0, 102, 0), (112, 103, 87), (28, 42, 168), (48, 41, 30), (0, 50, 89), (107, 142, 35), (70, 70, 70)]  # fmt: skip
    truth = Truth(optional=frozenset({"unlabeled"}))
    for number in (0, 1, 598):
        values = scene(number, [1, 3, 5, 9, 0], ground=8)
        put(root / f"dataset/semantic_drone_dataset/original_images/{number:03d}.jpg", photo(number))
        put(root / f"dataset/semantic_drone_dataset/label_images_semantic/{number:03d}.png", values)
        put(root / f"RGB_color_image_masks/RGB_color_image_masks/{number:03d}.png", coloured(values, dict(enumerate(colours))))  # fmt: skip
        here = f"dataset/semantic_drone_dataset/original_images/{number:03d}.jpg"
        truth.images[here] = Labels(SIZE, by_value(values, dict(enumerate(kinds))))
    rows = [f"{name}, {r}, {g}, {b}" for name, (r, g, b) in zip(kinds, colours, strict=True)]
    write_lines(root / "class_dict_seg.csv", ["name, r, g, b", *rows])
    return truth


@layout("Aerial imagery of Dubai", "https://www.kaggle.com/datasets/humansintheloop/semantic-segmentation-of-aerial-imagery")  # fmt: skip
def dubai(root: Path) -> Truth:
    kinds = {1: ("Water", (0xE2, 0xA9, 0x29)), 2: ("Land (unpaved area)", (0x84, 0x29, 0xF6)), 3: ("Road", (0x6E, 0xC1, 0xE4)), 4: ("Building", (0x3C, 0x10, 0x98)), 5: ("Vegetation", (0xFE, 0xDD, 0x3A)), 6: ("Unlabeled", (0x9B, 0x9B, 0x9B))}  # fmt: skip
    truth = Truth(optional=frozenset({"Unlabeled"}))
    top = "Semantic segmentation dataset"
    for seed, (tile, number) in enumerate([(1, 1), (1, 2), (2, 1), (8, 1)]):
        values = scene(seed, [1, 3, 4, 5, 6], ground=2)
        put(root / f"{top}/Tile {tile}/images/image_part_{number:03d}.jpg", photo(seed))
        colours = {value: colour for value, (_, colour) in kinds.items()}
        put(root / f"{top}/Tile {tile}/masks/image_part_{number:03d}.png", coloured(values, colours))
        here = f"{top}/Tile {tile}/images/image_part_{number:03d}.jpg"
        truth.images[here] = Labels(SIZE, by_value(values, {value: name for value, (name, _) in kinds.items()}))
    rows = [{"title": name, "shape": "bitmap", "color": "#{:02X}{:02X}{:02X}".format(*colour), "geometry_config": {}} for name, colour in kinds.values()]  # fmt: skip
    write_json(root / top / "classes.json", {"classes": rows, "tags": []})
    return truth
