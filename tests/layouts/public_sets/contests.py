"""Sets of contests at Kaggle that are about photographs."""

from pathlib import Path

import numpy as np

from public_sets.drawing import SIZE, label_map, pairs, photo, put, put_palette, shapes, write_lines
from public_sets.truth import TEST, TRAIN, Labels, Truth, layout, plain


@layout("Carvana", "https://www.kaggle.com/c/carvana-image-masking-challenge/data")
def carvana(root: Path) -> Truth:
    truth = Truth(names=plain("car"))
    rows = ["img,rle_mask"]
    for seed, name in enumerate(["00087a6bd4dc_01", "00087a6bd4dc_02", "02159e548029_16"]):
        mask = shapes(seed, 1)[0].mask
        put(root / f"train/{name}.jpg", photo(seed))
        put_palette(root / f"train_masks/{name}_mask.gif", mask.astype(np.uint8), [(0, 0, 0), (255, 255, 255)])
        rows.append(f"{name}.jpg,{pairs(mask, 'C')}")
        truth.images[f"train/{name}.jpg"] = Labels(SIZE, {"car": [mask]}, TRAIN)
    put(root / "test/0004d4463b50_01.jpg", photo(8))
    truth.images["test/0004d4463b50_01.jpg"] = Labels(SIZE, split=TEST, known=False)
    write_lines(root / "train_masks.csv", rows)
    write_lines(root / "metadata.csv", ["id,year,make,model,trim1,trim2", "0004d4463b50,2014,Acura,TL,TL,w/SE"])
    write_lines(root / "sample_submission.csv", ["img,rle_mask", "0004d4463b50_01.jpg,1 1"])
    return truth


@layout("Severstal steel", "https://www.kaggle.com/c/severstal-steel-defect-detection/data")
def severstal(root: Path) -> Truth:
    truth = Truth()
    rows = ["ImageId,ClassId,EncodedPixels"]
    for seed, name in enumerate(["0002cc93b.jpg", "0007a71bf.jpg", "000a4bcdd.jpg", "00031f466.jpg"]):
        put(root / f"train_images/{name}", np.repeat(photo(seed)[..., :1], 3, -1))
        masks = {}
        if seed < 3:  # images without a row are without defects
            for shape, kind in zip(shapes(seed, 2), [1, 3] if seed else [1, 4], strict=True):
                rows.append(f"{name},{kind},{pairs(shape.mask)}")
                masks[str(kind)] = [shape.mask]
        truth.images[f"train_images/{name}"] = Labels(SIZE, masks, TRAIN)
    put(root / "test_images/0000f269f.jpg", photo(8))
    truth.images["test_images/0000f269f.jpg"] = Labels(SIZE, split=TEST, known=False)
    write_lines(root / "train.csv", rows)
    write_lines(root / "sample_submission.csv", ["ImageId,EncodedPixels,ClassId", "0000f269f.jpg,1 409600,0"])
    return truth


@layout("Airbus ships", "https://www.kaggle.com/c/airbus-ship-detection/data")
def airbus(root: Path) -> Truth:
    truth = Truth(names=plain("ship"), instances=True)
    rows = ["ImageId,EncodedPixels"]
    for seed, name in enumerate(["00003e153.jpg", "000155de5.jpg", "0001124c7.jpg"]):
        drawn = shapes(seed, 3) if seed != 2 else []
        put(root / f"train_v2/{name}", photo(seed))
        rows += [f"{name},{pairs(shape.mask)}" for shape in drawn] or [f"{name},"]
        truth.images[f"train_v2/{name}"] = Labels(SIZE, {"ship": [shape.mask for shape in drawn]}, TRAIN)
    put(root / "test_v2/00002bd58.jpg", photo(8))
    truth.images["test_v2/00002bd58.jpg"] = Labels(SIZE, split=TEST, known=False)
    write_lines(root / "train_ship_segmentations_v2.csv", rows)
    write_lines(root / "sample_submission_v2.csv", ["ImageId,EncodedPixels", "00002bd58.jpg,1 2"])
    return truth


@layout("Understanding clouds", "https://www.kaggle.com/c/understanding_cloud_organization/data")
def clouds(root: Path) -> Truth:
    truth = Truth()
    rows = ["Image_Label,EncodedPixels"]
    for seed, name in enumerate(["0011165.jpg", "002be4f.jpg", "0031ae9.jpg"]):
        drawn = dict(zip(["Fish", "Flower"] if seed else ["Sugar", "Gravel"], shapes(seed, 2), strict=True))
        put(root / f"train_images/{name}", photo(seed))
        runs = {kind: pairs(shape.mask) for kind, shape in drawn.items()}
        rows += [f"{name}_{kind},{runs.get(kind, '')}" for kind in ("Fish", "Flower", "Gravel", "Sugar")]
        masks = {kind: [shape.mask] for kind, shape in drawn.items()}
        truth.images[f"train_images/{name}"] = Labels(SIZE, masks, TRAIN)
    put(root / "test_images/002f507.jpg", photo(8))
    truth.images["test_images/002f507.jpg"] = Labels(SIZE, split=TEST, known=False)
    write_lines(root / "train.csv", rows)
    write_lines(root / "sample_submission.csv", ["Image_Label,EncodedPixels", "002f507.jpg_Fish,1 1"])
    return truth


@layout("TGS salt", "https://www.kaggle.com/c/tgs-salt-identification-challenge/data")
def tgs_salt(root: Path) -> Truth:
    truth = Truth(names=plain("salt"))
    rows, depths = ["id,rle_mask"], ["id,z"]
    for seed, name in enumerate(["000e218f21", "003c477d7c", "00441f1cf2", "fff987a4f5"]):
        mask = shapes(seed, 2)[1].mask if seed != 2 else np.zeros(SIZE, bool)
        put(root / f"train/images/{name}.png", np.repeat(photo(seed)[..., :1], 3, -1))
        put(root / f"train/masks/{name}.png", label_map(shapes(seed, 1), [0], dtype=np.uint16) + mask.astype(np.uint16) * 65535)  # fmt: skip
        rows.append(f"{name},{pairs(mask)}")
        depths.append(f"{name},{300 + seed}")
        truth.images[f"train/images/{name}.png"] = Labels(SIZE, {"salt": [mask]} if mask.any() else {}, TRAIN)
    put(root / "test/images/0005bb9630.png", photo(8))
    truth.images["test/images/0005bb9630.png"] = Labels(SIZE, split=TEST, known=False)
    write_lines(root / "train.csv", rows)
    write_lines(root / "depths.csv", [*depths, "0005bb9630,599"])
    write_lines(root / "sample_submission.csv", ["id,rle_mask", "0005bb9630,1 1"])
    return truth
