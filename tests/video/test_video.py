"""Following objects through made videos, and through networks on tiny random weights."""

import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from maskwright import fewshot, video
from maskwright.core.classes import Class, Classes
from maskwright.core.masks import Masks
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.errors import FormatError, UsageError
from maskwright.store import Dataset

pytestmark = pytest.mark.filterwarnings("ignore")
SIZE = (100, 150)
COUNT = 10


def scene(step: int) -> tuple[np.ndarray, np.ndarray]:
    """A red disk goes right, a yellow box goes down; -> image, (2, H, W) masks."""
    rng = np.random.default_rng(7)  # the ground does not change
    ground = np.kron(rng.integers(60, 110, (25, 38, 3)), np.ones((4, 4, 1)))[: SIZE[0], : SIZE[1]]
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disk = (y - 45) ** 2 + (x - 30 - 5 * step) ** 2 < 16**2
    box = (abs(x - 120) < 12) & (abs(y - 20 - 4 * step) < 10)
    image = ground.copy()
    image[disk] = (200, 50, 40) + 12 * np.sin(x[disk] - 5 * step)[:, None]
    image[box] = (220, 210, 60)
    noise = np.random.default_rng(step).integers(-4, 5, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), np.stack([disk & ~box, box])


def run(*words: str) -> int:
    """The command line's exit code."""
    from maskwright.cli import main

    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("frames") / "clip"
    home.mkdir()
    for k in range(COUNT):
        Image.fromarray(scene(k)[0]).save(home / f"{k:05d}.png")
    return home


def known(*steps: int) -> dict[int, Segments]:
    return {k: Segments(Masks.encode(scene(k)[1]), [1, 1], ids=[11, 12]) for k in steps}


def ious(found: video.Tracked) -> list[float]:
    """Of each track with the truth; 0 where it is not shown."""
    truth = Masks.encode(scene(found.frame)[1])
    tracks = [int(attribute["track"]) for attribute in found.segments.attributes]
    return [
        float(found.segments.masks[[tracks.index(t)]].iou(truth[[k]])[0, 0]) if t in tracks else 0.0
        for k, t in enumerate((11, 12))
    ]


@pytest.mark.parametrize("given", [(0,), (9,), (4,), (0, 9)])
def test_objects_are_followed_both_ways(folder, given) -> None:
    with video.Frames.open(folder) as frames:
        found = list(video.track(frames, known(*given)))
    assert [item.frame for item in found] == list(range(COUNT))
    assert [item.frame for item in found if item.given] == list(given)
    assert np.mean([ious(item) for item in found]) > 0.85
    for item in found:
        assert set(item.drift) == {11, 12}
        assert all(0 <= drift <= 1 for drift in item.drift.values())
    if given == (0,):  # doubt grows with the distance
        assert found[1].drift[11] <= found[9].drift[11]


@pytest.mark.parametrize("complete", [True, False])
def test_one_direction_leaves_out_what_lies_the_other_way(folder, complete) -> None:
    with video.Frames.open(folder) as frames:
        forward = list(video.track(frames, known(3, 7), direction="forward", complete=complete))
        backward = list(video.track(frames, known(3, 7), direction="backward", complete=complete))
    assert [each.frame for each in forward] == list(range(3, COUNT))
    assert [each.frame for each in backward] == list(range(8))
    assert np.mean([ious(each) for each in [*forward, *backward]]) > 0.85
    # Doubt grows away from the frame that was followed.
    drift = {each.frame: each.drift[11] for each in forward}
    assert drift[4] <= drift[6]
    assert drift[7] == 0
    drift = {each.frame: each.drift[11] for each in backward}
    assert drift[6] <= drift[4]


