"""One-property objects of ordered lists: `- name: {...}`."""

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from stigmer_dsl.json_types import JsonObject, JsonValue

_SHOWN = 40


def named_item(value: JsonValue, field: str) -> JsonValue:
    """Turn `{name: content}` into `{"name": name, field: content}`, the shape of the model.

    Raises a `list-item` error for anything but a one-property object, except for the keyword form of Python code,
    where the content is already a model.
    """
    if isinstance(value, dict):
        if len(value) == 1:
            name, content = next(iter(value.items()))
            return {"name": name, field: content}
        if set(value) == {"name", field} and isinstance(value[field], BaseModel):
            return value
        if len(value) > 1:
            raise PydanticCustomError(
                "list-item",
                f"A list entry has one name, this one has {len(value)}",
                {"hint": _advice(value)},
            )
    raise PydanticCustomError(
        "list-item", "A list entry is an object with one name", {"hint": f"Write `- name: <{field}>`."}
    )


def _advice(value: JsonObject) -> str:
    first, second, *_ = value
    if value[first] is None:
        return f"Indent `{second[:_SHOWN]}` further in than `{first[:_SHOWN]}`, whose content it is."
    return "Start each entry with `- ` and its own name."
