"""`stigmer validate`: everything that is wrong in documents."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from stigmer_dsl import JsonObject, JsonValue, Problem, render

from stigmer_runner.cli.checking import check, expression_checker
from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.files_below import files_below, is_document
from stigmer_runner.cli.inputs import STDIN, read_bytes
from stigmer_runner.cli.validate_sarif import sarif_log


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """What was found in one file; `text` is its content as far as it is text."""

    file: str
    valid: bool
    problems: tuple[Problem, ...]
    text: str

    def to_json(self) -> JsonObject:
        return {"file": self.file, "valid": self.valid, "problems": [problem.to_json() for problem in self.problems]}

    def to_text(self) -> str:
        verdict = f"{self.file}: {'valid' if self.valid else 'invalid'}"
        return "\n".join([*(render(problem, self.text) for problem in self.problems), verdict])


@click.command("validate")
@click.argument("places", type=click.Path(allow_dash=True), nargs=-1, required=True, metavar="FILE|DIR...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array with an object for each file.")
@click.option(
    "--sarif",
    "sarif",
    type=click.Path(allow_dash=True),
    metavar="FILE|-",
    help="Write a SARIF 2.1.0 log; - is standard output, alone.",
)
def command(places: tuple[str, ...], *, as_json: bool, sarif: str | None) -> int:
    """Check each document FILE (- is standard input), and those below each DIR: all problems, with places and advice.

    Exit codes: 0 all are valid (there may be warnings), 2 at least one is not.
    """
    if as_json and sarif == STDIN:
        raise UsageFailure("--json and --sarif - both write to standard output; give --sarif a file.")
    files = list(dict.fromkeys(file for place in places for file in files_below(place, is_document)))
    if not files:
        raise UsageFailure(f"There is no workflow document below {' '.join(places)}.")
    with expression_checker() as checker:
        reports = []
        for file in files:
            content = read_bytes(file, "The document")
            document, problems = check(content, file, checker)
            text = content.decode("utf-8", errors="replace")
            reports.append(_Report(file=file, valid=document is not None, problems=problems, text=text))
    if as_json:
        print(_json([report.to_json() for report in reports]))
    elif sarif != STDIN:
        for report in reports:
            print(report.to_text())
    if sarif is not None:
        _write(sarif, _json(sarif_log((report.file, report.problems) for report in reports)))
    return ExitCode.OK if all(report.valid for report in reports) else ExitCode.USAGE


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _write(name: str, text: str) -> None:
    if name == STDIN:
        sys.stdout.write(f"{text}\n")
        return
    try:
        Path(name).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageFailure(f"The file {name} cannot be written: {(error.strerror or str(error)).lower()}.") from None
