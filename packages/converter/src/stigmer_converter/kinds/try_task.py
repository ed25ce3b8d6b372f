"""TRY: the tasks to try and what to do with their errors; without a catch the tasks are a plain `do`."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.reverse_context import ReverseContext
from stigmer_converter.scope import ARGUMENTS, VARIABLE_NAME

DEFAULT_AS = "error"


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `try: [...], catch: {as, do}`.

    A TRY without `catch` catches nothing. The DSL's `catch: {}` would catch everything, so it becomes `do: [...]`.
    """
    tasks = context.tasks(config, "try")
    catch = config.message("catch")
    if catch is None:
        return {"do": tasks}
    variable = catch.text("as")
    if variable and (not VARIABLE_NAME.fullmatch(variable) or variable in ARGUMENTS):
        context.findings.error(
            "invalid-name", catch.at("as"), f"`{variable}` cannot name a variable",
            "Use letters, digits and `_`, and none of the names that the runtime binds itself.",
        )  # fmt: skip
    handler: JsonObject = {"as": variable} if variable else {}
    handler["do"] = context.tasks(catch, "do", context.scope.in_catch(variable or DEFAULT_AS))
    catch.close()
    return {"try": tasks, "catch": handler}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return `try` and `catch`; filters, conditions, retries and `then` of a catch have no field."""
    if not task.has("try"):
        return {"try": context.tasks(task.value("do"), task.at("do"))}
    config: JsonObject = {"try": context.tasks(task.value("try"), task.at("try"))}
    catch = task.child("catch")
    if catch is None:
        return config
    handler: JsonObject = {}
    variable = catch.text("as")
    if variable:
        handler["as"] = variable
    tasks = catch.value("do")
    if not tasks:
        catch.refuse("do", "a catch without tasks", "Add a task, for example a SET of what the error says.")
    else:
        handler["do"] = context.tasks(tasks, catch.at("do"), context.scope.in_catch(variable or DEFAULT_AS))
    catch.close()
    config["catch"] = handler
    return config
