"""Write docs/reference/settings.md from the settings' annotations; a test holds the two together."""

from pathlib import Path

from maskwright.core import typed
from maskwright.train.settings import Settings, defaults, kinds

HEAD = """# Settings of a training

Written from the program itself (`python scripts/settings_page.py` writes this page).

A setting is an option of `maskwright train` (`--batch-size 8`), a line of a plan (`batch_size: 8`), something to
search (`maskwright sweep --search "batch_size=4|8"`) and an argument of `Settings(batch_size=8)`.
All four are read alike:

| what | is written |
|---|---|
| a number | `0.001`, `1e-3`; infinity and NaN are refused |
| a time | `20m`, `1h30m`, `90s`; a bare number is minutes |
| two sides | `64x96`, `64,96`, `[64, 96]`, `(64, 96)`; `64` is a square |
| yes or no | `yes`, `no`, `on`, `off`, `true`, `false`, `1`, `0`; on the command line `--turn` and `--no-turn` |
| nothing | `none`, `null`, or no value in a plan |
| a list | `a, b` or `[a, b]` |

A name that does not exist, one that is there twice and a value that does not fit are refused with file and line, or
option, and what is allowed.
"""


def page() -> str:
    rows = ["| setting | default | takes | meaning |", "|---|---|---|---|"]
    for name in Settings.names():
        kind, default = kinds()[name], defaults()[name]
        rows.append(f"| `{name}` | `{_shown(default)}` | {typed.words(kind)} | {typed.note(kind)} |")
    return f"{HEAD}\n{chr(10).join(rows)}\n"


def _shown(value: object) -> str:
    words = {None: "none", True: "yes", False: "no", (): "none"}
    if isinstance(value, bool) or value in (None, ()):
        return words[value]  # type: ignore[index]
    if isinstance(value, tuple):
        return ("x" if all(isinstance(part, int) for part in value) else ",").join(map(str, value))
    return str(value)


if __name__ == "__main__":
    (Path(__file__).parents[1] / "docs" / "reference" / "settings.md").write_text(page())
