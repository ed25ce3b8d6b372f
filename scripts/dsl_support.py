"""Writes docs/dsl-support.md: every construct of the language, whether it runs, where, and the cases that prove it.

Nothing in the table is claimed by hand: a construct is supported when cases that use it hold, and refused when the
only cases that use it expect `unsupported-construct`. `--check` compares only, and tells which constructs lack a
proof, and which proofs name a construct that is not in the list.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from stigmer_dsl import JsonObject, Limits
from stigmer_dsl.syntax.reader import read
from stigmer_engine.cases import PlannedCase, find_case_files, read_cases

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "contract" / "dsl"
PAGE = ROOT / "docs" / "dsl-support.md"
REFUSAL = "unsupported-construct"
_SHOWN = 2
_IN_PROCESS = "in-process"

HEAD = """# What of the DSL runs

Made by `python -m scripts.dsl_support` from `tests/contract/dsl/`; a test keeps it up to date. A construct runs when
cases that use it hold, each straight through, and drained and entered again after every event. What is refused is
refused when a document is loaded, by its name and place; nothing is ignored.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One construct. `runtime` is where it runs, `tests` are files of tests that prove it where no case can."""

    id: str
    text: str
    runtime: str = _IN_PROCESS
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows under one title."""

    title: str
    rows: tuple[Row, ...]


def read_rows() -> tuple[Section, ...]:
    """The list of constructs."""
    value = read((CASES / "constructs.yaml").read_text(encoding="utf-8"), Limits()).value
    assert isinstance(value, list)
    return tuple(_section(cast("JsonObject", item)) for item in value)


def _section(item: JsonObject) -> Section:
    rows = cast("JsonObject", item["rows"])
    return Section(title=str(item["title"]), rows=tuple(_row(name, value) for name, value in rows.items()))


def _row(name: str, value: object) -> Row:
    if isinstance(value, dict):
        return Row(
            id=name,
            text=str(value["text"]),
            runtime=str(value.get("runtime", _IN_PROCESS)),
            tests=tuple(map(str, value.get("tests", ()))),
        )
    return Row(id=name, text=str(value))


def page(sections: Iterable[Section], cases: tuple[PlannedCase, ...]) -> str:
    """The page as Markdown."""
    return HEAD + "".join(_part(section, cases) for section in sections)


def _part(section: Section, cases: tuple[PlannedCase, ...]) -> str:
    lines = [f"\n## {section.title}\n", "| Construct | Support | Runtime | Proved by |", "|---|---|---|---|"]
    lines += [_line(row, [case for case in cases if row.id in case.covers]) for row in section.rows]
    return "\n".join(lines) + "\n"


def _line(row: Row, cases: list[PlannedCase]) -> str:
    refused = bool(cases) and all(_refuses(case) for case in cases)
    support = "refused" if refused else "yes"
    runtime = "" if refused else row.runtime
    return f"| {row.text.replace('|', '&#124;')} | {support} | {runtime} | {'; '.join(_proofs(row, cases))} |"


def _refuses(case: PlannedCase) -> bool:
    return any(problem.code == REFUSAL for problem in case.case.expect.problems or ())


def _proofs(row: Row, cases: list[PlannedCase]) -> Iterator[str]:
    for test in row.tests:
        yield f"[{Path(test).name}](../{test})"
    for case in cases[:_SHOWN]:
        path = (Path("..") / Path(case.source).relative_to(ROOT)).as_posix()
        yield f"[{case.name.replace('|', '&#124;')}]({path})"
    if len(cases) > _SHOWN:
        yield f"{len(cases) - _SHOWN} more"


def flaws(sections: Iterable[Section], cases: Iterable[PlannedCase]) -> Iterator[str]:
    """What does not fit together, as sentences."""
    rows = [row for section in sections for row in section.rows]
    known = {row.id for row in rows}
    covered: set[str] = set()
    for case in cases:
        covered.update(case.covers)
        for name in case.covers:
            if name not in known:
                yield f"{case.source}:{case.line}: there is no construct {name!r} in constructs.yaml"
    for row in rows:
        if not row.tests and row.id not in covered:
            yield f"constructs.yaml: no case covers {row.id!r}"
        for test in row.tests:
            if not (ROOT / test).is_file():
                yield f"constructs.yaml: {row.id!r} names {test}, which is not there"


def main() -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is wrong")
    check = parser.parse_args().check
    cases = tuple(case for path in find_case_files(CASES) for case in read_cases(path))
    sections = read_rows()
    wrong = list(flaws(sections, cases))
    wanted = page(sections, cases)
    if not check:
        PAGE.write_text(wanted, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted:
        wrong.append(f"{PAGE.relative_to(ROOT)} is out of date; run python -m scripts.dsl_support")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
