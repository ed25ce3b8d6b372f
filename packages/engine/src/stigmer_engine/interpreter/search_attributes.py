"""Search attributes that a task sets when it starts: evaluated and typed here, and indexed by the runtime."""

from pydantic import ValidationError
from stigmer_dsl.expressions import is_strict
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import TaskBase
from stigmer_dsl.models.search_attributes import SearchAttribute, type_of

from stigmer_engine.faults import Fault, fault
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


def of_metadata(metadata: JsonObject | None) -> JsonObject:
    """`searchAttributes` as written; empty when there are none."""
    found: JsonObject = (metadata or {}).get("searchAttributes") or {}
    return found


async def set_search_attributes(run: Run, task: TaskBase, dot: JsonValue, scope: Scope) -> None:
    """Hand the task's search attributes to the runtime, without placeholders of secrets: an index is for everybody.

    Raises:
        Fault: `expression`, for a value that is not of its type.
    """
    given = of_metadata(task.metadata)
    if given:
        evaluated = await run.template("metadata.searchAttributes", given, dot, scope)
        attributes = typed(run.telling.value(evaluated))
        if run.frozen is None:
            run.runtime.index(attributes)


def typed(given: JsonObject) -> JsonObject:
    """Every attribute as `{type, value}`, in which null takes it away; plain values tell their type.

    Raises:
        Fault: `expression`, for a value that is not of its type, or is an expression that nobody evaluated.
    """
    return {name: _typed(name, said) for name, said in given.items()}


def _typed(name: str, said: JsonValue) -> JsonObject:
    if isinstance(said, dict):
        try:
            attribute = SearchAttribute.model_validate(said, by_alias=True, by_name=False)
        except ValidationError as error:
            raise _wrong(name, error.errors(include_url=False)[0]["msg"]) from None
        kind, value = attribute.type, attribute.value
    else:
        plain = type_of(said)
        if plain is None:
            raise _wrong(name, "there is no type for its value; give it as an object with `type` and `value`")
        kind, value = plain, said
    if isinstance(value, str) and is_strict(value):
        raise _wrong(name, "its value is an expression that was not evaluated")
    return {"type": kind, "value": value}


def _wrong(name: str, why: str) -> Fault:
    return fault("expression", f"The search attribute `{name}` cannot be set", why)
