"""The sandbox of workflow code, with what it need not load anew for each workflow."""

from typing import Final

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

# Modules with no state of a run. Loading them in the sandbox would cost each workflow more than its work does.
PASSED_THROUGH: Final = (
    "stigmer_engine",
    "stigmer_dsl",
    "jsonschema_rs",
    "pydantic",
    "pydantic_core",
    "yaml",
    "cronsim",
    "cloudevents",
    "httpx",
    "grpc",
    "google.protobuf",
    "cryptography",
    "obstore",
)


def workflow_runner() -> SandboxedWorkflowRunner:
    """Runs workflows in Temporal's sandbox."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
