"""Reads the events that `stigmer run --event` hands to a workflow."""

import json
from collections.abc import Iterable, Iterator

from stigmer_dsl import JsonObject, JsonValue
from stigmer_engine.cloud_events import InvalidEvent, check_event

from stigmer_runner.cli.exit_codes import UsageFailure
from stigmer_runner.cli.inputs import STDIN, read_bytes


def read_events(names: Iterable[str]) -> tuple[JsonObject, ...]:
    """The CloudEvents of files, one JSON object a line, in their order; blank lines are passed over.

    A missing `specversion`, `id` or `source` is filled in. Raises UsageFailure.
    """
    return tuple(event for name in names for event in _of_file(name))


def _of_file(name: str) -> Iterator[JsonObject]:
    shown = "standard input" if name == STDIN else name
    for number, line in enumerate(read_bytes(name, "The file of events").splitlines(), start=1):
        if line.strip():
            try:
                yield _event(json.loads(line), f"{shown}:{number}")
            except RecursionError:
                raise UsageFailure(f"{shown}, line {number}, is nested too deeply.") from None
            except InvalidEvent as error:
                raise UsageFailure(f"{shown}, line {number}, is no CloudEvent: {error}.") from None
            except ValueError as error:
                raise UsageFailure(f"{shown}, line {number}, is not JSON: {error}.") from None


def _event(value: JsonValue, place: str) -> JsonObject:
    if not isinstance(value, dict):
        raise InvalidEvent("an event is an object")
    return check_event({"specversion": "1.0", "id": place, "source": "/stigmer/run", **value})
