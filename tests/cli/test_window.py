"""maskwright window: how a dataset's images are displayed, in words."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.media.windows import Window
from maskwright.store import Dataset

SIZE = (20, 30)


def run(capsys, *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    found = capsys.readouterr()
    return int(stop.value.code or 0), found.out, found.err


def made(folder: Path, *pixels: np.ndarray) -> Path:
    with (
        Dataset.create(folder / "set", Classes([Class(1, "thing", "thing")])) as dataset,
        dataset.edit("images") as edit,
    ):
        for number, array in enumerate(pixels):
            path = folder / f"{number}.png"
            if array.dtype in (np.uint8, np.uint16):
                Image.fromarray(array).save(path)
                uri = str(path)
            else:
                np.save(path.with_suffix(".npy"), array)
                uri = f"{path.with_suffix('.npy')}#page=0"
            edit.add(Sample(f"{number}", ImageRef(uri, SIZE), Segments.none(SIZE)))
    return folder / "set"


def ramp(low: float, high: float, dtype: type) -> np.ndarray:
    return np.linspace(low, high, SIZE[0] * SIZE[1]).reshape(SIZE).astype(dtype)


@pytest.fixture
def deep(tmp_path) -> Path:
    return made(tmp_path, ramp(100, 1100, np.uint16), ramp(100, 1100, np.uint16))


def window_of(place: Path) -> Window | None:
    with Dataset.open(place, read_only=True) as dataset:
        return dataset.window


def test_it_is_shown_in_words(capsys, deep) -> None:
    code, out, _ = run(capsys, "window", deep)
    assert code == 0
    assert "is seen as black" in out
    assert "percentiles 0.5 and 99.5 of 2 images" in out
    with Dataset.open(deep, read_only=True) as dataset, dataset.database.reading():
        assert dataset.revision == 2
    told = json.loads(run(capsys, "window", deep, "--json")[1])
    assert told["channels"] == ["gray"]
    assert told["window"]["low"] == [pytest.approx(105, abs=1)]


def test_it_is_set_in_numbers_percentiles_presets_and_ranges(capsys, deep) -> None:
    code, out, _ = run(capsys, "window", deep, 300, 4095)
    assert (code, out.splitlines()[0]) == (0, "300 is seen as black, 4095 as white")
    assert window_of(deep) == Window((300,), (4095,), origin="given", eight_bits=False)
    run(capsys, "window", deep, "--percentiles", "0", "100")
    assert window_of(deep) == Window((100,), (1100,), (), "percentiles 0 and 100 of 2 images", eight_bits=False)
    run(capsys, "window", deep, "--percentiles", "0,50")
    assert window_of(deep).high == (pytest.approx(600, abs=1),)
    run(capsys, "window", deep, "--full")
    assert window_of(deep) == Window((0,), (65535,), origin="all of uint16", eight_bits=False)
    run(capsys, "window", deep, "--channels", "gray")
    assert window_of(deep).channels == (0,)
    run(capsys, "window", deep, "5", "6")
    assert window_of(deep).channels == (0,)  # what is not said stays
    code, out, _ = run(capsys, "window", deep, "--reset")
    assert window_of(deep).channels == ()
    assert "percentiles 0.5 and 99.5" in out
    with Dataset.open(deep, read_only=True) as dataset:
        assert dataset.revision == 2  # display is not data


def test_hounsfield_units_may_be_negative(capsys, tmp_path) -> None:
    place = made(tmp_path, ramp(-1000, 2000, np.int16))
    code, out, _ = run(capsys, "window", place, "-150", "-2.5e1", "--json")
    assert code == 0
    assert (json.loads(out)["window"]["low"], json.loads(out)["window"]["high"]) == ([-150], [-25])
    code, out, _ = run(capsys, "window", "--preset", "soft tissue", place)
    assert code == 0
    assert window_of(place) == Window((-150,), (250,), origin="soft tissue", eight_bits=False)


def test_eight_bits_are_as_they_are_until_a_window_is_set(capsys, tmp_path) -> None:
    place = made(tmp_path, np.zeros((*SIZE, 3), np.uint8))
    code, out, _ = run(capsys, "window", place)
    assert (code, window_of(place)) == (0, None)
    assert "as they are" in out
    run(capsys, "window", place, 0, 100)
    assert window_of(place) == Window((0,), (100,), origin="given")
    code, out, _ = run(capsys, "window", place, "--channels", "blue,green,red")
    assert window_of(place).channels == (2, 1, 0)
    assert out.splitlines()[0].startswith("red: channel 2 (blue), 0 is seen as black")
    run(capsys, "window", place, "--reset")
    assert window_of(place) is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["5"], "one number"), (["5", "5"], "low below its high"), (["a", "5"], "'a' is not a number"),
        (["1", "2", "--full"], "several ways"), (["--reset", "--channels", "0"], "--reset"),
        (["--preset", "flesh"], "soft tissue"), (["--percentiles", "5"], "two numbers"),
        (["--percentiles", "9,5"], "0 to 100"), (["--percentiles", "nan,5"], "0 to 100"), (["--channels", "4"], "channel 4"),
        (["--channels", "nir"], "channel nir"), (["--channels", "0,0"], "2 channels"), (["nan", "5"], "finite"),
        (["1", "2", "3"], "3"),
    ],
)  # fmt: skip
def test_what_is_not_a_window_is_refused_and_leaves_what_was(capsys, deep, words, told) -> None:
    run(capsys, "window", deep, 1, 2)
    before = window_of(deep)
    code, out, err = run(capsys, "window", deep, *words)
    assert (code, out) == (2, "")
    assert told in err
    assert window_of(deep) == before


def test_an_empty_dataset_and_mixed_types_say_what_is_missing(capsys, tmp_path) -> None:
    (tmp_path / "none").mkdir()
    empty = made(tmp_path / "none")
    assert run(capsys, "window", empty)[0] == 0
    for words in (["--full"], ["--percentiles", "1", "2"], ["--channels", "0"]):
        code, _, err = run(capsys, "window", empty, *words)
        assert (code, "image" in err) == (2, True)
    (tmp_path / "mixed").mkdir()
    mixed = made(tmp_path / "mixed", ramp(0, 9, np.uint16), ramp(0, 1, np.float32))
    assert "float32, uint16" in run(capsys, "window", mixed, "--full")[2]
