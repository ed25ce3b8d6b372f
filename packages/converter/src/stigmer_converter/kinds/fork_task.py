"""FORK: named branches, each a `do` task."""

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.reverse_context import ReverseContext


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `fork: {branches: [{name: {do: [...]}}], compete}`; `compete` is written only when it is true."""
    branches: list[JsonObject] = []
    names: set[str] = set()
    for branch in config.messages("branches", least=2):
        name = branch.text("name", required=True)
        if name in names:
            context.findings.error("duplicate-name", branch.at("name"), f"another branch is already called `{name}`")
        names.add(name)
        branches.append({name: {"do": context.tasks(branch, "do")}})
        branch.close()
    fork: JsonObject = {"branches": branches}
    if config.boolean("compete"):
        fork["compete"] = True
    return {"fork": fork}


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return the branches; a branch that is no `do` task becomes one that holds it."""
    config: JsonObject = {}
    fork = task.child("fork")
    if fork is None:
        return config
    where = fork.at("branches")
    branches = fork.value("branches") or []
    if len(branches) < 2:
        fork.refuse("branches", "fewer than two branches")
    config["branches"] = [_branch(entry, f"{where}/{index}", context) for index, entry in enumerate(branches)]
    if fork.value("compete"):
        config["compete"] = True
    fork.close()
    return config


def _branch(entry: JsonObject, where: str, context: ReverseContext) -> JsonObject:
    ((name, body),) = entry.items()
    if "do" not in body or "for" in body:
        return {"name": name, "do": context.tasks([entry], where.rpartition("/")[0])}
    branch = Construct(body, f"{where}/{name}", context.findings, "fork branch")
    tasks = context.tasks(branch.value("do"), branch.at("do"))
    branch.close()
    return {"name": name, "do": tasks}
