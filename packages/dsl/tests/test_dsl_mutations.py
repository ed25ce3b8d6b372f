"""Broken documents by the hundred: whatever is wrong, the answer is a list of problems with places and known codes."""

import copy
import json
from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from stigmer_dsl import dump, find_problems, load, render
from stigmer_dsl.expressions import LexicalError, UnclosedExpression, forbidden, split_text, tokenize, variables
from stigmer_dsl.graph import mermaid
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.validation.codes import CODES

BASE = """
document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}
use: {errors: {e: {type: 'a:b', status: 1}}, retries: {r: {delay: PT1S}}, functions: {f: {set: {x: 1}}}}
do:
  - a: {if: .q, set: {x: "${ .y }"}, output: {as: .z}, export: {as: $output}, then: c}
  - c: {switch: [{p: {when: .q, then: l}}, {d: {then: continue}}]}
  - l: {for: {each: v, in: .all}, while: $v, do: [{i: {call: f, with: {k: [1, {m: n}]}}}]}
  - f: {fork: {compete: true, branches: [{g: {wait: {seconds: 1}}}, {h: {wait: PT1S}}]}, timeout: {after: PT1M}}
  - t: {try: [{r: {if: .q, raise: {error: e}}}], catch: {errors: {with: {status: 1}}, retry: r, do: [{s: {do: []}}]}}
  - h: {call: http, with: {method: get, endpoint: {uri: 'https://x/{id}', authentication: {bearer: {token: t}}}}}
  - w: {listen: {to: {any: [{with: {type: t}}], until: .go}}, foreach: {do: [{y: {emit: {event: {with: {type: u}}}}}]}}
  - z: {run: {shell: {command: ls, arguments: [a]}, return: all}}
"""
VALUES: list[JsonValue] = [
    None, True, -1, 1.5, "", "x", "${ .a }", "${", "PT1S", [], {}, [1], ["x"], {"a": 1}, {"set": {"a": 1}},
    {"use": "e"},    [{"t": {"set": {"a": 1}}}], 10**30,
]  # fmt: skip
KEYS = ["set", "do", "if", "then", "for", "with", "in", "use", "call", "on", "until", "<object>", "task", "name", "x-y"]
MARKS = [*"{}[]:# \n\t|?\"'\x00é", "- ", "&a", "*a", "!x", "---\n", "<<", "${"]


def places(value: JsonValue, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, item in members for place in places(item, (*path, key))]


def mutate(document: JsonValue, random: Random) -> None:
    *way, last = random.choice(places(document))
    owner = document
    for key in way:
        owner = owner[key]
    match random.randrange(4):
        case 0:
            owner[last] = copy.deepcopy(random.choice(VALUES))
        case 1:
            del owner[last]
        case 2 if isinstance(owner, dict):
            owner[random.choice(KEYS)] = copy.deepcopy(random.choice(VALUES))
        case 3 if isinstance(owner, dict):
            owner[random.choice(KEYS)] = owner.pop(last)
        case _:
            owner[last] = {"k": owner[last]}


def check(text: str) -> None:
    problems = find_problems(text)
    for problem in problems:
        assert CODES[problem.code].severity == problem.severity
        assert problem.line is not None
        assert "another value" not in problem.message.lower()
        assert render(problem, text)
    if all(problem.severity == "warning" for problem in problems):
        document = load(text)
        assert load(dump(document)).raw == document.raw
        assert mermaid(document.workflow)


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_mutated_data(random: Random, count: int) -> None:
    document = copy.deepcopy(load(BASE).raw)
    for _ in range(count):
        mutate(document, random)
    check(json.dumps(document))


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_mutated_text(random: Random, count: int) -> None:
    text = BASE
    for _ in range(count):
        at = random.randrange(len(text))
        text = text[:at] + random.choice(["", *MARKS]) + text[at + random.choice([0, 0, 1, 9]) :]
    check(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*MARKS, *"().,|;$", "\\(", ".a", "$x", " as ", "env", "def ", "if ", " end", "@sh"])))
def test_random_expressions(parts: list[str]) -> None:
    program = "".join(parts)
    try:
        tokens = tokenize(program)
    except LexicalError:
        assert program
    else:
        assert all(program[token.start : token.end] == token.text for token in tokens)
        assert len(forbidden(program)) <= len(tokens)
        assert all(name.startswith("$") for name in variables(program))
    with suppress(UnclosedExpression):
        assert split_text("${" + program + "}")
