"""Filters of events (dsl.md 1.9): does an event match, and does it correlate?

Everything here is about one event, and changes nothing: the values that a match sets as expectations are handed back.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import jsonschema_rs
from stigmer_dsl.expressions import Expression, split_text
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.event import Correlation, EventConsumption, EventFilter

from stigmer_engine.cloud_events import read_event
from stigmer_engine.faults import ERROR_BASE, Fault
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope
from stigmer_engine.scalar_text import scalar_text

# Without one of these a text is only itself: the dots of a type must not match anything.
_PATTERN_MARKS: Final = re.compile(r"[\\^$*+?()\[\]{}|]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFilter:
    """A filter, and its place in the strategy (`one`, `any/0`, `until/all/1`).

    What costs nothing to compare (`literals`) comes before what must be evaluated: most events fail at their type.
    """

    place: str
    literals: tuple[tuple[str, JsonValue], ...]
    expressions: tuple[tuple[str, JsonValue], ...]
    correlate: Mapping[str, Correlation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What correlations are held against: `expected` by place and name, `first` the first values by name."""

    expected: JsonObject
    first: JsonObject


@dataclass(frozen=True, slots=True)
class Match:
    """A match, and the correlations that it is the first to set."""

    correlations: JsonObject = field(default_factory=dict)


def placed_filters(strategy: EventConsumption, prefix: str = "") -> Iterator[PlacedFilter]:
    """Every filter of a strategy in the order of declaration, without those of `until`."""
    if strategy.one is not None:
        yield _placed(f"{prefix}one", strategy.one)
    for kind, filters in (("any", strategy.any), ("all", strategy.all)):
        for index, item in enumerate(filters or ()):
            yield _placed(f"{prefix}{kind}/{index}", item)


def _placed(place: str, item: EventFilter) -> PlacedFilter:
    wanted: JsonObject = item.with_.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return PlacedFilter(
        place=place,
        literals=tuple((name, value) for name, value in wanted.items() if not _has_expression(value)),
        expressions=tuple((name, value) for name, value in wanted.items() if _has_expression(value)),
        correlate=item.correlate or {},
    )


def may_match(placed: PlacedFilter, event: JsonObject) -> bool:
    """Whether an event can match at all, as far as it costs nothing to tell."""
    return all(_matches_literal(value, _attribute(event, name)) for name, value in placed.literals)


async def expected_values(run: Run, filters: Sequence[PlacedFilter], dot: JsonValue, scope: Scope) -> JsonObject:
    """The values of every `expect`, as `{"<place>": {"<name>": value}}`. Raises Fault `expression`."""
    template: JsonObject = {}
    for placed in filters:
        expects = {
            name: correlation.expect for name, correlation in placed.correlate.items() if correlation.expect is not None
        }
        if expects:
            template[placed.place] = dict(expects)
    if not template:
        return {}
    values = await run.template("listen.expect", template, dot, scope)
    assert isinstance(values, dict)
    return values


async def match_event(
    run: Run, placed: PlacedFilter, event: JsonObject, expectations: Expectations, scope: Scope
) -> Match | None:
    """A match, or None.

    An expression that fails on an event does not match it: what strangers send must not end a workflow.
    """
    if not may_match(placed, event):
        return None
    for name, value in placed.expressions:
        slot = f"listen.{placed.place}.with.{name}"
        if not await _matches(run, slot, value, _attribute(event, name), scope):
            return None
    return await _correlate(run, placed, event, expectations, scope)


def _attribute(event: JsonObject, name: str) -> JsonValue:
    return read_event(event, "data") if name == "data" else event.get(name)


async def _matches(run: Run, slot: str, wanted: JsonValue, actual: JsonValue, scope: Scope) -> bool:
    match wanted:
        case str() if _has_expression(wanted):
            value = await _of_event(run, slot, wanted, actual, scope)
            return value is True or (value is not None and value is not False and _same(value, actual))
        case dict():
            if not isinstance(actual, dict):
                return False
            for name, item in wanted.items():
                if name not in actual or not await _matches(run, f"{slot}/{name}", item, actual[name], scope):
                    return False
            return True
        case list():
            if not isinstance(actual, list) or len(actual) != len(wanted):
                return False
            for index, item in enumerate(wanted):
                if not await _matches(run, f"{slot}/{index}", item, actual[index], scope):
                    return False
            return True
        case _:
            return _matches_literal(wanted, actual)


def _matches_literal(wanted: JsonValue, actual: JsonValue) -> bool:
    match wanted:
        case str():
            return isinstance(actual, str) and (wanted == actual or _matches_pattern(wanted, actual))
        case dict():
            return isinstance(actual, dict) and all(
                name in actual and _matches_literal(item, actual[name]) for name, item in wanted.items()
            )
        case list():
            return (
                isinstance(actual, list)
                and len(actual) == len(wanted)
                and all(_matches_literal(item, other) for item, other in zip(wanted, actual, strict=True))
            )
        case _:
            return _same(wanted, actual)


def _matches_pattern(pattern: str, text: str) -> bool:
    compiled = _compile(pattern)
    return compiled is not None and bool(compiled.is_valid(text))


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> jsonschema_rs.Validator | None:
    """A regular expression without backtracking, as the text comes from strangers; None for what is none."""
    if not _PATTERN_MARKS.search(pattern):
        return None
    try:
        return jsonschema_rs.validator_for(
            {"pattern": f"^(?:{pattern})$"}, pattern_options=jsonschema_rs.RegexOptions(), offline=True
        )
    except (jsonschema_rs.ValidationError, ValueError):
        return None


async def _correlate(
    run: Run, placed: PlacedFilter, event: JsonObject, expectations: Expectations, scope: Scope
) -> Match | None:
    found: JsonObject = {}
    own = expectations.expected.get(placed.place)
    for name, correlation in placed.correlate.items():
        value = await _of_event(run, f"listen.{placed.place}.correlate.{name}", correlation.from_, event, scope)
        if value is None:
            return None
        if isinstance(own, dict) and name in own:
            if not _same(own[name], value):
                return None
        elif name in expectations.first:
            if not _same(expectations.first[name], value):
                return None
        else:
            found[name] = value
    return Match(found)


async def _of_event(run: Run, slot: str, expression: str, dot: JsonValue, scope: Scope) -> JsonValue:
    try:
        return await run.expression(slot, expression, dot, scope)
    except Fault as error:
        if error.error.type == f"{ERROR_BASE}expression":
            return None
        raise


def _has_expression(value: JsonValue) -> bool:
    match value:
        case str():
            return "${" in value and any(isinstance(segment, Expression) for segment in split_text(value))
        case dict():
            return any(_has_expression(item) for item in value.values())
        case list():
            return any(_has_expression(item) for item in value)
        case _:
            return False


def _same(one: JsonValue, other: JsonValue) -> bool:
    """Equal as JSON; scalars also when they are the same text, because a document can only write texts."""
    if isinstance(one, str) is not isinstance(other, str):
        return scalar_text(one) is not None and scalar_text(one) == scalar_text(other)
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other)
