"""JSON to `Struct` and back, checked against the reference implementation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from stigmer_proto.google.protobuf import Struct
from stigmer_proto_json import (
    StructError,
    json_from_struct,
    json_from_value,
    payload_from_json,
    struct_from_json,
    value_from_json,
)

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(max_size=8), VALUES, max_size=4)


@given(OBJECTS)
def test_json_survives(data: dict[str, Any]) -> None:
    assert json_from_struct(struct_from_json(data)) == data


@given(VALUES)
def test_any_value_survives(data: Any) -> None:
    assert json_from_value(value_from_json(data)) == data


@given(OBJECTS)
def test_the_struct_is_the_one_others_make(data: dict[str, Any]) -> None:
    theirs = json_format.Parse(json.dumps(data), struct_pb2.Struct())
    assert struct_pb2.Struct.FromString(bytes(struct_from_json(data))) == theirs
    assert json_from_struct(Struct.parse(theirs.SerializeToString())) == data


@pytest.mark.parametrize(
    ("number", "expected"),
    [(3, int), (3.0, int), (-0.0, int), (2**53, int), (2.5, float), (float(2**60), float), (1e300, float)],
)
def test_integral_numbers_come_back_as_int_while_they_are_exact(number: float, expected: type) -> None:
    back = json_from_struct(struct_from_json({"n": number}))["n"]
    assert back == number
    assert type(back) is expected


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"a": [1, float("nan")]}, "/a/1"),
        ({"a": {"b/c": float("inf")}}, "/a/b~1c"),
        ({"a": 10**400}, "/a"),
        ({"a": {"x": object()}}, "/a/x"),
        ({"a": {1: "x"}}, "/a"),
    ],
)
def test_what_is_not_json_is_refused_with_its_path(data: dict[str, Any], path: str) -> None:
    with pytest.raises(StructError) as refused:
        struct_from_json(data)
    assert refused.value.path == path
    assert path in str(refused.value)


def test_numbers_that_json_lacks_are_refused_on_the_way_back() -> None:
    theirs = struct_pb2.Struct()
    theirs["n"] = float("nan")
    with pytest.raises(StructError, match="/n"):
        json_from_struct(Struct.parse(theirs.SerializeToString()))


@pytest.mark.parametrize("value", [None, 1, "x", [1], True])
def test_a_payload_that_is_no_object_stands_under_value(value: Any) -> None:
    assert json_from_struct(payload_from_json(value)) == {"value": value}


def test_an_object_is_its_own_payload_and_an_unset_struct_is_empty() -> None:
    assert json_from_struct(payload_from_json({"a": 1})) == {"a": 1}
    assert json_from_struct(None) == {}
