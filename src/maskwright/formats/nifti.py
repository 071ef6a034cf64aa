"""NIfTI volumes: each slice along the last axis is a sample, its spacing and affine kept.

Layouts: nnU-Net's imagesTr/case_0000.nii.gz + labelsTr/case.nii.gz with dataset.json, here or in the only folder below
that has them; images/ + labels/ with files of one name; BraTS's CASE_flair.nii.gz beside CASE_seg.nii.gz.  Slices go
back into volumes of the same shape and affine; an image that is not a slice becomes a volume of one.
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright import media
from maskwright.core.arrays import Array
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError
from maskwright.formats import _aside
from maskwright.formats._contract import Loss, Reading, common_losses, new_file, read_about, unique_keys, write_about
from maskwright.formats._json import load
from maskwright.formats._pairs import alone
from maskwright.formats._rasters import whole_numbers
from maskwright.formats._roles import split_of_name
from maskwright.formats._tree import Folder, walk
from maskwright.media import pages
from maskwright.media.pages import nifti as nifti_pages

KEEPS = frozenset({"sequence"})
LOSES = frozenset(
    {
        "overlap",
        "instances",
        "empty",
        "class",
        "crowd",
        "score",
        "attributes",
        "area",
        "ids",
        "order",
        "source",
        "weight",
        "fields",
    }
)

_FOLDERS = (("imagesTr", "labelsTr", "train"), ("imagesVal", "labelsVal", "val"), ("imagesTs", "labelsTs", "test"),
            ("images", "labels", None), ("images", "masks", None), ("image", "label", None))  # fmt: skip
#: A label beside its volumes, and what these are called, the one that shows most of a tumour first.
_SEG = re.compile(r"(.+?)([_-])(?:seg|label|mask)")
_SEQUENCES = ("flair", "t2f", "t2", "t2w", "t1ce", "t1c", "t1", "t1n", "ct", "mri", "image", "img", "0000")


def sniff(path: Path) -> float:
    """How sure this format is that a path is its own, 0 to 1: a folder with NIfTI volumes and their labels."""
    if not path.is_dir():
        return 0.0
    try:
        return 0.9 if _pairs(_home(path), None) else 0.0
    except FormatError:
        return 0.9  # reading it names the sets that it holds


def _home(path: Path) -> Path:
    """The folder that holds the paired folders: this, or the only one below it that does.

    Raises FormatError, naming two, where several do.
    """
    if any((path / left).is_dir() and (path / right).is_dir() for left, right, _ in _FOLDERS):
        return path
    rights = {right: left for left, right, _ in _FOLDERS}
    homes = {
        folder.path.parent
        for folder in walk(path)
        if folder.path.name in rights
        and (folder.path.parent / rights[folder.path.name]).is_dir()
        and _volumes_of(folder)
    }
    if len(homes) > 1:
        first, second = sorted(homes)[:2]
        raise FormatError(
            f"holds {len(homes)} sets of volumes, such as {first.name} and {second.name}", file=path,
            needed="one of them", todo=f"Name it: {first}",
        )  # fmt: skip
    return homes.pop() if homes else path


def _volumes_of(folder: Folder) -> list[Path]:
    return [folder.path / name for name in folder.files if name.lower().endswith(nifti_pages.SUFFIXES)]


def _all_volumes(home: Path) -> list[Path]:
    """All volumes below a folder, sorted, hidden ones left out; none where it is not there."""
    return sorted(volume for folder in walk(home) for volume in _volumes_of(folder))


def _key(file: Path, home: Path) -> str:
    return file.relative_to(home).as_posix().removesuffix(".gz").removesuffix(".nii")


def _pairs(path: Path, channel: int | None) -> list[tuple[str, Path, Path, str | None]]:
    out = []
    for left, right, split in _FOLDERS:
        labels = _all_volumes(path / right)
        volumes = {_key(volume, path / left): volume for volume in _all_volumes(path / left)}
        for label in labels:
            stem = _key(label, path / right)
            names = [f"{stem}_{channel or 0:04d}", *([] if channel else [stem])]
            image = next((volumes[name] for name in names if name in volumes), None)
            if image is not None:
                out.append((stem, image, label, split))
    return out or _beside(path)


def _beside(path: Path) -> list[tuple[str, Path, Path, str | None]]:
    """Volumes that lie beside their label, as BraTS has them: CASE_flair.nii.gz (or -t2f) and CASE_seg.nii.gz.

    Of several sequences the first of `_SEQUENCES` is the image.
    """
    out = []
    for folder in walk(path):
        volumes = {_key(volume, folder.path): volume for volume in _volumes_of(folder)}
        for stem, label in volumes.items():
            found = _SEG.fullmatch(stem)
            names = [f"{found[1]}{found[2]}{name}" for name in _SEQUENCES] if found else []
            image = next((volumes[name] for name in [*names, found[1] if found else ""] if name in volumes), None)
            if found and image is not None:
                out.append((found[1], image, label, split_of_name(folder.parts[-1]) if folder.parts else None))
    return out


def read(path: Path, *, channel: int | None = None, empty: bool = True) -> Reading:
    """channel: which of nnU-Net's channels is the image.  empty: read slices without a label, too.

    Value 0 is the background, as dataset.json declares it; pixels of an "ignore" label are ignored.
    """
    path = _home(path)
    found = _pairs(path, channel)
    if not found:
        raise FormatError("no NIfTI labels beside volumes", file=path, needed="imagesTr/ and labelsTr/")
    aside = _aside.current()
    layers: list[_Slice] = []
    for stem, image, label, split in found:
        with aside.record(label, whole=True):
            number, size = pages.shape(label)
            if pages.shape(image) != (number, size):
                raise FormatError(
                    f"has {number} slices of {size[0]} x {size[1]}", file=label,
                    needed=f"as its volume: {pages.shape(image)[0]} of {' x '.join(map(str, pages.shape(image)[1]))}",
                )  # fmt: skip
            layers += [
                (stem, image, label, split, page, stem if number == 1 else f"{stem}/{page:04d}")
                for page in range(number)
            ]
    written = read_about(path)
    classes = written.classes if written else _classes(path, [(label, page) for _, _, label, _, page, _ in layers])
    ids = {int(value): int(each_value) for value, each_value in written.more["values"].items()} if written else {}
    about: dict[Path, dict[str, Any]] = {}

    def sample_of(layer: _Slice) -> Sample | None:
        stem, image, label, split, page, key = layer
        if label not in about:
            about.clear()
            header = nifti_pages.volume(str(label))
            spacing = [float(step) for step in header.header.get_zooms()]
            about[label] = {"spacing": spacing, "affine": np.asarray(header.affine).tolist()}
        values = _map(label, page)
        shown, masks = Masks.from_label_map(values, ignore=[0])
        class_ids = [ids.get(int(value), int(value)) for value in shown]
        wrong = [class_id for class_id in class_ids if class_id not in classes]
        if wrong:
            raise FormatError(f"has the undeclared value {wrong[0]}", file=label, record=f"slice {page}")
        segments = Segments(masks, class_ids)
        if not len(segments) and not empty:
            return None
        reference = ImageRef(f"{image}#page={page}", segments.size, video=stem, frame=page)
        own = written.splits.get(key, split) if written else split
        return Sample(key, reference, segments, split=own, fields={"nifti": about[label]})

    samples = aside.samples(layers, sample_of, lambda layer: (layer[2], f"slice {layer[4]}"))
    return Reading(classes, samples, len(layers) if empty else None, _alone(path, found))


_Slice = tuple[str, Path, Path, str | None, int, str]  # volume, image, label, split, number, key


def _alone(path: Path, found: list[tuple[str, Path, Path, str | None]]) -> list[str]:
    """Notes of labels without a volume, and of volumes without a label where others of their folder have one."""
    partners = {file for _, image, label, _ in found for file in (image, label)}
    lone: tuple[list[str], list[str]] = ([], [])
    for folders in _FOLDERS:
        files = [_all_volumes(path / folder) for folder in folders[:2]]
        if any(file in partners for file in files[1]):
            taken = {_key(file, path / folders[0]).rpartition("_")[0] for file in files[0] if file in partners}
            lone[0].extend(
                key for key in (_key(file, path / folders[0]) for file in files[0] if file not in partners)
                if key.rpartition("_")[0] not in taken
            )  # fmt: skip
        lone[1].extend(_key(file, path / folders[1]) for file in files[1] if file not in partners)
    return alone(*lone, image="volume")


def _map(label: Path, page: int) -> Array:
    try:
        values = whole_numbers(pages.read(label, page), label)
    except FormatError as error:
        raise error.at(file=label, record=f"slice {page}") from error.__cause__
    if values.ndim != 2:
        raise FormatError("has more than three axes", file=label, needed="one label a voxel")
    return values


def _classes(path: Path, slices: list[tuple[Path, int]]) -> Classes:
    """As dataset.json names them, else a class a value of the labels' slices that can be read."""
    about = path / "dataset.json"
    names: dict[int, str] = {}
    if about.is_file():
        try:
            for left, right in load(about)["labels"].items():
                # nnU-Net 2 writes name: value, the decathlon value: name.
                value, name = (left, right) if str(left).isdigit() else (right, left)
                names[int(value)] = str(name)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"its labels cannot be read ({error!r})", file=about) from None
    else:
        for values in _aside.readable(slices, lambda slice_: np.unique(_map(*slice_))):
            names |= {int(value): str(value) for value in values}
    names = {0: "background", **{value: name for value, name in names.items() if value}}
    return Classes(
        Class(value, name, "stuff", "background" if value == 0 else "ignore" if name == "ignore" else "class")
        for value, name in sorted(names.items())
    )


