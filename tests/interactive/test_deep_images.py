"""Engines that know eight bits, on images of sixteen: they see what people see."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright import fewshot, media
from maskwright.cli import main
from maskwright.core.classes import Class, Classes
from maskwright.core.mask import Mask
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.interactive import Session
from maskwright.interactive.embeddings import Embeddings
from maskwright.interactive.session_cache import SessionCache
from maskwright.media import Window, window_over
from maskwright.store import Dataset
from maskwright.weights.available import AvailableEngines

SIZE = (96, 128)


def scene(folder: Path, number: int) -> Sample:
    """A disc a little brighter than its ground, in the darkest fiftieth of sixteen bits; one image has a hot pixel."""
    rng = np.random.default_rng(number)
    rows, columns = np.indices(SIZE)
    y, x = 30 + 9 * number, 40 + 12 * number
    inside = (rows - y) ** 2 + (columns - x) ** 2 < 18**2
    pixels = (1000 + 250 * inside + rng.normal(0, 12, SIZE)).astype(np.uint16)
    if number == 1:
        pixels[0, 0] = 65535
    file = folder / f"{number}.png"
    Image.fromarray(pixels).save(file)
    return Sample(str(number), ImageRef(str(file), SIZE), Segments(Mask.encode(inside).batch, [1]))


def iou(mask: np.ndarray, other: np.ndarray) -> float:
    return float((mask & other).sum() / (mask | other).sum())


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    return [scene(tmp_path, number) for number in range(4)]


def test_a_click_finds_what_is_dim(samples: list[Sample]) -> None:
    window = window_over([sample.image for sample in samples])
    assert window is not None
    cache = SessionCache(Embeddings(), AvailableEngines({}), lambda: window)
    for number in (0, 1):  # with and without a hot pixel
        answer = cache.predict(samples[number], "classical", points=[(40 + 12 * number, 30 + 9 * number)])
        assert iou(answer.masks[0].decode(), samples[number].segments.masks[0].decode()) > 0.9


def test_another_window_is_another_session(samples: list[Sample]) -> None:
    windows = [Window((0,), (65535,)), Window((900,), (1400,))]
    cache = SessionCache(Embeddings(), AvailableEngines({}), lambda: windows[0])
    cache.prepare(samples[0], "classical")
    windows.pop(0)
    cache.prepare(samples[0], "classical")
    shown = [session.image for session in cache._sessions.values()]
    assert len(shown) == 2
    assert shown[0].max() < 10
    assert shown[1].max() > 150


def test_an_image_by_its_path_is_displayed_by_itself(samples: list[Sample]) -> None:
    session = Session(samples[0].image.uri)
    assert np.ptp(session.image.astype(int)) == 255


def test_a_forest_learns_what_is_dim(tmp_path: Path, samples: list[Sample]) -> None:
    with Dataset.create(tmp_path / "d", Classes([Class(1, "disc", "stuff")])) as dataset:
        with dataset.edit("x") as edit:
            for sample in samples[:2]:
                edit.add(sample)
            for sample in samples[2:]:
                edit.add(sample.with_segments(Segments.none(SIZE)))
        done = fewshot.propagate(dataset, dataset, fewshot.learner("forest", trees=8), folds=0)
        assert done.suggested == 2
        for sample in samples[2:]:
            found = fewshot.suggestion(dataset, done.run, dataset.number_of(sample.key))
            assert iou(found.masks.union().decode(), sample.segments.masks[0].decode()) > 0.8


def test_a_broken_image_is_left_out_when_asked(
    tmp_path: Path, samples: list[Sample], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(Path(samples[0].image.uri).read_bytes()[:200])
    command = ["segment", str(broken), samples[1].image.uri, "--everything", "--to", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 1
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit) as ended:
        main([*command, "--skip-broken"])
    assert not ended.value.code
    said = capsys.readouterr().out
    assert "on 1 image," in said
    assert "broken.png" in said


def test_segment_says_how_it_displayed(
    tmp_path: Path, samples: list[Sample], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["segment", samples[1].image.uri, "--click", "52,39", "--to", str(tmp_path / "out"), "--format", "coco"]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--overlays"])
    assert not ended.value.code
    assert "uint16 is displayed to the engine from" in capsys.readouterr().out
    content = json.loads(next((tmp_path / "out").rglob("instances*.json")).read_text())
    (annotation,) = content["annotations"]
    assert annotation["area"] == pytest.approx(np.pi * 18**2, rel=0.1)
    overlay = np.asarray(Image.open(tmp_path / "out" / "overlays" / "1.png"))
    assert overlay[5, 100].max() > 10, "the ground is seen"
    assert media.describe(samples[1].image).dtype == "uint16"
