"""What is asked: the arguments of the call, with secrets filled in, as messages of the contract."""

from dataclasses import dataclass, field
from typing import Final

from stigmer_dsl.json_types import JsonObject
from stigmer_engine.faults import fault
from stigmer_engine.secrets import SecretVault
from stigmer_proto.ai.stigmer.agentic.agentexecution.v1 import AgentExecution, AgentExecutionSpec, ExecutionConfig
from stigmer_proto.ai.stigmer.agentic.executioncontext.v1 import ExecutionValue
from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceMetadata,
    ApiResourceOwnerScope,
    ApiResourceReference,
)

KEY_ANNOTATION: Final = "stigmer.ai/idempotency-key"
TEMPERATURE_ANNOTATION: Final = "stigmer.ai/temperature"

_SCOPES: Final = {
    "": ApiResourceOwnerScope(0),
    "platform": ApiResourceOwnerScope.platform,
    "organization": ApiResourceOwnerScope.organization,
    "identity_account": ApiResourceOwnerScope.identity_account,
}
_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call. `call` is its idempotency key for people, `key` the same in 32 hex digits."""

    reference: ApiResourceReference
    message: str = field(repr=False)
    env: dict[str, ExecutionValue] = field(repr=False)
    model: str
    temperature: float | None
    call: str
    key: str

    @classmethod
    def of(cls, arguments: JsonObject, vault: SecretVault) -> "Question":
        """Read what `stigmer_engine.executors.agent_call` gives.

        Raises:
            Fault: `configuration`, when the organization that owns the agent is not known.
        """
        config, scope = arguments["config"], _SCOPES[arguments["scope"]]
        if scope is ApiResourceOwnerScope.organization and not arguments["org"]:
            detail = "give it as the variable __stigmer_org_id of the execution"
            raise fault("configuration", f"The organization of agent {arguments['agent']} is not known", detail)
        return cls(
            reference=ApiResourceReference(
                scope=scope, org=arguments["org"], slug=vault.fill_text(str(arguments["agent"]))
            ),
            message=vault.fill_text(arguments["message"]),
            env={
                name: ExecutionValue(value=vault.fill_text(text), is_secret=vault.holds(text))
                for name, text in arguments["env"].items()
                # The contract has no empty values.
                if text
            },
            model=vault.fill_text(config.get("model", "")),
            temperature=config.get("temperature"),
            call=arguments["call"],
            key=arguments["key"],
        )

    @property
    def execution_id(self) -> str:
        """The id that the run of the agent is to have: `aex-` and a ULID made of the key, the same on every try.

        The service may mint another one; it is asked for, as in AIP-155.
        """
        number = int(self.key, 16)
        return "aex-" + "".join(_DIGITS[(number >> shift) & 31] for shift in range(125, -1, -5))

    @property
    def slug(self) -> str:
        """The slug of the run, the same on every try; the contract has it unique."""
        return f"call-{self.key}"

    def execution(self, agent_id: str) -> AgentExecution:
        """The run to create."""
        annotations = {KEY_ANNOTATION: self.call}
        if self.temperature is not None:
            # The contract has no field for it.
            annotations[TEMPERATURE_ANNOTATION] = f"{self.temperature:g}"
        return AgentExecution(
            api_version="agentic.stigmer.ai/v1",
            kind="AgentExecution",
            metadata=ApiResourceMetadata(
                name=f"{self.reference.slug} for {self.call}",
                slug=self.slug,
                id=self.execution_id,
                annotations=annotations,
            ),
            spec=AgentExecutionSpec(
                agent_id=agent_id,
                message=self.message,
                execution_config=ExecutionConfig(model_name=self.model) if self.model else None,
                runtime_env=self.env,
            ),
        )
