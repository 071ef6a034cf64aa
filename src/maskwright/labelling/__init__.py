"""People at work on a dataset's labels: their gestures, labels of their own, tasks and agreement."""

from maskwright.labelling import agreement, gestures, own_labels, tasks

__all__ = ["agreement", "gestures", "own_labels", "tasks"]
