"""Case files: what is read, and how mistakes are told."""

from pathlib import Path

import pytest
from stigmer_dsl import InvalidDocument
from stigmer_engine.cases import AsyncioStage, PlannedCase, find_case_files, parse_cases, read_cases

HERE = Path()


def problems(text: str) -> list[tuple[str, str, int | None]]:
    with pytest.raises(InvalidDocument) as caught:
        parse_cases(text, source="x.test.yaml", folder=HERE)
    return [(problem.code, problem.pointer, problem.line) for problem in caught.value.problems]


def one(text: str) -> PlannedCase:
    (case,) = parse_cases(text, source="x.test.yaml", folder=HERE)
    return case


def test_a_misspelt_key_has_its_place_and_a_suggestion() -> None:
    text = "cases:\n  - name: a\n    workflow: {do: []}\n    expect:\n      outptu: 1\n"
    with pytest.raises(InvalidDocument) as caught:
        parse_cases(text, source="x.test.yaml", folder=HERE)
    (problem,) = caught.value.problems
    assert (problem.code, problem.pointer, problem.line, problem.column) == (
        "unknown-property", "/cases/0/expect/outptu", 5, 7,
    )  # fmt: skip
    assert problem.hint == "Did you mean `output`?"


def test_all_problems_at_once() -> None:
    text = """
cases:
  - workflow: {do: []}
    during: [{event: {type: t}}, {at: PT1S}, {at: soon, do: pause}, {at: PT1S, do: stop}, {at: PT1S, event: {data: 1}}]
    mocks: [{reply: {}, replies: [{}]}, {times: 0}, {reply: {status: 42}}]
"""
    assert {(code, pointer) for code, pointer, _ in problems(text)} == {
        ("missing-property", "/cases/0"),
        ("missing-property", "/cases/0/during/0"),
        ("missing-property", "/cases/0/during/1"),
        ("invalid-duration", "/cases/0/during/2/at"),
        ("unknown-value", "/cases/0/during/3/do"),
        ("missing-property", "/cases/0/during/4"),
        ("conflicting-properties", "/cases/0/mocks/0"),
        ("out-of-range", "/cases/0/mocks/1/times"),
        ("out-of-range", "/cases/0/mocks/2/reply/status"),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- a", "wrong-type"),
        ("cases: [", "invalid-syntax"),
        ("cases: []", "empty-collection"),
        ("cases: [{name: a}]", "missing-property"),
        ("workflow: {do: []}\ncases: [{name: a}, {name: a}]", "duplicate-name"),
        ("workflow: nowhere.yaml\ncases: [{name: a}]", "unknown-reference"),
        ("workflow: {do: []}\ndocuments: [nowhere.yaml]\ncases: [{name: a}]", "unknown-reference"),
        ("workflow: {do: []}\ncases: [{name: a, limit: '${ 1 }'}]", "invalid-duration"),
    ],
)
def test_what_is_no_case_file(text: str, code: str) -> None:
    assert code in [found for found, _, _ in problems(text)]


def test_a_problem_of_a_document_in_place_has_its_place_in_the_case_file() -> None:
    case = one("cases:\n  - name: a\n    workflow:\n      do:\n        - t: {sett: 1}\n")
    with AsyncioStage() as stage:
        seen = stage.perform(case)
    assert seen.status == "invalid"
    assert [(problem.source, problem.line) for problem in seen.problems] == [("x.test.yaml", 5)] * len(seen.problems)
    assert all(problem.pointer.startswith("/cases/0/workflow/do/0/t") for problem in seen.problems)


def test_a_document_of_its_own_is_found_beside_the_case_file(tmp_path: Path) -> None:
    head = "document: {dsl: 1.0.0, namespace: n, name: n, version: 1.0.0}\n"
    (tmp_path / "flow.yaml").write_text(head + "do: [{a: {set: {n: 1}}}]\n")
    (tmp_path / "flow.test.yaml").write_text("workflow: flow.yaml\ncases: [{name: a}]\n")
    (case,) = read_cases(tmp_path / "flow.test.yaml")
    with AsyncioStage() as stage:
        assert stage.perform(case).output == {"n": 1}


def test_case_files_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.test.yaml", "a.test.yml", "deep/c.test.json", "flow.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    assert [path.name for path in find_case_files(tmp_path)] == ["a.test.yml", "b.test.yaml", "c.test.json"]
    assert list(find_case_files(tmp_path / "flow.yaml")) == [tmp_path / "flow.yaml"]


def test_mocks_of_the_case_come_before_those_of_the_file() -> None:
    case = one(
        "workflow: {do: []}\nmocks: [{uri: file}]\ncovers: [a, b]\n"
        "cases: [{name: a, covers: [b, c], mocks: [{uri: case}]}]"
    )
    assert [mock.uri for mock in case.mocks] == ["case", "file"]
    assert case.covers == ("a", "b", "c")
