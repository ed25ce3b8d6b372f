"""A new execution: resolved, stored with its merged environment, and ordered to start, all in one transaction."""

import asyncio
from collections.abc import Mapping

from sqlalchemy.engine import Connection
from stigmer_dsl.json_types import JsonObject
from stigmer_proto.ai.stigmer.agentic.executioncontext.v1 import ExecutionContext, ExecutionContextSpec
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow, WorkflowStatus
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionSpec,
    WorkflowExecutionStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import WorkflowInstance
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata

from stigmer_server.access import Caller
from stigmer_server.access.caller import SERVER
from stigmer_server.executions.environment import merge_values
from stigmer_server.executions.input_check import check_input
from stigmer_server.executions.kind import EXECUTION
from stigmer_server.executions.repeats import Repeatable
from stigmer_server.executions.run_input import seen_input
from stigmer_server.executions.secrets import show_execution, take_execution_secrets
from stigmer_server.ids import new_id
from stigmer_server.reduction import pack_task_types
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources import ExecutionContexts, WorkflowInstances
from stigmer_server.resources.audit import created
from stigmer_server.resources.contexts import CONTEXT
from stigmer_server.resources.environments import ENVIRONMENT, check_names
from stigmer_server.resources.input_schema import input_schema
from stigmer_server.resources.instances import INSTANCE
from stigmer_server.resources.metadata import check_envelope, invalid, referred_address
from stigmer_server.resources.workflows import WORKFLOW
from stigmer_server.store.database import Database
from stigmer_server.store.executions import insert_execution
from stigmer_server.store.outbox import Action, put_order
from stigmer_server.store.resources import find_by_address, find_by_id, replace_body
from stigmer_server.store.secrets import read_secrets, write_secrets
from stigmer_server.store.transaction import Transaction
from stigmer_server.timestamps import now_ms
from stigmer_server.vault import KeyRing
from stigmer_server.vault.values import NamedValue, put_secrets


