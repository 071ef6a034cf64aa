"""What is imported is declared: a package of the base install, of the extra that errors name, or of the tests."""

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

import maskwright
from maskwright.registry import EXTRA_OF

SOURCE = Path(maskwright.__file__).parent
ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

#: Modules whose name is not the distribution's; `packages_distributions` knows those that are installed.
DISTRIBUTION_OF = {
    "PIL": "pillow", "cv2": "opencv-python-headless", "mlflow": "mlflow-skinny", "skimage": "scikit-image",
    "sklearn": "scikit-learn", "yaml": "pyyaml",
}  # fmt: skip
#: Behind a package that the error names: nobody gets as far without it.
BEHIND = {"pydantic": "fastapi"}
#: Whose objects are given to a user who has them; no extra brings them.
PEERS = {"datasets", "pillow_heif", "pytest", "supervision"}
#: Imported by a test that skips without them.
NOT_ASKED_FOR = {"cityscapesscripts", "labelme"}
#: Written by a test, and imported by it.
MADE_UP = {"broken", "lazy", "maskwright_broken", "maskwright_example", "needs_another", "not_to_be_found_anywhere"}
#: Our own folders outside the package whose modules tests import by their bare name.
HELPERS = [ROOT / folder for folder in ("tests/support", "tests/layouts", "scripts", "scripts/judges", "benchmarks")]
ASKING = {"find_spec", "import_module", "importorskip", "needing", "require"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    """Distributions of requirement lines, those of our own extras included."""
    found: set[str] = set()
    for requirement in requirements:
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?", requirement)
        assert match is not None, requirement
        name, extras = plain(match[1]), match[2]
        if name == "maskwright":
            for extra in extras.split(","):
                found |= declared(PROJECT["optional-dependencies"][extra])
        else:
            found.add(name)
    return found


BASE = declared(PROJECT["dependencies"])


def imported(folder: Path) -> dict[str, set[str]]:
    """Top-level modules of other people that are imported in a folder's files, at any depth, and in which files."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            elif isinstance(node, ast.Call) and node.args and ast.unparse(node.func).split(".")[-1] in ASKING:
                first = node.args[0]
                modules = [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
            for module in modules:
                top = module.split(".", maxsplit=1)[0]
                if top not in sys.stdlib_module_names and top != "maskwright":
                    found.setdefault(top, set()).add(str(path.relative_to(ROOT)))
    return found


def test_what_the_package_imports_is_declared_where_errors_say() -> None:
    undeclared = {}
    for module, files in imported(SOURCE).items():
        extra = EXTRA_OF.get(BEHIND.get(module, module))
        known = BASE if extra is None else declared(PROJECT["optional-dependencies"][extra])
        if plain(DISTRIBUTION_OF.get(module, module)) not in known and module not in PEERS:
            undeclared[f"{module}, {extra or 'base'}"] = sorted(files)
    assert not undeclared


def test_what_the_tests_import_is_declared() -> None:
    known = declared(["maskwright[test]"]) | BASE
    ours = MADE_UP | {path.stem for folder in HELPERS for path in folder.iterdir()}
    undeclared = {}
    for module, files in imported(ROOT / "tests").items():
        if plain(DISTRIBUTION_OF.get(module, module)) not in known | NOT_ASKED_FOR and module not in ours:
            undeclared[module] = sorted(files)
    assert not undeclared


def test_every_range_has_a_lower_bound() -> None:
    """Without one, the lowest version that is allowed is the first that ever was."""
    for group in [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]:
        for requirement in group:
            assert requirement.startswith("maskwright[") or ">=" in requirement, requirement


def test_the_names_of_distributions_are_true() -> None:
    installed = metadata.packages_distributions()
    for module, distribution in DISTRIBUTION_OF.items():
        if module in installed:
            assert plain(distribution) in {plain(name) for name in installed[module]}


def test_constraints_are_within_the_ranges() -> None:
    pinned = {plain(name): version for name, version in re.findall(r"(?m)^([\w.-]+)==(.+)$", CONSTRAINTS.read_text())}
    assert len(pinned) > 100
    for group in [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]:
        for requirement in map(Requirement, group):
            if requirement.name != "maskwright":
                version = pinned[plain(requirement.name)]
                assert requirement.specifier.contains(version), f"{requirement}, but {version} in constraints.txt"
