"""Drawn figures: what they count and show, and that the same figure is the same file."""

import math
import re
from io import BytesIO

import numpy as np
import pytest

pytest.importorskip("matplotlib")
import matplotlib as mpl
from PIL import Image

from maskwright.errors import UsageError
from maskwright.figures import bars, confusion_matrix, curves, drawing, weight_histograms
from maskwright.figures.confusion_matrix import shares


def words(figure) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", drawing.svg(figure, letters=True))


def test_counts_are_those_of_numpy() -> None:
    values = np.random.default_rng(1).normal(size=(4, 50))
    values[0, :3] = np.nan, np.inf, -np.inf
    found = weight_histograms.counted("layer.weight", values, 17)
    counts, edges = np.histogram(values[np.isfinite(values)], 17)
    assert found.counts.tolist() == counts.tolist()
    assert found.edges.tolist() == edges.tolist()
    assert found.not_finite == 3
    assert found.mean == values[np.isfinite(values)].mean()
    figure = weight_histograms.weight_histograms({"layer": [found]}, title="a file")
    drawn = figure.axes[0].patches[0].get_data()
    assert drawn.values.tolist() == counts.tolist()
    assert drawn.edges.tolist() == edges.tolist()
    assert "3 not finite" in words(figure)


def test_a_histogram_of_nothing_finite() -> None:
    found = weight_histograms.counted("w", [math.nan], 4)
    assert found.counts.tolist() == [0, 0, 0, 0]
    assert math.isnan(found.mean)
    assert "there are no layers" in words(weight_histograms.weight_histograms({}))
    with pytest.raises(UsageError, match="0 bars"):
        weight_histograms.counted("w", [1.0], 0)


def test_shares_of_a_confusion_matrix() -> None:
    counts = np.array([[8, 2, 0], [1, 2, 1], [0, 0, 0]]).T.copy()
    counts = np.concatenate([counts, np.array([[0], [2], [0]])], axis=1)  # two pixels without a prediction
    rows, columns, table = shares(counts, ["a", "b", "c"])
    assert rows == ["a", "b", "c"]
    assert columns == ["a", "b", "c", "nothing"]
    assert np.allclose(table, counts / counts.sum(axis=1, keepdims=True))
    assert np.isnan(shares(np.array([[1, 0], [0, 0]]), ["a", "b"])[2][1]).all()
    with pytest.raises(UsageError, match=r"\(2, 2\) for 3 names"):
        shares(np.zeros((2, 2), int), ["a", "b", "c"])


def test_small_classes_share_a_row() -> None:
    counts = np.diag(np.arange(1, 31) * 10)
    counts[0, 29] = 10
    rows, columns, table = shares(counts, [f"class {k}" for k in range(30)], most=5)
    assert rows == columns == ["class 26", "class 27", "class 28", "class 29", "26 others"]
    left = counts[:26].sum()
    assert table[4].tolist() == [0, 0, 0, 10 / left, (left - 10) / left]
    assert "26 others" in words(confusion_matrix.confusion_matrix(counts, [f"class {k}" for k in range(30)], most=5))


def test_curves_have_gaps_and_names_as_they_are() -> None:
    figure = curves.curves({"_first $x$": [(1, 0.5), (2, math.nan), (3, 0.25)], "none": [(1, math.nan)]})
    (line,) = figure.axes[0].get_lines()
    assert line.get_xdata().tolist() == [1, 2, 3]
    assert np.isnan(line.get_ydata()[1])
    both = curves.curves({"_first $x$": [(1, 0.5)], "b": [(1, 0.7)]})
    assert {"_first $x$", "b"} <= {word.strip() for word in words(both)}
    assert words(curves.curves({})) == ["nothing was logged"]


def test_bars_are_as_long_as_the_values_and_say_what_is_missing() -> None:
    figure = bars.bars({"a": {"car": 0.8, "tree": None}, "b": {"car": 0.5}}, intervals={"a": {"car": (0.7, 0.9)}})
    axes = figure.axes[0]
    assert [patch.get_width() for patch in axes.patches] == [0.8, 0.0, 0.5, 0.0]
    assert axes.get_lines()[0].get_xdata().tolist() == [0.7, 0.9]
    assert words(figure).count("-") == 2
    assert "there is nothing to show" in words(bars.bars({}))


def test_occurrences() -> None:
    edges, counts = np.array([1.0, 10, 100]), np.array([3, 4])
    assert bars.occurrences(edges, counts, logarithmic=True).axes[0].patches[0].get_data().values.tolist() == [3, 4]
    assert "there is nothing to count" in words(bars.occurrences(edges, np.zeros(2, int)))
    with pytest.raises(UsageError, match="an edge more"):
        bars.occurrences(edges, np.zeros(3, int))


def test_the_same_figure_is_the_same_file_whatever_the_settings_are() -> None:
    def drawn() -> tuple[str, str, bytes]:
        figure = curves.curves({"a": [(k, k * k) for k in range(60)]}, title="a curve")
        return drawing.svg(figure), drawing.svg(figure, letters=True), drawing.png(figure)

    before = drawn()
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": "other"}):
        assert drawn() == before
        assert mpl.rcParams["font.size"] == 30
    svg, _, png = before
    assert "<dc:date>" not in svg
    assert "a curve" not in re.sub(r"<!--.*?-->", "", svg)  # its letters are drawn
    image = Image.open(BytesIO(png))
    assert set(image.info) <= {"dpi", "Software"}
    assert image.size[0] == round(4.6 * 144)


def test_a_file_is_what_its_name_says() -> None:
    figure = curves.curves({"a": [(1, 1.0)]})
    assert drawing.encoded(figure, "x.PNG").startswith(b"\x89PNG")
    assert b"<svg" in drawing.encoded(figure, "x.svg")
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        drawing.encoded(figure, "x.pdf")
