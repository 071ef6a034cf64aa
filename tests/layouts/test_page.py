"""The page of layouts says of every layout what the suite finds."""

from pathlib import Path

from public_sets import LAYOUTS
from test_layouts import NOT_YET

PAGE = Path(__file__).parents[2] / "docs/reference/layouts.md"


def test_the_page_has_a_row_for_every_layout_and_says_whether_it_is_read() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    assert [row[0].removeprefix("| ") for row in rows] == [layout.title for layout in LAYOUTS]
    for layout, row in zip(LAYOUTS, rows, strict=True):
        assert (row[2] != "-") == (layout.name not in NOT_YET), layout.name
        packed = "-" if not layout.archives else "refused" if f"{layout.name}:packed" in NOT_YET else "read"
        assert row[4].removesuffix(" |") == packed, layout.name
    number = sum(layout.name not in NOT_YET for layout in LAYOUTS)
    assert f"{number} of {len(LAYOUTS)} are read" in text
