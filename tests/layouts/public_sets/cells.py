"""Sets from microscopes: cells, nuclei, neurons."""

from pathlib import Path

import numpy as np
import tifffile

from public_sets.drawing import (
    SIZE,
    coco,
    label_map,
    pairs,
    photo,
    place,
    put,
    shapes,
    write,
    write_lines,
)
from public_sets.truth import TEST, TRAIN, VAL, Labels, Truth, layout, plain


def numbered(drawn, dtype=np.uint16):
    return label_map(drawn, range(1, len(drawn) + 1), dtype=dtype)


@layout("Data Science Bowl 2018", "https://www.kaggle.com/competitions/data-science-bowl-2018/data; https://bbbc.broadinstitute.org/BBBC038")  # fmt: skip
def dsb2018(root: Path) -> Truth:
    truth = Truth(names=plain("nucleus"), instances=True, classless=True)
    rows = ["ImageId,EncodedPixels"]
    for seed in range(3):
        name = f"{seed + 10:02x}" * 32
        drawn = shapes(seed, 3 + seed)
        rgba = np.concatenate([photo(seed), np.full((*SIZE, 1), 255, np.uint8)], -1)
        put(root / f"stage1_train/{name}/images/{name}.png", rgba)
        for index, shape in enumerate(drawn):
            put(root / f"stage1_train/{name}/masks/{seed:02x}{index:02x}{'7f3a' * 15}.png", shape.mask)
            rows.append(f"{name},{pairs(shape.mask)}")
        truth.images[f"stage1_train/{name}/images/{name}.png"] = Labels(SIZE, {"nucleus": [s.mask for s in drawn]})
    name = "0f" * 32
    put(root / f"stage1_test/{name}/images/{name}.png", photo(8))
    truth.images[f"stage1_test/{name}/images/{name}.png"] = Labels(SIZE, known=False)
    write_lines(root / "stage1_train_labels.csv", rows)
    write_lines(root / "stage1_sample_submission.csv", ["ImageId,EncodedPixels", f"{name},1 1"])
    return truth


@layout("ISBI 2012 (EM stacks)", "https://imagej.net/events/isbi-2012-segmentation-challenge")
def isbi2012(root: Path) -> Truth:
    truth = Truth(names=plain(255), optional=frozenset({"0"}))
    cells = np.stack([label_map(shapes(page, 5), [255] * 5) for page in range(4)])
    for kind in ("train", "test"):
        pages = np.stack([photo(page + len(kind))[..., 0] for page in range(4)])
        put(root / f"{kind}-volume.tif", pages)
    put(root / "train-labels.tif", cells)
    for page in range(4):
        masks = {"255": [cells[page] == 255], "0": [cells[page] == 0]}
        truth.images[f"train-volume.tif#{page}"] = Labels(SIZE, masks)
        truth.images[f"test-volume.tif#{page}"] = Labels(SIZE, known=False)
    return truth


@layout("Sartorius cell instances", "https://www.kaggle.com/competitions/sartorius-cell-instance-segmentation/data")
def sartorius(root: Path) -> Truth:
    truth = Truth(instances=True)
    rows = ["id,annotation,width,height,cell_type,plate_time,sample_date,sample_id,elapsed_timedelta"]
    for seed, kind in enumerate(["shsy5y", "cort", "astro"]):
        name = f"{seed + 3:012x}"
        drawn = shapes(seed, 3)
        put(root / f"train/{name}.png", photo(seed)[..., 0])
        about = f"{SIZE[1]},{SIZE[0]},{kind},11h30m00s,2019-06-16,{kind}[diff]_E10-4_Vessel-714_Ph_3,0 days 11:30:00"
        rows += [f"{name},{pairs(shape.mask, 'C')},{about}" for shape in drawn]
        truth.images[f"train/{name}.png"] = Labels(SIZE, {kind: [shape.mask for shape in drawn]}, TRAIN)
    write_lines(root / "train.csv", rows)
    for name in ("test/7ae19de7bc2a.png", "train_semi_supervised/astro[hippo]_D1-1_Vessel-361_Ph_1.png"):
        put(root / name, photo(9)[..., 0])
        truth.images[name] = Labels(SIZE, known=False)
    write_lines(root / "sample_submission.csv", ["id,predicted", "7ae19de7bc2a,"])
    return truth


