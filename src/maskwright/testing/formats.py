"""What every label format promises."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from maskwright import formats, media, registry
from maskwright.compute.packing import pack, unpack
from maskwright.core.classes import Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, LossError, UsageError
from maskwright.testing.samples import CLASSES, make_samples


def strip(sample: Sample, loses: frozenset[str], classes: Classes) -> tuple[Any, ...]:
    """The sample without what the format says it cannot hold, and without where its image lies."""
    segments = sample.segments
    if "overlap" in loses:
        segments = segments.visible()
    if "empty" in loses:
        segments = segments[segments.masks.areas() > 0]
    if "instances" in loses or "regions" in loses:
        alone = [row if classes[int(kind)].kind == "thing" and "instances" not in loses else -int(kind) - 1
                 for row, kind in enumerate(segments.class_ids)]  # fmt: skip
        first = [row for row, group in enumerate(alone) if group not in alone[:row]]
        if len(first) < len(alone):
            place = {alone[row]: number for number, row in enumerate(first)}
            groups = [place[group] for group in alone]
            segments = Segments(segments.masks.group_unions(groups, len(first)), segments.class_ids[first])
    rows = np.arange(len(segments))
    if "order" in loses:
        runs = [mask.counts.tolist() for mask in segments.masks]
        segments = segments[
            np.array(
                sorted(rows, key=lambda row: ("classes" not in loses and segments.class_ids[row], runs[row])), np.int64
            )
        ]
    return (
        sample.key,
        sample.image.size,
        None if "split" in loses else sample.split,
        segments.masks,
        None if "classes" in loses else segments.class_ids.tolist(),
        rows.tolist() if "ids" in loses else segments.ids.tolist(),
        None if "crowd" in loses else segments.is_crowd.tolist(),
        None if "score" in loses else np.nan_to_num(segments.scores, nan=-1).tolist(),
        None if "attributes" in loses else segments.attributes,
    )


def _largest(masks: Masks) -> Masks:
    """The largest part of each; masks without a pixel stay."""
    parts, owner = masks.components()
    order = np.lexsort((parts.areas(), owner))
    last = {int(owner[place]): int(place) for place in order}
    whole = [parts[last[row]] if row in last else masks[row] for row in range(len(masks))]
    return Masks.stack(whole, masks.size)


class FormatContract:
    """A format that can be read and written.

    name: the format's.  cut_files_pass: whether its files may be whole wherever they end, as plain lists of lines are.
    """

    name: str
    cut_files_pass = False
    #: Whether a segment is one ring: masks of one part come back to the pixel, holes and all, those of several nearly.
    one_ring = False

    def samples(self, folder: Path, number: int, **more: Any) -> list[Sample]:
        """Samples whose masks this format gives back to the pixel. more: of `make_samples`."""
        made = make_samples(folder, number, **more)
        if not self.one_ring:
            return made
        return [sample.with_segments(sample.segments.with_masks(_largest(sample.segments.masks))) for sample in made]

    @property
    def module(self) -> ModuleType:
        return registry.load("formats", self.name)

    @pytest.mark.parametrize("seed", range(3))
    def test_reading_what_was_written_gives_it_back(self, seed: int, tmp_path: Path) -> None:
        samples = self.samples(tmp_path, 6, seed=seed)
        lost = formats.write(samples, CLASSES, tmp_path / "out", self.name, allow_loss=True)
        reading = formats.read(tmp_path / "out", self.name)
        back = sorted(reading.samples, key=lambda sample: sample.key)
        assert reading.total == 6
        loses = self.module.LOSES - {"shape"}
        assert not [loss for loss in lost if loss.cause == "shape"], "these shapes survive every format"
        for before, after in zip(sorted(samples, key=lambda sample: sample.key), back, strict=True):
            assert strip(before, loses, CLASSES) == strip(after, loses, CLASSES)
            assert np.array_equal(media.read(before.image).display(), media.read(after.image).display())
        if "classes" in loses:
            return
        found, expected = (
            [(known.id, known.name, known.kind, known.role) for known in classes]
            for classes in (reading.classes, CLASSES)
        )
        assert found == expected

    def test_what_is_prepared_alone_is_written_alike(self, tmp_path: Path) -> None:
        if not hasattr(self.module, "prepare"):
            return
        samples = make_samples(tmp_path, 4, seed=1)
        prepared = {sample.key: pack(self.module.prepare(sample, CLASSES)) for sample in samples}
        for place, more in (("alone", {}), ("given", {"ready": lambda sample: unpack(prepared[sample.key])})):
            (tmp_path / place).mkdir()
            self.module.write(samples, CLASSES, tmp_path / place, **more)
        alone, given = (
            {file.relative_to(tmp_path / place): file.read_bytes() for file in (tmp_path / place).rglob("*.*")}
            for place in ("alone", "given")
        )
        assert alone == given

    @pytest.mark.parametrize("seed", range(2))
    def test_the_check_accepts_what_is_right(self, seed: int, tmp_path: Path) -> None:
        samples = make_samples(tmp_path, 6, seed=seed)
        lost = formats.write(samples, CLASSES, tmp_path / "out", self.name, allow_loss=True, check=True)
        assert all(loss.cause in self.module.LOSES | {"ids", "crowd"} for loss in lost)

    @pytest.mark.parametrize("seed", range(3))
    def test_every_column_that_is_held_comes_back(self, seed: int, tmp_path: Path) -> None:
        """Crowds, scores, ids, sources, fields: what LOSES does not name is there again, to the last digit."""
        rng = np.random.default_rng(seed)
        loses = self.module.LOSES
        samples = []
        for made in self.samples(tmp_path, 5, seed=seed, overlap=False):
            sample = made
            n = len(sample.segments)
            ids = rng.permutation(200)[:n] + 1
            # Formats that merge what they cannot tell apart get nothing to merge here; that is tested above.
            class_ids = sample.segments.class_ids
            if loses & {"instances", "regions"}:
                first = np.unique(class_ids, return_index=True)[1]
                keep = np.sort(first)
                sample, ids, class_ids, n = (
                    replace(sample, segments=sample.segments[keep]),
                    ids[keep],
                    class_ids[keep],
                    len(keep),
                )
            things = np.array([CLASSES[int(kind)].kind == "thing" for kind in class_ids], bool)
            segments = Segments(
                sample.segments.masks, class_ids, ids=ids, is_crowd=(rng.random(n) < 0.3) & things,
                scores=np.where(rng.random(n) < 0.5, rng.random(n), np.nan),
                source=[["human", "model", "import"][k] for k in rng.integers(0, 3, n)],
            )  # fmt: skip
            samples.append(replace(sample, segments=segments, weight=0.5, fields={"sun": [1, {"é": None}]}))
        formats.write(samples, CLASSES, tmp_path / "out", self.name, allow_loss=True, check=True)
        back = {sample.key: sample for sample in formats.read(tmp_path / "out", self.name).samples}
        for sample in samples:
            other = back[sample.key]
            rows = np.arange(len(sample.segments))
            if "order" in loses:
                mine = {mask.counts.tobytes(): row for row, mask in enumerate(sample.segments.masks)}
                rows = np.array([mine[mask.counts.tobytes()] for mask in other.segments.masks], np.int64)
            before = sample.segments[rows]
            assert other.segments.masks == before.masks
            columns = {
                "classes": (before.class_ids.tolist(), other.segments.class_ids.tolist()),
                "ids": (before.ids.tolist(), other.segments.ids.tolist()),
                "crowd": (before.is_crowd.tolist(), other.segments.is_crowd.tolist()),
                "score": (
                    np.nan_to_num(before.scores, nan=-1).tolist(),
                    np.nan_to_num(other.segments.scores, nan=-1).tolist(),
                ),
                "source": (before.source, other.segments.source),
                "split": (sample.split, other.split),
                "fields": (sample.fields, other.fields),
                "weight": (sample.weight, other.weight),
            }
            for cause, (expected, found) in columns.items():
                assert cause in loses or expected == found, cause

    def test_attributes_of_every_kind_come_back(self, tmp_path: Path) -> None:
        if "attributes" in self.module.LOSES:
            return  # it says that it loses attributes
        sample = make_samples(tmp_path, 1, seed=3)[0]
        strange = {
            "class": "x", "label": 5, "flags": [1], "occluded": False, "group_id": "5", "text": "5", "none": None,
            "maskwright": 1, "nested": {"a": [1.5, 'é<&"']}, "box": True, "yes": "true", "empty": "",
        }  # fmt: skip
        sample = replace(
            sample,
            segments=Segments(
                sample.segments.masks, sample.segments.class_ids, attributes=[strange] * len(sample.segments)
            ),
        )
        formats.write([sample], CLASSES, tmp_path / "out", self.name, allow_loss=True)
        (back,) = formats.read(tmp_path / "out", self.name).samples
        assert back.segments.attributes[0] == strange

    def test_three_hundred_instances(self, tmp_path: Path) -> None:
        """More objects than eight bits number, one of them a pixel at the corner, in an image of odd size."""
        from PIL import Image

        size = (97, 121)
        Image.fromarray(np.zeros((*size, 3), np.uint8)).save(tmp_path / "many.png")
        dense = np.zeros((300, *size), bool)
        for k in range(300):
            y, x = divmod(k, 20)
            dense[k, 6 * y : 6 * y + 4 + k % 3, 6 * x : 6 * x + 3 + k % 4] = True
        dense[-1] = False
        dense[-1, -1, -1] = True
        segments = Segments(Masks.encode(dense), [1] * 300)
        sample = Sample("many", ImageRef(str(tmp_path / "many.png"), size), segments)
        formats.write([sample], CLASSES, tmp_path / "out", self.name, allow_loss=True, check=True)
        (back,) = formats.read(tmp_path / "out", self.name).samples
        assert len(back.segments) == (1 if "instances" in self.module.LOSES else 300)
        assert back.segments.masks.union() == segments.masks.union()

    def test_writing_twice_is_stable(self, tmp_path: Path) -> None:
        formats.write(make_samples(tmp_path, 4), CLASSES, tmp_path / "one", self.name, allow_loss=True)
        reading = formats.read(tmp_path / "one", self.name)
        assert formats.sniff(tmp_path / "one") == registry.canonical(self.name)
        again = list(reading.samples)
        assert not [loss for loss in formats.losses(again, reading.classes, self.name) if loss.grave]
        formats.write(again, reading.classes, tmp_path / "two", self.name)
        twice = list(formats.read(tmp_path / "two", self.name).samples)
        assert twice[0].segments == again[0].segments

    def test_the_report_names_what_is_lost(self, tmp_path: Path) -> None:
        loses = self.module.LOSES
        assert loses <= set(formats.CAUSES)
        sample = make_samples(tmp_path, 1, seed=4)[0]
        dense = np.zeros((4, *sample.image.size), bool)
        dense[0, :, :4] = dense[1, :, 2:5] = dense[3, :, 4:] = True  # 0 and 1 overlap, 2 is empty
        rich = replace(
            sample,
            segments=Segments(
                Masks.encode(dense), [1, 1, 5, 9], ids=[10, 20, 30, 40], is_crowd=[0, 1, 0, 0],
                scores=[0.5, np.nan, np.nan, np.nan], attributes=[{}, {}, {}, {"colour": "red"}],
                source=["human", "import", "import", "import"],
            ),
            weight=2.0, fields={"sun": 1}, split="val",
        )  # fmt: skip
        found = {(loss.cause, loss.segment) for loss in formats.losses([rich], CLASSES, self.name)}
        expected = {
            "overlap": 10, "instances": 20, "empty": 30, "crowd": 20, "score": 10, "attributes": 40, "ids": 10,
            "source": 10, "weight": None, "fields": None, "classes": 30,
        }  # fmt: skip
        for cause, segment in expected.items():
            assert ((cause, segment) in found) == (cause in loses), (cause, found)
        if any(loss.grave for loss in formats.losses([rich], CLASSES, self.name)):
            with pytest.raises(LossError, match="--allow-loss"):
                formats.write([rich], CLASSES, tmp_path / "out", self.name)
            assert not (tmp_path / "out").exists()
            assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]

    def test_a_failing_write_leaves_nothing(self, tmp_path: Path) -> None:
        if not registry.takes(self.module.write, "images", given=3):
            return  # it writes labels only, and does not need the images
        samples = make_samples(tmp_path, 3)
        Path(samples[2].image.uri).unlink()
        with pytest.raises(FormatError, match="not there"):
            formats.write(samples, CLASSES, tmp_path / "out", self.name, allow_loss=True)
        assert [path.name for path in tmp_path.iterdir()] == ["originals"]

    @pytest.mark.parametrize("cut", [0.0, 0.3, 0.7])
    def test_truncated_files_give_a_format_error(self, cut: float, tmp_path: Path) -> None:
        formats.write(make_samples(tmp_path, 4), CLASSES, tmp_path / "out", self.name, allow_loss=True)
        labels = [
            path for path in sorted((tmp_path / "out").rglob("*"))
            if path.is_file() and "images" not in path.parts[len(tmp_path.parts):]
        ]  # fmt: skip
        said = []
        for path in labels:
            whole = path.read_bytes()
            path.write_bytes(whole[: int(len(whole) * cut)])
            try:
                list(formats.read(tmp_path / "out", self.name).samples)
            except FormatError as error:
                said.append(str(error))
            path.write_bytes(whole)
        assert all(str(tmp_path) in sentence for sentence in said), "an error names the file"
        assert said or self.cut_files_pass, "a broken file must not pass for a whole one"
        assert len(list(formats.read(tmp_path / "out", self.name).samples)) == 4

    def test_random_bytes_never_give_a_traceback(self, tmp_path: Path) -> None:
        formats.write(make_samples(tmp_path, 2), CLASSES, tmp_path / "out", self.name, allow_loss=True)
        rng = np.random.default_rng(0)
        for path in sorted((tmp_path / "out").rglob("*")):
            if not path.is_file():
                continue
            whole = path.read_bytes()
            for _ in range(6):
                garbled = bytearray(whole or b"x")
                for place in rng.integers(0, len(garbled), 4):
                    garbled[place] = rng.integers(256)
                path.write_bytes(bytes(garbled))
                with suppress(FormatError, UsageError):
                    list(formats.read(tmp_path / "out", self.name).samples)
            path.write_bytes(whole)

    def test_the_place_must_be_new(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine.txt").write_text("keep")
        with pytest.raises(UsageError, match="not empty"):
            formats.write(make_samples(tmp_path, 1), CLASSES, tmp_path / "out", self.name, allow_loss=True)
        assert (tmp_path / "out" / "mine.txt").read_text() == "keep"
        if not registry.takes(self.module.read, "nonsense", given=1):
            with pytest.raises(UsageError, match="no option"):
                formats.read(tmp_path, self.name, nonsense=1)
