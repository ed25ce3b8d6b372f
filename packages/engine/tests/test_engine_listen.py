"""`listen`: which events it takes, when it ends, and what it gives."""

import asyncio
from collections.abc import Sequence

import pytest
from stigmer_dsl import InvalidDocument
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import EngineConfig, Limits, Result, Status
from stigmer_engine.testing import run_virtual
from stigmer_engine.testing.virtual_engine import sample_event, virtual_engine

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: listening, version: '1.0.0'}\n"


def run_document(
    text: str,
    events: Sequence[JsonObject] = (),
    *,
    early: Sequence[JsonObject] = (),
    input: JsonValue = None,  # noqa: A002
    drained: bool = False,
    limits: Limits | None = None,
) -> Result:
    """The result of a document that gets `early` before it listens, and `events` one by one, a second apart."""

    async def scenario() -> Result:
        async with virtual_engine(EngineConfig(limits=limits or Limits())) as engine:
            execution = engine.start(engine.load(HEAD + text), input=input)
            for event in early:
                engine.bus.receive(event)
            for event in events:
                await asyncio.sleep(1)
                pausing = drained and not execution.done
                if pausing:
                    execution.pause()
                    await asyncio.sleep(1)
                engine.bus.receive(event)
                if pausing:
                    await asyncio.sleep(1)
                    execution.resume()
            return await asyncio.wait_for(execution.wait(), 1000)

    return run_virtual(scenario())


def output_of(text: str, events: Sequence[JsonObject] = (), **settings: JsonValue) -> JsonValue:
    """The output, which must be the same when the run is drained at every event."""
    result = run_document(text, events, input=settings.get("input"))
    assert result.status is Status.COMPLETED, result.error
    drained = run_document(text, events, input=settings.get("input"), drained=True)
    assert drained.output == result.output
    return result.output


def listening(to: str, rest: str = "") -> str:
    return f"do:\n- wait:\n    listen:\n      to: {to}\n{rest}"


def test_one_takes_the_first_event_that_matches() -> None:
    events = [sample_event("b", 1), sample_event("a", 2), sample_event("a", 3)]
    assert output_of(listening("{one: {with: {type: a}}}"), events) == [2]


def test_any_ends_with_the_first_match() -> None:
    events = [sample_event("c", 1), sample_event("b", 2)]
    assert output_of(listening("{any: [{with: {type: a}}, {with: {type: b}}]}"), events) == [2]


def test_any_of_nothing_is_every_event() -> None:
    assert output_of(listening("{any: []}"), [sample_event("whatever", 7)]) == [7]


def test_all_takes_one_event_for_each_filter_in_the_order_of_arrival() -> None:
    events = [sample_event("b", 1), sample_event("b", 2), sample_event("a", 3)]
    assert output_of(listening("{all: [{with: {type: a}}, {with: {type: b}}]}"), events) == [1, 3]


def test_all_of_one_type_twice_needs_two_events() -> None:
    events = [sample_event("a", 1), sample_event("a", 2)]
    assert output_of(listening("{all: [{with: {type: a}}, {with: {type: a}}]}"), events) == [1, 2]


def test_until_is_evaluated_over_what_was_consumed() -> None:
    events = [sample_event("a", number) for number in (3, 4, 5, 6)]
    assert output_of(listening("{any: [{with: {type: a}}], until: '(. | add) >= 12'}"), events) == [3, 4, 5]


def test_until_events_end_the_task_and_are_no_output() -> None:
    events = [sample_event("a", 1), sample_event("stop", 2), sample_event("a", 3)]
    assert output_of(listening("{any: [], until: {one: {with: {type: stop}}}}"), events) == [1]


def test_until_all_keeps_count_across_drains() -> None:
    events = [sample_event("x", 1), sample_event("a", 2), sample_event("y", 3), sample_event("a", 4)]
    strategy = "{any: [{with: {type: a}}], until: {all: [{with: {type: x}}, {with: {type: y}}]}}"
    assert output_of(listening(strategy), events) == [2]


