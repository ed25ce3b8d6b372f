"""Control flow as a Mermaid flowchart."""

import re

from stigmer_dsl import load
from stigmer_dsl.graph import chart, mermaid
from stigmer_dsl.graph.mermaid import escape_label

HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}\n"
NODE = re.compile(r'(\w+)(\(\["|\["|\{"|\{\{"|\[\["|>")([^"]*)("\]\)|"\]|"\}|"\}\}|"\]\])')
EDGE = re.compile(r'(\w+) (-->|-\.->)(?:\|"([^"]*)"\|)? (\w+)')
GROUP = re.compile(r'subgraph (\w+)\["([^"]*)"\]')


def draw(tasks: str) -> str:
    return mermaid(load(f"{HEAD}do: {tasks}").workflow)


def edges(text: str) -> list[tuple[str, str, str, str]]:
    """Edges with the labels of their nodes instead of ids."""
    names = {**{m[1]: m[3] for m in NODE.finditer(text)}, **{m[1]: f"[{m[2]}]" for m in GROUP.finditer(text)}}
    return [(names[m[1]], m[2], m[3] or "", names[m[4]]) for m in map(EDGE.search, text.splitlines()) if m]


def test_a_sequence_with_a_condition_and_a_jump() -> None:
    found = edges(draw("[{x: {if: .go, set: {a: 1}}}, {y: {wait: {minutes: 1, seconds: 30}, then: x}}]"))
    assert found == [
        ("if .go", "-->", "yes", "x: set"),
        ("if .go", "-->", "no", "y: wait 1m 30s"),
        ("x: set", "-->", "", "y: wait 1m 30s"),
        ("y: wait 1m 30s", "-->", "", "if .go"),
        ("a/b 0.1.0", "-->", "", "if .go"),
    ]


def test_a_switch() -> None:
    found = edges(draw("[{s: {switch: [{p: {when: .q, then: z}}, {r: {then: exit}}]}}, {z: {wait: PT1S}}]"))
    assert ("s: switch", "-->", "p: .q", "z: wait PT1S") in found
    assert ("s: switch", "-->", "r: otherwise", "end") in found
    without_default = edges(draw("[{s: {switch: [{p: {when: .q, then: s}}]}}]"))
    assert ("s: switch", "-->", "otherwise", "end") in without_default


def test_a_loop() -> None:
    found = edges(draw("[{l: {for: {in: .all}, while: .go, do: [{x: {wait: PT1S}}]}}]"))
    assert found[:3] == [
        ("x: wait PT1S", "-->", "", "l: for item in .all"),
        ("l: for item in .all", "-->", "each, while .go", "x: wait PT1S"),
        ("l: for item in .all", "-->", "done", "end"),
    ]


def test_branches_meet_again() -> None:
    found = edges(draw("[{f: {fork: {compete: true, branches: [{x: {wait: PT1S}}, {y: {wait: PT2S}}]}}}]"))
    assert set(found) >= {
        ("f: fork", "-->", "", "x: wait PT1S"),
        ("f: fork", "-->", "", "y: wait PT2S"),
        ("x: wait PT1S", "-->", "", "first to succeed"),
        ("y: wait PT2S", "-->", "", "first to succeed"),
        ("first to succeed", "-->", "", "end"),
    }


def test_error_paths_are_dotted() -> None:
    found = edges(
        draw(
            "[{t: {try: [{x: {raise: {error: {type: 'https://e/boom', status: 500}}}}],"
            " catch: {errors: {with: {status: 500}}, retry: {delay: PT1S}, do: [{h: {set: {a: 1}}}], then: last}}},"
            " {skipped: {wait: PT1S}}, {last: {wait: PT2S}}]"
        )
    )
    assert set(found) >= {
        ("t: try", "-->", "", "x: raise boom"),
        ("[t]", "-.->", "error", "catch error (500)"),
        ("catch error (500)", "-.->", "retry", "t: try"),
        ("catch error (500)", "-->", "", "h: set"),
        ("h: set", "-->", "", "last: wait PT2S"),
    }
    assert not any(source == "x: raise boom" for source, *_ in found)


def test_every_edge_joins_known_nodes_and_groups_are_closed() -> None:
    text = draw(
        "[{d: {do: [{e: {do: []}}, {x: {call: http, with: {method: get, endpoint: 'a:b'}, then: end}}]}},"
        " {l: {listen: {to: {any: [{with: {type: t}}]}}, foreach: {do: [{y: {emit: {event: {with: {type: u}}}}}]}}},"
        " {r: {run: {shell: {command: ls}}}}, {t: {try: [], catch: {}}}]"
    )
    assert text.startswith("flowchart TD\n")
    assert text.count("subgraph ") == sum(line.strip() == "end" for line in text.splitlines())
    assert len(edges(text)) == len(EDGE.findall(text))
    body = text.splitlines()[1:]
    assert all(NODE.search(line) or EDGE.search(line) or GROUP.search(line) or line.strip() == "end" for line in body)


def test_labels_cannot_break_out() -> None:
    assert escape_label('a "b" #c <d> `e`\n\x1b f & \\') == ("a #quot;b#quot; #35;c #lt;d#gt; #96;e#96; f #amp; #92;")
    assert escape_label("x" * 200) == "x" * 77 + "..."
    text = draw("[{'end\"]; click a': {set: {a: 1}}}]")
    assert 'end"]; click' not in text
    assert edges(text)[0][0].startswith("end#quot;]; click a")


def test_the_chart_is_data() -> None:
    picture = chart(load(f"{HEAD}do: []").workflow)
    assert [(edge.source, edge.target) for edge in picture.edges] == [("start", "finish")]
    assert len(picture.root.members) == 2
