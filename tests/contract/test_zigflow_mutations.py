"""Broken Zigflow documents: always problems with places, never a crash."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from stigmer_dsl import Limits, find_problems
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.yaml_reader import read_yaml

ROWS: list[JsonObject] = read_yaml(
    (Path(__file__).parent / "zigflow.rows.yaml").read_text(encoding="utf-8"), Limits()
).value
HEAD: JsonObject = {"dsl": "1.0.0", "taskQueue": "zig", "workflowType": "sample", "version": "0.0.1"}
VALUES: list[JsonValue] = [
    None, True, 5, -1, 1.5, "", "x", "${ .a }", "${ }", "${", "end", [], {}, [1], {"a": 1}, [{"a": {}}],
    [{"a": {"do": []}}], {"do": [{"x": {"set": {}}}]},
]  # fmt: skip


def places(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def mutated(document: JsonObject, chance: random.Random) -> JsonObject:
    changed = copy.deepcopy(document)
    path = chance.choice(list(places(changed)))
    holder: JsonValue = changed
    for step in path[:-1]:
        holder = holder[step]
    if chance.random() < 0.3:
        del holder[path[-1]]
    else:
        holder[path[-1]] = chance.choice(VALUES)
    return changed


@pytest.mark.parametrize("seed", range(10))
def test_nothing_crashes(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        row = chance.choice(ROWS)
        document: JsonObject = {"document": {**HEAD, **row.get("document", {})}, **row.get("top", {}), "do": row["do"]}
        for _ in range(chance.randint(1, 3)):
            document = mutated(document, chance)
        for problem in find_problems(json.dumps(document)):
            assert problem.line is not None
            assert problem.message