@pytest.mark.parametrize(
    ("attributes", "matching", "other"),
    [
        ("type: com.example.a", {"type": "com.example.a"}, {"type": "comXexample.a"}),
        ("type: 'com\\.example\\..*'", {"type": "com.example.order"}, {"type": "org.com.example.order"}),
        ("type: 'com\\.(a|b)'", {"type": "com.b"}, {"type": "com.bb"}),
        ("source: 'https://example.com/a?b=(c'", {"source": "https://example.com/a?b=(c"}, {"source": "/a"}),
        ("subject: '${ startswith(\"order-\") }'", {"subject": "order-7"}, {"subject": "basket-7"}),
        ("subject: '${ $input.wanted }'", {"subject": "s1"}, {"subject": "s2"}),
        ("tenant: acme", {"tenant": "acme"}, {"tenant": "other"}),
        ("data: '${ .temperature > 38 }'", {"data": {"temperature": 39}}, {"data": {"temperature": 38}}),
        ("data: '${ .temperature > 38 }'", {"data": {"temperature": 39}}, {"data": "not an object"}),
        ("data: {state: ready, size: 2}", {"data": {"state": "ready", "size": 2, "more": 1}}, {"data": {"size": 2}}),
        ("data: {at: {level: '${ . > 3 }'}}", {"data": {"at": {"level": 4}}}, {"data": {"at": {"level": 3}}}),
        ("data: [1, '.*']", {"data": [1, "x"]}, {"data": [1, "x", 2]}),
    ],
)
def test_filters_by_attribute(attributes: str, matching: JsonObject, other: JsonObject) -> None:
    text = listening(f"{{one: {{with: {{{attributes}}}}}}}", "      read: envelope\n")
    wrong = {**sample_event("t", None), "id": "wrong", **other}
    right = {**sample_event("t", None), "id": "right", **matching}
    assert output_of(text, [wrong, right], input={"wanted": "s1"}) == [right]


def test_a_pattern_that_backtracks_for_ever_elsewhere_is_matched_at_once() -> None:
    events = [sample_event("a" * 50_000 + "!"), sample_event("aaab", 1)]
    assert output_of(listening("{one: {with: {type: '(a+)+b'}}}"), events) == [1]


def test_the_first_value_of_a_correlation_is_expected_of_the_others() -> None:
    strategy = (
        "{all: [{with: {type: a}, correlate: {order: {from: .data.order}}},"
        " {with: {type: b}, correlate: {order: {from: .data.order}}}]}"
    )
    first, second, third = ({"order": 1}, {"order": 2}, {"order": 1})
    events = [sample_event("a", first), sample_event("b", second), sample_event("b", third)]
    assert output_of(listening(strategy), events) == [first, third]


def test_expect_is_what_a_correlation_must_be() -> None:
    strategy = "{one: {with: {type: a}, correlate: {order: {from: .data.order, expect: '${ $input.order }'}}}}"
    events = [sample_event("a", {}), sample_event("a", {"order": 2}), sample_event("a", {"order": 5})]
    assert output_of(listening(strategy), events, input={"order": 5}) == [{"order": 5}]


def test_a_constant_expectation_is_text_and_matches_the_number() -> None:
    strategy = "{one: {with: {type: a}, correlate: {order: {from: .data.order, expect: '5'}}}}"
    assert output_of(listening(strategy), [sample_event("a", {"order": 5})]) == [{"order": 5}]


@pytest.mark.parametrize(
    ("event", "mode", "expected"),
    [
        (sample_event("a", {"b": 1}), "data", {"b": 1}),
        (sample_event("a", {"b": 1}), "raw", "eyJiIjoxfQ=="),
        (sample_event("a", "text", datacontenttype="text/plain"), "raw", "dGV4dA=="),
        ({"specversion": "1.0", "id": "1", "source": "/t", "type": "a", "data_base64": "AQI="}, "data", "AQI="),
        ({"specversion": "1.0", "id": "1", "source": "/t", "type": "a", "data_base64": "AQI="}, "raw", "AQI="),
        ({"specversion": "1.0", "id": "1", "source": "/t", "type": "a"}, "data", None),
        ({"specversion": "1.0", "id": "1", "source": "/t", "type": "a"}, "raw", ""),
    ],
)
def test_read_modes(event: JsonObject, mode: str, expected: JsonValue) -> None:
    assert output_of(listening("{any: []}", f"      read: {mode}\n"), [event]) == [expected]


def test_read_envelope_is_the_event() -> None:
    event = sample_event("a", 1, subject="s", tenant="acme")
    assert output_of(listening("{any: []}", "      read: envelope\n"), [event]) == [event]


