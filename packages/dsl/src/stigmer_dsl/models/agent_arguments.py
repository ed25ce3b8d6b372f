"""Arguments of `call: agent`, a call of runtimes that have a Stigmer service (contract.md, AgentCallTaskConfig)."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StrictInt, WithJsonSchema
from pydantic_core import PydanticCustomError

from stigmer_dsl.expressions import is_strict
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.call_arguments import TextMap
from stigmer_dsl.models.literal import number_between

_LONGEST_TIMEOUT: Final = 3600
_LONGEST_NAME: Final = 63


def _name(text: str) -> str:
    if "${" not in text and len(text) > _LONGEST_NAME:
        raise PydanticCustomError(
            "out-of-range",
            "The name of an agent has at most {limit} characters",
            {"limit": _LONGEST_NAME, "hint": "Write the agent's slug."},
        )
    return text


def _bounded(least: float, most: float) -> AfterValidator:
    def check(value: JsonValue) -> JsonValue:
        # An expression is looked at when it has been evaluated.
        return value if isinstance(value, str) and is_strict(value) else number_between(value, least, most)

    return AfterValidator(check)


class AgentSettings(Model):
    """How the agent is run.

    Attributes:
        model: name of the model; the agent's own, when absent.
        timeout: seconds until the call is given up, from 1 to 3600; 300 when absent. A `timeout` of the task goes
            before it.
        temperature: from 0 to 1.
    """

    model: Maybe[Annotated[str, Field(min_length=1)]] = None
    timeout: Maybe[StrictInt] = Field(default=None, ge=1, le=_LONGEST_TIMEOUT)
    temperature: Maybe[
        Annotated[JsonValue, _bounded(0, 1), WithJsonSchema({"type": ["number", "string"], "minimum": 0, "maximum": 1})]
    ] = None


class AgentArguments(Model):
    """Arguments of `call: agent`.

    Attributes:
        agent: slug of the agent.
        message: what to ask.
        scope: who owns the agent; without it, the organization when the execution has one, else the platform.
        env: variables of the agent's run.
    """

    agent: Annotated[str, Field(min_length=1), AfterValidator(_name)]
    message: str = Field(min_length=1)
    scope: Maybe[Literal["platform", "organization", "identity_account"]] = None
    env: Maybe[TextMap] = None
    config: Maybe[AgentSettings] = None
