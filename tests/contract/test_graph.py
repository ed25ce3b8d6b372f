"""Pictures of workflows: everything is there, nothing overlaps, nothing is loaded from elsewhere."""

import json
import os
import random
import re
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from stigmer_dsl import Workflow, load
from stigmer_dsl.graph import chart, html, svg
from stigmer_dsl.graph.boxes import CHARACTER, Box, shorten, text_width
from stigmer_dsl.graph.layout import Line, Picture, arrange
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_runner.cli.app import run_command

SPEC = Path(os.environ.get("STIGMER_SPEC_DIR", Path(__file__).parents[3] / "shared" / "spec"))
EXAMPLES = sorted((SPEC / "examples").glob("*.yaml"))
if not EXAMPLES:
    print(f"The specification's examples are not collected: {SPEC} has none; set STIGMER_SPEC_DIR.")
HEAD: JsonObject = {"dsl": "1.0.3", "namespace": "test", "name": "sample", "version": "0.1.0"}
NAME = "{http://www.w3.org/2000/svg}"
EVERYTHING = """
- check: {if: .total > 0, set: {a: 1}}
- pick:
    switch:
    - big: {when: .total > 1000, then: approve}
    - again: {when: .retry, then: check}
    - bad: {when: .bad, then: end}
    - rest: {then: continue}
- loop:
    for: {each: item, in: .items}
    while: .go
    do:
    - ask: {call: http, with: {method: get, endpoint: 'https://example.com/{id}'}}
    - jump: {switch: [{stop: {when: .x, then: exit}}, {all: {when: .y, then: end}}, {back: {when: .z, then: ask}}]}
- both:
    fork:
      branches:
      - left: {do: [{a: {set: {a: 1}}}, {b: {switch: [{x: {when: .y, then: end}}, {z: {when: .q, then: a}}]}}]}
      - right: {if: .ok, wait: {seconds: 1}}
      - nested: {fork: {compete: true, branches: [{p: {set: {a: 1}, then: end}}, {q: {set: {a: 1}}}]}}
- guard:
    try: [{one: {set: {a: 1}}}, {boom: {raise: {error: {type: 'https://e/boom', status: 500}}}}]
    catch: {errors: {with: {status: 500}}, retry: {delay: PT1S}, do: [{fix: {set: {a: 1}}}], then: approve}
- hear: {listen: {to: {any: []}}, foreach: {do: [{note: {set: {a: 1}}}]}}
- approve: {run: {workflow: {namespace: shop, name: approval, version: '1.2.0'}}, then: pick}
"""


def workflow(do: str | list[JsonValue]) -> Workflow:
    body = do if isinstance(do, str) else json.dumps(do)
    return load(f"document: {json.dumps(HEAD)}\ndo: {body}").workflow


def made_up(seed: int, size: int) -> Workflow:
    """A workflow of `size` tasks of all kinds, nested and jumping at will."""
    chance = random.Random(seed)
    left = [size]

    def tasks(depth: int) -> list[JsonValue]:
        count = chance.randint(1, 6) if depth else size // 5
        names: list[str] = []
        while left[0] > 0 and len(names) < count:
            left[0] -= 1
            names.append(f"task{left[0]}" + "x" * chance.choice([0, 0, 0, 40]))
        return [{name: task(names, depth)} for name in names] or [{"last": {"set": {"a": 1}}}]

    def task(names: list[str], depth: int) -> JsonObject:
        kinds = ["set", "wait", "call", "switch", "raise", "run"]
        kind = chance.choice(kinds + ["for", "do", "fork", "try", "listen"] * 2 if depth < 4 and left[0] > 0 else kinds)
        target = chance.choice([*names, "continue", "exit", "end"])
        makers: dict[str, Callable[[], JsonObject]] = {
            "set": lambda: {"set": {"a": '${ .value | test("ä漢字") }'}},
            "wait": lambda: {"wait": {"minutes": 5}},
            "call": lambda: {"call": "http", "with": {"method": "get", "endpoint": "https://example.com/" + "p/" * 40}},
            "raise": lambda: {"raise": {"error": {"type": "https://e/x", "status": 500}}},
            "run": lambda: {"run": {"workflow": {"namespace": "n", "name": "child", "version": "1.0.0"}}},
            "switch": lambda: {
                "switch": [
                    {
                        f"c{index}": {
                            "when": ".x" * chance.randint(1, 50),
                            "then": chance.choice([*names, "exit", "end"]),
                        }
                    }
                    for index in range(chance.randint(1, 4))
                ]
            },
            "for": lambda: {"for": {"in": ".items"}, "do": tasks(depth + 1)},
            "do": lambda: {"do": tasks(depth + 1)},
            "fork": lambda: {"fork": {"branches": tasks(depth + 1)}},
            "try": lambda: {
                "try": tasks(depth + 1),
                "catch": {"do": tasks(depth + 1), "then": target, **({"retry": {}} if chance.random() < 0.5 else {})},
            },
            "listen": lambda: {"listen": {"to": {"any": []}}, "foreach": {"do": tasks(depth + 1)}},
        }
        made = makers[kind]()
        if chance.random() < 0.2:
            made["if"] = ".ready"
        if chance.random() < 0.2 and kind != "raise":
            made["then"] = target
        return made

    document = {"document": HEAD, "do": without_jumps_out_of_branches(tasks(0))}
    return load(json.dumps(document)).workflow


