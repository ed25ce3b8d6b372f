"""The same steps as documents."""

from dataclasses import dataclass, field

from stigmer_dsl.json_types import JsonObject

_HEAD = "document: {dsl: '1.0.3', namespace: bench, name: bench, version: '1.0.0'}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One comparison: a document, the workflow by hand, the input of both, and how many tasks that is."""

    name: str
    by_hand: str
    document: str
    input: JsonObject = field(default_factory=dict)
    tasks: int = 1


def steps(url: str) -> tuple[Step, ...]:
    """All comparisons; `url` answers calls."""
    items = list(range(100))
    return (
        Step(
            name="`set`",
            by_hand="hand/set",
            document=_HEAD + "do: [{sum: {set: {sum: '${ .a + .b }'}}}]",
            input={"a": 1, "b": 2},
        ),
        Step(
            name="`switch`",
            by_hand="hand/switch",
            document=_HEAD
            + """
do:
  - choose: {switch: [{left: {when: '${ .a > .b }', then: left}}, {right: {then: right}}]}
  - left: {set: {way: left}, then: end}
  - right: {set: {way: right}}
""",
            input={"a": 1, "b": 2},
            tasks=2,
        ),
        Step(
            name="`for` x100",
            by_hand="hand/for",
            document=_HEAD
            + """
do:
  - none: {set: {items: '${ .items }', total: 0}}
  - all:
      for: {each: item, in: '${ .items }'}
      do: [{add: {set: {total: '${ .total + $item }'}}}]
""",
            input={"items": items},
            tasks=100,
        ),
        Step(
            name="`fork` x20",
            by_hand="hand/fork",
            document=_HEAD
            + "do:\n  - all:\n      fork:\n        branches:\n"
            + "".join(
                f"          - b{number}: {{call: http, with: {{method: get, endpoint: '${{ .url }}'}}}}\n"
                for number in range(20)
            ),
            input={"url": url, "width": 20},
            tasks=20,
        ),
        Step(
            name="`try`",
            by_hand="hand/try",
            document=_HEAD
            + """
do:
  - attempt:
      try: [{get: {call: http, with: {method: get, endpoint: '${ .url }'}}}]
      catch: {do: [{failed: {set: {failed: true}}}]}
""",
            input={"url": url},
        ),
        Step(
            name="http x100",
            by_hand="hand/http",
            document=_HEAD
            + """
do:
  - all:
      for: {each: item, in: '${ .items }'}
      do: [{get: {call: http, with: {method: get, endpoint: '${ $workflow.input.url }'}}}]
""",
            input={"url": url, "items": items},
            tasks=100,
        ),
    )
