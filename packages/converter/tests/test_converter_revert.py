"""Back from documents: what fits comes back with the same meaning, all else is named with its JSON pointer."""

from typing import Any

import pytest
from stigmer_converter import ConversionError, ConvertOptions, GrpcTarget, convert, revert, revert_document
from stigmer_dsl import InvalidDocument, dump

HEADER = {"dsl": "1.0.0", "namespace": "shop", "name": "x", "version": "1.0.0"}
SET = {"set": {"a": "b"}}
DO = [{"s": SET}]
HTTP = {"method": "get", "endpoint": "https://x.example"}
LIMIT = {"after": {"seconds": 5}}
HANDLER = {"do": DO}
ERROR = {"type": "https://example.com/e", "status": 500, "detail": "d"}
EVENT = {"event": {"with": {"type": "a"}}}
SIGNAL = {"with": {"id": "a", "type": "signal"}}


def yaml_of(*tasks: dict[str, Any], **more: Any) -> str:
    do = [{f"t{index}": task} for index, task in enumerate(tasks)]
    return dump({"document": HEADER, "do": do, **more})


def reverted(task: dict[str, Any], **options: Any) -> Any:
    return revert_document(yaml_of(task), ConvertOptions(**options)).json["tasks"][0]


def found(text: str) -> set[str]:
    with pytest.raises(ConversionError) as caught:
        revert(text)
    for problem in caught.value.problems:
        assert problem.code == "not-expressible"
        assert problem.message
    return {problem.path for problem in caught.value.problems}


CONFIGS = [
    ({"set": {"n": 5, "l": [1, "${ .a }"], "o": {"a b": "x ${ .y }", "if": None}, "t": "text"}},
     {"variables": {"n": "${ 5 }", "l": "${ [1, (.a)] }", "o": '${ {"a b": "x \\(.y)", "if": null} }', "t": "text"}}),
    ({"set": {"a": "${ $input.b }", "c": "${ .secrets.KEY }", "d": "$${x}", "e": "${ $workflow.input }"}},
     {"variables": {"a": "${ $output.b }", "c": '${ .["secrets"].KEY }', "d": "$${x}", "e": "${ $workflow.input }"}}),
    ({"call": "http", "with": HTTP, "timeout": {"after": "PT1M30S"}},
     {"method": "GET", "endpoint": {"uri": "https://x.example"}, "timeout_seconds": 90}),
    ({"call": "http", "with": {**HTTP, "output": "content", "redirect": False}, "timeout": LIMIT},
     {"method": "GET", "endpoint": {"uri": "https://x.example"}, "timeout_seconds": 5}),
    ({"call": "activity", "with": {"name": "A", "arguments": [{"a": "${ .b }"}]}},
     {"activity": "A", "input": {"a": "${ .b }"}}),
    ({"switch": [{"a": {"when": ".b", "then": "end"}}, {"c": {"then": "exit"}}]},
     {"cases": [{"name": "a", "when": "${ .b }", "then": "end"}, {"name": "c", "then": "exit"}]}),
    ({"for": {"in": ".l"}, "do": [{"s": {"set": {"a": "${ $item + .item + $index }"}}}]},
     {"each": "item", "in": "${ .l }", "do": [{"name": "s", "kind": "WORKFLOW_TASK_KIND_SET", "task_config": {
         "variables": {"a": '${ $item + .["item"] + $index }'}}}]}),
    ({"for": {"each": "x", "in": [{"a": 1}, {"b": "${ .c }"}], "at": "index"}, "do": DO},
     {"each": "x", "in": "${ [{a: 1}, {b: (.c)}] }", "do": [{"name": "s", "kind": "WORKFLOW_TASK_KIND_SET",
                                                             "task_config": {"variables": {"a": "b"}}}]}),
    ({"wait": "PT1H"}, {"duration": {"hours": 1}}),
    ({"wait": {"seconds": 5, "minutes": 0}}, {"seconds": 5}),
    ({"raise": {"error": {**ERROR, "type": "https://serverlessworkflow.io/spec/1.0.0/errors/timeout", "status": 408}}},
     {"error": "https://serverlessworkflow.io/spec/1.0.0/errors/timeout", "message": "d"}),
    ({"listen": {"to": {"any": [SIGNAL]}, "read": "data"}},
     {"to": {"mode": "one", "signals": [{"id": "a", "type": "signal"}]}}),
    ({"run": {"workflow": {"namespace": "shop", "name": "c", "version": "1.0.0"}, "await": True}}, {"workflow": "c"}),
    ({"run": {"workflow": {"namespace": "n", "name": "c", "version": "latest"}}}, {"workflow": "n/c:latest"}),
    ({"call": "agent", "with": {"agent": "a", "message": "m"}, "timeout": LIMIT},
     {"agent": "a", "message": "m", "config": {"timeout": 5}}),
]  # fmt: skip


