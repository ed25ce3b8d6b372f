"""Redirects: followed when the document says so, a bounded number of times, and nowhere but to http(s)."""

from collections.abc import Callable

import httpx
import pytest
from stigmer_engine.testing import DocumentRun, ScriptedTransport, run_document


def run(redirect: str, handler: Callable[[httpx.Request], httpx.Response], output: str = "content") -> DocumentRun:
    document = f"""
do:
  - c: {{call: http, with: {{method: get, endpoint: "http://peer.test/0", redirect: {redirect}, output: {output}}}}}
"""
    return run_document(document, transport=ScriptedTransport(handler=handler))


def hops(count: int) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        hop = int(request.url.path[1:])
        if hop < count:
            return httpx.Response(302, headers={"location": f"/{hop + 1}"})
        return httpx.Response(200, json=hop)

    return handler


def test_not_followed_by_default() -> None:
    assert run("false", hops(1)).error["status"] == 302


def test_followed_up_to_ten_times() -> None:
    assert run("true", hops(10)).output == 10


def test_not_followed_eleven_times() -> None:
    error = run("true", hops(11)).error
    assert "redirects" in str(error["title"])
    assert str(error["type"]).endswith("/communication")


def test_a_circle_ends() -> None:
    handler = lambda _request: httpx.Response(302, headers={"location": "/0"})  # noqa: E731
    assert "redirects" in str(run("true", handler).error["title"])


@pytest.mark.parametrize("status", [300, 304, 399])
def test_the_range_of_success_is_wider(status: int) -> None:
    result = run("true", lambda _request: httpx.Response(status), "response")
    assert result.output["statusCode"] == status


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://peer.test/", "http://[bad", "http://", "\x00"])
def test_a_redirect_to_nowhere(location: str) -> None:
    handler = lambda _request: httpx.Response(302, headers={"location": location})  # noqa: E731
    error = run("true", handler).error
    assert str(error["type"]).endswith("/communication")
    assert error["instance"] == "/do/0/c"
