"""Writes web/openapi.json, and from it the page's types: run after a change of the studio's routes or messages."""

import json
import subprocess
import tempfile
from pathlib import Path

from maskwright.store import Dataset
from maskwright.studio import Settings, create_app

WEB = Path(__file__).parents[1] / "web"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Dataset.create(folder) as dataset:
        schema = create_app(dataset, Settings("for the schema only")).app.openapi()
    (WEB / "openapi.json").write_text(json.dumps(schema, indent=1) + "\n")
    subprocess.run(["npx", "openapi-typescript", "openapi.json", "-o", "src/api/schema.ts"], cwd=WEB, check=True)


if __name__ == "__main__":
    main()
