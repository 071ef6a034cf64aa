"""How long the program takes to start, as a multiple of Python's own start.

python benchmarks/startup.py
"""

import subprocess
import sys

from timing import medians, report

CALLS = {
    "python -c pass": ["-c", "pass"],
    "import maskwright": ["-c", "import maskwright"],
    "maskwright --help": ["-m", "maskwright", "--help"],
    "maskwright convert --help": ["-m", "maskwright", "convert", "--help"],
    "import numpy (to compare)": ["-c", "import numpy"],
    "import torch (to compare)": ["-c", "import torch"],
}


def main() -> None:
    def start(arguments: list[str]) -> object:
        return lambda: subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)

    seconds = medians({name: start(arguments) for name, arguments in CALLS.items()}, 7)  # type: ignore[arg-type]
    own = seconds["python -c pass"]
    rows = [(name, f"{1000 * value:.0f}", f"{value / own:.1f}") for name, value in seconds.items()]
    figures = {name: round(value / own, 2) for name, value in seconds.items()}
    report("startup", rows, ("call", "ms", "times python's own"), figures)


if __name__ == "__main__":
    main()