@layout("PanNuke", "https://warwick.ac.uk/fac/cross_fac/tia/data/pannuke (README of a fold)")
def pannuke(root: Path) -> Truth:
    truth = Truth(names=plain(0, 1, 2, 3, 4), instances=True)
    images, masks = np.zeros((3, *SIZE, 3)), np.zeros((3, *SIZE, 6))
    for page in range(3):
        drawn = shapes(page, 4)
        images[page] = photo(page)
        for number, (shape, channel) in enumerate(zip(drawn, [0, 0, 1, 4], strict=True), 1):
            masks[page][shape.mask, channel] = number
        masks[page][..., 5] = ~masks[page][..., :5].any(-1)
        held = {"0": [drawn[0].mask, drawn[1].mask], "1": [drawn[2].mask], "4": [drawn[3].mask]}
        held["5"] = [masks[page][..., 5] == 1]
        truth.images[f"Fold 1/images/fold1/images.npy#{page}"] = Labels(SIZE, held)
    truth.optional = frozenset({"5"})
    np.save(place(root / "Fold 1/images/fold1/images.npy"), images)
    np.save(root / "Fold 1/images/fold1/types.npy", np.array(["Breast", "Colon", "Breast"]))
    np.save(place(root / "Fold 1/masks/fold1/masks.npy"), masks)
    write(root / "Fold 1/masks/by-nc-sa.md", "CC BY-NC-SA 4.0\n")
    write(
        root / "Fold 1/masks/README.md",
        "# PanNuke\n\n- `masks.npy` an array of 6 channel instance-wise masks (0: Neoplastic cells, 1: Inflammatory, "
        "2: Connective/Soft tissue cells, 3: Dead Cells, 4: Epithelial, 6: Background)\n",
    )
    return truth


@layout("MoNuSeg 2018", "https://monuseg.grand-challenge.org/Data/", {"MoNuSeg 2018 Training Data.zip": (".",)})
def monuseg(root: Path) -> Truth:
    truth = Truth(names=plain("nucleus"), instances=True, tolerance=1)
    top = "MoNuSeg 2018 Training Data"
    for seed, name in enumerate(["TCGA-18-5592-01Z-00-DX1", "TCGA-A7-A13E-01Z-00-DX1"]):
        drawn = shapes(seed, 4)
        regions = ""
        for index, shape in enumerate(drawn, 1):
            points = "".join(f'<Vertex X="{x}.0" Y="{y}.0" Z="0"/>' for x, y in shape.corners)
            regions += f'<Region Id="{index}" Type="0" Zoom="0.5" Selected="0" ImageLocation="" ImageFocus="0" Length="40" Area="90" Text="" NegativeROA="0" InputRegionId="0" Analyze="1" DisplayId="{index}"><Attributes/><Vertices>{points}</Vertices></Region>'  # fmt: skip
        put(root / f"{top}/Tissue Images/{name}.tif", photo(seed))
        write(root / f"{top}/Annotations/{name}.xml", f'<?xml version="1.0"?>\n<Annotations MicronsPerPixel="0.252000"><Annotation Id="1" Name="" ReadOnly="0" NameReadOnly="0" LineColorReadOnly="0" Incremental="0" Type="4" LineColor="65280" Visible="1" Selected="1" MarkupImagePath="" MacroName=""><Attributes><Attribute Name="Description" Id="0" Value=""/></Attributes><Regions><RegionAttributeHeaders><AttributeHeader Id="9999" Name="Region" ColumnWidth="-1"/></RegionAttributeHeaders>{regions}</Regions><Plots/></Annotation></Annotations>')  # fmt: skip
        truth.images[f"{top}/Tissue Images/{name}.tif"] = Labels(SIZE, {"nucleus": [shape.mask for shape in drawn]})
    return truth


