"""Compiling many expressions at once gives the verdicts of compiling each alone, with fewer programs."""

import os
from collections.abc import Iterator

import pytest
from stigmer_engine import Engine
from stigmer_engine.expressions import LibjqChecker

NAMES = frozenset({"$item", "$context"})
GOOD = (
    ".a",
    "$item + 1",
    "def f: .b; f",
    '"text \\(.a)"',
    ".a # a remark",
    ".a # ends in \\",
    "reduce .[] as $x (0; . + $x)",
)
BAD = (".a +", "nosuch", "$other", "map(.a", "if . then", ".a | | .b", "def f: 1;", "")


@pytest.fixture
def checker() -> Iterator[LibjqChecker]:
    checker = LibjqChecker()
    yield checker
    checker.close()


@pytest.mark.parametrize("expressions", [GOOD, (*GOOD, BAD[0], *GOOD), BAD, (*BAD, *GOOD)])
def test_together_and_alone_give_the_same(checker: LibjqChecker, expressions: tuple[str, ...]) -> None:
    alone = LibjqChecker()
    try:
        wanted = [alone.check(expression, NAMES) for expression in expressions]
    finally:
        alone.close()
    checker.prepare((expression, NAMES) for expression in expressions)
    assert [checker.check(expression, NAMES) for expression in expressions] == wanted
    assert [reason is None for reason in wanted] == [expression in GOOD for expression in expressions]


def test_variables_of_one_place_are_not_those_of_another(checker: LibjqChecker) -> None:
    checker.prepare([("$item", NAMES), ("$item.a", NAMES), ("$item", frozenset()), ("$item.a", frozenset())])
    assert checker.check("$item", NAMES) is None
    assert checker.check("$item", frozenset()) is not None


async def test_a_large_document_takes_few_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = 0
    write = os.write

    def count(descriptor: int, data: bytes) -> int:
        nonlocal requests
        requests += 1
        return write(descriptor, data)

    tasks = "".join(f"  - t{number}: {{set: {{v: '${{ .v + {number} }}'}}}}\n" for number in range(250))
    text = f"document: {{dsl: 1.0.0, namespace: n, name: n, version: 1.0.0}}\ndo:\n{tasks}"
    async with Engine() as engine:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", count)
            engine.load(text)
    assert requests == 3
