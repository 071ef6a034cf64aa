"""Frames of videos by number, judged by PyAV's own reading from the first to the last."""

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from made_videos import CASES, UNEVEN, Made, make, own_reading, scene

from maskwright import media
from maskwright.errors import FormatError
from maskwright.media import pages, video_file
from maskwright.media.pages import video

av = pytest.importorskip("av")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A case -> its file, made once."""
    folder, files = tmp_path_factory.mktemp("videos"), {}

    def find(name: str) -> Path:
        if name not in files:
            case = next(case for case in CASES if case.name == name)
            if case.codec not in av.codecs_available:
                pytest.skip(f"this PyAV has no {case.codec}")
            files[name] = make(case, folder)
        return files[name]

    return find


def wanted(path: Path, rotation: int = 0) -> list[np.ndarray]:
    """PyAV's pixels, turned by NumPy."""
    names = {"gray16le": "gray16le", "gray": "gray", "yuva420p": "rgba", "yuv420p10le": "rgb48le"}
    return [
        np.rot90(frame.to_ndarray(format=names.get(frame.format.name, "rgb24")), rotation // 90)
        for frame in own_reading(path)
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_frame_in_any_order_is_the_one_that_pyav_comes_to(case: Made, made) -> None:
    path = made(case.name)
    frames = wanted(path, case.rotation)
    number, size = pages.shape(path)
    assert number == len(frames)
    assert number == case.count or case.cut < 1
    assert size == frames[0].shape[:2]
    about, image = media.describe(f"{path}#page=0"), media.read(f"{path}#page=0")
    found = image.size, image.channels, image.pixels.dtype.name, number
    assert (about.size, about.channels, about.dtype, about.pages) == found
    random = np.random.default_rng(0).permutation(number)
    for page in (*random, *range(number), *reversed(range(number)), *random):
        found = pages.read(path, int(page))
        assert found.dtype == frames[page].dtype
        assert np.array_equal(found, frames[page]), f"frame {page}"
    with pytest.raises(FormatError, match=f"has no frame {number}"):
        pages.read(path, number)


def test_frames_are_as_they_were_put_in(made) -> None:
    """Not PyAV's word alone: what was written without loss."""
    path = made("lossless.mkv")
    for number in (7, 0, 29):
        assert np.array_equal(media.read(f"{path}#page={number}").pixels, scene(number, (48, 64)))
    assert media.read(f"{made('gray16.mkv')}#page=3").pixels.dtype == np.uint16


@pytest.mark.parametrize("name", ["turned90.mp4", "turned180.mp4", "turned270.mov"])
def test_opencv_turns_frames_the_same_way(name: str, made) -> None:
    cv2 = pytest.importorskip("cv2")
    movie = cv2.VideoCapture(str(made(name)))
    _, first = movie.read()
    movie.release()
    found = media.read(f"{made(name)}#page=0").pixels
    assert found.shape == first.shape
    assert np.abs(found.astype(int) - first[..., ::-1]).mean() < 6


def with_matrix(folder: Path, *matrix: float) -> Path:
    """A video of two frames that states this display matrix's a, b, c and d."""
    path = make(Made("mirrored.mp4", "mpeg4", count=2), folder)
    raw = path.read_bytes()
    at = raw.index(b"tkhd") + 4 + 40  # version 0: the matrix stands behind 40 bytes
    first, second, third, fourth = (int(value * (1 << 16)) for value in matrix)
    stated = np.array([first, second, 0, third, fourth, 0, 0, 0, 1 << 30], ">i4").tobytes()
    path.write_bytes(raw[:at] + stated + raw[at + 36 :])
    return path


def test_mirrored_videos(tmp_path) -> None:
    plain = wanted(make(Made("mirrored.mp4", "mpeg4", count=2), tmp_path))[0]
    for matrix, mirrored in (
        ((-1, 0, 0, 1), plain[:, ::-1]), ((1, 0, 0, -1), plain[::-1]), ((0, 1, 1, 0), plain.swapaxes(0, 1)),
        ((0, -1, -1, 0), plain[::-1, ::-1].swapaxes(0, 1)), ((-1, 0, 0, -1), plain[::-1, ::-1]),
    ):  # fmt: skip
        folder = tmp_path / str(matrix)
        folder.mkdir()
        path = with_matrix(folder, *matrix)
        assert np.array_equal(pages.read(path, 0), mirrored), matrix
        assert pages.shape(path)[1] == mirrored.shape[:2]


def test_an_angle_that_is_not_a_quarter_turn_is_said(tmp_path) -> None:
    plain = wanted(make(Made("mirrored.mp4", "mpeg4", count=2), tmp_path))[0]
    path = with_matrix(tmp_path, 0.7071, 0.7071, -0.7071, 0.7071)
    assert np.array_equal(pages.read(path, 0), plain)
    assert "not one of quarter turns" in video_file.opened(path).notes[0]


def test_times_are_those_of_the_file(made) -> None:
    for name in ("uneven.mp4", "uneven.mkv", "uneven.webm"):
        clip = video_file.opened(made(name))
        assert clip.times == pytest.approx([time / 1000 for time in UNEVEN], abs=0.0006)
        assert clip.interval is None
    for name in ("h264.mp4", "mpeg4.avi", "hidden.webm"):
        clip = video_file.opened(made(name))
        assert clip.times == pytest.approx([number / 10 for number in range(30)])
        assert clip.interval == pytest.approx(0.1)
    assert video_file.opened(made("one.mp4")).interval is None


def test_what_is_worth_knowing_is_said(made) -> None:
    assert video_file.opened(made("h264.mp4")).notes == ()
    for name in ("cut.mp4", "cut.mkv", "cut.webm", "cut.avi", "cut_jpeg.avi"):
        notes = " ".join(video_file.opened(made(name)).notes)
        assert "its header says" in notes, name
    assert "packets cannot be decoded" in " ".join(video_file.opened(made("cut.mp4")).notes)
    assert "1.067 times as wide" in video_file.opened(made("wide_pixels.mp4")).notes[0]
    assert "turned" in video_file.opened(made("turned90.mp4")).notes[0]


@pytest.mark.parametrize("name", ["h264.mp4", "gray.avi", "gray16.mkv", "ten_bits.mkv", "alpha.mkv", "turned90.mp4"])
def test_what_a_frame_is_is_known_without_reading_it(name: str, made) -> None:
    about = video.describe(str(made(name)), 3)
    found = media.read(f"{made(name)}#page=3")
    assert (about.size, about.channels, about.dtype, about.pages) == (
        found.size, found.channels, found.pixels.dtype.name, 30,
    )  # fmt: skip
    assert about.notes == video_file.opened(made(name)).notes


def test_packets_are_counted_without_decoding_where_each_is_a_frame(made, monkeypatch) -> None:
    monkeypatch.setattr(video_file, "_by_decoding", lambda path: pytest.fail(f"{path} was decoded"))
    for name in ("b_frames.mp4", "open_gop.mkv", "vp9.webm", "jpeg.avi", "lossless.mkv"):
        assert len(video_file.VideoFile(str(made(name)))) == 30
    for name in ("hidden.webm", "mpeg4_b_frames.avi", "interlaced.mp4", "cut.mp4"):
        with pytest.raises(pytest.fail.Exception):
            len(video_file.VideoFile(str(made(name))))


def test_a_seek_that_leads_elsewhere_is_found_out(made, monkeypatch) -> None:
    """Key frames that are none: the index says that every frame is one."""
    path = made("one_key_frame.mp4")
    frames = wanted(path)
    index = video_file._indexed(str(path))
    index.keys[:] = range(30)
    decoder = video_file._Decoder(str(path), index)
    for number in (29, 12, 20, 3, 28, 0):
        assert np.array_equal(decoder.frame(number).to_ndarray(format="rgb24"), frames[number])
        decoder._passed.clear()
    decoder.close()


def test_reading_in_order_decodes_every_frame_once(made, monkeypatch) -> None:
    decoded = []
    real = video_file._decoded

    def counting(*given):
        for frame in real(*given):
            decoded.append(frame.pts)
            yield frame

    clip = video_file.VideoFile(str(made("b_frames.mp4")))
    len(clip)
    monkeypatch.setattr(video_file, "_decoded", counting)
    for number in range(30):
        clip.read(number)
    assert len(decoded) == 30
    clip.read(29)
    clip.read(28)
    assert len(decoded) == 30  # what was just passed is kept
    clip.close()
    decoded.clear()
    clip.read(25)
    assert len(decoded) < 6  # from the key frame 24, not from the beginning
    clip.close()


def test_threads_and_forked_processes_read_the_same_file(made) -> None:
    path = made("b_frames.mp4")
    frames = wanted(path)
    asked = [int(number) for number in np.random.default_rng(1).integers(0, 30, 200)]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda number: pages.read(path, number), asked))
    for number, pixels in zip(asked, found, strict=True):
        assert np.array_equal(pixels, frames[number])
    if "fork" in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context("fork").Pool(2) as processes:
            found = processes.starmap(pages.read, [(path, number) for number in asked])
        for number, pixels in zip(asked, found, strict=True):
            assert np.array_equal(pixels, frames[number])
    assert np.array_equal(pages.read(path, 11), frames[11])