@layout("Lizard", "https://warwick.ac.uk/fac/cross_fac/tia/data/lizard; https://www.kaggle.com/datasets/aadimator/lizard-dataset")  # fmt: skip
def lizard(root: Path) -> Truth:
    from scipy.io import savemat

    truth = Truth(names=plain(1, 2, 3), instances=True)
    rows = ["Filename,Source,Split"]
    for seed, (folder, name) in enumerate([("1", "consep_1"), ("1", "dpath_12"), ("2", "glas_3")]):
        drawn = shapes(seed, 4)
        kinds = [2, 2, 3, 1]
        boxes = [[y, y + h, x, x + w] for x, y, w, h in (shape.xywh for shape in drawn)]
        held = {
            "inst_map": numbered(drawn, np.int32),
            "id": np.arange(1, 5)[:, None],
            "class": np.array(kinds)[:, None],
            "bbox": np.array(boxes),
            "centroid": np.array([[x + w / 2, y + h / 2] for x, y, w, h in (shape.xywh for shape in drawn)]),
        }
        put(root / f"lizard_images{folder}/Lizard_Images{folder}/{name}.png", photo(seed))
        savemat(place(root / f"lizard_labels/Lizard_Labels/Labels/{name}.mat"), held)
        rows.append(f"{name},{name.split('_')[0]},{seed + 1}")
        masks = {str(kind): [shape.mask for shape, other in zip(drawn, kinds, strict=True) if other == kind] for kind in (1, 2, 3)}  # fmt: skip
        truth.images[f"lizard_images{folder}/Lizard_Images{folder}/{name}.png"] = Labels(SIZE, masks)
    write_lines(root / "lizard_labels/Lizard_Labels/info.csv", rows)
    write(root / "lizard_labels/Lizard_Labels/read_label.py", "import scipy.io as sio\n")
    write(root / "lizard_labels/Lizard_Labels/README.txt", "Lizard: class 1 is Neutrophil, 2 Epithelial, …\n")
    return truth


