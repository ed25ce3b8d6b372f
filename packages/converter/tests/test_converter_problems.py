"""Bad specifications: every problem at once, each with its path and code."""

from typing import Any

import pytest
from stigmer_converter import ConversionError, ConvertOptions, GrpcTarget, convert, convert_json, revert

DOCUMENT = {"dsl": "1.0.0", "namespace": "shop", "name": "x", "version": "1.0.0"}


def spec_of(*tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"document": DOCUMENT, "tasks": list(tasks), **more}


def task(kind: str, config: Any, name: str = "t", **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "task_config": config, **more}


def found(spec: Any) -> set[tuple[str, str]]:
    with pytest.raises(ConversionError) as caught:
        convert_json(spec)
    text = str(caught.value)
    for problem in caught.value.problems:
        assert problem.message
        assert problem.path in text
        assert problem.code in text
    return {(problem.path, problem.code) for problem in caught.value.problems}


SET = {"variables": {"a": "b"}}
ONE = "tasks[0].task_config"

DO = [task("SET", SET)]
GET = {"method": "GET", "endpoint": {"uri": "x"}}
END = {"name": "a", "then": "end"}
ASK = {"agent": "a", "message": "x"}
BAD_CONFIGS = [
    ("SET", {}, ".variables", "missing-field"),
    ("SET", {"variables": {"n": 5}}, ".variables.n", "wrong-type"),
    ("SET", {"variables": {"a b": None}}, '.variables["a b"]', "wrong-type"),
    ("SET", {"variables": "x"}, ".variables", "wrong-type"),
    ("SET", {"variables": {"a": "${ .b"}}, ".variables.a", "invalid-expression"),
    ("SET", {"variables": {"a": "${ .b ) }"}}, ".variables.a", "invalid-expression"),
    ("SET", {"variables": {"a": "${ }"}}, ".variables.a", "empty-expression"),
    ("SET", {"variables": {"a": "${ $oops }"}}, ".variables.a", "unknown-variable"),
    ("SET", {"variables": {"a": "${ $item }"}}, ".variables.a", "unknown-variable"),
    ("SET", {"variables": {"a": "${ env }"}}, ".variables.a", "forbidden-expression"),
    ("SET", {"variables": {"a": "x ${ $ENV.HOME }"}}, ".variables.a", "forbidden-expression"),
    ("SET", {"variables": {"a": "${ $data.nobody }"}}, ".variables.a", "unknown-data-key"),
    ("SET", {**SET, "extra": 1}, ".extra", "unknown-key"),
    ("HTTP_CALL", {"endpoint": {"uri": "https://x"}}, ".method", "missing-field"),
    ("HTTP_CALL", {"method": "FETCH", "endpoint": {"uri": "https://x"}}, ".method", "invalid-value"),
    ("HTTP_CALL", {"method": "GET", "endpoint": {}}, ".endpoint.uri", "missing-field"),
    ("HTTP_CALL", {"method": "GET", "endpoint": "https://x"}, ".endpoint", "wrong-type"),
    ("HTTP_CALL", {"method": "GET", "endpoint": {"uri": "a b"}}, ".endpoint.uri", "invalid-value"),
    ("HTTP_CALL", {"method": "GET", "endpoint": {"uri": "x", "url": "y"}}, ".endpoint.url", "unknown-key"),
    ("HTTP_CALL", {**GET, "timeoutSeconds": 301}, ".timeout_seconds", "out-of-range"),
    ("HTTP_CALL", {**GET, "timeout_seconds": 1.5}, ".timeout_seconds", "wrong-type"),
    ("HTTP_CALL", {**GET, "body": [1]}, ".body", "wrong-type"),
    ("HTTP_CALL", {**GET, "body": {"a": ["${ "]}}, ".body.a[0]", "invalid-expression"),
    ("HTTP_CALL", {**GET, "headers": {"X-Y": 1}}, ".headers.X-Y", "wrong-type"),
    ("GRPC_CALL", {"service": "a.B", "method": "M"}, ".service", "unknown-grpc-target"),
    ("GRPC_CALL", {"service": "http://h/a.B", "method": "M"}, ".service", "invalid-value"),
    ("GRPC_CALL", {"service": "grpc://h:99999/a.B", "method": "M"}, ".service", "invalid-value"),
    ("GRPC_CALL", {"service": "grpc://h", "method": "M"}, ".service", "invalid-value"),
    ("GRPC_CALL", {"service": "grpc://h/a.B"}, ".method", "missing-field"),
    ("CALL_ACTIVITY", {}, ".activity", "missing-field"),
    ("CALL_ACTIVITY", {"activity": "a", "input": "x"}, ".input", "wrong-type"),
    ("SWITCH", {"cases": []}, ".cases", "too-few"),
    ("SWITCH", {"cases": [{"name": "a", "when": ".b"}]}, ".cases[0].then", "missing-field"),
    ("SWITCH", {"cases": [{"name": "a", "then": "nowhere"}]}, ".cases[0].then", "unknown-target"),
    ("SWITCH", {"cases": [END, {**END, "name": "b"}]}, ".cases[1].when", "duplicate-default"),
    ("SWITCH", {"cases": [END, {**END, "when": ".b"}]}, ".cases[1].name", "duplicate-name"),
    ("FOR", {"each": "a-b", "in": ".l", "do": DO}, ".each", "invalid-name"),
    ("FOR", {"each": "context", "in": ".l", "do": DO}, ".each", "invalid-name"),
    ("FOR", {"each": "a", "do": DO}, ".in", "missing-field"),
    ("FOR", {"each": "a", "in": ".l"}, ".do", "too-few"),
    ("FOR", {"each": "a", "in": ".l", "do": [task("WAIT", {})]}, ".do[0].task_config", "missing-field"),
    ("FOR", {"each": "a", "in": ".l", "do": ["x"]}, ".do[0]", "wrong-type"),
    ("FORK", {"branches": [{"name": "a", "do": DO}]}, ".branches", "too-few"),
    ("FORK", {"branches": [{"name": "a"}, {"name": "b", "do": []}]}, ".branches[0].do", "too-few"),
    ("FORK", {"branches": 5, "compete": "yes"}, ".compete", "wrong-type"),
    ("TRY", {"try": []}, ".try", "too-few"),
    ("TRY", {"try": DO, "catch": {"as": "e"}}, ".catch.do", "too-few"),
    ("TRY", {"try": DO, "catch": {"as": "1", "do": DO}}, ".catch.as", "invalid-name"),
    ("TRY", {"try": DO, "catch": {"when": "x", "do": DO}}, ".catch.when", "unknown-key"),
    ("LISTEN", {"to": {"mode": "any", "signals": [{"id": "a", "type": "signal"}]}}, ".to.mode", "invalid-value"),
    ("LISTEN", {"to": {"mode": "one", "signals": []}}, ".to.signals", "too-few"),
    ("LISTEN", {"to": {"mode": "all", "signals": [{"id": "a", "type": "x"}]}}, ".to.signals[0].type", "invalid-value"),
    ("WAIT", {}, "", "missing-field"),
    ("WAIT", {"seconds": 0}, ".seconds", "out-of-range"),
    ("WAIT", {"seconds": -5}, ".seconds", "out-of-range"),
    ("WAIT", {"seconds": 2**31}, ".seconds", "out-of-range"),
    ("WAIT", {"seconds": 5, "duration": {"days": 1}}, "", "conflicting-fields"),
    ("WAIT", {"duration": {}}, ".duration", "missing-field"),
    ("WAIT", {"duration": {"weeks": 1}}, ".duration.weeks", "unknown-key"),
    ("WAIT", {"duration": {"days": 2**32 - 1}}, ".duration", "out-of-range"),
    ("WAIT", {"until": "tomorrow"}, ".until", "invalid-value"),
    ("WAIT", {"until": "2026-01-01T00:00:00"}, ".until", "invalid-value"),
    ("RAISE", {"error": "Runtime"}, ".message", "missing-field"),
    ("RAISE", {"message": "x"}, ".error", "missing-field"),
    ("RUN", {"workflow": "a b"}, ".workflow", "invalid-value"),
    ("RUN", {"workflow": "a:v1"}, ".workflow", "invalid-value"),
    ("RUN", {"workflow": "/a"}, ".workflow", "invalid-value"),
    ("AGENT_CALL", {"agent": "a" * 64, "message": "x"}, ".agent", "out-of-range"),
    ("AGENT_CALL", {**ASK, "scope": "galaxy"}, ".scope", "invalid-value"),
    ("AGENT_CALL", {**ASK, "config": {"temperature": 2}}, ".config.temperature", "out-of-range"),
    ("AGENT_CALL", {**ASK, "config": {"timeout": 3601}}, ".config.timeout", "out-of-range"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "config", "path", "code"), BAD_CONFIGS)
