"""SET: `set` with the variables as they are."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.paths import member
from stigmer_converter.reverse_context import ReverseContext


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `set: {name: text or expression}`; an expression keeps the JSON type of its value."""
    variables = config.string_map("variables", required=True)
    path = config.at("variables")
    return {"set": {name: context.text(value, member(path, name)) for name, value in sorted(variables.items())}}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return `variables`; values that are no text become jq, since the field is a map of strings."""
    values = task.child("set")
    if values is None:
        return {}
    return {"variables": {name: context.as_text(value, values.at(name)) for name, value in values.entries()}}
