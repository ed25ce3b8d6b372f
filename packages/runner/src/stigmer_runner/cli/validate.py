"""`stigmer validate`: everything that is wrong in documents."""

import json
import sys

import click
from stigmer_dsl import JsonObject

from stigmer_runner.cli.checking import check, expression_checker
from stigmer_runner.cli.exit_codes import ExitCode
from stigmer_runner.cli.inputs import read_bytes


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array with an object for each file.")
def command(files: tuple[str, ...], *, as_json: bool) -> int:
    """Check each document FILE (- is standard input) and print all problems, with places and advice.

    Exit codes: 0 all are valid (there may be warnings), 2 at least one is not.
    """
    with expression_checker() as checker:
        reports = []
        for file in files:
            document, problems = check(read_bytes(file, "The document"), file, checker)
            report: JsonObject = {
                "file": file,
                "valid": document is not None,
                "problems": [problem.to_json() for problem in problems],
            }
            reports.append(report)
            if not as_json:
                for problem in problems:
                    print(problem)
                print(f"{file}: {'valid' if document is not None else 'invalid'}")
    if as_json:
        json.dump(reports, sys.stdout, ensure_ascii=False, indent=2)
        print()
    return ExitCode.OK if all(report["valid"] for report in reports) else ExitCode.USAGE