def losses(sample: Sample, classes: Classes) -> list[Loss]:
    """What writing this sample would lose, by the words of `CAUSES`; nothing is written."""
    out = common_losses(sample, LOSES - {"fields"})
    for identity, class_id in zip(sample.segments.ids, sample.segments.class_ids, strict=True):
        if classes[int(class_id)].role == "background":
            out.append(Loss(sample.key, "class", int(identity)))
    if sample.image.video and not _is_slice(sample):
        out.append(Loss(sample.key, "sequence"))  # it becomes a volume of its own
    return out + [Loss(sample.key, "fields")] * bool(sample.fields.keys() - {"nifti"})


def _is_slice(sample: Sample) -> bool:
    """Whether its image is a slice of a NIfTI volume."""
    file, page = pages.page_of(sample.image.uri)
    return page is not None and file.lower().endswith(nifti_pages.SUFFIXES)


def write(samples: Iterable[Sample], classes: Classes, folder: Path, *, images: str = "copy") -> None:
    """imagesTr (imagesVal, imagesTs), labelsTr and dataset.json, as nnU-Net has them.  images: copy or link.

    Slices of one volume are written together; those that are not among the samples are background.
    """
    from maskwright.registry import require

    nibabel = require("nibabel", "writing NIfTI")
    plain = [class_ for class_ in classes if class_.role != "background"]
    own = all(0 < class_.id < 65536 for class_ in plain)
    value = {class_.id: class_.id if own else number for number, class_ in enumerate(plain, 1)}
    splits = {}
    homes = {"val": "Val", "test": "Ts"}
    for source, group in _volumes(unique_keys(samples)):
        home = homes.get(group[0].split or "", "Tr")
        if source is None:
            (sample,) = group
            name, affine = sample.key, np.eye(4)
            labels = np.zeros((sample.image.size[1], sample.image.size[0], 1), np.uint16)
            for channel, values in enumerate(_channels(sample)):
                volume = nibabel.Nifti1Image(values, affine)
                nibabel.save(volume, new_file(folder, f"images{home}/{name}_{channel:04d}.nii.gz"))
        else:
            number, (height, width) = pages.shape(source)
            name = group[0].key if number == 1 else group[0].key.rsplit("/", 1)[0]
            affine = nifti_pages.volume(source).affine
            labels = np.zeros((width, height, number), np.uint16)
            _put_volume(source, folder, f"images{home}/{name}_0000{''.join(Path(source).suffixes[-2:])}", images)
        for sample in group:
            _, page = pages.page_of(sample.image.uri)
            kept = sample.segments[[int(class_id) in value for class_id in sample.segments.class_ids]]
            flat = np.zeros(kept.size, np.uint16)
            kept.masks.composite([value[int(class_id)] for class_id in kept.class_ids], out=flat)
            labels[:, :, (page or 0) if source else 0] = flat.T
            splits[sample.key] = sample.split
        nibabel.save(nibabel.Nifti1Image(labels, affine), new_file(folder, f"labels{home}/{name}.nii.gz"))
    names = {classes.background.name if classes.background else "background": 0}
    names |= {class_.name: value[class_.id] for class_ in plain}
    new_file(folder, "dataset.json").write_text(
        json.dumps({"labels": names, "file_ending": ".nii.gz"}, ensure_ascii=False)
    )
    write_about(
        folder, "nifti", classes, splits, values={str(number): each_name for each_name, number in value.items()}
    )


