"""Canonical YAML: laws as properties, and the look of it."""

import math

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stigmer_dsl import dump, load
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.limits import Limits
from stigmer_dsl.syntax.yaml_reader import PARSERS, read_yaml
from stigmer_dsl.yaml_writer import write_yaml

TRICKY = [
    "on", "off", "yes", "No", "y", "N", "true", "null", "~", "", " ", "1", "1.0", "1.0.3", "1e3", "0o7", "017", "0x1",
    "0b1", "1_000", "1:30", "12:30:45", "190:20:30.15", "2026-11-25", "2026-11-25 10:00:00", "=", "<<", "-", "--",
    "---", "...", "- a", "a: b", "a:", ":a", "a #b", "#a", "a#b", "&a", "*a", "!a", "%a", "@a", "`a", "|", ">", "'",
    '"', "'a'", '"a"', "{a}", "[a]", "a, b", "? a", "?a", ".inf", "-.INF", ".nan", "+", ".", "a ", " a", "a\n", "\na",
    "a\n\n", "a\nb", "a\n b\n", " a\nb", "\n\n", "\n", "a\n\nb\n\n", "a\n \nb", "a\n\tb", "\ta\nb", "a\tb", "a\r\nb",
    "a\rb", "\u0085", "a\u2028b", "\ufeff", "\ufeffa", "\u00a0", "\x00", "\x7f", "\x1b", "\U0001f600", "\ud7ff",
    "\ufffe", "\U0010ffff", "${ .a }", "${ .a + { b: 1 } }", "a\n# b\nc", "a\n---\nb", "\u00e9t\u00e9", "\\", "a\\nb",
    "0o8", "1.", ".5", "+1", "-1", "1e400", "9" * 50, "a" * 3000, "NULL", "Infinity", "0.1.0", "1__0", "1,000",
    "!!str a", "a\n\u00a0\nb", "  \n a",
]  # fmt: skip

texts = (
    st.sampled_from(TRICKY) | st.text(st.characters(exclude_categories=["Cs"])) | st.text("ab \n\t:#-'\"", max_size=12)
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


def same(left: JsonValue, right: JsonValue) -> bool:
    """Equal, types and order of keys included (`1 == 1.0 == True` in Python)."""
    return repr(left) == repr(right)


@settings(deadline=None)
@given(st.dictionaries(texts, values, min_size=1, max_size=4))
@example({text: text for text in TRICKY})
@example({"list": TRICKY})
@example({"nested": [[TRICKY, [{}], [[]]], {"": {}}]})
def test_all_readers_read_back_what_was_written(data: JsonObject) -> None:
    text = write_yaml(data)
    for parser in PARSERS:
        assert same(read_yaml(text, Limits(), parser).value, data)
    assert same(yaml.safe_load(text), data)
    assert write_yaml(data) == text


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_stay_floats(number: float) -> None:
    text = write_yaml({"a": number})
    assert same(read_yaml(text, Limits()).value, {"a": number})
    assert same(yaml.safe_load(text), {"a": number})


@settings(deadline=None)
@given(values)
def test_data_of_a_document_survives(value: JsonValue) -> None:
    raw = {
        "document": {"dsl": "1.0.3", "namespace": "a", "name": "b", "version": "1.0.0"},
        "do": [{"a": {"call": "https://example.com/function.yaml", "with": {"value": plain(value)}}}],
    }
    document = load(dump(raw))
    assert same(document.raw, raw)
    assert dump(document) == dump(raw) == dump(document.workflow)


def plain(value: JsonValue) -> JsonValue:
    """Break up `${`, which is no data."""
    if isinstance(value, str):
        return value.replace("${", "$ {")
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_the_look() -> None:
    raw = {
        "do": [
            {
                "greet": {
                    "then": "end",
                    "export": {"as": "."},
                    "set": {"z": "on", "a": ["x", {"k": "v", "l": []}, ["m"]], "text": "two\nlines\n", "x": 1e16},
                    "if": ".a == 1",
                }
            },
            {"loop": {"do": [], "while": "true", "for": {"in": ".x", "each": "pet"}, "metadata": {}}},
            {"call": {"with": {"endpoint": "https://a", "method": "get"}, "call": "http"}},
        ],
        "x-own": 1,
        "document": {"version": "1.0.0", "name": "b", "namespace": "a", "dsl": "1.0.3"},
    }
    assert (
        dump(raw)
        == """\
document:
  dsl: 1.0.3
  namespace: a
  name: b
  version: 1.0.0
do:
  - greet:
      if: .a == 1
      set:
        z: 'on'
        a:
          - x
          - k: v
            l: []
          - - m
        text: |
          two
          lines
        x: 1.0e+16
      export:
        as: .
      then: end
  - loop:
      for:
        each: pet
        in: .x
      while: 'true'
      do: []
      metadata: {}
  - call:
      call: http
      with:
        method: get
        endpoint: https://a
x-own: 1
"""
    )


@pytest.mark.parametrize("value", [math.inf, math.nan, "\ud800", object(), {1: 2}, b"x"])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"not a|surrogate|not text"):
        write_yaml({"a": value})
