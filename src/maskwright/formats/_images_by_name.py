"""The image of a label file, by its name, in whatever folder of the set it lies."""

from collections.abc import Sequence
from pathlib import Path

from maskwright.errors import FormatError
from maskwright.formats._contract import image_files
from maskwright.formats._label_signs import WORDS, words_of
from maskwright.media import IMAGE_SUFFIXES


class ImagesByName:
    """All images below a folder by their names without suffix.

    root: the set's folder.  images: the only folder that is looked in, below `root` or anywhere, where one is given.
    """

    def __init__(self, root: Path, images: str | None) -> None:
        self._root = root
        home = root if images is None else root / images if (root / images).is_dir() else Path(images)
        self._files: dict[str, list[Path]] = {}
        for file in image_files(home):
            self._files.setdefault(file.stem, []).append(file)

    def of(self, label: Path, name: str | None = None) -> Path | None:
        """The image of a label file; None where there is none.

        name: of the image with its suffix, as the label states it; the label's own name counts first.  Of several the
        one whose folders are called as the label's are, or that lies nearest; one in a folder of masks comes last.
        """
        stated = name.replace("\\", "/").rpartition("/")[2] if name else ""
        for stem in dict.fromkeys((label.stem, Path(stated).stem if stated else label.stem)):
            found = self._files.get(stem)
            if found:
                return min(found, key=lambda file: (*self._far(file, label), file.name != stated, _place(file), file))
        return None

    def needed(self, label: Path, name: str | None = None) -> Path:
        """As `of`; raises FormatError, naming the label, where there is none."""
        found = self.of(label, name)
        if found is None:
            raise FormatError(
                "has no image of its name in the set", file=label,
                todo="Name the folder of the images with -o images=FOLDER.",
            )  # fmt: skip
        return found

    def _far(self, file: Path, label: Path) -> tuple[bool, int, int]:
        if file.parent == label.parent:
            return False, -len(file.parts), 0
        inner = file.parent.relative_to(self._root).parts if file.is_relative_to(self._root) else file.parent.parts
        is_mask = any(WORDS & words_of(part) for part in inner)
        alike = _shared(file.parent.parts[::-1], label.parent.parts[::-1])
        return is_mask, -alike, -_shared(file.parent.parts, label.parent.parts)


def _shared(first: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many names two paths begin with alike."""
    number = 0
    for mine, theirs in zip(first, other, strict=False):
        if mine != theirs:
            break
        number += 1
    return number


def _place(file: Path) -> int:
    """Where a file's suffix stands among those of images."""
    suffix = file.suffix.lower()
    return IMAGE_SUFFIXES.index(suffix) if suffix in IMAGE_SUFFIXES else len(IMAGE_SUFFIXES)


def common_folder(files: Sequence[Path]) -> Path:
    """The lowest folder that all files lie in, or the folder `Annotations` around it."""
    home = files[0].parent
    while not all(file.is_relative_to(home) for file in files):
        home = home.parent
    return next((folder for folder in (home, *home.parents) if folder.name.lower() == "annotations"), home)
