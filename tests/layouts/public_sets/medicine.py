"""Medical sets: eyes, skin, guts, volumes."""

from pathlib import Path

import numpy as np

from public_sets.drawing import (
    SIZE,
    coloured,
    hidden_twin,
    label_map,
    pairs,
    photo,
    place,
    put,
    put_jpeg_mask,
    scene,
    shapes,
    write,
    write_json,
    write_lines,
)
from public_sets.truth import TEST, TRAIN, VAL, Labels, Truth, Volume, by_value, layout, plain


def second_hand(mask: np.ndarray) -> np.ndarray:
    """What another annotator draws: a little less."""
    return mask & np.roll(mask, 1, 0)


def vessels(seed: int) -> np.ndarray:
    return np.any([shape.mask for shape in shapes(seed, 4)], 0)


def field_of_view() -> np.ndarray:
    rows, columns = np.ogrid[: SIZE[0], : SIZE[1]]
    return ((rows - 15.5) / 16) ** 2 + ((columns - 23.5) / 24) ** 2 <= 1


@layout("DRIVE", "https://drive.grand-challenge.org/ (README of the download)")
def drive(root: Path) -> Truth:
    truth = Truth(names={"vessel": None, "mask": ("mask", "fov", "field of view")}, optional=frozenset({"mask"}))
    for number in (21, 22, 1, 2):
        split, kind = ("training", "training") if number > 20 else ("test", "test")
        mask = vessels(number)
        put(root / f"DRIVE/{split}/images/{number:02d}_{kind}.tif", photo(number))
        put(root / f"DRIVE/{split}/1st_manual/{number:02d}_manual1.gif", mask)
        put(root / f"DRIVE/{split}/mask/{number:02d}_{kind}_mask.gif", field_of_view())
        labels = Labels(SIZE, {"vessel": [mask], "mask": [field_of_view()]}, TRAIN if number > 20 else TEST)
        if number < 20:
            put(root / f"DRIVE/{split}/2nd_manual/{number:02d}_manual2.gif", second_hand(mask))
            labels.second = {"vessel": [second_hand(mask)]}
        truth.images[f"DRIVE/{split}/images/{number:02d}_{kind}.tif"] = labels
    return truth


@layout(
    "CHASE_DB1",
    "https://researchdata.kingston.ac.uk/96/; mmsegmentation, tools/dataset_converters/chase_db1.py",
    {"CHASEDB1.zip": (".",)},
)
def chase_db1(root: Path) -> Truth:
    truth = Truth(names=plain("vessel"))
    for seed, name in enumerate(["Image_01L", "Image_01R", "Image_14R"]):
        mask = vessels(seed)
        put(root / f"{name}.jpg", photo(seed))
        for annotator, drawn in (("1stHO", mask), ("2ndHO", second_hand(mask))):
            from PIL import Image

            Image.fromarray(drawn).convert("1").save(root / f"{name}_{annotator}.png")
        truth.images[f"{name}.jpg"] = Labels(SIZE, {"vessel": [mask]}, second={"vessel": [second_hand(mask)]})
    return truth


@layout(
    "STARE",
    "https://cecas.clemson.edu/~ahoover/stare/probing/index.html",
    {"stare-images.tar": ("stare-images",), "labels-ah.tar": ("labels-ah",), "labels-vk.tar": ("labels-vk",)},
)
def stare(root: Path) -> Truth:
    import gzip
    import io

    from PIL import Image

    truth = Truth(names=plain("vessel"))

    def zipped(path: Path, pixels: np.ndarray) -> None:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, format="PPM")
        place(path).write_bytes(gzip.compress(stream.getvalue()))

    for number in (1, 2, 319):
        mask = vessels(number)
        zipped(root / f"stare-images/im{number:04d}.ppm.gz", photo(number))
        for annotator, drawn in (("ah", mask), ("vk", second_hand(mask))):
            zipped(root / f"labels-{annotator}/im{number:04d}.{annotator}.ppm.gz", drawn.astype(np.uint8) * 255)
        here = f"stare-images/im{number:04d}.ppm.gz"
        truth.images[here] = Labels(SIZE, {"vessel": [mask]}, second={"vessel": [second_hand(mask)]})
    return truth


