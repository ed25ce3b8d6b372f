"""Where Temporal is: names of the seeds first, then the environment configuration standard; and what is told of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from stigmer_runner.config import ConfigError, TemporalSettings
from stigmer_runner.config.reference import variables
from stigmer_runner.durable.connection import connect, connect_config
from stigmer_runner.durable.handover import Handover
from stigmer_runner.durable.workers import deployment_config
from temporalio.common import VersioningBehavior
from temporalio.converter import DataConverter
from temporalio.service import TLSConfig

PROFILES = """\
[profile.default]
address = "file.example.com:7233"
namespace = "of-the-file"

[profile.cloud]
address = "cloud.example.com:7233"
namespace = "of-the-cloud"
api_key = "key-of-the-file"
"""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))


def configured(**environment: str) -> tuple[object, object, object, object]:
    """Address, namespace, key and TLS for an environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        config = connect_config(TemporalSettings())
    return config.get("target_host"), config.get("namespace"), config.get("api_key"), config.get("tls")


def test_without_variables_it_is_this_machine() -> None:
    assert configured() == ("localhost:7233", "default", None, None)


def test_the_standard_counts_and_the_names_of_the_seeds_win(tmp_path: Path) -> None:
    path = tmp_path / "temporal.toml"
    path.write_text(PROFILES)
    file = {"TEMPORAL_CONFIG_FILE": str(path)}
    assert configured(**file)[:2] == ("file.example.com:7233", "of-the-file")
    assert configured(**file, TEMPORAL_PROFILE="cloud") == (
        "cloud.example.com:7233",
        "of-the-cloud",
        "key-of-the-file",
        True,
    )
    assert configured(**file, TEMPORAL_ADDRESS="env.example.com:1")[0] == "env.example.com:1"
    assert configured(TEMPORAL_ADDRESS="env.example.com:1", TEMPORAL_SERVICE_ADDRESS="seed.example.com:2")[0] == (
        "seed.example.com:2"
    )
    assert configured(**file, TEMPORAL_NAMESPACE="of-the-variable")[1] == "of-the-variable"
    assert configured(TEMPORAL_API_KEY="k-1") == ("localhost:7233", "default", "k-1", True)


def test_tls_has_the_names_of_the_standard(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_bytes(b"an authority")
    tls = configured(
        TEMPORAL_TLS="true",
        TEMPORAL_TLS_SERVER_CA_CERT_PATH=str(authority),
        TEMPORAL_TLS_SERVER_NAME="temporal.example.com",
    )[3]
    assert isinstance(tls, TLSConfig)
    assert (tls.server_root_ca_cert, tls.domain) == (b"an authority", "temporal.example.com")


@pytest.mark.parametrize(
    "environment",
    [{"TEMPORAL_PROFILE": "missing"}, {"TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere.pem"}],
    ids=["profile", "file"],
)
def test_what_cannot_be_used_is_one_sentence(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"^The TEMPORAL_\* variables cannot be used: .+\.$") as caught:
        configured(**environment)
    assert "\n" not in str(caught.value)


async def test_who_does_not_answer_is_waited_for_and_then_named() -> None:
    config = connect_config(TemporalSettings(temporal_service_address="127.0.0.1:1"))
    said = r"Temporal at 127\.0\.0\.1:1 cannot be reached: connection refused\. Check TEMPORAL_ADDRESS and"
    with pytest.raises(ConfigError, match=said):
        await connect(config, DataConverter.default, Handover(), patience_seconds=0.1, stop=asyncio.Event())


async def test_a_signal_ends_the_wait() -> None:
    config = connect_config(TemporalSettings(temporal_service_address="127.0.0.1:1"))
    stop = asyncio.Event()
    waiting = asyncio.ensure_future(connect(config, DataConverter.default, Handover(), patience_seconds=600, stop=stop))
    await asyncio.sleep(0.1)
    stop.set()
    assert await waiting is None


def test_workers_have_a_version_when_both_names_are_given() -> None:
    assert deployment_config(TemporalSettings()) is None
    given: dict[str, Any] = {"temporal_deployment_name": "runners", "temporal_worker_build_id": "v7"}
    found = deployment_config(TemporalSettings(**given))
    assert found is not None
    assert (found.version.deployment_name, found.version.build_id) == ("runners", "v7")
    assert (found.use_worker_versioning, found.default_versioning_behavior) == (True, VersioningBehavior.AUTO_UPGRADE)
    pinned = deployment_config(TemporalSettings(**given, temporal_versioning="pinned"))
    assert pinned is not None
    assert pinned.default_versioning_behavior is VersioningBehavior.PINNED


async def test_a_namespace_that_is_not_there_is_named_with_its_variable(temporal_address: str) -> None:
    config = connect_config(TemporalSettings(temporal_service_address=temporal_address, temporal_namespace="nope"))
    with pytest.raises(ConfigError, match=r"refuses the namespace 'nope': .+ not found\. Check TEMPORAL_NAMESPACE and"):
        await connect(config, DataConverter.default, Handover(), patience_seconds=60, stop=asyncio.Event())
