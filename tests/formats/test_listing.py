"""A listing finds the files that a walk of the folders finds, in its order, and makes paths of those that are asked for."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some

from maskwright.formats._listing import Listing, suffix_of

_NAMES = some.sampled_from(["a", "a-", "a.x", "b", "b1", "B", "日"])
_ENDS = some.sampled_from(["", ".png", ".PNG", ".jpg", ".tar.gz", "."])
_FILES = some.tuples(some.lists(_NAMES, max_size=3), some.tuples(_NAMES, _ENDS).map("".join))


def below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.is_dir():
            yield from below(path)
        else:
            yield path


@given(some.lists(_FILES, max_size=25))
def test_it_is_what_a_walk_finds(files) -> None:
    with tempfile.TemporaryDirectory() as home:
        root = Path(home)
        for parts, name in files:
            place = root.joinpath(*parts)
            if not any(path.is_file() for path in (place, *place.parents)) and not (place / name).is_dir():
                place.mkdir(parents=True, exist_ok=True)
                (place / name).touch()
        listing = Listing()
        for top in [root, *(path for path in root.rglob("*") if path.is_dir())]:
            right = list(below(top))
            assert listing.files(top) == right
            assert listing.kinds(top) == Counter(file.suffix.lower() for file in right)
            for suffix in (".png", ".gz", "", ".mat"):
                assert listing.of_kind(top, suffix) == [file for file in right if file.suffix.lower() == suffix]
            assert listing.where(top, lambda name: "1" in name) == [file for file in right if "1" in file.name]


@given(some.text(some.sampled_from("aA.b "), min_size=1, max_size=8))
def test_the_end_of_a_name_is_that_of_a_path(name) -> None:
    assert suffix_of(f"a{name}") == Path(f"a{name}").suffix.lower()


def test_what_is_made_of_folders_is_made_once(tmp_path) -> None:
    listing, made = Listing(), []
    for _ in range(2):
        assert listing.once(("what", str(tmp_path)), lambda: made.append(1) or 7) == 7
    assert made == [1]
