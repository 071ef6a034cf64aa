"""People at work on a dataset's labels: their gestures, labels of their own, workflow, assignments and agreement."""

from maskwright.labelling import agreement, assignments, gestures, own_labels, workflow
from maskwright.labelling.accepting import accept_run

__all__ = ["accept_run", "agreement", "assignments", "gestures", "own_labels", "workflow"]
