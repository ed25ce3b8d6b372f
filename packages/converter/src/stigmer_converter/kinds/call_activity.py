"""CALL_ACTIVITY: the custom call `activity`, which runtimes on Temporal execute as an activity."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.reverse_context import ReverseContext


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `call: activity, with: {name, arguments: [input], taskQueue}`; the queue comes from the options."""
    arguments: JsonObject = {"name": context.text(config.text("activity", required=True), config.at("activity"))}
    given = config.struct("input")
    if given is not None:
        arguments["arguments"] = [context.json(given, config.at("input"))]
    if context.options.activity_task_queue:
        arguments["taskQueue"] = context.options.activity_task_queue
    return {"call": "activity", "with": arguments}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return `activity` and `input`; more than one argument, or one that is no object, has no field."""
    config: JsonObject = {}
    arguments = task.child("with")
    if arguments is None:
        return config
    config["activity"] = context.text(arguments.text("name"), arguments.at("name"))
    given = arguments.value("arguments")
    if given:
        if isinstance(given, list) and len(given) == 1 and isinstance(given[0], dict):
            config["input"] = context.json(given[0], arguments.at("arguments", 0))
        else:
            arguments.refuse("arguments", "anything but one argument that is an object")
    queue = arguments.value("taskQueue")
    if queue is not None and queue != context.options.activity_task_queue:
        arguments.refuse(
            "taskQueue", f"the task queue {queue}", "Set the option `activity_task_queue` to it, for both directions."
        )
    arguments.close()
    return config
