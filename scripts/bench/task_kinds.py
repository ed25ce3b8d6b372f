"""Each task kind against the same work in plain Python: coroutines, without jq, frames, events or a document."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx
from stigmer_dsl import JsonObject, JsonValue
from stigmer_engine import Status

from .measure import Case, Yardstick
from .running import Bench

HEADER: Final = "document: {dsl: 1.0.0, namespace: bench, name: NAME, version: 1.0.0}\n"
CHILD: Final = HEADER.replace("NAME", "child") + "do:\n- answer: {set: {n: 1}}\n"
EVENT: Final[JsonObject] = {"type": "com.bench", "source": "https://bench.example", "data": {"n": 1}}
ENDPOINT: Final = "https://bench.example/answer"

Step = Callable[[JsonValue], Awaitable[JsonValue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of task.

    Attributes:
        task: as YAML; a workflow has many of them in a row.
        by_hand: one of them in Python, from the input to the output.
        more: what else the document needs.
        events: whether an event waits for each task.
    """

    name: str
    task: str
    hand: str
    by_hand: Step
    more: str = ""
    events: bool = False


class InProcess(httpx.AsyncBaseTransport):
    """A peer without a network."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Always the same answer."""
        return httpx.Response(200, json={"n": 1}, request=request)


class PlannedError(Exception):
    """What plain Python raises where the document raises an error."""


def kind_cases(bench: Bench, tasks: int) -> tuple[Case, ...]:
    """A case for each kind, `tasks` of it in one workflow."""
    bench.engine.documents.register(bench.engine.load(CHILD))
    return tuple(_case(bench, kind, tasks) for kind in _kinds())


def _case(bench: Bench, kind: Kind, tasks: int) -> Case:
    listed = "".join(f"- t{number}: {kind.task}\n" for number in range(tasks))
    document = bench.engine.load(HEADER.replace("NAME", "tasks") + kind.more + "do:\n" + listed)

    async def ours() -> JsonValue:
        execution = bench.engine.start(document, input={"n": 1})
        for number in range(tasks if kind.events else 0):
            bench.engine.bus.receive({"specversion": "1.0", "id": str(number), **EVENT})
        result = await execution.wait()
        if result.status is not Status.COMPLETED:
            raise RuntimeError(f"{kind.name} failed: {result.error}")
        return result.output

    async def by_hand() -> JsonValue:
        value: JsonValue = {"n": 1}
        for _ in range(tasks):
            value = await kind.by_hand(value)
        return value

    return Case(
        name=kind.name,
        unit="task",
        units=tasks,
        run=lambda: bench.run(ours()),
        yardsticks=(Yardstick(name=kind.hand, run=lambda: bench.run(by_hand())),),
        meaning=_without_chance,
    )


def _without_chance(output: object) -> object:
    """The output, without an event's own id and time."""
    return {**output, "id": "", "time": ""} if isinstance(output, dict) and "specversion" in output else output


def _kinds() -> tuple[Kind, ...]:
    client = httpx.AsyncClient(transport=InProcess())
    waiting: asyncio.Queue[JsonObject] = asyncio.Queue()

    async def http(_value: JsonValue) -> JsonValue:
        answer: JsonValue = (await client.get(ENDPOINT)).json()
        return answer

    async def listen(_value: JsonValue) -> JsonValue:
        waiting.put_nowait(EVENT)
        return [(await waiting.get())["data"]]

    return (
        Kind(name="`set` of an expression", task="{set: {n: '${ .n + 1 }'}}", hand="a dict with the sum", by_hand=_set),
        Kind(
            name="`switch` of two cases",
            task="{switch: [{small: {when: .n < 0, then: end}}, {other: {then: continue}}]}",
            hand="if",
            by_hand=_switch,
        ),
        Kind(
            name="`for` of three items, a `set` each",
            task="{for: {in: '${ [1, 2, 3] }'}, do: [{s: {set: {n: 1}}}]}",
            hand="for, a dict each",
            by_hand=_for,
        ),
        Kind(
            name="`fork` of two branches, a `set` each",
            task="{fork: {branches: [{a: {set: {n: 1}}}, {b: {set: {n: 1}}}]}}",
            hand="asyncio.gather of two coroutines",
            by_hand=_fork,
        ),
        Kind(
            name="`try` of a `set`",
            task="{try: [{s: {set: {n: 1}}}], catch: {}}",
            hand="try around a dict",
            by_hand=_try,
        ),
        Kind(
            name="`raise`, and the `try` that catches it",
            task="{try: [{r: {raise: {error: {type: 'https://bench.example/e', status: 500}}}}], "
            "catch: {do: [{s: {set: {n: 1}}}]}}",
            hand="raise and except",
            by_hand=_raise,
        ),
        Kind(name="`wait` of no time", task="{wait: PT0S}", hand="asyncio.sleep(0)", by_hand=_wait),
        Kind(
            name="`emit`",
            task="{emit: {event: {with: {type: com.bench, source: 'https://bench.example', data: {n: 1}}}}}",
            hand="a dict with an id and a time",
            by_hand=_emit,
        ),
        Kind(
            name="`listen` to an event that waits",
            task="{listen: {to: {one: {with: {type: com.bench}}}}}",
            hand="asyncio.Queue",
            by_hand=listen,
            events=True,
        ),
        Kind(
            name="`run` of a workflow of one `set`",
            task="{run: {workflow: {namespace: bench, name: child, version: 1.0.0}}}",
            hand="await a coroutine in a task",
            by_hand=_run,
        ),
        Kind(
            name="`call` of a function that is a `set`",
            task="{call: one}",
            hand="await a coroutine",
            by_hand=_call,
            more="use: {functions: {one: {set: {n: 1}}}}\n",
        ),
        Kind(
            name="`call` http, the peer in this process",
            task=f"{{call: http, with: {{method: get, endpoint: '{ENDPOINT}'}}}}",
            hand="httpx.AsyncClient, the same peer",
            by_hand=http,
        ),
    )


async def _set(value: JsonValue) -> JsonValue:
    assert isinstance(value, dict)
    number = value["n"]
    assert isinstance(number, int)
    return {"n": number + 1}


async def _switch(value: JsonValue) -> JsonValue:
    assert isinstance(value, dict)
    number = value["n"]
    assert isinstance(number, int)
    if number < 0:
        return None
    return value


async def _for(value: JsonValue) -> JsonValue:
    for _ in json.loads("[1, 2, 3]"):
        value = await _one()
    return value


async def _fork(_value: JsonValue) -> JsonValue:
    return list(await asyncio.gather(_one(), _one()))


async def _try(_value: JsonValue) -> JsonValue:
    try:
        return await _one()
    except PlannedError:
        return None


async def _raise(_value: JsonValue) -> JsonValue:
    try:
        return await _fail()
    except PlannedError:
        return await _one()


async def _fail() -> JsonValue:
    raise PlannedError


async def _wait(value: JsonValue) -> JsonValue:
    await asyncio.sleep(0)
    return value


async def _emit(_value: JsonValue) -> JsonValue:
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "time": datetime.now(UTC).isoformat(), **EVENT}


async def _run(_value: JsonValue) -> JsonValue:
    return await asyncio.ensure_future(_one())


async def _call(_value: JsonValue) -> JsonValue:
    return await _one()


async def _one() -> JsonValue:
    return {"n": 1}
