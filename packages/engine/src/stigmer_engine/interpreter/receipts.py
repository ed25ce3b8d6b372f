"""What became of events that were handed in: for those who wait for an answer to one."""

from dataclasses import dataclass

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.frames import UNSET, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What has become of one event.

    Attributes:
        task: JSON pointer of the task whose listener consumed it; empty when it was dropped.
        settled: whether nothing more will become of it: it was gone through, given up or dropped.
        output: what was read of it, or what `foreach` made of that, without placeholders; unset before it is settled.
    """

    task: str = ""
    settled: bool
    output: JsonValue | Unset = UNSET


def ignore(number: int, receipt: Receipt) -> None:
    """Nobody waits."""


__all__ = ["Receipt", "ignore"]
