"""How executions get to runners."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from stigmer_ports.config import LogSettings
from stigmer_ports.config.value_types import fits_a_header, lower


class OrchestrationSettings(LogSettings):
    """What the server needs to have executions done, beside the addresses of runners."""

    stigmer_orchestration: Annotated[Literal["direct", "temporal"], BeforeValidator(lower)] = Field(
        default="direct",
        description="`direct` calls a registered runner over gRPC; `temporal` has a workflow on Temporal hand each "
        "execution to a runner's queue.",
    )
    stigmer_execution_timeout_seconds: Annotated[float, Field(ge=0, le=10 * 366 * 86400, allow_inf_nan=False)] = Field(
        default=1800,
        description="With `temporal`: longest time of an execution, waits and pauses included; `0`: for ever.",
    )
    stigmer_runner_heartbeat_seconds: Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)] = Field(
        default=30,
        description="With `temporal`: a runner whose activity gives no sign of life for so long counts as lost, and "
        "another one goes on. `0` for runners that give none, as those written in Go.",
    )
    temporal_service_address: str = Field(default="localhost:7233", description="Temporal front end.")
    temporal_namespace: str = Field(default="default", description="Temporal namespace.")
    temporal_api_key: SecretStr | None = Field(default=None, description="API key of the Temporal namespace.")
    temporal_tls: bool = Field(default=False, description="Whether Temporal is reached by TLS.")
    temporal_workflow_execution_stigmer_task_queue: str = Field(
        default="workflow_execution_stigmer", description="Task queue of the workflows that hand executions on."
    )
    temporal_workflow_execution_runner_task_queue: str = Field(
        default="workflow_execution_runner", description="Task queue of the runners' activity `ExecuteWorkflow`."
    )

    @field_validator("temporal_api_key")
    @classmethod
    def _temporal_key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return fits_a_header(value)
