"""Write docs/reference/commands.md from the program itself; a test holds the two together."""

from pathlib import Path

from typer.testing import CliRunner

from maskwright.cli import VERBS, build


def page() -> str:
    runner = CliRunner(env={"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"})
    parts = [
        "# Commands\n",
        "Printed by the program itself (`python scripts/command_help.py` writes this page).",
        "Exit codes: 0 done, 1 the work failed, 2 the call was wrong, 130 interrupted.",
        "With `--json`, results and errors are one object on standard output; see [errors](errors.md).",
        "What a setting takes: [settings](settings.md).\n",
    ]
    for verb in VERBS:
        text = runner.invoke(build(), [verb, "--help"], prog_name="maskwright").output
        lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
        parts.append(f"## maskwright {verb}\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    (Path(__file__).parents[1] / "docs" / "reference" / "commands.md").write_text(page())
