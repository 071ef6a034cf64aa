"""Has the name of one of Maskwright's losses, and does not know of ignored pixels."""


def loss(logits: object, target: object) -> object:
    raise NotImplementedError
