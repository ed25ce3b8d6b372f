"""What is said of an expression that does not compile: the place in it, and nothing of the program around it."""

from collections.abc import Iterator

import pytest
from stigmer_engine.expressions import LibjqChecker


@pytest.fixture(scope="module")
def checker() -> Iterator[LibjqChecker]:
    checker = LibjqChecker()
    yield checker
    checker.close()


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        (".a +", "it ends too early"),
        (".a\n| .b ==", "it ends too early"),
        ('"open', "it ends too early"),
        ("{a: .b", "it ends too early"),
        (".a && .b", "it goes wrong at `&& .b`"),
        (".a ]", "it goes wrong at `]`"),
        ('"größe" + .a === 1', "it goes wrong at `= 1`"),
        (".a\n| .b === 1", "it goes wrong at `= 1`"),
        (f".a ] {'x' * 50}", f"it goes wrong at `] {'x' * 38}…`"),
        ("nosuch", "nosuch/0 is not defined"),
        (".a", None),
    ],
)
def test_the_sentence(checker: LibjqChecker, expression: str, sentence: str | None) -> None:
    assert checker.check(expression, frozenset({"$context", "$input"})) == sentence
