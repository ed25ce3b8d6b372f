"""What evaluates the expressions of a schedule: a run without tasks."""

import secrets as random_source
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stigmer_engine.documents import DocumentRegistry
from stigmer_engine.event_log import EventLog
from stigmer_engine.execution import Execution
from stigmer_engine.executors.extension import run_extended
from stigmer_engine.executors.registry import EXECUTORS
from stigmer_engine.expressions import Evaluator
from stigmer_engine.faults import fault
from stigmer_engine.frames import Tree
from stigmer_engine.ids import new_execution_id
from stigmer_engine.interpreter.port import ChildRequest
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.interpreter.run import Limits, Run
from stigmer_engine.runtimes.asyncio.children import Children, Family
from stigmer_engine.runtimes.asyncio.runtime import AsyncioRuntime, Clock
from stigmer_engine.secrets import SecretNames, SecretVault

# Events that may wait for an instance. They are looked at anew for each, so they must stay few.
_MAX_INBOX: Final = 1000


def schedule_run(
    prepared: PreparedDocument,
    *,
    evaluator: Evaluator,
    clock: Clock,
    secrets: Mapping[str, str],
    env: Mapping[str, str],
    limits: Limits,
) -> Run:
    """A run that evaluates expressions and keeps an inbox, and performs no calls."""
    tree = Tree(execution_id=new_execution_id(), nonce=random_source.token_hex(8), started_at=clock(), raw_input=None)
    runtime = AsyncioRuntime(
        evaluator=evaluator,
        callers={},
        vault=SecretVault(tree.nonce, secrets),
        log=EventLog(),
        children=Children(DocumentRegistry(), _no_child, levels=0, family=Family(0)),
        clock=clock,
    )
    return Run(
        prepared=prepared,
        runtime=runtime,
        tree=tree,
        executors=EXECUTORS,
        body=run_extended,
        secrets=SecretNames(tree.nonce, tuple(secrets)),
        environment=env,
        limits=replace(limits, max_inbox=min(limits.max_inbox, _MAX_INBOX)),
    )


def _no_child(_document: PreparedDocument, request: ChildRequest) -> Execution:
    raise fault("runtime", "A schedule has no sub-workflows", request.name)
