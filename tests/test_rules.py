"""Rules of the house: who imports whom, what starting costs, what is public, what the docs mention."""

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import rooms

import maskwright
from maskwright import errors, registry

SOURCE = Path(maskwright.__file__).parent
ROOT = Path(__file__).parents[1]

RANK = rooms.rank()
HEAVY = {"torch", "torchvision", "timm", "transformers", "segmentation_models_pytorch", "numba"}


def test_imports_go_down_only() -> None:
    wrong = []
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if room.startswith("__"):
            continue
        for module, _ in rooms.imports(path):
            if module.startswith("maskwright."):
                other = module.split(".")[1]
                if other in RANK and other != room and RANK[other] >= RANK[room]:
                    wrong.append(f"{path.relative_to(SOURCE)} imports {module}")
    assert not wrong


def test_calls_upwards_are_those_of_the_architecture_page() -> None:
    """Only through `registry.room`, and only where docs/explanation/architecture.md says so."""
    found = {
        (path.relative_to(SOURCE).as_posix(), node.args[0].value)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("registry.room", "room")
        if isinstance(node.args[0], ast.Constant)
    }
    assert found == {("store/dataset.py", "runs")}


def test_the_drawing_of_rooms_in_the_docs_is_true() -> None:
    assert rooms.page() == rooms.PAGE.read_text(), "run: python scripts/rooms.py"


def test_every_room_has_a_rank() -> None:
    rooms = {path.stem for path in SOURCE.iterdir() if not path.name.startswith("_") and path.name != "py.typed"}
    assert rooms == set(RANK)


def test_members_of_a_family_do_not_know_each_other() -> None:
    for family in registry.FAMILIES:
        members = {name.replace("-", "_") for name in registry.names(family)}
        folder = SOURCE / family.replace(".", "/")
        for member in members:
            for module, _ in rooms.imports(folder / f"{member}.py"):
                assert not any(module.startswith(f"maskwright.{family}.{other}.") for other in members), (
                    member,
                    module,
                )


