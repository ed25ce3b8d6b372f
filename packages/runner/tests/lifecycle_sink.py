"""A real HTTP receiver of lifecycle events."""

import json
import re
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


class LifecycleSink:
    """Keeps what it gets by execution, in the order of arrival; answers with `status`. A context manager."""

    def __init__(self, port: int = 0) -> None:
        self.status = 202
        self.requests = 0
        self._events: list[dict[str, Any]] = []
        self._arrived = threading.Condition()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                assert self.headers["content-type"].startswith("application/cloudevents+json")
                sink._take(json.loads(body))
                self.send_response(sink.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, event: dict[str, Any]) -> None:
        with self._arrived:
            self.requests += 1
            # Events come at least once; who takes them drops repeats, as their ids are for.
            if self.status < 300 and all(known["id"] != event["id"] for known in self._events):
                self._events.append(event)
            self._arrived.notify_all()

    def wait_for(self, kind: str, execution_id: str, *, seconds: float = 300) -> None:
        """Wait until an event of a kind, such as `workflow.completed`, of an execution has come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: kind in kinds(self.of(execution_id)), seconds), self._events

    def of(self, execution_id: str) -> list[dict[str, Any]]:
        """What came of an execution."""
        return [event for event in self._events if event["subject"] == execution_id]

    def told(self) -> dict[str, list[str]]:
        """What came, by execution: without times, and with `ID` for the id of the first one."""
        found = defaultdict(list)
        root = self._events[0]["subject"]
        for event in self._events:
            text = _TIME.sub("TIME", json.dumps(event, sort_keys=True)).replace(root, "ID")
            found[event["subject"].replace(root, "ID")].append(text)
        return dict(found)

    def forget(self) -> None:
        """Begin anew."""
        self._events.clear()
        self.requests = 0


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Their types, such as `task.started`."""
    return [event["type"].removeprefix("io.serverlessworkflow.").removesuffix(".v1") for event in events]
