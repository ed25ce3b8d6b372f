"""Variables and secrets: merged for the run, encrypted at rest, shown to runners only."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stigmer_proto.ai.stigmer.agentic.environment.v1 import EnvironmentValue
from stigmer_server.executions.environment import merge_values
from stigmer_server.testing import CLIENT_KEY, RUNNER_KEY, ServerProcess
from stigmer_server.vault.key_ring import KeyRing, Sealed, UnreadableSecret

from packages.server.tests.grpcio_peer import (
    CONTEXT_COMMAND,
    CONTEXT_QUERY,
    ENVIRONMENT_COMMAND,
    ENVIRONMENT_QUERY,
    EXECUTION_COMMAND,
    EXECUTION_QUERY,
    INSTANCE_COMMAND,
    WORKFLOW_COMMAND,
    WORKFLOW_QUERY,
    Peer,
)
from packages.server.tests.samples import OWNER, execution, workflow

Connect = Callable[[ServerProcess, str], Peer]


def environment(name: str, **values: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **OWNER}, "spec": {"data": values}}


def secret(value: str) -> dict[str, Any]:
    return {"value": value, "isSecret": True}


def plain(values: Any) -> dict[str, tuple[str, bool]]:
    return {name: (value.value, value.is_secret) for name, value in values.items()}


def test_secrets_are_left_empty_for_all_but_runners(admin: Peer, client: Peer, runner: Peer) -> None:
    request = environment("production", REGION={"value": "eu"}, TOKEN=secret("tell-nobody"))
    made = client.call(ENVIRONMENT_COMMAND, "create", request)
    hidden = {"REGION": ("eu", False), "TOKEN": ("", True)}
    assert plain(made.spec.data) == hidden
    for peer, expected in ((client, ""), (admin, ""), (runner, "tell-nobody")):
        for method, asked in (
            ("get", {"value": made.metadata.id}),
            ("getByReference", {"org": "acme", "slug": "production"}),
        ):
            shown = peer.call(ENVIRONMENT_QUERY, method, asked)
            assert shown.spec.data["TOKEN"].value == expected
    # What every answer leaves empty does not erase when it is sent back.
    made.spec.data["REGION"].value = "us"
    changed = client.call(ENVIRONMENT_COMMAND, "update", _json(made))
    assert plain(changed.spec.data) == {"REGION": ("us", False), "TOKEN": ("", True)}
    assert runner.call(ENVIRONMENT_QUERY, "get", {"value": made.metadata.id}).spec.data["TOKEN"].value == "tell-nobody"
    assert changed.metadata.version.id != made.metadata.version.id
    # A new secret is a new version, the same secret is none.
    request["spec"]["data"] = {"REGION": {"value": "us"}, "TOKEN": secret("tell-nobody")}
    assert client.call(ENVIRONMENT_COMMAND, "apply", request) == changed
    request["spec"]["data"]["TOKEN"] = secret("tell-nobody-else")
    renewed = client.call(ENVIRONMENT_COMMAND, "apply", request)
    assert renewed.metadata.version.previous_version_id == changed.metadata.version.id


def _json(message: Any) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - the peer's library, not ours

    found: dict[str, Any] = MessageToDict(message)
    return found


def test_a_run_sees_the_merged_values(admin: Peer, client: Peer, runner: Peer) -> None:
    base = environment("base", A={"value": "base"}, B={"value": "base"}, S=secret("base-secret"))
    for request in (base, environment("over", B={"value": "over"}, C=secret("over-secret"))):
        client.call(ENVIRONMENT_COMMAND, "create", request)
    spec = {
        "data": {"A": {"value": "default"}, "D": {"value": "default"}, "E": secret("default-secret"), "F": secret("")}
    }
    orders = client.call(WORKFLOW_COMMAND, "create", workflow("merged", envSpec=spec))
    assert orders.spec.env_spec.data["E"].value == ""
    assert (
        runner.call(WORKFLOW_QUERY, "get", {"value": orders.metadata.id}).spec.env_spec.data["E"].value
        == "default-secret"
    )
    references = [{"org": "acme", "slug": slug} for slug in ("base", "over")]
    instance = client.call(
        INSTANCE_COMMAND,
        "create",
        {"metadata": {"name": "merged", **OWNER}, "spec": {"workflowId": orders.metadata.id, "envRefs": references}},
    )
    run = client.call(
        EXECUTION_COMMAND,
        "create",
        execution("", workflowInstanceId=instance.metadata.id, runtimeEnv={"D": secret("run"), "G": {"value": "run"}}),
    )
    assert plain(run.spec.runtime_env) == {"D": ("", True), "G": ("run", False)}
    assert plain(runner.call(EXECUTION_QUERY, "get", {"value": run.metadata.id}).spec.runtime_env)["D"] == ("run", True)
    context = runner.call(CONTEXT_QUERY, "getByReference", {"slug": run.metadata.id})
    assert plain(context.spec.data) == {
        "A": ("base", False),
        "B": ("over", False),
        "C": ("over-secret", True),
        "D": ("run", True),
        "E": ("default-secret", True),
        "G": ("run", False),
        "S": ("base-secret", True),
    }
    assert plain(admin.call(CONTEXT_QUERY, "get", {"value": context.metadata.id}).spec.data)["S"] == ("", True)
    used = client.refusal(ENVIRONMENT_COMMAND, "delete", {"resourceId": _id(client, "base")})
    assert (used[0], instance.metadata.id in used[1]) == ("FAILED_PRECONDITION", True)


def _id(client: Peer, slug: str) -> str:
    found: str = client.call(ENVIRONMENT_QUERY, "getByReference", {"org": "acme", "slug": slug}).metadata.id
    return found


def test_contexts_are_the_operators_to_write(admin: Peer, runner: Peer) -> None:
    request = {"metadata": {"name": "by hand"}, "spec": {"executionId": "wex-1", "data": {"A": secret("x")}}}
    made = admin.call(CONTEXT_COMMAND, "create", request)
    assert made.metadata.id.startswith("exec-")
    assert admin.call(CONTEXT_COMMAND, "apply", request).metadata.id == made.metadata.id
    assert runner.call(CONTEXT_QUERY, "get", {"value": made.metadata.id}).spec.data["A"].value == "x"
    assert admin.call(CONTEXT_COMMAND, "delete", {"resourceId": made.metadata.id}) == made


def test_names_and_references_are_checked(client: Peer) -> None:
    wrong = environment("named", **{"9lives": {"value": "x"}})
    assert client.refusal(ENVIRONMENT_COMMAND, "create", wrong)[0] == "INVALID_ARGUMENT"
    orders = client.call(WORKFLOW_COMMAND, "apply", workflow("referring"))
    instance = {"metadata": {"name": "referring", **OWNER}, "spec": {"workflowId": orders.metadata.id}}
    instance["spec"]["envRefs"] = [{"org": "acme", "slug": "absent"}]
    status, message = client.refusal(INSTANCE_COMMAND, "create", instance)
    assert (status, message) == ("INVALID_ARGUMENT", "spec.env_refs[0] names no environment: 'absent'")
    instance["spec"]["envRefs"] = [{"org": "acme", "slug": "base", "kind": "workflow"}]
    assert client.refusal(INSTANCE_COMMAND, "create", instance)[0] == "INVALID_ARGUMENT"


def test_no_file_holds_a_secret_and_keys_are_rotated(data_dir: Path, connect: Connect) -> None:
    word = "sesame-open-0815"
    with ServerProcess(data_dir) as server:
        client = connect(server, CLIENT_KEY)
        made = client.call(ENVIRONMENT_COMMAND, "create", environment("kept", WORD=secret(word)))
        orders = client.call(
            WORKFLOW_COMMAND, "create", workflow("kept", envSpec={"data": {"WORD": secret(f"{word}-1")}})
        )
        client.call(EXECUTION_COMMAND, "create", execution(orders.metadata.id, runtimeEnv={"W": secret(f"{word}-2")}))
        assert not any(word.encode() in file.read_bytes() for file in data_dir.iterdir())
        assert word not in server.text
    before = (data_dir / "secret-keys").read_text()
    environ = {"STIGMER_DATA_DIR": str(data_dir), "PATH": ""}
    subprocess.run([sys.executable, "-m", "stigmer_server", "rotate-secret-keys"], env=environ, check=True)
    fresh = (data_dir / "secret-keys").read_text()
    assert fresh.endswith(before)
    with ServerProcess(data_dir) as server:
        server.wait_for("secrets were encrypted anew") if "encrypted anew" not in server.text else None
    # The old key is not needed any more.
    (data_dir / "secret-keys").write_text(fresh.removesuffix(before))
    with ServerProcess(data_dir) as server:
        shown = connect(server, RUNNER_KEY).call(ENVIRONMENT_QUERY, "get", {"value": made.metadata.id})
        assert shown.spec.data["WORD"].value == word
    # Without any of the keys the server says so and does not start.
    other = data_dir.with_name("other")
    shutil.copytree(data_dir, other)
    (other / "secret-keys").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "stigmer_server"],
        env={"STIGMER_DATA_DIR": str(other), "PATH": "", "STIGMER_SERVER_PORT": "0", "STIGMER_SERVER_HTTP_PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "cannot read" in done.stderr, word in done.stderr) == (2, True, False)


NAMES = st.sampled_from(["A", "B", "C"])
VALUES = st.builds(EnvironmentValue, value=st.text(max_size=3), is_secret=st.booleans())


@given(st.lists(st.dictionaries(NAMES, VALUES), max_size=5))
def test_the_last_layer_that_has_a_value_wins(layers: list[dict[str, EnvironmentValue]]) -> None:
    merged = merge_values(layers)
    for name in ("A", "B", "C"):
        told = [layer[name] for layer in layers if name in layer and (layer[name].value or not layer[name].is_secret)]
        assert (name in merged) == bool(told)
        if told:
            assert (merged[name].value, merged[name].is_secret) == (told[-1].value, told[-1].is_secret)


def test_a_sealed_value_opens_only_at_its_place() -> None:
    ring = KeyRing({"k": bytes(32)})
    sealed = ring.seal("env-1", "A", b"value")
    assert ring.open("env-1", "A", sealed) == b"value"
    broken = Sealed(key_name="k", data=sealed.data[:-1] + bytes([sealed.data[-1] ^ 1]))
    for owner, name, data in (("env-2", "A", sealed), ("env-1", "B", sealed), ("env-1", "A", broken)):
        with pytest.raises(UnreadableSecret):
            ring.open(owner, name, data)
    with pytest.raises(UnreadableSecret):
        KeyRing({"other": bytes(32)}).open("env-1", "A", sealed)
