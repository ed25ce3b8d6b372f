"""Logins that fail: limited for each address, and nobody else is hurt."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import websockets
from stigmer_server.access.peers import peer_name
from stigmer_server.access.rate import RateLimit
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, ServerProcess

from packages.server.tests.grpcio_peer import WORKFLOW_QUERY, Peer

Connect = Callable[[ServerProcess, str], Peer]

# So slow that no token comes back while a test runs.
SLOW = {"STIGMER_SERVER_FAILED_LOGINS_PER_SECOND": "0.0001"}


def asked(peer: Peer) -> str:
    return peer.refusal(WORKFLOW_QUERY, "get", {"value": "wfl-1"})[0]


def over_http(server: ServerProcess, key: str, local: str = "127.0.0.1") -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(transport=httpx.HTTPTransport(local_address=local)) as client:
        return client.get(f"http://127.0.0.1:{server.http_port}/api/v1/me", headers=headers)


@pytest.mark.parametrize("wrong", ["", "nonsense"])
def test_an_address_that_fails_too_often_has_to_wait(data_dir: Path, connect: Connect, wrong: str) -> None:
    with ServerProcess(data_dir, SLOW) as server:
        client, stranger = connect(server, CLIENT_KEY), connect(server, wrong)
        assert asked(client) == "NOT_FOUND"
        assert [asked(stranger) for _ in range(3)] == ["UNAUTHENTICATED", "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"]
        refused = over_http(server, wrong)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json()["reason"] == "TOO_MANY_REQUESTS"
        # A right key goes on from the same address when it was seen before, and from any other whether it was or not.
        assert asked(client) == "NOT_FOUND"
        assert over_http(server, CLIENT_KEY).status_code == 200
        assert over_http(server, ADMIN_KEY).status_code == 429
        assert over_http(server, ADMIN_KEY, local="127.0.0.2").status_code == 200
        assert over_http(server, wrong, local="127.0.0.2").status_code == 401


async def test_websockets_are_counted_with_the_rest(data_dir: Path) -> None:
    with ServerProcess(data_dir, SLOW) as server:
        codes = []
        for _ in range(2):
            async with websockets.connect(f"ws://127.0.0.1:{server.http_port}/api/v1/executions/wex-1/ws") as socket:
                await socket.wait_closed()
                codes.append(socket.close_code)
        assert codes == [4401, 4429]


def test_a_proxy_on_this_machine_tells_who_calls(data_dir: Path) -> None:
    with ServerProcess(data_dir, SLOW) as server:

        def fail(of: str) -> int:
            headers = {"x-forwarded-for": of}
            return httpx.get(f"http://127.0.0.1:{server.http_port}/api/v1/me", headers=headers).status_code

        assert [fail("192.0.2.1"), fail("192.0.2.1"), fail("192.0.2.2")] == [401, 429, 401]


def test_names_that_were_not_used_for_long_are_forgotten() -> None:
    now = [0.0]
    limit = RateLimit(1, most_names=2, clock=lambda: now[0])
    for name in ("a", "a", "b", "b"):
        assert limit.take(name)
    assert limit.spent("a")
    assert limit.spent("b")
    assert limit.take("c")
    assert not limit.spent("a")  # forgotten for `c`
    assert limit.spent("b")
    now[0] += 1
    assert not limit.spent("b")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_who_counts_as_one(address: str, name: str) -> None:
    assert peer_name(address) == name
