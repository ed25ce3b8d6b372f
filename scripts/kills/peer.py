"""What the documents call and where their events go: an HTTP server that remembers everything."""

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Final

_FAILURES: Final = 2
_ANSWER_SECONDS: Final = 0.1
"""So long a call is in flight, and may be when its worker is killed."""


class Peer:
    """Answers calls with the last part of their path; `/flaky/*` fails twice. Takes events at `/events`.

    `requests` has the Unix times of the requests to each path, `events` the sequence numbers of each execution in the
    order in which they came, batch after batch.
    """

    def __init__(self) -> None:
        self.requests: dict[str, list[float]] = defaultdict(list)
        self.batches: dict[str, list[list[int]]] = defaultdict(list)
        self.url = ""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a free port; gives the URL."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=16 * 1024 * 1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self.url

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                length = 0
                for line in head.lower().split("\r\n"):
                    if line.startswith("content-length:"):
                        length = int(line.partition(":")[2])
                status, answer = self._answer(path, await reader.readexactly(length))
                body = json.dumps(answer).encode()
                await asyncio.sleep(_ANSWER_SECONDS)
                head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        writer.close()

    def _answer(self, path: str, body: bytes) -> tuple[str, object]:
        if path == "/events":
            events = json.loads(body)
            self.batches[events[0]["workflow_execution_id"]].append([event["sequence_number"] for event in events])
            return "200 OK", {}
        seen = self.requests[path]
        seen.append(time.time())
        if path.startswith("/flaky/") and len(seen) <= _FAILURES:
            return "503 Service Unavailable", {}
        return "200 OK", {"n": path.rpartition("/")[2] if path.startswith("/call/") else "flaky"}
