"""What a run of an agent ended with: the output of the task, or its fault."""

import json
import re
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine.faults import Fault, fault
from stigmer_proto.ai.stigmer.agentic.agentexecution.v1 import AgentExecution, ExecutionPhase, MessageType

_ENDED: Final = frozenset(
    {ExecutionPhase.EXECUTION_COMPLETED, ExecutionPhase.EXECUTION_FAILED, ExecutionPhase.EXECUTION_CANCELLED}
)
_KNOWN: Final = frozenset(ExecutionPhase)
_FENCED: Final = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL | re.IGNORECASE)


def has_ended(execution: AgentExecution) -> bool:
    """Whether the run is over. In a phase of a later contract it is, when it has an end."""
    status = execution.status
    if status is None:
        return False
    return status.phase in _ENDED or (status.phase not in _KNOWN and bool(status.completed_at))


def answer_of(execution: AgentExecution, agent: str) -> JsonObject:
    """`{agent_execution_id, phase, response, data}` of a run that has ended.

    `response` is the text of the last message of the model, `data` that text as JSON when it is an object or an array,
    bare or as one fenced block; else null.

    Raises:
        Fault: `runtime`, when the run failed or was cancelled.
    """
    status = execution.status
    assert status is not None
    execution_id = execution.metadata.id if execution.metadata else ""
    match status.phase:
        case ExecutionPhase.EXECUTION_COMPLETED:
            said = [message.content for message in status.messages if message.type is MessageType.MESSAGE_AI]
            response = said[-1] if said else ""
            return {
                "agent_execution_id": execution_id,
                "phase": "completed",
                "response": response,
                "data": _data(response),
            }
        case ExecutionPhase.EXECUTION_CANCELLED:
            raise fault("runtime", f"The run of agent {agent} was cancelled", _told(execution_id, status.error))
        case ExecutionPhase.EXECUTION_FAILED:
            raise fault("runtime", f"Agent {agent} failed", _told(execution_id, status.error))
        case _:
            raise _unknown(execution_id, agent, int(status.phase))


def _unknown(execution_id: str, agent: str, phase: int) -> Fault:
    return fault(
        "runtime",
        f"The run of agent {agent} ended in a phase that this runner does not know",
        f"{phase}, {execution_id}",
    )


def _told(execution_id: str, error: str) -> str:
    return f"{error} ({execution_id})" if error else execution_id


def _data(text: str) -> JsonValue:
    fenced = _FENCED.fullmatch(text)
    try:
        value = json.loads(fenced.group(1) if fenced else text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _refuse(constant: str) -> JsonValue:
    raise ValueError(f"{constant} is not JSON")
