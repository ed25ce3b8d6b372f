"""Executions under load: created, run by peers, followed by subscribers, and checked in the end."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.json_format import ParseDict
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, RUNNER_KEY

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, EXECUTION_QUERY, RUNNER_COMMAND, WORKFLOW_COMMAND
from packages.server.tests.samples import execution, set_task, workflow

from .judgement import COMPLETED
from .passing import PASSING, RETRY_SECONDS
from .processes import PeerProcess

_SUBSCRIBERS_IN_A_PROCESS: Final = 25
_FOR_ALL_EVERY: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much: executions of so many tasks; subscribers, half of them by gRPC and half by SSE; runners.

    At most `ahead` executions are created that are not done yet. `runner` is the endpoint of a real runner, which then
    takes the place of the runners that are grpcio alone.
    """

    executions: int
    tasks: int = 20
    subscribers: int = 50
    runners: int = 4
    ahead: int = 64
    runner: str = ""

    def with_runner(self, endpoint: str) -> "Plan":
        """The same on a real runner."""
        return replace(self, runner=endpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the server is, for everybody."""

    target: str
    url: str


@dataclass(slots=True)
class Outcome:
    """What came of it. Times in milliseconds; `seconds` from the first creation to the last end."""

    plan: Plan
    seconds: float = 0.0
    create_ms: list[float] = field(default_factory=list)
    report_ms: list[float] = field(default_factory=list)
    event_ms: list[float] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)
    followed: int = 0
    came_back: int = 0
    cut_off: int = 0
    repeats: int = 0
    wrong: list[str] = field(default_factory=list)

    def add_subscribers(self, kind: str, result: Mapping[str, Any]) -> None:
        """Take over what a process of subscribers saw."""
        self.messages[kind] += result["messages"]
        self.followed += result["followed"]
        self.came_back += result["came_back"]
        self.cut_off += result["cut_off"]
        self.event_ms += result["milliseconds"]
        self.wrong += result["wrong"]


class Campaign:
    """One run of a plan against a server. `done` are the executions that have ended so far."""

    def __init__(self, plan: Plan, place: Place, contract: Contract) -> None:
        self._plan = plan
        self._place = place
        self._contract = contract
        self._ended: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._marks: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self.done = 0
        self.outcome = Outcome(plan=plan)

    async def run(self) -> Outcome:
        """Everything, from the first creation to the last check."""
        async with AsyncExitStack() as stack:
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(self._place.target))
            self._channel = channel
            runners = await self._runners(stack)
            subscribers = await self._subscribers(stack)
            created = await self._create_all(subscribers)
            for kind, processes in subscribers.items():
                for process in processes:
                    self.outcome.add_subscribers(kind, await process.result())
            self._judge_runners(created, [await runner.result() for runner in runners])
            await self._judge_store(created)
        return self.outcome

    async def until_done(self, executions: int) -> None:
        """Until so many executions have ended."""
        await self._marks[executions].wait()

    async def call(self, service: str, method: str, request: Mapping[str, Any], key: str) -> Any:
        """The answer, however often it takes."""
        stub = getattr(self._contract.stubs[service](self._channel), method)
        message = ParseDict(dict(request), self._contract.request(service, method)())
        while True:
            try:
                return await stub(message, metadata=(("authorization", f"Bearer {key}"),), timeout=60)
            except grpc.aio.AioRpcError as error:
                if error.code() not in PASSING:
                    raise
                await asyncio.sleep(RETRY_SECONDS)

    def _heard(self, said: Mapping[str, Any]) -> None:
        run = said.get("seen" if self._plan.runner else "done")
        if run is not None and not self._ended[run].is_set():
            self._ended[run].set()
            self.done += 1
            self._marks[self.done].set()

    async def _runners(self, stack: AsyncExitStack) -> list[PeerProcess]:
        plan, endpoints, runners = self._plan, [self._plan.runner], []
        if not plan.runner:
            at_once = -(-plan.ahead // plan.runners)
            given = {"target": self._place.target, "key": RUNNER_KEY, "tasks": plan.tasks, "at_once": at_once}
            runners = [
                await stack.enter_async_context(PeerProcess("runner_peer", given, self._heard))
                for _ in range(plan.runners)
            ]
            endpoints = [f"grpc://127.0.0.1:{(await runner.first())['port']}" for runner in runners]
        for number, endpoint in enumerate(endpoints):
            metadata = {"name": f"load-{number}", "ownerScope": "platform"}
            spec = {"type": "grpc", "endpoint": endpoint}
            await self.call(RUNNER_COMMAND, "Create", {"metadata": metadata, "spec": spec}, ADMIN_KEY)
        return runners

    async def _subscribers(self, stack: AsyncExitStack) -> dict[str, list[PeerProcess]]:
        place, half = self._place, self._plan.subscribers // 2
        made: dict[str, list[PeerProcess]] = {"grpc": [], "sse": []}
        for kind, processes in made.items():
            for first in range(0, half, _SUBSCRIBERS_IN_A_PROCESS):
                count = min(_SUBSCRIBERS_IN_A_PROCESS, half - first)
                given: dict[str, Any] = {"kind": kind, "target": place.target, "url": place.url, "key": CLIENT_KEY}
                given |= {"count": count, "tasks": self._plan.tasks}
                process = PeerProcess("subscriber_peer", given, self._heard)
                processes.append(await stack.enter_async_context(process))
            for process in processes:
                await process.first()
        return made

    async def _create_all(self, subscribers: Mapping[str, Sequence[PeerProcess]]) -> list[str]:
        tasks = [set_task(f"t{number}", answer=f"{number}") for number in range(self._plan.tasks)]
        made = await self.call(WORKFLOW_COMMAND, "apply", workflow("load", tasks=tasks), CLIENT_KEY)
        places = asyncio.Semaphore(self._plan.ahead)
        created: list[str] = []

        async def one(number: int) -> None:
            async with places:
                begun = time.perf_counter()
                run = (
                    await self.call(EXECUTION_COMMAND, "create", execution(made.metadata.id), CLIENT_KEY)
                ).metadata.id
                self.outcome.create_ms.append((time.perf_counter() - begun) * 1000)
                created.append(run)
                self._let_follow(number, run, subscribers)
                await self._ended[run].wait()

        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(self._plan.executions):
                group.create_task(one(number))
        self.outcome.seconds = time.perf_counter() - begun
        return created

    def _let_follow(self, number: int, run: str, subscribers: Mapping[str, Sequence[PeerProcess]]) -> None:
        """One subscriber of each kind in turn; every fiftieth execution is for all of them."""
        half = self._plan.subscribers // 2
        chosen = range(half) if number % _FOR_ALL_EVERY == 0 else (number % half,)
        for processes in subscribers.values():
            for subscriber in chosen:
                process, within = divmod(subscriber, _SUBSCRIBERS_IN_A_PROCESS)
                processes[process].say({"subscriber": within, "run": run})

    def _judge_runners(self, created: Sequence[str], results: Sequence[Mapping[str, Any]]) -> None:
        started: Counter[str] = Counter()
        for result in results:
            self.outcome.report_ms += result["milliseconds"]
            self.outcome.repeats += result["repeats"]
            self.outcome.wrong += result["wrong"]
            started.update(result["starts"].keys())
        self.outcome.wrong += [f"{run} was started on {count} runners" for run, count in started.items() if count > 1]
        if results:
            self.outcome.wrong += [f"{run} was never started" for run in created if run not in started]

    async def _judge_store(self, created: Sequence[str]) -> None:
        for run in created:
            found = await self.call(EXECUTION_QUERY, "get", {"value": run}, CLIENT_KEY)
            ended = [task.task_name for task in found.status.tasks if task.status == COMPLETED]
            if found.status.phase != COMPLETED or len(ended) != self._plan.tasks:
                self.outcome.wrong.append(f"{run} is stored in phase {found.status.phase} with tasks {ended}")
        if len(set(created)) != self._plan.executions:
            self.outcome.wrong.append(f"{len(set(created))} executions were created, not {self._plan.executions}")
