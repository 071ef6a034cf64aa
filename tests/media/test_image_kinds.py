"""The table of kinds of images in the docs is what happens."""

import image_kinds
import pytest


def test_the_table_in_the_docs_is_true() -> None:
    for package in ("cv2", "pydicom", "nibabel"):
        pytest.importorskip(package)
    assert image_kinds.page() == image_kinds.PAGE.read_text(), "run: python scripts/image_kinds.py"


def test_nothing_in_it_is_wrong() -> None:
    rows = [line.split("|")[5:-2] for line in image_kinds.PAGE.read_text().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if len(row) == len(image_kinds.COLUMNS)]
    assert len(rows) == len(image_kinds.KINDS) + 1
    assert {cell.strip() for row in rows[1:] for cell in row} == {"yes", "", "3"}