def test_an_object_that_leaves_is_hidden_and_not_invented(folder, tmp_path) -> None:
    for k in range(6):
        image, masks = scene(k)
        if k >= 3:  # the box is gone
            image = scene(0)[0].copy()
            image[masks[0]] = (200, 50, 40)
            was = scene(0)[1]
            image[(was[0] | was[1]) & ~masks[0]] = (85, 85, 85)
        Image.fromarray(image).save(tmp_path / f"{k}.png")
    with video.Frames.open(tmp_path) as frames:
        found = list(video.track(frames, known(0)))
    last = found[-1]
    shown = dict(
        zip([attribute["track"] for attribute in last.segments.attributes], last.segments.masks.areas(), strict=True)
    )
    assert shown.get(12, 0) < 150  # of 500
    assert last.drift[12] > last.drift[11]


def test_a_hidden_object_comes_back(tmp_path) -> None:
    """The box goes behind a wall of the ground's colour for two frames."""
    for k in range(8):
        image, masks = scene(k)
        if k in (3, 4):
            ground = scene(k)[0]
            ground[masks[1]] = (85, 85, 85)
            image = ground
        Image.fromarray(image).save(tmp_path / f"{k}.png")
    with video.Frames.open(tmp_path) as frames:
        found = list(video.track(frames, known(0)))
    shown = [ious(item)[1] for item in found]
    assert max(shown[3:5]) < 0.3
    assert min(shown[5:]) > 0.5
    assert found[3].drift[12] == 1.0


def test_frames_that_show_some_objects_only(folder) -> None:
    masks = Masks.encode(scene(0)[1]), Masks.encode(scene(6)[1])
    given = {0: Segments(masks[0][:1], [1], ids=[11]), 6: Segments(masks[1][1:], [1], ids=[12])}
    with video.Frames.open(folder) as frames:
        found = list(video.track(frames, given, complete=False))
    assert [item.frame for item in found] == list(range(COUNT))
    assert np.mean([ious(item) for item in found]) > 0.85
    assert [item.given for item in found] == [k in (0, 6) for k in range(COUNT)]
    for item in found:
        assert not (item.segments.masks[:1] & item.segments.masks[1:]).areas().any()


def test_a_stopped_track_stays_stopped(folder) -> None:
    with video.Frames.open(folder) as frames:
        found = list(video.track(frames, known(0), stop=0.0))
    assert all(len(item.segments) == 0 for item in found[1:])
    assert all(item.drift == {11: 1.0, 12: 1.0} for item in found[1:])


def test_wrong_calls_are_said_in_words(folder, tmp_path) -> None:
    with video.Frames.open(folder) as frames:
        for masks, words in (
            ({}, "no frame"), (known(3) | {99: known(0)[0]}, "no frame 99"),
            ({0: Segments(Masks.empty((3, 3), 1), [1])}, "the frames' size"),
        ):  # fmt: skip
            with pytest.raises(UsageError, match=words):
                list(video.track(frames, masks))
        with pytest.raises(UsageError, match="Did you mean"):
            list(video.track(frames, known(0), "clasical"))
        with pytest.raises(UsageError, match="no option"):
            list(video.track(frames, known(0), "classical", color=3))
    for name in ("sam2", "edgetam", "seggpt"):
        with pytest.raises(UsageError, match="needs weights"):
            video.load(name).load()
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.mp4").write_bytes(b"not a video")
    for place in ("nowhere.mp4", "empty", "no.mp4"):
        with pytest.raises(FormatError):
            video.Frames.open(tmp_path / place)


