"""Texts in the filters by which Temporal lists and counts executions."""


def quoted(text: str) -> str:
    """The text as a string of a list filter, quotes included."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
