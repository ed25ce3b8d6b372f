"""Deep and large specifications: a clear error or a result, never a crash of the interpreter."""

import json
from typing import Any

import pytest
from stigmer_converter import ConversionError, ConvertOptions, convert, convert_json, convert_source, read_spec, revert
from stigmer_dsl import load
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import WorkflowDocument, WorkflowSpec, WorkflowTask
from stigmer_proto.ai.stigmer.commons.apiresource import WorkflowTaskKind
from stigmer_proto.google.protobuf import Struct, Value

DOCUMENT = {"dsl": "1.0.0", "namespace": "shop", "name": "x", "version": "1.0.0"}
LEAF: dict[str, Any] = {"name": "t", "kind": "SET", "task_config": {"variables": {"a": "${ .b }"}}}
MAX_DEPTH = ConvertOptions().max_depth


def nested(kind: str, levels: int) -> dict[str, Any]:
    task = LEAF
    for _ in range(levels):
        do = [task]
        configs: dict[str, dict[str, Any]] = {
            "FOR": {"each": "item", "in": "${ .l }", "do": do},
            "FORK": {"branches": [{"name": "a", "do": do}, {"name": "b", "do": [LEAF]}]},
            "TRY": {"try": [LEAF], "catch": {"as": "error", "do": do}},
        }
        task = {"name": "t", "kind": kind, "task_config": configs[kind]}
    return {"document": DOCUMENT, "tasks": [task]}


def deepest(kind: str) -> dict[str, Any]:
    """Return the deepest specification of a kind that is accepted."""
    levels = 1
    while True:
        try:
            convert_json(nested(kind, levels + 1))
        except ConversionError:
            return nested(kind, levels)
        levels += 1


@pytest.mark.parametrize("kind", ["FOR", "FORK", "TRY"])
def test_the_deepest_specification_loads_and_comes_back(kind: str) -> None:
    yaml = convert_json(deepest(kind)).yaml
    assert load(yaml).workflow.document.name == "x"
    assert convert(revert(yaml)).yaml == yaml


@pytest.mark.parametrize("kind", ["FOR", "FORK", "TRY"])
@pytest.mark.parametrize("levels", [100, 5_000])
def test_too_deep_tasks_are_one_clear_error(kind: str, levels: int) -> None:
    with pytest.raises(ConversionError) as caught:
        convert_json(nested(kind, levels))
    (problem,) = caught.value.problems
    assert problem.code == "too-deep"
    assert str(MAX_DEPTH) in problem.message
    assert len(str(problem)) < 500


@pytest.mark.parametrize("levels", [MAX_DEPTH, 1_000, 100_000])
def test_too_deep_files_are_clear_errors(levels: int) -> None:
    body = "[" * levels + "]" * levels
    text = json.dumps({"document": DOCUMENT, "tasks": [{"name": "t", "kind": "HTTP_CALL", "task_config": "BODY"}]})
    text = text.replace('"BODY"', f'{{"method": "GET", "endpoint": {{"uri": "x"}}, "body": {{"a": {body}}}}}')
    for spec_format in ("json", "yaml"):
        for read in (convert_source, read_spec):
            with pytest.raises(ConversionError) as caught:
                read(text, "json" if spec_format == "json" else "yaml")
            assert {problem.code for problem in caught.value.problems} == {"too-deep"}


@pytest.mark.parametrize("levels", [150, 2_000])
def test_too_deep_messages_are_clear_errors(levels: int) -> None:
    value = Value(string_value="x")
    for _ in range(levels):
        value = Value(struct_value=Struct(fields={"a": value}))
    spec = WorkflowSpec(
        document=WorkflowDocument(dsl="1.0.0", namespace="shop", name="x", version="1.0.0"),
        tasks=[WorkflowTask(name="t", kind=WorkflowTaskKind.SET, task_config=Struct(fields={"a": value}))],
    )
    with pytest.raises(ConversionError, match="nested"):
        convert(spec)


def wire(levels: int) -> bytes:
    """Return the binary form of a specification whose first task's config nests that deeply, written by hand."""

    def field(number: int, data: bytes) -> bytes:
        length, size = len(data), b""
        while length > 127:
            size, length = size + bytes([length & 127 | 128]), length >> 7
        return bytes([number << 3 | 2]) + size + bytes([length]) + data

    struct = b""
    for _ in range(levels):
        struct = field(1, field(1, b"a") + field(2, field(5, struct)))
    return field(3, field(1, b"t") + field(3, struct))


@pytest.mark.parametrize("levels", [3, 2_000])
def test_too_deep_binary_data_is_a_clear_error(levels: int) -> None:
    with pytest.raises(ConversionError) as caught:
        convert_source(wire(levels), "binary")
    found = {problem.code for problem in caught.value.problems}
    assert found == ({"too-deep"} if levels > 3 else {"missing-field"})


def test_a_large_specification_is_converted() -> None:
    tasks = [{**LEAF, "name": f"t{index}", "export": {"as": "${.}"}} for index in range(3_000)]
    conversion = convert_json({"document": DOCUMENT, "tasks": tasks})
    assert len(load(conversion.yaml).workflow.do) == 3_000


def test_a_long_expression_is_converted() -> None:
    program = " + ".join(f".item.f{index}" for index in range(2_000))
    task = {"name": "s", "kind": "SET", "task_config": {"variables": {"a": f"${{ {program} }}"}}}
    loop = {"name": "l", "kind": "FOR", "task_config": {"each": "item", "in": ".l", "do": [task]}}
    assert convert_json({"document": DOCUMENT, "tasks": [loop]}).yaml.count("$item.f") == 2_000


def test_deep_brackets_in_an_expression_do_no_harm() -> None:
    program = "(" * 5_000 + "." + ")" * 5_000
    task = {"name": "s", "kind": "SET", "task_config": {"variables": {"a": f"${{ {program} }}"}}}
    assert program in convert_json({"document": DOCUMENT, "tasks": [task]}).document["do"][0]["s"]["set"]["a"]