@layout("NuInsSeg", "https://github.com/masih4/NuInsSeg; https://www.kaggle.com/datasets/ipateam/nuinsseg")
def nuinsseg(root: Path) -> Truth:
    truth = Truth(names=plain("nucleus"), instances=True, classless=True)
    for seed, (organ, name) in enumerate([("human bladder", "human_bladder_01"), ("human bladder", "human_bladder_02"), ("mouse liver", "mouse_liver_01")]):  # fmt: skip
        drawn = shapes(seed, 4)
        binary = (numbered(drawn) > 0).astype(np.uint8)
        put(root / f"{organ}/tissue images/{name}.png", photo(seed))
        put(root / f"{organ}/label masks/{name}.tif", numbered(drawn))
        put(root / f"{organ}/label masks modify/{name}.tif", numbered(drawn))
        put(root / f"{organ}/mask binary/{name}.png", binary * 255)
        put(root / f"{organ}/mask binary without border/{name}.png", binary * 255)
        put(root / f"{organ}/distance maps/{name}.png", binary * 40)
        put(root / f"{organ}/overlay/{name}.png", photo(seed) // 2 + 40)
        place(root / f"{organ}/Imagej_zips/{name}.zip").write_bytes(b"PK\5\6" + bytes(18))
        truth.images[f"{organ}/tissue images/{name}.png"] = Labels(SIZE, {"nucleus": [shape.mask for shape in drawn]})
    return truth


@layout("Cellpose", "https://www.cellpose.org/dataset; https://cellpose.readthedocs.io (training data)")
def cellpose(root: Path) -> Truth:
    truth = Truth(names=plain("cell"), instances=True, classless=True)
    for seed, (split, name) in enumerate([("train", "000"), ("train", "001"), ("train", "010"), ("test", "000")]):
        drawn = shapes(seed, 3 + seed % 3)
        put(root / f"{split}/{name}_img.png", photo(seed))
        put(root / f"{split}/{name}_masks.png", numbered(drawn))
        truth.images[f"{split}/{name}_img.png"] = Labels(SIZE, {"cell": [shape.mask for shape in drawn]}, (split,))
    return truth


@layout("LIVECell", "https://sartorius-research.github.io/LIVECell/")
def livecell(root: Path) -> Truth:
    from public_sets.drawing import write_json

    truth = Truth(instances=True, tolerance=1)
    for split, folder, names in [("train", "livecell_train_val_images", ["A172_Phase_C7_1_00d00h00m_1", "BT474_Phase_A3_1_00d00h00m_2"]), ("val", "livecell_train_val_images", ["A172_Phase_C7_1_00d04h00m_4"]), ("test", "livecell_test_images", ["A172_Phase_B7_1_00d00h00m_3"])]:  # fmt: skip
        files = {}
        for number, name in enumerate(names, len(split) * 100):
            drawn = [(shape, 1) for shape in shapes(number, 4)]
            files[f"{name}.tif"] = (number, drawn)
            put(root / f"images/{folder}/{name}.tif", photo(number)[..., 0])
            masks = {"cell": [shape.mask for shape, _ in drawn]}
            truth.images[f"images/{folder}/{name}.tif"] = Labels(SIZE, masks, (split,))
        whole = coco(files, [{"supercategory": "cell", "id": 1, "name": "cell"}])
        for row in whole["images"]:
            row["original_filename"] = row["file_name"].replace("_1.tif", ".png")
            row["url"] = f"https://darwin.v7labs.com/api/images/{row['id']}/original"
        write_json(root / f"annotations/LIVECell/livecell_coco_{split}.json", whole)
    return truth


@layout("BBBC039", "https://bbbc.broadinstitute.org/BBBC039")
def bbbc039(root: Path) -> Truth:
    truth = Truth(names=plain("nucleus"), instances=True, classless=True)
    lists: dict[str, list[str]] = {"training": [], "validation": [], "test": []}
    for seed, split in enumerate(["training", "training", "validation", "test"]):
        name = f"IXMtest_A{seed + 1:02d}_s{seed + 2}_w1051DAA7C-7042-435F-99F0-1E847D9B42CB"
        drawn = shapes(seed, 4)
        put(root / f"images/{name}.tif", photo(seed)[..., 0].astype(np.uint16) * 9)
        rgba = np.zeros((*SIZE, 4), np.uint8)  # the object is in the red channel
        rgba[..., 0], rgba[..., 3] = numbered(drawn, np.uint8), 255
        put(root / f"masks/{name}.png", rgba)
        words = {"training": TRAIN, "validation": VAL, "test": TEST}[split]
        truth.images[f"images/{name}.tif"] = Labels(SIZE, {"nucleus": [shape.mask for shape in drawn]}, words)
        lists[split].append(f"{name}.png")
    for split, inside in lists.items():
        write_lines(root / f"metadata/{split}.txt", inside)
    return truth


@layout("EPFL electron microscopy (mitochondria)", "https://www.epfl.ch/labs/cvlab/data/data-em/")
def epfl_em(root: Path) -> Truth:
    truth = Truth(names=plain(255), optional=frozenset({"0"}))
    for kind, split in (("training", TRAIN), ("testing", TEST)):
        inside = np.stack([label_map(shapes(page + len(kind), 3), [255] * 3) for page in range(3)])
        pages = np.stack([photo(page + len(kind))[..., 0] for page in range(3)])
        tifffile.imwrite(root / f"{kind}.tif", pages, photometric="minisblack")
        tifffile.imwrite(root / f"{kind}_groundtruth.tif", inside, photometric="minisblack")
        for page in range(3):
            masks = {"255": [inside[page] == 255], "0": [inside[page] == 0]}
            truth.images[f"{kind}.tif#{page}"] = Labels(SIZE, masks, split)
    return truth


@layout("Cell Tracking Challenge", "https://celltrackingchallenge.net/datasets/ (Naming and file content conventions)")
def cell_tracking(root: Path) -> Truth:
    truth = Truth(names=plain("cell"), instances=True, classless=True)
    top = "Fluo-N2DL-HeLa"
    for sequence in ("01", "02"):
        for frame in range(3):
            drawn = shapes(frame + int(sequence) * 4, 4)
            put(root / f"{top}/{sequence}/t{frame:03d}.tif", photo(frame)[..., 0].astype(np.uint16) * 7)
            markers = np.zeros(SIZE, np.uint16)
            for number, shape in enumerate(drawn, 1):
                x, y, _, _ = shape.xywh
                markers[y : y + 2, x : x + 2] = number
            put(root / f"{top}/{sequence}_GT/TRA/man_track{frame:03d}.tif", markers)
            here = f"{top}/{sequence}/t{frame:03d}.tif"
            if frame == 1:  # few frames have whole masks
                put(root / f"{top}/{sequence}_GT/SEG/man_seg{frame:03d}.tif", numbered(drawn))
                truth.images[here] = Labels(SIZE, {"cell": [shape.mask for shape in drawn]})
            else:
                truth.images[here] = Labels(SIZE, known=False)
        write_lines(root / f"{top}/{sequence}_GT/TRA/man_track.txt", [f"{number} 0 2 0" for number in range(1, 5)])
    return truth
