"""What a network is asked for, one task a module: semantic, instance, panoptic.

Each says which classes a network learns for it, what its answers mean and how they are judged:

    GIVES               what a network for it does, in words: "finds instances"
    MAIN, CURVE         the score that decides which weights are best; the few scores worth a curve
    THRESHOLD           of class probability where nobody gives one
    suits(classes)      whether a set of such classes is best taken for it
    problem(classes)    why it cannot be learned from such classes, or None
    learned(classes)    -> the classes a network learns, and a note or None
    groups(segments, classes) -> (N,) which segments are one object to the network, or None when each is its own
    segments(probs, mask_logits, classes, size, affine, ...) -> one image's queries as `Segments`
    nothing(classes), update(pred, target, classes), compute(counts, classes)    counts add, over images and processes;
                        compute may take left_out, ids of classes that have no score and enter no mean
    headline(scores, split)    the result in a line; BY_CLASS names what `classes` in the scores are
"""

from types import ModuleType

from maskwright import registry


def names() -> list[str]:
    return registry.names("predict.tasks")


def load(name: str) -> ModuleType:
    """Raises UsageError for a task that does not exist."""
    return registry.load("predict.tasks", name)
