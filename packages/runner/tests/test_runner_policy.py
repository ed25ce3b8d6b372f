"""What settings allow and forbid holds in a real runner, and every setting reaches the engine."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from stigmer_engine import AddressPolicy
from stigmer_engine.processes import ProcessConfig, ProcessLimits
from stigmer_runner.config import ConfigError, EngineSettings, Settings, load_run_settings, load_settings
from stigmer_runner.config.reference import variables
from stigmer_runner.engine_config import EventSinks, emitted_sink, engine_config, lifecycle_sink
from stigmer_runner.testing import RunnerProcess

HEADER = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"
CERTIFICATE = Path(__file__).parent / "data" / "tls-test-only.cert.pem"

Start = Callable[..., RunnerProcess]
Connect = Callable[[RunnerProcess], Any]


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def call(runner: RunnerProcess, path: str = "/livez", **arguments: str) -> str:
    with_ = {"method": "get", "endpoint": f"{runner.http_url}{path}", **arguments}
    inside = ", ".join(f"{name}: '{value}'" for name, value in with_.items())
    return HEADER + f"do:\n  - ask: {{call: http, with: {{{inside}}}}}\n"


def last_event(stub: Any, contract: SimpleNamespace, document: str) -> Any:
    return list(stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=document)))[-1]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CALL_DENY": "10.0.0.0/8, 127.0.0.0/8"}, "deny: 127.0.0.0/8"),
        ({"CALL_DENY": "127.*"}, "deny: 127.*"),
        ({"CALL_LOOPBACK": "false"}, "loopback"),
        ({"CALL_DEFAULT": "deny", "CALL_ALLOW": "*.example.com"}, "no `allow` rule"),
    ],
    ids=["network", "name", "loopback", "default"],
)
def test_a_refused_address_is_an_authorization_error(
    start_runner: Start, connect: Connect, contract: SimpleNamespace, settings: dict[str, str], said: str
) -> None:
    runner = start_runner(**settings)
    last = last_event(connect(runner), contract, call(runner))
    assert (last.event_type, last.error.type.rpartition("/")[2], last.error.status) == (
        "workflow_failed",
        "authorization",
        403,
    )
    assert said in last.error.message


def test_what_is_allowed_goes_through(start_runner: Start, connect: Connect, contract: SimpleNamespace) -> None:
    runner = start_runner(CALL_DEFAULT="deny", CALL_LOOPBACK="false", CALL_ALLOW="127.0.0.1")
    last = last_event(connect(runner), contract, call(runner))
    assert MessageToDict(last.payload)["output"] == "ok\n"


def test_metadata_services_are_refused_without_a_setting(stub: Any, contract: SimpleNamespace) -> None:
    for host in ("169.254.169.254", "metadata.google.internal", "[fd00:ec2::254]"):
        document = HEADER + f"do:\n  - ask: {{call: http, with: {{method: get, endpoint: 'http://{host}/'}}}}\n"
        assert last_event(stub, contract, document).error.type.endswith("/authorization")


def test_a_response_that_is_too_large_is_a_communication_error(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    runner = start_runner(CALL_MAX_RESPONSE_BYTES="1024", CALL_MAX_REQUEST_BYTES="1024", MAX_STEPS="50")
    stub = connect(runner)
    big = HEADER + "do:\n  - make: {set: {text: '${ \"x\" * 3000 }'}}\n"
    execution_id = next(iter(stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=big)))).workflow_execution_id
    last = last_event(stub, contract, call(runner, f"/api/v1/executions/{execution_id}"))
    assert last.error.type.endswith("/communication")
    assert "more than 1024 bytes" in last.error.message
    posted = call(runner, "/api/v1/events", body="x" * 2000).replace("'get'", "'post'").replace("get", "post", 1)
    assert "more than 1024 bytes" in last_event(stub, contract, posted).error.message
    circle = HEADER + "do:\n  - one: {set: {a: 1}, then: two}\n  - two: {set: {a: 1}, then: one}\n"
    assert last_event(stub, contract, circle).error.type.endswith("/runtime")


def test_an_endless_expression_ends(start_runner: Start, connect: Connect, contract: SimpleNamespace) -> None:
    runner = start_runner(EXPRESSION_SECONDS="0.2")
    endless = HEADER + "do:\n  - spin: {set: {a: '${ [range(1000000000)] | length }'}}\n"
    assert last_event(connect(runner), contract, endless).error.type.endswith("/expression")


def test_files_are_read_below_the_folders_only(
    start_runner: Start, connect: Connect, contract: SimpleNamespace, tmp_path: Path
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "function.yaml").write_text("set: {from: file}\n")
    stub = connect(start_runner(RESOURCE_DIRS=str(inside)))

    def function(folder: Path) -> str:
        return HEADER + f"do:\n  - use: {{call: 'file://{folder}/function.yaml'}}\n"

    assert MessageToDict(last_event(stub, contract, function(inside)).payload)["output"] == {"from": "file"}
    assert last_event(stub, contract, function(outside)).error.type.endswith("/authorization")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CALL_ALLOW", "10.0.0.0/99", "neither an address"),
        ("CALL_DENY", "a/b", "neither an address"),
        ("CALL_DEFAULT", "maybe", "one of allow, deny"),
        ("CALL_PRIVATE", "2nd", "true or false"),
        ("CALL_MAX_RESPONSE_BYTES", "1", "at least 1024"),
        ("CALL_CONNECT_SECONDS", "0", "more than 0"),
        ("CALL_CA_FILE", "nowhere.pem", "cannot be used"),
        ("CALL_CA_FILE", __file__, "cannot be used"),
        ("RESOURCE_DIRS", "nowhere", "not a folder"),
        ("DEFAULT_CATALOG", "catalog", "URL"),
        ("EXPRESSION_SECONDS", "nan", "number of seconds"),
        ("EXPRESSION_MEMORY_BYTES", "1", "at least"),
        ("MAX_STEPS", "0", "at least 1"),
        ("MAX_WORKFLOW_DEPTH", "-1", "at least 0"),
        ("DOCUMENTS_DIR", __file__, "not a folder"),
        ("SCHEDULES", "sometimes", "one of on, off"),
        ("SCHEDULE_TIME_ZONE", "Mars/Olympus", "Europe/Berlin"),
        ("SCHEDULE_TIME_ZONE", "../../etc/passwd", "Europe/Berlin"),
        ("EVENT_SINK_URL", "ftp://x", "URL"),
        ("EVENT_SINK_URL", "http://", "URL"),
        ("EVENT_SINK_URL", "http://host:port/", "URL"),
        ("EVENT_SINK_URL", "http://user:pw@host/", "must not contain a user name"),
        ("EVENT_SINK_MODE", "batch", "one of structured, binary"),
        ("EVENT_SINK_RETRIES", "-1", "at least 0"),
        ("LIFECYCLE_SINK_URL", "host", "URL"),
        ("MAX_EVENT_BATCH", "none", "whole number"),
    ],
)
def test_a_wrong_value_is_one_sentence(clean_environment: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    clean_environment.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    sentence = str(caught.value)
    assert sentence.startswith(name)
    assert said in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "pw" not in sentence


def test_a_token_without_its_receiver_is_refused_and_not_shown(clean_environment: pytest.MonkeyPatch) -> None:
    for sink in ("EVENT_SINK", "LIFECYCLE_SINK"):
        with clean_environment.context() as patch:
            patch.setenv(f"{sink}_TOKEN", "sealed")
            with pytest.raises(ConfigError, match=f"{sink}_URL must be set because {sink}_TOKEN is") as caught:
                load_run_settings()
            assert "sealed" not in str(caught.value)


def test_every_setting_reaches_the_engine(clean_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {
        "CALL_ALLOW": "api.example.com, 10.0.0.0/8",
        "CALL_DENY": "*.internal",
        "CALL_DEFAULT": "DENY",
        "CALL_PRIVATE": "false",
        "CALL_LOOPBACK": "false",
        "CALL_MAX_RESPONSE_BYTES": "2048",
        "CALL_MAX_REQUEST_BYTES": "4096",
        "CALL_CONNECT_SECONDS": "1.5",
        "CALL_IDLE_SECONDS": "2.5",
        "CALL_CA_FILE": str(CERTIFICATE),
        "RESOURCE_DIRS": f"{tmp_path},{CERTIFICATE.parent}",
        "RESOURCE_MAX_BYTES": "8192",
        "DEFAULT_CATALOG": "https://catalog.example.com/root",
        "EXPRESSION_SECONDS": "0.5",
        "EXPRESSION_MEMORY_BYTES": str(128 * 1024 * 1024),
        "MAX_STEPS": "77",
        "MAX_WAITING_EVENTS": "88",
        "MAX_WORKFLOW_DEPTH": "3",
        "ALLOW_SHELL": "true",
        "ALLOW_SCRIPT": "true",
        "PROCESS_SECONDS": "11",
        "PROCESS_CPU_SECONDS": "12",
        "PROCESS_MEMORY_BYTES": str(64 * 1024 * 1024),
        "PROCESS_OUTPUT_BYTES": "2222",
        "PROCESS_TASKS": "13",
        "PROCESS_CONCURRENCY": "14",
        "PROCESS_NAMESPACES": "require",
        "SCHEDULE_TIME_ZONE": "Europe/Berlin",
        "EVENT_SINK_URL": "https://broker.example.com/in",
        "EVENT_SINK_MODE": "binary",
        "EVENT_SINK_TOKEN": "token-1\n",
        "EVENT_SINK_RETRIES": "7",
        "EVENT_SINK_TIMEOUT_SECONDS": "9",
        "LIFECYCLE_SINK_URL": "https://broker.example.com/life",
        "LIFECYCLE_SINK_TOKEN": "token-2",
        "LIFECYCLE_STATUS_CHANGES": "true",
    }
    told_elsewhere = {"LOG_LEVEL", "ENV", "DOCUMENTS_DIR", "MAX_DOCUMENT_BYTES"}
    for name, value in given.items():
        clean_environment.setenv(name, value)
    settings = load_run_settings()
    emitted, lifecycle = emitted_sink(settings), lifecycle_sink(settings)
    assert emitted is not None
    assert lifecycle is not None
    assert (emitted.url, emitted.mode, emitted.headers) == (
        "https://broker.example.com/in",
        "binary",
        {"authorization": "Bearer token-1"},
    )
    assert (emitted.retry.retries, emitted.timeout_seconds) == (7, 9)
    assert (lifecycle.url, lifecycle.mode) == ("https://broker.example.com/life", "structured")
    assert lifecycle.headers == {"authorization": "Bearer token-2"}
    publisher = Publisher()
    config = engine_config(
        settings, EventSinks(emitted=publisher, lifecycle=publisher), executions_url="https://runner.example.com/e"
    )
    assert config.calls.addresses == AddressPolicy(
        allow=("api.example.com", "10.0.0.0/8"), deny=("*.internal",), loopback=False, private=False, default="deny"
    )
    http, grpc, resources = config.http, config.calls.grpc, config.calls.resources
    assert (http.max_response_bytes, http.max_request_bytes) == (2048, 4096)
    assert (http.connect_seconds, http.idle_seconds, http.ca_file) == (1.5, 2.5, CERTIFICATE)
    assert (grpc.max_message_bytes, grpc.max_stream_bytes, grpc.ca_file) == (2048, 2048, CERTIFICATE)
    assert (resources.folders, resources.max_bytes) == ((tmp_path, CERTIFICATE.parent), 8192)
    assert resources.default_catalog == "https://catalog.example.com/root"
    assert (config.evaluator.budget_seconds, config.evaluator.memory_bytes) == (0.5, 128 * 1024 * 1024)
    assert (config.limits.max_steps, config.limits.max_inbox, config.max_child_depth) == (77, 88, 3)
    assert config.processes == ProcessConfig(
        allow_shell=True,
        allow_script=True,
        limits=ProcessLimits(
            wall_seconds=11, cpu_seconds=12, memory_bytes=64 * 1024 * 1024, output_bytes=2222, tasks=13
        ),
        concurrent=14,
        namespaces="require",
    )
    assert config.schedule.time_zone == "Europe/Berlin"
    assert config.bus is not None
    assert config.lifecycle is not None
    assert (config.lifecycle.status_changes, config.lifecycle.output_base) == (True, "https://runner.example.com/e")
    # Whoever adds a setting of the engine adds it here.
    assert {name for name in EngineSettings.model_fields if name.upper() not in given} == {
        name.lower() for name in told_elsewhere
    }


def test_defaults_of_the_settings_are_those_of_the_engine(clean_environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert isinstance(settings, Settings)
    assert emitted_sink(settings) is None
    assert lifecycle_sink(settings) is None
    config = engine_config(settings, EventSinks())
    assert config.bus is None
    assert config.lifecycle is None
    assert config.calls.addresses == AddressPolicy()
    assert config.processes == ProcessConfig()


class Publisher:
    """Takes events and forgets them."""

    async def publish(self, event: object) -> None:
        """Take it."""
