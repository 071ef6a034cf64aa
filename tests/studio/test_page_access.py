"""What keeps people from using the pages, by axe-core: nothing, in light and in dark."""

import json
from urllib.parse import quote

import numpy as np
import pytest
from studio_person import SIZE, Person, Studio, scene

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

from maskwright.core.masks import Masks
from maskwright.core.segments import Segments
from maskwright.insight.embedding import embed
from maskwright.runs import Run, evaluate
from maskwright.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]

PLOT = quote(json.dumps({"x": "area", "y": "area", "owner": "segment"}))
#: Each page as it is opened, and what is waited for.
PAGES = {
    "/explore": ".cell .key",
    "/explore?as=table": "[data-found='5']",
    "/explore?of=objects": "[data-objects='10']",
    f"/explore?p={PLOT}": ".cell .key",
    "/runs": "h1",
    "/runs?run=first": "table",
    "/beside?image=1&under=&under=first": ".judged",
    "/history": "h1",
    "/map": "h1",
    "/team": "h1",
    "1": "canvas:visible",
}


@pytest.fixture
def filled(studio: Studio) -> Studio:
    """Five labelled images, a run that was evaluated, one with curves, and a map."""
    with Dataset.open(studio.folder) as dataset:
        with dataset.edit("labels") as edit:
            for k in range(5):
                edit.put(f"p{k}", Segments(Masks.encode(np.array(scene(k)[1:])), [1, 2]))
        run = Run.start(dataset, "predict", {}, name="first")
        none = Segments.none(SIZE)
        found = [none if k == 3 else Segments(Masks.encode(scene(k)[1][None]), [1], scores=[0.8]) for k in range(5)]
        run.add_predictions(zip(dataset.numbers(), found, strict=True))
        run.finish()
        evaluate(dataset, run)
        for step in range(9):
            run.log(step, {"train/loss": 1 / (1 + step)})
        embed(dataset, layout="pca")
    return studio


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_keeps_anybody_out(browser, filled, scheme) -> None:
    context = browser.new_context(color_scheme=scheme)
    person = Person(context.new_page(), filled)
    told = []
    for address, shown in PAGES.items():
        person.page.evaluate(f"location.hash = {address!r}")
        person.page.locator(shown).first.wait_for()
        person.page.wait_for_timeout(600)
        found = axe.Axe().run(person.page)
        told += [
            f"{address}: {wrong['id']} ({wrong['impact']}): {wrong['help']}: {node['html'][:200]}"
            for wrong in found.response["violations"]
            for node in wrong["nodes"][:4]
        ]
    assert not told, "\n".join(told)
    assert not person.errors
    context.close()
