"""Values of secrets at the moment of a call: from where they were kept, or once more from the Stigmer service."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from stigmer_engine.faults import fault
from stigmer_engine.runtimes.temporal.payloads import SecretStore
from stigmer_engine.runtimes.temporal.payloads.problems import MissingSecrets
from stigmer_ports.redaction import Redactor

from stigmer_runner.executions.admission import secrets_apart
from stigmer_runner.executions.documents import Documents
from stigmer_runner.executions.request import DocumentSource, ExecutionRequest
from stigmer_runner.refusals import Reason, Refused

_FRESH_SECONDS: Final = 300.0
_REMEMBERED: Final = 1000


class ExecutionSecrets:
    """The `SecretSource` of a runner's worker. What it gives out, the log of the process hides from then on.

    Args:
        vault: keeps the secrets that came with requests.
        source: has those of executions that were pulled by id; None without a Stigmer service.
    """

    def __init__(
        self, vault: SecretStore, documents: Documents, redactor: Redactor, source: DocumentSource | None
    ) -> None:
        self._vault = vault
        self._documents = documents
        self._redactor = redactor
        self._source = source
        self._pulled: dict[str, tuple[float, Mapping[str, str]]] = {}
        self._hidden: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    async def fetch(self, execution_id: str) -> Mapping[str, str]:
        """The secrets of an execution.

        Raises:
            Fault: `authorization`, when nobody has them.
            Refused, PayloadProblem: whoever has them cannot be asked now; the call is tried again.
        """
        values = self._remembered(execution_id)
        if values is None:
            values = await self._found(execution_id)
            self._hide(execution_id, values)
        return values

    async def _found(self, execution_id: str) -> Mapping[str, str]:
        try:
            return await self._vault.fetch(execution_id)
        except MissingSecrets as missing:
            if self._source is None:
                raise fault("authorization", "The secrets of the execution are not there", str(missing)) from None
            return await self._pull(execution_id, self._source)

    async def _pull(self, execution_id: str, source: DocumentSource) -> Mapping[str, str]:
        try:
            request = await source.complete(ExecutionRequest(execution_id=execution_id))
            document = await self._documents.load(request.document, field="workflow_execution_id")
        except Refused as refused:
            if refused.reason is Reason.SERVICE_UNAVAILABLE:
                raise
            raise fault("authorization", "The secrets of the execution are not there", refused.message) from None
        _, secrets = secrets_apart(request, (document.workflow.use and document.workflow.use.secrets) or ())
        if len(self._pulled) >= _REMEMBERED:
            self._pulled.clear()
        self._pulled[execution_id] = time.monotonic() + _FRESH_SECONDS, secrets
        return secrets

    def _remembered(self, execution_id: str) -> Mapping[str, str] | None:
        until, values = self._pulled.get(execution_id, (0.0, {}))
        return values if until > time.monotonic() else None

    def _hide(self, execution_id: str, values: Mapping[str, str]) -> None:
        hidden = tuple(values.values())
        self._redactor.learn(hidden)
        self._redactor.forget(self._hidden.pop(execution_id, ()))
        self._hidden[execution_id] = hidden
        while len(self._hidden) > _REMEMBERED:
            _, oldest = self._hidden.popitem(last=False)
            self._redactor.forget(oldest)
