"""The documents that run while their workers are killed. Their outputs do not depend on the execution's id."""

from dataclasses import dataclass
from typing import Final

_HEAD: Final = "document: {dsl: '1.0.3', namespace: kills, name: NAME, version: '1.0.0'}\n"


def _call(place: str) -> str:
    """A call whose address is unique in its execution, and whose output is the last part of it."""
    return (
        "{call: http, with: {method: get, endpoint: 'PEER/call/${ $workflow.id | @uri }/" + place + "'}, "
        "output: {as: .n}}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One document; `hears` when it needs the events `left` and `right`."""

    name: str
    text: str
    hears: bool = False


def document(entry: Entry, peer: str) -> str:
    """The text to load; `peer` is the URL of what it calls."""
    return (_HEAD + entry.text).replace("NAME", entry.name).replace("PEER", peer)


CHILD: Final = Entry(
    name="child",
    text=f"""
do:
  - one: {_call("child-1")}
  - rest: {{wait: {{seconds: 1}}}}
  - two: {_call("child-2")}
  - both: {{set: {{child: '${{ . }}'}}}}
""",
)

CORPUS: Final = (
    Entry(
        name="sequence",
        text=f"""
do:
  - one: {_call("one")}
  - two: {_call("two")}
  - made: {{set: {{seen: '${{ . }}'}}, export: {{as: .seen}}}}
  - three: {_call("three")}
  - all: {{set: {{last: '${{ . }}', seen: '${{ $context }}'}}}}
""",
    ),
    Entry(
        name="loop",
        text=f"""
do:
  - outer:
      for: {{each: i, in: '${{ [range(6)] }}'}}
      do:
        - inner:
            for: {{each: j, in: '${{ [range(4)] }}'}}
            do:
              - ask: {_call("${ $i }-${ $j }")}
              - keep: {{set: '${{ . }}', export: {{as: '${{ {{all: (($context.all // []) + [.])}} }}'}}}}
      output: {{as: $context}}
""",
    ),
    Entry(
        name="fork",
        text=f"""
do:
  - both:
      fork:
        branches:
          - left:
              for: {{each: i, in: '${{ [range(8)] }}'}}
              do: [{{ask: {_call("left-${ $i }")}}}]
          - right:
              do:
                - rest: {{wait: {{seconds: 2}}}}
                - ask: {_call("right")}
          - pure:
              for: {{each: i, in: '${{ [range(300)] }}'}}
              do: [{{add: {{set: {{sum: '${{ (.sum // 0) + $i }}'}}}}}}]
""",
    ),
    Entry(
        name="retry",
        text=f"""
do:
  - before: {_call("before")}
  - safely:
      try:
        - flaky:
            call: http
            with: {{method: get, endpoint: 'PEER/flaky/${{ $workflow.id | @uri }}'}}
      catch:
        retry: {{delay: {{seconds: 1}}, limit: {{attempt: {{count: 50}}}}}}
      output: {{as: .n}}
  - caught:
      try: [{{fail: {{raise: {{error: {{type: 'https://x.example/e', status: 418, title: tea}}}}}}}}]
      catch: {{as: e, do: [{{keep: {{set: '${{ $e.title }}'}}}}]}}
""",
    ),
    Entry(
        name="parent",
        text=f"""
do:
  - before: {_call("before")}
  - children:
      fork:
        branches:
          - first: {{run: {{workflow: {{namespace: kills, name: child, version: '1.0.0'}}}}}}
          - second: {{run: {{workflow: {{namespace: kills, name: child, version: '1.0.0'}}}}}}
  - after: {{set: {{children: '${{ . }}'}}}}
""",
    ),
    Entry(
        name="listener",
        hears=True,
        text=f"""
do:
  - before: {_call("before")}
  - hear: {{listen: {{to: {{all: [{{with: {{type: left}}}}, {{with: {{type: right}}}}]}}}}}}
  - heard: {{set: {{heard: '${{ sort }}'}}}}
  - after: {{set: '${{ . }}'}}
""",
    ),
)
