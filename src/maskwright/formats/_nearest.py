"""What to do with a place that no format knows: the nearest thing that would work, as a command where there is one."""

import json
import shlex
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from maskwright.core.archive import is_archive
from maskwright.core.names import shown
from maskwright.core.plurals import many
from maskwright.errors import FormatError, UsageError
from maskwright.formats import _listing
from maskwright.formats._drawn import all_drawn
from maskwright.formats._json import Document
from maskwright.formats._label_signs import signs_of_labels
from maskwright.formats._xml import head_of
from maskwright.media import is_image_file
from maskwright.media.pages import video

#: What people call formats, and which one it is.
ALIASES = {
    "coco": ("coco-instances", "coco-instance", "coco-json", "coco-seg", "coco-segmentation", "coco-detection",
             "mscoco", "lvis", "cocojson", "coco128", "coco-stuff", "detectron2"),
    "coco-panoptic": ("panoptic", "coco-pan", "cocopanoptic"),
    "yolo": ("yolov3", "yolov4", "yolov5", "yolov7", "yolov8", "yolov9", "yolov10", "yolov11", "yolo11", "yolo26",
             "yolo-seg", "yolov8-seg", "ultralytics", "darknet", "yolo-txt"),
    "voc": ("pascal", "pascal-voc", "pascalvoc", "voc2007", "voc2012", "labelimg", "voc-xml", "xml"),
    "label-map": ("mask", "masks", "png", "png-masks", "semantic", "semantic-segmentation", "segmentation-mask",
                  "camvid", "index-map", "indexed", "mmseg", "mmsegmentation", "roboflow-masks"),
    "instance-map": ("cellpose", "ilastik", "stardist"),
    "bitmaps": ("dsb", "dsb2018", "data-science-bowl"),
    "rle-csv": ("kaggle", "rle", "csv", "run-lengths"),
    "label-studio": ("labelstudio", "ls", "heartex"),
    "labelme": ("anylabeling", "x-anylabeling", "xanylabeling", "label-me"),
    "aperio": ("imagescope", "monuseg", "monusac"),
    "labelme-xml": ("labelme-mit", "mit-labelme"),
    "via": ("vgg", "vgg-via", "via-json", "vgg-image-annotator"),
    "segment-anything": ("sam", "sa1b", "sa-1b", "sa-v", "sav"),
    "geojson": ("qupath", "spacenet"),
    "nifti": ("nii", "nii.gz", "nnunet", "decathlon", "msd"),
    "dicom-seg": ("dicom", "dicomseg", "dcm"),
    "darwin": ("v7", "v7-darwin", "darwin-json", "v7labs", "darwin-v2"),
    "labelbox": ("labelbox-ndjson", "labelbox-export", "lb"),
    "odvg": ("grounding-dino", "groundingdino", "mmdet-odvg"),
    "ade20k": ("ade", "sceneparsing"),
    "davis": ("davis2016", "davis2017"),
    "youtube-vos": ("ytvos", "youtubevos", "youtube"),
    "mots": ("kitti-mots", "mot"),
    "unlabelled": ("images", "photos", "unlabeled", "none", "image-folder", "imagefolder"),
}  # fmt: skip

#: Keys of the first record that tell a tool's file, what it is, and what of that tool would be read.
_TOOLS: tuple[tuple[frozenset[str], str, str], ...] = tuple(
    (frozenset(keys.split()), what, export)
    for keys, what, export in (
        ("DataRow_ID Label", "an old export of Labelbox", "export it again as NDJSON (export v2)"),
        ("metadata instances", "SuperAnnotate JSON", "convert it with SuperAnnotate's own tools to COCO"),
        ("project_name images label_classes", "Hasty JSON", "export it from Hasty as COCO Instance Segmentation"),
        ("data_hash data_units", "Encord JSON", "export it from Encord as COCO"),
        ("label_hash data_units", "Encord JSON", "export it from Encord as COCO"),
        ("jsonResponse externalId", "Kili JSON", "export it from Kili as COCO or YOLO"),
        ("filename itemMetadata annotations", "Dataloop JSON", "export it from Dataloop as COCO"),
        ("task_id response", "Scale AI JSON", "convert it to COCO"),
        ("dataset samples", "a release file of Segments.ai", "its Python package exports it as coco-instance"),
        ("name dataset", "a release file of Segments.ai", "its Python package exports it as coco-instance"),
        ("tags shapes tracks version", "CVAT's JSON of a backup", "export the task from CVAT as CVAT for images 1.1"),
        ("videos annotations categories", "YouTube-VIS JSON", "its frames as COCO JSON would be read"),
        ("_via_settings", "a VIA project", "save its annotations as JSON"),
        ("type features", "GeoJSON", "put it beside an image of its name, as in a.geojson and a.jpg"),
        ("file_name objects", "the metadata of a Hugging Face image folder", "save the set as COCO"),
        ("image_id caption", "captions", "give the instances JSON of the same set"),
    )
)
#: The keys of formats that are read, for files that have most of them.
_KNOWN = {
    "coco": ("images", "annotations", "categories"),
    "labelme": ("shapes", "imagePath", "imageHeight", "imageWidth"),
    "datumaro": ("categories", "items", "infos"),
    "label-studio": ("data", "annotations", "id"),
    "segment-anything": ("image", "annotations"),
    "supervisely": ("objects", "size", "description", "tags"),
    "cityscapes": ("imgHeight", "imgWidth", "objects"),
}

