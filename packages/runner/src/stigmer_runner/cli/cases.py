"""`stigmer test`: workflow documents against their cases, offline and on virtual time."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from stigmer_dsl import InvalidDocument, render
from stigmer_engine.cases import AsyncioStage, CaseResult, PlannedCase, find_case_files, junit_xml, read_cases
from stigmer_engine.cases.report import perform_all

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure


@click.command("test")
@click.argument("places", type=click.Path(), nargs=-1, required=True, metavar="FILE|DIR...")
@click.option("--filter", "wanted", metavar="TEXT", help="Only cases whose name contains TEXT.")
@click.option("--junit", type=click.Path(), metavar="FILE", help="Also write the results as JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array with an object for each case.")
@click.option("--drained", is_flag=True, help="Freeze each run after every event, and go on from its frames.")
def command(places: tuple[str, ...], *, wanted: str | None, junit: str | None, as_json: bool, drained: bool) -> int:
    """Perform the cases of each FILE, and of all *.test.yaml below each DIR. Nothing leaves this process.

    Exit codes: 0 all cases hold, 1 at least one does not, 2 a case file is invalid, or there is no case.
    """
    errors: list[tuple[str, str]] = []
    cases = [case for case in _read(places, errors) if wanted is None or wanted.lower() in case.name.lower()]
    if not cases and not errors:
        raise UsageFailure("There is no case to perform." if wanted is None else f"No case has {wanted!r} in its name.")
    results: list[CaseResult] = []
    with AsyncioStage(drained=drained) as stage:
        for result in perform_all(stage, cases):
            results.append(result)
            if not as_json:
                _print(result)
    if as_json:
        json.dump([result.to_json() for result in results], sys.stdout, ensure_ascii=False, indent=2)
        print()
    else:
        _print_sum(results)
    if junit is not None:
        _write(junit, junit_xml(results, errors))
    if errors:
        return ExitCode.USAGE
    return ExitCode.OK if all(result.holds for result in results) else ExitCode.FAULTED


def _read(places: Iterable[str], errors: list[tuple[str, str]]) -> Iterator[PlannedCase]:
    seen: set[Path] = set()
    for place in places:
        if not Path(place).exists():
            raise UsageFailure(f"{place} is not there.")
        for path in find_case_files(Path(place)):
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            try:
                yield from read_cases(path)
            except InvalidDocument as invalid:
                text = path.read_text(encoding="utf-8", errors="replace")
                errors.append((str(path), "\n".join(render(problem, text) for problem in invalid.problems)))
                print(errors[-1][1], file=sys.stderr)
            except OSError as error:
                raise UsageFailure(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def _print(result: CaseResult) -> None:
    mark = "ok  " if result.holds else "FAIL"
    print(f"{mark} {result.planned.source}:{result.planned.line} {result.planned.name}")
    for difference in result.differences:
        print("     " + difference.replace("\n", "\n     "))


def _print_sum(results: list[CaseResult]) -> None:
    failed = sum(1 for result in results if not result.holds)
    held = len(results) - failed
    real = sum(result.seconds for result in results)
    virtual = sum(result.virtual_seconds for result in results)
    print(f"{held} held, {failed} failed in {real:.2f} s ({_lasting(virtual)} of workflow time)")


def _lasting(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{rest // 60} min" if rest >= 60 else ""]
    return " ".join(part for part in parts if part)


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageFailure(f"The JUnit file {name} cannot be written: {reason}.") from None
