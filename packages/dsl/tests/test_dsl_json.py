"""Reading JSON with positions."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.limits import Limits
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.json_reader import read_json
from stigmer_dsl.syntax.reader import read
from stigmer_dsl.syntax.tree import Position

LIMITS = Limits()

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(value=values, indent=st.sampled_from([None, 0, 2, "\t"]), ascii_only=st.booleans())
def test_reads_what_the_standard_library_writes(value: JsonValue, indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert read_json(text, LIMITS).value == value


def test_positions() -> None:
    tree = read_json('{\n  "a": [1,\n    {"b": null}]}', LIMITS)
    assert tree.position("/a", key=True) == Position(2, 3)
    assert tree.position("/a/1/b") == Position(3, 11)


def test_surrogate_pairs_and_tabs_are_no_obstacle() -> None:
    assert read('\t{"a":\t"\\ud83d\\ude00\\/"}', LIMITS).value == {"a": "😀/"}


def test_an_object_in_yaml_flow_style_is_yaml() -> None:
    assert read("{a: 1, b: [on, 'x'],}", LIMITS).value == {"a": 1, "b": ["on", "x"]}


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ('{"a": 1,}', "invalid-syntax", (1, 9)),
        ('{"a" 1}', "invalid-syntax", (1, 6)),
        ('{"a": 1 "b": 2}', "invalid-syntax", (1, 9)),
        ("[1 2]", "invalid-syntax", (1, 4)),
        ("[1,]", "invalid-syntax", (1, 4)),
        ("{'a': 1}", "invalid-syntax", (1, 2)),
        ("{1: 1}", "invalid-syntax", (1, 2)),
        ("[01]", "invalid-syntax", (1, 3)),
        ("[NaN]", "invalid-syntax", (1, 2)),
        ("[1", "invalid-syntax", (1, 3)),
        ("{", "invalid-syntax", (1, 2)),
        ("", "invalid-syntax", (1, 1)),
        ("[] []", "invalid-syntax", (1, 4)),
        ('["a\nb"]', "invalid-syntax", (1, 4)),
        ('["a', "invalid-syntax", (1, 2)),
        ('["\\x"]', "invalid-syntax", (1, 3)),
        ('{"a": 1,\n "a": 2}', "duplicate-key", (2, 2)),
        ("[1e999]", "invalid-number", (1, 2)),
        ("[" + "9" * 1001 + "]", "invalid-number", (1, 2)),
        ('["\\ud800"]', "invalid-encoding", (1, 2)),
    ],
)
def test_faults(text: str, code: str, position: tuple[int, int]) -> None:
    with pytest.raises(SyntaxFault) as raised:
        read(text, LIMITS, json_only=True)
    assert (raised.value.code, raised.value.position) == (code, position)


def test_the_message_is_about_the_notation_that_came_further() -> None:
    with pytest.raises(SyntaxFault, match="not JSON"):
        read('{"a": 1} x', LIMITS)
    with pytest.raises(SyntaxFault, match="not YAML"):
        read("{a: 1, b: [}", LIMITS)
