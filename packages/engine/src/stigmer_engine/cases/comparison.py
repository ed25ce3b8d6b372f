"""Whether two runtimes did the same for a case (the law of frames, docs/engine.md).

Output, error and order are the same, but for the order between branches of a fork, which is promised nowhere. What
tells a run apart from every other (its id, its times) is no difference.
"""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.cases.observation import Observation
from stigmer_engine.events import ProgressEvent

_BRANCH: Final = re.compile(r"^(.*/fork/branches/\d+)/")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_NONCE: Final = re.compile(r"W3N0aWdtZXItc2VjcmV0O[A-Za-z0-9+/]+=*")  # a placeholder of a secret in base64
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def compare(expected: Observation, seen: Observation) -> tuple[str, ...]:
    """Every difference of a run to one on another runtime; nothing when they are the same."""
    return tuple(_differences(expected, seen))


def _differences(expected: Observation, seen: Observation) -> Iterator[str]:
    if seen.status != expected.status:
        yield f"status: {seen.status} instead of {expected.status}"
    ours, theirs = _Reader(seen), _Reader(expected)
    if ours.plain(seen.output) != theirs.plain(expected.output):
        yield f"output: {ours.plain(seen.output)} instead of {theirs.plain(expected.output)}"
    error, wanted = (one.error.to_json() if one.error is not None else None for one in (seen, expected))
    if ours.plain(error) != theirs.plain(wanted):
        yield f"error: {ours.plain(error)} instead of {theirs.plain(wanted)}"
    if [problem.code for problem in seen.problems] != [problem.code for problem in expected.problems]:
        yield f"problems: {seen.problems} instead of {expected.problems}"
    numbers = [event.sequence_number for event in seen.events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"events: not numbered without gaps: {numbers}"
    told, wished = ours.stories(seen.events), theirs.stories(expected.events)
    for branch in sorted({*told, *wished}):
        yield from _story(branch, told.get(branch, []), wished.get(branch, []))


def _story(branch: str, told: Sequence[str], wished: Sequence[str]) -> Iterator[str]:
    for number, (one, other) in enumerate(itertools.zip_longest(told, wished)):
        if one != other:
            yield f"events{branch and ' of ' + branch}, {number}: {one}\n  instead of {other}"
            return


class _Reader:
    def __init__(self, run: Observation) -> None:
        self._id = run.events[0].workflow_execution_id if run.events else ""

    def plain(self, value: JsonValue) -> str:
        """The value as text, without what tells this run apart."""
        text = json.dumps(value, ensure_ascii=False)
        text = text.replace(self._id, "<execution>") if self._id else text
        return _ID.sub("<id>", _TIME.sub("<time>", _NONCE.sub("<placeholder>", text)))

    def stories(self, events: Sequence[ProgressEvent]) -> dict[str, list[str]]:
        """The events of each branch in order, by the innermost branch; `` for what is in none."""
        found: dict[str, list[str]] = {}
        for event in events:
            match = _BRANCH.match(event.task_reference + "/")
            shown: JsonObject = event.to_json()
            for name in ("workflow_execution_id", "timestamp_ms", "sequence_number", "task_progress"):
                shown.pop(name, None)
            found.setdefault(match[1] if match else "", []).append(self.plain(shown))
        return found