@layout("HRF", "https://www5.cs.fau.de/research/data/fundus-images/")
def hrf(root: Path) -> Truth:
    truth = Truth(names={"vessel": None, "mask": ("mask", "fov", "field of view")}, optional=frozenset({"mask"}))
    for seed, (name, suffix) in enumerate([("01_dr", "JPG"), ("01_g", "jpg"), ("01_h", "jpg")]):
        mask = vessels(seed)
        put(root / f"images/{name}.{suffix}", photo(seed))
        put(root / f"manual1/{name}.tif", mask)
        put(root / f"mask/{name}_mask.tif", np.repeat(field_of_view()[..., None].astype(np.uint8) * 255, 3, -1))
        truth.images[f"images/{name}.{suffix}"] = Labels(SIZE, {"vessel": [mask], "mask": [field_of_view()]})
    return truth


@layout("Kvasir-SEG", "https://datasets.simula.no/kvasir-seg/", {"kvasir-seg.zip": (".",)})
def kvasir_seg(root: Path) -> Truth:
    truth = Truth(names=plain("polyp"))
    boxes = {}
    for seed, name in enumerate(
        ["cju0qkwl35piu0993l0dewei2", "cju0qoxqj9q6s0835b43399p4", "cju0qx73cjw570799j4n5cjze"]
    ):
        shape = shapes(seed, 1)[0]
        put(root / f"Kvasir-SEG/images/{name}.jpg", photo(seed))
        put_jpeg_mask(root / f"Kvasir-SEG/masks/{name}.jpg", shape.mask)
        x, y, w, h = shape.xywh
        box = {"label": "polyp", "xmin": x, "ymin": y, "xmax": x + w, "ymax": y + h}
        boxes[name] = {"height": SIZE[0], "width": SIZE[1], "bbox": [box]}
        truth.images[f"Kvasir-SEG/images/{name}.jpg"] = Labels(SIZE, {"polyp": [shape.mask]})
    write_json(root / "Kvasir-SEG/kavsir_bboxes.json", boxes)
    return truth


@layout("CVC-ClinicDB", "https://polyp.grand-challenge.org/CVCClinicDB/")
def cvc_clinicdb(root: Path) -> Truth:
    truth = Truth(names=plain("polyp"))
    for number in (1, 2, 10):
        mask = shapes(number, 2)[0].mask
        put(root / f"CVC-ClinicDB/Original/{number}.tif", photo(number))
        put(root / f"CVC-ClinicDB/Ground Truth/{number}.tif", mask)
        truth.images[f"CVC-ClinicDB/Original/{number}.tif"] = Labels(SIZE, {"polyp": [mask]})
    return truth


@layout(
    "ISIC 2018 task 1",
    "https://challenge.isic-archive.com/data/#2018",
    {
        f"{name}.zip": (name,)
        for name in (
            "ISIC2018_Task1-2_Training_Input",
            "ISIC2018_Task1_Training_GroundTruth",
            "ISIC2018_Task1-2_Validation_Input",
            "ISIC2018_Task1_Validation_GroundTruth",
        )
    },
)
def isic2018(root: Path) -> Truth:
    truth = Truth(names=plain("lesion"))
    for seed, (split, name) in enumerate([("Training", "ISIC_0000000"), ("Training", "ISIC_0000001"), ("Validation", "ISIC_0012255")]):  # fmt: skip
        mask = shapes(seed, 1)[0].mask
        put(root / f"ISIC2018_Task1-2_{split}_Input/{name}.jpg", photo(seed))
        put(root / f"ISIC2018_Task1_{split}_GroundTruth/{name}_segmentation.png", mask)
        here = f"ISIC2018_Task1-2_{split}_Input/{name}.jpg"
        truth.images[here] = Labels(SIZE, {"lesion": [mask]}, TRAIN if seed < 2 else VAL)
        for folder in (f"ISIC2018_Task1-2_{split}_Input", f"ISIC2018_Task1_{split}_GroundTruth"):
            write(root / folder / "LICENSE.txt", "CC-0\n")
            write(root / folder / "ATTRIBUTION.txt", "Codella et al.\n")
    return truth


def voxels(seed: int, values: list[int], depth: int = 4) -> np.ndarray:
    """(20, 24, depth) uint8, other shapes in each slice; nothing in the first."""
    out = np.zeros((20, 24, depth), np.uint8)
    for level in range(1, depth):
        out[..., level] = label_map(shapes(seed + level, len(values), (20, 24)), values)
    return out


