"""The world around a run: mocks answer its calls, in virtual time, and every call is noted."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

import httpx
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.cases.matching import fits, task_fits, uri_fits
from stigmer_engine.cases.model import Mock, Reply
from stigmer_engine.cases.model.fixed_duration import seconds_of
from stigmer_engine.cases.observation import ObservedCall
from stigmer_engine.faults import ERROR_BASE, Fault, WorkflowError
from stigmer_engine.interpreter.port import CallRequest

TRANSPORT_CALLS = frozenset({"http", "resource"})
"""Kinds of calls that end in HTTP requests, and so are mocked as such."""

_request: ContextVar[CallRequest | None] = ContextVar("_request", default=None)


class MockedWorld(httpx.AsyncBaseTransport):
    """Stands in for everything outside: an httpx transport for HTTP, and an interceptor for all other calls.

    Belongs to one run.
    """

    def __init__(self, mocks: tuple[Mock, ...], clock: Callable[[], float]) -> None:
        self._all = mocks
        self._answered = [0] * len(mocks)
        self._clock = clock
        self.calls: list[ObservedCall] = []
        self.emitted: list[JsonObject] = []
        self.unmocked: list[str] = []

    async def intercept(self, request: CallRequest, perform: Callable[[], Awaitable[JsonValue]]) -> JsonValue:
        """Perform what ends in HTTP; answer every other call from the mocks. Raises Fault."""
        token = _request.set(request)
        try:
            if request.kind == "resource" and request.arguments.get("as") == "proto" and self._mocks("grpc"):
                # Nobody encodes the messages of a mocked call, so nobody needs to know what they look like.
                return {"uri": request.arguments.get("uri"), "descriptors": ""}
            if request.kind in TRANSPORT_CALLS:
                return await perform()
            if request.kind == "emit":
                self.emitted.append(request.arguments)
                return await (self._answer(request) if self._mocks("emit") else perform())
            return await self._answer(request)
        finally:
            _request.reset(token)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer an HTTP request from the mocks. Raises what httpx raises when nobody answers."""
        content = await request.aread()
        caller = _request.get()
        call = ObservedCall(
            call="http",
            task=caller.reference if caller else "",
            at=self._clock(),
            method=request.method,
            uri=str(request.url),
            headers={name.lower(): value for name, value in request.headers.items()},
            query=_query(request.url.params),
            body=_body(content, request.headers.get("content-type", "")),
        )
        reply = await self._answer_to(call)
        if reply is None:
            raise httpx.ConnectError("no mock answers this call", request=request)
        match reply.failure:
            case "connection":
                raise httpx.ConnectError("connection refused (mock)", request=request)
            case "timeout":
                raise httpx.ReadTimeout("no answer in time (mock)", request=request)
            case _:
                return _response(reply)

    async def _answer(self, request: CallRequest) -> JsonValue:
        call = ObservedCall(call=request.kind, task=request.reference, at=self._clock(), arguments=request.arguments)
        reply = await self._answer_to(call)
        if reply is None:
            raise Fault(_error("communication", 500, "No mock answers this call"))
        if reply.error is not None:
            error = reply.error
            raise Fault(
                _error(error.type or "communication", error.status or 500, error.title or "", error.detail or "")
            )
        if reply.failure is not None:
            raise Fault(_error("communication", 500, f"{reply.failure} failure (mock)"))
        return reply.body

    async def _answer_to(self, call: ObservedCall) -> Reply | None:
        """Note a call and choose its reply; None when no mock has one. Comes back when it is time to answer."""
        reply = self._note(call)
        if reply is not None:
            await asyncio.sleep(seconds_of(reply.delay))
        return reply

    def _note(self, call: ObservedCall) -> Reply | None:
        self.calls.append(call)
        reply = self._reply(call)
        if reply is None:
            self.unmocked.append(f"{_shown(call)}{_by(call)}")
        return reply

    def _mocks(self, kind: str) -> bool:
        return any(mock.call == kind for mock in self._all)

    def _reply(self, call: ObservedCall) -> Reply | None:
        for index, mock in enumerate(self._all):
            earlier = self._answered[index]
            if (mock.times is None or earlier < mock.times) and _answers(mock, call):
                self._answered[index] += 1
                return mock.answer(earlier)
        return None


def _answers(mock: Mock, call: ObservedCall) -> bool:
    if mock.call != call.call:
        return False
    if mock.task is not None and not task_fits(mock.task, name_of(call.task), call.task):
        return False
    if mock.method is not None and mock.method.upper() != call.method:
        return False
    if mock.uri is not None and not uri_fits(mock.uri, call.uri):
        return False
    headers: JsonObject = {name.lower(): value for name, value in mock.headers.items()}
    return (
        fits(headers, call.headers)
        and fits(mock.query, call.query)
        and fits(mock.arguments, call.arguments)
        and ("body" not in mock.model_fields_set or fits(mock.body, call.body))
    )


def name_of(reference: str) -> str:
    """The name of a task by its reference."""
    return reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def _shown(call: ObservedCall) -> str:
    match call.call:
        case "http":
            return f"{call.method} {call.uri}"
        case "activity":
            return f"call: activity {call.arguments['name']}"
        case "agent":
            return f"call: agent {call.arguments['agent']}"
        case _:
            return f"call: {call.call}"


def _by(call: ObservedCall) -> str:
    return f", by task {name_of(call.task)} ({call.task})" if call.task else ""


def _error(kind: str, status: int, title: str, detail: str = "") -> WorkflowError:
    return WorkflowError(type=full_type(kind), status=status, title=title, detail=detail)


def full_type(kind: str) -> str:
    """An error type as a URI: a name without a colon is that of a standard error."""
    return kind if ":" in kind else ERROR_BASE + kind


def _query(parameters: httpx.QueryParams) -> JsonObject:
    query: JsonObject = {}
    for name in parameters:
        values: list[JsonValue] = list(parameters.get_list(name))
        query[name] = values[0] if len(values) == 1 else values
    return query


def _body(content: bytes, content_type: str) -> JsonValue:
    """The body as a case file writes it: JSON and forms as data, anything else as text."""
    if not content:
        return None
    text = content.decode(errors="replace")
    if content_type.startswith("application/x-www-form-urlencoded"):
        return _query(httpx.QueryParams(text))
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value if "json" in content_type or not content_type else text


def _response(reply: Reply) -> httpx.Response:
    headers = httpx.Headers(reply.headers)
    if reply.body is None:
        return httpx.Response(reply.status, headers=headers)
    declared = headers.get("content-type", "")
    if isinstance(reply.body, str) and "json" not in declared:
        headers.setdefault("content-type", "text/plain; charset=utf-8")
        return httpx.Response(reply.status, headers=headers, content=reply.body.encode())
    headers.setdefault("content-type", "application/json")
    return httpx.Response(reply.status, headers=headers, content=json.dumps(reply.body).encode())
