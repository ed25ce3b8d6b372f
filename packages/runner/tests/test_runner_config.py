"""Settings come from the environment; a wrong one is a single sentence that names its variable."""

import pytest
from stigmer_runner.config import ConfigError, Endpoint, EndpointError, Settings, load_settings
from stigmer_runner.config.reference import variables


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GRPC_PORT", "abc", "whole number"),
        ("GRPC_PORT", "70000", "at most 65535"),
        ("HTTP_PORT", "-1", "at least 0"),
        ("EXECUTION_MODE", "swarm", "one of grpc, temporal, dual"),
        ("LOG_LEVEL", "loud", "one of debug"),
        ("STIGMER_SERVICE_USE_TLS", "maybe", "true or false"),
        ("STIGMER_SERVICE_ENDPOINT", "ftp://x", "unknown scheme"),
        ("STIGMER_SERVICE_ENDPOINT", "host:notaport", "host:port"),
        ("STIGMER_SERVICE_ENDPOINT", "host:1/path", "without a path"),
        ("STIGMER_BACKEND_ENDPOINT", "user:pw@host:1", "user name"),
        ("SHUTDOWN_GRACE_SECONDS", "nan", "number of seconds"),
        ("PULL_TIMEOUT_SECONDS", "0", "more than 0"),
        ("MAX_CONCURRENT_EXECUTIONS", "0", "at least 1"),
        ("PUBLIC_BASE_URL", "runner.example.com", "URL such as https://runner.example.com."),
        ("GRPC_TLS_CERT_FILE", "cert.pem", "together"),
        ("CANCEL_ON_DISCONNECT", "perhaps", "true or false"),
        ("TEMPORAL_MAX_CONCURRENCY", "0", "at least 1"),
        ("TEMPORAL_VERSIONING", "latest", "one of pinned, auto-upgrade"),
        ("TEMPORAL_DEPLOYMENT_NAME", "runners", "together"),
        ("EXECUTION_HISTORY_EVENTS", "-1", "at least 0"),
        ("STIGMER_SERVICE_API_KEY", "", "must be set because STIGMER_SERVICE_ENDPOINT is"),
    ],
)
def test_a_wrong_value_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    if name == "STIGMER_SERVICE_API_KEY":
        monkeypatch.setenv("STIGMER_SERVICE_ENDPOINT", "localhost:7234")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    sentence = str(caught.value)
    assert sentence.startswith(name)
    assert said in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("name", ["STIGMER_SERVICE_API_KEY", "STIGMER_API_KEY", "RUNNER_API_KEY"])
def test_a_wrong_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "top secret with spaces")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert name in str(caught.value)
    assert "top secret" not in str(caught.value)


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRPC_PORT", "x")
    monkeypatch.setenv("LOG_LEVEL", "y")
    with pytest.raises(ConfigError, match=r"LOG_LEVEL.*; GRPC_PORT"):
        load_settings()


def test_equal_ports_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRPC_PORT", "8081")
    with pytest.raises(ConfigError, match="HTTP_PORT must differ from GRPC_PORT"):
        load_settings()


def test_defaults_listen_on_this_machine_only() -> None:
    settings = load_settings()
    assert (settings.bind_host, settings.grpc_port, settings.http_port) == ("127.0.0.1", 8080, 8081)
    assert settings.stigmer_service is None
    assert not settings.pretty_logs


def test_empty_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRPC_PORT", "")
    monkeypatch.setenv("STIGMER_SERVICE_ENDPOINT", "")
    assert load_settings().grpc_port == 8080
    assert load_settings().stigmer_service is None


def test_the_names_of_the_seeds_win_and_the_choice_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIGMER_BACKEND_ENDPOINT", "other.example.com:443")
    monkeypatch.setenv("STIGMER_API_KEY", "other-key")
    service = load_settings().stigmer_service
    assert service is not None
    assert (service.endpoint_variable, service.api_key_variable) == ("STIGMER_BACKEND_ENDPOINT", "STIGMER_API_KEY")
    assert len(service.notes) == 2

    monkeypatch.setenv("STIGMER_SERVICE_ENDPOINT", "seed.example.com:443")
    monkeypatch.setenv("STIGMER_SERVICE_API_KEY", "seed-key\n")
    service = load_settings().stigmer_service
    assert service is not None
    assert str(service.endpoint) == "seed.example.com:443"
    assert service.api_key is not None
    assert service.api_key.get_secret_value() == "seed-key"
    assert any("differ" in note for note in service.notes)
    assert "seed-key" not in repr(service)
    assert "other-key" not in " ".join(service.notes)


@pytest.mark.parametrize(
    ("endpoint", "variable", "tls", "reason"),
    [
        ("api.example.com:443", None, True, "default"),
        ("localhost:7234", None, False, "loopback"),
        ("127.0.0.9:7234", None, False, "loopback"),
        ("[::1]:7234", None, False, "loopback"),
        ("localhost:7234", "true", True, "STIGMER_SERVICE_USE_TLS"),
        ("api.example.com:443", "false", False, "STIGMER_SERVICE_USE_TLS"),
        ("http://api.example.com", None, False, "scheme"),
        ("https://localhost:1", None, True, "scheme"),
    ],
)
def test_tls_is_on_unless_asked_or_loopback(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, variable: str | None, tls: bool, reason: str
) -> None:
    monkeypatch.setenv("STIGMER_SERVICE_ENDPOINT", endpoint)
    monkeypatch.setenv("STIGMER_SERVICE_API_KEY", "key")
    if variable:
        monkeypatch.setenv("STIGMER_SERVICE_USE_TLS", variable)
    service = load_settings().stigmer_service
    assert service is not None
    assert (service.use_tls, service.tls_reason) == (tls, reason)


def test_endpoints() -> None:
    assert Endpoint.parse("a.example:1") == Endpoint(host="a.example", port=1)
    assert Endpoint.parse("a.example") == Endpoint(host="a.example", port=443)
    assert Endpoint.parse("http://a.example") == Endpoint(host="a.example", port=80, tls=False)
    assert str(Endpoint.parse("[2001:db8::1]:5")) == "[2001:db8::1]:5"
    for text in ("", ":1", "a:0", "a:99999", "a b:1", "a:1?x"):
        with pytest.raises(EndpointError):
            Endpoint.parse(text)


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIGMER_SERVICE_API_KEY", "sk-plain-value")
    settings = load_settings()
    assert "sk-plain-value" not in repr(settings)
    assert "sk-plain-value" not in settings.model_dump_json()
    assert isinstance(settings, Settings)
