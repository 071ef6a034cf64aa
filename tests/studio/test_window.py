"""Images of every kind as the studio shows them, by the dataset's window and by a view's own."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

pytest.importorskip("fastapi")
cv2 = pytest.importorskip("cv2")
tifffile = pytest.importorskip("tifffile")
from studio_client import client_of

from maskwright import media
from maskwright.core.classes import Class, Classes
from maskwright.core.sample import ImageRef, Sample
from maskwright.core.segments import Segments
from maskwright.media import tiles
from maskwright.media.windows import Window
from maskwright.store import Dataset

pytestmark = pytest.mark.filterwarnings("ignore")
SIZE = (60, 80)


def ramp(low: float, high: float, dtype: type, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.linspace(low, high, size[0] * size[1]).reshape(size).astype(dtype)


def colours() -> np.ndarray:
    """Four quarters: red, green, blue, white."""
    image = np.zeros((*SIZE, 3), np.uint8)
    image[:30, :40], image[:30, 40:], image[30:, :40], image[30:, 40:] = (
        (250, 10, 10), (10, 250, 10), (10, 10, 250), (240, 240, 240),
    )  # fmt: skip
    return image


def sample_of(place: str, size: tuple[int, int] | None = None) -> Sample:
    size = media.image_size(place) if size is None else size
    return Sample(Path(place.partition("#")[0]).name, ImageRef(place, size), Segments.none(size))


def dataset_of(folder: Path, *samples: Sample) -> Dataset:
    dataset = Dataset.create(folder / "set", Classes([Class(1, "thing", "thing")]))
    with dataset.edit("images") as edit:
        for sample in samples:
            edit.add(sample)
    return dataset


def seen(answer) -> np.ndarray:
    """(H, W, 3) as a browser shows the bytes that came."""
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)


def write(folder: Path, name: str) -> str:
    """An image of some kind -> its URI."""
    path = folder / name
    plain = Image.fromarray(colours())
    match name:
        case "gray16.png" | "gray16.tif":
            Image.fromarray(ramp(300, 4000, np.uint16)).save(path)
        case "float.npy":
            np.save(path, np.stack([ramp(-1, 1, np.float32), ramp(0, 0.5, np.float32)]))
            return f"{path}#page=1"
        case "stack.tif":
            pages = [Image.fromarray(ramp(0, high, np.uint16)) for high in (500, 60_000)]
            pages[0].save(path, save_all=True, append_images=pages[1:])
            return f"{path}#page=1"
        case "colours16.png":
            deep = (colours().astype(np.uint16) * 257)[..., ::-1]  # OpenCV's order
            assert cv2.imwrite(str(path), deep)
        case "bands.tif":
            bands = np.stack([ramp(0, high, np.float32) for high in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)])
            tifffile.imwrite(path, bands, photometric="minisblack", planarconfig="separate")
        case "alpha.png":
            plain.putalpha(Image.fromarray(ramp(0, 255, np.uint8)))
            plain.save(path)
        case "palette.png":
            plain.quantize(16).save(path)
        case "clear.png":
            plain.quantize(16).save(path, transparency=0)
        case "bits.png":
            Image.fromarray(colours()[..., 0]).convert("1").save(path)
        case "cmyk.jpg":
            plain.convert("CMYK").save(path, quality=95)
        case "moving.webp":
            plain.save(path, save_all=True, append_images=[plain.rotate(180)], lossless=True)
        case "moving.png":
            plain.save(path, save_all=True, append_images=[plain.rotate(180)], default_image=False)
        case "icc.jpg":
            profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
            plain.save(path, quality=95, icc_profile=profile)
        case "turned.jpg" | "turned.png" | "turned.webp":
            exif = Image.Exif()
            exif[274] = 6
            plain.save(path, exif=exif)
        case _:
            plain.save(path, **({"quality": 95} if name.endswith("jpg") else {}))
    return str(path)


OWN = ("plain.jpg", "plain.png", "plain.webp", "palette.png", "bits.png", "icc.jpg", "turned.jpg")
MADE = (
    "gray16.png", "gray16.tif", "float.npy", "stack.tif", "alpha.png", "clear.png", "cmyk.jpg", "moving.webp",
    "moving.png", "colours16.png", "bands.tif", "turned.png", "turned.webp", "plain.bmp", "plain.tif",
)  # fmt: skip


@pytest.mark.parametrize("name", [*OWN, *MADE])
def test_every_kind_of_image_is_shown_as_it_is_displayed(tmp_path, name) -> None:
    place = write(tmp_path, name)
    with dataset_of(tmp_path, sample_of(place)) as dataset:
        page = client_of(dataset)
        answer = page.get("/api/images/1/pixels")
        truth = media.read(place).display(dataset.window).astype(int)
        close = abs(seen(answer) - truth)
        assert close.max() <= (40 if name == "cmyk.jpg" else 3)
        small = seen(page.get("/api/images/1/thumbnail"))
        assert small.shape == truth.shape
        assert abs(small - truth).mean() < 8
        assert (answer.content == Path(place.partition("#")[0]).read_bytes()) == (name in OWN)


def test_a_sample_of_the_stored_rasters_size_is_shown_as_its_labels_lie(tmp_path) -> None:
    place = write(tmp_path, "turned.jpg")
    assert media.image_size(place) == (80, 60)
    with dataset_of(tmp_path, sample_of(place, SIZE)) as dataset:
        page = client_of(dataset)
        for path in ("pixels", "thumbnail"):
            shown = seen(page.get(f"/api/images/1/{path}"))
            assert shown.shape == (*SIZE, 3)
            assert abs(shown[15, 20] - colours()[0, 0]).max() < 25  # red is where the file has it


@pytest.mark.parametrize("orientation", range(1, 9))
def test_large_turned_jpegs_are_turned_in_their_small_ones_too(tmp_path, orientation) -> None:
    large = Image.fromarray(colours()).resize((1700, 1400), Image.Resampling.NEAREST)
    exif = Image.Exif()
    exif[274] = orientation
    large.save(tmp_path / "large.jpg", exif=exif, quality=90)
    place = str(tmp_path / "large.jpg")
    truth = ImageOps.exif_transpose(Image.open(place)).convert("RGB")
    size = (truth.height, truth.width)
    assert tiles._eighth(place, size) is not None
    small = np.asarray(Image.open(io.BytesIO(tiles.thumbnail(place, size)))).astype(int)
    again = np.asarray(truth.resize((small.shape[1], small.shape[0]))).astype(int)
    assert abs(small - again).mean() < 6
    stored = np.asarray(Image.open(io.BytesIO(tiles.thumbnail(place, (1400, 1700))))).astype(int)
    if orientation >= 5:
        assert abs(stored[20, 20] - colours()[0, 0]).max() < 30  # labels that lie on the stored raster


def test_a_view_has_a_window_of_its_own_and_disturbs_nobody(tmp_path) -> None:
    path = tmp_path / "a.png"
    pixels = ramp(0, 4000, np.uint16)
    Image.fromarray(pixels).save(path)
    with dataset_of(tmp_path, sample_of(str(path))) as dataset:
        page = client_of(dataset)
        before = seen(page.get("/api/images/1/pixels"))
        own = seen(page.get("/api/images/1/pixels?low=1000&high=2000"))
        truth = np.clip((pixels.astype(float) - 1000) * 255 / 1000, 0, 255).round()
        assert (own == truth[..., None]).all()
        rough = page.get("/api/images/1/pixels?low=1000&high=2000&rough=true")
        assert rough.headers["content-type"] == "image/jpeg"
        assert rough.headers["cache-control"] == "no-store"
        assert abs(seen(rough) - truth[..., None]).mean() < 2
        small = seen(page.get("/api/images/1/thumbnail?low=1000&high=2000"))
        assert abs(small - truth[..., None]).mean() < 3
        assert (seen(page.get("/api/images/1/pixels")) == before).all()
        for wrong in ("low=1", "high=1", "low=5&high=5", "low=a&high=3", "low=nan&high=3", "low=1&high=2&channels=0.5",
                      "low=1&high=2&channels=1,2", "channels=0", "low=1,2&high=3,4", "low=&high="):  # fmt: skip
            answer = page.get(f"/api/images/1/pixels?{wrong}")
            assert answer.status_code == 400, wrong
            assert (
                "window" in answer.json()["detail"]
                or "number" in answer.json()["detail"]
                or "channel" in answer.json()["detail"]
            )


def test_a_window_for_everybody_is_saved_and_heard_of(tmp_path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(ramp(0, 4000, np.uint16)).save(path)
    with dataset_of(tmp_path, sample_of(str(path))) as dataset:
        page, other = client_of(dataset), client_of(dataset)
        first = page.get("/api/window").json()
        assert first["deep"] is True
        assert first["window"]["eight_bits"] is False
        assert "percentiles" in first["window"]["origin"]
        beat = {"tab": "abcd"}
        assert other.post("/api/images/1/present", json=beat).json()["window"] == first["token"]
        revision = dataset.revision
        wish = {"window": {"low": [100], "high": [200], "channels": [], "origin": "by hand"}}
        second = page.put("/api/window", json=wish).json()
        assert second["token"] != first["token"]
        assert other.post("/api/images/1/present", json=beat).json()["window"] == second["token"]
        assert dataset.window == Window((100,), (200,), origin="by hand")
        assert dataset.revision == revision  # display is not data
        assert (
            seen(other.get("/api/images/1/pixels")) == seen(other.get("/api/images/1/pixels?low=100&high=200"))
        ).all()
        thumbs = [seen(other.get(f"/api/images/1/thumbnail?{part}")) for part in ("", "low=0&high=4000")]
        assert abs(thumbs[0] - thumbs[1]).max() > 100  # the small ones follow
        third = page.put("/api/window", json={"window": None}).json()
        assert third["token"] == first["token"]
        assert page.put("/api/window", json={"window": {"low": [3], "high": [1]}}).status_code == 400
        assert page.put("/api/window", json={"window": {"low": [], "high": []}}).status_code == 422
        assert dataset.window == Window.from_json(third["window"])
    with Dataset.open(tmp_path / "set", read_only=True) as locked:
        page = client_of(locked)
        assert page.get("/api/window").json() == third
        assert page.put("/api/window", json=wish).status_code == 422


def test_images_that_come_later_leave_the_window_as_it_was(tmp_path) -> None:
    for name, high in (("a", 4000), ("b", 60_000)):
        Image.fromarray(ramp(0, high, np.uint16)).save(tmp_path / f"{name}.png")
    with dataset_of(tmp_path, sample_of(f"{tmp_path}/a.png")) as dataset:
        page = client_of(dataset)
        before = page.get("/api/window").json()
        with dataset.edit("more") as edit:
            edit.add(sample_of(f"{tmp_path}/b.png"))
        assert page.get("/api/window").json() == before


def test_a_folder_of_eight_bits_has_no_window_until_somebody_wants_it(tmp_path) -> None:
    place = write(tmp_path, "plain.png")
    with dataset_of(tmp_path, sample_of(place)) as dataset:
        page = client_of(dataset)
        assert page.get("/api/window").json() == {"window": None, "token": "", "deep": False}
        measured = page.get("/api/window/measured?low=0&high=100").json()
        assert (measured["low"], measured["high"], measured["eight_bits"]) == ([10], [250], True)
        assert page.get("/api/window/measured?low=9&high=3").status_code == 400
        page.put("/api/window", json={"window": {"low": [0], "high": [100]}})
        shown = seen(page.get("/api/images/1/pixels"))
        assert (shown == np.clip(colours().astype(float) * 2.55, 0, 255).round()).all()
        assert page.put("/api/window", json={"window": None}).json()["window"] is None
        assert page.get("/api/images/1/pixels").content == Path(place).read_bytes()


def test_numbers_of_an_image_and_of_a_pixel(tmp_path) -> None:
    ct = ramp(-1000, 1200, np.int16)
    np.save(tmp_path / "ct.npy", ct)
    holes = ramp(0, 1, np.float32)
    holes[0, 0], holes[0, 1] = np.nan, np.inf
    np.save(tmp_path / "holes.npy", holes)
    spiked = ramp(100, 200, np.uint16)
    spiked[5, 7] = 65_535
    Image.fromarray(spiked).save(tmp_path / "spiked.png")
    places = [f"{tmp_path}/ct.npy#page=0", f"{tmp_path}/holes.npy#page=0", f"{tmp_path}/spiked.png"]
    with dataset_of(tmp_path, *map(sample_of, places)) as dataset:
        page = client_of(dataset)
        found = [page.get(f"/api/images/{number}/numbers").json() for number in (1, 2, 3)]
        assert [found[0][part] for part in ("low", "high", "least", "greatest")] == [-1000, 1200, -32768, 32767]
        about = page.get("/api/images/1/description").json()
        assert about == {"channels": ["gray"], "dtype": "int16", "notes": []}
        names = [{preset["name"]: (preset["low"], preset["high"]) for preset in row["presets"]} for row in found]
        assert names[0]["this image"] == (-1000, 1200)
        assert names[0]["all of int16"] == (-32768, 32767)
        assert names[0]["soft tissue"] == (-150, 250)
        assert "soft tissue" not in names[1]
        assert "soft tissue" not in names[2]
        counts = found[0]["counts"][0]
        assert sum(counts) > 0.99 * ct.size
        assert max(counts[:-1]) - min(counts[:-1]) <= 2  # a ramp: bins of whole numbers are as full as each other
        assert found[1]["high"] == 1
        assert found[2]["high"] == 65_535
        assert found[2]["last"] < 300  # the histogram is of the many, not of the one
        assert page.get("/api/images/3/values?x=7&y=5").json() == {"channels": ["gray"], "values": [65_535]}
        assert page.get("/api/images/2/values?x=0&y=0").json()["values"] == [None]
        assert page.get("/api/images/2/values?x=1&y=0").json()["values"] == [None]
        for wrong in ("x=-1&y=0", "x=80&y=0", "x=0&y=60"):
            assert page.get(f"/api/images/1/values?{wrong}").status_code == 400
        assert page.get("/api/images/1/numbers?channels=1").status_code == 400
        measured = page.get("/api/window/measured?low=0&high=100").json()
        assert (measured["low"], measured["high"]) == ([-1000], [65_535])


def test_another_window_decodes_nothing(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(ramp(0, 4000, np.uint16)).save(path)
    with dataset_of(tmp_path, sample_of(str(path))) as dataset:
        page = client_of(dataset)
        page.get("/api/images/1/pixels")
        read: list[object] = []
        true = tiles.read
        monkeypatch.setattr(tiles, "read", lambda *given, **more: read.append(given) or true(*given, **more))
        for low in range(5):
            page.get(f"/api/images/1/pixels?low={low}&high=100")
        page.get("/api/images/1/values?x=1&y=1")
        page.get("/api/images/1/numbers")
        assert not read
        Image.fromarray(ramp(0, 4000, np.uint16)[::-1]).save(path)
        os.utime(path, ns=(1, 1))
        assert page.get("/api/images/1/values?x=79&y=0").json()["values"] == [4000]  # a file that was replaced is read


def test_tiles_of_deep_images_have_windows_too(tmp_path) -> None:
    pixels = ramp(0, 40_000, np.uint16, (4001, 4003))
    path = tmp_path / "large.tif"
    Image.fromarray(pixels).save(path)
    with dataset_of(tmp_path, sample_of(str(path))) as dataset:
        page = client_of(dataset)
        for level in (0, 1, 2):
            answer = page.get(f"/api/images/1/tiles/{level}/0/1?low=5000&high=25000")
            step = 2**level
            part = pixels[512 * step : 1024 * step : step, : 512 * step : step].astype(float)
            truth = np.clip((part - 5000) * 255 / 20_000, 0, 255)[: seen(answer).shape[0], : seen(answer).shape[1]]
            assert abs(seen(answer) - truth[..., None]).max() < 6
        assert page.get("/api/images/1/values?x=4002&y=4000").json()["values"] == [40_000]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64])
def test_halves_are_means_in_the_images_own_numbers(dtype) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.uniform(0, 250, (7, 10, 4)).astype(dtype)
    half = tiles.halved(pixels)
    assert half.dtype == dtype
    assert half.shape == (4, 5, 4)
    truth = pixels[:6].astype(float).reshape(3, 2, 5, 2, 4).mean(axis=(1, 3))
    assert abs(half[:3].astype(float) - truth).max() <= (0.5001 if np.dtype(dtype).kind in "iu" else 1e-4)
    assert abs(half[3, 0, 0] - pixels[6, :2, 0].astype(float).mean()) <= 0.5001
    if np.dtype(dtype).kind == "f":
        pixels[0, 0, 0], pixels[0, 1, 0] = np.nan, np.inf
        pixels[2:4, 2:4] = np.nan
        half = tiles.halved(pixels)
        assert half[0, 0, 0] == pytest.approx(pixels[1, :2, 0].mean())
        assert np.isnan(half[1, 1]).all()


def test_six_bands_are_measured_and_displayed_by_number(tmp_path) -> None:
    place = write(tmp_path, "bands.tif")
    with dataset_of(tmp_path, sample_of(place)) as dataset:
        page = client_of(dataset)
        assert len(page.get("/api/images/1/description").json()["channels"]) == 6
        measured = page.get("/api/window/measured?low=0&high=100&channels=5,3,1").json()
        assert measured["channels"] == [5, 3, 1]
        assert measured["high"] == pytest.approx([0.6, 0.4, 0.2])
        shown = seen(page.get("/api/images/1/pixels?low=0&high=0.6&channels=5,3,1"))
        truth = tifffile.imread(place)[[5, 3, 1]].transpose(1, 2, 0) * 255 / 0.6
        assert abs(shown - truth).max() <= 0.51
        numbers = page.get("/api/images/1/numbers?channels=5,3,1").json()
        assert len(numbers["counts"]) == 3
        assert numbers["high"] == pytest.approx(0.6)
        values = page.get("/api/images/1/values?x=79&y=59").json()["values"]
        assert values == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])


def test_a_window_of_channels_that_an_image_lacks_leaves_them_to_it() -> None:
    image = media.Image(ramp(0, 100, np.uint16)[..., None], ("gray",))
    shown = tiles.displayed(image, Window((0, 0, 0), (100, 200, 300), (5, 3, 1)))
    assert shown.shape == SIZE
    assert shown.max() == 255
