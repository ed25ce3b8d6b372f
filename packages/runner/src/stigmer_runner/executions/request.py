"""What it takes to start an execution, whichever port asks for it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from stigmer_dsl import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequest:
    """A request to run a workflow. Environment and secrets do not show in the repr.

    `execution_id` may be empty: one is minted then. `document` is the DSL text; empty: to be pulled by id.
    `input` is the raw workflow input. `max_timeout_seconds` 0 sets no limit. `debug` logs the events of the run.
    """

    execution_id: str = ""
    document: str = ""
    input: JsonValue = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    max_timeout_seconds: int = 0
    debug: bool = False

    @property
    def fingerprint(self) -> str:
        """Equal for requests that ask for the same run: same document, input and environment."""
        parts = [self.document, self.input, dict(self.env), dict(self.secrets), self.max_timeout_seconds]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


class DocumentSource(Protocol):
    """Completes a request that brings only an id."""

    async def complete(self, request: ExecutionRequest) -> ExecutionRequest:
        """The request with document, input, environment and secrets. Raises Refused."""
        ...
