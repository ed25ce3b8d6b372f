"""WAIT: seconds, or the later shapes `duration` and `until`."""

import re
from datetime import UTC, datetime, timedelta

from stigmer_dsl import parse_duration
from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.reverse_context import ReverseContext

UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")
_UINT32 = 2**32 - 1
_INT32 = 2**31 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STARTED = "$task.startedAt.epoch.milliseconds"
_UNTIL = re.compile(r'\$\{ "PT\\\(\(\[(-?\d+) - \$task\.startedAt\.epoch\.milliseconds, 0\] \| max\) / 1000\)S" \}')


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `wait` with whole units; `until` waits for what is left when the task starts, or not at all."""
    shapes = [shape for shape in ("seconds", "duration", "until") if config.has(shape)]
    seconds = config.integer("seconds", 1, _INT32)
    duration = config.message("duration")
    until = config.text("until")
    units = {} if duration is None else {unit: duration.integer(unit, 0, _UINT32) for unit in UNITS}
    if duration is not None:
        duration.close()
    if len(shapes) != 1:
        what = "one of `seconds`, `duration` and `until` is required" if not shapes else "only one shape is allowed"
        context.findings.error("missing-field" if not shapes else "conflicting-fields", config.path, what)
        return {"wait": {}}
    if until:
        return {"wait": _until(until, config, context)}
    if duration is not None:
        given = {unit: count for unit, count in units.items() if count}
        if not given:
            context.findings.error("missing-field", duration.path, "a duration needs at least one unit above zero")
            return {"wait": {}}
        try:
            parse_duration(given)
        except ValueError:
            context.findings.error("out-of-range", duration.path, "the duration is longer than 1000 years")
        return {"wait": given}
    if seconds == 0:
        config.out_of_range("seconds", 1, _INT32)
    return {"wait": {"seconds": seconds}}


def _until(text: str, config: Fields, context: Context) -> str:
    try:
        moment: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        context.findings.error(
            "invalid-value", config.at("until"), f"`{text}` is no timestamp",
            "Write RFC 3339, such as 2026-01-31T08:00:00Z.",
        )  # fmt: skip
        return ""
    milliseconds = -((_EPOCH - moment) // timedelta(milliseconds=1))
    return f'${{ "PT\\(([{milliseconds} - {_STARTED}, 0] | max) / 1000)S" }}'


def revert(task: Construct, _context: ReverseContext) -> JsonObject:
    """Return `seconds` where that says it all, else `duration`, or `until` for what `convert` makes of it."""
    value = task.value("wait")
    if isinstance(value, str) and "${" in value:
        match = _UNTIL.fullmatch(value.strip())
        if match is None:
            task.refuse("wait", "a computed duration")
            return {}
        moment = _EPOCH + timedelta(milliseconds=int(match.group(1)))
        return {"until": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    duration = parse_duration(value)
    units = {unit: count for unit in UNITS if (count := int(getattr(duration, unit)))}
    if not units:
        task.refuse("wait", "a wait of no time at all", "Remove the task.")
    if any(count > _UINT32 for count in units.values()):
        task.refuse("wait", "a unit above 4294967295")
    if set(units) == {"seconds"} and units["seconds"] <= _INT32:
        return units
    return {"duration": units}
