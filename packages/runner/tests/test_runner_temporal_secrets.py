"""Secrets of executions on Temporal: where a call gets them from, and when they are forgotten."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from stigmer_engine import Engine, Fault
from stigmer_engine.runtimes.temporal import (
    TemporalExecutions,
    TemporalWorker,
    prepare_outside,
    workflow_services,
)
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter, secret_store, sweep
from stigmer_engine.runtimes.temporal.payloads.problems import MissingSecrets
from stigmer_engine.runtimes.temporal.payloads.stores import sealed_secrets
from stigmer_ports.redaction import MASK, Redactor
from stigmer_runner.durable.secret_sweep import secrets_in_use
from stigmer_runner.durable.secrets import ExecutionSecrets
from stigmer_runner.executions import Documents, ExecutionRequest
from stigmer_runner.refusals import Reason, Refused
from temporalio.client import Client

from packages.engine.tests.temporal_server import start_dev_server

HEADER = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\nuse: {secrets: [TOKEN]}\n"
SHORT = HEADER + "do:\n  - only: {set: {a: 1}}\n"
LONG = HEADER + "do:\n  - hold: {wait: {hours: 1}}\n"


class Service:
    """What can be pulled by id: a request, or a refusal."""

    def __init__(self, answer: ExecutionRequest | Refused) -> None:
        self.answer = answer
        self.asked = 0

    async def complete(self, request: ExecutionRequest) -> ExecutionRequest:
        del request
        self.asked += 1
        if isinstance(self.answer, Refused):
            raise self.answer
        return self.answer


async def fetched(
    folder: Path, redactor: Redactor, service: Service | None, *, twice: bool = False
) -> Mapping[str, str]:
    """The secrets of an execution that the vault does not know."""
    async with Engine() as engine:
        vault = secret_store(PayloadsConfig(place=folder))
        secrets = ExecutionSecrets(vault, Documents(engine.load, max_bytes=10_000), redactor, service)
        values = await secrets.fetch("wex-1")
        return await secrets.fetch("wex-1") if twice else values


async def test_kept_secrets_are_found_and_hidden_in_the_log(tmp_path: Path) -> None:
    vault = secret_store(PayloadsConfig(place=tmp_path))
    await vault.keep("wex-1", {"TOKEN": "kept-value"})
    redactor = Redactor(())
    assert await fetched(tmp_path, redactor, None) == {"TOKEN": "kept-value"}
    assert redactor.text("it is kept-value") == f"it is {MASK}"


async def test_secrets_that_nobody_kept_are_pulled_once(tmp_path: Path) -> None:
    service = Service(
        ExecutionRequest(document=SHORT, env={"TOKEN": "as-a-variable", "A": "1"}, secrets={"B": "b-b-b"})
    )
    redactor = Redactor(())
    values = await fetched(tmp_path, redactor, service, twice=True)
    assert (values, service.asked) == ({"TOKEN": "as-a-variable", "B": "b-b-b"}, 1)
    assert redactor.text("as-a-variable") == MASK


async def test_an_outage_is_no_fault_of_the_workflow(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        await fetched(tmp_path, Redactor(()), Service(Refused(Reason.SERVICE_UNAVAILABLE, "down")))


@pytest.mark.parametrize("service", [None, Service(Refused(Reason.EXECUTION_NOT_FOUND, "unknown"))])
async def test_secrets_that_are_nowhere_are_a_fault(tmp_path: Path, service: Service | None) -> None:
    with pytest.raises(Fault) as caught:
        await fetched(tmp_path, Redactor(()), service)
    assert caught.value.error.type.endswith("/authorization")


async def test_secrets_are_forgotten_when_nothing_runs_with_them(tmp_path: Path) -> None:
    payloads = PayloadsConfig(place=tmp_path)
    vault, store = secret_store(payloads), sealed_secrets(tmp_path)
    async with start_dev_server() as address, Engine() as engine:
        services = workflow_services(engine)
        client = await Client.connect(
            address, data_converter=data_converter(payloads, on_text=prepare_outside(services))
        )
        async with TemporalWorker(client, engine, services, secrets=vault):
            executions = TemporalExecutions(client, vault=vault)
            for execution_id, document in (("ended", SHORT), ("parent", LONG), ("a/b", LONG)):
                await executions.start(
                    engine.load(document), execution_id=execution_id, secrets={"TOKEN": execution_id}
                )
            await executions.find("ended").wait()
            in_use: frozenset[str] = frozenset()
            # Temporal lists executions with a delay.
            while len(in_use) < 3:
                in_use = await secrets_in_use(client)
                await asyncio.sleep(0.1)

            async def used() -> frozenset[str]:
                return in_use

            report = await sweep(store, timedelta(0), in_use=used)
            for open_one in ("parent", "a/b"):
                await executions.find(open_one).terminate()
        services.close()
    assert (report.seen, report.deleted) == (3, 1)
    fresh = secret_store(payloads)
    assert await fresh.fetch("parent") == {"TOKEN": "parent"}
    assert await fresh.fetch("a/b") == {"TOKEN": "a/b"}
    with pytest.raises(MissingSecrets):
        await fresh.fetch("ended")