#: Ends of names that tell what a file is: a sentence, what to do.
_WEIGHTS = (".pt", ".pth", ".ckpt", ".safetensors", ".onnx", ".engine", ".tflite", ".mlmodel", ".keras")
_PACKED = (".rar", ".7z", ".tar.zst", ".gz", ".bz2", ".xz")
_TABLES = (".tfrecord", ".h5", ".hdf5", ".lmdb", ".mdb", ".arrow", ".pkl", ".pickle", ".zarr", ".record")


def refusal(path: str | Path, place: Path, problems: list[FormatError]) -> FormatError:
    """Why no format knows a path that is there, and the nearest command that works.

    place: the path, or where it was unpacked to.  problems: of broken files.
    """
    if place.suffix.lower() == ".json" and place.is_file():
        Document(place)  # says what is wrong with a file that is not JSON at all
    told = "no format recognises this" + (f", and {problems[0]}".rstrip(".") if problems else "")
    if place.is_file():
        return _of_file(place, told, path)
    with _listing.listing() as listing:
        files = listing.files(place)
        images = [file for file in files if is_image_file(file)]
        others = [file for file in files if not is_image_file(file)]
        if not files:
            return FormatError(f"{told}: nothing is in it", file=path, todo="Give the folder that holds the labels.")
        looks = next(filter(None, (_looks(file) for file in islice(others, 50))), None)
        if looks is not None and not problems:
            file, what, todo = looks
            return FormatError(f"{told}: {shown(file, 300)} {what}", file=path, todo=_with_images(todo, place, images))
        clips = [file for file in others if file.name.lower().endswith(video.SUFFIXES)]
        if clips and not images:
            number = "a video" if len(clips) == 1 else f"{len(clips)} videos"
            return FormatError(
                f"{told}: it holds {number} without labels", file=path, todo=f"Import one: {_import(clips[0])}"
            )
        packed = [file for file in others if is_archive(file.name)]
        if packed and not images:
            return FormatError(
                f"{told}: it holds {len(packed)} archives", file=path, todo=f"Import one: {_import(packed[0])}"
            )
        if images and all_drawn(place.absolute(), listing):
            home = place.absolute().parent
            what = "its image is a label map" if len(images) == 1 else f"its {len(images)} images are all label maps"
            return FormatError(
                f"{told}: {what}, few values in whole areas, and the images they belong to are not "
                "beside them",
                file=path,
                todo=_with_images(
                    f"Name both folders: {_import(home)} -f label-map -o images=FOLDER -o "
                    f"labels={shlex.quote(place.absolute().name)}", place, images,
                ),
            )  # fmt: skip
        if images:
            signs = ", ".join(signs_of_labels(place, listing)[:4])
            told += f": it holds {many(len(images), 'image')}" + (f" and {signs}" if signs else "")
            todo = (
                f"Where one folder holds images and one their label images: {_import(place)} -f label-map "
                "-o images=FOLDER -o labels=FOLDER. docs/reference/formats.md describes the layouts."
            )
            return FormatError(told, file=path, todo=_with_images(todo, place, images))
        ends = ", ".join(sorted({file.suffix.lower() or file.name for file in others})[:6])
        return FormatError(
            f"{told}: it holds no image and no labels that are known, only {many(len(others), 'file')} ({ends})",
            file=path, todo="Give the folder of the labels; docs/reference/formats.md describes the layouts.",
        )  # fmt: skip


def _with_images(todo: str, place: Path, images: list[Path]) -> str:
    """With the command that takes the images alone, where there are some."""
    return f"{todo.rstrip('.')}. The images alone, without labels: {_import(place)} -f unlabelled" if images else todo


def _import(place: Path) -> str:
    return f"maskwright import {shlex.quote(str(place))} DATASET"


