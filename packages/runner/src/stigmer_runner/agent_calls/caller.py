"""The caller of kind `agent`: finds the agent, starts a run once, follows it to its end."""

import asyncio
from typing import Final

from grpclib.const import Status
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine.calls.attempt import ATTEMPT, Attempt
from stigmer_engine.faults import Fault, fault
from stigmer_engine.secrets import SecretVault
from stigmer_ports.logs import get_logger
from stigmer_proto.ai.stigmer.agentic.agentexecution.v1 import AgentExecution

from stigmer_runner.agent_calls.agent_client import AgentClient, Away, RefusedByService
from stigmer_runner.agent_calls.answer import answer_of, has_ended
from stigmer_runner.agent_calls.config import AgentCallConfig
from stigmer_runner.agent_calls.patience import Patience
from stigmer_runner.agent_calls.question import Question

log = get_logger(__name__)

_KINDS: Final = {
    Status.UNAUTHENTICATED: ("authentication", None),
    Status.PERMISSION_DENIED: ("authorization", None),
    Status.NOT_FOUND: ("communication", 404),
    Status.INVALID_ARGUMENT: ("communication", 400),
    Status.FAILED_PRECONDITION: ("communication", 400),
}
_REASON: Final = "the task that asked was cancelled, or its time is over"


class AgentCaller:
    """Asks agents. What is left to the next attempt at a call, as JSON: `{"asked": id}` from just before a run is
    created, `{"started": id}` once it is."""

    def __init__(self, client: AgentClient, config: AgentCallConfig | None = None) -> None:
        self._client = client
        self._config = config or AgentCallConfig()

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """The answer as JSON (see `answer_of`), with placeholders where it repeats secrets.

        Raises:
            Fault: as `answer_of`; `communication`, `authentication` or `authorization` when the service does not do
                what it is asked.
        """
        try:
            ended = await _Asking(self._client, self._config, Question.of(arguments, vault)).ended()
            return vault.scrub(answer_of(ended, str(arguments["agent"])))
        except Fault as error:
            raise Fault(vault.scrub_error(error.error)) from None


class _Asking:
    """One attempt at one call."""

    def __init__(self, client: AgentClient, config: AgentCallConfig, question: Question) -> None:
        self._client = client
        self._config = config
        self._question = question
        self._attempt: Attempt = ATTEMPT.get()
        self._patience = Patience(config, f"the Stigmer service at {client.service.endpoint}")
        self._streams = Patience(config, "its stream")

    async def ended(self) -> AgentExecution:
        """The run, once it has ended; cancelled with the call. Raises Fault."""
        try:
            execution_id = await self._known() or await self._start()
            try:
                return await self._follow(execution_id)
            except asyncio.CancelledError:
                await self._give_up(execution_id)
                raise
        except RefusedByService as refused:
            raise self._fault(refused) from None

    async def _known(self) -> str | None:
        """The run that an attempt before this one started, if any. Raises Fault when that cannot be told."""
        noted = self._attempt.noted
        if isinstance(noted, dict) and noted.get("started"):
            return str(noted["started"])
        if not self._attempt.repeated:
            return None
        asked = self._question.execution_id
        if await self._patience.outlast(lambda: self._client.find(asked)) is not None:
            return asked
        if noted is not None:
            raise self._in_doubt("the runner that asked for it was lost in that moment")
        return None

    # --- starting -----------------------------------------------------------------------------------------------

    async def _start(self) -> str:
        agent = await self._patience.outlast(lambda: self._client.agent(self._question.reference))
        execution = self._question.execution(agent.metadata.id if agent.metadata else "")
        self._attempt.note({"asked": self._question.execution_id})
        creating = asyncio.create_task(self._create(execution))
        try:
            return await asyncio.shield(creating)
        except asyncio.CancelledError:
            # What is being created cannot be left behind unknown.
            await asyncio.wait({creating}, timeout=self._config.rpc_seconds)
            if creating.done() and creating.exception() is None:
                await self._give_up(creating.result())
            creating.cancel()
            raise

    async def _create(self, execution: AgentExecution) -> str:
        """The id of the run. What may have been created is looked for, and never created again."""
        asked = self._question.execution_id
        while True:
            try:
                created = await self._client.create(execution)
            except RefusedByService as refused:
                if refused.status is not Status.ALREADY_EXISTS:
                    raise
                started = await self._look_for(asked, "it says that there is one")
            except Away as away:
                if not away.in_doubt:
                    await self._patience.wait(away)
                    continue
                started = await self._look_for(asked, str(away))
            else:
                started = created.metadata.id if created.metadata and created.metadata.id else asked
            self._patience.answered()
            self._attempt.note({"started": started})
            return started

    async def _look_for(self, asked: str, why: str) -> str:
        if await self._patience.outlast(lambda: self._client.find(asked)) is None:
            raise self._in_doubt(why)
        return asked

    def _in_doubt(self, why: str) -> Fault:
        detail = f"{why}; no run has the id {self._question.execution_id}, look for the slug {self._question.slug}"
        return fault("communication", "It is not known whether the agent was started", detail)

    # --- following ----------------------------------------------------------------------------------------------

    async def _follow(self, execution_id: str) -> AgentExecution:
        self._patience.about = f" (run {execution_id})"
        while True:
            try:
                ended = await self._watch(execution_id)
            except Away as away:
                log.info("the stream of an agent's run broke", agent_execution=execution_id, why=str(away))
                ended = None
            if ended is None:
                ended = await self._look(execution_id)
            if has_ended(ended):
                return ended
            await self._streams.pause()

    async def _watch(self, execution_id: str) -> AgentExecution | None:
        """The run once it has ended, by its stream, and by looking at it when that is silent."""

        def seen(execution: AgentExecution) -> bool:
            self._streams.answered()
            return has_ended(execution)

        watching = asyncio.create_task(self._client.watch(execution_id, seen))
        try:
            while True:
                done, _ = await asyncio.wait({watching}, timeout=self._config.look_seconds)
                if done:
                    return watching.result()
                found = await self._look(execution_id)
                if has_ended(found):
                    return found
        finally:
            watching.cancel()

    async def _look(self, execution_id: str) -> AgentExecution:
        found = await self._patience.outlast(lambda: self._client.find(execution_id))
        if found is None:
            raise fault("communication", "The Stigmer service has lost the run of the agent", execution_id, status=404)
        return found

    async def _give_up(self, execution_id: str) -> None:
        """Cancel the run, unless another attempt goes on with it."""
        self._attempt.note({"started": execution_id})
        if self._attempt.goes_on:
            return
        try:
            await self._client.cancel(execution_id, _REASON)
        except (Away, RefusedByService) as error:
            log.warning("a run of an agent was not cancelled and goes on", agent_execution=execution_id, why=str(error))

    # --- failing ------------------------------------------------------------------------------------------------

    def _fault(self, refused: RefusedByService) -> Fault:
        kind, status = _KINDS.get(refused.status, ("communication", None))
        where, slug = self._client.service.endpoint, self._question.reference.slug
        if kind == "communication":
            return fault(kind, f"The Stigmer service at {where} did not run agent {slug}", str(refused), status=status)
        variable = self._client.service.api_key_variable or "STIGMER_SERVICE_API_KEY"
        title = f"The Stigmer service at {where} refused the call of agent {slug}"
        return fault(kind, title, f"{refused}; check {variable}")
