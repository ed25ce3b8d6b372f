"""Problems as text for people."""

from stigmer_dsl import Problem, find_problems, render

HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}\n"


def test_the_line_with_a_caret() -> None:
    text = HEAD + "do:\n  - getOrder:\n      call: http\n      with:\n        method: get\n        endpont: https://x\n"
    (problem,) = find_problems(text, source="order.yaml")
    assert render(problem, text) == (
        "order.yaml:7:9: error[unknown-property]: There is no property `endpont` here\n"
        "  7 |         endpont: https://x\n"
        "    |         ^\n"
        "  at /do/0/getOrder/with/endpont\n"
        "  hint: Did you mean `endpoint`?"
    )


def test_long_lines_are_cut_around_the_caret() -> None:
    problem = Problem(code="x", message="M", line=1, column=501)
    rendered = render(problem, "a" * 500 + "!" + "b" * 500)
    row, caret = rendered.splitlines()[1:3]
    assert len(row) < 180
    assert row[caret.index("^")] == "!"


def test_a_document_cannot_steer_the_terminal() -> None:
    problem = Problem(code="x", message="M \x1b[31m", line=1, column=3, pointer="/a\x07", hint="\u202e")
    rendered = render(problem, "\ta\x1b[2Jb")
    assert all(character.isprintable() or character == "\n" for character in rendered)
    assert rendered.splitlines()[1:3] == ["  1 |  a?[2Jb", "    |   ^"]


def test_a_position_outside_the_text() -> None:
    assert render(Problem(code="x", message="M", line=9, column=1), "a\n") == "document:9:1: error[x]: M"
    assert render(Problem(code="x", message="M", line=1, column=99), "ab").endswith("  1 | ab\n    |   ^")
    assert render(Problem(code="x", message="M", source="f"), "") == "f: error[x]: M"
