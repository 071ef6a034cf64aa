"""People at work on a dataset's labels: their gestures, labels of their own, workflow, assignments and agreement."""

from maskwright.labelling import agreement, assignments, gestures, own_labels, workflow

__all__ = ["agreement", "assignments", "gestures", "own_labels", "workflow"]
