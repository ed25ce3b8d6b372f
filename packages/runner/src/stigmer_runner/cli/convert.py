"""`stigmer convert`: a WorkflowSpec to a document, and back."""

import json
import sys

import click
from stigmer_converter import (
    ConversionError,
    ConversionProblem,
    SpecFormat,
    convert_source,
    format_of,
    revert_document,
)
from stigmer_dsl import InvalidDocument, Problem

from stigmer_runner.cli.exit_codes import ExitCode
from stigmer_runner.cli.inputs import STDIN, read_bytes


@click.command("convert")
@click.argument("spec", type=click.Path(allow_dash=True), metavar="SPEC")
@click.option("--reverse", is_flag=True, help="Turn a document into a WorkflowSpec.")
@click.option(
    "--from", "spec_format", type=click.Choice(["json", "yaml", "binary"]),
    help="Format of SPEC; default: what its ending says, JSON for standard input.",
)  # fmt: skip
@click.option(
    "--to", "target", type=click.Choice(["json", "binary"]), default="json", show_default=True,
    help="With --reverse: format of the WorkflowSpec.",
)  # fmt: skip
def command(spec: str, *, reverse: bool, spec_format: SpecFormat | None, target: str) -> int:
    """Print the workflow document of SPEC, a WorkflowSpec or Workflow in .json, .yaml or .binpb (- is standard input).

    With --reverse SPEC is a document, and its WorkflowSpec is printed.

    Exit codes: 0 done, 2 at least one problem; all of them are on standard error.
    """
    data = read_bytes(spec, "The specification" if not reverse else "The document")
    try:
        if reverse:
            _print_spec(data, spec, target)
        else:
            conversion = convert_source(data, spec_format or _format(spec))
            _report(conversion.warnings)
            sys.stdout.write(conversion.yaml)
    except (ConversionError, InvalidDocument) as error:
        _report(error.problems)
        return ExitCode.USAGE
    return ExitCode.OK


def _format(name: str) -> SpecFormat:
    return "json" if name == STDIN else format_of(name)


def _print_spec(data: bytes, source: str, target: str) -> None:
    reversion = revert_document(data, source=source)
    _report(reversion.warnings)
    if target == "binary":
        sys.stdout.buffer.write(bytes(reversion.spec))
        sys.stdout.flush()
        return
    json.dump(reversion.json, sys.stdout, ensure_ascii=False, indent=2)
    print()


def _report(problems: tuple[ConversionProblem, ...] | tuple[Problem, ...]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