def without_jumps_out_of_branches(tasks: list[JsonValue]) -> list[JsonValue]:
    """Branches stand alone: they may name no task of their list."""

    def clean(value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [clean(item) for item in value]
        if not isinstance(value, dict):
            return value
        found = {}
        for key, item in value.items():
            if key == "branches":
                found[key] = [{name: clean_branch(task) for name, task in entry.items()} for entry in item]
            else:
                found[key] = clean(item)
        return found

    def clean_branch(task: JsonObject) -> JsonObject:
        task = clean(task)
        directives = {"continue", "exit", "end"}
        if task.get("then", "end") not in directives:
            task["then"] = "end"
        for entry in task.get("switch", []):
            for case in entry.values():
                case["then"] = case["then"] if case["then"] in directives else "exit"
        if "catch" in task and task["catch"].get("then", "end") not in directives:
            task["catch"]["then"] = "exit"
        return task

    cleaned: list[JsonValue] = clean(tasks)
    return cleaned


def rectangle(box: Box) -> tuple[float, float, float, float]:
    return box.x - box.width / 2, box.y, box.x + box.width / 2, box.bottom


def check_geometry(picture: Picture) -> None:
    sides = [rectangle(box) for box in picture.boxes]
    for one, other in combinations(sides, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)
    for left, top, right, bottom in sides:
        assert left >= 0
        assert right <= picture.width
        assert top >= 0
        assert bottom <= picture.height
    for box in picture.boxes:
        assert all(text_width(text) * CHARACTER <= box.width for text in (*box.lines, *(row.text for row in box.rows)))
    for line in picture.lines:
        check_line(line, sides, picture)


def check_line(line: Line, boxes: list[tuple[float, float, float, float]], picture: Picture) -> None:
    for (x1, y1), (x2, y2) in pairwise(line.points):
        assert abs(x1 - x2) < 0.6 or abs(y1 - y2) < 0.6, "lines are horizontal or vertical"
        assert min(x1, x2) >= 0
        assert max(x1, x2) <= picture.width
        low_x, high_x, low_y, high_y = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        for left, top, right, bottom in boxes:
            through = low_x < right - 0.5 and high_x > left + 0.5 and low_y < bottom - 0.5 and high_y > top + 0.5
            assert not through, (line, (left, top, right, bottom))


def test_each_box_of_a_task_carries_its_pointer_and_what_events_call_it() -> None:
    root = ET.fromstring(svg(workflow(EVERYTHING)))
    boxes = [(box.get("data-pointer"), box.get("data-reference")) for box in root.iter(f"{NAME}g")]
    pointers = [pointer for pointer, _ in boxes if pointer]
    assert len(pointers) == len(set(pointers))
    assert ("/do/2/loop/do/0/ask", "/do/2/loop/for/do/0/ask") in boxes
    assert ("/do/0/check/if", None) in boxes
    for same in ("/do/3/both/fork/branches/0/left/do/0/a", "/do/4/guard/try/0/one", "/do/4/guard/catch/do/0/fix"):
        assert (same, same) in boxes


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_nothing_overlaps_in_the_examples_of_the_specification(path: Path) -> None:
    check_geometry(arrange(chart(load(path.read_bytes()).workflow)))


@pytest.mark.parametrize("seed", range(40))
def test_nothing_overlaps_in_made_up_workflows(seed: int) -> None:
    made = chart(made_up(seed, 20 + 4 * seed))
    picture = arrange(made)
    check_geometry(picture)
    assert len(picture.lines) == len(made.edges)


def test_nothing_overlaps_where_every_construct_is() -> None:
    check_geometry(arrange(chart(workflow(EVERYTHING))))


def test_a_hundred_tasks_are_readable() -> None:
    """Wide enough for a screen: the flow goes down, and only branches stand side by side."""
    tasks: list[JsonValue] = [{f"step{index}": {"set": {"a": index}}} for index in range(90)]
    tasks += [
        {f"choose{index}": {"switch": [{"x": {"when": ".y", "then": f"step{9 * index}"}}]}} for index in range(10)
    ]
    picture = arrange(chart(workflow(tasks)))
    check_geometry(picture)
    assert picture.width < 700
    assert len(picture.boxes) == 102


def test_the_picture_shows_and_tells_everything() -> None:
    root = ET.fromstring(svg(workflow(EVERYTHING)))
    shown = [text.text or "" for text in root.iter(f"{NAME}text")]
    for expected in (
        "pick", "big: .total > 1000", "each, while .go", "for item in .items", "catch error (500)", "retry", "error",
        "run workflow shop/approval 1.2.0", "first to succeed", "all done", "no", "yes",
    ):  # fmt: skip
        assert expected in shown
    told = [title.text or "" for title in root.iter(f"{NAME}title")]
    assert len(told) == len([group for group in root.iter(f"{NAME}g") if "node" in group.get("class", "")])
    assert any("\n/do/2/loop/do/0/ask\n" in text and "https://example.com/{id}" in text for text in told)
    assert any("/do/3/both/fork/branches/2/nested/fork/branches/0/p" in text for text in told)
    assert any("/do/4/guard/catch/do/0/fix" in text for text in told)
    assert any("/do/0/check/if" in text for text in told)


def test_a_cut_label_is_told_in_full() -> None:
    long = ".value" * 30
    text = svg(workflow([{"s": {"switch": [{"case": {"when": long, "then": "end"}}]}}]))
    root = ET.fromstring(text)
    assert not any(long in (shown.text or "") for shown in root.iter(f"{NAME}text"))
    assert any(f"case: {long}" in (title.text or "") for title in root.iter(f"{NAME}title"))


def test_pictures_load_nothing_and_cannot_be_broken_out_of() -> None:
    name = '</title></svg><script>alert("1")</script>&\x07'
    page = html(workflow([{name: {"set": {"a": "</script><img src=x>"}}}]))
    assert page.count("<script>") == 1
    assert re.findall(r"<(?:img|link|iframe|object|image|use)\b", page) == []
    assert re.findall(r"<[^>]+(?:src|href)=", page) == []
    assert [url for url in re.findall(r"https?://[^\"' )<]+", page) if "www.w3.org" not in url] == []
    assert "default-src 'none'" in page
    ET.fromstring(svg(workflow([{name: {"set": {"a": 1}}}])))


def test_the_same_workflow_gives_the_same_picture() -> None:
    assert svg(workflow(EVERYTHING)) == svg(workflow(EVERYTHING))
    assert html(workflow(EVERYTHING)) == html(workflow(EVERYTHING))


def test_shortened_text() -> None:
    assert shorten("short", 10) == "short"
    assert shorten("a\nb\tc", 10) == "a b c"
    assert shorten("x" * 50, 10) == "x" * 9 + "…"
    assert text_width(shorten("漢字" * 20, 10)) <= 10


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(f"document: {json.dumps(HEAD)}\ndo: {json.dumps([{'a': {'set': {'b': 1}}}])}\n")
    assert run_command(["graph", str(path)]) == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n")
    assert run_command(["graph", str(path), "--format", "svg"]) == 0
    assert capsys.readouterr().out.startswith("<svg ")
    for suffix, start in (("svg", "<svg "), ("html", "<!doctype html>"), ("mmd", "flowchart")):
        assert run_command(["graph", str(path), "--output", str(tmp_path / f"w.{suffix}")]) == 0
        assert (tmp_path / f"w.{suffix}").read_text().startswith(start)
    assert run_command(["graph", str(path), "--output", "/nowhere/w.svg"]) == 2
    path.write_text("do: [{a: {sett: 1}}]")
    assert run_command(["graph", str(path)]) == 2
    assert "^" in capsys.readouterr().err
