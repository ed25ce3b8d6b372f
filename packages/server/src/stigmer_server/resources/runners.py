"""The registry of runners, with what the health checks found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import betterproto2
from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    ListWorkflowRunnersRequest,
    WorkflowRunner,
    WorkflowRunnerHealth,
    WorkflowRunnerHealthState,
    WorkflowRunnerList,
    WorkflowRunnerSpec,
    WorkflowRunnerStatus,
)
from stigmer_proto.ai.stigmer.commons.apiresource import (
    ApiResourceAudit,
    ApiResourceDeleteInput,
    ApiResourceKind,
    ApiResourceMetadata,
    ApiResourceOwnerScope,
)

from stigmer_server.access import Caller
from stigmer_server.access.caller import SERVER
from stigmer_server.orchestration.address import runner_address
from stigmer_server.resources.collection import Collection
from stigmer_server.resources.kind import Kind
from stigmer_server.resources.metadata import invalid
from stigmer_server.resources.pages import page_of_info, total_pages
from stigmer_server.store.database import Database
from stigmer_server.store.resources import find_by_id
from stigmer_server.store.runner_health import read_health, runners_with_health, write_health
from stigmer_server.vault import KeyRing


class _RunnerKind(Kind[WorkflowRunner]):
    kind = ApiResourceKind.workflow_runner
    name = "WorkflowRunner"
    api_version = "workflowrunner.stigmer.ai/v1"
    scopes = frozenset({ApiResourceOwnerScope.platform, ApiResourceOwnerScope.organization})

    def parse(self, data: bytes) -> WorkflowRunner:
        return WorkflowRunner.parse(data)

    def spec(self, resource: WorkflowRunner) -> betterproto2.Message | None:
        return resource.spec

    def audit(self, resource: WorkflowRunner) -> ApiResourceAudit | None:
        return resource.status.audit if resource.status else None

    def set_audit(self, resource: WorkflowRunner, audit: ApiResourceAudit) -> None:
        resource.status = WorkflowRunnerStatus(audit=audit)


RUNNER: Final = _RunnerKind()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredRunner:
    """A runner as the dispatcher needs it."""

    id: str
    spec: WorkflowRunnerSpec
    state: WorkflowRunnerHealthState


class WorkflowRunners:
    """The calls of `WorkflowRunnerCommandController` and `...QueryController`. Every method raises Refused.

    `on_change` is called after a runner was registered or changed.
    """

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self.collection = Collection(RUNNER, database, ring)
        self._database = database
        self.on_change: Callable[[], None] = lambda: None

    async def create(self, runner: WorkflowRunner, caller: Caller) -> WorkflowRunner:
        """Register a runner."""
        registered = await self.collection.create(_checked(runner), caller)
        self.on_change()
        return registered

    async def update(self, runner: WorkflowRunner, caller: Caller) -> WorkflowRunner:
        """Replace the spec of a runner."""
        changed = await self.collection.update(_checked(runner), caller)
        self.on_change()
        return await self._with_health(changed)

    async def delete(self, request: ApiResourceDeleteInput, caller: Caller) -> WorkflowRunner:
        """Remove a runner; its runs go on."""
        runner = await self.get(request.resource_id, caller)
        await self.collection.delete(request.resource_id, caller)
        return runner

    async def get(self, runner_id: str, caller: Caller) -> WorkflowRunner:
        """The runner with this id, with its health."""
        return await self._with_health(await self.collection.get(runner_id, caller))

    async def page(self, request: ListWorkflowRunnersRequest) -> WorkflowRunnerList:
        """A page of the runners, newest first."""
        page, size = page_of_info(request.page_info)

        def work(connection: Connection) -> WorkflowRunnerList:
            runners = [
                (RUNNER.parse(body), health) for body, health in runners_with_health(connection, int(RUNNER.kind))
            ]
            chosen = [runner for runner in runners if request.type in ("", _type(runner[0]))][::-1]
            entries = []
            for runner, health in chosen[page * size : (page + 1) * size]:
                assert runner.status is not None
                runner.status.health = health
                entries.append(runner)
            return WorkflowRunnerList(total_pages=total_pages(len(chosen), size), entries=entries)

        return await self._database.read(work)

    async def registered(self) -> list[RegisteredRunner]:
        """Every runner, the oldest first."""

        def work(connection: Connection) -> list[RegisteredRunner]:
            found = runners_with_health(connection, int(RUNNER.kind))
            return [_registered(RUNNER.parse(body), health) for body, health in found]

        return await self._database.read(work)

    async def find(self, runner_id: str) -> RegisteredRunner | None:
        """The runner with this id, if there is one."""

        def work(connection: Connection) -> RegisteredRunner | None:
            body = find_by_id(connection, int(RUNNER.kind), runner_id)
            health = read_health(connection, runner_id) or WorkflowRunnerHealth()
            return None if body is None else _registered(RUNNER.parse(body), health)

        return await self._database.read(work)

    async def note_health(self, runner_id: str, health: WorkflowRunnerHealth) -> None:
        """Store the result of a health check; nothing happens when the runner is gone."""
        await self._database.write(lambda transaction: write_health(transaction, runner_id, health))

    async def register_default(self, endpoint: str, runner_type: str) -> WorkflowRunner:
        """Register the runner of the settings under the name `default`, or bring its registration up to date."""
        metadata = ApiResourceMetadata(name="default", owner_scope=ApiResourceOwnerScope.platform)
        spec = WorkflowRunnerSpec(type=runner_type or "grpc", endpoint=endpoint, description="From the settings.")
        return await self.collection.apply(_checked(WorkflowRunner(metadata=metadata, spec=spec)), SERVER)

    async def _with_health(self, runner: WorkflowRunner) -> WorkflowRunner:
        await self._database.read(lambda connection: _add_health(connection, runner))
        return runner


def _add_health(connection: Connection, runner: WorkflowRunner) -> None:
    assert runner.metadata is not None
    assert runner.status is not None
    runner.status.health = read_health(connection, runner.metadata.id) or WorkflowRunnerHealth()


def _registered(runner: WorkflowRunner, health: WorkflowRunnerHealth) -> RegisteredRunner:
    assert runner.metadata is not None
    assert runner.spec is not None
    return RegisteredRunner(id=runner.metadata.id, spec=runner.spec, state=health.state)


def _type(runner: WorkflowRunner) -> str:
    return runner.spec.type if runner.spec else ""


def _checked(runner: WorkflowRunner) -> WorkflowRunner:
    if runner.spec is None:
        raise invalid("spec", "is missing")
    if not _is_type(runner.spec.type):
        raise invalid("spec.type", "must be lower-case letters, digits and `-`, beginning with a letter")
    try:
        runner_address(runner.spec.endpoint)
    except ValueError as error:
        raise invalid("spec.endpoint", str(error)) from None
    return runner


def _is_type(text: str) -> bool:
    plain = text.replace("-", "")
    return 0 < len(text) <= 63 and text[0].isalpha() and plain.isascii() and plain.isalnum() and text == text.lower()
