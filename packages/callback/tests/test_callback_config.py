from __future__ import annotations

import copy
import dataclasses
import logging
import pickle
from pathlib import Path

import pytest
from stigmer_callback import Backoff, CallbackClient, CallbackConfig, CallbackConfigError, ReporterLimits, Secret

KEY = Secret("key-1")


def config(endpoint: str, use_tls: bool | None = None) -> CallbackConfig:
    return CallbackConfig(endpoint=endpoint, api_key=KEY, use_tls=use_tls)


@pytest.mark.parametrize(
    ("endpoint", "host", "port"),
    [
        ("stigmer.example.com:443", "stigmer.example.com", 443),
        ("localhost:1", "localhost", 1),
        ("10.0.0.1:65535", "10.0.0.1", 65535),
        ("[::1]:9090", "::1", 9090),
    ],
)
def test_endpoint_is_host_and_port(endpoint: str, host: str, port: int) -> None:
    made = config(endpoint)
    assert (made.host, made.port) == (host, port)


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        ("", "has no port"),
        ("example.com", "has no port"),
        (":443", "has no port"),
        ("::1:443", "has no port"),
        ("example.com:", "not a number from 1 to 65535"),
        ("example.com:0", "not a number from 1 to 65535"),
        ("example.com:65536", "not a number from 1 to 65535"),
        ("example.com:٤٤٣", "not a number from 1 to 65535"),
        ("example.com:" + "9" * 5000, "not a number from 1 to 65535"),
        ("https://example.com:443", "has a scheme or a path"),
        ("example.com:443/api", "has a scheme or a path"),
        ("exam ple.com:443", "has a space"),
    ],
)
def test_a_wrong_endpoint_is_named_with_the_right_form(endpoint: str, sentence: str) -> None:
    with pytest.raises(CallbackConfigError, match=sentence) as caught:
        config(endpoint)
    assert "write host:port" in str(caught.value)


def test_a_password_in_the_endpoint_is_not_repeated() -> None:
    with pytest.raises(CallbackConfigError) as caught:
        config("user:hunter2@example.com:443")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["localhost:1", "LOCALHOST:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1"])
def test_tls_is_off_for_loopback_unless_asked(endpoint: str) -> None:
    assert not config(endpoint).tls
    assert config(endpoint, use_tls=True).tls


@pytest.mark.parametrize("endpoint", ["example.com:80", "10.0.0.1:1", "localhost.example.com:1", "127.example.com:1"])
def test_tls_is_on_elsewhere_unless_refused(endpoint: str) -> None:
    assert config(endpoint).tls
    assert not config(endpoint, use_tls=False).tls


@pytest.mark.parametrize(
    ("endpoint", "use_tls", "level", "words"),
    [
        ("localhost:1", None, logging.INFO, "loopback"),
        ("localhost:1", False, logging.INFO, "use_tls is False"),
        ("example.com:1", False, logging.WARNING, "unencrypted"),
    ],
)
async def test_a_plain_connection_is_logged(
    endpoint: str, use_tls: bool | None, level: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "stigmer_callback")
    async with CallbackClient(config(endpoint, use_tls)):
        pass
    (record,) = caplog.records
    assert record.levelno == level
    assert words in record.getMessage()


@pytest.mark.parametrize("key", ["", " ", "key\n", "kéy", "a b", "a\x00b", "a\x7f"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(CallbackConfigError, match="api_key") as caught:
        CallbackConfig(endpoint="localhost:1", api_key=Secret(key))
    assert not key.strip() or key not in str(caught.value)


def test_a_plain_text_is_no_key() -> None:
    with pytest.raises(CallbackConfigError, match="write api_key=Secret"):
        CallbackConfig(endpoint="localhost:1", api_key="text")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_timeouts_are_positive(value: float) -> None:
    made = config("localhost:1")
    with pytest.raises(CallbackConfigError, match="connect_timeout_seconds"):
        dataclasses.replace(made, connect_timeout_seconds=value)
    with pytest.raises(CallbackConfigError, match="call_timeout_seconds"):
        dataclasses.replace(made, call_timeout_seconds=value)


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_an_unreadable_ca_file_stops_the_start(content: str | None, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    client = CallbackClient(CallbackConfig(endpoint="example.com:443", api_key=KEY, ca_file=ca_file))
    with pytest.raises(CallbackConfigError, match=r"ca_file .*ca\.pem"):
        await client.__aenter__()


def test_a_secret_is_shown_by_nothing_but_reveal() -> None:
    secret = Secret("hunter2")
    made = CallbackConfig(endpoint="localhost:1", api_key=secret)
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r:>30}", f"{[secret]}", f"{made}"):
        assert "hunter2" not in shown
        assert "***" in shown
    assert secret.reveal() == "hunter2"


def test_a_secret_is_a_value() -> None:
    secret = Secret("a")
    assert secret == Secret("a")
    assert secret != Secret("b")
    assert secret != "a"
    assert len({secret, Secret("a")}) == 1
    assert copy.deepcopy(secret) is secret
    assert copy.copy(secret) is secret
    with pytest.raises(AttributeError):
        secret.text = "b"
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(secret)


def test_limits_and_backoff_refuse_what_cannot_work() -> None:
    with pytest.raises(CallbackConfigError, match="max_events"):
        ReporterLimits(max_events=0)
    for wrong in ({"initial_seconds": -1.0}, {"initial_seconds": 31.0}, {"multiplier": 0.5}, {"jitter": 1.5}):
        with pytest.raises(CallbackConfigError, match="Backoff"):
            Backoff(**wrong)
