"""Where Temporal is, and how the runner works for it. TLS has only the names of the environment configuration standard.

The standard (docs.temporal.io/develop/environment-configuration) is read by Temporal's own SDK; the names of the seeds
come first when they are set.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from stigmer_ports.config.log_settings import LogSettings
from stigmer_ports.config.value_types import Count, PositiveSeconds, Seconds, fits_a_header, lower


class TemporalSettings(LogSettings):
    """What modes `temporal` and `dual` need beside the rest."""

    temporal_service_address: str | None = Field(
        default=None,
        description="`host:port` of Temporal's front end. Without it `TEMPORAL_ADDRESS` counts, then the address of "
        "the profile, then `localhost:7233`.",
    )
    temporal_address: str | None = Field(
        default=None, description="The standard's name of the same; see [Temporal](#temporal)."
    )
    temporal_namespace: str | None = Field(
        default=None, description="Temporal namespace. Default: that of the profile, else `default`."
    )
    temporal_api_key: SecretStr | None = Field(
        default=None, description="API key of Temporal Cloud, or of a proxy that wants one. Switches TLS on."
    )
    temporal_profile: str | None = Field(default=None, description="Profile of the configuration file.")
    temporal_config_file: Path | None = Field(
        default=None, description="Configuration file of Temporal. Default: `temporalio/temporal.toml` of this user."
    )
    temporal_task_queue: str = Field(
        default="stigmer-workflows", min_length=1, description="Task queue of executions and of their calls."
    )
    temporal_workflow_execution_runner_task_queue: str = Field(
        default="workflow_execution_runner",
        min_length=1,
        description="Task queue of the activity `ExecuteWorkflow`, which other services call.",
    )
    temporal_max_concurrency: Count = Field(
        default=10, description="Activities, such as calls of tasks, that this runner works on at a time."
    )
    temporal_max_cached_executions: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=1000, description="Executions kept in memory between their steps; others are replayed when they go on."
    )
    temporal_deployment_name: str | None = Field(
        default=None, description="Name of the worker deployment, for Temporal's worker versioning."
    )
    temporal_worker_build_id: str | None = Field(
        default=None, description="Version of this runner in that deployment; both or neither must be set."
    )
    temporal_versioning: Annotated[Literal["pinned", "auto-upgrade"], BeforeValidator(lower)] = Field(
        default="auto-upgrade",
        description="With worker versioning: `auto-upgrade` lets executions go on with a newer runner, `pinned` keeps "
        "them with the version that began them.",
    )
    execution_history_events: Annotated[int, Field(ge=0, le=50_000)] = Field(
        default=0,
        description="Events of a Temporal history, after which an execution goes on in a new one; `0`: when Temporal "
        "says so.",
    )
    execution_cancel_grace_seconds: Seconds = Field(
        default=30, description="How long calls under way may go on after a graceful cancellation."
    )
    temporal_connect_seconds: PositiveSeconds = Field(
        default=60, description="How long the runner waits for Temporal when it starts."
    )

    @field_validator("temporal_api_key")
    @classmethod
    def _key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return fits_a_header(value)

    @model_validator(mode="after")
    def _version_is_whole(self) -> "TemporalSettings":
        if (self.temporal_deployment_name is None) != (self.temporal_worker_build_id is None):
            raise ValueError("TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID must be set together")
        return self