def write_video(path, count: int = COUNT) -> None:
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        stream.bit_rate = 4_000_000
        for k in range(count):
            for packet in stream.encode(av.VideoFrame.from_ndarray(scene(k)[0], format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def test_a_video_file_from_the_command_line(tmp_path, capsys) -> None:
    from maskwright import formats

    write_video(tmp_path / "clip.mp4")
    (tmp_path / "masks").mkdir()
    labels = np.zeros(SIZE, np.uint8)
    for k, mask in enumerate(scene(0)[1]):
        labels[mask] = k + 1
    Image.fromarray(labels).save(tmp_path / "masks" / "0.png")
    call = ["track", str(tmp_path / "clip.mp4"), "--masks", str(tmp_path / "masks"), "--to", str(tmp_path / "out")]
    assert run(*call) == 0
    assert f"through {COUNT}" in capsys.readouterr().out
    samples = list(formats.read(tmp_path / "out", "davis").samples)
    assert len(samples) == COUNT
    truth = Masks.encode(scene(COUNT - 1)[1])
    last = samples[-1].segments
    assert last.ids is not None
    assert min(last.masks.iou(truth).max(axis=0)) > 0.7
    for wrong, words in (
        (call[:2], "--masks"), (call, "not empty"), ([*call[:-1], str(tmp_path), "--overwrite"], "still needed"),
        ([*call[:3], str(tmp_path / "clip.mp4"), "--to", str(tmp_path / "o2")], "clip.mp4"),
    ):  # fmt: skip
        assert run(*wrong) != 0
        assert words in capsys.readouterr().err
    assert not (tmp_path / "o2").exists()
    assert run(*call, "--overwrite") == 0
    assert len(list(formats.read(tmp_path / "out", "davis").samples)) == COUNT


def test_each_second_frame_of_a_video_keeps_its_number(tmp_path) -> None:
    from maskwright import formats

    write_video(tmp_path / "clip.mp4")
    (tmp_path / "masks").mkdir()
    labels = np.zeros(SIZE, np.uint8)
    for place, mask in enumerate(scene(4)[1]):
        labels[mask] = place + 1
    Image.fromarray(labels).save(tmp_path / "masks" / "4.png")
    before = sorted(tmp_path.iterdir())
    with video.Frames.open(tmp_path / "clip.mp4", every=2) as frames:
        given = video.masks_of(tmp_path / "masks", frames)
        assert list(given) == [2]
        found = list(video.samples_of(frames, given, "classical"))
        assert sorted(tmp_path.iterdir()) == before
        Image.fromarray(labels).save(tmp_path / "masks" / "3.png")
        with pytest.raises(FormatError, match="no frame has this name; such as 000000"):
            video.masks_of(tmp_path / "masks", frames)
    assert [sample.key for sample in found] == [f"clip/{number:06d}" for number in range(0, COUNT, 2)]
    assert [sample.image.frame for sample in found] == list(range(0, COUNT, 2))
    assert {sample.image.video for sample in found} == {"clip"}
    assert found[3].image.uri == f"{tmp_path / 'clip.mp4'}#page=6"
    assert min(found[4].segments.masks.iou(Masks.encode(scene(8)[1])).max(axis=0)) > 0.7
    formats.write(found, video.CLASSES, tmp_path / "out", "coco", allow_loss=True)
    assert len(list((tmp_path / "out").rglob("*.png"))) == COUNT // 2


def test_frames_of_a_dataset_are_followed_in_the_video_itself(tmp_path) -> None:
    write_video(tmp_path / "clip.mp4")
    dataset = Dataset.create(tmp_path / "set", Classes([Class(1, "thing", "thing")]))
    given = known(0)
    with dataset.edit("frames") as edit:
        for number in range(COUNT):
            image = ImageRef(f"{tmp_path / 'clip.mp4'}#page={number}", SIZE, video="clip", frame=number)
            edit.add(Sample(f"clip/{number:06d}", image, given.get(number, Segments.none(SIZE))))
    done = video.track_dataset(dataset)
    assert (done.videos, done.labelled, done.suggested, done.set_aside) == (1, 1, COUNT - 1, ())


@pytest.mark.parametrize("place", [".", "../clip", "../clip/."])
def test_a_video_is_called_by_its_folder_wherever_one_stands(place, folder, tmp_path, monkeypatch) -> None:
    import shutil

    shutil.copytree(folder, tmp_path / "clip")
    monkeypatch.chdir(tmp_path / "clip")
    with video.Frames.open(place) as frames:
        first = next(iter(video.samples_of(frames, known(0), "classical")))
    assert first.key == "clip/00000"


def test_videos_of_a_dataset_get_suggestions_that_can_be_accepted(folder, tmp_path, capsys) -> None:
    dataset = Dataset.create(tmp_path / "set", Classes([Class(1, "thing", "thing")]))
    given = known(0)
    with dataset.edit("frames") as edit:
        for k in range(COUNT):
            image = ImageRef(str(folder / f"{k:05d}.png"), SIZE, video="clip", frame=k)
            edit.add(Sample(f"clip/{k:05d}", image, given.get(k, Segments.none(SIZE))))
    dataset.close()
    assert run(*["track", str(tmp_path / "set"), "--accept", "0.2"]) == 0
    said = capsys.readouterr().out
    assert "tracked 2 objects through 1 videos" in said
    with Dataset.open(tmp_path / "set") as dataset:
        sample = dataset["clip/00005"]
        assert set(sample.segments.source) == {"model"}
        assert {attribute["track"] for attribute in sample.segments.attributes} == {11, 12}
        assert sample.segments.masks.iou(Masks.encode(scene(5)[1])).max(axis=0).min() > 0.8
        assert set(dataset["clip/00000"].segments.source) != {"model"}  # what a person made stays
        assert "accept" in dataset.log()[0].message or "accept" in dataset.log()[-1].message
        # What was accepted is a suggestion still, not a label to learn from.
        again = video.track_dataset(dataset)
        assert again.labelled == 1
        assert min(fewshot.confidences(dataset, again.run).values()) >= 0
        with pytest.raises(UsageError, match="no video"):
            video.track_dataset(dataset.where("key = 'clip/00000'"))


def videos(folder, home, number: int = 3) -> Dataset:
    """A dataset of several videos, each labelled on its first frame."""
    dataset = Dataset.create(home / "set", Classes([Class(1, "thing", "thing")]))
    given = known(0)
    with dataset.edit("frames") as edit:
        for name in range(number):
            shutil.copytree(folder, home / f"v{name}")
            for k in range(COUNT):
                image = ImageRef(str(home / f"v{name}" / f"{k:05d}.png"), SIZE, video=f"v{name}", frame=k)
                edit.add(Sample(f"v{name}/{k:05d}", image, given.get(k, Segments.none(SIZE))))
    return dataset


def suggestions(dataset: Dataset, run: str) -> dict[int, tuple[Segments, float]]:
    from maskwright.runs import Run

    sure = fewshot.confidences(dataset, run)
    found = Run.open(dataset, run).predictions([(number, dataset.read([number])[0]) for number in sure])
    return {number: (segments, sure[number]) for number, segments in zip(sure, found, strict=True)}


KILLED = """
import os, signal, sys
from maskwright import video
from maskwright.store import Dataset
from maskwright.video import suggest

calls = iter(range(int(sys.argv[3])))
log = suggest.log_suggestion

def dies(*arguments):
    if next(calls, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    log(*arguments)

suggest.log_suggestion = dies
if __name__ == "__main__":
    with Dataset.open(sys.argv[1]) as dataset:
        video.track_dataset(dataset, dataset=dataset, workers=int(sys.argv[2]))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_tracking_goes_on_with_the_videos_it_lacks(folder, tmp_path, workers, monkeypatch) -> None:
    from maskwright.video import suggest

    with videos(folder, tmp_path) as dataset:
        whole = video.track_dataset(dataset)
        (tmp_path / "program.py").write_text(KILLED)
        half = COUNT - 1 + 4  # in the middle of the second video
        done = subprocess.run(
            [sys.executable, tmp_path / "program.py", dataset.place, str(workers), str(half)], check=False
        )
        assert done.returncode == -signal.SIGKILL
        before = next(iter(dataset.runs)).id
        tracked = []
        track = suggest.track
        monkeypatch.setattr(suggest, "track", lambda frames, *more, **options: tracked.append(frames.name)
                            or track(frames, *more, **options))  # fmt: skip
        again = video.track_dataset(dataset, dataset=dataset)
        assert again.run == before
        assert len(tracked) == 2, "one video was done"
        assert replace(again, run=whole.run, seconds=whole.seconds) == whole
        assert suggestions(dataset, again.run) == suggestions(dataset, whole.run)
        assert video.track_dataset(dataset, dataset=dataset).run != before, "it is done"


def test_a_video_that_cannot_be_tracked_is_set_aside(folder, tmp_path, capsys) -> None:
    with videos(folder, tmp_path, 2) as dataset:
        (tmp_path / "v0" / "00004.png").write_bytes(b"no image")
        for workers in (1, 2):
            done = video.track_dataset(dataset, workers=workers)
            assert [aside.key for aside in done.set_aside] == ["v0/00000"]
            assert "00004.png" in done.set_aside[0].reason
            assert (done.videos, done.suggested) == (2, COUNT - 1)
    assert run("track", str(tmp_path / "set"), "--workers", "2") == 0
    assert "set aside, because they could not be worked on: 1" in capsys.readouterr().out
    assert run("track", str(tmp_path / "v1"), "--masks", str(tmp_path), "--to", "x", "--workers", "2") == 2
    assert "one video is tracked by one process" in capsys.readouterr().err


def test_what_progress_raises_ends_a_tracking(folder, tmp_path) -> None:
    class StoppedError(Exception):
        pass

    def stop(numbers):
        for number in numbers:
            if number == 12:
                raise StoppedError
            yield number

    with videos(folder, tmp_path, 2) as dataset:
        for cut in (stop, lambda numbers: stop(range(12, 20))):
            with pytest.raises(StoppedError):
                video.track_dataset(dataset, progress=cut)
            assert next(iter(dataset.runs)).status == "interrupted"


# -- networks


HIERA = {
    "model_type": "sam2_hiera_det_model", "hidden_size": 8, "num_attention_heads": 1, "image_size": [64, 64],
    "blocks_per_stage": [1, 1, 2, 1], "embed_dim_per_stage": [8, 16, 32, 64],
    "num_attention_heads_per_stage": [1, 1, 2, 4], "window_size_per_stage": [8, 4, 4, 2],
    "global_attention_blocks": [3], "query_stride": [2, 2], "num_query_pool_stages": 3,
    "window_positional_embedding_background_size": [2, 2],
}  # fmt: skip
SMALL = {
    "memory_attention_hidden_size": 128, "memory_attention_num_layers": 1, "memory_attention_downsample_rate": 1,
    "memory_attention_mlp_hidden_size": 128, "memory_attention_feed_forward_hidden_size": 128,
    "memory_encoder_hidden_size": 128, "mask_downsampler_embed_dim": 128, "memory_fuser_embed_dim": 128,
    "memory_fuser_intermediate_dim": 128, "image_size": 64, "memory_attention_num_attention_heads": 1,
    "memory_attention_rope_feat_sizes": [4, 4],
}  # fmt: skip


def tiny(kind: str, home):
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    levels = [[16, 16], [8, 8], [4, 4]]
    if kind == "sam2":
        name, more = "Sam2Video", {}
        vision = {"backbone_config": HIERA, "backbone_channel_list": [64, 32, 16, 8]}
    else:
        name = "EdgeTamVideo"
        more = {
            "perceiver_resampler_num_latents": 16, "perceiver_resampler_num_latents_2d": 16,
            "memory_attention_rope_k_sizes": [4, 4], "perceiver_resampler_mlp_intermediate_size": 32,
        }  # fmt: skip
        wrapped = {
            "model_type": "timm_wrapper", "architecture": "repvit_m1.dist_in1k", "do_pooling": False, "num_classes": 2,
            "model_args": {"in_chans": 3, "features_only": True, "out_indices": (0, 1, 2, 3)},
        }  # fmt: skip
        vision = {
            "model_type": "edgetam_vision_model", "backbone_config": wrapped, "backbone_channel_list": [384, 192, 96, 48]
        }  # fmt: skip
    config = getattr(transformers, f"{name}Config")(
        vision_config=vision | {"fpn_hidden_size": 128, "backbone_feature_sizes": levels},
        prompt_encoder_config={"hidden_size": 128, "image_size": 64, "patch_size": 16},
        mask_decoder_config={"hidden_size": 128, "mlp_dim": 64, "iou_head_hidden_dim": 32}, **SMALL, **more,
    )  # fmt: skip
    model = getattr(transformers, f"{name}Model")(config).eval()
    with torch.no_grad():  # random networks see nothing anywhere; this one sees something everywhere
        for part, each in model.named_parameters():
            if "pred_obj_score_head" in part and part.endswith("proj_out.bias"):
                each.fill_(5.0)
    model.save_pretrained(home)
    return model


@pytest.mark.parametrize("kind", ["sam2", "edgetam"])
def test_networks_with_memory_follow(folder, tmp_path, kind) -> None:
    tiny(kind, tmp_path / kind)
    with video.Frames.open(folder) as frames:
        found = list(video.track(frames, known(2), kind, weights=str(tmp_path / kind)))
    assert [item.frame for item in found] == list(range(COUNT))
    assert all(item.segments.size == SIZE for item in found)
    assert all(np.isfinite(list(item.drift.values())).all() for item in found)


def test_sam2_follows_as_transformers_own_loop_does(folder, tmp_path) -> None:
    import torch
    import transformers

    model = tiny("sam2", tmp_path / "sam2")
    size = {"height": 64, "width": 64}
    processor = transformers.Sam2VideoProcessor(
        transformers.Sam2ImageProcessor(size=size), transformers.Sam2VideoVideoProcessor(size=size), target_size=64
    )
    images = [scene(k)[0] for k in range(5)]
    session = processor.init_video_session(video=images, inference_device="cpu")
    masks = list(scene(0)[1])
    processor.add_inputs_to_inference_session(inference_session=session, frame_idx=0, obj_ids=[1, 2], input_masks=masks)
    model(inference_session=session, frame_idx=0)
    expected = {}
    for out in model.propagate_in_video_iterator(session, start_frame_idx=0):
        expected[out.frame_idx] = out.pred_masks[:, 0]
    follower = video.load("sam2").load(weights=str(tmp_path / "sam2"))
    seen = []
    run = follower._run
    follower._run = lambda image: seen.append(run(image)) or seen[-1]
    follower.begin(images[0], Masks.encode(np.stack(masks)))
    for image in images[1:]:
        follower.step(image)
    for k in range(1, 5):
        assert torch.allclose(torch.from_numpy(seen[k][0]), expected[k], atol=1e-3), k


def test_the_memory_of_a_network_does_not_grow(folder, tmp_path) -> None:
    tiny("sam2", tmp_path / "sam2")
    follower = video.load("sam2").load(weights=str(tmp_path / "sam2"))
    image, masks = scene(0)
    follower.begin(image, Masks.encode(masks))
    for _ in range(40):
        follower.step(image)
    session = follower._session
    assert all(processed_frame is None for processed_frame in session.processed_frames.values())
    assert all(len(each["non_cond_frame_outputs"]) <= 18 for each in session.output_dict_per_obj.values())


def test_seggpt_rolls(folder, tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(0)
    config = transformers.SegGptConfig(
        hidden_size=32, num_hidden_layers=5, num_attention_heads=4, mlp_dim=64, image_size=[128, 64], patch_size=16,
        pretrain_image_size=64, decoder_hidden_size=16, merge_index=0, intermediate_hidden_state_indices=[1, 2, 3, 4],
    )  # fmt: skip
    transformers.SegGptForImageSegmentation(config).save_pretrained(tmp_path / "seggpt")
    follower = video.load("seggpt").load(weights=str(tmp_path / "seggpt"), memory=3, sure=0.0)
    image, masks = scene(0)
    follower.begin(image, Masks.encode(masks))
    for k in range(1, 5):
        found, drift = follower.step(scene(k)[0])
        assert len(found) == len(drift) == 2
    assert len(follower._shown) == 3
    with video.Frames.open(folder) as frames:
        out = list(video.track(frames, known(0), "seggpt", weights=str(tmp_path / "seggpt")))
    assert len(out) == COUNT
