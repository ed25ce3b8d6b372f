"""The alias table: three services, five methods, three spellings."""

from stigmer_runner.grpc_port.aliases import CANONICAL_SERVICE, METHODS, SERVICES, paths, spellings


def test_spellings() -> None:
    assert spellings("ExecuteAsync") == ("ExecuteAsync", "executeAsync", "execute_async")
    assert spellings("Execute") == ("Execute", "execute", "execute")


def test_all_combinations_are_in_the_table() -> None:
    table = {path: method for service in SERVICES for path, method in paths(service)}
    assert len(table) == 3 * (4 * 3 + 2)
    assert table[f"/{CANONICAL_SERVICE}/execute_async"] == "ExecuteAsync"
    assert table["/ai.stigmer.workflow.runner.v1.WorkflowRunnerCommandController/ExecuteAsync"] == "ExecuteAsync"
    assert set(table.values()) == set(METHODS)
