"""Install the lowest versions that pyproject.toml allows into an environment of their own, and run the tests there.

python scripts/lowest_versions.py [--newest] [--env FOLDER] [TESTS AND PYTEST'S OPTIONS ...]

docs/how-to/try-dependency-ranges.md says when and how.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def lowest(uv: list[str], into: Path) -> list[str]:
    """Arguments for uv that hold each direct dependency of every extra at the lowest version its own range allows.

    The versions are written into the file `into`.  What the dependencies need themselves is not held.
    """
    ranges = ["pip", "compile", "--quiet", "pyproject.toml", "--extra", "test", "--no-header", "--no-annotate"]
    # Without the needs of others: a range that no other package lets reach down to its bound is to end in a conflict.
    subprocess.run([*uv, *ranges, "--no-deps", "--resolution", "lowest-direct", "-o", str(into)], cwd=ROOT, check=True)
    sys.stdout.write(into.read_text())
    return ["--constraint", str(into)]


def install(folder: Path, *, newest: bool) -> Path:
    """A new environment in `folder` with uv, maskwright from this checkout and everything of the extra `test`.

    Returns the folder of its programs.  Raises CalledProcessError, after uv has said why, where ranges contradict
    each other.
    """
    builder = venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt")
    builder.create(folder)
    programs = Path(builder.ensure_directories(folder).bin_path)
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)
    uv = [str(programs / "python"), "-m", "uv"]
    held = [] if newest else lowest(uv, folder / "lowest.txt")
    target = ["--python", str(programs / "python")]
    subprocess.run([*uv, "pip", "install", *target, *held, "--editable", ".[test]"], cwd=ROOT, check=True)
    return programs


def try_out(programs: Path, arguments: list[str]) -> int:
    """Run pytest with the environment's programs; its exit code."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    environment.setdefault("OMP_NUM_THREADS", "1")
    command = [programs / "python", "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description="Tries the ranges of pyproject.toml.", allow_abbrev=False)
    parser.add_argument("--newest", action="store_true", help="the newest versions there are, without constraints.txt")
    parser.add_argument("--env", type=Path, metavar="FOLDER", help="make the environment here and keep it")
    options, arguments = parser.parse_known_args()
    if options.env and options.env.exists():
        parser.error(f"{options.env} exists; the environment has to be new: remove it, or name another folder")
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.env or Path(scratch) / "env").resolve()
        if folder.is_relative_to(ROOT):
            parser.error(f"{folder} is inside the repository; name a folder outside it")
        try:
            programs = install(folder, newest=options.newest)
        except subprocess.CalledProcessError as error:
            return int(error.returncode)
        return try_out(programs, arguments)


if __name__ == "__main__":
    sys.exit(main())
