"""Documents made to hurt: each ends in one clear problem, without a crash."""

import pytest
from stigmer_dsl import Limits, find_problems

HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}\n"


def in_set(value: str) -> str:
    """Return a valid document but for the text in a `set` task."""
    return HEAD + "do: [{a: {set: {x: '" + value + "'}}}]"


BOMB = (
    "a: &a ["
    + ",".join("x" * 10)
    + "]\n"
    + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
)
MERGE_BOMB = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n} {{x{n}: *a{n - 1}, y{n}: *a{n - 1}, <<: *a{n - 1}}}\n" for n in range(1, 60)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("[" * 10_000, "too-deep", id="open arrays"),
        pytest.param("[" * 10_000 + "]" * 10_000, "too-deep", id="closed arrays"),
        pytest.param('{"a":' * 10_000 + "1" + "}" * 10_000, "too-deep", id="json objects"),
        pytest.param("{a: " * 10_000, "too-deep", id="flow objects"),
        pytest.param("\n".join(" " * depth + "a:" for depth in range(3_000)), "too-deep", id="indentation"),
        pytest.param("- " * 10_000 + "a", "too-deep", id="dashes"),
        pytest.param(HEAD + "do: [{a: {set: {x: " + "[" * 10_000 + "]" * 10_000 + "}}}]", "too-deep", id="in data"),
        pytest.param("a: &a [[[]]]\nb: " + "[" * 254 + "*a" + "]" * 254, "too-deep", id="depth by alias"),
        pytest.param(BOMB, "too-many-values", id="alias bomb"),
        pytest.param(MERGE_BOMB, "too-many-values", id="merge bomb"),
        pytest.param("a: [" + "1," * 200_000 + "]", "too-many-values", id="long list"),
        pytest.param("a: '" + "x" * (10 * 1024 * 1024) + "'", "too-large", id="10 MB"),
        pytest.param("ü" * (5 * 1024 * 1024 + 1), "too-large", id="bytes, not characters"),
        pytest.param("a: &a [*a]", "recursive-alias", id="recursion"),
        pytest.param("a: !!python/object/apply:os.system ['true']", "unsupported-tag", id="python tag"),
        pytest.param(b"a: \xff", "invalid-encoding", id="latin-1"),
        pytest.param("a: 1".encode("utf-16"), "invalid-encoding", id="utf-16"),
        pytest.param("a: \x00", "invalid-encoding", id="nul"),
        pytest.param("a: \x1b[31m", "invalid-encoding", id="terminal escape"),
        pytest.param("a: \ud800", "invalid-encoding", id="half a surrogate pair"),
        pytest.param("a: " + "9" * 5_000, "invalid-number", id="number without end"),
        pytest.param(in_set("${ " + "(" * 100_000), "unclosed-expression", id="brackets"),
        pytest.param(in_set("${ a" * 100_000), "unclosed-expression", id="openings"),
        pytest.param(in_set("${ #" + "\\" * 100_000), "unclosed-expression", id="comment"),
        pytest.param(in_set('${ "' + "\\" * 100_000), "unclosed-expression", id="text"),
    ],
)  # fmt: skip
def test_one_clear_problem(text: str | bytes, code: str) -> None:
    problems = find_problems(text)
    assert [problem.code for problem in problems] == [code]
    assert problems[0].message
    assert problems[0].hint
    assert problems[0].line is not None


def test_a_large_document_below_the_limit_loads() -> None:
    text = HEAD + "do: [{a: {set: {x: '" + "x" * (10 * 1024 * 1024 - 200) + "'}}}]"
    assert find_problems(text) == ()


def test_thousands_of_problems_are_all_reported() -> None:
    tasks = "".join(f"  - t{n}: {{set: {{a: {n}}}, then: nowhere{n}}}\n" for n in range(2_000))
    assert len(find_problems(f"{HEAD}do:\n{tasks}")) == 2_000


def test_limits_can_be_set() -> None:
    text = "a: [[1, 2]]"
    assert find_problems(text, limits=Limits(max_bytes=5))[0].code == "too-large"
    assert find_problems(text, limits=Limits(max_depth=2))[0].code == "too-deep"
    assert find_problems(text, limits=Limits(max_nodes=4))[0].code == "too-many-values"
    assert {problem.code for problem in find_problems(text, limits=Limits(max_depth=3, max_nodes=5))} == {
        "missing-property",
        "unknown-property",
    }


def test_a_byte_order_mark_is_no_problem() -> None:
    text = HEAD + "do: []"
    assert find_problems(b"\xef\xbb\xbf" + text.encode()) == ()
    assert find_problems("\ufeff" + text) == ()
