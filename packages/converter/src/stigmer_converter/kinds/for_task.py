"""FOR: the loop's definition, and its tasks beside it."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.reverse_context import ReverseContext
from stigmer_converter.scope import ARGUMENTS, VARIABLE_NAME

DEFAULT_EACH = "item"
DEFAULT_AT = "index"
OTHER_AT = "position"
"""Name of the position where the item itself is called `index`."""


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `for: {each, in}, do: [...]`; the tasks see the item as `$each` and its position as `$index`."""
    each = config.text("each", required=True)
    if each and (not VARIABLE_NAME.fullmatch(each) or each in ARGUMENTS):
        context.findings.error(
            "invalid-name", config.at("each"), f"`{each}` cannot name a variable",
            "Use letters, digits and `_`, and none of the names that the runtime binds itself.",
        )  # fmt: skip
    collection = config.text("in", required=True)
    loop: JsonObject = {"each": each, "in": context.expression(collection, config.at("in"))}
    if each == DEFAULT_AT:
        loop["at"] = OTHER_AT
    return {"for": loop, "do": context.tasks(config, "do", context.scope.in_loop(each))}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return `each`, `in` and `do`; `while` and another name for the position have no field."""
    config: JsonObject = {}
    loop = task.child("for")
    if loop is None:
        return config
    each = loop.text("each") or DEFAULT_EACH
    config["each"] = each
    collection = loop.value("in")
    where = loop.at("in")
    if isinstance(collection, str):
        config["in"] = context.expression(collection, where)
    else:
        config["in"] = context.as_text(collection, where)
    loop.expect("at", OTHER_AT if each == DEFAULT_AT else DEFAULT_AT)
    loop.close()
    config["do"] = context.tasks(task.value("do"), task.at("do"), context.scope.in_loop(each))
    return config
