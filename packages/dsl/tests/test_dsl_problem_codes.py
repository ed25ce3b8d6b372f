"""Every problem code: a document that produces it, its place, and the table in the documentation."""

from pathlib import Path

import pytest
from stigmer_dsl import Problem, find_problems
from stigmer_dsl.validation.codes import CODES, table

HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}\n"


FUNCTION = "use: {functions: {f: {input: {schema: {document: {required: [pet]}}}, set: {x: 1}}}}\n"


def task(content: str) -> str:
    return f"{HEAD}do:\n  - t: {content}\n"


# code, document, pointer, (line, column), a part of the hint
CASES: list[tuple[str, str | bytes, str, tuple[int, int], str]] = [
    ("too-large", "#" * (10 * 1024 * 1024 + 1), "", (1, 1), "Split"),
    ("too-deep", "[" * 300, "", (1, 257), "Flatten"),
    ("too-many-values", f"[{'1,' * 100_001}]", "", (1, 200_000), "Split"),
    ("invalid-encoding", b"a: 1\nb: \xe4", "", (2, 4), "UTF-8"),
    ("invalid-syntax", "a: [1", "", (1, 6), "Check"),
    ("invalid-syntax", "a:\n  b: ${ {c: .d} }", "", (2, 11), "'${ ... }'"),
    ("invalid-syntax", "a: {b: ${ .c }}", "", (1, 9), "'${ ... }'"),
    ("invalid-number", "a: .inf", "", (1, 4), "Quote"),
    ("invalid-key", "a: 1\n2: b", "", (2, 1), "Quote"),
    ("invalid-merge", "<<: text", "", (1, 5), "anchor"),
    ("duplicate-key", "a: 1\nb: 2\na: 3", "", (3, 1), "Remove"),
    ("recursive-alias", "a: &a [*a]", "", (1, 8), "Write"),
    ("unsupported-tag", "a: !!set {b}", "", (1, 4), "Remove"),
    ("multiple-documents", "a: 1\n---\nb: 2", "", (2, 1), "one workflow"),
    ("empty-document", "", "", (1, 1), "Start"),
    ("unknown-property", HEAD + "do: []\noutptu: {}", "/outptu", (3, 1), "Did you mean `output`?"),
    ("unknown-property", task("{set: {a: 1}, iff: .a}"), "/do/0/t/iff", (3, 22), "Did you mean `if`?"),
    ("unknown-property", task("{wait: {seconds: 1, zzzzz: 1}}"), "/do/0/t/wait/zzzzz", (3, 28), "`milliseconds`"),
    ("missing-property", HEAD, "", (1, 1), "Add `do`"),
    ("missing-property", "workflow: a.yaml\ncases: []", "", (1, 1), "stigmer test"),
    ("missing-property", HEAD + "tasks: []", "", (1, 1), "stigmer convert"),
    ("missing-property", "kind: Workflow\nspec: {tasks: []}", "", (1, 1), "stigmer convert"),
    ("unsupported-dsl", "id: a\nspecVersion: '0.8'\nstart: b\nstates: []", "", (1, 1), "`do`"),
    ("missing-property", task("{call: http, with: {method: get}}"), "/do/0/t/with", (3, 21), "Add `endpoint`"),
    ("missing-property", task("{call: http}"), "/do/0/t", (3, 8), "Add the arguments"),
    ("conflicting-properties", task("{run: {shell: {command: x}, workflow: {namespace: a, name: b}}}"), "/do/0/t/run",
     (3, 14), "Keep one"),
    ("wrong-type", task("{wait: 5}"), "/do/0/t/wait", (3, 15), "`seconds: 5`"),
    ("wrong-type", task("{set: {a: 1}, timeout: {after: 90}}"), "/do/0/t/timeout/after", (3, 39), "`seconds: 90`"),
    ("wrong-type", "document: {dsl: 1.0, namespace: a, name: b, version: '1.0.0'}\ndo: []", "/document/dsl", (1, 17),
     "'1.0.0'"),
    ("wrong-type", task("{set: {a: 1}, then: }"), "/do/0/t/then", (3, 28), "remove"),
    ("wrong-type", task("{set: {a: 1}, if: true}"), "/do/0/t/if", (3, 26), "Quote it: 'true'"),
    ("wrong-type", task("{call: http, with: {method: get, endpoint: 'x:/y', redirect: yes}}"), "/do/0/t/with/redirect",
     (3, 69), "without quotes"),
    ("wrong-type", HEAD + "do: {a: {set: {b: 1}}}", "/do", (2, 5), "`- a:`"),
    ("wrong-type", task("{for: {each: a, in: 5}, do: []}"), "/do/0/t/for/in", (3, 28), "`${ }`"),
    ("wrong-type", "text", "", (1, 1), "Start"),
    ("unknown-value", task("{listen: {to: {any: []}, read: enveloppe}}"), "/do/0/t/listen/read", (3, 39),
     "`envelope`?"),
    ("out-of-range", task("{wait: {seconds: -1}}"), "/do/0/t/wait/seconds", (3, 25), ""),
    ("empty-collection", task("{set: {}}"), "/do/0/t/set", (3, 14), "set"),
    ("list-item", HEAD + "do:\n  - a: {set: {b: 1}}\n    c: {set: {d: 1}}", "/do/0", (3, 5), "Start each"),
    ("list-item", HEAD + "do:\n  - a:\n    set: {b: 1}", "/do/0", (3, 5), "further in than `a`"),
    ("list-item", HEAD + "do: [a]", "/do/0", (2, 6), "- name"),
    ("unknown-task", task("{swich: []}"), "/do/0/t", (3, 5), "Did you mean `switch`?"),
    ("unknown-task", task("{}"), "/do/0/t", (3, 5), "`do`, `set`"),
    ("ambiguous-task", task("{set: {a: 1}, wait: {seconds: 1}}"), "/do/0/t", (3, 5), "two tasks"),
    ("duplicate-name", HEAD + "do:\n  - a: {set: {b: 1}}\n  - a: {set: {b: 1}}", "/do/1/a", (4, 5), "own name"),
    ("duplicate-name", task("{switch: [{a: {when: .x, then: end}}, {a: {then: end}}]}"), "/do/0/t/switch/1/a",
     (3, 47), "own name"),
    ("invalid-version", HEAD.replace("0.1.0", "v1") + "do: []", "/document/version", (1, 58), "'1.0.0'"),
    ("unsupported-dsl", HEAD.replace("1.0.3", "2.0.0") + "do: []", "/document/dsl", (1, 17), "2.0.0"),
    ("unsupported-dsl", HEAD.replace("1.0.3", "0.8.0") + "do: []", "/document/dsl", (1, 17), "1.0.0"),
    ("invalid-name", HEAD.replace("name: b", "name: b_c") + "do: []", "/document/name", (1, 46), "letters"),
    ("invalid-name", task("{for: {each: $x, in: .a}, do: []}"), "/do/0/t/for/each", (3, 21), "without `$`"),
    ("invalid-uri", task("{call: http, with: {method: get, endpoint: 'a b'}}"), "/do/0/t/with/endpoint", (3, 51),
     "https"),
    ("invalid-duration", task("{wait: 5 seconds}"), "/do/0/t/wait", (3, 15), "PT30S"),
    ("invalid-duration", task("{wait: {}}"), "/do/0/t/wait", (3, 15), "seconds: 30"),
    ("unknown-target", task("{set: {a: 1}, then: tt}"), "/do/0/t/then", (3, 28), "Did you mean `t`?"),
    ("multiple-defaults", task("{switch: [{a: {then: end}}, {b: {then: end}}]}"), "/do/0/t/switch/1/b", (3, 37),
     "when"),
    ("unknown-reference", task("{raise: {error: nope}}"), "/do/0/t/raise/error", (3, 24), "use.errors"),
    ("unclosed-expression", task("{set: {a: '${ .b'}}"), "/do/0/t/set/a", (3, 18), "Close it"),
    ("empty-expression", task("{set: {a: '${ }'}}"), "/do/0/t/set/a", (3, 18), "Write `.`"),
    ("invalid-expression", task("{set: {a: 1}, if: '.a == ^'}"), "/do/0/t/if", (3, 26), "jq"),
    ("invalid-expression", task("{set: {a: 1}, if: '${ .a } and ${ .b }'}"), "/do/0/t/if", (3, 26), "bare jq"),
    ("forbidden-function", task("{set: {a: '${ env.HOME }'}}"), "/do/0/t/set/a", (3, 18), "$secrets"),
    ("unknown-variable", task("{set: {a: '${ $imput }'}}"), "/do/0/t/set/a", (3, 18), "Did you mean `$input`?"),
    ("unsupported-language", HEAD + "do: []\nevaluate: {language: js}", "/evaluate/language", (3, 22), "jq"),
    ("deprecated-property", HEAD.replace("version", "description: x, version") + "do: []", "/document/description",
     (1, 49), "summary"),
    ("unreachable-task", HEAD + "do:\n  - a: {set: {b: 1}, then: end}\n  - c: {set: {b: 1}}", "/do/1/c", (4, 5),
     "then"),
    ("reserved-name", HEAD + "do: [{exit: {set: {b: 1}}}]", "/do/0/exit", (2, 7), "another name"),
    ("assignment-in-condition", task("{if: '.a = 1', set: {a: 1}}"), "/do/0/t/if", (3, 13), "`==`"),
    ("unset-variable", task("{set: {a: '${ $output }'}}"), "/do/0/t/set/a", (3, 18), "export.as"),
    ("missing-input", HEAD + FUNCTION + "do:\n  - t: {call: f, with: {b: 1}}", "/do/0/t/with", (4, 18), "Add `pet`"),
    ("missing-input", HEAD + FUNCTION + "do:\n  - t: {call: f, with: {pets: 1}}", "/do/0/t/with", (4, 18), "`pets`"),
    ("missing-input", HEAD + FUNCTION + "do:\n  - t: {call: f}", "/do/0/t", (4, 5), "Add `pet`"),
    ("undeclared-secret", task("{set: {a: '${ $secrets[\"KEY\"] }'}}"), "/do/0/t/set/a", (3, 18), "use.secrets"),
    ("unsupported-zigflow", ("document: {dsl: '1.0.0', taskQueue: a, workflowType: b, version: '0.1.0'}\n"
     "do:\n  - t: {emit: {event: {with: {type: x}}}}"), "/do/0/t", (3, 8), "zigflow.md"),
    ("undeclared-secret", task("{set: {a: '${ $secrets.KEY }'}}"), "/do/0/t/set/a", (3, 18), "use.secrets"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "text", "pointer", "place", "hint"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)]
)
def test_code(code: str, text: str | bytes, pointer: str, place: tuple[int, int], hint: str) -> None:
    problems = find_problems(text, source="case.yaml")
    assert [problem.code for problem in problems] == [code], [str(problem) for problem in problems]
    problem = problems[0]
    assert (problem.pointer, problem.line, problem.column) == (pointer, *place)
    assert hint in problem.hint
    assert problem.severity == CODES[code].severity
    assert problem.source == "case.yaml"
    assert problem.message[0].isupper() or problem.message[0] == "`"


