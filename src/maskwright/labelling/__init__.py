"""People at work on a dataset's labels: their gestures, labels of their own, tasks and agreement."""