def test_heavy_packages_are_imported_inside_functions_only() -> None:
    for path in SOURCE.rglob("*.py"):
        if "kernels" in path.parts:
            continue
        for module, lazy in rooms.imports(path):
            assert lazy or module.split(".")[0] not in HEAVY, f"{path}: {module}"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["convert", "--help"], ["train", "--help"]], ids=lambda arguments: " ".join(arguments)
)
def test_help_starts_without_anything_heavy(arguments: list[str]) -> None:
    program = (
        "import sys, maskwright.cli\n"
        f"try: maskwright.cli.main({arguments!r})\n"
        "except SystemExit: pass\n"
        "print('LOADED', sorted(set(sys.modules) & {'torch', 'numba', 'numpy', 'pyarrow', 'sqlalchemy', 'cv2'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout


def test_help_looks_for_no_other_packages() -> None:
    """Those that bring members are loaded to be listed, and may be slow."""
    program = (
        "import sys, maskwright.cli\n"
        "try: maskwright.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print('METADATA', 'importlib.metadata' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "METADATA False" in done.stdout


def test_importing_the_package_loads_nothing() -> None:
    program = "import sys, maskwright; print([m for m in sys.modules if m.startswith('maskwright.')])"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
        == "[]"
    )


def test_converting_meets_no_torch(tmp_path, make_samples, classes) -> None:
    from maskwright import formats

    formats.write(make_samples(2), classes, tmp_path / "coco", "coco")
    program = (
        "import sys, maskwright.cli\n"
        f"try: maskwright.cli.main(['convert', {str(tmp_path / 'coco')!r}, {str(tmp_path / 'out')!r}, '--to', 'bitmaps'])\n"
        "except SystemExit: pass\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")
    assert (tmp_path / "out" / "maskwright.json").exists()


def test_the_public_surface() -> None:
    names = set(maskwright.__all__)
    rooms = {name for name in names if name in RANK}
    assert sorted(names - rooms) == [
        "Class", "Classes", "Dataset", "Image", "ImageRef", "Mask", "Masks", "MaskwrightError", "Polygon", "Predictor",
        "Run", "Sample", "Segments", "Settings", "__version__", "build_demo_set", "fit",
        "open_dataset",
    ]  # fmt: skip
    assert rooms == set(RANK) - {"cli"}, "every room is an attribute of the package"
    assert dir(maskwright) == sorted(names)
    for name in maskwright.__all__:
        assert getattr(maskwright, name) is not None
    with pytest.raises(AttributeError):
        maskwright.nothing  # noqa: B018


def order(name: str) -> tuple[int, str]:
    """Constants, types, the rest, each by the alphabet."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


@pytest.mark.parametrize("room", sorted(set(RANK) - {"cli"}))
def test_every_room_says_what_is_public_in_it(room: str) -> None:
    file = SOURCE / room / "__init__.py" if (SOURCE / room).is_dir() else SOURCE / f"{room}.py"
    said = [
        getattr(node, "value", None)
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in ast.unparse(node).partition("=")[0]
    ]
    assert len(said) == 1, "__all__, once"
    assert said[0] is not None
    names = ast.literal_eval(said[0])
    assert names == sorted(names, key=order)
    module = importlib.import_module(f"maskwright.{room}")
    for name in names:
        assert hasattr(module, name), name


@pytest.mark.parametrize("family", ["figures", "formats", "integrations", "losses", "metrics", "models", "transforms"])
def test_members_are_attributes_of_their_family(family: str) -> None:
    """Each in a process of its own, where nothing has imported them."""
    program = (
        f"import sys, maskwright as mw\n"
        f"family = mw.{family}\n"
        f"for name in mw.registry.attributes({family!r}):\n"
        f"    name = name.replace('-', '_')\n"
        f"    assert name in dir(family), name\n"
        f"    assert getattr(family, name).__name__ == 'maskwright.{family}.' + name, name\n"
        f"assert not hasattr(family, 'nothing') and not hasattr(family, '_nothing')\n"
        f"print(sorted(set(sys.modules) & {{'torch', 'transformers', 'cv2'}}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_rooms_come_without_torch() -> None:
    rooms = sorted(set(RANK) - {"cli", "studio"})  # the studio needs its extra
    program = (
        "import sys, maskwright as mw\n"
        f"for room in {rooms!r}: getattr(mw, room)\n"
        "mw.media.read, mw.interactive.Session, mw.metrics.confusion.update, mw.losses.dice.loss, mw.weights.fill\n"
        "print(sorted(set(sys.modules) & {'torch', 'transformers', 'cv2', 'fastapi'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_members_offer_the_nearest() -> None:
    with pytest.raises(errors.UsageError, match="Did you mean 'dice'"):
        registry.load("losses", "dise")


def test_a_missing_extra_is_one_sentence() -> None:
    error = registry.missing("torch.nn", "training")
    assert str(error) == (
        "training needs the package 'torch', which is not installed.\n  Install it with: pip install 'maskwright[train]'"
    )


def test_errors_say_where_what_and_what_to_do() -> None:
    error = errors.FormatError("found 2", needed="3 needed", todo="Repair it.").at(file="a.json", record="row 4")
    assert str(error) == "a.json: row 4: found 2; 3 needed.\n  Repair it."
    import pickle

    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def text_of(folder: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / "docs" / folder).rglob("*.md")))


def test_docs_mention_everything_that_exists() -> None:
    from maskwright import cli

    reference = text_of("reference")
    for verb in cli.VERBS:
        assert f"maskwright {verb}" in reference, verb
    for family in registry.FAMILIES:
        for name in registry.names(family):
            assert f"`{name}`" in reference, f"{family}: {name}"
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.MaskwrightError):
            assert name in reference, name
    for name in set(maskwright.__all__) - {"__version__"}:
        assert name in reference, name


def test_the_page_of_names_lists_what_is_public() -> None:
    """docs/reference/python.md: the package's names in its first table, each room's in the second, none else."""
    rows = [line for line in (ROOT / "docs/reference/python.md").read_text().splitlines() if line.startswith("| `mw.")]
    cells = [[part.strip() for part in row.split("|")[1:-1]] for row in rows]
    named = [name for row in cells if len(row) == 2 for name in re.findall(r"`mw\.(\w+)`", row[0])]
    assert sorted(named) == sorted(set(maskwright.__all__) - set(RANK) - {"__version__"})
    rooms = {
        row[0].removeprefix("`mw.").removesuffix("`"): re.findall(r"`(\w+)`", row[1]) for row in cells if len(row) == 3
    }
    assert rooms == {room: importlib.import_module(f"maskwright.{room}").__all__ for room in set(RANK) - {"cli"}}


def test_the_printed_help_in_the_docs_is_true() -> None:
    layout = f"typer=={metadata.version('typer')}"
    if layout not in (ROOT / "constraints.txt").read_text().splitlines():
        pytest.skip(f"the page is laid out by the Typer of constraints.txt, not by {layout}")
    import command_help

    assert command_help.page() == (ROOT / "docs" / "reference" / "commands.md").read_text(), (
        "run: python scripts/command_help.py"
    )


def test_the_table_of_formats_in_the_docs_is_true() -> None:
    import format_matrix

    assert format_matrix.page() == format_matrix.PAGE.read_text(), "run: python scripts/format_matrix.py"


def test_the_page_of_public_sets_is_true() -> None:
    import set_table

    assert set_table.page() == set_table.PAGE.read_text(), "run: python scripts/set_table.py"


def test_json_is_one_object(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "maskwright", "doctor", "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["version"] == maskwright.__version__
