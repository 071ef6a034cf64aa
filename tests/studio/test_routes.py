"""How the studio's routes are put together."""

from pathlib import Path

from maskwright.studio import routes
from maskwright.studio.app import ROUTES


def test_every_module_of_routes_is_part_of_the_application() -> None:
    there = {path.stem for path in Path(routes.__file__).parent.glob("[!_]*.py")}
    assert {module.__name__.rpartition(".")[2] for module in ROUTES} == there
