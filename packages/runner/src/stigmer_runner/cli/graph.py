"""`stigmer graph`: a document as a Mermaid flowchart."""

import sys

import click

from stigmer_runner.cli.checking import check, expression_checker
from stigmer_runner.cli.exit_codes import ExitCode
from stigmer_runner.cli.inputs import read_bytes
from stigmer_runner.mermaid import flowchart


@click.command("graph")
@click.argument("file")
def command(file: str) -> int:
    """Print the document FILE (- is standard input) as a Mermaid flowchart.

    Exit codes: 0 done, 2 the document is invalid.
    """
    with expression_checker() as checker:
        document, problems = check(read_bytes(file, "The document"), file, checker)
    if document is None:
        for problem in problems:
            print(problem, file=sys.stderr)
        return ExitCode.USAGE
    sys.stdout.write(flowchart(document.workflow))
    return ExitCode.OK
