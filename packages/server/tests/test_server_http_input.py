"""Inputs against schemas: every misfit with its pointer, nothing fetched, no schema that harms."""

import pytest
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_server.http_port.input_check import check_input
from stigmer_server.refusals import Reason, Refused

NESTED = {
    "properties": {"a/b": {"items": {"type": "integer"}}, "~": {"$ref": "#/$defs/small"}},
    "$defs": {"small": {"maximum": 3}},
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (None, {"a": 1}),
        (True, {"a": 1}),
        ({"required": ["a"], "properties": {"a": {"type": "number"}}}, {"a": 1.5}),
        (NESTED, {"a/b": [1, 2], "~": 3}),
    ],
)
def test_what_fits_is_taken(schema: JsonValue, value: JsonObject) -> None:
    check_input(schema, value)


def test_every_misfit_has_its_pointer() -> None:
    with pytest.raises(Refused) as refused:
        check_input(NESTED, {"a/b": [1, "x", 2.5], "~": 4})
    assert {problem.pointer for problem in refused.value.problems} == {"/a~1b/1", "/a~1b/2", "/~0"}
    assert refused.value.reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"type": "nonsense"},
        {"pattern": "("},
        {"properties": {"a": {"pattern": "("}}},
    ],
)
def test_a_schema_that_cannot_be_used_refuses_the_input(schema: JsonValue) -> None:
    with pytest.raises(Refused, match="cannot be used") as refused:
        check_input(schema, {"a": "x"})
    assert refused.value.field == "input"


def test_many_misfits_are_cut() -> None:
    with pytest.raises(Refused) as refused:
        check_input({"additionalProperties": {"type": "integer"}}, {f"k{number}": "x" for number in range(1000)})
    assert len(refused.value.problems) == 50