@pytest.mark.parametrize(("task", "config"), CONFIGS)
def test_what_fits_comes_back(task: dict[str, Any], config: dict[str, Any]) -> None:
    assert reverted(task)["task_config"] == config
    # And means the same: what the specification becomes is stable.
    once = convert(revert(yaml_of(task))).yaml
    assert convert(revert(once)).yaml == once


def test_a_plain_do_is_a_try_that_catches_nothing() -> None:
    back = reverted({"do": DO})
    assert back["kind"] == "WORKFLOW_TASK_KIND_TRY"
    assert list(back["task_config"]) == ["try"]


def test_a_branch_of_another_kind_becomes_a_list_of_one() -> None:
    branches = reverted({"fork": {"branches": [{"a": SET}, {"b": {"do": DO}}]}})["task_config"]["branches"]
    assert [(branch["name"], [task["name"] for task in branch["do"]]) for branch in branches] == [
        ("a", ["a"]), ("b", ["s"])
    ]  # fmt: skip


def test_options_give_back_bare_names() -> None:
    task = {"call": "grpc", "with": {"proto": {"endpoint": "https://x.example/a.proto"}, "method": "M",
                                     "service": {"name": "a.B", "host": "h", "port": 1}}}  # fmt: skip
    target = GrpcTarget(host="h", port=1, proto="https://x.example/a.proto")
    assert reverted(task, grpc_services={"a.B": target})["task_config"]["service"] == "a.B"
    assert reverted(task)["task_config"]["service"] == "grpc://h:1/a.B?proto=https://x.example/a.proto"
    queued = {"call": "activity", "with": {"name": "A", "taskQueue": "q"}}
    assert reverted(queued, activity_task_queue="q")["task_config"] == {"activity": "A"}


def test_exports_come_back_by_name() -> None:
    kept = {**SET, "export": {"as": '${ $context + {"own": .a} }'}}
    by_name = {**SET, "export": {"as": '${ ($context // {}) + {"t1": (.a | {b: .})} }'}}
    tasks = revert_document(yaml_of(kept, by_name)).json["tasks"]
    assert [task["export"]["as"] for task in tasks] == ['${ $context + {"own": .a} }', "${ .a | {b: .} }"]


def test_a_secret_that_no_expression_uses_is_declared() -> None:
    text = yaml_of({"set": {"a": "${ $secrets.USED }"}}, use={"secrets": ["USED", "OTHER"]})
    assert revert_document(text).json["env_spec"] == {"data": {"OTHER": {"is_secret": True}}}


def test_a_missing_timeout_is_a_warning() -> None:
    back = revert_document(yaml_of({"call": "http", "with": HTTP}))
    assert [(warning.code, warning.path) for warning in back.warnings] == [("default-timeout", "/do/0/t0")]
    assert "timeout_seconds" not in back.json["tasks"][0]["task_config"]


