"""The table of kinds of images in the docs is what happens."""

import image_kinds
import pytest

HELD = ["kind", "suffix", "numbers", "channels", *image_kinds.COLUMNS, *image_kinds.LEARNED, "notes"]


@pytest.fixture(autouse=True)
def packages() -> None:
    for package in ("cv2", "pydicom", "nibabel"):
        pytest.importorskip(package)


def test_the_table_in_the_docs_is_true() -> None:
    slow = [HELD.index(name) for name in image_kinds.LEARNED]
    quick = [[cell for place, cell in enumerate(row) if place not in slow] for row in image_kinds.written()]
    assert image_kinds.table(learned=False) == quick, "run: python scripts/image_kinds.py"


@pytest.mark.slow
def test_all_of_it_is_true() -> None:
    assert image_kinds.table() == image_kinds.written(), "run: python scripts/image_kinds.py"


def test_nothing_in_it_is_wrong() -> None:
    head, *rows = image_kinds.written()
    assert head == HELD
    assert len(rows) == len(image_kinds.KINDS)
    assert {cell for row in rows for cell in row[4:-1]} == {"yes", "", "3"}
