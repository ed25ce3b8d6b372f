"""Texts and moments in the filters by which Temporal lists and counts executions."""

from datetime import datetime


def quoted(text: str) -> str:
    """The text as a string of a list filter, quotes included."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def moment(time: datetime) -> str:
    """A time in UTC as a list filter has it, without quotes."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