def test_an_event_that_came_before_waits_for_a_listener() -> None:
    text = HEAD.replace(HEAD, "") + (
        "do:\n- first:\n    listen: {to: {one: {with: {type: a}}}}\n"
        "- second:\n    listen: {to: {one: {with: {type: a}}}}\n    export: {as: '. + $input'}\n"
        "    output: {as: '$input + .'}\n"
    )
    result = run_document(text, early=[sample_event("a", 1), sample_event("a", 2)])
    assert result.output == [1, 2]


def test_every_listener_that_is_open_consumes_an_event() -> None:
    text = (
        "do:\n- both:\n    fork:\n      branches:\n"
        "      - left: {listen: {to: {one: {with: {type: a}}}}}\n"
        "      - right: {listen: {to: {one: {with: {type: a}}}}}\n"
    )
    assert output_of(text, [sample_event("a", 1), sample_event("a", 2)]) == [[1], [1]]


def test_a_waiting_event_is_consumed_once() -> None:
    text = (
        "do:\n- pause: {wait: {seconds: 5}}\n- both:\n    fork:\n      branches:\n"
        "      - left: {listen: {to: {one: {with: {type: a}}}}}\n"
        "      - right: {listen: {to: {one: {with: {type: a}}}}}\n"
    )
    result = run_document(text, early=[sample_event("a", 1), sample_event("a", 2)])
    assert result.output == [[1], [2]]


def test_a_timeout_ends_a_listener() -> None:
    text = listening("{one: {with: {type: a}}}", "    timeout: {after: {seconds: 30}}\n")
    result = run_document(text, [sample_event("b")])
    assert result.error is not None
    assert (result.error.status, result.error.instance) == (408, "/do/0/wait")


def test_a_listener_in_a_loop_takes_one_event_a_round() -> None:
    text = (
        'do:\n- each:\n    for: {each: pet, in: \'["cat", "dog"]\'}\n    do:\n'
        "    - one:\n        listen: {to: {one: {with: {type: a, subject: '${ $pet }'}}}}\n"
        "        output: {as: '[$pet, .[0]]'}\n        export: {as: '{seen: (($context.seen // []) + [.])}'}\n"
        "- all: {set: '${ $context.seen }'}\n"
    )
    events = [sample_event("a", 1, subject="dog"), sample_event("a", 2, subject="cat")]
    assert output_of(text, events) == [["cat", 2], ["dog", 1]]


def test_a_fault_in_a_try_leaves_later_events_for_the_handler() -> None:
    text = (
        "do:\n- guarded:\n    try:\n"
        "    - inner: {listen: {to: {one: {with: {type: a}}}}, timeout: {after: {seconds: 3}}}\n"
        "    catch:\n      do:\n      - handler: {listen: {to: {any: []}}}\n"
    )
    assert output_of(text, [sample_event("b", 1)]) == [1]


def test_the_losing_listener_of_a_competition_is_cancelled() -> None:
    text = (
        "do:\n- race:\n    fork:\n      compete: true\n      branches:\n"
        "      - left: {listen: {to: {one: {with: {type: a}}}}}\n"
        "      - right: {listen: {to: {one: {with: {type: b}}}}}\n"
    )
    assert output_of(text, [sample_event("b", 2), sample_event("a", 1)]) == [2]


def test_a_listener_that_consumes_too_much_is_a_fault_that_says_so() -> None:
    text = listening("{any: [], until: '. | length > 9'}")
    events = [sample_event("a", number) for number in range(4)]
    result = run_document(text, events, limits=Limits(max_consumed=3))
    assert result.error is not None
    assert result.error.title == "The listener consumed too many events"


def test_events_that_nobody_wants_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    text = "do:\n- pause: {wait: {seconds: 50}}\n- rest: {listen: {to: {any: [], until: '. | length == 3'}}}\n"
    early = [sample_event("a", number) for number in range(100)]
    result = run_document(text, early=early, limits=Limits(max_inbox=16))
    assert isinstance(result.output, list)
    first = result.output[0]
    assert isinstance(first, int)
    assert 100 - 18 <= first <= 100 - 16
    assert "the oldest are dropped" in caplog.text


def test_tasks_below_foreach_are_checked_when_the_document_is_loaded() -> None:
    async def scenario() -> list[str]:
        async with virtual_engine() as engine:
            text = HEAD + listening("{any: []}", "    foreach: {do: [{x: {call: mcp, with: {method: ping}}}]}\n")
            with pytest.raises(InvalidDocument) as refused:
                engine.load(text)
            return [problem.pointer for problem in refused.value.problems]

    assert any(pointer.startswith("/do/0/wait/foreach/do/0/x") for pointer in run_virtual(scenario()))
