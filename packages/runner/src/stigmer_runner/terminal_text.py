"""Text from elsewhere on a terminal."""


def printable(text: str) -> str:
    """The text in one line: a space for each character that a terminal would not show but obey."""
    return "".join(character if character.isprintable() else " " for character in text)