def test_a_bad_config(kind: str, config: Any, path: str, code: str) -> None:
    assert (ONE + path, code) in found(spec_of(task(kind, config)))


BAD_SPECS = [
    ({}, "document", "missing-field"),
    ({}, "tasks", "too-few"),
    ([], "", "wrong-type"),
    (spec_of(), "tasks", "too-few"),
    (spec_of(task("SET", SET), extra=1), "extra", "unknown-key"),
    (spec_of(task("SET", SET), task("SET", SET)), "tasks[1].name", "duplicate-name"),
    (spec_of(task("SET", SET, name="")), "tasks[0].name", "missing-field"),
    (spec_of(task("SET", SET, flow={"then": "nowhere"})), "tasks[0].flow.then", "unknown-target"),
    (spec_of(task("SET", SET, export={"as": ""})), "tasks[0].export.as", "missing-field"),
    (spec_of(task("SET", SET, taskConfig=SET)), "tasks[0].taskConfig", "duplicate-key"),
    (spec_of({"name": "a", "kind": "SET"}), "tasks[0].task_config", "missing-field"),
    (spec_of({"name": "a", "task_config": SET}), "tasks[0].kind", "missing-field"),
    (spec_of(task("LLM_CALL", {})), "tasks[0].kind", "unknown-kind"),
    (spec_of({**task("SET", SET), "kind": 14}), "tasks[0].kind", "unknown-kind"),
    ({"document": {**DOCUMENT, "dsl": "0.8.0"}, "tasks": [task("SET", SET)]}, "document.dsl", "invalid-value"),
    ({"document": {**DOCUMENT, "name": "a_b"}, "tasks": [task("SET", SET)]}, "document.name", "invalid-value"),
    ({"document": {**DOCUMENT, "version": "1"}, "tasks": [task("SET", SET)]}, "document.version", "invalid-value"),
    ({"document": {**DOCUMENT, "namespace": ""}, "tasks": [task("SET", SET)]}, "document.namespace", "missing-field"),
    (spec_of(task("SET", SET), env_spec={"data": {"a-b": {}}}), "env_spec.data.a-b", "invalid-name"),
    (spec_of(task("SET", SET), envSpec={"data": {"A": {"secret": True}}}), "env_spec.data.A.secret", "unknown-key"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "path", "code"), BAD_SPECS)