def test_another_version_of_the_dsl_is_a_warning() -> None:
    back = revert_document(yaml_of(SET, document={**HEADER, "dsl": "1.0.3"}))
    assert [(warning.code, warning.path) for warning in back.warnings] == [("dsl-version", "/document/dsl")]
    assert back.json["document"]["dsl"] == "1.0.0"


def test_messages_name_the_construct() -> None:
    with pytest.raises(ConversionError) as caught:
        revert(yaml_of({"call": "http", "with": {**HTTP, "query": {"a": "b"}}}, {"emit": EVENT}))
    text = str(caught.value)
    assert "/do/0/t0/with/query: error[not-expressible]: `call http.with.query`" in text
    assert "/do/1/t1: error[not-expressible]: a specification has no task kind for `emit`" in text


def test_an_invalid_document_is_not_reverted() -> None:
    with pytest.raises(InvalidDocument):
        revert("document: {}")


GRPC = {"proto": {"endpoint": "https://x.example"}, "service": {"name": "a", "host": "h"}, "method": "M"}
BAD_TASKS: list[tuple[dict[str, Any], str]] = [
    ({"emit": EVENT}, ""),
    ({"call": "openapi", "with": {"document": {"endpoint": "https://x.example"}, "operationId": "o"}}, ""),
    ({**SET, "if": ".a"}, "/if"),
    ({**SET, "input": {"from": ".a"}}, "/input"),
    ({**SET, "output": {"as": ".a"}}, "/output"),
    ({**SET, "timeout": LIMIT}, "/timeout"),
    ({**SET, "metadata": {"a": 1}}, "/metadata"),
    ({**SET, "export": {"as": "${ .a }"}}, "/export/as"),
    ({**SET, "export": {"as": {"a": "${ .b }"}}}, "/export/as"),
    ({**SET, "export": {"as": "${ $context + {a: $input} }"}}, "/export/as"),
    ({**SET, "export": {"as": "${ $context + . }", "schema": {"format": "json", "document": {}}}}, "/export/schema"),
    ({"set": "${ .a }"}, "/set"),
    ({"call": "http", "with": {**HTTP, "query": {"a": "b"}}, "timeout": LIMIT}, "/with/query"),
    ({"call": "http", "with": {**HTTP, "output": "raw"}, "timeout": LIMIT}, "/with/output"),
    ({"call": "http", "with": {**HTTP, "redirect": True}, "timeout": LIMIT}, "/with/redirect"),
    ({"call": "http", "with": {**HTTP, "method": "HEAD"}, "timeout": LIMIT}, "/with/method"),
    ({"call": "http", "with": {**HTTP, "body": "${ . }"}, "timeout": LIMIT}, "/with/body"),
    ({"call": "http", "with": {**HTTP, "headers": "${ .h }"}, "timeout": LIMIT}, "/with/headers"),
    ({"call": "http", "with": {"method": "get", "endpoint": {"uri": "https://x", "authentication": {"basic": {
        "username": "a", "password": "b"}}}}, "timeout": LIMIT}, "/with/endpoint/authentication"),
    ({"call": "http", "with": HTTP, "timeout": {"after": "PT0.5S"}}, "/timeout"),
    ({"call": "http", "with": HTTP, "timeout": {"after": "PT301S"}}, "/timeout"),
    ({"call": "grpc", "with": {**GRPC, "service": {"name": "a", "host": "h", "authentication": {"bearer": {
        "token": "t"}}}}}, "/with/service/authentication"),
    ({"call": "grpc", "with": GRPC, "metadata": {"a": 1}}, "/metadata"),
    ({"call": "activity", "with": {"name": "A", "arguments": [1, 2]}}, "/with/arguments"),
    ({"call": "activity", "with": {"name": "A", "taskQueue": "q"}}, "/with/taskQueue"),
    ({"for": {"in": ".l", "at": "i"}, "do": DO}, "/for/at"),
    ({"for": {"in": ".l"}, "while": ".a", "do": DO}, "/while"),
    ({"for": {"in": ".l"}, "do": [{"s": {**SET, "if": ".a"}}]}, "/do/0/s/if"),
    ({"fork": {"branches": [{"a": SET}]}}, "/fork/branches"),
    ({"fork": {"branches": [{"a": SET}, {"b": {"do": DO, "if": ".a"}}]}}, "/fork/branches/1/b/if"),
    ({"try": DO, "catch": {}}, "/catch/do"),
    ({"try": DO, "catch": {**HANDLER, "errors": {"with": {"status": 404}}}}, "/catch/errors"),
    ({"try": DO, "catch": {**HANDLER, "when": ".a"}}, "/catch/when"),
    ({"try": DO, "catch": {**HANDLER, "retry": {"delay": {"seconds": 1}}}}, "/catch/retry"),
    ({"try": DO, "catch": {**HANDLER, "then": "end"}}, "/catch/then"),
    ({"listen": {"to": {"any": [SIGNAL], "until": ".a"}}}, "/listen/to/until"),
    ({"listen": {"to": {"any": []}}}, "/listen/to/any"),
    ({"listen": {"to": {"one": SIGNAL}, "read": "raw"}}, "/listen/read"),
    ({"listen": {"to": {"one": SIGNAL}}, "foreach": {"do": DO}}, "/foreach"),
    ({"listen": {"to": {"one": {"with": {"type": "order.placed"}}}}}, "/listen/to/one/with/type"),
    ({"listen": {"to": {"one": {**SIGNAL, "correlate": {"a": {"from": ".b"}}}}}}, "/listen/to/one/correlate"),
    ({"wait": "${ .a }"}, "/wait"),
    ({"wait": {"seconds": 0}}, "/wait"),
    ({"raise": {"error": {**ERROR, "status": 418}}}, "/raise/error/type"),
    ({"raise": {"error": {"type": ERROR["type"], "status": 500}}}, "/raise/error/detail"),
    ({"raise": {"error": {**ERROR, "instance": "/do/0"}}}, "/raise/error/instance"),
    ({"run": {"shell": {"command": "ls"}}}, "/run/shell"),
    ({"run": {"workflow": {"namespace": "n", "name": "c", "version": "1.0.0"}, "await": False}}, "/run/await"),
    ({"call": "agent", "with": {"agent": "a", "message": "m", "config": {"timeout": 6}}, "timeout": LIMIT}, "/timeout"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "pointer"), BAD_TASKS)
