"""Input number N of a seed, always the same: a document, made new or from others, or an expression."""

import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Final, Literal

from stigmer_dsl import Limits
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.reader import read
from stigmer_engine.cases import find_case_files, read_cases
from stigmer_engine.testing.law import generate

from .document_grammar import random_document
from .expression_grammar import random_expression
from .mutation import mutate_bytes, mutate_structure, mutate_tokens

Kind = Literal["documents", "expressions"]
KINDS: Final[tuple[Kind, ...]] = ("documents", "expressions")
ROOT: Final = Path(__file__).resolve().parents[2]
_EXPRESSION: Final = re.compile(r"\$\{ ?(.*?) ?\}(?![}\w])")


class Inputs:
    """Everything that a seed gives.

    Grows from the examples, the documents of the conformance suite, and documents by grammar.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def get(self, kind: Kind, number: int) -> bytes:
        """Input `number` of a kind; expressions in UTF-8, halves of surrogate pairs and all."""
        random = Random(f"{self._seed} {kind} {number}")  # noqa: S311 - to be repeated, not to be secret
        if kind == "expressions":
            return random_expression(random, self._expressions).encode(errors="surrogatepass")
        return self._document(random)

    def _document(self, random: Random) -> bytes:
        draw = random.random()
        if draw < 0.35:
            return self._fresh(random).encode(errors="replace")
        text, other = self._text(random), self._text(random)
        if draw < 0.47:
            return mutate_bytes(random, text.encode(), other.encode())
        if draw < 0.65:
            return mutate_tokens(random, text, other).encode(errors="surrogatepass")
        value = random_document(random) if random.random() < 0.4 else random.choice(self._values)
        return mutate_structure(random, value, self._parts, self._expressions).encode(errors="surrogatepass")

    def _fresh(self, random: Random) -> str:
        if random.random() < 0.2:
            return generate(random.randrange, racing=random.random() < 0.5).text
        return json.dumps(random_document(random))

    def _text(self, random: Random) -> str:
        return json.dumps(random_document(random)) if random.random() < 0.15 else random.choice(self._texts)

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return tuple(_documents())

    @cached_property
    def _values(self) -> tuple[JsonObject, ...]:
        values = (read(text, Limits()).value for text in self._texts)
        return tuple(value for value in values if isinstance(value, dict))

    @cached_property
    def _parts(self) -> tuple[JsonValue, ...]:
        """Every task, and everything below, of every document."""
        return tuple(part for value in self._values for part in _below(value))

    @cached_property
    def _expressions(self) -> tuple[str, ...]:
        found = (match.replace('\\"', '"') for text in self._texts for match in _EXPRESSION.findall(text))
        return tuple(dict.fromkeys(found))


def _documents() -> Iterator[str]:
    for path in sorted((ROOT / "examples").rglob("*.yaml")):
        if not path.name.endswith(".test.yaml") and path.name != "spec.yaml":
            yield path.read_text(encoding="utf-8")
    for path in find_case_files(ROOT / "tests" / "contract" / "dsl"):
        for case in read_cases(path, source=path.name):
            yield from (document.text for document in (case.workflow, *case.documents))


def _below(value: JsonValue) -> Iterator[JsonValue]:
    yield value
    if isinstance(value, dict):
        for item in value.values():
            yield from _below(item)
    elif isinstance(value, list):
        for item in value:
            yield from _below(item)