class ExecutionCreation:
    """Creates executions. Nothing is started that is not stored, and nothing is stored that is not to be started."""

    def __init__(
        self, database: Database, ring: KeyRing, instances: WorkflowInstances, contexts: ExecutionContexts
    ) -> None:
        self._database = database
        self._ring = ring
        self._instances = instances
        self._contexts = contexts

    async def create(self, execution: WorkflowExecution, caller: Caller) -> WorkflowExecution:
        """Store the execution as pending and order its start; a repeat gives the one that is there, as it is now.

        Raises Refused: NOT_FOUND; INVALID_REQUEST, also for an input that does not fit the workflow's schema;
        ALREADY_EXISTS for an idempotency key that stands for another request.
        """
        check_envelope(EXECUTION, execution, named=False)
        spec = execution.spec
        if spec is None or not (spec.workflow_instance_id or spec.workflow_id):
            raise invalid("spec", "must name a workflow_instance_id or a workflow_id")
        check_names(spec.runtime_env, "spec.runtime_env")
        repeatable, given = Repeatable(execution, caller), seen_input(execution)
        found = await self._database.read(
            lambda connection: repeatable.earlier(connection, self._ring) or self._resolve(connection, spec)[1]
        )
        if isinstance(found, WorkflowExecution):
            return found
        types = await asyncio.to_thread(_examine, found, given)
        # The work may run twice when transactions cross, so it begins from the same bytes each time.
        data = bytes(execution)

        def work(transaction: Transaction) -> WorkflowExecution:
            # Looked for once more: a repeat may have come first.
            earlier = repeatable.earlier(transaction.connection, self._ring)
            if earlier is not None:
                return earlier
            stored = self._store(transaction, WorkflowExecution.parse(data), types, caller)
            assert stored.metadata is not None
            repeatable.created(transaction, stored.metadata.id)
            return stored

        return await self._database.write(work)

    def _store(
        self, transaction: Transaction, execution: WorkflowExecution, types: bytes | None, caller: Caller
    ) -> WorkflowExecution:
        metadata, spec = execution.metadata, execution.spec
        assert metadata is not None
        assert spec is not None
        known, workflow = self._resolve(transaction.connection, spec)
        instance = known or self._default_instance(transaction, workflow)
        assert instance.metadata is not None
        assert workflow.metadata is not None
        spec.workflow_instance_id, spec.workflow_id = instance.metadata.id, workflow.metadata.id
        metadata.id = new_id(EXECUTION.kind)
        metadata.slug = metadata.slug or metadata.id
        metadata.name = metadata.name or workflow.metadata.name
        values = merge_values(self._layers(transaction, workflow, instance, spec))
        at = now_ms()
        execution.status = WorkflowExecutionStatus(phase=ExecutionPhase.EXECUTION_PENDING, audit=created(caller, at))
        secrets = take_execution_secrets(execution)
        insert_execution(transaction, execution, workflow_id=workflow.metadata.id, created_at=at, task_types=types)
        write_secrets(transaction, self._ring, metadata.id, secrets)
        context = ExecutionContext(
            api_version=CONTEXT.api_version,
            kind=CONTEXT.name,
            metadata=ApiResourceMetadata(name=metadata.id, slug=metadata.id),
            spec=ExecutionContextSpec(execution_id=metadata.id, data=values),
        )
        self._contexts.collection.insert(transaction, context, SERVER)
        put_order(transaction, metadata.id, Action.START)
        return show_execution(transaction.connection, self._ring, execution, caller)

    def _resolve(self, connection: Connection, spec: WorkflowExecutionSpec) -> tuple[WorkflowInstance | None, Workflow]:
        """The workflow, and its instance: None stands for the default one."""
        if not spec.workflow_instance_id:
            return None, _workflow(connection, spec.workflow_id)
        body = find_by_id(connection, int(INSTANCE.kind), spec.workflow_instance_id)
        if body is None:
            raise Refused(Reason.NOT_FOUND, f"there is no WorkflowInstance {spec.workflow_instance_id!r}")
        instance = INSTANCE.parse(body)
        owner = INSTANCE.parent(instance)
        if spec.workflow_id and spec.workflow_id != owner:
            raise invalid("spec.workflow_id", f"is not the workflow of the instance, which is {owner!r}")
        return instance, _workflow(connection, owner)

    def _default_instance(self, transaction: Transaction, workflow: Workflow) -> WorkflowInstance:
        instance = self._instances.default_of(transaction, workflow)
        assert instance.metadata is not None
        assert workflow.metadata is not None
        known = workflow.status.default_instance_id if workflow.status else ""
        if known != instance.metadata.id:
            newest = _workflow(transaction.connection, workflow.metadata.id, lock=True)
            newest.status = newest.status or WorkflowStatus()
            newest.status.default_instance_id = instance.metadata.id
            replace_body(transaction, workflow.metadata.id, "", bytes(newest))
        return instance

    def _layers(
        self, transaction: Transaction, workflow: Workflow, instance: WorkflowInstance, spec: WorkflowExecutionSpec
    ) -> list[Mapping[str, NamedValue]]:
        """The values that the run sees, the weakest first, secrets included."""
        assert workflow.metadata is not None
        layers = [self._with_secrets(transaction, workflow.metadata.id, WORKFLOW.values(workflow))]
        for reference in instance.spec.env_refs if instance.spec else []:
            body = find_by_address(transaction.connection, referred_address(ENVIRONMENT, reference))
            if body is None:
                raise Refused(
                    Reason.WRONG_STATE,
                    f"the instance refers to the environment {reference.slug!r}, which is no more",
                )
            environment = ENVIRONMENT.parse(body)
            assert environment.metadata is not None
            layers.append(self._with_secrets(transaction, environment.metadata.id, ENVIRONMENT.values(environment)))
        return [*layers, spec.runtime_env]

    def _with_secrets(
        self, transaction: Transaction, owner_id: str, values: Mapping[str, NamedValue]
    ) -> Mapping[str, NamedValue]:
        if any(value.is_secret for value in values.values()):
            put_secrets(values, read_secrets(transaction.connection, self._ring, owner_id))
        return values


def _workflow(connection: Connection, workflow_id: str, *, lock: bool = False) -> Workflow:
    body = find_by_id(connection, int(WORKFLOW.kind), workflow_id, lock=lock)
    if body is None:
        raise Refused(Reason.NOT_FOUND, f"there is no Workflow {workflow_id!r}")
    return WORKFLOW.parse(body)


def _examine(workflow: Workflow, given: JsonObject) -> bytes | None:
    """The types of the workflow's tasks. Raises Refused for an input that does not fit."""
    check_input(input_schema(workflow), given)
    validation = workflow.status.serverless_workflow_validation if workflow.status else None
    return pack_task_types(validation.yaml) if validation is not None and validation.yaml else None
