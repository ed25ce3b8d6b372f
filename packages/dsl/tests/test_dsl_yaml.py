"""Reading YAML 1.2: both of PyYAML's parsers must give the same documents and positions."""

from typing import Any

import pytest
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.limits import Limits
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.tree import Position
from stigmer_dsl.syntax.yaml_reader import PARSERS, read_yaml

LIMITS = Limits()

parsers = pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)


@parsers
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"), ("y", "y"),
        ("true", True), ("TRUE", True), ("False", False), ("tRue", "tRue"),
        ("null", None), ("~", None), ("Null", None), ("", None), ("none", "none"),
        ("1", 1), ("-12", -12), ("+3", 3), ("0o17", 15), ("0x1F", 31), ("017", 17), ("0b11", "0b11"),
        ("1_000", "1_000"), ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("-1.5E-2", -0.015),
        ("1.0.3", "1.0.3"), ("1:30", "1:30"), ("12:30:45", "12:30:45"), ("2026-11-25", "2026-11-25"),
        ("2026-11-25T10:00:00Z", "2026-11-25T10:00:00Z"), ("=", "="), ("+", "+"), (".", "."),
        ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("! 1", "1"), ("!!float 1", 1.0), ("!!int 7", 7),
        ("!!null ~", None), ("!!bool true", True), ("١", "١"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text: str, value: JsonValue, parser: Any) -> None:
    tree = read_yaml(f"a: {text}", LIMITS, parser)
    assert tree.value == {"a": value}
    assert type(tree.value["a"]) is type(value)


@parsers
def test_positions_of_keys_and_values(parser: Any) -> None:
    text = "a: 1\nb:\n  - x\n  - 'ü': {c: 2}\n"
    tree = read_yaml(text, LIMITS, parser)
    assert tree.position("/a") == Position(1, 4)
    assert tree.position("/b", key=True) == Position(2, 1)
    assert tree.position("/b/0") == Position(3, 5)
    assert tree.position("/b/1/ü/c", key=True) == Position(4, 11)
    assert tree.position("/b/1/ü/c") == Position(4, 14)
    assert tree.position("/b/1/nothing/here") == Position(4, 5)
    assert tree.position("") == Position(1, 1)


@parsers
def test_merge_keys(parser: Any) -> None:
    text = """
one: &one {a: 1, b: 1}
two: &two {b: 2, c: 2}
merged:
  <<: [*one, *two]
  c: 3
  d: 4
single:
  e: 5
  <<: *one
quoted: {'<<': *one}
"""
    tree = read_yaml(text, LIMITS, parser)
    assert tree.value["merged"] == {"a": 1, "b": 1, "c": 3, "d": 4}
    assert tree.value["single"] == {"e": 5, "a": 1, "b": 1}
    assert tree.value["quoted"] == {"<<": {"a": 1, "b": 1}}
    assert tree.position("/merged/a") == Position(2, 15)
    assert tree.position("/merged/c") == Position(6, 6)


@parsers
def test_aliases_share_values_and_positions(parser: Any) -> None:
    tree = read_yaml("a: &x {b: [1]}\nc: *x\nd: &x five\ne: *x\n? *x\n: key", LIMITS, parser)
    assert tree.value == {"a": {"b": [1]}, "c": {"b": [1]}, "d": "five", "e": "five", "five": "key"}
    assert tree.position("/c/b/0") == Position(1, 12)
    assert tree.position("/c") == Position(2, 4)


@parsers
def test_block_scalars_and_comments(parser: Any) -> None:
    tree = read_yaml("# c\na: |\n  x\n   y\nb: >-\n  p\n  q\n", LIMITS, parser)
    assert tree.value == {"a": "x\n y\n", "b": "p q"}


@parsers
@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("a: 1\na: 2", "duplicate-key", (2, 1)),
        ("a: {b: 1, b: 2}", "duplicate-key", (1, 11)),
        ("1: a", "invalid-key", (1, 1)),
        ("true: a", "invalid-key", (1, 1)),
        ("~: a", "invalid-key", (1, 1)),
        ("? [a]\n: b", "invalid-key", (1, 3)),
        ("? {a: 1}\n: b", "invalid-key", (1, 3)),
        ("a: &x [1]\n? *x\n: b", "invalid-key", (2, 3)),
        ("a: &x [*x]", "recursive-alias", (1, 8)),
        ("a: !!python/name:os.system x", "unsupported-tag", (1, 4)),
        ("a: !!python/object/apply:os.getcwd []", "unsupported-tag", (1, 4)),
        ("a: !mine {}", "unsupported-tag", (1, 4)),
        ("a: !!binary aGk=", "unsupported-tag", (1, 4)),
        ("a: !!set {x}", "unsupported-tag", (1, 4)),
        ("a: !!int x", "unsupported-tag", (1, 4)),
        ("a: !!int true", "unsupported-tag", (1, 4)),
        ("a: .inf", "invalid-number", (1, 4)),
        ("a: -.INF", "invalid-number", (1, 4)),
        ("a: .nan", "invalid-number", (1, 4)),
        ("a: 1e999", "invalid-number", (1, 4)),
        ("a: 1\n---\nb: 1", "multiple-documents", (2, 1)),
        ("a: 1\n<<: 5", "invalid-merge", (2, 5)),
        ("<<: [5]", "invalid-merge", (1, 5)),
        ("", "empty-document", (1, 1)),
        ("# nothing\n", "empty-document", (1, 1)),
        ("---\n...\n", "empty-document", (1, 1)),
        ("a: *nothing", "invalid-syntax", (1, 4)),
        ("a: [1, 2", "invalid-syntax", (1, 9)),
        ("a: b: c", "invalid-syntax", (1, 5)),
    ],
)
def test_faults(text: str, code: str, position: tuple[int, int], parser: Any) -> None:
    with pytest.raises(SyntaxFault) as raised:
        read_yaml(text, LIMITS, parser)
    assert raised.value.code == code
    assert raised.value.position == position


@parsers
def test_a_tab_is_named_as_the_cause(parser: Any) -> None:
    with pytest.raises(SyntaxFault) as raised:
        read_yaml("a:\n\tb: 1", LIMITS, parser)
    assert raised.value.code == "invalid-syntax"
    assert "spaces" in raised.value.hint


def test_yaml_1_1_directives_change_nothing() -> None:
    assert read_yaml("%YAML 1.1\n---\na: on", LIMITS).value == {"a": "on"}
