"""The steps of the feature files can fail: each one is held against a run that breaks it."""

from pathlib import Path

import pytest
from stigmer_engine import Engine, EngineConfig, HttpConfig

from .ctk.hosts import transport
from .ctk.performance import perform
from .ctk.scenario import Scenario, Step, read_scenarios

COMPLETES = """
document: {dsl: '1.0.3', namespace: own, name: completes, version: '1.0.0'}
do:
  - one: {set: {items: [1, 2], deep: {flag: true}}}
  - skipped: {if: 'false', set: {reached: true}}
  - two: {set: '${ . }'}
"""
FAULTS = """
document: {dsl: '1.0.3', namespace: own, name: faults, version: '1.0.0'}
do:
  - refuse: {raise: {error: {type: https://example.org/errors/full, status: 507}}}
"""


async def play(definition: str, *steps: Step) -> None:
    arranged = (Step(text="a workflow with definition:", block=definition), Step(text="the workflow is executed"))
    scenario = Scenario(file=Path("made.feature"), line=1, name="made", steps=(*arranged, *steps))
    async with Engine(EngineConfig(http=HttpConfig(transport=transport()))) as engine:
        await perform(scenario, engine)


@pytest.mark.parametrize(
    ("definition", "holds", "fails"),
    [
        (COMPLETES, "the workflow should complete", "the workflow should fault"),
        (FAULTS, "the workflow should fault", "the workflow should complete"),
        (COMPLETES, "two should complete", "the workflow should cancel"),
        (
            COMPLETES,
            "the workflow output should have properties 'items', 'deep.flag'",
            "the workflow output should have properties 'items', 'deep.flog'",
        ),
        (
            COMPLETES,
            "the workflow output should have a 'items' property containing 2 items",
            "the workflow output should have a 'items' property containing 1 items",
        ),
        (COMPLETES, "one should run first", "two should run first"),
        (COMPLETES, "two should run last", "one should run last"),
        (COMPLETES, "one should run before two", "two should run before one"),
        (COMPLETES, "two should run after one", "one should run after two"),
        (COMPLETES, "one should complete", "three should complete"),
        (COMPLETES, "one should complete", "one should fault"),
        (COMPLETES, "one should complete", "one should cancel"),
        (FAULTS, "refuse should fault", "refuse should cancel"),
        (COMPLETES, "skipped should be skipped", "one should be skipped"),
        (COMPLETES, "one should run 1 times", "one should run 2 times"),
    ],
)
async def test_a_step_that_does_not_hold_fails(definition: str, holds: str, fails: str) -> None:
    await play(definition, Step(text=holds))
    with pytest.raises(AssertionError, match=r"made\.feature:1"):
        await play(definition, Step(text=fails))


@pytest.mark.parametrize(
    ("definition", "text", "holds", "fails"),
    [
        (
            COMPLETES,
            "the workflow should complete with output:",
            "{items: [1, 2], deep: {flag: true}}",
            "{items: [1, 2]}",
        ),
        (COMPLETES, "the workflow output should have a 'deep.flag' property with value:", "true", "1"),
        (COMPLETES, "one should complete with output:", "{deep: {flag: true}, items: [1, 2]}", "{items: [2, 1]}"),
        (FAULTS, "the workflow should fault with error:", "{status: 507, instance: /do/0/refuse}", "{status: 500}"),
        (FAULTS, "the workflow should fault with error:", "type: https://example.org/errors/full", "title: Full"),
        (FAULTS, "refuse should fault with error:", "{status: 507}", "{instance: /do/1/refuse}"),
    ],
)
async def test_a_value_that_is_another_one_fails(definition: str, text: str, holds: str, fails: str) -> None:
    await play(definition, Step(text=text, block=holds))
    with pytest.raises(AssertionError, match=r"made\.feature:1"):
        await play(definition, Step(text=text, block=fails))


async def test_a_step_that_nobody_knows_fails() -> None:
    with pytest.raises(AssertionError, match="not part of the vocabulary"):
        await play(COMPLETES, Step(text="the workflow should be fast"))


def test_a_background_and_an_outline_become_plain_scenarios(tmp_path: Path) -> None:
    text = (
        "Feature: F\n  Background:\n    Given first\n  Scenario Outline: S <n>\n    Then second <n>\n      "
        '"""yaml\n      a: <n>\n      """\n    Examples:\n      | n |\n      | 1 |\n      | 2 |\n'
    )
    (tmp_path / "f.feature").write_text(text)
    one, two = read_scenarios(tmp_path)
    assert (one.name, two.name) == ("S 1", "S 2")
    assert two.steps == (Step(text="first"), Step(text="second 2", block="a: 2"))
