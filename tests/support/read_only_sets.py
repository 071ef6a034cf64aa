"""One small set of every format that is read only, as their tools lay them out."""

import json

import numpy as np
from PIL import Image
from pycocotools import mask as coco

SIZE = (6, 8)


def save(path, array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array)).save(path)


def text(mask) -> str:
    return coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


PICTURE = np.zeros((*SIZE, 3), np.uint8)
LABEL = np.zeros(SIZE, np.uint8)
LABEL[1:4, 2:6] = 1


def cell_tracking(root) -> None:
    save(root / "01" / "t000.tif", PICTURE[..., 0])
    save(root / "01_GT" / "SEG" / "man_seg000.tif", LABEL.astype(np.uint16))
    save(root / "01_GT" / "TRA" / "man_track000.tif", LABEL.astype(np.uint16))
    (root / "01_GT" / "TRA" / "man_track.txt").write_text("1 0 0 0\n")


def dicom_image(path, number: int, series: str):
    """Write a CT slice of 6 x 8 pixels -> its dataset."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = CTImageStorage
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = "1.2.3", series, "1.2.5"
    image.PatientID = image.StudyID = "x"
    image.PatientName = "x^y"
    image.PatientBirthDate = image.PatientSex = image.AccessionNumber = image.StudyDate = image.StudyTime = ""
    image.Modality, image.InstanceNumber = "CT", number
    image.ReferringPhysicianName = image.Manufacturer = image.PositionReferenceIndicator = ""
    image.SeriesNumber = 1
    image.Rows, image.Columns = (6, 8)
    image.PixelSpacing, image.SliceThickness = [0.5, 0.5], 1
    image.ImagePositionPatient, image.ImageOrientationPatient = [0, 0, number], [1, 0, 0, 0, 1, 0]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    image.PixelData = np.full((6, 8), number, np.uint16).tobytes()
    image.save_as(path, enforce_file_format=True)
    return image


CORNERS = ((2, 1), (6, 1), (6, 4), (2, 4))


def aperio(root) -> None:
    points = "".join(f'<Vertex X="{x}.0" Y="{y}.0" Z="0"/>' for x, y in CORNERS)
    (root / "Annotations").mkdir(parents=True)
    (root / "Annotations/a.xml").write_text(
        '<?xml version="1.0"?>\n<Annotations MicronsPerPixel="0.25"><Annotation Id="1" Name="Nucleus"><Attributes/>'
        f'<Regions><Region Id="1" Type="0" NegativeROA="0"><Vertices>{points}</Vertices></Region></Regions>'
        "</Annotation></Annotations>"
    )
    save(root / "Tissue Images/a.tif", PICTURE)


def darwin(root) -> None:
    path = [{"x": x, "y": y} for x, y in ((2.0, 1.2), (4.8, 1.0), (5.1, 3.0), (2.2, 2.9))]
    item = {"name": "a.jpg", "path": "/", "slots": [{"slot_name": "0", "type": "image", "width": 8, "height": 6}]}
    polygon = {"id": "u-1", "name": "cell", "polygon": {"paths": [path]}, "slot_names": ["0"]}
    root.mkdir(exist_ok=True)
    (root / "a.json").write_text(json.dumps({"version": "2.0", "item": item, "annotations": [polygon]}))
    save(root / "images/a.jpg", PICTURE)


def labelbox(root) -> None:
    box = {"name": "cell", "bounding_box": {"top": 1.0, "left": 2.0, "height": 3.0, "width": 4.0}}
    labels = [{"label_details": {"created_by": "a@b.c"}, "annotations": {"objects": [box], "classifications": []}}]
    row = {"data_row": {"id": "1", "external_id": "a.jpg"}, "media_attributes": {"height": 6, "width": 8},
           "projects": {"p": {"name": "set", "labels": labels}}}  # fmt: skip
    save(root / "images/a.jpg", PICTURE)
    (root / "x.ndjson").write_text(json.dumps(row) + "\n")


def odvg(root) -> None:
    box = {"bbox": [2.0, 1.0, 6.0, 4.0], "label": 0, "category": "cell"}
    row = {"filename": "a.jpg", "height": 6, "width": 8, "detection": {"instances": [box]}}
    save(root / "images/a.jpg", PICTURE)
    (root / "x.jsonl").write_text(json.dumps(row) + "\n")


def labelme_xml(root) -> None:
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in CORNERS)
    (root / "Annotations/street").mkdir(parents=True)
    (root / "Annotations/street/a.xml").write_text(
        "<annotation><filename>a.jpg</filename><imagesize><nrows>6</nrows><ncols>8</ncols></imagesize><object>"
        f"<name>car</name><deleted>0</deleted><id>0</id><polygon><username>x</username>{points}</polygon></object>"
        "</annotation>"
    )
    save(root / "Images/street/a.jpg", PICTURE)


def ade20k(root) -> None:
    code = np.zeros((*SIZE, 3), np.uint8)
    code[LABEL > 0] = (10, 44, 9)
    save(root / "training" / "ADE_train_1.jpg", PICTURE)
    save(root / "training" / "ADE_train_1_seg.png", code)
    save(root / "training" / "ADE_train_1_parts_1.png", code)
    (root / "training" / "ADE_train_1.json").write_text(
        '{"annotation": {"object": [{"name": "car", "name_ndx": 300}]}}'
    )


def dicom_seg(root) -> None:
    root.mkdir(exist_ok=True)
    import highdicom as hd
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    image = dicom_image(root / "1.dcm", 1, generate_uid())
    algorithm = hd.AlgorithmIdentificationSequence("x", codes.DCM.ArtificialIntelligence, "1")
    about = hd.seg.SegmentDescription(
        1, "liver", codes.SCT.Organ, codes.SCT.Liver, hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC, algorithm
    )
    hd.seg.Segmentation(
        [image], LABEL[None], hd.seg.SegmentationTypeValues.BINARY, [about], generate_uid(), 2, generate_uid(), 1,
        "x", "x", "1", "1",
    ).save_as(root / "seg.dcm")  # fmt: skip


def mapillary(root) -> None:
    kinds = [
        {"name": "nature--sky", "readable": "Sky", "instances": False, "evaluate": True, "color": [1, 2, 3]},
        {"name": "object--car", "readable": "Car", "instances": True, "evaluate": True, "color": [4, 5, 6]},
        {"name": "void--ego", "instances": False, "evaluate": False, "color": [0, 0, 0]},
    ]
    root.mkdir(exist_ok=True)
    (root / "config_v2.0.json").write_text(json.dumps({"labels": kinds}))
    values = LABEL.astype(np.uint16) * 256 + LABEL * 3
    values[5] = 512
    save(root / "training" / "images" / "a.jpg", PICTURE)
    save(root / "training" / "v2.0" / "instances" / "a.png", values)


def nuclei_mat(root) -> None:
    from scipy.io import savemat

    save(root / "Images" / "a.png", PICTURE)
    (root / "Labels").mkdir()
    held = {"inst_map": LABEL.astype(np.int32), "id": [[1]], "class": [[2]], "bbox": [[1, 4, 2, 6]]}
    savemat(root / "Labels" / "a.mat", held)


def pannuke(root) -> None:
    for name, values in (("images", PICTURE), ("masks", np.stack([LABEL, *[LABEL * 0] * 4, LABEL == 0], axis=-1))):
        (root / name / "fold1").mkdir(parents=True)
        np.save(root / name / "fold1" / f"{name}.npy", np.stack([values, values]).astype(np.float64))


def part_masks(root) -> None:
    save(root / "CelebA-HQ-img" / "7.jpg", PICTURE)
    for part, mask in (("skin", LABEL), ("hair", LABEL * 0), ("nose", LABEL)):
        save(root / "CelebAMask-HQ-mask-anno" / "0" / f"00007_{part}.png", mask * 255)


def pascal_parts(root) -> None:
    from scipy.io import savemat

    part = LABEL.copy()
    part[2:] = 0
    parts = np.array([("head", part)], dtype=[("part_name", object), ("mask", object)])
    row = [("dog", 12, LABEL, parts)]
    objects = np.array(row, dtype=[(name, object) for name in ("class", "class_ind", "mask", "parts")])
    (root / "Annotations_Part").mkdir(parents=True)
    savemat(root / "Annotations_Part/a.mat", {"anno": {"imname": "a", "objects": objects}})
    save(root / "JPEGImages/a.jpg", PICTURE)


def segment_anything(root) -> None:
    row = {"id": 1, "segmentation": {"size": list(SIZE), "counts": text(LABEL)}, "area": 12, "predicted_iou": 0.9}
    root.mkdir(exist_ok=True)
    content = {"image": {"file_name": "sa_1.png", "height": 6, "width": 8}, "annotations": [row]}
    (root / "sa_1.json").write_text(json.dumps(content))
    save(root / "sa_1.png", PICTURE)


def stacks(root) -> None:
    for name, layer in (("images", LABEL * 50), ("labels", LABEL)):
        (root / name).mkdir(parents=True)
        pages = [Image.fromarray(layer) for _ in range(2)]
        pages[0].save(root / name / "a.tif", save_all=True, append_images=pages[1:])


def unlabelled(root) -> None:
    """Photographs without anything beside them."""
    save(root / "train" / "a.png", PICTURE)
    save(root / "val" / "b.png", PICTURE)


BUILDERS = {
    build.__name__.replace("_", "-"): build
    for build in (
        ade20k,
        aperio,
        cell_tracking,
        darwin,
        dicom_seg,
        labelbox,
        labelme_xml,
        mapillary,
        nuclei_mat,
        odvg,
        pannuke,
        part_masks,
        pascal_parts,
        segment_anything,
        stacks,
        unlabelled,
    )
}
