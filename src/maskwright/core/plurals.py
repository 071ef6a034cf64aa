"""Numbers of things in words."""


def many(number: int, word: str) -> str:
    """So many of a thing: "1 class", "2 classes", "0 images". word: of one of them."""
    if number == 1:
        return f"1 {word}"
    return f"{number} {word}{'es' if word.endswith(('s', 'x', 'ch', 'sh')) else 's'}"