def test_every_code_has_a_case() -> None:
    # What a runner cannot perform or does not allow, and whether it can read a cron expression, are its findings.
    assert {case[0] for case in CASES} == set(CODES) - {"unsupported-construct", "process-not-allowed", "invalid-cron"}


def test_the_documentation_lists_the_same_codes() -> None:
    page = Path(__file__).parents[3] / "docs" / "errors.md"
    assert table() in page.read_text(encoding="utf-8")


def test_problems_as_json() -> None:
    (problem,) = find_problems(task("{wait: 5}"), source="w.yaml")
    assert problem.to_json() == {
        "code": "wrong-type",
        "severity": "error",
        "message": "Text or an object is expected, not the number 5",
        "hint": "Name the unit, as in `seconds: 5`.",
        "pointer": "/do/0/t/wait",
        "source": "w.yaml",
        "line": 3,
        "column": 15,
    }


def test_a_problem_as_one_line() -> None:
    problem = Problem(code="x-y", message="Wrong", pointer="/a", line=1, column=2, source="f.yaml", hint="Fix it.")
    assert str(problem) == "f.yaml:1:2: error[x-y]: Wrong (at /a) Fix it."
    assert (
        str(Problem(code="x-y", message="Wrong", source="f.yaml", severity="warning")) == "f.yaml: warning[x-y]: Wrong"
    )
