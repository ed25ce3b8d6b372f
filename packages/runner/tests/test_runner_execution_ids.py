"""Which ids of executions are taken, whatever runs them."""

import pytest
from stigmer_runner.executions.admission import execution_id_of
from stigmer_runner.executions.request import ExecutionRequest
from stigmer_runner.refusals import Reason, Refused


@pytest.mark.parametrize("name", ["a/b", "...", "é" * 256, "wex-1"])
def test_ids_are_opaque(name: str) -> None:
    assert execution_id_of(ExecutionRequest(execution_id=name)) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".", "names no execution"),
        ("..", "names no execution"),
        ("a" * 257, "256 characters"),
        ("😀" * 201, "800 bytes"),
    ],
    ids=["dot", "dots", "long", "wide"],
)
def test_ids_that_fit_nowhere_are_refused(name: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        execution_id_of(ExecutionRequest(execution_id=name))
    assert (caught.value.reason, caught.value.field) == (Reason.INVALID_REQUEST, "workflow_execution_id")