def test_a_construct_that_has_no_place(task: dict[str, Any], pointer: str) -> None:
    assert f"/do/0/t0{pointer}" in found(yaml_of(task))


BAD_DOCUMENTS = [
    ({"input": {"from": ".a"}}, "/input"),
    ({"output": {"as": ".a"}}, "/output"),
    ({"timeout": LIMIT}, "/timeout"),
    ({"schedule": {"every": {"hours": 1}}}, "/schedule"),
    ({"evaluate": {"mode": "loose"}}, "/evaluate"),
    ({"use": {"timeouts": {"a": LIMIT}}}, "/use/timeouts"),
    ({"document": {**HEADER, "title": "T"}}, "/document/title"),
    ({"document": {**HEADER, "tags": {"a": "b"}}}, "/document/tags"),
    ({"document": {**HEADER, "metadata": {"a/b": 1}}}, "/document/metadata/a~1b"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "pointer"), BAD_DOCUMENTS)
def test_a_document_property_that_has_no_place(more: dict[str, Any], pointer: str) -> None:
    assert pointer in found(yaml_of(SET, **more))


def test_all_constructs_are_named_at_once() -> None:
    text = yaml_of(*(task for task, _ in BAD_TASKS), timeout=LIMIT)
    pointers = found(text)
    assert "/timeout" in pointers
    for index, (_, pointer) in enumerate(BAD_TASKS):
        assert f"/do/{index}/t{index}{pointer}" in pointers
