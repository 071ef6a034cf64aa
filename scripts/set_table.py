"""Write docs/reference/sets.md from the entries of public sets; a test holds the two together.

python scripts/set_table.py
"""

import sys
from pathlib import Path

from maskwright import sets
from maskwright.cli.data import size_text
from maskwright.sets import USES, PublicSet

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "sets.md"

HEAD = """# Public sets

`maskwright data list` prints these, `maskwright data show NAME` everything that is known of one with the command that
imports it as it was downloaded, `maskwright data get NAME` fetches it where a plain download exists and its terms
allow that. In Python: `maskwright.sets`. This page is written by `python scripts/set_table.py`. Adding a set is
adding one file, `src/maskwright/sets/entries/NAME.toml`.

**Fetching.** Files are fetched into `FOLDER.download`, checked, and unpacked into `FOLDER`, which appears when all of
it is there. What was interrupted goes on with the same command, half files (`NAME.part`) too, where the server gives
parts of files; another file at the address is begun anew. A length or checksum (SHA-256, SHA-1, MD5) that is not the
published one stops it; nothing is removed then. Archives may hold files below their folder only, no links. Free disk
is looked at first. `--part` fetches a part of a large set. Proxies are taken from `https_proxy` and `http_proxy`.
Nothing but the addresses of the set is asked.

**Licences** are those that the publishers state, as far as public sources tell; read them on the set's page before
you rely on them. They are sorted into:

"""


def cell(found: PublicSet, field: str) -> str:
    value = getattr(found, field)
    if value in (None, ""):
        return "-"
    text = size_text(value) if field == "size" else f"{value:,}" if isinstance(value, int) else str(value)
    return (text + "?" * (field in found.unverified)).replace("|", "\\|")


def page() -> str:
    every = [sets.load(name) for name in sets.names()]
    parts = [HEAD, *(f"- **{use}**: {meaning}\n" for use, meaning in USES.items())]
    parts += ["\nA `?` marks what no public source confirmed.\n\n"]
    parts += ["| name | what | task | images | classes | size | licence | use | get | format |\n"]
    parts += ["|---|---|---|---|---|---|---|---|---|---|\n"]
    for found in every:
        cells = (
            f"[`{found.name}`]({found.home})", found.what.replace("|", "\\|"), ", ".join(found.tasks),
            *(cell(found, field) for field in ("images", "classes", "size", "licence")), found.use,
            "yes" if found.files else "by hand", ", ".join(f"`{name}`" for name in found.formats) or "none reads it",
        )  # fmt: skip
        parts.append(f"| {' | '.join(cells)} |\n")
    parts += ["\n## Commands\n\nFor each set, from a folder of its name. `NAMES` stands for the classes, which "]
    parts += ["`data show` writes out.\n\n"]
    for found in every:
        parts.append(f"**{found.name}**: {found.layout}\n\n")
        if found.commands:
            lines = [command.filled(found.name, f"{found.name}-dataset", ("NAMES",)) for command in found.commands]
            parts.append("```sh\n" + "\n".join(lines) + "\n```\n\n")
        if found.unread:
            parts.append(f"{'Not all of it is read' if found.commands else 'Not read as it is'}: {found.unread}\n\n")
    return "".join(parts).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
