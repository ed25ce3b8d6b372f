"""The kinds: every one of the contract has an entry, and all of its names are understood."""

import pytest
from stigmer_converter.fields import snake_case
from stigmer_converter.kinds.registry import KINDS, entry_of, full_name, kind_named, kind_of_task
from stigmer_proto.ai.stigmer.commons.apiresource import WorkflowTaskKind

LATER_NAMES = {
    "set_vars": WorkflowTaskKind.SET,
    "http_call": WorkflowTaskKind.HTTP_CALL,
    "grpc_call": WorkflowTaskKind.GRPC_CALL,
    "activity_call": WorkflowTaskKind.CALL_ACTIVITY,
    "switch_case": WorkflowTaskKind.SWITCH,
    "for_each": WorkflowTaskKind.FOR,
    "fork": WorkflowTaskKind.FORK,
    "try_catch": WorkflowTaskKind.TRY,
    "listen": WorkflowTaskKind.LISTEN,
    "wait": WorkflowTaskKind.WAIT,
    "raise_error": WorkflowTaskKind.RAISE,
    "run_workflow": WorkflowTaskKind.RUN,
    "agent_call": WorkflowTaskKind.AGENT_CALL,
}


def test_every_kind_of_the_contract_has_an_entry() -> None:
    assert set(KINDS) == set(WorkflowTaskKind) - {WorkflowTaskKind.UNSPECIFIED}
    entries = [entry for kind in KINDS if (entry := entry_of(kind)) is not None]
    assert len({entry.convert for entry in entries}) == len({entry.revert for entry in entries}) == len(KINDS)
    assert entry_of(WorkflowTaskKind.UNSPECIFIED) is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_has_three_spellings_and_a_number(kind: WorkflowTaskKind) -> None:
    for name in (full_name(kind), kind.name, kind.name.lower(), int(kind), float(kind)):
        assert kind_named(name) is kind


@pytest.mark.parametrize(("name", "kind"), LATER_NAMES.items())
def test_later_names(name: str, kind: WorkflowTaskKind) -> None:
    assert kind_named(name) is kind


@pytest.mark.parametrize("value", ["", "LLM_CALL", "UNSPECIFIED", 0, 14, True, None, [], 1.5])
def test_other_values_are_no_kind(value: object) -> None:
    assert kind_named(value) is None


@pytest.mark.parametrize("task", [{"emit": {}}, {"call": "openapi"}, {"call": "my-function"}, {}])
def test_tasks_that_no_kind_expresses(task: dict[str, object]) -> None:
    assert kind_of_task(task) is None


@pytest.mark.parametrize(
    ("key", "name"),
    [("taskConfig", "task_config"), ("task_config", "task_config"), ("as", "as"), ("X-Id", "X-Id"), ("", "")],
)
def test_keys_in_both_cases(key: str, name: str) -> None:
    assert snake_case(key) == name
