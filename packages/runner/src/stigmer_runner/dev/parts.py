"""The three parts: the Temporal dev server, the service, and a runner in mode `dual`."""

import importlib.util
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import httpx
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import ConnectConfig, RPCError, ServiceClient

from stigmer_runner.dev.data_folder import DataFolder
from stigmer_runner.dev.part import Part
from stigmer_runner.dev.ports import HOST, Ports
from stigmer_runner.dev.problems import DevProblem
from stigmer_runner.temporal_server import DevServerConfig, DevServerProblem
from stigmer_runner.temporal_server.program import command_line, find_program

# What would lead the parts elsewhere; everything else of the environment is theirs too, such as ALLOW_SHELL.
_NOT_PASSED_ON: Final = frozenset(
    {
        "GRPC_TLS_CERT_FILE", "GRPC_TLS_KEY_FILE", "PUBLIC_BASE_URL", "STIGMER_API_KEY", "STIGMER_BACKEND_ENDPOINT",
        "STIGMER_DATABASE_URL", "STIGMER_RUNNER_ENDPOINT", "STIGMER_RUNNER_TYPE", "STIGMER_SECRET_KEYS",
        "STIGMER_SERVER_CLIENT_KEY", "STIGMER_SERVER_TLS_CERT_FILE", "STIGMER_SERVER_TLS_KEY_FILE",
    }
)  # fmt: skip
# What suits one machine where somebody looks on, unless the environment says otherwise.
_DEFAULTS: Final = {
    "SHUTDOWN_GRACE_SECONDS": "2",
    "STIGMER_EXECUTION_TIMEOUT_SECONDS": "0",
    "STIGMER_RUNNER_HEARTBEAT_SECONDS": "10",
}
_ASK_SECONDS: Final = 5.0


def temporal_part(folder: DataFolder, ports: Ports) -> Part:
    """The Temporal dev server. Raises DevProblem when it is not installed."""
    try:
        program = find_program()
    except DevServerProblem as problem:
        raise DevProblem(str(problem)) from None
    config = DevServerConfig(database=folder.temporal_database)
    return Part(
        name="temporal",
        command=tuple(command_line(program, config, port=ports.temporal, ui_port=ports.temporal_ui)),
        environment=_inherited(),
        is_ready=_temporal_answers(f"{HOST}:{ports.temporal}"),
    )


def server_part(folder: DataFolder, ports: Ports) -> Part:
    """The service. Raises DevProblem when it is not installed."""
    if importlib.util.find_spec("stigmer_server") is None:
        raise DevProblem("`stigmer dev` needs the service: `pip install stigmer-server`.")
    environment = {
        **_inherited(),
        "STIGMER_SERVER_HOST": HOST,
        "STIGMER_SERVER_PORT": str(ports.grpc),
        "STIGMER_SERVER_HTTP_PORT": str(ports.page),
        "STIGMER_DATA_DIR": str(folder.service),
        "STIGMER_SERVER_ADMIN_KEY": folder.key("admin"),
        "STIGMER_SERVER_RUNNER_KEY": folder.key("runner"),
        "STIGMER_ORCHESTRATION": "temporal",
        "TEMPORAL_SERVICE_ADDRESS": f"{HOST}:{ports.temporal}",
    }
    return Part(
        name="server",
        command=(sys.executable, "-m", "stigmer_server"),
        environment=environment,
        is_ready=_http_answers(ports.page),
    )


def runner_part(folder: DataFolder, ports: Ports) -> Part:
    """The runner; it is given its own key to the service, which is also the key to the runner."""
    environment = {
        **_inherited(),
        "EXECUTION_MODE": "dual",
        "BIND_HOST": HOST,
        "GRPC_PORT": str(ports.runner_grpc),
        "HTTP_PORT": str(ports.runner_http),
        "RUNNER_API_KEY": folder.key("runner"),
        "STIGMER_SERVICE_ENDPOINT": f"{HOST}:{ports.grpc}",
        "STIGMER_SERVICE_API_KEY": folder.key("runner"),
        "STIGMER_SERVICE_USE_TLS": "false",
        "TEMPORAL_SERVICE_ADDRESS": f"{HOST}:{ports.temporal}",
        "BLOB_STORAGE_TYPE": "filesystem",
        "BLOB_STORAGE_PATH": str(folder.blobs),
    }
    return Part(
        name="runner",
        command=(sys.executable, "-m", "stigmer_runner", "serve"),
        environment=environment,
        is_ready=_http_answers(ports.runner_http),
    )


def _inherited() -> Mapping[str, str]:
    """The environment without what names another Temporal or another service; logs as JSON, which we show."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_PASSED_ON and not name.startswith("TEMPORAL_")
    }
    return {**_DEFAULTS, **kept, "ENV": "", "PYTHONUNBUFFERED": "1"}


def _http_answers(port: int) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=_ASK_SECONDS) as client:
                return (await client.get(f"http://{HOST}:{port}/readyz")).is_success
        except httpx.HTTPError:
            return False

    return ready


def _temporal_answers(address: str) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            service = await ServiceClient.connect(ConnectConfig(target_host=address))
            await service.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
        except (RuntimeError, RPCError):
            return False
        return True

    return ready
