"""What every model of the document shares."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, ValidationInfo
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """Frozen; unknown properties are refused; document names are aliases of the Python names."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        # Text of a document can hold secrets, so it must not appear in pydantic's own error text.
        hide_input_in_errors=True,
    )


def _refuse_null(value: Any, info: ValidationInfo) -> Any:
    # Python code may pass None for "absent"; in a document `null` is a value, and never the one that was meant.
    if value is None and isinstance(info.context, dict) and info.context.get("document"):
        raise PydanticCustomError("wrong-type", "This must not be null", {"hint": NULL_HINT})
    return value


NULL_HINT = "Give it a value, or remove the property."

ValueT = TypeVar("ValueT")

Maybe = Annotated[ValueT | None, BeforeValidator(_refuse_null)]
"""A property that may be absent, but not null, in a document."""


class OpenModel(Model):
    """A model that keeps the properties it does not know (CloudEvents extension attributes)."""

    model_config = ConfigDict(extra="allow")


def by_type(value: Any) -> str:
    """Name the branch of a text-or-object union; angle brackets keep the tag apart from property names."""
    return "<text>" if isinstance(value, str) else "<object>"


TEXT_OR_OBJECT = Discriminator(by_type)


def one_of(model: BaseModel, *names: str) -> None:
    """Raise unless exactly one of the named properties (Python names) is set on the model."""
    aliases = {name: type(model).model_fields[name].alias or name for name in names}
    given = [aliases[name] for name in names if getattr(model, name) is not None]
    if len(given) == 1:
        return
    listed = ", ".join(f"`{alias}`" for alias in aliases.values())
    if given:
        found = " and ".join(f"`{alias}`" for alias in given)
        raise PydanticCustomError(
            "conflicting-properties", f"{found} exclude each other", {"hint": f"Keep one of {listed}."}
        )
    raise PydanticCustomError("missing-property", f"One of {listed} is required", {"hint": f"Add one of {listed}."})
