"""Workflows over gRPC, from a foreign client."""

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from google.rpc import error_details_pb2, status_pb2
from stigmer_server.ids import is_slug

from packages.server.tests.grpcio_peer import WORKFLOW_COMMAND as COMMAND
from packages.server.tests.grpcio_peer import WORKFLOW_QUERY as QUERY
from packages.server.tests.grpcio_peer import Peer
from packages.server.tests.samples import workflow


def test_a_workflow_is_created_with_id_slug_version_and_document(client: Peer) -> None:
    made = client.call(COMMAND, "create", workflow("Order Intake (v2)"))
    assert made.metadata.id.startswith("wfl-")
    assert len(made.metadata.id) == 30
    assert made.metadata.slug == "order-intake-v2"
    assert is_slug(made.metadata.slug)
    assert len(made.metadata.version.id) == 64
    assert (made.api_version, made.kind) == ("agentic.stigmer.ai/v1", "Workflow")
    validation = made.status.serverless_workflow_validation
    assert validation.state == 2  # VALID
    assert "do:\n" in validation.yaml
    assert made.status.audit.spec_audit.created_by.id == "setting-client"
    assert client.call(QUERY, "get", {"value": made.metadata.id}) == made


def test_create_refuses_what_exists_and_update_what_does_not(client: Peer) -> None:
    client.call(COMMAND, "create", workflow("only-once"))
    assert client.refusal(COMMAND, "create", workflow("Only once"))[0] == "ALREADY_EXISTS"
    missing = workflow("never-made")
    assert client.refusal(COMMAND, "update", missing)[0] == "NOT_FOUND"
    assert client.refusal(QUERY, "get", {"value": "wfl-0"})[0] == "NOT_FOUND"


def test_apply_twice_changes_nothing_and_a_new_spec_makes_a_version(client: Peer) -> None:
    first = client.call(COMMAND, "apply", workflow("applied"))
    assert client.call(COMMAND, "apply", workflow("applied")) == first
    changed = workflow("applied", description="more")
    changed["spec"]["document"]["version"] = "1.1.0"
    changed["metadata"]["version"] = {"message": "why"}
    second = client.call(COMMAND, "apply", changed)
    assert second.metadata.id == first.metadata.id
    assert second.metadata.version.previous_version_id == first.metadata.version.id
    assert second.metadata.version.message == "why"
    reference = {"scope": "organization", "org": "acme", "slug": "applied"}
    assert client.call(QUERY, "getByReference", reference) == second
    for version in ("1.0.0", first.metadata.version.id):
        found = client.call(QUERY, "getByReference", {**reference, "version": version})
        assert found.spec == first.spec
    assert client.refusal(QUERY, "getByReference", {**reference, "version": "9"})[0] == "NOT_FOUND"


def test_what_names_a_workflow_cannot_change(client: Peer) -> None:
    made = client.call(COMMAND, "create", workflow("fixed"))
    moved = MessageToDict(made)
    moved["metadata"]["org"] = "other"
    status, message = client.refusal(COMMAND, "update", moved)
    assert (status, "metadata.org cannot change" in message) == ("INVALID_ARGUMENT", True)


def test_an_invalid_workflow_is_refused_with_all_problems(client: Peer) -> None:
    wrong = workflow(
        "wrong",
        tasks=[
            {"name": "a", "kind": "WORKFLOW_TASK_KIND_WAIT", "taskConfig": {"second": 1}},
            {"name": "b", "kind": "WORKFLOW_TASK_KIND_HTTP_CALL", "taskConfig": {"method": "GET"}},
        ],
    )
    status, message = client.refusal(COMMAND, "apply", wrong)
    assert status == "INVALID_ARGUMENT"
    assert "tasks[0]" in message
    assert "tasks[1]" in message
    assert client.refusal(QUERY, "getByReference", {"org": "acme", "slug": "wrong"})[0] == "NOT_FOUND"
    with pytest.raises(grpc.RpcError) as refused:
        client.call(COMMAND, "apply", wrong)
    details = status_pb2.Status.FromString(dict(refused.value.trailing_metadata())["grpc-status-details-bin"]).details
    names = [detail.type_url.rpartition(".")[2] for detail in details]
    assert names == ["ErrorInfo", "ValidationProblems", "BadRequest"]
    violations = error_details_pb2.BadRequest.FromString(details[2].value).field_violations
    assert [violation.field for violation in violations] == [
        "spec.tasks[0].task_config",
        "spec.tasks[0].task_config.second",
        "spec.tasks[1].task_config.endpoint",
    ]


def test_envelopes_are_checked(client: Peer) -> None:
    for change, field in (
        ({"ownerScope": "identity_account", "org": ""}, "metadata.owner_scope"),
        ({"org": ""}, "metadata.org"),
        ({"name": "", "slug": ""}, "metadata.name"),
        ({"slug": "Not A Slug"}, "metadata.slug"),
    ):
        request = workflow("checked")
        request["metadata"].update(change)
        status, message = client.refusal(COMMAND, "create", request)
        assert (status, message.partition(" ")[0]) == ("INVALID_ARGUMENT", field)
    assert client.refusal(COMMAND, "create", {**workflow("checked"), "kind": "Agent"})[0] == "INVALID_ARGUMENT"


def test_delete_returns_the_workflow_as_it_was(client: Peer) -> None:
    made = client.call(COMMAND, "create", workflow("short-lived"))
    assert client.call(COMMAND, "delete", {"value": made.metadata.id}) == made
    assert client.refusal(QUERY, "get", {"value": made.metadata.id})[0] == "NOT_FOUND"