def _of_file(place: Path, told: str, path: str | Path) -> FormatError:
    looks = _looks(place)
    if looks is not None:
        return FormatError(f"{told}: it {looks[1]}", file=path, todo=looks[2])
    if place.name.lower().endswith(video.SUFFIXES):
        return FormatError(f"{told}: it is a video without labels", file=path, todo=f"Import it: {_import(place)}")
    return FormatError(
        f"{told}: a {place.suffix.lower() or 'file without an ending'} alone says nothing", file=path,
        todo=f"Give the folder of the whole set: {_import(place.absolute().parent)}",
    )  # fmt: skip


def _looks(file: Path) -> tuple[Path, str, str] | None:
    """What a file looks like, in words, and what to do; None where nothing is known of it."""
    name = file.name.lower()
    if name.endswith(_WEIGHTS):
        return (
            file,
            "is a model's file, not labels",
            f"See what it is with: maskwright model show {shlex.quote(str(file))}",
        )
    if (place := _parquet(file)) is not None:
        read = f"maskwright snapshot DATASET {shlex.quote(str(place))} --read"
        todo = (
            f"One that maskwright wrote becomes a dataset with: {read}. Write another one's images and masks to files."
        )
        return place, "is a Parquet file, which is not a format of labels", todo
    if name.endswith(_PACKED) and not is_archive(name) and not name.endswith(".nii.gz"):
        return file, "is an archive of a kind that is not looked into", "Unpack it, and give the folder."
    if name.endswith(_TABLES):
        return file, f"is a {file.suffix} container, which is not read", "Write its images and masks to files."
    if name.endswith((".json", ".geojson", ".ndjson", ".jsonl")) and file.is_file():
        return _tool(file)
    if name.endswith(".xml") and file.is_file():
        head = head_of(file)
        for own, what, is_ours in (
            ("labelme-xml", "XML of MIT's LabelMe", b"<annotation>" in head and b"<pt>" in head),
            ("aperio", "XML of Aperio ImageScope", b"<Annotations" in head and b"<Regions" in head),
        ):
            if is_ours:
                command = f"{_import(file.absolute().parent)} -f {own} -o images=FOLDER"
                return file, f"is {what}", f"Give its folder and that of the images: {command}"
        if b"<annotation>" in head and b"<object>" in head:
            whole = file.absolute().parent
            return file, "is VOC's XML of one image", f"Give the folder of the set: {_import(whole)} -f voc"
    return None


def _parquet(place: Path) -> Path | None:
    """The file, where it is Parquet's."""
    if not place.is_file():
        return None
    with place.open("rb") as opened:
        return place if opened.read(4) == b"PAR1" else None


def _tool(file: Path) -> tuple[Path, str, str] | None:
    """Of a JSON, or of JSON lines: which tool's it looks like."""
    record = _first(file)
    if not isinstance(record, dict):
        return None
    keys = {key.replace(" ", "_") for key in record}
    for wanted, what, export in _TOOLS:
        if wanted <= keys:
            return file, f"looks like {what}, which is not read", f"What would be read: {export}."
    for name, known in _KNOWN.items():
        there = [key for key in known if key in keys]
        if len(there) >= max(2, len(known) - 1):
            missing = [key for key in known if key not in keys]
            what = f"looks like {name}, but lacks {', '.join(missing)}" if missing else f"looks like {name}"
            return file, what, f"Read it as that: {_import(file)} -f {name}"
    some = ", ".join(shown(key, 30) for key in list(record)[:6])
    return (
        file,
        f"is a JSON of no kind that is known, with the keys {some}",
        "Export it as COCO from the tool it is of.",
    )


def _first(file: Path) -> Any:
    """The object of a JSON by its keys, the first record of a list, or the first line."""
    try:
        if file.suffix.lower() in (".ndjson", ".jsonl"):
            with file.open("rb") as opened:
                return json.loads(opened.readline(1 << 24))
        document = Document(file)
        return document.records()[0] if document.is_list else dict.fromkeys(document.keys())
    except (FormatError, ValueError, IndexError, RecursionError):
        return None


def no_format(name: str, known: list[str], path: str | Path | None = None) -> UsageError:
    """A format's name that nobody has: the nearest one, as a command where a path is known."""
    wanted = name.lower().replace("_", "-").replace(" ", "-")
    aliases = {alias: own for own, others in ALIASES.items() for alias in others}
    near = aliases.get(wanted) or next(iter(get_close_matches(wanted, known, n=1)), None)
    if near is None:
        near = aliases.get(next(iter(get_close_matches(wanted, list(aliases), n=1)), ""))
    hint = f"There are: {', '.join(known)}." if near is None else f"Did you mean {near!r}?"
    if near is not None and path is not None:
        hint = f"{hint} {_import(Path(path))} -f {near}"
    return UsageError(f"{name!r} is not among maskwright's formats", todo=hint)
