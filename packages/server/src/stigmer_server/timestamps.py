"""Times as the store and the contract write them."""

import time
from datetime import UTC, datetime
from typing import Final

_LAST_MS: Final = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def moment(unix_ms: int) -> datetime:
    """The time as a protobuf timestamp wants it; what no calendar holds becomes its nearest end."""
    return datetime.fromtimestamp(min(max(unix_ms, 0), _LAST_MS) / 1000, UTC)


def moment_of(text: str) -> datetime | None:
    """The time that an ISO 8601 text tells, in UTC when it names no zone; None when it tells none."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def iso_text(unix_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds, such as `2026-01-08T18:51:00.123Z`."""
    return moment(unix_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