def put_nifti(path: Path, array: np.ndarray) -> None:
    import nibabel

    affine = np.diag([1.2, 1.2, 5.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(array, affine), place(path))


def gray_volume(seed: int, depth: int = 4) -> np.ndarray:
    return np.stack([photo(seed + level, (20, 24))[..., 0] for level in range(depth)], -1).astype(np.int16) * 4


def volume(array: np.ndarray, keys: dict[int, str], split: tuple[str, ...] = ()) -> Volume:
    return Volume(array.shape, {key: array == value for value, key in keys.items()}, split)


@layout("BraTS 2020", "https://www.med.upenn.edu/cbica/brats2020/data.html; Kaggle awsaf49/brats20-dataset-training-validation")  # fmt: skip
def brats(root: Path) -> Truth:
    top = "BraTS2020_TrainingData/MICCAI_BraTS2020_TrainingData"
    truth = Truth(names=plain(1, 2, 4), optional=frozenset({"0"}))
    for number in (1, 2):
        name = f"BraTS20_Training_{number:03d}"
        labels = voxels(number, [1, 2, 4])
        for index, kind in enumerate(["flair", "t1", "t1ce", "t2"]):
            put_nifti(root / top / name / f"{name}_{kind}.nii.gz", gray_volume(number + index * 10))
            if index:
                truth.same[f"{top}/{name}/{name}_{kind}.nii.gz"] = f"{top}/{name}/{name}_flair.nii.gz"
        put_nifti(root / top / name / f"{name}_seg.nii.gz", labels)
        truth.volumes[f"{top}/{name}/{name}_flair.nii.gz"] = volume(labels, {0: "0", 1: "1", 2: "2", 4: "4"})
    write_lines(root / top / "name_mapping.csv", ["Grade,BraTS_2017_subject_ID,BraTS_2018_subject_ID,BraTS_2020_subject_ID", "HGG,x,x,BraTS20_Training_001"])  # fmt: skip
    write_lines(root / top / "survival_info.csv", ["Brats20ID,Age,Survival_days,Extent_of_Resection", "BraTS20_Training_001,60.463,289,GTR"])  # fmt: skip
    return truth


@layout("Medical Segmentation Decathlon (Task02_Heart)", "http://medicaldecathlon.com/; arXiv:1902.09063", {"Task02_Heart.tar": (".",)})  # fmt: skip
def decathlon(root: Path) -> Truth:
    top = "Task02_Heart"
    truth = Truth(optional=frozenset({"background"}))
    rows = []
    for number in (3, 4):
        labels = voxels(number, [1])
        put_nifti(root / f"{top}/imagesTr/la_{number:03d}.nii.gz", gray_volume(number))
        put_nifti(root / f"{top}/labelsTr/la_{number:03d}.nii.gz", labels)
        for folder in ("imagesTr", "labelsTr"):
            hidden_twin(root / f"{top}/{folder}/la_{number:03d}.nii.gz")
        here = f"{top}/imagesTr/la_{number:03d}.nii.gz"
        truth.volumes[here] = volume(labels, {0: "background", 1: "left atrium"}, TRAIN)
        rows.append({"image": f"./imagesTr/la_{number:03d}.nii.gz", "label": f"./labelsTr/la_{number:03d}.nii.gz"})
    put_nifti(root / f"{top}/imagesTs/la_001.nii.gz", gray_volume(1))
    hidden_twin(root / f"{top}/imagesTs/la_001.nii.gz")
    truth.volumes[f"{top}/imagesTs/la_001.nii.gz"] = Volume((20, 24, 4), {}, TEST, known=False)
    hidden_twin(root / top / "dataset.json")
    write_json(root / top / "dataset.json", {"name": "LeftAtrium", "description": "Left atrium segmentation", "reference": "King's College London", "licence": "CC-BY-SA 4.0", "release": "1.0 04/05/2018", "tensorImageSize": "3D", "modality": {"0": "MRI"}, "labels": {"0": "background", "1": "left atrium"}, "numTraining": 2, "numTest": 1, "training": rows, "test": ["./imagesTs/la_001.nii.gz"]})  # fmt: skip
    return truth


@layout("nnU-Net raw, volumes", "https://github.com/MIC-DKFZ/nnUNet/blob/master/documentation/dataset_format.md")
def nnunet_volumes(root: Path) -> Truth:
    top = "nnUNet_raw/Dataset027_ACDC"
    names = {1: "RV", 2: "MLV", 3: "LVC"}
    truth = Truth(optional=frozenset({"background"}))
    for case in ("patient001_frame01", "patient002_frame12"):
        labels = voxels(len(case), [1, 2, 3])
        for channel in (0, 1):
            put_nifti(root / f"{top}/imagesTr/{case}_{channel:04d}.nii.gz", gray_volume(channel))
        truth.same[f"{top}/imagesTr/{case}_0001.nii.gz"] = f"{top}/imagesTr/{case}_0000.nii.gz"
        put_nifti(root / f"{top}/labelsTr/{case}.nii.gz", labels)
        truth.volumes[f"{top}/imagesTr/{case}_0000.nii.gz"] = volume(labels, {0: "background", **names}, TRAIN)
    write_json(root / top / "dataset.json", {"channel_names": {"0": "cineMRI", "1": "T1"}, "labels": {"background": 0, **{name: value for value, name in names.items()}}, "numTraining": 2, "file_ending": ".nii.gz"})  # fmt: skip
    return truth


@layout("nnU-Net raw, flat PNG", "https://github.com/MIC-DKFZ/nnUNet/blob/master/documentation/dataset_format.md (2D, natural images)")  # fmt: skip
def nnunet_flat(root: Path) -> Truth:
    top = "nnUNet_raw/Dataset120_RoadSegmentation"
    truth = Truth(optional=frozenset({"background"}))
    for seed, case in enumerate(["img-11", "img-2", "img-7"]):
        values = scene(seed, [1, 1, 1])
        put(root / f"{top}/imagesTr/{case}_0000.png", photo(seed))
        put(root / f"{top}/labelsTr/{case}.png", values)
        masks = by_value(values, {0: "background", 1: "road"})
        truth.images[f"{top}/imagesTr/{case}_0000.png"] = Labels(SIZE, masks, TRAIN)
    put(root / f"{top}/imagesTs/img-1_0000.png", photo(8))
    truth.images[f"{top}/imagesTs/img-1_0000.png"] = Labels(SIZE, split=TEST, known=False)
    write_json(root / top / "dataset.json", {"channel_names": {"0": "R", "1": "G", "2": "B"}, "labels": {"background": 0, "road": 1}, "numTraining": 3, "file_ending": ".png"})  # fmt: skip
    return truth


@layout("CHAOS (MR, T2-SPIR)", "https://chaos.grand-challenge.org/Data/ (liver 63, right kidney 126, left kidney 189, spleen 252)")  # fmt: skip
def chaos(root: Path) -> Truth:
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    truth = Truth(names=plain(63, 126, 189, 252), optional=frozenset({"0"}))
    for patient in (1, 2):
        series = f"1.2.826.0.1.3680043.2.1125.{patient}"
        for number in (1, 2, 3):
            base = f"Train_Sets/MR/{patient}/T2SPIR"
            name = f"IMG-{patient + 3:04d}-{number:05d}"
            meta = FileMetaDataset()
            meta.MediaStorageSOPClassUID = pydicom.uid.MRImageStorage
            meta.MediaStorageSOPInstanceUID = f"{series}.{number}"
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            path = place(root / base / f"DICOM_anon/{name}.dcm")
            data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
            data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
            data.SeriesInstanceUID = data.StudyInstanceUID = series
            data.Modality, data.PatientID, data.InstanceNumber = "MR", str(patient), number
            data.Rows, data.Columns = SIZE
            data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
            data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
            data.ImagePositionPatient, data.ImageOrientationPatient = [0, 0, number * 7], [1, 0, 0, 0, 1, 0]
            data.PixelData = (photo(patient + number)[..., 0].astype(np.uint16) * 4).tobytes()
            data.save_as(path, enforce_file_format=True)
            values = scene(patient * 5 + number, [63, 126, 189, 252])
            put(root / base / f"Ground/{name}.png", values)
            masks = by_value(values, {0: "0", 63: "63", 126: "126", 189: "189", 252: "252"})
            truth.images[f"{base}/DICOM_anon/{name}.dcm"] = Labels(SIZE, masks, TRAIN)
    return truth


@layout("SIIM-ACR pneumothorax", "https://www.kaggle.com/c/siim-acr-pneumothorax-segmentation/data (runs relative to the last end)")  # fmt: skip
def siim(root: Path) -> Truth:
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    truth = Truth(names=plain("pneumothorax"))
    rows = ["ImageId, EncodedPixels"]
    for seed in range(4):
        uid = f"1.2.276.0.7230010.3.1.4.8323329.{300 + seed}.1517875161.99"
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
        meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = uid, ExplicitVRLittleEndian
        kind = "train" if seed < 3 else "test"
        here = f"dicom-images-{kind}/{uid[:-2]}1/{uid[:-2]}2/{uid}.dcm"
        data = FileDataset(str(place(root / here)), {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID, data.Modality = meta.MediaStorageSOPClassUID, uid, "CR"
        data.Rows, data.Columns = SIZE
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 8
        data.HighBit, data.PixelRepresentation = 7, 0
        data.PixelData = photo(seed)[..., 0].tobytes()
        data.save_as(root / here, enforce_file_format=True)
        if seed == 3:
            truth.images[here] = Labels(SIZE, split=TEST, known=False)
        elif seed == 2:
            rows.append(f"{uid}, -1")
            truth.images[here] = Labels(SIZE, split=TRAIN)
        else:
            mask = shapes(seed, 1)[0].mask
            numbers = [int(part) for part in pairs(mask).split()]
            out, last = [], 0
            for start, length in zip(numbers[::2], numbers[1::2], strict=True):
                out += [start - 1 - last, length]
                last = start - 1 + length
            rows.append(f"{uid}, {' '.join(map(str, out))}")
            truth.images[here] = Labels(SIZE, {"pneumothorax": [mask]}, TRAIN)
    write_lines(root / "train-rle.csv", rows)
    write_lines(root / "sample_submission.csv", ["ImageId,EncodedPixels"])
    return truth


@layout("UW-Madison GI tract", "https://www.kaggle.com/competitions/uw-madison-gi-tract-image-segmentation/data")
def uw_madison(root: Path) -> Truth:
    truth = Truth()
    rows = ["id,class,segmentation"]
    for seed, (case, day, number) in enumerate([(123, 20, 1), (123, 20, 2), (77, 18, 1)]):
        names = ["large_bowel", "small_bowel", "stomach"]
        drawn = shapes(seed, 3) if number == 1 else []
        base = f"train/case{case}/case{case}_day{day}/scans/slice_{number:04d}_{SIZE[1]}_{SIZE[0]}_1.50_1.50.png"
        put(root / base, photo(seed)[..., 0].astype(np.uint16) * 120)
        masks = {}
        for index, name in enumerate(names):
            run = pairs(drawn[index].mask, "C") if drawn else ""
            rows.append(f"case{case}_day{day}_slice_{number:04d},{name},{run}")
            if drawn:
                masks[name] = [drawn[index].mask]
        truth.images[base] = Labels(SIZE, masks, TRAIN)
    write_lines(root / "train.csv", rows)
    write_lines(root / "sample_submission.csv", ["id,class,predicted"])
    return truth


@layout("HuBMAP + HPA 2022", "https://www.kaggle.com/competitions/hubmap-organ-segmentation/data")
def hubmap(root: Path) -> Truth:
    truth = Truth(names=plain("kidney"), tolerance=1)
    rows = ["id,organ,data_source,img_height,img_width,pixel_size,tissue_thickness,rle,age,sex"]
    for seed, number in enumerate((10044, 10274, 10392)):
        drawn = shapes(seed, 3)
        mask = np.any([shape.mask for shape in drawn], 0)
        put(root / f"train_images/{number}.tiff", photo(seed))
        write_json(root / f"train_annotations/{number}.json", [[list(corner) for corner in shape.corners] for shape in drawn])  # fmt: skip
        rows.append(f"{number},kidney,HPA,{SIZE[0]},{SIZE[1]},0.4,4,{pairs(mask)},37.0,Male")
        truth.images[f"train_images/{number}.tiff"] = Labels(SIZE, {"kidney": [mask]}, TRAIN)
    write_lines(root / "train.csv", rows)
    put(root / "test_images/10078.tiff", photo(8))
    truth.images["test_images/10078.tiff"] = Labels(SIZE, split=TEST, known=False)
    write_lines(root / "test.csv", ["id,organ,data_source,img_height,img_width,pixel_size,tissue_thickness", "10078,spleen,Hubmap,32,48,0.4945,4"])  # fmt: skip
    write_lines(root / "sample_submission.csv", ["id,rle", "10078,1 1"])
    return truth


@layout("BUSI (breast ultrasound)", "https://scholar.cu.edu.eg/?q=afahmy/pages/dataset; Al-Dhabyani et al., Data in Brief 2020")  # fmt: skip
def busi(root: Path) -> Truth:
    truth = Truth()
    top = "Dataset_BUSI_with_GT"
    for seed, (kind, number) in enumerate([("benign", 1), ("benign", 4), ("malignant", 1), ("normal", 1)]):
        put(root / f"{top}/{kind}/{kind} ({number}).png", photo(seed))
        drawn = shapes(seed, 2)
        here = f"{top}/{kind}/{kind} ({number}).png"
        if kind == "normal":
            put(root / f"{top}/{kind}/{kind} ({number})_mask.png", np.zeros(SIZE, bool))
            truth.images[here] = Labels(SIZE)
            continue
        put(root / f"{top}/{kind}/{kind} ({number})_mask.png", drawn[0].mask)
        masks = [drawn[0].mask]
        if number == 4:  # a second lesion
            put(root / f"{top}/{kind}/{kind} ({number})_mask_1.png", drawn[1].mask)
            masks.append(drawn[1].mask)
        truth.images[here] = Labels(SIZE, {kind: masks})
    return truth


@layout("Montgomery County chest X-rays", "https://lhncbc.nlm.nih.gov/LHC-downloads/downloads.html#tuberculosis-image-data-sets")  # fmt: skip
def montgomery(root: Path) -> Truth:
    truth = Truth(
        names={"leftMask": ("leftmask", "left mask", "left"), "rightMask": ("rightmask", "right mask", "right")}
    )
    for seed, name in enumerate(["MCUCXR_0001_0", "MCUCXR_0002_0", "MCUCXR_0104_1"]):
        left, right = shapes(seed, 2)
        put(root / f"MontgomerySet/CXR_png/{name}.png", photo(seed)[..., 0])
        put(root / f"MontgomerySet/ManualMask/leftMask/{name}.png", left.mask)
        put(root / f"MontgomerySet/ManualMask/rightMask/{name}.png", right.mask)
        write(root / f"MontgomerySet/ClinicalReadings/{name}.txt", "Patient's Sex: F\nPatient's Age: 027Y\nnormal\n")
        truth.images[f"MontgomerySet/CXR_png/{name}.png"] = Labels(SIZE, {"leftMask": [left.mask], "rightMask": [right.mask]})  # fmt: skip
    write(root / "MontgomerySet/NLM-MontgomeryCXRSet-ReadMe.pdf", "%PDF-1.4\n")
    return truth


@layout("IDRiD, segmentation", "https://idrid.grand-challenge.org/Data/ (A. Segmentation)")
def idrid(root: Path) -> Truth:
    parts = {"MA": "1. Microaneurysms", "HE": "2. Haemorrhages", "OD": "5. Optic Disc"}
    truth = Truth(names={folder: (folder, folder[3:], short) for short, folder in parts.items()})
    for number, (folder, split) in {1: ("a. Training Set", TRAIN), 2: ("a. Training Set", TRAIN), 55: ("b. Testing Set", TEST)}.items():  # fmt: skip
        base = f"A. Segmentation/1. Original Images/{folder}/IDRiD_{number:02d}.jpg"
        put(root / base, photo(number))
        masks = {}
        for (short, part), shape in zip(parts.items(), shapes(number, 3), strict=True):
            if number == 2 and short == "HE":  # not every image has every lesion
                continue
            stored = coloured(shape.mask.astype(np.uint8), {1: (255, 0, 0)})
            put(root / f"A. Segmentation/2. All Segmentation Groundtruths/{folder}/{part}/IDRiD_{number:02d}_{short}.tif", stored)  # fmt: skip
            masks[part] = [shape.mask]
        truth.images[base] = Labels(SIZE, masks, split)
    write(root / "A. Segmentation/CC-BY-4.0.txt", "Attribution 4.0 International\n")
    write(root / "A. Segmentation/LICENSE.txt", "CC-BY 4.0\n")
    return truth