def test_a_file_that_is_replaced_is_read_anew(tmp_path) -> None:
    path = make(Made("a.avi", "mjpeg", count=5, pixels="yuvj420p"), tmp_path)
    assert pages.shape(path) == (5, (48, 64))
    pages.read(path, 2)
    make(Made("a.avi", "mjpeg", count=7, size=(32, 32), pixels="yuvj420p"), tmp_path)
    os.utime(path, ns=(1, 1))
    assert pages.shape(path) == (7, (32, 32))
    assert pages.read(path, 6).shape == (32, 32, 3)


def test_more_videos_than_are_kept_open(tmp_path) -> None:
    files = [
        make(Made(f"{number}.avi", "ffv1", count=3, size=(16, 16 + 2 * number), pixels="bgr0"), tmp_path)
        for number in range(9)
    ]
    for page in (1, 0, 2):
        for number, path in enumerate(files):
            assert np.array_equal(pages.read(path, page), scene(page, (16, 16 + 2 * number)))
    opened = [video_file.opened(path)._idle for path in files]
    assert sum(len(idle) for idle in opened) <= video_file._OPEN * video_file._DECODERS


def _with_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac" if path.suffix == ".mp4" else "libvorbis", rate=8000)
        stream.layout = "mono"
        for start in range(0, 8192, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _without_frames(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    return path


def test_files_without_frames_are_one_sentence(tmp_path, made) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mkv").write_text("no video at all\n" * 50)
    (tmp_path / "head.mp4").write_bytes(made("h264.mp4").read_bytes()[:2000])  # what says where frames are is cut off
    for path, words in (
        (tmp_path / "empty.mp4", "not a readable video"), (tmp_path / "text.mkv", "not a readable video"),
        (tmp_path / "head.mp4", "not a readable video"), (_with_sound(tmp_path / "sound.mp4"), "holds no video, only audio"),
        (_without_frames(tmp_path / "none.avi"), "the video holds no frame"), (tmp_path / "gone.mp4", "not there"),
    ):  # fmt: skip
        with pytest.raises(FormatError, match=words) as caught:
            pages.shape(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_frames_behind_a_gap_are_counted_not_sought(tmp_path) -> None:
    """AVI counts times: where the head of a packet is gone, a seek past it would count one frame more."""
    path = make(Made("jpeg.avi", "mjpeg", pixels="yuvj420p"), tmp_path)
    with av.open(str(path)) as container:
        broken = [packet for packet in container.demux(video=0) if packet.size][7]
        begin, size = broken.pos, broken.size
    raw = bytearray(path.read_bytes())
    raw[begin + 8 : begin + size + 8] = bytes(size)  # the next packet's head with it
    path.write_bytes(raw)
    frames = wanted(path)
    assert pages.shape(path)[0] == len(frames) == 28
    for number in (27, 3, 20, 9, 0, 26, 8):
        assert np.array_equal(pages.read(path, number), frames[number])


def test_a_frame_that_is_damaged_is_refused(tmp_path) -> None:
    """PyAV marks frames that were patched together; which bytes lead to one is tried."""
    path = make(Made("a.mkv"), tmp_path)
    whole = path.read_bytes()
    for seed in range(40):
        raw = bytearray(whole)
        for place in np.random.default_rng(seed).integers(len(raw) // 3, 2 * len(raw) // 3, 12):
            raw[place] ^= 0xFF
        path.write_bytes(raw)
        marked = {frame.pts for frame in own_reading(path) if frame.is_corrupt}
        if marked:
            break
    else:
        pytest.skip("this PyAV marks no frame")
    clip = video_file.VideoFile(str(path))
    refused = []
    for number, stamp in enumerate(clip._index.stamps):
        try:
            clip.read(number)
        except FormatError as error:
            assert f"frame {number} is damaged" in str(error) or "cannot be decoded" in str(error)
            refused.append(stamp)
    assert marked & set(refused)


def test_an_image_that_stands_for_music_is_not_a_video(tmp_path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        sound, cover = container.add_stream("aac", rate=8000), container.add_stream("mjpeg", rate=1)
        sound.layout = "mono"
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(scene(0, (48, 64)), format="rgb24")))
        container.mux(cover.encode())
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    with pytest.raises(FormatError, match="holds no video"):
        pages.shape(path)


def test_a_codec_that_nobody_knows_is_one_sentence(tmp_path) -> None:
    path = make(Made("a.avi", "mjpeg", count=2, pixels="yuvj420p"), tmp_path)
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"Q9Z7"))
    with pytest.raises(FormatError, match=r"a\.avi: holds a video of a kind that PyAV cannot decode"):
        pages.shape(path)


def test_a_frame_that_is_broken_leaves_the_others_their_numbers(tmp_path) -> None:
    path = make(Made("jpeg.avi", "mjpeg", pixels="yuvj420p"), tmp_path)
    frames = wanted(path)
    with av.open(str(path)) as container:
        broken = [packet for packet in container.demux(video=0) if packet.size][7]
        begin, size = broken.pos, broken.size
    raw = bytearray(path.read_bytes())
    raw[begin + 8 : begin + size] = bytes(size - 8)
    path.write_bytes(raw)
    with pytest.raises(FormatError, match="frame 7 cannot be decoded"):
        pages.read(path, 7)
    for number in (6, 8, 29):
        assert np.array_equal(pages.read(path, number), frames[number])
    assert pages.shape(path)[0] == 30
