"""People at work on a dataset's labels: their gestures, labels of their own, assignments and agreement."""

from maskwright.labelling import agreement, assignments, gestures, own_labels

__all__ = ["agreement", "assignments", "gestures", "own_labels"]
