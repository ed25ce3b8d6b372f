"""SWITCH: a list of named cases; the case without a condition is the default."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.reverse_context import ReverseContext


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `switch: [{name: {when, then}}]`; names are unique, at most one case has no `when`."""
    cases: list[JsonObject] = []
    names: set[str] = set()
    default = ""
    for case in config.messages("cases", least=1):
        name = case.text("name", required=True)
        when = case.text("when")
        then = case.text("then", required=True)
        case.close()
        if name in names:
            context.findings.error("duplicate-name", case.at("name"), f"another case is already called `{name}`")
        names.add(name)
        if not when.strip():
            if default:
                context.findings.error(
                    "duplicate-default", case.at("when"), f"`{default}` is already the case without a condition",
                    "Give one of them a `when`.",
                )  # fmt: skip
            default = name
            cases.append({name: {"then": then}})
        else:
            cases.append({name: {"when": context.expression(when, case.at("when")), "then": then}})
    return {"switch": cases}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return the cases."""
    cases: list[JsonObject] = []
    for index, entry in enumerate(task.value("switch") or []):
        for name, body in entry.items():
            case: JsonObject = {"name": name}
            if "when" in body:
                case["when"] = context.expression(body["when"], task.at("switch", index, name, "when"))
            case["then"] = body["then"]
            cases.append(case)
    return {"cases": cases}
