"""Objects of one frame followed from there, as suggestions: how far it goes, and what becomes of earlier suggestions."""

import numpy as np
import pytest
from PIL import Image

from maskwright import fewshot, video
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import UsageError
from maskwright.store import Dataset

SIZE = (72, 120)
NUMBER = 6


def frame(k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """-> image, the mask of a red disk that goes right, of a yellow box that goes left."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disk = (y - 22) ** 2 + (x - 22 - 6 * k) ** 2 < 12**2
    box = (abs(y - 54) < 9) & (abs(x - 95 + 6 * k) < 10)
    ground = np.kron(np.random.default_rng(0).integers(-20, 20, (9, 15, 1)), np.ones((8, 8, 1)))
    image = np.full((*SIZE, 3), (60, 130, 70)) + ground
    image[disk] = (200, 60, 50)
    image[box] = (230, 210, 60)
    return np.clip(image, 0, 255).astype(np.uint8), disk, box


@pytest.fixture
def film(tmp_path):
    """A video of six frames, of which the second shows a disk (5) and a box (6); and an image of no video (7)."""
    with Dataset.create(tmp_path / "film", Classes([Class(1, "disk", "thing"), Class(2, "box", "thing")])) as dataset:
        with dataset.edit("frames") as edit:
            for k in range(NUMBER):
                Image.fromarray(frame(k)[0]).save(tmp_path / f"{k}.png")
                image = ImageRef(str(tmp_path / f"{k}.png"), SIZE, video="clip", frame=k)
                edit.add(Sample(f"clip/{k}", image, Segments.none(SIZE)))
            Image.fromarray(frame(0)[0]).save(tmp_path / "alone.png")
            edit.add(Sample("alone", ImageRef(str(tmp_path / "alone.png"), SIZE), Segments.none(SIZE)))
            both = Masks.encode(np.stack(frame(1)[1:]))
            edit.put("clip/1", Segments(both, [1, 2], ids=[5, 6], source="human"))
        yield dataset


def suggested(dataset: Dataset) -> dict[int, dict[int, Masks]]:
    """Number of a sample -> track -> mask, of what waits to be accepted."""
    out = {}
    for number, (run, _) in fewshot.waiting(dataset).items():
        segments = fewshot.suggestion(dataset, run, number)
        out[number] = {each["track"]: segments.masks[k : k + 1] for k, each in enumerate(segments.attributes)}
    return out


def fits(masks: Masks, truth: np.ndarray) -> bool:
    return bool(masks.iou(Masks.encode(truth[None])).max() > 0.8)


def test_all_objects_are_followed_forward_to_the_end(film) -> None:
    seen: list[int] = []

    def progress(numbers):
        for number in numbers:
            yield number
            seen.append(number)

    done = video.follow(film, 2, progress=progress)
    assert (done.suggested, done.until, done.tracks) == ([3, 4, 5, 6], None, 2)
    assert len(done.confidence) == 4
    assert min(done.confidence) > 0
    assert seen == [0, 1, 2, 3]
    found = suggested(film)
    assert sorted(found) == [3, 4, 5, 6]
    for number in found:
        _, disk, box = frame(number - 1)
        assert fits(found[number][5], disk)
        assert fits(found[number][6], box)
    assert len(film.read([6])[0].segments) == 0  # a suggestion is no label


def test_one_object_is_followed_and_what_is_suggested_of_others_stays(film) -> None:
    video.follow(film, 2)
    with film.edit("the disk was drawn anew") as edit:
        moved = np.roll(frame(1)[1], 20, axis=0)  # beside it, so that the difference shows
        edit.put("clip/1", Segments(Masks.encode(np.stack([moved, frame(1)[2]])), [1, 2], ids=[5, 6], source="human"))
    done = video.follow(film, 2, objects=[5], limit=2)
    assert (done.suggested, done.tracks) == ([3, 4], 1)
    found = suggested(film)
    assert sorted(found) == [3, 4, 5, 6]
    assert sorted(found[3]) == [5, 6]
    assert fits(found[3][6], frame(2)[2])
    assert not fits(found[3][5], frame(2)[1])
    assert fits(found[5][5], frame(4)[1])  # beyond the limit nothing changed
    # All of them anew: nothing of before stays.
    video.follow(film, 2, objects=None, limit=1)
    assert not fits(suggested(film)[3][5], frame(2)[1])


def test_it_goes_up_to_the_next_frame_that_is_labelled(film) -> None:
    with film.edit("a frame more") as edit:
        edit.put("clip/4", Segments(Masks.encode(frame(4)[1][None]), [1], source="human"))
    done = video.follow(film, 2, objects=[5])
    assert (done.suggested, done.until) == ([3, 4], 5)


def test_backward_goes_the_other_way(film) -> None:
    done = video.follow(film, 2, objects=[6], direction="backward")
    assert (done.suggested, done.until) == ([1], None)
    assert fits(suggested(film)[1][6], frame(0)[2])


def test_what_was_followed_before_it_was_stopped_is_kept(film) -> None:
    class StoppedError(Exception):
        pass

    def two(numbers):
        for number in numbers:
            if number == 2:
                raise StoppedError
            yield number

    with pytest.raises(StoppedError):
        video.follow(film, 2, progress=two)
    assert sorted(suggested(film)) == [3, 4]
    assert next(iter(film.runs)).status == "interrupted"


@pytest.mark.parametrize(
    ("number", "wish", "said"),
    [
        (7, {}, "not a frame of a video"), (3, {}, "no object to follow"), (2, {"objects": [9]}, "no object 9"),
        (2, {"engine": "classic"}, "Did you mean"), (2, {"direction": "backward", "settings": {"nothing": 1}}, "nothing"),
    ],
    ids=["no video", "no object", "another object", "engine", "option"],
)  # fmt: skip
def test_wrong_wishes_are_said_and_leave_no_run(film, number, wish, said) -> None:
    with pytest.raises(UsageError, match=said):
        video.follow(film, number, **wish)
    assert list(film.runs) == []


def test_the_last_frame_and_a_labelled_neighbour_are_said(film) -> None:
    with film.edit("more") as edit:
        edit.put("clip/5", Segments(Masks.encode(frame(5)[1][None]), [1], source="human"))
        edit.put("clip/4", Segments(Masks.encode(frame(4)[1][None]), [1], source="human"))
    with pytest.raises(UsageError, match="no frame is after it"):
        video.follow(film, 6)
    with pytest.raises(UsageError, match="labelled already"):
        video.follow(film, 5)
