"""The `timeout` of a task, for the kinds whose config holds one in seconds."""

from stigmer_dsl import parse_duration
from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.reverse_context import ReverseContext


def timeout_of(seconds: int) -> JsonObject:
    """Return the DSL's timeout of a length in seconds."""
    return {"after": {"seconds": seconds}}


def revert_timeout(task: Construct, context: ReverseContext, longest: int, default: int) -> int:
    """Return a task's timeout in seconds, 0 when it has none.

    Refuses what an int32 of seconds up to `longest` cannot hold; a missing timeout is a warning, because the
    specification's own default will apply.
    """
    value = task.value("timeout")
    if value is None:
        context.findings.warn(
            "default-timeout", task.pointer, f"the task has no timeout; as a specification it gets {default} seconds",
            f"Write `timeout: {{after: {{seconds: {default}}}}}` to say so.",
        )  # fmt: skip
        return 0
    after = value.get("after") if isinstance(value, dict) else None
    if after is None or (isinstance(after, str) and "${" in after):
        task.refuse("timeout", "a timeout by name or expression", "Write the duration in seconds.")
        return 0
    seconds = parse_duration(after).total_seconds()
    if not seconds.is_integer() or not 1 <= seconds <= longest:
        task.refuse("timeout", f"a timeout of {seconds:g} seconds", f"Use whole seconds from 1 to {longest}.")
        return 0
    return int(seconds)
