"""What every member of a family promises, as tests to run over a member of one's own, with pytest.

    from maskwright import testing

    class TestMyFormat(testing.FormatContract):
        name = "my-format"

That is the whole test file.  A class needs a member's name only; its other attributes say what a member may be like.
`make_samples` and `CLASSES` are labelled images with all that is awkward, for tests beyond these.
"""

from maskwright.registry import require

# Before they are imported: pytest then says what was found where something does not hold.
require("pytest", "maskwright.testing").register_assert_rewrite(
    *(
        f"maskwright.testing.{module}"
        for module in ("engines", "formats", "losses", "metrics", "models", "pages", "tasks", "trackers", "transforms")
    )
)

from maskwright.testing.engines import EngineContract  # noqa: E402
from maskwright.testing.formats import FormatContract  # noqa: E402
from maskwright.testing.losses import LossContract  # noqa: E402
from maskwright.testing.metrics import MetricContract  # noqa: E402
from maskwright.testing.models import ModelContract  # noqa: E402
from maskwright.testing.pages import PagesContract  # noqa: E402
from maskwright.testing.samples import CLASSES, make_samples  # noqa: E402
from maskwright.testing.tasks import TaskContract  # noqa: E402
from maskwright.testing.trackers import TrackerContract  # noqa: E402
from maskwright.testing.transforms import TransformContract  # noqa: E402

__all__ = [
    "CLASSES", "EngineContract", "FormatContract", "LossContract", "MetricContract", "ModelContract", "PagesContract",
    "TaskContract", "TrackerContract", "TransformContract", "make_samples",
]  # fmt: skip
