"""LISTEN: signals as event filters with `id` and `type`."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.reverse_context import ReverseContext

MODES = ("one", "all")
SIGNAL_TYPES = ("signal", "query", "update")


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `listen: {to: ...}`: one signal is `one`, one of several `any`, all of them `all`."""
    to = config.message("to", required=True)
    if to is None:
        return {"listen": {}}
    mode = to.choice("mode", MODES)
    filters: list[JsonObject] = []
    for signal in to.messages("signals", least=1):
        name = signal.text("id", required=True)
        filters.append(
            {"with": {"id": context.text(name, signal.at("id")), "type": signal.choice("type", SIGNAL_TYPES)}}
        )
        signal.close()
    to.close()
    if mode == "all":
        return {"listen": {"to": {"all": filters}}}
    return {"listen": {"to": {"one": filters[0]} if len(filters) == 1 else {"any": filters}}}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return `to`; correlation, `until`, `foreach` and other attributes of events have no field."""
    listen = task.child("listen")
    to = None if listen is None else listen.child("to")
    if listen is None or to is None:
        return {}
    listen.expect("read", "data")
    listen.close()
    if to.has("one"):
        mode, filters = "one", [(to.value("one"), to.at("one"))]
    else:
        kind = "all" if to.has("all") else "any"
        mode = "all" if kind == "all" else "one"
        filters = [(value, to.at(kind, index)) for index, value in enumerate(to.value(kind) or [])]
        if not filters:
            to.refuse(kind, "a listen without signals")
    to.close()
    return {"to": {"mode": mode, "signals": [_signal(value, where, context) for value, where in filters]}}


def _signal(value: JsonObject, where: str, context: ReverseContext) -> JsonObject:
    signal: JsonObject = {}
    event = Construct(value, where, context.findings, "listen.to")
    attributes = event.child("with")
    if attributes is None:
        return signal
    name, kind = attributes.text("id"), attributes.text("type")
    if not name:
        attributes.refuse("id", "an event without `id`", "The id is the name of the signal.")
    if kind not in SIGNAL_TYPES:
        attributes.refuse("type", f"the event type {kind!r}", f"The types are {', '.join(SIGNAL_TYPES)}.")
    attributes.close()
    event.close()
    return {"id": context.text(name, attributes.at("id")), "type": kind}