def _volumes(samples: Iterable[Sample]) -> Iterator[tuple[str | None, list[Sample]]]:
    """Runs of slices of one volume; None for an image that is not a slice."""
    source: str | None = None
    group: list[Sample] = []
    done: set[str] = set()
    for sample in samples:
        own = pages.page_of(sample.image.uri)[0] if _is_slice(sample) else None
        if group and (own is None or own != source):
            yield source, group
            group = []
        if own is not None and own != source:
            if own in done:
                raise FormatError(
                    f"slices of {own} do not follow one another", needed="all slices of a volume together"
                )
            done.add(own)
        source = own
        group.append(sample)
    if group:
        yield source, group


def _channels(sample: Sample) -> list[Any]:
    """Volumes (W, H, 1): of NIfTI's colour type where the image has eight bits and colours, else one a channel."""
    image = media.read(sample.image)
    if image.pixels.dtype == np.uint8:
        colour = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
        return [np.ascontiguousarray(image.display()).view(colour)[..., 0].T[..., None]]
    return [np.ascontiguousarray(plane.T[..., None]) for plane in np.moveaxis(image.pixels, 2, 0)]


def _put_volume(source: str, folder: Path, relative: str, images: str) -> None:
    if images == "none":
        return
    target = new_file(folder, relative)
    if images == "link":
        target.symlink_to(Path(source).resolve())
    else:
        shutil.copyfile(source, target)