def test_a_bad_specification(spec: Any, path: str, code: str) -> None:
    assert (path, code) in found(spec)


def test_all_problems_come_at_once() -> None:
    bad = [(kind, config) for kind, config, _, code in BAD_CONFIGS if code != "unknown-data-key"]
    tasks = [task(kind, config, name=f"t{index}") for index, (kind, config) in enumerate(bad)]
    problems = found(spec_of(*tasks, extra=True, env_spec={"data": {"1": {}}}))
    assert {path.split(".")[0].split("[")[0] for path, _ in problems} == {"extra", "env_spec", "tasks"}
    for index in range(len(bad)):
        assert any(path.startswith(f"tasks[{index}].") for path, _ in problems), bad[index]


def test_a_bare_grpc_service_is_found_in_the_options_only() -> None:
    with pytest.raises(ConversionError, match="grpc_services"):
        convert_json(spec_of(task("GRPC_CALL", {"service": "a.B", "method": "M"})), ConvertOptions())


@pytest.mark.parametrize(
    ("number", "text", "warned"),
    [
        (5.0, "5", False),
        (0.1, "0.1", False),
        (2**53, "9007199254740992", False),
        (2**53 + 1, "9007199254740992", True),
        (-1e300, "-1.0e+300", True),
    ],
)
def test_numbers_come_out_as_written(number: float, text: str, warned: bool) -> None:
    config = {"method": "POST", "endpoint": {"uri": "/x"}, "body": {"amount": number}}
    conversion = convert_json(spec_of(task("HTTP_CALL", config)))
    assert f"amount: {text}\n" in conversion.yaml
    codes = [(warning.path, warning.code) for warning in conversion.warnings]
    assert codes == ([(f"{ONE}.body.amount", "inexact-number")] if warned else [])


def test_numbers_that_json_does_not_have_are_refused() -> None:
    config = {"method": "POST", "endpoint": {"uri": "/x"}, "body": {"n": float("nan"), "m": 10**400}}
    assert found(spec_of(task("HTTP_CALL", config))) == {
        (f"{ONE}.body.n", "invalid-value"), (f"{ONE}.body.m", "invalid-value")
    }  # fmt: skip


def test_the_value_of_a_secret_stays_out_with_a_warning() -> None:
    spec = spec_of(task("SET", SET), env_spec={"data": {"KEY": {"value": "s3cr3t", "is_secret": True}}})
    conversion = convert_json(spec)
    assert "s3cr3t" not in conversion.yaml
    (warning,) = conversion.warnings
    assert (warning.path, warning.code) == ("env_spec.data.KEY.value", "secret-value-dropped")
    assert "s3cr3t" not in str(warning)


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_half_a_character_is_refused(text: str) -> None:
    config = {"method": "POST", "endpoint": {"uri": "/x"}, "body": {"a": text, "b": {text: 1}}}
    assert found(spec_of(task("HTTP_CALL", config))) == {
        (f"{ONE}.body.a", "invalid-value"), (f"{ONE}.body.b", "invalid-value")
    }  # fmt: skip


def test_a_task_named_like_a_directive_is_a_warning() -> None:
    (warning,) = convert_json(spec_of(task("SET", SET, name="end"))).warnings
    assert (warning.path, warning.code) == ("tasks[0].name", "reserved-name")


def test_a_loop_over_index_has_a_position_all_the_same() -> None:
    inner = task("SET", {"variables": {"a": "${ .index + $index }"}})
    yaml = convert_json(spec_of(task("FOR", {"each": "index", "in": ".l", "do": [inner]}))).yaml
    assert "at: position" in yaml
    assert "${ $index + $index }" in yaml
    assert convert(revert(yaml)).yaml == yaml


@pytest.mark.parametrize("target", [GrpcTarget(host="a b"), GrpcTarget(host="h", port=0), GrpcTarget(host="")])
def test_a_grpc_target_in_the_options_is_checked(target: GrpcTarget) -> None:
    with pytest.raises(ConversionError, match="no usable target"):
        convert_json(
            spec_of(task("GRPC_CALL", {"service": "a.B", "method": "M"})), ConvertOptions(grpc_services={"a.B": target})
        )
