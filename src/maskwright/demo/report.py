"""One self-contained HTML page: figures, curves, images."""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskwright.core.arrays import U8

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fbfbfa}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #ddd}
table{border-collapse:collapse}td,th{padding:.2rem .9rem .2rem 0;text-align:left}td.n{text-align:right;font-variant-numeric:tabular-nums}
figure{display:inline-block;margin:.5rem 1rem .5rem 0}figcaption{font-size:.85rem;color:#555}img{display:block;border-radius:3px}
.row{display:flex;flex-wrap:wrap}.swatch{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}
code{background:#eee;padding:0 .25em;border-radius:3px}
"""


def page(title: str, intro: str, sections: Sequence[tuple[str, str]]) -> str:
    body = "".join(f"<h2>{html.escape(name)}</h2>{content}" for name, content in sections)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1><p>{html.escape(intro)}</p>{body}</html>"
    )


def table(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> str:
    head = "".join(f"<th>{html.escape(name)}" for name in header)
    body = "".join("<tr>" + "".join(_cell(value) for value in row) for row in rows)
    return f"<table><tr>{head}{body}</table>"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"<td class=n>{value:.4f}" if value == value else "<td class=n>–"
    return f"<td class=n>{value}" if isinstance(value, int) else f"<td>{html.escape(str(value))}"


def image(pixels: U8, caption: str, scale: float = 1.0) -> str:
    """pixels: (H, W, 3) uint8."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    size = f'width="{round(pixels.shape[1] * scale)}" height="{round(pixels.shape[0] * scale)}"'
    alt = html.escape(caption)
    return f'<figure><img {size} alt="{alt}" src="data:image/png;base64,{data}"><figcaption>{alt}</figcaption></figure>'


def legend(names: Sequence[str], colours: Any) -> str:
    return "<p>" + "&ensp;".join(
        f'<span class=swatch style="background:rgb({r},{g},{b})"></span>{html.escape(name)}'
        for name, (r, g, b) in zip(names, colours.tolist(), strict=True)
    )


def curve(name: str, points: Sequence[tuple[int, float]], width: int = 420, height: int = 170) -> str:
    """A line chart with its range written at the axes."""
    if len(points) < 2:
        return ""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min(ys), max(ys)
    span = (high - low) or 1.0
    left, bottom = 52, 24
    inner_width, inner_height = width - left - 10, height - bottom - 24
    line = " ".join(
        f"{left + (x - xs[0]) / max(xs[-1] - xs[0], 1) * inner_width:.1f},{20 + (high - y) / span * inner_height:.1f}"
        for x, y in points
    )
    base = 20 + inner_height
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="{html.escape(name)}" font-size="11" fill="#555">'
        f'<text x="{left}" y="13" font-weight="600" fill="#1c2430">{html.escape(name)}</text>'
        f'<text x="{left - 6}" y="25" text-anchor="end">{high:.3g}</text>'
        f'<text x="{left - 6}" y="{base}" text-anchor="end">{low:.3g}</text>'
        f'<text x="{left}" y="{base + 16}">step {xs[0]}</text>'
        f'<text x="{width - 10}" y="{base + 16}" text-anchor="end">{xs[-1]}</text>'
        f'<path d="M{left},20V{base}H{width - 10}" stroke="#ccc" fill="none"/>'
        f'<polyline points="{line}" fill="none" stroke="#2864c8" stroke-width="1.8"/></svg>'
    )


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def lines(items: Sequence[str] | Mapping[str, Any]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(str(item))}" for item in items) + "</ul>"
