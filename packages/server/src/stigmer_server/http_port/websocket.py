"""Events by WebSocket: one text message with the JSON of one event each."""

import asyncio
import base64
import binascii
import contextlib
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from stigmer_server.application import Application
from stigmer_server.http_port.callers import address_of
from stigmer_server.http_port.event_json import event_text
from stigmer_server.http_port.problems import status_of
from stigmer_server.http_port.queries import sequence_after
from stigmer_server.http_port.stopping import Stopping
from stigmer_server.refusals import Reason, Refused

PROTOCOL: Final = "stigmer.events.v1"
_BEARER: Final = "bearer."
_ENDED, _GOING_AWAY, _REFUSED = 1000, 1001, 4000


class EventSocket:
    """The endpoint `/api/v1/executions/{id}/ws?after=N`.

    The key comes in the header `Authorization`, or, from browsers, which cannot set it, as a second subprotocol
    `bearer.<base64url of the key>` beside `stigmer.events.v1`. A refusal closes with 4000 + the HTTP status and the
    sentence as reason; the end of the run with 1000; a stop of the server with 1001.
    """

    def __init__(self, core: Application, stopping: Stopping) -> None:
        self._core = core
        self._stopping = stopping

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection."""
        offered = websocket.scope.get("subprotocols") or []
        await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        try:
            await self._core.authentication.check(_authorization(websocket, offered), address_of(websocket))
            execution_id = websocket.path_params["id"]
            after = sequence_after(None, websocket.query_params.get("after"))
            await self._core.broadcast.current(execution_id)
            code = await self._until_left(websocket, execution_id, after)
        except Refused as refused:
            reason = refused.message.encode()[:120].decode("utf-8", "ignore")
            await _close(websocket, _REFUSED + status_of(refused.reason), reason)
        except WebSocketDisconnect:
            return
        else:
            await _close(websocket, code)

    async def _until_left(self, websocket: WebSocket, execution_id: str, after: int) -> int:
        sending = asyncio.ensure_future(self._send(websocket, execution_id, after))
        leaving = asyncio.ensure_future(_left(websocket))
        stop = asyncio.ensure_future(self._stopping.first_of(leaving, float(10**9)))
        tasks = (sending, leaving, stop)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
                return _ENDED
            if leaving.done():
                raise WebSocketDisconnect
            return _GOING_AWAY
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, websocket: WebSocket, execution_id: str, after: int) -> None:
        async for event in self._core.broadcast.follow_events(execution_id, after=after):
            await websocket.send_text(event_text(event))


async def _left(websocket: WebSocket) -> None:
    """Wait until the client leaves; what it sends is not looked at."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def _close(websocket: WebSocket, code: int, reason: str = "") -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await websocket.close(code, reason)


def _authorization(websocket: WebSocket, offered: list[str]) -> str | None:
    header = websocket.headers.get("authorization")
    given = next((name.removeprefix(_BEARER) for name in offered if name.startswith(_BEARER)), None)
    if header is not None or given is None:
        return header
    try:
        key = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raise Refused(Reason.UNAUTHENTICATED, "the subprotocol `bearer.` must hold the base64url of a key") from None
    return f"Bearer {key}"
