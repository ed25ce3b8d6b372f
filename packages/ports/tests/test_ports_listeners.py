"""A port that cannot be listened on is one sentence that names the variable."""

import socket

import pytest
from stigmer_ports.config import ConfigError, is_loopback
from stigmer_ports.listeners import listening, port_of


def test_a_free_port_is_taken_and_given_back() -> None:
    with listening("127.0.0.1", 0, host_variable="HOST", port_variable="PORT") as listener:
        port = port_of(listener)
        with socket.create_connection(("127.0.0.1", port)):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                ConfigError, match=rf"^PORT {port} on 127\.0\.0\.1 cannot be used: Address already in use\.$"
            ),
            listening("127.0.0.1", port, host_variable="HOST", port_variable="PORT"),
        ):
            pass


def test_a_host_that_is_not_ours_is_named() -> None:
    with (
        pytest.raises(ConfigError, match=r"^HOST 'not\.a\.host\.invalid' is not an address of this machine: "),
        listening("not.a.host.invalid", 0, host_variable="HOST", port_variable="PORT"),
    ):
        pass


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "api.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_these_hosts_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["example.com", "0.0.0.0", "::", "192.168.0.1", "localhost.example.com", ""])
def test_these_hosts_may_be_another(host: str) -> None:
    assert not is_loopback(host)
